//! Completes what somebody is typing: brands, categories, words and phrases of the catalogue, then products.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
};

use tantivy::Term;
use ultramarket_api::search::v1::{Suggestion, suggestion::Kind};

use super::{document::filter_term, search::Request, snapshot::Snapshot, spelling, text};
use crate::domain::{Filter, Order};

/// So many brands and so many categories at most…
const MAX_NAMES: usize = 2;
/// …and room for so many products, once it is clear what is meant.
const PRODUCTS: usize = 3;
/// So many words before any phrase.
const LIKELY: usize = 2;
/// After so many characters it may be.
const CLEAR: usize = 3;
/// No text is read further than this.
const MAX_CHARACTERS: usize = 256;

/// A brand or category.
#[derive(Debug)]
struct Name {
    /// How it is compared.
    folded: String,
    /// How it is written.
    written: String,
    /// How many products have it.
    count: u32,
}

/// Brands and categories, in order of how they are compared.
#[derive(Debug)]
pub(crate) struct Names {
    brands: Vec<Name>,
    categories: Vec<Name>,
}

impl Names {
    fn of(snapshot: &Snapshot) -> tantivy::Result<Self> {
        Ok(Self { brands: Self::named("brand", snapshot)?, categories: Self::named("category", snapshot)? })
    }

    fn named(group: &str, snapshot: &Snapshot) -> tantivy::Result<Vec<Name>> {
        let values = snapshot.segments.iter().flat_map(|segment| segment.facets.values(group));
        let names: BTreeMap<String, &str> = values.map(|value| (folded(value), value)).collect();
        let name = |(folded, written): (String, &str)| {
            let term = Term::from_field_text(snapshot.schema.filter, &filter_term(group, written));
            let counts = snapshot.segments.iter().map(|segment| segment.filter.doc_freq(&term));
            let count = counts.sum::<std::io::Result<u32>>()?;
            Ok(Name { folded, written: written.to_owned(), count })
        };
        names.into_iter().map(name).collect()
    }
}

/// Its words with single spaces.
pub(crate) fn folded(text: &str) -> String {
    text::words(text).iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

impl Snapshot {
    pub(crate) fn suggest(&self, typed: &str, limit: usize) -> tantivy::Result<Vec<Suggestion>> {
        let typed: String = typed.chars().take(MAX_CHARACTERS).collect();
        let mut beginning = folded(&typed);
        if beginning.is_empty() {
            return Ok(Vec::new());
        }
        if typed.ends_with(char::is_whitespace) {
            beginning.push(' ');
        }
        let mut suggestions = Suggestions::default();
        let names = self.names()?;
        suggestions.add_names(&names.brands, &beginning, Kind::Brand, limit);
        suggestions.add_names(&names.categories, &beginning, Kind::Category, limit);
        let completed = self.completed(&beginning, limit)?;
        let products = if typed.chars().count() < CLEAR { 0 } else { limit.min(PRODUCTS) };
        for query in &completed {
            suggestions.add(query.clone(), Kind::Query, limit - products);
        }
        if products > 0 {
            let query = completed.first().map_or(beginning.as_str(), String::as_str);
            for title in self.titles(query, limit)? {
                suggestions.add(title, Kind::Product, limit);
            }
        }
        Ok(suggestions.all)
    }

    fn names(&self) -> tantivy::Result<&Names> {
        if let Some(names) = self.names.get() {
            return Ok(names);
        }
        let names = Names::of(self)?;
        Ok(self.names.get_or_init(|| names))
    }

    /// Words and phrases that begin so; else the last word completed or corrected, after the words before it.
    fn completed(&self, beginning: &str, limit: usize) -> tantivy::Result<Vec<String>> {
        let (before, last) = match beginning.rsplit_once(' ') {
            Some((before, last)) => (format!("{before} "), last),
            None => (String::new(), beginning),
        };
        let mut found = self.phrases(beginning, limit)?;
        if last.is_empty() || (!found.is_empty() && !before.is_empty()) {
            return Ok(found);
        }
        let speakable = |word: &String| !word.contains(char::is_numeric) || last.contains(char::is_numeric);
        let words: Vec<String> = self.completions(last, limit)?.into_iter().filter(speakable).collect();
        let words = words.into_iter().map(|word| format!("{before}{word}"));
        // What it is most likely, then what there is of it, then what else it could be: `laptop`, `laptop bag`, `lapel`.
        let at = found.len();
        found.extend(words);
        let likely = found.len().min(at + LIKELY);
        found[..likely].rotate_left(at);
        if found.is_empty() {
            let corrected = spelling::corrections(last, self)?;
            found.extend(corrected.into_iter().map(|correction| format!("{before}{}", correction.word)));
        }
        Ok(found)
    }

    fn titles(&self, query: &str, limit: usize) -> tantivy::Result<Vec<String>> {
        let request = Request { query, filter: &Filter::default(), order: Order::Relevance, offset: 0, limit };
        let results = self.search(&request)?.results;
        Ok(results.into_iter().filter_map(|result| Some(result.product?.title)).collect())
    }
}

#[derive(Default)]
struct Suggestions {
    all: Vec<Suggestion>,
    seen: HashSet<(String, Kind)>,
}

impl Suggestions {
    fn add_names(&mut self, names: &[Name], beginning: &str, kind: Kind, limit: usize) {
        let start = names.partition_point(|name| name.folded.as_str() < beginning);
        let mut fitting: Vec<&Name> =
            names[start..].iter().take_while(|name| name.folded.starts_with(beginning)).collect();
        fitting.sort_by_key(|name| Reverse(name.count));
        for name in fitting.into_iter().take(MAX_NAMES) {
            self.add(name.written.clone(), kind, limit);
        }
    }

    /// Adds a suggestion unless there is one that says the same, or there are so many already.
    fn add(&mut self, text: String, kind: Kind, limit: usize) {
        let stems: Vec<String> = text::words(&text).iter().map(|word| text::stem(&word.text).into_owned()).collect();
        if self.all.len() < limit && self.seen.insert((stems.join(" "), kind)) {
            self.all.push(Suggestion { text, kind: kind.into() });
        }
    }
}
