//! Which headers go from clients to services and back. Everything else stays where it is.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use service_kit::metadata;

/// A client's header with this prefix becomes metadata without it, unless that has a header of its own.
const PREFIX: &str = "grpc-metadata-";

/// What services may see of a REST request.
const REQUEST: [&str; 6] = [
    metadata::AUTHORIZATION,
    metadata::IDEMPOTENCY_KEY,
    metadata::CART_TOKEN,
    metadata::ORDER_TOKEN,
    "accept-language",
    "user-agent",
];

/// What clients may see of a reply's metadata.
const RESPONSE: [&str; 4] =
    [metadata::CART_TOKEN, metadata::ORDER_TOKEN, metadata::IDEMPOTENT_REPLAYED, "content-language"];

/// Headers of one connection, of the protocol itself, or that tell who somebody is: never from a client.
fn is_reserved(name: &str) -> bool {
    const NAMES: [&str; 15] = [
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "forwarded",
        "host",
        "http2-settings",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-real-ip",
    ];
    NAMES.contains(&name)
        || ["grpc-", "proxy-", "x-forwarded-", "x-envoy-", ":"].iter().any(|prefix| name.starts_with(prefix))
}

/// The metadata of a REST request. `forwarded` are the headers that the configuration adds.
pub(crate) fn of_rest(request: &HeaderMap, forwarded: &[HeaderName]) -> HeaderMap {
    let mut metadata = HeaderMap::with_capacity(12);
    metadata.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    metadata.insert(header::TE, HeaderValue::from_static("trailers"));
    for name in REQUEST {
        for value in request.get_all(name) {
            metadata.append(HeaderName::from_static(name), value.clone());
        }
    }
    for name in forwarded {
        for value in request.get_all(name) {
            metadata.append(name.clone(), value.clone());
        }
    }
    for (name, value) in request {
        if let Some(own) = name.as_str().strip_prefix(PREFIX)
            && !is_reserved(own)
            && !REQUEST.contains(&own)
            && let Ok(own) = HeaderName::try_from(own)
        {
            metadata.append(own, value.clone());
        }
    }
    metadata
}

/// The metadata of a gRPC request: all of it but what no client may say.
pub(crate) fn of_grpc(mut request: HeaderMap) -> HeaderMap {
    let dropped: Vec<HeaderName> = request
        .keys()
        .filter(|name| {
            let name = name.as_str();
            let protocol = matches!(name, "content-type" | "te") || name.starts_with("grpc-");
            is_reserved(name) && !protocol
        })
        .cloned()
        .collect();
    for name in dropped {
        request.remove(name);
    }
    request
}

/// Copies what clients may see of a reply's metadata.
pub(crate) fn to_rest(metadata: &HeaderMap, response: &mut HeaderMap) {
    for name in RESPONSE {
        if let Some(value) = metadata.get(name) {
            response.insert(HeaderName::from_static(name), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn services_see_what_the_contract_names_and_what_is_prefixed() {
        let request = headers(&[
            ("authorization", "Bearer x"),
            ("idempotency-key", "a"),
            ("idempotency-key", "b"),
            ("cookie", "secret"),
            ("x-forwarded-client-cert", "me"),
            ("grpc-metadata-x-tenant", "t"),
            ("grpc-metadata-x-forwarded-client-cert", "me"),
            ("grpc-metadata-te", "x"),
            ("grpc-metadata-grpc-timeout", "1S"),
            ("grpc-metadata-authorization", "Bearer other"),
            ("stripe-signature", "s"),
        ]);
        let metadata = of_rest(&request, &[HeaderName::from_static("stripe-signature")]);
        let expected = headers(&[
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            ("authorization", "Bearer x"),
            ("idempotency-key", "a"),
            ("idempotency-key", "b"),
            ("x-tenant", "t"),
            ("stripe-signature", "s"),
        ]);
        assert_eq!(metadata, expected);
    }

    #[test]
    fn native_calls_keep_their_metadata_but_cannot_say_who_they_are() {
        let request = headers(&[
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            ("grpc-timeout", "1S"),
            ("x-own", "1"),
            ("x-forwarded-client-cert", "me"),
            ("connection", "close"),
        ]);
        let expected = headers(&[
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            ("grpc-timeout", "1S"),
            ("x-own", "1"),
        ]);
        assert_eq!(of_grpc(request), expected);
    }
}
