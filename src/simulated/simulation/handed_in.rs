//! Tokens that a program hands in at `/exchange`: they are made for a recorded person, good or with a fault, and the call `ask` of the file
//! is answered for them.

use crate::choice;
use crate::provider::condition::Condition;
use crate::provider::facts::Facts;
use crate::provider::json_path::RouteStep;
use crate::provider::refusal::RefusalRule;
use crate::provider::step::{Step, StepKind};
use crate::provider::template::Template;
use crate::simulated::pages::ChoiceLink;
use crate::simulated::request::FormFields;
use crate::simulated::response::SimulatedResponse;
use crate::simulated::simulation::authorization::address_for_log;
use crate::simulated::simulation::choices::{self, SimulatedChoice, SimulatedChoiceKind};
use crate::simulated::simulation::compare::secret_text;
use crate::simulated::simulation::difference::as_sentence;
use crate::simulated::simulation::phrases::{FaultPhrases, SimulationLanguage, SimulationPhrases};
use crate::simulated::simulation::received_request::ReceivedRequest;
use crate::simulated::simulation::replacements::ExampleReplacements;
use crate::simulated::simulation::state::SimulatedLogin;
use crate::simulated::simulation::{Simulation, SimulationContext, expectation};
use crate::vocabulary::place::Located;
use crate::vocabulary::text::Text;
use crate::workbench::examples::example::{ExampleSpec, ExampleTokenSpec, RawJson};
use crate::workbench::examples::tokens::ExampleTokens;
use serde_json::{Map, Value, json};

/// The client to which tokens with this fault were issued.
const OTHER_CLIENT: &str = "another-client";
/// The name under which an ID token that is handed in is signed.
const TOKEN_NAME: &str = "handedIn";
/// How long ago a token with this fault expired, in seconds.
const EXPIRED_SINCE: i64 = 3600;

choice! {
    /// What is wrong with a token.
    pub(super) enum HandedFault {
        None = "good",
        OtherClient = "other-client",
        Expired = "expired",
        OtherIssuer = "other-issuer",
        /// It has a nonce that is not handed in beside it.
        Nonce = "nonce",
        Stranger = "stranger",
    }
}

impl HandedFault {
    const FAULTS: [Self; 5] = [Self::OtherClient, Self::Expired, Self::OtherIssuer, Self::Nonce, Self::Stranger];

    /// Whether an access token can have it.
    fn is_of_access_tokens(self) -> bool {
        match self {
            Self::None | Self::OtherClient | Self::Expired => true,
            Self::OtherIssuer | Self::Nonce | Self::Stranger => false,
        }
    }
}

impl Simulation {
    /// Whether tokens of the first kind, or of the second, can be handed in: ID tokens, and access tokens that `ask` alone proves.
    fn handed_kinds(&self) -> (bool, bool) {
        let exchange = &self.provider.exchange;
        let has_signed_proof = exchange.words.as_ref().is_some_and(|words| words.signed.is_some());
        let access_token = matches!(exchange.access_token, Ok(None)) && !has_signed_proof && self.ask().is_some();
        (exchange.id_token.is_ok(), access_token)
    }

    fn ask(&self) -> Option<&Step> {
        self.provider.exchange.words.as_ref()?.ask.as_ref()
    }

    /// The links under which tokens are given out.
    pub(super) fn token_links(&self, base: &str, phrases: &'static SimulationPhrases) -> Vec<ChoiceLink<'_>> {
        let (has_id_token, has_access_token) = self.handed_kinds();
        if !has_id_token && !has_access_token {
            return Vec::new();
        }
        let logins: Vec<&SimulatedChoice> = self.choices.iter().filter(|choice| choice.kind == SimulatedChoiceKind::Login).collect();
        let address = |choice: &SimulatedChoice, fault: HandedFault| format!("{base}/tokens?choice={}&token={}", choice.word, fault.word());
        let good = logins.iter().copied().map(|choice| ChoiceLink {
            address: address(choice, HandedFault::None),
            word: &choice.word,
            title: &choice.title,
            effect: &choice.effect,
        });
        let faults = HandedFault::FAULTS.into_iter().filter(|fault| has_id_token || fault.is_of_access_tokens());
        let faults = faults.filter_map(|fault| {
            let FaultPhrases { title, effect } = phrases.of_token(fault)?;
            Some(ChoiceLink { address: address(logins.first().copied()?, fault), word: fault.word(), title, effect })
        });
        good.chain(faults).collect()
    }

    /// The address at which good tokens of the first recorded person are given out.
    pub(crate) fn first_token_address(&self, base: &str) -> Option<String> {
        self.token_links(base, &SimulationLanguage::preferred("").phrases).into_iter().next().map(|link| link.address)
    }

    /// Gives out tokens of a recorded person, as the JSON that `/exchange` takes.
    pub(super) fn hand_out(&self, query: &str, context: SimulationContext<'_>, unique: &str) -> SimulatedResponse {
        let fields = FormFields::parse(query.as_bytes());
        let logins = || self.choices.iter().filter(|choice| choice.kind == SimulatedChoiceKind::Login);
        let choice = fields.unique("choice").and_then(|word| logins().find(|choice| choice.word == word));
        let fault = HandedFault::named(fields.unique("token").unwrap_or(HandedFault::None.word()));
        let (Some(choice), Some(fault)) = (choice, fault) else {
            return self.not_found_page(context).with_log_line("refused   tokens that cannot be chosen".to_owned());
        };
        let (has_id_token, has_access_token) = self.handed_kinds();
        let facts = self.facts_without_login(context);
        let mut tokens = Map::new();
        if has_id_token && let Some(token) = self.id_token(&choice.example, fault, &facts, context.now) {
            tokens.insert("idToken".to_owned(), token.into());
        }
        if has_access_token && fault.is_of_access_tokens() {
            let token = format!("at-{unique}");
            self.begin_handed_login(choice, fault, &token, facts, context);
            tokens.insert("accessToken".to_owned(), token.into());
        }
        if tokens.is_empty() {
            return self.not_found_page(context).with_log_line(format!("refused   tokens ({}): this file takes none", fault.word()));
        }
        SimulatedResponse::json(&Value::Object(tokens)).with_log_line(format!("given out tokens ({}): {}", fault.word(), choice.title))
    }

    /// The facts that are known where no login stands behind a token.
    fn facts_without_login(&self, context: SimulationContext<'_>) -> Facts {
        let installation = self.installation(context);
        let nothing = ReceivedRequest::empty();
        let step = &self.provider.authorization;
        let attempt = expectation::attempt_from_request(&self.provider, &installation, step, &nothing, context.now);
        let mut facts = self.known_facts(&attempt, &installation, context);
        let known = self.provider.known;
        for of_login in [known.redirect_uri, known.state, known.nonce, known.code_challenge, known.code_verifier] {
            facts.forget(of_login);
        }
        facts.set(known.now, Text::plain(context.now.to_string()));
        facts
    }

    /// A signed ID token of the person of an example.
    fn id_token(&self, example: &ExampleSpec, fault: HandedFault, facts: &Facts, now: i64) -> Option<String> {
        let tokens = self.handed_tokens(example, fault, facts, now)?;
        let stand_in = format!("‹{TOKEN_NAME}›");
        Some(tokens.replace(&stand_in)).filter(|token| *token != stand_in)
    }

    fn handed_tokens(&self, example: &ExampleSpec, fault: HandedFault, facts: &Facts, now: i64) -> Option<ExampleTokens> {
        let replacements = ExampleReplacements::for_login(&self.provider, example, facts, now);
        let (example, _) = replacements.replace_in_example(&self.provider, example, facts, "");
        let own = self.provider.exchange.id_token.as_ref().ok()?;
        let name = self.provider.names.name(own.fact);
        let recorded = example.tokens.iter().flat_map(|tokens| &tokens.0).find(|(known, _)| *known.value == **name);
        let recorded = recorded.map(|(_, token)| token.clone());
        let mut claims = recorded.as_ref().and_then(|token| token.claims.0.as_object().cloned()).unwrap_or_else(|| claims_of(&example));
        for hash in ["nonce", "c_hash", "at_hash"] {
            claims.remove(hash);
        }
        let first =
            |templates: &[Template]| templates.iter().find_map(|template| template.fill(facts).ok()).map(|text| text.expose().to_owned());
        let client = own.signed.audience.as_deref().and_then(first);
        for (name, value) in [("iss", first(&own.signed.issuers)), ("aud", client)] {
            if let Some(value) = value {
                claims.insert(name.to_owned(), value.into());
            }
        }
        spoil(&mut claims, fault, now);
        let by_stranger = fault == HandedFault::Stranger;
        let token = ExampleTokenSpec {
            place: example.place,
            claims: RawJson(Value::Object(claims)),
            algorithm: recorded.and_then(|token| token.algorithm),
            signed_by: by_stranger.then(|| Located::new("stranger".to_owned(), example.place)),
            keys: None,
        };
        let key_pairs = |algorithm, stranger| self.keyring.key_pair(algorithm, stranger);
        ExampleTokens::handed_in(TOKEN_NAME, (&example, &token), &own.signed, &key_pairs, (now, facts)).ok()
    }

    /// The public keys of ID tokens that are handed in, each with its address.
    pub(super) fn handed_keys(&self, facts: &Facts, now: i64) -> Vec<(String, Value)> {
        let example = choices::first_login(&self.examples);
        let tokens = example.and_then(|example| self.handed_tokens(example, HandedFault::None, facts, now));
        tokens.map(|tokens| tokens.keys().to_vec()).unwrap_or_default()
    }

    /// Remembers an access token, so that the calls about it and with it are answered.
    fn begin_handed_login(
        &self,
        choice: &SimulatedChoice,
        fault: HandedFault,
        token: &str,
        mut facts: Facts,
        context: SimulationContext<'_>,
    ) {
        let known = self.provider.known;
        facts.set(known.access_token, secret_text(token, "accessToken"));
        let replacements = ExampleReplacements::for_login(&self.provider, &choice.example, &facts, context.now);
        let (example, _) = replacements.replace_in_example(&self.provider, &choice.example, &facts, "");
        let tokens = self.keyring.tokens(&self.provider, &example, context.now, &facts);
        let mut state = self.lock_state();
        state.remove_expired(context.now);
        state.add_login(SimulatedLogin {
            unique: String::new(),
            sent_back: context.now,
            facts,
            example,
            tokens,
            calls: choice.calls.clone(),
            code: None,
            token: Some(secret_text(token, "accessToken")),
            position: self.first_call_about_person(),
            moment: None,
            late_call: None,
            is_over: false,
            handed: Some(fault),
        });
    }

    fn first_call_about_person(&self) -> usize {
        let mut calls = self.provider.calls_after_callback();
        calls.find(|(_, step)| step.kind == StepKind::GetUserInfo).map_or(self.provider.calls.len(), |(at, _)| at)
    }

    /// Answers the call `ask` about a token that is known here; `None` if the request is another one.
    pub(super) fn answer_ask(&self, received: &ReceivedRequest, context: SimulationContext<'_>) -> Option<SimulatedResponse> {
        let ask = self.ask()?;
        let mut state = self.lock_state();
        state.remove_expired(context.now);
        let values = received.values();
        let holds = |token: &Text| values.iter().any(|value| token.find_in(value).is_some());
        let login = state.logins.iter_mut().rev().find(|login| login.token.as_ref().is_some_and(holds))?;
        let mut facts = login.facts.clone();
        facts.set(self.provider.known.access_token, login.token.clone()?);
        let filled = ask.address.fill(&facts).ok()?;
        if !filled.base.equals(&received.base) {
            return None;
        }
        let what = format!("{} {}", received.method, address_for_log(received));
        let expected = expectation::check_request(&self.provider, ask, &facts, received, context.now - 2..=context.now);
        if let Err(differences) = expected {
            let reason = as_sentence(&differences);
            let refusal = SimulatedResponse::oauth_error("invalid_request", &reason);
            return Some(refusal.with_log_line(format!("refused   {what} (exchange): {reason}")));
        }
        // A token can be handed in again, and then the calls begin anew.
        if login.handed.is_some() {
            (login.position, login.is_over) = (self.first_call_about_person(), false);
        }
        let answer = answer_about(ask, &facts, login.handed.unwrap_or(HandedFault::None));
        Some(SimulatedResponse::json(&answer).with_log_line(format!("accepted  {what} (exchange)")))
    }
}

/// The answer of `ask` that the file accepts, or with a fault one that it refuses: each place that `accepted` compares has its value.
fn answer_about(ask: &Step, facts: &Facts, fault: HandedFault) -> Value {
    let mut answer = json!({ "active": fault != HandedFault::Expired });
    for check in ask.accepted.iter().filter_map(RefusalRule::condition).flat_map(Condition::checks) {
        let wanted = check.values_that_it_wants().find_map(|template| template.fill(facts).ok());
        let Some(wanted) = wanted else { continue };
        let value = if fault == HandedFault::OtherClient { OTHER_CLIENT } else { wanted.expose() };
        for path in check.paths() {
            put(&mut answer, &path.route(), value);
        }
    }
    answer
}

/// Puts a text where keys lead. Other routes are left out.
fn put(answer: &mut Value, route: &[RouteStep], value: &str) {
    let mut place = answer;
    for step in route {
        let RouteStep::Key(key) = step else { return };
        if !place.is_object() {
            *place = json!({});
        }
        let Some(members) = place.as_object_mut() else { return };
        place = members.entry(&**key).or_insert(Value::Null);
    }
    *place = value.into();
}

/// The usual claims about the person of an example.
fn claims_of(example: &ExampleSpec) -> Map<String, Value> {
    let identity = example.identity.as_ref().and_then(|identity| identity.0.as_object());
    let names = [("id", "sub"), ("email", "email"), ("emailVerified", "email_verified"), ("name", "name"), ("picture", "picture")];
    let claim = |(fact, claim): (&str, &str)| Some((claim.to_owned(), identity?.get(fact)?.clone()));
    names.into_iter().filter_map(claim).collect()
}

fn spoil(claims: &mut Map<String, Value>, fault: HandedFault, now: i64) {
    let mut set = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
    match fault {
        HandedFault::None | HandedFault::Stranger => {
            set("iat", now.into());
            set("exp", (now + EXPIRED_SINCE).into());
        }
        HandedFault::OtherClient => {
            set("aud", OTHER_CLIENT.into());
            set("azp", OTHER_CLIENT.into());
        }
        HandedFault::Expired => {
            set("iat", (now - 2 * EXPIRED_SINCE).into());
            set("exp", (now - EXPIRED_SINCE).into());
        }
        HandedFault::OtherIssuer => set("iss", "https://another-issuer.example".into()),
        HandedFault::Nonce => set("nonce", "a-nonce-of-no-program".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_put_where_the_keys_lead() {
        let mut answer = json!({ "active": true });
        let key = |key: &str| RouteStep::Key(key.into());

        put(&mut answer, &[key("application"), key("id")], "loja-42");
        put(&mut answer, &[key("aud")], "loja-42");
        put(&mut answer, &[key("list"), RouteStep::Index(0)], "x");

        assert_eq!(answer["application"]["id"], "loja-42");
        assert_eq!((&answer["aud"], &answer["active"]), (&json!("loja-42"), &json!(true)));
    }
}
