//! The browser comes with an authorization request, a choice is made, and the browser goes back.

use crate::login::attempt::Attempt;
use crate::provider::callback::{CallbackMethod, StateLocation};
use crate::provider::facts::Facts;
use crate::simulated::request::FormFields;
use crate::simulated::response::SimulatedResponse;
use crate::simulated::simulation::choices::SimulatedChoice;
use crate::simulated::simulation::compare::excerpt;
use crate::simulated::simulation::difference::{ComparedText, DifferingPart, SimulatedDifference, as_sentence};
use crate::simulated::simulation::received_request::ReceivedRequest;
use crate::simulated::simulation::replacements::ExampleReplacements;
use crate::simulated::simulation::state::{SimulatedLogin, SimulatedVisit};
use crate::simulated::simulation::{Simulation, SimulationContext, expectation};
use crate::vocabulary::place::Located;
use crate::vocabulary::text::Text;
use crate::workbench::examples::example::ExampleSpec;
use crate::workbench::examples::replay;

/// The largest age of a time in the redirect, in seconds.
const LARGEST_AGE: i64 = 120;

impl Simulation {
    /// The page with the choices, or with the differences from the request that the file sends.
    pub(super) fn authorize(
        &self,
        received: &ReceivedRequest,
        attempt: Attempt,
        facts: &Facts,
        context: SimulationContext<'_>,
        unique: String,
    ) -> SimulatedResponse {
        let step = &self.provider.authorization;
        let prepared = self.prepared_visit(&attempt, received, context);
        if prepared.is_none() && !self.provider.calls_before_redirect().is_empty() {
            let (expected, found) = (ComparedText::Prepared, ComparedText::NotPrepared);
            let differences = [SimulatedDifference { part: DifferingPart::Redirect, line: 0, expected, found }];
            let line = format!("refused   GET {}: {}", address_for_log(received), as_sentence(&differences));
            return self.differences_page(&differences, context).with_log_line(line);
        }
        let (attempt, facts) = prepared.unwrap_or_else(|| (attempt, facts.clone()));
        let expected = expectation::check_request(&self.provider, step, &facts, received, context.now - LARGEST_AGE..=context.now);
        let challenge = expectation::check_challenge(&self.provider, &attempt);
        let facts = match (expected, challenge) {
            (Ok(facts), None) => facts,
            (expected, challenge) => {
                let differences: Vec<_> = expected.err().into_iter().flatten().chain(challenge).collect();
                let line = format!("refused   GET {}: {}", address_for_log(received), as_sentence(&differences));
                return self.differences_page(&differences, context).with_log_line(line);
            }
        };
        let page = self.chooser_page(&unique, context);
        let mut state = self.lock_state();
        state.remove_expired(context.now);
        state.add_visit(SimulatedVisit { number: unique, arrived: context.now, attempt, facts });
        page.with_log_line(format!("accepted  GET {} (getAuthorizationCode)", address_for_log(received)))
    }

    /// Sends the browser back with the chosen answer.
    pub(super) fn choose(&self, query: &str, context: SimulationContext<'_>, unique: &str) -> SimulatedResponse {
        let fields = FormFields::parse(query.as_bytes());
        let mut state = self.lock_state();
        state.remove_expired(context.now);
        let visit = fields.unique("visit").and_then(|number| state.visit(number)).map(|visit| (visit.attempt.clone(), visit.facts.clone()));
        let choice = fields.unique("choice").and_then(|word| self.choices.iter().find(|choice| choice.word == word));
        let (Some((attempt, facts)), Some(choice)) = (visit, choice) else {
            return self.unknown_visit_page(context).with_log_line("refused   a choice without a login under way".to_owned());
        };
        let (login, answer) = self.redirect_back(&attempt, facts, choice, context, unique);
        state.add_login(login);
        answer.with_log_line(format!("chosen    {}", choice.title))
    }

    fn redirect_back(
        &self,
        attempt: &Attempt,
        mut facts: Facts,
        choice: &SimulatedChoice,
        context: SimulationContext<'_>,
        unique: &str,
    ) -> (SimulatedLogin, SimulatedResponse) {
        let provider = &self.provider;
        let replacements = ExampleReplacements::for_login(provider, &choice.example, &facts, context.now);
        let (mut example, code) = replacements.replace_in_example(provider, &choice.example, &facts, unique);
        self.add_promised_issuer(&mut example, &facts);
        let tokens = self.keyring.tokens(provider, &example, context.now, &facts);
        let callback = replay::replayed_callback(provider, &example, &tokens, &facts);
        let pairs = callback.as_sent();
        let mut redirect_uri = attempt.redirect_uri.to_string();
        if provider.state_in == StateLocation::RedirectQuery {
            // The state in its query stands among the parameters of the callback.
            redirect_uri = redirect_uri.split('?').next().unwrap_or_default().to_owned();
        }
        if choice.has_wrong_path && provider.state_in == StateLocation::Path {
            redirect_uri =
                redirect_uri.strip_suffix(&*attempt.state).map_or(redirect_uri.clone(), |address| format!("{address}somebody-elses"));
        }
        let answer = if provider.callback == CallbackMethod::Post {
            self.form_post_page(&redirect_uri, &pairs, context)
        } else {
            let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            let joint = if redirect_uri.contains('?') { '&' } else { '?' };
            SimulatedResponse::redirect(&format!("{redirect_uri}{joint}{query}"))
        };
        facts.set(provider.known.now, Text::plain(context.now.to_string()));
        self.cache_key_set(&facts, context.now);
        // The simulation reads the callback as the broker will. Where the broker refuses it, no call is expected.
        let read = provider.authorization.read_callback(&callback, &callback.document(), &mut facts, &self.documents);
        let login = SimulatedLogin {
            unique: unique.chars().take(10).collect(),
            sent_back: context.now,
            facts,
            example,
            tokens,
            calls: choice.calls.clone(),
            code,
            token: None,
            position: provider.prepared,
            moment: None,
            late_call: choice.late_call,
            is_over: read.is_err(),
            handed: None,
        };
        (login, answer)
    }

    /// Names the issuer in the callback of an example that has no document of its own, if the document of the simulation promises that.
    fn add_promised_issuer(&self, example: &mut ExampleSpec, facts: &Facts) {
        let (known, place) = (self.provider.known, example.place);
        if facts.get(known.iss_is_promised).is_some()
            && example.discovery.is_none()
            && let Some(issuer) = facts.get(known.issuer)
            && let Some(callback) = example.callback.as_mut().filter(|callback| callback.0.iter().all(|(name, _)| name.value != "iss"))
        {
            callback.0.push((Located::new("iss".to_owned(), place), Located::new(issuer.expose().to_owned(), place)));
        }
    }

    /// Puts the key set where the engine looks for it.
    pub(super) fn cache_key_set(&self, facts: &Facts, now: i64) {
        for address in self.provider.steps().filter_map(|step| step.signed.as_ref()?.keys_address(facts)) {
            self.documents.insert(&address, self.key_set(facts, now), now);
        }
    }
}

/// The address of a request without its query.
pub(super) fn address_for_log(received: &ReceivedRequest) -> String {
    excerpt(&received.base)
}
