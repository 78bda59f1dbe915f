//! GetOrder and ListOrders: who sees which orders.

use std::time::Duration;

use testkit::{guest, reason, violations};
use tonic::{Code, Request, Status};
use ultramarket_api::order::v1::{self as pb, order::Lifecycle};

use crate::shop::{GOOD_CARD, Shop, new_key, with_order_token};

fn read(order_id: &str) -> pb::GetOrderRequest {
    pb::GetOrderRequest { order_id: order_id.into() }
}

async fn get(shop: &Shop, request: Request<pb::GetOrderRequest>) -> Result<pb::Order, Status> {
    shop.client.clone().get_order(request).await.map(tonic::Response::into_inner)
}

async fn list(shop: &Shop, request: Request<pb::ListOrdersRequest>) -> Result<pb::ListOrdersResponse, Status> {
    shop.client.clone().list_orders(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn an_order_is_seen_by_its_buyer_and_administrators_only() {
    let shop = Shop::open().await;
    let mine = shop.place("tok_3ds").await.order_id;
    let (guests, token) = shop.place_as_guest("tok_3ds").await;
    let guests = guests.order_id;
    for allowed in [
        shop.ann().request(read(&mine)),
        shop.kit.admin().request(read(&mine)),
        with_order_token(&token, read(&guests)),
        shop.kit.admin().request(read(&guests)),
    ] {
        get(&shop, allowed).await.expect("is their business");
    }
    for refused in [
        shop.kit.customer("bob").request(read(&mine)),
        shop.kit.seller("bob").request(read(&mine)),
        guest(read(&mine)),
        with_order_token(&token, read(&mine)),
        guest(read(&guests)),
        shop.ann().request(read(&guests)),
        with_order_token(&token[1..], read(&guests)),
        with_order_token("forged", read(&guests)),
        shop.ann().request(read(&new_key())),
    ] {
        let status = get(&shop, refused).await.expect_err("is none of their business");
        assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "ORDER_NOT_FOUND"));
    }
}

#[tokio::test]
async fn an_id_must_be_one() {
    let shop = Shop::open().await;
    for hostile in ["", "1", "' OR 1=1 --", "../../etc/passwd"] {
        let status = get(&shop, shop.ann().request(read(hostile))).await.expect_err("is no id");
        assert_eq!((reason(&status).as_str(), violations(&status)), ("INVALID_REQUEST", vec!["orderId".to_owned()]));
    }
}

#[tokio::test]
async fn a_list_is_the_callers_own_newest_first_page_by_page() {
    let shop = Shop::open().await;
    let mut placed = Vec::new();
    for number in 0..5 {
        placed.push(shop.place("tok_3ds").await.order_id);
        if number % 2 == 0 {
            shop.kit.advance(Duration::from_micros(1));
        }
    }
    shop.place_as_guest("tok_3ds").await;
    placed.reverse();

    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListOrdersRequest { page_size: 2, page_token, ..Default::default() };
        let page = list(&shop, shop.ann().request(request)).await.expect("is allowed");
        assert!(page.orders.len() <= 2);
        assert!(page.orders.iter().all(|order| order.items.len() == 2));
        seen.extend(page.orders.into_iter().map(|order| order.order_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, placed);
    let none =
        list(&shop, shop.kit.customer("bob").request(pb::ListOrdersRequest::default())).await.expect("is allowed");
    assert!(none.orders.is_empty() && none.next_page_token.is_empty());
}

#[tokio::test]
async fn a_list_can_be_of_orders_that_are_so_far() {
    let shop = Shop::open().await;
    let confirmed = shop.place(GOOD_CARD).await.order_id;
    shop.until_it_is(Lifecycle::Confirmed, &confirmed).await;
    let declined = shop.place("tok_declined").await.order_id;
    shop.until_it_is(Lifecycle::Cancelled, &declined).await;
    let pending = shop.place("tok_3ds").await.order_id;
    let none: Vec<String> = Vec::new();
    for (lifecycle, expected) in [
        (Lifecycle::Unspecified, vec![pending.clone(), declined.clone(), confirmed.clone()]),
        (Lifecycle::Pending, vec![pending.clone()]),
        (Lifecycle::Confirmed, vec![confirmed.clone()]),
        (Lifecycle::Cancelled, vec![declined.clone()]),
        (Lifecycle::Expired, none.clone()),
        (Lifecycle::Completed, none.clone()),
    ] {
        let request = pb::ListOrdersRequest { lifecycle: lifecycle.into(), ..Default::default() };
        let page = list(&shop, shop.ann().request(request)).await.expect("is allowed");
        let mut ids: Vec<String> = page.orders.into_iter().map(|order| order.order_id).collect();
        let mut expected = expected;
        ids.sort();
        expected.sort();
        assert_eq!(ids, expected, "{lifecycle:?}");
    }
    let unknown = pb::ListOrdersRequest { lifecycle: 99, ..Default::default() };
    assert_eq!(reason(&list(&shop, shop.ann().request(unknown)).await.expect_err("no lifecycle")), "INVALID_REQUEST");
}

#[tokio::test]
async fn all_orders_are_for_administrators() {
    let shop = Shop::open().await;
    shop.place("tok_3ds").await;
    shop.place_as_guest("tok_3ds").await;
    let all = || pb::ListOrdersRequest { all_accounts: true, ..Default::default() };
    let page = list(&shop, shop.kit.admin().request(all())).await.expect("may");
    assert_eq!(page.orders.len(), 2);
    let status = list(&shop, shop.ann().request(all())).await.expect_err("may not");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::PermissionDenied, "MISSING_ROLE"));
    let status = list(&shop, guest(pb::ListOrdersRequest::default())).await.expect_err("nobody is signed in");
    assert_eq!(reason(&status), "MISSING_TOKEN");
}

#[tokio::test]
async fn a_page_token_is_for_its_own_list() {
    let shop = Shop::open().await;
    for _ in 0..2 {
        shop.place("tok_3ds").await;
    }
    let first = pb::ListOrdersRequest { page_size: 1, ..Default::default() };
    let token = list(&shop, shop.ann().request(first.clone())).await.expect("is allowed").next_page_token;
    let with = |page_token: &str| pb::ListOrdersRequest { page_token: page_token.into(), ..first.clone() };
    list(&shop, shop.ann().request(with(&token))).await.expect("is its own");
    for refused in [
        shop.kit.customer("bob").request(with(&token)),
        shop.ann().request(pb::ListOrdersRequest { lifecycle: Lifecycle::Pending.into(), ..with(&token) }),
        shop.kit.admin().request(pb::ListOrdersRequest { all_accounts: true, ..with(&token) }),
        shop.ann().request(with("forged")),
    ] {
        let status = list(&shop, refused).await.expect_err("is of another list");
        assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "INVALID_PAGE_TOKEN"));
    }
    let negative = pb::ListOrdersRequest { page_size: -1, ..Default::default() };
    assert_eq!(reason(&list(&shop, shop.ann().request(negative)).await.expect_err("is negative")), "INVALID_REQUEST");
}
