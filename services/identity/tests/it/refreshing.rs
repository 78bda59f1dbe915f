//! RefreshToken.

use std::{collections::HashSet, time::Duration};

use futures::future::join_all;
use testkit::{reason, violations};
use tonic::Code;

use crate::harness::{House, claims, config};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SECOND: Duration = Duration::from_secs(1);

async fn is_refused(house: &House, token: &str) {
    let error = house.refresh(token).await.expect_err("is refused");
    assert_eq!((error.code(), reason(&error).as_str()), (Code::Unauthenticated, "INVALID_REFRESH_TOKEN"));
}

#[tokio::test]
async fn a_token_is_exchanged_for_new_ones_of_the_same_session() {
    let house = House::open().await;
    let first = house.person("ann").await.tokens;
    house.kit.advance(SECOND * 60);
    let second = house.refresh(&first.refresh_token).await.expect("is good");
    assert_eq!(second.session_id, first.session_id);
    assert_ne!(second.refresh_token, first.refresh_token);
    assert_eq!(claims(&second)["sub"], claims(&first)["sub"]);
    assert_ne!(claims(&second)["jti"], claims(&first)["jti"]);
    house.refresh(&second.refresh_token).await.expect("is good");
}

#[tokio::test]
async fn a_token_used_twice_ends_the_session_for_both_its_users() {
    let house = House::open().await;
    let stolen = house.person("ann").await.tokens;
    let other_device = house.sign_in("ann").await.expect("is right");
    let thief = house.refresh(&stolen.refresh_token).await.expect("the thief is first");
    house.kit.advance(SECOND * 10);
    is_refused(&house, &stolen.refresh_token).await;
    is_refused(&house, &thief.refresh_token).await;
    assert!(!house.is_live(&thief).await);
    house.refresh(&other_device.refresh_token).await.expect("another session is unharmed");
    assert_eq!(house.text("SELECT ended_by FROM sessions WHERE ended_at IS NOT NULL").await, "TOKEN_REUSED");
}

#[tokio::test]
async fn a_reply_that_was_lost_is_made_up_for() {
    let house = House::open().await;
    let tokens = house.person("ann").await.tokens;
    let lost = house.refresh(&tokens.refresh_token).await.expect("is good");
    house.kit.advance(SECOND * 9);
    let again = house.refresh(&tokens.refresh_token).await.expect("the first reply may have been lost");
    let next = house.refresh(&again.refresh_token).await.expect("is good");
    is_refused(&house, &lost.refresh_token).await;
    is_refused(&house, &next.refresh_token).await;
}

#[tokio::test]
async fn a_reply_that_was_used_was_not_lost() {
    let house = House::open().await;
    let tokens = house.person("ann").await.tokens;
    let next = house.refresh(&tokens.refresh_token).await.expect("is good");
    let newest = house.refresh(&next.refresh_token).await.expect("is good");
    is_refused(&house, &tokens.refresh_token).await;
    is_refused(&house, &newest.refresh_token).await;
}

#[tokio::test]
async fn of_many_at_once_with_one_token_one_reply_works() {
    let house = House::open().await;
    let tokens = house.person("ann").await.tokens;
    let replies = join_all((0..8).map(|_| house.refresh(&tokens.refresh_token))).await;
    let fresh: HashSet<String> = replies.into_iter().map(|reply| reply.expect("is good").refresh_token).collect();
    assert_eq!(fresh.len(), 8, "each reply has a token of its own");
    let unused = "SELECT COUNT(*) FROM refresh_tokens WHERE used_at IS NULL AND voided_at IS NULL";
    assert_eq!(house.count(unused).await, 1);
    assert_eq!(house.count("SELECT COUNT(*) FROM sessions").await, 1);
}

#[tokio::test]
async fn a_session_ends_when_it_idles_and_when_it_is_old() {
    let house = House::open().await;
    let idle = house.person("ann").await.tokens;
    let mut used = house.person("bob").await.tokens;
    for _ in 0..4 {
        house.kit.advance(DAY * 7 - SECOND);
        used = house.refresh(&used.refresh_token).await.expect("was used within a week");
    }
    is_refused(&house, &idle.refresh_token).await;
    house.kit.advance(DAY * 2 - SECOND * 60);
    let last = house.refresh(&used.refresh_token).await.expect("is just within 30 days");
    assert_eq!(last.expires_in_seconds, 64, "no longer than its session");
    house.kit.advance(SECOND * 64);
    is_refused(&house, &last.refresh_token).await;
}

#[tokio::test]
async fn sessions_and_keys_outlive_the_process() {
    let house = House::open().await;
    let tokens = house.person("ann").await.tokens;
    let house = house.reopen(config()).await;
    assert!(house.is_live(&tokens).await);
    house.refresh(&tokens.refresh_token).await.expect("is good");
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let house = House::open().await;
    let tokens = house.person("ann").await.tokens;
    let digest = house.text("SELECT digest FROM refresh_tokens").await;
    for token in ["x", "' OR 1=1 --", "\0", &digest, &tokens.session_id, &"x".repeat(512)] {
        is_refused(&house, token).await;
    }
    let error = house.refresh(&tokens.access_token).await.expect_err("is too long");
    assert_eq!(violations(&error), ["refreshToken"]);
    house.refresh(&tokens.refresh_token).await.expect("the session is unharmed");
}
