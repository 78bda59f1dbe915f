//! What a reader makes of a source: one entry per product, good or not, in the order of the source.

use ultramarket_api::catalog::v1::Product;

/// What a reader gives, and the pipeline takes.
pub(crate) type Entries = Box<dyn Iterator<Item = Entry> + Send>;

/// One product of a source, or what stands in its place.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The last line it takes: an import that is resumed begins after it.
    pub(crate) last_line: u64,
    /// The product, if there is one.
    pub(crate) content: Content,
    /// What is to be said about its lines: why it is refused, or what was left out of it.
    pub(crate) findings: Vec<Finding>,
}

/// What an entry holds.
#[derive(Debug)]
pub(crate) enum Content {
    /// A product to import.
    Product(Box<Item>),
    /// A product that is not fit for import.
    Refused,
    /// The source cannot be read any further.
    Broken,
}

/// A product to import.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    /// The line it begins at.
    pub(crate) line: u64,
    /// The product. It always names its variants, even where it has but one.
    pub(crate) product: Product,
    /// The quantity that the source gives for each variant.
    pub(crate) quantities: Vec<Option<i64>>,
}

/// Something to be told about a line of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The line, counted from 1.
    pub(crate) line: u64,
    /// What is the matter with it.
    pub(crate) message: String,
}

impl Finding {
    /// A finding.
    pub(crate) fn new(line: u64, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

impl Entry {
    /// An entry that ends the source.
    pub(crate) fn broken(line: u64, message: impl Into<String>) -> Self {
        Self { last_line: line, content: Content::Broken, findings: vec![Finding::new(line, message)] }
    }
}

/// The barcodes among `codes` that the catalogue takes, each once; the others become findings.
pub(crate) fn gtins(
    line: u64,
    codes: impl IntoIterator<Item = impl AsRef<str>>,
    findings: &mut Vec<Finding>,
) -> Vec<String> {
    let mut gtins = Vec::new();
    for code in codes {
        let digits: String = code.as_ref().chars().filter(|c| !matches!(c, ' ' | '-' | '\'')).collect();
        if !(8..=14).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            findings.push(Finding::new(line, format!("barcode {:?} is no GTIN and is left out", code.as_ref())));
        } else if !gtins.contains(&digits) {
            gtins.push(digits);
        }
    }
    gtins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn barcodes_are_cleaned_and_what_is_none_is_told() {
        let mut findings = Vec::new();
        let codes = ["'0882780756328", "0 88278-075632 8", "12345670", "ABC-12345678", "1234567", "123456789012345"];
        assert_eq!(gtins(7, codes, &mut findings), ["0882780756328", "12345670"]);
        let told: Vec<_> = findings.iter().map(|finding| (finding.line, finding.message.as_str())).collect();
        assert_eq!(
            told,
            [
                (7, "barcode \"ABC-12345678\" is no GTIN and is left out"),
                (7, "barcode \"1234567\" is no GTIN and is left out"),
                (7, "barcode \"123456789012345\" is no GTIN and is left out"),
            ]
        );
    }
}
