//! Enums with names that are stored.

/// The text is none of the names.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is no {what}")]
pub(crate) struct UnknownName {
    pub(crate) what: &'static str,
    pub(crate) text: String,
}

/// Declares an enum each of whose variants has a name, the same in the database and in the contract.
macro_rules! named {
    ($(#[$attribute:meta])* $name:ident { $($(#[$of_variant:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum $name {
            $($(#[$of_variant])* $variant,)+
        }

        impl $name {
            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::domain::names::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(crate::domain::names::UnknownName { what: stringify!($name), text: text.to_owned() }),
                }
            }
        }
    };
}
pub(crate) use named;
