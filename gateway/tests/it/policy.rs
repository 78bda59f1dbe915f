use gateway::Quota;
use http::Method;

use crate::harness::{Edge, token};

#[tokio::test]
async fn a_token_that_does_not_hold_is_refused_even_where_none_is_needed() {
    let edge = Edge::new();
    for value in ["Bearer nonsense", "Basic YTpi", "Bearer", "bearer  x"] {
        let answer = edge.get("/v1/things/a").header("authorization", value).answer().await;
        assert_eq!(answer.refused(401, 16), "INVALID_TOKEN", "{value}");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"ultramarket\", error=\"invalid_token\"");
    }
    edge.get("/v1/things/a").signed_in("ann", &[]).answer().await.ok();
    assert!(edge.upstream.saw("authorization").is_some(), "services verify the token again");
}

#[tokio::test]
async fn the_policy_decides_who_may_call() {
    let edge = Edge::new();
    let change = || edge.call(Method::PATCH, "/v1/things/a").json("{}");
    let answer = change().answer().await;
    assert_eq!(answer.refused(401, 16), "MISSING_TOKEN");
    assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"ultramarket\"");
    change().signed_in("ann", &[]).answer().await.ok();
    let delete = || edge.call(Method::DELETE, "/v1/things/a");
    assert_eq!(delete().answer().await.refused(401, 16), "MISSING_TOKEN");
    assert_eq!(delete().signed_in("ann", &["CUSTOMER"]).answer().await.refused(403, 7), "MISSING_ROLE");
    delete().signed_in("root", &["ADMIN"]).answer().await.ok();
    let forgotten = edge.get("/v1/forgotten").signed_in("root", &["ADMIN"]).answer().await;
    assert_eq!(forgotten.refused(403, 7), "WORKLOAD_NOT_ALLOWED");
}

fn limited() -> Edge {
    let quota = |burst| Quota { calls: 1, seconds: 3_600, burst };
    Edge::with(|config| {
        config.trusted_hops = 1;
        config.rate_limits.enabled = true;
        config.rate_limits.account = quota(3);
        config.rate_limits.address = quota(2);
        config.rate_limits.auth = quota(1);
    })
}

#[tokio::test]
async fn callers_who_are_not_signed_in_are_counted_by_address() {
    let edge = limited();
    let first = edge.get("/v1/things/a").answer().await;
    assert_eq!(
        (first.header("ratelimit-policy"), first.header("ratelimit")),
        ("\"address\";q=2;w=7200", "\"address\";r=1;t=3600")
    );
    edge.get("/v1/things/missing").answer().await.refused(404, 5);
    let third = edge.get("/v1/things/a").answer().await;
    assert_eq!(third.refused(429, 8), "RATE_LIMITED");
    assert!((3_500..=3_600).contains(&third.header("retry-after").parse::<u32>().expect("is a number")));
    edge.get("/v1/things/a").header("x-forwarded-for", "198.51.100.1").answer().await.ok();
    edge.get("/v1/things/a").signed_in("ann", &[]).answer().await.ok();
}

#[tokio::test]
async fn accounts_are_counted_wherever_they_call_from() {
    let edge = limited();
    let token = token("bob", &[]);
    for address in ["198.51.100.1", "198.51.100.2", "198.51.100.3"] {
        let call = edge.get("/v1/things/a").header("authorization", &format!("Bearer {token}"));
        call.header("x-forwarded-for", address).answer().await.ok();
    }
    let fourth =
        edge.get("/v1/things/a").signed_in("bob", &[]).header("x-forwarded-for", "198.51.100.4").answer().await;
    assert_eq!(fourth.refused(429, 8), "RATE_LIMITED");
}

#[tokio::test]
async fn what_attackers_guess_at_has_a_limit_of_its_own() {
    let edge = limited();
    let guess = || edge.post("/v1/things/a:setLabels", "{}");
    guess().answer().await.ok();
    assert_eq!(guess().answer().await.refused(429, 8), "RATE_LIMITED");
    assert_eq!(guess().signed_in("ann", &[]).answer().await.refused(429, 8), "RATE_LIMITED");
    edge.get("/v1/things/a").answer().await.ok();
}
