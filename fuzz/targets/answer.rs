//! Any bytes as an answer: read or refused, within bounds, in every format.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portaria::provider::answer::{AnswerParser, AnswerFormat};
use portaria::vocabulary::wire::Response;
use portaria::vocabulary::words::OneOrMany;

fuzz_target!(|bytes: &[u8]| {
    let response = Response { status: 200, headers: Vec::new(), body: bytes.to_vec() };
    for format in [AnswerFormat::Auto, AnswerFormat::Json, AnswerFormat::Form, AnswerFormat::Jsonp, AnswerFormat::Xml, AnswerFormat::Text] {
        let answers = AnswerParser { formats: Some(OneOrMany(vec![format])), skip_prefix: None };
        if let Err(why) = answers.read(&response) {
            assert!(!why.0.is_empty());
        }
    }
});
