//! The real contract: every route of it compiles, and leads where its document says.

use std::{collections::HashMap, convert::Infallible, sync::Arc};

use gateway::{Auth, Config, Gateway, Parts};
use kernel::SystemIds;
use service_kit::{Contract, Health, Rpc, Tasks};
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

fn nobody() -> Rpc {
    let nobody = service_fn(|_| async { Ok::<_, Infallible>(http::Response::new(tonic::body::Body::empty())) });
    BoxCloneSyncService::new(nobody.map_err(|never| match never {}))
}

fn parts(contract: &Arc<Contract>, upstreams: HashMap<String, Rpc>) -> Parts {
    Parts {
        contract: Arc::clone(contract),
        upstreams,
        auth: Auth::Off,
        health: Health::new(),
        ids: Arc::new(SystemIds),
        tasks: Tasks::new(),
    }
}

#[tokio::test]
async fn the_gateway_of_the_marketplace_builds() {
    let contract = Arc::new(Contract::ultramarket());
    let services = contract.methods().map(|method| (method.service.clone(), nobody())).collect();
    let gateway = Gateway::build(Config::default(), parts(&contract, services)).expect("builds");
    let document: serde_json::Value = serde_json::from_str(gateway.openapi()).expect("is JSON");
    for path in ["/api/v1/products/{productId}", "/api/v1/orders/{orderId}:watch", "/api/v1/auth/login"] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
}

#[tokio::test]
async fn everything_that_is_wrong_with_the_settings_is_told_at_once() {
    let contract = Arc::new(Contract::ultramarket());
    let mut config =
        Config { allowed_origins: vec!["nonsense".into()], forwarded_headers: vec!["a b".into()], ..Config::default() };
    config.rate_limits.auth.calls = 0;
    let upstreams = HashMap::from([("no.Such".to_owned(), nobody())]);
    let error = Gateway::build(config, parts(&contract, upstreams)).expect_err("is wrong").to_string();
    for part in [
        "`nonsense` is no origin",
        "`a b` is no header",
        "rate limit `auth`",
        "no.Such is no service",
        "nobody says where",
    ] {
        assert!(error.contains(part), "{error} lacks {part}");
    }
}
