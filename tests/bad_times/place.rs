//! The program itself as a process of its own, what it stands on, and a browser that speaks to it in bytes.

use crate::command_line::portaria;
use crate::database::Server;
use crate::web::client_request::Answer;
use crate::web::test_broker::{Folder, STANDARD};
use crate::web::test_provider::TestProvider;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria::directory::StorageLocation;
use portaria::world::{clock, random};
use rusqlite::Connection as FileConnection;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use std::collections::HashSet;
use std::fs::File;
use std::future::Future;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SETTINGS: &str = "publicUrl: http://localhost:8080\nreturnTo: [ http://localhost:9000 ]\nlimits: off\n";

/// What a broker stands on: a folder, a storage, and a provider beside it.
pub struct Place {
    pub folder: Folder,
    pub upstream: TestProvider,
    pub storage: StorageLocation,
    pub master: String,
}

impl Place {
    /// With a file.
    pub fn on_sqlite() -> Self {
        let folder = Folder::new();
        let file = folder.0.join("portaria.db");
        Self::at(folder, StorageLocation::File(file))
    }

    /// With a database of the server that all tests share.
    pub fn on_postgres() -> Self {
        Self::on(Server::shared())
    }

    /// With a database of this server.
    pub fn on(server: &Server) -> Self {
        let (_, storage) = wait(server.database());
        Self::at(Folder::new(), storage)
    }

    /// With a database that was made before.
    pub fn with_storage(storage: StorageLocation) -> Self {
        Self::at(Folder::new(), storage)
    }

    /// With a storage that another broker made, and the master key that it had.
    pub fn taken_over(folder: Folder, storage: StorageLocation, master: &str) -> Self {
        Self { master: master.to_owned(), ..Self::at(folder, storage) }
    }

    fn at(folder: Folder, storage: StorageLocation) -> Self {
        let secret = format!("{}{}", random::id(), random::id());
        let upstream = TestProvider::open(&secret, "acme");
        folder.write("secrets/acme", &secret);
        folder.write("providers.d/acme.yaml", &STANDARD.replace("UPSTREAM", &upstream.url()).replace("SECRET", "file:secrets/acme"));
        let place = Self { folder, upstream, storage, master: format!("{}{}", random::id(), random::id()) };
        place.set("");
        place
    }

    /// Settles something more.
    pub fn set(&self, more: &str) {
        self.folder.write("portaria.yaml", &format!("{SETTINGS}{more}"));
    }

    /// Starts the program.
    pub fn start(&self) -> Broker {
        self.start_as(&[], &[])
    }

    /// Starts it by other words in front, with variables of its own.
    pub fn start_as(&self, before: &[&str], variables: &[(&str, &str)]) -> Broker {
        let log = File::options().create(true).append(true).open(self.folder.0.join("log")).expect("a log can be written");
        self.start_with(before, variables, log.into())
    }

    /// Starts it with its log going elsewhere.
    pub fn start_with(&self, before: &[&str], variables: &[(&str, &str)], log: Stdio) -> Broker {
        let started = self.try_start_with(&self.storage_flag(), before, variables, log);
        started.unwrap_or_else(|| panic!("it listens: {}", self.logged()))
    }

    /// Starts it with another way to its storage, if it can be started.
    pub fn try_start_at(&self, storage: &str) -> Option<Broker> {
        let log = File::options().create(true).append(true).open(self.folder.0.join("log")).expect("a log can be written");
        self.try_start_with(storage, &[], &[], log.into())
    }

    fn try_start_with(&self, storage: &str, before: &[&str], variables: &[(&str, &str)], log: Stdio) -> Option<Broker> {
        let program = env!("CARGO_BIN_EXE_portaria");
        let words: Vec<&str> = before.iter().copied().chain([program, "serve", "--listen", "127.0.0.1:0", "--storage", storage]).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(&self.folder.0).env_clear().env("PORTARIA_MASTER_KEY", &self.master);
        // Its provider is on this machine; to read what the world trusts takes half of a start.
        command.env("SSL_CERT_FILE", "/dev/null");
        command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it speaks")).lines().map_while(Result::ok);
        let Some(listening) = lines.find(|line| line.starts_with("listening")) else {
            // It has ended by itself.
            let _ = child.wait();
            return None;
        };
        let address = listening.split_whitespace().nth(1).expect("an address").trim_end_matches(';').to_owned();
        Some(Broker { address, child: Arc::new(Mutex::new(child)) })
    }

    /// The storage as the flag `--storage` takes it.
    pub fn storage_flag(&self) -> String {
        match &self.storage {
            StorageLocation::File(file) => format!("sqlite:{}", file.display()),
            StorageLocation::Server(address) => address.clone(),
        }
    }

    /// Runs another command of the program on the same storage, and answers with the JSON that it prints.
    pub fn run(&self, words: &[&str]) -> Value {
        let storage = self.storage_flag();
        let (flags, rest) = words.split_at(words.iter().position(|word| *word == "--").unwrap_or(words.len()));
        let words = [flags, &["--json", "--storage", &storage], rest].concat();
        let (code, out, err) = portaria(&self.folder.0, &words, &[("PORTARIA_MASTER_KEY", &self.master)]);
        assert_eq!(code, 0, "{words:?}: {out}{err}");
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{words:?}: {error}: {out}"))
    }

    /// Runs another command of the program with the same master key: its exit code, what it prints and what it complains about.
    pub fn call(&self, words: &[&str]) -> (i32, String, String) {
        portaria(&self.folder.0, words, &[("PORTARIA_MASTER_KEY", &self.master)])
    }

    /// The same place with another storage.
    pub fn moved_to(self, storage: StorageLocation) -> Self {
        Self { storage, ..self }
    }

    /// The same place with another master key.
    pub fn with_other_key(self) -> Self {
        Self { master: format!("{}{}", random::id(), random::id()), ..self }
    }

    /// What it says instead of a start.
    pub fn refuses_to_start(&self) -> String {
        let words = ["serve", "--listen", "127.0.0.1:0", "--storage", &self.storage_flag()];
        let (code, out, err) = portaria(&self.folder.0, &words, &[("PORTARIA_MASTER_KEY", &self.master)]);
        assert_eq!(code, 3, "{out}{err}");
        err
    }

    /// Starts it so that no file of it grows beyond so many blocks of 512 bytes.
    pub fn start_with_room(&self, blocks: &str) -> Broker {
        self.start_as(&["sh", "-c", "trap '' XFSZ; ulimit -S -f \"$0\"; exec \"$@\"", blocks], &[])
    }

    /// What all brokers of this place have logged.
    pub fn logged(&self) -> String {
        let bytes = portaria::world::files::read_bytes(&self.folder.0.join("log"), 1 << 26).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A number from the storage, asked past all brokers.
    pub fn count(&self, sql: &'static str, with: &str) -> i64 {
        match &self.storage {
            StorageLocation::File(file) => {
                let connection = FileConnection::open(file).expect("a file");
                connection.query_row(sql, [with], |row| row.get(0)).expect("a number")
            }
            StorageLocation::Server(address) => wait(async {
                let mut connection = PgConnection::connect(address).await.expect("a server");
                sqlx::query_scalar(sql).bind(with).fetch_one(&mut connection).await.expect("a number")
            }),
        }
    }

    /// Nothing that is kept is half of something, and no one's code was shown to the provider twice.
    pub fn assert_whole(&self) {
        let halves = "SELECT (SELECT count(*) FROM users u WHERE NOT EXISTS (SELECT 1 FROM identities i WHERE i.uid = u.uid)) \
             + (SELECT count(*) FROM identities i WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.uid = i.uid)) \
             + (SELECT count(*) FROM sessions s WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.uid = s.uid)) \
             + (SELECT count(*) FROM sessions s WHERE s.sid IN (SELECT e.sid FROM ends e)) \
             + (SELECT count(*) FROM users WHERE uid = $1)";
        assert_eq!(self.count(halves, ""), 0, "something is half-made");
        if self.storage.file().is_some() {
            assert_eq!(self.count("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok' AND $1 = ''", ""), 0);
        }
        let heard = self.upstream.heard();
        let verifiers: Vec<String> = heard.iter().filter_map(|heard| heard.field("code_verifier")).collect();
        assert_eq!(verifiers.iter().collect::<HashSet<_>>().len(), verifiers.len(), "an attempt was used twice");
        assert!(!self.logged().contains("panicked"), "{}", self.logged());
    }
}

/// The program while it runs.
#[derive(Clone)]
pub struct Broker {
    pub address: String,
    child: Arc<Mutex<Child>>,
}

impl Broker {
    /// Ends it at once, as a power cut would.
    pub fn kill(&self) {
        let mut child = self.child.lock().expect("no thread panics while it holds the lock");
        child.kill().expect("it can be ended");
        child.wait().expect("it ends");
    }

    /// Asks it to end.
    pub fn ask_to_end(&self) {
        self.signal("-TERM");
    }

    /// Sends it a signal, as `kill` writes it.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.id().to_string()]).status();
        assert!(sent.expect("kill is there").success());
    }

    /// How much memory it has, in bytes.
    pub fn resident(&self) -> u64 {
        let pages = crate::support::text(std::path::Path::new(&format!("/proc/{}/statm", self.id())));
        4096 * pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("a number")
    }

    /// How long processors have worked for it.
    pub fn processor_time(&self) -> Duration {
        let told = crate::support::text(std::path::Path::new(&format!("/proc/{}/stat", self.id())));
        let after_name = told.rsplit_once(')').expect("its name is in brackets").1;
        let ticks = |at: usize| -> u64 { after_name.split_whitespace().nth(at).and_then(|ticks| ticks.parse().ok()).expect("a number") };
        // Linux tells it in hundredths of a second.
        Duration::from_millis(10 * (ticks(11) + ticks(12)))
    }

    fn id(&self) -> u32 {
        self.child.lock().expect("no thread panics while it holds the lock").id()
    }

    /// Lets its files grow up to so many bytes, or takes that away.
    pub fn give_room(&self, bytes: &str) {
        let given = Command::new("prlimit").args(["--pid", &self.id().to_string(), &format!("--fsize={bytes}:")]).status();
        assert!(given.expect("prlimit is there").success());
    }

    /// Whether its process is there.
    pub fn lives(&self) -> bool {
        self.child.lock().expect("no thread panics while it holds the lock").try_wait().expect("it can be asked").is_none()
    }

    /// Asks; `None` when no whole answer comes back.
    pub fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Option<Answer> {
        self.ask_host("localhost:8080", method, target, headers)
    }

    /// The same under another host.
    pub fn ask_host(&self, host: &str, method: &str, target: &str, headers: &[(&str, &str)]) -> Option<Answer> {
        let mut connection = TcpStream::connect(&self.address).ok()?;
        connection.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        let length = if method == "POST" { "Content-Length: 0\r\n" } else { "" };
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{length}{headers}\r\n");
        connection.write_all(head.as_bytes()).ok()?;
        let mut bytes = Vec::new();
        // What came before it broke off counts.
        let _ = connection.read_to_end(&mut bytes);
        read(&String::from_utf8_lossy(&bytes))
    }

    /// The status of a check with these cookies.
    pub fn auth(&self, cookies: &str) -> u16 {
        self.ask("GET", "/auth", &[("Cookie", cookies)]).map_or(0, |answer| answer.status)
    }

    /// Whether it says that it can do its work.
    pub fn is_ready(&self) -> bool {
        self.ask("GET", "/health/ready", &[]).is_some_and(|answer| answer.status == 200)
    }
}

/// The one who started it ends it.
pub struct Ending(pub Broker);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.kill();
    }
}

/// Reads an answer.
pub fn read(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    Some(Answer { status, headers, body: body.to_owned() })
}

/// The storage is away, in words for people.
pub fn assert_away(answer: &Answer) {
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(answer.session().is_none() && answer.body.contains("</html>"), "{answer:?}");
}

/// A browser with its cookies.
#[derive(Clone, Default)]
pub struct Browser(Vec<(String, String)>);

impl Browser {
    /// The line of its cookies.
    pub fn cookies(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Asks as a browser does and keeps what comes back.
    pub fn ask(&mut self, broker: &Broker, method: &str, target: &str) -> Option<Answer> {
        let answer = broker.ask(method, target, &[("Cookie", &self.cookies()), ("Accept", "text/html")])?;
        for (name, value, attributes) in answer.cookies() {
            self.0.retain(|(other, _)| other != name);
            if !attributes.contains("Max-Age=0") {
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
        Some(answer)
    }

    /// Begins a login and answers with the way back, for a person.
    pub fn begin(&mut self, broker: &Broker, who: &str) -> String {
        self.try_begin(broker, who).unwrap_or_else(|answer| panic!("{answer:?}"))
    }

    /// Begins a login if the broker lets it begin.
    pub fn try_begin(&mut self, broker: &Broker, who: &str) -> Result<String, Answer> {
        let answer = self.ask(broker, "GET", "/login/acme").expect("an answer");
        if answer.status != 303 {
            return Err(answer);
        }
        let url = url::Url::parse(answer.location().expect("it leads somewhere")).expect("an address");
        let state = url.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
        Ok(format!("/callback/acme?code=acme-code-{who}&state={state}"))
    }

    /// A whole login, whatever comes of it.
    pub fn comes(&mut self, broker: &Broker, who: &str) -> Answer {
        let back = self.begin(broker, who);
        self.ask(broker, "GET", &back).expect("an answer")
    }

    /// A login that goes well, in a fresh browser.
    pub fn signed_in(broker: &Broker, who: &str) -> Self {
        let mut browser = Self::default();
        let answer = browser.comes(broker, who);
        assert_eq!((answer.status, answer.session().is_some()), (303, true), "{answer:?}");
        assert_eq!(broker.auth(&browser.cookies()), 200);
        browser
    }

    /// The id of its session.
    pub fn sid(&self) -> String {
        let token = &self.0.iter().find(|(name, _)| name == "portaria").expect("it is signed in").1;
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("claims")).expect("they are coded");
        let claims: Value = serde_json::from_slice(&claims).expect("JSON");
        claims["sid"].as_str().expect("an id").to_owned()
    }
}

/// Waits for something that is done beside the broker.
pub fn wait<T>(doing: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(doing)
}

/// Waits until something is so, and says how long that took.
pub fn until(what: &str, at_most: Duration, mut holds: impl FnMut() -> bool) -> Duration {
    let began = now();
    while !holds() {
        assert!(began.elapsed() < at_most, "it did not come to be within {at_most:?} that {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
    began.elapsed()
}

/// A moment to measure from.
pub fn now() -> Instant {
    clock::instant()
}

/// A number by chance.
pub fn chance(below: u64) -> u64 {
    u64::from_le_bytes(random::bytes()) % below
}
