//! How often the edge may be called: GCRA in memory, one bucket per class and caller.

use std::{net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use governor::{
    DefaultKeyedRateLimiter, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
};
use http::{HeaderMap, HeaderValue};
use service_kit::{Account, Tasks, contract::RateClass};

use crate::{
    config::{Quota, RateLimits},
    metrics::RATE_LIMITED,
    problem::Problem,
};

/// How often buckets that are full again are forgotten.
const SWEEP: Duration = Duration::from_secs(60);

/// Who is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Account(String),
    /// An IPv4 address, or the /64 network of an IPv6 address, which one customer has for themselves.
    Network(u64),
}

/// All buckets.
#[derive(Debug)]
pub(crate) struct Limits {
    exempt_loopback: bool,
    account: Policy,
    address: Policy,
    auth: Policy,
    payment: Policy,
}

#[derive(Debug)]
struct Policy {
    name: &'static str,
    quota: Quota,
    /// How long until one more call is allowed.
    period: Duration,
    header: HeaderValue,
    limiter: DefaultKeyedRateLimiter<Key, StateInformationMiddleware>,
}

/// A quota that cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("the rate limit `{0}` must allow at least one call in at least one second, and one at once")]
pub(crate) struct InvalidQuota(&'static str);

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// The client's address.
    pub(crate) address: IpAddr,
    /// Sent by a proxy.
    pub(crate) forwarded: bool,
}

impl Limits {
    /// Limits as configured; none if they are off.
    pub(crate) fn new(config: &RateLimits) -> Result<Option<Arc<Self>>, InvalidQuota> {
        let limits = Self {
            exempt_loopback: config.exempt_loopback,
            account: Policy::new("account", config.account)?,
            address: Policy::new("address", config.address)?,
            auth: Policy::new("auth", config.auth)?,
            payment: Policy::new("payment", config.payment)?,
        };
        Ok(config.enabled.then(|| Arc::new(limits)))
    }

    /// Forgets full buckets now and then, until the process stops.
    pub(crate) fn sweep(self: &Arc<Self>, tasks: &Tasks) {
        let limits = Arc::clone(self);
        tasks.spawn_loop("rate limits", move |stop| {
            let limits = Arc::clone(&limits);
            async move {
                while tokio::time::timeout(SWEEP, stop.cancelled()).await.is_err() {
                    for policy in [&limits.account, &limits.address, &limits.auth, &limits.payment] {
                        policy.limiter.retain_recent();
                        policy.limiter.shrink_to_fit();
                    }
                }
            }
        });
    }

    /// Counts a call. Gives the headers that tell how many are left.
    pub(crate) fn count(
        &self,
        class: RateClass,
        account: Option<&Account>,
        origin: Origin,
    ) -> Result<Option<Left<'_>>, Problem> {
        // Sign-in is counted by address even with a token: it is the attacker who is counted, not the account.
        let account = account.filter(|_| class != RateClass::Auth);
        let policy = match (class, account) {
            (RateClass::Auth, _) => &self.auth,
            (RateClass::Payment, _) => &self.payment,
            (RateClass::Standard, Some(_)) => &self.account,
            (RateClass::Standard, None) => &self.address,
        };
        let key = match account {
            Some(account) => Key::Account(account.id.clone()),
            None if self.exempt_loopback && origin.address.is_loopback() && !origin.forwarded => return Ok(None),
            None => Key::Network(network(origin.address)),
        };
        policy.check(&key).map(Some)
    }
}

/// What is left of a quota.
#[derive(Debug)]
pub(crate) struct Left<'l> {
    policy: &'l Policy,
    calls: u32,
}

impl Left<'_> {
    /// Writes the headers of the IETF draft: `RateLimit-Policy` and `RateLimit`.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        headers.insert("ratelimit-policy", self.policy.header.clone());
        let used = self.policy.quota.burst.saturating_sub(self.calls);
        let full_in = (self.policy.period * used).as_secs_f64().ceil();
        let text = format!("\"{}\";r={};t={full_in}", self.policy.name, self.calls);
        headers.insert("ratelimit", HeaderValue::try_from(text).expect("digits and names are a header value"));
    }
}

impl Policy {
    fn new(name: &'static str, quota: Quota) -> Result<Self, InvalidQuota> {
        let invalid = || InvalidQuota(name);
        let calls = NonZeroU32::new(quota.calls).ok_or_else(invalid)?;
        let burst = NonZeroU32::new(quota.burst).ok_or_else(invalid)?;
        let period = Duration::from_secs(quota.seconds.into()) / calls.get();
        let governed = governor::Quota::with_period(period).ok_or_else(invalid)?.allow_burst(burst);
        let window = (period * burst.get()).as_secs_f64().ceil();
        let header = format!("\"{name}\";q={};w={window}", quota.burst);
        Ok(Self {
            name,
            quota,
            period,
            header: HeaderValue::try_from(header).expect("digits and names are a header value"),
            limiter: RateLimiter::keyed(governed).with_middleware(),
        })
    }

    fn check(&self, key: &Key) -> Result<Left<'_>, Problem> {
        match self.limiter.check_key(key) {
            Ok(state) => Ok(Left { policy: self, calls: state.remaining_burst_capacity() }),
            Err(denied) => {
                metrics::counter!(RATE_LIMITED, "policy" => self.name).increment(1);
                let retry_after = denied.wait_time_from(DefaultClock::default().now());
                let policy = format!("{} calls in {} seconds", self.quota.calls, self.quota.seconds);
                Err(Problem::RateLimited { policy, retry_after })
            }
        }
    }
}

fn network(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => (address.to_bits() >> 64) as u64,
    }
}

/// The client's address: that of the peer, or what the nearest trusted proxies say.
/// `X-Forwarded-For` grows at its end, so the entry that the outermost trusted proxy wrote is `hops` from there.
pub(crate) fn origin(headers: &HeaderMap, peer: IpAddr, hops: usize) -> Origin {
    let forwarded = headers.contains_key("x-forwarded-for");
    if hops == 0 || !forwarded {
        return Origin { address: peer, forwarded };
    }
    let entries = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let entries: Vec<&str> = entries.flat_map(|value| value.split(',')).map(str::trim).collect();
    let trusted = entries.len().checked_sub(hops).and_then(|at| parse_address(entries[at]));
    Origin { address: trusted.unwrap_or(peer), forwarded }
}

/// `203.0.113.7`, `203.0.113.7:1234`, `2001:db8::1` or `[2001:db8::1]:1234`.
fn parse_address(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(quota: Quota) -> Arc<Limits> {
        let config =
            RateLimits { account: quota, address: quota, auth: quota, payment: quota, ..RateLimits::default() };
        Limits::new(&config).expect("is valid").expect("is on")
    }

    fn from(address: &str) -> Origin {
        Origin { address: address.parse().expect("is an address"), forwarded: false }
    }

    const TWO: Quota = Quota { calls: 1, seconds: 3_600, burst: 2 };

    #[test]
    fn a_caller_who_has_used_up_the_burst_waits_and_others_do_not() {
        let limits = limits(TWO);
        let count = |address| limits.count(RateClass::Standard, None, from(address));
        assert!(count("203.0.113.1").is_ok());
        let mut headers = HeaderMap::new();
        count("203.0.113.1").expect("is the second").expect("is counted").write(&mut headers);
        assert_eq!(headers["ratelimit-policy"], "\"address\";q=2;w=7200");
        assert_eq!(headers["ratelimit"], "\"address\";r=0;t=7200");
        assert!(matches!(
            count("203.0.113.1"),
            Err(Problem::RateLimited { retry_after, .. }) if retry_after > Duration::from_secs(3_500)
        ));
        assert!(count("203.0.113.2").is_ok());
        assert!(limits.count(RateClass::Auth, None, from("203.0.113.1")).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_is_one_caller() {
        let limits = limits(Quota { burst: 1, ..TWO });
        assert!(limits.count(RateClass::Auth, None, from("2001:db8::1")).is_ok());
        assert!(limits.count(RateClass::Auth, None, from("2001:db8::2")).is_err());
        assert!(limits.count(RateClass::Auth, None, from("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn this_machine_is_exempt_unless_it_forwards() {
        let limits = limits(Quota { burst: 1, ..TWO });
        for _ in 0..5 {
            assert!(matches!(limits.count(RateClass::Standard, None, from("127.0.0.1")), Ok(None)));
        }
        let forwarded = Origin { forwarded: true, ..from("127.0.0.1") };
        assert!(limits.count(RateClass::Standard, None, forwarded).is_ok());
        assert!(limits.count(RateClass::Standard, None, forwarded).is_err());
    }

    #[test]
    fn only_trusted_proxies_say_where_a_call_comes_from() {
        let peer = "192.0.2.1".parse().expect("is an address");
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("6.6.6.6, 203.0.113.7:99"));
        headers.append("x-forwarded-for", HeaderValue::from_static("198.51.100.2"));
        let address = |hops| origin(&headers, peer, hops).address.to_string();
        assert_eq!(address(0), "192.0.2.1");
        assert_eq!(address(1), "198.51.100.2");
        assert_eq!(address(2), "203.0.113.7");
        assert_eq!(address(9), "192.0.2.1");
    }

    #[test]
    fn a_quota_of_nothing_is_refused() {
        assert!(Policy::new("x", Quota { calls: 0, ..TWO }).is_err());
        assert!(Policy::new("x", Quota { burst: 0, ..TWO }).is_err());
        assert!(Policy::new("x", Quota { seconds: 0, ..TWO }).is_err());
    }
}
