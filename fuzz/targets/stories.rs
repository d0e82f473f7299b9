//! Bytes for `portaria::fuzzing::stories`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::stories(bytes));
