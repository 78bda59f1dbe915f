use std::sync::{
    LazyLock,
    atomic::{AtomicUsize, Ordering},
};

use base64::Engine;
use kernel::{Clock, FixedClock};

use super::*;

static SIGNER: LazyLock<Signer> = LazyLock::new(|| Signer::generate().expect("generates").0);
static NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

struct Source(Arc<AtomicUsize>);

#[async_trait]
impl KeySource for Source {
    async fn fetch(&self) -> Result<Keys, Error> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(SIGNER.keys())
    }
}

struct Fixture {
    verifier: Verifier,
    clock: Arc<FixedClock>,
    fetches: Arc<AtomicUsize>,
}

fn fixture() -> Fixture {
    let clock = Arc::new(FixedClock::new(NOW));
    let fetches = Arc::new(AtomicUsize::new(0));
    let verifier = Verifier::new("https://shop.example", clock.clone(), Source(Arc::clone(&fetches)));
    Fixture { verifier, clock, fetches }
}

fn claims() -> Claims {
    let now = NOW.unix_seconds();
    Claims {
        iss: "https://shop.example".into(),
        aud: AUDIENCE.into(),
        sub: "ann".into(),
        iat: now,
        nbf: now,
        exp: now + 900,
        jti: "1".into(),
        sid: "s".into(),
        email: "ann@example.com".into(),
        roles: vec!["CUSTOMER".into()],
    }
}

fn with_header(token: &str, header: &serde_json::Value) -> String {
    let rest = token.split_once('.').expect("has parts").1;
    format!("{}.{rest}", BASE64_URL_SAFE_NO_PAD.encode(header.to_string()))
}

#[tokio::test]
async fn a_good_token_names_its_account_and_is_checked_once() {
    let fixture = fixture();
    let token = SIGNER.sign(&claims());
    for _ in 0..3 {
        let account = fixture.verifier.verify(&token).await.expect("is valid");
        assert_eq!(
            (account.id.as_str(), account.has_role("CUSTOMER"), account.has_role("ADMIN")),
            ("ann", true, false)
        );
    }
    assert_eq!(fixture.fetches.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_remembered_token_expires_all_the_same() {
    let fixture = fixture();
    let token = SIGNER.sign(&claims());
    assert!(fixture.verifier.verify(&token).await.is_ok());
    fixture.clock.advance(Duration::from_secs(900 + 31));
    assert!(fixture.verifier.verify(&token).await.is_err());
    assert!(fixture.clock.now() > NOW);
}

#[tokio::test]
async fn claims_of_others_are_refused() {
    let verifier = fixture().verifier;
    let later = NOW.unix_seconds() + 60;
    let wrong = [
        Claims { iss: "https://evil.example".into(), ..claims() },
        Claims { aud: "other".into(), ..claims() },
        Claims { exp: NOW.unix_seconds() - 60, ..claims() },
        Claims { nbf: later, ..claims() },
        Claims { iat: later, ..claims() },
    ];
    for claims in wrong {
        let token = SIGNER.sign(&claims);
        assert!(matches!(verifier.verify(&token).await, Err(Error::InvalidToken)), "{claims:?}");
    }
}

#[tokio::test]
async fn headers_that_we_do_not_write_are_refused() {
    let verifier = fixture().verifier;
    let token = SIGNER.sign(&claims());
    let good = serde_json::json!({ "typ": "at+jwt", "alg": "RS256", "kid": SIGNER.kid() });
    let change = |name: &str, value: serde_json::Value| {
        let mut header = good.clone();
        header[name] = value;
        header
    };
    let bad = [
        change("typ", "JWT".into()),
        change("alg", "none".into()),
        change("alg", "HS256".into()),
        change("kid", "../../dev/null".into()),
        change("kid", "x".repeat(65).into()),
        change("kid", "unknown".into()),
        change("crit", serde_json::json!(["exp"])),
        serde_json::json!({}),
    ];
    for header in bad {
        let forged = with_header(&token, &header);
        assert!(verifier.verify(&forged).await.is_err(), "{header}");
    }
    let (body, _) = token.rsplit_once('.').expect("has parts");
    let long = "x".repeat(9000);
    for forged in ["", ".", "..", "a.b.c", body, &format!("{body}."), &format!("{body}.AAAA"), &long] {
        assert!(verifier.verify(forged).await.is_err(), "{forged}");
    }
}

#[tokio::test]
async fn a_token_signed_with_the_public_key_as_a_secret_is_refused() {
    let verifier = fixture().verifier;
    let header =
        jsonwebtoken::Header { typ: Some("at+jwt".into()), kid: Some(SIGNER.kid().into()), ..Default::default() };
    let secret = jsonwebtoken::EncodingKey::from_secret(SIGNER.jwk().n.as_bytes());
    let forged = jsonwebtoken::encode(&header, &claims(), &secret).expect("signs");
    assert!(verifier.verify(&forged).await.is_err());
}

#[tokio::test]
async fn unknown_keys_do_not_hammer_the_identity_service() {
    let fixture = fixture();
    let token = SIGNER.sign(&claims());
    for number in 0..1000 {
        let header = serde_json::json!({ "typ": "at+jwt", "alg": "RS256", "kid": format!("k{number}") });
        assert!(fixture.verifier.verify(&with_header(&token, &header)).await.is_err());
    }
    assert_eq!(fixture.fetches.load(Ordering::SeqCst), 1);
    assert!(fixture.verifier.verify(&token).await.is_ok());
}
