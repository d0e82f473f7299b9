//! Bytes for `portaria::fuzzing::cookies`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::cookies(bytes));
