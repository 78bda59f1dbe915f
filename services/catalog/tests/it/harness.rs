//! A running catalogue.

use std::time::Duration;

use futures::stream;
use service_kit::Rpc;
use testkit::{Kit, Listener, Person};
use tonic::Status;
use ultramarket_api::{
    catalog::{
        events::v1::{ProductChanged, ProductDeleted},
        v1::{self as pb, catalog_service_client::CatalogServiceClient},
    },
    r#type::v1::Money,
};

pub(crate) struct Shop {
    pub(crate) kit: Kit,
    pub(crate) client: CatalogServiceClient<Rpc>,
    pub(crate) changed: Listener<ProductChanged>,
    pub(crate) deleted: Listener<ProductDeleted>,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let kit = Kit::start();
        let (changed, deleted) = (kit.listen().await, kit.listen().await);
        let db = kit.database(catalog::NAME, catalog::DURABILITY, catalog::migrations()).await;
        let config = catalog::Config { import_batch: 3, ..Default::default() };
        let service = catalog::build(kit.context(catalog::NAME), db, config).await.expect("builds");
        kit.run(&service);
        let client = CatalogServiceClient::new(kit.rpc(catalog::NAME));
        Self { kit, client, changed, deleted }
    }

    pub(crate) fn bob(&self) -> Person {
        self.kit.seller("bob")
    }

    /// The clock stands still in tests; products that are to be told apart by time need it to move.
    pub(crate) fn later(&self) {
        self.kit.advance(Duration::from_millis(10));
    }

    pub(crate) async fn create(&self, who: &Person, product: pb::Product) -> Result<pb::Product, Status> {
        let request = who.request(pb::CreateProductRequest { product: Some(product) });
        self.client.clone().create_product(request).await.map(tonic::Response::into_inner)
    }

    /// A product of bob.
    pub(crate) async fn given(&self, product: pb::Product) -> pb::Product {
        self.create(&self.bob(), product).await.expect("bob may create it")
    }

    pub(crate) async fn update(
        &self,
        who: &Person,
        id: &str,
        patch: pb::Product,
        mask: &[&str],
    ) -> Result<pb::Product, Status> {
        let paths = mask.iter().map(|&path| path.to_owned()).collect();
        let request = pb::UpdateProductRequest {
            product_id: id.to_owned(),
            product: Some(patch),
            update_mask: Some(prost_types::FieldMask { paths }),
        };
        self.client.clone().update_product(who.request(request)).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn delete(&self, who: &Person, id: &str, etag: &str) -> Result<(), Status> {
        let request = pb::DeleteProductRequest { product_id: id.to_owned(), etag: etag.to_owned() };
        self.client.clone().delete_product(who.request(request)).await.map(tonic::Response::into_inner)
    }

    /// As a guest.
    pub(crate) async fn get(&self, id: &str) -> Result<pb::Product, Status> {
        let request = pb::GetProductRequest { product_id: id.to_owned() };
        self.client.clone().get_product(request).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn by_slug(&self, slug: &str) -> Result<pb::Product, Status> {
        let request = pb::GetProductBySlugRequest { slug: slug.to_owned() };
        self.client.clone().get_product_by_slug(request).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn variants(&self, skus: &[&str]) -> Vec<pb::SaleableVariant> {
        let request = pb::BatchGetVariantsRequest { skus: skus.iter().map(|&sku| sku.to_owned()).collect() };
        self.client.clone().batch_get_variants(request).await.expect("everybody may").into_inner().variants
    }

    pub(crate) async fn category(&self, title: &str, parent: &str) -> Result<pb::Category, Status> {
        let category = pb::Category { title: title.into(), parent: parent.into(), ..Default::default() };
        let request = self.kit.admin().request(pb::CreateCategoryRequest { category: Some(category) });
        self.client.clone().create_category(request).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn import(
        &self,
        products: impl IntoIterator<Item = pb::Product>,
        validate_only: bool,
    ) -> pb::ImportProductsResponse {
        let lines = products.into_iter().zip(1..).map(|(product, line)| pb::ImportProductsRequest {
            line,
            product: Some(product),
            validate_only,
        });
        let lines: Vec<_> = lines.collect();
        let request = self.kit.admin().request(stream::iter(lines));
        self.client.clone().import_products(request).await.expect("an administrator may").into_inner()
    }

    /// What has been told of a product, once there is that much.
    pub(crate) async fn told(&mut self, count: usize) -> Vec<ProductChanged> {
        let mut events = Vec::new();
        while events.len() < count {
            events.push(self.changed.next().await);
        }
        events
    }
}

pub(crate) fn usd(amount_minor: i64) -> Option<Money> {
    Some(Money { currency_code: "USD".into(), amount_minor })
}

/// A product for 2.50 dollars.
pub(crate) fn product(title: &str) -> pb::Product {
    pb::Product { title: title.into(), price: usd(250), ..Default::default() }
}

pub(crate) fn imported(external_id: &str, title: &str) -> pb::Product {
    pb::Product { external_id: external_id.into(), ..product(title) }
}

pub(crate) fn variant(sku: &str) -> pb::Variant {
    pb::Variant { sku: sku.into(), ..Default::default() }
}

pub(crate) fn with_variants(title: &str, skus: &[&str]) -> pb::Product {
    pb::Product { variants: skus.iter().map(|sku| variant(sku)).collect(), ..product(title) }
}

pub(crate) fn draft(title: &str) -> pb::Product {
    let mut draft = product(title);
    draft.set_status(pb::product::Status::Draft);
    draft
}

pub(crate) fn skus(product: &pb::Product) -> Vec<&str> {
    product.variants.iter().map(|variant| variant.sku.as_str()).collect()
}
