//! Login.

use std::time::{Duration, Instant};

use futures::future::join_all;
use testkit::{reason, violations};
use tonic::{Code, Status};
use tonic_types::StatusExt;
use ultramarket_api::identity::v1 as pb;

use crate::harness::{House, OTHER_PASSWORD, PASSWORD, claims, config, email, header, login};

const MINUTE: Duration = Duration::from_secs(60);

/// All that a caller sees of an error.
fn seen(error: &Status) -> (Code, String, Vec<u8>) {
    (error.code(), error.message().to_owned(), error.details().to_vec())
}

#[tokio::test]
async fn the_right_password_opens_a_session() {
    let house = House::open().await;
    let account = house.register("ann").await;
    let tokens = house.sign_in_with("ANN@example.com", PASSWORD).await.expect("is right");
    assert_eq!((tokens.token_type.as_str(), tokens.expires_in_seconds), ("Bearer", 900));
    assert_eq!((header(&tokens)["typ"].as_str(), header(&tokens)["alg"].as_str()), (Some("at+jwt"), Some("RS256")));
    let claims = claims(&tokens);
    assert_eq!(claims["iss"], "http://127.0.0.1:8000");
    assert_eq!(claims["aud"], "ultramarket");
    assert_eq!((&claims["sub"], &claims["sid"]), (&account.account_id.into(), &tokens.session_id.clone().into()));
    assert_eq!((&claims["email"], &claims["roles"]), (&"ann@example.com".into(), &serde_json::json!(["CUSTOMER"])));
    assert_eq!(claims["exp"].as_i64(), Some(house.kit.now().unix_seconds() + 900));
    assert!(house.is_live(&tokens).await);
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_are_answered_alike() {
    let house = House::open().await;
    house.register("ann").await;
    let wrong = house.sign_in_with(&email("ann"), OTHER_PASSWORD).await.expect_err("is wrong");
    assert_eq!((wrong.code(), reason(&wrong).as_str()), (Code::Unauthenticated, "INVALID_CREDENTIALS"));
    for address in ["nobody@example.com", "", "' OR 1=1 --", "ann@example.com\u{200b}"] {
        let Err(unknown) = house.sign_in_with(address, PASSWORD).await else { panic!("{address} signed in") };
        if address.is_empty() {
            assert_eq!(violations(&unknown), ["email"]);
        } else {
            assert_eq!(seen(&unknown), seen(&wrong), "{address}");
        }
    }
    for (address, password, field) in [
        ("ann\0@example.com", PASSWORD.to_owned(), "email"),
        ("ann@example.com", "x".repeat(129), "password"),
        ("ann@example.com", "x".repeat(1024 * 1024), "password"),
    ] {
        let error = house.sign_in_with(address, &password).await.expect_err("is malformed");
        assert_eq!((reason(&error).as_str(), violations(&error)), ("INVALID_REQUEST", vec![field.to_owned()]));
    }
}

#[tokio::test]
async fn an_unknown_address_costs_the_time_of_a_wrong_password() {
    let mut costly = config();
    costly.password.memory_kib = 19_456;
    costly.password.iterations = 4;
    let house = House::with(costly).await;
    house.register("ann").await;
    let mut best = [Duration::MAX; 2];
    for _ in 0..4 {
        for (place, name) in ["ann", "nobody"].into_iter().enumerate() {
            let begun = Instant::now();
            house.sign_in_with(&email(name), OTHER_PASSWORD).await.expect_err("is wrong");
            best[place] = best[place].min(begun.elapsed());
        }
    }
    let [known, unknown] = best;
    assert!(unknown * 2 > known && known * 2 > unknown, "{known:?} against {unknown:?}");
}

#[tokio::test]
async fn wrong_passwords_in_a_row_lock_every_address_alike() {
    let mut strict = config();
    strict.lockout_after = 3;
    let house = House::with(strict).await;
    house.register("ann").await;
    let mut answers = Vec::new();
    for name in ["ann", "nobody"] {
        let mut seen_by_guesser = Vec::new();
        for _ in 0..3 {
            let error = house.sign_in_with(&email(name), OTHER_PASSWORD).await.expect_err("is wrong");
            assert_eq!(reason(&error), "INVALID_CREDENTIALS");
            seen_by_guesser.push(seen(&error));
        }
        let locked = house.sign_in_with(&email(name), PASSWORD).await.expect_err("is locked, right or not");
        assert_eq!((locked.code(), reason(&locked).as_str()), (Code::ResourceExhausted, "ACCOUNT_LOCKED"));
        let retry = locked.get_details_retry_info().expect("says when").retry_delay.expect("says when");
        assert_eq!(retry, MINUTE * 15);
        seen_by_guesser.push(seen(&locked));
        answers.push(seen_by_guesser);
    }
    assert_eq!(answers[0], answers[1]);

    house.kit.advance(MINUTE * 15);
    house.sign_in("ann").await.expect("the lock is over");
    for _ in 0..2 {
        house.sign_in_with(&email("ann"), OTHER_PASSWORD).await.expect_err("is wrong");
    }
    house.sign_in("ann").await.expect("the right password began a new count");
}

#[tokio::test]
async fn guesses_at_once_learn_no_more_than_guesses_in_a_row() {
    let mut strict = config();
    strict.lockout_after = 3;
    let house = House::with(strict).await;
    house.register("ann").await;
    let guesses = (0..40).map(|number| {
        let house = &house;
        // One of them is right, but comes too late to be told so.
        let password = if number == 39 { PASSWORD.to_owned() } else { format!("{OTHER_PASSWORD} {number}") };
        async move { house.sign_in_with(&email("ann"), &password).await }
    });
    let answers = join_all(guesses).await;
    let told = answers.iter().filter(|answer| match answer {
        Ok(_) => true,
        Err(error) => reason(error) == "INVALID_CREDENTIALS",
    });
    assert!(told.count() <= 4, "three failures, or fewer and the right one");
}

#[tokio::test]
async fn a_disabled_account_is_told_so_only_with_its_password() {
    let house = House::open().await;
    let (root, ann) = (house.administrator("root").await, house.register("ann").await);
    let request = pb::DisableAccountRequest { account_id: ann.account_id };
    house.client().disable_account(root.request(request)).await.expect("may");
    let error = house.sign_in("ann").await.expect_err("is disabled");
    assert_eq!((error.code(), reason(&error).as_str()), (Code::PermissionDenied, "ACCOUNT_DISABLED"));
    let error = house.sign_in_with(&email("ann"), OTHER_PASSWORD).await.expect_err("is wrong");
    assert_eq!(reason(&error), "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn a_password_is_hashed_anew_when_the_cost_has_changed() {
    let house = House::open().await;
    house.register("ann").await;
    let mut costlier = config();
    costlier.password.iterations = 2;
    let house = house.reopen(costlier).await;
    house.sign_in("ann").await.expect("the old hash is still good");
    let hash = house.text("SELECT password_hash FROM accounts").await;
    assert!(hash.contains("t=2"), "{hash}");
    house.sign_in("ann").await.expect("the new hash is of the same password");
}

#[tokio::test]
async fn one_session_too_many_ends_the_one_least_used() {
    let mut few = config();
    few.sessions_per_account = 2;
    let house = House::with(few).await;
    house.register("ann").await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(house.sign_in("ann").await.expect("is right"));
        house.kit.advance(MINUTE);
    }
    assert!(!house.is_live(&sessions[0]).await);
    assert!(house.is_live(&sessions[1]).await && house.is_live(&sessions[2]).await);
}

#[tokio::test]
async fn a_device_is_named_in_plain_text() {
    let house = House::open().await;
    house.register("ann").await;
    let request = pb::LoginRequest { device: "phone\u{1b}[2J".into(), ..login(&email("ann"), PASSWORD) };
    let error = house.client().login(request).await.expect_err("would break a terminal");
    assert_eq!(violations(&error), ["device"]);
}
