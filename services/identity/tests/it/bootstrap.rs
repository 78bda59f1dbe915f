//! The first administrator.

use std::{io, sync::Mutex};

use identity::{Credentials, Error, bootstrap_admin};
use ultramarket_api::identity::{
    events::v1::AccountRegistered,
    v1::{self as pb, account::Role},
};

use crate::harness::{House, bearer, config};

const EMAIL: &str = "admin@localhost";

#[tokio::test]
async fn the_first_start_creates_an_administrator_once() {
    let house = House::open().await;
    let mut announced = house.kit.listen::<AccountRegistered>().await;
    let kept = Mutex::new(None);
    let keep = |credentials: &Credentials| {
        *kept.lock().expect("nobody panics") = Some(credentials.clone());
        Ok(())
    };
    let created = bootstrap_admin(&house.db, &config(), EMAIL, keep).await.expect("works").expect("is the first");
    assert_eq!(kept.into_inner().expect("nobody panics"), Some(created.clone()));
    assert!(created.password.len() >= 32 && !format!("{created:?}").contains(&created.password));

    let tokens = house.sign_in_with(EMAIL, &created.password).await.expect("is right");
    let request = pb::ListAccountsRequest { email: EMAIL.into(), ..Default::default() };
    let found = house.client().list_accounts(bearer(&tokens, request)).await.expect("may").into_inner();
    assert_eq!(found.accounts[0].roles().collect::<Vec<_>>(), [Role::Customer, Role::Admin]);
    assert_eq!(announced.next().await.email, EMAIL);

    let again = bootstrap_admin(&house.db, &config(), EMAIL, |_| panic!("there is one")).await.expect("works");
    assert_eq!(again, None);
}

#[tokio::test]
async fn credentials_that_cannot_be_kept_are_not_created() {
    let house = House::open().await;
    let full = |_: &Credentials| Err(io::Error::from(io::ErrorKind::StorageFull));
    let error = bootstrap_admin(&house.db, &config(), EMAIL, full).await.expect_err("is full");
    assert!(matches!(error, Error::HandOver(_)), "{error:?}");
    assert_eq!(house.count("SELECT COUNT(*) FROM accounts").await, 0);
}

#[tokio::test]
async fn an_address_that_is_somebodys_is_not_taken_over() {
    let house = House::open().await;
    house.register("ann").await;
    let error = bootstrap_admin(&house.db, &config(), "ann@example.com", |_| Ok(())).await.expect_err("is Ann's");
    assert!(matches!(error, Error::EmailTaken), "{error:?}");
}
