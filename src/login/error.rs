//! Why a login failed: the step, the place in the file, and a cause that carries its data. Of what comes from outside a cause holds only the
//! code and the message of a provider that refuses, the issuer that a document or a token names if it is an address, the hosts of a
//! certificate, the plain parts of the address to which an answer redirects, the name of an algorithm, and names of a callback's parameters.
//! No secret is among them. Stories and logs show the sentence after [`crate::vocabulary::privacy`] has masked it.

mod code;
mod exact;
mod message;

pub(crate) use crate::login::error::code::LoginErrorCode;
pub(crate) use crate::login::error::exact::ExactCause;
pub use crate::login::error::exact::table_of_causes;
use crate::provider::Provider;
use crate::provider::condition::Condition;
use crate::provider::document_fault::DocumentFault;
use crate::provider::exchange::ExchangeFault;
use crate::provider::fact_expression::{FactExpression, FoundInstead, MissingValue};
use crate::provider::facts::Facts;
use crate::provider::identity::{ClaimOfAddress, IdentityError};
use crate::provider::json_path::ValueKind;
use crate::provider::moment::MomentFault;
use crate::provider::refusal::{ProviderErrorCode, ProviderRefusal};
use crate::provider::signature::SignatureFault;
use crate::provider::step::{Step, StepKind};
use crate::provider::step_error::StepError;
use crate::provider::token_fault::TokenFault;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::redirect_target::RedirectTarget;
use crate::vocabulary::wire::NoAnswer;
use std::fmt;
use std::time::Duration;

/// A login that failed.
#[derive(Clone, Debug)]
pub struct LoginError {
    /// The step that failed; `None` when all steps succeeded and the person may still not sign in, or time ran out.
    pub step: Option<StepKind>,
    /// The place in the file that decided.
    pub place: Option<Place>,
    pub(crate) cause: LoginErrorCause,
}

/// The code of a failed login: one of ours, or the provider's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OwnOrProviderCode<'a> {
    Own(LoginErrorCode),
    Provider(&'a ProviderErrorCode),
}

/// What went wrong in a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginErrorCause {
    /// The callback belongs to an attempt at another provider.
    OtherProvider,
    /// The state in the callback is not the state of the attempt.
    StateMismatch,
    /// The callback has no parameter that the file reads as the state.
    NoState {
        /// The parameter that holds it in its place.
        found_as: Option<Box<str>>,
        /// The names of the parameters that came, masked as names are.
        names: Vec<Box<str>>,
    },
    /// No attempt of this browser has the state in the callback.
    UnknownState,
    /// The attempt is too old.
    Expired,
    /// The callback has more parameters than are read.
    TooManyParameters,
    /// The callback has a parameter more than once.
    RepeatedParameter,
    /// The callback has neither an error nor this fact, which a request needs, nor anything else that the file reads from it alone.
    NoCode {
        /// The name of the fact: `code`, unless the file sends another.
        fact: Box<str>,
    },
    /// The callback names another issuer (RFC 9207).
    OtherIssuer,
    /// The callback names no issuer, and the provider promises that it does.
    NoIssuer,
    /// The issuer's discovery document is not available.
    NoDocument(DocumentFault),
    /// What the calls before the redirect have read is too long to be kept.
    PreparedTooLong,
    /// The provider's file changed between the redirect and the callback.
    FileChanged,
    /// The typed value of this input does not match its pattern.
    BadInput(Box<str>),
    /// Too many logins are waiting for the provider.
    TooManyLogins,
    /// The calls to the provider took longer together than this.
    OutOfTime(Duration),
    /// `require` refuses this person; what is wrong with the fact that it asks about, where more can be said than that.
    NotAllowed(Option<FactFault>),
    /// A step needs a fact that is not known.
    MissingFact {
        /// The fact, unless a path in a request found nothing.
        fact: Option<Box<str>>,
        /// A phrase that says where it should have been read.
        read_in: Option<&'static str>,
        /// What was found instead of a text.
        instead: Option<FoundInstead>,
    },
    /// A request would go to an address that is not allowed.
    BadAddress(&'static str),
    /// A header cannot carry the value.
    BadHeader,
    /// A key cannot be used.
    BadKey(&'static str),
    /// The answer is not in the expected format.
    Unreadable(String),
    /// A signed token was not accepted.
    BadToken(TokenFault),
    /// The access token is not a bearer token.
    OtherTokenType,
    /// The signature of the callback's parameters proves nothing.
    BadSignature(SignatureFault),
    /// The provider gave no answer.
    NoAnswer(NoAnswer),
    /// The answer redirects to this address, and redirects are not followed.
    Redirected(RedirectTarget),
    /// A replay would have to wait, so the recording is incomplete.
    RecordingWaits,
    /// The facts hold no id; what was found instead of a text.
    MissingId(Option<FoundInstead>),
    /// The facts hold no e-mail address; what was found instead.
    MissingEmail(Option<FoundInstead>),
    /// The e-mail address is not proven.
    UnprovenEmail(MissingProof),
    /// A token was handed in that the file cannot accept, whatever it says.
    NotExchangeable(ExchangeFault),
    /// The provider refused the login, in its own words.
    Refused(ProviderRefusal),
}

/// What is wrong with a fact that `require` asks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactFault {
    /// For this fact a value was found that cannot be read.
    Unreadable(Box<str>, ValueKind),
    /// It is no recent moment.
    Moment(MomentFault),
    /// It is one of several different values, and the condition asks about all of them.
    OfSeveral(Box<str>),
}

/// Why an e-mail address is not proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MissingProof {
    /// The claim is false.
    ClaimIsFalse {
        /// The paths that it was read from.
        paths: Vec<Box<str>>,
        /// Whether a condition made it from nothing, because its paths found nothing.
        of_nothing: bool,
    },
    /// The claim was not found.
    NoClaim {
        /// The paths where it was looked for.
        paths: Vec<Box<str>>,
        /// What was found instead of a text.
        instead: Option<FoundInstead>,
    },
    /// The file looks at no claim.
    NotAsked,
}

/// The cause of a step that failed, without what only the provider's file says of a missing fact, and the place that decided.
fn cause_of_step_error(error: StepError) -> (LoginErrorCause, Option<Place>) {
    match error {
        StepError::Refused { refusal, place } => (LoginErrorCause::Refused(refusal), place),
        StepError::MissingFact { place, .. } => (LoginErrorCause::MissingFact { fact: None, read_in: None, instead: None }, Some(place)),
        StepError::BadAddress { why, place } => (LoginErrorCause::BadAddress(why), Some(place)),
        StepError::BadHeader { place } => (LoginErrorCause::BadHeader, Some(place)),
        StepError::Key { why, place } => (LoginErrorCause::BadKey(why), Some(place)),
        StepError::Unreadable { why, place } => (LoginErrorCause::Unreadable(why), Some(place)),
        StepError::BadToken { why, place } => (LoginErrorCause::BadToken(why), Some(place)),
        StepError::OtherTokenType { place } => (LoginErrorCause::OtherTokenType, Some(place)),
        StepError::BadSignature { fault, place } => (LoginErrorCause::BadSignature(fault), Some(place)),
        StepError::NoAnswer(why) => (LoginErrorCause::NoAnswer(why), None),
        StepError::Redirected { to, place } => (LoginErrorCause::Redirected(to), Some(place)),
    }
}

/// The word of the exact cause of a step that failed.
pub(crate) fn word_of_step_error(error: &StepError) -> &'static str {
    cause_of_step_error(error.clone()).0.exact().word()
}

impl LoginError {
    /// A callback that was not accepted, or a login that could not begin.
    pub fn before_calls(cause: LoginErrorCause) -> Self {
        Self { step: Some(StepKind::GetAuthorizationCode), place: None, cause }
    }

    /// A login that failed in no particular step.
    pub(crate) fn between_steps(cause: LoginErrorCause) -> Self {
        Self { step: None, place: None, cause }
    }

    /// `require` refuses the person by this condition.
    pub(crate) fn not_allowed(condition: &Condition, facts: &Facts) -> Self {
        let unreadable = |fact: Slot| Some(FactFault::Unreadable(facts.label(fact).as_ref().into(), facts.unreadable(fact)?));
        let unreadable = condition.uses().into_iter().find_map(|used| unreadable(used.fact));
        let moment = || condition.checks().into_iter().find_map(|check| check.moment_fault(None, facts)).map(FactFault::Moment);
        let of_several = |fact: Slot| FactFault::OfSeveral(facts.label(fact).as_ref().into());
        let several = || condition.checks().into_iter().find_map(|check| check.fact_of_several(facts)).map(of_several);
        Self { step: None, place: Some(condition.place), cause: LoginErrorCause::NotAllowed(unreadable.or_else(moment).or_else(several)) }
    }

    /// A step that failed; `missing` is the place in which its fact was not found.
    pub(crate) fn from_step_error(kind: StepKind, error: StepError, missing: Option<&MissingValue>, provider: &Provider) -> Self {
        let mut step = kind;
        let (cause, place) = match error {
            StepError::MissingFact { fact, place } => {
                let cause = missing_fact(fact, missing, provider);
                if let LoginErrorCause::NoCode { .. } = cause {
                    step = StepKind::GetAuthorizationCode;
                }
                (cause, Some(missing.map_or(place, |missing| missing.place)))
            }
            other => cause_of_step_error(other),
        };
        Self { step: Some(step), place, cause }
    }

    /// The same where another fact came in the callback: it is not without a code, it lacks the one that a call needs.
    pub(crate) fn beside_callback(self, kind: StepKind, provider: &Provider, facts: &Facts) -> Self {
        let LoginErrorCause::NoCode { fact } = &self.cause else { return self };
        let (known, missing) = (provider.known, provider.names.find(fact));
        let is_of_login = |read: Slot| read != known.state && read != known.iss;
        let came = |(read, ..): (Slot, Place, bool)| is_of_login(read) && facts.get(read).is_some();
        if missing == Some(known.code) || !provider.authorization.learned_facts().any(came) {
            return self;
        }
        let cause = LoginErrorCause::MissingFact { fact: Some(fact.clone()), read_in: Some(THE_CALLBACK), instead: None };
        Self { step: Some(kind), cause, ..self }
    }

    /// Facts that make no identity.
    pub(crate) fn no_identity(error: IdentityError, provider: &Provider) -> Self {
        let instead = |missing: &Option<MissingValue>| missing.as_ref().and_then(|missing| missing.instead);
        let (cause, place) = match error {
            IdentityError::MissingId(missing) => (LoginErrorCause::MissingId(instead(&missing)), missing.map(|missing| missing.place)),
            IdentityError::MissingEmail(missing) => {
                (LoginErrorCause::MissingEmail(instead(&missing)), missing.map(|missing| missing.place))
            }
            IdentityError::NoAddress(why) => {
                (LoginErrorCause::MissingEmail(Some(FoundInstead::NoAddress(why))), provider.place_of_fact(provider.known.email))
            }
            IdentityError::UnprovenEmail(claim) => {
                let paths = paths_of_claim(provider);
                let (proof, place) = match claim {
                    ClaimOfAddress::IsFalse { of_nothing } => {
                        (MissingProof::ClaimIsFalse { paths, of_nothing }, provider.place_of_fact(provider.known.email_verified))
                    }
                    ClaimOfAddress::Missing(missing) => (MissingProof::NoClaim { paths, instead: missing.instead }, Some(missing.place)),
                    ClaimOfAddress::NotAsked => (MissingProof::NotAsked, None),
                };
                (LoginErrorCause::UnprovenEmail(proof), place)
            }
        };
        Self { step: None, place, cause }
    }

    /// The code that stories, the audit and examples keep: our own, or the provider's.
    pub fn code(&self) -> &str {
        match self.cause.code() {
            OwnOrProviderCode::Own(code) => code.word(),
            OwnOrProviderCode::Provider(code) => code.as_str(),
        }
    }

    /// The exact cause, one word of ours.
    pub fn exact_cause(&self) -> &'static str {
        self.cause.exact().word()
    }

    /// The refusal, if the provider refused the login.
    pub fn refusal(&self) -> Option<&ProviderRefusal> {
        if let LoginErrorCause::Refused(refusal) = &self.cause { Some(refusal) } else { None }
    }
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

/// The paths that the file writes for the claim about the address.
fn paths_of_claim(provider: &Provider) -> Vec<Box<str>> {
    let claim = provider.known.email_verified;
    let reads = provider.steps().flat_map(Step::all_reads).filter(|read| read.fact == claim && read.written).map(|read| &read.reading);
    let composed = provider.identity.composition(claim);
    let paths = reads.chain(composed).flat_map(FactExpression::paths);
    paths.map(|path| (*path.source).into()).collect()
}

/// Where a fact should have been read.
const THE_CALLBACK: &str = "the callback";

fn missing_fact(fact: Option<Slot>, missing: Option<&MissingValue>, provider: &Provider) -> LoginErrorCause {
    let learns = |step: &&Step, fact: Slot| step.learned_facts().any(|(learned, ..)| learned == fact);
    let instead = missing.and_then(|missing| missing.instead);
    // What only the callback could have held, and did not.
    if let Some(fact) = fact.filter(|_| instead.is_none()) {
        let mut readers = provider.steps().filter(|step| learns(step, fact));
        if readers.next().is_some_and(|step| step.kind == StepKind::GetAuthorizationCode && step.call.is_none()) && readers.next().is_none()
        {
            return LoginErrorCause::NoCode { fact: (&**provider.names.name(fact)).into() };
        }
    }
    let read_in = fact.and_then(|fact| {
        provider.steps().find(|step| learns(step, fact)).map(|step| match (step.kind, &step.call) {
            (StepKind::GetAuthorizationCode, None) => THE_CALLBACK,
            (StepKind::GetAuthorizationCode, Some(_)) => "the answers to the calls of `prepare`",
            (StepKind::GetAccessCode, _) => "the answer of getAccessCode",
            (StepKind::GetUserInfo, _) => "the answer of getUserInfo",
            (StepKind::GetClientToken, _) => "the answer of getClientToken",
        })
    });
    LoginErrorCause::MissingFact { fact: fact.map(|fact| (&**provider.names.name(fact)).into()), read_in, instead }
}
