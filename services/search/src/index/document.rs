//! Turns a product into what is indexed of it.

use std::collections::BTreeSet;

use prost::Message;
use tantivy::{
    TantivyDocument,
    schema::Field,
    tokenizer::{PreTokenizedString, Token},
};
use ultramarket_api::catalog::v1::Product;

use super::{
    noun,
    schema::{Place, SEPARATOR, Schema},
    text::{self, Gap, Shape, Word},
};

/// Attributes that say what kind of thing a product is.
const KIND_ATTRIBUTES: &[&str] = &["type", "product type", "category", "product category"];

/// No more words than these are indexed of one description or attribute.
const MAX_WORDS: usize = 600;
const MAX_ATTRIBUTE_WORDS: usize = 100;
/// Longer values are prose, which nobody filters by.
const MAX_FILTER_BYTES: usize = 100;

/// The document of what cannot be found any more: its id and what was the last to change it.
pub(crate) fn tombstone(schema: &Schema, product_id: &str, version: u64, etag: &str) -> TantivyDocument {
    let mut document = TantivyDocument::default();
    document.add_text(schema.id, product_id);
    document.add_u64(schema.version, version);
    document.add_text(schema.etag, etag);
    document.add_u64(schema.live, 0);
    document
}

/// The document of a product; `facets` are the attributes that are counted.
pub(crate) fn document(schema: &Schema, product: &Product, version: u64, facets: &BTreeSet<String>) -> TantivyDocument {
    let mut document = TantivyDocument::default();
    document.add_text(schema.id, &product.product_id);
    document.add_u64(schema.version, version);
    document.add_text(schema.etag, &product.etag);
    document.add_u64(schema.live, 1);
    document.add_bytes(schema.product, &product.encode_to_vec());
    if let Some(price) = &product.price {
        document.add_i64(schema.price, price.amount_minor);
    }
    document.add_i64(schema.newest, newest(product));
    let mut builder = Builder { schema, document };
    builder.text(product);
    builder.codes(product);
    builder.filters(product, facets);
    builder.document
}

/// When it came to market, or else when it was created, in days since 1970.
fn newest(product: &Product) -> i64 {
    let created = || product.create_time.as_ref().map_or(0, |time| time.seconds.div_euclid(86_400));
    days(&product.release_date).unwrap_or_else(created)
}

/// Days since 1970 of an ISO 8601 date.
fn days(date: &str) -> Option<i64> {
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    // Counted from March, the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468)
}

/// What a filter looks up.
pub(crate) fn filter_term(name: &str, value: &str) -> String {
    format!("{}{SEPARATOR}{}", text::fold(name.trim()), text::fold(value.trim()))
}

/// The words of one field.
#[derive(Default)]
struct Tokens(Vec<Token>);

impl Tokens {
    fn push(&mut self, text: impl Into<String>) {
        self.0.push(Token { position: self.0.len(), text: text.into(), ..Token::default() });
    }

    fn stems(&mut self, words: &[Word]) {
        words.iter().for_each(|word| self.push(text::stem(&word.text)));
    }

    /// Neighbours written as one word; runs of more than two parts as a whole.
    fn pairs(&mut self, words: &[Word]) {
        for pair in words.windows(2).filter(|pair| pair[1].gap < Gap::Comma) {
            self.push(text::joined(&pair[0].text, &pair[1].text));
        }
        for run in words.chunk_by(|_, next| next.continues()).filter(|run| run.len() > 2) {
            self.push(run.iter().map(|word| word.text.as_str()).collect::<String>());
        }
    }
}

struct Builder<'a> {
    schema: &'a Schema,
    document: TantivyDocument,
}

impl Builder<'_> {
    fn text(&mut self, product: &Product) {
        let title = text::words(&product.title);
        let brand = text::words(&product.brand);
        let mut vocabulary: BTreeSet<&str> = spellable(&title).chain(spellable(&brand)).collect();
        let headed = noun::heads(&title).into_iter().filter(|head| *head > 0);
        let mut phrases: BTreeSet<String> = headed.filter_map(|head| phrase(&title[head - 1], &title[head])).collect();

        let mut heads = Tokens::default();
        let (mut kinds, mut types) = (Tokens::default(), Tokens::default());
        let of_kind: Vec<Vec<Word>> = kinds_of(product).map(text::words).collect();
        for words in &of_kind {
            kinds.stems(words);
            let together: String = words.iter().map(|word| word.text.as_str()).collect();
            types.push(text::stem(&together));
            if let Some(last) = words.iter().rfind(|word| word.shape == Shape::Word) {
                heads.push(text::stem(&last.text));
            }
            vocabulary.extend(spellable(words));
            phrases.insert(words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "));
        }
        self.add(Place::Kind, kinds);
        self.add(Place::Type, types);
        self.words(Place::Title, &title);
        self.words(Place::Brand, &brand);

        let description = text::words(&product.description.replace("\\n", "\n"));
        let description = &description[..description.len().min(MAX_WORDS)];
        for words in [&title[..], description] {
            noun::heads(words).into_iter().for_each(|head| heads.push(text::stem(&words[head].text)));
        }
        self.add(Place::Head, heads);
        let (mut attributes, mut pairs) = (Tokens::default(), Tokens::default());
        let variants = product.variants.iter().map(|variant| text::words(&variant.title));
        for words in product.attributes.iter().filter_map(said).chain(variants) {
            attributes.stems(&words);
            pairs.pairs(&words);
        }
        pairs.pairs(description);
        let mut title_pairs = Tokens::default();
        title_pairs.pairs(&title);
        self.words(Place::Body, description);
        self.add(Place::Attributes, attributes);
        self.add(Place::TitlePairs, title_pairs);
        self.add(Place::BodyPairs, pairs);
        self.list(self.schema.vocabulary, vocabulary);
        self.list(self.schema.phrases, phrases);
    }

    fn codes(&mut self, product: &Product) {
        let gtins = product.variants.iter().flat_map(|variant| &variant.gtins);
        let skus = product.variants.iter().map(|variant| &variant.sku);
        let codes = gtins.chain(skus).chain([&product.mpn, &product.external_id]).map(|code| text::code(code));
        let codes: BTreeSet<String> = codes.filter(|code| !code.is_empty()).collect();
        self.list(self.schema.place(Place::Code), codes);
    }

    fn filters(&mut self, product: &Product, facets: &BTreeSet<String>) {
        self.filter("brand", &product.brand, true);
        for category in &product.categories {
            self.filter("category", category, true);
        }
        for (name, value) in &product.attributes {
            self.filter(&format!("attributes.{name}"), value, facets.contains(text::fold(name).as_ref()));
        }
    }

    fn filter(&mut self, name: &str, value: &str, facet: bool) {
        if value.is_empty() || value.len() > MAX_FILTER_BYTES {
            return;
        }
        self.document.add_text(self.schema.filter, filter_term(name, value));
        if facet {
            self.document.add_text(self.schema.facet, format!("{}{SEPARATOR}{value}", text::fold(name)));
        }
    }

    fn words(&mut self, place: Place, words: &[Word]) {
        let mut tokens = Tokens::default();
        tokens.stems(words);
        self.add(place, tokens);
    }

    fn list(&mut self, field: Field, words: impl IntoIterator<Item = impl Into<String>>) {
        let mut tokens = Tokens::default();
        words.into_iter().for_each(|word| tokens.push(word));
        self.add_to(field, tokens);
    }

    fn add(&mut self, place: Place, tokens: Tokens) {
        self.add_to(self.schema.place(place), tokens);
    }

    fn add_to(&mut self, field: Field, tokens: Tokens) {
        if !tokens.0.is_empty() {
            let text = PreTokenizedString { text: String::new(), tokens: tokens.0 };
            self.document.add_pre_tokenized_text(field, text);
        }
    }
}

fn is_kind(name: &str) -> bool {
    KIND_ATTRIBUTES.iter().any(|kind| kind.eq_ignore_ascii_case(name))
}

/// The names of its kinds: types and categories.
fn kinds_of(product: &Product) -> impl Iterator<Item = &str> {
    let types = product.attributes.iter().filter(|(name, _)| is_kind(name)).map(|(_, value)| value);
    types.chain(&product.categories).map(String::as_str)
}

/// What an attribute says in words: its value, or its name when the value is "yes". A number says nothing without
/// its name and unit.
fn said((name, value): (&String, &String)) -> Option<Vec<Word>> {
    if is_kind(name) {
        return None;
    }
    let mut words = match text::fold(value.trim()).as_ref() {
        "yes" | "y" | "true" => text::words(name),
        "no" | "n" | "false" => return None,
        _ => text::words(value),
    };
    words.truncate(MAX_ATTRIBUTE_WORDS);
    words.iter().any(|word| word.shape != Shape::Number).then_some(words)
}

fn spellable(words: &[Word]) -> impl Iterator<Item = &str> {
    words.iter().filter(|word| word.shape != Shape::Number && word.text.len() > 2).map(|word| word.text.as_str())
}

/// A head and what describes it, as they are typed: `laptop bag`.
fn phrase(first: &Word, head: &Word) -> Option<String> {
    let typed = first.shape == Shape::Word && head.gap == Gap::Space && noun::describes(first);
    typed.then(|| format!("{} {}", first.text, head.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_counted_from_1970() {
        assert_eq!(days("1970-01-01"), Some(0));
        assert_eq!(days("1969-12-31"), Some(-1));
        assert_eq!(days("2000-03-01"), Some(11_017));
        assert_eq!(days("2024-02-29"), Some(19_782));
        assert_eq!((days(""), days("2024-02"), days("soon")), (None, None, None));
    }

    #[test]
    fn attributes_say_their_value_or_their_name() {
        let said = |name: &str, value: &str| {
            let words = said((&name.to_owned(), &value.to_owned()));
            words.map(|words| words.into_iter().map(|word| word.text).collect::<Vec<_>>())
        };
        assert_eq!(said("bluetooth", "Yes"), Some(vec!["bluetooth".into()]));
        assert_eq!(said("bluetooth", "no"), None);
        assert_eq!(said("package weight", "1000"), None);
        assert_eq!(said("colour", "Dark blue"), Some(vec!["dark".into(), "blue".into()]));
        assert_eq!(said("Product Type", "Notebook"), None);
    }
}
