//! The protections that the redirect contains, or the calls before it: the state, the nonce and PKCE.

use crate::provider::assertion::Assertion;
use crate::provider::callback::{CallbackMethod, StateLocation};
use crate::provider::fact_expression::FactExpression;
use crate::provider::json_path::written_key;
use crate::provider::parameters::Parameter;
use crate::provider::pkce::Pkce;
use crate::provider::step::Step;
use crate::provider::step_context::StepContext;
use crate::provider::template::Template;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::{NamedValues, Reader};

/// The protections that the redirect contains, or the calls before it.
#[expect(clippy::struct_excessive_bools, reason = "each says whether the request contains one thing")]
pub(crate) struct RedirectProtections {
    pub(crate) nonce: bool,
    state: bool,
    /// Where the state is sent.
    state_place: Option<Place>,
    /// The request contains the redirect address.
    redirect_address: bool,
    /// Where the state is sent, if that is only through functions that change it; and whether it can be found again there.
    changed_state: Option<(Place, bool)>,
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
        let assertion = assertion.or_else(|| prepare.iter().find_map(|step| step.assertion.as_ref()));
        let inside: Vec<Slot> = assertion.into_iter().flat_map(Assertion::uses).map(|used| used.fact).collect();
        let in_query = |fact: Slot| values.iter().any(|value| value.uses().any(|used| used.fact == fact));
        let in_address = |fact: Slot| address.is_some_and(|address| address.uses().any(|used| used.fact == fact));
        let sends = |fact: Slot| in_query(fact) || inside.contains(&fact) || in_address(fact);
        let (state, challenge) = (context.known.state, context.known.code_challenge);
        let in_query_uses = |fact: Slot| values.iter().flat_map(|value| value.uses()).filter(move |used| used.fact == fact);
        let place_in_query = |fact: Slot| in_query_uses(fact).next().map(|used| used.place);
        let is_as_it_is = values.iter().any(|value| value.sole_fact() == Some(state)) || inside.contains(&state);
        let elsewhere = address.or_else(|| values.first().copied()).map(|template| template.place).filter(|_| sends(challenge));
        Self {
            nonce: sends(context.known.nonce),
            state: sends(state),
            state_place: place_in_query(state),
            redirect_address: sends(context.known.redirect_uri),
            changed_state: place_in_query(state).filter(|_| !is_as_it_is).map(|place| (place, in_query_uses(state).any(|used| used.whole))),
            challenge: place_in_query(challenge).or(elsewhere),
            method: assertion.is_some() || values.iter().any(|value| value.as_literal().as_deref() == Some("S256")),
        }
    }

    /// `read` is what the file reads from the callback.
    pub(crate) fn check(
        &self,
        state_in: StateLocation,
        read: Option<&NamedValues<FactExpression>>,
        context: &StepContext<'_>,
        written_at: Place,
        reader: &mut Reader,
    ) {
        if let Some((place, can_be_undone)) = self.changed_state
            && !(can_be_undone && reads_state_out(read))
        {
            let help = if can_be_undone {
                "write it as it is: `state: \"${state}\"`; or say how it is read out of the callback, such as `read: { state: '${$.payload | base64Decode | form \"state\"}' }`"
            } else {
                "write it as it is: `state: \"${state}\"`"
            };
            reader.complain(place, "the state is sent in another form than it comes back", help);
        }
        if state_in == StateLocation::Query && !self.state {
            let help = "add `state: \"${state}\"`; for a provider that does not give it back write `stateIn: path` or `stateIn: cookie`";
            reader.complain_missing(written_at, "the state is never sent, so any answer would be accepted", help);
        }
        if state_in == StateLocation::RedirectQuery {
            self.check_state_in_redirect_query(written_at, reader);
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

    /// Complains about a request in which the state stands twice, or nowhere.
    fn check_state_in_redirect_query(&self, written_at: Place, reader: &mut Reader) {
        if self.state {
            let help = "take it out of the request, or write it without `stateIn: redirectQuery`";
            let message =
                "the state stands in the query of the redirect address already, so a provider that keeps this one returns it twice";
            reader.complain_missing(self.state_place.unwrap_or(written_at), message, help);
        } else if !self.redirect_address {
            let help = "add `redirect_uri: \"${redirectUri}\"`, under the provider's name for it";
            reader.complain_missing(written_at, "the state is never sent: it stands in the query of `${redirectUri}`", help);
        }
    }

    /// Complains about what does not fit a state that comes back in the query of the redirect address. `state` is the expression that reads the
    /// state from the callback.
    pub(crate) fn check_state_in_redirect(
        step: &Step,
        state: &FactExpression,
        method: Option<&Located<CallbackMethod>>,
        reader: &mut Reader,
    ) {
        if state.place() != step.place {
            let help = "take the line out; or let the state come back in another place, without `stateIn: redirectQuery`";
            reader.complain(state.place(), "with `stateIn: redirectQuery` the state comes back as `state`", help);
        }
        if let Some(method) = method.filter(|method| method.value != CallbackMethod::Get) {
            let help = "take `callback` out, or write `stateIn: path`";
            reader.complain(
                method.place,
                "a callback by POST is read from its form, which does not hold the query of the redirect address",
                help,
            );
        }
    }

    /// Warns about a state that is sent under another name than `state`, from which it is read unless the file says otherwise.
    pub(crate) fn check_state_comes_back_as_sent(step: &Step, reader: &mut Reader) {
        let query = &step.query;
        let is_state = |parameter: &&Parameter| parameter.values.iter().any(|value| value.sole_fact() == Some(step.known.state));
        let Some(sent) = query.iter().find(is_state).filter(|_| !query.iter().any(|parameter| *parameter.name == *"state")) else { return };
        let place = sent.values.first().map_or(step.place, |value| value.place);
        let path = written_key(&sent.name, '\'');
        let help =
            format!("write `read: {{ state: \"${path}\" }}` if it comes back under that name; otherwise `read: {{ state: $.state }}`");
        reader.warn(place, format!("the state is sent as `{}`, and read from `state`", sent.name), help);
    }
}

/// Whether the file reads the state out of another text of the callback.
fn reads_state_out(read: Option<&NamedValues<FactExpression>>) -> bool {
    let mut reads = read.iter().flat_map(|read| &read.0).filter(|(name, _)| name.value == "state");
    reads.any(|(_, reading)| reading.texts().iter().any(|text| text.holes().any(|hole| !hole.functions().is_empty())))
}
