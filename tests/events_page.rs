//! The programs of `docs/events.md`, run as they stand on the page: they accept what the broker signs, and nothing else.

use crate::support::{root, text};
use crate::web::test_broker::Folder;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portaria::world::{clock, random};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The code of the block that holds this file.
fn program(name: &str) -> String {
    let page = text(&root().join("docs/events.md"));
    let (_, rest) = page.split_once(&format!(" {name}\n")).unwrap_or_else(|| panic!("the page has {name}"));
    rest.split("```").next().expect("a block ends").to_owned()
}

/// A receiver that runs; it ends with the test.
struct Receiver {
    child: Child,
    port: u16,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = (self.child.kill(), self.child.wait());
    }
}

impl Receiver {
    fn start(folder: &Folder, words: &[&str], secret: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port is free").port();
        let words: Vec<String> = words.iter().map(|word| word.replace("PORT", &port.to_string())).collect();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir(&folder.0).env("LOJA_EVENTS_SECRET", secret).env("PORT", port.to_string());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        let receiver = Self { child, port };
        for _ in 0..1000 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return receiver;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{words:?} does not listen");
    }

    /// The status of its answer.
    fn answer(&self, id: &str, timestamp: i64, signature: &str, body: &str) -> u16 {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        let head = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\nwebhook-id: {id}\r\n\
             webhook-timestamp: {timestamp}\r\nwebhook-signature: {signature}\r\n\r\n{body}",
            body.len()
        );
        connection.write_all(head.as_bytes()).expect("it takes the request");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("it answers");
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
    }
}

fn signature(key: &[u8], id: &str, timestamp: i64, body: &str) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
}

/// Attack G-01
#[test]
fn the_receivers_of_the_page_accept_what_is_signed_and_nothing_else() {
    let folder = Folder::new();
    let receivers: [(&str, &[&str]); 3] = [
        ("receiver.mjs", &["node", "receiver.mjs"]),
        ("receiver.py", &["python3", "receiver.py"]),
        ("receiver.php", &["php", "-S", "127.0.0.1:PORT", "receiver.php"]),
    ];
    for (name, words) in receivers {
        folder.write(name, &program(name));
        let is_there = Command::new(words[0]).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !is_there.is_ok_and(|status| status.success()) {
            continue;
        }
        let (key, other) = (random::bytes::<32>(), random::bytes::<32>());
        let receiver = Receiver::start(&folder, words, &format!("whsec_{}", STANDARD.encode(key)));
        let (now, body) = (clock::now(), r#"{"id":"a","type":"signIn","person":{"uid":"u","email":"joão@loja.example"}}"#);
        let signed = |at| signature(&key, "a", at, body);

        assert_eq!(receiver.answer("a", now, &signed(now), body), 204, "{name}");
        assert_eq!(receiver.answer("a", now, &signed(now), body), 204, "{name}: one that comes twice");
        let both = format!("{} {}", signature(&other, "a", now, body), signed(now));
        assert_eq!(receiver.answer("a", now, &both, body), 204, "{name}: while a secret is replaced");
        assert_eq!(receiver.answer("a", now, &signature(&other, "a", now, body), body), 400, "{name}: another secret");
        assert_eq!(receiver.answer("b", now, &signed(now), body), 400, "{name}: another id");
        assert_eq!(receiver.answer("a", now, &signed(now), &body.replace("joão", "rui")), 400, "{name}: another body");
        assert_eq!(receiver.answer("a", now - 400, &signed(now - 400), body), 400, "{name}: an old one");
        assert_eq!(receiver.answer("a", now, "v1,", body), 400, "{name}: no signature");
    }
}
