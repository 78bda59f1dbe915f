//! Signatures of webhooks in Stripe's form: `t=1700000000,v1=<hex>`, HMAC-SHA256 over `t.body`.
//!
//! Any of several `v1` and any of several secrets will do, as both change while a secret is being replaced.

use aws_lc_rs::hmac;
use kernel::Timestamp;
use secrecy::{ExposeSecret, SecretString};

/// How far the time of a signature may be from ours, in the past and in the future.
const TOLERANCE_SECONDS: i64 = 300;
/// A longer header is refused unread.
const MAX_HEADER_BYTES: usize = 2048;

/// Signs a body.
pub(crate) fn sign(secret: &SecretString, body: &[u8], now: Timestamp) -> String {
    let time = now.unix_seconds().to_string();
    let mut context = hmac::Context::with_key(&key(secret));
    context.update(time.as_bytes());
    context.update(b".");
    context.update(body);
    format!("t={time},v1={}", hex::encode(context.sign()))
}

/// Whether one of `secrets` signed these very bytes, not long ago. Takes the same time whatever differs.
pub(crate) fn verify(header: &str, secrets: &[SecretString], body: &[u8], now: Timestamp) -> bool {
    let Some(header) = Header::parse(header) else { return false };
    let in_time = header.seconds.abs_diff(now.unix_seconds()) <= TOLERANCE_SECONDS.unsigned_abs();
    let signed = [header.time.as_bytes(), b".", body].concat();
    let holds = secrets.iter().any(|secret| {
        let key = key(secret);
        header.signatures.iter().any(|signature| hmac::verify(&key, &signed, signature).is_ok())
    });
    in_time && holds
}

fn key(secret: &SecretString) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes())
}

struct Header<'a> {
    time: &'a str,
    seconds: i64,
    signatures: Vec<Vec<u8>>,
}

impl<'a> Header<'a> {
    /// Elements of other schemes are left out. A time that is there twice could be read in two ways: refused.
    fn parse(text: &'a str) -> Option<Self> {
        if text.len() > MAX_HEADER_BYTES {
            return None;
        }
        let elements: Vec<(&str, &str)> =
            text.split(',').filter_map(|element| element.trim().split_once('=')).collect();
        let mut times = elements.iter().filter(|(name, _)| *name == "t").map(|(_, time)| *time);
        let (time, other) = (times.next()?, times.next());
        let digits = (1..=12).contains(&time.len()) && time.bytes().all(|byte| byte.is_ascii_digit());
        if other.is_some() || !digits {
            return None;
        }
        let signatures = elements.iter().filter(|(name, _)| *name == "v1").filter_map(|(_, hex)| hex::decode(hex).ok());
        Some(Self { time, seconds: time.parse().ok()?, signatures: signatures.collect() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn secret(text: &str) -> SecretString {
        text.to_owned().into()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros((1_700_000_000 + seconds) * 1_000_000)
    }

    #[test]
    fn what_is_signed_verifies_with_either_secret() {
        let header = sign(&secret("new"), b"{}", NOW);
        assert!(verify(&header, &[secret("new")], b"{}", NOW));
        assert!(verify(&header, &[secret("old"), secret("new")], b"{}", NOW));
        assert!(!verify(&header, &[secret("old")], b"{}", NOW));
        assert!(!verify(&header, &[], b"{}", NOW));
        assert!(!verify(&header, &[secret("new")], b"{ }", NOW));
    }

    #[test]
    fn the_known_signature_of_the_scheme_holds() {
        // printf '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test
        let header = "t=1700000000,v1=c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925";
        let expected = sign(&secret("whsec_test"), br#"{"id":"evt_1"}"#, NOW);
        assert_eq!(expected, header);
    }

    #[test]
    fn a_signature_holds_for_five_minutes_both_ways() {
        let header = sign(&secret("s"), b"{}", NOW);
        for (seconds, holds) in [(300, true), (301, false), (-300, true), (-301, false)] {
            assert_eq!(verify(&header, &[secret("s")], b"{}", at(seconds)), holds, "{seconds}");
        }
    }

    #[test]
    fn any_of_several_signatures_will_do_but_only_one_time() {
        let good = sign(&secret("s"), b"{}", NOW);
        let (time, v1) = good.split_once(',').expect("has two elements");
        let secrets = [secret("s")];
        assert!(verify(&format!("{time},v1=00ff,v0=abc,{v1}"), &secrets, b"{}", NOW));
        assert!(verify(&format!("{v1}, {time}"), &secrets, b"{}", NOW));
        let v0 = v1.replacen("v1", "v0", 1);
        for forged in
            [format!("{time},{v0}"), format!("{time},t=1,{v1}"), v1.to_owned(), time.to_owned(), String::new()]
        {
            assert!(!verify(&forged, &secrets, b"{}", NOW), "{forged}");
        }
        let long = format!("{good}{}", ",v1=00".repeat(500));
        assert!(!verify(&long, &secrets, b"{}", NOW));
    }

    proptest! {
        #[test]
        fn no_text_makes_verification_panic_or_pass(header in "\\PC{0,200}", body: Vec<u8>) {
            prop_assert!(!verify(&header, &[secret("s")], &body, NOW));
        }
    }
}
