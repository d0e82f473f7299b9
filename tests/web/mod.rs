//! Attacks over HTTP: each test is somebody who wants what is not theirs, or a network that does not keep its word.

mod callback;
mod callback_content;
mod forward_auth;
mod house;
mod login_page;
mod session;
mod start;
mod storage;
mod upstream;
