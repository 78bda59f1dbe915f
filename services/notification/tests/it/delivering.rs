//! Mailers that fail, come back, or never do.

use std::{fs, time::Duration};

use notification::Config;
use testkit::eventually;
use ultramarket_api::notification::v1::notification::Status;

use crate::desk::{Desk, order};

impl Desk {
    /// A file lies where the folder should be: no mail can be written.
    fn block(&self) {
        fs::write(self.folder(), "in the way").expect("can be written");
    }

    fn unblock(&self) {
        fs::remove_file(self.folder()).expect("is there");
    }

    async fn tried(&self, times: u32) {
        let rows = format!("deliveries WHERE attempts >= {times}");
        eventually("the postman to have tried", || async { (self.count(&rows).await == 1).then_some(()) }).await;
    }
}

#[tokio::test]
async fn mail_waits_until_it_is_taken() {
    let desk = Desk::open().await;
    desk.block();
    desk.confirmed(order(), &desk.ann.id).await;
    desk.tried(3).await;
    assert_eq!(desk.notifications().await[0].status(), Status::Queued);
    assert_eq!(desk.count("deliveries WHERE last_error <> ''").await, 1);
    desk.unblock();
    assert!(desk.one_mail().await.contains("UM-7F3K-92QD"));
}

#[tokio::test]
async fn a_try_that_failed_is_followed_by_a_pause() {
    let desk = Desk::with(|config| Config { retry_base_ms: 3_600_000, retry_cap_ms: 3_600_000, ..config }).await;
    desk.block();
    desk.confirmed(order(), &desk.ann.id).await;
    eventually("the mail is put off", || async {
        (desk.count("deliveries WHERE attempts = 1 AND last_error <> ''").await == 1).then_some(())
    })
    .await;
    desk.unblock();
    assert_eq!(desk.count("deliveries WHERE status = 'sent'").await, 0);
    desk.kit.advance(Duration::from_secs(3600));
    desk.one_mail().await;
}

#[tokio::test]
async fn mail_is_given_up_after_a_day() {
    let desk = Desk::open().await;
    desk.block();
    desk.confirmed(order(), &desk.ann.id).await;
    desk.tried(1).await;
    desk.kit.advance(Duration::from_secs(24 * 3600));
    eventually("the mail is given up", || async {
        (desk.notifications().await[0].status() == Status::Failed).then_some(())
    })
    .await;
    desk.unblock();
    assert_eq!(desk.count("deliveries WHERE due_at IS NOT NULL").await, 0);
}

#[tokio::test]
async fn a_secret_that_ran_out_is_not_sent_any_more() {
    let desk = Desk::open().await;
    desk.block();
    desk.reset_requested("s3cret", 600).await;
    desk.tried(1).await;
    desk.kit.advance(Duration::from_secs(600));
    eventually("the mail is given up", || async {
        (desk.count("deliveries WHERE status = 'failed' AND secret_body IS NULL").await == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_fallback_takes_what_the_first_mailer_does_not() {
    let desk =
        Desk::with(|config| Config { fallback_mail_url: format!("{}-fallback", config.mail_url), ..config }).await;
    desk.block();
    desk.confirmed(order(), &desk.ann.id).await;
    eventually("the mail is sent", || async {
        (desk.count("deliveries WHERE status = 'sent'").await == 1).then_some(())
    })
    .await;
    let fallback = desk.kit.folder().join("mail-fallback");
    assert_eq!(fs::read_dir(fallback).expect("is there").count(), 1);
}

#[tokio::test]
async fn mail_that_was_taken_but_not_noted_is_there_once() {
    use db::sql::statement;
    use sea_orm::ConnectionTrait;

    let desk = Desk::open().await;
    desk.confirmed(order(), &desk.ann.id).await;
    let first = desk.one_mail().await;
    // As if the process had died between handing it over and noting that.
    let forget = "UPDATE deliveries SET status = 'queued', due_at = created_at, sent_at = NULL";
    let forgotten: Result<_, db::Error> =
        desk.db.write(|tx| Box::pin(async move { Ok(tx.execute_raw(statement(&**tx, forget, [])).await?) })).await;
    forgotten.expect("is forgotten");
    let desk = desk.reopen().await;
    assert_eq!(desk.one_mail().await, first);
}

#[tokio::test]
async fn a_mailer_that_is_not_known_is_refused_at_the_start() {
    let kit = testkit::Kit::start();
    let db = kit.database(notification::NAME, notification::DURABILITY, notification::migrations()).await;
    for config in [
        Config { mail_url: "smtp://localhost".into(), ..Config::default() },
        Config { fallback_mail_url: "carrier-pigeon://".into(), ..Config::default() },
        Config { from: "nobody".into(), ..Config::default() },
    ] {
        let built = notification::build(kit.context(notification::NAME), db.clone(), config).await;
        assert!(built.is_err());
    }
}
