//! What becomes of a product when it is changed in part (AIP-134) or as a whole by an import.

use kernel::Violation;
use prost_types::FieldMask;
use ultramarket_api::catalog::v1::{Product, product::Status};

use crate::Error;

/// A field that clients may change.
struct Field {
    name: &'static str,
    populated: fn(&Product) -> bool,
    equal: fn(&Product, &Product) -> bool,
    copy: fn(&mut Product, &mut Product),
}

macro_rules! fields {
    ($($name:ident),+ $(,)?) => {
        [$(Field {
            name: stringify!($name),
            populated: |product| product.$name != Product::default().$name,
            equal: |one, other| one.$name == other.$name,
            copy: |to, from| to.$name = std::mem::take(&mut from.$name),
        }),+]
    };
}

const FIELDS: [Field; 13] = fields![
    external_id,
    slug,
    title,
    brand,
    description,
    price,
    categories,
    attributes,
    images,
    variants,
    status,
    mpn,
    release_date,
];

/// Fields that only the service sets.
const OUTPUT_ONLY: [&str; 4] = ["product_id", "create_time", "update_time", "seller_id"];

/// Takes the fields that `mask` names from `patch`, all populated ones when it is empty, and the others from
/// `current`. Output-only fields of `patch` are not looked at, so that what was read can be sent back.
pub(crate) fn merge(current: &Product, mut patch: Product, mask: Option<&FieldMask>) -> Result<Product, Error> {
    let fields = match mask.map(|mask| mask.paths.as_slice()) {
        None | Some([]) => FIELDS.iter().filter(|field| (field.populated)(&patch)).collect(),
        Some(paths) => named(paths)?,
    };
    let takes = |name| fields.iter().any(|field| field.name == name);
    let (price, variants) = (takes("price"), takes("variants"));
    let mut product = current.clone();
    for field in fields {
        (field.copy)(&mut product, &mut patch);
    }
    if price && !variants {
        follow_price(&mut product, current);
    }
    Ok(product)
}

/// The product of an import in the place of `current`: everything is the feed's but the product's identity, and its
/// slug and status where the feed says nothing of them.
pub(crate) fn replace(current: &Product, incoming: Product) -> Product {
    let slug = if incoming.slug.is_empty() { current.slug.clone() } else { incoming.slug };
    let status = if incoming.status == Status::Unspecified as i32 { current.status } else { incoming.status };
    Product {
        slug,
        status,
        product_id: current.product_id.clone(),
        seller_id: current.seller_id.clone(),
        create_time: current.create_time,
        ..incoming
    }
}

/// Whether two states of a product differ in nothing that clients may change.
pub(crate) fn same(one: &Product, other: &Product) -> bool {
    FIELDS.iter().all(|field| (field.equal)(one, other))
}

fn named(paths: &[String]) -> Result<Vec<&'static Field>, Error> {
    let mut fields = Vec::new();
    let mut violations = Vec::new();
    for path in paths {
        match path.as_str() {
            "*" => fields.extend(&FIELDS),
            // It says which state the change is for and is no part of the change.
            "etag" => {}
            path if OUTPUT_ONLY.contains(&path) => violations.push(problem(path, "is set by the service alone")),
            path => match FIELDS.iter().find(|field| field.name == path) {
                Some(field) => fields.push(field),
                None => violations.push(problem(path, "is no field of a product")),
            },
        }
    }
    if violations.is_empty() { Ok(fields) } else { Err(Error::Invalid(violations)) }
}

fn problem(path: &str, what: &str) -> Violation {
    let path: String = path.chars().take(100).collect();
    Violation::new("updateMask", format!("{path:?} {what}"))
}

/// The price of a product is that of its first variant, and of all variants that cost the same: they follow it.
fn follow_price(product: &mut Product, before: &Product) {
    for (index, variant) in product.variants.iter_mut().enumerate() {
        if index == 0 || variant.price == before.price {
            variant.price.clone_from(&product.price);
        }
    }
}

#[cfg(test)]
mod tests {
    use ultramarket_api::{catalog::v1::Variant, r#type::v1::Money};

    use super::*;

    fn usd(amount_minor: i64) -> Option<Money> {
        Some(Money { currency_code: "USD".into(), amount_minor })
    }

    fn cup() -> Product {
        let variant = |sku: &str, price| Variant { sku: sku.into(), price, ..Default::default() };
        Product {
            product_id: "1".into(),
            title: "Cup".into(),
            brand: "Acme".into(),
            price: usd(100),
            variants: vec![variant("A", usd(100)), variant("B", usd(100)), variant("C", usd(300))],
            ..Default::default()
        }
    }

    fn mask(paths: &[&str]) -> Option<FieldMask> {
        Some(FieldMask { paths: paths.iter().map(|&path| path.to_owned()).collect() })
    }

    #[test]
    fn without_a_mask_what_is_set_is_changed() {
        let patch = Product { product_id: "2".into(), title: "Mug".into(), ..Default::default() };
        let merged = merge(&cup(), patch, None).expect("merges");
        assert_eq!(merged, Product { title: "Mug".into(), ..cup() });
    }

    #[test]
    fn a_mask_can_empty_a_field() {
        let merged = merge(&cup(), Product { title: "Mug".into(), ..Default::default() }, mask(&["brand"]).as_ref());
        assert_eq!(merged.expect("merges"), Product { brand: String::new(), ..cup() });
        let merged = merge(&cup(), Product { title: "Mug".into(), ..Default::default() }, mask(&["*"]).as_ref());
        let expected = Product { product_id: "1".into(), title: "Mug".into(), ..Default::default() };
        assert_eq!(merged.expect("merges"), expected);
    }

    #[test]
    fn all_paths_that_cannot_be_changed_are_told() {
        let mask = mask(&["titel", "seller_id", "etag", "title"]);
        let Err(Error::Invalid(violations)) = merge(&cup(), Product::default(), mask.as_ref()) else {
            panic!("the mask is refused")
        };
        let texts: Vec<&str> = violations.iter().map(|violation| violation.description.as_str()).collect();
        assert_eq!(texts, ["\"titel\" is no field of a product", "\"seller_id\" is set by the service alone"]);
    }

    #[test]
    fn variants_at_the_price_of_the_product_follow_it() {
        let merged = merge(&cup(), Product { price: usd(90), ..Default::default() }, mask(&["price"]).as_ref());
        let prices: Vec<_> = merged.expect("merges").variants.into_iter().map(|variant| variant.price).collect();
        assert_eq!(prices, [usd(90), usd(90), usd(300)]);
    }

    #[test]
    fn an_import_keeps_identity_slug_and_status() {
        let mut current = Product { slug: "cup".into(), seller_id: "s".into(), ..cup() };
        current.set_status(Status::Draft);
        let replaced = replace(&current, Product { title: "Mug".into(), ..Default::default() });
        assert_eq!((replaced.product_id.as_str(), replaced.slug.as_str()), ("1", "cup"));
        assert_eq!((replaced.status(), replaced.brand.as_str()), (Status::Draft, ""));
        assert!(!same(&current, &replaced));
        assert!(same(&current, &Product { etag: "9".into(), ..current.clone() }));
    }
}
