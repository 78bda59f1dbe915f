//! The migrations.

use db::Migrator;
use testkit::Kit;

#[tokio::test]
async fn migrations_go_up_and_down_and_up_again() {
    let kit = Kit::start();
    let db = kit.database(user::NAME, user::DURABILITY, user::migrations()).await;
    let migrator = Migrator::new(&db, user::migrations());
    let all = user::migrations().len();
    assert_eq!(migrator.down(all).await.expect("all can be taken back").len(), all);
    assert_eq!(migrator.up().await.expect("all apply").len(), all);
    migrator.ensure_current().await.expect("is current");
}
