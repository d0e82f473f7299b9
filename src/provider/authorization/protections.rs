//! The protections that the redirect contains, or the calls before it: the state, the nonce and PKCE.

use crate::provider::assertion::Assertion;
use crate::provider::callback::StateLocation;
use crate::provider::parameters::Parameter;
use crate::provider::pkce::Pkce;
use crate::provider::step::Step;
use crate::provider::step_context::StepContext;
use crate::provider::template::Template;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::words::Reader;

/// The protections that the redirect contains, or the calls before it.
pub(crate) struct RedirectProtections {
    pub(crate) nonce: bool,
    state: bool,
    /// Where the state is sent, if that is only through functions that change it.
    changed_state: Option<Place>,
    /// Where the challenge is sent.
    challenge: Option<Place>,
    /// The request contains the challenge method, as a parameter or within a token.
    method: bool,
}

impl RedirectProtections {
    pub(crate) fn detect(
        query: &[Parameter],
        assertion: Option<&Assertion>,
        address: Option<&Template>,
        prepare: &[Step],
        context: &StepContext<'_>,
    ) -> Self {
        // What a call before the redirect has pushed need not travel in the browser.
        let pushed = prepare.iter().flat_map(Step::request_values);
        let values: Vec<&Template> = query.iter().flat_map(|parameter| &parameter.values).chain(pushed).collect();
        let assertion = assertion.or_else(|| prepare.iter().find_map(Step::assertion));
        let inside: Vec<Slot> = assertion.into_iter().flat_map(Assertion::uses).map(|used| used.fact).collect();
        let in_query = |fact: Slot| values.iter().any(|value| value.uses().any(|used| used.fact == fact));
        let in_address = |fact: Slot| address.is_some_and(|address| address.uses().any(|used| used.fact == fact));
        let sends = |fact: Slot| in_query(fact) || inside.contains(&fact) || in_address(fact);
        let (state, challenge) = (context.known.state, context.known.code_challenge);
        let place_in_query =
            |fact: Slot| values.iter().flat_map(|value| value.uses()).find(|used| used.fact == fact).map(|used| used.place);
        let is_as_it_is = values.iter().any(|value| value.sole_fact() == Some(state)) || inside.contains(&state);
        let elsewhere = address.or_else(|| values.first().copied()).map(|template| template.place).filter(|_| sends(challenge));
        Self {
            nonce: sends(context.known.nonce),
            state: sends(state),
            changed_state: place_in_query(state).filter(|_| !is_as_it_is),
            challenge: place_in_query(challenge).or(elsewhere),
            method: assertion.is_some() || values.iter().any(|value| value.as_literal().as_deref() == Some("S256")),
        }
    }

    pub(crate) fn check(&self, state_in: StateLocation, context: &StepContext<'_>, written_at: Place, reader: &mut Reader) {
        if let Some(place) = self.changed_state {
            reader.complain(place, "the state is sent in another form than it comes back", "write it as it is: `state: \"${state}\"`");
        }
        if state_in == StateLocation::Query && !self.state {
            let help = "add `state: \"${state}\"`; for a provider that does not give it back write `stateIn: path` or `stateIn: cookie`";
            reader.complain_missing(written_at, "the state is never sent, so any answer would be accepted", help);
        }
        match (context.pkce, self.challenge) {
            (Pkce::S256 | Pkce::Plain, None) => {
                let method = context.pkce.word();
                let help = format!(
                    "add `code_challenge: \"${{codeChallenge}}\", code_challenge_method: {method}`, or write `pkce: off` at the top if the provider does not know it"
                );
                reader.complain_missing(written_at, "this request is sent without PKCE", help);
            }
            (Pkce::S256, Some(place)) if !self.method => {
                let help = "add `code_challenge_method: S256`, or write `pkce: plain` at the top";
                // A standard request has no line of its own for it.
                let place = place.max(written_at);
                reader.complain_missing(place, "the challenge is sent without saying how it was made", help);
            }
            (Pkce::S256 | Pkce::Plain, Some(_)) | (Pkce::Off, _) => {}
        }
    }
}
