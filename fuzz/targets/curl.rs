//! Bytes for `portaria::fuzzing::curl_lines`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::curl_lines(bytes));
