//! Reads the answers of a login again, with the file as it is or as it would be. Nothing is sent, no signature is
//! verified, and no result of this opens a session.

use crate::provider::Provider;
use crate::provider::choice::EntryChoice;
use crate::provider::facts::{FROM_DISCOVERY, FROM_THE_START, Facts};
use crate::provider::identity::{Identity, IdentityError};
use crate::provider::signed_token::unverified_claims;
use crate::provider::step::Step;
use crate::story::recent_logins::LoginsAtHand;
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::Response;
use serde_json::Value;

/// The documents to read: the callback's parameters and the answers of the calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct RepairCase<'a> {
    /// The callback's parameters, if they are read.
    pub(crate) callback: Option<Value>,
    /// The answers: the number of the call, the answer, and whether its failure was forgiven.
    pub(crate) answers: Vec<(usize, &'a Response, bool)>,
    /// Whether all calls were made, so that an identity is expected.
    pub(crate) complete: bool,
    /// Whether an answer is read although the file takes it for a refusal.
    pub(crate) reads_refused: bool,
    /// Other logins, with which an id is compared.
    pub(crate) others: Option<&'a LoginsAtHand>,
}

#[derive(Debug)]
pub(crate) struct RereadDocument<'p> {
    /// The number of the answer in the case; `None` for the callback.
    pub(crate) answer: Option<usize>,
    pub(crate) step: &'p Step,
    /// Its content, if it can be read.
    pub(crate) value: Option<Value>,
    /// The claims of its signed token.
    pub(crate) claims: Option<Value>,
    /// The entries that are chosen from its lists.
    pub(crate) entries: Vec<RereadEntry<'p>>,
    /// Whether the file takes it for a refusal.
    pub(crate) refused: bool,
    pub(crate) forgiven: bool,
}

/// The choice of an entry, and the entry.
#[derive(Debug)]
pub(crate) struct RereadEntry<'p> {
    pub(crate) choice: &'p EntryChoice,
    /// Whether the list stands in the claims of the signed token.
    pub(crate) is_signed: bool,
    /// The chosen entry, or, where none fits, the first one that lacks what its conditions ask about.
    pub(crate) value: Option<Value>,
    /// Whether the entry was chosen.
    pub(crate) is_chosen: bool,
}

impl<'p> RereadEntry<'p> {
    fn read(choice: &'p EntryChoice, is_signed: bool, document: &Value, facts: &Facts) -> Self {
        let chosen = choice.entry(document, facts);
        let lacks = |entry: &&Value| choice.condition_paths().iter().any(|path| path.first(entry).is_none());
        let value = chosen.or_else(|| choice.entries(document).into_iter().find(lacks));
        Self { choice, is_signed, value: value.cloned(), is_chosen: chosen.is_some() }
    }
}

/// The result of reading the answers.
#[derive(Debug)]
pub(crate) struct RereadLogin<'p> {
    /// The answers, as far as they were read.
    pub(crate) documents: Vec<RereadDocument<'p>>,
    pub(crate) facts: Facts,
    /// The identity, where all calls were made.
    pub(crate) end: Option<Result<Identity, IdentityError>>,
}

pub(crate) fn reread_login<'p>(provider: &'p Provider, case: &RepairCase<'_>) -> RereadLogin<'p> {
    let is_before = |answer: &(usize, &(usize, &Response, bool))| answer.1.0 < provider.prepared;
    let (before, after): (Vec<_>, Vec<_>) = case.answers.iter().enumerate().partition(is_before);
    let mut facts = stand_in_facts(provider, before.is_empty());
    let mut documents = Vec::new();
    let mut stopped = reread_answers(provider, before, case, &mut facts, &mut documents);
    if let Some(callback) = case.callback.as_ref().filter(|_| !stopped) {
        let document = reread_answer(&provider.authorization, (None, false), Some(callback.clone()), None, &mut facts, case);
        stopped = document.refused;
        documents.push(document);
    }
    if !stopped {
        stopped = reread_answers(provider, after, case, &mut facts, &mut documents);
    }
    let end = (case.complete && !stopped).then(|| {
        provider.identity.compose(&mut facts);
        provider.identity_from(&facts, "")
    });
    RereadLogin { documents, facts, end }
}

/// Reads answers until one of them ends the login; whether one did.
fn reread_answers<'p>(
    provider: &'p Provider,
    answers: Vec<(usize, &(usize, &Response, bool))>,
    case: &RepairCase<'_>,
    facts: &mut Facts,
    documents: &mut Vec<RereadDocument<'p>>,
) -> bool {
    for (at, (call, answer, forgiven)) in answers {
        let Some(step) = provider.calls.get(*call) else { return false };
        let before = forgiven.then(|| facts.clone());
        let value = step.answers.read(answer).ok();
        let document = reread_answer(step, (Some(at), *forgiven), value, Some(answer), facts, case);
        let is_last = (document.refused && !forgiven) || (document.value.is_none() && document.claims.is_none() && !forgiven);
        documents.push(document);
        if let Some(before) = before {
            *facts = before;
        }
        if is_last {
            return true;
        }
    }
    false
}

fn reread_answer<'p>(
    step: &'p Step,
    (at, forgiven): (Option<usize>, bool),
    value: Option<Value>,
    answer: Option<&Response>,
    facts: &mut Facts,
    case: &RepairCase<'_>,
) -> RereadDocument<'p> {
    let status = answer.map_or(200, |answer| answer.status);
    let says_error = answer.is_none() && value.as_ref().and_then(|value| value.get("error")).is_some();
    let refused = says_error || step.check_refusal(value.as_ref(), facts, status).is_err();
    let mut document = RereadDocument { answer: at, step, value, claims: None, entries: Vec::new(), refused, forgiven };
    if refused && !case.reads_refused {
        return document;
    }
    for (fact, name) in &step.header_reads {
        let found = answer.iter().flat_map(|answer| &answer.headers).find(|(known, _)| known.eq_ignore_ascii_case(name));
        if let Some((_, value)) = found {
            step.learn_from_header(*fact, value.trim(), name.place, facts);
        }
    }
    let nothing = Value::Null;
    let token = match answer {
        Some(answer) => step.token_to_verify(answer, facts).map(|(_, token)| token),
        None => step.token_in(document.value.as_ref().unwrap_or(&nothing), facts).map(|(_, token)| token),
    };
    if let Some(value) = &document.value {
        step.learn_from_answer(value, facts);
        document.entries.extend(step.choices.iter().map(|choice| RereadEntry::read(choice, false, value, facts)));
    }
    document.claims = token.and_then(|token| unverified_claims(&token));
    if let Some(claims) = &document.claims {
        step.learn_from_token(claims, facts);
        document.entries.extend(step.signed_choices.iter().map(|choice| RereadEntry::read(choice, true, claims, facts)));
    }
    document
}

/// The facts that every login begins with, and those of the calls before the redirect where their answers are not known. Their real
/// values do not matter here.
fn stand_in_facts(provider: &Provider, with_prepared: bool) -> Facts {
    let mut facts = provider.empty_facts();
    let names = FROM_THE_START.iter().chain(FROM_DISCOVERY).map(|(name, _)| *name);
    let own =
        provider.needed.iter().map(|needed| needed.fact).chain(provider.inputs.iter().filter_map(|input| provider.names.find(&input.name)));
    let all: Vec<Slot> = names.filter_map(|name| provider.names.find(name)).chain(own).collect();
    let prepared = provider.calls_before_redirect().iter().filter(|_| with_prepared).flat_map(Step::learned_facts).map(|(fact, ..)| fact);
    for slot in all.into_iter().chain(prepared) {
        facts.set(slot, Text::plain("x"));
    }
    for (slot, value) in provider.literals() {
        facts.set(slot, value);
    }
    facts
}
