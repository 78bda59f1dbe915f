//! What is imported: the real catalogue where it is, else one of our own making.
//!
//! The made one has 20,000 products of one variant with about twenty attributes, like a supplier's feed of electronics,
//! and is the same in every run.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::chance::Chance;
use crate::run::root;

const REAL: &str = "../shared/data/products.ndjson.gz";
const MADE: u64 = 20_000;

/// A file of products.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue {
    /// The file.
    pub(crate) path: PathBuf,
    /// What it is.
    pub(crate) kind: &'static str,
}

impl Catalogue {
    /// The real one, or one that is made in the folder.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn find(folder: &Path) -> Result<Self> {
        let real = root().join(REAL);
        if real.exists() {
            return Ok(Self { path: real, kind: "the real catalogue" });
        }
        let path = folder.join("products.ndjson");
        write(&path, MADE).with_context(|| format!("write {}", path.display()))?;
        Ok(Self { path, kind: "a generated catalogue" })
    }
}

const KINDS: [&str; 24] = [
    "Laptop",
    "Notebook",
    "Desktop Computer",
    "Monitor",
    "Keyboard",
    "Mouse",
    "Headphones",
    "Headset",
    "USB Cable",
    "HDMI Cable",
    "Laser Printer",
    "Ink Cartridge",
    "Toner",
    "Memory Card",
    "SSD",
    "Hard Drive",
    "Docking Station",
    "Webcam",
    "Projector",
    "Router",
    "Switch",
    "Power Bank",
    "Smartphone",
    "Tablet",
];
const BRANDS: [&str; 16] = [
    "Alder",
    "Birch & Co",
    "Cedarline",
    "Dogwood",
    "Elmtek",
    "Firware",
    "Ginkgo",
    "Hazel",
    "Ivy",
    "Juniper",
    "Kauri",
    "Larch",
    "Maplewood",
    "Nutwood",
    "Oakley Systems",
    "Pinegrove",
];
const QUALITIES: [&str; 16] = [
    "wireless",
    "rugged",
    "slim",
    "gaming",
    "portable",
    "silent",
    "ergonomic",
    "high-speed",
    "professional",
    "compact",
    "energy-saving",
    "touchscreen",
    "mechanical",
    "noise-cancelling",
    "fast-charging",
    "curved",
];
const COLOURS: [&str; 8] = ["black", "white", "silver", "blue", "red", "green", "grey", "gold"];
const FACTS: [&str; 18] = [
    "width",
    "height",
    "depth",
    "weight",
    "package width",
    "package height",
    "package weight",
    "warranty months",
    "power consumption",
    "operating temperature",
    "storage temperature",
    "country of origin",
    "cable length",
    "number of ports",
    "material",
    "certification",
    "quantity per pack",
    "harmonized system code",
];

fn write(path: &Path, count: u64) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut chance = Chance::new(20_000);
    for number in 0..count {
        writeln!(file, "{}", product(number, &mut chance))?;
    }
    Ok(file.flush()?)
}

fn product(number: u64, chance: &mut Chance) -> Value {
    let (kind, brand, colour) = (chance.pick(&KINDS), chance.pick(&BRANDS), chance.pick(&COLOURS));
    let (quality, other) = (chance.pick(&QUALITIES), chance.pick(&QUALITIES));
    let model = format!("{}{}", brand.chars().next().map_or('X', |first| first), 1000 + chance.below(9000));
    let mut attributes = Map::new();
    attributes.insert("colour".into(), json!(colour));
    attributes.insert("type".into(), json!(kind));
    for fact in FACTS {
        attributes.insert(fact.into(), json!(chance.below(500).to_string()));
    }
    json!({
        "sourceId": format!("made-{number}"),
        "mpn": format!("{model}-{number}"),
        "title": format!("{brand} {model} {quality} {kind}, {colour}"),
        "brand": brand,
        "description": format!(
            "The {model} is a {quality} and {other} {} for home and office. It comes in {colour}, with a guarantee of \
             {} years, and fits everything else that {brand} makes.",
            kind.to_lowercase(),
            1 + chance.below(5),
        ),
        "gtins": [gtin(number)],
        "price": {"currencyCode": "USD", "amountMinor": (499 + chance.below(300_000)).to_string()},
        "releaseDate": format!("{}-{:02}-{:02}", 2010 + chance.below(15), 1 + chance.below(12), 1 + chance.below(28)),
        "images": [format!("https://images.example.com/{number}.jpg")],
        "attributes": attributes,
    })
}

/// A GTIN-13 of the range that is free for use within a company.
fn gtin(number: u64) -> String {
    let digits = format!("200{number:09}");
    let weighted =
        digits.bytes().enumerate().map(|(at, digit)| u32::from(digit - b'0') * if at % 2 == 0 { 1 } else { 3 });
    let check = (10 - weighted.sum::<u32>() % 10) % 10;
    format!("{digits}{check}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn barcodes_have_their_check_digit() {
        assert_eq!(gtin(0), "2000000000008");
        assert_eq!(gtin(12_345), "2000000123455");
    }

    #[test]
    fn the_same_catalogue_is_made_in_every_run() {
        let folder = tempfile::tempdir().expect("there is room");
        let made = |name: &str| {
            let path = folder.path().join(name);
            write(&path, 50).expect("is written");
            std::fs::read_to_string(path).expect("was written")
        };
        let first = made("first");
        assert_eq!(first, made("second"));
        let products: Vec<Value> = first.lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect();
        assert_eq!(products.len(), 50);
        assert!(
            products.iter().all(|product| product["attributes"].as_object().is_some_and(|facts| facts.len() == 20))
        );
    }
}
