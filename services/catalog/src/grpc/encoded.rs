//! The RPCs that shops call most, answered with products as they are stored.
//!
//! [`Server`] is the generated server but for these: their replies are bytes already, and go out as they are. What
//! the generated server would make of the same calls is what the trait's methods of the same names do.

use std::{
    convert::Infallible,
    marker::PhantomData,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{BufMut, Bytes};
use futures::future::BoxFuture;
use prost::Message;
use service_kit::Caller;
use tonic::{
    Request, Response, Status,
    body::Body,
    codec::{Codec, EncodeBuf, Encoder},
    server::{Grpc, NamedService},
};
use tonic_prost::ProstDecoder;
use tower::{Service, service_fn};
use ultramarket_api::catalog::v1::{
    GetProductBySlugRequest, GetProductRequest, ListProductsRequest, catalog_service_server::CatalogServiceServer,
};

use super::{Catalog, Reply, id};
use crate::Error;

impl Catalog {
    /// A `ListProductsResponse`.
    pub(super) async fn list_encoded(&self, request: Request<ListProductsRequest>) -> Reply<Bytes> {
        let caller = Caller::of(&request);
        let page = self.lists.page(&caller, request.into_inner()).await?;
        Ok(Response::new(page.encode_to_vec().into()))
    }

    /// A `Product`.
    pub(super) async fn get_encoded(&self, request: Request<GetProductRequest>) -> Reply<Bytes> {
        let caller = Caller::of(&request);
        let id = id(&request.into_inner().product_id)?;
        Ok(Response::new(self.products.get(&caller, id).await?.bytes().clone()))
    }

    /// A `Product`.
    pub(super) async fn get_by_slug_encoded(&self, request: Request<GetProductBySlugRequest>) -> Reply<Bytes> {
        let caller = Caller::of(&request);
        let product = self.products.get_by_slug(&caller, &request.into_inner().slug).await?;
        Ok(Response::new(product.bytes().clone()))
    }
}

/// The same reply as a message.
pub(super) fn decoded<M: Message + Default>(reply: Response<Bytes>) -> Reply<M> {
    let message = M::decode(reply.into_inner())
        .map_err(|error| Error::Store(db::Error::Corrupt { what: "a product", source: error.into() }))?;
    Ok(Response::new(message))
}

/// The server of the catalogue.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    catalog: Arc<Catalog>,
    generated: CatalogServiceServer<Catalog>,
}

impl Server {
    pub(crate) fn new(catalog: Catalog) -> Self {
        let catalog = Arc::new(catalog);
        Self { generated: CatalogServiceServer::from_arc(Arc::clone(&catalog)), catalog }
    }
}

impl NamedService for Server {
    const NAME: &'static str = <CatalogServiceServer<Catalog> as NamedService>::NAME;
}

impl Service<http::Request<Body>> for Server {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let catalog = Arc::clone(&self.catalog);
        match request.uri().path() {
            "/ultramarket.catalog.v1.CatalogService/ListProducts" => {
                answer(catalog, request, |catalog, request| async move { catalog.list_encoded(request).await })
            }
            "/ultramarket.catalog.v1.CatalogService/GetProduct" => {
                answer(catalog, request, |catalog, request| async move { catalog.get_encoded(request).await })
            }
            "/ultramarket.catalog.v1.CatalogService/GetProductBySlug" => {
                answer(catalog, request, |catalog, request| async move { catalog.get_by_slug_encoded(request).await })
            }
            _ => self.generated.call(request),
        }
    }
}

fn answer<Q, F>(
    catalog: Arc<Catalog>,
    request: http::Request<Body>,
    handle: impl Fn(Arc<Catalog>, Request<Q>) -> F + Send + 'static,
) -> BoxFuture<'static, Result<http::Response<Body>, Infallible>>
where
    Q: Message + Default + 'static,
    F: Future<Output = Reply<Bytes>> + Send + 'static,
{
    let handle = service_fn(move |request| handle(Arc::clone(&catalog), request));
    Box::pin(async move { Ok(Grpc::new(Passing(PhantomData)).unary(handle, request).await) })
}

/// Decodes requests; replies are encoded.
struct Passing<Q>(PhantomData<fn() -> Q>);

impl<Q: Message + Default + 'static> Codec for Passing<Q> {
    type Encode = Bytes;
    type Decode = Q;
    type Encoder = Pass;
    type Decoder = ProstDecoder<Q>;

    fn encoder(&mut self) -> Pass {
        Pass
    }

    fn decoder(&mut self) -> ProstDecoder<Q> {
        ProstDecoder::default()
    }
}

struct Pass;

impl Encoder for Pass {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}
