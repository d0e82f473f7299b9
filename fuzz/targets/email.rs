//! Bytes for `portaria::fuzzing::email`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::email(bytes));
