//! The pipeline around a handler that does as the test says.

use std::sync::atomic::{AtomicUsize, Ordering};

use kernel::{FixedClock, Timestamp};
use tonic::{Code, Request as Call, Response as Reply, codegen::async_trait};
use tower::util::BoxCloneSyncService;
use ultramarket_api::notification::v1::{
    self as pb, notification_service_client::NotificationServiceClient, notification_service_server as server,
};

use super::*;
use crate::{
    Calls, Rpc,
    auth::{AUDIENCE, Claims, KeySource, Keys, Signer},
    reason,
};

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

struct Handler {
    signer: Arc<Signer>,
    finished: Arc<AtomicUsize>,
}

#[async_trait]
impl KeySource for Handler {
    async fn fetch(&self) -> Result<Keys, Error> {
        Ok(self.signer.keys())
    }
}

#[async_trait]
impl server::NotificationService for Handler {
    /// Panics.
    async fn list_notifications(
        &self,
        _: Call<pb::ListNotificationsRequest>,
    ) -> Result<Reply<pb::ListNotificationsResponse>, Status> {
        panic!("a bug")
    }

    /// Works for a while, and says when it has finished.
    async fn mark_read(&self, request: Call<pb::MarkReadRequest>) -> Result<Reply<pb::Notification>, Status> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.finished.fetch_add(1, Ordering::SeqCst);
        let account = Caller::of(&request).account()?.id.clone();
        Ok(Reply::new(pb::Notification { notification_id: account, ..Default::default() }))
    }

    /// Never answers.
    async fn get_preferences(&self, _: Call<pb::GetPreferencesRequest>) -> Result<Reply<pb::Preferences>, Status> {
        std::future::pending().await
    }

    async fn update_preferences(
        &self,
        _: Call<pb::UpdatePreferencesRequest>,
    ) -> Result<Reply<pb::Preferences>, Status> {
        panic!("a bug that changes something")
    }
}

struct Fixture {
    calls: Calls,
    token: String,
    finished: Arc<AtomicUsize>,
}

fn fixture() -> Fixture {
    let signer = Arc::new(Signer::generate().expect("generates").0);
    let finished = Arc::new(AtomicUsize::new(0));
    let handler = || Handler { signer: Arc::clone(&signer), finished: Arc::clone(&finished) };
    let verifier = Arc::new(Verifier::new("test", Arc::new(FixedClock::new(NOW)), handler()));
    let routes = Routes::new(server::NotificationServiceServer::new(handler()));
    let pipeline = Pipeline::new(routes.prepare(), Arc::new(Contract::ultramarket()), verifier, Tasks::new());
    let calls = Calls::new();
    calls.register("notification", BoxCloneSyncService::new(pipeline.map_err(crate::health::infallible)));
    let now = NOW.unix_seconds();
    let token = signer.sign(&Claims {
        iss: "test".into(),
        aud: AUDIENCE.into(),
        sub: "ann".into(),
        iat: now,
        nbf: now,
        exp: now + 900,
        jti: "1".into(),
        sid: "1".into(),
        email: "ann@example.com".into(),
        roles: vec!["CUSTOMER".into()],
    });
    Fixture { calls, token, finished }
}

impl Fixture {
    fn client(&self) -> NotificationServiceClient<Rpc> {
        NotificationServiceClient::new(self.calls.of(Workload::GATEWAY).rpc("notification"))
    }

    fn call<T>(&self, message: T) -> Call<T> {
        let mut call = Call::new(message);
        call.metadata_mut().insert(metadata::AUTHORIZATION, format!("Bearer {}", self.token).parse().expect("ASCII"));
        call
    }

    fn mark_read(&self) -> Call<pb::MarkReadRequest> {
        self.call(pb::MarkReadRequest { notification_id: "0198f2a5-7e6c-7000-8000-000000000000".into() })
    }
}

#[tokio::test(start_paused = true)]
async fn the_account_of_the_token_reaches_the_handler() {
    let fixture = fixture();
    let reply = fixture.client().mark_read(fixture.mark_read()).await.expect("is allowed");
    assert_eq!(reply.into_inner().notification_id, "ann");
}

#[tokio::test(start_paused = true)]
async fn without_a_good_token_the_handler_is_not_reached() {
    let fixture = fixture();
    let mut call = fixture.mark_read();
    for (value, expected) in [
        (None, "MISSING_TOKEN"),
        (Some("Bearer nonsense"), "INVALID_TOKEN"),
        (Some("Basic YW5uOmFubg=="), "INVALID_TOKEN"),
        (Some("Bearer"), "INVALID_TOKEN"),
    ] {
        match value {
            Some(value) => drop(call.metadata_mut().insert(metadata::AUTHORIZATION, value.parse().expect("ASCII"))),
            None => drop(call.metadata_mut().remove(metadata::AUTHORIZATION)),
        }
        let error = fixture.client().mark_read(copy(&call)).await.expect_err("is refused");
        assert_eq!((error.code(), reason(&error).as_deref()), (Code::Unauthenticated, Some(expected)), "{value:?}");
    }
    assert_eq!(fixture.finished.load(Ordering::SeqCst), 0);
}

fn copy(call: &Call<pb::MarkReadRequest>) -> Call<pb::MarkReadRequest> {
    let mut copy = Call::new(call.get_ref().clone());
    *copy.metadata_mut() = call.metadata().clone();
    copy
}

#[tokio::test(start_paused = true)]
async fn an_identity_in_request_data_is_worth_nothing() {
    let fixture = fixture();
    let mut call = fixture.mark_read();
    call.extensions_mut().insert(Workload::named(Workload::GATEWAY));
    let mut stranger = NotificationServiceClient::new(fixture.calls.of("cart").rpc("notification"));
    let error = stranger.mark_read(call).await.expect_err("cart may not");
    assert_eq!(reason(&error).as_deref(), Some("WORKLOAD_NOT_ALLOWED"));

    let mut nobody = NotificationServiceClient::new(fixture.calls.rpc("notification"));
    let error = nobody.mark_read(fixture.mark_read()).await.expect_err("nobody may not");
    assert_eq!(reason(&error).as_deref(), Some("WORKLOAD_NOT_ALLOWED"));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_breaks_its_rules_does_not_reach_the_handler() {
    let fixture = fixture();
    let call = fixture.call(pb::MarkReadRequest { notification_id: "x".into() });
    let error = fixture.client().mark_read(call).await.expect_err("is refused");
    assert_eq!((error.code(), reason(&error).as_deref()), (Code::InvalidArgument, Some("INVALID_REQUEST")));
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_the_call_and_nothing_else() {
    let fixture = fixture();
    let read = fixture.client().list_notifications(fixture.call(pb::ListNotificationsRequest::default())).await;
    assert_eq!(read.expect_err("panics").code(), Code::Internal);
    let change = pb::UpdatePreferencesRequest { preferences: Some(pb::Preferences::default()), update_mask: None };
    let written = fixture.client().update_preferences(fixture.call(change)).await;
    assert_eq!(written.expect_err("panics").code(), Code::Internal);
    assert!(fixture.client().mark_read(fixture.mark_read()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_at_its_policys_or_its_callers_deadline() {
    let fixture = fixture();
    let begun = Instant::now();
    let call = fixture.call(pb::GetPreferencesRequest {});
    let error = fixture.client().get_preferences(call).await.expect_err("takes too long");
    assert_eq!((error.code(), reason(&error).as_deref()), (Code::DeadlineExceeded, Some("DEADLINE_EXCEEDED")));
    assert_eq!(begun.elapsed().as_secs(), 3);

    let begun = Instant::now();
    let mut call = fixture.call(pb::GetPreferencesRequest {});
    call.set_timeout(Duration::from_millis(500));
    let error = fixture.client().get_preferences(call).await.expect_err("takes too long");
    assert_eq!((error.code(), begun.elapsed().as_millis()), (Code::DeadlineExceeded, 500));
}

#[tokio::test(start_paused = true)]
async fn work_that_changes_something_finishes_although_its_caller_went_away() {
    let fixture = fixture();
    let mut client = fixture.client();
    let mut call = Box::pin(client.mark_read(fixture.mark_read()));
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut call).await.is_err());
    drop(call);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(fixture.finished.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_unavailable() {
    let rpc: Rpc = Calls::new().of(Workload::GATEWAY).rpc("notification");
    let call = Call::new(pb::GetPreferencesRequest {});
    let error = NotificationServiceClient::new(rpc).get_preferences(call).await.expect_err("is not there");
    assert_eq!((error.code(), reason(&error).as_deref()), (Code::Unavailable, Some("UNAVAILABLE")));
}

#[test]
fn a_call_has_one_idempotency_key() {
    let check = |keys: &[&'static str]| {
        let name = http::HeaderName::from_static(metadata::IDEMPOTENCY_KEY);
        let headers = keys.iter().map(|key| (name.clone(), http::HeaderValue::from_static(key))).collect();
        super::check_idempotency_key(&headers).map_err(|error| kernel::Classify::reason(&error))
    };
    assert_eq!(check(&["a"]), Ok(()));
    assert_eq!(check(&[]), Err("IDEMPOTENCY_KEY_MISSING"));
    for keys in [["a", "b"].as_slice(), &["a", "a"], &[""], &["a b"]] {
        assert_eq!(check(keys), Err("IDEMPOTENCY_KEY_MALFORMED"), "{keys:?}");
    }
}
