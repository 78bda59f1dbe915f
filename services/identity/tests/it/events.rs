//! Events of others.

use testkit::eventually;
use ultramarket_api::user::events::v1::SellerApproved;

use crate::harness::{House, claims};

fn approved(user_id: &str) -> SellerApproved {
    SellerApproved { user_id: user_id.to_owned(), shop_name: "Bob's".into() }
}

#[tokio::test]
async fn an_approved_seller_gets_the_role_with_the_next_token() {
    let house = House::open().await;
    let bob = house.person("bob").await;
    let message = house.kit.publish(&bob.id(), &approved(&bob.id())).await;
    house.kit.publish_message(&message).await;
    house.kit.publish(&bob.id(), &approved(&bob.id())).await;
    let tokens = house.refresh(&bob.tokens.refresh_token).await.expect("the session goes on");
    assert_eq!(claims(&tokens)["roles"], serde_json::json!(["CUSTOMER", "SELLER"]));
}

#[tokio::test]
async fn an_event_about_nobody_is_kept_for_an_operator() {
    let house = House::open().await;
    for (number, user_id) in ["no id at all", &house.kit.customer("nobody").id].into_iter().enumerate() {
        house.kit.publish(user_id, &approved(user_id)).await;
        let parked = i64::try_from(number).expect("is small") + 1;
        eventually("the message to be parked", async || {
            (house.count("SELECT COUNT(*) FROM parked_messages").await == parked).then_some(())
        })
        .await;
    }
}
