//! The lab of support staff: handlers read a request and check who sends it; pages draw plain values in the lab's languages.

pub(crate) mod pages;
pub mod handlers;
