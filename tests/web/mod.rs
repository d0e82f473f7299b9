//! Attacks over HTTP: each test is somebody who wants what is not theirs, or a network that does not keep its word.

mod account;
mod addresses;
pub mod client_request;
pub mod browser;
mod callback;
mod callback_content;
mod drift;
mod every_page;
mod failures;
mod forward_auth;
mod hostile_provider;
pub mod test_broker;
mod lab;
mod lab_tests;
mod limits;
mod login_page;
mod logout;
mod machines;
mod mailbox;
mod prove;
mod raw_socket;
mod reload;
mod session;
mod session_lasting;
mod start;
mod stores;
pub mod test_provider;
