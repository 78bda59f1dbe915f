//! The migrations.

use db::Migrator;
use testkit::Kit;

#[tokio::test]
async fn migrations_go_up_and_down_and_up_again() {
    let kit = Kit::start();
    let db = kit.database(identity::NAME, identity::DURABILITY, identity::migrations()).await;
    let migrator = Migrator::new(&db, identity::migrations());
    let all = identity::migrations().len();
    assert_eq!(migrator.down(all).await.expect("all can be taken back").len(), all);
    assert_eq!(migrator.up().await.expect("all apply").len(), all);
    migrator.ensure_current().await.expect("is current");
}
