//! The RPCs: decode, call, encode. No SQL, no rules.

use db::Db;
use kernel::PageTokens;
use service_kit::{Caller, idempotent, wire::page_size};
use tonic::{Request, Response, Status, codegen::async_trait};
use ultramarket_api::inventory::v1::{self as pb, inventory_service_server::InventoryService};

use crate::{
    Error,
    adjust::{Adjuster, check_owner},
    domain::Adjustment,
    store::{movement, stock},
    wire,
};

/// The handlers of `InventoryService`.
pub(crate) struct Handlers {
    pub(crate) db: Db,
    pub(crate) adjuster: Adjuster,
    pub(crate) pages: PageTokens,
}

#[async_trait]
impl InventoryService for Handlers {
    async fn get_stock(&self, request: Request<pb::GetStockRequest>) -> Result<Response<pb::Stock>, Status> {
        let caller = Caller::of(&request);
        let sku = request.into_inner().sku;
        let row = stock::find(self.db.reader(), &sku).await?.ok_or(Error::SkuNotFound { sku })?;
        let owner = caller.signed_in().is_some_and(|account| account.id == row.seller_id);
        let reply = if owner || caller.is_admin() { wire::full_stock(&row) } else { wire::public_stock(&row) };
        Ok(Response::new(reply))
    }

    async fn batch_get_stock(
        &self,
        request: Request<pb::BatchGetStockRequest>,
    ) -> Result<Response<pb::BatchGetStockResponse>, Status> {
        let skus = request.into_inner().skus;
        let rows = stock::find_all(self.db.reader(), &skus).await?;
        let found = skus.iter().filter_map(|sku| rows.iter().find(|row| row.sku == *sku));
        Ok(Response::new(pb::BatchGetStockResponse { stock: found.map(wire::public_stock).collect() }))
    }

    async fn adjust_stock(&self, request: Request<pb::AdjustStockRequest>) -> Result<Response<pb::Stock>, Status> {
        let caller = Caller::of(&request);
        let message = request.into_inner();
        let adjustments = vec![Adjustment::try_from(message.clone())?];
        let reply = |rows: &[stock::Model]| wire::full_stock(&rows[0]);
        let adjust = |claim| self.adjuster.adjust(&caller, claim, adjustments, reply);
        idempotent::run(&self.db, &caller, &message, adjust).await
    }

    async fn batch_adjust_stock(
        &self,
        request: Request<pb::BatchAdjustStockRequest>,
    ) -> Result<Response<pb::BatchAdjustStockResponse>, Status> {
        let caller = Caller::of(&request);
        let message = request.into_inner();
        let adjustments = wire::adjustments(message.clone())?;
        let reply =
            |rows: &[stock::Model]| pb::BatchAdjustStockResponse { stock: rows.iter().map(wire::full_stock).collect() };
        let adjust = |claim| self.adjuster.adjust(&caller, claim, adjustments, reply);
        idempotent::run(&self.db, &caller, &message, adjust).await
    }

    async fn list_movements(
        &self,
        request: Request<pb::ListMovementsRequest>,
    ) -> Result<Response<pb::ListMovementsResponse>, Status> {
        let caller = Caller::of(&request);
        let pb::ListMovementsRequest { sku, page_size: size, page_token } = request.into_inner();
        let size = page_size(size)?.get();
        let scope = ["movements", caller.account()?.id.as_str(), sku.as_str()];
        let after = self.pages.decode(&scope, &page_token).map_err(Error::Page)?;
        let row = stock::find(self.db.reader(), &sku).await?;
        check_owner(&caller, std::slice::from_ref(&sku), row.into_iter().collect())?;
        let mut rows = movement::page(self.db.reader(), &sku, after.as_deref(), size + 1).await?;
        let more = rows.len() > size as usize;
        rows.truncate(size as usize);
        let last = rows.last().filter(|_| more);
        let next_page_token = last.map_or_else(String::new, |row| self.pages.encode(&scope, &row.id));
        let movements = rows.into_iter().map(pb::Movement::from).collect();
        Ok(Response::new(pb::ListMovementsResponse { movements, next_page_token }))
    }
}
