//! The signed token of the token call: who signed it, with what, for whom.

use crate::workbench::answers::path::PathSegment;
use crate::workbench::draft::{DraftEntry, DraftValue};
use crate::workbench::learn::document::{DocumentLeaf, RecordedDocument};
use crate::workbench::learn::jwt::RecordedJwt;
use crate::workbench::learn::login_learner::{LoginLearner, ValueOrigin};
use serde_json::Value;

/// A signed token that an answer held.
pub(crate) struct LearnedSignedToken {
    /// The call whose answer held it.
    pub(crate) call: usize,
    /// The words of `signed`, its `read` apart.
    pub(crate) words: Vec<DraftEntry>,
    /// What it claims, in each login.
    pub(crate) claims: Vec<Option<Value>>,
    /// Whether the issuer's document says all of it.
    pub(crate) by_discovery: bool,
}

impl LoginLearner<'_> {
    /// The signed token of the token call, if who signed it can be told.
    pub(crate) fn learn_signed_token(&mut self) -> Option<LearnedSignedToken> {
        let number = self.journey.exchange;
        let leaves = self.journey.calls[number].document.as_ref()?.leaves();
        let found =
            leaves.into_iter().filter_map(|leaf| RecordedJwt::read(&leaf.text).map(|token| (leaf, token))).find_map(|(leaf, token)| {
                let keys = self.key_location(&token)?;
                Some((leaf, token, keys))
            });
        let (leaf, token, keys) = found?;
        let claims = self.claims_in_all_logins(number, &leaf);
        let issuers = self.issuers_in_all_logins(number, &leaf, &token);
        let by_discovery = self.issuer.as_ref().is_some_and(|(_, document)| {
            let says = |key: &str, text: Option<&str>| document.get(key).and_then(Value::as_str) == text;
            says("issuer", token.claim_text("iss")) && says("jwks_uri", Some(&keys))
        });
        let mut words = Vec::new();
        let fact = if leaf.keys == [PathSegment::Key("id_token".to_owned())] {
            None
        } else if self.known.expression_for(&leaf.text) == Some("accessToken") {
            Some("accessToken".to_owned())
        } else {
            self.reads
                .push((ValueOrigin::Call(number), DraftEntry::with_reason("idToken", DraftValue::Text(leaf.path()), "a signed token")));
            None
        };
        if let Some(fact) = fact {
            words.push(DraftEntry::with_reason("token", DraftValue::Text(format!("${{{fact}}}")), "it is a signed token"));
        }
        if !by_discovery {
            let value = if let [only] = &issuers[..] {
                DraftValue::text(only.clone())
            } else {
                DraftValue::List(issuers.into_iter().map(DraftValue::Text).collect())
            };
            words.push(DraftEntry::with_reason("issuer", value, "the token's iss"));
            words.push(DraftEntry::with_reason("keys", DraftValue::Text(keys), "the token's key is kept there"));
        }
        if let Some(client) = self.client.id.as_deref()
            && !(token.has_audience(client) && Self::all_have_audience(&claims, client))
        {
            words.push(DraftEntry::with_reason(
                "audience",
                DraftValue::text("any"),
                "it does not name the client; decide whether that is meant",
            ));
        }
        if self.known.value("nonce").is_some() && token.claim_text("nonce").is_none() {
            words.push(DraftEntry::with_reason("nonce", DraftValue::text("none"), "the nonce went out, and the token does not repeat it"));
        }
        Some(LearnedSignedToken { call: number, words, claims, by_discovery })
    }

    fn all_have_audience(claims: &[Option<Value>], client: &str) -> bool {
        claims.iter().flatten().all(|claims| match claims.get("aud") {
            Some(Value::String(one)) => one == client,
            Some(Value::Array(list)) => list.iter().any(|one| one.as_str() == Some(client)),
            _ => false,
        })
    }

    /// Where the key of a token is: an address, or the client's secret.
    fn key_location(&self, token: &RecordedJwt) -> Option<String> {
        if self.client.secret.as_deref().is_some_and(|secret| token.is_signed_with(secret)) {
            return Some("${clientSecret}".to_owned());
        }
        let name = token.header_text("kid")?;
        self.published.keys.iter().find(|(_, names)| names.iter().any(|known| known == name)).map(|(address, _)| address.clone())
    }

    fn issuers_in_all_logins(&self, number: usize, leaf: &DocumentLeaf, token: &RecordedJwt) -> Vec<String> {
        let mut all: Vec<String> = token.issuer_template().into_iter().collect();
        for journey in self.all {
            let other = journey.calls.get(number).and_then(|call| call.document.as_ref()).map_or_else(Vec::new, RecordedDocument::leaves);
            let other =
                other.into_iter().find(|other| other.keys == leaf.keys).and_then(|leaf| RecordedJwt::read(&leaf.text)?.issuer_template());
            if let Some(issuer) = other.filter(|issuer| !all.contains(issuer)) {
                all.push(issuer);
            }
        }
        all
    }

    fn claims_in_all_logins(&self, number: usize, leaf: &DocumentLeaf) -> Vec<Option<Value>> {
        let claims = self.all.iter().map(|journey| {
            let document = journey.calls.get(number)?.document.as_ref()?;
            let same = document.leaves().into_iter().find(|other| other.keys == leaf.keys)?;
            RecordedJwt::read(&same.text).map(|token| token.claims)
        });
        claims.collect()
    }
}
