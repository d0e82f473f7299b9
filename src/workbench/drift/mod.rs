//! drift.

pub(crate) mod cause;
pub(crate) mod replacement;
