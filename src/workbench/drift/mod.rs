//! What changed when a provider answers differently than before, and which change of the file fits.

pub mod cause;
pub(crate) mod replacement;
