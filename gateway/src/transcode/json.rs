//! A strict JSON reader over text: values are taken one after the other, nothing is built.

use std::borrow::Cow;

use super::{
    MAX_DEPTH,
    fault::{Fault, Result},
    text::first_escape,
};

/// Reads one JSON document.
#[derive(Clone, Debug)]
pub(crate) struct Json<'a> {
    text: &'a str,
    at: usize,
}

/// How a value begins, which tells what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Object,
    Array,
    String,
    Number,
    True,
    False,
    Null,
}

impl Start {
    /// What it is, for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::String => "a string",
            Self::Number => "a number",
            Self::True | Self::False => "a boolean",
            Self::Null => "null",
        }
    }
}

impl<'a> Json<'a> {
    /// Reads this text.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Reads these bytes, which must be UTF-8.
    pub(crate) fn from_bytes(bytes: &'a [u8]) -> Result<Self> {
        str::from_utf8(bytes).map(Self::new).map_err(|_| Fault::json("the body is not UTF-8"))
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte() {
            self.at += 1;
        }
    }

    fn wrong(&self, expected: &str) -> Fault {
        match self.text[self.at..].chars().next() {
            Some(found) => Fault::json(format!("expected {expected} at byte {}, found {found:?}", self.at)),
            None => Fault::json(format!("expected {expected}, found the end")),
        }
    }

    /// How the next value begins.
    pub(crate) fn start(&mut self) -> Result<Start> {
        self.skip_space();
        Ok(match self.byte() {
            Some(b'{') => Start::Object,
            Some(b'[') => Start::Array,
            Some(b'"') => Start::String,
            Some(b'-' | b'0'..=b'9') => Start::Number,
            Some(b't') => Start::True,
            Some(b'f') => Start::False,
            Some(b'n') => Start::Null,
            _ => return Err(self.wrong("a value")),
        })
    }

    /// Reads `{` or `[`.
    pub(crate) fn open(&mut self, bracket: u8) -> Result {
        self.skip_space();
        if self.byte() != Some(bracket) {
            return Err(self.wrong(if bracket == b'{' { "an object" } else { "an array" }));
        }
        self.at += 1;
        Ok(())
    }

    /// Reads the name of the next member and its colon, or the end of the object.
    pub(crate) fn member(&mut self, first: &mut bool) -> Result<Option<Cow<'a, str>>> {
        if self.closes(b'}', first)? {
            return Ok(None);
        }
        if self.byte() != Some(b'"') {
            return Err(self.wrong("a name in double quotes"));
        }
        let name = self.string()?;
        self.skip_space();
        if self.byte() != Some(b':') {
            return Err(self.wrong("a colon"));
        }
        self.at += 1;
        Ok(Some(name))
    }

    /// Moves to the next item of an array. `false` at its end.
    pub(crate) fn item(&mut self, first: &mut bool) -> Result<bool> {
        Ok(!self.closes(b']', first)?)
    }

    /// Reads what stands between members or items: nothing, a comma, or the closing bracket.
    fn closes(&mut self, bracket: u8, first: &mut bool) -> Result<bool> {
        self.skip_space();
        let is_first = std::mem::replace(first, false);
        match self.byte() {
            Some(byte) if byte == bracket => {
                self.at += 1;
                return Ok(true);
            }
            _ if is_first => return Ok(false),
            Some(b',') => self.at += 1,
            _ => return Err(self.wrong(if bracket == b'}' { "a comma or }" } else { "a comma or ]" })),
        }
        self.skip_space();
        Ok(false)
    }

    /// Reads `true`, `false` or `null`.
    pub(crate) fn word(&mut self, word: &str) -> Result {
        self.skip_space();
        if !self.text[self.at..].starts_with(word) {
            return Err(self.wrong(word));
        }
        self.at += word.len();
        Ok(())
    }

    /// Reads a number and gives it as it is written.
    pub(crate) fn number(&mut self) -> Result<&'a str> {
        self.skip_space();
        let start = self.at;
        let rest = &self.text[start..];
        let length = super::number::length(rest).ok_or_else(|| self.wrong("a number"))?;
        self.at += length;
        if let Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'+' | b'-' | b'_') = self.byte() {
            return Err(self.wrong("the end of the number"));
        }
        Ok(&rest[..length])
    }

    /// Reads a string. Borrows it where it has no escapes.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>> {
        self.skip_space();
        if self.byte() != Some(b'"') {
            return Err(self.wrong("a string"));
        }
        self.at += 1;
        let mut unescaped = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(length) = first_escape(rest.as_bytes()) else {
                self.at = self.text.len();
                return Err(self.wrong("the end of the string"));
            };
            let plain = &rest[..length];
            self.at += length;
            match self.byte() {
                Some(b'"') if unescaped.is_empty() => {
                    self.at += 1;
                    return Ok(Cow::Borrowed(plain));
                }
                Some(b'"') => {
                    self.at += 1;
                    unescaped.push_str(plain);
                    return Ok(Cow::Owned(unescaped));
                }
                Some(b'\\') => {
                    unescaped.push_str(plain);
                    self.at += 1;
                    unescaped.push(self.escape()?);
                }
                _ => return Err(self.wrong("no control character in a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        let Some(byte) = self.byte() else { return Err(self.wrong("an escape")) };
        let character = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.wrong("an escape")),
        };
        self.at += 1;
        Ok(character)
    }

    /// Reads the digits after `\u`, and the second half where they are the first half of a pair.
    fn unicode(&mut self) -> Result<char> {
        let lone = || Fault::json("half of a surrogate pair");
        let high = self.hex()?;
        if !(0xd800..0xe000).contains(&high) {
            return char::from_u32(high).ok_or_else(lone);
        }
        if high >= 0xdc00 || !self.text[self.at..].starts_with("\\u") {
            return Err(lone());
        }
        self.at += 2;
        let low = self.hex()?;
        if !(0xdc00..0xe000).contains(&low) {
            return Err(lone());
        }
        char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).ok_or_else(lone)
    }

    fn hex(&mut self) -> Result<u32> {
        let digits =
            self.text.get(self.at..self.at + 4).filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(digits) = digits else { return Err(self.wrong("four hexadecimal digits")) };
        self.at += 4;
        Ok(u32::from_str_radix(digits, 16).expect("four hexadecimal digits are a number"))
    }

    /// Reads a value and forgets it.
    pub(crate) fn skip(&mut self, depth: usize) -> Result {
        if depth >= MAX_DEPTH {
            return Err(too_deep());
        }
        let mut first = true;
        match self.start()? {
            Start::Object => {
                self.open(b'{')?;
                while self.member(&mut first)?.is_some() {
                    self.skip(depth + 1)?;
                }
            }
            Start::Array => {
                self.open(b'[')?;
                while self.item(&mut first)? {
                    self.skip(depth + 1)?;
                }
            }
            Start::String => drop(self.string()?),
            Start::Number => drop(self.number()?),
            Start::True => self.word("true")?,
            Start::False => self.word("false")?,
            Start::Null => self.word("null")?,
        }
        Ok(())
    }

    /// Makes sure that nothing but space follows.
    pub(crate) fn end(&mut self) -> Result {
        self.skip_space();
        if self.byte().is_some() { Err(self.wrong("the end")) } else { Ok(()) }
    }
}

/// Nested deeper than [`MAX_DEPTH`].
pub(crate) fn too_deep() -> Fault {
    Fault::json(format!("nested deeper than {MAX_DEPTH}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_json(text: &str) -> bool {
        let mut json = Json::new(text);
        json.skip(0).and_then(|()| json.end()).is_ok()
    }

    #[test]
    fn only_what_the_grammar_allows_is_json() {
        for text in
            ["{}", " [ ] ", "[1,\"a\",true,false,null]", "{\"a\":{\"b\":[-0.5e+1]}}", "\"\\u00e9\\ud83d\\ude00\"", "0"]
        {
            assert!(is_json(text), "{text}");
        }
        let refused = [
            "",
            " ",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "{,}",
            "[,]",
            "{a:1}",
            "{'a':1}",
            "\"\t\"",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\\udc00\"",
            "\"\\ud800\\u0041\"",
            "\"\\u12\"",
            "01",
            "+1",
            ".5",
            "1.",
            "1e",
            "-",
            "0x10",
            "1_0",
            "tru",
            "nul",
            "truee",
            "[1 2]",
            "{\"a\" 1}",
            "{} {}",
            "\u{feff}{}",
            "// no\n1",
            "\"",
            "NaN",
            "Infinity",
        ];
        for text in refused {
            assert!(!is_json(text), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(is_json(&nested(MAX_DEPTH)));
        assert!(!is_json(&nested(MAX_DEPTH + 1)));
        assert!(!is_json(&"[".repeat(1_000_000)));
    }

    proptest! {
        #[test]
        fn strings_read_as_serde_reads_them(text in "(\\PC|[\\x00-\\x1f]){0,20}") {
            let written = serde_json::to_string(&text).expect("is text");
            prop_assert_eq!(Json::new(&written).string().expect("is a string"), text);
        }

        #[test]
        fn whatever_serde_refuses_is_refused(text in "[\\[\\]{}:,\"\\\\a0-9.eE+\\-truefalsn u]{0,12}") {
            let reference = serde_json::from_str::<serde_json::Value>(&text);
            // Numbers beyond a double are JSON all the same.
            let accepted = reference.is_ok() || reference.is_err_and(|error| error.to_string().contains("out of range"));
            prop_assert_eq!(is_json(&text), accepted, "{}", text);
        }
    }
}
