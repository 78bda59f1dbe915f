//! What makes one product a better answer than another, in numbers.
//!
//! A product scores, for each thing asked for, by the best of the places that name it: the rarer the word and the
//! shorter the text around it, the better (BM25 in each place, the best place counts, the others break ties). Having
//! all that was asked for counts squared. Then come three rules about what the product *is*: see [`Kinship`].
//!
//! The numbers are round on purpose. They were chosen on judged queries of `examples/ndcg.rs` and hold over its
//! folds; finer tuning gained on the queries that it saw and lost on those that it did not.

use super::schema::{PLACES, Place};

/// How soon another occurrence of the same word stops to matter (BM25's k1).
pub(crate) const SATURATION: f32 = 1.2;

/// How much a long text counts against an occurrence in it (BM25's b).
const LENGTH: f32 = 0.75;

/// What the places beside the best one add.
pub(crate) const TIE: f32 = 0.1;

/// Two words side by side, as against one of them.
pub(crate) const PHRASE: f32 = 0.2;

/// Two words for which the catalogue writes one, or that were typed without a space: `head set`, `wi-fi`.
pub(crate) const COMPOUND: f32 = 0.8;

/// A synonym that is related to the word that was typed but not the same.
pub(crate) const RELATED_WORD: f32 = 0.5;

/// How a product that names a thing is related to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kinship {
    /// Its type or category is what was asked for: a `Notebook` for `laptop`.
    Same,
    /// Its title or description names the thing for what the product is, or neither names it.
    Named,
    /// They name the thing only for what the product has to do with: a `laptop lock` for `laptop`.
    Related,
}

impl Kinship {
    /// What this does to the score.
    pub(crate) const fn factor(self) -> f32 {
        match self {
            Self::Same => 1.5,
            Self::Named => 1.0,
            Self::Related => 0.8,
        }
    }
}

/// How much an occurrence counts, by place. [`Place::Head`] and [`Place::Type`] only tell the kinship.
pub(crate) const fn weight(place: Place) -> f32 {
    match place {
        Place::Title | Place::Body => 1.0,
        Place::Brand => 0.75,
        Place::TitlePairs => 0.5,
        Place::BodyPairs => 0.25,
        Place::Kind | Place::Attributes => 0.125,
        Place::Code => 5.0,
        Place::Head | Place::Type => 0.0,
    }
}

/// The factor for an occurrence in a text, by place and encoded length of the text.
pub(crate) fn norms(averages: &[f32; PLACES], length_of: impl Fn(u8) -> u32) -> [[f32; 256]; PLACES] {
    std::array::from_fn(|place| {
        std::array::from_fn(|id| {
            let length = u8::try_from(id).map_or(0, &length_of) as f32;
            1.0 / (1.0 - LENGTH + LENGTH * length / averages[place].max(1.0))
        })
    })
}

/// How much it says to have a word that `frequency` of all `documents` have.
pub(crate) fn rarity(frequency: u32, documents: u32) -> f32 {
    let (frequency, rest) = (frequency as f32, documents.saturating_sub(frequency) as f32);
    (1.0 + (rest + 0.5) / (frequency + 0.5)).ln()
}

/// What a product that lacks something of what was asked for has left of its score.
pub(crate) fn coverage(found: f32, asked: f32) -> f32 {
    if asked <= 0.0 { 1.0 } else { (found / asked).powi(2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_words_say_more() {
        assert!(rarity(1, 1000) > rarity(10, 1000));
        assert!(rarity(1000, 1000) > 0.0);
        assert!(rarity(2000, 1000) > 0.0, "deleted documents may still be counted");
    }

    #[test]
    fn occurrences_in_short_texts_count_more() {
        let norms = norms(&[10.0; PLACES], u32::from);
        assert!(norms[0][1] > norms[0][10] && norms[0][10] > norms[0][40]);
        assert!((norms[0][10] - 1.0).abs() < 1e-6, "a text of average length is neutral");
    }

    #[test]
    fn having_half_of_it_is_worth_a_quarter() {
        assert!((coverage(1.0, 2.0) - 0.25).abs() < 1e-6);
        assert!((coverage(0.0, 0.0) - 1.0).abs() < 1e-6);
    }
}
