//! Reads products from Shopify's product CSV: the rows of one handle, which follow each other, are one product.
//!
//! The handle becomes the external id and, where it is one, the slug. A product with a bad row is refused as a whole,
//! because importing it without a variant would take that variant out of the shop. Needs memory for one product, and
//! breaks off at a record that no product could fill: there a quote was never closed.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use csv::ByteRecord;
use kernel::Currency;

use self::{
    columns::{Column, Columns},
    group::{Group, Row},
};
use super::entry::{Content, Entry};

mod columns;
mod group;

/// A product description that Shopify takes has half a megabyte.
const LONGEST_RECORD: usize = 4 << 20;

/// The entries of a Shopify product CSV.
pub(crate) struct Reader<R> {
    csv: csv::Reader<Bounded<R>>,
    budget: Arc<AtomicUsize>,
    currency: Currency,
    columns: Option<Columns>,
    group: Option<Group>,
    ended: bool,
}

impl<R: Read> Reader<R> {
    /// Reads from `input`, which is not compressed. Prices are in `currency`.
    pub(crate) fn new(input: R, currency: Currency) -> Self {
        let budget = Arc::new(AtomicUsize::new(0));
        let input = Bounded { input, budget: Arc::clone(&budget) };
        // With the default terminator a CRLF ends a record between its two characters, and lines are miscounted. The
        // carriage return that now ends the last field goes when fields are trimmed.
        let csv = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(csv::Terminator::Any(b'\n'))
            .from_reader(input);
        Self { csv, budget, currency, columns: None, group: None, ended: false }
    }

    /// The next record that is not blank, with the lines it begins and ends at; none at the end.
    fn record(&mut self) -> Result<Option<(ByteRecord, Lines)>, Entry> {
        loop {
            self.budget.store(LONGEST_RECORD, Ordering::Relaxed);
            let mut record = ByteRecord::new();
            let before = self.csv.position().line();
            match self.csv.read_byte_record(&mut record) {
                Ok(false) => return Ok(None),
                Ok(true) if record.iter().all(|field| field.trim_ascii().is_empty()) => {}
                Ok(true) => {
                    let lines = Lines::of(&record, before, self.csv.position().line());
                    return Ok(Some((record, lines)));
                }
                Err(error) => {
                    let message = format!("the file cannot be read any further: {error}");
                    return Err(Entry::broken(before, message));
                }
            }
        }
    }

    /// Reads the header, then rows until the product before is complete.
    fn advance(&mut self) -> Result<Option<Entry>, Entry> {
        loop {
            let Some((record, lines)) = self.record()? else {
                self.ended = true;
                return Ok(self.group.take().map(Group::finish));
            };
            let Some(columns) = &self.columns else {
                let columns = Columns::find(&record).map_err(|message| Entry::broken(lines.first, message))?;
                self.columns = Some(columns);
                continue;
            };
            let row = Row { lines, columns, record: &record };
            let finished = match &mut self.group {
                Some(group) if group.continues_with(&row) => {
                    group.add(&row, self.currency);
                    None
                }
                group => group.replace(Group::begin(&row, self.currency)),
            };
            if let Some(group) = finished {
                return Ok(Some(group.finish()));
            }
        }
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if self.ended {
            return None;
        }
        self.advance().unwrap_or_else(|mut broken| {
            self.ended = true;
            // More rows of it may have followed.
            broken.findings.extend(self.group.take().map(Group::incomplete));
            Some(broken)
        })
    }
}

/// The lines of a record, counted from 1.
#[derive(Clone, Copy, Debug)]
struct Lines {
    first: u64,
    last: u64,
}

impl Lines {
    /// From the reader's count before and after: blank lines before the record are not part of it.
    fn of(record: &ByteRecord, before: u64, after: u64) -> Self {
        let inside = record.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64;
        let first = if after > before + inside { after - inside - 1 } else { before };
        Self { first, last: first + inside }
    }
}

/// Gives no more than the budget, so that one record cannot fill the memory.
struct Bounded<R> {
    input: R,
    budget: Arc<AtomicUsize>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.budget.load(Ordering::Relaxed);
        if left == 0 {
            let message = format!("a row is longer than {} MiB; a quote may not be closed", LONGEST_RECORD >> 20);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let length = buffer.len().min(left);
        let read = self.input.read(&mut buffer[..length])?;
        self.budget.store(left - read, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
