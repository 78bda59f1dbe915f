//! Register.

use futures::future::join_all;
use testkit::{reason, violations};
use tonic::Code;
use ultramarket_api::identity::{
    events::v1::AccountRegistered,
    v1::{self as pb, account::Role},
};

use crate::harness::{House, PASSWORD, registration};

#[tokio::test]
async fn an_account_is_a_customer_and_is_announced() {
    let house = House::open().await;
    let mut announced = house.kit.listen::<AccountRegistered>().await;
    let request = pb::RegisterRequest { display_name: " Ann ".into(), ..registration("Ann@Example.com", PASSWORD) };
    let account = house.client().register(request).await.expect("is fine").into_inner();
    assert_eq!((account.email.as_str(), account.display_name.as_str()), ("Ann@Example.com", "Ann"));
    assert_eq!(account.roles().collect::<Vec<_>>(), [Role::Customer]);
    assert!(!account.disabled && account.create_time.is_some());
    let event = announced.next().await;
    assert_eq!((event.account_id, event.email, event.display_name), (account.account_id, account.email, "Ann".into()));
}

#[tokio::test]
async fn an_address_is_taken_in_every_spelling() {
    let house = House::open().await;
    house.register("ann").await;
    let error = house.client().register(registration("ANN@example.COM", PASSWORD)).await.expect_err("is taken");
    assert_eq!((error.code(), reason(&error).as_str()), (Code::AlreadyExists, "EMAIL_TAKEN"));
    assert_eq!(house.count("SELECT COUNT(*) FROM accounts").await, 1);
}

#[tokio::test]
async fn of_many_at_once_with_one_address_one_gets_it() {
    let house = House::open().await;
    let mut announced = house.kit.listen::<AccountRegistered>().await;
    let results = join_all((0..8).map(|_| {
        let mut client = house.client();
        async move { client.register(registration("ann@example.com", PASSWORD)).await }
    }))
    .await;
    let (accounts, errors): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(accounts.len(), 1);
    assert!(errors.into_iter().all(|error| reason(&error.expect_err("was parted")) == "EMAIL_TAKEN"));
    announced.next().await;
    assert!(announced.heard().is_empty(), "announced once");
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let house = House::open().await;
    let refused = async |request: pb::RegisterRequest| {
        let error = house.client().register(request).await.expect_err("is refused");
        assert_eq!((error.code(), reason(&error).as_str()), (Code::InvalidArgument, "INVALID_REQUEST"));
        violations(&error)
    };
    let name = "x".repeat(101);
    let all = pb::RegisterRequest { email: "nobody".into(), password: "short".into(), display_name: name };
    assert_eq!(refused(all).await, ["email", "password", "displayName"]);
    assert_eq!(refused(pb::RegisterRequest::default()).await, ["email", "password"]);
    let long = "ä".repeat(129);
    for password in [long.as_str(), &"x".repeat(1024 * 1024)] {
        assert_eq!(refused(registration("ann@example.com", password)).await, ["password"]);
    }
    let controls = pb::RegisterRequest {
        email: "ann@example.com".into(),
        password: "wobbly\0orange tricycle".into(),
        display_name: "Ann\r\nBcc: everybody@example.com".into(),
    };
    assert_eq!(refused(controls).await, ["password", "displayName"]);
    assert_eq!(house.count("SELECT COUNT(*) FROM accounts").await, 0);
}

#[tokio::test]
async fn common_passwords_are_refused() {
    let house = House::open().await;
    for password in ["password1234", "            ", "ann@example.com", "UltraMarket123", "qwertyuiop12"] {
        let error = house.client().register(registration("ann@example.com", password)).await.expect_err("is common");
        assert_eq!((error.code(), reason(&error).as_str()), (Code::InvalidArgument, "PASSWORD_TOO_COMMON"));
        assert_eq!(violations(&error), ["password"]);
    }
}

#[tokio::test]
async fn a_password_may_have_128_characters_of_any_script() {
    let house = House::open().await;
    let password: String = "沉舟侧畔千帆过病树前头万木春".chars().cycle().take(120).collect::<String>() + "x7!Kq2#z";
    house.client().register(registration("ann@example.com", &password)).await.expect("is fine");
    house.sign_in_with("ann@example.com", &password).await.expect("is right");
    let shorter: String = password.chars().take(127).collect();
    assert!(house.sign_in_with("ann@example.com", &shorter).await.is_err(), "every character counts");
}

#[tokio::test]
async fn only_a_hash_of_the_password_is_stored() {
    let house = House::open().await;
    house.register("ann").await;
    let hash = house.text("SELECT password_hash FROM accounts").await;
    assert!(hash.starts_with("$argon2id$v=19$") && !hash.contains(PASSWORD), "{hash}");
}
