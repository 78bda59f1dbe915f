//! Somebody who shops over REST.

use std::time::Instant;

use serde_json::{Value, json};

use crate::{Reply, Rest, market::PATIENCE};

/// The password of all shoppers of tests.
const PASSWORD: &str = "correct horse battery staple";

/// Somebody who shops.
#[derive(Clone, Debug)]
pub struct Shopper {
    /// Their HTTP client, which proves who they are.
    pub rest: Rest,
    /// Their address; empty for guests.
    pub email: String,
    /// Their account; empty for guests.
    pub account_id: String,
}

/// An address to ship to.
#[must_use]
pub fn address() -> Value {
    json!({
        "name": "Ann Example", "line1": "1 High Street", "line2": "", "city": "Springfield",
        "region": "OR", "postalCode": "97477", "countryCode": "US", "phone": "+1 541 555 0100"
    })
}

impl Shopper {
    /// Registers and signs in.
    ///
    /// # Panics
    /// If either is refused.
    pub async fn register(rest: Rest, name: &str) -> Self {
        let email = format!("{name}@example.com");
        let account = json!({"email": email, "password": PASSWORD, "displayName": name});
        let account = rest.post("/api/v1/auth/register", account).await.ok();
        let mut shopper = Self::sign_in(rest, &email, PASSWORD).await;
        shopper.account_id = account["accountId"].as_str().expect("an account has an id").to_owned();
        shopper
    }

    /// Signs in.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn sign_in(rest: Rest, email: &str, password: &str) -> Self {
        let tokens = rest.post("/api/v1/auth/login", json!({"email": email, "password": password})).await.ok();
        let token = tokens["accessToken"].as_str().expect("there is a token");
        let rest = rest.with("authorization", &format!("Bearer {token}"));
        Self { rest, email: email.to_owned(), account_id: String::new() }
    }

    /// Somebody without an account.
    #[must_use]
    pub fn guest(rest: Rest) -> Self {
        Self { rest, email: String::new(), account_id: String::new() }
    }

    /// Puts so many of a SKU into the cart. A guest keeps the token of the cart.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn add(&mut self, sku: &str, quantity: i32) -> Value {
        let reply = self.rest.post("/api/v1/cart/items", json!({"sku": sku, "quantity": quantity})).await;
        let cart = reply.ok();
        if let Some(token) = reply.header("x-cart-token") {
            self.rest = self.rest.with("x-cart-token", token);
        }
        cart
    }

    /// Places an order for what is in the cart, with an idempotency key.
    pub async fn place_keyed(&self, key: &str, payment_token: &str) -> Reply {
        let mut order = json!({"shippingAddress": address(), "paymentToken": payment_token});
        if self.email.is_empty() {
            order["email"] = json!("guest@example.com");
        }
        self.rest.with("idempotency-key", key).post("/api/v1/orders", order).await
    }

    /// Places an order for what is in the cart. A guest keeps the token of the order.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn place(&mut self, payment_token: &str) -> Value {
        let reply = self.place_keyed(&new_key(), payment_token).await;
        let order = reply.ok();
        if let Some(token) = reply.header("x-order-token") {
            self.rest = self.rest.with("x-order-token", token);
        }
        order
    }

    /// Reads an order.
    ///
    /// # Panics
    /// If it cannot be read.
    pub async fn order(&self, order_id: &str) -> Value {
        self.rest.get(&format!("/api/v1/orders/{order_id}")).await.ok()
    }

    /// Waits until an order is so far.
    ///
    /// # Panics
    /// If it does not come so far.
    pub async fn order_when(&self, order_id: &str, what: &str, so_far: impl Fn(&Value) -> bool) -> Value {
        self.read_when(&format!("/api/v1/orders/{order_id}"), what, so_far).await
    }

    /// Waits until an order has the lifecycle.
    ///
    /// # Panics
    /// If it does not get it.
    pub async fn order_in(&self, order_id: &str, lifecycle: &str) -> Value {
        self.order_when(order_id, lifecycle, |order| order["lifecycle"] == lifecycle).await
    }

    /// Reads something until it is as it should be.
    ///
    /// # Panics
    /// If it does not get so.
    pub async fn read_when(&self, path: &str, what: &str, so_far: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let reply = self.rest.get(path).await;
            let value = reply.json();
            if reply.status.is_success() && so_far(&value) {
                return value;
            }
            assert!(begun.elapsed() < PATIENCE, "{path} does not get {what}: {value}");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

/// A new idempotency key.
fn new_key() -> String {
    kernel::random_token()
}
