//! Two brokers, their database and their providers, each behind a proxy, and browsers.

use crate::bad_times::place::{Broker, Place, now, read, wait};
use crate::checker::history::{Line, Outcome, Token, What};
use crate::checker::provider::{Mood, ScriptedProvider, heard_elsewhere};
use crate::checker::proxy::{FaultProxy, Target, Weather};
use crate::database::Server;
use crate::web::client_request::Answer;
use crate::web::test_provider::TestProvider;
use portaria::directory::StorageLocation;
use sqlx::{Connection as _, PgConnection};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The stores, and the hosts by which they are distinguished.
pub const STORES: [(&str, &str); 2] = [("main", "localhost:8080"), ("atacado", "127.0.0.1:8080")];
const SETTINGS: &str = "session: { offline: 2s }
stores:
  atacado: { publicUrl: \"http://127.0.0.1:8080\", returnTo: [ http://localhost:9001 ] }
";
const BROWSERS: usize = 12;
/// Longer than a broker takes for anything.
const LONGEST: Duration = Duration::from_secs(25);

/// A browser of a store.
#[derive(Default)]
pub struct Browser {
    pub store: usize,
    jar: Mutex<Vec<(String, String)>>,
}

/// A login that was begun.
#[derive(Clone, Debug, Default)]
pub struct Begun {
    pub browser: usize,
    pub provider: usize,
    pub state: String,
    /// The session for which a way is added.
    pub link: String,
    pub code: String,
    pub subject: String,
    pub is_used: bool,
}

/// A broker while it runs, and which of its lives this is.
struct Running {
    broker: Broker,
    life: u32,
}

/// Everything.
pub struct World {
    pub place: Place,
    pub databases: [FaultProxy; 2],
    pub providers: [ScriptedProvider; 2],
    pub browsers: Vec<Browser>,
    pub begun: Mutex<Vec<Begun>>,
    /// Every session token there was.
    pub tokens: Mutex<Vec<String>>,
    /// There is one operator of the keys.
    pub operator: Mutex<()>,
    elsewhere: TestProvider,
    storages: [String; 2],
    brokers: [Mutex<Running>; 2],
    crashing: [Mutex<u32>; 2],
    history: Mutex<Vec<Line>>,
    began: Instant,
}

/// What one of the workers holds.
pub fn held<T>(of_all: &Mutex<T>) -> MutexGuard<'_, T> {
    of_all.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub fn new(server: &Server) -> Self {
        let place = Place::on(server);
        place.set(SETTINGS);
        let elsewhere = TestProvider::open("", "elsewhere");
        let providers = ["acme", "beta"].map(|name| ScriptedProvider::open(name, &elsewhere.url()));
        let StorageLocation::Server(address) = &place.storage else { unreachable!("it is PostgreSQL") };
        let (database, folder) = address.rsplit_once('/').and_then(|_| address.split_once("?host=")).expect("its address");
        let database = database.rsplit('/').next().expect("its name").to_owned();
        let socket = std::path::Path::new(folder).join(".s.PGSQL.5432");
        let databases = [(), ()].map(|()| FaultProxy::open(Target::Socket(socket.clone())));
        let storages = [0, 1].map(|at: usize| format!("postgres://portaria@{}/{database}?sslmode=disable", databases[at].address));
        let began = now();
        let history = Mutex::default();
        for provider in &providers {
            place.folder.write(&format!("secrets/{}", provider.name), &provider.secret);
            write_file(&place, provider, 0);
        }
        let mut lives = Vec::new();
        let brokers = [0, 1].map(|at: usize| {
            let start = micros(began);
            let broker = place.try_start_at(&storages[at]).unwrap_or_else(|| panic!("a broker starts: {}", place.logged()));
            lives.push(Line { what: What::Life, broker: at, start, end: micros(began), ..Line::default() });
            Mutex::new(Running { broker, life: 0 })
        });
        *held(&history) = lives;
        let browsers = (0..BROWSERS).map(|at| Browser { store: at % STORES.len(), ..Browser::default() }).collect();
        let (begun, tokens, operator, crashing) = Default::default();
        Self { place, databases, providers, browsers, begun, tokens, operator, elsewhere, storages, brokers, crashing, history, began }
    }

    pub fn now(&self) -> u64 {
        micros(self.began)
    }

    pub fn record(&self, line: Line) {
        held(&self.history).push(line);
    }

    /// Asks a broker; the line gets the times and the answer, and the caller records it.
    pub fn ask(&self, line: &mut Line, method: &str, target: &str, (cookies, body): (&str, &str)) -> Option<Answer> {
        let (broker, life) = {
            let running = held(&self.brokers[line.broker]);
            (running.broker.address.clone(), running.life)
        };
        let host = STORES.iter().find(|(name, _)| *name == line.store).expect("there is such a store").1;
        let sent = cookies.split("; ").find_map(|pair| pair.strip_prefix("portaria="));
        (line.life, line.start, line.sent) = (life, self.now(), sent.map(Token::read));
        let answer = exchange(&broker, host, method, target, cookies, body);
        line.end = self.now();
        let answer = match answer {
            Ok(answer) => answer,
            Err(outcome) => {
                line.outcome = outcome;
                // No one hurries where no one listens.
                std::thread::sleep(Duration::from_millis(60));
                return None;
            }
        };
        line.status = answer.status;
        answer.location().unwrap_or_default().split(['?', '#']).next().unwrap_or_default().clone_into(&mut line.to);
        line.opened = answer.session().map(Token::read);
        line.is_cleared = answer.cookies().iter().any(|(name, value, _)| *name == "portaria" && value.is_empty());
        held(&self.tokens).extend(answer.session().map(str::to_owned));
        Some(answer)
    }

    /// Asks as a browser, which keeps its cookies.
    pub fn browse(&self, line: &mut Line, method: &str, target: &str, body: &str) -> Option<Answer> {
        let browser = &self.browsers[line.browser];
        STORES[browser.store].0.clone_into(&mut line.store);
        let cookies = browser.cookies();
        let answer = self.ask(line, method, target, (&cookies, body))?;
        let mut jar = held(&browser.jar);
        for (name, value, attributes) in answer.cookies() {
            jar.retain(|(other, _)| other != name);
            if !attributes.contains("Max-Age=0") {
                jar.push((name.to_owned(), value.to_owned()));
            }
        }
        Some(answer)
    }

    /// Kills a broker and starts it again.
    pub fn crash(&self, worker: usize, at: usize) {
        let mut lives = held(&self.crashing[at]);
        let start = self.now();
        let broker = held(&self.brokers[at]).broker.clone();
        broker.kill();
        self.record(Line { what: What::Crash, worker, broker: at, life: *lives, start, end: self.now(), ..Line::default() });
        let (start, broker) = (0..30)
            .find_map(|_| {
                let start = self.now();
                let broker = self.place.try_start_at(&self.storages[at]);
                if broker.is_none() {
                    std::thread::sleep(Duration::from_millis(500));
                }
                Some((start, broker?))
            })
            .unwrap_or_else(|| panic!("a broker starts again: {}", self.place.logged()));
        *lives += 1;
        *held(&self.brokers[at]) = Running { broker, life: *lives };
        self.record(Line { what: What::Life, worker, broker: at, life: *lives, start, end: self.now(), ..Line::default() });
    }

    /// Writes a provider's file anew.
    pub fn touch(&self, provider: usize, version: usize) {
        write_file(&self.place, &self.providers[provider], version);
    }

    /// The weather is fair, everybody is honest, and both brokers are new and ready.
    pub fn calm(&self) {
        self.databases.iter().for_each(|proxy| proxy.set(Weather::Fair));
        for provider in &self.providers {
            provider.proxy.set(Weather::Fair);
            provider.set(Mood::Honest);
        }
        for at in 0..2 {
            self.crash(0, at);
        }
    }

    /// Ends both brokers; the history, in the order in which it ended.
    pub fn end(&self) -> Vec<Line> {
        self.brokers.iter().for_each(|running| held(running).broker.kill());
        let mut history = std::mem::take(&mut *held(&self.history));
        let mut found = self.stored();
        found.extend(self.providers.iter().flat_map(|provider| provider.heard(&self.providers)));
        found.extend(heard_elsewhere(&self.elsewhere, &self.providers));
        let end = self.now();
        history.extend(found.into_iter().map(|line| Line { start: end, end, ..line }));
        history.sort_by_key(|line| line.end);
        history
    }

    /// Users and identities in storage.
    pub fn stored(&self) -> Vec<Line> {
        let StorageLocation::Server(address) = &self.place.storage else { unreachable!("it is PostgreSQL") };
        wait(async {
            let mut connection = PgConnection::connect(address).await.expect("a server");
            let users = sqlx::query_as("SELECT uid, store, email FROM users WHERE email_verified = 1");
            let users: Vec<(String, String, String)> = users.fetch_all(&mut connection).await.expect("users");
            let identities = sqlx::query_as("SELECT uid, store, provider, provider_id FROM identities");
            let identities: Vec<(String, String, String, String)> = identities.fetch_all(&mut connection).await.expect("identities");
            let users = users.into_iter().map(|(key, store, note)| Line { what: What::User, key, store, note, ..Line::default() });
            let identities = identities.into_iter().map(|(key, store, provider, subject)| Line {
                what: What::Identity,
                key,
                store,
                provider,
                subject,
                ..Line::default()
            });
            users.chain(identities).collect()
        })
    }
}

impl Browser {
    pub fn cookies(&self) -> String {
        held(&self.jar).iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// The token of its session.
    pub fn session(&self) -> Option<String> {
        held(&self.jar).iter().find(|(name, _)| name == "portaria").map(|(_, value)| value.clone())
    }
}

fn micros(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_micros()).expect("it is soon")
}

fn write_file(place: &Place, provider: &ScriptedProvider, version: usize) {
    let (name, host) = (provider.name, provider.host());
    let credentials = if name == "beta" { ", credentials: basic" } else { "" };
    let text = format!(
        "name: Clube {name} {version}
clientId: loja-42
clientSecret: file:secrets/{name}
getAuthorizationCode: {{ get: \"http://{host}/entrar\", scope: perfil }}
getAccessCode: {{ post: \"http://{host}/token\"{credentials} }}
getUserInfo:
  get: http://{host}/me
  read: {{ id: $.id, email: $.email, emailVerified: $.verified, name: $.name }}
"
    );
    place.folder.write(&format!("providers.d/{name}.yaml"), &text);
}

/// One request and its answer.
fn exchange(address: &str, host: &str, method: &str, target: &str, cookies: &str, body: &str) -> Result<Answer, Outcome> {
    let mut connection = TcpStream::connect(address).map_err(|_| Outcome::NotAsked)?;
    let _ = connection.set_read_timeout(Some(LONGEST));
    let kind = if method == "POST" { "Content-Type: application/x-www-form-urlencoded\r\n" } else { "" };
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAccept: text/html\r\nCookie: {cookies}\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut bytes = Vec::new();
    let asked = connection.write_all(head.as_bytes()).and_then(|()| connection.read_to_end(&mut bytes));
    let answer = asked.ok().and_then(|_| read(&String::from_utf8_lossy(&bytes)));
    // An answer that breaks off says nothing.
    answer
        .filter(|answer| answer.header("content-length").is_none_or(|length| length.parse() == Ok(answer.body.len())))
        .ok_or(Outcome::Unknown)
}
