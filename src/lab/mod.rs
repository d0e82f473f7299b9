//! lab.

pub(crate) mod pages;
pub mod handlers;
