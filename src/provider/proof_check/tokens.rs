//! Checks that a signed token proves something: it is for this client, it was redeemed by a code, and its keys are those of its issuer.

use crate::provider::proof_check::ProofCheck;
use crate::provider::signed_token::{SignedToken, TokenKeys};
use crate::provider::template::Template;
use crate::vocabulary::names::Slot;
use crate::vocabulary::words::Reader;
use std::sync::Arc;

impl ProofCheck<'_> {
    /// Complains about an issuer or an audience that the browser names: a token that was issued to another program would be accepted.
    pub(crate) fn check_token_is_for_us(&self, signed: &SignedToken, reader: &mut Reader) {
        let callback = &self.file.authorization.step;
        let callback_facts: Vec<Slot> = callback.answer_reads().filter(|read| read.reading.reads_answer()).map(|read| read.fact).collect();
        for used in signed.issuers.iter().chain(signed.audience.iter().flatten()).flat_map(Template::uses) {
            if callback.verify.is_none() && self.facts_behind(used.fact).iter().any(|fact| callback_facts.contains(fact)) {
                let help = "write the provider's own name and `${clientId}`, or a setting";
                reader.complain(used.place, "the browser would say whose token is accepted, and for whom it was issued", help);
            }
        }
        let token = signed.token.iter().flat_map(Template::uses).flat_map(|used| self.facts_behind(used.fact));
        let is_of_callback = || token.into_iter().any(|fact| callback_facts.contains(&fact));
        let is_named = signed.require.iter().any(|claim| claim.compares_with(self.file.known.client_id));
        let has_own_key = signed.uses().iter().any(|used| self.file.installed.is_secret(used.fact));
        if callback.verify.is_none() && signed.audience.is_none() && !is_named && !has_own_key && is_of_callback() {
            let help =
                "leave `audience` out, or write where the token names the client: `require: { at: $.client_id, is: \"${clientId}\" }`";
            reader.complain(signed.place, "the browser could bring a token that was issued to another program", help);
        }
    }

    /// Warns about a token that the browser brings and that a call shows: the provider may have issued it to another program.
    pub(crate) fn check_token_is_redeemed(&self, reader: &mut Reader) {
        let callback = &self.file.authorization.step;
        let is_of_callback =
            |fact: Slot| callback.answer_reads().any(|read| read.fact == fact && read.written && fact != self.file.known.code);
        let headers = self.file.calls.iter().flat_map(|step| &step.headers);
        let headers = headers.filter(|(name, _)| name.eq_ignore_ascii_case("authorization")).map(|(_, text)| text);
        let mut shown = self.file.calls.iter().filter_map(|step| step.bearer.as_ref()).chain(headers).flat_map(Template::uses);
        if let Some(used) = shown.find(|used| callback.verify.is_none() && is_of_callback(used.fact)) {
            let help = "redeem a `code` for the token; where the provider gives none, ask for whom the token was issued: `accepted: { at: $.aud, is: \"${clientId}\" }`";
            reader.warn(used.place, "the browser brings this token, which may have been issued to another program", help);
        }
    }

    pub(crate) fn check_token_keys(&self, signed: &SignedToken, reader: &mut Reader) {
        let TokenKeys::Text(template) = &signed.keys else { return };
        let settings = self.file.installed.non_secret_facts();
        for used in template.uses() {
            if reader.has_complaint_at(used.place) {
                continue;
            }
            if !self.file.installed.is_secret(used.fact) && (!settings.contains(&used.fact) || used.fact == self.file.known.client_id) {
                let name = Arc::clone(reader.names.name(used.fact));
                reader.complain(
                    used.place,
                    format!("`{name}` is no key"),
                    "write `${clientSecret}`, a name of `secrets`, or a public key of `settings`",
                );
            }
        }
    }
}
