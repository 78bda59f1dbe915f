//! Templates: embedded texts with `{{placeholders}}`, filled in one pass, so that what is filled in is never read as
//! a template itself. The first line is the subject, then comes an empty line, then the text.

use super::text::neutral;

/// What somebody is told. The number in the name grows when the meaning of the text changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Template {
    Welcome,
    OrderConfirmation,
    OrderCancelled,
    PasswordReset,
    SellerApproved,
}

impl Template {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 5] =
        [Self::Welcome, Self::OrderConfirmation, Self::OrderCancelled, Self::PasswordReset, Self::SellerApproved];

    /// Its name, as in the contract.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Welcome => "welcome-v1",
            Self::OrderConfirmation => "order-confirmation-v1",
            Self::OrderCancelled => "order-cancelled-v1",
            Self::PasswordReset => "password-reset-v1",
            Self::SellerApproved => "seller-approved-v1",
        }
    }

    const fn source(self) -> &'static str {
        match self {
            Self::Welcome => include_str!("templates/welcome-v1.txt"),
            Self::OrderConfirmation => include_str!("templates/order-confirmation-v1.txt"),
            Self::OrderCancelled => include_str!("templates/order-cancelled-v1.txt"),
            Self::PasswordReset => include_str!("templates/password-reset-v1.txt"),
            Self::SellerApproved => include_str!("templates/seller-approved-v1.txt"),
        }
    }

    /// The subject and the text with `values` in the place of their names.
    pub(crate) fn fill(self, values: &[(&str, &str)]) -> Filled {
        let (subject, body) = self.parts();
        // Values of more than one line have no place in a subject.
        Filled { subject: neutral(&fill(subject, values), 200), body: fill(body, values) }
    }

    fn parts(self) -> (&'static str, &'static str) {
        let (head, body) = self.source().split_once("\n\n").expect("a template has a head and a body");
        (head.strip_prefix("Subject: ").expect("the head of a template is its subject"), body)
    }
}

/// A template with everything in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filled {
    pub(crate) subject: String,
    pub(crate) body: String,
}

fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").expect("a placeholder has an end");
        filled.push_str(before);
        let value = values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        debug_assert!(value.is_some(), "nothing is known for {name}");
        filled.push_str(value.unwrap_or_default());
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_not_read_as_a_template() {
        let filled = fill("{{a}} {{b}}", &[("a", "{{b}}"), ("b", "{{a}} }} {{")]);
        assert_eq!(filled, "{{b}} {{a}} }} {{");
    }

    #[test]
    fn every_template_has_a_subject_and_a_text_and_whole_placeholders() {
        for template in Template::ALL {
            let (subject, body) = template.parts();
            assert!(!subject.is_empty() && !subject.contains('\n') && body.ends_with('\n'), "{template:?}");
            let source = template.source();
            assert_eq!(source.matches("{{").count(), source.matches("}}").count(), "{template:?}");
            assert!(template.name().contains("-v"));
        }
    }
}
