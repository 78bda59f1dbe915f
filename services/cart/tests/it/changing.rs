use futures::future::join_all;
use testkit::{facts, reason, violations};
use tonic::Code;
use ultramarket_api::cart::v1 as pb;

use crate::harness::{Shop, Stranger, lines};

#[tokio::test]
async fn twenty_parallel_adds_sum_up() {
    let shop = Shop::open().await;
    let ann = shop.ann();
    let replies = join_all((0..20).map(|_| shop.add(&ann, "A", 3))).await;
    let mut versions: Vec<i64> = replies.into_iter().map(|reply| reply.expect("is for sale").version).collect();
    versions.sort_unstable();
    assert_eq!(versions, (1..=20).collect::<Vec<_>>(), "each change is a version of its own");
    let cart = shop.cart(&ann).await;
    assert_eq!((lines(&cart), cart.version), (vec![("A", 60)], 20));
}

#[tokio::test]
async fn twenty_parallel_adds_of_a_guest_sum_up() {
    let shop = Shop::open().await;
    let guest = shop.guest("A", 1).await;
    for reply in join_all((0..20).map(|_| shop.add(&guest, "A", 1))).await {
        reply.expect("is for sale");
    }
    assert_eq!(lines(&shop.cart(&guest).await), [("A", 21)]);
}

#[tokio::test]
async fn a_line_is_set_and_removed() {
    let shop = Shop::open().await;
    let ann = shop.ann();
    shop.add(&ann, "A", 1).await.expect("is for sale");
    shop.kit.advance(std::time::Duration::from_secs(1));
    let added = shop.add(&ann, "B", 1).await.expect("is for sale");
    shop.kit.advance(std::time::Duration::from_secs(1));
    let set = shop.set(&ann, "A", 7).await.expect("is there");
    assert_eq!((lines(&set), set.version), (vec![("A", 7), ("B", 1)], 3));
    assert_ne!(set.update_time, added.update_time);
    let same = shop.set(&ann, "A", 7).await.expect("is there");
    assert_eq!(same, set, "what changes nothing is no change");
    assert_eq!(lines(&shop.set(&ann, "A", 0).await.expect("is there")), [("B", 1)]);
    let removed = shop.remove(&ann, "B").await.expect("is there");
    assert_eq!((lines(&removed), &removed.subtotal, removed.version), (vec![], &None, 5));
    assert_eq!(removed.cart_id, added.cart_id);
}

#[tokio::test]
async fn a_line_that_is_not_there_is_not_found() {
    let shop = Shop::open().await;
    let ann = shop.ann();
    for refused in [shop.set(&ann, "A", 1).await, shop.remove(&ann, "A").await] {
        assert_eq!(reason(&refused.expect_err("there is no cart")), "CART_ITEM_NOT_FOUND");
    }
    shop.add(&ann, "A", 1).await.expect("is for sale");
    for refused in [shop.set(&ann, "B", 1).await, shop.set(&ann, "B", 0).await, shop.remove(&ann, "B").await] {
        let refused = refused.expect_err("there is no such line");
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::NotFound, "CART_ITEM_NOT_FOUND"));
        assert_eq!(facts(&refused)["sku"], "B");
    }
    assert_eq!(shop.cart(&ann).await.version, 1);
}

#[tokio::test]
async fn a_cart_is_emptied() {
    let shop = Shop::open().await;
    let ann = shop.ann();
    assert_eq!(shop.clear(&ann).await.expect("is empty"), pb::Cart::default());
    assert_eq!(shop.clear(&Stranger).await.expect("is empty"), pb::Cart::default());
    shop.add(&ann, "A", 1).await.expect("is for sale");
    let cleared = shop.clear(&ann).await.expect("is hers");
    assert_eq!((lines(&cleared), cleared.version), (vec![], 2));
    assert_eq!(shop.clear(&ann).await.expect("is hers"), cleared);
}

#[tokio::test]
async fn a_line_has_at_most_999() {
    let shop = Shop::open().await;
    let ann = shop.ann();
    shop.add(&ann, "A", 990).await.expect("is for sale");
    let refused = shop.add(&ann, "A", 10).await.expect_err("is too many");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "CART_QUANTITY_LIMIT"));
    let facts = facts(&refused);
    assert_eq!((facts["sku"].as_str(), facts["quantity"].as_str(), facts["limit"].as_str()), ("A", "990", "999"));
    let cart = shop.add(&ann, "A", 9).await.expect("is just enough");
    assert_eq!((lines(&cart), cart.version), (vec![("A", 999)], 2), "what was refused changed nothing");

    let racing = join_all((0..20).map(|_| shop.add(&ann, "B", 100))).await;
    assert_eq!(racing.iter().filter(|reply| reply.is_ok()).count(), 9);
    assert_eq!(lines(&shop.cart(&ann).await), [("A", 999), ("B", 900)]);
}

#[tokio::test]
async fn a_cart_has_at_most_200_lines() {
    let shop = Shop::open().await;
    let ann = shop.ann();
    for number in 0..201 {
        shop.others().prices.insert(format!("S{number}"), (1, "USD"));
    }
    for number in 0..200 {
        shop.add(&ann, &format!("S{number}"), 1).await.expect("is for sale");
    }
    let refused = shop.add(&ann, "S200", 1).await.expect_err("is one too many");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "CART_LINE_LIMIT"));
    assert_eq!(facts(&refused)["limit"], "200");
    let cart = shop.add(&ann, "S0", 1).await.expect("has its line already");
    assert_eq!((cart.items.len(), cart.version), (200, 201));
}

#[tokio::test]
async fn a_cart_has_one_currency() {
    let shop = Shop::open().await;
    let ann = shop.ann();
    shop.add(&ann, "A", 1).await.expect("is for sale");
    let refused = shop.add(&ann, "E", 1).await.expect_err("costs euros");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "CURRENCY_MISMATCH"));
    assert_eq!(facts(&refused)["currencies"], "USD,EUR");
    shop.clear(&ann).await.expect("is hers");
    shop.add(&ann, "E", 1).await.expect("the cart is empty");

    let bob = shop.kit.customer("bob");
    let racing = join_all(["A", "E", "B", "E"].map(|sku| shop.add(&bob, sku, 1))).await;
    assert!(racing.iter().any(Result::is_err));
    let cart = shop.cart(&bob).await;
    let subtotal = cart.subtotal.expect("something was first");
    assert!(
        cart.items
            .iter()
            .all(|item| item.unit_price.as_ref().expect("has one").currency_code == subtotal.currency_code)
    );
}

#[tokio::test]
async fn hostile_requests_are_refused() {
    let shop = Shop::open().await;
    let ann = shop.ann();
    for (sku, quantity, field) in
        [("", 1, "sku"), ("A", 0, "quantity"), ("A", -5, "quantity"), ("A", i32::MAX, "quantity")]
    {
        let refused = shop.add(&ann, sku, quantity).await.expect_err("breaks field rules");
        assert_eq!(violations(&refused), [field], "{sku} {quantity}");
    }
    let refused = shop.add(&ann, &"x".repeat(101), 1).await.expect_err("is too long");
    assert_eq!(violations(&refused), ["sku"]);
    let refused = shop.add(&ann, "A'; DROP TABLE carts; --", 1).await.expect_err("is not for sale");
    assert_eq!((reason(&refused).as_str(), refused.code()), ("SKU_NOT_FOUND", Code::NotFound));
    let refused = shop.set(&ann, "A", 1000).await.expect_err("is too many");
    assert_eq!(violations(&refused), ["quantity"]);
    assert_eq!(shop.cart(&ann).await, pb::Cart::default());
}

#[tokio::test]
async fn everybody_has_a_cart_of_their_own() {
    let shop = Shop::open().await;
    shop.add(&shop.ann(), "A", 1).await.expect("is for sale");
    let bob = shop.kit.customer("bob");
    assert_eq!(shop.cart(&bob).await, pb::Cart::default());
    let refused = shop.remove(&bob, "A").await.expect_err("is ann's");
    assert_eq!(reason(&refused), "CART_ITEM_NOT_FOUND");
    assert_eq!(lines(&shop.cart(&shop.ann()).await), [("A", 1)]);
}
