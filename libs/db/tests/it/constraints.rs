//! Violated constraints as errors of the domain.

use db::{Error, OnUnique, Unique};

use crate::support::{open, run};

const NAME: Unique = Unique { name: "users_pkey", table: "users", columns: &["name"] };
const EMAIL: Unique = Unique { name: "users_email_key", table: "users", columns: &["tenant", "email"] };
const NICK: Unique = Unique { name: "users_nick_key", table: "users", columns: &[] };

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("store users")]
    Store(#[from] Error),
    #[error("the address is taken")]
    EmailTaken,
}

#[tokio::test]
async fn violations_are_told_apart() {
    let fixture = open().await;
    let db = &fixture.db;
    let tables = "CREATE TABLE users (name TEXT PRIMARY KEY, tenant TEXT, email TEXT, nick TEXT, age BIGINT, \
                  friend TEXT REFERENCES users (name), CONSTRAINT users_age_check CHECK (age >= 0));
                  CREATE UNIQUE INDEX users_email_key ON users (tenant, email);
                  CREATE UNIQUE INDEX users_nick_key ON users (lower(nick));
                  INSERT INTO users VALUES ('ann', 't', 'a@x', 'Ann', 1, NULL)";
    run(db, tables).await.unwrap();

    let fails = async |row: &str| run(db, &format!("INSERT INTO users VALUES {row}")).await.expect_err(row);
    let error = fails("('ann', 't', 'b@x', 'Bob', 1, NULL)").await;
    assert_eq!(error.unique_violation(), Some("users.name"));
    assert!(error.violates(&NAME) && !error.violates(&EMAIL) && !error.is_transient());

    let error = fails("('bob', 't', 'a@x', 'Bob', 1, NULL)").await;
    assert!(error.violates(&EMAIL) && !error.violates(&NICK));

    let error = fails("('bob', 't', 'b@x', 'ANN', 1, NULL)").await;
    assert_eq!(error.unique_violation(), Some("index 'users_nick_key'"));
    assert!(error.violates(&NICK) && !error.violates(&EMAIL));

    let error = fails("('bob', 't', 'b@x', 'Bob', -1, NULL)").await;
    assert_eq!((error.check_violation(), error.unique_violation()), (Some("users_age_check"), None));

    let error = fails("('bob', 't', 'b@x', 'Bob', 1, 'nobody')").await;
    assert!(error.is_foreign_key_violation() && error.check_violation().is_none());
}

#[tokio::test]
async fn a_unique_violation_becomes_what_it_means() {
    let fixture = open().await;
    let db = &fixture.db;
    run(db, "CREATE TABLE users (tenant TEXT, email TEXT, UNIQUE (tenant, email))").await.unwrap();
    let insert = || run(db, "INSERT INTO users VALUES ('t', 'a@x')");
    insert().await.on_unique(&EMAIL, || Failed::EmailTaken).expect("is the first");
    let taken = insert().await.on_unique(&EMAIL, || Failed::EmailTaken);
    assert!(matches!(taken, Err(Failed::EmailTaken)));
    let other = insert().await.on_unique(&NAME, || Failed::EmailTaken);
    assert!(matches!(other, Err(Failed::Store(Error::Query(_)))));
}
