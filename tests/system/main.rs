//! The whole product.
