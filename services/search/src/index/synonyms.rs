//! Synonyms: a small list of general commerce English that ships with the service (`synonyms.txt`).

use std::{collections::HashMap, sync::LazyLock};

use super::{ranking, text};

/// What else to look for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Synonym {
    /// One or two words as they are looked up: stemmed, two of them written as one.
    pub(crate) key: String,
    /// How well it stands for the other: 1 when both mean the same.
    pub(crate) weight: f32,
}

static SYNONYMS: LazyLock<HashMap<String, Vec<Synonym>>> = LazyLock::new(|| parse(include_str!("synonyms.txt")));

/// What else to look for when a key is asked for.
pub(crate) fn of(key: &str) -> &'static [Synonym] {
    SYNONYMS.get(key).map_or(&[], Vec::as_slice)
}

fn parse(file: &str) -> HashMap<String, Vec<Synonym>> {
    let mut synonyms: HashMap<String, Vec<Synonym>> = HashMap::new();
    let mut add = |from: &str, to: &str, weight: f32| {
        let (from, to) = (key(from), key(to));
        let known = synonyms.entry(from.clone()).or_default();
        if from != to && known.iter().all(|synonym| synonym.key != to) {
            known.push(Synonym { key: to, weight });
        }
    };
    for line in file.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        if let Some((from, to)) = line.split_once("->") {
            to.split(',').for_each(|to| add(from, to, ranking::RELATED_WORD));
            continue;
        }
        let (separator, weight) = if line.contains('=') { ('=', 1.0) } else { ('~', ranking::RELATED_WORD) };
        for from in line.split(separator) {
            line.split(separator).for_each(|to| add(from, to, weight));
        }
    }
    synonyms
}

fn key(phrase: &str) -> String {
    match text::words(phrase).as_slice() {
        [first, second] => text::joined(&first.text, &second.text),
        words => words.iter().map(|word| text::stem(&word.text)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(of: &HashMap<String, Vec<Synonym>>, key: &str) -> Vec<(String, f32)> {
        of.get(key).into_iter().flatten().map(|synonym| (synonym.key.clone(), synonym.weight)).collect()
    }

    #[test]
    fn signs_say_how_words_are_related() {
        let synonyms =
            parse("# a comment\n\nlaptop = notebook\nheadphones ~ headset\nphone -> smartphone, mobile phone\n");
        assert_eq!(keys(&synonyms, "notebook"), [("laptop".into(), 1.0)]);
        assert_eq!(keys(&synonyms, "headset"), [("headphon".into(), 0.5)]);
        assert_eq!(keys(&synonyms, "phone"), [("smartphon".into(), 0.5), ("mobilephon".into(), 0.5)]);
        assert_eq!(keys(&synonyms, "smartphon"), []);
    }

    #[test]
    fn the_list_that_ships_has_one_or_two_words_each() {
        for line in include_str!("synonyms.txt").lines().filter(|line| !line.starts_with('#')) {
            for phrase in
                line.split(['=', '~', ',']).flat_map(|phrase| phrase.split("->")).filter(|p| !p.trim().is_empty())
            {
                assert!((1..=2).contains(&text::words(phrase).len()), "{phrase:?} in {line:?}");
            }
        }
        assert!(of("laptop").iter().any(|synonym| synonym.key == "notebook"));
    }
}
