//! GetStock, BatchGetStock, ListMovements.

use testkit::{guest, reason, violations};
use tonic::Code;
use ultramarket_api::inventory::v1 as pb;

use crate::harness::Shop;

fn get(sku: &str) -> pb::GetStockRequest {
    pb::GetStockRequest { sku: sku.into() }
}

#[tokio::test]
async fn everybody_sees_what_is_available_and_only_its_seller_what_is_on_hand() {
    let shop = Shop::open().await;
    shop.stock("BOB-1", 5).await;
    let mut client = shop.client.clone();

    for stranger in [
        guest(get("BOB-1")),
        shop.kit.customer("ann").request(get("BOB-1")),
        shop.kit.seller("eve").request(get("BOB-1")),
    ] {
        let stock = client.get_stock(stranger).await.expect("is public").into_inner();
        assert_eq!((stock.available, stock.on_hand, stock.reserved), (5, None, None));
    }
    for insider in [shop.bob().request(get("BOB-1")), shop.kit.admin().request(get("BOB-1"))] {
        let stock = client.get_stock(insider).await.expect("is public").into_inner();
        assert_eq!((stock.available, stock.on_hand, stock.reserved), (5, Some(5), Some(0)));
    }
}

#[tokio::test]
async fn an_unknown_sku_is_not_found() {
    let shop = Shop::open().await;
    let error = shop.client.clone().get_stock(guest(get("NOPE"))).await.expect_err("does not exist");
    assert_eq!((error.code(), reason(&error).as_str()), (Code::NotFound, "SKU_NOT_FOUND"));
    let error = shop.client.clone().get_stock(guest(get(""))).await.expect_err("names none");
    assert_eq!((error.code(), violations(&error)), (Code::InvalidArgument, vec!["sku".to_owned()]));
}

#[tokio::test]
async fn a_batch_leaves_out_what_is_unknown_and_keeps_the_order() {
    let shop = Shop::open().await;
    shop.stock("BOB-1", 5).await;
    shop.stock("BOB-2", 6).await;
    let skus = ["BOB-2", "'; DROP TABLE stock; --", "BOB-1"].map(str::to_owned).to_vec();
    let reply = shop.client.clone().batch_get_stock(guest(pb::BatchGetStockRequest { skus })).await.expect("is public");
    let stock: Vec<(String, i64)> =
        reply.into_inner().stock.into_iter().map(|stock| (stock.sku, stock.available)).collect();
    assert_eq!(stock, [("BOB-2".to_owned(), 6), ("BOB-1".to_owned(), 5)]);

    for skus in [vec![], vec!["A".to_owned(); 201]] {
        let error =
            shop.client.clone().batch_get_stock(pb::BatchGetStockRequest { skus }).await.expect_err("is refused");
        assert_eq!(violations(&error), ["skus"]);
    }
}

#[tokio::test]
async fn movements_are_for_the_seller_and_page_with_tokens_of_their_own() {
    let shop = Shop::open().await;
    for on_hand in 1..=5 {
        shop.stock("BOB-1", on_hand).await;
    }
    let list = |page_size, page_token: &str| pb::ListMovementsRequest {
        sku: "BOB-1".into(),
        page_size,
        page_token: page_token.into(),
    };
    let mut client = shop.client.clone();

    let first = client.list_movements(shop.bob().request(list(2, ""))).await.expect("is his").into_inner();
    assert_eq!(first.movements.len(), 2);
    assert_eq!(first.movements[0].kind(), pb::movement::Kind::Adjusted);
    assert_eq!(first.movements[0].reason, "counted");
    let token = first.next_page_token;
    let second = client.list_movements(shop.bob().request(list(2, &token))).await.expect("is his").into_inner();
    assert_ne!(first.movements[1].movement_id, second.movements[0].movement_id);

    let error = client.list_movements(shop.kit.admin().request(list(2, &token))).await.expect_err("is his token");
    assert_eq!(reason(&error), "INVALID_PAGE_TOKEN");
    let error = client.list_movements(shop.kit.seller("eve").request(list(2, ""))).await.expect_err("is not hers");
    assert_eq!(reason(&error), "SKU_NOT_FOUND");
    let error = client.list_movements(shop.kit.customer("ann").request(list(2, ""))).await.expect_err("no role");
    assert_eq!((error.code(), reason(&error).as_str()), (Code::PermissionDenied, "MISSING_ROLE"));
    let error = client.list_movements(guest(list(2, ""))).await.expect_err("no token");
    assert_eq!(reason(&error), "MISSING_TOKEN");
    let error = client.list_movements(shop.bob().request(list(-1, ""))).await.expect_err("negative");
    assert_eq!(violations(&error), ["pageSize"]);
}
