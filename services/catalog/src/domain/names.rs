//! Names that must be unique in the whole marketplace: slugs of products and SKUs of variants.
//!
//! A name that was asked for is given or refused. A name that was not asked for is made from the product, the same
//! each time: readable if that is free, with something of the product's id otherwise.

use std::collections::{HashMap, HashSet};

use ultramarket_api::catalog::v1::{Product, Variant};

use super::slug;
use crate::Error;

/// How much of an external id or a variant's title goes into a made name; both fit the contract's limits together.
const MAX_BASE: usize = 60;
const MAX_PART: usize = 24;

/// The names that are given already, each with the id of its product.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// SKUs, those of deleted products too: old orders must not become ambiguous.
    pub skus: HashMap<String, String>,
    /// Slugs of products that are not deleted.
    pub slugs: HashMap<String, String>,
}

impl Names {
    /// Learns of more names that are given.
    pub(crate) fn extend(&mut self, more: Self) {
        self.skus.extend(more.skus);
        self.slugs.extend(more.slugs);
    }

    /// Gives the product, which has its id, a slug and each variant a SKU.
    pub(crate) fn assign(&mut self, product: &mut Product) -> Result<(), Error> {
        let mut candidates = slug_candidates(product);
        let slug = candidates.iter().find(|slug| is_free(&self.slugs, slug, product));
        let slug = slug.cloned().ok_or_else(|| Error::SlugTaken { slug: candidates.swap_remove(0) })?;
        let mut own: HashSet<String> =
            product.variants.iter().map(|variant| variant.sku.clone()).filter(|sku| !sku.is_empty()).collect();
        let mut skus = Vec::with_capacity(product.variants.len());
        for index in 0..product.variants.len() {
            let asked = !product.variants[index].sku.is_empty();
            let candidates = sku_candidates(product, index);
            let free = |sku: &&String| is_free(&self.skus, sku, product) && (asked || !own.contains(*sku));
            let Some(sku) = candidates.iter().find(free).cloned() else {
                return Err(Error::SkuTaken { sku: candidates.into_iter().next().unwrap_or_default() });
            };
            own.insert(sku.clone());
            skus.push(sku);
        }
        for (variant, sku) in product.variants.iter_mut().zip(skus) {
            self.skus.insert(sku.clone(), product.product_id.clone());
            variant.sku = sku;
        }
        self.slugs.insert(slug.clone(), product.product_id.clone());
        product.slug = slug;
        Ok(())
    }
}

/// The slugs that [`Names::assign`] may give the product, in its order of preference.
pub(crate) fn slug_candidates(product: &Product) -> Vec<String> {
    if !product.slug.is_empty() {
        return vec![product.slug.clone()];
    }
    let base = made_slug(product);
    let external = cut(&slug::of(&product.external_id), MAX_BASE).to_owned();
    let with = |suffix: &str| format!("{base}-{suffix}");
    let mut candidates = vec![base.clone()];
    candidates.extend((!external.is_empty()).then(|| with(&external)));
    candidates.push(with(short(&product.product_id)));
    candidates
}

/// The SKUs that [`Names::assign`] may give the variant, in its order of preference.
pub(crate) fn sku_candidates(product: &Product, index: usize) -> Vec<String> {
    let variant = &product.variants[index];
    if !variant.sku.is_empty() {
        return vec![variant.sku.clone()];
    }
    let base = sku_base(product);
    let short = short(&product.product_id).to_ascii_uppercase();
    if product.variants.len() == 1 {
        let longer = format!("{base}-{short}");
        return vec![base, longer];
    }
    let number = (index + 1).to_string();
    let part = match cut(&slug::of(&variant.title), MAX_PART).to_ascii_uppercase() {
        part if part.is_empty() => number.clone(),
        part => part,
    };
    vec![format!("{base}-{part}"), format!("{base}-{short}-{number}")]
}

/// Lets variants that come without a SKU keep that of the variant with the same title before.
pub(crate) fn keep_skus(variants: &mut [Variant], before: &[Variant]) {
    let mut own: HashSet<String> = variants.iter().map(|variant| variant.sku.clone()).collect();
    for variant in variants.iter_mut().filter(|variant| variant.sku.is_empty()) {
        let kept = before.iter().find(|old| old.title == variant.title && !own.contains(&old.sku));
        if let Some(kept) = kept {
            own.insert(kept.sku.clone());
            variant.sku.clone_from(&kept.sku);
        }
    }
}

fn is_free(given: &HashMap<String, String>, name: &str, product: &Product) -> bool {
    given.get(name).is_none_or(|owner| *owner == product.product_id)
}

fn made_slug(product: &Product) -> String {
    match slug::of(&product.title) {
        slug if slug.is_empty() => "product".to_owned(),
        slug => slug,
    }
}

/// The external id in the letters of a SKU, or else the slug.
fn sku_base(product: &Product) -> String {
    let letter = |letter: char| match letter.to_ascii_uppercase() {
        letter if letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-') => letter,
        _ => '-',
    };
    let external: String = product.external_id.chars().map(letter).collect();
    let external = external.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
    if !external.is_empty() {
        return cut(external, MAX_BASE).to_owned();
    }
    let slug = if product.slug.is_empty() { made_slug(product) } else { product.slug.clone() };
    cut(&slug, MAX_BASE).to_ascii_uppercase()
}

/// The random end of a UUIDv7.
fn short(id: &str) -> &str {
    &id[id.len().saturating_sub(8)..]
}

/// The beginning of an ASCII text, without a dash at its end.
fn cut(text: &str, length: usize) -> &str {
    text.get(..length).unwrap_or(text).trim_end_matches('-')
}

#[cfg(test)]
mod tests;
