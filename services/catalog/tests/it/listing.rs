use testkit::{Person, reason, violations};
use tonic::{Code, Request, Status};
use ultramarket_api::catalog::v1 as pb;

use crate::harness::{Shop, draft, product};

impl Shop {
    async fn page(&self, request: Request<pb::ListProductsRequest>) -> Result<pb::ListProductsResponse, Status> {
        self.client.clone().list_products(request).await.map(tonic::Response::into_inner)
    }

    /// The titles of all pages.
    async fn titles(&self, mut request: pb::ListProductsRequest) -> Vec<String> {
        let mut titles = Vec::new();
        loop {
            let page = self.page(Request::new(request.clone())).await.expect("everybody may");
            assert!(page.products.len() <= usize::try_from(request.page_size).expect("is small"));
            titles.extend(page.products.into_iter().map(|product| product.title));
            if page.next_page_token.is_empty() {
                return titles;
            }
            request.page_token = page.next_page_token;
        }
    }

    async fn stocked(&self, titles: &[&str]) {
        for (number, title) in titles.iter().enumerate() {
            // Products of one moment are told apart by their ids.
            if number % 2 == 0 {
                self.later();
            }
            self.given(product(title)).await;
        }
    }
}

fn list(page_size: i32) -> pb::ListProductsRequest {
    pb::ListProductsRequest { page_size, ..Default::default() }
}

#[tokio::test]
async fn pages_show_each_published_product_once() {
    let shop = Shop::open().await;
    shop.stocked(&["A", "B", "C", "D", "E"]).await;
    shop.given(draft("Draft")).await;
    let gone = shop.given(product("Gone")).await;
    shop.delete(&shop.bob(), &gone.product_id, "").await.expect("bob may");

    let newest = shop.titles(list(2)).await;
    let mut oldest = shop.titles(pb::ListProductsRequest { order_by: "create_time".into(), ..list(2) }).await;
    assert_eq!(newest[0], "E");
    oldest.reverse();
    assert_eq!(newest, oldest);
    let mut sorted = newest;
    sorted.sort();
    assert_eq!(sorted, ["A", "B", "C", "D", "E"]);
    assert_eq!(shop.titles(list(5)).await.len(), 5);
}

#[tokio::test]
async fn what_is_added_meanwhile_moves_no_page() {
    let shop = Shop::open().await;
    shop.stocked(&["A", "B", "C"]).await;
    let first = shop.page(Request::new(list(2))).await.expect("everybody may");
    shop.later();
    shop.given(product("New")).await;
    let request = pb::ListProductsRequest { page_token: first.next_page_token.clone(), ..list(2) };
    let second = shop.page(Request::new(request)).await.expect("everybody may");
    let titles = |page: &pb::ListProductsResponse| -> Vec<String> {
        page.products.iter().map(|product| product.title.clone()).collect()
    };
    assert_eq!((titles(&first).len(), titles(&second)), (2, vec!["A".to_owned()]));
}

#[tokio::test]
async fn lists_are_filtered_by_category_and_seller() {
    let shop = Shop::open().await;
    for title in ["Cups", "Pots"] {
        shop.category(title, "").await.expect("an administrator may");
    }
    let on = |title: &str, categories: &[&str]| pb::Product {
        categories: categories.iter().map(|&category| category.to_owned()).collect(),
        ..product(title)
    };
    for (title, categories) in [("Cup", &["cups"][..]), ("Both", &["cups", "pots"]), ("Pot", &["pots"])] {
        shop.later();
        shop.given(on(title, categories)).await;
    }
    shop.later();
    shop.create(&shop.kit.seller("eve"), on("Eve's cup", &["cups"])).await.expect("eve sells");

    let of = |category: &str, seller: &str| pb::ListProductsRequest {
        category: category.into(),
        seller_id: seller.into(),
        ..list(1)
    };
    let bob = shop.bob().id;
    assert_eq!(shop.titles(of("cups", "")).await, ["Eve's cup", "Both", "Cup"]);
    assert_eq!(shop.titles(of("cups", &bob)).await, ["Both", "Cup"]);
    assert_eq!(shop.titles(of("", &bob)).await, ["Pot", "Both", "Cup"]);
    assert_eq!(shop.titles(of("no-such", "")).await, Vec::<String>::new());

    let both = shop.by_slug("both").await.expect("exists");
    shop.update(&shop.bob(), &both.product_id, on("Both", &["pots"]), &["categories"]).await.expect("bob may");
    assert_eq!(shop.titles(of("cups", &bob)).await, ["Cup"]);
}

#[tokio::test]
async fn a_page_token_is_good_for_its_list_and_caller_only() {
    let shop = Shop::open().await;
    shop.stocked(&["A", "B", "C"]).await;
    let ann: Person = shop.kit.customer("ann");
    let token = shop.page(ann.request(list(1))).await.expect("everybody may").next_page_token;
    let with = |request: pb::ListProductsRequest| pb::ListProductsRequest { page_token: token.clone(), ..request };
    shop.page(ann.request(with(list(2)))).await.expect("is hers");
    for refused in [
        shop.page(shop.bob().request(with(list(1)))).await,
        shop.page(Request::new(with(list(1)))).await,
        shop.page(ann.request(with(pb::ListProductsRequest { order_by: "create_time".into(), ..list(1) }))).await,
        shop.page(ann.request(with(pb::ListProductsRequest { seller_id: ann.id.clone(), ..list(1) }))).await,
        shop.page(ann.request(pb::ListProductsRequest { page_token: "forged".into(), ..list(1) })).await,
    ] {
        let refused = refused.expect_err("is not for this list");
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "INVALID_PAGE_TOKEN"));
    }
}

#[tokio::test]
async fn only_known_orders_and_sizes_are_taken() {
    let shop = Shop::open().await;
    shop.stocked(&["A"]).await;
    let order_by = "price; DROP TABLE products".into();
    let refused = shop.page(Request::new(pb::ListProductsRequest { order_by, ..list(1) })).await;
    let refused = refused.expect_err("is no order");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "INVALID_ORDER_BY"));
    let refused = shop.page(Request::new(list(-1))).await.expect_err("is negative");
    assert_eq!(violations(&refused), ["pageSize"]);
    assert_eq!(shop.page(Request::new(list(i32::MAX))).await.expect("is clamped").products.len(), 1);
}
