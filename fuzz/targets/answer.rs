//! Any bytes as an answer: in every format they are read, or refused with a reason.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portaria::provider::answer::{AnswerParser, AnswerFormat};
use portaria::vocabulary::wire::Response;
use portaria::vocabulary::words::OneOrMany;

fuzz_target!(|bytes: &[u8]| {
    let response = Response { status: 200, headers: Vec::new(), body: bytes.to_vec() };
    for format in [AnswerFormat::Auto, AnswerFormat::Json, AnswerFormat::Form, AnswerFormat::Jsonp, AnswerFormat::Xml, AnswerFormat::Text] {
        let parser = AnswerParser { formats: Some(OneOrMany(vec![format])), skip_prefix: None };
        if let Err(error) = parser.read(&response) {
            assert!(!error.0.is_empty());
        }
    }
});
