//! drift.

pub mod cause;
pub mod replacement;
