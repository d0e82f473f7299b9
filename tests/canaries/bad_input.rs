//! Answers of 64 KiB of anything: nothing runs, nothing hangs, nothing reaches a terminal that it would obey.

use crate::canaries::programs::acme;
use crate::command_line::portaria;
use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::TestBroker;
use crate::web::test_provider::answer;
use portaria::world::random;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};

const MOST: usize = 64 * 1024 - 512;

/// What a terminal obeys, and what turns text around.
const ODD: &str = "\u{1b}[31m\u{1b}]0;x\u{7}\u{9b}2J\u{202e}\u{2066}\u{200f}\u{7f}\u{85}\r\u{8}";

/// A JSON text of this, as providers escape it or not.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}

/// Bodies of all odd kinds, up to the largest that is read.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let noise: Vec<u8> = (0..MOST / 1024).flat_map(|_| random::bytes::<1024>()).collect();
    let many = |format: &dyn Fn(usize) -> String| {
        let mut text = String::from("{");
        for at in 0.. {
            let member = format(at);
            if text.len() + member.len() + 2 > MOST {
                break;
            }
            let _ = write!(text, "{}{member}", if at == 0 { "" } else { "," });
        }
        text + "}"
    };
    let markup = "</textarea></pre><script>alert(1)</script><img src=x onerror=alert(1)>";
    vec![
        ("noise", noise),
        ("lists", "[".repeat(MOST).into_bytes()),
        ("objects", "{\"a\":".repeat(MOST / 5).into_bytes()),
        ("whole objects", format!("{}1{}", "{\"email\":".repeat(120), "}".repeat(120)).into_bytes()),
        ("many keys", many(&|at| format!("\"k{at}\":1")).into_bytes()),
        ("many e-mails", many(&|at| format!("\"mail{at}\":\"a{at}@x.example\"")).into_bytes()),
        ("keys alike", many(&|at| format!("\"email{}\":{{\"email\":\"a@x.example\"}}", "x".repeat(at % 50))).into_bytes()),
        ("a long key", format!("{{\"{}\":1}}", "email".repeat(MOST / 5 - 4)).into_bytes()),
        ("a long text", quoted(&"é".repeat(MOST / 2 - 2)).into_bytes()),
        ("a list of people", format!("[{}1]", "{\"id\":1,\"email\":\"a@x.example\"},".repeat(MOST / 34)).into_bytes()),
        (
            "markup",
            format!("{{\"{markup}\":{},\"error\":{},\"error_description\":{}}}", quoted(markup), quoted(markup), quoted(markup))
                .into_bytes(),
        ),
        ("a page", markup.repeat(MOST / markup.len()).into_bytes()),
        (
            "odd letters",
            format!("{{{}:{},\"error_description\":{},\"error\":{}}}", quoted(ODD), quoted(ODD), quoted(&ODD.repeat(900)), quoted(ODD))
                .into_bytes(),
        ),
        ("odd letters, raw", ODD.repeat(MOST / ODD.len()).into_bytes()),
        ("tokens", format!("{{\"access_token\":\"{}\"}}", format!("{}.", "eyJhIjoxfQ").repeat(MOST / 11 - 4)).into_bytes()),
        ("xml", "<a b='c'>".repeat(MOST / 9).into_bytes()),
        ("a form", "email=a%40x.example&".repeat(MOST / 20).into_bytes()),
        ("numbers", format!("[{}1]", "1e999,".repeat(MOST / 6 - 2)).into_bytes()),
        ("words of causes", "invalid_grant redirect_uri client_secret scope pkce nonce expired ".repeat(MOST / 66).into_bytes()),
    ]
}

fn assert_harmless(name: &str, answer: &Answer) {
    let body = &answer.body;
    if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
        for part in ["<script>", "<img", "onerror=alert(1)>"] {
            assert!(!body.contains(part), "{name}: {part} in {body}");
        }
    } else {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{name}");
    }
    assert!(!body.contains(['\u{1b}', '\u{9b}', '\u{7}']), "{name}: what a terminal obeys");
}

/// Attack U-13
#[actix_web::test]
async fn the_broker_and_the_lab_survive_whatever_is_answered() {
    let broker = TestBroker::open().await;
    let page = broker.ask(ClientRequest::get("/lab/acme/answer")).await;
    let (_, rest) = page.body.split_once("name=\"form\" value=\"").expect("there is a form");
    let form = rest.split('"').next().unwrap_or_default().to_owned();
    let fields = page.body.matches("</textarea>").count();
    for (name, body) in bodies() {
        assert!(body.len() <= 64 * 1024, "{name}: {}", body.len());
        for (step, status) in [("/token", 200), ("/me", 200), ("/me", 400)] {
            broker.upstream.is_honest();
            broker.upstream.says(step, answer(status, "Content-Type: application/json\r\n", &body));
            let browser = Browser::new(&broker);
            let begun = browser.begin("/login/acme").await;
            let ended = browser.ask(ClientRequest::get(&browser.way_back("acme", &begun.state, "bia")).with("accept", "text/html")).await;
            assert!(ended.session().is_none() && ended.status >= 400, "{name}: {ended:?}");
            assert_harmless(name, &ended);
            let lines = portaria::directory::audit::ListAuditEvents { store: None, provider: Some("acme".into()), before: None, most: 1 };
            let lines = broker.app.directory.read(lines).await.expect("storage").events;
            let code = lines[0].incident.clone().expect("a story");
            for path in [format!("/lab/incidents/{code}"), format!("/lab/incidents/{code}/report.txt")] {
                let told = broker.ask(ClientRequest::get(&path)).await;
                assert_eq!(told.status, 200, "{name}: {told:?}");
                assert_harmless(name, &told);
                assert!(told.body.len() < 256 * 1024, "{name}: {} bytes", told.body.len());
            }
            let (status, out, _) = portaria(&broker.folder.0, &["incident", &code, "--storage", "sqlite:portaria.db"], &[]);
            assert_eq!(status, 0);
            assert_no_controls(name, &out);
        }
        for call in [1, 2] {
            let typed: String = url::form_urlencoded::byte_serialize(&body).collect();
            let ask = format!("form={form}&call={call}&status=200&kind=application%2Fjson&body={typed}");
            let read = broker.ask(ClientRequest::form("/lab/acme/answer", &ask)).await;
            assert!(matches!(read.status, 200 | 413), "{name}: {read:?}");
            assert_eq!(read.body.matches("</textarea>").count(), fields, "{name}");
            for id in ["body", "answer-1", "answer-2"] {
                assert!(!text_area(&read.body, id).contains('<'), "{name}: what was pasted stays text");
            }
            assert!(!read.body.contains("<script>") && !read.body.contains("<img"), "{name}");
        }
    }
    let log = broker.logged();
    assert!(!log.contains("panicked") && !log.contains(['\u{1b}', '\u{9b}', '\u{7}', '\u{202e}']), "the log is harmless");
    broker.assert_still_works().await;
}

/// The contents of the text area with this id.
fn text_area<'a>(page: &'a str, id: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("<textarea id=\"{id}\" ")).expect("there is such a text area");
    let (_, rest) = rest.split_once('>').expect("its tag ends");
    rest.split_once("</textarea>").expect("its end").0
}

fn assert_no_controls(name: &str, text: &str) {
    let odd = |letter: &char| {
        (letter.is_control() && *letter != '\n')
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert_eq!(text.chars().find(odd), None, "{name}: {text:?}");
}

#[test]
fn a_login_that_is_tried_obeys_no_answer() {
    let (folder, upstream, mark) = acme("canaries-odd");
    for (name, body) in bodies() {
        for (step, status, more) in [("/token", 200, "--record"), ("/me", 400, "--record"), ("/me", 200, "--json")] {
            upstream.is_honest();
            upstream.says(step, answer(status, "Content-Type: application/json\r\n", &body));
            let mut command = Command::new(env!("CARGO_BIN_EXE_portaria"));
            command.current_dir(&folder.0).args(["try", "acme", "--paste", "--no-open", more]).env_clear();
            let mut program =
                command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
            let mut told: Box<dyn std::io::BufRead> = if more == "--json" {
                Box::new(BufReader::new(program.stderr.take().expect("it is piped")))
            } else {
                Box::new(BufReader::new(program.stdout.take().expect("it is piped")))
            };
            let (mut line, mut said) = (String::new(), String::new());
            while !line.trim().starts_with("http") {
                line.clear();
                assert!(told.read_line(&mut line).expect("it can be read") > 0, "{said}");
                said.push_str(&line);
            }
            let url = url::Url::parse(line.trim()).expect("an address");
            let state = url.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
            let mut input = program.stdin.take().expect("it is piped");
            // A person may paste anything.
            let odd = ODD.replace('\r', "");
            for pasted in [
                format!("{odd}://{odd}?{odd}={odd}"),
                format!("{odd}={odd}&state={odd}"),
                format!("code={mark}-code-bia&state={state}&{odd}={odd}"),
            ] {
                writeln!(input, "{pasted}").expect("a person reads");
            }
            drop(input);
            told.read_to_string(&mut said).expect("it can be read");
            let rest = program.wait_with_output().expect("it ends");
            said.push_str(&String::from_utf8_lossy(&rest.stdout));
            said.push_str(&String::from_utf8_lossy(&rest.stderr));
            assert_eq!(rest.status.code(), Some(1), "{name}: {said}");
            assert_no_controls(name, &said);
            let _ = std::fs::remove_file(folder.0.join("providers.d/acme.examples.yaml"));
        }
    }
}
