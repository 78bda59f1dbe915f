//! Pages of a list, as AIP-158 has them.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

const DEFAULT_SIZE: u32 = 20;
const MAX_SIZE: u32 = 100;
const TAG_BYTES: usize = 16;

/// Why a page cannot be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The size is negative.
    #[error("page size is negative")]
    NegativeSize,
    /// The token is not ours, or belongs to another list, filter or caller.
    #[error("page token does not belong to this list")]
    InvalidToken,
}

/// How many items a page has: 20 unless told, at most 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize(u32);

impl PageSize {
    /// From a request's `page_size`; larger than 100 is clamped.
    ///
    /// # Errors
    /// [`PageError::NegativeSize`].
    pub fn new(requested: i32) -> Result<Self, PageError> {
        match u32::try_from(requested) {
            Ok(0) => Ok(Self(DEFAULT_SIZE)),
            Ok(size) => Ok(Self(size.min(MAX_SIZE))),
            Err(_) => Err(PageError::NegativeSize),
        }
    }

    /// As a number of rows.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// Makes and reads page tokens: a position, signed together with what it is a position in, so that a token
/// neither tells nor reaches anything that its bearer could not list anyway.
#[derive(Clone)]
pub struct PageTokens(hmac::Key);

impl std::fmt::Debug for PageTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PageTokens")
    }
}

impl PageTokens {
    /// With the secret that all replicas share.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The token for `position` in the list that `scope` names: method, caller and filter.
    #[must_use]
    pub fn encode(&self, scope: &[&str], position: &str) -> String {
        let mut bytes = self.tag(scope, position).to_vec();
        bytes.extend_from_slice(position.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position; none for an empty token, which means the first page.
    ///
    /// # Errors
    /// [`PageError::InvalidToken`].
    pub fn decode(&self, scope: &[&str], token: &str) -> Result<Option<String>, PageError> {
        if token.is_empty() {
            return Ok(None);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| PageError::InvalidToken)?;
        let (tag, position) = bytes.split_at_checked(TAG_BYTES).ok_or(PageError::InvalidToken)?;
        let position = std::str::from_utf8(position).map_err(|_| PageError::InvalidToken)?;
        aws_lc_rs::constant_time::verify_slices_are_equal(tag, &self.tag(scope, position))
            .map_err(|_| PageError::InvalidToken)?;
        Ok(Some(position.to_owned()))
    }

    fn tag(&self, scope: &[&str], position: &str) -> [u8; TAG_BYTES] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in scope.iter().chain([&position]) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let tag = context.sign();
        tag.as_ref()[..TAG_BYTES].try_into().expect("a SHA-256 tag is longer than what is kept of it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_default_and_a_limit() {
        let size = |requested| PageSize::new(requested).map(PageSize::get);
        assert_eq!(size(0), Ok(20));
        assert_eq!(size(7), Ok(7));
        assert_eq!(size(i32::MAX), Ok(100));
        assert_eq!(size(-1), Err(PageError::NegativeSize));
    }

    #[test]
    fn a_token_works_only_where_it_was_given() {
        let tokens = PageTokens::new(b"secret");
        let token = tokens.encode(&["orders", "ann"], "42");
        assert_eq!(tokens.decode(&["orders", "ann"], &token), Ok(Some("42".into())));
        assert_eq!(tokens.decode(&["orders", "bob"], &token), Err(PageError::InvalidToken));
        assert_eq!(tokens.decode(&["ordersann"], &token), Err(PageError::InvalidToken));
        assert_eq!(PageTokens::new(b"other").decode(&["orders", "ann"], &token), Err(PageError::InvalidToken));
        assert_eq!(tokens.decode(&["orders", "ann"], ""), Ok(None));
        for forged in ["A", "AAAA", "ä", &token[1..]] {
            assert_eq!(tokens.decode(&["orders", "ann"], forged), Err(PageError::InvalidToken), "{forged}");
        }
    }
}
