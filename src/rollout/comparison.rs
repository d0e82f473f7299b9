//! What two versions of a provider file read from the same login: the same, or what differs. No value leaves this file.

use crate::login::error::LoginError;
use crate::provider::Provider;
use crate::provider::identity::{Identity, IdentityEmail};
use crate::provider::step::StepKind;
use crate::rollout::replay::{AnsweredLogin, ReplayedLogin};
use crate::rollout::request_difference::{nearest, request_differences};
use crate::story::redacted_code;
use crate::vocabulary::email::Email;
use crate::vocabulary::wire::Request;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is compared of a login.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ComparedPart {
    /// The id at the provider.
    Id,
    /// The e-mail address.
    Address,
    /// What proves the address.
    Evidence,
    /// Another fact of the identity, by its name.
    Fact(Box<str>),
    /// Whether the login is accepted.
    Login,
}

/// How a part differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartDifference {
    /// Both have a value, and the values are different.
    Differs,
    /// The next version reads none.
    Missing,
    /// Only the next version reads one.
    Added,
}

/// What the next version of a file reads in another form than the present one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadDifference {
    /// The part.
    pub part: ComparedPart,
    /// How it differs.
    pub how: PartDifference,
}

impl ReadDifference {
    /// Whether people could be mistaken for others: by another id, by another address, or by an address that is proven only here.
    pub(crate) fn is_about_ids(&self) -> bool {
        match self.part {
            ComparedPart::Id | ComparedPart::Address => self.how == PartDifference::Differs,
            ComparedPart::Evidence => self.how != PartDifference::Missing,
            ComparedPart::Fact(_) | ComparedPart::Login => false,
        }
    }

    /// The difference of a stored word.
    pub(crate) fn named(word: &str) -> Option<Self> {
        let (part, how) = word.rsplit_once(' ')?;
        let how = match how {
            "differs" => PartDifference::Differs,
            "missing" | "refused" => PartDifference::Missing,
            "added" | "accepted" => PartDifference::Added,
            _ => return None,
        };
        let part = match part {
            "id" => ComparedPart::Id,
            "address" => ComparedPart::Address,
            "evidence" => ComparedPart::Evidence,
            "login" => ComparedPart::Login,
            part => ComparedPart::Fact(part.strip_prefix("fact ")?.into()),
        };
        Some(Self { part, how })
    }
}

/// The stored word, which is also what the terminal shows: `id differs`, `address missing`, `fact plan added`, `login refused`.
impl fmt::Display for ReadDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.part {
            ComparedPart::Id => f.write_str("id "),
            ComparedPart::Address => f.write_str("address "),
            ComparedPart::Evidence => f.write_str("evidence "),
            ComparedPart::Fact(name) => write!(f, "fact {name} "),
            ComparedPart::Login => f.write_str("login "),
        }?;
        f.write_str(match (&self.part, self.how) {
            (ComparedPart::Login, PartDifference::Added) => "accepted",
            (ComparedPart::Login, PartDifference::Missing | PartDifference::Differs) => "refused",
            (_, PartDifference::Differs) => "differs",
            (_, PartDifference::Missing) => "missing",
            (_, PartDifference::Added) => "added",
        })
    }
}

/// Where a difference comes from, without any value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferenceStory {
    /// When it was last seen, in seconds since 1970.
    pub at: i64,
    /// The lines of the two versions that read the part.
    pub present_line: Option<u32>,
    /// The same of the next version.
    pub next_line: Option<u32>,
    /// The step in which one of the versions refuses the login.
    pub step: Option<String>,
    /// Why it refuses it, by the word of the cause.
    pub code: Option<String>,
}

/// What the comparison of one login shows.
#[derive(Debug, Default)]
pub(crate) struct LoginComparison {
    /// How the requests differ, such as `getUserInfo: address`.
    pub(crate) requests: Vec<String>,
    pub(crate) differences: Vec<(ReadDifference, DifferenceStory)>,
    pub(crate) outcome: ComparedOutcome,
    /// Whether both versions read the same id from a login that was accepted.
    pub(crate) same_id: bool,
}

/// How far a login could be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ComparedOutcome {
    /// All of it.
    Whole,
    /// The next version needs an answer that the login has not got.
    OtherRequests,
    /// The login cannot be read once more, such as one that used a token of the client from an earlier login.
    #[default]
    NotRepeatable,
}

/// Compares what two versions have read from a login that has ended. `own` is the version of the login itself, and whether it was accepted.
pub(crate) fn compare(
    (present, next): ((&Provider, &ReplayedLogin), (&Provider, &ReplayedLogin)),
    own: (LoginVersion, bool),
    login: &AnsweredLogin,
) -> LoginComparison {
    let (repeated, other) = match own.0 {
        LoginVersion::Present => (present.1, next.1),
        LoginVersion::Next => (next.1, present.1),
    };
    let is_repeated = repeated.unanswered.is_empty() && repeated.outcome.is_ok() == own.1;
    if !is_repeated {
        return LoginComparison::default();
    }
    let mut found = LoginComparison { outcome: ComparedOutcome::Whole, ..LoginComparison::default() };
    found.requests = differing_requests(present.1, next.1, other, login);
    // Of a login that was refused nothing proves whose ids were read, and a visitor may have made its callback up.
    let ids = if own.1 { present.1.id.as_ref().zip(next.1.id.as_ref()) } else { None };
    found.same_id = ids.is_some_and(|(one, two)| one == two);
    let is_whole = other.unanswered.is_empty() && !(other.lacks_document && other.outcome.is_err());
    if !is_whole {
        found.outcome = ComparedOutcome::OtherRequests;
        if ids.is_some() && !found.same_id {
            found.push(ComparedPart::Id, PartDifference::Differs, story_of_part("id", (present.0, next.0), login.now));
        }
        return found;
    }
    match (&present.1.outcome, &next.1.outcome) {
        (Ok(one), Ok(two)) => found.compare_identities((one, two), (present.0, next.0), login.now),
        (Ok(_), Err(error)) => {
            found.push(ComparedPart::Login, PartDifference::Missing, story_of_error(error, LoginVersion::Next, login.now));
        }
        (Err(error), Ok(_)) => {
            found.push(ComparedPart::Login, PartDifference::Added, story_of_error(error, LoginVersion::Present, login.now));
        }
        (Err(_), Err(_)) => {}
    }
    found
}

/// Which version of a file a login goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginVersion {
    /// `NAME.yaml`.
    Present,
    /// `NAME.next.yaml`.
    Next,
}

impl LoginComparison {
    /// Whether both versions mean the same person. Where the ids cannot be compared, the operator has to be sure of them (`sameIds`).
    pub(crate) fn is_same_person(&self, same_ids: bool) -> bool {
        (self.same_id || same_ids) && !self.differences.iter().any(|(difference, _)| difference.is_about_ids())
    }

    fn push(&mut self, part: ComparedPart, how: PartDifference, story: DifferenceStory) {
        self.differences.push((ReadDifference { part, how }, story));
    }

    fn compare_identities(&mut self, (one, two): (&Identity, &Identity), providers: (&Provider, &Provider), now: i64) {
        if one.id != two.id {
            self.push(ComparedPart::Id, PartDifference::Differs, story_of_part("id", providers, now));
        }
        let (address, next_address) = (address_of(&one.address), address_of(&two.address));
        match difference_of(address, next_address) {
            Some(how) => self.push(ComparedPart::Address, how, story_of_part("email", providers, now)),
            None if one.address != two.address => {
                self.push(ComparedPart::Evidence, PartDifference::Differs, story_of_part("emailVerified", providers, now));
            }
            None => {}
        }
        let named = [("name", &one.name, &two.name), ("picture", &one.picture, &two.picture), ("locale", &one.locale, &two.locale)];
        for (name, one, two) in named {
            if let Some(how) = difference_of(one.as_ref(), two.as_ref()) {
                self.push(ComparedPart::Fact(name.into()), how, story_of_part(name, providers, now));
            }
        }
        let value =
            |identity: &Identity, name: &str| identity.more.iter().find(|(known, _)| **known == *name).map(|(_, value)| value.clone());
        let mut names: Vec<&Box<str>> = one.more.iter().chain(&two.more).map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            if let Some(how) = difference_of(value(one, name), value(two, name)) {
                self.push(ComparedPart::Fact(name.clone()), how, story_of_part(name, providers, now));
            }
        }
    }
}

fn address_of(address: &IdentityEmail) -> Option<&Email> {
    match address {
        IdentityEmail::Proven(email, _) | IdentityEmail::Placeholder(email) => Some(email),
        IdentityEmail::Ask(email) => email.as_ref(),
    }
}

fn difference_of<T: PartialEq>(present: Option<T>, next: Option<T>) -> Option<PartDifference> {
    match (present, next) {
        (Some(one), Some(two)) => (one != two).then_some(PartDifference::Differs),
        (Some(_), None) => Some(PartDifference::Missing),
        (None, Some(_)) => Some(PartDifference::Added),
        (None, None) => None,
    }
}

fn story_of_part(fact: &str, (present, next): (&Provider, &Provider), at: i64) -> DifferenceStory {
    let line = |provider: &Provider| provider.names.find(fact).and_then(|fact| provider.place_of_fact(fact)).map(|place| place.line);
    DifferenceStory { at, present_line: line(present), next_line: line(next), ..DifferenceStory::default() }
}

/// Why one of the versions refuses the login.
fn story_of_error(error: &LoginError, refusing: LoginVersion, at: i64) -> DifferenceStory {
    let line = error.place.map(|place| place.line);
    let (present_line, next_line) = match refusing {
        LoginVersion::Present => (line, None),
        LoginVersion::Next => (None, line),
    };
    let step = error.step.map(|step| step.word().to_owned());
    DifferenceStory { at, present_line, next_line, step, code: Some(redacted_code(error)) }
}

/// How the requests of the two versions differ: in the redirect, and in the calls for which there is no answer.
fn differing_requests(present: &ReplayedLogin, next: &ReplayedLogin, other: &ReplayedLogin, login: &AnsweredLogin) -> Vec<String> {
    let mut found = Vec::new();
    let redirect = match (&present.redirect, &next.redirect) {
        (Some(one), Some(two)) => request_differences(one, two),
        // It needs what another call before the redirect would give.
        (Some(_), None) | (None, Some(_)) => vec!["a further call".to_owned()],
        (None, None) => Vec::new(),
    };
    let word = StepKind::GetAuthorizationCode.word();
    found.extend(redirect.into_iter().map(|difference| format!("{word}: {difference}")));
    let sent = |step: StepKind| login.exchanges.iter().filter(move |exchange| exchange.step == step).map(|exchange| &exchange.request);
    for (step, request) in &other.unanswered {
        found.extend(differences_to_nearest(&sent(*step), request).into_iter().map(|difference| format!("{}: {difference}", step.word())));
    }
    if other.lacks_document && other.outcome.is_err() {
        found.push("document of the issuer".to_owned());
    }
    found
}

fn differences_to_nearest<'r>(sent: &(impl Iterator<Item = &'r Request> + Clone), request: &Request) -> Vec<String> {
    match nearest(sent.clone(), request).or_else(|| sent.clone().next().filter(|_| sent.clone().count() == 1)) {
        Some(near) => request_differences(near, request),
        None if sent.clone().next().is_none() => vec!["a further call".to_owned()],
        None => vec!["address".to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_has_a_word_by_which_it_is_found_again() {
        for (part, how, word) in [
            (ComparedPart::Id, PartDifference::Differs, "id differs"),
            (ComparedPart::Address, PartDifference::Missing, "address missing"),
            (ComparedPart::Evidence, PartDifference::Differs, "evidence differs"),
            (ComparedPart::Fact("plan".into()), PartDifference::Added, "fact plan added"),
            (ComparedPart::Login, PartDifference::Missing, "login refused"),
            (ComparedPart::Login, PartDifference::Added, "login accepted"),
        ] {
            let difference = ReadDifference { part, how };

            assert_eq!(difference.to_string(), word);
            assert_eq!(ReadDifference::named(word), Some(difference));
        }
        assert_eq!(ReadDifference::named("matched"), None);
        assert_eq!(ReadDifference::named("id ends"), None);
    }
}
