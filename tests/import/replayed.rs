//! The import replays what it wrote against the recording, and says which line a recording lacks.

use crate::command_line::{Folder, portaria};
use crate::import::acme;
use crate::import::measure::{Case, cases_of, recorded};
use crate::support::{STRICT, root, text};
use portaria::workbench::har;
use portaria::workbench::learn::learn;
use portaria::workbench::recorded_exchange::{RecordedExchange, RecordedResponse};
use std::fmt::Write as _;

fn odd(name: &str) -> Case {
    cases_of(vec![root().join(format!("tests/import/odd/{name}.yaml"))]).remove(0)
}

#[test]
fn what_the_file_does_otherwise_is_reported_with_its_line() {
    let (mut exchanges, _) = recorded(&odd("hausnummer"));
    let tokens = exchanges.iter_mut().filter(|exchange| exchange.method == "POST" && exchange.address.ends_with("/token"));
    for (call, canal) in tokens.zip(["um", "dois"]) {
        write!(call.body.as_mut().expect("a form"), "&canal={canal}").expect("a text takes more");
    }
    let folder = Folder::new("import-otherwise").with("login.har", &har::write(&exchanges));

    let (code, out, err) = portaria(&folder.0, &["import", "login.har", "--name", "hausnummer"], &[]);

    assert!(code == 1 && folder.0.join("providers.d/hausnummer.yaml").exists(), "{out}{err}");
    let written = text(&folder.0.join("providers.d/hausnummer.yaml"));
    let line = 1 + written.lines().collect::<Vec<_>>().iter().rposition(|line| line.trim().starts_with("canal:")).expect("a line");
    let expected = format!("line {line}: getAccessCode (POST id.hausnummer.example) of login");
    assert!(err.contains(&expected) && err.contains("`canal`") && err.contains("help:"), "{expected}\n{err}\n{written}");
    assert!(!err.contains("dois") && !written.contains("dois"), "{err}");
}

#[test]
fn a_file_that_does_what_was_recorded_says_so() {
    let (exchanges, _) = recorded(&odd("kette"));
    let folder = Folder::new("import-same").with("login.har", &har::write(&exchanges));

    let (code, out, err) = portaria(&folder.0, &["import", "login.har", "--name", "kette"], &[]);

    assert!(code == 0 && out.contains("Replayed against the recording"), "{out}{err}");
}

/// The exchange in which the browser was sent to the provider.
fn redirect_of(exchanges: &[RecordedExchange]) -> usize {
    exchanges.iter().position(|exchange| exchange.query().iter().any(|(_, value)| value.contains("/callback/"))).expect("a redirect")
}

#[test]
fn the_line_with_the_redirect_is_named_when_it_alone_is_missing() {
    let mut case = odd("torwache");
    case.stories.truncate(1);
    let (mut exchanges, _) = recorded(&case);
    exchanges.remove(redirect_of(&exchanges));

    let why = learn("torwache", &exchanges, STRICT).err().expect("a reason").to_string();

    for part in ["the redirect is missing", "curl 'https://", "redirect_uri=", "state="] {
        assert!(why.contains(part), "{part}: {why}");
    }
}

#[test]
fn the_fragment_of_a_redirect_is_found_in_the_answer_that_led_to_it() {
    let (exchanges, _) = recorded(&odd("raute"));
    let mut seen = Vec::new();
    for mut exchange in exchanges {
        // A browser sends no fragment.
        if let Some((sent, _)) = exchange.address.split_once('#').map(|(sent, rest)| (sent.to_owned(), rest.to_owned())) {
            let headers = vec![("Location".to_owned(), exchange.address.clone())];
            let answer = RecordedResponse { status: 302, headers, body: String::new() };
            let address = "https://login.loja.example/login/raute".to_owned();
            seen.push(RecordedExchange { method: "GET".to_owned(), address, answer: Some(answer), ..RecordedExchange::default() });
            exchange.address = sent;
        }
        seen.push(exchange);
    }

    let learned = learn("raute", &seen, STRICT).unwrap_or_else(|why| panic!("{why}"));

    assert!(learned.text.contains("get: https://open.raute.example/connect/qr#raute_redirect"), "{}", learned.text);
}

#[test]
fn the_name_of_the_provider_in_an_answer_is_no_leak() {
    let (mut exchanges, _) = recorded(&acme());
    for answer in exchanges.iter_mut().filter_map(|exchange| exchange.answer.as_mut()).filter(|answer| answer.body.contains("\"verified\""))
    {
        answer.body = answer.body.replacen('{', "{\"brand\":\"Clube Verde\",\"realm\":\"clube-verde\",", 1);
    }

    let learned = learn("clube-verde", &exchanges, STRICT).unwrap_or_else(|why| panic!("{why}"));

    assert!(learned.text.contains("name: Clube Verde"), "{}", learned.text);
}

#[test]
fn an_id_in_a_path_is_linked_to_its_answer_and_never_written() {
    let mut case = odd("ziffernweg");
    case.stories.truncate(1);

    let (exchanges, _) = recorded(&case);
    let learned = learn("ziffernweg", &exchanges, STRICT).unwrap_or_else(|why| panic!("{why}"));

    assert!(learned.text.contains("/users/${nr}/profile") && !learned.text.contains("8812"), "{}", learned.text);
    assert!(learned.differences.is_empty(), "{:?}", learned.differences);
}
