//! Bytes for `portaria::fuzzing::har_recording`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portaria::fuzzing::har_recording(bytes));
