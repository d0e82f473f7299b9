//! For what a provider that follows the standards refuses a request which is not the one that the file sends: the client, the code, the
//! token, or the request itself (RFC 6749, section 5.2; RFC 6750, section 3).

use crate::provider::Provider;
use crate::provider::facts::Facts;
use crate::provider::step::Step;
use crate::simulated::response::SimulatedResponse;
use crate::simulated::simulation::assertion;
use crate::simulated::simulation::expectation::captured_value;
use crate::simulated::simulation::received_request::ReceivedRequest;
use crate::vocabulary::names::Slot;

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefusalKind {
    /// The client is not the one of the file, or does not prove it.
    Client {
        /// Whether it tried to by the header `Authorization`.
        in_header: bool,
    },
    /// The code is another one or was used, or what belongs to it is another: the verifier, the redirect address.
    Grant,
    /// The bearer token is another one.
    Token {
        /// Whether there is none, which is no error of its own.
        is_missing: bool,
    },
    Request,
}

impl RefusalKind {
    /// What is wrong with a request that was sent in place of that of a step.
    pub(crate) fn of(provider: &Provider, step: &Step, facts: &Facts, received: &ReceivedRequest, now: i64) -> Self {
        let known = provider.known;
        let expected = step.request(facts).or_else(|_| step.request(&facts.clone().for_preview()));
        let sent = expected.as_ref().map_or_else(|_| ReceivedRequest::empty(), ReceivedRequest::from_request);
        let is_sent = |fact: Slot| captured_value(step, &sent, fact).is_some();
        let differs = |fact: Slot| is_sent(fact) && captured_value(step, received, fact) != captured_value(step, &sent, fact);
        let is_another = |fact: Slot| differs(fact) && captured_value(step, received, fact).is_some();
        let has_header = received.header("authorization").is_some();
        let header_differs = sent.header("authorization") != received.header("authorization");
        let is_unproven = step.assertion.as_ref().is_some_and(|assertion| assertion::check(assertion, facts, received, now).is_err());
        if step.basic.is_some() && header_differs || is_unproven || differs(known.client_secret) || is_another(known.client_id) {
            return Self::Client { in_header: step.basic.is_some() && has_header };
        }
        let is_wrong_verifier = || {
            let verifier = captured_value(step, received, known.code_verifier).filter(|_| is_sent(known.code_verifier));
            verifier.is_some_and(|verifier| {
                let challenge = provider.pkce.challenge(&verifier);
                challenge.is_some_and(|challenge| facts.get(known.code_challenge).is_none_or(|sent| !sent.equals(&challenge)))
            })
        };
        if is_another(known.code) || is_another(known.redirect_uri) || is_wrong_verifier() {
            return Self::Grant;
        }
        if step.bearer.is_some() && header_differs || differs(known.access_token) {
            return Self::Token { is_missing: !has_header && captured_value(step, received, known.access_token).is_none() };
        }
        Self::Request
    }

    /// The error code; a request without a token has none.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Client { .. } => "invalid_client",
            Self::Grant => "invalid_grant",
            Self::Token { .. } => "invalid_token",
            Self::Request => "invalid_request",
        }
    }

    /// The refusal as the standards write it.
    pub(crate) fn response(self, reason: &str) -> SimulatedResponse {
        let error = SimulatedResponse::oauth_error(self.code(), reason);
        match self {
            Self::Client { in_header: true } => unauthorized(error, "Basic realm=\"simulation\""),
            Self::Client { in_header: false } => SimulatedResponse { status: 401, ..error },
            Self::Token { is_missing: true } => unauthorized(error, "Bearer realm=\"simulation\""),
            Self::Token { is_missing: false } => unauthorized(error, "Bearer realm=\"simulation\", error=\"invalid_token\""),
            Self::Grant | Self::Request => error,
        }
    }
}

fn unauthorized(error: SimulatedResponse, challenge: &str) -> SimulatedResponse {
    SimulatedResponse { status: 401, ..error }.with_header("WWW-Authenticate", challenge)
}
