//! Reads the answer of a step: whether it is a refusal, and the facts in it.

use crate::provider::answer::is_signed_token;
use crate::provider::callback::CallbackParameters;
use crate::provider::choice::EntryChoice;
use crate::provider::condition::Condition;
use crate::provider::document_cache::DocumentCache;
use crate::provider::fact_expression::{FoundInstead, MissingValue};
use crate::provider::fact_origin::FactOrigin;
use crate::provider::facts::Facts;
use crate::provider::json_path::{ValueKind, scalar_text};
use crate::provider::refusal::{ProviderRefusal, RefusalRule, RefusedBecause, RefusingAnswer, SHORTEST_SECRET, shows};
use crate::provider::signed_token::{ComparedFacts, SignedToken};
use crate::provider::status::is_success;
use crate::provider::step::{ReadRule, Step, StepKind};
use crate::provider::step_error::StepError;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::Response;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// How far the provider's clock may be behind, in seconds, where it says when the person logged in.
const CLOCK_SKEW: i64 = 30;

impl Step {
    /// Reads the answer of a call: first whether it is a refusal, then the facts.
    pub(crate) fn read(&self, answer: &Response, facts: &mut Facts, documents: &DocumentCache) -> Result<(), StepError> {
        let document = match self.unannounced_token(answer) {
            None => self.answers.read(answer),
            Some((signed, token)) => {
                let claims = self.verified_claims(signed, &token, facts, documents)?;
                self.check_subject(&[claims.get("sub")], true, facts)?;
                Ok(claims)
            }
        };
        // What a header says is known before the answer is judged, because a refusal may repeat it and must not show it.
        for (fact, name) in &self.header_reads {
            let same = answer.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
            let found: Vec<&str> = same.map(|(_, value)| value.trim()).filter(|value| !value.is_empty()).collect();
            match found.as_slice() {
                [value] => self.learn_from_header(*fact, value, name.place, facts),
                found => {
                    let instead = (!found.is_empty()).then_some(ValueKind::List);
                    facts.record_missing(*fact, MissingValue { place: name.place, instead: instead.map(FoundInstead::Value) });
                }
            }
        }
        self.check_refusal(document.as_ref().ok(), facts, answer.status)?;
        let is_token = self.signed.as_ref().is_some_and(|signed| signed.token.is_none());
        match document {
            Ok(document) => self.learn(&document, std::str::from_utf8(&answer.body).unwrap_or(""), facts, documents),
            Err(_) if is_token => self.learn(&Value::Null, std::str::from_utf8(&answer.body).unwrap_or(""), facts, documents),
            Err(unreadable) => Err(StepError::Unreadable { why: unreadable.0, place: self.place }),
        }
    }

    /// Reads the parameters of a callback.
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
            // A refusal in any case: an entry of `refused` that certainly holds decides which code and message are shown, and nothing else.
            let holds = |condition: &Condition| condition.holds(Some(document), facts);
            let rule = self.refused.iter().find(|rule| rule.condition().is_some_and(holds));
            return Err(StepError::Refused { refusal: self.refusal(rule, Some(document), facts, 400), place: rule.map(|rule| rule.place) });
        }
        self.check_refusal(Some(document), facts, 200)?;
        self.learn(document, "", facts, documents)
    }

    /// Checks whether an answer is a refusal.
    pub(crate) fn check_refusal(&self, document: Option<&Value>, facts: &Facts, status: u16) -> Result<(), StepError> {
        let is_read_later = self.signed.as_ref().is_none_or(|signed| signed.token.is_some());
        self.refusal_rules().judge(document, facts, status, is_read_later).map_err(|because| {
            let rule = match because {
                RefusedBecause::Rule(rule) => Some(rule),
                RefusedBecause::Status | RefusedBecause::ErrorMember => None,
            };
            StepError::Refused { refusal: self.refusal(rule, document, facts, status), place: rule.map(|rule| rule.place) }
        })
    }

    fn refusal(&self, rule: Option<&RefusalRule>, document: Option<&Value>, facts: &Facts, status: u16) -> ProviderRefusal {
        let code_paths = self.call.is_none().then(|| self.paths_of(self.known.code));
        let hides_code = !rule.zip(code_paths.as_deref()).is_some_and(|(rule, codes)| rule.shows_other_code(codes));
        let mut secrets: Vec<Text> = document.map_or_else(Vec::new, |document| self.secrets_in(document, facts, rule, hides_code));
        secrets.extend(self.written_secrets());
        RefusingAnswer { document, status, code_paths: code_paths.as_deref(), secrets: &secrets }.refusal(rule, facts)
    }

    /// What must not be shown of an answer, as it stands there: codes, tokens and what else a request would carry; and whatever the file
    /// reads from it, unless it is what the refusal shows. `hides_code`: also a callback's parameter `code`, whatever it is.
    fn secrets_in(&self, document: &Value, facts: &Facts, rule: Option<&RefusalRule>, hides_code: bool) -> Vec<Text> {
        let is_shown = |read: &ReadRule| read.reading.paths().iter().any(|path| shows(rule, path));
        let plain = self.reads.iter().map(|read| (read, vec![document], is_shown(read)));
        let chosen = self.choices.iter().flat_map(|choice| choice.reads.iter().map(|read| (read, choice.entries(document), false)));
        let mut found = Vec::new();
        for (read, documents, is_shown) in plain.chain(chosen) {
            let (label, is_carried) = (facts.label(read.fact), self.carried.contains(&read.fact));
            let secret = |value: Cow<'_, str>| Text::secret(value, &label);
            // `check` has made sure that the refusal shows another part of the text.
            let shows_another_part = is_shown && read.reading.takes_a_part();
            for document in documents.into_iter().filter(|_| is_carried || read.written && !is_shown) {
                let values = read
                    .reading
                    .paths()
                    .into_iter()
                    .flat_map(|path| path.all(document))
                    .flat_map(|found| found.as_array().map_or_else(|| vec![found], |list| list.iter().collect()))
                    .filter_map(scalar_text)
                    .map(secret)
                    .filter(|_| !shows_another_part);
                let made = read.reading.alternatives().into_iter().filter_map(|one| one.evaluate(Some(document), facts).ok());
                let all = values.chain(made.map(|made| made.made_secret(&label)));
                found.extend(all.filter(|value| is_carried || value.len() >= SHORTEST_SECRET));
            }
        }
        let usual = document.get("code").and_then(scalar_text).filter(|_| self.call.is_none() && hides_code);
        found.extend(usual.map(|code| Text::secret(code, &Arc::from("code"))));
        found
    }

    fn learn(&self, document: &Value, raw: &str, facts: &mut Facts, documents: &DocumentCache) -> Result<(), StepError> {
        if !self.token_type.accepts(self.paths_of(self.known.token_type), document) {
            return Err(StepError::OtherTokenType { place: self.place });
        }
        self.learn_from_answer(document, facts);
        let mut claims = Value::Null;
        if let Some(signed) = &self.signed {
            let token = match &signed.token {
                None => Text::secret(raw.trim(), &Arc::from("answer")),
                Some(template) => template.fill(facts).map_err(StepError::missing_fact)?,
            };
            claims = self.read_signed_token(signed, token.expose(), facts, documents)?;
        }
        let must_say = self.reads.iter().any(|read| read.fact == self.known.id && !read.written);
        self.check_subject(&[document.get("sub"), claims.get("sub")], must_say, facts)
    }

    /// Verifies a token as `signed` says, sets the facts that this step reads from it, and returns its claims.
    pub(crate) fn read_signed_token(
        &self,
        signed: &SignedToken,
        token: &str,
        facts: &mut Facts,
        documents: &DocumentCache,
    ) -> Result<Value, StepError> {
        let claims = self.verified_claims(signed, token, facts, documents)?;
        if signed.is_id_token {
            self.check_id_token(signed, &claims, facts)?;
        }
        self.learn_from_token(&claims, facts);
        Ok(claims)
    }

    /// Verifies a token, and reads nothing from it.
    pub(crate) fn verified_claims(
        &self,
        signed: &SignedToken,
        token: &str,
        facts: &Facts,
        documents: &DocumentCache,
    ) -> Result<Value, StepError> {
        let now = facts.get(self.known.now).and_then(Text::as_number).unwrap_or(0);
        let compared = ComparedFacts { nonce: self.known.nonce, access_token: self.known.access_token, code: self.known.code };
        signed.verified_claims(token, facts, documents, compared, now)
    }

    /// The tokens of one login are about one person (OpenID Connect Core 3.3.3.6), who has logged in as the attempt demands.
    fn check_id_token(&self, signed: &SignedToken, claims: &Value, facts: &mut Facts) -> Result<(), StepError> {
        let bad = |why: &str| Err(StepError::BadToken { why: why.into(), place: signed.place });
        let found = claims.get("sub").filter(|subject| !subject.is_null());
        let subject = found.and_then(scalar_text);
        match facts.get(self.known.token_subject) {
            Some(known) if !subject.as_deref().is_some_and(|subject| known.equals(subject)) => {
                return bad("two ID tokens of this login are not about the same person (`sub`)");
            }
            None if found.is_some() && subject.is_none() => return bad("it does not say whom it is about (`sub` is no text)"),
            Some(_) | None => {}
        }
        if let Some(subject) = subject {
            facts.set(self.known.token_subject, Text::secret(subject, &Arc::from("idTokenSubject")));
        }
        self.check_login_is_anew(claims, facts)
    }

    /// `OpenID` Connect Core 5.3.2: a userinfo answer about another person than the ID token's, or about no person, must not be used. A
    /// subject that is no text is another one.
    fn check_subject(&self, found: &[Option<&Value>], must_say: bool, facts: &Facts) -> Result<(), StepError> {
        let said: Vec<&Value> = found.iter().copied().flatten().filter(|subject| !subject.is_null()).collect();
        if self.kind == StepKind::GetUserInfo
            && let Some(expected) = facts.get(self.known.token_subject)
            && (said.is_empty() && must_say || said.iter().any(|subject| !scalar_text(subject).is_some_and(|text| expected.equals(&text))))
        {
            let why = "the signed token and this answer are not about the same person (`sub`)".into();
            return Err(StepError::BadToken { why, place: self.place });
        }
        Ok(())
    }

    /// Checks that the person has logged in since the attempt began, where the attempt asked for that.
    fn check_login_is_anew(&self, claims: &Value, facts: &Facts) -> Result<(), StepError> {
        let Some(began) = facts.get(self.known.reauthenticate) else { return Ok(()) };
        let began = began.as_number().unwrap_or(i64::MAX);
        let is_anew = match claims.get("auth_time") {
            Some(moment) => moment.as_i64().is_some_and(|moment| moment >= began.saturating_sub(CLOCK_SKEW)),
            None => !self.demands_auth_time,
        };
        if is_anew {
            return Ok(());
        }
        let why = "the person has not logged in anew: `auth_time` is missing or older than this login".into();
        Err(StepError::BadToken { why, place: self.place })
    }

    /// Sets the facts that an answer gives.
    pub(crate) fn learn_from_answer(&self, document: &Value, facts: &mut Facts) {
        self.learn_from_document((&self.reads, &self.choices), document, FactOrigin::Answer(self.call), facts);
    }

    /// Sets the facts that a signed token gives. The token was verified before.
    pub(crate) fn learn_from_token(&self, claims: &Value, facts: &mut Facts) {
        self.learn_from_document((&self.signed_reads, &self.signed_choices), claims, FactOrigin::SignedToken(self.call), facts);
    }

    fn learn_from_document(
        &self,
        (reads, choices): (&[ReadRule], &[EntryChoice]),
        document: &Value,
        origin: FactOrigin,
        facts: &mut Facts,
    ) {
        for read in reads {
            self.learn_one(read, document, origin, facts);
        }
        for (at, choice) in (0_u16..).zip(choices) {
            let entry = choice.entry(document, facts);
            let choosing = choice.all_conditions().flat_map(Condition::uses).map(|used| facts.origin(used.fact));
            let origin = choosing.fold(origin.entry(at), FactOrigin::chosen_by);
            for read in &choice.reads {
                if let Some(entry) = entry {
                    self.learn_one(read, entry, origin, facts);
                } else {
                    let instead = choice.from.first(document).is_some().then_some(FoundInstead::NoFittingEntry);
                    facts.record_missing(read.fact, MissingValue { place: choice.place_of_choice(), instead });
                }
            }
        }
        self.forget_foreign_claim(origin, facts);
    }

    /// Forgets a claim of an earlier exchange once a document has given another address, so that no later call takes the new
    /// address for a proven one.
    fn forget_foreign_claim(&self, document: FactOrigin, facts: &mut Facts) {
        let claim = self.known.email_verified;
        let address = facts.origin(self.known.email);
        if address.document() == document && facts.get(claim).is_some() && !facts.origin(claim).vouches_for(address) {
            facts.forget(claim);
        }
    }

    /// Sets the fact that a header of the answer gives.
    pub(crate) fn learn_from_header(&self, fact: Slot, value: &str, place: Place, facts: &mut Facts) {
        facts.learn(fact, value, FactOrigin::Answer(self.call), place);
    }

    fn learn_one(&self, read: &ReadRule, document: &Value, document_origin: FactOrigin, facts: &mut Facts) {
        match read.reading.evaluate_with_origin(Some(document), document_origin, facts) {
            Ok((text, origin)) => {
                let is_of_several = read.reading.finds_several(Some(document), facts);
                facts.learn(read.fact, text.revealed(), origin, read.reading.place());
                if is_of_several {
                    facts.mark_of_several(read.fact);
                }
                if read.reading.asks_about_nothing(document) {
                    facts.record_missing(read.fact, MissingValue { place: read.reading.place(), instead: None });
                }
            }
            // An empty standard place keeps the fact that an earlier answer gave.
            Err(nothing) if read.written || facts.get(read.fact).is_none() => {
                facts.record_missing(read.fact, MissingValue { place: if read.written { nothing.place } else { self.place }, ..nothing });
            }
            Err(_) => {}
        }
    }

    /// The signed token of an answer, if the step reads one: its keys have to be known before [`Step::read`].
    pub(crate) fn token_to_verify(&self, answer: &Response, facts: &Facts) -> Option<(&SignedToken, String)> {
        if let Some(unannounced) = self.unannounced_token(answer) {
            return Some(unannounced);
        }
        let signed = self.signed.as_ref()?;
        if signed.token.is_none() {
            let text = std::str::from_utf8(&answer.body).ok()?.trim();
            return is_signed_token(text).then(|| (signed, text.to_owned()));
        }
        self.token_in(&self.answers.read(answer).ok()?, facts)
    }

    /// The signed token that an answer is, where the file does not say what the answer is and `discovery` says how it is verified.
    fn unannounced_token(&self, answer: &Response) -> Option<(&SignedToken, String)> {
        let signed = self.signed_answer.as_ref().filter(|_| is_success(answer.status))?;
        let text = std::str::from_utf8(&answer.body).ok()?.trim();
        is_signed_token(text).then(|| (signed, text.to_owned()))
    }

    /// The signed token in a document that has been read already, such as a callback.
    pub(crate) fn token_in(&self, document: &Value, facts: &Facts) -> Option<(&SignedToken, String)> {
        let signed = self.signed.as_ref()?;
        let template = signed.token.as_ref()?;
        let mut known = facts.clone();
        self.learn_from_answer(document, &mut known);
        template.fill(&known).ok().map(|text| (signed, text.expose().to_owned()))
    }
}
