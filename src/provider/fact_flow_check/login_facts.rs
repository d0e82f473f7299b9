//! Checks that a login uses its code and its token, that its identity has an id and an address, and that no fact is read in vain.

use crate::provider::call::lacks_verifier;
use crate::provider::fact_expression::FactExpression;
use crate::provider::fact_flow_check::{FactFlowCheck, FactLedger};
use crate::provider::standard;
use crate::provider::step::{Step, StepKind};
use crate::provider::trust::{EmailTrustPolicy, MissingEmailPolicy};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::words::Reader;
use std::sync::Arc;

impl FactFlowCheck<'_> {
    pub(crate) fn check_code_and_token(&self, ledger: &FactLedger, reader: &mut Reader) {
        let code = self.file.known.code;
        let calls_use = |fact: Slot| self.file.calls.iter().any(|step| step.uses_in_request().iter().any(|used| used.fact == fact));
        let is_signed = self.file.authorization.step.verify.is_some() || self.file.authorization.step.signed.is_some();
        if let Some(step) = self.file.calls.first().filter(|_| !calls_use(code) && !is_signed) {
            let own = self.file.authorization.step.learned_facts().filter(|(.., written)| *written).find(|(fact, ..)| calls_use(*fact));
            match own {
                None => {
                    let help = "place `${code}` in getAccessCode; what the provider calls otherwise is read as `read: { code: $.ticket }`";
                    reader.complain_missing(step.place, "the code that the browser brings back is never used", help);
                }
                Some((fact, place, _)) => {
                    let name = Arc::clone(reader.names.name(fact));
                    let help = format!(
                        "if `{name}` is what the provider redeems, read it as `code`, so that it is known as proof; otherwise place `${{code}}` too"
                    );
                    reader.warn(place, "`${code}` is never used, and what is used in its stead may prove nothing", help);
                }
            }
        }
        let token = self.file.known.access_token;
        let access = self.file.calls.iter().filter(|step| step.kind == StepKind::GetAccessCode);
        let origin = access.clone().flat_map(Step::learned_facts).find(|(fact, ..)| *fact == token);
        let uses_somewhere = ledger.used.contains(&token);
        let person = self.file.calls.iter().find(|step| step.kind == StepKind::GetUserInfo);
        if let (Some(step), Some((_, place, written))) = (person, origin)
            && !uses_somewhere
        {
            // A token of another kind may go with another fact of the same answers.
            let given: Vec<Slot> = access.clone().flat_map(Step::learned_facts).map(|(fact, ..)| fact).collect();
            let person_uses = self.file.calls.iter().filter(|step| step.kind == StepKind::GetUserInfo).flat_map(Step::uses_in_request);
            let is_known_by_another = person_uses.into_iter().any(|used| given.contains(&used.fact));
            let bearer_is_another = self.file.calls.iter().any(|step| step.bearer.is_some());
            if written || !bearer_is_another && !is_known_by_another {
                let at = if written { place } else { step.place };
                reader.complain_missing(
                    at,
                    "the access token is never used",
                    "show it in getUserInfo: leave `bearer` out, or place `${accessToken}` where the provider wants it",
                );
            }
        }
    }

    pub(crate) fn check_pkce(&self, reader: &mut Reader) {
        let redeems = |step: &&Step| step.uses_in_request().iter().any(|used| used.fact == self.file.known.code);
        for step in self
            .file
            .calls
            .iter()
            .filter(redeems)
            .filter(|step| step.kind == StepKind::GetAccessCode && lacks_verifier(step, self.file.pkce))
        {
            let help = "add `code_verifier: \"${codeVerifier}\"`, or write `pkce: off` at the top if the provider does not know it";
            reader.complain_missing(step.place, "the code is redeemed without PKCE", help);
        }
    }

    pub(crate) fn check_identity_facts(&self, ledger: &FactLedger, reader: &mut Reader) {
        let composed: Vec<&str> = self.file.identity.composed().map(|(name, ..)| name).collect();
        let has = |name: &str, fact: Slot, reader: &Reader| composed.contains(&name) || ledger.knows(fact) || reader.is_unusable_fact(fact);
        let place = self
            .file
            .calls
            .iter()
            .find(|step| step.kind == StepKind::GetUserInfo)
            .or(self.file.calls.last())
            .map_or(self.file.top, |step| step.place);
        if !has("id", self.file.known.id, reader) {
            reader.complain_missing(
                place,
                "nothing reads `id`, by which the provider tells people apart",
                "add it to `read`: `id: $.id`; never use the e-mail for it",
            );
        }
        let has_email = has("email", self.file.known.email, reader);
        let has_claim = has("emailVerified", self.file.known.email_verified, reader);
        match (self.file.trust, has_email) {
            (None, true) if !has_claim => reader.complain_missing(
                self.place_of_email().unwrap_or(place),
                "an e-mail is read, and the file does not say whether it can be trusted",
                "read `emailVerified` if the provider sends it; otherwise write `trustEmail: always` (it hands out only addresses that it has checked), `trustEmail: never`, or the domains that it is the authority for",
            ),
            (Some(trust), true) if matches!(trust.value, EmailTrustPolicy::Claim) && !has_claim => {
                reader.complain(trust.place, "`trustEmail: claim` waits for a claim that is never read", "add `emailVerified: $.…` to `read`, or write `always`, `never` or a list of domains");
            }
            (Some(trust), false) => reader.complain(trust.place, "`trustEmail` needs an address, and none is read", "read `email`, or take the line out and say with `missingEmail` what happens"),
            (Some(_) | None, true) | (None, false) => {}
        }
        let refuses = self.file.missing.is_none_or(|missing| matches!(missing.value, MissingEmailPolicy::Refuse));
        let never = self.file.trust.filter(|trust| matches!(trust.value, EmailTrustPolicy::Never));
        if refuses && !has_email {
            let place = self.file.missing.map_or(place, |missing| missing.place);
            reader.complain_missing(
                place,
                "no e-mail is read, so no one could sign in",
                "read `email`, or write `missingEmail: ask` (the shopper types it and proves it) or `missingEmail: \"${id}@acme.invalid\"`",
            );
        } else if let (true, Some(never)) = (refuses, never) {
            reader.complain(
                never.place,
                "no address would ever count as proven, so no one could sign in",
                "add `missingEmail: ask`: the shopper proves the address, and the provider's is the suggestion",
            );
        }
    }

    /// The place of the line that gives the address, if the file has one.
    fn place_of_email(&self) -> Option<Place> {
        let email = self.file.known.email;
        let composed = self.file.identity.composition(email).map(FactExpression::place);
        let mut reads = self.file.steps().flat_map(Step::learned_facts).filter(|(.., written)| *written);
        composed.or_else(|| reads.find(|(fact, ..)| *fact == email).map(|(_, place, _)| place))
    }

    pub(crate) fn check_unused_facts(&self, ledger: &FactLedger, reader: &mut Reader) {
        let standard_facts = [standard::PERSON, standard::TOKEN, standard::CLIENT_TOKEN, standard::CALLBACK].concat();
        let is_standard = |name: &str| standard_facts.iter().any(|(fact, _)| *fact == name) || matches!(name, "error" | "errorDescription");
        let steps = self.file.steps();
        let read: Vec<(Slot, Place)> =
            steps.flat_map(Step::learned_facts).filter(|(.., written)| *written).map(|(fact, place, _)| (fact, place)).collect();
        let secret = self.file.installed.secret_place.map(|place| (self.file.known.client_secret, place));
        let set = self
            .file
            .installed
            .needed
            .iter()
            .filter(|needed| needed.fact != self.file.known.client_id && needed.fact != self.file.known.client_secret)
            .map(|needed| (needed.fact, needed.place));
        let literals = self
            .file
            .installed
            .literals
            .iter()
            .filter(|(fact, ..)| *fact != self.file.known.client_id)
            .map(|(fact, _, place)| (*fact, *place));
        let inputs: Vec<(Slot, Place)> = self.file.inputs.iter().map(|input| (reader.names.intern(&input.name), input.place)).collect();
        for (fact, place) in read.into_iter().chain(set).chain(literals).chain(inputs).chain(secret) {
            let name = Arc::clone(reader.names.name(fact));
            let is_unused = !ledger.used.contains(&fact);
            if is_unused && *name == *standard::LIFETIME && self.file.keeping.is_none() {
                let help = "only `keepTokens` makes use of it; take this line out";
                reader.warn_missing(place, format!("`{name}` is read, and this file keeps no tokens"), help);
            } else if is_unused && !is_standard(&name) {
                reader.warn_missing(
                    place,
                    format!("the fact `{name}` is never used"),
                    "use it as `${…}`, name it in `identity.more`, or take the line out",
                );
            }
        }
    }
}
