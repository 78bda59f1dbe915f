//! Readable names for addresses, made from titles.

use unicode_normalization::UnicodeNormalization;

/// Longer titles are cut at a word, so that a suffix still fits the contract's limit.
const MAX_BYTES: usize = 120;

/// Letters that do not decompose into an ASCII letter and a mark.
const LETTERS: [(char, &str); 14] = [
    ('ß', "ss"),
    ('æ', "ae"),
    ('œ', "oe"),
    ('ø', "o"),
    ('đ', "d"),
    ('ð', "d"),
    ('þ', "th"),
    ('ł', "l"),
    ('ħ', "h"),
    ('ı', "i"),
    ('ŋ', "ng"),
    ('ŧ', "t"),
    ('ĸ', "k"),
    ('&', "-and-"),
];

/// The slug of a text: `Crème brûlée & Co.` becomes `creme-brulee-and-co`.
/// Empty for a text without a letter or digit that ASCII has, such as one in Chinese.
pub(crate) fn of(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase).nfd() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if let Some((_, folded)) = LETTERS.iter().find(|(other, _)| *other == letter) {
            slug.push_str(folded);
        } else if !is_mark(letter) {
            slug.push('-');
        }
    }
    shorten(&slug.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")).to_owned()
}

/// Combining diacritical marks, which decomposition leaves behind; and apostrophes, which are within words.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\'' | '’')
}

fn shorten(slug: &str) -> &str {
    if slug.len() <= MAX_BYTES {
        return slug;
    }
    let cut = &slug[..MAX_BYTES];
    cut.rsplit_once('-').map_or(cut, |(words, _)| words)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn titles_become_readable_ascii() {
        for (title, slug) in [
            ("HP 80 Original Cyan", "hp-80-original-cyan"),
            ("Crème brûlée & Co.", "creme-brulee-and-co"),
            ("Smörgåsbord  Straße №5", "smorgasbord-strasse-5"),
            ("Kid's T-Shirt (XL)", "kids-t-shirt-xl"),
            ("Łódź Øre Þing", "lodz-ore-thing"),
            ("日本語", ""),
            ("---", ""),
        ] {
            assert_eq!(of(title), slug, "{title}");
        }
    }

    #[test]
    fn long_titles_are_cut_at_a_word() {
        let slug = of(&"abcdefghi ".repeat(50));
        assert_eq!(slug.len(), 119);
        assert!(slug.ends_with("-abcdefghi"), "{slug}");
        assert_eq!(of(&"x".repeat(500)).len(), MAX_BYTES);
    }

    proptest! {
        #[test]
        fn a_slug_always_has_the_form_of_the_contract(title in ".{0,300}") {
            let slug = of(&title);
            prop_assert!(slug.len() <= MAX_BYTES);
            let word = |word: &str| {
                !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            };
            prop_assert!(slug.is_empty() || slug.split('-').all(word), "{slug}");
        }
    }
}
