//! A running identity service, and people with real accounts in it.

use std::sync::{Arc, LazyLock};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use db::Db;
use identity::{Config, NAME};
use sea_orm::{ConnectionTrait, Statement};
use service_kit::{
    Rpc, Verifier,
    auth::{IdentityKeys, Signer},
    metadata,
};
use testkit::Kit;
use tonic::{Request, Status};
use ultramarket_api::identity::v1::{self as pb, identity_service_client::IdentityServiceClient};

pub(crate) type Client = IdentityServiceClient<Rpc>;

/// A password that nobody would try.
pub(crate) const PASSWORD: &str = "wobbly orange tricycle";
/// Another one.
pub(crate) const OTHER_PASSWORD: &str = "seventeen quiet lamps";

/// Making a key takes long; tests share one.
static KEY: LazyLock<(String, Vec<u8>)> = LazyLock::new(|| {
    let (signer, pkcs8) = Signer::generate().expect("a key can be made");
    (signer.kid().to_owned(), pkcs8)
});

/// Settings that hash quickly.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    config.password.memory_kib = 64;
    config.password.iterations = 1;
    config
}

/// A running service.
pub(crate) struct House {
    pub(crate) kit: Kit,
    pub(crate) db: Db,
    pub(crate) client: Client,
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::with(config()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        Self::on(Kit::start(), config).await
    }

    /// Ends the process and starts it again on the same database.
    pub(crate) async fn reopen(self, config: Config) -> Self {
        Self::on(self.kit.restart().await, config).await
    }

    async fn on(kit: Kit, config: Config) -> Self {
        let db = kit.database(NAME, identity::DURABILITY, identity::migrations()).await;
        let sql = "INSERT INTO signing_keys (kid, pkcs8, state, since) VALUES ($1, $2, 'CURRENT', $3) \
                   ON CONFLICT DO NOTHING";
        let key = [KEY.0.as_str().into(), KEY.1.clone().into(), kit.now().micros().into()];
        execute(&db, sql, key).await;
        let mut context = kit.context(NAME);
        // Tokens are those of the service itself, verified as everywhere: with the keys that it publishes.
        let keys = IdentityKeys(kit.rpc(NAME));
        context.verifier = Arc::new(Verifier::new(config.issuer.as_str(), Arc::clone(&context.clock), keys));
        let service = identity::build(context, db.clone(), config).await.expect("the service builds");
        kit.run(&service);
        let client = Client::new(kit.rpc(NAME));
        Self { kit, db, client }
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Registers an account with [`PASSWORD`].
    pub(crate) async fn register(&self, name: &str) -> pb::Account {
        let registered = self.client().register(registration(&email(name), PASSWORD)).await;
        registered.expect("the address is free").into_inner()
    }

    /// Registers an account and signs in.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let account = self.register(name).await;
        let tokens = self.sign_in(name).await.expect("the password is right");
        Person { account, tokens }
    }

    pub(crate) async fn sign_in(&self, name: &str) -> Result<pb::TokenResponse, Status> {
        self.sign_in_with(&email(name), PASSWORD).await
    }

    pub(crate) async fn sign_in_with(&self, email: &str, password: &str) -> Result<pb::TokenResponse, Status> {
        self.client().login(login(email, password)).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn refresh(&self, token: &str) -> Result<pb::TokenResponse, Status> {
        let request = pb::RefreshTokenRequest { refresh_token: token.to_owned() };
        self.client().refresh_token(request).await.map(tonic::Response::into_inner)
    }

    /// An administrator, signed in.
    pub(crate) async fn administrator(&self, name: &str) -> Person {
        let account = self.register(name).await;
        let sql = "UPDATE accounts SET roles = 'ADMIN CUSTOMER' WHERE id = $1";
        execute(&self.db, sql, [account.account_id.as_str().into()]).await;
        let tokens = self.sign_in(name).await.expect("the password is right");
        Person { account, tokens }
    }

    /// Whether the session of the tokens is live.
    pub(crate) async fn is_live(&self, tokens: &pb::TokenResponse) -> bool {
        self.client().list_sessions(bearer(tokens, pb::ListSessionsRequest {})).await.is_ok()
    }

    /// One number out of the database.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(self.db.reader().get_database_backend(), sql);
        let row = self.db.reader().query_one_raw(statement).await.expect("the query is right").expect("has a row");
        row.try_get_by_index(0).expect("is a number")
    }

    /// One text out of the database.
    pub(crate) async fn text(&self, sql: &str) -> String {
        let statement = Statement::from_string(self.db.reader().get_database_backend(), sql);
        let row = self.db.reader().query_one_raw(statement).await.expect("the query is right").expect("has a row");
        row.try_get_by_index(0).expect("is a text")
    }
}

pub(crate) async fn execute<const N: usize>(db: &Db, sql: &str, values: [sea_orm::Value; N]) {
    let values = &values;
    let write = db.write(|tx| {
        Box::pin(async move {
            let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values.clone());
            tx.execute_raw(statement).await?;
            Ok::<_, db::Error>(())
        })
    });
    write.await.expect("the statement is right");
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) account: pb::Account,
    pub(crate) tokens: pb::TokenResponse,
}

impl Person {
    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        bearer(&self.tokens, message)
    }

    pub(crate) fn id(&self) -> String {
        self.account.account_id.clone()
    }
}

pub(crate) fn bearer<T>(tokens: &pb::TokenResponse, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {}", tokens.access_token).parse().expect("a token is ASCII");
    request.metadata_mut().insert(metadata::AUTHORIZATION, value);
    request
}

pub(crate) fn email(name: &str) -> String {
    format!("{name}@example.com")
}

pub(crate) fn registration(email: &str, password: &str) -> pb::RegisterRequest {
    pb::RegisterRequest { email: email.to_owned(), password: password.to_owned(), display_name: String::new() }
}

pub(crate) fn login(email: &str, password: &str) -> pb::LoginRequest {
    pb::LoginRequest { email: email.to_owned(), password: password.to_owned(), device: "a phone".to_owned() }
}

/// The claims of an access token, as anybody can read them.
pub(crate) fn claims(tokens: &pb::TokenResponse) -> serde_json::Value {
    part(tokens, 1)
}

/// The header of an access token.
pub(crate) fn header(tokens: &pb::TokenResponse) -> serde_json::Value {
    part(tokens, 0)
}

fn part(tokens: &pb::TokenResponse, place: usize) -> serde_json::Value {
    let encoded = tokens.access_token.split('.').nth(place).expect("a token has three parts");
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).expect("is base64url");
    serde_json::from_slice(&bytes).expect("is JSON")
}
