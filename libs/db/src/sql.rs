//! Small parts of SQL text that SQLite and PostgreSQL both understand.

use std::{fmt::Write, sync::OnceLock};

use sea_orm::{ConnectionTrait, Statement, Value};

/// A statement for `db` with `$1`, `$2` … for `values`. Statements are prepared once per text and connection.
#[must_use]
pub fn statement<const N: usize>(db: &impl ConnectionTrait, sql: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), sql, values)
}

/// A statement for `db` whose number of values varies.
#[must_use]
pub fn statement_of(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), sql, values)
}

/// The largest number of rows that one statement handles.
pub const MAX_ROWS: usize = 256;

/// The texts of one statement for 1, 2, 4 … [`MAX_ROWS`] rows: few texts, so that prepared statements are reused.
#[derive(Debug)]
pub struct Sized {
    texts: [OnceLock<String>; 9],
    text: fn(usize) -> String,
}

impl Sized {
    /// From a function that writes the text for a number of rows.
    #[must_use]
    pub const fn new(text: fn(usize) -> String) -> Self {
        Self { texts: [const { OnceLock::new() }; 9], text }
    }

    /// The text for `rows` rows, a power of two of at most [`MAX_ROWS`].
    ///
    /// # Panics
    /// For any other number.
    #[must_use]
    pub fn text(&self, rows: usize) -> &str {
        let place = rows.trailing_zeros() as usize;
        self.texts[place].get_or_init(|| (self.text)(rows))
    }
}

/// How many of `rows` go into the next statement when each must go in once.
#[must_use]
pub fn step(rows: usize) -> usize {
    let rows = rows.min(MAX_ROWS);
    if rows == 0 { 0 } else { 1 << rows.ilog2() }
}

/// `items` in chunks of a power of two, the last one filled up by repeating its last item:
/// for statements that do not mind the repetition.
pub fn padded<T: Clone>(items: &[T]) -> impl Iterator<Item = Vec<T>> {
    items.chunks(MAX_ROWS).map(|chunk| {
        let mut chunk = chunk.to_vec();
        let size = chunk.len().next_power_of_two();
        if let Some(last) = chunk.last().cloned() {
            chunk.resize(size, last);
        }
        chunk
    })
}

/// `($1, $2), ($3, $4)` for 2 rows of 2 columns.
#[must_use]
pub fn rows(rows: usize, columns: usize) -> String {
    let mut text = String::new();
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        text.push_str(&list(row * columns + 1, columns));
        text.push(')');
    }
    text
}

/// `$3, $4` for 2 parameters from the third.
#[must_use]
pub fn list(first: usize, count: usize) -> String {
    let mut text = String::new();
    for place in first..first + count {
        let comma = if place == first { "" } else { ", " };
        write!(text, "{comma}${place}").expect("writing to a string cannot fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_through() {
        assert_eq!(rows(2, 2), "($1, $2), ($3, $4)");
        assert_eq!(list(3, 2), "$3, $4");
    }

    #[test]
    fn steps_are_powers_of_two() {
        assert_eq!([0, 1, 3, 64, 200, 1000].map(step), [0, 1, 2, 64, 128, 256]);
    }

    #[test]
    fn padding_repeats_the_last_item() {
        assert_eq!(padded(&[1, 2, 3]).collect::<Vec<_>>(), [vec![1, 2, 3, 3]]);
        assert_eq!(padded(&[0_u8; 257]).map(|chunk| chunk.len()).collect::<Vec<_>>(), [256, 1]);
        assert_eq!(padded::<u8>(&[]).count(), 0);
    }
}
