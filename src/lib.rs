//! The UltraMarket contract: generated clients and messages, one module per proto package.
//!
//! ```ignore
//! let channel = ultramarket_api::connect("http://127.0.0.1:8000").await?;
//! let mut catalog = ultramarket_api::catalog::v1::catalog_service_client::CatalogServiceClient::new(channel);
//! ```
#![allow(clippy::all, reason = "generated code")]

#[cfg(feature = "channel")]
mod connect;

#[cfg(feature = "channel")]
pub use connect::connect;

/// The contract with comments and options, for reflection, routes, policies and documents.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor_set.bin"));

macro_rules! package {
    ($package:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $package, ".rs"));
    };
}

/// Wire-compatible parts of googleapis.
pub mod google {
    pub mod api {
        package!("google.api");
    }
}

/// Wire-compatible part of protovalidate.
pub mod buf {
    pub mod validate {
        package!("buf.validate");
    }
}

macro_rules! domains {
    ($($name:ident: $package:literal $(+ $events:literal)?),+ $(,)?) => {
        $(pub mod $name {
            pub mod v1 { package!($package); }
            $(pub mod events { pub mod v1 { package!($events); } })?
        })+
    };
}

pub use ultramarket::*;

/// The packages below `ultramarket`, as generated code names them.
mod ultramarket {
    /// Types that several domains share.
    pub mod r#type {
        pub mod v1 {
            package!("ultramarket.r#type.v1");
        }
    }

    domains! {
        options: "ultramarket.options.v1",
        identity: "ultramarket.identity.v1" + "ultramarket.identity.events.v1",
        user: "ultramarket.user.v1" + "ultramarket.user.events.v1",
        catalog: "ultramarket.catalog.v1" + "ultramarket.catalog.events.v1",
        inventory: "ultramarket.inventory.v1" + "ultramarket.inventory.events.v1",
        cart: "ultramarket.cart.v1",
        order: "ultramarket.order.v1" + "ultramarket.order.events.v1",
        payment: "ultramarket.payment.v1" + "ultramarket.payment.events.v1",
        notification: "ultramarket.notification.v1",
        search: "ultramarket.search.v1",
    }
}
