//! The fields of the index.

use tantivy::schema::{
    Field, INDEXED, IndexRecordOption, NumericOptions, STORED, STRING, Schema as Fields, TextFieldIndexing, TextOptions,
};

/// Stands between a name and its value in a term; the words that are indexed never contain it.
pub(crate) const SEPARATOR: char = '\u{1f}';

/// The places where a word of a query is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Place {
    /// Words of the title.
    Title,
    /// What the product is: the heads of its title, description, type and categories.
    Head,
    /// Types and categories, each written as one word.
    Type,
    /// Words of types and categories.
    Kind,
    /// Words of the brand.
    Brand,
    /// Words of the other attributes' values, of the names of those that are "yes", and of variants.
    Attributes,
    /// Words of the description.
    Body,
    /// Neighbours in the title, written as one word.
    TitlePairs,
    /// Neighbours in the description and in attributes, written as one word.
    BodyPairs,
    /// SKUs, barcodes and part numbers, whole.
    Code,
}

/// How many places there are.
pub(crate) const PLACES: usize = 10;

impl Place {
    pub(crate) const ALL: [Self; PLACES] = [
        Self::Title,
        Self::Head,
        Self::Type,
        Self::Kind,
        Self::Brand,
        Self::Attributes,
        Self::Body,
        Self::TitlePairs,
        Self::BodyPairs,
        Self::Code,
    ];

    /// Whether it matters how often a word occurs here and among how many others.
    pub(crate) fn counted(self) -> bool {
        match self {
            Self::Title | Self::Attributes | Self::Body => true,
            Self::Head | Self::Type | Self::Kind | Self::Brand | Self::TitlePairs | Self::BodyPairs | Self::Code => {
                false
            }
        }
    }
}

/// The fields by what they are for.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    pub(crate) fields: Fields,
    /// The product's id.
    pub(crate) id: Field,
    /// The version of the change that made the document what it is; 0 when it came from an export.
    pub(crate) version: Field,
    /// The product's etag.
    pub(crate) etag: Field,
    /// 1 for what can be found; what was taken out stays as an empty document that remembers its version.
    pub(crate) live: Field,
    /// The encoded product.
    pub(crate) product: Field,
    /// What is searched.
    places: [Field; PLACES],
    /// Unstemmed words, against which typing errors are corrected and beginnings completed.
    pub(crate) vocabulary: Field,
    /// Types, categories and neighbours in titles, as they are typed: what suggestions are made of.
    pub(crate) phrases: Field,
    /// What filters look up: `brand`, `category` and `attributes.<name>`, each with a folded value.
    pub(crate) filter: Field,
    /// Values as they are shown in facets, each with its name.
    pub(crate) facet: Field,
    /// The price in minor units.
    pub(crate) price: Field,
    /// When the product came to market, in days since 1970.
    pub(crate) newest: Field,
}

impl Schema {
    pub(crate) fn new() -> Self {
        let mut builder = Fields::builder();
        let text = |counted: bool| {
            let option = if counted { IndexRecordOption::WithFreqs } else { IndexRecordOption::Basic };
            let indexing =
                TextFieldIndexing::default().set_tokenizer("raw").set_index_option(option).set_fieldnorms(counted);
            TextOptions::default().set_indexing_options(indexing)
        };
        let number = || NumericOptions::default().set_fast();
        Self {
            id: builder.add_text_field("id", STRING),
            version: builder.add_u64_field("version", number()),
            etag: builder.add_text_field("etag", TextOptions::default().set_fast("raw")),
            live: builder.add_u64_field("live", number() | INDEXED),
            product: builder.add_bytes_field("product", STORED),
            places: Place::ALL
                .map(|place| builder.add_text_field(&format!("{place:?}").to_lowercase(), text(place.counted()))),
            vocabulary: builder.add_text_field("vocabulary", text(false)),
            phrases: builder.add_text_field("phrases", text(false)),
            filter: builder.add_text_field("filter", text(false)),
            facet: builder.add_text_field("facet", TextOptions::default().set_fast("raw")),
            price: builder.add_i64_field("price", number()),
            newest: builder.add_i64_field("newest", number()),
            fields: builder.build(),
        }
    }

    pub(crate) fn place(&self, place: Place) -> Field {
        self.places[place as usize]
    }
}
