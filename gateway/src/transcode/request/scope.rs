//! What the path has bound, as seen from the message that is being read.

use crate::schema::{Message, Slot};

/// A set of small numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits {
    low: u64,
    rest: Vec<u64>,
}

impl Bits {
    /// Adds a number. `false` if it was there.
    pub(crate) fn insert(&mut self, number: usize) -> bool {
        let word = match number / 64 {
            0 => &mut self.low,
            word => {
                self.rest.resize(self.rest.len().max(word), 0);
                &mut self.rest[word - 1]
            }
        };
        let bit = 1 << (number % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}

/// A field that the path has bound.
#[derive(Clone, Debug)]
pub(crate) struct Bound<'r> {
    /// The slots from the request message down to the field.
    pub(crate) path: &'r [Slot],
    /// The field's record: its tag and its value, or nothing for a default.
    pub(crate) record: Vec<u8>,
}

/// The bound fields that lie at or below one message. A template binds at most [`Scope::LIMIT`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'b> {
    bound: &'b [Bound<'b>],
    active: u64,
    level: usize,
}

impl<'b> Scope<'b> {
    /// Nothing is bound.
    pub(crate) const NONE: Scope<'static> = Scope { bound: &[], active: 0, level: 0 };
    /// How many fields can be bound.
    pub(crate) const LIMIT: usize = 64;

    /// All that is bound, as seen from the request message.
    pub(crate) fn new(bound: &'b [Bound<'b>]) -> Self {
        let active = bound.iter().take(Self::LIMIT).enumerate().fold(0, |active, (at, _)| active | 1 << at);
        Self { bound, active, level: 0 }
    }

    fn active(&self) -> impl Iterator<Item = (usize, &'b Bound<'b>)> {
        let active = self.active;
        self.bound.iter().enumerate().filter(move |(at, _)| active & 1_u64.checked_shl(*at as u32).unwrap_or(0) != 0)
    }

    /// Whether the field in the slot, or one below it, is bound.
    pub(crate) fn binds(&self, slot: Slot) -> bool {
        self.active != 0 && self.active().any(|(_, bound)| bound.path[self.level] == slot)
    }

    /// The record of the field in the slot, if that field itself is bound.
    pub(crate) fn leaf(&self, slot: Slot) -> Option<&'b [u8]> {
        if self.active == 0 {
            return None;
        }
        let is_leaf = |bound: &Bound<'_>| bound.path[self.level] == slot && bound.path.len() == self.level + 1;
        self.active().find(|(_, bound)| is_leaf(bound)).map(|(_, bound)| bound.record.as_slice())
    }

    /// What is bound below the message in the slot.
    pub(crate) fn enter(&self, slot: Slot) -> Self {
        if self.active == 0 {
            return *self;
        }
        let below = |bound: &Bound<'_>| bound.path[self.level] == slot && bound.path.len() > self.level + 1;
        let active = self.active().filter(|(_, bound)| below(bound)).fold(0, |active, (at, _)| active | 1 << at);
        Self { active, level: self.level + 1, ..*self }
    }

    /// The oneofs of the message of which the path has bound a member.
    pub(crate) fn oneofs(&self, message: &Message) -> Bits {
        let mut oneofs = Bits::default();
        for (_, bound) in self.active() {
            if let Some(oneof) = message.fields[bound.path[self.level]].oneof {
                oneofs.insert(usize::from(oneof));
            }
        }
        oneofs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_grows_beyond_its_first_word() {
        let mut bits = Bits::default();
        for number in [0, 63, 64, 200] {
            assert!(bits.insert(number));
            assert!(!bits.insert(number));
        }
        assert!(bits.insert(65));
    }

    #[test]
    fn bound_fields_are_seen_from_the_messages_above_them() {
        let bound = [Bound { path: &[1, 2], record: vec![7] }, Bound { path: &[3], record: vec![8] }];
        let scope = Scope::new(&bound);
        assert!(scope.binds(1) && scope.binds(3) && !scope.binds(2));
        assert_eq!(scope.leaf(3), Some([8].as_slice()));
        assert_eq!(scope.leaf(1), None);
        assert_eq!(scope.enter(1).leaf(2), Some([7].as_slice()));
        assert!(!scope.enter(3).binds(2));
    }
}
