use std::time::{Duration, Instant};

use bus::Message;
use testkit::{Kit, eventually};
use ultramarket_api::catalog::{events::v1::ProductChanged, v1::product::Status};

use crate::harness::{Catalogue, Shop, product, words};

#[tokio::test]
async fn changes_are_searchable_within_a_second() {
    let shop = Shop::selling(&[]).await;
    let begun = Instant::now();
    shop.changed("lamp", "Brass lamp", 1).await;
    shop.finds("brass", 1).await;
    shop.changed("lamp", "Copper lantern", 2).await;
    shop.finds("lantern", 1).await;
    assert!(shop.ids("brass").await.is_empty());
    shop.deleted("lamp", 3).await;
    shop.finds("lantern", 0).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "three changes in {:?}", begun.elapsed());
}

#[tokio::test]
async fn stale_and_repeated_events_change_nothing() {
    let shop = Shop::selling(&[]).await;
    let old = shop.catalogue.put("lamp", "Old lamp", 1);
    let new = shop.catalogue.put("lamp", "New lamp", 2);
    for event in [&new, &old, &new] {
        shop.kit.publish("lamp", event).await;
    }
    shop.finds("new", 1).await;
    assert!(shop.ids("old").await.is_empty());
    shop.deleted("lamp", 3).await;
    shop.kit.publish("lamp", &new).await;
    shop.changed("mark", "Mark", 1).await;
    shop.finds("mark", 1).await;
    assert!(shop.ids("lamp").await.is_empty(), "what was deleted does not come back");
}

#[tokio::test]
async fn drafts_are_not_found() {
    let shop = Shop::selling(&[("lamp", "Brass lamp")]).await;
    let mut draft = product("lamp", "Brass lamp", 2);
    draft.status = Status::Draft.into();
    shop.kit.publish("lamp", &ProductChanged { product: Some(draft), version: 2 }).await;
    shop.finds("lamp", 0).await;
}

#[tokio::test]
async fn a_message_that_cannot_be_read_does_not_hold_up_the_others() {
    let shop = Shop::selling(&[]).await;
    let message = shop.kit.message("lamp", &shop.catalogue.put("lamp", "Brass lamp", 1));
    shop.kit.publish_message(&Message { payload: "nonsense".into(), ..message }).await;
    shop.changed("mug", "Mug", 1).await;
    shop.finds("mug", 1).await;
}

#[tokio::test]
async fn what_a_crash_lost_is_found_after_the_restart() {
    let shop = Shop::selling(&[("kept", "Kept lamp"), ("gone", "Gone lamp"), ("changed", "Old lamp")]).await;
    let shop = {
        shop.catalogue.put("lost", "Lost lamp", 1);
        shop.catalogue.put("changed", "New lamp", 2);
        shop.catalogue.remove("gone");
        shop.restarted().await
    };
    shop.finds("lost", 1).await;
    let mut ids = shop.ids("lamp").await;
    ids.sort();
    assert_eq!(ids, ["changed", "kept", "lost"]);
    assert_eq!(shop.ids("new").await, ["changed"]);
}

#[tokio::test]
async fn a_deleted_directory_is_filled_again() {
    let shop = Shop::selling(&[("lamp", "Brass lamp")]).await;
    let Shop { kit, catalogue, .. } = shop;
    let kit = kit.restart().await;
    std::fs::remove_dir_all(kit.folder().join("search")).expect("is there");
    let shop = Shop::over(kit, catalogue).await;
    shop.finds("lamp", 1).await;
}

#[tokio::test]
async fn a_directory_that_is_deleted_under_a_running_service_is_filled_again() {
    let shop = Shop::selling(&[("lamp", "Brass lamp")]).await;
    std::fs::remove_dir_all(shop.kit.folder().join("search")).expect("is there");
    shop.changed("mug", "Mug", 1).await;
    shop.finds("mug", 1).await;
    shop.finds("lamp", 1).await;
    shop.changed("cup", "Cup", 1).await;
    shop.finds("cup", 1).await;
    let shop = shop.restarted().await;
    assert_eq!(shop.ids("").await.len(), 3, "all of it is there at once");
}

#[tokio::test]
async fn search_answers_from_what_it_has_while_catalog_is_away() {
    let shop = Shop::selling(&[("lamp", "Brass lamp")]).await;
    shop.catalogue.set_away(true);
    shop.catalogue.put("mug", "Mug", 1);
    let shop = shop.restarted().await;
    assert_eq!(shop.search(words("lamp")).await.expect("answers").total_size, 1);
    shop.changed("cup", "Cup", 1).await;
    shop.finds("cup", 1).await;
    shop.catalogue.set_away(false);
    shop.finds("mug", 1).await;
}

#[tokio::test]
async fn health_tells_until_the_catalogue_was_read() {
    let catalogue = Catalogue::default();
    catalogue.set_away(true);
    let shop = Shop::over(Kit::start(), catalogue).await;
    let report = || shop.health.report().1;
    eventually("a degraded search", async || report().contains("comparing").then_some(())).await;
    assert!(shop.health.is_ready(), "searches may come all the same");
    shop.catalogue.set_away(false);
    eventually("a ready search", async || report().contains("\"search\":\"ready\"").then_some(())).await;
}
