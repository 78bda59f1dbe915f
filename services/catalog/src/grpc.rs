//! The RPCs of `CatalogService`: decode, call, encode.

mod encoded;
mod export;

use service_kit::{Account, Caller};
use tonic::{Request, Response, Status, Streaming, async_trait};
use ultramarket_api::catalog::v1::{self as pb, catalog_service_server::CatalogService};

use crate::{
    Error,
    app::{
        categories::Categories,
        import::{Import, Importer},
        list::Lists,
        products::Products,
    },
    domain::ProductId,
};
pub(crate) use encoded::Server;
use export::Export;

/// The handlers.
#[derive(Debug)]
pub(crate) struct Catalog {
    pub products: Products,
    pub lists: Lists,
    pub categories: Categories,
    pub importer: Importer,
}

type Reply<T> = Result<Response<T>, Status>;

#[async_trait]
impl CatalogService for Catalog {
    async fn list_products(&self, request: Request<pb::ListProductsRequest>) -> Reply<pb::ListProductsResponse> {
        encoded::decoded(self.list_encoded(request).await?)
    }

    async fn get_product(&self, request: Request<pb::GetProductRequest>) -> Reply<pb::Product> {
        encoded::decoded(self.get_encoded(request).await?)
    }

    async fn get_product_by_slug(&self, request: Request<pb::GetProductBySlugRequest>) -> Reply<pb::Product> {
        encoded::decoded(self.get_by_slug_encoded(request).await?)
    }

    async fn create_product(&self, request: Request<pb::CreateProductRequest>) -> Reply<pb::Product> {
        let caller = Caller::of(&request);
        let product = request.into_inner().product.unwrap_or_default();
        Ok(Response::new(self.products.create(caller.account()?, product).await?))
    }

    async fn update_product(&self, request: Request<pb::UpdateProductRequest>) -> Reply<pb::Product> {
        let caller = Caller::of(&request);
        let pb::UpdateProductRequest { product_id, product, update_mask } = request.into_inner();
        let patch = product.unwrap_or_default();
        Ok(Response::new(self.products.update(caller.account()?, id(&product_id)?, patch, update_mask).await?))
    }

    async fn delete_product(&self, request: Request<pb::DeleteProductRequest>) -> Reply<()> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        self.products.delete(caller.account()?, id(&request.product_id)?, &request.etag).await?;
        Ok(Response::new(()))
    }

    async fn batch_get_variants(
        &self,
        request: Request<pb::BatchGetVariantsRequest>,
    ) -> Reply<pb::BatchGetVariantsResponse> {
        let variants = self.products.saleable(&request.into_inner().skus).await?;
        Ok(Response::new(pb::BatchGetVariantsResponse { variants }))
    }

    async fn import_products(
        &self,
        request: Request<Streaming<pb::ImportProductsRequest>>,
    ) -> Reply<pb::ImportProductsResponse> {
        let caller = Caller::of(&request);
        let Account { id: seller_id, .. } = caller.account()?;
        let mut import = Import::begin(self.importer.clone(), seller_id.clone());
        let mut stream = request.into_inner();
        while let Some(message) = stream.message().await? {
            import.take(message).await?;
        }
        Ok(Response::new(import.finish().await?))
    }

    type ExportProductsStream = Export;

    async fn export_products(&self, _: Request<pb::ExportProductsRequest>) -> Reply<Export> {
        Ok(Response::new(export::stream(self.products.clone(), service_kit::remaining_time())))
    }

    async fn list_categories(&self, _: Request<pb::ListCategoriesRequest>) -> Reply<pb::ListCategoriesResponse> {
        Ok(Response::new(pb::ListCategoriesResponse { categories: self.categories.all().await? }))
    }

    async fn create_category(&self, request: Request<pb::CreateCategoryRequest>) -> Reply<pb::Category> {
        let category = request.into_inner().category.unwrap_or_default();
        Ok(Response::new(self.categories.create(category).await?))
    }
}

/// The field rules have checked that it is one; none is ever found for anything else.
fn id(text: &str) -> Result<ProductId, Error> {
    text.parse().map_err(|_| Error::ProductNotFound)
}
