//! Bytes for `portaria::fuzzing::passkey`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::passkey(bytes));
