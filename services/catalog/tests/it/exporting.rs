use futures::TryStreamExt;
use service_kit::Rpc;
use testkit::reason;
use tonic::{Request, Status};
use ultramarket_api::catalog::v1::{self as pb, catalog_service_client::CatalogServiceClient};

use crate::harness::{Shop, draft, imported, product};

async fn export(
    client: &CatalogServiceClient<Rpc>,
    request: Request<pb::ExportProductsRequest>,
) -> Result<Vec<pb::Product>, Status> {
    client.clone().export_products(request).await?.into_inner().try_collect().await
}

#[tokio::test]
async fn an_export_has_all_products_drafts_too_in_order() {
    let shop = Shop::open().await;
    shop.import((0..450).map(|number| imported(&number.to_string(), &format!("Cup {number}"))), false).await;
    let draft = shop.given(draft("Draft")).await;
    let gone = shop.given(product("Gone")).await;
    shop.delete(&shop.bob(), &gone.product_id, "").await.expect("bob may");

    let all = export(&shop.client, shop.kit.admin().request(pb::ExportProductsRequest {})).await.expect("may");
    assert_eq!(all.len(), 451);
    assert!(all.is_sorted_by(|one, other| one.product_id < other.product_id));
    assert!(all.contains(&draft));
}

#[tokio::test]
async fn administrators_and_search_export_and_nobody_else() {
    let shop = Shop::open().await;
    shop.given(product("Cup")).await;
    let search = CatalogServiceClient::new(shop.kit.rpc_as("search", catalog::NAME));
    let request = || pb::ExportProductsRequest {};
    assert_eq!(export(&search, Request::new(request())).await.expect("search may").len(), 1);
    let cart = CatalogServiceClient::new(shop.kit.rpc_as("cart", catalog::NAME));
    let refused = export(&cart, Request::new(request())).await.expect_err("is not named");
    assert_eq!(reason(&refused), "WORKLOAD_NOT_ALLOWED");
    let refused = export(&shop.client, shop.bob().request(request())).await.expect_err("bob sells only");
    assert_eq!(reason(&refused), "MISSING_ROLE");
}
