//! Accounts and their roles.

use std::{collections::BTreeSet, fmt, str::FromStr};

use kernel::Timestamp;

kernel::id!(pub(crate) AccountId, "an account");

/// Somebody who can sign in.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) email: Email,
    pub(crate) display_name: String,
    pub(crate) roles: Roles,
    pub(crate) disabled: bool,
    pub(crate) created_at: Timestamp,
}

/// An address: as it was written, and as it is compared. Prints as nothing that a log must not have.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Email {
    written: String,
    key: String,
}

impl Email {
    pub(crate) fn new(written: &str) -> Self {
        let written = written.trim();
        Self { written: written.to_owned(), key: written.to_lowercase() }
    }

    /// As its owner wrote it.
    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    /// The same for all spellings of one address.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email")
    }
}

/// What an account may do. Ordered as they are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Runs the marketplace.
    Admin,
    /// Buys.
    Customer,
    /// Sells own products.
    Seller,
}

impl Role {
    const ALL: [Self; 3] = [Self::Admin, Self::Customer, Self::Seller];

    /// The name in tokens, in policies and in the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Admin => "ADMIN",
            Self::Customer => "CUSTOMER",
            Self::Seller => "SELLER",
        }
    }
}

/// The roles of an account: CUSTOMER, and perhaps more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Roles(BTreeSet<Role>);

/// A stored text names a role that there is not.
#[derive(Debug, thiserror::Error)]
#[error("unknown role {0:?}")]
pub(crate) struct UnknownRole(String);

impl Roles {
    pub(crate) fn customer() -> Self {
        [].into_iter().collect()
    }

    pub(crate) fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Adds the role, and tells whether that was new.
    pub(crate) fn add(&mut self, role: Role) -> bool {
        self.0.insert(role)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Role> + '_ {
        self.0.iter().copied()
    }

    /// All sets of roles that have `role`.
    pub(crate) fn all_with(role: Role) -> Vec<Self> {
        (0..1_u8 << Role::ALL.len())
            .map(|bits| Role::ALL.into_iter().enumerate().filter(move |(place, _)| bits >> place & 1 == 1))
            .map(|chosen| chosen.map(|(_, role)| role).collect::<BTreeSet<Role>>())
            .filter(|roles| roles.contains(&role) && roles.contains(&Role::Customer))
            .map(Self)
            .collect()
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<T: IntoIterator<Item = Role>>(roles: T) -> Self {
        Self(roles.into_iter().chain([Role::Customer]).collect())
    }
}

/// As stored: `ADMIN CUSTOMER`. Always in the same order, so that equal roles are equal texts.
impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Role::name).collect();
        f.write_str(&names.join(" "))
    }
}

impl FromStr for Roles {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let role = |name: &str| Role::ALL.into_iter().find(|role| role.name() == name);
        text.split(' ').map(|name| role(name).ok_or_else(|| UnknownRole(name.to_owned()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_the_same_in_every_case() {
        assert_eq!(Email::new(" Ann@Example.COM ").key(), Email::new("ann@example.com").key());
        assert_eq!(Email::new("Ann@Example.COM").written(), "Ann@Example.COM");
        assert_eq!(format!("{:?}", Email::new("ann@example.com")), "Email");
    }

    #[test]
    fn everybody_is_a_customer() {
        let roles: Roles = [Role::Admin].into_iter().collect();
        assert_eq!(roles.to_string(), "ADMIN CUSTOMER");
        assert_eq!(Roles::customer().to_string(), "CUSTOMER");
    }

    #[test]
    fn all_sets_with_a_role_are_found() {
        let texts: Vec<String> = Roles::all_with(Role::Admin).iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["ADMIN CUSTOMER", "ADMIN CUSTOMER SELLER"]);
    }

    #[test]
    fn an_unknown_role_is_not_read() {
        assert!("CUSTOMER ROOT".parse::<Roles>().is_err());
        assert!("".parse::<Roles>().is_err());
    }

    proptest! {
        #[test]
        fn roles_are_read_as_they_are_stored(chosen in proptest::collection::vec(0..3_usize, 0..4)) {
            let roles: Roles = chosen.into_iter().map(|place| Role::ALL[place]).collect();
            prop_assert_eq!(roles.to_string().parse::<Roles>().expect("parses"), roles);
        }
    }
}
