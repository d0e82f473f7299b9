//! Checks what a login accepts as proof: values that only the browser gives prove nothing, nor does a signature that
//! anyone could make, and secrets stay out of the identity.

mod added_text;
mod asked_claims;
mod email_claim;
mod id;
mod joined_lists;
mod replay;
mod requirements;
mod tokens;

use crate::provider::choice::EntryChoice;
use crate::provider::compiled_file::CompiledFile;
use crate::provider::condition::Condition;
use crate::provider::fact_expression::FactExpression;
use crate::provider::hole::Hole;
use crate::provider::signed_token::SignedToken;
use crate::provider::step::{ReadRule, Step, StepKind};
use crate::provider::template::FactUse;
use crate::provider::token_keeping::TokenKeeping;
use crate::provider::trust::EmailTrustPolicy;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::words::Reader;
use std::sync::Arc;

/// The check of what a file accepts as proof.
pub(crate) struct ProofCheck<'a> {
    pub(crate) file: &'a CompiledFile<'a>,
}

impl ProofCheck<'_> {
    /// Checks the whole file.
    pub(crate) fn check(&self, reader: &mut Reader) {
        let step = &self.file.authorization.step;
        if let Some(verify) = &step.verify {
            self.check_callback_signature(verify, reader);
        }
        self.check_nonce(reader);
        self.check_asked_claims(reader);
        for sign in self.file.steps().filter_map(|step| step.sign.as_ref()) {
            // A secret may also come with an answer, such as the key of a session.
            if !sign.uses().iter().any(|used| {
                self.file.installed.is_secret(used.fact) || self.comes_from(self.file.steps().filter(|step| !step.is_redirect()), used.fact)
            }) {
                if sign.uses().iter().any(|used| reader.has_complaint_at(used.place)) {
                    continue;
                }
                let help = "add `key: ${clientSecret}`, or a secret in `before` or `after`";
                reader.complain_missing(sign.place, "anyone could make this signature: no secret is in it", help);
            }
        }
        self.check_browser_facts(reader);
        self.check_inputs(reader);
        self.check_requirements(reader);
        self.check_skipped_calls(reader);
        self.check_added_text(reader);
        self.check_id(reader);
        self.check_joined_lists(reader);
        self.check_further_facts(reader);
        self.check_identity_differs_by_person(reader);
        self.check_no_secret_in_identity(reader);
        for signed in self.file.steps().filter_map(|step| step.signed.as_ref()) {
            self.check_token_keys(signed, reader);
            self.check_token_is_for_us(signed, reader);
        }
        for signed in self.file.exchange.iter().flat_map(|words| words.signed_tokens()) {
            self.check_token_keys(signed, reader);
        }
        self.check_token_is_redeemed(reader);
        self.check_who_is_asked_about(reader);
        for read in self.file.steps().flat_map(Step::all_reads) {
            self.check_read_rule(read, reader);
        }
        // Another mistake may be the reason that an address seems unproven.
        if !reader.has_errors() && !reader.has_unusable_parts() {
            self.check_claim_origin(reader);
            self.check_claim_is_asked(reader);
            self.check_claim_demands_an_answer(reader);
            self.check_claim_is_about_one_address(reader);
        }
    }

    /// The facts from which a fact is composed, down to those that are not composed. A fact that is not composed is its own only source.
    pub(crate) fn facts_behind(&self, fact: Slot) -> Vec<Slot> {
        let (mut open, mut behind) = (vec![fact], Vec::new());
        while let Some(fact) = open.pop() {
            if behind.contains(&fact) {
                continue;
            }
            behind.push(fact);
            let composed = self.file.identity.composed().find(|(_, composed, ..)| *composed == fact).map(|(.., uses)| uses);
            let reads = self.file.steps().flat_map(Step::all_reads).filter(|read| read.fact == fact);
            let read = || reads.flat_map(|read| read.reading.uses()).collect();
            open.extend(composed.unwrap_or_else(read).iter().map(|used| used.fact));
            open.extend(self.choosing_facts(fact));
        }
        behind
    }

    /// Codes and tokens, and what else the requests of the file are made of.
    pub(crate) fn carried_facts(&self, reader: &mut Reader) -> Vec<Slot> {
        let tokens = ["code", "accessToken", "refreshToken", "idToken"].map(|name| reader.names.intern(name));
        let refresh = self.file.keeping.and_then(TokenKeeping::step);
        let requests = self.file.steps().chain(refresh).flat_map(Step::uses_in_request);
        let keys = self.file.steps().filter_map(|step| step.signed.as_ref()).flat_map(SignedToken::uses);
        let used = requests.chain(keys).map(|used| used.fact).chain(tokens);
        used.flat_map(|fact| self.facts_behind(fact)).collect()
    }

    /// The facts by which an entry of a list is chosen from which this fact is read.
    fn choosing_facts(&self, fact: Slot) -> Vec<Slot> {
        let choices = self.file.steps().flat_map(|step| step.choices.iter().chain(&step.signed_choices));
        let of_fact = choices.filter(|choice| choice.reads.iter().any(|read| read.fact == fact));
        of_fact.flat_map(EntryChoice::all_conditions).flat_map(Condition::uses).map(|used| used.fact).collect()
    }

    /// Whether a part of a fact comes from the answer to one of these calls.
    fn comes_from<'s>(&self, calls: impl IntoIterator<Item = &'s Step>, fact: Slot) -> bool {
        let learned: Vec<Slot> = calls.into_iter().flat_map(facts_from_answer).collect();
        self.facts_behind(fact).iter().any(|behind| learned.contains(behind))
    }

    /// Whether a fact may consist of nothing that one of these steps reads in its answer. Each alternative is judged by itself,
    /// because an answer decides which of them counts.
    fn may_lack_answer(&self, fact: Slot, steps: &[&Step]) -> bool {
        self.lacks_answer(fact, steps, &mut Vec::new())
    }

    fn lacks_answer(&self, fact: Slot, steps: &[&Step], open: &mut Vec<Slot>) -> bool {
        let is_answer = |step: &Step| steps.iter().any(|one| std::ptr::eq(*one, step));
        if open.contains(&fact) || steps.iter().any(|step| step.header_reads.iter().any(|(read, _)| *read == fact)) {
            return false;
        }
        let readings: Vec<(&FactExpression, bool)> = if let Some(composed) = self.file.identity.composition(fact) {
            vec![(composed, false)]
        } else {
            // A verified token speaks of the person wherever it stands; the standard places of a token answer, such as its type, do not.
            let is_prepared = |step: &Step| self.file.prepare.iter().any(|one| std::ptr::eq(one, step));
            let reads = self.file.steps().flat_map(|step| {
                let says = |read: &ReadRule| read.written || step.kind != StepKind::GetAccessCode;
                let in_answer = step.answer_reads().map(move |read| (read, is_answer(step) && says(read)));
                in_answer.chain(step.token_reads().map(move |read| (read, !is_prepared(step))))
            });
            reads.filter(|(read, _)| read.fact == fact).map(|(read, counts)| (&read.reading, counts)).collect()
        };
        open.push(fact);
        let mut alternatives =
            readings.iter().flat_map(|(reading, answers)| reading.alternatives().into_iter().map(move |one| (one, *answers)));
        let lacks = readings.is_empty()
            || alternatives.any(|(one, answers)| {
                let has_answer =
                    answers && one.needs_answer() || one.holes().any(|hole| self.has_answer_either_way(hole, answers, steps, open));
                !has_answer && one.uses().iter().filter(|used| !used.optional).all(|used| self.lacks_answer(used.fact, steps, open))
            });
        open.pop();
        lacks
    }

    /// Whether a hole is filled from an answer, and by its `default` from another one where that finds nothing.
    fn has_answer_either_way(&self, hole: &Hole, answers: bool, steps: &[&Step], open: &mut Vec<Slot>) -> bool {
        let Some(default) = hole.default_fact() else { return false };
        let is_from_answer = hole.fact().map_or(answers, |fact| !self.lacks_answer(fact, steps, open));
        is_from_answer && !self.lacks_answer(default, steps, open)
    }

    fn identity_facts(&self) -> [(&'static str, Slot); 3] {
        [("id", self.file.known.id), ("email", self.file.known.email), ("emailVerified", self.file.known.email_verified)]
    }

    /// The identity may come from the browser only when the callback is signed, or when a call asks the provider about that fact.
    fn check_browser_facts(&self, reader: &mut Reader) {
        let step = &self.file.authorization.step;
        if step.verify.is_some() {
            return;
        }
        // A call that need not be made, or whose refusal changes nothing, confirms nothing.
        let confirming: Vec<&Step> = self.file.calls.iter().filter(|call| !call.optional && call.when.is_none()).collect();
        let is_asked_about = |fact: Slot| confirming.iter().any(|call| call.uses_in_request().iter().any(|used| used.fact == fact));
        let callback_reads: Vec<&ReadRule> = step.answer_reads().filter(|read| read.written && read.fact != self.file.known.code).collect();
        // A file that sends all parameters of the callback to the provider, as OpenID 2.0 does, asks about them.
        let asks_about_a_signature = callback_reads.iter().any(|read| {
            is_asked_about(read.fact)
                && read.reading.paths().iter().any(|path| ["openid.sig", "sig", "signature"].iter().any(|key| path.is_key(key)))
        });
        for (name, fact) in self.identity_facts() {
            for behind in self.facts_behind(fact) {
                if let Some(read) = callback_reads.iter().find(|read| read.fact == behind)
                    && !is_asked_about(behind)
                    && !asks_about_a_signature
                {
                    let help = "read it from the answer of a call, or check the callback's signature with `verify` or `signed`";
                    reader.complain(
                        read.place,
                        format!("the browser could say anything: `{name}` comes from a callback that is not signed"),
                        help,
                    );
                }
            }
        }
    }

    fn check_inputs(&self, reader: &mut Reader) {
        let typed = self.file.typed_facts(reader);
        let calls: Vec<&Step> = self.file.calls.iter().collect();
        let never = self.file.trust.is_some_and(|trust| matches!(trust.value, EmailTrustPolicy::Never));
        let hints = [self.file.known.login_hint, self.file.known.ui_locales];
        for (name, fact) in self.identity_facts() {
            let is_the_address = fact == self.file.known.email;
            let behind = self.facts_behind(fact);
            let chosen = behind.iter().flat_map(|fact| self.choosing_facts(*fact)).flat_map(|fact| self.facts_behind(fact));
            if behind.iter().any(|fact| hints.contains(fact)) || chosen.into_iter().any(|fact| typed.contains(&fact)) {
                let help = "make it only from what an answer of the provider says";
                reader.complain(
                    self.place_of(fact),
                    format!("`{name}` would follow from what the visitor wrote, who could be anyone"),
                    help,
                );
                continue;
            }
            // An id may be composed from a typed value and an answer. An address must not, because it would be proven as a whole.
            if self.facts_behind(fact).iter().any(|fact| typed.contains(fact))
                && (is_the_address || self.may_lack_answer(fact, &calls))
                && !(is_the_address && never)
            {
                let help = "read it from an answer of the provider";
                reader.complain(self.place_of(fact), format!("`{name}` is what the shopper typed, which proves nothing"), help);
            }
        }
    }

    /// The place where a fact is read or composed.
    fn place_of(&self, fact: Slot) -> Place {
        let composed = self.file.identity.composed().find(|(_, composed, ..)| *composed == fact).map(|(_, _, place, _)| place);
        let read = self.file.steps().flat_map(Step::learned_facts).find(|(learned, ..)| *learned == fact).map(|(_, place, _)| place);
        composed.or(read).unwrap_or(self.file.authorization.step.place)
    }

    /// Complains about an id or an address without any part from an answer: it is the same for every person, or new each time.
    fn check_identity_differs_by_person(&self, reader: &mut Reader) {
        // An answer before the redirect says nothing about the person.
        let answers = self.file.calls.iter().chain([&self.file.authorization.step]);
        let steps: Vec<&Step> = answers.clone().collect();
        let typed = self.file.typed_facts(reader);
        let personal: Vec<Slot> = answers.flat_map(facts_from_answer).chain(typed.iter().copied()).collect();
        let prepared: Vec<Slot> = self.file.prepare.iter().flat_map(Step::learned_facts).map(|(learned, ..)| learned).collect();
        let has_any = |fact: Slot, among: &[Slot]| self.facts_behind(fact).iter().any(|behind| among.contains(behind));
        // Another check complains about an id that is typed.
        let is_a_persons = |fact: Slot| has_any(fact, &personal) && (has_any(fact, &typed) || !self.may_lack_answer(fact, &steps));
        let is_given = |fact: Slot| {
            self.file.identity.composed().any(|(_, composed, ..)| composed == fact)
                || self.file.steps().flat_map(Step::learned_facts).any(|(learned, ..)| learned == fact)
        };
        for (name, fact) in [("id", self.file.known.id), ("email", self.file.known.email)] {
            // Another check complains about what is read before the redirect.
            if is_given(fact) && !is_a_persons(fact) && !has_any(fact, &prepared) {
                let help = "make it from what an answer says: `$.…` where it is read, `${fact}` in `identity`";
                reader.complain(self.place_of(fact), format!("`{name}` would say nothing about the person"), help);
            }
        }
        for (name, fact) in self.identity_facts() {
            if has_any(fact, &prepared) && !prepared.contains(&fact) {
                let help = "make it only from what the callback and later answers say";
                let message = format!("`{name}` may come from a call before the redirect, which says nothing about the person");
                reader.complain(self.place_of(fact), message, help);
            }
        }
        self.check_placeholder(reader);
    }

    /// Checks that a placeholder is made of the id itself and of settings, so that two ids never get the same one.
    fn check_placeholder(&self, reader: &mut Reader) {
        let Some(placeholder) = self.file.identity.placeholder() else { return };
        let (fact, place) = placeholder.id_fact();
        if !fact.is_some_and(|fact| self.is_the_id(fact)) {
            let help = "make it from the id: `${id}@acme.invalid`";
            reader.complain(place, "two persons could get the same placeholder: this fact is not the id", help);
        }
        let settings = self.file.installed.non_secret_facts();
        for used in placeholder.domain_uses().iter().filter(|used| !settings.contains(&used.fact)) {
            let help = "only a setting may stand behind the `@` of a placeholder";
            reader.complain(used.place, "this fact is not a setting, so two ids could get the same placeholder", help);
        }
    }

    /// Whether a fact is the id, or the only thing of which the id consists.
    fn is_the_id(&self, fact: Slot) -> bool {
        let id = self.file.known.id;
        let composed = self.file.identity.composition(id);
        let reads = self.file.steps().flat_map(Step::all_reads).filter(|read| read.fact == id);
        let readings: Vec<&FactExpression> = match composed {
            Some(composed) => vec![composed],
            None => reads.map(|read| &read.reading).collect(),
        };
        let consists_of = |reading: &&FactExpression| matches!(reading, FactExpression::Text(text) if text.sole_fact() == Some(fact));
        fact == id || (!readings.is_empty() && readings.iter().all(consists_of))
    }

    /// Complains about secrets in the identity, because the identity is passed on.
    fn check_no_secret_in_identity(&self, reader: &mut Reader) {
        let tokens: Vec<Slot> = ["accessToken", "refreshToken", "idToken", "codeVerifier", "clientAssertion"]
            .iter()
            .map(|name| reader.names.intern(name))
            .collect();
        for FactUse { fact, place, whole, .. } in self.file.identity.uses() {
            if whole && (self.file.installed.is_secret(fact) || tokens.contains(&fact)) {
                let name = Arc::clone(reader.names.name(fact));
                reader.complain(
                    place,
                    format!("`{name}` may not become part of an identity, which is handed on"),
                    "take it out; what is secret stays between portaria and the provider",
                );
            }
        }
    }

    fn check_read_rule(&self, read: &ReadRule, reader: &mut Reader) {
        let name = Arc::clone(reader.names.name(read.fact));
        let is_yes_or_no = matches!(read.reading, FactExpression::Condition(_) | FactExpression::Conditions(..));
        if is_yes_or_no
            && [self.file.known.id, self.file.known.email, self.file.known.access_token, self.file.known.code].contains(&read.fact)
        {
            reader.complain(
                read.place,
                format!("a condition gives `true` or `false`, which is no `{name}`"),
                "write where it stands: `$.…`",
            );
        }
        if let (FactExpression::Path(id), true) = (&read.reading, read.fact == self.file.known.id) {
            let mut reads = self.file.calls.iter().flat_map(Step::all_reads);
            let is_the_email = |other: &&ReadRule| {
                other.fact == self.file.known.email && matches!(&other.reading, FactExpression::Path(email) if email.source == id.source)
            };
            if read.written && reads.any(|other| is_the_email(&other)) {
                reader.warn(
                    read.place,
                    "the e-mail is used as the id, and e-mails change hands",
                    "read what the provider itself tells people apart by",
                );
            }
        }
    }
}

/// The facts that are read from an answer itself, rather than composed from other facts.
fn facts_from_answer(step: &Step) -> Vec<Slot> {
    let reads = step.all_reads().filter(|read| read.reading.reads_answer()).map(|read| read.fact);
    reads.chain(step.header_reads.iter().map(|(fact, _)| *fact)).collect()
}
