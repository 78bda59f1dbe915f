//! Finds what a product *is* in its title: the head of the noun phrase.
//!
//! In English the head comes last: a `laptop cooling stand` is a stand, a `USB cable for cameras` a cable. So a word
//! is a head where its phrase ends: before a number, a colour, a preposition, punctuation or the end. What follows
//! `for`, `with` and the like belongs to something else. No list of products is needed.

use super::text::{Gap, Shape, Word};

/// After these comes what the product is for or has, not what it is.
const PREPOSITIONS: &[&str] = &[
    "for",
    "with",
    "w",
    "without",
    "to",
    "from",
    "of",
    "by",
    "in",
    "on",
    "at",
    "f",
    "compatible",
    "fits",
    "incl",
    "including",
    "includes",
    "replaces",
    "replacement",
    "via",
    "from",
    "using",
    "featuring",
    "supports",
];

/// These join two heads.
const CONJUNCTIONS: &[&str] = &["and", "or", "plus", "n"];

/// These follow the head and describe it.
const AFTER_HEAD: &[&str] = &[
    "black",
    "white",
    "grey",
    "gray",
    "silver",
    "red",
    "blue",
    "green",
    "yellow",
    "orange",
    "pink",
    "purple",
    "brown",
    "gold",
    "beige",
    "cyan",
    "magenta",
    "multicolour",
    "multicolor",
    "multi",
    "transparent",
    "translucent",
    "clear",
    "anthracite",
    "bronze",
    "violet",
    "turquoise",
    "lime",
    "navy",
    "metallic",
    "graphite",
    "ivory",
    "cream",
    "lilac",
    "titanium",
    "aluminium",
    "chrome",
    "colour",
    "color",
    "inch",
    "cm",
    "mm",
    "m",
    "ft",
    "w",
    "v",
    "gb",
    "tb",
    "mb",
    "kg",
    "g",
    "ml",
    "l",
    "pc",
    "pcs",
    "pack",
    "set",
    "piece",
    "pieces",
    "original",
    "series",
    "dark",
    "light",
];

/// The places of the heads among the words of a title.
pub(crate) fn heads(words: &[Word]) -> Vec<usize> {
    let mut heads = Vec::new();
    let mut beside = false;
    for (index, word) in words.iter().enumerate() {
        if word.gap == Gap::Break {
            beside = false;
        }
        if PREPOSITIONS.contains(&word.text.as_str()) {
            beside = true;
        } else if !beside && is_noun(word) && ends_phrase(words.get(index + 1)) {
            heads.push(index);
        }
    }
    heads
}

/// Whether a word can describe the one after it.
pub(crate) fn describes(word: &Word) -> bool {
    let text = word.text.as_str();
    text.len() > 1 && !PREPOSITIONS.contains(&text) && !CONJUNCTIONS.contains(&text)
}

fn is_noun(word: &Word) -> bool {
    word.shape == Shape::Word && describes(word) && !AFTER_HEAD.contains(&word.text.as_str())
}

fn ends_phrase(next: Option<&Word>) -> bool {
    let Some(next) = next else { return true };
    matches!(next.gap, Gap::Break | Gap::Comma | Gap::Slash) || !is_noun(next)
}
