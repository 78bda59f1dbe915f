use std::time::Duration;

use service_kit::metadata;
use testkit::{eventually, reason};
use tonic::{Code, Request};
use ultramarket_api::cart::v1 as pb;

use crate::harness::{Guest, OnDeviceOf, Shop, Stranger, Who, lines};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn a_new_guest_gets_a_token_once() {
    let shop = Shop::open().await;
    let guest = shop.guest("A", 1).await;
    assert!(guest.0.len() >= 43, "256 random bits");
    let again = guest.asks(pb::AddItemRequest { sku: "B".into(), quantity: 1 });
    let reply = shop.client.clone().add_item(again).await.expect("is for sale");
    assert!(reply.metadata().get(metadata::CART_TOKEN).is_none());
    assert_eq!(lines(&reply.into_inner()), [("A", 1), ("B", 1)]);
    assert_ne!(shop.guest("A", 1).await.0, guest.0);
    let refused = shop.add(&Stranger, "NO-SUCH", 1).await.expect_err("is not for sale");
    assert!(refused.metadata().get(metadata::CART_TOKEN).is_none());
}

#[tokio::test]
async fn a_token_that_leads_nowhere_is_told() {
    let shop = Shop::open().await;
    for token in ["guessed", &"x".repeat(5000)] {
        let guest = Guest(token.to_owned());
        for refused in [
            shop.add(&guest, "A", 1).await,
            shop.set(&guest, "A", 1).await,
            shop.remove(&guest, "A").await,
            shop.clear(&guest).await,
        ] {
            let refused = refused.expect_err("there is no such cart");
            assert_eq!((refused.code(), reason(&refused).as_str()), (Code::NotFound, "CART_NOT_FOUND"));
        }
    }
    for refused in [shop.set(&Stranger, "A", 1).await, shop.remove(&Stranger, "A").await] {
        assert_eq!(reason(&refused.expect_err("has no token")), "CART_NOT_FOUND");
    }
}

#[tokio::test]
async fn guests_change_their_carts_like_everybody() {
    let shop = Shop::open().await;
    let guest = shop.guest("A", 1).await;
    assert_eq!(lines(&shop.set(&guest, "A", 5).await.expect("is theirs")), [("A", 5)]);
    shop.add(&guest, "B", 1).await.expect("is for sale");
    assert_eq!(lines(&shop.remove(&guest, "A").await.expect("is theirs")), [("B", 1)]);
    assert_eq!(lines(&shop.clear(&guest).await.expect("is theirs")), []);
    assert_eq!(lines(&shop.cart(&guest).await), []);
}

#[tokio::test]
async fn who_is_signed_in_uses_their_own_cart_whatever_token_the_device_has() {
    let shop = Shop::open().await;
    let (guest, ann) = (shop.guest("A", 1).await, shop.ann());
    let both = OnDeviceOf(&guest, &ann);
    assert_eq!(shop.cart(&both).await, pb::Cart::default());
    let request = both.asks(pb::AddItemRequest { sku: "B".into(), quantity: 1 });
    let reply = shop.client.clone().add_item(request).await.expect("is for sale");
    assert!(reply.metadata().get(metadata::CART_TOKEN).is_none());
    assert_eq!(lines(&shop.cart(&ann).await), [("B", 1)]);
    assert_eq!(lines(&shop.cart(&guest).await), [("A", 1)]);
}

#[tokio::test]
async fn a_guest_cart_is_removed_a_month_after_its_last_change() {
    let shop = Shop::open().await;
    let (guest, ann) = (shop.guest("A", 1).await, shop.ann());
    shop.add(&ann, "A", 1).await.expect("is for sale");
    shop.kit.advance(29 * DAY);
    let kept = shop.guest("A", 1).await;
    shop.kit.advance(2 * DAY);
    eventually("the cart is removed", || async { shop.cart(&guest).await.items.is_empty().then_some(()) }).await;
    assert_eq!(lines(&shop.cart(&kept).await), [("A", 1)]);
    assert_eq!(lines(&shop.cart(&ann).await), [("A", 1)]);
    let request = Request::new(pb::MergeCartRequest { cart_token: guest.0 });
    let refused = shop.client.clone().merge_cart(request).await.expect_err("nobody is signed in");
    assert_eq!(reason(&refused), "MISSING_TOKEN");
}
