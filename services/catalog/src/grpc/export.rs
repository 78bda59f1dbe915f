//! The stream of all products: a page at a time, as fast as it is read, holding nothing in between.

use std::{collections::VecDeque, pin::Pin, time::Duration};

use futures::{Stream, StreamExt, stream};
use tokio::time::Instant;
use tonic::Status;
use ultramarket_api::catalog::v1::Product;

use crate::{Error, app::products::Products, snapshot::Snapshot};

const PAGE: u32 = 200;

/// Products, or the error that ends them.
pub(super) type Export = Pin<Box<dyn Stream<Item = Result<Product, Status>> + Send>>;

struct Cursor {
    products: Products,
    page: VecDeque<Snapshot>,
    last: String,
    ended: bool,
}

/// All products in order of their ids, for as long as the call may take.
pub(super) fn stream(products: Products, within: Option<Duration>) -> Export {
    let cursor = Cursor { products, page: VecDeque::new(), last: String::new(), ended: false };
    let all = stream::try_unfold(cursor, |mut cursor| async move {
        Ok::<_, Error>(cursor.next().await?.map(|product| (product, cursor)))
    });
    let all = all.map(|item| item.map_err(Status::from));
    match within.map(|within| Instant::now() + within) {
        None => Box::pin(all),
        Some(deadline) => Box::pin(until(deadline, all)),
    }
}

impl Cursor {
    async fn next(&mut self) -> Result<Option<Product>, Error> {
        if self.page.is_empty() && !self.ended {
            self.page = self.products.after(&self.last, PAGE).await?.into();
            self.ended = self.page.len() < PAGE as usize;
        }
        let Some(next) = self.page.pop_front() else { return Ok(None) };
        let product = next.product()?;
        self.last.clone_from(&product.product_id);
        Ok(Some(product))
    }
}

/// The stream until the deadline, and then an error: a reader must not take a part for the whole.
fn until(
    deadline: Instant,
    items: impl Stream<Item = Result<Product, Status>> + Send + 'static,
) -> impl Stream<Item = Result<Product, Status>> + Send {
    stream::unfold(Some(Box::pin(items)), move |items| async move {
        let mut items = items?;
        if Instant::now() >= deadline {
            return Some((Err(service_kit::Error::DeadlineExceeded.into()), None));
        }
        items.next().await.map(|item| (item, Some(items)))
    })
}
