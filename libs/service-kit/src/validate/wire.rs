//! Walks over encoded protobuf without decoding it.

/// The bytes are no protobuf message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// One value as it stands on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> Value<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Varint(_) | Value::Fixed64(_) | Value::Fixed32(_) => Err(Malformed),
        }
    }
}

/// How a value stands on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireType {
    Varint,
    Fixed64,
    Bytes,
    Fixed32,
}

/// The fields of a message, in the order of the wire. Groups are refused: nothing in proto3 writes them.
pub(super) fn fields(bytes: &[u8]) -> Fields<'_> {
    Fields { rest: bytes }
}

pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let item = self.field();
        if item.is_err() {
            self.rest = &[];
        }
        Some(item)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<(u32, Value<'a>), Malformed> {
        let tag = varint(&mut self.rest)?;
        let wire_type = match tag & 7 {
            0 => WireType::Varint,
            1 => WireType::Fixed64,
            2 => WireType::Bytes,
            5 => WireType::Fixed32,
            _ => return Err(Malformed),
        };
        let number = u32::try_from(tag >> 3).map_err(|_| Malformed)?;
        if number == 0 {
            return Err(Malformed);
        }
        Ok((number, value(&mut self.rest, wire_type)?))
    }
}

/// The items that one occurrence of a repeated field holds.
pub(super) enum Items<'a> {
    One(Option<Value<'a>>),
    Packed(&'a [u8], WireType),
}

impl<'a> Items<'a> {
    pub(super) fn one(value: Value<'a>) -> Self {
        Self::One(Some(value))
    }

    pub(super) fn packed(bytes: &'a [u8], wire_type: WireType) -> Self {
        Self::Packed(bytes, wire_type)
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<Value<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Items::One(value) => value.take().map(Ok),
            Items::Packed([], _) => None,
            Items::Packed(rest, wire_type) => {
                let item = value(rest, *wire_type);
                if item.is_err() {
                    *rest = &[];
                }
                Some(item)
            }
        }
    }
}

fn value<'a>(rest: &mut &'a [u8], wire_type: WireType) -> Result<Value<'a>, Malformed> {
    Ok(match wire_type {
        WireType::Varint => Value::Varint(varint(rest)?),
        WireType::Fixed64 => Value::Fixed64(u64::from_le_bytes(take(rest, 8)?.try_into().map_err(|_| Malformed)?)),
        WireType::Fixed32 => Value::Fixed32(u32::from_le_bytes(take(rest, 4)?.try_into().map_err(|_| Malformed)?)),
        WireType::Bytes => {
            let length = usize::try_from(varint(rest)?).map_err(|_| Malformed)?;
            Value::Bytes(take(rest, length)?)
        }
    })
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Malformed> {
    let (taken, left) = rest.split_at_checked(length).ok_or(Malformed)?;
    *rest = left;
    Ok(taken)
}

fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0_u64;
    for (index, byte) in rest.iter().take(10).enumerate() {
        if index == 9 && *byte > 1 {
            return Err(Malformed);
        }
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            *rest = &rest[index + 1..];
            return Ok(value);
        }
    }
    Err(Malformed)
}
