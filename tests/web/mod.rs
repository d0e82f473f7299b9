//! Attacks over HTTP: each test is somebody who wants what is not theirs, or a network that does not keep its word.

mod callback;
mod house;
mod storage;
mod upstream;
