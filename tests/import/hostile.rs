//! Recordings that are broken, hostile or huge.

use crate::command_line::{Folder, portaria};
use crate::import::acme;
use crate::import::measure::recorded;
use crate::support::STRICT;
use portaria::workbench::learn::learn;
use portaria::workbench::recorded_exchange::{RecordedExchange, RecordedResponse};
use portaria::workbench::{har, synthetic_recording};
use std::fmt::Write as _;
use std::process::Command;

#[test]
fn what_is_missing_in_a_recording_is_named() {
    let mut case = acme();
    case.stories.truncate(1);
    let made = synthetic_recording::record_story(&case.provider, &case.stories[0], &[], false).expect("a recording");
    let exchanges = made.exchanges;
    let without_calls: Vec<RecordedExchange> = exchanges.iter().take(2).cloned().collect();
    let without_callback: Vec<RecordedExchange> = exchanges.iter().skip(2).cloned().collect();
    for (exchanges, part) in [(without_calls, "no token call"), (without_callback, "no callback"), (Vec::new(), "no callback")] {
        let folder = Folder::new("import-missing").with("login.har", &har::write(&exchanges));
        let (code, _, err) = portaria(&folder.0, &["import", "login.har", "--name", "acme"], &[]);
        assert_eq!(code, 1, "{err}");
        assert!(err.contains(part) && err.contains("help:") && !folder.0.join("providers.d/acme.yaml").exists(), "{part}: {err}");
    }
}

#[test]
fn hostile_recordings_neither_hang_nor_break_out() {
    let escape = "\u{1b}]0;x\u{7}<script>alert(1)</script>${clientSecret}";
    let mut exchanges = Vec::new();
    for at in 0..3000 {
        let answer = RecordedResponse {
            status: 302,
            headers: vec![("Location".to_owned(), format!("https://b.example/{at}?{escape}"))],
            body: "[".repeat(5000),
        };
        let address = format!("https://a.example/{at}?next=https://b.example/{}&state={escape}&x={}", at + 1, "y".repeat(500));
        exchanges.push(RecordedExchange { method: "GET".to_owned(), address, answer: Some(answer), ..RecordedExchange::default() });
    }
    let _ = learn("acme", &exchanges, STRICT);
    let (mut real, _) = recorded(&acme());
    for exchange in &mut real {
        if let Some(answer) = exchange.answer.as_mut().filter(|answer| answer.body.starts_with('{')) {
            answer.body = answer.body.replacen('{', "{\"\\u001b]0;x\\u0007 # name: x\\n\":\"ana\",", 1);
        }
    }
    let learned = learn("acme", &real, STRICT).unwrap_or_else(|why| panic!("{why}"));
    assert!(!learned.text.contains('\u{1b}') && !learned.text.contains('\u{7}'));
}

/// A HAR of 50 MB: a login, and around it pictures, scripts, markup, escapes and nested lists.
fn huge() -> String {
    let (exchanges, _) = recorded(&acme());
    let login = har::write(&exchanges);
    let (before, after) = login.split_once("\"entries\": [").expect("entries");
    let mut text = format!("{before}\"entries\": [");
    let bodies = [
        ("image/png", "base64", "iVBORw0KGgo".repeat(10_000)),
        ("text/html", "", "<div class=\\\"x\\\">\\u003cscript\\u003e&amp;</div>".repeat(2_500)),
        ("application/json", "", format!("{}{}", "[".repeat(50_000), "]".repeat(50_000))),
        ("application/json", "base64", "eyJhIjpb".repeat(12_000)),
        ("text/javascript", "", "\\u0000\\ud83d\\ude00\\n\\\\".repeat(4_000)),
    ];
    let mut at = 0;
    while text.len() < 50 * 1024 * 1024 {
        let (kind, encoding, body) = &bodies[at % bodies.len()];
        write!(
            text,
            "{{\"request\":{{\"method\":\"GET\",\"url\":\"https://a.example/{at}?next=https%3A%2F%2Fb.example%2F&x={at}\"}},\"response\":{{\"status\":200,\
             \"content\":{{\"mimeType\":\"{kind}\",\"encoding\":\"{encoding}\",\"text\":\"{body}\"}}}}}},"
        ).expect("a text takes more");
        at += 1;
    }
    text + after
}

/// Runs the program with a limit on its memory.
fn within(megabytes: usize, folder: &Folder, arguments: &[&str]) -> (i32, String, String) {
    let limited = format!("ulimit -v {}; exec \"$0\" \"$@\"", megabytes * 1024);
    let mut command = Command::new("sh");
    command.args(["-c", &limited, env!("CARGO_BIN_EXE_portaria")]).args(arguments).current_dir(&folder.0).env_clear();
    let said = command.output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (said.status.code().unwrap_or(-1), text(&said.stdout), text(&said.stderr))
}

#[test]
fn fifty_megabytes_are_learnt_from_within_bounds() {
    let folder = Folder::new("import-huge").with("login.har", &huge());

    let (code, out, err) = within(512, &folder, &["import", "login.har", "--name", "acme"]);

    assert_eq!(code, 0, "{out}{err}");
    assert!(folder.0.join("providers.d/acme.yaml").exists());
}

#[test]
fn more_than_sixty_four_megabytes_are_refused_with_help() {
    let folder = Folder::new("import-larger").with("login.har", "");
    let file = std::fs::File::create(folder.0.join("login.har")).expect("a file");
    file.set_len(64 * 1024 * 1024 + 1).expect("a large file");

    let (code, _, err) = within(512, &folder, &["import", "login.har", "--name", "acme"]);

    assert!(code == 2 && err.contains("64 MB") && err.contains("help:"), "{code} {err}");
}

#[test]
fn nesting_without_end_is_refused() {
    let deep = |before: &str| format!("{before}{}", "[{\"a\":".repeat(2_000_000));
    for text in [deep("{\"log\":{\"entries\":"), deep("{\"log\":{\"_own\":"), deep("{\"x\":")] {
        let folder = Folder::new("import-deep").with("login.har", &text);
        let (code, _, err) = within(512, &folder, &["import", "login.har", "--name", "acme"]);
        assert!(code == 1 && err.contains("help:"), "{code} {err}");
    }
    let lines = format!("curl https://a.example/ -d '{}'\n{}\n", "[".repeat(100_000), "{\"a\":".repeat(40_000));
    let folder = Folder::new("import-deep-curl").with("login.txt", &lines);
    let (code, _, err) = within(512, &folder, &["import", "login.txt", "--name", "acme"]);
    assert!(code == 1 && err.contains("help:"), "{code} {err}");
}

#[test]
fn what_a_simulation_writes_down_is_learnt_from() {
    let case = acme();
    let examples = crate::support::text(&crate::support::root().join("providers.d").join(format!("{}.examples.yaml", case.name)));
    for (flag, file) in [("--har", "login.har"), ("--curl", "login.txt")] {
        let folder =
            Folder::new("import-simulated").with("providers.d/acme.yaml", &case.file).with("providers.d/acme.examples.yaml", &examples);

        let (code, out, err) = portaria(&folder.0, &["simulate", "acme", flag, file], &[]);
        assert!(code == 0 && out.contains("import"), "{out}{err}");
        let (code, out, err) = portaria(&folder.0, &["import", file, "--name", "copy"], &[]);
        assert_eq!(code, 0, "{out}{err}");
        let (code, out, _) = portaria(&folder.0, &["check"], &[]);
        assert!(code == 0 && out.contains("copy.yaml"), "{out}");
        let (code, out, err) = portaria(&folder.0, &["import", file, "--name", "copy", "--force", "--examples"], &[]);
        assert_eq!(code, 0, "{out}{err}");
        let (code, out, err) = portaria(&folder.0, &["test", "copy"], &[]);
        assert_eq!(code, 0, "{out}{err}");
        let (code, _, err) = portaria(&folder.0, &["simulate", "acme", flag, file], &[]);
        assert!(code == 2 && err.contains("exists already"), "{err}");
    }
}

/// A login at an issuer, with a document and keys around it that do not belong to it.
fn with_strangers_documents(document: &str, keys: &str) -> String {
    let token = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImstMSJ9.eyJpc3MiOiJodHRwczovL2lkcC5hY21lLmV4YW1wbGUiLCJhdWQiOiJsb2phLTQyIiwic3ViIjoiNzcwMTIzNDU2NyIsImVtYWlsIjoiYW5hQGxvamEuZXhhbXBsZSIsImVtYWlsX3ZlcmlmaWVkIjp0cnVlLCJub25jZSI6Im5vbmNlLXg5azJ3OHE3ejUifQ.c2lnbmF0dXJl";
    let metadata = "{\"issuer\":\"https://idp.acme.example\",\"authorization_endpoint\":\"https://idp.acme.example/authorize\",\"token_endpoint\":\"https://idp.acme.example/token\",\"jwks_uri\":\"https://idp.acme.example/jwks\"}";
    format!(
        "curl {document}\n{metadata}\n\ncurl {keys}\n{{\"keys\":[{{\"kty\":\"RSA\",\"kid\":\"k-1\",\"n\":\"AQAB\",\"e\":\"AQAB\"}}]}}\n\n\
         curl 'https://idp.acme.example/authorize?response_type=code&client_id=loja-42&redirect_uri=https%3A%2F%2Flogin.loja.example%2Fcallback%2Facme&scope=openid&state=state-x9k2w8q7z5&nonce=nonce-x9k2w8q7z5'\n\n\
         curl 'https://login.loja.example/callback/acme?code=code-x9k2w8q7z5&state=state-x9k2w8q7z5'\n\n\
         curl https://idp.acme.example/token -d grant_type=authorization_code -d code=code-x9k2w8q7z5 -d client_id=loja-42 -d client_secret=hush-x9k2w8q7z5 \
         --data-urlencode redirect_uri=https://login.loja.example/callback/acme\n\
         {{\"access_token\":\"at-x9k2w8q7z5\",\"token_type\":\"Bearer\",\"id_token\":\"{token}\"}}\n"
    )
}

#[test]
fn a_document_and_keys_that_lie_elsewhere_are_not_trusted() {
    let learned = |document: &str, keys: &str| {
        let folder = Folder::new("import-elsewhere").with("login.txt", &with_strangers_documents(document, keys));
        let (_, out, err) = crate::command_line::portaria(&folder.0, &["import", "login.txt", "--name", "acme", "--stdout"], &[]);
        format!("{out}{err}")
    };

    let own = learned("https://idp.acme.example/.well-known/openid-configuration", "https://idp.acme.example/jwks");
    assert!(own.contains("discovery: https://idp.acme.example"), "{own}");

    for (document, keys) in [
        ("https://evil.example/.well-known/openid-configuration", "https://evil.example/jwks"),
        ("https://acme.example.evil.example/config", "https://acme.example.evil.example/jwks"),
    ] {
        let file = learned(document, keys);
        assert!(!file.contains("evil"), "{file}");
    }
}

#[test]
fn a_token_call_to_another_site_is_something_to_decide() {
    let recording = with_strangers_documents("https://idp.acme.example/x", "https://idp.acme.example/jwks")
        .replace("curl https://idp.acme.example/token", "curl https://tokens.evil.example/token");
    let folder = Folder::new("import-other-site").with("login.txt", &recording);

    let (_, out, err) = crate::command_line::portaria(&folder.0, &["import", "login.txt", "--name", "acme"], &[]);

    assert!(out.contains("the code and the secret go to `tokens.evil.example`, and the browser to `idp.acme.example`"), "{out}{err}");
}

/// Recordings in which everything may be a redirect to everything else.
#[test]
fn a_recording_that_is_made_to_be_slow_is_read_within_bounds() {
    let entry = |address: &str, method: &str, body: &str, answer: &str| {
        format!(
            "{{\"request\":{{\"method\":\"{method}\",\"url\":\"{address}\",\"postData\":{{\"mimeType\":\"application/x-www-form-urlencoded\",\"text\":\"{body}\"}}}},\
             \"response\":{{\"status\":200,\"content\":{{\"mimeType\":\"application/json\",\"text\":\"{answer}\"}}}}}}"
        )
    };
    let targets: String = (0..60).map(|at| format!("&u{at}=https%3A%2F%2Fa.example%2Fp{}", at % 20)).collect();
    let visits =
        (0..1_500).map(|at| entry(&format!("https://a.example/p{}?n={at}{targets}", at % 20), "GET", "", "{}")).collect::<Vec<_>>();
    let list = "\\\"abcdefgh\\\",".repeat(3_000);
    let pushes = (0..20).map(|_| entry("https://a.example/push", "POST", "a=b", &format!("[{list}1]"))).collect::<Vec<_>>();
    let gets = (0..1_500).map(|at| entry(&format!("https://a.example/{at}?x=abcdefghi{at}"), "GET", "", "{}")).collect::<Vec<_>>();
    for entries in [visits, pushes.into_iter().chain(gets).collect()] {
        let folder = Folder::new("import-slow").with("login.har", &format!("{{\"log\":{{\"entries\":[{}]}}}}", entries.join(",")));

        let mut program = Command::new("timeout");
        program.args(["300", env!("CARGO_BIN_EXE_portaria"), "import", "login.har", "--name", "acme"]).current_dir(&folder.0).env_clear();
        let said = program.output().expect("the program starts");

        assert_eq!(said.status.code(), Some(1), "{}", String::from_utf8_lossy(&said.stderr));
    }
}
