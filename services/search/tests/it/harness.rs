//! A running search service over a catalogue that a test fills.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use futures::{Stream, future::BoxFuture, stream};
use search::Config;
use service_kit::{Health, Rpc};
use testkit::Kit;
use tonic::{
    Request, Response, Status,
    body::Body,
    server::{Grpc, ServerStreamingService},
};
use tonic_prost::ProstCodec;
use tower::{service_fn, util::BoxCloneSyncService};
use ultramarket_api::{
    catalog::{
        events::v1::{ProductChanged, ProductDeleted},
        v1::{ExportProductsRequest, Product, Variant, product},
    },
    search::v1::{self as pb, search_service_client::SearchServiceClient},
    r#type::v1::Money,
};

/// What the catalogue has, with the version of each product; it can be away.
#[derive(Clone, Default)]
pub(crate) struct Catalogue {
    products: Arc<Mutex<BTreeMap<String, Product>>>,
    away: Arc<AtomicBool>,
}

impl Catalogue {
    /// Puts a product in, or changes it, without telling anybody.
    pub(crate) fn put(&self, id: &str, title: &str, version: i64) -> ProductChanged {
        let product = product(id, title, version);
        self.products.lock().expect("no test panics here").insert(id.into(), product.clone());
        ProductChanged { product: Some(product), version }
    }

    /// Takes a product out, without telling anybody.
    pub(crate) fn remove(&self, id: &str) {
        self.products.lock().expect("no test panics here").remove(id);
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    fn rpc(&self) -> Rpc {
        let catalogue = self.clone();
        BoxCloneSyncService::new(service_fn(move |request: http::Request<Body>| {
            let catalogue = catalogue.clone();
            async move {
                assert_eq!(request.uri().path(), "/ultramarket.catalog.v1.CatalogService/ExportProducts");
                let codec = ProstCodec::<Product, ExportProductsRequest>::default();
                Ok(Grpc::new(codec).server_streaming(catalogue, request).await)
            }
        }))
    }
}

type Products = std::pin::Pin<Box<dyn Stream<Item = Result<Product, Status>> + Send>>;

impl ServerStreamingService<ExportProductsRequest> for Catalogue {
    type Response = Product;
    type ResponseStream = Products;
    type Future = BoxFuture<'static, Result<Response<Products>, Status>>;

    fn call(&mut self, _: Request<ExportProductsRequest>) -> Self::Future {
        let products: Vec<_> = self.products.lock().expect("no test panics here").values().cloned().map(Ok).collect();
        let away = self.away.load(Ordering::SeqCst);
        Box::pin(async move {
            match away {
                true => Err(service_kit::Error::Unavailable { what: "catalog" }.into()),
                false => Ok(Response::new(Box::pin(stream::iter(products)) as Products)),
            }
        })
    }
}

/// A lamp or the like, red, by Acme, for 42.00 dollars.
pub(crate) fn product(id: &str, title: &str, version: i64) -> Product {
    Product {
        product_id: id.into(),
        title: title.into(),
        brand: "Acme".into(),
        price: Some(Money { currency_code: "USD".into(), amount_minor: 4200 }),
        attributes: [("colour".to_owned(), "Red".to_owned())].into(),
        categories: if title.contains("lamp") { vec!["lamps".into()] } else { Vec::new() },
        variants: vec![Variant { sku: format!("SKU-{id}"), gtins: vec!["4006381333931".into()], ..Variant::default() }],
        etag: version.to_string(),
        status: product::Status::Published.into(),
        ..Product::default()
    }
}

pub(crate) struct Shop {
    pub(crate) kit: Kit,
    pub(crate) catalogue: Catalogue,
    pub(crate) health: Health,
    pub(crate) client: SearchServiceClient<Rpc>,
}

impl Shop {
    /// A shop that sells these: id and title.
    pub(crate) async fn selling(products: &[(&str, &str)]) -> Self {
        let catalogue = Catalogue::default();
        for (id, title) in products {
            catalogue.put(id, title, 1);
        }
        let shop = Self::over(Kit::start(), catalogue).await;
        shop.finds("", products.len()).await;
        shop
    }

    pub(crate) async fn restarted(self) -> Self {
        Self::over(self.kit.restart().await, self.catalogue).await
    }

    pub(crate) async fn over(kit: Kit, catalogue: Catalogue) -> Self {
        kit.register("catalog", catalogue.rpc());
        let config = Config { commit_interval_ms: 10, ..Config::default() };
        let directory = kit.folder().join("search");
        let context = kit.context(search::NAME);
        let health = context.health.clone();
        let service = search::build(context, &directory, config).await.expect("builds");
        kit.run(&service);
        let client = SearchServiceClient::new(kit.rpc(search::NAME));
        Self { kit, catalogue, health, client }
    }

    pub(crate) async fn search(&self, request: pb::SearchRequest) -> Result<pb::SearchResponse, Status> {
        self.client.clone().search(request).await.map(Response::into_inner)
    }

    /// The ids that a search for words finds.
    pub(crate) async fn ids(&self, query: &str) -> Vec<String> {
        let found = self.search(words(query)).await.expect("searches");
        found.results.into_iter().filter_map(|result| Some(result.product?.product_id)).collect()
    }

    /// Waits until a search finds so many.
    pub(crate) async fn finds(&self, query: &str, count: usize) {
        let what = format!("finding {count} for {query:?}");
        testkit::eventually(&what, async || (self.ids(query).await.len() == count).then_some(())).await;
    }

    /// The catalogue changes a product and tells.
    pub(crate) async fn changed(&self, id: &str, title: &str, version: i64) {
        let event = self.catalogue.put(id, title, version);
        self.kit.publish(id, &event).await;
    }

    /// The catalogue takes a product out and tells.
    pub(crate) async fn deleted(&self, id: &str, version: i64) {
        self.catalogue.remove(id);
        self.kit.publish(id, &ProductDeleted { product_id: id.into(), version, ..ProductDeleted::default() }).await;
    }
}

pub(crate) fn words(query: &str) -> pb::SearchRequest {
    pb::SearchRequest { query: query.into(), ..pb::SearchRequest::default() }
}
