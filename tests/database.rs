//! PostgreSQL for tests: one server for all of them, a database of its own for each; or a server that may be ill-treated.

use crate::support::root;
use portaria::directory::StorageLocation;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, SqlSafeStr as _};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

/// A server.
pub struct Server {
    folder: String,
    talk: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    _process: Child,
}

impl Server {
    /// A new one. It ends with the test that has it, or with the process.
    pub fn new() -> Self {
        let mut process = Command::new(root().join("tests/postgres"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("tests/postgres can be started");
        let say = process.stdin.take().expect("it listens");
        let mut hear = BufReader::new(process.stdout.take().expect("it speaks"));
        let mut folder = String::new();
        hear.read_line(&mut folder).expect("it says where it is");
        assert!(!folder.is_empty(), "PostgreSQL is there: `tests/run` installs it, or `apt-get install postgresql`");
        Self { folder: folder.trim().to_owned(), talk: Mutex::new((say, hear)), _process: process }
    }

    /// The one for all tests that let it be.
    pub fn shared() -> &'static Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(Self::new)
    }

    /// Gives an order: `stop`, `start`, `freeze` or `thaw`.
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
        let storage = StorageLocation::Server(self.address(&name));
        (name, storage)
    }
}
