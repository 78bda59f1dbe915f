//! Products, variants, prices, categories.
