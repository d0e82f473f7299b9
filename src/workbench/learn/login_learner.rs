//! Follows one login from its beginning: the values known so far, what the answers gave, and the file that comes of it.

use crate::provider::pkce::Pkce;
use crate::vocabulary::yaml::writer::YamlLine;
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::looks::looks_random;
use crate::workbench::answers::path::PathSegment;
use crate::workbench::learn::client::{self, LearnedClient};
use crate::workbench::learn::document::{DocumentLeaf, RecordedDocument, leaves_of};
use crate::workbench::learn::issuer_documents::IssuerDocuments;
use crate::workbench::learn::jwt::RecordedJwt;
use crate::workbench::learn::known_values::KnownValues;
use crate::workbench::learn::linking::{AnswerPlace, AnswerValue};
use crate::workbench::learn::names::is_followable;
use crate::workbench::learn::nested_documents::nested_document;
use crate::workbench::learn::recorded_login::RecordedLogin;
use crate::workbench::recorded_exchange::host_of;
use serde_json::Value;
use std::collections::HashSet;

/// The exchange that first held a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ValueOrigin {
    /// A parameter of the callback.
    Callback,
    /// The answer that gave the client a token of its own.
    ClientToken,
    /// The answer of this call.
    Call(usize),
}

/// A value of the installation: the file refers to a variable in its place.
pub(crate) struct ReferencedValue {
    pub(crate) fact: String,
    pub(crate) is_secret: bool,
    /// Empty where no recording can hold it, as for a private key.
    pub(crate) value: String,
    pub(crate) reason: String,
}

pub(crate) struct LoginLearner<'a> {
    pub(crate) name: String,
    /// The login that is followed.
    pub(crate) login: &'a RecordedLogin<'a>,
    /// All logins of the recording.
    pub(crate) logins: &'a [RecordedLogin<'a>],
    pub(crate) published: &'a IssuerDocuments,
    pub(crate) client: LearnedClient,
    pub(crate) known: KnownValues,
    /// What the answers gave, and no request has sent yet.
    pub(crate) answer_values: Vec<AnswerValue>,
    /// The facts that answers gave, with the places of their values.
    pub(crate) facts_of_answers: Vec<(String, AnswerPlace, DocumentLeaf)>,
    /// What each answer is read for, because a later request sends it.
    pub(crate) reads: Vec<(ValueOrigin, YamlLine)>,
    /// The settings and secrets of the file.
    pub(crate) references: Vec<ReferencedValue>,
    pub(crate) pkce: Pkce,
    /// The value of `discovery` and the document behind it, where the provider's issuer published one.
    pub(crate) issuer: Option<(String, Value)>,
    /// What the shopper is asked for, because it differs between logins and is part of the address of the first step.
    pub(crate) input: Option<String>,
    /// The hosts to which addresses with holes led.
    pub(crate) hosts: Vec<String>,
    /// Values that may be personal although the shop sent them.
    pub(crate) withheld: &'a HashSet<String>,
    /// Whether people without a proven address are asked for one although the claim for addresses is known.
    pub(crate) asks_for_address: bool,
}

/// The longest value of an answer that is looked for in requests.
const LONGEST_VALUE: usize = 16 * 1024;

impl<'a> LoginLearner<'a> {
    /// Follows the login with the most calls.
    pub(crate) fn new(name: &str, logins: &'a [RecordedLogin<'a>], published: &'a IssuerDocuments, withheld: &'a HashSet<String>) -> Self {
        let login = logins.iter().rev().max_by_key(|login| login.calls.len()).unwrap_or(&logins[0]);
        let mut learner = Self {
            name: name.to_owned(),
            login,
            logins,
            published,
            client: client::find_client(login),
            known: KnownValues::default(),
            answer_values: Vec::new(),
            facts_of_answers: Vec::new(),
            reads: Vec::new(),
            references: Vec::new(),
            pkce: Pkce::Off,
            issuer: None,
            input: None,
            hosts: Vec::new(),
            withheld,
            asks_for_address: false,
        };
        learner.add_initial_values();
        learner
    }

    /// The values that are known when the browser is redirected.
    fn add_initial_values(&mut self) {
        let redirect_parameters = self.login.first_parameters();
        if let Some(id) = self.client.id.clone() {
            self.known.add("clientId", &id);
        }
        if let Some(secret) = self.client.secret.clone() {
            self.known.add("clientSecret", &secret);
        }
        self.known.add("redirectUri", self.login.redirect_uri.as_str());
        if let Some((public_url, _)) = self.login.redirect_uri.split_once("/callback/") {
            self.known.add("publicUrl", public_url);
        }
        if let Some(state) = self.login.state.clone() {
            self.known.add("state", &state);
        }
        let token = &self.login.calls[self.login.token_call];
        let sent = client::named_values(token);
        for (name, value) in &redirect_parameters {
            let proof =
                |pkce: Pkce| sent.iter().find(|(_, proof)| proof.len() >= 20 && pkce.challenge(proof).as_deref() == Some(value.as_str()));
            if let Some((_, verifier)) = proof(Pkce::S256) {
                self.pkce = Pkce::S256;
                self.known.add("codeChallenge", value);
                self.known.add("codeVerifier", verifier);
            } else if normalize_key(name).contains("challenge") && proof(Pkce::Plain).is_some() {
                self.pkce = Pkce::Plain;
                self.known.add("codeVerifier", value);
            }
        }
        if let Some(nonce) = self.find_nonce(&redirect_parameters) {
            self.known.add("nonce", &nonce);
        }
        self.issuer = self.find_issuer(token.exchange.base());
    }

    /// Adds the parameters of the callback, which later requests may send.
    pub(crate) fn add_callback_values(&mut self) {
        for (name, value) in self.login.callback_parameters.clone() {
            if name == "iss" && value.starts_with("http") {
                // It names the issuer and is compared; an address that is made of it would follow whatever a callback says.
                continue;
            }
            if name == self.login.code_parameter {
                self.known.add("code", &value);
            } else if Some(&value) != self.login.state.as_ref() {
                let leaf = DocumentLeaf { keys: vec![PathSegment::Key(name)], text: value };
                self.add_answer_value(ValueOrigin::Callback, leaf);
            }
        }
    }

    /// The `iss` of the callbacks, if addresses of the provider begin with it and no login has another. Any other value could
    /// be that of a person or a tenant.
    pub(crate) fn callback_issuer(&self) -> Option<String> {
        let iss =
            |login: &RecordedLogin<'_>| login.callback_parameters.iter().find(|(name, _)| name == "iss").map(|(_, value)| value.clone());
        let issuer = iss(self.login)?;
        let begins = |address: &str| address.strip_prefix(issuer.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'));
        let mut addresses = self.login.calls.iter().map(|call| call.exchange.base()).chain([self.login.redirect.base()]);
        let is_own = !host_of(&issuer).is_empty() && addresses.any(begins);
        let is_the_only_one = self.logins.iter().filter_map(iss).all(|other| other == issuer);
        let is_withheld = self.withheld.iter().any(|value| issuer.contains(value.as_str()));
        (is_own && is_the_only_one && !is_withheld && self.input.is_none()).then_some(issuer)
    }

    /// The value that a signed token repeats, or that is named `nonce`.
    fn find_nonce(&self, redirect_parameters: &[(String, String)]) -> Option<String> {
        let answers = self.login.calls.iter().filter_map(|call| call.document.as_ref());
        let claims: Vec<RecordedJwt> =
            answers.flat_map(RecordedDocument::leaves).filter_map(|leaf| RecordedJwt::read(&leaf.text)).collect();
        let repeated = |value: &str| claims.iter().any(|token| token.claim_text("nonce") == Some(value));
        let mut fits = redirect_parameters.iter().filter(|(name, value)| repeated(value) || name == "nonce" && looks_random(value));
        fits.next().map(|(_, value)| value.clone()).filter(|value| Some(value) != self.login.state.as_ref())
    }

    fn find_issuer(&self, token_address: &str) -> Option<(String, Value)> {
        let is_of_this_login = |document: &Value| {
            let names = |key: &str, address: &str| document.get(key).and_then(Value::as_str) == Some(address);
            names("authorization_endpoint", self.login.redirect.base()) || names("token_endpoint", token_address)
        };
        // A document elsewhere, which names these addresses today, could name others tomorrow.
        let is_at_home = |address: &str, document: &Value| {
            let homes = ["issuer", "token_endpoint"].iter().filter_map(|key| document.get(*key).and_then(Value::as_str));
            let mut homes = homes.map(host_of);
            homes.any(|home| home == host_of(address))
        };
        let found = self.published.issuers.iter().find(|(address, document)| is_of_this_login(document) && is_at_home(address, document));
        let (address, document) = found?;
        let issuer = document.get("issuer")?.as_str()?;
        let usual = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        Some((if *address == usual { issuer.to_owned() } else { address.clone() }, document.clone()))
    }

    /// Adds a value that a later request may send.
    pub(crate) fn add_answer_value(&mut self, origin: ValueOrigin, leaf: DocumentLeaf) {
        if let Some(nested) = nested_document(&leaf) {
            for inner in leaves_of(&nested.value) {
                self.push_answer_value(AnswerPlace { origin, outer: Some(leaf.keys.clone()), cut: None }, inner);
            }
        }
        self.push_answer_value(AnswerPlace { origin, outer: None, cut: None }, leaf);
    }

    fn push_answer_value(&mut self, place: AnswerPlace, leaf: DocumentLeaf) {
        let is_value = !leaf.text.is_empty() && !matches!(leaf.text.as_str(), "true" | "false") && leaf.text.len() <= LONGEST_VALUE;
        if is_value && self.answer_values.len() < 5000 {
            self.answer_values.push(AnswerValue { value: leaf.text.clone(), place, leaf });
        }
    }

    /// Remembers a host to which an address with a hole led.
    pub(crate) fn hosts_add(&mut self, host: &str) {
        if !self.hosts.iter().any(|known| known == host) {
            self.hosts.push(host.to_owned());
        }
    }

    pub(crate) fn is_known(&self, value: &str) -> bool {
        self.known.expression_for(value).is_some() || self.answer_values.iter().any(|known| known.value == value && is_followable(value))
    }
}

/// The beginning of a name from the recording, for a comment.
pub(crate) fn shortened_name(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(40).collect()
}
