//! Clients that hold connections: with bodies without an end, with heads that never come, by taking no answer, or by being many.

use crate::web::raw_socket::{Running, status};
use portaria::commands::broker::Broker;
use portaria::world::clock;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

const HOST: &str = "Host: localhost:8080\r\n";

/// A connection that is held, and what came back so far.
struct HeldConnection {
    what: String,
    stream: TcpStream,
    /// What is sent again and again.
    drip: &'static [u8],
    answer: Vec<u8>,
    is_open: bool,
}

impl HeldConnection {
    fn new(portaria: &Running, what: String, first: &str, drip: &'static [u8]) -> Self {
        let mut stream = portaria.connect();
        stream.write_all(first.as_bytes()).expect("it listens");
        stream.set_nonblocking(true).expect("it does not wait");
        Self { what, stream, drip, answer: Vec::new(), is_open: true }
    }

    fn answer(&self) -> String {
        String::from_utf8_lossy(&self.answer).into_owned()
    }

    /// Sends a little more, and takes what is there.
    fn go_on(&mut self) {
        if !self.is_open {
            return;
        }
        let mut part = [0; 4096];
        loop {
            match self.stream.read(&mut part) {
                Ok(0) => self.is_open = false,
                Ok(read) => {
                    self.answer.extend(&part[..read]);
                    continue;
                }
                Err(error) => self.is_open = error.kind() == std::io::ErrorKind::WouldBlock,
            }
            break;
        }
        if !self.drip.is_empty() && self.is_open {
            self.is_open = self.stream.write(self.drip).is_ok();
        }
    }
}

/// Goes on for this long, or until all are closed. Returns those that are still open.
fn hold(held: &mut [HeldConnection], longest: Duration) -> Vec<String> {
    let began = clock::instant();
    while began.elapsed() < longest && held.iter().any(|connection| connection.is_open) {
        held.iter_mut().for_each(HeldConnection::go_on);
        sleep(Duration::from_millis(500));
    }
    held.iter().filter(|connection| connection.is_open).map(|connection| connection.what.clone()).collect()
}

/// Attack H-02
#[test]
fn no_body_holds_a_connection_whatever_the_route_and_its_framing() {
    rlimit::increase_nofile_limit(u64::MAX).expect("files can be opened");
    let portaria = Running::start();
    let mut held = Vec::new();
    for (pattern, allowed) in Broker::route_list() {
        let path = pattern.replace("{provider}", "acme").replace("{state}", "x").replace("{code}", "K7Q-2MD").replace("{file}", "x.txt");
        let path = path.split('{').next().unwrap_or_default();
        let allowed = allowed.split(", ").last().filter(|method| !method.is_empty()).unwrap_or("POST");
        for (framing, head, drip) in [
            ("chunks", "Transfer-Encoding: chunked\r\n", &b"1\r\nx\r\n"[..]),
            ("chunks that stop", "Transfer-Encoding: chunked\r\n", b""),
            ("a chunk size without an end", "Transfer-Encoding: chunked\r\n", b"0"),
            ("a length", "Content-Length: 9000\r\n", b"x"),
            ("a large length", "Content-Length: 99999999999\r\n", b"x"),
            ("chunks after 100", "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", b"1\r\nx\r\n"),
            ("a length after 100", "Expect: 100-continue\r\nContent-Length: 9000\r\n", b""),
            ("an upgrade", "Connection: upgrade\r\nUpgrade: websocket\r\n", b"x"),
        ] {
            for method in ["PUT", allowed] {
                let what = format!("{method} {path} with {framing}");
                held.push(HeldConnection::new(&portaria, what, &format!("{method} {path} HTTP/1.1\r\n{HOST}{head}\r\n"), drip));
            }
        }
    }
    let tunnel = format!("CONNECT localhost:8080 HTTP/1.1\r\n{HOST}\r\n");
    held.push(HeldConnection::new(&portaria, "a tunnel".to_owned(), &tunnel, b"x"));
    assert!(held.len() > 600, "{}", held.len());

    let open = hold(&mut held, Duration::from_secs(35));

    assert!(open.is_empty(), "{} of {} are open: {open:#?}", open.len(), held.len());
    for connection in &held {
        let answer = connection.answer();
        let answer = answer.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(&answer);
        // Where nothing stands behind the methods, the body counts as not there.
        assert!(status(answer) >= 200 && answer.to_lowercase().contains("connection: close"), "{}: {answer}", connection.what);
    }
    portaria.is_alive();
}

/// Attack H-02
#[test]
fn neither_a_later_head_nor_an_answer_that_is_not_taken_holds_a_connection() {
    let portaria = Running::start();
    let get = format!("GET /style.css HTTP/1.1\r\n{HOST}\r\n");
    let mut held = vec![
        HeldConnection::new(&portaria, "a second head".to_owned(), &format!("{get}GET /login HTTP/1.1\r\nX: "), b"x"),
        HeldConnection::new(&portaria, "empty lines".to_owned(), &format!("{get}\r\n"), b"\r\n"),
        HeldConnection::new(&portaria, "a first head".to_owned(), "GET /login HTTP/1.1\r\nX: ", b"x"),
        HeldConnection::new(&portaria, "nothing".to_owned(), "", b""),
    ];
    // Answers of more than the buffers of both sides hold, of which none is taken.
    let mut deaf = portaria.connect();
    deaf.set_write_timeout(Some(Duration::from_secs(1))).expect("a time can be set");
    let began = clock::instant();
    let many = get.repeat(100);
    while deaf.write_all(many.as_bytes()).is_ok() && began.elapsed() < Duration::from_secs(20) {}

    let open = hold(&mut held, Duration::from_secs(20));
    assert!(open.is_empty(), "{open:?}");
    assert!(held[0].answer().starts_with("HTTP/1.1 200"), "the first request was answered");
    assert_eq!(status(&held[2].answer()), 408);

    let is_ended = |error: std::io::Error| error.kind() != std::io::ErrorKind::WouldBlock;
    while began.elapsed() < Duration::from_secs(25) || !deaf.write(b"G").is_err_and(is_ended) {
        assert!(began.elapsed() < Duration::from_secs(70), "whoever takes no answer is left");
        sleep(Duration::from_millis(500));
    }
    portaria.is_alive();
}

/// Attack H-02
#[test]
fn one_client_has_so_many_connections_and_no_more() {
    let settings = "publicUrl: https://login.loja.example\ntrustedProxies: [ 192.0.2.7 ]\nlimits: { connections: 5 }\n";
    let portaria = Running::start_with(settings, "true");
    let mut idle: Vec<TcpStream> = (0..5).map(|_| portaria.connect()).collect();
    sleep(Duration::from_millis(500));

    for _ in 0..20 {
        let mut answer = String::new();
        let _ = portaria.connect().read_to_string(&mut answer);
        assert!(answer.is_empty() || status(&answer) == 503, "{answer}");
    }
    idle.pop();
    sleep(Duration::from_millis(500));

    portaria.is_alive();
}

/// Attack F-09
#[test]
fn where_files_are_scarce_connections_wait_and_everything_else_goes_on() {
    let portaria = Running::start_with("publicUrl: http://localhost:8080\nlimits: off\n", "ulimit -n 96");
    let idle: Vec<TcpStream> = (0..300).map(|_| portaria.connect()).collect();
    sleep(Duration::from_secs(1));
    let files = std::fs::read_dir(format!("/proc/{}/fd", portaria.child.id())).map_or(0, Iterator::count);
    assert!(files < 90, "{files} files are open, and some stay for storage and for calls");

    drop(idle);

    portaria.is_alive();
    assert!(!portaria.logged().contains("Too many open files"), "{}", portaria.logged());
}

#[test]
#[cfg(target_os = "linux")]
fn as_many_files_are_used_as_the_system_allows() {
    let portaria = Running::start_with("publicUrl: http://localhost:8080\n", "ulimit -Sn 64");

    let limits = crate::support::text(format!("/proc/{}/limits", portaria.child.id()).as_ref());

    let files: Vec<&str> = limits.lines().find(|line| line.starts_with("Max open files")).expect("a line").split_whitespace().collect();
    assert_eq!(files[3], files[4], "{files:?}");
}
