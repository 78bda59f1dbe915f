use ultramarket_api::search::v1::suggestion::Kind;

use super::*;

fn suggestions(shelf: &Shelf, typed: &str, limit: usize) -> Vec<(Kind, String)> {
    let all = shelf.index.suggest(typed, limit).expect("suggests");
    all.into_iter().map(|suggestion| (suggestion.kind(), suggestion.text)).collect()
}

fn shop() -> Shelf {
    Shelf::of([
        product("one", "Laptop bag black").brand("Lapsus").category("laptop-bags"),
        product("two", "Laptop bag").brand("Lapsus"),
        product("three", "Laptop stand").brand("Acme"),
        product("four", "Lapel pin").brand("Acme"),
    ])
}

#[test]
fn beginnings_are_completed_by_kind() {
    let shelf = shop();
    assert_eq!(
        suggestions(&shelf, "Lap", 10),
        [
            (Kind::Brand, "Lapsus".into()),
            (Kind::Category, "laptop-bags".into()),
            (Kind::Query, "laptop".into()),
            (Kind::Query, "lapsus".into()),
            (Kind::Query, "laptop bag".into()),
            (Kind::Query, "lapel pin".into()),
            (Kind::Query, "laptop stand".into()),
            (Kind::Product, "Laptop bag".into()),
            (Kind::Product, "Laptop stand".into()),
            (Kind::Product, "Laptop bag black".into()),
        ]
    );
}

#[test]
fn phrases_go_on_where_they_were_left() {
    let shelf = shop();
    assert_eq!(suggestions(&shelf, "laptop ", 3)[0], (Kind::Category, "laptop-bags".into()));
    let found = suggestions(&shelf, "laptop st", 10);
    assert_eq!(found[0], (Kind::Query, "laptop stand".into()));
    assert!(found.contains(&(Kind::Product, "Laptop stand".into())));
}

#[test]
fn typing_errors_are_corrected() {
    assert_eq!(suggestions(&shop(), "labtop", 10)[0], (Kind::Query, "laptop".into()));
}

#[test]
fn there_are_as_many_as_asked_for_and_none_for_nothing() {
    let shelf = shop();
    for limit in [1, 2, 5] {
        assert!(suggestions(&shelf, "l", limit).len() <= limit);
    }
    assert!(suggestions(&shelf, "  *", 10).is_empty());
    assert!(suggestions(&shelf, "zzz", 10).is_empty());
}
