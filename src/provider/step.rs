//! One step: a request written from the facts known so far, and the facts read from its answer.
//!
//! All three steps have this one type. The browser sends the first request; the broker sends the others itself.

mod reading;
mod sending;

use crate::choice;
use crate::provider::address::Address;
use crate::provider::answer::AnswerParser;
use crate::provider::assertion::Assertion;
use crate::provider::choice::EntryChoice;
use crate::provider::condition::{Condition, Conditions};
use crate::provider::credentials::ClientAuthMethod;
use crate::provider::fact_expression::FactExpression;
use crate::provider::fact_origin::FactOrigin;
use crate::provider::facts::{Facts, WellKnownFacts};
use crate::provider::implied_userinfo::ImpliedUserInfo;
use crate::provider::json_path::{JsonPath, scalar_text};
use crate::provider::parameters::{JsonTemplate, Parameter};
use crate::provider::refusal::{RefusalRule, RefusalRules};
use crate::provider::signature::ParameterSignature;
use crate::provider::signed_token::SignedToken;
use crate::provider::template::{FactUse, Template};
use crate::provider::token_type::AcceptedTokenType;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Method, Response};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

choice! {
    /// The three steps of a login, and the call that a login makes on behalf of the client.
    pub enum StepKind {
        /// The browser is sent to the provider and comes back with a code.
        GetAuthorizationCode = "getAuthorizationCode",
        /// The code is exchanged for an access token.
        GetAccessCode = "getAccessCode",
        /// The access token shows who the person is.
        GetUserInfo = "getUserInfo",
        /// The client gets a token of its own, which is about no person.
        GetClientToken = "getClientToken",
    }
}

/// A compiled step.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of the request or of its answer by itself")]
pub struct Step {
    /// Which step it is.
    pub(crate) kind: StepKind,
    /// Its position among the calls; the redirect, whose answer is the callback, has none.
    pub(crate) call: Option<u16>,
    pub(crate) place: Place,
    pub(crate) known: WellKnownFacts,
    pub(crate) method: Method,
    pub(crate) address: Address,
    pub(crate) query: Vec<Parameter>,
    /// Whether it pushes the standard authorization request before the redirect.
    pub(crate) is_standard_push: bool,
    /// The parameters that ask for a login anew, which replace those of the same names.
    pub(crate) reauthenticate: Vec<Parameter>,
    /// Whether the ID token of a login anew must hold `auth_time`: the parameters name `max_age`, which obliges the provider to send it
    /// (OpenID Connect Core 3.1.2.1).
    pub(crate) demands_auth_time: bool,
    pub(crate) body: StepBody,
    pub(crate) headers: Vec<(Located<String>, Template)>,
    pub(crate) basic: Option<BasicCredentials>,
    /// The credentials in the header, where the file leaves the client's authentication method open.
    pub(crate) negotiated: Option<NegotiatedCredentials>,
    pub(crate) bearer: Option<Template>,
    pub(crate) assertion: Option<Assertion>,
    /// The signature that the request carries.
    pub(crate) sign: Option<ParameterSignature>,
    /// The signature that the callback has to carry.
    pub(crate) verify: Option<ParameterSignature>,
    pub(crate) when: Option<Conditions>,
    /// Set for the userinfo call that `discovery` implies.
    pub(crate) implied: Option<ImpliedUserInfo>,
    /// How long the provider may take for its answer.
    pub(crate) timeout: Duration,
    /// Whether a login goes on when this call fails.
    pub(crate) optional: bool,
    pub(crate) answers: AnswerParser,
    pub(crate) refused: Vec<RefusalRule>,
    pub(crate) accepted: Vec<RefusalRule>,
    /// Whether a non-empty `error` member is a refusal.
    pub(crate) refuses_error_member: bool,
    /// Which type of access token its answer may name.
    pub(crate) token_type: AcceptedTokenType,
    pub(crate) reads: Vec<ReadRule>,
    /// The entries that are chosen from lists in the answer.
    pub(crate) choices: Vec<EntryChoice>,
    pub(crate) header_reads: Vec<(Slot, Located<String>)>,
    /// Codes, tokens and everything else that a request carries: a refusal never shows it.
    pub(crate) carried: Arc<[Slot]>,
    pub(crate) signed: Option<SignedToken>,
    /// How an answer is verified that turns out to be a signed token, where `discovery` says what such a token is.
    pub(crate) signed_answer: Option<SignedToken>,
    pub(crate) signed_reads: Vec<ReadRule>,
    /// The entries that are chosen from lists in the signed token.
    pub(crate) signed_choices: Vec<EntryChoice>,
}

/// What a request carries besides its address.
#[derive(Clone, Debug)]
pub(crate) enum StepBody {
    None,
    Form(Vec<Parameter>),
    Json(JsonTemplate),
    Text(Template),
}

/// Credentials in the `Authorization` header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BasicCredentials {
    pub(crate) encoded: bool,
    /// Whether there is a secret.
    pub(crate) has_secret: bool,
    /// Where that was written.
    pub(crate) place: Place,
}

/// The other authentication method of a standard token request, for a provider whose file names none.
#[derive(Clone, Debug)]
pub(crate) struct NegotiatedCredentials {
    /// The form without the credentials.
    pub(crate) form: Vec<Parameter>,
    pub(crate) basic: BasicCredentials,
}

/// A fact and how it is read.
#[derive(Clone, Debug)]
pub(crate) struct ReadRule {
    pub(crate) fact: Slot,
    pub(crate) reading: FactExpression,
    /// The place of the word; for a standard place, the place of the step.
    pub(crate) place: Place,
    /// Whether the file itself reads the fact, rather than a standard place.
    pub(crate) written: bool,
}

impl Step {
    /// Whether the call is made at all.
    pub(crate) fn should_call(&self, facts: &Facts) -> bool {
        self.when.as_ref().is_none_or(|when| when.verdict(None, facts) != Some(false))
            && self.implied.is_none_or(|implied| implied.is_needed(self.known, facts))
    }

    /// The address of a call for which neither the file nor the issuer's document names the client's authentication method.
    pub(crate) fn negotiating_address(&self, facts: &Facts) -> Option<String> {
        if self.negotiated.is_none() || facts.get(self.known.client_authentication).is_some() {
            return None;
        }
        self.address.fill(facts).ok().map(|filled| filled.document_address())
    }

    /// Sets whether the client's credentials are sent in the header or in the form.
    pub(crate) fn choose_credentials(&self, basic: bool, facts: &mut Facts) {
        let method = if basic { ClientAuthMethod::BasicEncoded } else { ClientAuthMethod::Form };
        facts.set(self.known.client_authentication, Text::plain(method.word()));
    }

    /// The credentials in the header, if the issuer takes them there and the file leaves that open.
    fn chosen_credentials(&self, facts: &Facts) -> Option<&NegotiatedCredentials> {
        let is_basic = |method: &Text| method.equals(ClientAuthMethod::BasicEncoded.word());
        self.negotiated.as_ref().filter(|_| facts.get(self.known.client_authentication).is_some_and(is_basic))
    }

    /// Whether an answer refuses the client's credentials and not the code, so that the other method may be tried.
    pub(crate) fn refuses_client(&self, answer: &Response) -> bool {
        if !(400..=403).contains(&answer.status) {
            return false;
        }
        let document = self.document(answer);
        match document.as_ref().and_then(|document| document.get("error")).and_then(Value::as_str) {
            Some(error) => error == "invalid_client",
            None => answer.status == 401,
        }
    }

    /// Whether an answer may mean that the client used the wrong authentication method: any refusal of the request except that of the code.
    pub(crate) fn may_refuse_method(&self, answer: &Response) -> bool {
        let document = self.document(answer);
        let error = document.as_ref().and_then(|document| document.get("error")).and_then(Value::as_str);
        (400..500).contains(&answer.status) && error != Some("invalid_grant")
    }

    /// Whether an answer is no refusal and holds the token that the call asks for.
    pub(crate) fn gives_token(&self, answer: &Response, facts: &Facts) -> bool {
        let token = if self.kind == StepKind::GetClientToken { self.known.client_token } else { self.known.access_token };
        self.document(answer).is_some_and(|document| {
            let mut paths = self.paths_of(token).into_iter();
            let has_token = paths.any(|path| path.first(&document).and_then(scalar_text).is_some_and(|token| !token.is_empty()));
            has_token && self.check_refusal(Some(&document), facts, answer.status).is_ok()
        })
    }

    /// An answer as the document in which paths find things, if it is one.
    pub fn document(&self, answer: &Response) -> Option<Value> {
        self.answers.read(answer).ok()
    }

    /// Whether the browser carries the request, rather than the broker.
    pub(crate) fn is_redirect(&self) -> bool {
        self.call.is_none()
    }

    /// The texts of the parameters and of the body.
    pub(crate) fn request_values(&self) -> Vec<&Template> {
        let mut values: Vec<&Template> = self.query.iter().flat_map(|parameter| &parameter.values).collect();
        match &self.body {
            StepBody::None => {}
            StepBody::Form(form) => values.extend(form.iter().flat_map(|parameter| &parameter.values)),
            StepBody::Json(json) => values.extend(json.templates()),
            StepBody::Text(template) => values.push(template),
        }
        values
    }

    /// Every use of a fact in the request.
    pub(crate) fn uses_in_request(&self) -> Vec<FactUse> {
        let reauthenticate = self.reauthenticate.iter().flat_map(|parameter| &parameter.values);
        let mut uses: Vec<FactUse> = self.address.uses().collect();
        uses.extend(self.request_values().into_iter().chain(reauthenticate).flat_map(Template::uses));
        uses.extend(self.headers.iter().flat_map(|(_, template)| template.uses()));
        uses.extend(self.bearer.iter().flat_map(Template::uses));
        if let Some(basic) = self.basic {
            let own = |fact| FactUse { fact, place: basic.place, whole: true, optional: false };
            uses.push(own(self.known.client_id));
            if basic.has_secret {
                uses.push(own(self.known.client_secret));
            }
        }
        uses.extend(self.assertion.iter().flat_map(Assertion::uses));
        uses.extend(self.sign.iter().flat_map(ParameterSignature::uses));
        uses
    }

    /// Whether the request shows a fact, whole or in part.
    pub(crate) fn carries(&self, fact: Slot) -> bool {
        self.uses_in_request().iter().any(|used| used.fact == fact)
    }

    /// Every use of a fact in reading the answer.
    pub(crate) fn uses_in_answer(&self) -> Vec<FactUse> {
        let mut uses: Vec<FactUse> = self.verify.iter().flat_map(ParameterSignature::uses).collect();
        uses.extend(self.refused.iter().chain(&self.accepted).flat_map(RefusalRule::uses));
        uses.extend(self.reads.iter().flat_map(|read| read.reading.uses()));
        uses.extend(self.choices.iter().flat_map(EntryChoice::uses));
        uses.extend(self.signed.iter().chain(&self.signed_answer).flat_map(SignedToken::uses));
        uses.extend(self.signed_reads.iter().flat_map(|read| read.reading.uses()));
        uses.extend(self.signed_choices.iter().flat_map(EntryChoice::uses));
        uses
    }

    /// The conditions on an answer: of its rules, of its choices, and of what is read by a condition.
    pub(crate) fn conditions(&self) -> Vec<&Condition> {
        let rules = self.refused.iter().chain(&self.accepted).filter_map(RefusalRule::condition);
        let choices = self.choices.iter().chain(&self.signed_choices).flat_map(EntryChoice::all_conditions);
        rules.chain(choices).chain(self.all_reads().flat_map(|read| read.reading.conditions())).collect()
    }

    /// Every use of a fact in deciding whether to call.
    pub(crate) fn uses_in_when(&self) -> Vec<FactUse> {
        self.when.iter().flat_map(|when| &when.0).flat_map(Condition::uses).collect()
    }

    /// Every fact that is read from its answer or from the signed token in it, also from a chosen entry.
    pub(crate) fn all_reads(&self) -> impl Iterator<Item = &ReadRule> {
        self.answer_reads().chain(self.token_reads())
    }

    /// Holds the values of which it composes these facts to the rule for ids.
    pub(crate) fn hold_to_persons(&mut self, facts: &BTreeSet<Slot>) {
        let chosen = self.choices.iter_mut().chain(&mut self.signed_choices).flat_map(|choice| &mut choice.reads);
        let reads = self.reads.iter_mut().chain(&mut self.signed_reads).chain(chosen);
        reads.filter(|read| facts.contains(&read.fact)).for_each(|read| read.reading.hold_to_persons());
    }

    /// The choices of an entry, in its answer and in its signed token.
    pub(crate) fn all_choices(&self) -> impl Iterator<Item = &EntryChoice> {
        self.choices.iter().chain(&self.signed_choices)
    }

    /// Every fact that is read from its answer, each with the origin of the document or entry in which it is read.
    pub(crate) fn reads_with_origin(&self) -> impl Iterator<Item = (&ReadRule, FactOrigin)> {
        let parts = [
            (&self.reads, &self.choices, FactOrigin::Answer(self.call)),
            (&self.signed_reads, &self.signed_choices, FactOrigin::SignedToken(self.call)),
        ];
        parts.into_iter().flat_map(|(reads, choices, document)| {
            let chosen =
                (0_u16..).zip(choices).flat_map(move |(at, choice)| choice.reads.iter().map(move |read| (read, document.entry(at))));
            reads.iter().map(move |read| (read, document)).chain(chosen)
        })
    }

    /// The facts that its answer gives: the fact, its place, and whether the file itself reads it.
    pub(crate) fn learned_facts(&self) -> impl Iterator<Item = (Slot, Place, bool)> {
        let headers = self.header_reads.iter().map(|(fact, name)| (*fact, name.place, true));
        self.all_reads().map(|read| (read.fact, read.place, read.written)).chain(headers)
    }

    /// What is read from the answer itself, also from entries that are chosen in it.
    pub(crate) fn answer_reads(&self) -> impl Iterator<Item = &ReadRule> {
        self.reads.iter().chain(self.choices.iter().flat_map(|choice| &choice.reads))
    }

    /// What is read from the signed token, also from entries that are chosen in it.
    pub(crate) fn token_reads(&self) -> impl Iterator<Item = &ReadRule> {
        self.signed_reads.iter().chain(self.signed_choices.iter().flat_map(|choice| &choice.reads))
    }

    /// What is read, for a story: the fact, its source and its place. A standard place is included only when
    /// `is_used` says that the fact is used.
    pub(crate) fn read_sources(&self, is_used: impl Fn(Slot) -> bool) -> Vec<(Slot, String, Place)> {
        let from = |read: &ReadRule, what: &str| (read.fact, format!("{what}{}", read.reading.source()), read.place);
        let mut list: Vec<_> = self.reads.iter().filter(|read| read.written || is_used(read.fact)).map(|read| from(read, "")).collect();
        list.extend(self.header_reads.iter().map(|(fact, name)| (*fact, format!("header {}", name.value), name.place)));
        list.extend(self.signed_reads.iter().map(|read| from(read, "signed token ")));
        for (choices, what) in [(&self.choices, ""), (&self.signed_choices, "signed token ")] {
            for choice in choices {
                let entry = format!("{what}{}: ", choice.source());
                list.extend(choice.reads.iter().map(|read| from(read, &entry)));
            }
        }
        list
    }

    /// The paths from which a fact is read, in the answer itself.
    pub(crate) fn paths_of(&self, fact: Slot) -> Vec<&JsonPath> {
        self.reads.iter().filter(|read| read.fact == fact).flat_map(|read| read.reading.paths()).collect()
    }

    /// The keys in its paths: of what it reads, of the lists that it chooses from, and of the rules that tell refusals apart.
    pub(crate) fn written_keys(&self) -> BTreeSet<Box<str>> {
        let rules = self.refused.iter().chain(&self.accepted);
        let reads = self.all_reads().flat_map(|read| read.reading.paths());
        let paths = reads.chain(self.all_choices().flat_map(EntryChoice::paths)).chain(rules.flat_map(RefusalRule::all_paths));
        paths.flat_map(JsonPath::keys).collect()
    }

    /// The rules by which an answer is a refusal.
    pub(crate) fn refusal_rules(&self) -> RefusalRules<'_> {
        RefusalRules { refused: &self.refused, accepted: &self.accepted, refuses_error_member: self.refuses_error_member }
    }
}
