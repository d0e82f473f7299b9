//! Calls that the file need not make in every login: the userinfo call that `discovery` implies, and calls that were refused in a login that
//! went on.

use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::looks::{looks_like_email, looks_random};
use crate::workbench::learn::login_learner::{LoginLearner, ValueOrigin};
use crate::workbench::learn::person::ChosenFact;
use crate::workbench::learn::person_sources::PersonFactPlace;
use crate::workbench::learn::provider_file::reads_standard_places;
use crate::workbench::learn::recorded_login::RecordedLogin;
use crate::workbench::learn::request_places::path_segments;
use crate::workbench::learn::signed_token::LearnedSignedToken;
use crate::workbench::recorded_exchange::host_of;
use serde_json::Value;

/// Whether two addresses of a host differ in nothing but values, such as the id of a person.
fn is_same_place(one: &str, other: &str) -> bool {
    let is_value = |segment: &str| looks_random(segment) || segment.bytes().any(|byte| byte.is_ascii_digit()) && !is_version(segment);
    let (ours, theirs): (Vec<_>, Vec<_>) = (path_segments(one).collect(), path_segments(other).collect());
    ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(own, other)| own == other || is_value(own) && is_value(other))
}

/// Whether a segment is the version of an interface, such as `v2`.
fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

impl LoginLearner<'_> {
    /// Whether the call with this number of a login is the one that this login made: logins with as many calls are taken to be alike, and of
    /// others method and address are compared.
    pub(crate) fn makes_same_call(&self, login: &RecordedLogin<'_>, number: usize) -> bool {
        let is_same = || match (login.calls.get(number), self.login.calls.get(number)) {
            (Some(other), Some(own)) => other.exchange.method == own.exchange.method && other.exchange.base() == own.exchange.base(),
            (None | Some(_), None) | (None, Some(_)) => false,
        };
        login.token_call == self.login.token_call && (login.calls.len() == self.login.calls.len() || is_same())
    }

    /// Whether the ID token and the userinfo answer are read as `discovery` implies, so that this fact needs no line.
    pub(crate) fn is_read_by_default(&self, place: PersonFactPlace, chosen: &ChosenFact) -> bool {
        self.issuer.is_some()
            && place == PersonFactPlace::Claims(self.login.token_call)
            && reads_standard_places(std::slice::from_ref(&chosen.entry))
    }

    /// Whether the last call is the userinfo call that `discovery` implies, and was made exactly where the ID token lacked what is needed.
    pub(crate) fn is_userinfo_implied(
        &self,
        steps: &[Vec<YamlLine>],
        tokens: &[LearnedSignedToken],
        placed: &[(PersonFactPlace, ChosenFact)],
    ) -> bool {
        let call = self.login.token_call + 1;
        let published = self.issuer.as_ref().and_then(|(_, document)| document.get("userinfo_endpoint")?.as_str());
        let is_userinfo = |login: &RecordedLogin<'_>| login.calls.get(call).is_some_and(|made| published == Some(made.exchange.base()));
        let is_plain = self.login.calls.len() == call + 1 && is_userinfo(self.login) && steps.get(call).is_some_and(Vec::is_empty);
        let is_default =
            placed.iter().all(|(place, chosen)| *place == PersonFactPlace::Answer(call) || self.is_read_by_default(*place, chosen));
        let token = tokens.iter().find(|token| token.call == self.login.token_call && token.by_discovery);
        let needs_claim = placed.iter().any(|(_, chosen)| chosen.entry.key == "emailVerified");
        let is_needed = |claims: &Value| {
            let has_address = claims.get("email").and_then(Value::as_str).is_some_and(looks_like_email);
            !has_address || needs_claim && claims.get("email_verified").is_none()
        };
        let made_where_needed = |token: &LearnedSignedToken| {
            let mut pairs = self.logins.iter().zip(&token.claims).filter_map(|(login, claims)| Some((login, claims.as_ref()?)));
            pairs.all(|(login, claims)| is_userinfo(login) == is_needed(claims))
        };
        is_plain && is_default && token.is_some_and(made_where_needed)
    }

    /// `optional` for a call that was refused in a login that went on, where nothing that every login needs comes with it.
    pub(crate) fn optional_entry(&self, number: usize, placed: &[(PersonFactPlace, ChosenFact)]) -> Option<YamlLine> {
        let own = self.login.calls.get(number).filter(|_| number > self.login.token_call)?.exchange;
        let gives_id = placed.iter().any(|(place, chosen)| {
            chosen.entry.key == "id" && [PersonFactPlace::Answer(number), PersonFactPlace::Claims(number)].contains(place)
        });
        let is_used = self.reads.iter().any(|(origin, _)| *origin == ValueOrigin::Call(number));
        let was_refused = self.logins.iter().any(|login| {
            !login.calls.iter().any(|call| call.exchange.base() == own.base())
                && login.refused.iter().any(|refused| {
                    refused.method == own.method
                        && host_of(refused.base()) == host_of(own.base())
                        && is_same_place(refused.base(), own.base())
                })
        });
        let reason = "a login went on although this was refused; decide whether it may";
        (was_refused && !gives_id && !is_used).then(|| YamlLine::with_comment("optional", YamlValue::Bare("true".to_owned()), reason))
    }

    /// An address with the client's id in place of a segment that is the id.
    pub(crate) fn with_client_id(&self, address: &str) -> String {
        let Some(id) = self.client.id.as_deref().filter(|id| id.len() >= 3) else { return address.to_owned() };
        let segments = address.split('/').enumerate();
        let written: Vec<&str> = segments.map(|(at, segment)| if at > 2 && segment == id { "${clientId}" } else { segment }).collect();
        written.join("/")
    }
}
