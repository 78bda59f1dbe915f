//! Reading and changing single products.

use std::sync::Arc;

use db::{Db, Tx};
use kernel::{SharedIds, Violation};
use prost_types::FieldMask;
use service_kit::{Account, Caller};
use ultramarket_api::catalog::v1::{Product, SaleableVariant, product::Status};

use crate::{
    Error,
    domain::{ProductId, names, product, update},
    hot::{Hot, Mark},
    metrics,
    snapshot::{Head, Snapshot},
    store::{
        self, Stored, categories,
        write::{self, Record},
    },
};

/// The products of the catalogue.
#[derive(Clone, Debug)]
pub(crate) struct Products {
    db: Db,
    ids: SharedIds,
    hot: Arc<Hot>,
}

impl Products {
    pub(crate) fn new(db: Db, ids: SharedIds, hot: Arc<Hot>) -> Self {
        Self { db, ids, hot }
    }

    /// The product, if the caller may see it.
    pub(crate) async fn get(&self, caller: &Caller, id: ProductId) -> Result<Snapshot, Error> {
        visible(caller, self.read(&id.to_string()).await?)
    }

    /// The product with the slug, if the caller may see it.
    pub(crate) async fn get_by_slug(&self, caller: &Caller, slug: &str) -> Result<Snapshot, Error> {
        let found = match self.hot.id_of(slug).await {
            Some(id) => self.read(&id).await?.filter(|(head, _)| head.slug == slug),
            None => None,
        };
        match found {
            Some(found) => visible(caller, Some(found)),
            None => visible(caller, self.read_by_slug(slug).await?),
        }
    }

    async fn read(&self, id: &str) -> Result<Option<(Head, Snapshot)>, Error> {
        if let Some(kept) = self.hot.get(id).await {
            return Ok(Some((kept.head()?, kept)));
        }
        let mark = self.hot.mark();
        self.keep(mark, store::read::snapshot(self.db.reader(), id).await?).await
    }

    async fn read_by_slug(&self, slug: &str) -> Result<Option<(Head, Snapshot)>, Error> {
        let mark = self.hot.mark();
        self.keep(mark, store::read::snapshot_by_slug(self.db.reader(), slug).await?).await
    }

    async fn keep(&self, mark: Mark, read: Option<Snapshot>) -> Result<Option<(Head, Snapshot)>, Error> {
        let Some(snapshot) = read else { return Ok(None) };
        let head = snapshot.head()?;
        self.hot.keep(mark, &head, &snapshot).await;
        Ok(Some((head, snapshot)))
    }

    /// What is for sale under the SKUs, in their order, each once.
    pub(crate) async fn saleable(&self, skus: &[String]) -> Result<Vec<SaleableVariant>, Error> {
        let published = store::read::by_skus(self.db.reader(), skus).await?;
        let mut seen = std::collections::HashSet::with_capacity(skus.len());
        let distinct = skus.iter().filter(|sku| seen.insert(sku.as_str()));
        Ok(distinct.filter_map(|sku| product::saleable(published.of(sku)?, sku)).collect())
    }

    /// Adds a product, which belongs to `seller`.
    pub(crate) async fn create(&self, seller: &Account, product: Product) -> Result<Product, Error> {
        check_external_id(seller, "", &product.external_id)?;
        let mut product = product::complete(product)?;
        product::publish_unless_said(&mut product);
        let product = Product {
            product_id: ProductId::generate(&*self.ids).to_string(),
            seller_id: seller.id.clone(),
            ..product
        };
        let product = &product;
        let created = self.db.write(|tx| Box::pin(insert(tx, product))).await?;
        metrics::products_changed("created");
        Ok(created)
    }

    /// Changes those fields of a product that `mask` names. Nothing happens, no event either, where they are so already.
    pub(crate) async fn update(
        &self,
        account: &Account,
        id: ProductId,
        patch: Product,
        mask: Option<FieldMask>,
    ) -> Result<Product, Error> {
        let (id, patch, mask) = (&id.to_string(), &patch, mask.as_ref());
        let (product, changed) = self.db.write(|tx| Box::pin(change(tx, account, id, patch, mask))).await?;
        if changed {
            self.hot.forget(&[id.as_str()]).await;
            metrics::products_changed("updated");
        }
        Ok(product)
    }

    /// Takes a product out of the catalogue.
    pub(crate) async fn delete(&self, account: &Account, id: ProductId, etag: &str) -> Result<(), Error> {
        let id = &id.to_string();
        self.db.write(|tx| Box::pin(remove(tx, account, id, etag))).await?;
        self.hot.forget(&[id.as_str()]).await;
        metrics::products_changed("deleted");
        Ok(())
    }

    /// The next products in order of their ids.
    pub(crate) async fn after(&self, id: &str, limit: u32) -> Result<Vec<Snapshot>, Error> {
        Ok(store::read::all_after(self.db.reader(), id, limit).await?)
    }
}

async fn insert(tx: &Tx, product: &Product) -> Result<Product, Error> {
    let mut product = product.clone();
    check_external_id_is_free(tx, &product).await?;
    check_categories(tx, &product).await?;
    store::names::given(tx, [&product]).await?.assign(&mut product)?;
    let record = Record::new(product, tx.now());
    write::save(tx, std::slice::from_ref(&record)).await?;
    Ok(record.product)
}

async fn change(
    tx: &Tx,
    account: &Account,
    id: &str,
    patch: &Product,
    mask: Option<&FieldMask>,
) -> Result<(Product, bool), Error> {
    let before = own(tx, account, id, &patch.etag).await?;
    let merged = update::merge(&before.product, patch.clone(), mask)?;
    check_external_id(account, &before.product.external_id, &merged.external_id)?;
    let mut product = product::complete(merged)?;
    product::publish_unless_said(&mut product);
    names::keep_skus(&mut product.variants, &before.product.variants);
    if product.external_id != before.product.external_id {
        check_external_id_is_free(tx, &product).await?;
    }
    check_categories(tx, &product).await?;
    store::names::given(tx, [&product]).await?.assign(&mut product)?;
    if update::same(&product, &before.product) {
        return Ok((before.product, false));
    }
    let record = Record::next(&before, product, tx.now());
    write::save(tx, std::slice::from_ref(&record)).await?;
    Ok((record.product, true))
}

async fn remove(tx: &Tx, account: &Account, id: &str, etag: &str) -> Result<(), Error> {
    let before = own(tx, account, id, etag).await?;
    write::save(tx, &[Record::deleted(before, tx.now())]).await?;
    Ok(())
}

/// The product, if it is the account's to change and still in the state that the caller has seen.
async fn own(tx: &Tx, account: &Account, id: &str, etag: &str) -> Result<Stored, Error> {
    let found = store::read::find(tx, id).await?;
    let own = found.filter(|stored| may_change(account, &stored.product.seller_id)).ok_or(Error::ProductNotFound)?;
    if !etag.is_empty() && etag != own.product.etag {
        return Err(Error::EtagMismatch { current: own.product.etag });
    }
    Ok(own)
}

fn may_change(account: &Account, seller_id: &str) -> bool {
    account.has_role("ADMIN") || account.id == seller_id
}

/// A draft does not exist but for those who may change it.
fn visible(caller: &Caller, found: Option<(Head, Snapshot)>) -> Result<Snapshot, Error> {
    let may_see = |head: &Head| {
        let own = caller.signed_in().is_some_and(|account| may_change(account, &head.seller_id));
        head.status() == Status::Published || own
    };
    found.filter(|(head, _)| may_see(head)).map(|(_, snapshot)| snapshot).ok_or(Error::ProductNotFound)
}

/// Imports recognise products by external id, so a seller who could choose it could make an import change, or be
/// kept from creating, a product of theirs.
fn check_external_id(account: &Account, before: &str, after: &str) -> Result<(), Error> {
    if before == after || account.has_role("ADMIN") {
        return Ok(());
    }
    Err(Error::Invalid(vec![Violation::new("product.externalId", "is set by imports and administrators alone")]))
}

async fn check_external_id_is_free(tx: &Tx, product: &Product) -> Result<(), Error> {
    let external_id = product.external_id.as_str();
    if external_id.is_empty() || store::read::by_external_ids(tx, &[external_id]).await?.is_empty() {
        return Ok(());
    }
    Err(Error::ExternalIdTaken { external_id: external_id.to_owned() })
}

async fn check_categories(tx: &Tx, product: &Product) -> Result<(), Error> {
    if product.categories.is_empty() {
        return Ok(());
    }
    let existing = categories::existing(tx, product.categories.iter().map(String::as_str)).await?;
    match product.categories.iter().find(|category| !existing.contains(*category)) {
        None => Ok(()),
        Some(category) => Err(Error::CategoryNotFound { category: category.clone() }),
    }
}
