//! CPU time of the edge for one request, without sockets: `cargo bench -p gateway`.
//!
//! Requests go through everything that a request goes through, from routing to printing; the service behind it
//! answers with bytes that are there already. What is printed is the time per request and the bytes per second of
//! JSON. One thread, so that time is CPU time.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::Arc,
    time::Instant,
};

use bytes::Bytes;
use gateway::{Auth, Config, Gateway, Parts};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use kernel::SystemIds;
use prost::Message;
use service_kit::{Contract, Health, Rpc, Tasks};
use tonic::{Status, body::Body};
use tower::{service_fn, util::BoxCloneSyncService};
use ultramarket_api::{
    catalog::v1::{ListProductsResponse, Product, Variant},
    r#type::v1::Money,
};

const ROUNDS: u32 = 20_000;
const WARM_UP: u32 = 2_000;

fn product(number: usize) -> Product {
    let price = || Some(Money { currency_code: "USD".into(), amount_minor: 129_900 });
    let variant = |size: &str| Variant {
        sku: format!("LAPTOP-{number}-{size}"),
        title: size.into(),
        price: price(),
        gtins: vec!["4006381333931".into()],
    };
    Product {
        product_id: "0197a7d2-3c5e-7d1a-9a44-8e1f1c7f2b10".into(),
        slug: format!("hp-pavilion-laptop-{number}"),
        title: format!("HP Pavilion 15.6\" Laptop, Model {number}"),
        brand: "HP".into(),
        description: "A laptop for work and play with a bright screen, a quiet keyboard and a battery for the day. "
            .repeat(3),
        price: price(),
        categories: vec!["computers".into(), "laptops".into()],
        attributes: BTreeMap::from([("colour".into(), "silver".into()), ("memory".into(), "16 GB".into())]),
        images: vec![format!("https://images.example/{number}/front.jpg")],
        variants: vec![variant("8GB"), variant("16GB")],
        etag: "1".into(),
        create_time: Some(prost_types::Timestamp { seconds: 1_763_656_200, nanos: 0 }),
        update_time: Some(prost_types::Timestamp { seconds: 1_763_656_200, nanos: 123_456_000 }),
        ..Product::default()
    }
}

/// A service that answers every call with these bytes.
fn upstream(replies: HashMap<&'static str, Bytes>) -> Rpc {
    let replies = Arc::new(replies);
    BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
        let method = request.uri().path().rsplit('/').next().unwrap_or_default();
        let message = replies.get(method).cloned().unwrap_or(Bytes::from_static(&[0; 5]));
        async move {
            request.into_body().collect().await?;
            let trailers =
                HeaderMap::from_iter([(HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"))]);
            let frames = [Ok::<_, Status>(Frame::data(message)), Ok(Frame::trailers(trailers))];
            let mut response = Response::new(Body::new(StreamBody::new(futures::stream::iter(frames))));
            response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
            Ok(response)
        }
    }))
}

fn framed(message: &impl Message) -> Bytes {
    let encoded = message.encode_to_vec();
    let length = u32::try_from(encoded.len()).expect("is small").to_be_bytes();
    [&[0], &length[..], &encoded[..]].concat().into()
}

fn gateway() -> Gateway {
    let contract = Arc::new(Contract::ultramarket());
    let replies = HashMap::from([
        ("GetProduct", framed(&product(0))),
        (
            "ListProducts",
            framed(&ListProductsResponse { products: (0..50).map(product).collect(), ..Default::default() }),
        ),
        ("CreateProduct", framed(&Product::default())),
    ]);
    let rpc = upstream(replies);
    let parts = Parts {
        upstreams: contract.methods().map(|method| (method.service.clone(), rpc.clone())).collect(),
        contract,
        auth: Auth::Off,
        health: Health::new(),
        ids: Arc::new(SystemIds),
        tasks: Tasks::new(),
    };
    Gateway::build(Config { access_log: false, ..Config::default() }, parts).expect("builds")
}

#[expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]
async fn measure(gateway: &Gateway, name: &str, method: &str, target: &str, body: Bytes) {
    let peer = SocketAddr::from(([127, 0, 0, 1], 1));
    let mut size = body.len();
    let mut begun = Instant::now();
    for round in 0..ROUNDS + WARM_UP {
        if round == WARM_UP {
            begun = Instant::now();
        }
        let mut request = Request::new(Body::new(Full::new(body.clone()).map_err(|never| match never {})));
        *request.method_mut() = method.parse().expect("is a method");
        *request.uri_mut() = target.parse().expect("is a target");
        let response = gateway.handle(request, peer).await;
        assert!(response.status().is_success(), "{name}: {}", response.status());
        let answer = response.into_body().collect().await.expect("does not break off").to_bytes();
        size = size.max(answer.len());
    }
    let each = begun.elapsed() / ROUNDS;
    let rate = size as f64 / each.as_secs_f64() / 1e6;
    println!("{name:<28} {size:>7} B {:>9.1} µs {rate:>8.0} MB/s", each.as_secs_f64() * 1e6);
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let gateway = gateway();
        let create = serde_json::json!({
            "title": "HP Pavilion", "price": {"currencyCode": "USD", "amountMinor": "129900"},
            "description": "A laptop for work and play. ".repeat(60),
            "attributes": {"colour": "silver", "memory": "16 GB"},
            "variants": [{"sku": "A-1", "title": "8GB"}, {"sku": "A-2", "title": "16GB"}],
        });
        let id = "/api/v1/products/0197a7d2-3c5e-7d1a-9a44-8e1f1c7f2b10";
        measure(&gateway, "an empty reply", "GET", "/api/v1/categories", Bytes::new()).await;
        measure(&gateway, "read one product", "GET", id, Bytes::new()).await;
        measure(&gateway, "list of 50 products", "GET", "/api/v1/products?pageSize=50", Bytes::new()).await;
        measure(&gateway, "create a product", "POST", "/api/v1/products", create.to_string().into()).await;
    });
}
