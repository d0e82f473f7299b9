//! Bytes for `portaria::fuzzing::session_token`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::session_token(bytes));
