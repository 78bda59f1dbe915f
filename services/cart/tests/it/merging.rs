use futures::future::join_all;
use testkit::reason;
use tonic::Code;
use ultramarket_api::cart::v1 as pb;

use crate::harness::{Guest, OnDeviceOf, Shop, lines};

fn merged(reply: &pb::MergeCartResponse) -> Vec<(&str, i32)> {
    lines(reply.cart.as_ref().expect("the cart comes back"))
}

fn adjustments(reply: &pb::MergeCartResponse) -> Vec<(&str, i64, i32)> {
    reply.adjustments.iter().map(|one| (one.sku.as_str(), one.requested, one.kept)).collect()
}

#[tokio::test]
async fn a_guest_cart_moves_into_the_accounts() {
    let shop = Shop::open().await;
    let (guest, ann) = (shop.guest("A", 2).await, shop.ann());
    shop.add(&guest, "B", 1).await.expect("is for sale");
    let reply = shop.merge(&ann, &guest).await.expect("is hers to take");
    assert_eq!((merged(&reply), adjustments(&reply)), (vec![("A", 2), ("B", 1)], vec![]));
    assert_eq!(shop.cart(&ann).await, reply.cart.expect("the cart comes back"));
}

#[tokio::test]
async fn quantities_sum_up_and_what_is_capped_or_dropped_is_told() {
    let shop = Shop::open().await;
    let (guest, ann) = (shop.guest("A", 600).await, shop.ann());
    shop.add(&guest, "B", 1).await.expect("is for sale");
    shop.add(&ann, "A", 500).await.expect("is for sale");
    let reply = shop.merge(&ann, &guest).await.expect("is hers to take");
    assert_eq!((merged(&reply), adjustments(&reply)), (vec![("A", 999), ("B", 1)], vec![("A", 1100, 999)]));

    let euros = shop.guest("E", 3).await;
    let reply = shop.merge(&ann, &euros).await.expect("is hers to take");
    assert_eq!((merged(&reply), adjustments(&reply)), (vec![("A", 999), ("B", 1)], vec![("E", 3, 0)]));
}

#[tokio::test]
async fn merging_again_changes_nothing_and_tells_the_same() {
    let shop = Shop::open().await;
    let (guest, ann) = (shop.guest("A", 600).await, shop.ann());
    shop.add(&ann, "A", 500).await.expect("is for sale");
    let first = shop.merge(&ann, &guest).await.expect("is hers to take");
    assert_eq!(shop.merge(&ann, &guest).await.expect("is the same again"), first);
    for reply in join_all((0..5).map(|_| shop.merge(&ann, &guest))).await {
        assert_eq!(reply.expect("is the same again"), first);
    }
    shop.remove(&ann, "A").await.expect("is there");
    let late = shop.merge(&ann, &guest).await.expect("is the same again");
    assert_eq!((merged(&late), &late.adjustments), (vec![], &first.adjustments));
}

#[tokio::test]
async fn parallel_merges_take_a_cart_over_once() {
    let shop = Shop::open().await;
    let (guest, ann) = (shop.guest("A", 2).await, shop.ann());
    for reply in join_all((0..8).map(|_| shop.merge(&ann, &guest))).await {
        assert_eq!(merged(&reply.expect("is hers to take")), [("A", 2)]);
    }
}

#[tokio::test]
async fn a_merged_cart_is_gone_for_everybody_else() {
    let shop = Shop::open().await;
    let (guest, ann, bob) = (shop.guest("A", 2).await, shop.ann(), shop.kit.customer("bob"));
    shop.merge(&ann, &guest).await.expect("is hers to take");
    let refused = shop.merge(&bob, &guest).await.expect_err("is ann's by now");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::NotFound, "CART_NOT_FOUND"));
    assert_eq!(shop.cart(&guest).await, pb::Cart::default(), "ann has signed out and left her device");
    assert_eq!(reason(&shop.add(&guest, "B", 1).await.expect_err("is no cart any more")), "CART_NOT_FOUND");
    assert_eq!(shop.cart(&OnDeviceOf(&guest, &bob)).await, pb::Cart::default());
    assert_eq!(lines(&shop.cart(&ann).await), [("A", 2)]);
}

#[tokio::test]
async fn an_unknown_token_merges_nothing() {
    let shop = Shop::open().await;
    let ann = shop.ann();
    shop.add(&ann, "A", 1).await.expect("is for sale");
    let refused = shop.merge(&ann, &Guest("guessed".into())).await.expect_err("there is no such cart");
    assert_eq!(reason(&refused), "CART_NOT_FOUND");
    assert_eq!(shop.cart(&ann).await.version, 1);
}

#[tokio::test]
async fn an_empty_guest_cart_changes_nothing() {
    let shop = Shop::open().await;
    let (guest, ann) = (shop.guest("A", 1).await, shop.ann());
    shop.clear(&guest).await.expect("is theirs");
    let reply = shop.merge(&ann, &guest).await.expect("is hers to take");
    assert_eq!((reply.cart, reply.adjustments), (Some(pb::Cart::default()), vec![]));
}

#[tokio::test]
async fn a_full_cart_takes_no_more_lines() {
    let shop = Shop::open().await;
    let (guest, ann) = (shop.guest("A", 1).await, shop.ann());
    shop.add(&guest, "B", 1).await.expect("is for sale");
    for number in 0..199 {
        shop.others().prices.insert(format!("S{number}"), (1, "USD"));
        shop.add(&ann, &format!("S{number}"), 1).await.expect("is for sale");
    }
    let reply = shop.merge(&ann, &guest).await.expect("is hers to take");
    assert_eq!((merged(&reply).len(), adjustments(&reply)), (200, vec![("B", 1, 0)]));
}
