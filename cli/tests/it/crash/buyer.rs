//! Somebody who buys, and who asks again as long as there is no answer.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use http::Method;
use serde_json::{Value, json};
use system_tests::{Reply, Rest, Shopper, address};

use super::Dice;

/// How long somebody asks again: a start on a busy machine takes its time.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(15);
/// How long somebody thinks before the next purchase.
const THINK: Duration = Duration::from_millis(60);

/// The tokens of the sandbox that come to an end without anybody's help; the good one more often.
const TOKENS: [&str; 10] = [
    "tok_visa",
    "tok_visa",
    "tok_visa",
    "tok_declined",
    "tok_insufficient_funds",
    "tok_expired_card",
    "tok_timeout_before",
    "tok_timeout_after",
    "tok_slow",
    "tok_flaky",
];

/// Why an order may be refused: what is in the cart changes while earlier orders for it are under way.
const REFUSALS: [&str; 3] = ["CART_EMPTY", "CART_HAS_PROBLEMS", "CART_ALREADY_ORDERED"];

/// Somebody who buys: with an account, or each time as a new guest.
pub(super) struct Buyer {
    rest: Rest,
    account: Option<Shopper>,
    skus: Vec<String>,
    dice: Dice,
}

/// An order that was acknowledged.
pub(super) struct Bought {
    /// Who asked, as they asked.
    rest: Rest,
    request: Value,
    reply: Value,
    order_token: Option<String>,
    with_account: bool,
}

/// How an order ended, and its payment.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) number: String,
    pub(super) lifecycle: String,
    pub(super) total: i64,
    /// How many of which SKU.
    pub(super) items: Vec<(String, i64)>,
}

/// An amount, a count: text in JSON, and nothing at all when it is zero.
pub(super) fn number(value: &Value) -> i64 {
    value.as_str().map_or(0, |text| text.parse().expect("is a whole number"))
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("{field} is missing in {value}")).to_owned()
}

/// Asks until there is an answer, as somebody does whose page does not load.
async fn ask(rest: &Rest, method: Method, path: &str, body: Option<Value>) -> Reply {
    let begun = Instant::now();
    loop {
        let reply = rest.try_send(method.clone(), path, body.clone()).await;
        match reply {
            Some(reply) if !is_for_now(&reply) => return reply,
            _ => assert!(begun.elapsed() < PATIENCE, "{method} {path} is not answered: {reply:?}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether the same request may get another answer.
fn is_for_now(reply: &Reply) -> bool {
    match reply.status.as_u16() {
        409 => reply.reason() == "IDEMPOTENCY_KEY_IN_FLIGHT",
        status => status >= 500,
    }
}

impl Buyer {
    pub(super) fn new(rest: Rest, account: Option<Shopper>, skus: Vec<String>, dice: Dice) -> Self {
        Self { rest, account, skus, dice }
    }

    /// Buys one thing after the other.
    pub(super) async fn shop_until(mut self, enough: &AtomicBool) -> Vec<Bought> {
        let mut all = Vec::new();
        while !enough.load(Ordering::Relaxed) {
            all.extend(self.buy().await);
            tokio::time::sleep(THINK).await;
        }
        all
    }

    /// Puts something into the cart and orders it; none if that is refused.
    async fn buy(&mut self) -> Option<Bought> {
        let sku = &self.skus[usize::try_from(self.dice.below(self.skus.len() as u64)).expect("is small")];
        let quantity = 1 + self.dice.below(3);
        let token = TOKENS[usize::try_from(self.dice.below(TOKENS.len() as u64)).expect("is small")];
        let mut rest = self.account.as_ref().map_or(&self.rest, |account| &account.rest).clone();
        let add = json!({"sku": sku, "quantity": quantity});
        let added = ask(&rest, Method::POST, "/api/v1/cart/items", Some(add)).await;
        added.ok();
        let mut request = json!({"shippingAddress": address(), "paymentToken": token});
        if self.account.is_none() {
            rest = rest.with("x-cart-token", added.header("x-cart-token").expect("a guest gets a token"));
            request["email"] = json!("guest@example.com");
        }
        let keyed = rest.with("idempotency-key", &kernel::random_token());
        let reply = ask(&keyed, Method::POST, "/api/v1/orders", Some(request.clone())).await;
        if !reply.status.is_success() {
            assert!(REFUSALS.contains(&reply.reason().as_str()), "{}", reply.json());
            ask(&rest, Method::DELETE, "/api/v1/cart", None).await;
            return None;
        }
        let order_token = reply.header("x-order-token").map(str::to_owned);
        assert_eq!(order_token.is_some(), self.account.is_none(), "guests alone get a token");
        let with_account = self.account.is_some();
        Some(Bought { rest: keyed, request, reply: reply.json(), order_token, with_account })
    }
}

impl Bought {
    pub(super) fn order_id(&self) -> String {
        text(&self.reply, "orderId")
    }

    fn reader(&self) -> Rest {
        self.order_token.as_ref().map_or_else(|| self.rest.clone(), |token| self.rest.with("x-order-token", token))
    }

    /// The same request with the same key gets the same answer, whatever happened in between.
    pub(super) async fn is_told_the_same_again(&self) {
        let again = self.rest.try_send(Method::POST, "/api/v1/orders", Some(self.request.clone())).await;
        let again = again.expect("the server is up");
        assert_eq!((again.ok(), again.header("idempotent-replayed")), (self.reply.clone(), Some("true")));
        assert_eq!(again.header("x-order-token").map(str::to_owned), self.order_token);
    }

    /// Waits for the end of the order, and looks at its money.
    pub(super) async fn ended(&self) -> Ended {
        let shopper = Shopper { rest: self.reader(), email: String::new(), account_id: String::new() };
        let order = shopper.order_when(&self.order_id(), "an end", |order| order["lifecycle"] != "PENDING").await;
        for field in ["number", "items", "total", "paymentId", "createTime", "shippingAddress"] {
            assert_eq!(order[field], self.reply[field], "{field} of {order}");
        }
        let total = number(&order["total"]["amountMinor"]);
        let payment = shopper.rest.get(&format!("/api/v1/payments/{}", text(&order, "paymentId"))).await;
        self.is_paid_rightly(&order, &payment, total);
        let items = order["items"].as_array().into_iter().flatten();
        let items = items.map(|item| (text(item, "sku"), item["quantity"].as_i64().expect("is a number"))).collect();
        if self.with_account {
            is_told(&shopper, &order).await;
        }
        Ended { number: text(&order, "number"), lifecycle: text(&order, "lifecycle"), total, items }
    }

    fn is_paid_rightly(&self, order: &Value, reply: &Reply, total: i64) {
        if order["lifecycle"] == "CONFIRMED" {
            let payment = reply.ok();
            let refunded = number(&payment["refundedAmount"]["amountMinor"]);
            assert_eq!(
                (&payment["status"], &order["paymentStatus"]),
                (&json!("CAPTURED"), &json!("PAID")),
                "{payment}"
            );
            assert_eq!((number(&payment["capturedAmount"]["amountMinor"]), refunded), (total, 0), "{payment}");
        } else if reply.status.is_success() {
            let payment = reply.json();
            let amount = |field: &str| number(&payment[field]["amountMinor"]);
            assert_eq!(amount("capturedAmount"), amount("refundedAmount"), "nobody keeps the money: {payment}");
        } else {
            // Without stock nobody was asked for money.
            assert_eq!(reply.reason(), "PAYMENT_NOT_FOUND");
            assert_eq!(order["cancellation"]["reason"], "OUT_OF_STOCK", "{order}");
        }
    }
}

/// There is one notification about the end of the order.
async fn is_told(shopper: &Shopper, order: &Value) {
    let template = if order["lifecycle"] == "CONFIRMED" { "order-confirmation-v1" } else { "order-cancelled-v1" };
    let about = testkit::eventually("a notification", async || {
        let about = notifications(shopper, order).await;
        (!about.is_empty()).then_some(about)
    })
    .await;
    assert_eq!(about, [template], "{order}");
}

/// The templates of all notifications about an order.
async fn notifications(shopper: &Shopper, order: &Value) -> Vec<String> {
    let (mut about, mut token) = (Vec::new(), String::new());
    loop {
        let page = shopper.rest.get(&format!("/api/v1/notifications?pageSize=100&pageToken={token}")).await.ok();
        let all = page["notifications"].as_array().into_iter().flatten();
        about.extend(all.filter(|one| one["orderId"] == order["orderId"]).map(|one| text(one, "template")));
        match page["nextPageToken"].as_str() {
            Some(next) if !next.is_empty() => token = next.to_owned(),
            _ => return about,
        }
    }
}
