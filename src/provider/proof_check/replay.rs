//! Checks that what the browser brings back belongs to this login: by a nonce in a token, or by a signature that covers the state.

use crate::provider::callback::StateLocation;
use crate::provider::json_path::JsonPath;
use crate::provider::proof_check::ProofCheck;
use crate::provider::refusal::RefusalRule;
use crate::provider::signature::ParameterSignature;
use crate::provider::signed_token::SignedToken;
use crate::provider::step::Step;
use crate::provider::template::Template;
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
        let untied = brought.filter_map(|one| one.signed.as_ref()).find(|signed| !signed.requires_nonce());
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
        if self.file.authorization.sends_nonce && !signed.any(SignedToken::requires_nonce) {
            let help = "write `nonce: required` in the `signed` whose token repeats it, or take the parameter out of the request; a provider that only wants some value there gets `${state}`";
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
        if !verify.is_unambiguous() {
            let help =
                "write `pair` and `join` as the provider does; without marks between them parameters could be moved into one another";
            reader.complain(verify.place, "this signature does not say where a parameter ends", help);
        }
        let leaves_state_out =
            self.file.authorization.state.paths().iter().any(|path| verify.excluded_parameters().any(|name| path.is_key(name)));
        let step = &self.file.authorization.step;
        let gives_identity = self.identity_facts().iter().any(|(_, fact)| {
            self.facts_behind(*fact).iter().any(|behind| step.reads.iter().any(|read| read.written && read.fact == *behind))
        });
        let is_in_query = self.file.authorization.state_in == StateLocation::Query;
        let is_signed = |path: &JsonPath| !verify.excluded_parameters().any(|name| path.is_key(name));
        let is_recent = step.accepted.iter().filter_map(RefusalRule::condition).any(|asked| asked.demands_recent_value(is_signed));
        let what = "an old callback could be used again: the signature does not cover the state";
        if gives_identity && leaves_state_out && !is_recent {
            let help = "let the provider sign the state too: take it out of `except`; where it cannot, ask for a signed moment: `accepted: { at: $.time, within: 5m }`";
            reader.complain(verify.place, what, help);
        } else if (self.file.calls.is_empty() || gives_identity) && (leaves_state_out || !is_in_query) {
            let help =
                "let the provider sign the state too, or redeem something in getAccessCode; otherwise an old callback could be used again";
            reader.warn(verify.place, what, help);
        }
        for read in self.file.authorization.step.reads.iter().filter(|read| read.written) {
            if let Some(path) = read.reading.paths().into_iter().find(|path| verify.excluded_parameters().any(|name| path.is_key(name))) {
                reader.complain(path.place, "this parameter is not covered by the signature", "take it out of `except`, or do not read it");
            }
        }
    }
}
