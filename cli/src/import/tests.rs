//! An import against a marketplace that remembers what it is told and fails when it is told to.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard},
};

use futures::StreamExt;
use kernel::Currency;
use service_kit::{Error, Rpc};
use tonic::{Request, Response, Status, Streaming, body::Body, server::Grpc};
use tonic_prost::ProstCodec;
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};
use ultramarket_api::{
    catalog::v1::{
        ImportError, ImportProductsRequest, ImportProductsResponse, ListCategoriesRequest, ListCategoriesResponse,
        Product,
    },
    identity::v1::{LoginRequest, TokenResponse},
    inventory::v1::{BatchAdjustStockRequest, BatchAdjustStockResponse, adjust_stock_request::Change},
};

use super::{
    Plan,
    credentials::{Authority, Credentials},
    entry::{Content, Finding},
    pipeline, source,
    tally::Tally,
    target::{Services, Target},
};
use crate::{
    args::Format,
    exit::{Exit, Failure},
};

/// A marketplace that remembers.
#[derive(Default)]
struct Market {
    products: BTreeMap<String, Product>,
    stock: BTreeMap<String, i64>,
    keys: BTreeSet<String>,
    /// What the next calls to change something are answered with.
    failures: VecDeque<Status>,
    /// How often somebody signed in; also the only token that is valid.
    logins: usize,
    calls: usize,
}

type Shared = Arc<Mutex<Market>>;

fn lock(market: &Shared) -> MutexGuard<'_, Market> {
    market.lock().expect("no test panics with the lock")
}

fn rpc(market: &Shared) -> Rpc {
    let market = Arc::clone(market);
    let routed = service_fn(move |request: http::Request<Body>| route(Arc::clone(&market), request));
    BoxCloneSyncService::new(routed.map_err(|never: Infallible| match never {}))
}

async fn route(market: Shared, request: http::Request<Body>) -> Result<http::Response<Body>, Infallible> {
    let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    let signed_in = request.headers().get("authorization").map(|value| value.to_str().expect("ASCII").to_owned());
    let key = request.headers().get("idempotency-key").map(|value| value.to_str().expect("ASCII").to_owned());
    let authorized = signed_in == Some(format!("Bearer {}", lock(&market).logins));
    Ok(match method.as_str() {
        "Login" => {
            let login = service_fn(move |request| std::future::ready(login(&market, &request)));
            Grpc::new(ProstCodec::default()).unary(login, request).await
        }
        _ if !authorized => Status::from(Error::InvalidToken).into_http(),
        "ListCategories" => {
            let list = service_fn(|_: Request<ListCategoriesRequest>| {
                std::future::ready(Ok(Response::new(ListCategoriesResponse::default())))
            });
            Grpc::new(ProstCodec::default()).unary(list, request).await
        }
        "ImportProducts" => {
            let import = service_fn(move |request| import(Arc::clone(&market), request));
            Grpc::new(ProstCodec::default()).client_streaming(import, request).await
        }
        "BatchAdjustStock" => {
            let key = key.expect("adjusting stock needs a key");
            let adjust = service_fn(move |request| std::future::ready(adjust(&market, &key, request)));
            Grpc::new(ProstCodec::default()).unary(adjust, request).await
        }
        other => panic!("an import does not call {other}"),
    })
}

fn login(market: &Shared, request: &Request<LoginRequest>) -> Result<Response<TokenResponse>, Status> {
    if request.get_ref().password != "secret" {
        return Err(Error::InvalidToken.into());
    }
    let mut market = lock(market);
    market.logins += 1;
    Ok(Response::new(TokenResponse { access_token: market.logins.to_string(), ..TokenResponse::default() }))
}

async fn import(
    market: Shared,
    request: Request<Streaming<ImportProductsRequest>>,
) -> Result<Response<ImportProductsResponse>, Status> {
    let requests: Vec<_> = request.into_inner().map(|request| request.expect("a whole message")).collect().await;
    let mut market = lock(&market);
    market.calls += 1;
    if let Some(status) = market.failures.pop_front() {
        return Err(status);
    }
    let titled =
        |title: &str| requests.iter().any(|request| request.product.as_ref().is_some_and(|p| p.title == title));
    if titled("poison") {
        return Err(Error::InvalidRequest(Vec::new()).into());
    }
    let dry_run = requests.first().is_some_and(|request| request.validate_only);
    let mut reply = ImportProductsResponse::default();
    for ImportProductsRequest { line, product, .. } in requests {
        let product = product.expect("a request has a product");
        if product.title == "refused" {
            reply.failed_count += 1;
            reply.errors.push(ImportError { line, reason: "SKU_TAKEN".into(), message: "no".into() });
            continue;
        }
        let skus = product.variants.iter().enumerate().map(|(at, variant)| match variant.sku.as_str() {
            "" => format!("{}-{at}", product.external_id),
            sku => sku.to_owned(),
        });
        reply.skus.extend(skus);
        match market.products.get(&product.external_id) {
            None => reply.created_count += 1,
            Some(known) if *known == product => reply.unchanged_count += 1,
            Some(_) => reply.updated_count += 1,
        }
        if !dry_run {
            market.products.insert(product.external_id.clone(), product);
        }
    }
    Ok(Response::new(reply))
}

fn adjust(
    market: &Shared,
    key: &str,
    request: Request<BatchAdjustStockRequest>,
) -> Result<Response<BatchAdjustStockResponse>, Status> {
    let mut market = lock(market);
    market.calls += 1;
    if let Some(status) = market.failures.pop_front() {
        return Err(status);
    }
    let adjustments = request.into_inner().adjustments;
    if adjustments.iter().any(|adjustment| adjustment.sku == "UNKNOWN") {
        return Err(Error::InvalidRequest(Vec::new()).into());
    }
    market.keys.insert(key.to_owned());
    for adjustment in adjustments {
        let Some(Change::Initial(quantity)) = adjustment.change else { panic!("an import sets initial stock") };
        market.stock.entry(adjustment.sku).or_insert(quantity);
    }
    Ok(Response::new(BatchAdjustStockResponse::default()))
}

fn credentials(password: &str) -> Authority {
    Authority::Credentials(Credentials { email: "admin@localhost".into(), password: password.into() })
}

const PLAN: Plan = Plan { stock: None, dry_run: false };

/// What an import of NDJSON comes to.
async fn run(market: &Shared, plan: Plan, text: String) -> Result<(Tally, Vec<Finding>), Failure> {
    let usd: Currency = "USD".parse().expect("a known currency");
    let entries = source::entries(std::io::Cursor::new(text), Format::Ndjson, usd).expect("reads");
    let target = Target::new(Services::at(&rpc(market)), "the market", credentials("secret")).await?;
    let (mut tally, mut findings) = (Tally::default(), Vec::new());
    pipeline::run(entries, 0, &target, plan, |outcome| {
        tally += outcome.tally;
        findings.extend(outcome.findings);
    })
    .await?;
    findings.sort_by_key(|finding| finding.line);
    Ok((tally, findings))
}

fn product(number: usize, title: &str) -> String {
    format!(
        "{{\"sourceId\":\"{number}\",\"title\":\"{title}\",\"price\":{{\"currencyCode\":\"USD\",\"amountMinor\":1}}}}\n"
    )
}

fn products(count: usize) -> String {
    (1..=count).map(|number| product(number, "A")).collect()
}

#[tokio::test]
async fn importing_twice_changes_nothing() {
    let market = Shared::default();
    let plan = Plan { stock: Some(5), ..PLAN };
    let (tally, findings) = run(&market, plan, products(1_203)).await.expect("imports");
    assert_eq!((tally, findings), (Tally { created: 1_203, stocked: 1_203, ..Tally::default() }, vec![]));
    let keys = {
        let mut market = lock(&market);
        assert_eq!((market.products.len(), market.stock.len()), (1_203, 1_203));
        market.stock.insert("7-0".into(), 2);
        market.keys.clone()
    };

    let (tally, _) = run(&market, plan, products(1_203)).await.expect("imports");
    assert_eq!(tally, Tally { unchanged: 1_203, stocked: 1_203, ..Tally::default() });
    assert_eq!(lock(&market).stock["7-0"], 2, "stock that has moved since stays");
    assert_eq!(lock(&market).keys, keys, "the same request has the same key");
}

#[tokio::test]
async fn a_dry_run_sets_neither_products_nor_stock() {
    let market = Shared::default();
    let plan = Plan { stock: Some(5), dry_run: true };
    let (tally, _) = run(&market, plan, products(3)).await.expect("checks");
    assert_eq!(tally, Tally { created: 3, ..Tally::default() });
    assert!(lock(&market).products.is_empty() && lock(&market).stock.is_empty());
}

#[tokio::test]
async fn what_is_refused_costs_nothing_else_and_is_told_by_line() {
    let market = Shared::default();
    let unknown = product(9, "A").replace("\"title\"", "\"sku\":\"UNKNOWN\",\"title\"");
    let lines =
        [&product(1, "A"), &product(2, "poison"), "nonsense\n", &product(4, "refused"), &product(5, "A"), &unknown];
    let (tally, findings) = run(&market, Plan { stock: Some(1), ..PLAN }, lines.concat()).await.expect("imports");
    assert_eq!(tally, Tally { created: 3, failed: 3, stocked: 2, ..Tally::default() });
    let told: Vec<_> = findings.iter().map(|finding| (finding.line, finding.message.as_str())).collect();
    assert_eq!(
        told,
        [
            (2, "the request is not valid"),
            (3, "expected ident (column 2)"),
            (4, "no (SKU_TAKEN)"),
            (6, "stock of UNKNOWN: the request is not valid"),
        ]
    );
    assert_eq!(lock(&market).stock.keys().collect::<Vec<_>>(), ["1-0", "5-0"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_does_not_get_through_is_made_again() {
    let market = Shared::default();
    let away = || Error::Unavailable { what: "catalog" };
    lock(&market).failures.extend([away().into(), Error::CallInFlight.into(), Error::Overloaded.into()]);
    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    lock(&market).failures.push_back(Status::from_error(Box::new(broken)));
    let (tally, findings) = run(&market, Plan { stock: Some(1), ..PLAN }, products(1)).await.expect("imports");
    assert_eq!((tally.created, findings, lock(&market).calls), (1, vec![], 6));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stays_away_ends_the_import() {
    let market = Shared::default();
    lock(&market).failures.extend((0..100).map(|_| Error::Unavailable { what: "catalog" }.into()));
    let failure = run(&market, PLAN, products(1)).await.expect_err("nobody is there");
    assert_eq!((failure.exit(), lock(&market).calls), (Exit::Unavailable, 9));
    assert_eq!(failure.to_string(), "cannot reach the market: catalog cannot be reached");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_has_run_out_is_renewed() {
    let market = Shared::default();
    lock(&market).failures.push_back(Error::InvalidToken.into());
    let (tally, _) = run(&market, PLAN, products(1)).await.expect("imports");
    assert_eq!((tally.created, lock(&market).logins), (1, 2));
}

#[tokio::test]
async fn who_may_not_import_is_told_at_once() {
    let market = Shared::default();
    lock(&market).failures.push_back(Error::MissingRole { roles: vec!["ADMIN".into()] }.into());
    let failure = run(&market, PLAN, products(1)).await.expect_err("is no administrator");
    assert_eq!((failure.exit(), lock(&market).calls), (Exit::NoPermission, 1));

    for authority in [credentials("wrong"), Authority::Token("wrong".into())] {
        let services = Services::at(&rpc(&market));
        let failure = Target::new(services, "the market", authority).await.err().expect("is refused");
        assert_eq!(failure.exit(), Exit::NoPermission);
        assert_eq!(failure.to_string(), "the server refuses the credentials: the access token is not valid");
    }
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_told_in_a_sentence() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("has an address"));
    drop(listener);
    let failure = Target::connect(&url, credentials("secret")).await.err().expect("nobody listens");
    assert_eq!(failure.exit(), Exit::Unavailable);
    assert!(failure.to_string().starts_with(&format!("cannot reach {url}: Connection refused")), "{failure}");

    let failure = Target::connect("https://localhost", credentials("secret")).await.err().expect("no TLS");
    assert_eq!(failure.exit(), Exit::Usage);
}

/// Counts the products of a file of the real catalogue that are read whole, and everything said about the others.
fn read_real(file: &str) -> Option<(usize, Vec<Finding>)> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(file);
    if !path.exists() {
        eprintln!("skipped: the real catalogue is not at {}", path.display());
        return None;
    }
    let usd = "USD".parse().expect("a known currency");
    let entries: Vec<_> = source::open(&path, Format::Auto, usd).expect("opens").entries.collect();
    let products = entries.iter().filter(|entry| matches!(entry.content, Content::Product(_))).count();
    Some((products, entries.into_iter().flat_map(|entry| entry.findings).collect()))
}

#[test]
fn the_real_catalogue_is_read_whole() {
    if let Some((products, findings)) = read_real("products.ndjson.gz") {
        assert_eq!((products, findings), (19_406, vec![]));
    }
    if let Some((products, findings)) = read_real("products-shopify.csv.gz") {
        assert_eq!((products, findings), (2_000, vec![]));
    }
}
