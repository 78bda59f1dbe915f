//! placeholder until db lands
