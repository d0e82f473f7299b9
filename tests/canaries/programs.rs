//! The real programs: the log of `serve`, and all that `try`, `check`, `explain` and recorded examples say.

use crate::bad_times::place::{Browser, Ending, Place};
use crate::canaries::broker::{ODD, codes, is_found, refused_callbacks};
use crate::canaries::{Canaries, Leaks};
use crate::command_line::{Folder, portaria};
use crate::support::text;
use crate::web::test_broker::STANDARD;
use crate::web::test_provider::{TestProvider, json};
use portaria::world::random;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};

/// Attack R-04
/// Lesson 141
#[test]
fn the_log_of_a_process_holds_nothing_of_anybody() {
    let (place, canaries, mut leaks) = (Place::on_sqlite(), Canaries::new(), Leaks::default());
    let broker = Ending(place.start_as(&[], &[("PORTARIA_LOG", "debug")]));
    let mut targets = Vec::new();
    for step in ["/token", "/me"] {
        for (name, bytes) in canaries.answers() {
            place.upstream.is_honest();
            place.upstream.says(step, bytes);
            let mut browser = Browser::default();
            let back = browser.begin(&broker.0, "bia");
            let answer = browser.ask(&broker.0, "GET", &back).expect("an answer");
            leaks.look(&canaries, &name, "the page", &format!("{:?}{}", answer.headers, answer.body));
            targets.push(back);
        }
    }
    let log = place.logged();
    assert!(log.lines().count() > 20, "it is logged: {log}");
    for target in targets {
        let state = target.rsplit('=').next().expect("a state");
        assert!(!log.contains(state) && !log.contains("acme-code-bia"), "a state or a code is logged");
    }
    leaks.look(&canaries, "serve", "the log", &log);
    leaks.none();
}

/// A login that is tried by the program, with an answer of the provider's that is pasted: all that it said.
fn tried(folder: &Folder, more: &[&str], back: &str) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portaria"));
    command.current_dir(&folder.0).args(["try", "acme", "--paste", "--no-open"]).args(more).env_clear();
    let mut program = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut said = String::new();
    let json = more.contains(&"--json");
    let mut told: Box<dyn std::io::BufRead> = if json {
        Box::new(BufReader::new(program.stderr.take().expect("it is piped")))
    } else {
        Box::new(BufReader::new(program.stdout.take().expect("it is piped")))
    };
    let mut address = String::new();
    while !address.trim().starts_with("http") {
        address.clear();
        assert!(told.read_line(&mut address).expect("it can be read") > 0, "{said}");
        // The address that is opened holds the state: it is the browser's.
        if !address.trim().starts_with("http") {
            said.push_str(&address);
        }
    }
    let url = url::Url::parse(address.trim()).expect("an address");
    let state = url.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
    let mut input = program.stdin.take().expect("it is piped");
    writeln!(input, "{}", back.replace("STATE", &state)).expect("a person reads");
    drop(input);
    told.read_to_string(&mut said).expect("it can be read");
    let rest: Option<&mut dyn std::io::Read> =
        if json { program.stdout.as_mut().map(|out| out as _) } else { program.stderr.as_mut().map(|err| err as _) };
    rest.expect("it is piped").read_to_string(&mut said).expect("it can be read");
    assert!(!said.contains(&state), "the state is told: {said}");
    (program.wait().expect("it ends").code().unwrap_or(-1), said)
}

/// A provider beside a folder, whose secret, codes and tokens hold a mark.
pub(super) fn acme(name: &str) -> (Folder, TestProvider, String) {
    let mark = format!("Canario{}", random::id());
    let upstream = TestProvider::open(&format!("{mark}-secret"), &mark);
    let file = STANDARD.replace("UPSTREAM", &upstream.url()).replace("SECRET", "file:secrets/acme");
    let folder = Folder::new(name).with("providers.d/acme.yaml", &file);
    let folder = folder.with("secrets/acme", &format!("{mark}-secret"));
    (folder, upstream, mark)
}

#[test]
fn a_login_that_is_tried_and_fails_shows_and_records_nothing_of_anybody() {
    let (folder, upstream, mark) = acme("canaries-try");
    let (canaries, mut leaks) = (Canaries::new(), Leaks::default());
    let examples = folder.0.join("providers.d/acme.examples.yaml");
    for step in ["/token", "/me"] {
        for (at, (name, bytes)) in canaries.answers().into_iter().enumerate() {
            upstream.is_honest();
            upstream.says(step, bytes);
            let more: &[&str] = if at % 4 == 3 { &["--json"] } else { &["--record"] };
            let (code, said) = tried(&folder, more, &format!("code={mark}-code-bia&state=STATE"));
            let case = format!("{step}, {name}");
            assert!(code == 1 || code == 2, "{case}: {code} {said}");
            assert!(!said.contains(&mark), "{case}: a secret is told: {said}");
            leaks.look(&canaries, &case, "what try says", &said);
            if examples.is_file() {
                let kept = text(&examples);
                assert!(!kept.contains(&mark), "{case}: {kept}");
                leaks.look(&canaries, &case, "the examples", &kept);
                std::fs::remove_file(&examples).expect("it can be removed");
            }
        }
    }
    leaks.none();
}

#[test]
fn no_authorization_code_is_the_reason_of_a_callback_that_is_tried_and_refused() {
    let (folder, upstream, mark) = acme("canaries-try-code");
    let file = ODD.replace("UPSTREAM", &upstream.url()).replace("SECRET", "file:secrets/acme");
    let folder = folder.with("providers.d/acme.yaml", &file);
    let (canaries, mut leaks) = (Canaries::new(), Leaks::default());
    let examples = folder.0.join("providers.d/acme.examples.yaml");
    for code in codes(&canaries.token) {
        let error = format!("ticket={code}&error={code}&error_description={code}");
        for query in refused_callbacks(&code).into_iter().chain([error]) {
            for more in [&["--record"][..], &["--json"]] {
                let (ended, said) = tried(&folder, more, &format!("{query}&state=STATE"));
                assert!(ended == 1 || ended == 2, "{query}: {ended} {said}");
                assert!(!said.contains(&mark) && !is_found(&said, &code), "{query}: {said}");
                leaks.look(&canaries, &query, "what try says", &said);
            }
            if examples.is_file() {
                let kept = text(&examples);
                assert!(!is_found(&kept, &code), "{query}: {kept}");
                leaks.look(&canaries, &query, "the examples", &kept);
                std::fs::remove_file(&examples).expect("it can be removed");
            }
        }
    }
    assert!(upstream.heard().is_empty(), "a callback that is refused redeems no code");
    leaks.none();
}

#[test]
fn a_login_that_is_tried_and_works_is_recorded_with_nothing_of_anybody() {
    let (folder, upstream, mark) = acme("canaries-record");
    let (canaries, mut leaks) = (Canaries::new(), Leaks::default());
    let Canaries { email, id, name, phone, token } = &canaries;
    let keys = canaries.keys();
    upstream.says(
        "/me",
        json(
            200,
            &format!(
                "{{\"id\":\"{id}\",\"email\":\"{email}\",\"verified\":true,\"name\":\"{name}\",\"note\":\"call {phone} or write to {email}\",\"link\":\"https://acme.example/{id}/{email}?t={token}\",\"more\":{keys}}}"
            ),
        ),
    );
    let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair(email, name).append_pair("phone", phone).finish();
    let (code, said) = tried(&folder, &["--record"], &format!("code={mark}-code-bia&state=STATE&{query}"));

    assert!(!said.contains(&mark), "a secret is told: {said}");
    // Who came is told at the end to the tester, whose own account it is.
    let (way, _) = said.split_once("would sign in").unwrap_or((&said, ""));
    leaks.look(&canaries, "try", "the way", way);
    let kept = text(&folder.0.join("providers.d/acme.examples.yaml"));
    leaks.look(&canaries, "try", "the examples", &kept);
    assert_eq!(code, 0, "{said}");
    assert!(!kept.contains(&mark), "{kept}");
    let (code, told, err) = portaria(&folder.0, &["test", "acme"], &[]);
    assert_eq!(code, 0, "{told}{err}");
    for arguments in
        [&["explain", "acme"][..], &["explain", "acme", "--curl"], &["explain", "acme", "--json"], &["check"], &["check", "--json"]]
    {
        let (_, out, err) = portaria(&folder.0, arguments, &[]);
        assert!(!out.contains(&mark) && !err.contains(&mark), "{arguments:?}: {out}{err}");
    }
    leaks.none();
}
