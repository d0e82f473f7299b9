//! A provider that knows which subject it issued for which attempt, and hears who shows what.

use crate::checker::history::{Line, What};
use crate::checker::proxy::{FaultProxy, Target};
use crate::web::test_provider::{ReceivedRequest, TestProvider, answer, json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portaria::world::random;
use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

/// How it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    #[default]
    Honest,
    /// It answers that it is broken.
    Broken,
    /// It sends each client to an address that no file names.
    Elsewhere,
    /// It answers with half of an answer.
    Half,
}

impl Mood {
    pub const BAD: [Self; 3] = [Self::Broken, Self::Elsewhere, Self::Half];
}

#[derive(Default)]
struct Issued {
    mood: Mood,
    /// The state and the subject of each code; a code is taken once.
    codes: HashMap<String, (String, String)>,
    taken: HashMap<String, usize>,
    /// The subject of each access token.
    tokens: HashMap<String, String>,
}

/// The provider, and the proxy in front of it.
pub struct ScriptedProvider {
    pub name: &'static str,
    pub proxy: FaultProxy,
    pub secret: String,
    upstream: TestProvider,
    issued: Arc<Mutex<Issued>>,
}

impl ScriptedProvider {
    pub fn open(name: &'static str, elsewhere: &str) -> Self {
        let secret = format!("{name}-secret-{}{}", random::id(), random::id());
        let upstream = TestProvider::open(&secret, name);
        let address = upstream.url()["http://".len()..].parse().expect("an address");
        let issued = Arc::new(Mutex::new(Issued::default()));
        for path in ["/token", "/me"] {
            let (issued, elsewhere) = (Arc::clone(&issued), elsewhere.to_owned());
            let shown = [form_secret(&secret), basic_secret(&secret)];
            upstream.answers(path, move |heard, to| {
                let answer = issued.lock().expect("no one panics here").respond(heard, &shown, &elsewhere);
                let _ = to.write_all(&answer);
            });
        }
        Self { name, proxy: FaultProxy::open(Target::Port(address)), secret, upstream, issued }
    }

    /// The address as the broker knows it.
    pub fn host(&self) -> String {
        self.proxy.address.to_string()
    }

    /// A code for a subject, who came with this state.
    pub fn issue(&self, state: &str, subject: &str) -> String {
        let code = format!("{}-code-{}", self.name, random::id());
        self.issued.lock().expect("no one panics here").codes.insert(code.clone(), (state.to_owned(), subject.to_owned()));
        code
    }

    pub fn set(&self, mood: Mood) {
        self.issued.lock().expect("no one panics here").mood = mood;
    }

    /// A line for each request: the code of a token call, and whose secrets it carried.
    pub fn heard(&self, all: &[ScriptedProvider]) -> Vec<Line> {
        let issued = self.issued.lock().expect("no one panics here");
        let heard = self.upstream.heard().into_iter().map(|heard| {
            let code = heard.field("code").unwrap_or_default();
            let state = issued.codes.get(&code).map(|(state, _)| state.clone()).unwrap_or_default();
            line(self.name, heard.header("host") == Some(&self.host()), &heard, all, (code, state))
        });
        heard.collect()
    }
}

/// What came to a place that no file names.
pub fn heard_elsewhere(elsewhere: &TestProvider, all: &[ScriptedProvider]) -> Vec<Line> {
    elsewhere.heard().iter().map(|heard| line("elsewhere", true, heard, all, Default::default())).collect()
}

fn line(at: &str, is_its_host: bool, heard: &ReceivedRequest, all: &[ScriptedProvider], (code, state): (String, String)) -> Line {
    let sent = format!("{:?} {} {}", heard.headers, heard.query, heard.body);
    let is_shown = |provider: &&ScriptedProvider| {
        let secret = &provider.secret;
        let of_it = |kind: &str| sent.contains(&format!("{}-{kind}-", provider.name));
        sent.contains(&**secret) || sent.contains(&basic_secret(secret)) || of_it("code") || of_it("at")
    };
    let secrets = all.iter().filter(is_shown).map(|provider| provider.name.to_owned()).collect();
    let place = if is_its_host { at.to_owned() } else { format!("{at} under another name") };
    let is_token_call = heard.path == "/token";
    Line { what: if is_token_call { What::TokenCall } else { What::OtherCall }, provider: place, code, state, secrets, ..Line::default() }
}

fn form_secret(secret: &str) -> String {
    format!("client_secret={secret}")
}

fn basic_secret(secret: &str) -> String {
    STANDARD.encode(format!("loja-42:{secret}"))
}

/// The address of a subject: every fourth shares that of the one before.
fn email(subject: &str) -> String {
    let number: usize = subject.trim_start_matches('p').parse().expect("subjects are numbered");
    format!("p{}@clientes.example", if number % 4 == 3 { number - 1 } else { number })
}

impl Issued {
    fn respond(&mut self, heard: &ReceivedRequest, shown: &[String], elsewhere: &str) -> Vec<u8> {
        let honest = self.honest(heard, shown);
        match self.mood {
            Mood::Honest => honest,
            Mood::Broken => json(500, "{}"),
            Mood::Elsewhere => answer(307, &format!("Location: {elsewhere}{}\r\n", heard.path), b""),
            Mood::Half => honest[..honest.len() - 9].to_vec(),
        }
    }

    fn honest(&mut self, heard: &ReceivedRequest, shown: &[String]) -> Vec<u8> {
        let authorization = heard.header("authorization").unwrap_or_default();
        if heard.path == "/token" {
            let is_client = shown.iter().any(|secret| heard.body.contains(secret) || authorization.contains(secret));
            let code = heard.field("code").filter(|_| is_client).unwrap_or_default();
            let Some((_, subject)) = self.codes.get(&code).cloned() else { return json(400, "{\"error\":\"invalid_grant\"}") };
            let taken = self.taken.entry(code).or_default();
            *taken += 1;
            if *taken > 1 {
                return json(400, "{\"error\":\"invalid_grant\"}");
            }
            let token = format!("{}-at-{}", shown[0].trim_start_matches("client_secret=").split('-').next().expect("a name"), random::id());
            self.tokens.insert(token.clone(), subject);
            return json(200, &format!("{{\"access_token\":\"{token}\",\"token_type\":\"Bearer\"}}"));
        }
        match authorization.strip_prefix("Bearer ").and_then(|token| self.tokens.get(token)) {
            Some(subject) => {
                json(200, &format!("{{\"id\":\"{subject}\",\"email\":\"{}\",\"verified\":true,\"name\":\"{subject}\"}}", email(subject)))
            }
            None => json(401, "{\"error\":\"invalid_token\"}"),
        }
    }
}
