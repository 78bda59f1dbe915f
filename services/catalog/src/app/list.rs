//! Pages of products.

use db::Db;
use kernel::PageTokens;
use service_kit::{Caller, wire};
use ultramarket_api::catalog::v1::ListProductsRequest;

use crate::{
    Error,
    snapshot::{Head, Page},
    store::read::{self, List, Position},
};

/// Lists published products.
#[derive(Clone, Debug)]
pub(crate) struct Lists {
    db: Db,
    pages: PageTokens,
}

impl Lists {
    pub(crate) fn new(db: Db, pages: PageTokens) -> Self {
        Self { db, pages }
    }

    /// One page. Its token is good for the same caller, filter and order only.
    pub(crate) async fn page(&self, caller: &Caller, request: ListProductsRequest) -> Result<Page, Error> {
        let size = kernel::PageSize::new(request.page_size).map_err(negative)?.get();
        let newest_first = newest_first(&request.order_by)?;
        let account = caller.signed_in().map_or("", |account| account.id.as_str());
        let order = if newest_first { "newest" } else { "oldest" };
        let scope = ["catalog.ListProducts", account, &request.category, &request.seller_id, order];
        let after = self.pages.decode(&scope, &request.page_token).map_err(|_| Error::InvalidPageToken)?;
        let list = List {
            after: after.as_deref().map(position).transpose()?,
            newest_first,
            limit: size + 1,
            category: request.category.clone(),
            seller_id: request.seller_id.clone(),
        };
        let mut products = read::list(self.db.reader(), &list).await?;
        let more = products.len() > size as usize;
        products.truncate(size as usize);
        let next_page_token = match products.last().filter(|_| more) {
            Some(last) => self.pages.encode(&scope, &text(&last.head()?)),
            None => String::new(),
        };
        let products = products.iter().map(|product| product.bytes().clone()).collect();
        Ok(Page { products, next_page_token })
    }
}

fn negative(error: kernel::PageError) -> Error {
    Error::Invalid(vec![kernel::Violation::new("pageSize", error.to_string())])
}

fn newest_first(order_by: &str) -> Result<bool, Error> {
    match order_by.trim() {
        "" | "create_time desc" | "createTime desc" => Ok(true),
        "create_time" | "create_time asc" | "createTime" | "createTime asc" => Ok(false),
        _ => Err(Error::InvalidOrderBy),
    }
}

fn text(last: &Head) -> String {
    let create_time = last.create_time.as_ref().map_or(0, |time| wire::moment(time).micros());
    format!("{create_time} {}", last.product_id)
}

fn position(text: &str) -> Result<Position, Error> {
    let (create_time, product_id) = text.split_once(' ').ok_or(Error::InvalidPageToken)?;
    let create_time = create_time.parse().map_err(|_| Error::InvalidPageToken)?;
    Ok(Position { create_time, product_id: product_id.to_owned() })
}
