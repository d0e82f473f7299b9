//! The signed tokens of the answers: their issuers, their keys and their audiences.

use crate::vocabulary::site::is_same_site;
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::path::PathSegment;
use crate::workbench::learn::document::{DocumentLeaf, RecordedDocument};
use crate::workbench::learn::jwt::{RecordedJwt, names_audience};
use crate::workbench::learn::login_learner::{LoginLearner, ValueOrigin};
use crate::workbench::recorded_exchange::host_of;
use serde_json::Value;

/// A signed token that an answer held.
pub(crate) struct LearnedSignedToken {
    /// The call whose answer held it.
    pub(crate) call: usize,
    /// The words of `signed`, its `read` apart.
    pub(crate) words: Vec<YamlLine>,
    /// Its claims in each login.
    pub(crate) claims: Vec<Option<Value>>,
    /// Whether the issuer's document names its issuer and keys.
    pub(crate) by_discovery: bool,
    /// Whether it repeats the nonce that was sent.
    pub(crate) repeats_nonce: bool,
    /// Whether the whole answer is the token.
    pub(crate) is_whole: bool,
}

/// One text alone, or a list.
fn one_or_list(texts: Vec<String>) -> YamlValue {
    if let [only] = &texts[..] { YamlValue::text(only.clone()) } else { YamlValue::List(texts.into_iter().map(YamlValue::Text).collect()) }
}

impl LoginLearner<'_> {
    /// The signed tokens whose keys are known: one of each answer at most.
    pub(crate) fn learn_signed_tokens(&mut self) -> Vec<LearnedSignedToken> {
        (self.login.token_call..self.login.calls.len()).filter_map(|number| self.learn_signed_token(number)).collect()
    }

    /// The signed token of one answer.
    fn learn_signed_token(&mut self, number: usize) -> Option<LearnedSignedToken> {
        let leaves = self.login.calls[number].document.as_ref()?.leaves();
        let found =
            leaves.into_iter().filter_map(|leaf| RecordedJwt::read(&leaf.text).map(|token| (leaf, token))).find_map(|(leaf, token)| {
                let keys = self.key_location(&token)?;
                Some((leaf, token, keys))
            });
        let (leaf, token, keys) = found?;
        let is_first = number == self.login.token_call;
        let claims = self.claims_in_all_logins(number, &leaf);
        let issuers = self.issuers_in_all_logins(number, &leaf, &token);
        let by_discovery = self.issuer.as_ref().is_some_and(|(_, document)| {
            let names = |key: &str, text: Option<&str>| document.get(key).and_then(Value::as_str) == text;
            names("issuer", token.claim_text("iss")) && names("jwks_uri", Some(&keys))
        });
        let mut words = Vec::new();
        let fact = if is_first && leaf.keys == [PathSegment::Key("id_token".to_owned())] {
            None
        } else if leaf.keys.is_empty() {
            words.push(YamlLine::with_comment("token", YamlValue::text("answer"), "the whole answer is a signed token"));
            None
        } else if self.known.expression_for(&leaf.text) == Some("accessToken") {
            Some("accessToken".to_owned())
        } else {
            let name = if is_first { "idToken".to_owned() } else { self.unused_name("personToken") };
            let entry = YamlLine::with_comment(name.clone(), YamlValue::Text(leaf.path()), "a signed token");
            self.reads.push((ValueOrigin::Call(number), entry));
            (!is_first).then_some(name)
        };
        if let Some(fact) = fact {
            words.push(YamlLine::with_comment("token", YamlValue::Text(format!("${{{fact}}}")), "it is a signed token"));
        }
        if !by_discovery {
            words.push(YamlLine::with_comment("issuer", one_or_list(issuers), "the token's iss"));
            words.push(YamlLine::with_comment("keys", YamlValue::Text(keys), "publishes the token's key"));
        }
        if let Some(client) = self.client.id.as_deref()
            && !(names_audience(&token.claims, client) && claims.iter().flatten().all(|claims| names_audience(claims, client)))
        {
            words.push(YamlLine::with_comment(
                "audience",
                YamlValue::text("any"),
                "the token does not name the client; decide whether that is intended",
            ));
        }
        let (is_nonce_sent, repeats_nonce) = (self.known.value("nonce").is_some(), token.claim_text("nonce").is_some());
        if is_first && is_nonce_sent && !repeats_nonce {
            words.push(YamlLine::with_comment("nonce", YamlValue::text("none"), "the nonce was sent, and the token does not repeat it"));
        }
        Some(LearnedSignedToken {
            call: number,
            words,
            claims,
            by_discovery,
            repeats_nonce: is_first && is_nonce_sent && repeats_nonce,
            is_whole: leaf.keys.is_empty(),
        })
    }

    /// The value of `keys`: an address, or the client's secret.
    fn key_location(&self, token: &RecordedJwt) -> Option<String> {
        if self.client.secret.as_deref().is_some_and(|secret| token.is_signed_with(secret)) {
            return Some("${clientSecret}".to_owned());
        }
        let name = token.header_text("kid")?;
        let names_key = |(_, names): &&(String, Vec<String>)| names.iter().any(|known| known == name);
        self.published
            .keys
            .iter()
            .filter(names_key)
            .map(|(address, _)| address)
            .find(|address| self.is_keys_address(address, token))
            .cloned()
    }

    /// Whether keys at this address are the provider's: its document names it, or it belongs to a site of this login. A key's id says
    /// nothing, because everyone can copy it, and the key with it.
    fn is_keys_address(&self, address: &str, token: &RecordedJwt) -> bool {
        let named = self.issuer.as_ref().and_then(|(_, document)| document.get("jwks_uri")?.as_str());
        let issuer = token.claim_text("iss").unwrap_or_default();
        let token_address = self.login.calls.get(self.login.token_call).map_or("", |call| call.exchange.base());
        named == Some(address)
            || [issuer, token_address, self.login.redirect.base()].iter().any(|own| is_same_site(host_of(own), host_of(address)))
    }

    fn issuers_in_all_logins(&self, number: usize, leaf: &DocumentLeaf, token: &RecordedJwt) -> Vec<String> {
        let mut all: Vec<String> = token.issuer_template().into_iter().collect();
        for login in self.logins {
            let other = login.calls.get(number).and_then(|call| call.document.as_ref()).map_or_else(Vec::new, RecordedDocument::leaves);
            let other =
                other.into_iter().find(|other| other.keys == leaf.keys).and_then(|leaf| RecordedJwt::read(&leaf.text)?.issuer_template());
            if let Some(issuer) = other.filter(|issuer| !all.contains(issuer)) {
                all.push(issuer);
            }
        }
        all
    }

    fn claims_in_all_logins(&self, number: usize, leaf: &DocumentLeaf) -> Vec<Option<Value>> {
        let claims = self.logins.iter().map(|login| {
            let document = login.calls.get(number)?.document.as_ref()?;
            let same = document.leaves().into_iter().find(|other| other.keys == leaf.keys)?;
            RecordedJwt::read(&same.text).map(|token| token.claims)
        });
        claims.collect()
    }
}
