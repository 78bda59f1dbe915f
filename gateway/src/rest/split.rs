//! Cuts a stream of JSON into its messages as it arrives: lines, or the items of one array.
//!
//! Only the borders are found here; each piece is then read strictly, so a border in the wrong place is an error
//! in a piece.

use bytes::{Bytes, BytesMut};

use super::{media::Framing, read};
use crate::{
    problem::Problem,
    transcode::fault::{Fault, Reason},
};

/// Finds the borders between messages.
#[derive(Debug)]
pub(super) struct Splitter {
    framing: Framing,
    limit: usize,
    buffer: BytesMut,
    /// How much of the buffer has been looked at.
    scanned: usize,
    place: Place,
}

/// Where in an array the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before `[`.
    Before,
    /// In an item, or the space around it.
    Item { depth: usize, string: bool, escaped: bool, first: bool },
    /// After `]`.
    After,
}

const ITEM: Place = Place::Item { depth: 0, string: false, escaped: false, first: false };

impl Splitter {
    /// For messages of at most `limit` bytes.
    pub(super) fn new(framing: Framing, limit: usize) -> Self {
        Self { framing, limit, buffer: BytesMut::new(), scanned: 0, place: Place::Before }
    }

    /// More of the stream has arrived.
    pub(super) fn push(&mut self, data: &[u8]) {
        self.buffer.extend_from_slice(data);
    }

    /// The next message that is complete.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let found = match self.framing {
            Framing::Array => self.item()?,
            Framing::Lines | Framing::Events => self.line(),
        };
        if found.is_none() && self.buffer.len() > self.limit {
            return Err(read::too_large(self.limit));
        }
        Ok(found)
    }

    /// The last message, once nothing more arrives.
    pub(super) fn end(&mut self) -> Result<Option<Bytes>, Problem> {
        let left = self.buffer.split().freeze();
        self.scanned = 0;
        match self.framing {
            Framing::Array if self.place == Place::After || (self.place == Place::Before && is_blank(&left)) => {
                Ok(None)
            }
            Framing::Array => Err(malformed("the array has no end")),
            Framing::Lines | Framing::Events => Ok((!is_blank(&left)).then_some(left)),
        }
    }

    fn line(&mut self) -> Option<Bytes> {
        while let Some(length) = self.buffer[self.scanned..].iter().position(|byte| *byte == b'\n') {
            let line = self.cut(self.scanned + length);
            if !is_blank(&line) {
                return Some(line);
            }
        }
        self.scanned = self.buffer.len();
        None
    }

    fn item(&mut self) -> Result<Option<Bytes>, Problem> {
        while let Some(byte) = self.buffer.get(self.scanned).copied() {
            match &mut self.place {
                Place::Before if byte.is_ascii_whitespace() => self.scanned += 1,
                Place::Before if byte == b'[' => {
                    self.cut(self.scanned);
                    self.place = Place::Item { depth: 0, string: false, escaped: false, first: true };
                }
                Place::Before => return Err(malformed("a stream of messages is a JSON array")),
                Place::After if byte.is_ascii_whitespace() => self.scanned += 1,
                Place::After => return Err(malformed("something follows the array")),
                Place::Item { depth, string, escaped, first } => {
                    let ends = match byte {
                        _ if *escaped => {
                            *escaped = false;
                            false
                        }
                        b'\\' if *string => {
                            *escaped = true;
                            false
                        }
                        b'"' => {
                            *string = !*string;
                            false
                        }
                        _ if *string => false,
                        b'[' | b'{' => {
                            *depth += 1;
                            false
                        }
                        b']' | b'}' if *depth > 0 => {
                            *depth -= 1;
                            false
                        }
                        b',' | b']' => *depth == 0,
                        _ => false,
                    };
                    if !ends {
                        self.scanned += 1;
                        continue;
                    }
                    let (last, only) = (byte == b']', *first);
                    let item = self.cut(self.scanned);
                    self.place = if last { Place::After } else { ITEM };
                    match is_blank(&item) {
                        false => return Ok(Some(item)),
                        true if last && only => {}
                        true => return Err(malformed("an item of the array is missing")),
                    }
                }
            }
        }
        Ok(None)
    }

    /// Takes what stands before the border, and the border with it.
    fn cut(&mut self, border: usize) -> Bytes {
        let mut piece = self.buffer.split_to(border + 1);
        piece.truncate(border);
        self.scanned = 0;
        piece.freeze()
    }
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_whitespace)
}

fn malformed(what: &'static str) -> Problem {
    Fault::new(Reason::MalformedJson, what).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(framing: Framing, text: &str, size: usize) -> Result<Vec<String>, Problem> {
        let mut splitter = Splitter::new(framing, 40);
        let mut messages = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            splitter.push(piece);
            while let Some(message) = splitter.next()? {
                messages.push(message);
            }
        }
        messages.extend(splitter.end()?);
        Ok(messages.iter().map(|message| String::from_utf8_lossy(message).trim().to_owned()).collect())
    }

    #[test]
    fn messages_are_found_however_the_bytes_are_cut() {
        let array = " [ {\"a\":[1,2]} , {\"b\":\"],}\\\"\"},3] ";
        let lines = "{\"a\":1}\n\n {\"b\":2}\r\n{\"c\":3}";
        for size in 1..20 {
            let items = split(Framing::Array, array, size).expect("is an array");
            assert_eq!(items, ["{\"a\":[1,2]}", "{\"b\":\"],}\\\"\"}", "3"]);
            let items = split(Framing::Lines, lines, size).expect("are lines");
            assert_eq!(items, ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"]);
        }
        assert!(split(Framing::Array, "[]", 1).expect("is an array").is_empty());
        assert!(split(Framing::Array, "", 1).expect("is nothing").is_empty());
    }

    #[test]
    fn what_is_no_array_is_refused() {
        for text in ["{}", "[1", "[1,]", "[,1]", "[,]", "[1] 2", "[1]]"] {
            assert!(split(Framing::Array, text, 1).is_err(), "{text}");
        }
    }

    #[test]
    fn a_message_that_does_not_end_is_not_kept() {
        for framing in [Framing::Array, Framing::Lines] {
            let problem = split(framing, &format!("[\"{}", "x".repeat(100)), 10).expect_err("is too large");
            assert!(matches!(problem, Problem::Kit(service_kit::Error::TooLarge { limit: 40 })));
        }
    }
}
