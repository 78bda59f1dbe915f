use ultramarket_api::{
    cart::v1 as pb,
    order::{
        events::v1::OrderConfirmed,
        v1::{Order, OrderItem},
    },
};

use crate::harness::{Shop, lines};

/// What `order` tells once the cart, as it was then, is sold.
fn confirmed(cart: &pb::Cart) -> OrderConfirmed {
    let item = |item: &pb::CartItem| OrderItem { sku: item.sku.clone(), quantity: item.quantity, ..Default::default() };
    let order = Order { items: cart.items.iter().map(item).collect(), ..Default::default() };
    OrderConfirmed {
        order: Some(order),
        cart_id: cart.cart_id.clone(),
        cart_version: cart.version,
        ..Default::default()
    }
}

#[tokio::test]
async fn what_was_ordered_leaves_the_cart() {
    let shop = Shop::open().await;
    let ann = shop.ann();
    shop.add(&ann, "A", 2).await.expect("is for sale");
    let cart = shop.add(&ann, "B", 1).await.expect("is for sale");
    shop.kit.publish("order 1", &confirmed(&cart)).await;
    let after = shop.cart(&ann).await;
    assert_eq!((lines(&after), &after.cart_id), (vec![], &cart.cart_id));
    assert!(after.version > cart.version);
}

#[tokio::test]
async fn what_was_added_since_stays() {
    let shop = Shop::open().await;
    let ann = shop.ann();
    shop.add(&ann, "A", 2).await.expect("is for sale");
    let cart = shop.add(&ann, "B", 1).await.expect("is for sale");
    shop.add(&ann, "A", 3).await.expect("is for sale");
    shop.add(&ann, "C", 1).await.expect("is for sale");
    shop.kit.publish("order 1", &confirmed(&cart)).await;
    assert_eq!(lines(&shop.cart(&ann).await), [("A", 3), ("C", 1)]);
}

#[tokio::test]
async fn a_confirmation_takes_effect_once() {
    let shop = Shop::open().await;
    let ann = shop.ann();
    let cart = shop.add(&ann, "A", 2).await.expect("is for sale");
    let message = shop.kit.publish("order 1", &confirmed(&cart)).await;
    shop.add(&ann, "A", 2).await.expect("is for sale");
    shop.kit.publish_message(&message).await;
    assert_eq!(lines(&shop.cart(&ann).await), [("A", 2)]);
}

#[tokio::test]
async fn a_guest_who_signed_in_meanwhile_has_it_taken_from_the_merged_cart() {
    let shop = Shop::open().await;
    let (guest, ann) = (shop.guest("A", 2).await, shop.ann());
    let cart = shop.cart(&guest).await;
    shop.add(&ann, "A", 1).await.expect("is for sale");
    shop.merge(&ann, &guest).await.expect("is hers to take");
    shop.kit.publish("order 1", &confirmed(&cart)).await;
    assert_eq!(lines(&shop.cart(&ann).await), [("A", 1)]);
}

#[tokio::test]
async fn an_order_of_a_cart_that_is_gone_is_no_trouble() {
    let shop = Shop::open().await;
    shop.kit.publish("order 1", &OrderConfirmed { cart_id: "gone".into(), ..Default::default() }).await;
    let ann = shop.ann();
    shop.add(&ann, "A", 1).await.expect("is for sale");
    assert_eq!(lines(&shop.cart(&ann).await), [("A", 1)]);
}
