use std::fs;

use super::*;
use crate::index::Error;

fn titled(title: &str, etag: &str) -> Product {
    Product { etag: etag.into(), ..product("id", title) }
}

fn put(title: &str, version: u64) -> Change {
    Change::Put(Box::new(titled(title, &version.to_string())), version)
}

#[test]
fn only_newer_changes_are_taken() {
    let shelf = Shelf::of([]);
    assert_eq!(shelf.change([put("First", 1), put("Third", 3), put("Second", 2), put("Third again", 3)]), 2);
    assert_eq!(shelf.ids("third"), ["id"]);
    assert_eq!(shelf.change([put("Second", 2)]), 0);
    assert_eq!(shelf.change([Change::Remove("id".into(), 3)]), 0);
    assert_eq!(shelf.change([put("Fourth", 4)]), 1);
    assert_eq!((shelf.ids("fourth"), shelf.ids("third")), (vec!["id".into()], vec![]));
    assert_eq!(shelf.search("").1.total_size, 1);
}

#[test]
fn what_was_removed_stays_removed() {
    let shelf = Shelf::of([]);
    shelf.change([put("Lamp", 1)]);
    assert_eq!(shelf.change([Change::Remove("id".into(), 2)]), 1);
    assert_eq!(shelf.change([put("Lamp", 1), put("Lamp", 2)]), 0);
    assert_eq!((shelf.search("lamp").1.total_size, shelf.search("").1.total_size), (0, 0));
    let shelf = shelf.reopened();
    assert_eq!(shelf.change([put("Lamp", 2)]), 0);
    assert_eq!(shelf.change([put("Lamp", 3)]), 1, "an import may bring it back");
    assert_eq!(shelf.ids("lamp"), ["id"]);
}

#[test]
fn drafts_are_not_found() {
    let shelf = Shelf::of([]);
    let draft = Product { status: Status::Draft.into(), ..titled("Lamp", "1") };
    shelf.change([Change::Put(Box::new(draft.clone()), 1)]);
    assert_eq!(shelf.search("").1.total_size, 0);
    shelf.change([put("Lamp", 2)]);
    assert_eq!(shelf.search("lamp").1.total_size, 1);
    shelf.change([Change::Put(Box::new(draft), 3)]);
    assert_eq!(shelf.search("lamp").1.total_size, 0);
}

#[test]
fn an_export_brings_what_differs_and_forgets_what_is_gone() {
    let shelf = Shelf::of([]);
    let seen = |title: &str, etag: &str| Change::Seen(Box::new(titled(title, etag)));
    shelf.change([put("Lamp", 7)]);
    assert_eq!(shelf.change([seen("Lamp", "7")]), 0, "the same etag");
    assert_eq!(shelf.change([seen("Lantern", "8")]), 1);
    assert_eq!(shelf.ids("lantern"), ["id"]);
    assert_eq!(shelf.change([put("Torch", 8)]), 1, "the event of what was seen is taken as well");
    assert_eq!(shelf.change([Change::Forget("id".into())]), 1);
    assert_eq!(shelf.search("").1.total_size, 0);
    assert!(shelf.index.product_ids().expect("reads").is_empty());
}

#[test]
fn events_during_an_export_win() {
    let shelf = Shelf::of([]);
    shelf.index.begin_export();
    shelf.change([put("Lamp", 2)]);
    assert_eq!(shelf.change([Change::Seen(Box::new(titled("Old lamp", "1"))), Change::Forget("id".into())]), 0);
    assert_eq!(shelf.search("lamp").1.results[0].product.as_ref().map(|p| p.title.as_str()), Some("Lamp"));
    shelf.index.end_export();
    assert_eq!(shelf.change([Change::Forget("id".into())]), 1);
}

#[test]
fn what_was_committed_is_there_after_a_restart_and_the_rest_is_not() {
    let shelf = Shelf::of([product("kept", "Lamp")]);
    shelf.index.apply([Change::Put(Box::new(product("lost", "Lamp")), 1)]).expect("applies");
    assert_eq!(shelf.reopened().ids("lamp"), ["kept"]);
}

#[test]
fn a_directory_in_use_is_left_alone() {
    let shelf = Shelf::of([product("one", "Lamp")]);
    assert!(matches!(Index::open(shelf.folder.path(), &facets()), Err(Error::Locked)));
    assert_eq!(shelf.reopened().ids("lamp"), ["one"]);
}

#[test]
fn a_directory_of_another_format_is_begun_anew() {
    let Shelf { folder, index } = Shelf::of([product("one", "Lamp")]);
    drop(index);
    let index = Index::open(folder.path(), &["other".into()]).expect("opens");
    assert_eq!(Shelf { folder, index }.search("").1.total_size, 0);
}

#[test]
fn a_broken_directory_is_begun_anew() {
    for damage in ["meta.json", "store", "fast"] {
        let Shelf { folder, index } = Shelf::of([product("one", "Lamp")]);
        drop(index);
        let files = fs::read_dir(folder.path()).expect("readable").map(|entry| entry.expect("readable").path());
        let broken = files.into_iter().find(|path| path.to_string_lossy().ends_with(damage)).expect("is there");
        let content = fs::read(&broken).expect("readable");
        fs::write(&broken, &content[..content.len() / 2]).expect("writable");
        let index = Index::open(folder.path(), &facets()).expect("opens");
        let shelf = Shelf { folder, index };
        assert_eq!(shelf.search("lamp").1.total_size, 0, "{damage}");
        assert_eq!(shelf.put([product("one", "Lamp")], 1), 1);
        assert_eq!(shelf.ids("lamp"), ["one"], "{damage}");
    }
}

#[test]
fn many_small_changes_leave_few_segments() {
    let shelf = Shelf::of([]);
    for version in 1..=60 {
        shelf.change([put(&format!("Lamp {version}"), version)]);
    }
    let (ids, found) = shelf.search("lamp");
    assert_eq!((ids.len(), found.total_size), (1, 1));
    assert_eq!(found.results[0].product.as_ref().map(|product| product.title.as_str()), Some("Lamp 60"));
}
