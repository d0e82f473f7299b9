//! Bytes for `portaria::fuzzing::language`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::language(bytes));
