//! A provider of our own on this machine: it counts what it is asked, is honest unless it is told otherwise, and answers in bytes.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request as the provider heard it.
#[derive(Clone, Debug, Default)]
pub struct ReceivedRequest {
    /// The method.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// The query.
    pub query: String,
    /// The headers, their names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl ReceivedRequest {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| &**value)
    }

    /// The fields of its form.
    pub fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }

    /// A field of its form.
    pub fn field(&self, name: &str) -> Option<String> {
        self.form().into_iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }
}

/// What is answered to a request.
pub type Script = Arc<dyn Fn(&ReceivedRequest, &mut TcpStream) + Send + Sync>;

/// The provider.
pub struct TestProvider {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    heard: Mutex<Vec<ReceivedRequest>>,
    connections: AtomicUsize,
    closed: AtomicBool,
    scripts: Mutex<HashMap<String, Script>>,
    secret: String,
    mark: String,
}

impl TestProvider {
    /// Opens it. Codes are `mark-code-` and a name; the client has to show the secret.
    pub fn open(secret: &str, mark: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it listens");
        let shared = Arc::new(Shared { secret: secret.to_owned(), mark: mark.to_owned(), ..Shared::default() });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for connection in listener.incoming() {
                if serving.closed.load(Ordering::SeqCst) {
                    return;
                }
                serving.connections.fetch_add(1, Ordering::SeqCst);
                let serving = Arc::clone(&serving);
                thread::spawn(move || connection.map(|connection| serving.serve(connection)));
            }
        });
        Self { address, shared }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on a path is answered by this.
    pub fn answers(&self, path: &str, script: impl Fn(&ReceivedRequest, &mut TcpStream) + Send + Sync + 'static) {
        self.shared.scripts.lock().expect("no thread panics while it holds the lock").insert(path.to_owned(), Arc::new(script));
    }

    /// From now on a path is answered by these bytes.
    pub fn says(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        self.answers(path, move |_, to| drop(to.write_all(&bytes)));
    }

    /// It is honest again.
    pub fn is_honest(&self) {
        self.shared.scripts.lock().expect("no thread panics while it holds the lock").clear();
    }

    /// What it was asked.
    pub fn heard(&self) -> Vec<ReceivedRequest> {
        self.shared.heard.lock().expect("no thread panics while it holds the lock").clone()
    }

    /// How often it was asked for a path.
    pub fn asked(&self, path: &str) -> usize {
        self.heard().iter().filter(|heard| heard.path == path).count()
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for TestProvider {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        // The listener notices when a person comes.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn serve(&self, mut connection: TcpStream) {
        let Some(heard) = hear(&mut connection) else { return };
        self.heard.lock().expect("no thread panics while it holds the lock").push(heard.clone());
        let script = self.scripts.lock().expect("no thread panics while it holds the lock").get(&heard.path).cloned();
        match script {
            Some(script) => script(&heard, &mut connection),
            None => drop(connection.write_all(&self.honest(&heard))),
        }
    }

    fn honest(&self, heard: &ReceivedRequest) -> Vec<u8> {
        let code = |text: &str, kind: &str| text.strip_prefix(&format!("{}-{kind}-", self.mark)).map(str::to_owned);
        match heard.path.as_str() {
            "/token" => {
                let is_fine = heard.field("client_secret").as_deref() == Some(&self.secret)
                    && heard.field("code_verifier").is_some_and(|verifier| verifier.len() == 43)
                    && heard.field("grant_type").as_deref() == Some("authorization_code");
                match heard.field("code").and_then(|text| code(&text, "code")).filter(|_| is_fine) {
                    Some(who) => json(200, &format!("{{\"access_token\":\"{}-at-{who}\",\"token_type\":\"Bearer\"}}", self.mark)),
                    None => json(400, "{\"error\":\"invalid_grant\"}"),
                }
            }
            "/me" => {
                let token = heard.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
                match token.and_then(|token| code(token, "at")) {
                    Some(who) => json(200, &person(&who)),
                    None => json(401, "{\"error\":\"invalid_token\"}"),
                }
            }
            _ => json(404, "{}"),
        }
    }
}

/// What an honest provider says of a person.
pub fn person(who: &str) -> String {
    format!("{{\"id\":\"id-{who}\",\"email\":\"{who}@clientes.example\",\"verified\":true,\"name\":\"{who} da Silva\"}}")
}

/// An answer in JSON.
pub fn json(status: u16, body: &str) -> Vec<u8> {
    answer(status, "Content-Type: application/json\r\n", body.as_bytes())
}

/// An answer with headers of one's own.
pub fn answer(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Stays silent until the other side gives up.
pub fn until_it_gives_up(to: &mut TcpStream) {
    while matches!(to.read(&mut [0; 64]), Ok(read) if read > 0) {}
}

fn hear(connection: &mut TcpStream) -> Option<ReceivedRequest> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        match connection.read(&mut part) {
            // A greeting of TLS is not understood here.
            Ok(read) if read > 0 && part[0] != 0x16 => bytes.extend_from_slice(&part[..read]),
            _ => return None,
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        match connection.read(&mut part) {
            Ok(read) if read > 0 => body.extend_from_slice(&part[..read]),
            _ => return None,
        }
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    Some(ReceivedRequest { method, path: path.to_owned(), query: query.to_owned(), headers, body })
}
