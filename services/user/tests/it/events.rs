//! Events of others.

use ultramarket_api::{identity::events::v1::AccountRegistered, user::v1 as pb};

use crate::harness::House;

fn registered(account_id: &str, email: &str) -> AccountRegistered {
    AccountRegistered { account_id: account_id.to_owned(), email: email.to_owned(), display_name: "Ann".into() }
}

#[tokio::test]
async fn a_new_account_has_a_profile() {
    let house = House::open().await;
    let ann = house.kit.customer("ann");
    let message = house.kit.publish(&ann.id, &registered(&ann.id, "Ann@Example.com")).await;
    let profile = house.me(&ann).await;
    assert_eq!((profile.email.as_str(), profile.display_name.as_str()), ("Ann@Example.com", "Ann"));
    house.kit.publish_message(&message).await;
    assert_eq!(house.me(&ann).await, profile);
}

#[tokio::test]
async fn late_news_of_an_account_spoil_nothing() {
    let house = House::open().await;
    let (ann, bob) = (house.kit.customer("ann"), house.kit.customer("bob"));
    let mine = pb::Profile { display_name: "Annie".into(), ..Default::default() };
    house.update(&ann, mine, &[]).await.expect("is fine");
    house.apply(&ann, "Ann's").await.expect("is new");
    house.me(&bob).await;
    for person in [&ann, &bob] {
        house.kit.publish(&person.id, &registered(&person.id, &person.email)).await;
    }
    let profile = house.me(&ann).await;
    assert_eq!(profile.display_name, "Annie");
    assert!(profile.seller.is_some());
    assert_eq!(house.me(&bob).await.display_name, "Ann", "what was not said yet is filled in");
}

#[tokio::test]
async fn an_event_that_makes_no_sense_does_not_stop_the_others() {
    let house = House::open().await;
    let ann = house.kit.customer("ann");
    house.kit.publish("nobody", &registered("no id at all", "nobody@example.com")).await;
    house.kit.publish(&ann.id, &registered(&ann.id, &ann.email)).await;
    assert_eq!(house.me(&ann).await.display_name, "Ann");
}
