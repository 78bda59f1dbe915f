//! Journeys, contract coverage and faults, through the whole product.
