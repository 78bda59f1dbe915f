//! Between the contract and the domain.

mod address;
mod profile;
mod seller;

use kernel::Violation;

use crate::Error;

pub(crate) use seller::{shop_name, status};

/// Texts that the field rules let pass, made tidy. Collects what is wrong with them.
#[derive(Default)]
struct Texts(Vec<Violation>);

impl Texts {
    /// Text for people, without space around it and without what would break a label, a mail header or a terminal.
    fn plain(&mut self, field: &str, text: &str) -> String {
        if text.chars().any(char::is_control) {
            self.refuse(field, "must not have control characters");
        }
        text.trim().to_owned()
    }

    /// The same, and more than space.
    fn required(&mut self, field: &str, text: &str) -> String {
        let text = self.plain(field, text);
        if text.is_empty() {
            self.refuse(field, "must not be only space");
        }
        text
    }

    fn refuse(&mut self, field: &str, why: impl Into<String>) {
        self.0.push(Violation::new(field, why));
    }

    fn done<T>(self, value: T) -> Result<T, Error> {
        if self.0.is_empty() { Ok(value) } else { Err(Error::invalid(self.0)) }
    }
}
