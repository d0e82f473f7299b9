//! A browser: it keeps cookies, begins logins and comes back.

use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::{HOST, TestBroker};
use actix_web::http::header::HeaderMap;
use portaria::login::attempt::{Attempt, Entropy};
use portaria::web::attempt_cookies::{self, LoginPurpose};
use portaria::web::cookies::RequestCookies;
use portaria::world::random;
use std::rc::Rc;

/// A browser with its cookies.
#[derive(Clone)]
pub struct Browser {
    broker: TestBroker,
    host: String,
    /// From where it asks; this machine if nothing is said.
    from: Option<String>,
    /// Its cookies.
    pub jar: Rc<std::cell::RefCell<Vec<(String, String)>>>,
}

/// A login that has begun.
#[derive(Clone)]
pub struct BegunLogin {
    /// The answer that began it.
    pub answer: Answer,
    /// The state that travels.
    pub state: String,
    /// The parameters of the redirect.
    pub query: Vec<(String, String)>,
}

impl Browser {
    /// A fresh one.
    pub fn new(broker: &TestBroker) -> Self {
        Self::at(broker, HOST)
    }

    /// A fresh one for another store.
    pub fn at(broker: &TestBroker, host: &str) -> Self {
        Self { broker: broker.clone(), host: host.to_owned(), from: None, jar: Rc::default() }
    }

    /// The same in another network.
    pub fn from(self, peer: &str) -> Self {
        Self { from: Some(peer.to_owned()), ..self }
    }

    /// The line of its cookies.
    pub fn cookies(&self) -> String {
        self.jar.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// The cookies of attempts that it has.
    pub fn attempts(&self) -> Vec<(String, String)> {
        self.jar.borrow().iter().filter(|(name, _)| name.contains("portaria-attempt-")).cloned().collect()
    }

    /// A request as this browser sends it.
    pub fn dressed(&self, ask: ClientRequest) -> ClientRequest {
        let cookies = self.cookies();
        let ask = ask.with("host", &self.host);
        let ask = match &self.from {
            Some(peer) => ask.from(peer),
            None => ask,
        };
        if cookies.is_empty() { ask } else { ask.with("cookie", cookies) }
    }

    /// Takes over what an answer sets.
    pub fn keep(&self, answer: &Answer) {
        let mut jar = self.jar.borrow_mut();
        for (name, value, attributes) in answer.cookies() {
            jar.retain(|(other, _)| other != name);
            if !attributes.contains("Max-Age=0") {
                jar.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// Asks with its cookies and keeps what comes back.
    pub async fn ask(&self, ask: ClientRequest) -> Answer {
        let answer = self.broker.ask(self.dressed(ask)).await;
        self.keep(&answer);
        answer
    }

    /// Asks for a page.
    pub async fn get(&self, address: &str) -> Answer {
        self.ask(ClientRequest::get(address)).await
    }

    /// Begins a login.
    pub async fn begin(&self, address: &str) -> BegunLogin {
        let answer = self.get(address).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let url = url::Url::parse(answer.location().expect("it leads somewhere")).expect("an address");
        let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let state = query.iter().find(|(name, _)| name == "state").map_or_else(String::new, |(_, value)| value.clone());
        BegunLogin { answer, state, query }
    }

    /// Puts the half of an attempt into the browser that began at another time; answers with the other half.
    pub fn began_at(&self, provider: &str, started: i64) -> String {
        let front = self.broker.front(&self.host);
        let listing = front.providers.snapshot();
        let offer = listing.provider(provider).expect("it is offered");
        let installation = offer.installation(&front.store.public_url);
        let attempt = Attempt::new(&offer.provider, &installation, &Entropy(random::bytes()), started, Vec::new());
        let (nothing, keys) = (HeaderMap::new(), self.broker.app.signing.keys(&front.store.name));
        let kept = attempt_cookies::new_attempt_cookies(
            (&self.broker.app.attempts, keys.as_deref()),
            &front.store,
            RequestCookies::new(&nothing),
            &attempt,
            offer,
            LoginPurpose::default(),
            random::bytes(),
        )
        .expect("it is short");
        let line = kept[0].to_str().expect("cookies are plain");
        let (pair, _) = line.split_once("; ").expect("it has attributes");
        let (name, value) = pair.split_once('=').expect("it has a name");
        self.jar.borrow_mut().push((name.to_owned(), value.to_owned()));
        attempt.state.to_string()
    }

    /// The address by which the provider sends the browser back.
    pub fn way_back(&self, provider: &str, state: &str, who: &str) -> String {
        format!("/callback/{provider}?code={}&state={state}", self.broker.code(who))
    }

    /// A whole login.
    pub async fn log_in(&self, provider: &str, who: &str) -> Answer {
        let begun = self.begin(&format!("/login/{provider}")).await;
        self.get(&self.way_back(provider, &begun.state, who)).await
    }

    /// Who is signed in, if anybody.
    pub async fn who(&self) -> Option<String> {
        let answer = self.get("/session").await;
        answer.json()["email"].as_str().map(str::to_owned)
    }
}
