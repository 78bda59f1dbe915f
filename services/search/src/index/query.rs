//! Reads a shopper's words: what to look for, and what each finding says.
//!
//! There is no query syntax: quotes, brackets and field names are punctuation and words like any other, and only the
//! places of [`Place`] are ever looked into.

use std::collections::BTreeSet;

use super::{
    noun, ranking,
    schema::{PLACES, Place},
    snapshot::{Occurrences, Snapshot},
    spelling, synonyms,
    text::{self, Word},
};

/// A search has no more words than these; more say nothing and cost time.
pub(crate) const MAX_WORDS: usize = 16;
/// No text is read further than this.
const MAX_CHARACTERS: usize = 256;
/// Shorter codes, and those without a digit, are words like any other.
const SHORTEST_CODE: usize = 4;

/// Where words are looked for; codes are looked for as a whole.
const WORD_PLACES: &[Place] = &[
    Place::Title,
    Place::Head,
    Place::Type,
    Place::Kind,
    Place::Brand,
    Place::Attributes,
    Place::Body,
    Place::TitlePairs,
    Place::BodyPairs,
];

/// These are not asked for when there is anything else.
const STOPWORDS: &[&str] =
    &["a", "an", "and", "at", "by", "for", "from", "in", "is", "my", "of", "on", "or", "the", "to", "with"];

/// A term to look up.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) text: String,
    /// How well it stands for what was typed: 1 for the word itself.
    pub(crate) weight: f32,
    /// The things asked for that a product has when it has the term, a bit each.
    pub(crate) concepts: u16,
    pub(crate) occurrences: Occurrences,
    frequencies: [u32; PLACES],
}

impl Key {
    /// How many products have it in a place; a synonym counts as no rarer than the word that was typed.
    pub(crate) fn frequency(&self, place: Place) -> u32 {
        self.frequencies[place as usize]
    }
}

/// A query, understood: the things asked for and the terms that name them.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) keys: Vec<Key>,
    /// The things asked for that some product has, a bit each.
    pub(crate) concepts: u16,
    /// The bit of the thing itself; the others say which one.
    pub(crate) head: u16,
    /// Whether all of it is the code of some product: then nothing else is meant.
    pub(crate) code: bool,
}

impl Plan {
    pub(crate) fn of(query: &str, snapshot: &Snapshot) -> tantivy::Result<Self> {
        let end = query.char_indices().nth(MAX_CHARACTERS).map_or(query.len(), |(index, _)| index);
        let (words, heads) = significant(text::words(&query[..end]));
        let mut planner = Planner { snapshot, keys: Vec::new() };
        for (index, word) in words.iter().enumerate() {
            planner.word(word, 1 << index)?;
        }
        for (index, pair) in words.windows(2).enumerate() {
            planner.pair(&pair[0], &pair[1], 0b11 << index)?;
        }
        planner.codes(&words)?;
        let keys = planner.keys;
        let concepts = keys.iter().fold(0, |all, key| all | key.concepts);
        let code = keys.iter().any(|key| key.concepts == concepts && key.frequency(Place::Code) > 0);
        Ok(Self { head: head(&heads, &keys), concepts, code, keys })
    }
}

/// The words that say something, and which of them are heads.
fn significant(mut words: Vec<Word>) -> (Vec<Word>, Vec<usize>) {
    words.truncate(MAX_WORDS);
    let heads = noun::heads(&words);
    let all_stop = words.iter().all(is_stopword);
    let said = words.into_iter().enumerate().filter(|(_, word)| all_stop || word.continues() || !is_stopword(word));
    let (places, words): (Vec<usize>, Vec<Word>) = said.unzip();
    let heads = (0..places.len()).filter(|index| heads.contains(&places[*index])).collect();
    (words, heads)
}

fn is_stopword(word: &Word) -> bool {
    STOPWORDS.contains(&word.text.as_str())
}

/// The last head that is not a brand: in `laptop hp` the laptop is asked for.
fn head(heads: &[usize], keys: &[Key]) -> u16 {
    heads.iter().rev().map(|index| 1 << index).find(|concept| !is_brand(*concept, keys)).unwrap_or(0)
}

fn is_brand(concept: u16, keys: &[Key]) -> bool {
    let count = |place: Place| -> u32 {
        keys.iter().filter(|key| key.concepts == concept).map(|key| key.frequency(place)).sum()
    };
    count(Place::Brand) * 2 > count(Place::Title)
}

struct Planner<'a> {
    snapshot: &'a Snapshot,
    keys: Vec<Key>,
}

impl Planner<'_> {
    fn word(&mut self, word: &Word, concept: u16) -> tantivy::Result<()> {
        let known = self.expand(&text::stem(&word.text), 1.0, concept)?;
        let corrections = spelling::corrections(&word.text, self.snapshot)?;
        for correction in &corrections {
            self.expand(&text::stem(&correction.word), correction.weight, concept)?;
        }
        if !known
            && corrections.is_empty()
            && let Some((first, second)) = spelling::split(&word.text, self.snapshot)?
        {
            self.expand(&text::stem(first), spelling::HALF, concept)?;
            self.expand(&text::stem(second), spelling::HALF, concept)?;
        }
        Ok(())
    }

    /// Neighbours are also looked for as one word: `head set` finds headsets.
    fn pair(&mut self, first: &Word, second: &Word, concepts: u16) -> tantivy::Result<()> {
        let joined = text::joined(&first.text, &second.text);
        let compound = second.continues() || self.is_one_word(&format!("{}{}", first.text, second.text), &joined)?;
        let weight = if compound { ranking::COMPOUND } else { ranking::PHRASE };
        self.expand(&joined, weight, concepts)?;
        Ok(())
    }

    /// Whether the catalogue hardly ever writes it as two words.
    fn is_one_word(&self, together: &str, joined: &str) -> tantivy::Result<bool> {
        const HARDLY: u32 = 10;
        let frequency = self.snapshot.frequency(together)?;
        if frequency == 0 {
            return Ok(false);
        }
        let apart = self.snapshot.occurrences(joined, &[Place::TitlePairs, Place::BodyPairs])?;
        let apart: u32 = apart.iter().flatten().map(|(_, info)| info.doc_freq).sum();
        Ok(frequency > apart.saturating_mul(HARDLY))
    }

    /// Barcodes, SKUs and part numbers: the whole query, each run of characters and each word.
    fn codes(&mut self, words: &[Word]) -> tantivy::Result<()> {
        let mut spans: BTreeSet<(usize, usize)> = (0..words.len()).map(|index| (index, index + 1)).collect();
        spans.insert((0, words.len()));
        let mut start = 0;
        for run in words.chunk_by(|_, next| next.continues()) {
            spans.insert((start, start + run.len()));
            start += run.len();
        }
        for (start, end) in spans {
            let concepts = (start..end).fold(0, |all, index| all | 1 << index);
            let code = text::code(&words[start..end].iter().map(|word| word.text.as_str()).collect::<String>());
            if code.len() >= SHORTEST_CODE && code.chars().any(char::is_numeric) {
                self.key(&code, 1.0, concepts, &[Place::Code])?;
            }
        }
        Ok(())
    }

    /// Looks for a term and what means the same; says whether the term itself is known.
    fn expand(&mut self, term: &str, weight: f32, concepts: u16) -> tantivy::Result<bool> {
        let typed = self.key(term, weight, concepts, WORD_PLACES)?.map(|key| key.frequencies);
        // A phrase that has synonyms is a thing of its own, whatever its words are worth.
        let weight = if concepts.count_ones() > 1 { 1.0 } else { weight };
        for synonym in synonyms::of(term) {
            let key = self.key(&synonym.key, weight * synonym.weight, concepts, WORD_PLACES)?;
            if let (Some(key), Some(typed)) = (key, typed) {
                key.frequencies = std::array::from_fn(|place| key.frequencies[place].max(typed[place]));
            }
        }
        Ok(typed.is_some())
    }

    fn key(&mut self, text: &str, weight: f32, concepts: u16, places: &[Place]) -> tantivy::Result<Option<&mut Key>> {
        let occurrences = self.snapshot.occurrences(text, places)?;
        if occurrences.iter().all(Vec::is_empty) {
            return Ok(None);
        }
        let mut frequencies = [0; PLACES];
        for (place, info) in occurrences.iter().flatten() {
            frequencies[*place as usize] += info.doc_freq;
        }
        self.keys.push(Key { text: text.to_owned(), weight, concepts, occurrences, frequencies });
        Ok(self.keys.last_mut())
    }
}
