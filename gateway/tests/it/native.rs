use std::time::Duration;

use http::{HeaderMap, Request, StatusCode, uri::PathAndQuery};
use http_body_util::BodyExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{Code, client::Grpc, transport::Channel};
use tonic_prost::ProstCodec;

use crate::{
    harness::{Edge, token},
    upstream::{Named, Thing},
};

/// Calls of generated clients, over a real port.
struct Client {
    grpc: Grpc<Channel>,
    stop: CancellationToken,
}

impl Client {
    async fn new(edge: &Edge) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("is bound");
        let stop = CancellationToken::new();
        let (gateway, shutdown) = (edge.gateway.clone(), stop.clone());
        service_kit::Tasks::new()
            .spawn("server", async move { gateway.serve(listener, shutdown, Duration::from_secs(1)).await });
        let channel = Channel::from_shared(format!("http://{address}"))
            .expect("is an address")
            .connect()
            .await
            .expect("connects");
        Self { grpc: Grpc::new(channel), stop }
    }

    async fn unary(
        &mut self,
        method: &str,
        request: tonic::Request<Named>,
    ) -> Result<tonic::Response<Thing>, tonic::Status> {
        self.grpc.ready().await.expect("is connected");
        let path = PathAndQuery::try_from(method).expect("is a path");
        self.grpc.unary(request, path, ProstCodec::<Named, Thing>::default()).await
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn named(name: &str) -> tonic::Request<Named> {
    tonic::Request::new(Named { name: name.into() })
}

const GET: &str = "/everything.v1.ThingService/GetThing";

#[tokio::test]
async fn generated_clients_call_on_the_same_port() {
    let edge = Edge::new();
    let mut client = Client::new(&edge).await;
    let mut request = named("things/a");
    request.metadata_mut().insert("x-own", "1".parse().expect("is text"));
    let reply = client.unary(GET, request).await.expect("goes well");
    assert_eq!(reply.metadata().get("x-cart-token").map(tonic::metadata::MetadataValue::as_bytes), Some(&b"cart"[..]));
    assert_eq!(reply.into_inner().title, "A thing");
    assert_eq!(edge.upstream.saw("x-own").as_deref(), Some("1"));

    let status = client.unary(GET, named("things/missing")).await.expect_err("is missing");
    assert_eq!((status.code(), service_kit::reason(&status).as_deref()), (Code::NotFound, Some("THING_NOT_FOUND")));
    client.unary("/everything.v1.ThingService/Internal", named("")).await.expect("needs no route");
}

#[tokio::test]
async fn the_edge_refuses_in_grpc_what_it_refuses_in_rest() {
    let edge = Edge::new();
    let mut client = Client::new(&edge).await;
    const DELETE: &str = "/everything.v1.ThingService/DeleteThing";
    let status = client.unary(DELETE, named("things/a")).await.expect_err("is refused");
    assert_eq!(
        (status.code(), service_kit::reason(&status).as_deref()),
        (Code::Unauthenticated, Some("MISSING_TOKEN"))
    );
    let mut request = named("things/a");
    let bearer = format!("Bearer {}", token("root", &["ADMIN"]));
    request.metadata_mut().insert("authorization", bearer.parse().expect("is text"));
    client.unary(DELETE, request).await.expect("may");
    for method in ["/everything.v1.ThingService/Nope", "/no.Such/Method"] {
        let status = client.unary(method, named("")).await.expect_err("is unknown");
        assert_eq!(
            (status.code(), service_kit::reason(&status).as_deref()),
            (Code::Unimplemented, Some("RPC_NOT_FOUND"))
        );
    }
    let mut request = named("things/hang");
    request.set_timeout(Duration::from_millis(50));
    assert!(matches!(
        client.unary(GET, request).await.expect_err("hangs").code(),
        Code::DeadlineExceeded | Code::Cancelled
    ));
}

#[tokio::test]
async fn streams_pass_through_with_their_trailers() {
    let edge = Edge::new();
    let mut client = Client::new(&edge).await;
    client.grpc.ready().await.expect("is connected");
    let path = PathAndQuery::from_static("/everything.v1.ThingService/WatchThing");
    let codec = ProstCodec::<Named, Thing>::default();
    let mut stream =
        client.grpc.server_streaming(named("things/late"), path, codec).await.expect("begins").into_inner();
    assert_eq!(stream.message().await.expect("goes well").expect("is one").title, "one");
    assert_eq!(stream.message().await.expect("goes well").expect("is one").title, "two");
    assert_eq!(stream.message().await.expect_err("fails").code(), Code::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_a_stream_that_passes_through() {
    let edge = Edge::new();
    let mut framed = vec![0, 0, 0, 0, 13, 10, 11];
    framed.extend_from_slice(b"things/slow");
    let call = edge.call(http::Method::POST, "/everything.v1.ThingService/WatchThing");
    let response = call.header("content-type", "application/grpc+proto").body(framed).send().await;
    assert_eq!(response.status(), StatusCode::OK);
    let whole = response.into_body().collect().await.expect("ends");
    let trailers: &HeaderMap = whole.trailers().expect("has a status");
    assert_eq!(trailers["grpc-status"], "4");
    assert!(!trailers.contains_key("content-type"));
}

#[tokio::test]
async fn grpc_web_is_not_taken_for_grpc() {
    let edge = Edge::new();
    let request =
        Request::post(GET).header("content-type", "application/grpc-web+proto").body(tonic::body::Body::empty());
    let answer = edge.gateway.handle(request.expect("is a request"), ([127, 0, 0, 1], 1).into()).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}
