//! Reads a login that has ended once more, by one version of the provider's file. Every request is answered with what the login itself
//! has got, and nothing is sent.

use crate::login::attempt::{Attempt, SavedAttempt};
use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::trace::{Exchange, LoginObserver, Trace};
use crate::login::{Login, discover, drive_observed};
use crate::provider::Provider;
use crate::provider::callback::CallbackParameters;
use crate::provider::document_cache::DocumentCache;
use crate::provider::facts::Facts;
use crate::provider::identity::Identity;
use crate::provider::step::{Step, StepKind};
use crate::provider::step_error::StepError;
use crate::stores::live::LiveProvider;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Fetch, NoAnswer, Request, Response, ResponseFuture};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// The label of the part of a request that may be another one each time.
const SIGNED_ANEW: &str = "clientAssertion";

/// A login that has ended, with everything that its provider has answered.
pub(crate) struct AnsweredLogin {
    pub(crate) saved: SavedAttempt,
    pub(crate) callback: CallbackParameters,
    /// The state in the path of the callback.
    pub(crate) path_state: Option<String>,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) public_url: Box<str>,
    /// The time of the callback.
    pub(crate) now: i64,
}

/// A login as one version of the file reads it.
pub(crate) struct ReplayedLogin {
    /// The redirect that this version sends, if it can be written.
    pub(crate) redirect: Option<Request>,
    /// The requests of its calls that the login has not sent, each with its step.
    pub(crate) unanswered: Vec<(StepKind, Request)>,
    /// Whether a document of an issuer was needed that is not known.
    pub(crate) lacks_document: bool,
    /// The outcome; where a request had no answer it says nothing.
    pub(crate) outcome: Result<Identity, LoginError>,
    /// The id, if no call without an answer could still have given another one.
    pub(crate) id: Option<Box<str>>,
}

/// Reads a login by a version of the file. `known` holds the documents of issuers.
pub(crate) fn replay(version: &LiveProvider, login: &AnsweredLogin, known: &DocumentCache) -> ReplayedLogin {
    let provider = &version.provider;
    let installation = version.installation(&login.public_url);
    let attempt = Attempt::resume(provider, &installation, login.saved.clone());
    let documents = known.for_second_reading();
    let answers = AnswersOfLogin { login, known, unanswered: Mutex::default(), lacks_document: Mutex::new(false) };
    let mut watch = ReplayWatch::default();
    let reading = async {
        discover(provider, &attempt.facts_without_discovery(provider, &installation), &answers, &documents, login.now).await;
        let accepted = attempt.accept(provider, &installation, &login.callback, login.path_state.as_deref(), &documents, login.now);
        match accepted {
            Ok(accepted) => drive_to_end(accepted.pinned_to(&version.fingerprint), &mut watch, (&answers, &documents)).await,
            Err(error) => Err(error),
        }
    };
    // All answers are there, so nothing is waited for.
    let outcome = match pin!(reading).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(LoginError::between_steps(LoginErrorCause::RecordingWaits)),
    };
    let id = match (&outcome, watch.facts) {
        (Ok(identity), _) => Some(identity.id.clone()),
        (Err(_), Some(mut facts)) if is_id_settled(provider, &watch.finished) => {
            provider.identity.compose(&mut facts);
            provider.identity.id(&facts)
        }
        (Err(_), _) => None,
    };
    let requests = answers.unanswered.into_inner().unwrap_or_else(PoisonError::into_inner);
    let unanswered = watch.unanswered.into_iter().zip(requests);
    ReplayedLogin {
        redirect: attempt.redirect_request(provider, &installation, &documents).ok(),
        unanswered: unanswered.collect(),
        lacks_document: answers.lacks_document.into_inner().unwrap_or_else(PoisonError::into_inner),
        outcome,
        id,
    }
}

/// Whether none of the calls that are not finished gives something of which the id is made, directly or by other facts.
fn is_id_settled(provider: &Provider, finished: &[Place]) -> bool {
    let of_id = provider.facts_behind("id");
    let unfinished = provider.calls_after_callback().filter(|(_, step)| !finished.contains(&step.address.template.place));
    unfinished
        .flat_map(|(_, step)| step.all_reads().map(|read| read.fact).chain(step.header_reads.iter().map(|(fact, _)| *fact)))
        .all(|fact| !of_id.contains(&fact))
}

async fn drive_to_end(
    login: Login<'_>,
    watch: &mut ReplayWatch,
    (answers, documents): (&AnswersOfLogin<'_>, &DocumentCache),
) -> Result<Identity, LoginError> {
    let (_, outcome): (Trace, _) = drive_observed(watch, login, answers, documents).await;
    outcome
}

/// Whether two requests are the same, but for a signature of the client, which differs each time.
pub(crate) fn is_same_request(one: &Request, other: &Request) -> bool {
    let same = |one: &Text, other: &Text| one.is_same_but_for(other, SIGNED_ANEW);
    let same_headers = one.headers.len() == other.headers.len()
        && one
            .headers
            .iter()
            .zip(&other.headers)
            .all(|((name, value), (other_name, other_value))| name.eq_ignore_ascii_case(other_name) && same(value, other_value));
    let same_body = match (&one.body, &other.body) {
        (Some(one), Some(other)) => same(one, other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    one.method == other.method && same(&one.address, &other.address) && same_headers && same_body
}

/// The answers that a login has got.
struct AnswersOfLogin<'a> {
    login: &'a AnsweredLogin,
    known: &'a DocumentCache,
    /// The requests without an answer.
    unanswered: Mutex<Vec<Request>>,
    lacks_document: Mutex<bool>,
}

impl AnswersOfLogin<'_> {
    fn answer(&self, request: &Request) -> Result<Response, NoAnswer> {
        if request.is_for_document() {
            // The address of a document holds nothing secret.
            let document = self.known.last(&request.address.masked());
            let answer = document.map(|document| Response { status: 200, headers: Vec::new(), body: document.to_string().into_bytes() });
            *self.lacks_document.lock().unwrap_or_else(PoisonError::into_inner) |= answer.is_none();
            return answer.ok_or(NoAnswer::Forbidden);
        }
        let recorded = self.login.exchanges.iter().find(|exchange| is_same_request(&exchange.request, request));
        if recorded.is_none() {
            self.unanswered.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        }
        recorded.map_or(Err(NoAnswer::Forbidden), |exchange| exchange.answer.clone())
    }
}

impl Fetch for AnswersOfLogin<'_> {
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        Box::pin(std::future::ready(self.answer(request)))
    }
}

/// Notes which steps got no answer, and what is known at the end.
#[derive(Default)]
struct ReplayWatch {
    /// The steps of the requests that had no answer, in order.
    unanswered: Vec<StepKind>,
    /// Where the addresses of the calls that succeeded are written.
    finished: Vec<Place>,
    facts: Option<Facts>,
}

impl LoginObserver for ReplayWatch {
    fn on_response(&mut self, _: usize, step: &Step, answer: Result<&Response, &NoAnswer>) {
        if answer.is_err_and(|why| *why == NoAnswer::Forbidden) {
            self.unanswered.push(step.kind);
        }
    }

    fn on_step_finished(&mut self, _: Option<usize>, step: &Step, facts: &Facts, error: Option<&StepError>) {
        if error.is_none() {
            self.facts = Some(facts.clone());
            self.finished.push(step.address.template.place);
        }
    }
}
