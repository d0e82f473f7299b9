//! What each operation does.

use crate::checker::generator::{Action, Operation, RACES};
use crate::checker::history::{Line, Token, What};
use crate::checker::provider::Mood;
use crate::checker::proxy::{FaultProxy, Weather};
use crate::checker::world::{Begun, STORES, World, held};
use aws_lc_rs::digest::{SHA256, digest};
use std::time::Duration;

/// A worker while it carries out its operations.
pub struct Worker<'w> {
    pub world: &'w World,
    pub number: usize,
}

/// How many people there are when so many operations were done.
const PEOPLE: usize = 12;

impl Worker<'_> {
    /// Carries out an operation; `at` is its place in the list.
    pub fn perform(&self, operation: &Operation, at: usize) {
        let (first, second) = (operation.picks[0], operation.picks[1]);
        let browser = first % self.world.browsers.len();
        match operation.action {
            Action::Start => drop(self.start(operation, browser)),
            Action::Callback => self.come_back(operation, browser, at, false),
            Action::Twice => self.come_back(operation, browser, at, true),
            Action::Replay => self.replay(operation),
            Action::Steal => self.steal(operation, browser, at),
            Action::Session => self.session(operation, browser),
            Action::Auth => self.auth(operation, browser, 0),
            Action::Foreign => self.auth(operation, browser, 1),
            Action::Logout => self.logout(operation, browser),
            Action::Revoke => self.revoke(operation, browser),
            Action::Link => self.link(operation, browser, at, None),
            Action::Unlink => self.unlink(operation, browser, at),
            Action::Race => self.race(operation, at),
            Action::Rotate => self.rotate(STORES[first % 2].0),
            Action::Retire => self.leak(operation, browser, at),
            Action::Reload => self.record(Line { what: What::Reload, ..Line::default() }, |_| self.world.touch(first % 2, second % 9)),
            Action::Mood => self.mood(operation),
            Action::Crash => self.world.crash(self.number, operation.broker),
            Action::Database => self.weather(What::Database, operation, &self.world.databases[operation.broker]),
            Action::Network => self.weather(What::Network, operation, &self.world.providers[first % 2].proxy),
        }
    }

    fn line(&self, what: What, operation: &Operation, browser: usize) -> Line {
        let store = STORES[self.world.browsers[browser].store].0.to_owned();
        Line { what, worker: self.number, broker: operation.broker, browser, store, ..Line::default() }
    }

    /// Does something, and records the line about it.
    fn record<T>(&self, mut line: Line, doing: impl FnOnce(&mut Line) -> T) {
        line.start = self.world.now();
        doing(&mut line);
        line.end = line.end.max(self.world.now());
        line.worker = self.number;
        self.world.record(line);
    }

    fn browse(&self, line: &mut Line, method: &str, target: &str, body: &str) {
        let _ = self.world.browse(line, method, target, body);
    }

    fn start(&self, operation: &Operation, browser: usize) -> Option<Begun> {
        let provider = operation.picks[1] % 2;
        let line = self.line(What::Start, operation, browser);
        self.begin(line, provider, "GET", &format!("/login/{}", self.world.providers[provider].name), "")
    }

    fn begin(&self, mut line: Line, provider: usize, method: &str, target: &str, body: &str) -> Option<Begun> {
        let answer = self.world.browse(&mut line, method, target, body);
        let location = answer.as_ref().and_then(|answer| url::Url::parse(answer.location()?).ok());
        let state = location.and_then(|url| Some(url.query_pairs().find(|(name, _)| name == "state")?.1.into_owned()));
        line.state = state.unwrap_or_default();
        self.world.providers[provider].name.clone_into(&mut line.provider);
        if line.what == What::StartLink {
            line.link = line.sent.as_ref().map(|sent| sent.sid.clone()).unwrap_or_default();
        }
        let begun = Begun { browser: line.browser, provider, state: line.state.clone(), link: line.link.clone(), ..Begun::default() };
        self.world.record(line);
        (!begun.state.is_empty()).then(|| {
            held(&self.world.begun).push(begun.clone());
            begun
        })
    }

    /// A login of this browser that was begun and not used yet, or a new one.
    fn unused(&self, operation: &Operation, browser: usize) -> Option<Begun> {
        let found = held(&self.world.begun).iter().rev().take(60).find(|begun| begun.browser == browser && !begun.is_used).cloned();
        found.or_else(|| self.start(operation, browser))
    }

    /// Lets the provider give a code for a subject.
    fn issue(&self, mut begun: Begun, operation: &Operation, at: usize) -> Begun {
        let provider = &self.world.providers[begun.provider];
        begun.subject = format!("p{}", operation.picks[2] % (PEOPLE + at / 40));
        begun.code = provider.issue(&begun.state, &begun.subject);
        begun.is_used = true;
        if let Some(kept) = held(&self.world.begun).iter_mut().find(|other| other.state == begun.state) {
            *kept = begun.clone();
        }
        let line = Line { browser: begun.browser, state: begun.state.clone(), ..self.line(What::Issue, operation, begun.browser) };
        let line = Line { code: begun.code.clone(), subject: begun.subject.clone(), provider: provider.name.to_owned(), ..line };
        self.record(line, |_| ());
        begun
    }

    fn callback(&self, operation: &Operation, begun: &Begun, browser: usize, broker: usize) {
        let name = self.world.providers[begun.provider].name;
        let Begun { state, code, subject, link, .. } = begun.clone();
        let target = format!("/callback/{name}?code={code}&state={state}");
        let line = Line { broker, provider: name.to_owned(), state, code, subject, link, ..self.line(What::Callback, operation, browser) };
        self.record(line, |line| self.browse(line, "GET", &target, ""));
    }

    fn come_back(&self, operation: &Operation, browser: usize, at: usize, at_both: bool) {
        let Some(begun) = self.unused(operation, browser) else { return };
        let begun = self.issue(begun, operation, at);
        std::thread::scope(|scope| {
            if at_both {
                scope.spawn(|| self.callback(operation, &begun, browser, 1 - operation.broker));
            }
            self.callback(operation, &begun, browser, operation.broker);
        });
    }

    fn replay(&self, operation: &Operation) {
        let used: Vec<Begun> = held(&self.world.begun).iter().rev().filter(|begun| begun.is_used).take(20).cloned().collect();
        let Some(begun) = operation.pick(0, &used) else { return };
        let mut begun = begun.clone();
        if operation.picks[1].is_multiple_of(2) {
            // A fresh code for a state that was used.
            begun = self.issue(begun, operation, 0);
        }
        self.callback(operation, &begun, begun.browser, operation.broker);
    }

    fn steal(&self, operation: &Operation, browser: usize, at: usize) {
        let Some(begun) = self.unused(operation, browser) else { return };
        let begun = self.issue(begun, operation, at);
        // Another browser of the same store.
        let thief = (browser + 2 * (1 + operation.picks[1] % 5)) % self.world.browsers.len();
        self.callback(operation, &begun, thief, operation.broker);
    }

    fn session(&self, operation: &Operation, browser: usize) {
        self.record(self.line(What::Session, operation, browser), |line| {
            let answer = self.world.browse(line, "GET", "/session", "")?;
            if answer.status == 200 {
                let described = answer.json();
                let text = |name: &str| described[name].as_str().unwrap_or_default().to_owned();
                let (uid, email, provider) = (text("uid"), text("email"), text("provider"));
                line.described =
                    Some(Token { uid, email, provider, subject: text("providerUserId"), store: text("store"), ..Token::default() });
            }
            Some(())
        });
    }

    /// Any session there was, or that of the browser, is shown to its store or another.
    fn auth(&self, operation: &Operation, browser: usize, by: usize) {
        let recent: Vec<String> = held(&self.world.tokens).iter().rev().take(40).cloned().collect();
        let chosen =
            if operation.picks[1].is_multiple_of(2) { self.world.browsers[browser].session() } else { operation.pick(2, &recent).cloned() };
        let Some(raw) = chosen else { return };
        self.check(operation.broker, &raw, by, false);
    }

    /// Shows a session to a broker.
    pub fn check(&self, broker: usize, raw: &str, by: usize, is_last: bool) {
        let store = STORES.iter().position(|(name, _)| *name == Token::read(raw).store).unwrap_or_default();
        let store = STORES[(store + by) % 2].0.to_owned();
        self.record(Line { what: What::Auth, broker, store, is_last, ..Line::default() }, |line| {
            let answer = self.world.ask(line, "GET", "/auth", (&format!("portaria={raw}"), ""))?;
            if answer.status == 200 {
                let text = |name: &str| answer.header(name).unwrap_or_default().to_owned();
                let (uid, email, provider) = (text("x-auth-uid"), text("x-auth-email"), text("x-auth-provider"));
                line.described = Some(Token { uid, email, provider, store: text("x-auth-store"), ..Token::default() });
            }
            Some(())
        });
    }

    /// The account page of the signed-in user: the values of a field, in their order.
    fn page(&self, operation: &Operation, browser: usize) -> Option<String> {
        let answer = self.world.browse(&mut self.line(What::Session, operation, browser), "GET", "/account", "")?;
        (answer.status == 200).then_some(answer.body)
    }

    fn logout(&self, operation: &Operation, browser: usize) {
        let before = self.world.browsers[browser].session();
        self.record(self.line(What::Logout, operation, browser), |line| self.browse(line, "POST", "/logout", ""));
        if let Some(raw) = before {
            self.check(operation.broker, &raw, 0, false);
        }
    }

    fn revoke(&self, operation: &Operation, browser: usize) {
        let Some(form) = self.page(operation, browser).and_then(|page| fields(&page, "form").pop()) else { return };
        let line = self.line(What::Revoke, operation, browser);
        self.record(line, |line| self.browse(line, "POST", "/account/sign-out", &format!("form={form}")));
    }

    /// Links an identity; beside it, while the browser comes back, something else is done.
    fn link(&self, operation: &Operation, browser: usize, at: usize, beside: Option<Operation>) {
        let Some(form) = self.page(operation, browser).and_then(|page| fields(&page, "form").pop()) else { return };
        let provider = operation.picks[1] % 2;
        let target = format!("/account/link/{}", self.world.providers[provider].name);
        let line = self.line(What::StartLink, operation, browser);
        let Some(begun) = self.begin(line, provider, "POST", &target, &format!("form={form}")) else { return };
        let begun = self.issue(begun, operation, at);
        std::thread::scope(|scope| {
            if let Some(beside) = beside {
                scope.spawn(move || {
                    std::thread::sleep(Duration::from_millis(beside.picks[2] as u64 % 110));
                    self.perform(&beside, at);
                });
            }
            self.callback(operation, &begun, browser, operation.broker);
        });
    }

    fn unlink(&self, operation: &Operation, browser: usize, at: usize) {
        let Some(page) = self.page(operation, browser) else { return };
        let (form, ways) = (fields(&page, "form").pop().unwrap_or_default(), fields(&page, "way"));
        let Some(way) = operation.pick(1, &ways) else { return };
        let all = (0..PEOPLE + at / 40 + 8).flat_map(|number| ["acme", "beta"].map(|provider| (provider, format!("p{number}"))));
        let (provider, subject) = all.into_iter().find(|(provider, subject)| handle(provider, subject) == *way).expect("it is a person's");
        let line = Line { provider: provider.to_owned(), subject, ..self.line(What::Unlink, operation, browser) };
        self.record(line, |line| self.browse(line, "POST", "/account/unlink", &format!("form={form}&way={way}")));
    }

    /// Two things at once in one browser, or the newest person comes in by two.
    fn race(&self, operation: &Operation, at: usize) {
        let (one, other) = *operation.pick(1, &RACES).expect("there are some");
        let [first, second, third] = operation.picks;
        let third = if second.is_multiple_of(3) { third } else { PEOPLE + at / 40 - 1 };
        let elsewhere = if one == other { first + 2 } else { first };
        let one = Operation { action: one, picks: [first, second / 10, third], ..*operation };
        let other = Operation { action: other, broker: 1 - operation.broker, picks: [elsewhere, second / 7, operation.picks[2]] };
        if one.action == Action::Link && other.action != Action::Link {
            if self.world.browsers[first % self.world.browsers.len()].session().is_none() {
                self.come_back(operation, first % self.world.browsers.len(), at, false);
            }
            return self.link(&one, first % self.world.browsers.len(), at, Some(other));
        }
        let other = Operation { picks: [elsewhere, second / 7, third], ..other };
        std::thread::scope(|scope| {
            scope.spawn(move || self.perform(&other, at));
            self.perform(&one, at);
        });
    }

    /// Publishes a key; where one is published already, the time has passed until it signs.
    fn rotate(&self, store: &str) {
        let _alone = held(&self.world.operator);
        self.record(Line { what: What::Rotate, store: store.to_owned(), ..Line::default() }, |line| {
            let older = "WITH aged AS (UPDATE signing_keys SET since = since - 1000 WHERE state = 'next' AND store = $1 RETURNING 1) SELECT count(*) FROM aged";
            self.world.place.count(older, store);
            let report = self.world.place.run(&["keys", "rotate", "--store", store]);
            (line.note, line.key, line.status) = (report["what"].to_string(), text(&report["id"]), 200);
        });
    }

    /// A key has leaked; the other broker may be cut off from the news.
    fn leak(&self, operation: &Operation, browser: usize, at: usize) {
        if operation.picks[1].is_multiple_of(2) {
            return self.retire(operation, browser, at);
        }
        let there = 1 - operation.broker;
        self.record(Line { what: What::Database, broker: there, note: "Silent".to_owned(), ..Line::default() }, |_| {
            self.world.databases[there].set(Weather::Silent);
            self.retire(operation, browser, at);
            self.world.databases[there].set(Weather::Fair);
        });
    }

    /// Retires the key that signs; who comes in anew leaves at once at the other broker.
    fn retire(&self, operation: &Operation, browser: usize, at: usize) {
        let store = STORES[self.world.browsers[browser].store].0;
        let alone = held(&self.world.operator);
        let keys = self.world.place.run(&["keys", "list", "--store", store]);
        let signs = keys["keys"].as_array().into_iter().flatten().find(|key| key["state"] == "active").map(|key| text(&key["id"]));
        let Some(key) = signs else { return };
        self.record(Line { what: What::Retire, store: store.to_owned(), key: key.clone(), ..Line::default() }, |line| {
            line.status = 200;
            self.world.place.run(&["keys", "retire", "--yes", "--store", store, "--", &key])
        });
        drop(alone);
        for browser in [browser, browser + 2].map(|browser| browser % self.world.browsers.len()) {
            // What was begun under the old key is void.
            self.start(operation, browser);
            self.come_back(operation, browser, at, false);
            self.logout(&Operation { broker: 1 - operation.broker, ..*operation }, browser);
        }
    }

    fn mood(&self, operation: &Operation) {
        let provider = &self.world.providers[operation.picks[0] % 2];
        let mood = *operation.pick(1, &Mood::BAD).expect("there are some");
        let line = Line { what: What::Mood, provider: provider.name.to_owned(), note: format!("{mood:?}"), ..Line::default() };
        self.record(line, |_| {
            provider.set(mood);
            std::thread::sleep(Duration::from_millis(300));
            provider.set(Mood::Honest);
        });
    }

    fn weather(&self, what: What, operation: &Operation, proxy: &FaultProxy) {
        let weathers = [
            Weather::Fair,
            Weather::Slow(20 + operation.picks[1] as u64 % 130),
            Weather::Silent,
            Weather::Refusing,
            Weather::Short(operation.picks[2] % 900),
        ];
        // Now and then much longer than checks are answered from memory.
        let is_long = what == What::Database && operation.picks[1].is_multiple_of(6);
        let weather = if is_long { Weather::Silent } else { *operation.pick(2, &weathers).expect("there are some") };
        let lasting = if is_long { 9000 } else { 100 + operation.picks[1] as u64 % 1200 };
        self.record(Line { what, broker: operation.broker, note: format!("{weather:?}"), ..Line::default() }, |_| {
            proxy.set(weather);
            if weather != Weather::Silent {
                proxy.cut(operation.picks[0].is_multiple_of(2));
            }
            std::thread::sleep(Duration::from_millis(lasting));
            if what == What::Database {
                // Before it learns what has ended meanwhile.
                let recent: Vec<String> = held(&self.world.tokens).iter().rev().skip(10).take(120).cloned().collect();
                recent.iter().for_each(|raw| self.check(operation.broker, raw, 0, false));
            }
            proxy.set(Weather::Fair);
        });
    }
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The values of the fields of this name on a page.
fn fields(page: &str, name: &str) -> Vec<String> {
    let mark = format!("name=\"{name}\" value=\"");
    page.split(&mark).skip(1).map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
}

/// How the account page names an identity.
fn handle(provider: &str, subject: &str) -> String {
    let hash = digest(&SHA256, format!("{provider}\n{subject}").as_bytes());
    hash.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}
