//! The browser comes, somebody chooses who they are and what goes wrong, and the browser goes back.

use crate::login::attempt::Attempt;
use crate::provider::callback::{CallbackMethod, StateLocation};
use crate::provider::facts::Facts;
use crate::simulated::simulation::choices::SimulatedChoice;
use crate::simulated::simulation::compare::as_sentence;
use crate::simulated::simulation::replacements::StoryReplacements;
use crate::simulated::simulation::request::ReceivedRequest;
use crate::simulated::simulation::response::SimulatedResponse;
use crate::simulated::simulation::state::{SimulatedLogin, SimulatedVisit};
use crate::simulated::simulation::{Simulation, SimulationContext, expectation, pages};
use crate::vocabulary::text::Text;
use crate::workbench::examples::replay;

/// How old the moment of a redirect may be, in seconds.
const RECENT: i64 = 120;

impl Simulation {
    /// The browser comes: the choice, or what differs from what the file sends.
    pub(super) fn authorize(
        &self,
        found: &ReceivedRequest,
        attempt: Attempt,
        facts: &Facts,
        here: SimulationContext<'_>,
        unique: String,
    ) -> SimulatedResponse {
        let step = &self.provider.authorization;
        let expected = expectation::check_request(&self.provider, step, facts, found, here.now - RECENT..=here.now);
        let challenge = expectation::check_challenge(&self.provider, &attempt);
        let facts = match (expected, challenge) {
            (Ok(facts), None) => facts,
            (expected, challenge) => {
                let differences: Vec<_> = expected.err().into_iter().flatten().chain(challenge).collect();
                let told = format!("refused   GET {}: {}", address_for_log(found), as_sentence(&differences));
                return pages::request_differs(&self.provider, &differences, here).with_log_line(told);
            }
        };
        let page = pages::chooser(&self.provider, &self.choices, self.left_out, &unique, here);
        let mut under_way = self.lock_state();
        under_way.remove_expired(here.now);
        under_way.add_visit(SimulatedVisit { number: unique, came: here.now, attempt, facts });
        page.with_log_line(format!("accepted  GET {} (getAuthorizationCode)", address_for_log(found)))
    }

    /// Somebody has chosen: the browser goes back.
    pub(super) fn choose(&self, query: &str, here: SimulationContext<'_>, unique: &str) -> SimulatedResponse {
        let field = |wanted: &str| url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted).map(|(_, value)| value);
        let mut under_way = self.lock_state();
        under_way.remove_expired(here.now);
        let visit = field("visit").and_then(|number| under_way.visit(&number)).map(|visit| (visit.attempt.clone(), visit.facts.clone()));
        let choice = field("choice").and_then(|word| self.choices.iter().find(|choice| choice.word == word));
        let (Some((attempt, facts)), Some(choice)) = (visit, choice) else {
            return pages::unknown_visit(&self.provider, here).with_log_line("refused   a choice of nobody who is under way".to_owned());
        };
        let (login, answer) = self.redirect_back(&attempt, facts, choice, here, unique);
        under_way.add_login(login);
        answer.with_log_line(format!("chosen    {}", choice.title))
    }

    fn redirect_back(
        &self,
        attempt: &Attempt,
        mut facts: Facts,
        choice: &SimulatedChoice,
        here: SimulationContext<'_>,
        unique: &str,
    ) -> (SimulatedLogin, SimulatedResponse) {
        let provider = &self.provider;
        let real = StoryReplacements::for_login(provider, &choice.story, &facts, here.now);
        let (story, code) = real.replace_in_story(provider, &choice.story, &facts, unique);
        let tokens = self.keyring.tokens(provider, &story, here.now, &facts);
        let callback = replay::replayed_callback(provider, &story, &tokens, &facts);
        let pairs = callback.as_sent();
        let mut back = attempt.redirect_uri.to_string();
        if choice.wrong_path && provider.state_in == StateLocation::Path {
            back = back.strip_suffix(&*attempt.state).map_or(back.clone(), |address| format!("{address}somebody-elses"));
        }
        let answer = if provider.callback == CallbackMethod::Post {
            pages::form_post(provider, &back, &pairs, here)
        } else {
            let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            let joint = if back.contains('?') { '&' } else { '?' };
            SimulatedResponse::redirect(&format!("{back}{joint}{query}"))
        };
        facts.set(provider.known.now, Text::plain(here.now.to_string()));
        self.cache_key_set(&facts, here.now);
        // What the broker will read, the mirror reads as well; where it refuses, nothing further is expected.
        let read = provider.authorization.read_callback(&callback, &callback.document(), &mut facts, &self.documents);
        let login = SimulatedLogin {
            unique: unique.chars().take(10).collect(),
            sent_back: here.now,
            facts,
            story,
            tokens,
            calls: choice.calls.clone(),
            code,
            token: None,
            position: 0,
            moment: None,
            late: choice.late,
            over: read.is_err(),
        };
        (login, answer)
    }

    /// Puts the keys where the engine looks for them.
    pub(super) fn cache_key_set(&self, facts: &Facts, now: i64) {
        for address in self.provider.steps().filter_map(|step| step.signed()?.keys_address(facts)) {
            self.documents.insert(&address, self.key_set(facts, now), now);
        }
    }
}

/// The address of a request for telling, without its query.
pub(super) fn address_for_log(found: &ReceivedRequest) -> String {
    crate::simulated::simulation::compare::excerpt(&found.base)
}
