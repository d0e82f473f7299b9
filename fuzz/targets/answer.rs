//! Any bytes as an answer: read or refused, within bounds, in every format.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portaria::provider::answer::{Answers, Format};
use portaria::wire::Response;
use portaria::words::OneOrMany;

fuzz_target!(|bytes: &[u8]| {
    let response = Response { status: 200, headers: Vec::new(), body: bytes.to_vec() };
    for format in [Format::Auto, Format::Json, Format::Form, Format::Jsonp, Format::Xml, Format::Text] {
        let answers = Answers { formats: Some(OneOrMany(vec![format])), skip_prefix: None };
        if let Err(why) = answers.read(&response) {
            assert!(!why.0.is_empty());
        }
    }
});
