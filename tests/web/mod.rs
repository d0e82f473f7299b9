//! Attacks over HTTP: each test is somebody who wants what is not theirs, or a network that does not keep its word.

mod callback;
mod callback_content;
mod forward_auth;
mod hostile_provider;
mod house;
mod limits;
mod login_page;
mod logout;
mod raw_socket;
mod reload;
mod session;
mod start;
mod storage;
mod stores;
mod upstream;
