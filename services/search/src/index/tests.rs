mod finding;
mod hostile;
mod keeping;
mod narrowing;
mod suggesting;

use tempfile::TempDir;
use ultramarket_api::{
    catalog::v1::{Product, Variant, product::Status},
    search::v1::SearchResponse,
    r#type::v1::Money,
};

use super::{Change, Index, Request};
use crate::domain::{Filter, Order};

/// An index of a few products, in a folder of its own.
struct Shelf {
    folder: TempDir,
    index: Index,
}

const FACETS: &[&str] = &["colour", "size"];

fn facets() -> Vec<String> {
    FACETS.iter().map(|name| (*name).to_owned()).collect()
}

impl Shelf {
    fn of(products: impl IntoIterator<Item = Product>) -> Self {
        let folder = tempfile::tempdir().expect("there is room");
        let index = Index::open(folder.path(), &facets()).expect("opens");
        let shelf = Self { folder, index };
        shelf.put(products, 1);
        shelf
    }

    fn put(&self, products: impl IntoIterator<Item = Product>, version: u64) -> usize {
        self.change(products.into_iter().map(|product| Change::Put(Box::new(product), version)))
    }

    fn change(&self, changes: impl IntoIterator<Item = Change>) -> usize {
        let taken = self.index.apply(changes).expect("applies");
        self.index.commit().expect("commits");
        taken
    }

    fn reopened(self) -> Self {
        drop(self.index);
        let index = Index::open(self.folder.path(), &facets()).expect("opens again");
        Self { folder: self.folder, index }
    }

    /// What a search finds: ids in order, and all the rest.
    fn search(&self, query: &str) -> (Vec<String>, SearchResponse) {
        self.search_by(query, "", Order::Relevance)
    }

    fn search_by(&self, query: &str, filter: &str, order: Order) -> (Vec<String>, SearchResponse) {
        let filter = Filter::parse(filter).expect("parses");
        let found =
            self.index.search(&Request { query, filter: &filter, order, offset: 0, limit: 100 }).expect("searches");
        let ids = found.results.iter().filter_map(|result| Some(result.product.as_ref()?.product_id.clone())).collect();
        let total_size = i32::try_from(found.total).expect("few");
        (ids, SearchResponse { results: found.results, facets: found.facets, total_size, ..SearchResponse::default() })
    }

    fn ids(&self, query: &str) -> Vec<String> {
        self.search(query).0
    }

    fn filtered(&self, query: &str, filter: &str) -> Vec<String> {
        let mut ids = self.search_by(query, filter, Order::Relevance).0;
        ids.sort();
        ids
    }
}

/// A product by its id and title, published, for 10.00 dollars.
fn product(id: &str, title: &str) -> Product {
    Product {
        product_id: id.into(),
        title: title.into(),
        etag: "1".into(),
        price: Some(Money { currency_code: "USD".into(), amount_minor: 1000 }),
        variants: vec![Variant { sku: format!("SKU-{id}"), ..Variant::default() }],
        status: Status::Published.into(),
        ..Product::default()
    }
}

trait With {
    fn brand(self, brand: &str) -> Self;
    fn described(self, description: &str) -> Self;
    fn attribute(self, name: &str, value: &str) -> Self;
    fn category(self, category: &str) -> Self;
    fn priced(self, minor: i64) -> Self;
}

impl With for Product {
    fn brand(mut self, brand: &str) -> Self {
        self.brand = brand.into();
        self
    }

    fn described(mut self, description: &str) -> Self {
        self.description = description.into();
        self
    }

    fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    fn category(mut self, category: &str) -> Self {
        self.categories.push(category.into());
        self
    }

    fn priced(mut self, minor: i64) -> Self {
        self.price = Some(Money { currency_code: "USD".into(), amount_minor: minor });
        self
    }
}
