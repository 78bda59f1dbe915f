//! The checkout and the payer, as tests play them.

use std::{fmt::Debug, time::Duration};

use aws_lc_rs::hmac;
use db::{Db, sql::statement};
use kernel::{Ids, SystemIds, sha256};
use payment::{Config, Sandbox};
use sea_orm::ConnectionTrait;
use service_kit::{Rpc, metadata};
use testkit::{Kit, Listener, Person, eventually, guest};
use tonic::{Request, Status};
use ultramarket_api::{
    google::api::HttpBody,
    payment::{
        events::v1::{
            AuthorizePayment, CancelPayment, CapturePayment, PaymentActionRequired, PaymentAuthorized,
            PaymentCancelled, PaymentCaptured, PaymentFailed, PaymentUncertain,
        },
        v1::{
            ConfirmPaymentRequest, GetPaymentRequest, HandleWebhookRequest, Payment, payment::Status as State,
            payment_service_client::PaymentServiceClient,
        },
    },
    r#type::v1::Money,
};

pub(crate) const SECRET: &str = "whsec_of_tests";
pub(crate) const ORDER_TOKEN: &str = "the token of a guest's order";

/// Fast, and without webhooks unless a test asks for them.
pub(crate) fn config() -> Config {
    Config {
        poll_ms: 5,
        retry_base_ms: 0,
        retry_cap_ms: 0,
        sandbox: Sandbox {
            webhook_secret: SECRET.to_owned().into(),
            webhook_delay_ms: 3_600_000,
            lost_answer_ms: 5,
            slow_ms: 50,
            ..Sandbox::default()
        },
        ..Config::default()
    }
}

/// What the checkout hears.
pub(crate) struct Answers {
    pub(crate) authorized: Listener<PaymentAuthorized>,
    pub(crate) action_required: Listener<PaymentActionRequired>,
    pub(crate) failed: Listener<PaymentFailed>,
    pub(crate) uncertain: Listener<PaymentUncertain>,
    pub(crate) captured: Listener<PaymentCaptured>,
    pub(crate) cancelled: Listener<PaymentCancelled>,
}

impl Answers {
    async fn of(kit: &Kit) -> Self {
        Self {
            authorized: kit.listen().await,
            action_required: kit.listen().await,
            failed: kit.listen().await,
            uncertain: kit.listen().await,
            captured: kit.listen().await,
            cancelled: kit.listen().await,
        }
    }
}

/// An order that is to be paid.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) payment_id: String,
    pub(crate) order_id: String,
}

/// A running payment service.
pub(crate) struct Shop {
    pub(crate) kit: Kit,
    pub(crate) db: Db,
    pub(crate) answers: Answers,
    pub(crate) ann: Person,
    pub(crate) client: PaymentServiceClient<Rpc>,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(config()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        Self::over(Kit::start(), config).await
    }

    /// The process ends, and another one starts on the same files.
    pub(crate) async fn reopen(self, config: Config) -> Self {
        Self::over(self.kit.restart().await, config).await
    }

    async fn over(kit: Kit, config: Config) -> Self {
        let answers = Answers::of(&kit).await;
        let db = kit.database(payment::NAME, payment::DURABILITY, payment::migrations()).await;
        let service = payment::build(kit.context(payment::NAME), db.clone(), config).await.expect("builds");
        kit.run(&service);
        let client = PaymentServiceClient::new(kit.rpc(payment::NAME));
        Self { db, answers, ann: kit.customer("ann"), client, kit }
    }

    pub(crate) fn order(&self) -> Order {
        Order { payment_id: SystemIds.uuid().to_string(), order_id: SystemIds.uuid().to_string() }
    }

    /// Ann's payment of 19.99 dollars.
    pub(crate) fn authorization(&self, order: &Order, token: &str) -> AuthorizePayment {
        AuthorizePayment {
            payment_id: order.payment_id.clone(),
            order_id: order.order_id.clone(),
            account_id: self.ann.id.clone(),
            order_token_hash: bytes::Bytes::new(),
            amount: Some(usd(1999)),
            payment_token: token.to_owned(),
        }
    }

    pub(crate) async fn authorize(&self, order: &Order, token: &str) {
        self.kit.publish(&order.order_id, &self.authorization(order, token)).await;
    }

    pub(crate) async fn authorize_guest(&self, order: &Order, token: &str) {
        let command = AuthorizePayment {
            account_id: String::new(),
            order_token_hash: sha256(ORDER_TOKEN.as_bytes()).to_vec().into(),
            ..self.authorization(order, token)
        };
        self.kit.publish(&order.order_id, &command).await;
    }

    pub(crate) async fn capture(&self, order: &Order) {
        let command = CapturePayment { payment_id: order.payment_id.clone() };
        self.kit.publish(&order.order_id, &command).await;
    }

    pub(crate) async fn cancel(&self, order: &Order) {
        let command = CancelPayment { payment_id: order.payment_id.clone(), order_id: order.order_id.clone() };
        self.kit.publish(&order.order_id, &command).await;
    }

    /// An order whose money is held.
    pub(crate) async fn authorized(&mut self, token: &str) -> Order {
        let order = self.order();
        self.authorize(&order, token).await;
        assert_eq!(self.answers.authorized.next().await.payment_id, order.payment_id);
        order
    }

    /// An order whose money is taken.
    pub(crate) async fn captured(&mut self, token: &str) -> Order {
        let order = self.authorized(token).await;
        self.capture(&order).await;
        assert_eq!(self.answers.captured.next().await.payment_id, order.payment_id);
        order
    }

    pub(crate) async fn get(&self, order: &Order) -> Result<Payment, Status> {
        let request = self.ann.request(GetPaymentRequest { payment_id: order.payment_id.clone() });
        Ok(self.client.clone().get_payment(request).await?.into_inner())
    }

    pub(crate) async fn confirm(&self, order: &Order, key: &str) -> Result<Payment, Status> {
        let request = self.ann.keyed(key, ConfirmPaymentRequest { payment_id: order.payment_id.clone() });
        Ok(self.client.clone().confirm_payment(request).await?.into_inner())
    }

    /// Waits until the payment is so far.
    pub(crate) async fn reaches(&self, order: &Order, state: State) -> Payment {
        eventually(&format!("payment to be {state:?}"), || async {
            self.get(order).await.ok().filter(|payment| payment.status() == state)
        })
        .await
    }

    /// Delivers a webhook as the gateway does.
    pub(crate) async fn webhook(&self, provider: &str, signature: &str, body: &str) -> Result<(), Status> {
        let body = HttpBody { data: body.to_owned().into(), ..HttpBody::default() };
        let mut request = guest(HandleWebhookRequest { provider: provider.to_owned(), body: Some(body) });
        request.metadata_mut().insert("stripe-signature", signature.parse().expect("ASCII"));
        self.client.clone().handle_webhook(request).await.map(|_| ())
    }

    /// Delivers a webhook that is signed now.
    pub(crate) async fn signed_webhook(&self, body: &str) -> Result<(), Status> {
        self.webhook("sandbox", &sign(SECRET, self.kit.now().unix_seconds(), body), body).await
    }

    /// How many rows of the service's database a condition holds for.
    pub(crate) async fn count(&self, rows: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM {rows}");
        let row = self.db.reader().query_one_raw(statement(self.db.reader(), &sql, [])).await.expect("asks");
        row.expect("a count is a row").try_get_by_index(0).expect("a number")
    }

    /// The one text that a statement finds in the service's database.
    pub(crate) async fn text(&self, sql: &str) -> String {
        let row = self.db.reader().query_one_raw(statement(self.db.reader(), sql, [])).await.expect("asks");
        row.expect("there is a row").try_get_by_index(0).expect("a text")
    }

    /// How often the sandbox has done something to an order, by its own books.
    pub(crate) async fn at_the_provider(&self, order: &Order, event: &str) -> i64 {
        self.count(&format!("sandbox_calls WHERE key LIKE 'ord:{}:%' AND answer LIKE '%\"{event}\"%'", order.order_id))
            .await
    }

    /// Lets the sandbox send the webhooks that it holds back.
    pub(crate) fn release_webhooks(&self) {
        self.kit.advance(Duration::from_secs(3600));
    }
}

pub(crate) fn usd(minor: i64) -> Money {
    Money { currency_code: "USD".into(), amount_minor: minor }
}

/// A request of a guest who holds an order's token.
pub(crate) fn with_order_token<T>(token: &str, message: T) -> Request<T> {
    let mut request = guest(message);
    request.metadata_mut().insert(metadata::ORDER_TOKEN, token.parse().expect("ASCII"));
    request
}

/// Signs as the provider's documentation says.
pub(crate) fn sign(secret: &str, seconds: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!("t={seconds},v1={}", hex::encode(hmac::sign(&key, format!("{seconds}.{body}").as_bytes())))
}

/// What the sandbox would report.
pub(crate) fn report(id: &str, order: &Order, event: &str, reference: &str, amount_minor: i64) -> String {
    let Order { payment_id, order_id } = order;
    format!(
        r#"{{"id":"{id}","type":"payment.{event}","created":1700000000,"data":{{"payment_id":"{payment_id}","order_id":"{order_id}","reference":"{reference}","amount_minor":{amount_minor},"currency_code":"USD"}}}}"#
    )
}

pub(crate) fn reason<T: Debug>(result: Result<T, Status>) -> String {
    testkit::reason(&result.expect_err("is refused"))
}
