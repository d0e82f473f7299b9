//! What the broker asks: each call is matched with a login under way and with the next call that the file makes in it.

use crate::provider::facts::Facts;
use crate::provider::step::Step;
use crate::simulated::simulation::authorization::address_for_log;
use crate::simulated::simulation::compare::as_sentence;
use crate::simulated::simulation::replacements::replace_text;
use crate::simulated::simulation::request::ReceivedRequest;
use crate::simulated::simulation::response::SimulatedResponse;
use crate::simulated::simulation::state::SimulatedLogin;
use crate::simulated::simulation::{Simulation, SimulationContext, expectation};
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::Response;
use crate::workbench::examples::difference::Difference;
use crate::workbench::examples::replay;
use std::time::Duration;

/// How many logins are looked at for a request that names none of them.
const LOOKED_AT: usize = 20;
/// How long an answer takes that comes too late.
const LATE: Duration = Duration::from_secs(15);
/// How old the moment in a request may be, in seconds.
const RECENT: i64 = 120;

/// How a request fits a login.
enum CallMatch {
    /// It is this call, and these facts are known now.
    Next(usize, Facts),
    /// It is this call once more.
    Again(usize),
    /// It is none; it comes nearest to this call, and this differs.
    None(usize, Vec<Difference>),
}

impl Simulation {
    /// Answers a call, or says what differs from what the file sends.
    pub(super) fn answer_call(&self, found: &ReceivedRequest, here: SimulationContext<'_>) -> SimulatedResponse {
        let what = format!("{} {}", crate::simulated::simulation::compare::excerpt(&found.method), address_for_log(found));
        if let Some(document) = self.published_document(found, here) {
            return document.with_log_line(format!("accepted  {what} (a document)"));
        }
        let mut under_way = self.lock_state();
        under_way.remove_expired(here.now);
        let values = found.values();
        let holds_code = |code: &String| values.iter().any(|value| value.contains(&**code));
        let holds_token = |token: &Text| values.iter().any(|value| token.find_in(value).is_some());
        let named = under_way
            .logins
            .iter()
            .rposition(|login| login.code.as_ref().is_some_and(holds_code) || login.token.as_ref().is_some_and(holds_token));
        let candidates: Vec<usize> = match named {
            Some(at) => vec![at],
            None => (0..under_way.logins.len()).rev().take(LOOKED_AT).collect(),
        };
        let mut nearest: Option<(usize, usize, Vec<Difference>)> = None;
        for at in candidates {
            match self.match_call(&under_way.logins[at], found, here) {
                CallMatch::Next(call, facts) => {
                    let login = &mut under_way.logins[at];
                    let step = &self.provider.calls[call];
                    return self
                        .answer_as_recorded(login, call, facts, here)
                        .with_log_line(format!("accepted  {what} ({})", step.kind.word()));
                }
                CallMatch::Again(call) => {
                    let why = "this call was made before, and a code works once";
                    let told = format!("refused   {what} ({}): {why}", self.provider.calls[call].kind.word());
                    return self.refuse_call(call, &under_way.logins[at].facts, "invalid_grant", why, here).with_log_line(told);
                }
                CallMatch::None(call, differences) => {
                    let is_nearer = nearest.as_ref().is_none_or(|(.., nearest)| differences.len() < nearest.len());
                    if is_nearer {
                        nearest = Some((at, call, differences));
                    }
                }
            }
        }
        match nearest {
            Some((at, call, differences)) if !differences.is_empty() => {
                let why = as_sentence(&differences);
                let told = format!("refused   {what} ({}): {why}", self.provider.calls[call].kind.word());
                self.refuse_call(call, &under_way.logins[at].facts, "invalid_request", &why, here).with_log_line(told)
            }
            _ => {
                let why = "no login under way waits for this request";
                SimulatedResponse::oauth_error("invalid_request", why).with_log_line(format!("refused   {what}: {why}"))
            }
        }
    }

    /// What anybody may fetch: the issuer's document, and the keys.
    fn published_document(&self, found: &ReceivedRequest, here: SimulationContext<'_>) -> Option<SimulatedResponse> {
        if found.method != "GET" {
            return None;
        }
        let installation = self.installation(here);
        if let Some((address, mut document)) = self.discovery_document(&installation, here.now)
            && address == found.address
        {
            if !here.base.is_empty() {
                rewrite_endpoints(&mut document, here.base);
            }
            return Some(SimulatedResponse::document(&document));
        }
        let nobody = expectation::attempt_from_request(&self.provider, &installation, &ReceivedRequest::empty(), here.now);
        let own = self.known_facts(&nobody, &installation, here);
        let under_way = self.lock_state();
        let all = std::iter::once(&own).chain(under_way.logins.iter().map(|login| &login.facts));
        let is_keys = |facts: &Facts| {
            self.provider.steps().filter_map(|step| step.signed()?.keys_address(facts)).any(|address| address == found.address)
        };
        let is_there = all.into_iter().any(is_keys);
        drop(under_way);
        is_there.then(|| SimulatedResponse::document(&self.key_set(&own, here.now)))
    }

    fn match_call(&self, login: &SimulatedLogin, found: &ReceivedRequest, here: SimulationContext<'_>) -> CallMatch {
        let moments = match login.moment {
            Some(moment) => moment..=moment,
            None => (login.sent_back - 1).max(here.now - RECENT)..=here.now,
        };
        let mut nearest: Option<(usize, Vec<Difference>)> = None;
        let expect = |step: &Step| expectation::check_request(&self.provider, step, &login.facts, found, moments.clone());
        let calls = || self.provider.calls.iter().enumerate();
        for (at, step) in calls().skip(login.position).filter(|_| !login.over) {
            if !step.should_call(&login.facts) {
                continue;
            }
            match expect(step) {
                Ok(facts) => return CallMatch::Next(at, facts),
                Err(differences) if nearest.as_ref().is_none_or(|(_, nearest)| differences.len() < nearest.len()) => {
                    nearest = Some((at, differences));
                }
                Err(_) => {}
            }
            if !step.is_optional() {
                break;
            }
        }
        for (at, step) in calls().take(login.position) {
            if expect(step).is_ok() {
                return CallMatch::Again(at);
            }
        }
        let (at, differences) = nearest.unwrap_or_default();
        CallMatch::None(at, differences)
    }

    /// Answers as was recorded, and lets the mirror read it.
    fn answer_as_recorded(&self, login: &mut SimulatedLogin, call: usize, facts: Facts, here: SimulationContext<'_>) -> SimulatedResponse {
        login.facts = facts;
        if login.moment.is_none() {
            login.moment = login.facts.get(self.provider.known.now).and_then(Text::as_number);
        }
        login.position = call + 1;
        let recorded = login.calls.iter().position(|known| *known == call);
        let exchange = recorded.and_then(|at| login.story.exchanges.as_ref()?.0.get(at));
        let Some(exchange) = exchange else {
            login.over = true;
            return SimulatedResponse::oauth_error("not_recorded", "the story ends before this call");
        };
        let answer = replay::replayed_response(&exchange.answer, &login.tokens);
        let step = &self.provider.calls[call];
        self.cache_key_set(&login.facts, here.now);
        let (answer, read) = self.with_unique_token(step, answer, login);
        match read {
            Some(facts) => login.facts = facts,
            None => login.over |= !step.is_optional(),
        }
        let delay = if login.late == Some(call) { LATE } else { Duration::ZERO };
        SimulatedResponse { delay, ..SimulatedResponse::from_recorded(answer) }
    }

    /// The answer with an access token that no other login has, where the engine reads it in the same way; and what it taught.
    fn with_unique_token(&self, step: &Step, answer: Response, login: &mut SimulatedLogin) -> (Response, Option<Facts>) {
        let read = |answer: &Response| {
            let mut facts = login.facts.clone();
            step.read(answer, &mut facts, &self.documents).ok().map(|()| facts)
        };
        let Some(facts) = read(&answer) else { return (answer, None) };
        let slot = self.provider.known.access_token;
        let token_of = |facts: &Facts| facts.get(slot).cloned();
        let (Some(token), Ok(body)) = (token_of(&facts).filter(|_| login.token.is_none()), std::str::from_utf8(&answer.body)) else {
            return (answer, Some(facts));
        };
        let mut own = token.clone();
        own.push_str("-");
        own.push_str(&login.unique);
        let body = replace_text(body, &token, &own).into_bytes();
        let changed = Response { body, ..answer.clone() };
        match read(&changed).filter(|facts| token_of(facts).is_some_and(|read| read.is_same_as(&own))) {
            // A signed token is its own already.
            Some(facts) if token.len() < 200 => {
                login.token = Some(own);
                (changed, Some(facts))
            }
            _ => (answer, Some(facts)),
        }
    }

    fn refuse_call(&self, call: usize, facts: &Facts, code: &str, why: &str, here: SimulationContext<'_>) -> SimulatedResponse {
        let mut facts = facts.clone();
        facts.set(self.provider.known.now, Text::plain(here.now.to_string()));
        self.refusal_of_call(call, &facts, code, why, here.now)
    }
}

/// The end points of an issuer's document lie at the simulation; the issuer keeps its name.
fn rewrite_endpoints(document: &mut serde_json::Value, base: &str) {
    for (name, value) in document.as_object_mut().into_iter().flatten() {
        if let Some(address) = value.as_str().filter(|address| name != "issuer" && address.starts_with("http")) {
            *value = crate::simulated::simulation::addresses::simulated_address(base, address).into();
        }
    }
}
