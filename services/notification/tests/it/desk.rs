//! A running notification service and its folder of mail.

use std::{fmt::Debug, fs, path::PathBuf};

use bus::Message;
use db::{Db, sql::statement};
use notification::Config;
use sea_orm::ConnectionTrait;
use service_kit::Rpc;
use testkit::{Kit, Person, eventually};
use tonic::Status;
use ultramarket_api::{
    identity::events::v1::{AccountRegistered, PasswordResetRequested},
    notification::v1::{
        ListNotificationsRequest, Notification, Preferences, UpdatePreferencesRequest,
        notification_service_client::NotificationServiceClient,
    },
    order::{
        events::v1::{OrderCancelled, OrderConfirmed},
        v1::{Cancellation, Order, OrderItem, order::PaymentStatus},
    },
    r#type::v1::{Address, Money},
    user::events::v1::SellerApproved,
};

pub(crate) const ORDER_ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// A running notification service.
pub(crate) struct Desk {
    pub(crate) kit: Kit,
    pub(crate) db: Db,
    pub(crate) ann: Person,
    pub(crate) client: NotificationServiceClient<Rpc>,
}

impl Desk {
    pub(crate) async fn open() -> Self {
        let kit = Kit::start();
        let config = config(&kit);
        Self::over(kit, config).await
    }

    /// With another configuration than usual, given where mail goes.
    pub(crate) async fn with(change: impl FnOnce(Config) -> Config) -> Self {
        let kit = Kit::start();
        let config = change(config(&kit));
        Self::over(kit, config).await
    }

    /// The process ends, and another one starts on the same files.
    pub(crate) async fn reopen(self) -> Self {
        let kit = self.kit.restart().await;
        let config = config(&kit);
        Self::over(kit, config).await
    }

    async fn over(kit: Kit, config: Config) -> Self {
        let db = kit.database(notification::NAME, notification::DURABILITY, notification::migrations()).await;
        let service = notification::build(kit.context(notification::NAME), db.clone(), config).await.expect("builds");
        kit.run(&service);
        let client = NotificationServiceClient::new(kit.rpc(notification::NAME));
        Self { db, ann: kit.customer("ann"), client, kit }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.kit.folder().join("mail")
    }

    /// All mail in the folder, unfinished files too.
    pub(crate) fn mail(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.folder()) else { return Vec::new() };
        entries.map(|entry| fs::read_to_string(entry.expect("an entry").path()).expect("mail is text")).collect()
    }

    /// The one mail in the folder, once it is there and noted as sent.
    pub(crate) async fn one_mail(&self) -> String {
        eventually("mail to be sent", || async {
            (self.count("deliveries WHERE status = 'sent'").await == 1).then_some(())
        })
        .await;
        let mut mail = self.mail();
        assert_eq!(mail.len(), 1);
        mail.remove(0)
    }

    pub(crate) async fn registered(&self, display_name: &str) -> Message {
        let event = AccountRegistered {
            account_id: self.ann.id.clone(),
            email: self.ann.email.clone(),
            display_name: display_name.to_owned(),
        };
        self.kit.publish(&self.ann.id, &event).await
    }

    pub(crate) async fn confirmed(&self, order: Order, account_id: &str) -> Message {
        let event =
            OrderConfirmed { order: Some(order), account_id: account_id.to_owned(), ..OrderConfirmed::default() };
        self.kit.publish(ORDER_ID, &event).await
    }

    pub(crate) async fn cancelled(&self, order: Order, account_id: &str) -> Message {
        let event = OrderCancelled { order: Some(order), account_id: account_id.to_owned() };
        self.kit.publish(ORDER_ID, &event).await
    }

    pub(crate) async fn reset_requested(&self, token: &str, seconds: i64) -> Message {
        let event = PasswordResetRequested {
            account_id: self.ann.id.clone(),
            email: self.ann.email.clone(),
            token: token.to_owned(),
            expire_time: Some(service_kit::wire::timestamp(
                self.kit.now() + std::time::Duration::from_secs(seconds.unsigned_abs()),
            )),
        };
        self.kit.publish(&self.ann.id, &event).await
    }

    pub(crate) async fn seller_approved(&self, shop_name: &str) -> Message {
        let event = SellerApproved { user_id: self.ann.id.clone(), shop_name: shop_name.to_owned() };
        self.kit.publish(&self.ann.id, &event).await
    }

    /// What Ann sees, newest first.
    pub(crate) async fn notifications(&self) -> Vec<Notification> {
        let request = self.ann.request(ListNotificationsRequest::default());
        let listed = self.client.clone().list_notifications(request).await.expect("lists");
        listed.into_inner().notifications
    }

    pub(crate) async fn update(&self, preferences: Preferences, mask: &[&str]) -> Result<Preferences, Status> {
        let paths = mask.iter().map(|path| (*path).to_owned()).collect();
        let request = UpdatePreferencesRequest {
            preferences: Some(preferences),
            update_mask: (!mask.is_empty()).then_some(prost_types::FieldMask { paths }),
        };
        Ok(self.client.clone().update_preferences(self.ann.request(request)).await?.into_inner())
    }

    /// How many rows of the service's database a condition holds for.
    pub(crate) async fn count(&self, rows: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM {rows}");
        let row = self.db.reader().query_one_raw(statement(self.db.reader(), &sql, [])).await.expect("asks");
        row.expect("a count is a row").try_get_by_index(0).expect("a number")
    }
}

/// Fast, and without waiting between tries.
fn config(kit: &Kit) -> Config {
    Config {
        mail_url: format!("file://{}", kit.folder().join("mail").display()),
        poll_ms: 5,
        retry_base_ms: 0,
        retry_cap_ms: 0,
        public_url: "https://shop.example".to_owned(),
        ..Config::default()
    }
}

pub(crate) fn order() -> Order {
    let usd = |minor| Some(Money { currency_code: "USD".into(), amount_minor: minor });
    Order {
        order_id: ORDER_ID.into(),
        number: "UM-7F3K-92QD".into(),
        items: vec![OrderItem {
            sku: "LAMP-1".into(),
            title: "Desk lamp".into(),
            quantity: 2,
            unit_price: usd(1999),
            line_total: usd(3998),
            ..OrderItem::default()
        }],
        total: usd(3998),
        email: "ann@example.com".into(),
        shipping_address: Some(Address {
            name: "Ann Lee".into(),
            line1: "Main St 1".into(),
            city: "Berlin".into(),
            postal_code: "10115".into(),
            country_code: "DE".into(),
            ..Address::default()
        }),
        ..Order::default()
    }
}

pub(crate) fn declined() -> Order {
    Order {
        cancellation: Some(Cancellation { reason: "PAYMENT_DECLINED".into(), ..Cancellation::default() }),
        payment_status: PaymentStatus::Failed.into(),
        ..order()
    }
}

pub(crate) fn reason<T: Debug>(result: Result<T, Status>) -> String {
    testkit::reason(&result.expect_err("is refused"))
}
