//! Bytes for `portaria::fuzzing::return_address`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::return_address(bytes));
