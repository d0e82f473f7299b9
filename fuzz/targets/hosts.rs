//! Bytes for `portaria::fuzzing::hosts`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::hosts(bytes));
