use super::*;

#[test]
fn typing_errors_find_what_was_meant() {
    let shelf =
        Shelf::of([product("cable", "USB cable 2 m"), product("hub", "USB hub"), product("mouse", "Wireless mouse")]);
    assert_eq!(shelf.ids("usb cabel")[0], "cable");
    assert_eq!(shelf.ids("wireles muose"), ["mouse"]);
    assert_eq!(shelf.ids("wierless")[0], "mouse");
}

#[test]
fn what_is_written_exactly_is_never_corrected() {
    let shelf =
        Shelf::of([product("one", "Canon lens"), product("two", "Cannon toy"), product("three", "Canon camera")]);
    assert_eq!(shelf.ids("cannon"), ["two"]);
}

#[test]
fn codes_are_not_corrected_into_others() {
    let shelf = Shelf::of([product("one", "Toner TN-3170"), product("two", "Toner TN-3171")]);
    assert_eq!(shelf.ids("tn3170"), ["one"]);
    assert_eq!(shelf.ids("tn-3171")[0], "two");
    assert_eq!(shelf.ids("TN 3171")[0], "two");
}

#[test]
fn forms_written_apart_and_together_are_the_same() {
    let shelf = Shelf::of([
        product("headset", "Stereo headset"),
        product("wifi", "Wi-Fi router"),
        product("rj45", "RJ-45 plug"),
        product("drive", "Disk 64 GB"),
        product("screen", "Screen 15.6\" wide"),
    ]);
    for (query, id) in [
        ("head set", "headset"),
        ("wifi", "wifi"),
        ("wi fi", "wifi"),
        ("rj45", "rj45"),
        ("rj 45", "rj45"),
        ("64gb", "drive"),
        ("15.6 inch", "screen"),
        ("stereoheadset", "headset"),
    ] {
        assert_eq!(shelf.ids(query).first().map(String::as_str), Some(id), "{query}");
    }
}

#[test]
fn barcodes_part_numbers_and_skus_are_found_first() {
    let mut toner = product("toner", "Black toner");
    toner.mpn = "C4872A".into();
    toner.variants[0].gtins = vec!["0882780756328".into()];
    let shelf = Shelf::of([toner, product("other", "C4872 compatible toner, 882780")]);
    for code in ["0882780756328", "882780756328", "c4872a", "C4872-A", "SKU-toner", "sku toner"] {
        let (ids, found) = shelf.search(code);
        let expected = if code.to_lowercase().starts_with("sku") { found.total_size } else { 1 };
        assert_eq!((ids[0].as_str(), found.total_size), ("toner", expected), "{code}");
    }
}

#[test]
fn a_thing_comes_before_what_has_to_do_with_it() {
    let notebook = product("notebook", "Acme X1 Notebook 14\" 8 GB 256 GB SSD").attribute("type", "Notebook");
    let shelf = Shelf::of([
        product("lock", "Laptop lock"),
        product("bag", "Laptop bag"),
        product("pad", "Cooling pad for laptop"),
        notebook.brand("Acme"),
    ]);
    assert_eq!(shelf.ids("laptop")[0], "notebook");
    assert_eq!(shelf.ids("acme laptop")[0], "notebook");
    assert_eq!(shelf.ids("laptop bag")[0], "bag");
    assert_eq!(shelf.ids("cooling pad for a laptop")[0], "pad");
}

#[test]
fn products_that_have_everything_come_first_and_alone_when_there_are_enough() {
    let both = (0..12).map(|n| product(&format!("both{n:02}"), &format!("Red lamp {n}")));
    let shelf = Shelf::of(both.chain([product("red", "Red mug"), product("lamp", "Blue lamp")]));
    let (ids, found) = shelf.search("red lamp");
    assert_eq!(found.total_size, 12);
    assert!(ids.iter().all(|id| id.starts_with("both")));
    let (ids, found) = shelf.search("blue mug");
    assert_eq!(found.total_size, 2);
    assert_eq!(ids.len(), 2);
    assert_eq!(shelf.search("blue xyzzyx mug").1.total_size, 2);
    assert_eq!(shelf.search("xyzzyx").1.total_size, 0);
}

#[test]
fn no_words_find_everything() {
    let shelf = Shelf::of([product("one", "One"), product("two", "Two")]);
    for query in ["", "  ", "*", "-( \"\" )"] {
        assert_eq!(shelf.search(query).1.total_size, 2, "{query:?}");
    }
}

#[test]
fn what_fits_is_shown_as_html_and_everything_else_is_escaped() {
    let lamp = product("lamp", "Lamp <script>alert('x')</script> & lamps").brand("Lamps \"R\" Us");
    let shelf = Shelf::of([lamp.described(&format!("{} a lamp {}", "before ".repeat(50), "after ".repeat(50)))]);
    let highlights = shelf.search("lamp").1.results[0].highlights.clone();
    assert_eq!(highlights["title"], "<b>Lamp</b> &lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; <b>lamps</b>");
    assert_eq!(highlights["brand"], "<b>Lamps</b> &quot;R&quot; Us");
    let description = &highlights["description"];
    assert!(description.starts_with('…') && description.ends_with('…') && description.contains("<b>lamp</b>"));
    assert!(shelf.search("").1.results[0].highlights.is_empty());
}

#[test]
fn descriptions_attributes_categories_and_variants_are_searched() {
    let shelf = Shelf::of([
        product("one", "Speaker").attribute("bluetooth", "yes").attribute("usb", "no"),
        product("two", "Kettle").described("Boils water\\nquickly"),
        product("three", "Thing").category("garden-chairs"),
    ]);
    let mut shirt = product("shirt", "Shirt");
    shirt.variants[0].title = "Burgundy, XL".into();
    shelf.put([shirt], 1);
    assert_eq!(shelf.ids("burgundy shirt"), ["shirt"]);
    assert_eq!(shelf.ids("bluetooth"), ["one"]);
    assert_eq!(shelf.ids("quick water"), ["two"]);
    assert_eq!(shelf.ids("garden chair"), ["three"]);
    assert_eq!(shelf.ids("usb"), Vec::<String>::new());
}
