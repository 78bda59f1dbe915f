//! A product as it is stored, as events carry it and as it is served: encoded.
//!
//! Taking a product apart into its parts and putting it together again is most of what reading one costs. Reads
//! therefore pass the bytes on and look only at the few fields that they decide by.

use bytes::Bytes;
use prost::{Message, Name};
use ultramarket_api::catalog::{events::v1 as events, v1::Product};

/// An encoded product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot(Bytes);

/// The fields of a product that reads decide by. The others are skipped without being looked at.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Head {
    #[prost(string, tag = "1")]
    pub product_id: String,
    #[prost(string, tag = "3")]
    pub slug: String,
    #[prost(message, optional, tag = "13")]
    pub create_time: Option<prost_types::Timestamp>,
    #[prost(string, tag = "15")]
    pub seller_id: String,
    #[prost(enumeration = "ultramarket_api::catalog::v1::product::Status", tag = "16")]
    pub status: i32,
}

impl Snapshot {
    /// The product, encoded.
    pub(crate) fn of(product: &Product) -> Self {
        Self(product.encode_to_vec().into())
    }

    /// What was stored before.
    pub(crate) fn from_stored(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    /// The encoded product.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// What reads decide by.
    pub(crate) fn head(&self) -> Result<Head, db::Error> {
        Head::decode(self.0.clone()).map_err(corrupt)
    }

    /// The whole product.
    pub(crate) fn product(&self) -> Result<Product, db::Error> {
        Product::decode(self.0.clone()).map_err(corrupt)
    }
}

fn corrupt(error: prost::DecodeError) -> db::Error {
    db::Error::Corrupt { what: "a product", source: error.into() }
}

/// `ListProductsResponse` with products that are encoded already: a message within a message is its bytes.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Page {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    pub products: Vec<Bytes>,
    #[prost(string, tag = "2")]
    pub next_page_token: String,
}

/// `ProductChanged` with a product that is encoded already.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Changed {
    #[prost(bytes = "bytes", tag = "1")]
    pub product: Bytes,
    #[prost(int64, tag = "2")]
    pub version: i64,
}

impl Name for Changed {
    const NAME: &'static str = events::ProductChanged::NAME;
    const PACKAGE: &'static str = events::ProductChanged::PACKAGE;
}

#[cfg(test)]
mod tests {
    use ultramarket_api::catalog::v1 as pb;

    use super::*;

    fn cup() -> Product {
        let attributes = [("colour".to_owned(), "blue".to_owned())].into();
        let mut cup = Product {
            product_id: "1".into(),
            slug: "cup".into(),
            title: "Cup".into(),
            seller_id: "bob".into(),
            create_time: Some(prost_types::Timestamp { seconds: 7, nanos: 0 }),
            variants: vec![pb::Variant { sku: "CUP".into(), ..Default::default() }],
            attributes,
            ..Default::default()
        };
        cup.set_status(pb::product::Status::Draft);
        cup
    }

    #[test]
    fn a_head_is_that_of_its_product() {
        let head = Snapshot::of(&cup()).head().expect("decodes");
        assert_eq!((head.product_id.as_str(), head.slug.as_str(), head.seller_id.as_str()), ("1", "cup", "bob"));
        assert_eq!((head.status(), head.create_time), (pb::product::Status::Draft, cup().create_time));
    }

    #[test]
    fn what_is_made_of_snapshots_is_read_as_the_contract_says() {
        let snapshot = Snapshot::of(&cup());
        assert_eq!(snapshot.product().expect("decodes"), cup());

        let page = Page { products: vec![snapshot.bytes().clone(); 2], next_page_token: "next".into() };
        let read = pb::ListProductsResponse::decode(&*page.encode_to_vec()).expect("decodes");
        let next_page_token = "next".into();
        assert_eq!(read, pb::ListProductsResponse { products: vec![cup(), cup()], next_page_token });

        let changed = Changed { product: snapshot.bytes().clone(), version: 3 };
        let read = events::ProductChanged::decode(&*changed.encode_to_vec()).expect("decodes");
        assert_eq!(read, events::ProductChanged { product: Some(cup()), version: 3 });
        assert_eq!(Changed::full_name(), events::ProductChanged::full_name());
    }
}
