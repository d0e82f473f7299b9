//! One step: a request written from the facts known so far, and the facts read from its answer.
//!
//! All three steps are of this one type. The first is carried by the browser, the others by us.
//!
//! It stays one file because writing a request and reading its answer are two sides of one step.

use crate::choice;
use crate::provider::address::{Address, AddressError};
use crate::provider::answer::{AnswerParser, is_signed_token};
use crate::provider::assertion::Assertion;
use crate::provider::callback::CallbackParameters;
use crate::provider::condition::Conditions;
use crate::provider::credentials;
use crate::provider::document_cache::DocumentCache;
use crate::provider::fact_expression::{FactExpression, MissingValue};
use crate::provider::fact_origin::FactOrigin;
use crate::provider::facts::{Facts, WellKnownFacts};
use crate::provider::json_path::scalar_text;
use crate::provider::parameters::{self, JsonTemplate, Parameter, ParameterPairs};
use crate::provider::refusal::{RefusalRule, refusal_from_answer};
use crate::provider::signature::{ParameterSignature, SignedParameters};
use crate::provider::signed_token::{ComparedFacts, SignedToken};
use crate::provider::step_error::StepError;
use crate::provider::template::{FactUse, Template};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::text::{Text, form_encode, percent_encode};
use crate::vocabulary::wire::{LARGEST_ANSWER, Method, Request, Response, USER_AGENT};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

choice! {
    /// The three steps of a login.
    pub enum StepKind {
        /// The browser is sent to the provider and comes back with a code.
        GetAuthorizationCode = "getAuthorizationCode",
        /// The code is exchanged for an access token.
        GetAccessCode = "getAccessCode",
        /// The access token shows who the person is.
        GetUserInfo = "getUserInfo",
    }
}

/// A compiled step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Which of the three.
    pub(crate) kind: StepKind,
    /// Its position among the calls; the first step, whose answer is the callback, has none.
    pub(crate) call: Option<u16>,
    /// Where it was written.
    pub(crate) place: Place,
    pub(crate) known: WellKnownFacts,
    pub(crate) method: Method,
    pub(crate) address: Address,
    pub(crate) query: Vec<Parameter>,
    pub(crate) body: StepBody,
    pub(crate) headers: Vec<(Located<String>, Template)>,
    pub(crate) basic: Option<BasicCredentials>,
    pub(crate) bearer: Option<Template>,
    pub(crate) assertion: Option<Assertion>,
    pub(crate) sign: Option<ParameterSignature>,
    pub(crate) verify: Option<ParameterSignature>,
    pub(crate) when: Option<Conditions>,
    pub(crate) optional: bool,
    pub(crate) answers: AnswerParser,
    pub(crate) refused: Vec<RefusalRule>,
    pub(crate) accepted: Vec<RefusalRule>,
    /// Whether a non-empty `error` member is a refusal.
    pub(crate) minds_error: bool,
    pub(crate) reads: Vec<ReadRule>,
    pub(crate) header_reads: Vec<(Slot, Located<String>)>,
    pub(crate) signed: Option<SignedToken>,
    pub(crate) signed_reads: Vec<ReadRule>,
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

/// A fact and how it is read.
#[derive(Clone, Debug)]
pub(crate) struct ReadRule {
    pub(crate) fact: Slot,
    pub(crate) reading: FactExpression,
    /// Where; for a standard place, where the step stands.
    pub(crate) place: Place,
    /// Whether the file says so, or the standard.
    pub(crate) written: bool,
}

impl Step {
    /// Writes the request. It fails only on what the answers left open.
    pub fn request(&self, facts: &Facts) -> Result<Request, StepError> {
        let made;
        let facts = match &self.assertion {
            None => facts,
            Some(assertion) => {
                let text = |slot: Slot| facts.get(slot).map_or("", Text::expose);
                let now = text(self.known.now).parse().unwrap_or(0);
                let mut with = facts.clone();
                with.set(self.known.client_assertion, assertion.sign(facts, now, text(self.known.state))?);
                made = with;
                &made
            }
        };
        let filled = self.address.fill(facts).map_err(|bad| match bad {
            AddressError::Missing(missing) => StepError::missing_fact(missing),
            AddressError::Host(why, place) => StepError::BadAddress { why, place },
        })?;
        let mut query = parameters::fill(&self.query, facts).map_err(StepError::missing_fact)?;
        let mut form = match &self.body {
            StepBody::Form(form) => parameters::fill(form, facts).map_err(StepError::missing_fact)?,
            StepBody::None | StepBody::Json(_) | StepBody::Text(_) => Vec::new(),
        };
        if let Some(sign) = &self.sign {
            let all = match sign.over {
                SignedParameters::Query => query_pairs(filled.query.as_ref()).into_iter().chain(query.iter().cloned()).collect(),
                SignedParameters::Form => form.clone(),
            };
            let signature = sign.sign(&all, facts)?;
            match sign.over {
                SignedParameters::Query => query.push((Cow::Borrowed(&*sign.into), Cow::Owned(signature))),
                SignedParameters::Form => form.push((Cow::Borrowed(&*sign.into), Cow::Owned(signature))),
            }
        }
        let mut address = filled.base;
        let literal = filled.query.unwrap_or_default();
        if !literal.is_empty() || !query.is_empty() {
            address.push_str("?");
            address.push(&literal);
            parameters::write(&query, percent_encode, !literal.is_empty(), &mut address);
        }
        if let Some(fragment) = filled.fragment {
            address.push_str("#");
            address.push(&fragment);
        }
        let (body, content_type) = self.body(&form, facts)?;
        Ok(Request { method: self.method, address, headers: self.headers(content_type, facts)?, body, largest: LARGEST_ANSWER })
    }

    fn body(&self, form: &ParameterPairs<'_>, facts: &Facts) -> Result<(Option<Text>, Option<&'static str>), StepError> {
        let mut text = Text::default();
        let content_type = match &self.body {
            StepBody::None => return Ok((None, None)),
            StepBody::Form(_) if form.is_empty() => return Ok((None, None)),
            StepBody::Form(_) => {
                parameters::write(form, form_encode, false, &mut text);
                "application/x-www-form-urlencoded"
            }
            StepBody::Json(json) => {
                json.fill(facts, &mut text).map_err(StepError::missing_fact)?;
                "application/json"
            }
            StepBody::Text(template) => {
                text = template.fill(facts).map_err(StepError::missing_fact)?;
                "text/plain; charset=utf-8"
            }
        };
        Ok((Some(text), Some(content_type)))
    }

    fn headers(&self, content_type: Option<&'static str>, facts: &Facts) -> Result<Vec<(Cow<'static, str>, Text)>, StepError> {
        let own = |name: &str| self.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let mut headers: Vec<(Cow<'static, str>, Text)> = Vec::with_capacity(self.headers.len() + 4);
        let mut usual = |name: &'static str, value: Text| {
            if !own(name) {
                headers.push((name.into(), value));
            }
        };
        if self.kind != StepKind::GetAuthorizationCode {
            usual("Accept", Text::plain("application/json"));
            usual("User-Agent", Text::plain(USER_AGENT));
        }
        if let Some(content_type) = content_type {
            usual("Content-Type", Text::plain(content_type));
        }
        if let Some(basic) = self.basic {
            let missing = |fact| StepError::MissingFact { fact: Some(fact), place: basic.place };
            let known = |fact| match facts.get(fact) {
                Some(text) => Ok(text.clone()),
                None if facts.is_preview() => Ok(Text::secret("x", &facts.label(fact))),
                None => Err(missing(fact)),
            };
            let secret = if basic.has_secret { Some(known(self.known.client_secret)?) } else { None };
            usual("Authorization", credentials::basic_authorization(&known(self.known.client_id)?, secret.as_ref(), basic.encoded));
        }
        if let Some(bearer) = &self.bearer {
            let mut value = Text::plain("Bearer ");
            value.push(&bearer.fill(facts).map_err(StepError::missing_fact)?);
            check_header_value(&value, bearer.place)?;
            usual("Authorization", value);
        }
        for (name, template) in &self.headers {
            let value = template.fill(facts).map_err(StepError::missing_fact)?;
            if value.is_empty() && template.has_optional_hole() {
                continue;
            }
            check_header_value(&value, template.place)?;
            headers.push((Cow::Owned(name.value.clone()), value));
        }
        Ok(headers)
    }

    /// Whether the call is made at all.
    pub(crate) fn should_call(&self, facts: &Facts) -> bool {
        self.when.as_ref().is_none_or(|when| when.all_hold(None, facts))
    }

    /// Whether a login goes on when this call fails.
    pub(crate) fn is_optional(&self) -> bool {
        self.optional
    }

    /// Reads a call's answer: first whether it means no, then the facts.
    pub(crate) fn read(&self, answer: &Response, facts: &mut Facts, documents: &DocumentCache) -> Result<(), StepError> {
        let document = self.answers.read(answer);
        self.check_refusal(document.as_ref().ok(), facts, answer.status)?;
        let is_token = self.signed.as_ref().is_some_and(|signed| signed.token.is_none());
        for (fact, name) in &self.header_reads {
            let found = answer.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
            match found.filter(|value| !value.is_empty()) {
                Some(value) => self.learn_from_header(*fact, value, facts),
                None => facts.record_missing(*fact, MissingValue { place: name.place, instead: None }),
            }
        }
        match document {
            Ok(document) => self.learn(&document, std::str::from_utf8(&answer.body).unwrap_or(""), facts, documents),
            Err(_) if is_token => self.learn(&Value::Null, std::str::from_utf8(&answer.body).unwrap_or(""), facts, documents),
            Err(unreadable) => Err(StepError::Unreadable { why: unreadable.0, place: self.place }),
        }
    }

    /// An answer as the document in which paths find things, if it is one.
    pub fn document(&self, answer: &Response) -> Option<Value> {
        self.answers.read(answer).ok()
    }

    /// Reads what the browser brought back.
    pub fn read_callback(
        &self,
        callback: &CallbackParameters,
        document: &Value,
        facts: &mut Facts,
        documents: &DocumentCache,
    ) -> Result<(), StepError> {
        if let Some(verify) = &self.verify {
            verify.verify(&callback.as_pairs(), facts)?;
        }
        if document.get("error").and_then(scalar_text).is_some() {
            return Err(StepError::Refused { refusal: refusal_from_answer(&std::iter::empty(), Some(document), facts, 400), place: None });
        }
        self.check_refusal(Some(document), facts, 200)?;
        self.learn(document, "", facts, documents)
    }

    /// Whether an answer means no.
    pub(crate) fn check_refusal(&self, document: Option<&Value>, facts: &Facts, status: u16) -> Result<(), StepError> {
        let all = self.accepted.iter().chain(&self.refused);
        let say_no = |place| Err(StepError::Refused { refusal: refusal_from_answer(&all, document, facts, status), place });
        let is_good = (200..300).contains(&status);
        if let Some(missed) = self.accepted.iter().find(|accepted| !accepted.holds(document, facts)) {
            // An answer that cannot be read at all is told as such, with what it looks like.
            let is_told_later = document.is_none() && is_good && self.signed.as_ref().is_none_or(|signed| signed.token.is_some());
            return if is_told_later { Ok(()) } else { say_no(Some(missed.place)) };
        }
        if let Some(refusal) = self.refused.iter().find(|refusal| refusal.holds(document, facts)) {
            return say_no(Some(refusal.place));
        }
        if !is_good && self.accepted.is_empty() {
            return say_no(None);
        }
        if self.minds_error && document.and_then(|document| document.get("error")).is_some_and(is_meaningful) {
            return say_no(None);
        }
        Ok(())
    }

    fn learn(&self, document: &Value, raw: &str, facts: &mut Facts, documents: &DocumentCache) -> Result<(), StepError> {
        self.learn_from_answer(document, facts);
        let mut about = document.get("sub").and_then(scalar_text).map(std::borrow::Cow::into_owned);
        if let Some(signed) = &self.signed {
            let token = match &signed.token {
                None => Text::secret(raw.trim(), &Arc::from("answer")),
                Some(template) => template.fill(facts).map_err(StepError::missing_fact)?,
            };
            let now = facts.get(self.known.now).and_then(Text::as_number).unwrap_or(0);
            let compared = ComparedFacts { nonce: self.known.nonce, access_token: self.known.access_token, code: self.known.code };
            let claims = signed.verified_claims(token.expose(), facts, documents, compared, now)?;
            if signed.is_id_token()
                && let Some(subject) = claims.get("sub").and_then(scalar_text)
            {
                facts.set(self.known.token_subject, Text::secret(subject, &Arc::from("idTokenSubject")));
            }
            self.learn_from_token(&claims, facts);
            about = claims.get("sub").and_then(scalar_text).map(std::borrow::Cow::into_owned).or(about);
        }
        // OpenID Connect Core 5.3.2: what is told about another person than the token's, or about nobody, is not told about this login.
        let must_say = self.reads.iter().any(|read| read.fact == self.known.id && !read.written);
        if self.kind == StepKind::GetUserInfo
            && let Some(expected) = facts.get(self.known.token_subject)
            && (about.is_some() || must_say)
            && !about.as_deref().is_some_and(|about| expected.equals(about))
        {
            let why = "the signed token and this answer are not about the same person (`sub`)".to_owned();
            return Err(StepError::BadToken { why, place: self.place });
        }
        Ok(())
    }

    /// Learns what an answer says.
    pub(crate) fn learn_from_answer(&self, document: &Value, facts: &mut Facts) {
        for read in &self.reads {
            self.learn_one(read, document, FactOrigin::Answer(self.call), facts);
        }
    }

    /// Learns what the signed token says; whether its signature is right was decided before.
    pub(crate) fn learn_from_token(&self, claims: &Value, facts: &mut Facts) {
        for read in &self.signed_reads {
            self.learn_one(read, claims, FactOrigin::SignedToken(self.call), facts);
        }
    }

    /// Learns what a header of the answer says.
    pub(crate) fn learn_from_header(&self, fact: Slot, value: &str, facts: &mut Facts) {
        facts.learn(fact, value, FactOrigin::Answer(self.call));
    }

    fn learn_one(&self, read: &ReadRule, document: &Value, document_origin: FactOrigin, facts: &mut Facts) {
        match read.reading.evaluate_with_origin(Some(document), document_origin, facts) {
            Ok((text, origin)) => facts.learn(read.fact, text.revealed(), origin),
            // A standard place that is empty leaves what an earlier answer gave.
            Err(nothing) if read.written || facts.get(read.fact).is_none() => {
                facts.record_missing(read.fact, MissingValue { place: if read.written { nothing.place } else { self.place }, ..nothing });
            }
            Err(_) => {}
        }
    }

    /// The signed token of an answer, if the step reads one: its keys have to be known before [`Step::read`].
    pub(crate) fn token_to_verify(&self, answer: &Response, facts: &Facts) -> Option<(&SignedToken, String)> {
        let signed = self.signed.as_ref()?;
        if signed.token.is_none() {
            let text = std::str::from_utf8(&answer.body).ok()?.trim();
            return is_signed_token(text).then(|| (signed, text.to_owned()));
        }
        self.token_in(&self.answers.read(answer).ok()?, facts)
    }

    /// The same for a document that is read already, such as a callback.
    pub(crate) fn token_in(&self, document: &Value, facts: &Facts) -> Option<(&SignedToken, String)> {
        let signed = self.signed.as_ref()?;
        let template = signed.token.as_ref()?;
        let mut known = facts.clone();
        self.learn_from_answer(document, &mut known);
        template.fill(&known).ok().map(|text| (signed, text.expose().to_owned()))
    }

    /// Every use of a fact in the request.
    pub(crate) fn uses_in_request(&self) -> Vec<FactUse> {
        let parameters =
            |list: &[Parameter]| list.iter().flat_map(|parameter| &parameter.values).flat_map(Template::uses).collect::<Vec<_>>();
        let mut uses: Vec<FactUse> = self.address.uses().collect();
        uses.extend(parameters(&self.query));
        match &self.body {
            StepBody::None => {}
            StepBody::Form(form) => uses.extend(parameters(form)),
            StepBody::Json(json) => uses.extend(json.uses()),
            StepBody::Text(template) => uses.extend(template.uses()),
        }
        uses.extend(self.headers.iter().flat_map(|(_, template)| template.uses()));
        uses.extend(self.bearer.iter().flat_map(Template::uses));
        if let Some(basic) = self.basic {
            let own = |fact| FactUse { fact, place: basic.place, whole: true };
            uses.push(own(self.known.client_id));
            if basic.has_secret {
                uses.push(own(self.known.client_secret));
            }
        }
        uses.extend(self.assertion.iter().flat_map(Assertion::uses));
        uses.extend(self.sign.iter().flat_map(ParameterSignature::uses));
        uses
    }

    /// Every use of a fact in reading the answer.
    pub(crate) fn uses_in_answer(&self) -> Vec<FactUse> {
        let mut uses: Vec<FactUse> = self.verify.iter().flat_map(ParameterSignature::uses).collect();
        uses.extend(self.refused.iter().chain(&self.accepted).flat_map(RefusalRule::uses));
        uses.extend(self.reads.iter().flat_map(|read| read.reading.uses()));
        uses.extend(self.signed.iter().flat_map(SignedToken::uses));
        uses.extend(self.signed_reads.iter().flat_map(|read| read.reading.uses()));
        uses
    }

    /// Every use of a fact in deciding whether to call.
    pub(crate) fn uses_in_when(&self) -> Vec<FactUse> {
        self.when.iter().flat_map(|when| &when.0).flat_map(crate::provider::condition::Condition::uses).collect()
    }

    /// The facts that its answer gives: number, place, whether the file says so.
    pub(crate) fn learned_facts(&self) -> impl Iterator<Item = (Slot, Place, bool)> {
        let headers = self.header_reads.iter().map(|(fact, name)| (*fact, name.place, true));
        self.reads.iter().chain(&self.signed_reads).map(|read| (read.fact, read.place, read.written)).chain(headers)
    }

    /// What is read, for a story: fact, from where, place; standard places only where `is_used` says that somebody waits for the fact.
    pub(crate) fn read_sources(&self, is_used: impl Fn(Slot) -> bool) -> Vec<(Slot, String, Place)> {
        let from = |read: &ReadRule, what: &str| (read.fact, format!("{what}{}", read.reading.source()), read.place);
        let mut list: Vec<_> = self.reads.iter().filter(|read| read.written || is_used(read.fact)).map(|read| from(read, "")).collect();
        list.extend(self.header_reads.iter().map(|(fact, name)| (*fact, format!("header {}", name.value), name.place)));
        list.extend(self.signed_reads.iter().map(|read| from(read, "signed token ")));
        list
    }

    /// When an answer means no: the only cases in which it means yes, then the cases in which it means no.
    pub(crate) fn accepted_and_refused(&self) -> [&[RefusalRule]; 2] {
        [&self.accepted, &self.refused]
    }

    /// The assertion, if the step makes one.
    pub(crate) fn assertion(&self) -> Option<&Assertion> {
        self.assertion.as_ref()
    }

    /// The signature that the step makes, if it does.
    pub(crate) fn signature(&self) -> Option<&ParameterSignature> {
        self.sign.as_ref()
    }

    /// The signature that a callback has to carry, if it has to.
    pub(crate) fn expected_signature(&self) -> Option<&ParameterSignature> {
        self.verify.as_ref()
    }

    /// The signed token, if the step reads one.
    pub(crate) fn signed(&self) -> Option<&SignedToken> {
        self.signed.as_ref()
    }
}

/// Whether an `error` member means something: `0`, `false`, an empty text and an empty object do not.
fn is_meaningful(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.to_string() != "0",
        Value::String(text) => !text.is_empty() && text != "0",
        Value::Array(list) => !list.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

/// What stands in the literal query of an address, undone, so that it can be signed with the rest.
fn query_pairs(query: Option<&Text>) -> ParameterPairs<'static> {
    let Some(query) = query else { return Vec::new() };
    let decode = |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = query.expose().split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (Cow::Owned(decode(name)), Cow::Owned(Text::plain(decode(value)))))
        .collect()
}

/// A header's value is one line of visible characters.
fn check_header_value(value: &Text, place: Place) -> Result<(), StepError> {
    let is_visible = |byte: u8| (b' '..=b'~').contains(&byte) || byte >= 0x80 || byte == b'\t';
    let is_one_line = value.satisfies(|value| value.bytes().all(is_visible) && !value.chars().any(char::is_control));
    if is_one_line { Ok(()) } else { Err(StepError::BadHeader { place }) }
}
