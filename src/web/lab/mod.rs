//! The workbench of support staff.

pub mod guard;
pub mod test_login;
pub mod tests;
