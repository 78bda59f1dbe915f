//! The edge's own pages: health, the OpenAPI document and a page to read and try it, which needs nothing from
//! anywhere else.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use service_kit::Health;
use tonic::body::Body as RpcBody;

use crate::{body::Body, edge::json, failure::Failure, problem::Problem};

const DOCS: &str = include_str!("pages/docs.html");
const SCRIPT: &str = include_str!("pages/docs.js");
const STYLE: &str = include_str!("pages/docs.css");
/// The page runs its own script and talks to this edge, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// All pages.
#[derive(Debug)]
pub(crate) struct Pages {
    list: [(&'static str, Page); 5],
    openapi: Bytes,
}

/// One page.
#[derive(Debug)]
pub(crate) enum Page {
    Health,
    Fixed { content_type: &'static str, content: Bytes, etag: HeaderValue },
}

impl Pages {
    /// With this OpenAPI document.
    pub(crate) fn new(openapi: String) -> Self {
        let openapi = Bytes::from(openapi);
        let list = [
            ("/health", Page::Health),
            ("/openapi.json", Page::fixed("application/json", openapi.clone())),
            ("/docs", Page::fixed("text/html; charset=utf-8", DOCS.into())),
            ("/docs/docs.js", Page::fixed("text/javascript; charset=utf-8", SCRIPT.into())),
            ("/docs/docs.css", Page::fixed("text/css; charset=utf-8", STYLE.into())),
        ];
        Self { list, openapi }
    }

    /// The OpenAPI document.
    pub(crate) fn openapi(&self) -> &Bytes {
        &self.openapi
    }

    /// The page at the path, with its name for counting.
    pub(crate) fn find(&self, path: &str) -> Option<(&'static str, &Page)> {
        self.list.iter().find(|(own, _)| *own == path).map(|(own, page)| (*own, page))
    }
}

impl Page {
    fn fixed(content_type: &'static str, content: Bytes) -> Self {
        let etag = format!("\"{}\"", &kernel::sha256_hex(&content)[..32]);
        let etag = HeaderValue::try_from(etag).expect("hexadecimal digits are a header value");
        Self::Fixed { content_type, content, etag }
    }

    /// Answers a request for the page.
    pub(crate) fn answer(&self, request: &Request<RpcBody>, health: &Health) -> Result<Response<Body>, Failure> {
        if *request.method() != Method::GET && *request.method() != Method::HEAD {
            return Err(Problem::OtherMethods { allow: "GET, HEAD".to_owned() }.into());
        }
        match self {
            Self::Health => Ok(report(health)),
            Self::Fixed { content_type, content, etag } => {
                let known = request.headers().get(header::IF_NONE_MATCH) == Some(etag);
                let mut response = if known {
                    let mut response = Response::new(Body::default());
                    *response.status_mut() = StatusCode::NOT_MODIFIED;
                    response
                } else {
                    Response::new(Body::from(content.clone()))
                };
                let headers = response.headers_mut();
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
                headers.insert(header::ETAG, etag.clone());
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
                headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
                Ok(response)
            }
        }
    }
}

/// Whether traffic may come. What exactly is not well is for the operators' port.
fn report(health: &Health) -> Response<Body> {
    let (status, text) = if health.is_ready() {
        (StatusCode::OK, r#"{"status":"ready"}"#)
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"not ready"}"#)
    };
    let mut response = json(text);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
