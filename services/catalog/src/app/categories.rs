//! The shelves of the shop.

use db::{Db, Tx};
use kernel::{SharedIds, Violation};
use ultramarket_api::catalog::v1::Category;

use crate::{
    Error,
    domain::{CategoryId, category, slug},
    store,
};

/// The categories. They are added and never change.
#[derive(Clone, Debug)]
pub(crate) struct Categories {
    db: Db,
    ids: SharedIds,
}

impl Categories {
    pub(crate) fn new(db: Db, ids: SharedIds) -> Self {
        Self { db, ids }
    }

    /// All of them, parents before children.
    pub(crate) async fn all(&self) -> Result<Vec<Category>, Error> {
        Ok(category::parents_first(store::categories::all(self.db.reader()).await?))
    }

    /// Adds one.
    pub(crate) async fn create(&self, category: Category) -> Result<Category, Error> {
        let title = category.title.trim().to_owned();
        if title.is_empty() {
            return Err(Error::Invalid(vec![Violation::new("category.title", "is required")]));
        }
        let category_id = CategoryId::generate(&*self.ids).to_string();
        let category = Category { category_id, title, ..category };
        let category = &category;
        self.db.write(|tx| Box::pin(insert(tx, category))).await
    }
}

async fn insert(tx: &Tx, category: &Category) -> Result<Category, Error> {
    let mut category = category.clone();
    let candidates = slug_candidates(&category);
    let wanted = candidates.iter().chain([&category.parent]).map(String::as_str);
    let existing = store::categories::existing(tx, wanted).await?;
    if !category.parent.is_empty() && !existing.contains(&category.parent) {
        return Err(Error::CategoryNotFound { category: category.parent });
    }
    let slug = candidates.iter().find(|slug| !existing.contains(*slug)).cloned();
    category.slug = slug.ok_or_else(|| Error::SlugTaken { slug: candidates[0].clone() })?;
    store::categories::insert(tx, &category).await?;
    Ok(category)
}

/// The slug that was asked for; or one from the title, with the parent's before it where shelves have the same title.
fn slug_candidates(category: &Category) -> Vec<String> {
    if !category.slug.is_empty() {
        return vec![category.slug.clone()];
    }
    let made = match slug::of(&category.title) {
        made if made.is_empty() => "category".to_owned(),
        made => made,
    };
    let parent = Some(&category.parent).filter(|parent| !parent.is_empty());
    let below = parent.map(|parent| format!("{parent}-{made}")).filter(|slug| slug.len() <= 200);
    std::iter::once(made).chain(below).collect()
}
