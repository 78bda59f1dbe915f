//! A running inventory service with a catalog that knows a few SKUs.

use service_kit::Rpc;
use testkit::{Fake, Kit, Person};
use tonic::Request;
use ultramarket_api::{
    catalog::v1 as catalog,
    inventory::v1::{self as pb, inventory_service_client::InventoryServiceClient},
};

/// SKUs that start with this belong to the seller `bob`; `MARKET-…` to nobody; others do not exist.
pub(crate) const BOBS: &str = "BOB-";

pub(crate) struct Shop {
    pub(crate) kit: Kit,
    pub(crate) client: InventoryServiceClient<Rpc>,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::over(Kit::start()).await
    }

    pub(crate) async fn reopened(self) -> Self {
        Self::over(self.kit.restart().await).await
    }

    async fn over(kit: Kit) -> Self {
        let bob = kit.seller("bob").id;
        kit.register("catalog", catalog_of(bob));
        let db = kit.database(inventory::NAME, inventory::DURABILITY, inventory::migrations()).await;
        let config = inventory::Config { expiry_sweep_seconds: 1 };
        let service = inventory::build(kit.context(inventory::NAME), db, config).await.expect("builds");
        kit.run(&service);
        let client = InventoryServiceClient::new(kit.rpc(inventory::NAME));
        Self { kit, client }
    }

    pub(crate) fn bob(&self) -> Person {
        self.kit.seller("bob")
    }

    /// Puts so many of a SKU on the shelf.
    pub(crate) async fn stock(&self, sku: &str, on_hand: i64) {
        let request = self.kit.admin().keyed(&format!("stock {sku} {on_hand}").replace(' ', "-"), set(sku, on_hand));
        self.client.clone().adjust_stock(request).await.expect("the administrator may");
    }

    /// On hand and reserved, as the administrator sees them.
    pub(crate) async fn level(&self, sku: &str) -> (i64, i64) {
        let request = self.kit.admin().request(pb::GetStockRequest { sku: sku.into() });
        let stock = self.client.clone().get_stock(request).await.expect("exists").into_inner();
        (stock.on_hand.expect("an administrator sees it"), stock.reserved.expect("an administrator sees it"))
    }

    /// The sums over the ledger of a SKU: on hand and reserved.
    pub(crate) async fn ledger(&self, sku: &str) -> (i64, i64) {
        let movements = self.movements(sku).await;
        let sum = |delta: fn(&pb::Movement) -> i64| movements.iter().map(delta).sum();
        (sum(|movement| movement.on_hand_delta), sum(|movement| movement.reserved_delta))
    }

    pub(crate) async fn movements(&self, sku: &str) -> Vec<pb::Movement> {
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = pb::ListMovementsRequest { sku: sku.into(), page_size: 7, page_token };
            let page = self.client.clone().list_movements(self.kit.admin().request(request)).await.expect("exists");
            let page = page.into_inner();
            all.extend(page.movements);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }
}

pub(crate) fn set(sku: &str, on_hand: i64) -> pb::AdjustStockRequest {
    change(sku, pb::adjust_stock_request::Change::OnHand(on_hand))
}

pub(crate) fn change(sku: &str, change: pb::adjust_stock_request::Change) -> pb::AdjustStockRequest {
    pb::AdjustStockRequest { sku: sku.into(), change: Some(change), reason: "counted".into() }
}

/// A catalog that knows which SKUs exist, and is asked for nothing else.
fn catalog_of(bob: String) -> Rpc {
    let variants = move |request: Request<catalog::BatchGetVariantsRequest>| {
        let skus = request.into_inner().skus;
        assert!(skus.len() <= 200, "the contract allows no more");
        let known = skus.into_iter().filter(|sku| sku.starts_with(BOBS) || sku.starts_with("MARKET-"));
        let variants = known.map(|sku| catalog::SaleableVariant {
            seller_id: if sku.starts_with(BOBS) { bob.clone() } else { String::new() },
            product_id: format!("product of {sku}"),
            sku,
            ..Default::default()
        });
        let reply = catalog::BatchGetVariantsResponse { variants: variants.collect() };
        async move { Ok(reply) }
    };
    Fake::new("ultramarket.catalog.v1.CatalogService").on("BatchGetVariants", variants).rpc()
}
