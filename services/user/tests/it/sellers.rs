//! ApplyAsSeller, ListSellers and ApproveSeller.

use std::time::Duration;

use futures::future::join_all;
use testkit::{facts, reason, violations};
use tonic::Code;
use ultramarket_api::user::{
    events::v1::SellerApproved,
    v1::{self as pb, seller::Status},
};

use crate::harness::House;

#[tokio::test]
async fn an_application_waits_may_be_changed_and_is_approved_once() {
    let house = House::open().await;
    let mut announced = house.kit.listen::<SellerApproved>().await;
    let (bob, admin) = (house.kit.customer("bob"), house.kit.admin());
    let etag = house.me(&bob).await.etag;
    let first = house.apply(&bob, " Bob's ").await.expect("is new");
    assert_eq!((first.shop_name.as_str(), first.status(), &first.user_id), ("Bob's", Status::Pending, &bob.id));
    let profile = house.me(&bob).await;
    assert_eq!(profile.seller, Some(first.clone()));
    assert_ne!(profile.etag, etag);
    assert_eq!(house.apply(&bob, "Bob's").await.expect("is the same"), first);
    assert_eq!(house.me(&bob).await.etag, profile.etag);

    house.kit.advance(Duration::from_secs(60));
    let renamed = house.apply(&bob, "Bob & Sons").await.expect("still waits");
    assert_eq!(renamed, pb::Seller { shop_name: "Bob & Sons".into(), ..first });
    let approvals = join_all((0..4).map(|_| house.approve(&admin, &bob.id))).await;
    for seller in approvals {
        let approved = pb::Seller { status: Status::Approved.into(), ..renamed.clone() };
        assert_eq!(seller.expect("may"), approved);
    }
    let event = announced.next().await;
    assert_eq!((event.user_id, event.shop_name.as_str()), (bob.id.clone(), "Bob & Sons"));
    assert_eq!(house.me(&bob).await.seller.expect("sells").status(), Status::Approved);
    let eve = house.kit.customer("eve");
    house.apply(&eve, "Eve's").await.expect("is new");
    house.approve(&admin, &eve.id).await.expect("may");
    assert_eq!(announced.next().await.user_id, eve.id, "the first was announced once");
}

#[tokio::test]
async fn who_sells_cannot_apply() {
    let house = House::open().await;
    let bob = house.kit.customer("bob");
    house.apply(&bob, "Bob's").await.expect("is new");
    house.approve(&house.kit.admin(), &bob.id).await.expect("may");
    let error = house.apply(&bob, "Ann's").await.expect_err("sells");
    assert_eq!((error.code(), reason(&error).as_str()), (Code::FailedPrecondition, "SELLER_ALREADY_APPROVED"));
    assert_eq!(facts(&error)["shopName"], "Bob's");
}

#[tokio::test]
async fn only_applicants_are_approved_and_only_by_administrators() {
    let house = House::open().await;
    let (bob, admin) = (house.kit.customer("bob"), house.kit.admin());
    let error = house.approve(&admin, &bob.id).await.expect_err("has not applied");
    assert_eq!((error.code(), reason(&error).as_str()), (Code::NotFound, "SELLER_NOT_FOUND"));
    assert_eq!(facts(&error)["userId"], bob.id);
    house.apply(&bob, "Bob's").await.expect("is new");
    for person in [&bob, &house.kit.seller("eve")] {
        let error = house.approve(person, &bob.id).await.expect_err("may not");
        assert_eq!((error.code(), reason(&error).as_str()), (Code::PermissionDenied, "MISSING_ROLE"));
        let list = house.client().list_sellers(person.request(pb::ListSellersRequest::default())).await;
        assert_eq!(reason(&list.expect_err("may not")), "MISSING_ROLE");
    }
    assert_eq!(violations(&house.approve(&admin, "bob").await.expect_err("is no id")), ["userId"]);
}

#[tokio::test]
async fn a_shop_has_a_name() {
    let house = House::open().await;
    let bob = house.kit.customer("bob");
    for name in ["", "B", " B ", "Bob\u{7}", &"x".repeat(101)] {
        let error = house.apply(&bob, name).await.expect_err("is no name");
        assert_eq!(violations(&error), ["shopName"], "{name:?}");
    }
    assert_eq!(house.me(&bob).await.seller, None);
}

#[tokio::test]
async fn sellers_are_listed_in_pages_by_status() {
    let house = House::open().await;
    let admin = house.kit.admin();
    for number in 0..7 {
        let person = house.kit.customer(&format!("seller {number}"));
        house.apply(&person, &format!("Shop {number}")).await.expect("is new");
        if number % 2 == 0 {
            house.approve(&admin, &person.id).await.expect("may");
            house.kit.advance(Duration::from_secs(1));
        }
    }
    let list = async |status: Status| {
        let (mut names, mut token) = (Vec::new(), String::new());
        loop {
            let request = pb::ListSellersRequest { page_size: 2, page_token: token, status: status.into() };
            let page = house.client().list_sellers(admin.request(request)).await.expect("may").into_inner();
            names.extend(page.sellers.into_iter().map(|seller| seller.shop_name));
            token = page.next_page_token;
            if token.is_empty() {
                return names;
            }
        }
    };
    assert_eq!(list(Status::Approved).await, ["Shop 6", "Shop 4", "Shop 2", "Shop 0"]);
    assert_eq!(list(Status::Pending).await, ["Shop 5", "Shop 3", "Shop 1"]);
    let mut all = list(Status::Unspecified).await;
    all.sort();
    assert_eq!(all, ["Shop 0", "Shop 1", "Shop 2", "Shop 3", "Shop 4", "Shop 5", "Shop 6"]);
}

#[tokio::test]
async fn a_page_token_belongs_to_its_list() {
    let house = House::open().await;
    let admin = house.kit.admin();
    for name in ["ann", "bob"] {
        house.apply(&house.kit.customer(name), name).await.expect("is new");
    }
    let list = async |token: &str, status: i32, page_size: i32| {
        let request = pb::ListSellersRequest { page_size, page_token: token.to_owned(), status };
        house.client().list_sellers(admin.request(request)).await.map(tonic::Response::into_inner)
    };
    let token = list("", 0, 1).await.expect("may").next_page_token;
    assert_eq!(list(&token, 0, 1).await.expect("may").sellers.len(), 1);
    for (token, status) in [(token.as_str(), 1), ("forged", 0)] {
        let error = list(token, status, 1).await.expect_err("is of no such list");
        assert_eq!((error.code(), reason(&error).as_str()), (Code::InvalidArgument, "INVALID_PAGE_TOKEN"));
    }
    assert_eq!(violations(&list("", 0, -1).await.expect_err("is negative")), ["pageSize"]);
    assert_eq!(violations(&list("", 9, 1).await.expect_err("is no status")), ["status"]);
    assert_eq!(list("", 0, i32::MAX).await.expect("is clamped").sellers.len(), 2);
}
