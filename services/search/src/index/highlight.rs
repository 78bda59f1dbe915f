//! Shows what fits: the text as HTML, the words that were found in `<b>`, everything else escaped.

use std::{
    collections::{BTreeMap, HashSet},
    ops::Range,
};

use ultramarket_api::catalog::v1::Product;

use super::{
    query::Plan,
    text::{self, Word},
};

/// A longer text is shown in part: around the first word that fits.
const SNIPPET: usize = 240;
/// What is shown before that word.
const LEAD: usize = 60;

/// Marks the words of one query.
pub(crate) struct Highlighter<'a> {
    keys: HashSet<&'a str>,
    /// How keys begin; stemming keeps the beginning of a word, so others need not be stemmed.
    beginnings: HashSet<[u8; 2]>,
}

impl<'a> Highlighter<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let keys: HashSet<&str> = plan.keys.iter().map(|key| key.text.as_str()).collect();
        Self { beginnings: keys.iter().map(|key| beginning(key)).collect(), keys }
    }

    /// The fields of a product that fit, by name.
    pub(crate) fn highlights(&self, product: &Product) -> BTreeMap<String, String> {
        let fields = [("title", &product.title), ("brand", &product.brand), ("description", &product.description)];
        let marked = |(name, text): (&str, &String)| Some((name.to_owned(), self.mark(text)?));
        fields.into_iter().filter_map(marked).collect()
    }

    fn mark(&self, text: &str) -> Option<String> {
        let spans = self.spans(&text::words(text));
        let shown = shown(text, spans.first()?);
        let mut html = String::with_capacity(shown.len() + 16 * spans.len());
        if shown.start > 0 {
            html.push('…');
        }
        let mut position = shown.start;
        for span in spans.into_iter().filter(|span| span.end <= shown.end) {
            escape(&text[position..span.start], &mut html);
            html.push_str("<b>");
            escape(&text[span.clone()], &mut html);
            html.push_str("</b>");
            position = span.end;
        }
        escape(&text[position..shown.end], &mut html);
        if shown.end < text.len() {
            html.push('…');
        }
        Some(html)
    }

    /// Where words fit, alone or with the next one.
    fn spans(&self, words: &[Word]) -> Vec<Range<usize>> {
        let mut spans: Vec<Range<usize>> = Vec::new();
        let mut add = |span: &Range<usize>| {
            if spans.last() != Some(span) {
                spans.push(span.clone());
            }
        };
        for (index, word) in
            words.iter().enumerate().filter(|(_, word)| self.beginnings.contains(&beginning(&word.text)))
        {
            if self.keys.contains(text::stem(&word.text).as_ref()) {
                add(&word.span);
            }
            let next = words.get(index + 1);
            if let Some(next) = next.filter(|next| self.keys.contains(text::joined(&word.text, &next.text).as_str())) {
                add(&word.span);
                add(&next.span);
            }
        }
        spans
    }
}

fn beginning(word: &str) -> [u8; 2] {
    let bytes = word.as_bytes();
    [bytes.first().copied().unwrap_or_default(), bytes.get(1).copied().unwrap_or_default()]
}

/// The part of a text that is shown, cut between words.
fn shown(text: &str, first: &Range<usize>) -> Range<usize> {
    if text.len() <= SNIPPET {
        return 0..text.len();
    }
    let from = first.start.saturating_sub(LEAD);
    let start = match from {
        0 => 0,
        _ => text[..first.start]
            .char_indices()
            .find(|(index, c)| *index >= from && c.is_whitespace())
            .map_or(first.start, |(index, space)| index + space.len_utf8()),
    };
    let until = start + SNIPPET;
    if until >= text.len() {
        return start..text.len();
    }
    let space = text[first.end..].char_indices().take_while(|(index, _)| first.end + index <= until);
    let end = space.filter(|(_, c)| c.is_whitespace()).last().map_or(first.end, |(index, _)| first.end + index);
    start..end
}

fn escape(text: &str, html: &mut String) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_words() {
        let text = format!("{}needle {}", "before ".repeat(40), "after ".repeat(60));
        let first = text.find("needle").map(|start| start..start + 6).expect("is there");
        let part = &text[shown(&text, &first)];
        assert!(part.starts_with("before") && part.ends_with("after"), "{part}");
        assert!(part.contains("needle") && part.len() <= SNIPPET + LEAD, "{part}");
        assert_eq!(shown("short", &(0..5)), 0..5);
    }

    #[test]
    fn a_text_of_one_long_word_is_cut_after_it() {
        let text = format!("{} {}", "x".repeat(300), "y".repeat(300));
        assert_eq!(shown(&text, &(0..300)), 0..300);
        let umlauts = "ü".repeat(400);
        assert_eq!(shown(&umlauts, &(0..800)), 0..800);
    }
}
