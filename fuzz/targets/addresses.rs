//! Bytes for `portaria::fuzzing::addresses`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::addresses(bytes));
