//! Restrictions: `brand = "HP" AND brand = "Dell" AND price >= 10000 AND attributes.colour = "red"`.
//!
//! Conditions are joined by AND; several values for one name are alternatives. Only brand, category, price and
//! attributes can be named, so nothing else of a product can be probed.

use std::{fmt, iter::Peekable, ops::Range, str::CharIndices};

/// More conditions than these are no shopper's.
const MAX_CONDITIONS: usize = 50;

/// What a product must be to be found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// By name in lower case: `brand`, `category` or `attributes.<name>`, each with its alternatives.
    pub values: Vec<(String, Vec<String>)>,
    /// What it must cost, in minor units.
    pub price: Option<Price>,
}

/// A price must be above, below, and in one of the ranges where there are any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// It is inside this.
    pub bounds: Range<i64>,
    /// It is inside one of these, where there are any.
    pub alternatives: Vec<Range<i64>>,
}

impl Price {
    pub(crate) fn contains(&self, price: i64) -> bool {
        let inside = self.alternatives.is_empty() || self.alternatives.iter().any(|range| range.contains(&price));
        inside && self.bounds.contains(&price)
    }
}

/// Why a filter cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// After how many characters.
    at: usize,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    Expected(&'static str),
    UnknownName(String),
    Operator(&'static str),
    Unclosed,
    TooMany,
}

impl FilterError {
    /// After how many characters the filter cannot be read any more.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }
}

impl std::error::Error for FilterError {}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "character {}: ", self.at + 1)?;
        match &self.problem {
            Problem::Expected(what) => write!(f, "{what} expected"),
            Problem::UnknownName(name) => {
                write!(f, "{name:?} is none of brand, category, price and attributes.<name>")
            }
            Problem::Operator(name) => write!(f, "{name} can only be compared by ="),
            Problem::Unclosed => f.write_str("the quotation is not closed"),
            Problem::TooMany => write!(f, "more than {MAX_CONDITIONS} conditions"),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    Below,
    AtMost,
    Above,
    AtLeast,
}

impl Filter {
    /// Reads a filter; the empty text restricts nothing.
    ///
    /// # Errors
    /// [`FilterError`], which says where and what.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut parser = Parser { text, rest: text.char_indices().peekable() };
        let mut filter = Self::default();
        if parser.at_end() {
            return Ok(filter);
        }
        for _ in 0..MAX_CONDITIONS {
            let at = parser.position();
            let name = parser.name()?;
            let operator = parser.operator()?;
            let value_at = parser.position();
            let value = parser.value()?;
            match name.as_str() {
                "price" => filter.add_price(operator, &value).ok_or(FilterError {
                    at: value_at,
                    problem: Problem::Expected("a whole number of minor units, or = and a range of them"),
                })?,
                _ if operator != Operator::Equal => {
                    return Err(FilterError { at, problem: Problem::Operator("everything but price") });
                }
                _ => filter.add_value(name, value),
            }
            if parser.at_end() {
                return Ok(filter);
            }
            parser.and()?;
        }
        Err(parser.error(Problem::TooMany))
    }

    fn add_value(&mut self, name: String, value: String) {
        match self.values.iter_mut().find(|(known, _)| *known == name) {
            Some((_, alternatives)) => alternatives.push(value),
            None => self.values.push((name, vec![value])),
        }
    }

    fn add_price(&mut self, operator: Operator, value: &str) -> Option<()> {
        let price = self.price.get_or_insert(Price { bounds: i64::MIN..i64::MAX, alternatives: Vec::new() });
        if let (Operator::Equal, Some((from, to))) = (operator, value.split_once('-')) {
            price.alternatives.push(number(from)?..number(to)?);
            return Some(());
        }
        let value = number(value)?;
        let bounds = &mut price.bounds;
        match operator {
            Operator::Equal => price.alternatives.push(value..value.saturating_add(1)),
            Operator::Below => bounds.end = bounds.end.min(value),
            Operator::AtMost => bounds.end = bounds.end.min(value.saturating_add(1)),
            Operator::Above => bounds.start = bounds.start.max(value.saturating_add(1)),
            Operator::AtLeast => bounds.start = bounds.start.max(value),
        }
        Some(())
    }
}

/// Digits only: a price is never negative and never has a sign.
fn number(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// How a name is written in a filter; attributes with signs of the syntax in their name need quotation marks.
pub(crate) fn written(name: &str) -> String {
    match name.strip_prefix("attributes.") {
        Some(attribute) if attribute.contains(['=', '<', '>', '"', '\\']) || attribute.trim() != attribute => {
            format!("attributes.\"{}\"", attribute.replace('\\', "\\\\").replace('"', "\\\""))
        }
        _ => name.to_owned(),
    }
}

struct Parser<'a> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
}

impl Parser<'_> {
    fn skip_spaces(&mut self) {
        while self.rest.next_if(|(_, character)| character.is_whitespace()).is_some() {}
    }

    fn at_end(&mut self) -> bool {
        self.skip_spaces();
        self.rest.peek().is_none()
    }

    fn byte(&mut self) -> usize {
        self.rest.peek().map_or(self.text.len(), |(index, _)| *index)
    }

    fn position(&mut self) -> usize {
        self.skip_spaces();
        let byte = self.byte();
        self.text[..byte].chars().count()
    }

    fn error(&mut self, problem: Problem) -> FilterError {
        FilterError { at: self.position(), problem }
    }

    fn take_while(&mut self, accepted: impl Fn(char) -> bool) -> &str {
        let start = self.byte();
        while self.rest.next_if(|(_, character)| accepted(*character)).is_some() {}
        let end = self.byte();
        &self.text[start..end]
    }

    fn name(&mut self) -> Result<String, FilterError> {
        let at = self.position();
        let start = self.byte();
        if self.text[start..].starts_with("attributes.\"") {
            self.take_while(|character| character != '"');
            return Ok(format!("attributes.{}", self.quoted()?).to_lowercase());
        }
        let written = self.take_while(|character| !matches!(character, '=' | '<' | '>' | '"')).trim();
        let name = written.to_lowercase();
        match name.as_str() {
            "" => Err(FilterError { at, problem: Problem::Expected("a name") }),
            "brand" | "category" | "price" => Ok(name),
            _ if name.strip_prefix("attributes.").is_some_and(|attribute| !attribute.is_empty()) => Ok(name),
            _ => Err(FilterError { at, problem: Problem::UnknownName(written.chars().take(50).collect()) }),
        }
    }

    fn operator(&mut self) -> Result<Operator, FilterError> {
        let at = self.position();
        match self.take_while(|character| matches!(character, '=' | '<' | '>')) {
            "=" => Ok(Operator::Equal),
            "<" => Ok(Operator::Below),
            "<=" => Ok(Operator::AtMost),
            ">" => Ok(Operator::Above),
            ">=" => Ok(Operator::AtLeast),
            _ => Err(FilterError { at, problem: Problem::Expected("one of =, <, <=, > and >=") }),
        }
    }

    fn value(&mut self) -> Result<String, FilterError> {
        self.skip_spaces();
        if matches!(self.rest.peek(), Some((_, '"'))) {
            return self.quoted();
        }
        let bare = |character: char| character.is_alphanumeric() || matches!(character, '-' | '_' | '.');
        match self.take_while(bare) {
            "" => Err(self.error(Problem::Expected("a value, in quotation marks unless it is one word"))),
            value => Ok(value.to_owned()),
        }
    }

    fn quoted(&mut self) -> Result<String, FilterError> {
        let at = self.position();
        self.rest.next();
        let mut value = String::new();
        loop {
            match self.rest.next() {
                Some((_, '"')) => return Ok(value),
                Some((_, '\\')) => match self.rest.next() {
                    Some((_, escaped @ ('"' | '\\'))) => value.push(escaped),
                    _ => return Err(self.error(Problem::Expected("\\\" or \\\\"))),
                },
                Some((_, character)) => value.push(character),
                None => return Err(FilterError { at, problem: Problem::Unclosed }),
            }
        }
    }

    fn and(&mut self) -> Result<(), FilterError> {
        let at = self.position();
        match self.take_while(char::is_alphabetic) {
            "AND" | "and" => Ok(()),
            _ => Err(FilterError { at, problem: Problem::Expected("AND") }),
        }
    }
}

#[cfg(test)]
mod tests;
