//! Opens what is to be imported: plain or gzip, NDJSON or Shopify CSV, told by how it begins.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::read::MultiGzDecoder;
use kernel::Currency;

use super::{entry::Entries, ndjson, shopify};
use crate::{
    args::Format,
    exit::{Exit, Failure},
};

const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Enough for the header of a CSV.
const HEAD: u64 = 8 << 10;
const BUFFER: usize = 64 << 10;

/// A file to import.
pub(crate) struct Source {
    /// Its products.
    pub(crate) entries: Entries,
    /// How many bytes of the file have been read.
    pub(crate) position: Arc<AtomicU64>,
}

/// Opens a file.
///
/// # Errors
/// It cannot be read, or is nothing that can be imported.
pub(crate) fn open(path: &Path, format: Format, currency: Currency) -> Result<Source, Failure> {
    let position = Arc::new(AtomicU64::new(0));
    let unreadable = |error: io::Error| Failure::new(Exit::NoInput, format!("cannot read {}: {error}", path.display()));
    let file = Counted { input: File::open(path).map_err(unreadable)?, count: Arc::clone(&position) };
    let entries = entries(file, format, currency).map_err(unreadable)?;
    Ok(Source { entries, position })
}

/// The products in `input`, whichever form it has.
///
/// # Errors
/// It cannot be read, or is nothing that can be imported.
pub(crate) fn entries(input: impl Read + Send + 'static, format: Format, currency: Currency) -> io::Result<Entries> {
    let (magic, input) = peek(input, GZIP.len() as u64)?;
    let input: Box<dyn Read + Send> = if magic == GZIP {
        Box::new(MultiGzDecoder::new(BufReader::with_capacity(BUFFER, input)))
    } else {
        Box::new(input)
    };
    let (head, input) = peek(input, HEAD)?;
    let format = if format == Format::Auto { detect(&head)? } else { format };
    Ok(match format {
        Format::Shopify => Box::new(shopify::Reader::new(input, currency)),
        Format::Ndjson | Format::Auto => Box::new(ndjson::Reader::new(BufReader::with_capacity(BUFFER, input))),
    })
}

/// The first bytes of `input`, and all of it.
fn peek<R: Read>(mut input: R, length: u64) -> io::Result<(Vec<u8>, impl Read + use<R>)> {
    let mut head = Vec::new();
    input.by_ref().take(length).read_to_end(&mut head)?;
    Ok((head.clone(), io::Cursor::new(head).chain(input)))
}

fn detect(head: &[u8]) -> io::Result<Format> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let header = text.split(|&byte| byte == b'\n').next().unwrap_or_default().to_ascii_lowercase();
    let says = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidData, what));
    match text.first() {
        None => says("it is empty"),
        Some(b'{') => Ok(Format::Ndjson),
        Some(b'[') if text[1..].trim_ascii_start().starts_with(b"{") => {
            says("it is a JSON array; write one object a line, without brackets and commas around them")
        }
        Some(_) if header.windows(6).any(|word| word == b"handle") => Ok(Format::Shopify),
        Some(_) => says("it is neither NDJSON nor a Shopify product CSV; if it is, say which by --format"),
    }
}

/// Counts what is read through it.
struct Counted<R> {
    input: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    const PRODUCT: &str =
        "{\"sourceId\":\"1\",\"title\":\"A\",\"price\":{\"currencyCode\":\"USD\",\"amountMinor\":1}}\n";
    const CSV: &str = "Handle,Title,Variant Price\na,A,1.00\n";

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).expect("writes to memory");
        encoder.finish().expect("writes to memory")
    }

    fn count(bytes: Vec<u8>) -> Result<usize, String> {
        let usd = "USD".parse().expect("a known currency");
        entries(io::Cursor::new(bytes), Format::Auto, usd).map(Iterator::count).map_err(|error| error.to_string())
    }

    #[test]
    fn the_form_is_told_by_how_the_file_begins() {
        assert_eq!(count(PRODUCT.into()), Ok(1));
        assert_eq!(count(format!("\u{feff}\n {PRODUCT}").into_bytes()), Ok(1));
        assert_eq!(count(CSV.into()), Ok(1));
        assert_eq!(count(format!("\u{feff}{CSV}").into_bytes()), Ok(1));
        assert_eq!(count(gzip(PRODUCT)), Ok(1));
        assert_eq!(count(gzip(CSV)), Ok(1));
        assert_eq!(count([gzip(PRODUCT), gzip(PRODUCT)].concat()), Ok(2), "gzip files may be joined");
    }

    #[test]
    fn what_cannot_be_imported_is_refused_in_a_sentence() {
        assert_eq!(count(Vec::new()), Err("it is empty".into()));
        assert!(count(b"[{}]".to_vec()).is_err_and(|error| error.contains("JSON array")));
        assert!(count(b"[package]".to_vec()).is_err_and(|error| error.contains("neither NDJSON nor")));
        assert!(count(b"PK\x03\x04".to_vec()).is_err_and(|error| error.contains("neither NDJSON nor")));
    }

    #[test]
    fn a_file_that_was_cut_off_breaks_at_its_line() {
        let whole = gzip(&PRODUCT.repeat(2000));
        let usd = "USD".parse().expect("a known currency");
        let cut = io::Cursor::new(whole[..whole.len() - 8].to_vec());
        let last = entries(cut, Format::Auto, usd).expect("begins well").last().expect("has entries");
        assert!(last.findings[0].message.starts_with("the file cannot be read any further"), "{last:?}");
    }
}
