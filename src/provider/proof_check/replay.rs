//! Checks that what the browser brings back belongs to this login: by a nonce in a token, or by a signature that covers the state.

use crate::provider::condition::{Condition, ConditionSubject, ValueCheck};
use crate::provider::fact_expression::FactExpression;
use crate::provider::hole::Hole;
use crate::provider::proof_check::ProofCheck;
use crate::provider::refusal::RefusalRule;
use crate::provider::signature::ParameterSignature;
use crate::provider::signed_token::SignedToken;
use crate::provider::step::Step;
use crate::provider::template::{FactUse, Template};
use crate::vocabulary::names::Slot;
use crate::vocabulary::words::Reader;

impl ProofCheck<'_> {
    /// A token of the callback that says who the person is has to repeat the nonce, and a nonce that is sent has to be checked.
    pub(crate) fn check_nonce(&self, reader: &mut Reader) {
        let step = &self.file.authorization.step;
        // A token says who the person is when the identity or `require` rests on it, or when a call asks about what it says.
        let says_who = |step: &Step| {
            let identity = self.identity_facts().map(|(_, fact)| fact).into_iter().chain(self.facts_handed_on());
            let asked = self.file.calls.iter().flat_map(Step::uses_in_request).map(|used| used.fact);
            let behind: Vec<Slot> = identity.chain(asked).flat_map(|fact| self.facts_behind(fact)).collect();
            step.token_reads().any(|read| read.fact != self.file.known.code && behind.contains(&read.fact))
        };
        // The browser brought the token, though a later call may be the one that reads it.
        let is_brought = |signed: &SignedToken| {
            let token = signed.token.iter().flat_map(Template::uses).flat_map(|used| self.facts_behind(used.fact));
            token.into_iter().any(|fact| step.answer_reads().any(|read| read.fact == fact && read.reading.reads_answer()))
        };
        let brought = self.file.steps().filter(|one| {
            std::ptr::eq(*one, step) && (self.file.calls.is_empty() || says_who(step))
                || !std::ptr::eq(*one, step) && one.signed.as_ref().is_some_and(is_brought) && says_who(one)
        });
        let untied = brought.filter_map(|one| one.signed.as_ref()).find(|signed| !signed.requires_nonce);
        if let Some(signed) = untied
            && step.verify.is_none()
        {
            let help = if self.file.authorization.sends_nonce {
                "add `nonce: required` here"
            } else {
                "add `extra: { nonce: \"${nonce}\" }` to the request, and `nonce: required` here"
            };
            reader.complain(signed.place, "an old callback could be used again: nothing ties this token to the login", help);
            return;
        }
        let mut signed = self.file.steps().filter_map(|step| step.signed.as_ref()).peekable();
        if self.file.authorization.sends_nonce && !signed.any(|signed| signed.requires_nonce) && !self.compares_nonce() {
            let help = "write `nonce: required` in the `signed` whose token repeats it, or `accepted: { at: $.nonce, is: \"${nonce}\" }` where the callback does; otherwise take the parameter out of the request: a provider that only wants some value there gets `${state}`";
            let sent = step.uses_in_request().into_iter().find(|used| used.fact == self.file.known.nonce);
            let place = sent.map_or(step.place, |used| used.place);
            reader.complain(place, "a nonce is sent, and nothing checks that it comes back", help);
        }
    }

    /// The signature of a callback has to be one that only the provider can make, and has to cover what counts.
    pub(crate) fn check_callback_signature(&self, verify: &ParameterSignature, reader: &mut Reader) {
        let is_public_key = verify.key_template().is_some_and(|(_, rsa)| rsa);
        if !is_public_key && !verify.uses().iter().any(|used| self.file.installed.is_secret(used.fact)) {
            let help = "sign with what only the provider and this file know: `algorithm: hmacSha256, key: ${clientSecret}`, or a secret in `before` or `after`";
            reader.complain(verify.place, "anyone could make this signature: no secret is in it", help);
        }
        if let Some(text) = verify.written_text() {
            check_text_of_callback(text, reader);
        }
        self.check_redirect_makes_no_callback(verify, reader);
        if !verify.is_unambiguous() {
            let help = "write the marks that the provider writes there, with `pair` and `join` or in `text`; without marks between them parameters could be moved into one another";
            reader.complain(verify.place, "this signature does not say where a parameter ends", help);
        }
        let leaves_state_out = self.file.authorization.state.paths().into_iter().any(|path| !verify.covers(path));
        let step = &self.file.authorization.step;
        let behind: Vec<Slot> = self.identity_facts().iter().flat_map(|(_, fact)| self.facts_behind(*fact)).collect();
        let gives_identity = step.reads.iter().any(|read| behind.contains(&read.fact) && read.reading.reads_answer());
        let is_in_query = self.file.authorization.state_in.is_parameter();
        let is_recent = |asked: &Condition| asked.demands_recent_value(|path| verify.covers(path));
        let is_tied = self.compares_nonce() || step.accepted.iter().filter_map(RefusalRule::condition).any(is_recent);
        let what = "an old callback could be used again: the signature does not cover the state";
        if gives_identity && leaves_state_out && !is_tied {
            let help = "let the provider sign the state too, and read it there: take it out of `except`, or write `read: { state: … }` with a place in `text`; where it cannot, ask for a signed moment: `accepted: { at: $.time, within: 5m }`";
            reader.complain(verify.place, what, help);
        } else if (self.file.calls.is_empty() || gives_identity) && (leaves_state_out || !is_in_query) && !self.compares_nonce() {
            let help =
                "let the provider sign the state too, or redeem something in getAccessCode; otherwise an old callback could be used again";
            reader.warn(verify.place, what, help);
        }
        let read = step.reads.iter().filter(|read| read.written || behind.contains(&read.fact)).flat_map(|read| read.reading.paths());
        // What refuses counts too: the visitor could take out what is not signed.
        let rules = step.accepted.iter().chain(&step.refused).flat_map(RefusalRule::paths);
        for path in read.chain(rules).filter(|path| !verify.covers(path)) {
            let help = "let the provider sign it too: take it out of `except`, or put it into `text`; otherwise do not read it";
            reader.complain(path.place, "this parameter is not covered by the signature", help);
        }
    }

    /// What the redirect makes with the secret of the callback's signature goes through the browser. Where it is made over something
    /// that the visitor types, the visitor can have a callback signed.
    fn check_redirect_makes_no_callback(&self, verify: &ParameterSignature, reader: &mut Reader) {
        let secrets: Vec<Slot> = verify.uses().iter().map(|used| used.fact).filter(|fact| self.file.installed.is_secret(*fact)).collect();
        let step = &self.file.authorization.step;
        let typed = self.file.typed_facts(reader);
        let is_typed = |used: &&FactUse| self.facts_behind(used.fact).iter().any(|behind| typed.contains(behind));
        let is_secret = |used: &&FactUse| secrets.contains(&used.fact);
        let parameters = step.query.iter().chain(&step.reauthenticate).flat_map(|parameter| &parameter.values);
        let query: Vec<FactUse> = parameters.flat_map(Template::uses).collect();
        let holes: Vec<FactUse> = step.address.uses().chain(query.iter().copied()).collect();
        // A signature by another algorithm is none of a callback.
        let alike = step.sign.iter().filter(|sign| sign.algorithm_and_encoding().0 == verify.algorithm_and_encoding().0);
        let signed: Vec<FactUse> = query.into_iter().chain(alike.clone().flat_map(ParameterSignature::uses)).collect();
        let made_by_hole = holes.iter().find(is_secret).filter(|_| holes.iter().any(|used| is_typed(&used)));
        let keys: Vec<FactUse> = alike.flat_map(ParameterSignature::uses).collect();
        let made_by_sign = keys.iter().find(is_secret).filter(|_| signed.iter().any(|used| is_typed(&used)));
        if let Some(secret) = made_by_hole.or(made_by_sign) {
            let help = "leave what the visitor types out of the redirect, or sign it with another secret than the one of `verify`; otherwise the visitor can have a callback signed that names another person";
            reader.complain(secret.place, "the redirect uses the secret of the callback's signature beside what the visitor types", help);
        }
    }

    /// Whether a login succeeds only if the callback repeats the nonce.
    pub(crate) fn compares_nonce(&self) -> bool {
        let step = &self.file.authorization.step;
        let nonce = self.file.known.nonce;
        let comes_back = |text: &Template| text.has_path() && text.uses().next().is_none();
        let is_read = |fact: Slot| {
            let mut reads = step.reads.iter().filter(|read| read.fact == fact).flat_map(|read| read.reading.alternatives()).peekable();
            reads.peek().is_some()
                && reads.all(|one| match one {
                    FactExpression::Path(_) => true,
                    FactExpression::Text(text) => comes_back(text),
                    FactExpression::Condition(_) | FactExpression::Conditions(..) | FactExpression::FirstOf(..) => false,
                })
        };
        let repeats = |check: &ValueCheck| match &check.at {
            ConditionSubject::Path(_) => true,
            ConditionSubject::Text(text) => comes_back(text) || text.sole_fact().is_some_and(is_read),
        };
        let accepted = step.accepted.iter().filter_map(RefusalRule::condition);
        accepted.chain(self.file.require.iter().flat_map(|require| &require.0)).any(|asked| asked.demands_fact(nonce, repeats))
    }
}

/// Checks a text that `verify` writes in place of the parameters: it holds parameters of the callback, whole and unchanged.
fn check_text_of_callback(text: &Template, reader: &mut Reader) {
    if !text.has_path() {
        let help = "write the parameter that the provider signs: `text: \"${$.payload}\"`";
        reader.complain(text.place, "nothing that comes back is signed by this", help);
    }
    let is_whole = |hole: &Hole| hole.path().is_none_or(|path| path.sole_key().is_some() && hole.functions().is_empty());
    if let Some(hole) = text.holes().find(|hole| !is_whole(hole) || hole.is_optional()) {
        let help = "write each parameter as it comes: `${$.payload}`, without functions and without `?`";
        reader.complain(hole.place, "this could leave a part of the callback unsigned", help);
    }
}
