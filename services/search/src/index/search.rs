//! One search: words, filter, order and page in; products, counts and highlights out.

use std::cmp::Ordering;

use tantivy::DocId;
use ultramarket_api::search::v1::{Facet, SearchResult};

use super::{
    facets::{Counts, Groups, Verdict},
    highlight::Highlighter,
    query::Plan,
    score::{self, Hit},
    snapshot::{Segment, Snapshot},
    text,
};
use crate::domain::{Filter, Order};

/// With fewer products than these that have all that was asked for, those that lack something are found too.
const ENOUGH: usize = 10;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// A shopper's words; everything when there are none.
    pub query: &'a str,
    /// What a product must be.
    pub filter: &'a Filter,
    /// Which come first.
    pub order: Order,
    /// How many to skip.
    pub offset: usize,
    /// How many to return.
    pub limit: usize,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// The page.
    pub results: Vec<SearchResult>,
    /// What the results could be narrowed by.
    pub facets: Vec<Facet>,
    /// How many there are on all pages.
    pub total: usize,
}

impl Snapshot {
    pub(crate) fn search(&self, request: &Request<'_>) -> tantivy::Result<Found> {
        let plan = Plan::of(request.query, self)?;
        let everything = text::words(request.query).is_empty();
        let mut hits = match everything {
            true => self.everything(),
            false => enough(score::hits(&plan, self)?, if plan.code { 1 } else { ENOUGH }),
        };
        let facets = match everything && *request.filter == Filter::default() {
            true => self.all_facets(&mut hits)?,
            false => self.narrow(&mut hits, request.filter)?,
        };
        let total = hits.len();
        let page = self.page(hits, request);
        let highlighter = Highlighter::new(&plan);
        let result = |hit: Hit| {
            let product = self.product(hit.segment, hit.doc)?;
            Ok(SearchResult { score: hit.score, highlights: highlighter.highlights(&product), product: Some(product) })
        };
        let results = page.into_iter().map(result).collect::<tantivy::Result<_>>()?;
        Ok(Found { results, facets, total })
    }

    fn everything(&self) -> Vec<Hit> {
        let of = |(number, segment): (u32, &Segment)| {
            let findable: Vec<DocId> = (0..segment.reader.max_doc()).filter(|doc| segment.findable(*doc)).collect();
            findable.into_iter().map(move |doc| Hit { segment: number, doc, score: 1.0, missing: 0 })
        };
        (0..).zip(&self.segments).flat_map(of).collect()
    }

    /// The facets of everything, which the shop's first page asks for again and again.
    fn all_facets(&self, hits: &mut Vec<Hit>) -> tantivy::Result<Vec<Facet>> {
        if let Some(facets) = self.facets.get() {
            return Ok(facets.clone());
        }
        let facets = self.narrow(hits, &Filter::default())?;
        Ok(self.facets.get_or_init(|| facets).clone())
    }

    /// Counts the facets and leaves what passes the filter.
    fn narrow(&self, hits: &mut Vec<Hit>, filter: &Filter) -> tantivy::Result<Vec<Facet>> {
        let mut counts = Counts::new(filter);
        let unrestricted = *filter == Filter::default();
        let mut passing = Vec::with_capacity(hits.len());
        for of_segment in hits.chunk_by(|a, b| a.segment == b.segment) {
            let segment = &self.segments[of_segment[0].segment as usize];
            let groups = Groups::of(filter, segment, self)?;
            let judge = |hit: &Hit| if unrestricted { Verdict::Passes } else { groups.verdict(hit.doc) };
            let verdicts: Vec<Verdict> = of_segment.iter().map(judge).collect();
            counts.add(segment, of_segment.iter().map(|hit| hit.doc).zip(verdicts.iter().copied()));
            let passes = of_segment.iter().zip(verdicts).filter(|(_, verdict)| *verdict == Verdict::Passes);
            passing.extend(passes.map(|(hit, _)| *hit));
        }
        *hits = passing;
        Ok(counts.finish())
    }

    fn page(&self, mut hits: Vec<Hit>, request: &Request<'_>) -> Vec<Hit> {
        let compare = |a: &Hit, b: &Hit| self.compare(request.order, a, b);
        let end = request.offset.saturating_add(request.limit);
        if end < hits.len() {
            hits.select_nth_unstable_by(end, compare);
            hits.truncate(end);
        }
        hits.sort_unstable_by(compare);
        hits.split_off(request.offset.min(hits.len()))
    }

    fn compare(&self, order: Order, a: &Hit, b: &Hit) -> Ordering {
        let by_order = match order {
            Order::Relevance => Ordering::Equal,
            Order::Price => self.price(a, i64::MAX).cmp(&self.price(b, i64::MAX)),
            Order::PriceDescending => self.price(b, i64::MIN).cmp(&self.price(a, i64::MIN)),
            Order::Newest => self.newest(b).cmp(&self.newest(a)),
        };
        let by_score = || b.score.total_cmp(&a.score);
        by_order.then_with(by_score).then_with(|| (a.segment, a.doc).cmp(&(b.segment, b.doc)))
    }

    fn price(&self, hit: &Hit, missing: i64) -> i64 {
        self.segments[hit.segment as usize].price.first(hit.doc).unwrap_or(missing)
    }

    fn newest(&self, hit: &Hit) -> i64 {
        self.segments[hit.segment as usize].newest.first(hit.doc).unwrap_or(i64::MIN)
    }
}

/// Leaves what lacks as little as possible of what was asked for, but enough of it.
fn enough(mut hits: Vec<Hit>, wanted: usize) -> Vec<Hit> {
    let mut counts = [0_usize; u16::BITS as usize];
    for hit in &hits {
        counts[usize::from(hit.missing).min(counts.len() - 1)] += 1;
    }
    let mut sum = 0;
    let accepted = counts.iter().position(|count| {
        sum += count;
        sum >= wanted
    });
    if let Some(accepted) = accepted {
        hits.retain(|hit| usize::from(hit.missing) <= accepted);
    }
    hits
}
