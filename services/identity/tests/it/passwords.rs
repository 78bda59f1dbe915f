//! ChangePassword, RequestPasswordReset and ConfirmPasswordReset.

use std::time::Duration;

use futures::future::join_all;
use testkit::{eventually, reason, violations};
use tonic::{Code, Status};
use ultramarket_api::identity::{events::v1::PasswordResetRequested, v1 as pb};

use crate::harness::{House, OTHER_PASSWORD, PASSWORD, Person, config, email};

const MINUTE: Duration = Duration::from_secs(60);

async fn change(house: &House, who: &Person, current: &str, new: &str) -> Result<(), Status> {
    let request = pb::ChangePasswordRequest { current_password: current.into(), new_password: new.into() };
    house.client().change_password(who.request(request)).await.map(tonic::Response::into_inner)
}

async fn ask(house: &House, email: &str) {
    let request = pb::RequestPasswordResetRequest { email: email.to_owned() };
    house.client().request_password_reset(request).await.expect("is always fine");
}

async fn confirm(house: &House, token: &str, new: &str) -> Result<(), Status> {
    let request = pb::ConfirmPasswordResetRequest { token: token.into(), new_password: new.into() };
    house.client().confirm_password_reset(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let other = house.sign_in("ann").await.expect("is right");
    change(&house, &ann, PASSWORD, OTHER_PASSWORD).await.expect("is right");
    assert!(house.is_live(&ann.tokens).await && !house.is_live(&other).await);
    assert!(house.refresh(&other.refresh_token).await.is_err());
    assert!(house.sign_in("ann").await.is_err());
    house.sign_in_with(&email("ann"), OTHER_PASSWORD).await.expect("is the new one");
}

#[tokio::test]
async fn a_password_is_not_changed_without_the_old_one() {
    let mut strict = config();
    strict.lockout_after = 3;
    let house = House::with(strict).await;
    let ann = house.person("ann").await;
    for _ in 0..3 {
        let error = change(&house, &ann, "a guess at her password", OTHER_PASSWORD).await.expect_err("is wrong");
        assert_eq!((error.code(), reason(&error).as_str()), (Code::Unauthenticated, "INVALID_CREDENTIALS"));
    }
    let error = change(&house, &ann, PASSWORD, OTHER_PASSWORD).await.expect_err("was guessed at too often");
    assert_eq!(reason(&error), "ACCOUNT_LOCKED");
    house.kit.advance(MINUTE * 15);
    let tokens = house.sign_in("ann").await.expect("the lock is over, the password the old one");
    assert!(house.is_live(&tokens).await);
}

#[tokio::test]
async fn a_new_password_is_as_good_as_a_first_one() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let error = change(&house, &ann, PASSWORD, "ann@example.com").await.expect_err("is her address");
    assert_eq!((reason(&error).as_str(), violations(&error)), ("PASSWORD_TOO_COMMON", vec!["newPassword".to_owned()]));
    for new in ["short", "with\u{7}a bell in it", &"x".repeat(129)] {
        let error = change(&house, &ann, PASSWORD, new).await.expect_err("is malformed");
        assert_eq!(violations(&error), ["newPassword"]);
    }
    house.sign_in("ann").await.expect("is unchanged");
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_mail() {
    let mut strict = config();
    strict.lockout_after = 1;
    let house = House::with(strict).await;
    let mut mailed = house.kit.listen::<PasswordResetRequested>().await;
    let ann = house.person("ann").await;
    house.sign_in_with(&email("ann"), OTHER_PASSWORD).await.expect_err("locks");
    ask(&house, "ANN@example.com").await;
    let mail = mailed.next().await;
    assert_eq!((mail.account_id, mail.email.as_str()), (ann.id(), "ann@example.com"));
    let lasts = mail.expire_time.expect("is set").seconds - house.kit.now().unix_seconds();
    assert_eq!(lasts, 60 * 60);
    assert_ne!(house.text("SELECT digest FROM password_resets").await, mail.token, "only a digest is stored");

    let common = confirm(&house, &mail.token, "password1234").await.expect_err("is common");
    assert_eq!(reason(&common), "PASSWORD_TOO_COMMON");
    confirm(&house, &mail.token, OTHER_PASSWORD).await.expect("the token is still good");
    assert!(!house.is_live(&ann.tokens).await, "all sessions have ended");
    house.sign_in_with(&email("ann"), OTHER_PASSWORD).await.expect("is the new one, and the lock is gone");
    let error = confirm(&house, &mail.token, PASSWORD).await.expect_err("works once");
    assert_eq!((error.code(), reason(&error).as_str()), (Code::InvalidArgument, "INVALID_RESET_TOKEN"));
}

#[tokio::test]
async fn of_many_at_once_with_one_link_one_sets_the_password() {
    let house = House::open().await;
    let mut mailed = house.kit.listen::<PasswordResetRequested>().await;
    house.register("ann").await;
    ask(&house, &email("ann")).await;
    let token = mailed.next().await.token;
    let passwords: Vec<String> = (0..8).map(|number| format!("{OTHER_PASSWORD} {number}")).collect();
    let results = join_all(passwords.iter().map(|password| confirm(&house, &token, password))).await;
    let winner: Vec<usize> = results.iter().enumerate().filter_map(|(place, r)| r.is_ok().then_some(place)).collect();
    assert_eq!(winner.len(), 1);
    house.sign_in_with(&email("ann"), &passwords[winner[0]]).await.expect("is the one that was set");
}

#[tokio::test]
async fn a_link_stops_working_after_an_hour_and_with_the_next_one() {
    let house = House::open().await;
    let mut mailed = house.kit.listen::<PasswordResetRequested>().await;
    house.register("ann").await;
    ask(&house, &email("ann")).await;
    let first = mailed.next().await.token;
    house.kit.advance(MINUTE);
    ask(&house, &email("ann")).await;
    let second = mailed.next().await.token;
    assert_eq!(reason(&confirm(&house, &first, OTHER_PASSWORD).await.expect_err("old")), "INVALID_RESET_TOKEN");
    house.kit.advance(MINUTE * 60);
    assert_eq!(reason(&confirm(&house, &second, OTHER_PASSWORD).await.expect_err("late")), "INVALID_RESET_TOKEN");
    for token in ["", "' OR 1=1 --", &"x".repeat(513)] {
        let error = confirm(&house, token, OTHER_PASSWORD).await.expect_err("is none");
        assert!(["INVALID_RESET_TOKEN", "INVALID_REQUEST"].contains(&reason(&error).as_str()));
    }
}

#[tokio::test]
async fn asking_tells_nothing_and_mails_no_strangers() {
    let house = House::open().await;
    let mut mailed = house.kit.listen::<PasswordResetRequested>().await;
    let (root, gone) = (house.administrator("root").await, house.register("gone").await);
    let disable = pb::DisableAccountRequest { account_id: gone.account_id };
    house.client().disable_account(root.request(disable)).await.expect("may");
    house.register("ann").await;
    for address in ["nobody@example.com", "gone@example.com", "not an address", "ann@example.com"] {
        ask(&house, address).await;
    }
    assert_eq!(mailed.next().await.email, "ann@example.com");
    // A second mail within the pause would be a way to flood somebody.
    ask(&house, &email("ann")).await;
    house.register("last").await;
    ask(&house, &email("last")).await;
    assert_eq!(mailed.next().await.email, "last@example.com");
    assert!(mailed.heard().is_empty());
}

#[tokio::test]
async fn a_changed_password_makes_a_link_that_is_out_useless() {
    let house = House::open().await;
    let mut mailed = house.kit.listen::<PasswordResetRequested>().await;
    let ann = house.person("ann").await;
    ask(&house, &email("ann")).await;
    let token = mailed.next().await.token;
    change(&house, &ann, PASSWORD, OTHER_PASSWORD).await.expect("is right");
    assert!(confirm(&house, &token, "another wobbly tricycle").await.is_err());
}

#[tokio::test]
async fn links_and_sessions_that_ended_are_forgotten() {
    let house = House::open().await;
    let mut mailed = house.kit.listen::<PasswordResetRequested>().await;
    house.person("ann").await;
    house.sign_in_with(&email("nobody"), PASSWORD).await.expect_err("is unknown");
    ask(&house, &email("ann")).await;
    mailed.next().await;
    house.kit.advance(MINUTE * 60 * 24 * 31);
    // The sweeper runs at the start, and then now and then.
    let house = house.reopen(config()).await;
    eventually("the sweep", async || {
        let left = "SELECT (SELECT COUNT(*) FROM sessions) + (SELECT COUNT(*) FROM refresh_tokens) \
                    + (SELECT COUNT(*) FROM password_resets) + (SELECT COUNT(*) FROM sign_in_failures)";
        (house.count(left).await == 0).then_some(())
    })
    .await;
    house.sign_in("ann").await.expect("the account stays");
}
