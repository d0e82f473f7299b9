//! Bytes for `portaria::fuzzing::discovery`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::discovery(bytes));
