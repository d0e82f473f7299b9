//! Bytes for `portaria::fuzzing::path`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::path(bytes));
