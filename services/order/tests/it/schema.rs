//! The schema can be taken back and made again.

use db::Migrator;
use testkit::Kit;

#[tokio::test]
async fn every_migration_can_be_taken_back_and_applied_again() {
    let kit = Kit::start();
    let db = kit.database(order::NAME, order::DURABILITY, order::migrations()).await;
    let migrator = Migrator::new(&db, order::migrations());
    let all = order::migrations().len();
    assert_eq!(migrator.down(all).await.expect("all can be taken back").len(), all);
    assert_eq!(migrator.up().await.expect("all can be applied again").len(), all);
    migrator.ensure_current().await.expect("nothing is missing");
}
