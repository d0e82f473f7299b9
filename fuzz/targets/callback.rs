//! Bytes for `portaria::fuzzing::callback`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::callback(bytes));
