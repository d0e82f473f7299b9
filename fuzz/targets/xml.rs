//! Bytes for `portaria::fuzzing::xml_answer`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::xml_answer(bytes));
