//! Bytes for `portaria::fuzzing::attempt`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::attempt(bytes));
