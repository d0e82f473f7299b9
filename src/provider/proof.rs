//! Whether a login proves anything: what only the browser says is no proof, a signature that anybody could make is
//! none, and what is kept secret stays so.

use crate::names::Slot;
use crate::place::At;
use crate::provider::authorization::Authorization;
use crate::provider::facts::Known;
use crate::provider::identity::Composition;
use crate::provider::inputs::Input;
use crate::provider::installed::Installed;
use crate::provider::reading::Reading;
use crate::provider::signature::Signature;
use crate::provider::signed::{Keys, Signed};
use crate::provider::step::{Read, Step};
use crate::provider::template::Use;
use crate::provider::trust::TrustEmail;
use crate::words::Desk;
use std::sync::Arc;

/// All that has to prove something.
pub struct Proof<'a> {
    pub(super) authorization: &'a Authorization,
    pub(super) calls: &'a [Step],
    pub(super) installed: &'a Installed,
    pub(super) inputs: &'a [Input],
    pub(super) identity: &'a Composition,
    pub(super) trust: Option<&'a At<TrustEmail>>,
    pub(super) known: Known,
}

impl Proof<'_> {
    /// Looks the whole file over.
    pub fn look_over(&self, desk: &mut Desk) {
        let step = &self.authorization.step;
        if let Some(verify) = &step.verify {
            self.look_over_verify(verify, desk);
        }
        if let (Some(signed), true) = (&step.signed, self.calls.is_empty() && step.verify.is_none())
            && !signed.asks_for_nonce()
        {
            let help = "add `extra: { nonce: \"${nonce}\" }` to the request, and `nonce: required` here";
            desk.complain(signed.place, "an old callback could be used again: nothing ties this token to the login", help);
        }
        for sign in self.calls.iter().chain([step]).filter_map(|step| step.sign.as_ref()) {
            if !sign.uses().iter().any(|used| self.is_secret(used.fact)) {
                let help = "add `key: ${clientSecret}`, or a secret in `before` or `after`";
                desk.complain(sign.place, "anybody could make this signature: no secret is in it", help);
            }
        }
        self.look_over_browser(desk);
        self.look_over_inputs(desk);
        self.look_over_sameness(desk);
        self.look_over_secrets(desk);
        for signed in std::iter::once(step).chain(self.calls).filter_map(|step| step.signed.as_ref()) {
            self.look_over_keys(signed, desk);
        }
        for read in std::iter::once(step).chain(self.calls).flat_map(|step| step.reads.iter().chain(&step.signed_reads)) {
            self.look_over_reading(read, desk);
        }
    }

    fn is_secret(&self, fact: Slot) -> bool {
        fact == self.known.client_secret || self.installed.needed.iter().any(|needed| needed.secret && needed.fact == fact)
    }

    fn look_over_verify(&self, verify: &Signature, desk: &mut Desk) {
        let is_public_key = verify.key_template().is_some_and(|(_, rsa)| rsa);
        if !is_public_key && !verify.uses().iter().any(|used| self.is_secret(used.fact)) {
            let help = "sign with what only the provider and this file know: `algorithm: hmacSha256, key: ${clientSecret}`, or a secret in `before` or `after`";
            desk.complain(verify.place, "anybody could make this signature: no secret is in it", help);
        }
        for read in self.authorization.step.reads.iter().filter(|read| read.written) {
            if let Some(path) = read.reading.paths().into_iter().find(|path| verify.leaves_out().any(|name| path.is_key(name))) {
                desk.complain(path.place, "this parameter is not covered by the signature", "take it out of `except`, or do not read it");
            }
        }
    }

    /// The facts behind a part of the identity.
    fn facts_behind(&self, name: &str, fact: Slot) -> Vec<Slot> {
        self.identity.composed_from(name).map_or_else(|| vec![fact], |uses| uses.iter().map(|used| used.fact).collect())
    }

    /// Who somebody is may come from the browser only when it is signed, or when a call asks the provider about it.
    fn look_over_browser(&self, desk: &mut Desk) {
        let step = &self.authorization.step;
        if step.verify.is_some() {
            return;
        }
        let brought: Vec<&Read> = step.reads.iter().filter(|read| read.written && read.fact != self.known.code).collect();
        let is_asked_about = |fact: Slot| self.calls.iter().any(|call| call.uses_in_request().iter().any(|used| used.fact == fact));
        if brought.iter().any(|read| is_asked_about(read.fact)) {
            return;
        }
        for (name, fact) in [("id", self.known.id), ("email", self.known.email), ("emailVerified", self.known.email_verified)] {
            for behind in self.facts_behind(name, fact) {
                if let Some(read) = brought.iter().find(|read| read.fact == behind) {
                    let help = "read it from the answer of a call, or check the callback's signature with `verify` or `signed`";
                    desk.complain(
                        read.place,
                        format!("the browser could say anything: `{name}` comes from a callback that nobody signed"),
                        help,
                    );
                }
            }
        }
    }

    /// An id or address that no answer has a part in is the same for everybody, or a new one each time.
    fn look_over_sameness(&self, desk: &mut Desk) {
        let steps = || std::iter::once(&self.authorization.step).chain(self.calls);
        let learned: Vec<Slot> = steps().flat_map(Step::learns).map(|(fact, ..)| fact).collect();
        let typed: Vec<Slot> = self.inputs.iter().map(|input| desk.names.slot(&input.name)).collect();
        let is_a_persons = |uses: &[Use]| uses.iter().any(|used| learned.contains(&used.fact) || typed.contains(&used.fact));
        for (name, fact) in [("id", self.known.id), ("email", self.known.email)] {
            let composed = self.identity.composed().find(|(part, _)| *part == name).zip(self.identity.composed_from(name));
            if let Some(((_, place), _)) = composed.filter(|(_, uses)| !is_a_persons(uses)) {
                desk.complain(
                    place,
                    format!("`{name}` would say nothing about the person"),
                    "make it from what an answer says: `${fact}` of a `read`",
                );
            }
            let read = steps().flat_map(|step| step.reads.iter().chain(&step.signed_reads)).find(|read| read.fact == fact);
            if let Some(read) = read.filter(|read| !read.reading.looks_at_answer() && !is_a_persons(&read.reading.uses())) {
                desk.complain(
                    read.place,
                    format!("`{name}` would say nothing about the person"),
                    "write where it stands in the answer: `$.…`",
                );
            }
        }
    }

    fn look_over_inputs(&self, desk: &mut Desk) {
        let typed: Vec<Slot> = self.inputs.iter().map(|input| desk.names.slot(&input.name)).collect();
        let never = self.trust.is_some_and(|trust| matches!(trust.value, TrustEmail::Never));
        for (name, fact) in [("id", self.known.id), ("email", self.known.email), ("emailVerified", self.known.email_verified)] {
            if let Some((_, place)) = self.identity.composed().find(|(composed, _)| *composed == name)
                && self.facts_behind(name, fact).iter().all(|fact| typed.contains(fact))
                && !self.facts_behind(name, fact).is_empty()
                && !(name == "email" && never)
            {
                desk.complain(
                    place,
                    format!("`{name}` is what the shopper typed, which proves nothing"),
                    "read it from an answer of the provider",
                );
            }
        }
    }

    /// An identity is handed on; what is secret must not be in it.
    fn look_over_secrets(&self, desk: &mut Desk) {
        let tokens: Vec<Slot> = ["accessToken", "refreshToken", "idToken", "codeVerifier", "clientAssertion"]
            .iter()
            .map(|name| desk.names.slot(name))
            .collect();
        for Use { fact, place, whole, .. } in self.identity.uses() {
            if whole && (self.is_secret(fact) || tokens.contains(&fact)) {
                let name = Arc::clone(desk.names.name(fact));
                desk.complain(
                    place,
                    format!("`{name}` may not become part of an identity, which is handed on"),
                    "take it out; what is secret stays between portaria and the provider",
                );
            }
        }
    }

    fn look_over_keys(&self, signed: &Signed, desk: &mut Desk) {
        let Keys::Text(template) = &signed.keys else { return };
        let settings = self.installed.settings();
        for used in template.uses() {
            if !self.is_secret(used.fact) && (!settings.contains(&used.fact) || used.fact == self.known.client_id) {
                let name = Arc::clone(desk.names.name(used.fact));
                desk.complain(
                    used.place,
                    format!("`{name}` is no key"),
                    "write `${clientSecret}`, a name of `secrets`, or a public key of `settings`",
                );
            }
        }
    }

    fn look_over_reading(&self, read: &Read, desk: &mut Desk) {
        let name = Arc::clone(desk.names.name(read.fact));
        let is_yes_or_no = matches!(read.reading, Reading::Condition(_) | Reading::Conditions(..));
        if is_yes_or_no && [self.known.id, self.known.email, self.known.access_token, self.known.code].contains(&read.fact) {
            desk.complain(read.place, format!("a condition gives `true` or `false`, which is no `{name}`"), "write where it stands: `$.…`");
        }
        if let Reading::Condition(condition) = &read.reading
            && read.fact == self.known.email_verified
            && condition.asks_only_presence()
        {
            desk.complain(
                read.place,
                "`false` would be there as well, and count as proven",
                "write the path alone (`$.verified`), or `is: true`",
            );
        }
        if let (Reading::Path(id), true) = (&read.reading, read.fact == self.known.id) {
            let reads = self.calls.iter().flat_map(|step| step.reads.iter().chain(&step.signed_reads));
            let is_the_email = |other: &&Read| {
                other.fact == self.known.email && matches!(&other.reading, Reading::Path(email) if email.source == id.source)
            };
            if read.written && reads.clone().any(|other| is_the_email(&other)) {
                desk.warn(
                    read.place,
                    "the e-mail is used as the id, and e-mails change hands",
                    "read what the provider itself tells people apart by",
                );
            }
        }
    }
}
