//! Bytes for `portaria::fuzzing::framing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::framing(bytes));
