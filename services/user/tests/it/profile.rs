//! GetMe and UpdateMe.

use std::time::Duration;

use futures::future::join_all;
use testkit::{facts, guest, reason, violations};
use tonic::Code;
use ultramarket_api::user::v1 as pb;

use crate::harness::House;

fn named(display_name: &str) -> pb::Profile {
    pb::Profile { display_name: display_name.to_owned(), ..Default::default() }
}

#[tokio::test]
async fn a_profile_is_there_before_the_news_of_its_account() {
    let house = House::open().await;
    let ann = house.kit.customer("ann");
    let profiles = join_all((0..4).map(|_| house.me(&ann))).await;
    assert_eq!((profiles[0].user_id.as_str(), profiles[0].email.as_str()), (ann.id.as_str(), ann.email.as_str()));
    assert!(profiles[0].create_time.is_some() && !profiles[0].etag.is_empty());
    assert!(profiles.iter().all(|profile| *profile == profiles[0]), "there is one profile");
}

#[tokio::test]
async fn what_is_set_changes_and_the_rest_stays() {
    let house = House::open().await;
    let ann = house.kit.customer("ann");
    let before = house.me(&ann).await;
    house.kit.advance(Duration::from_secs(60));
    let all =
        pb::Profile { phone: "+43 1 234".into(), locale: "de-AT".into(), marketing_consent: true, ..named(" Ann ") };
    let changed = house.update(&ann, all, &[]).await.expect("is fine");
    let expected = pb::Profile {
        display_name: "Ann".into(),
        phone: "+43 1 234".into(),
        locale: "de-AT".into(),
        marketing_consent: true,
        etag: changed.etag.clone(),
        update_time: changed.update_time,
        ..before.clone()
    };
    assert_eq!(changed, expected);
    assert!(changed.etag != before.etag && changed.update_time != before.update_time);

    let cleared = house.update(&ann, named("ignored"), &["phone", "marketing_consent"]).await.expect("is fine");
    assert_eq!((cleared.display_name.as_str(), cleared.phone.as_str(), cleared.marketing_consent), ("Ann", "", false));
    assert_eq!(house.me(&ann).await, cleared);
    let same = house.update(&ann, named("Ann"), &["display_name"]).await.expect("is fine");
    assert_eq!(same, cleared, "nothing has changed, so neither has the etag");
}

#[tokio::test]
async fn somebody_new_may_write_before_reading() {
    let house = House::open().await;
    let ann = house.kit.customer("ann");
    let profile = house.update(&ann, named("Ann"), &[]).await.expect("is fine");
    assert_eq!((profile.display_name.as_str(), profile.email.as_str()), ("Ann", ann.email.as_str()));
}

#[tokio::test]
async fn what_was_read_before_a_change_is_not_written_over_it() {
    let house = House::open().await;
    let ann = house.kit.customer("ann");
    let seen = house.me(&ann).await;
    let changes = join_all((0..8).map(|number| {
        let profile = pb::Profile { etag: seen.etag.clone(), ..named(&format!("Ann {number}")) };
        let (house, ann) = (&house, &ann);
        async move { house.update(ann, profile, &["display_name", "etag"]).await }
    }))
    .await;
    let now = house.me(&ann).await;
    let (done, refused): (Vec<_>, Vec<_>) = changes.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1, "of many who saw the same, one changes it");
    for error in refused {
        let error = error.expect_err("was parted");
        assert_eq!((error.code(), reason(&error).as_str()), (Code::Aborted, "ETAG_MISMATCH"));
        assert_eq!(facts(&error)["currentEtag"], now.etag);
    }
    for etag in ["0", "\"1\"", "' OR 1=1 --"] {
        let error = house.update(&ann, pb::Profile { etag: etag.into(), ..named("Eve") }, &[]).await;
        assert_eq!(reason(&error.expect_err("is none of ours")), "ETAG_MISMATCH");
    }
}

#[tokio::test]
async fn a_mask_names_what_its_owner_may_change() {
    let house = House::open().await;
    let ann = house.kit.customer("ann");
    let eve = pb::Profile { email: "eve@example.com".into(), user_id: "eve".into(), ..named("Ann") };
    let error = house.update(&ann, eve.clone(), &["display_name", "email", "shoe_size"]).await.expect_err("may not");
    assert_eq!((error.code(), reason(&error).as_str()), (Code::InvalidArgument, "INVALID_REQUEST"));
    assert_eq!(violations(&error), ["updateMask", "updateMask"]);
    let profile = house.update(&ann, eve, &[]).await.expect("what the service sets alone is not looked at");
    assert_eq!((profile.email, profile.user_id), (ann.email, ann.id));
}

#[tokio::test]
async fn bad_input_is_refused() {
    let house = House::open().await;
    let ann = house.kit.customer("ann");
    let long = pb::Profile {
        display_name: "x".repeat(101),
        phone: "1".repeat(41),
        locale: "not a locale".into(),
        etag: "x".repeat(65),
        ..Default::default()
    };
    let error = house.update(&ann, long, &[]).await.expect_err("is too long");
    assert_eq!(violations(&error), ["profile.displayName", "profile.phone", "profile.locale", "profile.etag"]);
    let controls = pb::Profile { phone: "1\0".into(), ..named("Ann\r\nBcc: all@example.com") };
    let error = house.update(&ann, controls, &[]).await.expect_err("would break a header");
    assert_eq!(violations(&error), ["profile.displayName", "profile.phone"]);
    let missing = house.client().update_me(ann.request(pb::UpdateMeRequest::default())).await.expect_err("is empty");
    assert_eq!(violations(&missing), ["profile"]);
    assert_eq!(house.me(&ann).await.display_name, "");
}

#[tokio::test]
async fn everybody_sees_and_changes_their_own() {
    let house = House::open().await;
    let (ann, eve) = (house.kit.customer("ann"), house.kit.customer("eve"));
    house.update(&ann, named("Ann"), &[]).await.expect("is fine");
    house.update(&eve, pb::Profile { user_id: ann.id.clone(), ..named("Eve") }, &[]).await.expect("is her own");
    assert_eq!(house.me(&ann).await.display_name, "Ann");
    assert_eq!(house.me(&eve).await.display_name, "Eve");
}

#[tokio::test]
async fn nobody_has_no_profile() {
    let house = House::open().await;
    let mut client = house.client();
    let errors = [
        client.get_me(guest(pb::GetMeRequest {})).await.expect_err("nobody is signed in"),
        client
            .update_me(guest(pb::UpdateMeRequest { profile: Some(named("X")), update_mask: None }))
            .await
            .expect_err("x"),
        client.list_addresses(guest(pb::ListAddressesRequest {})).await.expect_err("nobody is signed in"),
        client.apply_as_seller(guest(pb::ApplyAsSellerRequest { shop_name: "Shop".into() })).await.expect_err("nobody"),
    ];
    for error in errors {
        assert_eq!((error.code(), reason(&error).as_str()), (Code::Unauthenticated, "MISSING_TOKEN"));
    }
}
