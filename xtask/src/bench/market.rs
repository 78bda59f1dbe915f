//! A running marketplace with its catalogue, and what is needed to shop in it.

use std::{fs, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use http::{HeaderValue, Uri, header};
use serde_json::{Value, json};
use tokio::time;

use super::{
    client::{self, Ask, Connection},
    load::{Actor, Load, Measured, drive},
    server::Server,
};

const PASSWORD: &str = "correct horse battery staple";
/// How long search may take to know everything.
const PATIENCE: Duration = Duration::from_secs(60);

/// What can be bought.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    /// The product.
    pub(crate) product_id: String,
    /// Its title.
    pub(crate) title: String,
    /// Its first variant.
    pub(crate) sku: String,
    /// A barcode, if it has one.
    pub(crate) gtin: Option<String>,
}

/// A running marketplace with its catalogue.
#[derive(Debug)]
pub(crate) struct Market {
    /// The process.
    pub(crate) server: Server,
    /// All that it offers.
    pub(crate) offers: Arc<[Offer]>,
    /// Its list of products, in pages of 50.
    pub(crate) pages: Arc<[Uri]>,
}

impl Market {
    /// Reads the catalogue.
    ///
    /// # Errors
    /// It cannot be read, or is empty.
    pub(crate) async fn open(server: Server) -> Result<Self> {
        let mut connection = Connection::open(server.address()).await?;
        let (mut offers, mut pages) = (Vec::new(), Vec::new());
        let mut token = String::new();
        loop {
            let path = Uri::try_from(format!("/api/v1/products?pageSize=50&pageToken={}", client::quote(&token)))?;
            let page = connection.send(client::get(path.clone())).await?.ok().context("list products")?;
            let products = page["products"].as_array().context("a page has products")?;
            offers.extend(products.iter().map(offer).collect::<Option<Vec<_>>>().context("a product has a SKU")?);
            // The last page may be short.
            if products.len() == 50 {
                pages.push(path);
            }
            token = text(&page["nextPageToken"]);
            if token.is_empty() {
                break;
            }
        }
        if pages.is_empty() {
            bail!("there are but {} products", offers.len());
        }
        Ok(Self { server, offers: offers.into(), pages: pages.into() })
    }

    /// Lets all actors act at once.
    ///
    /// # Errors
    /// See [`drive`].
    pub(crate) async fn drive<A: Actor>(&self, load: Load, actors: Vec<A>) -> Result<(Measured, Vec<A>)> {
        drive(self.server.address(), load, actors, || self.server.cpu_time()).await
    }

    /// The `authorization` of the administrator.
    ///
    /// # Errors
    /// They cannot sign in.
    pub(crate) async fn administrator(&self) -> Result<HeaderValue> {
        let path = self.server.data_dir().join("admin-credentials.json");
        let credentials = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
        self.sign_in(&serde_json::from_slice(&credentials)?).await
    }

    /// The `authorization` of a new customer.
    ///
    /// # Errors
    /// They cannot register.
    pub(crate) async fn customer(&self, name: &str) -> Result<HeaderValue> {
        let email = format!("{name}@example.com");
        let account = json!({"email": email, "password": PASSWORD, "displayName": name});
        let register = client::post(Uri::from_static("/api/v1/auth/register"), &account);
        self.server.ask(register).await?.ok().context("register")?;
        self.sign_in(&json!({"email": email, "password": PASSWORD})).await
    }

    async fn sign_in(&self, credentials: &Value) -> Result<HeaderValue> {
        let credentials = json!({"email": credentials["email"], "password": credentials["password"]});
        let login = client::post(Uri::from_static("/api/v1/auth/login"), &credentials);
        let tokens = self.server.ask(login).await?.ok().context("sign in")?;
        Ok(format!("Bearer {}", text(&tokens["accessToken"])).try_into()?)
    }
}

/// Waits until search has so many products.
///
/// # Errors
/// It does not get them in a minute.
pub(crate) async fn searchable(server: &Server, products: u64) -> Result<()> {
    let mut connection = Connection::open(server.address()).await?;
    let known = async {
        loop {
            let found = connection.send(client::get(Uri::from_static("/api/v1/search?pageSize=1"))).await?.ok()?;
            if found["totalSize"].as_u64().is_some_and(|size| size >= products) {
                return Ok(());
            }
            time::sleep(Duration::from_millis(5)).await;
        }
    };
    time::timeout(PATIENCE, known).await.context("wait until everything is searchable")?
}

/// Puts one of a SKU into the cart of whoever sends it.
pub(crate) fn add(sku: &str) -> Ask {
    client::post(Uri::from_static("/api/v1/cart/items"), &json!({"sku": sku, "quantity": 1}))
}

/// The request of somebody who is signed in.
pub(crate) fn signed(mut ask: Ask, authorization: &HeaderValue) -> Ask {
    ask.headers_mut().insert(header::AUTHORIZATION, authorization.clone());
    ask
}

/// A text, empty if it is none.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn offer(product: &Value) -> Option<Offer> {
    let variant = product["variants"].get(0)?;
    Some(Offer {
        product_id: product["productId"].as_str()?.to_owned(),
        title: product["title"].as_str()?.to_owned(),
        sku: variant["sku"].as_str()?.to_owned(),
        gtin: variant["gtins"].get(0).and_then(Value::as_str).map(ToOwned::to_owned),
    })
}
