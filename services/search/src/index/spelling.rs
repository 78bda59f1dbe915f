//! Finds what somebody meant by a word that no product has.
//!
//! Only words that are unknown, or rare beside one that differs by one letter, are corrected: what is written
//! exactly so is never overruled.

use std::collections::HashMap;

use tantivy::{Term, query::FuzzyTermQuery, termdict::TermDictionary};

use super::snapshot::{Segment, Snapshot};

/// No more corrections of one word are searched for.
const MAX_CORRECTIONS: usize = 3;
/// No more words of one segment are looked at.
const MAX_CANDIDATES: usize = 200;
/// A word that fewer products have may itself be a typing error of the catalogue…
const RARE: u32 = 3;
/// …when a word one letter away is so many times as frequent.
const FAR_MORE: u32 = 50;

/// A word to search for instead of another.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Correction {
    pub(crate) word: String,
    /// How sure it is, below 1.
    pub(crate) weight: f32,
}

/// What else a word could mean, best first: other spellings, two words that were run together, or longer words that
/// begin with it.
pub(crate) fn corrections(word: &str, snapshot: &Snapshot) -> tantivy::Result<Vec<Correction>> {
    let known = snapshot.frequency(word)?;
    if known > RARE {
        return Ok(Vec::new());
    }
    let mut corrections = respelled(word, known, snapshot)?;
    if corrections.is_empty() && known == 0 {
        corrections = longer(word, snapshot)?;
    }
    Ok(corrections)
}

/// How many letters may be wrong. Part numbers and barcodes are never "corrected" into other ones.
fn tolerance(word: &str) -> u8 {
    if word.chars().any(char::is_numeric) {
        return 0;
    }
    match word.chars().count() {
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    }
}

fn respelled(word: &str, known: u32, snapshot: &Snapshot) -> tantivy::Result<Vec<Correction>> {
    for distance in 1..=tolerance(word) {
        let mut candidates = HashMap::new();
        for segment in &snapshot.segments {
            near(word, distance, segment, snapshot, &mut candidates)?;
        }
        candidates.remove(word);
        let enough = if known == 0 { 1 } else { known.saturating_mul(FAR_MORE) };
        // The first letter is hardly ever the wrong one.
        let first = word.chars().next();
        let rank = |(candidate, count): &(String, u32)| (candidate.chars().next() == first, *count);
        let mut candidates: Vec<(String, u32)> = candidates.into_iter().filter(|(_, count)| *count >= enough).collect();
        candidates.sort_unstable_by(|a, b| rank(b).cmp(&rank(a)).then_with(|| a.0.cmp(&b.0)));
        candidates.truncate(MAX_CORRECTIONS);
        if !candidates.is_empty() {
            let weight = if known == 0 { 1.0 } else { 0.5 } / f32::from(distance);
            let weigh = |(rank, (word, _))| Correction { word, weight: weight * 0.8_f32.powi(rank + 1) };
            return Ok((0..).zip(candidates).map(weigh).collect());
        }
        if known > 0 {
            break;
        }
    }
    Ok(Vec::new())
}

fn near(
    word: &str,
    distance: u8,
    segment: &Segment,
    snapshot: &Snapshot,
    found: &mut HashMap<String, u32>,
) -> tantivy::Result<()> {
    let term = Term::from_field_text(snapshot.schema.vocabulary, word);
    let automaton = FuzzyTermQuery::new(term, distance, true).automaton()?;
    let mut stream = segment.vocabulary.terms().search(&automaton).into_stream()?;
    for _ in 0..MAX_CANDIDATES {
        let Some((term, info)) = stream.next() else { break };
        *found.entry(String::from_utf8_lossy(term).into_owned()).or_default() += info.doc_freq;
    }
    Ok(())
}

fn longer(word: &str, snapshot: &Snapshot) -> tantivy::Result<Vec<Correction>> {
    if word.chars().count() < 3 {
        return Ok(Vec::new());
    }
    let completions = snapshot.completions(word, MAX_CORRECTIONS)?;
    Ok(completions.into_iter().map(|word| Correction { word, weight: HALF }).collect())
}

/// What one half of a word that was run together counts.
pub(crate) const HALF: f32 = 0.5;

/// Where a word falls into two that products have: `laptopbag` into `laptop` and `bag`.
pub(crate) fn split<'a>(word: &'a str, snapshot: &Snapshot) -> tantivy::Result<Option<(&'a str, &'a str)>> {
    const SHORTEST: usize = 3;
    let inner = SHORTEST..=word.len().saturating_sub(SHORTEST);
    let mut best = None;
    for (index, _) in word.char_indices().filter(|(index, _)| inner.contains(index)) {
        let (first, second) = word.split_at(index);
        let frequency = snapshot.frequency(first)?.min(snapshot.frequency(second)?);
        if frequency > best.map_or(0, |(frequency, _)| frequency) {
            best = Some((frequency, (first, second)));
        }
    }
    Ok(best.map(|(_, halves)| halves))
}

impl Snapshot {
    /// Words that begin so, the most frequent first.
    pub(crate) fn completions(&self, beginning: &str, limit: usize) -> tantivy::Result<Vec<String>> {
        beginning_with(beginning, limit, self.segments.iter().map(|segment| segment.vocabulary.terms()))
    }

    /// Phrases that begin so, the most frequent first.
    pub(crate) fn phrases(&self, beginning: &str, limit: usize) -> tantivy::Result<Vec<String>> {
        beginning_with(beginning, limit, self.segments.iter().map(|segment| segment.phrases.terms()))
    }
}

fn beginning_with<'a>(
    beginning: &str,
    limit: usize,
    dictionaries: impl Iterator<Item = &'a TermDictionary>,
) -> tantivy::Result<Vec<String>> {
    let mut found: HashMap<Vec<u8>, u32> = HashMap::new();
    for dictionary in dictionaries {
        let mut stream = dictionary.range().ge(beginning).into_stream()?;
        while let Some((term, info)) = stream.next() {
            if !term.starts_with(beginning.as_bytes()) {
                break;
            }
            match found.get_mut(term) {
                Some(count) => *count += info.doc_freq,
                None => drop(found.insert(term.to_vec(), info.doc_freq)),
            }
        }
    }
    let mut found: Vec<(Vec<u8>, u32)> = found.into_iter().collect();
    let compare = |a: &(Vec<u8>, u32), b: &(Vec<u8>, u32)| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0));
    if limit < found.len() {
        found.select_nth_unstable_by(limit, compare);
        found.truncate(limit);
    }
    found.sort_unstable_by(compare);
    Ok(found.into_iter().map(|(term, _)| String::from_utf8_lossy(&term).into_owned()).collect())
}
