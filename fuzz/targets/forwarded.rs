//! Bytes for `portaria::fuzzing::forwarded`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::forwarded(bytes));
