//! Fakes in the place of other services: only the methods that a test needs, without the pipeline.

use std::{collections::HashMap, future::Future, sync::Arc};

use futures::future::BoxFuture;
use service_kit::Rpc;
use tonic::{
    Request, Response, Status,
    body::Body,
    server::{Grpc, UnaryService},
};
use tonic_prost::ProstCodec;
use tower::{service_fn, util::BoxCloneSyncService};

type Answer = Arc<dyn Fn(http::Request<Body>) -> BoxFuture<'static, http::Response<Body>> + Send + Sync>;

/// A service whose unary methods are closures.
///
/// ```ignore
/// let catalog = Fake::new("ultramarket.catalog.v1.CatalogService")
///     .on("BatchGetVariants", async |request: Request<BatchGetVariantsRequest>| Ok(reply_to(request)));
/// kit.register("catalog", catalog.rpc());
/// ```
#[derive(Clone)]
pub struct Fake {
    service: &'static str,
    methods: HashMap<String, Answer>,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fake").field("service", &self.service).finish_non_exhaustive()
    }
}

impl Fake {
    /// A service with no methods.
    #[must_use]
    pub fn new(service: &'static str) -> Self {
        Self { service, methods: HashMap::new() }
    }

    /// Answers a method.
    #[must_use]
    pub fn on<Q, P, F, W>(mut self, method: &str, answer: F) -> Self
    where
        Q: prost::Message + Default + 'static,
        P: prost::Message + Default + 'static,
        F: Fn(Request<Q>) -> W + Clone + Send + Sync + 'static,
        W: Future<Output = Result<P, Status>> + Send + 'static,
    {
        let answer = move |request: http::Request<Body>| -> BoxFuture<'static, http::Response<Body>> {
            let handler = answer.clone();
            Box::pin(async move {
                Grpc::new(ProstCodec::<P, Q>::default()).unary(Typed::<F, Q, P>::new(handler), request).await
            })
        };
        self.methods.insert(format!("/{}/{method}", self.service), Arc::new(answer));
        self
    }

    /// Where calls to it go. A method that was not given panics the caller's task.
    #[must_use]
    pub fn rpc(self) -> Rpc {
        let methods = Arc::new(self.methods);
        BoxCloneSyncService::new(service_fn(move |request: http::Request<Body>| {
            let answer = methods.get(request.uri().path()).cloned();
            let answer = answer.unwrap_or_else(|| panic!("no fake for {}", request.uri().path()));
            async move { Ok(answer(request).await) }
        }))
    }
}

struct Typed<F, Q, P> {
    handler: F,
    types: std::marker::PhantomData<fn(Q) -> P>,
}

impl<F, Q, P> Typed<F, Q, P> {
    fn new(handler: F) -> Self {
        Self { handler, types: std::marker::PhantomData }
    }
}

impl<F, Q, P, W> UnaryService<Q> for Typed<F, Q, P>
where
    Q: Send + 'static,
    P: Send + 'static,
    F: Fn(Request<Q>) -> W,
    W: Future<Output = Result<P, Status>> + Send + 'static,
{
    type Response = P;
    type Future = BoxFuture<'static, Result<Response<P>, Status>>;

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let answer = (self.handler)(request);
        Box::pin(async move { answer.await.map(Response::new) })
    }
}
