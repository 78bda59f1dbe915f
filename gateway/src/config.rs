//! The settings of the edge.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// How the edge listens and what it lets in.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where it listens. Port 0 takes any free port.
    pub address: SocketAddr,
    /// The address under which clients reach it, for the OpenAPI document; relative to the document when empty.
    pub public_url: String,
    /// Origins whose pages may call it from a browser, such as `https://shop.example`. `*` is any origin, and then
    /// without credentials.
    pub allowed_origins: Vec<String>,
    /// Request headers, besides those of the contract, that services may see: signatures of webhooks, mostly.
    pub forwarded_headers: Vec<String>,
    /// How many proxies in front of it add to `X-Forwarded-For`. With 0 the header is not believed.
    pub trusted_hops: usize,
    /// The largest request body, and the largest message of a request stream, in bytes.
    pub body_limit: usize,
    /// The largest reply of a service, and the largest message of a reply stream, in bytes.
    pub reply_limit: usize,
    /// How long the head of a request may take to arrive, in seconds.
    pub head_seconds: u64,
    /// How long a request body may take to arrive, in seconds.
    pub body_seconds: u64,
    /// How many connections are open at most; more wait until one closes.
    pub connections: usize,
    /// Log a line for each request.
    pub access_log: bool,
    /// How often it may be called.
    pub rate_limits: RateLimits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 8000)),
            public_url: String::new(),
            allowed_origins: Vec::new(),
            forwarded_headers: vec!["stripe-signature".to_owned()],
            trusted_hops: 0,
            body_limit: 4 * 1024 * 1024,
            reply_limit: 32 * 1024 * 1024,
            head_seconds: 10,
            body_seconds: 30,
            connections: 10_000,
            access_log: true,
            rate_limits: RateLimits::default(),
        }
    }
}

/// How often the edge may be called, by class and caller. The class of an RPC stands in its policy.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimits {
    /// Whether calls are counted at all.
    pub enabled: bool,
    /// Do not count calls by address that come from this machine itself: an operator's tools, tests and benchmarks.
    /// Calls that a local proxy passes on (they carry `X-Forwarded-For`) and calls by account are counted all the same.
    pub exempt_loopback: bool,
    /// Everything else, by account.
    pub account: Quota,
    /// Everything else by callers who are not signed in, by address.
    pub address: Quota,
    /// Sign-in and the like, by address.
    pub auth: Quota,
    /// Calls that move money, by account, or by address for guests.
    pub payment: Quota,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            enabled: true,
            exempt_loopback: true,
            account: Quota { calls: 100, seconds: 1, burst: 200 },
            address: Quota { calls: 1_000, seconds: 900, burst: 1_000 },
            auth: Quota { calls: 20, seconds: 60, burst: 20 },
            payment: Quota { calls: 60, seconds: 60, burst: 30 },
        }
    }
}

/// So many calls in so many seconds, on average; so many at once.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// How many calls.
    pub calls: u32,
    /// In how many seconds.
    pub seconds: u32,
    /// How many of them may come at once.
    pub burst: u32,
}
