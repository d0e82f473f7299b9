//! The calls of the broker: each is matched with a login under way, and with the next call that the file makes in it.

use crate::provider::facts::Facts;
use crate::provider::issuer::metadata_address;
use crate::provider::step::Step;
use crate::simulated::response::SimulatedResponse;
use crate::simulated::simulation::addresses::simulated_address;
use crate::simulated::simulation::authorization::address_for_log;
use crate::simulated::simulation::compare::excerpt;
use crate::simulated::simulation::difference::{SimulatedDifference, as_sentence};
use crate::simulated::simulation::preparation::PreparationMatch;
use crate::simulated::simulation::received_request::ReceivedRequest;
use crate::simulated::simulation::refusal_kind::RefusalKind;
use crate::simulated::simulation::replacements::replace_text;
use crate::simulated::simulation::state::SimulatedLogin;
use crate::simulated::simulation::{Simulation, SimulationContext, expectation};
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::Response;
use crate::workbench::examples::replayed_answers::replayed_response;
use std::collections::VecDeque;
use std::time::Duration;

/// How many logins are compared with a request that names none of them.
const LARGEST_CANDIDATES: usize = 20;
/// By how much an answer that comes too late exceeds the time that the file gives to it.
const LATE: Duration = Duration::from_secs(5);
/// The largest age of a time in a request, in seconds.
pub(super) const LARGEST_AGE: i64 = 120;

/// How a request matches a login.
enum CallMatch {
    /// It is this call, with which these facts become known.
    Next(usize, Facts),
    /// This call was made before.
    Repeated(usize),
    /// It is no call of this login. It resembles this one most, with these differences.
    Different(usize, Vec<SimulatedDifference>),
}

impl Simulation {
    /// Answers a call as was recorded, or refuses it and names the differences from the call that the file sends.
    pub(super) fn answer_call(&self, received: &ReceivedRequest, context: SimulationContext<'_>) -> SimulatedResponse {
        let what = format!("{} {}", excerpt(&received.method), address_for_log(received));
        if let Some(answer) = self.answer_without_login(received, context, &what) {
            return answer;
        }
        let token = self.match_client_token(received, context);
        if let PreparationMatch::Answer(answer) = token {
            return *answer;
        }
        let prepared = self.match_preparation(received, context);
        if let PreparationMatch::Answer(answer) = prepared {
            return *answer;
        }
        let mut state = self.lock_state();
        state.remove_expired(context.now);
        let candidates = candidates_for(&state.logins, received);
        let mut nearest: Option<(usize, usize, Vec<SimulatedDifference>)> = None;
        let mut repeated = None;
        for at in candidates {
            match self.match_call(&state.logins[at], received, context) {
                CallMatch::Next(call, facts) => {
                    let login = &mut state.logins[at];
                    let step = &self.provider.calls[call];
                    return self
                        .answer_as_recorded(login, call, facts, context)
                        .with_log_line(format!("accepted  {what} ({})", step.kind.word()));
                }
                // Another login may wait for the same request, if nothing in it is of one login only.
                CallMatch::Repeated(call) => _ = repeated.get_or_insert((at, call)),
                CallMatch::Different(call, differences) => {
                    let is_nearer = nearest.as_ref().is_none_or(|(.., nearest)| differences.len() < nearest.len());
                    if is_nearer {
                        nearest = Some((at, call, differences));
                    }
                }
            }
        }
        if let Some((at, call)) = repeated {
            let reason = "this call was made before, and a code works once";
            let line = format!("refused   {what} ({}): {reason}", self.provider.calls[call].kind.word());
            return self.refuse_call(call, &state.logins[at].facts, RefusalKind::Grant, reason, context).with_log_line(line);
        }
        if let PreparationMatch::Different(call, facts, differences) = prepared {
            return self.refuse_difference((call, &facts), received, &differences, &what, context);
        }
        if let PreparationMatch::Different(call, facts, differences) = token
            && nearest.as_ref().is_none_or(|(.., nearest)| nearest.is_empty() || differences.len() < nearest.len())
        {
            return self.refuse_difference((call, &facts), received, &differences, &what, context);
        }
        match nearest {
            Some((at, call, differences)) if !differences.is_empty() => {
                self.refuse_difference((call, &state.logins[at].facts), received, &differences, &what, context)
            }
            _ => {
                drop(state);
                self.refuse_stranger(received, &what, context)
            }
        }
    }

    /// Refuses a request of which no login is known: its code or its token is another one, if the file sends any to that address.
    fn refuse_stranger(&self, received: &ReceivedRequest, what: &str, context: SimulationContext<'_>) -> SimulatedResponse {
        let reason = "no login under way waits for this request";
        let line = format!("refused   {what}: {reason}");
        let installation = self.installation(context);
        for (call, step) in self.provider.calls_after_callback() {
            let attempt = expectation::attempt_from_request(&self.provider, &installation, step, received, context.now);
            let facts = self.known_facts(&attempt, &installation, context);
            let filled = step.address.fill(&facts.clone().for_preview());
            if filled.is_ok_and(|filled| filled.base.equals(&received.base)) {
                let kind = RefusalKind::of(&self.provider, step, &facts, received, context.now);
                let is_about_code = kind == RefusalKind::Grant;
                let refusal = if is_about_code { self.refuse_call(call, &facts, kind, reason, context) } else { kind.response(reason) };
                return refusal.with_log_line(line);
            }
        }
        RefusalKind::Request.response(reason).with_log_line(line)
    }

    /// Answers a request for a document, or a call that is made without a login.
    fn answer_without_login(&self, received: &ReceivedRequest, context: SimulationContext<'_>, what: &str) -> Option<SimulatedResponse> {
        let document = self.published_document(received, context);
        let document = document.map(|document| document.with_log_line(format!("accepted  {what} (a document)")));
        document.or_else(|| self.answer_ask(received, context)).or_else(|| self.answer_refresh(received, context, what))
    }

    /// Refuses a request that differs from the call that the file sends.
    fn refuse_difference(
        &self,
        (call, facts): (usize, &Facts),
        received: &ReceivedRequest,
        differences: &[SimulatedDifference],
        what: &str,
        context: SimulationContext<'_>,
    ) -> SimulatedResponse {
        let reason = as_sentence(differences);
        let line = format!("refused   {what} ({}): {reason}", self.provider.calls[call].kind.word());
        // A request that comes out of turn is judged as the call at its own address.
        let is_there = |step: &Step| {
            let filled = step.address.fill(&facts.clone().for_preview());
            filled.is_ok_and(|filled| filled.base.equals(&received.base))
        };
        let addressed = if is_there(&self.provider.calls[call]) { None } else { self.provider.calls.iter().position(is_there) };
        let call = addressed.unwrap_or(call);
        let kind = RefusalKind::of(&self.provider, &self.provider.calls[call], facts, received, context.now);
        self.refuse_call(call, facts, kind, &reason, context).with_log_line(line)
    }

    /// The discovery document or the key set, if one of them is requested.
    fn published_document(&self, received: &ReceivedRequest, context: SimulationContext<'_>) -> Option<SimulatedResponse> {
        if received.method != "GET" {
            return None;
        }
        let installation = self.installation(context);
        if let Some((address, mut document)) = self.discovery_document(&installation, context.now)
            && address == received.address
        {
            if !context.base.is_empty() {
                rewrite_endpoints(&mut document, context.base);
            }
            return Some(SimulatedResponse::json(&document));
        }
        let attempt = expectation::attempt_from_request(
            &self.provider,
            &installation,
            &self.provider.authorization,
            &ReceivedRequest::empty(),
            context.now,
        );
        let own = self.known_facts(&attempt, &installation, context);
        if let Some(issuer) = self.provider.issuer.as_ref().and_then(|issuer| issuer.value(&own))
            && metadata_address(&issuer).is_some_and(|address| address == received.address)
        {
            return Some(SimulatedResponse::json(&serde_json::json!({ "issuer": issuer })));
        }
        let state = self.lock_state();
        let all = std::iter::once(&own).chain(state.logins.iter().map(|login| &login.facts));
        let has_keys_there = |facts: &Facts| {
            let of_steps = self.provider.steps().filter_map(|step| step.signed.as_ref());
            let handed_in = self.provider.exchange.id_token.as_ref().ok().map(|token| &token.signed);
            of_steps.chain(handed_in).filter_map(|signed| signed.keys_address(facts)).any(|address| address == received.address)
        };
        let is_key_set = all.into_iter().any(has_keys_there);
        drop(state);
        is_key_set.then(|| SimulatedResponse::json(&self.key_set(&own, context.now)))
    }

    fn match_call(&self, login: &SimulatedLogin, received: &ReceivedRequest, context: SimulationContext<'_>) -> CallMatch {
        let moments = match login.moment {
            Some(moment) => moment..=moment,
            None => (login.sent_back - 1).max(context.now - LARGEST_AGE)..=context.now,
        };
        let mut nearest: Option<(usize, Vec<SimulatedDifference>)> = None;
        let expect = |step: &Step| expectation::check_request(&self.provider, step, &login.facts, received, moments.clone());
        let calls = || self.provider.calls_after_callback();
        for (at, step) in calls().filter(|(at, _)| *at >= login.position).filter(|_| !login.is_over) {
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
            if !step.optional {
                break;
            }
        }
        for (at, step) in calls().take_while(|(at, _)| *at < login.position) {
            if expect(step).is_ok() {
                return CallMatch::Repeated(at);
            }
        }
        let (at, differences) = nearest.unwrap_or_default();
        CallMatch::Different(at, differences)
    }

    /// The recorded answer, which the simulation reads as the broker will.
    fn answer_as_recorded(
        &self,
        login: &mut SimulatedLogin,
        call: usize,
        facts: Facts,
        context: SimulationContext<'_>,
    ) -> SimulatedResponse {
        login.facts = facts;
        if login.moment.is_none() {
            login.moment = login.facts.get(self.provider.known.now).and_then(Text::as_number);
        }
        login.position = call + 1;
        let recorded = login.calls.iter().position(|known| *known == call);
        let exchange = recorded.and_then(|at| login.example.exchanges.as_ref()?.0.get(at));
        let Some(exchange) = exchange else {
            login.is_over = true;
            return SimulatedResponse::oauth_error("not_recorded", "the example ends before this call");
        };
        let answer = replayed_response(&exchange.answer, &login.tokens);
        let step = &self.provider.calls[call];
        self.cache_key_set(&login.facts, context.now);
        // A client that is refused tries again with its credentials in the header, and gets the answer that was recorded then.
        if let Some(at) = recorded
            && login.calls.get(at + 1) == Some(&call)
            && step.negotiating_address(&login.facts).is_some()
            && step.refuses_client(&answer)
        {
            step.choose_credentials(true, &mut login.facts);
            login.position = call;
            login.calls.remove(at);
            login.example.exchanges.iter_mut().for_each(|exchanges| drop(exchanges.0.remove(at)));
            return SimulatedResponse::from_recorded(answer);
        }
        let (answer, read) = self.with_unique_token(step, answer, login);
        match read {
            Some(facts) => login.facts = facts,
            None => login.is_over |= !step.optional,
        }
        let delay = if login.late_call == Some(call) { step.timeout + LATE } else { Duration::ZERO };
        SimulatedResponse { delay, ..SimulatedResponse::from_recorded(answer) }
    }

    /// The answer with an access token that no other login has, if the engine reads that in the same way, and the facts read from it.
    fn with_unique_token(&self, step: &Step, answer: Response, login: &mut SimulatedLogin) -> (Response, Option<Facts>) {
        let read = |answer: &Response| {
            let mut facts = login.facts.clone();
            step.read(answer, &mut facts, &self.documents).ok().map(|()| facts)
        };
        let Some(facts) = read(&answer) else { return (answer, None) };
        let slot = self.provider.known.access_token;
        // A token that a later answer repeats is a value of the person, such as the number of the account, and stays what it is.
        if let Some(token) = facts.get(slot).filter(|token| login.is_repeated_later(token)) {
            login.token.get_or_insert_with(|| token.clone());
        }
        if login.token.is_some() {
            return (answer, Some(facts));
        }
        let (answer, facts, own) = with_unique_value(answer, facts, slot, &login.unique, &read);
        login.token = own;
        (answer, Some(facts))
    }

    pub(super) fn refuse_call(
        &self,
        call: usize,
        facts: &Facts,
        kind: RefusalKind,
        reason: &str,
        context: SimulationContext<'_>,
    ) -> SimulatedResponse {
        let mut facts = facts.clone();
        facts.set(self.provider.known.now, Text::plain(context.now.to_string()));
        self.refusal_of_call(call, &facts, kind, reason, context.now)
    }
}

/// The answer in which a fact has a value that no other login has, if the engine reads that in the same way; the facts read from it,
/// and the value.
pub(super) fn with_unique_value(
    answer: Response,
    facts: Facts,
    fact: Slot,
    unique: &str,
    read: &dyn Fn(&Response) -> Option<Facts>,
) -> (Response, Facts, Option<Text>) {
    let (Some(value), Ok(body)) = (facts.get(fact).cloned(), std::str::from_utf8(&answer.body)) else {
        return (answer, facts, None);
    };
    let mut own = value.clone();
    own.push_str("-");
    own.push_str(unique);
    let changed = Response { body: replace_text(body, &value, &own).into_bytes(), ..answer.clone() };
    match read(&changed).filter(|facts| facts.get(fact).is_some_and(|read| read.is_same_as(&own))) {
        // A long value is signed, and cannot be changed.
        Some(facts) if value.len() < 200 => (changed, facts, Some(own)),
        _ => (answer, facts, None),
    }
}

/// Moves the endpoints of a discovery document to the simulation; the issuer keeps its name.
fn rewrite_endpoints(document: &mut serde_json::Value, base: &str) {
    for (name, value) in document.as_object_mut().into_iter().flatten() {
        if let Some(address) = value.as_str().filter(|address| name != "issuer" && address.starts_with("http")) {
            *value = simulated_address(base, address).into();
        }
    }
}

/// The logins that a call may belong to: those whose code or token it holds, otherwise the latest ones.
fn candidates_for(logins: &VecDeque<SimulatedLogin>, received: &ReceivedRequest) -> Vec<usize> {
    let values = received.values();
    let holds_code = |code: &String| values.iter().any(|value| value.contains(&**code));
    let holds_token = |token: &Text| values.iter().any(|value| token.find_in(value).is_some());
    let names = |login: &SimulatedLogin| login.code.as_ref().is_some_and(holds_code) || login.token.as_ref().is_some_and(holds_token);
    let named: Vec<usize> = (0..logins.len()).rev().filter(|at| logins.get(*at).is_some_and(names)).take(LARGEST_CANDIDATES).collect();
    if named.is_empty() { (0..logins.len()).rev().take(LARGEST_CANDIDATES).collect() } else { named }
}
