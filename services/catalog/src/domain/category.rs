//! The tree of categories.

use std::collections::HashMap;

use ultramarket_api::catalog::v1 as pb;

/// Sorts categories so that parents come before children, and those of one depth by title.
pub(crate) fn parents_first(mut categories: Vec<pb::Category>) -> Vec<pb::Category> {
    let parents: HashMap<String, String> =
        categories.iter().map(|category| (category.slug.clone(), category.parent.clone())).collect();
    categories
        .sort_by_cached_key(|category| (depth(&parents, category), category.title.clone(), category.slug.clone()));
    categories
}

/// How many categories are above this one. A category is created after its parent and never moves, so this ends;
/// the number of categories bounds it all the same.
fn depth(parents: &HashMap<String, String>, category: &pb::Category) -> usize {
    std::iter::successors(Some(&category.parent), |slug| parents.get(*slug))
        .take_while(|slug| !slug.is_empty())
        .take(parents.len())
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(slug: &str, title: &str, parent: &str) -> pb::Category {
        pb::Category { category_id: String::new(), slug: slug.into(), title: title.into(), parent: parent.into() }
    }

    #[test]
    fn parents_come_before_children_and_siblings_by_title() {
        let sorted = parents_first(vec![
            category("laptops", "Laptops", "computers"),
            category("gaming", "Gaming", "laptops"),
            category("desktops", "Desktops", "computers"),
            category("toys", "Toys", ""),
            category("computers", "Computers", ""),
        ]);
        let slugs: Vec<&str> = sorted.iter().map(|category| category.slug.as_str()).collect();
        assert_eq!(slugs, ["computers", "toys", "desktops", "laptops", "gaming"]);
    }
}
