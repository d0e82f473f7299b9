//! lab.

pub mod pages;
pub mod handlers;
