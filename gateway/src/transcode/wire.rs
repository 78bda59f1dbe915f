//! The protobuf encoding, read and written without knowing any message.

use super::MAX_DEPTH;

/// The bytes are no protobuf message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed protobuf message")]
pub(crate) struct Malformed;

/// The value of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload<'a> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1.
    Fixed64(u64),
    /// Wire type 2, and what stands between the tags of a group.
    Bytes(&'a [u8]),
    /// Wire type 5.
    Fixed32(u32),
}

/// Reads records one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads these bytes.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next tag: field number and wire type. `None` at the end.
    #[inline]
    pub(crate) fn tag(&mut self) -> Result<Option<(u32, u8)>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = u32::try_from(self.varint()?).map_err(|_| Malformed)?;
        let (number, wire_type) = (tag >> 3, (tag & 7) as u8);
        if number == 0 { Err(Malformed) } else { Ok(Some((number, wire_type))) }
    }

    /// The value after a tag.
    #[inline]
    pub(crate) fn payload(&mut self, number: u32, wire_type: u8) -> Result<Payload<'a>, Malformed> {
        Ok(match wire_type {
            0 => Payload::Varint(self.varint()?),
            1 => Payload::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
                Payload::Bytes(self.take(length)?)
            }
            3 => Payload::Bytes(self.group(number)?),
            5 => Payload::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(Malformed),
        })
    }

    /// The next tag and its value. `None` at the end.
    #[inline]
    pub(crate) fn record(&mut self) -> Result<Option<(u32, u8, Payload<'a>)>, Malformed> {
        match self.tag()? {
            Some((number, wire_type)) => Ok(Some((number, wire_type, self.payload(number, wire_type)?))),
            None => Ok(None),
        }
    }

    /// A base 128 number of at most ten bytes.
    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, Malformed> {
        if let [byte @ 0..=0x7f, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(u64::from(*byte));
        }
        let mut value = 0;
        for (at, byte) in self.rest.iter().enumerate().take(10) {
            if at == 9 && *byte > 1 {
                return Err(Malformed);
            }
            value |= u64::from(byte & 0x7f) << (7 * at);
            if *byte < 0x80 {
                self.rest = &self.rest[at + 1..];
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(Malformed)?;
        self.rest = rest;
        Ok(*array)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// What stands before the end tag of the group, which is read too. Iterative, so that nesting costs no stack.
    fn group(&mut self, number: u32) -> Result<&'a [u8], Malformed> {
        let start = self.rest;
        let mut open = vec![number];
        loop {
            let inner_length = start.len() - self.rest.len();
            let (number, wire_type) = self.tag()?.ok_or(Malformed)?;
            match wire_type {
                3 if open.len() >= MAX_DEPTH => return Err(Malformed),
                3 => open.push(number),
                4 if open.pop() != Some(number) => return Err(Malformed),
                4 if open.is_empty() => return Ok(&start[..inner_length]),
                4 => {}
                _ => drop(self.payload(number, wire_type)?),
            }
        }
    }
}

/// Writes a varint.
#[inline]
pub(crate) fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Writes a tag.
#[inline]
pub(crate) fn push_tag(out: &mut Vec<u8>, number: u32, wire_type: u8) {
    push_varint(out, u64::from(number) << 3 | u64::from(wire_type));
}

/// Writes bytes behind their length.
pub(crate) fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    push_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A length that is written once what it measures is. One byte is kept for it; longer content moves up.
#[derive(Debug)]
#[must_use]
pub(crate) struct Length(usize);

impl Length {
    /// Keeps a byte.
    pub(crate) fn open(out: &mut Vec<u8>) -> Self {
        out.push(0);
        Self(out.len() - 1)
    }

    /// Writes the length and tells where the content begins now.
    pub(crate) fn close(self, out: &mut Vec<u8>) -> usize {
        let length = out.len() - self.0 - 1;
        if let Ok(byte @ 0..=0x7f) = u8::try_from(length) {
            out[self.0] = byte;
            return self.0 + 1;
        }
        let mut bytes = Vec::with_capacity(10);
        push_varint(&mut bytes, length as u64);
        let moved = bytes.len() - 1;
        let end = out.len();
        out.resize(end + moved, 0);
        out.copy_within(self.0 + 1..end, self.0 + 1 + moved);
        out[self.0..=self.0 + moved].copy_from_slice(&bytes);
        self.0 + 1 + moved
    }
}

/// Maps signed numbers to unsigned so that small ones stay short.
pub(crate) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// The opposite of [`zigzag`].
pub(crate) fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_of_all_lengths_read_as_they_are_written() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            push_varint(&mut out, value);
            assert_eq!(Reader::new(&out).varint(), Ok(value));
        }
    }

    #[test]
    fn varints_that_do_not_end_or_overflow_are_refused() {
        assert_eq!(Reader::new(&[0x80]).varint(), Err(Malformed));
        assert_eq!(Reader::new(&[0xff; 11]).varint(), Err(Malformed));
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).varint(), Err(Malformed));
    }

    #[test]
    fn a_group_ends_with_its_own_tag() {
        // 1: group { 1: group { 2: 7 } 2: 1 } 3: 5
        let bytes = [0x0b, 0x0b, 0x10, 7, 0x0c, 0x10, 1, 0x0c, 0x18, 5];
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.record(), Ok(Some((1, 3, Payload::Bytes(&bytes[1..7])))));
        assert_eq!(reader.record(), Ok(Some((3, 0, Payload::Varint(5)))));
        assert_eq!(Reader::new(&[0x0b, 0x14]).record(), Err(Malformed));
        assert_eq!(Reader::new(&[0x0b; 200]).record(), Err(Malformed));
    }

    #[test]
    fn lengths_are_checked_before_anything_is_taken() {
        assert_eq!(Reader::new(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]).record(), Err(Malformed));
        assert_eq!(Reader::new(&[0x0d, 1]).record(), Err(Malformed));
        assert_eq!(Reader::new(&[0x00, 1]).record(), Err(Malformed));
    }

    #[test]
    fn a_length_grows_with_its_content() {
        for size in [0, 1, 127, 128, 20_000] {
            let mut out = vec![9];
            let length = Length::open(&mut out);
            out.extend(std::iter::repeat_n(7, size));
            let start = length.close(&mut out);
            let mut expected = vec![9];
            push_bytes(&mut expected, &vec![7; size]);
            assert_eq!(out, expected);
            assert_eq!(out.len() - start, size);
        }
    }

    #[test]
    fn zigzag_is_undone() {
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            assert_eq!(unzigzag(zigzag(value)), value);
        }
    }
}
