//! Which pages may call the edge from a browser.

use http::{
    HeaderMap, HeaderValue,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
    },
};

/// What pages may send.
const REQUEST_HEADERS: &str = "authorization, content-type, accept-language, grpc-timeout, idempotency-key, if-match, \
                               if-none-match, traceparent, x-cart-token, x-order-token, x-request-id";
/// What pages may read.
const RESPONSE_HEADERS: &str = "etag, idempotent-replayed, ratelimit, ratelimit-policy, retry-after, x-cart-token, \
                                x-order-token, x-request-id";
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";

/// The allow-list.
#[derive(Debug)]
pub(crate) struct Cors {
    any: bool,
    origins: Vec<HeaderValue>,
}

/// Not an origin: no scheme, a path, or not ASCII.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no origin; one looks like https://shop.example")]
pub(crate) struct InvalidOrigin(String);

impl Cors {
    /// For these origins.
    pub(crate) fn new(origins: &[String]) -> Result<Self, InvalidOrigin> {
        let any = origins.iter().any(|origin| origin == "*");
        let parse = |origin: &String| {
            let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            let valid = authority.is_some_and(|authority| !authority.is_empty() && !authority.contains('/'));
            let value = HeaderValue::from_str(origin).ok().filter(|_| valid);
            value.ok_or_else(|| InvalidOrigin(origin.clone()))
        };
        let origins = origins.iter().filter(|origin| *origin != "*").map(parse).collect::<Result<_, _>>()?;
        Ok(Self { any, origins })
    }

    /// Whether the request asks what a page may do.
    pub(crate) fn is_preflight(headers: &HeaderMap) -> bool {
        headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// The origin to allow, if the request has one and it is on the list.
    fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        if self.any {
            return Some(HeaderValue::from_static("*"));
        }
        self.origins.iter().find(|own| *own == origin).cloned()
    }

    /// What the response to a request says about its page. Credentials are never allowed: tokens are headers.
    pub(crate) fn answer(&self, request: &HeaderMap) -> Allowance {
        let differs = !self.any && !self.origins.is_empty();
        Allowance { origin: self.allowed(request), differs, preflight: Self::is_preflight(request) }
    }
}

/// What a page may do.
#[derive(Debug)]
pub(crate) struct Allowance {
    origin: Option<HeaderValue>,
    /// The answer depends on the origin.
    differs: bool,
    preflight: bool,
}

impl Allowance {
    /// Writes the headers.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        if self.differs {
            headers.append(VARY, HeaderValue::from_static("origin"));
        }
        let Some(origin) = self.origin else { return };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.preflight {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        } else {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(RESPONSE_HEADERS));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(origins: &[&str], origin: &'static str) -> HeaderMap {
        let origins: Vec<String> = origins.iter().map(|origin| (*origin).to_owned()).collect();
        let mut request = HeaderMap::new();
        request.insert(ORIGIN, HeaderValue::from_static(origin));
        let mut response = HeaderMap::new();
        Cors::new(&origins).expect("are origins").answer(&request).write(&mut response);
        response
    }

    #[test]
    fn an_origin_is_allowed_only_if_it_is_on_the_list() {
        let headers = answered(&["https://shop.example"], "https://shop.example");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "https://shop.example");
        assert_eq!(headers[VARY], "origin");
        for origin in ["https://evil.example", "https://shop.example.evil", "http://shop.example", "null"] {
            assert!(!answered(&["https://shop.example"], origin).contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
        }
        assert!(answered(&[], "https://shop.example").is_empty());
        assert_eq!(answered(&["*"], "https://any.example")[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for origin in ["shop.example", "https://", "https://shop.example/", "ftp://shop.example"] {
            assert!(Cors::new(&[origin.to_owned()]).is_err(), "{origin}");
        }
    }
}
