//! Bytes for `portaria::fuzzing::jwks`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::jwks(bytes));
