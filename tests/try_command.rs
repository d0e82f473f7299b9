//! `portaria try` as a real process, with the test in place of the browser.

use crate::command_line::{Folder, portaria};
use crate::support::{root, text};
use crate::web::test_provider::{TestProvider, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A running `portaria try`.
pub struct RunningTry {
    program: Child,
    out: BufReader<ChildStdout>,
    said: String,
}

impl RunningTry {
    pub fn begin(folder: &Folder, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portaria"));
        command.current_dir(&folder.0).arg("try").args(arguments).arg("--no-open").env_clear();
        let mut program = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let out = BufReader::new(program.stdout.take().expect("it is piped"));
        Self { program, out, said: String::new() }
    }

    /// Reads up to a line that holds this, and returns the line.
    pub fn until(&mut self, part: &str) -> String {
        loop {
            let mut line = String::new();
            if self.out.read_line(&mut line).expect("it can be read") == 0 {
                let mut complaint = String::new();
                let _ = self.program.stderr.take().expect("it is piped").read_to_string(&mut complaint);
                panic!("`{part}` was never said: {}\n{complaint}", self.said);
            }
            self.said.push_str(&line);
            if line.contains(part) {
                return line.trim().to_owned();
            }
        }
    }

    fn paste(&mut self, line: &str) {
        writeln!(self.program.stdin.as_mut().expect("it is piped"), "{line}").expect("the program reads");
    }

    /// Waits for the end: the exit code, stdout and stderr.
    pub fn end(mut self) -> (i32, String, String) {
        drop(self.program.stdin.take());
        self.out.read_to_string(&mut self.said).expect("it can be read");
        let mut complaints = String::new();
        self.program.stderr.take().expect("it is piped").read_to_string(&mut complaints).expect("it can be read");
        (self.program.wait().expect("it ends").code().unwrap_or(-1), self.said, complaints)
    }
}

/// Loads a page: its status, the address of a redirect, and the body.
pub fn browse(address: &str) -> (u16, Option<String>, String) {
    let url = url::Url::parse(address).expect("an address");
    let host = format!("{}:{}", url.host_str().expect("a host"), url.port().expect("a port"));
    let mut connection = TcpStream::connect(host.replace("localhost", "127.0.0.1")).expect("the program listens");
    let target = &url[url::Position::BeforePath..];
    write!(connection, "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("it can be asked");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let location = head.lines().find_map(|line| line.to_ascii_lowercase().starts_with("location: ").then(|| line[10..].to_owned()));
    (head[9..12].parse().expect("a status"), location, body.to_owned())
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port is free").local_addr().expect("it listens").port()
}

pub fn playground() -> String {
    text(&root().join("providers.d/playground.yaml"))
}

/// Signs in at the playground, and returns the ticket and the last page.
pub fn sign_in(trying: &mut RunningTry, who: &str) -> (String, String) {
    let address = trying.until("/playground/enter?");
    let address = if address.starts_with("GET") { trying.until("/playground/enter?") } else { address };
    trying.until("waiting for the browser");
    let (status, back, _) = browse(&format!("{address}&who={who}"));
    assert_eq!(status, 303);
    let back = back.expect("it leads back");
    let ticket =
        url::Url::parse(&back).expect("an address").query_pairs().find(|(name, _)| name == "ticket").expect("a ticket").1.into_owned();
    let (_, _, page) = browse(&back);
    (ticket, page)
}

#[test]
fn a_login_at_the_playground_is_shown_step_by_step_and_leaves_nothing_behind() {
    let folder = Folder::new("try").with("providers.d/playground.yaml", &playground());
    let url = format!("http://localhost:{}", free_port());
    let mut trying = RunningTry::begin(&folder, &["playground", "--public-url", &url]);

    let (ticket, page) = sign_in(&mut trying, "ana");
    let (code, out, err) = trying.end();

    assert_eq!(code, 0, "{out}{err}");
    for part in [
        "getAuthorizationCode (line 12)",
        "nonce_of_yours=‹state›",
        "read code: text",
        "getAccessCode (line 17)",
        "← 200 application/json",
        "read id: 16 digits  (line 25)",
        "would sign in; no user was created",
        "id       9007199254740993",
        "email    ana@loja.example (proven: claim)",
        "name     Ana Prova",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }
    assert!(page.contains("You can close this window") && page.contains("<style nonce=") && !page.contains("/style.css"), "{page}");
    assert!(!out.contains(&ticket) && !err.contains(&ticket) && !page.contains(&ticket), "a code is shown: {out}");
    let left: Vec<_> = std::fs::read_dir(&folder.0).expect("a folder").map(|entry| entry.expect("a file").file_name()).collect();
    assert_eq!(left, ["providers.d"], "nothing is made");
}

#[test]
fn a_provider_that_returns_no_state_is_tried_like_any_other() {
    let file = playground().replace("callback: either", "stateIn: cookie").replace(", state: $.nonce_of_yours", "");
    let folder = Folder::new("try-stateless").with("providers.d/playground.yaml", &file);
    let url = format!("http://localhost:{}", free_port());
    let mut trying = RunningTry::begin(&folder, &["playground", "--public-url", &url]);

    sign_in(&mut trying, "ana");
    let (code, out, err) = trying.end();

    assert!(code == 0 && out.contains("would sign in"), "{out}{err}");
}

#[test]
fn a_fact_that_the_session_token_cannot_hold_is_named() {
    let (folder, upstream, mark) = acme("try-left-out");
    let file =
        STANDARD.replace("UPSTREAM", &upstream.url()).replace("name: $.name }", "name: $.name, cpf: $.cpf }\nidentity: { more: cpf }");
    let folder = folder.with("providers.d/acme.yaml", &file).with("portaria.yaml", "session: { headers: { X-Auth-Cpf: cpf } }\n");
    let person = format!("{{\"id\":\"1\",\"email\":\"bia@clientes.example\",\"verified\":true,\"cpf\":\"{}\"}}", "9".repeat(900));
    upstream.says("/me", crate::web::test_provider::json(200, &person));
    let mut trying = RunningTry::begin(&folder, &["acme", "--paste"]);
    let address = trying.until("http://127.0.0.1");
    let address = if address.starts_with("GET") { trying.until("http://127.0.0.1") } else { address };

    trying.paste(&format!("code={mark}-code-bia&state={}", state_of(&address)));
    let (code, out, err) = trying.end();

    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("note: cpf; it is left out of the session token, which would be longer than 1 KiB"), "{out}");
}

#[test]
fn a_broken_file_is_shown_at_the_line_that_is_wrong() {
    let broken = playground().replace("id: $.payload.person.number", "id: $.payload.person.id");
    let folder = Folder::new("try-broken").with("providers.d/playground.yaml", &broken);
    let url = format!("http://localhost:{}", free_port());
    let mut trying = RunningTry::begin(&folder, &["playground", "--public-url", &url]);

    sign_in(&mut trying, "ana");
    let (code, out, err) = trying.end();

    assert_eq!(code, 1, "{out}{err}");
    for part in [
        "number: 16 digits",
        "found no id  (line 25)",
        "(missingId)",
        "providers.d/playground.yaml:25:9",
        "id: $.payload.person.id",
        "^^^",
        "help: ",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }
    assert!(!out.contains("ana@loja.example") && !out.contains("Prova"), "values are not shown: {out}");
}

#[test]
fn what_the_browser_brings_for_another_login_is_told_and_waiting_goes_on() {
    let folder = Folder::new("try-state").with("providers.d/playground.yaml", &playground());
    let url = format!("http://localhost:{}", free_port());
    let mut trying = RunningTry::begin(&folder, &["playground", "--json", "--public-url", &url]);
    let mut steps = BufReader::new(trying.program.stderr.take().expect("it is piped"));
    let mut address = String::new();
    while !address.trim().starts_with("http") {
        address.clear();
        assert!(steps.read_line(&mut address).expect("it can be read") > 0, "the address is said");
    }
    let mut line = String::new();
    while !line.contains("waiting for the browser") {
        line.clear();
        assert!(steps.read_line(&mut line).expect("it can be read") > 0);
    }

    let (wrong, _, page) = browse(&format!("{url}/callback/playground?ticket=t&nonce_of_yours=evil"));
    let (other, ..) = browse(&format!("{url}/callback/other?ticket=t"));
    let (nothing, ..) = browse(&format!("{url}/session"));
    let (_, back, _) = browse(&format!("{}&who=bruno", address.trim()));
    let (fine, ..) = browse(&back.expect("it leads back"));
    let mut rest = String::new();
    steps.read_to_string(&mut rest).expect("it can be read");
    let mut out = String::new();
    trying.out.read_to_string(&mut out).expect("it can be read");

    assert_eq!((wrong, other, nothing, fine), (400, 404, 404, 200));
    assert!(page.contains("This is not the sign-in that the terminal expects"), "{page}");
    assert!(rest.contains("(badState); still waiting"), "{rest}");
    let story: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}"));
    assert_eq!((story["code"].as_str(), story["test"].as_bool()), (Some("unprovenEmail"), Some(true)), "{out}");
    assert!(!out.contains("bruno@loja.example"), "{out}");
    assert_eq!(trying.program.wait().expect("it ends").code(), Some(1));
}

const STANDARD: &str = "name: Clube Acme
clientId: loja-42
clientSecret: file:secrets/acme
getAuthorizationCode: { get: \"UPSTREAM/entrar\", scope: perfil }
getAccessCode: { post: \"UPSTREAM/token\" }
getUserInfo:
  get: UPSTREAM/me
  read: { id: $.id, email: $.email, emailVerified: $.verified, name: $.name }
";

/// A provider beside it, whose secret, codes and tokens hold a mark.
fn acme(name: &str) -> (Folder, TestProvider, String) {
    let mark = "Canario-try".to_owned();
    let upstream = TestProvider::open(&format!("{mark}-secret"), &mark);
    let file = STANDARD.replace("UPSTREAM", &upstream.url());
    let folder = Folder::new(name).with("providers.d/acme.yaml", &file).with("secrets/acme", &format!("{mark}-secret"));
    (folder, upstream, mark)
}

fn state_of(address: &str) -> String {
    url::Url::parse(address).expect("an address").query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned()
}

#[test]
fn an_answer_that_is_pasted_is_recorded_with_invented_people_and_replays_true() {
    let (folder, _upstream, mark) = acme("try-paste");
    let before = "# by hand\n- what: the code was used before\n  exchanges: [ { answer: { status: 400, json: { error: invalid_grant } } } ]\n  refused: { step: getAccessCode, code: invalid_grant }";
    let folder = folder.with("providers.d/acme.examples.yaml", before);
    let mut trying = RunningTry::begin(&folder, &["acme", "--paste", "--record"]);
    let address = trying.until("http://127.0.0.1");
    let address = if address.starts_with("GET") { trying.until("http://127.0.0.1") } else { address };
    trying.until("paste the whole address");

    let state = state_of(&address);
    trying.paste("no address at all");
    trying.paste("https://evil.example/callback/acme?code=x&state=y");
    trying.paste(&format!("http://localhost:8080/callback/acme?code={mark}-code-bia&state=wrong"));
    trying.paste(&format!("http://localhost:8080/callback/acme?code={mark}-code-bia&state={state}"));
    let (code, out, err) = trying.end();

    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("this is neither an address nor a form; still waiting"), "{out}");
    assert!(out.contains("this is not an address below http://localhost:8080/callback/acme; still waiting"), "{out}");
    assert!(out.contains("(badState); still waiting"), "{out}");
    assert!(out.contains("email    bia@clientes.example (proven: claim)"), "{out}");
    assert!(!out.contains(&mark) && !err.contains(&mark), "a secret is shown: {out}{err}");
    let kept = text(&folder.0.join("providers.d/acme.examples.yaml"));
    let (old, new) = kept.split_at(before.len());
    assert_eq!(old, before, "what stood there stays");
    for real in [&*mark, "bia", "silva", "clientes", &state] {
        assert!(!new.contains(real), "`{real}` is in {new}");
    }
    assert!(
        new.contains("what: a login on ") && new.contains("client_secret: ‹clientSecret›") && new.contains("ana@loja.example"),
        "{new}"
    );
    let (code, out, _) = portaria(&folder.0, &["test", "acme"], &[]);
    assert_eq!((code, out.trim()), (0, "1 provider, 2 stories replayed, 0 otherwise than written"), "{kept}");
}

#[test]
fn a_refusal_is_recorded_as_well() {
    let (folder, _upstream, mark) = acme("try-refused");
    let mut trying = RunningTry::begin(&folder, &["acme", "--paste", "--record"]);
    let address = trying.until("http://127.0.0.1");
    let address = if address.starts_with("GET") { trying.until("http://127.0.0.1") } else { address };

    trying.paste(&format!("code={mark}-stolen&state={}", state_of(&address)));
    let (code, out, err) = trying.end();

    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("the provider refused the login in getAccessCode") && out.contains("(invalid_grant)"), "{out}");
    let kept = text(&folder.0.join("providers.d/acme.examples.yaml"));
    assert!(kept.contains("refused: { step: getAccessCode, code: invalid_grant }") && !kept.contains(&mark), "{kept}");
    assert_eq!(portaria(&folder.0, &["test", "acme"], &[]).0, 0, "{kept}");
}

#[test]
fn what_cannot_be_tried_is_said_with_what_to_do() {
    let dormant = STANDARD.replace("UPSTREAM", "https://sso.acme.example").replace("file:secrets/acme", "env:ACME_SECRET");
    let asks = dormant
        .replace("env:ACME_SECRET", "none")
        .replace("scope: perfil", "extra: { shop: \"${shop}\" }")
        .replace("getAuthorizationCode", "inputs: { shop: { label: Shop } }\ngetAuthorizationCode");
    let folder = Folder::new("try-not")
        .with("providers.d/acme.yaml", &dormant)
        .with("providers.d/broken.yaml", "name: [\n")
        .with("providers.d/asks.yaml", &asks)
        .with("providers.d/hinted.yaml", &hinted(&dormant));
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = taken.local_addr().expect("it listens").port();
    let url = format!("http://localhost:{port}");
    let next = format!("--public-url http://localhost:{}", port.saturating_add(1));

    for (arguments, variables, code, parts) in [
        (&["try", "acme"][..], &[][..], 1, &["acme.yaml needs ACME_SECRET", "help: export ACME_SECRET="][..]),
        (&["try", "broken"], &[], 1, &["broken.yaml"]),
        (&["try", "nobody"], &[], 2, &["there is no provider `nobody`"]),
        (&["try", "acme", "--timeout", "1h"], &[], 2, &["--timeout"]),
        (
            &["try", "acme", "--public-url", &url, "--no-open"],
            &[("ACME_SECRET", "hush-hush")],
            3,
            &["does the broker use this port?", &next, "--paste"],
        ),
        (&["try", "acme", "--paste", "--no-open"], &[("ACME_SECRET", "hush-hush")], 1, &["no callback was pasted"]),
        (&["try", "asks", "--paste", "--no-open"], &[], 2, &["--input shop="]),
        (&["try", "asks", "--input", "loja=x"], &[], 2, &["has no input `loja`", "it asks for `shop`"]),
        (
            &["try", "hinted", "--paste", "--no-open", "--reauthenticate"],
            &[],
            1,
            &["has no `reauthenticate`", "help: write the parameters"],
        ),
        (&["try", "hinted", "--paste", "--ui-locales", "pt_BR"], &[], 2, &["cannot be passed on", "`pt-BR es`"]),
        (&["try", "hinted", "--record", "--login-hint", "ana"], &[], 2, &["--record"]),
    ] {
        let (found, out, err) = portaria(&folder.0, arguments, variables);
        assert_eq!(found, code, "{arguments:?}: {out}{err}");
        for part in parts {
            assert!(err.contains(part), "{arguments:?}: {part}\n{err}");
        }
        assert!(!out.contains("hush") && !err.contains("hush"), "{arguments:?}: {out}{err}");
    }
}

/// The same provider, which takes a login hint.
fn hinted(file: &str) -> String {
    file.replace("env:ACME_SECRET", "none").replace("scope: perfil", "extra: { login_hint: \"${loginHint?}\" }")
}

#[test]
fn the_options_of_a_login_are_passed_on_where_the_file_names_them() {
    let file = hinted(&STANDARD.replace("UPSTREAM", "https://sso.acme.example").replace("file:secrets/acme", "env:ACME_SECRET"));
    let again = file.replace("extra: {", "reauthenticate: { prompt: login }, extra: {");
    let folder = Folder::new("try-options").with("providers.d/acme.yaml", &file).with("providers.d/again.yaml", &again);

    let (_, out, _) =
        portaria(&folder.0, &["try", "acme", "--paste", "--no-open", "--login-hint", "ana@loja.example", "--ui-locales", "pt-BR es"], &[]);
    assert!(out.contains("login_hint=ana%40loja.example"), "{out}");
    assert!(out.contains("note: no request of the file has `${uiLocales?}`"), "{out}");
    assert!(!out.contains("prompt=login"), "{out}");

    let (_, out, _) = portaria(&folder.0, &["try", "again", "--paste", "--no-open", "--reauthenticate"], &[]);
    assert!(out.contains("prompt=login") && !out.contains("login_hint="), "{out}");
}

#[test]
fn what_an_exchange_would_answer_is_shown_without_the_token_and_without_using_it() {
    let (folder, upstream, mark) = acme("try-exchange");
    let file = text(&folder.0.join("providers.d/acme.yaml"));
    let ask = "exchange:\n  ask: { get: \"UPSTREAM/introspect\", query: { token: \"${accessToken}\" }, accepted: { at: $.client_id, is: \"${clientId}\" } }\n";
    let token = format!("{mark}-token-of-bia");
    let folder = folder
        .with("providers.d/acme.yaml", &format!("{file}{}", ask.replace("UPSTREAM", &upstream.url())))
        .with("token", &format!("{token}\n"))
        .with("tokens.json", &format!("{{ \"accessToken\": \"{token}\" }}"))
        .with("empty", "  \n");
    upstream.says("/me", json(200, "{\"id\":\"7\",\"email\":\"bia@clientes.example\",\"verified\":true}"));
    upstream.says("/introspect", json(200, "{\"active\":true,\"client_id\":\"loja-42\"}"));
    let run = |source: &str| portaria(&folder.0, &["try", "acme", "--exchange", source], &[]);

    for source in ["token", "tokens.json"] {
        let (code, out, err) = run(source);
        assert_eq!(code, 0, "{source}: {out}{err}");
        for part in [
            "handed in: an access token",
            "would sign in; no user was created",
            "email    bia@clientes.example (proven: claim)",
            "POST http://localhost:8080/exchange/acme would answer 200 with the token of a session",
        ] {
            assert!(out.contains(part), "{source}, {part}: {out}");
        }
        assert!(!out.contains(&token) && !err.contains(&token), "the token is shown: {out}{err}");
    }
    assert!(!folder.0.join("portaria.db").exists(), "no storage is made");

    upstream.says("/introspect", json(200, "{\"active\":true,\"client_id\":\"other\"}"));
    let (code, out, _) = run("token");
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("would answer 401 with the error `refused`") && !out.contains(&token), "{out}");

    for (source, part) in [("empty", "holds no token"), ("not-there", "names no file"), (&*token, "names no file")] {
        let (code, out, err) = run(source);
        assert!(code == 2 && err.contains(part) && err.contains("help: "), "{source}: {out}{err}");
        assert!(!err.contains(&token), "an argument that may be a token is not repeated: {err}");
    }
}
