//! The program itself on a port of this machine, spoken to in bytes.

use crate::web::addresses::nasty_addresses;
use crate::web::test_broker::Folder;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const ACME: &str = "name: Clube Acme
clientId: loja-42
clientSecret: none
trustEmail: always
getAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }
getAccessCode: { post: \"https://sso.acme.example/token\" }
getUserInfo: { get: \"https://sso.acme.example/me\" }
";

/// The program while it runs.
pub struct Running {
    pub child: Child,
    pub address: String,
    folder: Folder,
}

impl Running {
    pub fn start() -> Self {
        Self::start_with("publicUrl: http://localhost:8080\nreturnTo: [ http://localhost:9000 ]\nlimits: off\n", "true")
    }

    /// Starts it with these settings, after a command of the shell.
    pub fn start_with(settings: &str, before: &str) -> Self {
        Self::start_at("127.0.0.1:0", settings, before)
    }

    /// The same at another address.
    pub fn start_at(listen: &str, settings: &str, before: &str) -> Self {
        let folder = Folder::new();
        folder.write("providers.d/acme.yaml", ACME);
        folder.write("portaria.yaml", settings);
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("{before}; exec \"$0\" serve --listen {listen}"), env!("CARGO_BIN_EXE_portaria")]);
        let log = std::fs::File::create(folder.0.join("log")).expect("a file can be made");
        command.current_dir(&folder.0).env_clear().stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("it speaks")).lines();
        let listening = lines.map_while(Result::ok).find(|line| line.starts_with("listening")).expect("it listens");
        let address = listening.split_whitespace().nth(1).expect("an address").trim_end_matches(';').to_owned();
        Self { child, address, folder }
    }

    /// What it wrote into its log.
    pub fn logged(&self) -> String {
        crate::support::text(&self.folder.0.join("log"))
    }

    pub fn connect(&self) -> TcpStream {
        let connection = TcpStream::connect(&self.address).expect("it listens");
        connection.set_read_timeout(Some(Duration::from_secs(20))).expect("a time can be set");
        connection
    }

    /// Everything that comes back for these bytes, until the other side closes.
    pub fn say(&self, bytes: &[u8]) -> String {
        let mut connection = self.connect();
        // It may close before all is said.
        let _ = connection.write_all(bytes);
        let _ = connection.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = connection.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub fn get(&self, target: &[u8], headers: &str) -> String {
        self.say(&[b"GET ", target, b" HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\n", headers.as_bytes(), b"\r\n"].concat())
    }

    pub fn is_alive(&self) {
        assert_eq!(status(&self.get(b"/health/live", "")), 200);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn status(answer: &str) -> u16 {
    answer.strip_prefix("HTTP/1.1 ").or_else(|| answer.strip_prefix("HTTP/1.0 ")).and_then(|rest| rest[..3].parse().ok()).unwrap_or(0)
}

/// How many answers there are.
fn answers(text: &str) -> usize {
    text.matches("HTTP/1.1 ").count()
}

/// Attack H-01
/// Lessons 127, 128
#[test]
fn requests_that_can_be_read_in_two_ways_are_read_in_none() {
    let portaria = Running::start();
    let hidden = "GET /login HTTP/1.1\r\nHost: localhost:8080\r\n\r\n";

    for (what, head) in [
        ("both lengths", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        ("both, the other way", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
        ("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n"),
        ("the same length twice", "Content-Length: 5\r\nContent-Length: 5\r\n"),
        ("a list of lengths", "Content-Length: 5,5\r\n"),
        ("a signed length", "Content-Length: +5\r\n"),
        ("a negative length", "Content-Length: -5\r\n"),
        ("a length in hex", "Content-Length: 0x5\r\n"),
        ("a length with a blank", "Content-Length: 5 5\r\n"),
        ("an endless length", "Content-Length: 99999999999999999999999\r\n"),
        ("an unknown coding", "Transfer-Encoding: xchunked\r\n"),
        ("two codings", "Transfer-Encoding: chunked, identity\r\n"),
        ("chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        ("a coding over two lines", "Transfer-Encoding:\r\n chunked\r\n"),
        ("a blank before the colon", "Content-Length : 5\r\n"),
        ("a name with a blank", "X Y: 5\r\n"),
        ("no name", ": x\r\n"),
        ("a zero in a value", "X: a\0b\r\n"),
        ("a lone return in a value", "X: a\rb\r\n"),
        ("two hosts", "Host: evil.example\r\n"),
        ("a bare line end behind a header", "X: a\n"),
        ("a bare line end in a value", "X: a\nContent-Length: 5\r\n"),
        ("a bare line end before the body", "X: a\n\nGET /login HTTP/1.1\r\n"),
    ] {
        let bytes = format!("POST /logout HTTP/1.1\r\nHost: localhost:8080\r\n{head}\r\n{hidden}");
        let answer = portaria.say(bytes.as_bytes());
        assert_eq!((status(&answer), answers(&answer)), (400, 1), "{what}: {answer}");
    }
    for (what, body) in [
        ("a size that is none", "zz\r\nx\r\n0\r\n\r\n"),
        ("a negative size", "-1\r\nx\r\n0\r\n\r\n"),
        ("an endless size", "ffffffffffffffffff\r\nx\r\n0\r\n\r\n"),
        ("a size that lies", "1\r\nxyz\r\n0\r\n\r\n"),
        ("a bare line end behind a size", "1\nx\r\n0\r\n\r\n"),
        ("a bare line end behind a chunk", "1\r\nx\n0\r\n\r\n"),
        ("a bare line end in a trailer", "1\r\nx\r\n0\r\nX: a\n\r\n"),
        ("a return in the size", "1\r1\r\nx\r\n0\r\n\r\n"),
        ("a zero in an extension", "1;a\0\r\nx\r\n0\r\n\r\n"),
    ] {
        let answer = portaria
            .say(format!("POST /logout HTTP/1.1\r\nHost: localhost:8080\r\nTransfer-Encoding: chunked\r\n\r\n{body}{hidden}").as_bytes());
        assert!(matches!(status(&answer), 0 | 400 | 413), "{what}: {answer}");
        assert!(answers(&answer) <= 1, "{what}: {answer}");
    }
    portaria.is_alive();
}

/// Attacks H-08, H-12
/// Lesson 116
#[test]
fn what_is_no_request_is_none() {
    let portaria = Running::start();

    for (what, bytes) in [
        ("an old protocol", &b"GET /login\r\n\r\n"[..]),
        ("a coming one", b"GET /login HTTP/3.0\r\nHost: localhost:8080\r\n\r\n"),
        ("another one", b"GET /login HTTQ/1.1\r\nHost: localhost:8080\r\n\r\n"),
        ("no path", b"GET HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"),
        ("a blank in the path", b"GET /a b HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"),
        ("bytes", b"\x00\x01\x02\xff\xfe\r\n\r\n"),
        ("a greeting of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
        ("a zero in the path", b"GET /\0 HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"),
    ] {
        let answer = portaria.say(bytes);
        assert!(matches!(status(&answer), 0 | 400 | 404 | 505), "{what}: {answer}");
        assert!(!answer.contains("Set-Cookie") && !answer.contains("panicked"), "{what}: {answer}");
    }
    for (what, bytes, expected) in [
        ("no host", &b"GET /login HTTP/1.1\r\nConnection: close\r\n\r\n"[..], &[400, 421][..]),
        ("no host, in the old way", b"GET /login HTTP/1.0\r\n\r\n", &[421]),
        (
            "another host in the address",
            b"GET http://evil.example/login HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\n\r\n",
            &[421],
        ),
        (
            "another host beside the address",
            b"GET http://localhost:8080/login HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
            &[421],
        ),
        ("a tunnel", b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\n\r\n", &[400, 404, 405, 421]),
        ("a star", b"OPTIONS * HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\n\r\n", &[400, 404, 405]),
    ] {
        let answer = portaria.say(bytes);
        assert!(expected.contains(&status(&answer)), "{what}: {answer}");
    }
    portaria.is_alive();
}

/// Attacks H-06, H-09, H-13
/// Lesson 150
#[test]
fn paths_mean_what_they_say() {
    let portaria = Running::start();

    for path in [
        "/login/../metrics",
        "/x/%2e%2e/login",
        "//login",
        "/login/",
        "/login//acme",
        "/./login",
        "/login%2facme",
        "/login/acme/",
        "/LOGIN",
        "/login;x=y",
        "/login%00",
        "/login%20",
        "/login/%2e%2e/session",
        "/callback/acme/x/y",
        "/.env",
        "/.git/config",
        "/admin",
        "/debug",
        "/providers.d/acme.yaml",
        "/portaria.yaml",
        "/data/portaria.db",
        "/data/master.key",
        "/logo/..%2f..%2fdata%2fmaster.key",
        "/logo/%2e%2e%2fportaria",
        "/%ff%fe",
        "/%",
        "/%zz",
        "/\u{e9}",
        "/embed.js/",
        "/health",
        "/health/live/x",
        "/health/../login",
        "/auth%2fx",
        "/authx",
        "/aut%68x",
    ] {
        let answer = portaria.get(path.as_bytes(), "");
        assert!(matches!(status(&answer), 400 | 404), "{path}: {answer}");
        assert!(!answer.to_lowercase().contains("set-cookie"), "{path}: {answer}");
    }
    portaria.is_alive();
}

/// Attacks H-03, H-04
/// Lesson 146
#[test]
fn what_is_too_large_is_said_to_be_so_quickly() {
    let portaria = Running::start();
    let many: String = (0..90).map(|at| format!("X-{at}: {}\r\n", "y".repeat(300))).collect();
    let too_many: String = (0..300).map(|at| format!("X-{at}: y\r\n")).collect();

    for (what, answer, expected) in [
        ("a long address", portaria.get(format!("/login?x={}", "a".repeat(20_000)).as_bytes(), ""), &[414][..]),
        ("a very long address", portaria.get(format!("/login?x={}", "a".repeat(1 << 20)).as_bytes(), ""), &[0, 400, 414, 431]),
        ("large headers", portaria.get(b"/login", &many), &[431]),
        ("one large header", portaria.get(b"/login", &format!("X: {}\r\n", "y".repeat(60_000))), &[431]),
        ("a very large header", portaria.get(b"/login", &format!("X: {}\r\n", "y".repeat(1 << 20))), &[0, 400, 431]),
        ("too many headers", portaria.get(b"/login", &too_many), &[0, 400, 431]),
    ] {
        assert!(expected.contains(&status(&answer)), "{what}: {}", &answer[..answer.len().min(300)]);
    }
    for path in ["/logout", "/session/validate", "/callback/acme", "/login", "/nowhere"] {
        let mut connection = portaria.connect();
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 104857600\r\n\r\n");
        connection.write_all(head.as_bytes()).expect("it listens");
        let mut answer = [0; 512];
        let read = connection.read(&mut answer).expect("an answer, though nothing more is sent");
        let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
        assert_eq!(status(&answer), 413, "{path}: nobody waits for the rest: {answer}");
    }
    for path in ["/logout", "/session/validate", "/callback/acme"] {
        for coding in ["gzip", "br", "deflate", "zstd", "gzip, gzip", "x"] {
            let answer = portaria.say(format!("POST {path} HTTP/1.1\r\nHost: localhost:8080\r\nContent-Encoding: {coding}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nxx").as_bytes());
            assert_eq!(status(&answer), 415, "{path}: {answer}");
        }
    }
    portaria.is_alive();
}

/// Attack L-02
#[test]
fn no_header_is_smuggled_into_an_answer() {
    let portaria = Running::start();

    for wanted in nasty_addresses().iter().step_by(3).map(String::as_str).chain([
        "%0d%0aSet-Cookie:%20evil=1",
        "\r\nSet-Cookie: evil=1",
        "x HTTP/1.1\r\nX: y",
        "\u{10a}\u{10d}Set-Cookie: evil=1",
    ]) {
        for path in ["/login?return_to=", "/login/acme?return_to=", "/callback/acme?error=", "/login?lang="] {
            let answer = portaria.get(format!("{path}{wanted}").as_bytes(), "");
            let head = answer.split("\r\n\r\n").next().unwrap_or_default();
            // The attempt cookie is sealed: by chance its letters may spell any word.
            let mut headers = head.lines().filter(|line| !line.starts_with("set-cookie: portaria-attempt-"));
            assert!(headers.all(|line| !line.to_lowercase().contains("evil")), "{path}{wanted:?}: {head}");
            assert!(matches!(status(&answer), 0 | 200 | 303 | 400 | 404), "{path}{wanted:?}: {head}");
        }
    }
    portaria.is_alive();
}

/// Attack H-08
#[test]
fn a_thousand_requests_in_one_breath_are_answered_in_order() {
    let portaria = Running::start();
    let one = "GET /session HTTP/1.1\r\nHost: localhost:8080\r\n\r\nGET /health/live HTTP/1.1\r\nHost: localhost:8080\r\n\r\n";
    let last = "GET /nowhere HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\n\r\n";

    let answer = portaria.say(format!("{}{last}", one.repeat(500)).as_bytes());

    let all: Vec<u16> = answer.match_indices("HTTP/1.1 ").map(|(at, _)| status(&answer[at..])).collect();
    assert_eq!(all.len(), 1001);
    assert!(all[..1000].chunks(2).all(|pair| pair == [401, 200]) && all[1000] == 404);
}

/// Attack H-02
#[test]
fn who_says_nothing_for_long_is_left_and_others_are_not_kept_waiting() {
    let portaria = Running::start();
    let began = portaria::world::clock::instant();
    let mut idle: Vec<TcpStream> = (0..200).map(|_| portaria.connect()).collect();
    for (at, connection) in idle.iter_mut().enumerate() {
        let part = &b"GET /login HTTP/1.1\r\nHost: localhost:8080\r\nX: "[..at % 46];
        connection.write_all(part).expect("it listens");
    }

    for _ in 0..50 {
        portaria.is_alive();
    }
    assert!(began.elapsed() < Duration::from_secs(8), "the others were not kept waiting");

    let slow = idle.iter_mut().map(|connection| connection.read(&mut [0; 16])).filter(Result::is_err).count();
    assert_eq!(slow, 0, "all of them were told or left");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

/// Attack H-07
#[test]
fn http_2_is_not_spoken() {
    let portaria = Running::start();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    // Settings, then a head that goes on in a thousand frames.
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let frames: Vec<u8> = (0..1000_u32).flat_map(|_| [0, 0, 4, 9, 0, 0, 0, 0, 1, 0x82, 0x86, 0x84, 0x41]).collect();

    let answer = portaria.say(&[&preface[..], &settings[..], &frames].concat());
    assert!(matches!(status(&answer), 400 | 505) && answers(&answer) == 1, "{answer}");
    let head = "GET /login HTTP/1.1\r\nHost: localhost:8080\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
    let answer = portaria.say(head.as_bytes());
    assert_eq!((status(&answer), answers(&answer)), (200, 1), "the offer is not taken: {answer}");
    portaria.is_alive();
}
