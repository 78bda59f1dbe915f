use testkit::{eventually, reason};
use tonic::Code;
use ultramarket_api::{
    cart::v1::{self as pb, cart_item::Problem, cart_service_client::CartServiceClient},
    catalog::{
        events::v1::{ProductChanged, ProductDeleted},
        v1::Product,
    },
    r#type::v1::Money,
};

use crate::harness::{Shop, Stranger, lines};

fn usd(amount_minor: i64) -> Option<Money> {
    Some(Money { currency_code: "USD".into(), amount_minor })
}

fn of(product_id: &str) -> ProductChanged {
    ProductChanged { product: Some(Product { product_id: product_id.into(), ..Default::default() }), version: 2 }
}

#[tokio::test]
async fn whoever_has_no_cart_gets_an_empty_one() {
    let shop = Shop::open().await;
    assert_eq!(shop.cart(&Stranger).await, pb::Cart::default());
    assert_eq!(shop.cart(&shop.ann()).await, pb::Cart::default());
    assert_eq!(shop.cart(&crate::harness::Guest("no such token".into())).await, pb::Cart::default());
}

#[tokio::test]
async fn a_cart_shows_what_the_catalogue_says_now() {
    let shop = Shop::open().await;
    let ann = shop.ann();
    shop.add(&ann, "B", 2).await.expect("is for sale");
    let added = shop.add(&ann, "A", 3).await.expect("is for sale");
    assert_eq!(lines(&added), [("B", 2), ("A", 3)], "in the order of adding");
    assert_eq!(added.subtotal, usd(800));
    let expected = pb::CartItem {
        sku: "B".into(),
        product_id: "product B".into(),
        title: "Thing B".into(),
        quantity: 2,
        unit_price: usd(250),
        line_total: usd(500),
        image: "/B.png".into(),
        ..Default::default()
    };
    assert_eq!(added.items[0], expected);
    assert_eq!(shop.cart(&ann).await, added);

    shop.others().prices.insert("B".into(), (300, "USD"));
    shop.kit.publish("product B", &of("product B")).await;
    assert_eq!(shop.cart(&ann).await.subtotal, usd(900));
}

#[tokio::test]
async fn the_catalogue_is_not_asked_again_for_what_it_just_said() {
    let shop = Shop::open().await;
    let ann = shop.ann();
    shop.add(&ann, "A", 1).await.expect("is for sale");
    shop.add(&ann, "A", 1).await.expect("is for sale");
    shop.cart(&ann).await;
    assert_eq!(shop.others().asked, 1);
    shop.kit.publish("product A", &of("product A")).await;
    shop.cart(&ann).await;
    assert_eq!(shop.others().asked, 2);
}

#[tokio::test]
async fn a_deleted_product_stays_in_the_cart_with_a_problem() {
    let shop = Shop::open().await;
    let ann = shop.ann();
    shop.add(&ann, "A", 1).await.expect("is for sale");
    shop.add(&ann, "B", 2).await.expect("is for sale");
    shop.others().prices.remove("B");
    let deleted = ProductDeleted { product_id: "product B".into(), skus: vec!["B".into()], version: 2 };
    shop.kit.publish("product B", &deleted).await;

    let cart = shop.cart(&ann).await;
    assert_eq!(lines(&cart), [("A", 1), ("B", 2)]);
    assert_eq!((cart.items[1].problem(), cart.items[1].title.as_str()), (Problem::ProductUnavailable, "Thing B"));
    assert_eq!((&cart.items[1].unit_price, &cart.subtotal), (&None, &usd(100)));
    let refused = shop.add(&ann, "B", 1).await.expect_err("is gone");
    assert_eq!(reason(&refused), "SKU_NOT_FOUND");
    assert_eq!(lines(&shop.remove(&ann, "B").await.expect("can be removed")), [("A", 1)]);
}

#[tokio::test]
async fn what_is_short_is_shown_with_what_there_is() {
    let shop = Shop::open().await;
    let ann = shop.ann();
    shop.others().stock.insert("A".into(), 2);
    let cart = shop.add(&ann, "A", 3).await.expect("may be put into the cart");
    assert_eq!((cart.items[0].problem(), cart.items[0].available), (Problem::InsufficientStock, Some(2)));
    assert_eq!((&cart.items[0].line_total, &cart.subtotal), (&usd(300), &None));

    shop.others().stock.insert("A".into(), 3);
    let cart = shop.cart(&ann).await;
    assert_eq!((cart.items[0].problem(), cart.items[0].available), (Problem::Unspecified, None));

    shop.others().stock.insert("A".into(), 0);
    shop.others().inventory_is_away = true;
    let cart = shop.cart(&ann).await;
    assert_eq!((cart.items[0].problem(), &cart.subtotal), (Problem::Unspecified, &usd(300)));
}

#[tokio::test]
async fn without_the_catalogue_nothing_is_shown_and_nothing_changes() {
    let shop = Shop::with(cart::Config { price_cache_seconds: 0, ..Default::default() }).await;
    let ann = shop.ann();
    let before = shop.add(&ann, "A", 1).await.expect("is for sale");
    shop.others().catalog_is_away = true;
    for refused in
        [shop.get(&ann).await, shop.add(&ann, "A", 1).await, shop.set(&ann, "A", 5).await, shop.remove(&ann, "A").await]
    {
        let refused = refused.expect_err("the catalogue is away");
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Unavailable, "UNAVAILABLE"));
    }
    shop.others().catalog_is_away = false;
    assert_eq!(shop.cart(&ann).await, before);

    shop.others().catalog_is_away = true;
    assert_eq!(lines(&shop.clear(&ann).await.expect("needs no catalogue")), []);
}

#[tokio::test]
async fn order_reads_the_cart_of_the_caller_it_passes_on() {
    let shop = Shop::open().await;
    let ann = shop.ann();
    let guest = shop.guest("B", 2).await;
    shop.add(&ann, "A", 1).await.expect("is for sale");
    let mut order = CartServiceClient::new(shop.kit.rpc_as("order", cart::NAME));
    let hers = order.get_cart(ann.request(pb::GetCartRequest {})).await.expect("order may").into_inner();
    assert_eq!(lines(&hers), [("A", 1)]);
    let theirs = order.get_cart(crate::harness::Who::asks(&guest, pb::GetCartRequest {})).await.expect("order may");
    assert_eq!(lines(&theirs.into_inner()), [("B", 2)]);
    let mut payment = CartServiceClient::new(shop.kit.rpc_as("payment", cart::NAME));
    let refused = payment.get_cart(ann.request(pb::GetCartRequest {})).await.expect_err("is not named");
    assert_eq!(reason(&refused), "WORKLOAD_NOT_ALLOWED");
}

#[tokio::test]
async fn an_answer_that_was_under_way_during_a_change_is_not_kept() {
    let shop = Shop::open().await;
    let ann = shop.ann();
    shop.add(&ann, "A", 1).await.expect("is for sale");
    for price in 101..120 {
        shop.others().prices.insert("A".into(), (price, "USD"));
        let change = of("product A");
        tokio::join!(shop.kit.publish("product A", &change), shop.cart(&ann));
        eventually("the new price is shown", || async { (shop.cart(&ann).await.subtotal == usd(price)).then_some(()) })
            .await;
    }
}
