//! What somebody wants to be told.

/// What somebody wants to be told. Mail about the account itself and its security is always sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Preferences {
    pub(crate) order_email: bool,
    pub(crate) marketing_email: bool,
    /// Grows with every change; 0 while they are what everybody begins with.
    pub(crate) version: i64,
}

impl Default for Preferences {
    fn default() -> Self {
        Self { order_email: true, marketing_email: false, version: 0 }
    }
}

impl Preferences {
    /// Changes with every change.
    pub(crate) fn etag(&self) -> String {
        self.version.to_string()
    }
}

/// What a piece of mail is about, which decides whether it may be unwanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    /// The account and its security.
    Account,
    /// Orders.
    Orders,
}

impl Preferences {
    pub(crate) fn allow(&self, topic: Topic) -> bool {
        match topic {
            Topic::Account => true,
            Topic::Orders => self.order_email,
        }
    }
}
