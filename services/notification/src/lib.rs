//! Templates, preferences and deliveries.
