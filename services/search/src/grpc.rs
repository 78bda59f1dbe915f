//! The RPCs: decode, call, encode.

use std::sync::Arc;

use kernel::{PageError, PageTokens};
use service_kit::wire::page_size;
use tonic::{Request, Response, Status, codegen::async_trait};
use ultramarket_api::search::v1::{self as pb, search_service_server::SearchService};

use crate::{
    Error, Filter,
    index::{self, Index},
    metrics::SEARCHES,
};

/// Suggestions when nobody says how many, and at most.
const SUGGESTIONS: usize = 10;
const MAX_SUGGESTIONS: usize = 20;

/// The handlers of `SearchService`. A search takes less than a millisecond, so it runs where it is asked.
pub(crate) struct Handlers {
    pub(crate) index: Arc<Index>,
    pub(crate) pages: PageTokens,
}

#[async_trait]
impl SearchService for Handlers {
    async fn search(&self, request: Request<pb::SearchRequest>) -> Result<Response<pb::SearchResponse>, Status> {
        let request = request.into_inner();
        let filter = Filter::parse(&request.filter).map_err(Error::Filter)?;
        let order = request.order_by.parse().map_err(Error::Order)?;
        let limit = page_size(request.page_size)?.get() as usize;
        let scope = ["search", &request.query, &request.filter, &request.order_by];
        let offset = self.offset(&scope, &request.page_token)?;

        let asked = index::Request { query: &request.query, filter: &filter, order, offset, limit };
        let found = self.index.search(&asked).map_err(Error::Index)?;
        let result = if found.total == 0 { "nothing" } else { "found" };
        metrics::counter!(SEARCHES, "result" => result).increment(1);

        let next = offset.saturating_add(found.results.len());
        let more = !found.results.is_empty() && next < found.total;
        Ok(Response::new(pb::SearchResponse {
            next_page_token: if more { self.pages.encode(&scope, &next.to_string()) } else { String::new() },
            total_size: i32::try_from(found.total).unwrap_or(i32::MAX),
            results: found.results,
            facets: found.facets,
        }))
    }

    async fn suggest(&self, request: Request<pb::SuggestRequest>) -> Result<Response<pb::SuggestResponse>, Status> {
        let pb::SuggestRequest { query, page_size: size } = request.into_inner();
        let limit = match page_size(size)?.get() as usize {
            _ if size == 0 => SUGGESTIONS,
            limit => limit.min(MAX_SUGGESTIONS),
        };
        let suggestions = self.index.suggest(&query, limit).map_err(Error::Index)?;
        Ok(Response::new(pb::SuggestResponse { suggestions }))
    }
}

impl Handlers {
    /// How many results were on the pages before.
    fn offset(&self, scope: &[&str], token: &str) -> Result<usize, Error> {
        let Some(position) = self.pages.decode(scope, token)? else { return Ok(0) };
        position.parse().map_err(|_| Error::Page(PageError::InvalidToken))
    }
}
