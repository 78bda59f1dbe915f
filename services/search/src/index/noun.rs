//! Finds what a product *is* in its title: the head of the noun phrase.
//!
//! In English the head comes last: a `laptop cooling stand` is a stand, a `USB cable for cameras` a cable. So a word
//! is a head where its phrase ends: before a number, a colour, a preposition, punctuation or the end. What follows
//! `for`, `with` and the like belongs to something else. No list of products is needed.

use std::{collections::HashSet, sync::LazyLock};

use super::text::{Gap, Shape, Word};

/// After these comes what the product is for or has, not what it is.
static PREPOSITIONS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "for with w without to from of by in on at f compatible fits incl including includes replaces replacement via \
    using featuring supports"
        .split(' ')
        .collect()
});

/// These join two heads.
static CONJUNCTIONS: LazyLock<HashSet<&str>> = LazyLock::new(|| "and or plus n".split(' ').collect());

/// These follow the head and describe it.
static AFTER_HEAD: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "black white grey gray silver red blue green yellow orange pink purple brown gold beige cyan magenta \
    multicolour multicolor multi transparent translucent anthracite bronze violet turquoise lime navy metallic \
    graphite ivory cream lilac titanium aluminium chrome colour color inch cm mm m ft w v gb tb mb kg g ml l pc \
    pcs pack piece pieces original series"
        .split(' ')
        .collect()
});

/// The places of the heads among the words of a title.
pub(crate) fn heads(words: &[Word]) -> Vec<usize> {
    let mut heads = Vec::new();
    let mut beside = false;
    for (index, word) in words.iter().enumerate() {
        if word.gap == Gap::Break {
            beside = false;
        }
        if PREPOSITIONS.contains(word.text.as_str()) {
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
    text.len() > 1 && !PREPOSITIONS.contains(text) && !CONJUNCTIONS.contains(text)
}

fn is_noun(word: &Word) -> bool {
    word.shape == Shape::Word && describes(word) && !AFTER_HEAD.contains(word.text.as_str())
}

fn ends_phrase(next: Option<&Word>) -> bool {
    let Some(next) = next else { return true };
    matches!(next.gap, Gap::Break | Gap::Comma | Gap::Slash) || !is_noun(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::text;

    fn heads_of(title: &str) -> Vec<String> {
        let words = text::words(title);
        heads(&words).into_iter().map(|head| words[head].text.clone()).collect()
    }

    #[test]
    fn the_head_is_where_the_phrase_ends() {
        assert_eq!(heads_of("Kensington Laptop Cooling Stand"), ["stand"]);
        assert_eq!(heads_of("HP EliteBook 840 G5 Notebook Silver 35.6 cm (14\")"), ["elitebook", "notebook"]);
        assert_eq!(heads_of("USB keyboard and mouse, Black"), ["keyboard", "mouse"]);
        assert_eq!(heads_of("Philips SHE2611/00 headphones/headset Black"), ["philips", "headphones", "headset"]);
    }

    #[test]
    fn what_it_is_for_is_not_what_it_is() {
        assert_eq!(heads_of("USB cable for digital cameras"), ["cable"]);
        assert_eq!(heads_of("Battery for select IBM/LENOVO laptops"), ["battery"]);
        assert_eq!(heads_of("Case with strap - sleeve"), ["case", "sleeve"]);
    }

    #[test]
    fn queries_have_heads_too() {
        assert_eq!(heads_of("hp laptop"), ["laptop"]);
        assert_eq!(heads_of("laptop bag"), ["bag"]);
        assert_eq!(heads_of("iphone 7"), ["iphone"]);
        assert_eq!(heads_of("15.6"), Vec::<String>::new());
    }
}
