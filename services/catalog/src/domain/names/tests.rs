use super::*;

const ID: &str = "0190f7a0-0000-7000-8000-0123456789ab";
const OTHER: &str = "0190f7a0-0000-7000-8000-ba9876543210";

fn product(title: &str, external_id: &str, variants: &[(&str, &str)]) -> Product {
    let variant = |&(sku, title): &(&str, &str)| Variant { sku: sku.into(), title: title.into(), ..Default::default() };
    Product {
        product_id: ID.into(),
        title: title.into(),
        external_id: external_id.into(),
        variants: variants.iter().map(variant).collect(),
        ..Default::default()
    }
}

fn given(skus: &[&str], slugs: &[&str]) -> Names {
    let to_other = |names: &[&str]| names.iter().map(|&name| (name.to_owned(), OTHER.to_owned())).collect();
    Names { skus: to_other(skus), slugs: to_other(slugs) }
}

fn skus(product: &Product) -> Vec<&str> {
    product.variants.iter().map(|variant| variant.sku.as_str()).collect()
}

#[test]
fn names_are_made_from_what_the_product_is_called() {
    let mut cup = product("Blue Cup", "", &[("", "")]);
    given(&[], &[]).assign(&mut cup).expect("is named");
    assert_eq!((cup.slug.as_str(), skus(&cup)), ("blue-cup", vec!["BLUE-CUP"]));

    let mut imported = product("Blue Cup", "gid://shop/1 399", &[("", "")]);
    given(&[], &[]).assign(&mut imported).expect("is named");
    assert_eq!((imported.slug.as_str(), skus(&imported)), ("blue-cup", vec!["GID---SHOP-1-399"]));

    let mut foreign = product("日本語", "", &[("", "")]);
    given(&[], &["product"]).assign(&mut foreign).expect("is named");
    assert_eq!((foreign.slug.as_str(), skus(&foreign)), ("product-456789ab", vec!["PRODUCT"]));
}

#[test]
fn a_made_name_that_is_taken_gets_longer() {
    let mut imported = product("Blue Cup", "1399", &[("", "")]);
    given(&["1399"], &["blue-cup"]).assign(&mut imported).expect("is named");
    assert_eq!((imported.slug.as_str(), skus(&imported)), ("blue-cup-1399", vec!["1399-456789AB"]));
}

#[test]
fn variants_are_named_by_what_makes_them_differ() {
    let mut shirt = product("Shirt", "", &[("", "Red, XL"), ("MINE", "Blue"), ("", ""), ("", "Red XL")]);
    given(&[], &[]).assign(&mut shirt).expect("is named");
    assert_eq!(skus(&shirt), ["SHIRT-RED-XL", "MINE", "SHIRT-3", "SHIRT-456789AB-4"]);
}

#[test]
fn a_name_that_was_asked_for_is_given_or_refused() {
    let mut cup = Product { slug: "cup".into(), ..product("Blue Cup", "", &[("C-1", "")]) };
    let taken = given(&["C-1"], &[]).assign(&mut cup.clone());
    assert!(matches!(&taken, Err(Error::SkuTaken { sku }) if sku == "C-1"), "{taken:?}");
    let taken = given(&[], &["cup"]).assign(&mut cup.clone());
    assert!(matches!(&taken, Err(Error::SlugTaken { slug }) if slug == "cup"), "{taken:?}");

    let mut names = given(&[], &[]);
    names.assign(&mut cup).expect("is named");
    names.assign(&mut cup).expect("keeps its own names");
    assert_eq!((cup.slug.as_str(), skus(&cup)), ("cup", vec!["C-1"]));
}

#[test]
fn one_batch_gives_no_name_twice() {
    let mut names = given(&[], &[]);
    let mut first = product("Desk mount", "1", &[("", "")]);
    let mut second = Product { product_id: OTHER.into(), ..product("Desk mount", "2", &[("", "")]) };
    names.assign(&mut first).expect("is named");
    names.assign(&mut second).expect("is named");
    assert_eq!((first.slug.as_str(), second.slug.as_str()), ("desk-mount", "desk-mount-2"));
}

#[test]
fn variants_without_a_sku_keep_the_one_they_had() {
    let before = product("Shirt", "", &[("S-RED", "Red"), ("S-BLUE", "Blue")]).variants;
    let mut after = product("Shirt", "", &[("", "Blue"), ("S-RED", "Crimson"), ("", "Red")]).variants;
    keep_skus(&mut after, &before);
    let skus: Vec<&str> = after.iter().map(|variant| variant.sku.as_str()).collect();
    assert_eq!(skus, ["S-BLUE", "S-RED", ""]);
}

#[test]
fn the_longest_texts_make_names_that_fit_the_contract() {
    let long = "x".repeat(500);
    let mut shirt = product(&long, &long[..200], &[("", &long[..200]), ("", &long[..200])]);
    given(&[], &[&slug::of(&long)]).assign(&mut shirt).expect("is named");
    assert!(shirt.slug.len() <= 200, "{}", shirt.slug.len());
    assert!(shirt.variants.iter().all(|variant| variant.sku.len() <= 100), "{:?}", skus(&shirt));
}
