//! Finds out which tokens can be handed in for a file, and complains about words that prove nothing.

use crate::provider::address::Address;
use crate::provider::choice::EntryChoice;
use crate::provider::compiled_file::CompiledFile;
use crate::provider::condition::Condition;
use crate::provider::exchange::{ExchangeFault, ExchangeRules, ExchangeWords, HandedIdToken, HandedToken};
use crate::provider::placeholder::Placeholder;
use crate::provider::refusal::RefusalRule;
use crate::provider::signed_token::SignedToken;
use crate::provider::step::{Step, StepKind};
use crate::provider::template::{FactUse, Template};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::words::Reader;

/// The check of what can be handed in.
pub(crate) struct ExchangeCheck<'a> {
    pub(crate) file: &'a CompiledFile<'a>,
}

impl ExchangeCheck<'_> {
    /// What can be handed in. `reports`: whether mistakes are complained about; otherwise something else is wrong with the file.
    pub(crate) fn find(&self, reports: bool, reader: &mut Reader) -> ExchangeRules {
        let words = self.file.exchange;
        let id_token = self.id_token(reader);
        let access_token = self.access_token(reader);
        if let Some(words) = words.filter(|_| reports) {
            self.check_clients(words, reader);
            self.check_proofs(words, reader);
            check_can_be_used(words, (id_token.as_ref().err(), access_token.as_ref().err()), reader);
        }
        ExchangeRules { words: words.cloned(), id_token, access_token }
    }

    /// The ID token that the file verifies. One that comes in the callback was in the browser's history, so it counts only where the
    /// file has the block.
    fn id_token(&self, reader: &mut Reader) -> Result<HandedToken, ExchangeFault> {
        if let Some(token) = self.file.exchange.and_then(|words| words.id_token.as_ref()) {
            return self.described_id_token(token, reader);
        }
        let has_block = self.file.exchange.is_some();
        let callback = has_block.then_some((None, &self.file.authorization.step));
        let mut steps = self.access_calls().chain(callback);
        let found = steps.find_map(|(call, step)| {
            let signed = step.signed.as_ref().filter(|signed| signed.is_id_token && !step.optional && step.when.is_none())?;
            Some((call, step, signed, signed.token.as_ref()?.sole_fact()?))
        });
        let (call, step, signed, fact) = found.ok_or(ExchangeFault::NoIdToken)?;
        if signed.audience.is_none() {
            return Err(ExchangeFault::AnyAudience);
        }
        let shows_token = |logout: &Address| logout.uses().any(|used| used.fact == fact);
        if !has_block && self.file.logout.is_some_and(shows_token) {
            return Err(ExchangeFault::ShownAtLogout);
        }
        let demands = |step: &Step| !step.accepted.is_empty() || !step.refused.is_empty();
        if !has_block && self.access_calls().any(|(_, step)| demands(step)) {
            return Err(ExchangeFault::DemandsMore);
        }
        self.check_facts(&[fact, self.file.known.access_token], Some((step, signed)), true, reader)?;
        Ok(HandedToken { signed: signed.clone(), fact, step: step.clone(), call, replaces_userinfo: false })
    }

    /// The ID token that the block itself describes. Its facts are read as those of a token in the answer of the first call would be.
    fn described_id_token(&self, token: &HandedIdToken, reader: &mut Reader) -> Result<HandedToken, ExchangeFault> {
        if token.signed.audience.is_none() {
            return Err(ExchangeFault::AnyAudience);
        }
        let (call, step) = self.access_calls().next().unwrap_or((None, &self.file.authorization.step));
        let HandedIdToken { signed, reads, choices } = token.clone();
        let step = Step { signed: Some(signed.clone()), signed_reads: reads, signed_choices: choices, ..step.clone() };
        let fact = reader.names.intern("idToken");
        self.check_facts(&[fact], Some((&step, &signed)), false, reader)?;
        self.check_facts(&[fact, self.file.known.access_token], Some((&step, &signed)), true, reader)?;
        Ok(HandedToken { signed, fact, step, call, replaces_userinfo: true })
    }

    /// The proof of an access token that a step of the file gives, where there is one.
    fn access_token(&self, reader: &mut Reader) -> Result<Option<HandedToken>, ExchangeFault> {
        let token = self.file.known.access_token;
        let words = self.file.exchange.ok_or(ExchangeFault::NoProof)?;
        let own = self.access_calls().find_map(|(call, step)| {
            let signed = step.signed.as_ref()?;
            let is_for_us = signed.token.as_ref()?.sole_fact() == Some(token) && self.names_client(signed);
            is_for_us.then_some((call, step, signed))
        });
        if own.is_none() && words.ask.is_none() && words.signed.is_none() {
            return Err(ExchangeFault::NoProof);
        }
        self.check_facts(&[token], own.map(|(_, step, signed)| (step, signed)), true, reader)?;
        let own = own.map(|(call, step, signed)| (call, step.clone(), signed.clone()));
        Ok(own.map(|(call, step, signed)| HandedToken { signed, fact: token, step, call, replaces_userinfo: false }))
    }

    /// The calls of getAccessCode, each with its position among all calls.
    fn access_calls(&self) -> impl Iterator<Item = (Option<usize>, &Step)> {
        let before = self.file.prepare.len();
        let calls = self.file.calls.iter().enumerate().filter(|(_, step)| step.kind == StepKind::GetAccessCode);
        calls.map(move |(at, step)| (Some(before.saturating_add(at)), step))
    }

    /// Checks that nothing needs a fact that only a login gives, besides what is only shown of a person. `own` is the step that reads the
    /// handed token; `calls`: whether getUserInfo is called.
    fn check_facts(
        &self,
        handed: &[Slot],
        own: Option<(&Step, &SignedToken)>,
        calls: bool,
        reader: &mut Reader,
    ) -> Result<(), ExchangeFault> {
        let file = self.file;
        let shown = ["name", "picture", "locale"].map(|name| reader.names.intern(name));
        let person = || file.calls.iter().filter(move |step| calls && step.kind == StepKind::GetUserInfo);
        let mut known: Vec<Slot> = handed.to_vec();
        known.extend(file.facts_without_login(reader));
        known.extend(own.iter().flat_map(|(step, _)| step.token_reads()).map(|read| read.fact));
        known.extend(person().flat_map(Step::learned_facts).map(|(fact, ..)| fact));
        known.extend(file.identity.composed().map(|(_, fact, ..)| fact));
        let of_token = own.iter().flat_map(|(step, signed)| {
            let reads = step.token_reads().filter(|read| !shown.contains(&read.fact)).flat_map(|read| read.reading.uses());
            signed.uses().into_iter().chain(reads).chain(step.signed_choices.iter().flat_map(EntryChoice::uses))
        });
        let of_calls = person().flat_map(|step| step.uses_in_when().into_iter().chain(step.uses_in_request()).chain(step.uses_in_answer()));
        let required = file.require.iter().flat_map(|require| &require.0).flat_map(Condition::uses);
        let composed = file.identity.composed().filter(|(_, fact, ..)| !shown.contains(fact)).flat_map(|(.., uses)| uses);
        let more = file.identity.more_facts().iter().map(|(fact, _)| *fact);
        let placeholder = file.identity.placeholder().map(Placeholder::uses).unwrap_or_default();
        let used = of_token.chain(of_calls).chain(composed).chain(placeholder).chain(required).map(|used: FactUse| used.fact).chain(more);
        let missing = used.chain([file.known.id]).find(|fact| !known.contains(fact));
        missing.map_or(Ok(()), |fact| Err(ExchangeFault::NeedsLogin((&**reader.names.name(fact)).into())))
    }

    /// Whether a text is the client id, or one of the further ones.
    fn is_ours(&self, text: &Template) -> bool {
        let clients = self.file.exchange.map_or(&[][..], ExchangeWords::clients);
        text.sole_fact() == Some(self.file.known.client_id) || clients.iter().any(|client| client.source == text.source)
    }

    /// Whether a condition holds only if one place of the answer is the client id.
    fn compares_client(&self, condition: &Condition) -> bool {
        condition.demands(&|check| check.demands_one_of_at_one_place(|text| self.is_ours(text)))
    }

    /// Whether a signed token is accepted only if it was issued to this client.
    fn names_client(&self, signed: &SignedToken) -> bool {
        let by_audience = signed.audience.as_ref().is_some_and(|audience| audience.iter().all(|text| self.is_ours(text)));
        by_audience || signed.require.iter().any(|condition| self.compares_client(condition))
    }

    fn check_clients(&self, words: &ExchangeWords, reader: &mut Reader) {
        let settings = self.file.installed.non_secret_facts();
        for client in &words.clients {
            let is_setting = client.sole_fact().is_some_and(|fact| settings.contains(&fact));
            let is_text = client.as_literal().is_some_and(|text| !text.trim().is_empty() && text != "any" && text != "*");
            if !is_setting && !is_text && !reader.has_complaint_at(client.place) {
                let help = "write the client id itself, or a name of `settings`: `\"${androidClient}\"`";
                reader.complain(client.place, format!("`{}` is no client id", client.source), help);
            }
        }
    }

    fn check_proofs(&self, words: &ExchangeWords, reader: &mut Reader) {
        let verifies = |step: &Step| step.signed.as_ref().is_some_and(|signed| signed.is_id_token);
        if let Some(token) = words.id_token.as_ref().filter(|_| self.access_calls().any(|(_, step)| verifies(step))) {
            let help = "take it out: an ID token that is handed in is verified as that of a login";
            reader.complain(token.signed.place, "getAccessCode verifies the ID token already", help);
        }
        if let Some(ask) = &words.ask {
            if !ask.uses_in_request().iter().any(|used| used.fact == self.file.known.access_token) {
                let help = "place it: `form: { token: \"${accessToken}\" }`, or `bearer: ${accessToken}`";
                reader.complain(ask.place, "`ask` does not show the access token, so its answer is about another", help);
            }
            if !ask.accepted.iter().filter_map(RefusalRule::condition).any(|condition| self.compares_client(condition)) {
                let help = "write the place where the answer names the client: `accepted: { at: $.client_id, is: \"${clientId}\" }`";
                let message = "this proves nothing: the access token could have been issued to another program";
                reader.complain(ask.place, message, help);
            }
        }
        if let Some(signed) = words.signed.as_ref().filter(|signed| !self.names_client(signed)) {
            let help = "leave `audience` out if the token's `aud` is the client id; otherwise write the claim that names the client: `require: { at: $.azp, is: \"${clientId}\" }`";
            reader.complain(signed.place, "this proves nothing: the access token could have been issued to another program", help);
        }
    }
}

/// Complains about words that wait for a token which the file cannot accept.
fn check_can_be_used(
    words: &ExchangeWords,
    (id_token, access_token): (Option<&ExchangeFault>, Option<&ExchangeFault>),
    reader: &mut Reader,
) {
    let proof = words.ask.as_ref().map(|ask| ask.place).or(words.signed.as_ref().map(|signed| signed.place));
    let button = words.button.as_ref().map(|button| button.place);
    let fedcm = words.fedcm.as_ref().map(|fedcm| fedcm.place);
    let client = words.clients.first().map(|client| client.place).filter(|_| proof.is_none());
    let described = words.id_token.as_ref().map(|token| token.signed.place);
    let mut complain = |place: Option<Place>, fault: Option<&ExchangeFault>| {
        if let Some((place, fault)) = place.zip(fault) {
            let (message, help) = describe(fault);
            reader.complain(place, message, help);
            return true;
        }
        false
    };
    let id_tokens = [described, button, fedcm, client];
    if complain(proof, access_token) || id_tokens.into_iter().any(|place| complain(place, id_token)) {
        return;
    }
    if let (Some(fault), Some(_), None) = (id_token, access_token, proof) {
        complain(Some(words.place), Some(fault));
    }
}

/// A fault as a complaint about a word of the block.
fn describe(fault: &ExchangeFault) -> (String, &'static str) {
    match fault {
        ExchangeFault::NoIdToken => (
            "nothing can be handed in: the file verifies no ID token".to_owned(),
            "verify it in getAccessCode: `signed: { issuer: …, keys: …, read: { id: $.sub } }`, or with `idToken` here; or prove an access token with `ask`",
        ),
        ExchangeFault::AnyAudience => (
            "an ID token could have been issued to another program: the file accepts every audience".to_owned(),
            "take `audience: any` out of the `signed` that verifies it",
        ),
        ExchangeFault::NeedsLogin(fact) => (
            format!("no token can be handed in here: the file needs `{fact}`, which is known in a login only"),
            "read who the person is from getUserInfo or from the token itself; otherwise take this block out",
        ),
        ExchangeFault::DemandsMore | ExchangeFault::ShownAtLogout | ExchangeFault::NoProof | ExchangeFault::NeedsAccessToken => {
            (fault.to_string(), "take this block out, or add `ask`")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{InstallationContext, compile};
    use crate::vocabulary::place::Source;

    const OPENID: &str = "discovery: https://a.example\n";
    const PLAIN: &str = "getAuthorizationCode: { get: \"https://a.example/a\" }
getAccessCode: { post: \"https://a.example/t\" }
getUserInfo: { get: \"https://a.example/u\", read: { id: $.id, email: $.email, emailVerified: $.ok } }
";
    /// A token answer with an ID token, and `more` in getAccessCode.
    fn signed(more: &str) -> String {
        format!(
            "getAuthorizationCode: {{ get: \"https://a.example/a\", extra: {{ nonce: \"${{nonce}}\" }} }}
getAccessCode:
  post: https://a.example/t
  signed: {{ issuer: \"https://a.example\", keys: \"https://a.example/k\", read: {{ id: $.sub, email: $.email, emailVerified: $.ok }} }}
{more}"
        )
    }
    /// An access token that is signed, and says who the person is.
    const JWT: &str = "getAuthorizationCode: { get: \"https://a.example/a\" }
getAccessCode:
  post: https://a.example/t
  signed:
    token: ${accessToken}
    issuer: https://a.example
    keys: https://a.example/k
    read: { id: $.sub, email: $.email, emailVerified: $.ok }
";
    const ASK: &str = "exchange: { ask: { get: \"https://a.example/i\", accepted: { at: $.aud, is: \"${clientId}\" } } }\n";

    #[test]
    fn a_token_can_be_handed_in_where_the_file_needs_nothing_else_of_a_login() {
        let needs = |fact: &str| Some(ExchangeFault::NeedsLogin(fact.into()));
        for (file, id_token, access_token) in [
            (OPENID.to_owned(), None, Some(ExchangeFault::NoProof)),
            (format!("{OPENID}{ASK}"), None, None),
            (PLAIN.to_owned(), Some(ExchangeFault::NoIdToken), Some(ExchangeFault::NoProof)),
            (format!("{PLAIN}{ASK}"), Some(ExchangeFault::NoIdToken), None),
            (signed(""), None, Some(ExchangeFault::NoProof)),
            (signed("  accepted: { at: $.ok, is: true }\n"), Some(ExchangeFault::DemandsMore), Some(ExchangeFault::NoProof)),
            (signed("  accepted: { at: $.ok, is: true }\nexchange: {}\n"), None, Some(ExchangeFault::NoProof)),
            (signed("  read: { plan: $.plan }\nrequire: { at: \"${plan}\", is: gold }\n"), needs("plan"), Some(ExchangeFault::NoProof)),
            (JWT.to_owned(), Some(ExchangeFault::NoIdToken), Some(ExchangeFault::NoProof)),
            (format!("{JWT}exchange: {{}}\n"), Some(ExchangeFault::NoIdToken), None),
        ] {
            let source = Source::new("a.yaml", format!("name: A\n{file}"));
            let (provider, report) = compile(&source, InstallationContext { loopback: false });
            let exchange = provider.unwrap_or_else(|| panic!("{}", report.draw(false))).exchange;
            assert_eq!((exchange.id_token.err(), exchange.access_token.err()), (id_token, access_token), "{file}");
        }
    }
}
