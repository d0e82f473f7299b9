//! PostgreSQL for tests: one server for all of them, a database of its own for each; or a server that may be ill-treated. And what may
//! stand in front of a server: a pooler, or a relay that counts.

use crate::support::root;
use portaria::directory::StorageLocation;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, SqlSafeStr as _};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

/// A server.
pub struct Server {
    folder: String,
    talk: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    _process: Child,
}

/// Starts a script of tests/ that runs for as long as its input is open: the folder that it names, and the script.
fn start_script(name: &str, words: &[&str]) -> (String, ChildStdin, BufReader<ChildStdout>, Child) {
    let mut command = Command::new(root().join("tests").join(name));
    let mut process = command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a script of tests/ can be started");
    let say = process.stdin.take().expect("it listens");
    let mut hear = BufReader::new(process.stdout.take().expect("it speaks"));
    let mut folder = String::new();
    hear.read_line(&mut folder).expect("it says where it is");
    assert!(!folder.is_empty(), "what tests/{name} starts is there: `tests/run` installs it");
    (folder.trim().to_owned(), say, hear, process)
}

impl Server {
    /// A new one. It ends with the test that has it, or with the process.
    pub fn new() -> Self {
        Self::started_with(&[])
    }

    /// A standby of this server, which follows it.
    pub fn standby(&self) -> Self {
        Self::started_with(&[&self.folder])
    }

    fn started_with(words: &[&str]) -> Self {
        let (folder, say, hear, process) = start_script("postgres", words);
        Self { folder, talk: Mutex::new((say, hear)), _process: process }
    }

    /// The one for all tests that let it be.
    pub fn shared() -> &'static Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(Self::new)
    }

    /// Gives an order: `stop`, `start`, `freeze`, `thaw`, `kill` or `promote`.
    pub fn order(&self, order: &str) {
        let mut talk = self.talk.lock().expect("no thread panics while it holds the lock");
        writeln!(talk.0, "{order}").expect("it listens");
        let mut answer = String::new();
        talk.1.read_line(&mut answer).expect("it answers");
        assert_eq!(answer, "done\n");
    }

    fn address(&self, database: &str) -> String {
        format!("postgres://portaria@localhost/{database}?host={}", self.folder)
    }

    /// A conversation beside the broker.
    pub async fn connect(&self, database: &str) -> PgConnection {
        PgConnection::connect(&self.address(database)).await.expect("the server answers")
    }

    /// A fresh database: its name, and where it is.
    pub async fn database(&self) -> (String, StorageLocation) {
        let name = format!("t{}", portaria::world::random::id().to_lowercase().replace(['-', '_'], "x"));
        let mut connection = self.connect("postgres").await;
        let create = format!("CREATE DATABASE {name}");
        sqlx::query(AssertSqlSafe(create).into_sql_str()).execute(&mut connection).await.expect("a database can be made");
        let storage = self.storage(&name);
        (name, storage)
    }

    /// Where a database of this server is.
    pub fn storage(&self, database: &str) -> StorageLocation {
        StorageLocation::Server(self.address(database))
    }

    /// The file of its socket.
    pub fn socket(&self) -> PathBuf {
        Path::new(&self.folder).join(".s.PGSQL.5432")
    }
}

/// `PgBouncer` in transaction mode, in front of the server that all tests share.
pub struct Pooler {
    folder: String,
    _say: ChildStdin,
    _process: Child,
}

impl Pooler {
    /// The one for all tests.
    pub fn shared() -> &'static Self {
        static POOLER: OnceLock<Pooler> = OnceLock::new();
        POOLER.get_or_init(|| {
            let (folder, say, _, process) = start_script("pgbouncer", &[&Server::shared().folder]);
            Self { folder, _say: say, _process: process }
        })
    }

    /// A database of the server, through the pooler.
    pub fn storage(&self, database: &str) -> StorageLocation {
        StorageLocation::Server(format!("postgres://portaria@localhost/{database}?host={}&port=6432", self.folder))
    }
}

/// A port of this machine that leads to the socket of a server. It notes what is sent to the server.
pub struct Relay {
    pub port: u16,
    sent: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    /// It relays until the process ends.
    pub fn before(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let relay = Self { port: listener.local_addr().expect("it has a port").port(), sent: Arc::default() };
        let (socket, sent) = (server.socket(), Arc::clone(&relay.sent));
        std::thread::spawn(move || {
            for from in listener.incoming().map_while(Result::ok) {
                // A server that is away refuses; so does the relay.
                let Ok(to) = UnixStream::connect(&socket) else { continue };
                let _ = from.set_nodelay(true);
                let (back_from, back_to) = (to.try_clone().expect("a socket"), from.try_clone().expect("a socket"));
                let sent = Arc::clone(&sent);
                std::thread::spawn(move || note_messages(from, to, &sent));
                std::thread::spawn(move || copy(back_from, back_to));
            }
        });
        relay
    }

    /// What was sent since the last time, a text for each journey: the statements of a simple query, or `sync`.
    pub fn take_sent(&self) -> Vec<String> {
        std::mem::take(&mut self.sent.lock().expect("no thread panics while it holds the lock"))
    }
}

fn copy(mut from: UnixStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
}

/// The statements of a message, with the text of what a session has prepared before in place of its name.
fn expand(text: &str, prepared: &mut BTreeMap<String, String>) -> String {
    let mut expand_one = |statement: &str| {
        let name = |rest: &str| rest.split([' ', '(']).next().unwrap_or_default().to_owned();
        if let Some(rest) = statement.strip_prefix("PREPARE ") {
            prepared.insert(name(rest), rest.split_once(" AS ").expect("a statement").1.to_owned());
            return String::new();
        }
        statement.strip_prefix("EXECUTE ").map_or(statement.to_owned(), |rest| prepared.get(&name(rest)).expect("it is prepared").clone())
    };
    text.split("; ").map(&mut expand_one).filter(|statement| !statement.is_empty()).collect::<Vec<_>>().join("; ")
}

/// Passes on what a client sends. A message has a letter and a length; the first messages of a connection have a length only.
fn note_messages(mut from: TcpStream, mut to: UnixStream, sent: &Mutex<Vec<String>>) {
    let (mut is_started, mut prepared) = (false, BTreeMap::new());
    let mut pass = || -> Option<()> {
        let mut head = vec![0; if is_started { 5 } else { 4 }];
        from.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes(head[head.len() - 4..].try_into().expect("four bytes"));
        let mut body = vec![0; usize::try_from(length).expect("a length").checked_sub(4)?];
        from.read_exact(&mut body).ok()?;
        if is_started {
            let note = |text: String| sent.lock().expect("no thread panics while it holds the lock").push(text);
            match head[0] {
                b'Q' => note(expand(String::from_utf8_lossy(&body).trim_end_matches('\0'), &mut prepared)),
                b'S' => note("sync".to_owned()),
                _ => {}
            }
        }
        // A wish for TLS is answered, and then the client says who it is.
        is_started |= body.get(..4) != Some(&80_877_103_u32.to_be_bytes());
        to.write_all(&[head, body].concat()).ok()
    };
    while pass().is_some() {}
    let _ = to.shutdown(Shutdown::Both);
}
