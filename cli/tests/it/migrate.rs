//! `migrate`: schemas up, down, and how far they are.

use crate::program::Place;

async fn migrate(place: &Place, arguments: &[&str]) -> String {
    let call = place.call(["migrate"]).with(arguments).with(["--data-dir", "data"]);
    call.run().await.ok().to_owned()
}

fn marked<'a>(status: &'a str, mark: &str) -> Vec<&'a str> {
    status.lines().filter_map(|line| line.strip_prefix(mark)).map(str::trim_start).collect()
}

#[tokio::test]
async fn schemas_go_up_and_down_and_up_again() {
    let place = Place::new();
    let fresh = migrate(&place, &["status"]).await;
    assert!(!place.data().exists(), "looking creates nothing");
    let all = marked(&fresh, "pending").len();
    assert_eq!((all, marked(&fresh, "applied").len()), (fresh.lines().count(), 0));
    for service in ["identity", "user", "catalog", "inventory", "cart", "order", "payment", "notification"] {
        assert!(marked(&fresh, "pending").iter().any(|line| line.starts_with(service)), "{service} is not in\n{fresh}");
    }

    let applied = migrate(&place, &["up"]).await;
    assert_eq!(marked(&applied, "applied").len(), all, "{applied}");
    assert_eq!(migrate(&place, &["up"]).await, "all schemas are up to date\n");
    assert_eq!(marked(&migrate(&place, &["status"]).await, "pending"), [""; 0]);

    let taken_back = migrate(&place, &["down", "--service", "cart"]).await;
    assert_eq!(marked(&taken_back, "took back cart").len(), 1, "{taken_back}");
    let status = migrate(&place, &["status"]).await;
    let [pending] = marked(&status, "pending")[..] else { panic!("one is pending:\n{status}") };
    let mut words = pending.split_whitespace();
    let (service, name) = (words.next(), words.next().expect("has a name"));
    assert!(service == Some("cart") && taken_back.contains(name), "{taken_back} is not {pending}");

    let rest = migrate(&place, &["down", "--service", "cart", "--steps", "99"]).await;
    assert!(marked(&rest, "took back cart").len() > 1, "{rest}");
    let nothing = migrate(&place, &["down", "--service", "cart"]).await;
    assert_eq!(nothing, "cart has no migration to take back\n");

    let again = migrate(&place, &["up"]).await;
    assert!(again.lines().all(|line| line.starts_with("applied cart ")), "{again}");
    assert_eq!(migrate(&place, &["status"]).await, status.replace("pending", "applied"));
}

#[tokio::test]
async fn a_start_applies_what_is_missing_and_keeps_what_is_there() {
    let place = Place::new();
    let shop = place.up().open().await;
    let ann = shop.customer("ann").await;
    shop.stop().await;
    migrate(&place, &["down", "--service", "cart", "--steps", "99"]).await;
    let shop = place.up().open().await;
    let sku = shop.stock(&place.data(), "Lamp", 1000, 5).await;
    let mut ann = system_tests::Shopper::sign_in(shop.rest(), &ann.email, "correct horse battery staple").await;
    ann.add(&sku, 1).await;
    shop.stop().await;
    assert_eq!(marked(&migrate(&place, &["status"]).await, "pending"), [""; 0]);
}
