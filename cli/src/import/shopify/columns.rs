//! Which column of a Shopify CSV holds what. Exports made before 2025 and since name them differently.

use csv::ByteRecord;

/// What a column holds, as far as the catalogue has a place for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Handle,
    Title,
    Body,
    Vendor,
    Type,
    Tags,
    Published,
    Status,
    Option1,
    Option2,
    Option3,
    Sku,
    Barcode,
    Quantity,
    Price,
    Image,
    VariantImage,
    Mpn,
}

/// The names of each column, in lower case.
const NAMES: [(Column, &[&str]); 18] = [
    (Column::Handle, &["handle", "url handle"]),
    (Column::Title, &["title"]),
    (Column::Body, &["body (html)", "body html", "description"]),
    (Column::Vendor, &["vendor"]),
    (Column::Type, &["type", "product type"]),
    (Column::Tags, &["tags"]),
    (Column::Published, &["published", "published on online store"]),
    (Column::Status, &["status"]),
    (Column::Option1, &["option1 value"]),
    (Column::Option2, &["option2 value"]),
    (Column::Option3, &["option3 value"]),
    (Column::Sku, &["variant sku", "sku"]),
    (Column::Barcode, &["variant barcode", "barcode"]),
    (Column::Quantity, &["variant inventory qty", "inventory quantity"]),
    (Column::Price, &["variant price", "price"]),
    (Column::Image, &["image src", "product image url"]),
    (Column::VariantImage, &["variant image", "variant image url"]),
    (Column::Mpn, &["google shopping / mpn"]),
];

const REQUIRED: [Column; 3] = [Column::Handle, Column::Title, Column::Price];

/// Where each column stands.
#[derive(Debug)]
pub(super) struct Columns {
    places: [Option<usize>; NAMES.len()],
    count: usize,
}

impl Columns {
    /// From the first row.
    ///
    /// # Errors
    /// What is missing, for people.
    pub(super) fn find(header: &ByteRecord) -> Result<Self, String> {
        let names: Vec<_> = header.iter().map(|name| name.trim_ascii().to_ascii_lowercase()).collect();
        let place = |aliases: &[&str]| names.iter().position(|name| aliases.iter().any(|a| a.as_bytes() == name));
        let mut places = [None; NAMES.len()];
        for (column, aliases) in NAMES {
            places[column as usize] = place(aliases);
        }
        let columns = Self { places, count: names.len() };
        match REQUIRED.into_iter().find(|column| columns.place(*column).is_none()) {
            Some(column) => Err(format!("the first row names no column {:?}", Self::name(column))),
            None => Ok(columns),
        }
    }

    /// Where a column stands, if the file has it.
    pub(super) fn place(&self, column: Column) -> Option<usize> {
        self.places[column as usize]
    }

    /// How many columns a row has.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// What people call a column.
    pub(super) fn name(column: Column) -> &'static str {
        NAMES[column as usize].1[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_the_order_of_the_enum() {
        for (place, (column, _)) in NAMES.iter().enumerate() {
            assert_eq!(*column as usize, place, "{column:?}");
        }
    }

    #[test]
    fn old_and_new_names_are_found_and_a_missing_one_is_told() {
        let new = ByteRecord::from(vec!["Title", "URL handle", "Description", "Price", "Product image URL"]);
        let columns = Columns::find(&new).expect("a new header");
        assert_eq!(
            [Column::Handle, Column::Body, Column::Image].map(|c| columns.place(c)),
            [Some(1), Some(2), Some(4)]
        );
        assert_eq!(columns.place(Column::Sku), None);
        let missing = Columns::find(&ByteRecord::from(vec!["handle", "TITLE "])).expect_err("no price");
        assert_eq!(missing, "the first row names no column \"variant price\"");
    }
}
