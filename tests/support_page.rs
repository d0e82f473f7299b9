//! docs/support.md: the terminal session on it is a real one.
//!
//! After a change of what `try` prints: `ACCEPT=1 cargo test support_page`, then read what changed.

use crate::command_line::{Folder, portaria};
use crate::support::{root, text};
use crate::try_command::{RunningTry, free_port, playground, sign_in};
use clap::Parser as _;
use portaria::commands::CommandLine;
use regex::Regex;

const RIGHT: &str = "      email: $.value";
const WRONG: &str = "      email: $.address";

/// A login at the playground with this file: the exit code and the output of `try`.
fn tried(file: &str) -> (i32, String) {
    let folder = Folder::new("support-page").with("providers.d/playground.yaml", file);
    let port = free_port();
    let mut trying = RunningTry::begin(&folder, &["playground", "--public-url", &format!("http://localhost:{port}")]);
    sign_in(&mut trying, "ana");
    let (code, out, _) = trying.end();
    (code, out.replace(&port.to_string(), "8080"))
}

/// The session with fixed values in place of those that differ each time.
fn steady(session: &str) -> String {
    let volatile = [
        (r"nonce_of_yours=[A-Za-z0-9_-]{32}", "nonce_of_yours=Tq0c2mJ4WvXkNwz1oYh8bLr6sDfEgAuP"),
        (r"riddle=[A-Za-z0-9_-]{43}", "riddle=m3Yk0zq9XvT5hB1nRw7sJc2uLd8fGa4pEo6iKt-QxVM"),
        (r"(ticket|entry|code|accessToken): text, \d{3}\b", "$1: text, 234"),
        (r"\(\d+ bytes\) after \d+ ms", "(304 bytes) after 3 ms"),
    ];
    let mut session = session.to_owned();
    for (pattern, instead) in volatile {
        session = Regex::new(pattern).expect("a pattern").replace_all(&session, instead).into_owned();
    }
    session
}

#[test]
#[expect(clippy::disallowed_methods, reason = "on demand the test writes the page that it holds true")]
fn the_session_of_the_support_page_is_what_try_says_and_its_first_proposal_is_the_remedy() {
    let right = playground();
    let wrong = right.replace(RIGHT, WRONG);
    assert_ne!(right, wrong);

    let (code, said) = tried(&wrong);
    assert_eq!(code, 1, "{said}");
    let first = said.split("proposal 1: ").nth(1).unwrap_or_else(|| panic!("nothing is proposed: {said}"));
    let change = |sign: &str| first.lines().find_map(|line| line.strip_prefix(sign)).unwrap_or_else(|| panic!("{first}")).to_owned();
    let mended = wrong.replace(&change("  - "), &change("  + "));
    let (code, out) = tried(&mended);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("would sign in; no user was created"), "{out}");

    let path = root().join("docs/support.md");
    let page = text(&path);
    let (before, rest) = page.split_once("```console\n$ portaria try playground\n").expect("the page holds the session");
    let (session, after) = rest.split_once("```").expect("the session ends");
    let said = steady(&said);
    if std::env::var_os("ACCEPT").is_some() {
        std::fs::write(&path, format!("{before}```console\n$ portaria try playground\n{said}```{after}")).expect("the page can be written");
    } else {
        assert_eq!(session, said, "run `ACCEPT=1 cargo test support_page` and read what changed");
    }
}

#[test]
fn every_command_of_the_support_page_is_one_that_the_program_knows() {
    let page = text(&root().join("docs/support.md"));
    let commands: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("portaria ")).collect();

    assert!(commands.len() > 6, "{commands:?}");
    for command in commands {
        let words = command.split('#').next().unwrap_or_default().split_whitespace();
        let parsed = CommandLine::try_parse_from(std::iter::once("portaria").chain(words));
        assert!(parsed.is_ok(), "{command}: {}", parsed.err().map(|error| error.to_string()).unwrap_or_default());
    }
}

#[test]
fn explain_tells_which_answers_mean_no() {
    let folder = Folder::new("verdicts").with("providers.d/playground.yaml", &playground());
    let told = "accepted          line 10     only if $.outcome.ok is true\n";

    let (code, out, err) = portaria(&folder.0, &["explain", "playground"], &[]);
    assert_eq!((code, out.matches(told).count()), (0, 2), "{out}{err}");

    let (_, out, _) = portaria(&folder.0, &["explain", "playground", "--json"], &[]);
    let explained: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}"));
    for (word, value) in
        [("accepted", "only if $.outcome.ok is true"), ("accepted.code", "$.outcome.why"), ("accepted.message", "$.outcome.says")]
    {
        let row = serde_json::json!({ "word": word, "value": value, "line": 10, "default": false });
        let words = explained["steps"][1]["words"].as_array().expect("a list");
        assert!(words.contains(&row), "{out}");
    }
}
