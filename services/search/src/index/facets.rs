//! Counts by what results could be narrowed, in one pass over them.
//!
//! A group's own restriction does not shrink its own counts: a product that fails one group only still counts in
//! that group, and in no other.

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use tantivy::{BitSet, DocId, Term, columnar::StrColumn, schema::IndexRecordOption};
use ultramarket_api::search::v1::{Facet, FacetValue};

use super::{
    document::filter_term,
    schema::SEPARATOR,
    snapshot::{Segment, Snapshot},
    text,
};
use crate::domain::{Filter, filter};

/// The name of the price among the groups.
const PRICE: &str = "price";
/// So many values of one facet are shown…
const MAX_VALUES: usize = 20;
/// …and so many facets of attributes, those that most results have.
const MAX_ATTRIBUTES: usize = 6;
/// An attribute that fewer of the results have does not help to narrow them: one in ten.
const COMMON: usize = 10;

/// Whether a product passes all groups of a filter, or which single one it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passes,
    /// Fails the group of this number only.
    FailsOne(usize),
    Fails,
}

/// A filter, looked up in one segment.
pub(crate) struct Groups<'a> {
    segment: &'a Segment,
    filter: &'a Filter,
    values: Vec<BitSet>,
}

impl<'a> Groups<'a> {
    pub(crate) fn of(filter: &'a Filter, segment: &'a Segment, snapshot: &Snapshot) -> tantivy::Result<Self> {
        let mut values = Vec::with_capacity(filter.values.len());
        for (name, alternatives) in &filter.values {
            let mut having = BitSet::with_max_value(segment.reader.max_doc());
            for value in alternatives {
                let term = Term::from_field_text(snapshot.schema.filter, &filter_term(name, value));
                let Some(mut block) = segment.filter.read_block_postings(&term, IndexRecordOption::Basic)? else {
                    continue;
                };
                while !block.docs().is_empty() {
                    block.docs().iter().for_each(|doc| {
                        having.insert(*doc);
                    });
                    block.advance();
                }
            }
            values.push(having);
        }
        Ok(Self { segment, filter, values })
    }

    pub(crate) fn verdict(&self, doc: DocId) -> Verdict {
        let priced = self
            .filter
            .price
            .as_ref()
            .is_none_or(|wanted| self.segment.price.first(doc).is_some_and(|price| wanted.contains(price)));
        let failed = self.values.iter().map(|having| !having.contains(doc)).chain([!priced]);
        let mut failed = failed.enumerate().filter(|(_, failed)| *failed).map(|(group, _)| group);
        match (failed.next(), failed.next()) {
            (None, _) => Verdict::Passes,
            (Some(group), None) => Verdict::FailsOne(group),
            (Some(_), Some(_)) => Verdict::Fails,
        }
    }
}

/// The values of one segment as they are shown, by ordinal; those of one name stand side by side.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    terms: Vec<Box<str>>,
}

impl Terms {
    pub(crate) fn read(column: &StrColumn) -> tantivy::Result<Self> {
        let mut terms = Vec::with_capacity(column.num_terms());
        let mut stream = column.dictionary().stream()?;
        while stream.advance() {
            terms.push(String::from_utf8_lossy(stream.key()).into());
        }
        Ok(Self { terms })
    }

    /// The ordinals of a name's values.
    fn group(&self, name: &str) -> Range<u64> {
        let start = self.terms.partition_point(|term| name_of(term) < name);
        let len = self.terms[start..].partition_point(|term| name_of(term) == name);
        start as u64..(start + len) as u64
    }

    /// A name's values.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let group = self.group(name);
        self.terms[group.start as usize..group.end as usize].iter().map(|term| split(term).1)
    }
}

fn split(term: &str) -> (&str, &str) {
    term.split_once(SEPARATOR).unwrap_or((term, ""))
}

fn name_of(term: &str) -> &str {
    split(term).0
}

/// Collects counts over all segments.
pub(crate) struct Counts<'a> {
    /// What the filter restricts, folded.
    names: Vec<String>,
    values: HashMap<&'a str, usize>,
    prices: [usize; BOUNDS.len() + 1],
    total: usize,
}

impl<'a> Counts<'a> {
    pub(crate) fn new(filter: &Filter) -> Self {
        let names = filter.values.iter().map(|(name, _)| text::fold(name).into_owned()).collect();
        Self { names, values: HashMap::new(), prices: [0; BOUNDS.len() + 1], total: 0 }
    }

    /// Counts the results of one segment, with what the filter says to each.
    pub(crate) fn add(&mut self, segment: &'a Segment, results: impl Iterator<Item = (DocId, Verdict)>) {
        let terms = &segment.facets.terms;
        let groups: Vec<Range<u64>> = self.names.iter().map(|name| segment.facets.group(name)).collect();
        let priced = groups.len();
        let mut counts = vec![0_usize; terms.len()];
        for (doc, verdict) in results {
            let own = match verdict {
                Verdict::Passes => 0..u64::MAX,
                Verdict::FailsOne(group) => groups.get(group).cloned().unwrap_or(0..0),
                Verdict::Fails => continue,
            };
            if let Some(column) = &segment.facet {
                for ordinal in column.term_ords(doc).filter(|ordinal| own.contains(ordinal)) {
                    counts[ordinal as usize] += 1;
                }
            }
            self.total += usize::from(verdict == Verdict::Passes);
            let counts_in_price = verdict == Verdict::Passes || verdict == Verdict::FailsOne(priced);
            if let Some(price) = segment.price.first(doc).filter(|_| counts_in_price) {
                self.prices[BOUNDS.partition_point(|bound| *bound <= price)] += 1;
            }
        }
        for (term, count) in terms.iter().zip(counts).filter(|(_, count)| *count > 0) {
            *self.values.entry(term).or_default() += count;
        }
    }

    /// Brands, categories and prices, then the attributes that most results have.
    pub(crate) fn finish(self) -> Vec<Facet> {
        let mut groups: BTreeMap<&str, Group<'_>> = BTreeMap::new();
        for (term, count) in &self.values {
            let (name, value) = split(term);
            groups.entry(name).or_default().add(value, *count);
        }
        let mut facets: Vec<Facet> =
            ["brand", "category"].into_iter().filter_map(|name| Some(groups.remove(name)?.facet(name))).collect();
        facets.extend(self.price_facet());
        let selected = |name: &str| self.names.iter().any(|selected| selected == name);
        let mut attributes: Vec<(&str, Group<'_>)> = groups
            .into_iter()
            .filter(|(name, group)| {
                selected(name) || (group.values.len() > 1 && group.covered() * COMMON >= self.total)
            })
            .collect();
        attributes.sort_by_key(|(name, group)| (!selected(name), Reverse(group.covered())));
        attributes.truncate(MAX_ATTRIBUTES);
        facets.extend(attributes.into_iter().map(|(name, group)| group.facet(name)));
        facets
    }

    fn price_facet(&self) -> Option<Facet> {
        let counted = self.prices.iter().enumerate().filter(|(_, count)| **count > 0);
        let values: Vec<FacetValue> =
            counted.map(|(index, count)| FacetValue { value: range(index), count: to_i32(*count) }).collect();
        (!values.is_empty()).then(|| Facet { name: PRICE.into(), values })
    }
}

/// The values of one name. Those that a filter takes for the same are one, written as most products have it.
#[derive(Default)]
struct Group<'a> {
    values: HashMap<Cow<'a, str>, Value<'a>>,
}

struct Value<'a> {
    written: &'a str,
    most: usize,
    count: usize,
}

impl<'a> Group<'a> {
    fn add(&mut self, written: &'a str, count: usize) {
        let value = self.values.entry(text::fold(written.trim())).or_insert(Value { written, most: 0, count: 0 });
        value.count += count;
        if (count, value.written) > (value.most, written) {
            (value.written, value.most) = (written, count);
        }
    }

    fn covered(&self) -> usize {
        self.values.values().map(|value| value.count).sum()
    }

    fn facet(self, name: &str) -> Facet {
        let mut values: Vec<Value<'_>> = self.values.into_values().collect();
        values.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.written.cmp(b.written)));
        values.truncate(MAX_VALUES);
        let values =
            values.into_iter().map(|value| FacetValue { value: value.written.into(), count: to_i32(value.count) });
        Facet { name: filter::written(name), values: values.collect() }
    }
}

fn to_i32(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Where one range of prices ends and the next begins, in minor units: 1, 2 and 5 of each power of ten, so that
/// ranges stay the same from search to search.
const BOUNDS: [i64; 24] = {
    let mut bounds = [0; 24];
    let mut power = 100;
    let mut index = 0;
    while index < bounds.len() {
        bounds[index] = power;
        bounds[index + 1] = 2 * power;
        bounds[index + 2] = 5 * power;
        power *= 10;
        index += 3;
    }
    bounds
};

fn range(index: usize) -> String {
    let from = index.checked_sub(1).map_or(0, |before| BOUNDS[before]);
    let to = BOUNDS.get(index).copied().unwrap_or(i64::MAX);
    format!("{from}-{to}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_prices_join_without_a_gap() {
        assert_eq!(
            (range(0), range(1), range(2), range(3)),
            ("0-100".into(), "100-200".into(), "200-500".into(), "500-1000".into())
        );
        assert_eq!(range(BOUNDS.len()), format!("{}-{}", BOUNDS[BOUNDS.len() - 1], i64::MAX));
        assert!(BOUNDS.is_sorted());
    }
}
