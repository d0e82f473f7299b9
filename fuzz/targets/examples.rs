//! Bytes for `portaria::fuzzing::example_stories`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::example_stories(bytes));
