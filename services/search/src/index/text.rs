//! Cuts text into the words that are indexed and searched. Products and queries go through the same cut, so that
//! both sides agree on what a word is.
//!
//! A run of characters without spaces that holds connectors (`CF-31`, `Wi-Fi`, `SHE2611/00`) yields its parts and
//! what they make together (`cf31`, `wifi`); decimals stay whole (`15.6`); an inch mark after a number is the word
//! `inch`; letters lose case and accents.

use std::{borrow::Cow, cell::RefCell, ops::Range};

use tantivy::tokenizer::{AsciiFoldingFilter, RawTokenizer, TextAnalyzer};

/// Longer words are cut here: nobody types them and they would only swell the dictionary.
const MAX_WORD_BYTES: usize = 64;

/// What a word is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Letters.
    Word,
    /// Digits, with a decimal point at most.
    Number,
    /// Both: `rj45`, `840g5`.
    Mixed,
}

/// What stands between a word and the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gap {
    /// A connector without spaces: `-`, `.`, `_`, `'`, `&`, `+`.
    Joined,
    /// A slash without spaces: alternatives (`headphones/headset`) or a part number (`SHE2611/00`).
    Slash,
    /// Spaces only.
    Space,
    /// A comma: the next of a list.
    Comma,
    /// A dash between spaces, a parenthesis, a colon and the like: another statement begins.
    Break,
}

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Folded: lower case, without accents.
    pub(crate) text: String,
    /// Where it stands in the source.
    pub(crate) span: Range<usize>,
    pub(crate) shape: Shape,
    pub(crate) gap: Gap,
}

impl Word {
    /// Whether this and the one before are one run of characters.
    pub(crate) fn continues(&self) -> bool {
        self.gap <= Gap::Slash
    }
}

/// The words of a text, in order.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::with_capacity(text.len() / 6 + 1);
    let mut gap = Gap::Break;
    let mut position = 0;
    while let Some(next) = text[position..].chars().next() {
        if next.is_alphanumeric() {
            let end = position + word_len(&text[position..]);
            let word = word(&text[position..end], position..end, gap);
            position = end;
            gap = Gap::Joined;
            if is_possessive(&word, words.last(), text) {
                continue;
            }
            words.push(word);
        } else {
            let end = position + text[position..].find(char::is_alphanumeric).unwrap_or(text.len() - position);
            let between = &text[position..end];
            let after_number =
                words.last().is_some_and(|word| word.shape == Shape::Number && word.span.end == position);
            if after_number && between.starts_with(['"', '”', '″']) {
                let mark = position..position + next.len_utf8();
                words.push(Word { text: "inch".into(), span: mark, shape: Shape::Word, gap: Gap::Joined });
            }
            gap = gap_of(between);
            position = end;
        }
    }
    words
}

/// How many bytes the word at the start of `text` has: letters and digits, and a point or comma between digits.
fn word_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut len = 0;
    for (index, character) in text.char_indices() {
        let inside_number = matches!(character, '.' | ',')
            && index > 0
            && bytes[..index].iter().all(|byte| byte.is_ascii_digit() || *byte == b',')
            && is_digits_after(bytes, index + 1, character);
        if !(character.is_alphanumeric() || inside_number) {
            break;
        }
        len = index + character.len_utf8();
    }
    len
}

/// After a decimal point any digit will do, after a thousands separator three are needed.
fn is_digits_after(bytes: &[u8], start: usize, separator: char) -> bool {
    let digits = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if separator == ',' { digits == 3 } else { digits > 0 }
}

fn word(raw: &str, span: Range<usize>, gap: Gap) -> Word {
    let mut text = fold(raw).into_owned();
    text.retain(|character| character != ',');
    if text.len() > MAX_WORD_BYTES {
        let cut = (0..=MAX_WORD_BYTES).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0);
        text.truncate(cut);
    }
    let digits = text.chars().any(char::is_numeric);
    let letters = text.chars().any(char::is_alphabetic);
    let shape = match (digits, letters) {
        (true, true) => Shape::Mixed,
        (true, false) => Shape::Number,
        (false, _) => Shape::Word,
    };
    Word { text, span, shape, gap }
}

/// The `s` of `kids'` and `men's` says nothing.
fn is_possessive(word: &Word, before: Option<&Word>, text: &str) -> bool {
    word.text == "s" && before.is_some_and(|before| matches!(&text[before.span.end..word.span.start], "'" | "’"))
}

fn gap_of(between: &str) -> Gap {
    let spaced = between.contains(char::is_whitespace);
    let mut gap = if spaced { Gap::Space } else { Gap::Joined };
    for character in between.chars() {
        let this = match character {
            ',' | ';' => Gap::Comma,
            '(' | ')' | '[' | ']' | '{' | '}' | ':' | '|' | '–' | '—' | '\n' | '!' | '?' | '<' | '>' | '=' => {
                Gap::Break
            }
            '-' | '.' if spaced => Gap::Break,
            '/' | '\\' if spaced => Gap::Comma,
            '/' | '\\' => Gap::Slash,
            _ => continue,
        };
        gap = gap.max(this);
    }
    gap
}

/// Lower case without accents.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(text.to_ascii_lowercase()),
            false => Cow::Borrowed(text),
        };
    }
    thread_local! {
        static FOLDING: RefCell<TextAnalyzer> =
            RefCell::new(TextAnalyzer::builder(RawTokenizer::default()).filter(AsciiFoldingFilter).build());
    }
    let folded = FOLDING.with_borrow_mut(|analyzer| {
        let mut stream = analyzer.token_stream(text);
        stream.advance().then(|| stream.token().text.to_lowercase())
    });
    Cow::Owned(folded.unwrap_or_default())
}

/// The stem of a folded word: `cables` and `cable` are the same. Numbers and part numbers are their own stems.
pub(crate) fn stem(word: &str) -> Cow<'_, str> {
    thread_local! {
        static STEMMER: frostem::Stemmer = frostem::Stemmer::new(frostem::Algorithm::English);
    }
    if word.len() < 3 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Cow::Borrowed(word);
    }
    STEMMER.with(|stemmer| stemmer.stem(word))
}

/// What two neighbours make when written as one: `head set` is found by `headset` and the other way round.
pub(crate) fn joined(first: &str, second: &str) -> String {
    let mut joined = String::with_capacity(first.len() + second.len());
    joined.push_str(first);
    joined.push_str(second);
    match stem(&joined) {
        Cow::Borrowed(same) if same.len() == joined.len() => joined,
        shorter => shorter.into_owned(),
    }
}

/// Letters and digits only, lower case, barcodes without leading zeros: how codes are compared.
pub(crate) fn code(text: &str) -> String {
    let code: String =
        fold(text).chars().filter(|character| character.is_alphanumeric()).take(MAX_WORD_BYTES).collect();
    match code.bytes().all(|byte| byte.is_ascii_digit()) {
        true => code.trim_start_matches('0').to_owned(),
        false => code,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn part_numbers_fall_into_parts_and_decimals_do_not() {
        assert_eq!(texts("Panasonic CF-31 15.6\" i5"), ["panasonic", "cf", "31", "15.6", "inch", "i5"]);
        assert_eq!(texts("SHE2611/00, RJ45"), ["she2611", "00", "rj45"]);
        assert_eq!(texts("20,000 h 1,5 m v1.2.3"), ["20000", "h", "1", "5", "m", "v1", "2.3"]);
        assert_eq!(texts("3.5mm 12.1” 2.0."), ["3.5mm", "12.1", "inch", "2.0"]);
    }

    #[test]
    fn case_accents_and_possessives_are_no_difference() {
        assert_eq!(texts("Café CRÈME Kids' men’s Größe"), ["cafe", "creme", "kids", "men", "grosse"]);
    }

    #[test]
    fn gaps_tell_how_words_stand_together() {
        let gaps: Vec<Gap> =
            words("Wi-Fi headphones/headset Black, White (used) - new").into_iter().map(|w| w.gap).collect();
        use Gap::{Break, Comma, Joined, Slash, Space};
        assert_eq!(gaps, [Break, Joined, Space, Slash, Space, Comma, Break, Break]);
    }

    #[test]
    fn stems_unite_forms_and_leave_codes_alone() {
        assert_eq!(stem("cables"), stem("cable"));
        assert_eq!(stem("batteries"), stem("battery"));
        assert_eq!(stem("rj45"), "rj45");
        assert_eq!(joined("head", "sets"), stem("headset"));
    }

    #[test]
    fn codes_are_compared_without_signs_and_leading_zeros() {
        assert_eq!(code("0882780756328"), "882780756328");
        assert_eq!(code("SHE-2611/00"), "she261100");
        assert_eq!(code("0A1"), "0a1");
    }

    #[test]
    fn words_have_a_limit() {
        assert_eq!(texts(&"ä".repeat(100))[0].len(), MAX_WORD_BYTES);
    }

    proptest! {
        #[test]
        fn words_stand_in_order_where_they_say(text in "\\PC{0,120}") {
            let mut position = 0;
            for word in words(&text) {
                prop_assert!(word.span.start >= position && word.span.end <= text.len());
                prop_assert!(text.is_char_boundary(word.span.start) && text.is_char_boundary(word.span.end));
                position = word.span.end;
            }
        }
    }
}
