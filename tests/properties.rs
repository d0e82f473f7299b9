//! Any bytes as a provider file, an answer, a callback or a token give a complaint: never a panic, never endless work.
//! The corpus of the fuzz targets replays here too.

use crate::support::{STRICT, catalogue, files, root, text};
use portaria::provider::answer::{AnswerFormat, AnswerParser};
use portaria::provider::compile;
use portaria::provider::json_path::JsonPath;
use portaria::vocabulary::email::Email;
use portaria::vocabulary::place::{Place, Source};
use portaria::vocabulary::text::{Text, form_encode, percent_encode};
use portaria::vocabulary::wire::Response;
use portaria::vocabulary::words::{OneOrMany, Reader};
use proptest::prelude::*;

fn file(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let (provider, report) = compile(&Source::new("acme.yaml", text), STRICT);
    assert!(provider.is_some() || report.is_broken());
    assert!(report.complaints.len() <= 200);
    let drawn = report.draw(false);
    assert!(!drawn.chars().any(|letter| letter.is_control() && letter != '\n'), "{drawn:?}");
    let _ = portaria::stores::settings::Settings::read(&report.source);
    let _ = portaria::workbench::examples::read(&report.source);
}

fn answer(bytes: &[u8]) {
    let response = Response { status: 200, headers: Vec::new(), body: bytes.to_vec() };
    for format in [AnswerFormat::Auto, AnswerFormat::Json, AnswerFormat::Form, AnswerFormat::Jsonp, AnswerFormat::Xml, AnswerFormat::Text] {
        let answers = AnswerParser { formats: Some(OneOrMany(vec![format])), skip_prefix: None };
        if let Ok(value) = answers.read(&response) {
            let mut desk = Reader::default();
            for path in ["$.a", "$..*", "$[?@.a == 1].b", "$[*][*]", "$['a'][0:9:2]"] {
                let selector = JsonPath::parse(path, Place::default(), &mut desk).expect("a path");
                assert!(selector.all(&value).len() <= 20_000);
            }
        }
    }
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = root().join("fuzz/corpus").join(target);
    let seeds: Vec<Vec<u8>> =
        files(&folder, "").iter().map(|path| portaria::world::files::read_bytes(path, 1 << 20).expect("a seed can be read")).collect();
    assert!(!seeds.is_empty(), "the corpus of {target} is empty");
    seeds
}

#[test]
fn the_corpus_of_provider_files_replays() {
    seeds("provider_file").iter().for_each(|seed| file(seed));
}

#[test]
fn the_corpus_of_answers_replays() {
    seeds("answer").iter().for_each(|seed| answer(seed));
}

#[test]
fn the_corpus_of_tokens_replays() {
    let provider = crate::support::provider(
        "name: Acme\ngetAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }\ngetAccessCode:\n  post: https://sso.acme.example/token\n  signed: { token: answer, issuer: acme, keys: \"${clientSecret}\", read: { id: $.sub, email: $.email, emailVerified: $.ok } }\n",
    );
    for seed in seeds("token") {
        let answer = serde_json::to_string(&String::from_utf8_lossy(&seed)).expect("a text is JSON");
        let story = format!(
            "- what: a stranger's token\n  exchanges:\n    - answer: {{ text: {answer} }}\n  refused: {{ step: getAccessCode, code: badToken }}\n"
        );
        let stories = portaria::workbench::examples::read(&Source::new("acme.examples.yaml", story))
            .unwrap_or_else(|report| panic!("{}", report.draw(false)));
        assert_eq!(portaria::workbench::examples::replay::replay(&provider, &stories[0]).differences, []);
    }
}

/// Attacks U-15, Y-01, Y-09, Y-10
#[test]
fn hostile_files_are_refused_with_a_complaint() {
    let laughs: String = (0..9).map(|at| format!("a{at}: &a{at} [{}]\n", "*a0,".repeat(9))).collect();
    let merges = (0..200).map(|at| format!("k{at}: &k{at}\n  <<: *k0\n")).collect::<String>();
    for text in [
        laughs,
        merges,
        format!("name: {}", "[".repeat(10_000)),
        format!("name: {}x{}", "{a: ".repeat(10_000), "}".repeat(10_000)),
        format!("{}\n", "- ".repeat(10_000)),
        (0..9_000).map(|at| format!("k{at}: 1\n")).collect(),
        "a: 1\n".repeat(20_000),
        "name: x\n---\nname: y\n".to_owned(),
        "name: !!python/object:os.system x\n".to_owned(),
        "name: &x y\nlogo: *x\n".to_owned(),
        "name: \"\u{1b}[31m\u{202e}\"\n".to_owned(),
        "\u{feff}\u{feff}name: x\n".to_owned(),
        "name:\tx\n\t- y\n".to_owned(),
        "x".repeat(300 * 1024),
        format!("name: x\nrequire: {{ at: \"${{id}}\", matches: \"{}\" }}\n", "(a{1000}){1000}"),
        format!("name: x\ngetUserInfo: {{ get: \"https://a.example\", read: {{ id: \"$..{}\" }} }}\n", "*..".repeat(50)),
        format!("name: x\nlogout: \"https://a.example/{}\"\n", (0..2_000).map(|at| format!("${{f{at}}}")).collect::<String>()),
    ] {
        let (provider, report) = compile(&Source::new("acme.yaml", text.as_str()), STRICT);
        assert!(provider.is_none() && report.is_broken(), "{text:.80}");
        file(text.as_bytes());
    }
}

/// Attack Y-09
#[test]
fn a_pattern_that_costs_much_or_looks_around_is_refused_in_the_file() {
    let file = |pattern: &str| {
        let pattern = serde_json::Value::from(pattern);
        let text = format!(
            "name: x\nclientId: c\nclientSecret: env:X_CLIENT_SECRET\nrequire: {{ at: \"${{id}}\", matches: {pattern} }}\n\
             getAuthorizationCode: {{ get: \"https://a.example/a\" }}\ngetAccessCode: {{ post: \"https://a.example/t\" }}\n\
             getUserInfo: {{ get: \"https://a.example/me\", read: {{ id: $.id, email: $.email, emailVerified: $.ok }} }}\n"
        );
        let (provider, report) = compile(&Source::new("x.yaml", text), STRICT);
        (provider.is_some(), report.draw(false))
    };
    assert!(file("^[a-z]{1,20}$").0, "{}", file("^[a-z]{1,20}$").1);
    for pattern in [
        "(?=a)b",
        "(?!a)b",
        "(?<=a)b",
        "(?<!a)b",
        "(a)\\1",
        "(?P=x)",
        "((a{100}){100}){100}",
        "(\\w{1000}){1000}",
        "(?i)\\p{L}{5000}",
        "(",
        "a{2,1}",
    ] {
        let (compiles, told) = file(pattern);
        assert!(!compiles && told.contains(" --> x.yaml:4:"), "{pattern}: {told}");
    }
    let (compiles, told) = file(&"a|".repeat(50_000));
    assert!(!compiles && told.len() < 10_000, "{told:.2000}");
}

/// Attacks T-06, U-15
#[test]
fn hostile_answers_are_read_within_bounds() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    for body in [
        deep("[", "]"),
        deep("{\"a\":", "}"),
        deep("<a>", "</a>"),
        format!("[{}1]", "1,".repeat(60_000)),
        format!("\"{}\"", "x".repeat(60_000)),
        "a=1&".repeat(10_000),
        (0..20_000).map(|at| format!("k{at}=1&")).collect(),
        "1".repeat(60_000),
        "-0".to_owned(),
        "1e400".to_owned(),
        "{\"\\ud800\":1}".to_owned(),
        "{\"$serde_json::private::Number\":\"x\"}".to_owned(),
        "cb(".repeat(1000),
        "<!DOCTYPE a [<!ENTITY b \"b\">]><a>&b;</a>".to_owned(),
    ] {
        answer(body.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_as_a_file_give_a_complaint_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        file(&bytes);
    }

    #[test]
    fn a_right_file_damaged_anywhere_gives_a_complaint_or_works(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), insert in "[\\PC]{0,6}|\\$\\{|\\n|\\t|: |'|\"", cut in 0_usize..20) {
        let all = catalogue();
        let whole = text(&all[which.index(all.len())]);
        let letters: Vec<char> = whole.chars().collect();
        let at = at.index(letters.len());
        let damaged: String = letters[..at].iter().copied().chain(insert.chars()).chain(letters[(at + cut).min(letters.len())..].iter().copied()).collect();
        file(damaged.as_bytes());
    }

    #[test]
    fn any_bytes_as_an_answer_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        answer(&bytes);
    }

    #[test]
    fn any_text_that_looks_like_an_answer_is_read_or_refused(body in "[\\[\\]{}\":,0-9a-z\\\\ue<>/&=;()\\n -]{0,200}") {
        answer(body.as_bytes());
    }

    /// Attack E-09
    #[test]
    fn an_address_is_its_own_key(text in "[\\PC]{0,40}@[\\PC]{0,40}|[a-zA-Z.+]{1,10}@[a-zA-Z0-9.-]{1,20}") {
        if let Ok(email) = Email::parse(&text) {
            let again = Email::parse(email.key());
            prop_assert_eq!(again.as_ref(), Ok(&email));
            prop_assert!(email.key().bytes().all(|b| b.is_ascii_graphic()));
            prop_assert!(email.key().matches('@').count() == 1);
        }
    }

    #[test]
    fn what_is_encoded_never_leaves_its_parameter(value in "[\\PC]{0,40}", secret in any::<bool>()) {
        let text = if secret { Text::secret(value.as_str(), &"s".into()) } else { Text::plain(value.as_str()) };
        for encode in [percent_encode as fn(&str, &mut String), form_encode] {
            let mut out = Text::default();
            out.push_encoded(&text, encode);
            prop_assert!(out.expose().bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%+".contains(&b)));
            prop_assert_eq!(out.is_secret(), secret);
            let back = out.expose().replace('+', " ");
            let decoded = percent_encoding::percent_decode_str(&back).decode_utf8().expect("UTF-8");
            prop_assert_eq!(&*decoded, value.as_str());
        }
    }
}
