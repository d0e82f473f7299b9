//! Checks that a client's own token is made of nothing that one login knows, that it stands in requests only, and that no person is read
//! from an answer that depends on it alone.

use crate::provider::compiled_file::CompiledFile;
use crate::provider::condition::Condition;
use crate::provider::exchange::ExchangeWords;
use crate::provider::facts::FROM_DISCOVERY;
use crate::provider::proof_check::ProofCheck;
use crate::provider::signed_token::SignedToken;
use crate::provider::step::Step;
use crate::provider::template::FactUse;
use crate::provider::token_keeping::TokenKeeping;
use crate::vocabulary::names::Slot;
use crate::vocabulary::words::Reader;
use std::sync::Arc;

/// The check of the word `getClientToken`.
pub(crate) struct ClientTokenCheck<'a> {
    pub(crate) file: &'a CompiledFile<'a>,
}

impl ClientTokenCheck<'_> {
    /// Checks the whole file.
    pub(crate) fn check(&self, reader: &mut Reader) {
        let Some(step) = self.file.client_token else { return };
        self.check_knows_no_login(step, reader);
        self.check_reads(step, reader);
        self.check_stands_in_requests(reader);
        self.check_is_used(step, reader);
        self.check_calls_are_about_a_person(reader);
    }

    /// Complains about a fact of one login, because all logins share the token.
    fn check_knows_no_login(&self, step: &Step, reader: &mut Reader) {
        let own = self.file.known;
        let mut known = vec![own.client_id, own.client_secret, own.public_url, own.provider, own.now, own.issuer, own.client_assertion];
        known.extend(self.file.installed.needed.iter().map(|needed| needed.fact));
        known.extend(self.file.installed.literals.iter().map(|(fact, ..)| *fact));
        known.extend(FROM_DISCOVERY.iter().map(|(name, _)| reader.names.intern(name)));
        known.extend(step.learned_facts().map(|(fact, ..)| fact));
        for used in step.uses_in_request().into_iter().chain(step.uses_in_answer()) {
            if known.contains(&used.fact) || reader.has_complaint_at(used.place) {
                continue;
            }
            let name = Arc::clone(reader.names.name(used.fact));
            let help = "this call knows settings and secrets, `${clientId}`, `${clientSecret}`, `${publicUrl}`, `${provider}`, `${now}`, and the facts of the discovery document";
            reader.complain(used.place, format!("`{name}` belongs to one login, and all logins share what getClientToken gives"), help);
        }
    }

    /// Complains about what else is read, and about an answer that holds no token.
    fn check_reads(&self, step: &Step, reader: &mut Reader) {
        let own = self.file.known;
        for (fact, place, _) in step.learned_facts().filter(|(fact, ..)| ![own.client_token, own.client_token_expires_in].contains(fact)) {
            let name = Arc::clone(reader.names.name(fact));
            let message = format!("`{name}` cannot be read here: the answer to getClientToken says nothing about a person");
            reader.complain(place, message, "read `clientToken` and `clientTokenExpiresIn` here, and everything else in a later call");
        }
        if !step.learned_facts().any(|(fact, ..)| fact == own.client_token) && !reader.has_unusable_parts() {
            let help = "add the place where it stands: `read: { clientToken: $.… }`";
            reader.complain(step.place, "getClientToken does not read `clientToken`", help);
        }
    }

    /// Complains about the token, or its lifetime, in a place that is no request of the broker. The redirect is judged as for every secret.
    fn check_stands_in_requests(&self, reader: &mut Reader) {
        let own = self.file.known;
        let calls = || self.file.prepare.iter().chain(self.file.calls);
        let mut elsewhere: Vec<FactUse> = self.file.authorization.step.uses_in_answer();
        elsewhere.extend(calls().flat_map(|step| step.uses_in_when().into_iter().chain(step.uses_in_answer())));
        elsewhere.extend(self.file.identity.uses());
        elsewhere.extend(self.file.require.iter().flat_map(|require| &require.0).flat_map(Condition::uses));
        elsewhere.extend(self.file.exchange.iter().flat_map(|words| words.signed_tokens()).flat_map(SignedToken::uses));
        elsewhere.extend(self.calls_without_login().flat_map(Step::uses_in_answer));
        let requests = calls().chain(self.calls_without_login()).chain([&self.file.authorization.step]).flat_map(Step::uses_in_request);
        let lifetimes = requests.filter(|used| used.fact == own.client_token_expires_in);
        let found: Vec<FactUse> = lifetimes.chain(elsewhere.into_iter().filter(|used| self.is_given(used.fact))).collect();
        for used in found {
            if !reader.has_complaint_at(used.place) {
                let name = Arc::clone(reader.names.name(used.fact));
                let message = if used.fact == own.client_token {
                    format!("`{name}` says nothing about the person of a login, and stands in no place but a request")
                } else {
                    format!("`{name}` says how long the token is kept, and has no other place")
                };
                let help =
                    "take it out; `${clientToken}` may stand in the requests of `prepare`, getAccessCode, getUserInfo, `ask` and `refresh`";
                reader.complain(used.place, message, help);
            }
        }
    }

    fn check_is_used(&self, step: &Step, reader: &mut Reader) {
        let mut calls = self.file.prepare.iter().chain(self.file.calls).chain(self.calls_without_login());
        if !calls.any(|call| call.carries(self.file.known.client_token)) {
            let help = "place it in the requests that need it, such as `bearer: ${clientToken}`; or take getClientToken out";
            reader.complain_missing(step.place, "`${clientToken}` is never used, so getClientToken is never called", help);
        }
    }

    /// Complains about an id or an address that is read from the answer to a call which carries nothing of the login but the client's
    /// token: it would describe the client, or the same person in every login.
    fn check_calls_are_about_a_person(&self, reader: &mut Reader) {
        let own = self.file.known;
        let proof = ProofCheck { file: self.file };
        let person: Vec<Slot> = [own.id, own.email].into_iter().flat_map(|fact| proof.facts_behind(fact)).collect();
        let given = self.file.calls.iter().chain([&self.file.authorization.step]).flat_map(Step::learned_facts);
        // Every login has the same issuer, and the state is a number of the broker's own: neither names a person.
        let names_no_person = |fact: &Slot| [own.state, own.iss].contains(fact);
        let of_login: Vec<Slot> = given.map(|(fact, ..)| fact).chain([own.code]).filter(|fact| !names_no_person(fact)).collect();
        for step in self.file.calls.iter().filter(|step| step.carries(own.client_token)) {
            let reads_person = step.learned_facts().any(|(fact, ..)| person.contains(&fact));
            let names_person = step.uses_in_request().iter().any(|used| of_login.contains(&used.fact));
            if reads_person && !names_person && !reader.has_complaint_at(step.place) {
                let help = "add what names the person, such as `${accessToken}`, `${code}`, or a fact of an earlier answer";
                let message =
                    "this request carries nothing of the login but the client's own token, so its answer is about no particular person";
                reader.complain(step.place, message, help);
            }
        }
    }

    /// The calls that are made without a login: `ask` of the block `exchange`, and `refresh`.
    fn calls_without_login(&self) -> impl Iterator<Item = &Step> {
        let ask = self.file.exchange.and_then(|words: &ExchangeWords| words.ask.as_ref());
        ask.into_iter().chain(self.file.keeping.and_then(|keeping: &TokenKeeping| keeping.step()))
    }

    /// Whether getClientToken gives a fact.
    fn is_given(&self, fact: Slot) -> bool {
        [self.file.known.client_token, self.file.known.client_token_expires_in].contains(&fact)
    }
}
