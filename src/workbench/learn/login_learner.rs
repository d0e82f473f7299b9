//! One login followed from its beginning: what is known so far, what answers gave, and the file that grows from it.

use crate::provider::standard::{CALLBACK, TOKEN};
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::looks::looks_random;
use crate::workbench::draft::{DraftEntry, DraftValue};
use crate::workbench::learn::client::{self, LearnedClient};
use crate::workbench::learn::document::{DocumentLeaf, RecordedDocument};
use crate::workbench::learn::heuristics::{is_followable, to_camel_case};
use crate::workbench::learn::issuer_documents::IssuerDocuments;
use crate::workbench::learn::jwt::RecordedJwt;
use crate::workbench::learn::known_values::KnownValues;
use crate::workbench::learn::recorded_login::RecordedLogin;
use std::collections::HashSet;

/// Where a value first came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ValueOrigin {
    /// The browser brought it.
    Callback,
    /// The answer of this call.
    Call(usize),
}

/// A value of an answer that may go out again.
struct AnswerValue {
    value: String,
    origin: ValueOrigin,
    leaf: DocumentLeaf,
}

pub(crate) struct LoginLearner<'a> {
    /// What the provider is to be called.
    pub(crate) name: String,
    /// The login that is followed.
    pub(crate) journey: &'a RecordedLogin<'a>,
    /// All logins of the recording.
    pub(crate) all: &'a [RecordedLogin<'a>],
    pub(crate) published: &'a IssuerDocuments,
    pub(crate) client: LearnedClient,
    /// What is known so far.
    pub(crate) known: KnownValues,
    given: Vec<AnswerValue>,
    /// What each answer is read for, because it went out again.
    pub(crate) reads: Vec<(ValueOrigin, DraftEntry)>,
    /// Settings and secrets: name, whether it is a secret, value, why.
    pub(crate) kept: Vec<(String, bool, String, String)>,
    /// The word for PKCE.
    pub(crate) pkce: &'static str,
    /// The issuer whose document is used: the word's value, and the document.
    pub(crate) issuer: Option<(String, serde_json::Value)>,
    /// What is asked of the shopper, because it differs between logins and stands in the address of the first step.
    pub(crate) input: Option<String>,
    /// Hosts to which an address with a hole may lead.
    pub(crate) hosts: Vec<String>,
    /// Values that may be somebody's, although the shop sent them.
    pub(crate) taboo: &'a HashSet<String>,
}

impl<'a> LoginLearner<'a> {
    /// Takes up a login of a recording: the one in which most is called.
    pub(crate) fn new(name: &str, all: &'a [RecordedLogin<'a>], published: &'a IssuerDocuments, taboo: &'a HashSet<String>) -> Self {
        let journey = all.iter().rev().max_by_key(|journey| journey.calls.len()).unwrap_or(&all[0]);
        let mut thread = Self {
            name: name.to_owned(),
            journey,
            all,
            published,
            client: client::find_client(journey),
            known: KnownValues::default(),
            given: Vec::new(),
            reads: Vec::new(),
            kept: Vec::new(),
            pkce: "off",
            issuer: None,
            input: None,
            hosts: Vec::new(),
            taboo,
        };
        thread.add_initial_values();
        thread
    }

    /// What is known when the browser is sent off.
    fn add_initial_values(&mut self) {
        let asked = self.journey.redirect.query();
        if let Some(id) = self.client.id.clone() {
            self.known.add("clientId", &id);
        }
        if let Some(secret) = self.client.secret.clone() {
            self.known.add("clientSecret", &secret);
        }
        self.known.add("redirectUri", self.journey.back.as_str());
        if let Some(state) = self.journey.state.clone() {
            self.known.add("state", &state);
        }
        let token = &self.journey.calls[self.journey.exchange];
        let sent = client::named_values(token);
        for (name, value) in &asked {
            use crate::provider::pkce::Pkce;
            let proof =
                |pkce: Pkce| sent.iter().find(|(_, proof)| proof.len() >= 20 && pkce.challenge(proof).as_deref() == Some(value.as_str()));
            if let Some((_, verifier)) = proof(Pkce::S256) {
                self.pkce = "S256";
                self.known.add("codeChallenge", value);
                self.known.add("codeVerifier", verifier);
            } else if normalize_key(name).contains("challenge") && proof(Pkce::Plain).is_some() {
                self.pkce = "plain";
                self.known.add("codeVerifier", value);
            }
        }
        let nonce = self.find_nonce(&asked);
        if let Some(nonce) = nonce {
            self.known.add("nonce", &nonce);
        }
        if let Some((_, scope)) = asked.iter().find(|(name, _)| name == "scope") {
            self.known.add("scope", scope);
        }
        self.issuer = self.find_issuer(token.sent.base());
    }

    /// The browser is back: what it brought may go out again.
    pub(crate) fn add_callback_values(&mut self) {
        for (name, value) in self.journey.brought.clone() {
            if name == self.journey.code {
                self.known.add("code", &value);
            } else if Some(&value) != self.journey.state.as_ref() {
                let leaf = DocumentLeaf { keys: vec![crate::workbench::answers::path::PathSegment::Key(name)], text: value };
                self.add_answer_value(ValueOrigin::Callback, leaf);
            }
        }
    }

    /// The value that a signed token repeats, or that is called so.
    fn find_nonce(&self, asked: &[(String, String)]) -> Option<String> {
        let answers = self.journey.calls.iter().filter_map(|call| call.document.as_ref());
        let claims: Vec<RecordedJwt> =
            answers.flat_map(RecordedDocument::leaves).filter_map(|leaf| RecordedJwt::read(&leaf.text)).collect();
        let repeated = |value: &str| claims.iter().any(|token| token.claim_text("nonce") == Some(value));
        let mut fits = asked.iter().filter(|(name, value)| repeated(value) || name == "nonce" && looks_random(value));
        fits.next().map(|(_, value)| value.clone()).filter(|value| Some(value) != self.journey.state.as_ref())
    }

    fn find_issuer(&self, token_address: &str) -> Option<(String, serde_json::Value)> {
        let mine = |document: &serde_json::Value| {
            let says = |key: &str, address: &str| document.get(key).and_then(serde_json::Value::as_str) == Some(address);
            says("authorization_endpoint", self.journey.redirect.base()) || says("token_endpoint", token_address)
        };
        let (address, document) = self.published.issuers.iter().find(|(_, document)| mine(document))?;
        let issuer = document.get("issuer")?.as_str()?;
        let usual = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        Some((if *address == usual { issuer.to_owned() } else { address.clone() }, document.clone()))
    }

    /// An answer gave a value; it may go out again.
    pub(crate) fn add_answer_value(&mut self, origin: ValueOrigin, leaf: DocumentLeaf) {
        if is_followable(&leaf.text) && self.given.len() < 5000 {
            self.given.push(AnswerValue { value: leaf.text.clone(), origin, leaf });
        }
    }

    /// Whether an answer gave this value, or it is known already.
    pub(crate) fn is_known(&self, value: &str) -> bool {
        self.known.expression_for(value).is_some() || self.given.iter().any(|given| given.value == value)
    }

    /// Whatever an answer gave and stands in this text becomes a fact.
    pub(crate) fn resolve_facts(&mut self, text: &str) {
        if text.len() < 6 || self.known.expression_for(text).is_some() {
            return;
        }
        let exact = self.given.iter().position(|given| given.value == text);
        let inside = || {
            let within = self.given.iter().enumerate().filter(|(_, given)| given.value.len() >= 8 && text.contains(given.value.as_str()));
            within.max_by_key(|(_, given)| given.value.len()).map(|(at, _)| at)
        };
        if let Some(at) = exact.or_else(inside) {
            let AnswerValue { value, origin, leaf } = self.given.swap_remove(at);
            if self.known.expression_for(&value).is_some() {
                return self.resolve_facts(text);
            }
            let fact = self.new_fact_name(origin, &leaf);
            if !self.is_at_standard_place(origin, &leaf, &fact) {
                let entry =
                    DraftEntry::with_reason(fact.clone(), DraftValue::Text(leaf.path()), "came with this answer and went out again");
                self.reads.push((origin, entry));
            }
            self.known.add(&fact, &value);
            if exact.is_none() {
                self.resolve_remaining(text);
            }
        }
    }

    fn resolve_remaining(&mut self, text: &str) {
        for _ in 0..4 {
            let more = self.given.iter().any(|given| given.value.len() >= 8 && text.contains(given.value.as_str()));
            if !more || self.known.expression_for(text).is_some() {
                return;
            }
            let before = self.given.len();
            self.resolve_facts(text);
            if self.given.len() == before {
                return;
            }
        }
    }

    /// Whether a fact stands where the standard has it, so that nothing has to be written.
    fn is_at_standard_place(&self, origin: ValueOrigin, leaf: &DocumentLeaf, fact: &str) -> bool {
        let path = leaf.path();
        let list = match origin {
            ValueOrigin::Callback => CALLBACK,
            ValueOrigin::Call(at) if at <= self.journey.exchange => TOKEN,
            ValueOrigin::Call(_) => return false,
        };
        list.iter().any(|(known, key)| *known == fact && path == format!("$.{key}"))
    }

    fn new_fact_name(&self, origin: ValueOrigin, leaf: &DocumentLeaf) -> String {
        let is_new = |name: &str| self.known.value(name).is_none() && !self.kept.iter().any(|(known, ..)| known == name);
        let own = normalize_key(leaf.name());
        if let ValueOrigin::Call(at) = origin {
            let is_token = own.contains("token") || !own.ends_with("id") && !crate::workbench::answers::looks::looks_like_url(&leaf.text);
            if at == self.journey.exchange && is_token && is_new("accessToken") {
                return "accessToken".to_owned();
            }
            if at < self.journey.exchange && own.contains("token") && is_new("appToken") {
                return "appToken".to_owned();
            }
        }
        let name = to_camel_case(leaf.name());
        self.unused_name(&name)
    }
}

/// The beginning of a name out of the recording.
pub(crate) fn shortened_name(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(40).collect()
}
