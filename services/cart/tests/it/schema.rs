use db::Migrator;
use testkit::Kit;

#[tokio::test]
async fn the_schema_is_taken_back_and_made_again() {
    let kit = Kit::start();
    let db = kit.database(cart::NAME, cart::DURABILITY, cart::migrations()).await;
    let migrator = Migrator::new(&db, cart::migrations());
    let steps = migrator.status().await.expect("is known").len();
    for _ in 0..2 {
        assert_eq!(migrator.down(steps).await.expect("is taken back").len(), steps);
        assert_eq!(migrator.up().await.expect("is made again").len(), steps);
    }
    migrator.ensure_current().await.expect("is what the program needs");
}
