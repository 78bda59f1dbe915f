//! ListSessions, RevokeSession and Logout.

use std::time::Duration;

use testkit::{guest, reason};
use tonic::Code;
use ultramarket_api::identity::v1 as pb;

use crate::harness::{House, Person, bearer};

async fn list(house: &House, tokens: &pb::TokenResponse) -> Vec<pb::Session> {
    let reply = house.client().list_sessions(bearer(tokens, pb::ListSessionsRequest {})).await;
    reply.expect("is signed in").into_inner().sessions
}

fn revoke(session_id: &str) -> pb::RevokeSessionRequest {
    pb::RevokeSessionRequest { session_id: session_id.to_owned() }
}

#[tokio::test]
async fn the_live_sessions_are_listed_newest_first() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    house.person("bob").await;
    house.kit.advance(Duration::from_secs(60));
    let second = house.sign_in("ann").await.expect("is right");
    let sessions = list(&house, &ann.tokens).await;
    let ids: Vec<&str> = sessions.iter().map(|session| session.session_id.as_str()).collect();
    assert_eq!(ids, [&second.session_id, &ann.tokens.session_id]);
    assert_eq!(sessions.iter().map(|session| session.current).collect::<Vec<_>>(), [false, true]);
    assert_eq!(sessions[0].device, "a phone");
    let (begun, ends) = (sessions[0].create_time.expect("is set"), sessions[0].expire_time.expect("is set"));
    assert_eq!(ends.seconds - begun.seconds, 30 * 24 * 60 * 60);
}

#[tokio::test]
async fn a_session_is_ended_from_another_device() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let lost = house.sign_in("ann").await.expect("is right");
    house.client().revoke_session(ann.request(revoke(&lost.session_id))).await.expect("is hers");
    assert!(house.refresh(&lost.refresh_token).await.is_err());
    assert!(!house.is_live(&lost).await);
    assert_eq!(list(&house, &ann.tokens).await.len(), 1);
    let again = house.client().revoke_session(ann.request(revoke(&lost.session_id))).await.expect_err("has ended");
    assert_eq!((again.code(), reason(&again).as_str()), (Code::NotFound, "SESSION_NOT_FOUND"));
}

#[tokio::test]
async fn the_sessions_of_others_are_not_found() {
    let house = House::open().await;
    let (ann, eve) = (house.person("ann").await, house.person("eve").await);
    let error = house.client().revoke_session(eve.request(revoke(&ann.tokens.session_id))).await.expect_err("is Ann's");
    assert_eq!((error.code(), reason(&error).as_str()), (Code::NotFound, "SESSION_NOT_FOUND"));
    assert!(house.is_live(&ann.tokens).await);
}

#[tokio::test]
async fn signing_out_ends_this_session_and_may_be_repeated() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let other = house.sign_in("ann").await.expect("is right");
    for _ in 0..2 {
        house.client().logout(ann.request(pb::LogoutRequest::default())).await.expect("is fine");
    }
    assert!(house.refresh(&ann.tokens.refresh_token).await.is_err());
    assert!(house.is_live(&other).await);
}

#[tokio::test]
async fn signing_out_everywhere_ends_all_sessions() {
    let house = House::open().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let other = house.sign_in("ann").await.expect("is right");
    house.client().logout(ann.request(pb::LogoutRequest { all_sessions: true })).await.expect("is fine");
    assert!(!house.is_live(&ann.tokens).await && !house.is_live(&other).await);
    assert!(house.is_live(&bob.tokens).await);
}

/// Other services believe a token until it expires. This one has power over accounts and does not.
#[tokio::test]
async fn the_token_of_an_ended_session_has_no_power_here() {
    let house = House::open().await;
    let root = house.administrator("root").await;
    house.client().logout(root.request(pb::LogoutRequest::default())).await.expect("is fine");
    let Person { account, .. } = &root;
    let mut client = house.client();
    let account_id = || account.account_id.clone();
    let errors = [
        client.list_sessions(root.request(pb::ListSessionsRequest {})).await.expect_err("has ended"),
        client.revoke_session(root.request(revoke(&root.tokens.session_id))).await.expect_err("has ended"),
        client.list_accounts(root.request(pb::ListAccountsRequest::default())).await.expect_err("has ended"),
        client.get_account(root.request(pb::GetAccountRequest { account_id: account_id() })).await.expect_err("ended"),
        client
            .set_roles(root.request(pb::SetRolesRequest { account_id: account_id(), roles: vec![1] }))
            .await
            .expect_err("has ended"),
        client
            .disable_account(root.request(pb::DisableAccountRequest { account_id: account_id() }))
            .await
            .expect_err("has ended"),
    ];
    for error in errors {
        assert_eq!((error.code(), reason(&error).as_str()), (Code::Unauthenticated, "INVALID_TOKEN"));
    }
}

#[tokio::test]
async fn nobody_has_no_sessions() {
    let house = House::open().await;
    let mut client = house.client();
    let errors = [
        client.list_sessions(guest(pb::ListSessionsRequest {})).await.expect_err("nobody is signed in"),
        client.logout(guest(pb::LogoutRequest::default())).await.expect_err("nobody is signed in"),
        client.revoke_session(guest(revoke(&house.kit.customer("ann").id))).await.expect_err("nobody is signed in"),
        // A token of another issuer, signed with another key.
        client.list_sessions(house.kit.customer("ann").request(pb::ListSessionsRequest {})).await.expect_err("forged"),
    ];
    let reasons: Vec<String> = errors.iter().map(reason).collect();
    assert_eq!(reasons, ["MISSING_TOKEN", "MISSING_TOKEN", "MISSING_TOKEN", "INVALID_TOKEN"]);
}
