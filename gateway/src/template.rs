//! Path templates of `google.api.http`, parsed strictly.
//!
//! ```text
//! Template = "/" Segments [ Verb ]       Segment  = "*" | "**" | LITERAL | Variable
//! Segments = Segment { "/" Segment }     Variable = "{" FieldPath [ "=" Segments ] "}"
//! Verb     = ":" LITERAL                 FieldPath = IDENT { "." IDENT }
//! ```
//! `**` is the last segment, variables do not nest, and `/` alone is the root.

use crate::percent;

/// A parsed path template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    /// What a path must consist of.
    pub(crate) segments: Vec<Segment>,
    /// The custom verb after the last segment.
    pub(crate) verb: Option<String>,
    /// Which segments are the values of fields.
    pub(crate) variables: Vec<Variable>,
}

/// What a part of a path must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// Exactly this, in its normal spelling.
    Literal(String),
    /// Any one segment that is not empty.
    One,
    /// Anything that is left, even nothing.
    Rest,
}

/// Segments that are the value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    /// The field, from the request message down.
    pub(crate) path: Vec<String>,
    /// The first segment of the value.
    pub(crate) start: usize,
    /// The segment after the last; ends with the path where the last is [`Segment::Rest`].
    pub(crate) end: usize,
    /// The value may hold several segments.
    pub(crate) multi: bool,
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    /// Not a path.
    #[error("a template begins with /")]
    NoSlash,
    /// Two slashes in a row, or one at the end.
    #[error("a segment is empty")]
    EmptySegment,
    /// A colon with nothing after it.
    #[error("the verb is empty")]
    EmptyVerb,
    /// A brace that has no partner, or stands inside a segment.
    #[error("a variable is a whole segment, `{{field}}` or `{{field=segments}}`, and holds no variable")]
    Braces,
    /// Not a field path.
    #[error("`{0}` is not the path of a field")]
    FieldPath(String),
    /// A character that cannot stand in a segment.
    #[error("`{0}` cannot be a segment or verb")]
    Literal(String),
    /// `**` before other segments.
    #[error("`**` must be the last segment")]
    RestNotLast,
    /// One field twice.
    #[error("the variable `{0}` appears twice")]
    Twice(String),
}

impl Template {
    /// Parses a template.
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        let body = text.strip_prefix('/').ok_or(TemplateError::NoSlash)?;
        let mut template = Self { segments: Vec::new(), verb: None, variables: Vec::new() };
        if body.is_empty() {
            return Ok(template);
        }
        let (body, verb) = split_verb(body);
        template.verb = verb.map(verb_literal).transpose()?;
        for part in split_segments(body)? {
            match part.strip_prefix('{') {
                Some(inner) => template.variable(inner.strip_suffix('}').ok_or(TemplateError::Braces)?)?,
                None => template.segment(part)?,
            }
        }
        Ok(template)
    }

    fn segment(&mut self, text: &str) -> Result<(), TemplateError> {
        if self.segments.last() == Some(&Segment::Rest) {
            return Err(TemplateError::RestNotLast);
        }
        self.segments.push(match text {
            "" => return Err(TemplateError::EmptySegment),
            "*" => Segment::One,
            "**" => Segment::Rest,
            literal => Segment::Literal(literal_text(literal)?),
        });
        Ok(())
    }

    fn variable(&mut self, inner: &str) -> Result<(), TemplateError> {
        let (name, pattern) = inner.split_once('=').unwrap_or((inner, "*"));
        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
        if !path.iter().all(|part| is_identifier(part)) {
            return Err(TemplateError::FieldPath(name.to_owned()));
        }
        if self.variables.iter().any(|variable| variable.path == path) {
            return Err(TemplateError::Twice(name.to_owned()));
        }
        if pattern.contains(['{', '}']) {
            return Err(TemplateError::Braces);
        }
        let start = self.segments.len();
        for part in pattern.split('/') {
            self.segment(part)?;
        }
        let end = self.segments.len();
        let multi = end - start > 1 || self.segments[start..].contains(&Segment::Rest);
        self.variables.push(Variable { path, start, end, multi });
        Ok(())
    }
}

/// Splits off the verb: what follows the last colon outside of braces, if no slash follows it.
fn split_verb(body: &str) -> (&str, Option<&str>) {
    match body.rfind([':', '/', '}']) {
        Some(at) if body.as_bytes()[at] == b':' => (&body[..at], Some(&body[at + 1..])),
        _ => (body, None),
    }
}

fn verb_literal(verb: &str) -> Result<String, TemplateError> {
    if verb.is_empty() { Err(TemplateError::EmptyVerb) } else { literal_text(verb) }
}

/// Splits at slashes outside of braces.
fn split_segments(body: &str) -> Result<Vec<&str>, TemplateError> {
    let mut parts = Vec::new();
    let mut rest = body;
    loop {
        let end = match rest.find(['/', '{']) {
            Some(at) if rest.as_bytes()[at] == b'{' => {
                let close = rest.find('}').ok_or(TemplateError::Braces)?;
                if at > 0 || !matches!(rest.as_bytes().get(close + 1), None | Some(b'/')) {
                    return Err(TemplateError::Braces);
                }
                close + 1
            }
            Some(slash) => slash,
            None => rest.len(),
        };
        parts.push(&rest[..end]);
        match rest[end..].strip_prefix('/') {
            Some(next) => rest = next,
            None => return Ok(parts),
        }
    }
}

fn literal_text(text: &str) -> Result<String, TemplateError> {
    let wrong = || TemplateError::Literal(text.to_owned());
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()+,;=@%".contains(&byte);
    if text.is_empty() {
        return Err(TemplateError::EmptySegment);
    }
    if text.contains(['{', '}']) {
        return Err(TemplateError::Braces);
    }
    if !text.bytes().all(allowed) {
        return Err(wrong());
    }
    percent::normalise(text).map(std::borrow::Cow::into_owned).ok_or_else(wrong)
}

fn is_identifier(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let mut bytes = text.bytes();
    bytes.next().is_some_and(letter) && bytes.all(|byte| letter(byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
