//! GetJwks and GetDiscovery, and the rotation of keys.

use std::time::Duration;

use testkit::{guest, reason};
use tonic::Code;
use ultramarket_api::identity::v1::{self as pb, identity_service_client::IdentityServiceClient};

use crate::harness::{House, config, header};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

async fn kids(house: &House) -> Vec<String> {
    let keys = house.client().get_jwks(pb::GetJwksRequest {}).await.expect("is public").into_inner().keys;
    keys.into_iter().map(|key| key.kid).collect()
}

#[tokio::test]
async fn the_public_key_is_published_and_nothing_else() {
    let house = House::open().await;
    let keys = house.client().get_jwks(guest(pb::GetJwksRequest {})).await.expect("is public").into_inner().keys;
    let [key] = keys.as_slice() else { panic!("there is one key") };
    assert_eq!(
        (key.kty.as_str(), key.r#use.as_str(), key.alg.as_str(), key.e.as_str()),
        ("RSA", "sig", "RS256", "AQAB")
    );
    assert_eq!(key.n.len(), 512, "a modulus of 3072 bits in base64url");
    let tokens = house.person("ann").await.tokens;
    assert_eq!(header(&tokens)["kid"], key.kid.as_str());
}

#[tokio::test]
async fn services_may_fetch_the_keys_and_strangers_may_not() {
    let house = House::open().await;
    let fetch = async |workload| {
        let mut client = IdentityServiceClient::new(house.kit.rpc_as(workload, "identity"));
        client.get_jwks(pb::GetJwksRequest {}).await
    };
    for service in ["user", "catalog", "inventory", "cart", "order", "payment", "notification", "search"] {
        assert!(fetch(service).await.is_ok(), "{service}");
    }
    let error = fetch("stranger").await.expect_err("is no service of ours");
    assert_eq!((error.code(), reason(&error).as_str()), (Code::PermissionDenied, "WORKLOAD_NOT_ALLOWED"));
}

#[tokio::test]
async fn discovery_says_where_everything_is() {
    let mut public = config();
    public.issuer = "https://shop.example".to_owned();
    let house = House::with(public).await;
    let discovery = house.client().get_discovery(guest(pb::GetDiscoveryRequest {})).await.expect("is public");
    let expected = pb::Discovery {
        issuer: "https://shop.example".into(),
        jwks_uri: "https://shop.example/.well-known/jwks.json".into(),
        token_endpoint: "https://shop.example/api/v1/auth/refresh".into(),
        id_token_signing_alg_values_supported: vec!["RS256".into()],
        response_types_supported: vec!["token".into()],
        subject_types_supported: vec!["public".into()],
    };
    assert_eq!(discovery.into_inner(), expected);
}

#[tokio::test]
async fn keys_rotate_without_anybody_being_signed_out() {
    let house = House::open().await;
    let tokens = house.person("ann").await.tokens;
    let first = kids(&house).await;
    // Rotation is looked after at the start, and every minute.
    house.kit.advance(DAY * 90 - MINUTE * 60);
    let house = house.reopen(config()).await;
    let published = kids(&house).await;
    assert_eq!((published.len(), &published[0]), (2, &first[0]), "the next key is published and signs nothing yet");
    let before = house.sign_in("ann").await.expect("is right");
    assert_eq!(header(&before)["kid"], first[0].as_str());

    house.kit.advance(MINUTE * 60);
    let house = house.reopen(config()).await;
    assert_eq!(kids(&house).await, [published[1].as_str(), &first[0]]);
    let before = house.refresh(&before.refresh_token).await.expect("is good");
    assert_eq!(header(&before)["kid"], published[1].as_str());
    assert!(house.is_live(&before).await);

    house.kit.advance(MINUTE * 20);
    let house = house.reopen(config()).await;
    assert_eq!(kids(&house).await, [published[1].as_str()], "no token of the first key is out any more");
    assert_eq!(house.count("SELECT COUNT(*) FROM signing_keys").await, 1);
    assert_ne!(tokens.session_id, before.session_id);
}

#[tokio::test]
async fn a_token_signed_before_a_rotation_is_good_after_it() {
    let house = House::open().await;
    house.kit.advance(DAY * 90 - MINUTE * 60);
    let house = house.reopen(config()).await;
    house.kit.advance(MINUTE * 60);
    let tokens = house.person("ann").await.tokens;
    let house = house.reopen(config()).await;
    assert_eq!(kids(&house).await.len(), 2);
    assert_ne!(header(&tokens)["kid"], kids(&house).await[0].as_str());
    assert!(house.is_live(&tokens).await);
}
