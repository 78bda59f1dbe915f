//! One piece of mail: to whom, about what, in which words.

use kernel::{Money, Timestamp};

use super::{preferences::Topic, template::Template, text::greeting, text::neutral};

/// What stands in the place of a secret where mail is shown again.
const NOT_SHOWN: &str = "(only in the mail)";

/// How far a piece of mail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Queued,
    Sent,
    Failed,
    Suppressed,
}

impl Status {
    /// How it is stored.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Suppressed => "suppressed",
        }
    }

    /// From how it is stored.
    pub(crate) fn named(text: &str) -> Option<Self> {
        [Self::Queued, Self::Sent, Self::Failed, Self::Suppressed].into_iter().find(|status| status.name() == text)
    }
}

/// Who speaks.
#[derive(Clone, Debug)]
pub(crate) struct House {
    pub(crate) shop_name: String,
    pub(crate) public_url: String,
}

/// A piece of mail. It may hold a secret, and always somebody's address: it cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) template: Template,
    pub(crate) topic: Topic,
    /// None for a guest.
    pub(crate) account_id: Option<String>,
    /// None if it is known by the account alone.
    pub(crate) email: Option<String>,
    pub(crate) order_id: String,
    pub(crate) subject: String,
    /// As it may be shown again.
    pub(crate) body: String,
    /// As it is sent, where that is something else because of a secret.
    pub(crate) secret_body: Option<String>,
    /// When it is of no use any more.
    pub(crate) expires: Option<Timestamp>,
}

/// A line of an order.
#[derive(Clone)]
pub(crate) struct Item {
    pub(crate) title: String,
    pub(crate) quantity: i32,
    pub(crate) total: Option<Money>,
}

/// An order that somebody is told of.
#[derive(Clone)]
pub(crate) struct Order {
    pub(crate) order_id: String,
    pub(crate) number: String,
    pub(crate) account_id: Option<String>,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) address: Vec<String>,
    pub(crate) items: Vec<Item>,
    pub(crate) total: Option<Money>,
    /// Why it was cancelled: a stable reason of the contract.
    pub(crate) cancelled_for: String,
    /// Money that was taken has gone back.
    pub(crate) refunded: bool,
}

impl House {
    /// To somebody who has signed up.
    pub(crate) fn welcome(&self, account_id: String, email: String, name: &str) -> Letter {
        let letter = self.letter(Template::Welcome, Topic::Account, &[("name", &greeting(name))]);
        Letter { account_id: Some(account_id), email: Some(email), ..letter }
    }

    /// To somebody who is approved as a seller.
    pub(crate) fn seller_approved(&self, account_id: String, name: &str, shop_name: &str) -> Letter {
        let values = [("name", greeting(name)), ("shop_name", neutral(shop_name, 100))];
        let letter = self.letter(Template::SellerApproved, Topic::Account, &borrowed(&values));
        Letter { account_id: Some(account_id), ..letter }
    }

    /// To somebody who wants to set a new password. The token is in the mail alone.
    pub(crate) fn password_reset(
        &self,
        account_id: String,
        email: String,
        name: &str,
        token: &str,
        expires: Option<Timestamp>,
    ) -> Letter {
        let (name, until) = (greeting(name), expires.map_or_else(|| "used".to_owned(), clock_time));
        let with = |token: &str| {
            let values = [("name", name.as_str()), ("until", until.as_str()), ("token", token)];
            self.letter(Template::PasswordReset, Topic::Account, &values)
        };
        let secret_body = Some(with(token).body);
        Letter { account_id: Some(account_id), email: Some(email), secret_body, expires, ..with(NOT_SHOWN) }
    }

    /// To somebody whose order is confirmed.
    pub(crate) fn order_confirmation(&self, order: Order) -> Letter {
        let values = [
            ("name", greeting(&order.name)),
            ("number", neutral(&order.number, 40)),
            ("items", items(&order.items)),
            ("total", amount(order.total)),
            ("address", indented(&order.address)),
        ];
        self.about(order, Template::OrderConfirmation, &borrowed(&values))
    }

    /// To somebody whose order is cancelled.
    pub(crate) fn order_cancelled(&self, order: Order) -> Letter {
        let money = if order.refunded {
            "What you have paid goes back to where it came from."
        } else {
            "You have not been charged."
        };
        let values = [
            ("name", greeting(&order.name)),
            ("number", neutral(&order.number, 40)),
            ("items", items(&order.items)),
            ("reason", reason(&order.cancelled_for).to_owned()),
            ("money", money.to_owned()),
        ];
        self.about(order, Template::OrderCancelled, &borrowed(&values))
    }

    fn about(&self, order: Order, template: Template, values: &[(&str, &str)]) -> Letter {
        let letter = self.letter(template, Topic::Orders, values);
        Letter { account_id: order.account_id, email: Some(order.email), order_id: order.order_id, ..letter }
    }

    fn letter(&self, template: Template, topic: Topic, values: &[(&str, &str)]) -> Letter {
        let house = [("shop", self.shop_name.as_str()), ("public_url", self.public_url.as_str())];
        let filled = template.fill(&[values, &house].concat());
        Letter {
            template,
            topic,
            account_id: None,
            email: None,
            order_id: String::new(),
            subject: filled.subject,
            body: filled.body,
            secret_body: None,
            expires: None,
        }
    }
}

fn borrowed<'a>(values: &'a [(&'a str, String)]) -> Vec<(&'a str, &'a str)> {
    values.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn items(items: &[Item]) -> String {
    let line = |item: &Item| {
        format!("  {} x {}  {}", item.quantity, neutral(&item.title, 120), amount(item.total)).trim_end().to_owned()
    };
    items.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn indented(lines: &[String]) -> String {
    let lines = lines.iter().map(|line| neutral(line, 200)).filter(|line| !line.is_empty());
    lines.map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

fn amount(money: Option<Money>) -> String {
    money.map(|money| money.to_string()).unwrap_or_default()
}

/// The reasons of `Order.cancellation.reason`.
fn reason(reason: &str) -> &'static str {
    match reason {
        "OUT_OF_STOCK" => "something in it is no longer in stock",
        "PAYMENT_DECLINED" => "the payment did not go through",
        "CANCELLED_BY_CUSTOMER" => "you have called it off",
        "CANCELLED_BY_ADMIN" => "we had to call it off",
        "TIMED_OUT" => "it was not paid in time",
        _ => "it could not be completed",
    }
}

/// `12:34 UTC`
fn clock_time(moment: Timestamp) -> String {
    let minutes = moment.unix_seconds().rem_euclid(24 * 60 * 60) / 60;
    format!("{:02}:{:02} UTC", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests;
