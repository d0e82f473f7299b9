//! Checks the flow of facts through a file: no fact is used before it is known, no fact has two origins, no secret reaches
//! the browser, and the identity has what it needs.

mod login_facts;

use crate::provider::compiled_file::CompiledFile;
use crate::provider::condition::{Condition, ValueCheck};
use crate::provider::declared_values::RequiredSetting;
use crate::provider::discovery::Discovery;
use crate::provider::exchange::ExchangeWords;
use crate::provider::facts::{FROM_DISCOVERY, FROM_THE_START};
use crate::provider::issuer::Issuer;
use crate::provider::pkce::Pkce;
use crate::provider::standard;
use crate::provider::step::{Step, StepKind};
use crate::provider::template::{FactUse, Template};
use crate::provider::token_keeping::TokenKeeping;
use crate::vocabulary::diagnostic::{did_you_mean, quoted_alternatives};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::words::Reader;
use std::fmt;
use std::sync::Arc;

/// The facts that are known when a shopper signs out, besides settings and those of a discovery document.
const LOGOUT_FACTS: &[&str] = &["clientId", "id", "idToken", "now", "provider", "publicUrl"];

/// The check of the flow of facts through a file.
pub(crate) struct FactFlowCheck<'a> {
    pub(crate) file: &'a CompiledFile<'a>,
}

/// The part of a file in which a fact is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UsePlace {
    Discovery,
    Issuer,
    Step(StepKind),
    Identity,
    Require,
    Logout,
    Exchange,
    Refresh,
}

impl fmt::Display for UsePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discovery => "discovery",
            Self::Issuer => "issuer",
            Self::Step(kind) => kind.word(),
            Self::Identity => "identity",
            Self::Require => "require",
            Self::Logout => "logout",
            Self::Exchange => "exchange",
            Self::Refresh => "refresh",
        })
    }
}

/// What is known at a point of the login.
pub(crate) struct FactLedger {
    /// For each fact that is known by now: where it was read.
    known: Vec<(Slot, Option<Place>)>,
    /// The facts that are used anywhere.
    used: Vec<Slot>,
}

impl FactLedger {
    fn knows(&self, fact: Slot) -> bool {
        self.known.iter().any(|(known, _)| *known == fact)
    }
}

impl FactFlowCheck<'_> {
    /// Checks the whole file and returns the values of the installation that it uses, and the facts that are used anywhere.
    pub(crate) fn check(&self, reader: &mut Reader) -> (Vec<RequiredSetting>, Vec<Slot>) {
        let mut ledger = self.initial_ledger(reader);
        let step = &self.file.authorization.step;
        let discovery = self.file.discovery.map(Discovery::uses).unwrap_or_default();
        let issuer = self.file.issuer.map(Issuer::uses).unwrap_or_default();
        let named = discovery.iter().map(|used| (used, UsePlace::Discovery));
        for (used, place) in named.chain(issuer.iter().map(|used| (used, UsePlace::Issuer))) {
            self.check_is_known(used, &mut ledger, place, reader);
            self.check_may_be_shown(used, place, reader);
        }
        self.check_client_token(&mut ledger, reader);
        self.check_calls(self.file.prepare, &mut ledger, reader);
        for used in step.uses_in_request() {
            self.check_is_known(&used, &mut ledger, UsePlace::Step(StepKind::GetAuthorizationCode), reader);
            self.check_is_not_secret(&used, reader);
            self.check_option_may_be_missing(&used, reader);
        }
        self.record_step(step, &mut ledger, reader);
        self.check_calls(self.file.calls, &mut ledger, reader);
        for (_, fact, place, uses) in self.file.identity.composed() {
            for used in uses {
                self.check_is_known(&used, &mut ledger, UsePlace::Identity, reader);
            }
            record_origin(fact, place, &mut ledger, reader);
        }
        for used in self.file.identity.uses() {
            self.check_is_known(&used, &mut ledger, UsePlace::Identity, reader);
        }
        for condition in self.file.require.iter().flat_map(|require| &require.0) {
            check_require_condition(condition, reader);
            for used in condition.uses() {
                self.check_is_known(&used, &mut ledger, UsePlace::Require, reader);
            }
        }
        for used in self.file.logout.iter().flat_map(|logout| logout.uses()) {
            self.check_is_known(&used, &mut ledger, UsePlace::Logout, reader);
            self.check_is_not_secret(&used, reader);
            self.check_outlives_login(&used, &ledger, reader);
        }
        self.check_prepared_facts(reader);
        self.check_code_and_token(&ledger, reader);
        self.check_pkce(reader);
        for used in self.file.exchange.map(ExchangeWords::uses).unwrap_or_default() {
            self.check_is_known(&used, &mut ledger, UsePlace::Exchange, reader);
        }
        for used in self.file.keeping.map(TokenKeeping::uses).unwrap_or_default() {
            self.check_is_known(&used, &mut ledger, UsePlace::Refresh, reader);
        }
        if !reader.has_unusable_parts() {
            self.check_identity_facts(&ledger, reader);
            self.check_unused_facts(&ledger, reader);
        }
        let mut facts = self.file.installed.needed.clone();
        facts.retain(|needed| {
            ledger.used.contains(&needed.fact) || needed.place != self.file.top && needed.place.start != self.file.top.start
        });
        (facts, ledger.used)
    }

    /// Complains about a fact that the address of a login may leave out, where the text is not found without it.
    fn check_option_may_be_missing(&self, used: &FactUse, reader: &mut Reader) {
        let known = self.file.known;
        if [known.login_hint, known.ui_locales].contains(&used.fact) && !used.optional {
            let name = Arc::clone(reader.names.name(used.fact));
            let help = format!("write `${{{name}?}}`, so that the parameter is left out when it is not known");
            reader.complain(used.place, format!("`{name}` is not known in every login"), help);
        }
    }

    fn check_calls(&self, calls: &[Step], ledger: &mut FactLedger, reader: &mut Reader) {
        for step in calls {
            for used in step.uses_in_when().into_iter().chain(step.uses_in_request()) {
                self.check_is_known(&used, ledger, UsePlace::Step(step.kind), reader);
            }
            step.uses_in_request().iter().for_each(|used| self.check_option_may_be_missing(used, reader));
            self.record_step(step, ledger, reader);
        }
    }

    /// The call for the client's own token comes before all steps. What it gives has its place there, also where the place is a standard one,
    /// so that no later answer gives the same fact.
    fn check_client_token(&self, ledger: &mut FactLedger, reader: &mut Reader) {
        let Some(step) = self.file.client_token else { return };
        self.check_calls(std::slice::from_ref(step), ledger, reader);
        let given: Vec<Slot> = step.learned_facts().map(|(fact, ..)| fact).collect();
        let is_read_there = |fact: Slot| step.learned_facts().any(|(read, _, written)| read == fact && written);
        for (fact, origin) in ledger.known.iter_mut().filter(|(fact, _)| given.contains(fact)) {
            match origin {
                // A setting has the name, and the answer would not be read.
                Some(place) if !is_read_there(*fact) => complain_about_two_origins(*fact, *place, reader),
                Some(_) => {}
                None => *origin = Some(step.place),
            }
        }
    }

    fn initial_ledger(&self, reader: &mut Reader) -> FactLedger {
        let own = self.file.known;
        let mut known: Vec<(Slot, Option<Place>)> = Vec::new();
        for (name, _) in FROM_THE_START {
            let fact = reader.names.intern(name);
            let is_absent = fact == own.client_secret && !self.file.installed.has_secret
                || [own.code_challenge, own.code_verifier].contains(&fact) && self.file.pkce == Pkce::Off
                || fact == own.scope && self.file.authorization.scope.is_none();
            if !is_absent {
                known.push((fact, None));
            }
        }
        let settings = self
            .file
            .installed
            .needed
            .iter()
            .map(|needed| (needed.fact, needed.place))
            .chain(self.file.installed.literals.iter().map(|(fact, _, place)| (*fact, *place)));
        for (fact, place) in settings {
            match known.iter().find(|(known, _)| *known == fact) {
                Some((_, Some(_))) => complain_about_two_origins(fact, place, reader),
                Some((_, None)) => {}
                None => known.push((fact, Some(place))),
            }
        }
        for input in self.file.inputs {
            let fact = reader.names.intern(&input.name);
            if known.iter().any(|(known, _)| *known == fact) {
                complain_about_two_origins(fact, input.place, reader);
            }
            known.push((fact, Some(input.place)));
        }
        if self.file.has_discovery {
            known.extend(FROM_DISCOVERY.iter().map(|(name, _)| (reader.names.intern(name), None)));
        }
        if self.file.issuer.is_some() {
            known.push((self.file.known.issuer, None));
        }
        FactLedger { known, used: Vec::new() }
    }

    fn record_step(&self, step: &Step, ledger: &mut FactLedger, reader: &mut Reader) {
        let learned: Vec<(Slot, Place, bool)> = step.learned_facts().collect();
        for (fact, place, written) in &learned {
            if *written {
                record_origin(*fact, *place, ledger, reader);
            } else if !ledger.knows(*fact) {
                ledger.known.push((*fact, None));
            }
        }
        if step.assertion.is_some() {
            ledger.known.push((self.file.known.client_assertion, None));
        }
        for used in step.uses_in_answer() {
            self.check_is_known(&used, ledger, UsePlace::Step(step.kind), reader);
        }
    }

    fn check_is_known(&self, used: &FactUse, ledger: &mut FactLedger, place_of_use: UsePlace, reader: &mut Reader) {
        ledger.used.push(used.fact);
        if ledger.knows(used.fact)
            || reader.is_unusable_fact(used.fact)
            || used.fact == self.file.known.client_assertion && self.has_assertion(place_of_use)
        {
            return;
        }
        if reader.is_full() {
            return;
        }
        let name = Arc::clone(reader.names.name(used.fact));
        let inside = name.strip_prefix("${").and_then(|name| name.strip_suffix('}'));
        if let Some(inside) = inside.filter(|inside| ledger.known.iter().any(|(fact, _)| &**reader.names.name(*fact) == *inside)) {
            ledger.used.push(reader.names.intern(inside));
            let message = format!("the name of a fact stands here, and `{name}` would be its value");
            reader.complain(used.place, message, format!("write the name alone: `{inside}`"));
            return;
        }
        let later = self.file.steps().find(|step| step.learned_facts().any(|(fact, ..)| fact == used.fact));
        let help = match (self.hint_about_own_fact(used.fact), later) {
            (Some(hint), _) => hint.to_owned(),
            (None, Some(step)) => format!("it is read from the answer of {}, which comes later", step.kind.word()),
            (None, None) => {
                // The file's own facts come first, because one of them is most likely meant.
                let (own, usual): (Vec<_>, Vec<_>) = ledger.known.iter().partition(|(_, origin)| origin.is_some());
                let names: Vec<Arc<str>> = own.iter().chain(&usual).map(|(fact, _)| Arc::clone(reader.names.name(*fact))).collect();
                match did_you_mean(&name, names.iter().map(|name| &**name)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!(
                        "facts known here are {}; further ones come from `read`, `settings`, `secrets` and `inputs`",
                        quoted_alternatives(names.iter().map(|name| &**name).take(10))
                    ),
                }
            }
        };
        reader.complain_missing(used.place, format!("the fact `{name}` is not known in {place_of_use}"), help);
    }

    /// How a fact that the broker itself gives becomes known.
    fn hint_about_own_fact(&self, fact: Slot) -> Option<&'static str> {
        let known = self.file.known;
        if fact == known.client_secret {
            Some("the file says `clientSecret: none`; take that out, or this hole")
        } else if [known.code_challenge, known.code_verifier].contains(&fact) {
            Some("the file says `pkce: off`; take that out, or this hole")
        } else if fact == known.scope {
            Some("add `scope: …` to getAuthorizationCode")
        } else if fact == known.client_assertion {
            Some("add `assertion: …` to this step")
        } else if fact == known.client_token && self.file.client_token.is_none() {
            Some("add `getClientToken: { post: https://… }`, the call that gets it")
        } else {
            None
        }
    }

    fn has_assertion(&self, place_of_use: UsePlace) -> bool {
        let of_refresh = self.file.keeping.and_then(TokenKeeping::step).filter(|_| place_of_use == UsePlace::Refresh);
        let mut of_login = self.file.steps().filter(|step| UsePlace::Step(step.kind) == place_of_use);
        of_login.any(|step| step.assertion.is_some()) || of_refresh.is_some_and(|step| step.assertion.is_some())
    }

    /// Whether a fact shows a secret: it is one, a call sends it as its bearer token, or it is composed of such a fact.
    fn shows_secret(&self, fact: Slot) -> bool {
        let is_client_token = |fact: Slot| self.file.client_token.is_some() && fact == self.file.known.client_token;
        let (mut open, mut seen) = (vec![fact], Vec::new());
        while let Some(fact) = open.pop() {
            if self.file.installed.is_secret(fact)
                || is_client_token(fact)
                || fact == self.file.known.code_verifier && self.file.pkce == Pkce::S256
            {
                return true;
            }
            let is_bearer = |step: &&Step| step.bearer.iter().flat_map(Template::uses).any(|used| used.fact == fact);
            let is_read_before = self.file.prepare.iter().flat_map(Step::learned_facts).any(|(learned, ..)| learned == fact);
            if is_read_before && (fact == self.file.known.access_token || self.file.steps().any(|step| is_bearer(&step))) {
                return true;
            }
            seen.push(fact);
            let reads = self.file.prepare.iter().flat_map(Step::all_reads);
            let parts = reads.filter(|read| read.fact == fact).flat_map(|read| read.reading.uses()).filter(|used| used.whole);
            open.extend(parts.map(|used| used.fact).filter(|fact| !seen.contains(fact)));
        }
        false
    }

    fn check_is_not_secret(&self, used: &FactUse, reader: &mut Reader) {
        if used.whole && self.shows_secret(used.fact) {
            let name = Arc::clone(reader.names.name(used.fact));
            reader.complain(
                used.place,
                format!("`{name}` may not travel in the browser's address bar"),
                "use it in getAccessCode, which portaria sends itself",
            );
        }
    }

    /// Complains about a secret in the address of an issuer, which stories and logs show, and about what is computed from one.
    fn check_may_be_shown(&self, used: &FactUse, place_of_use: UsePlace, reader: &mut Reader) {
        if self.shows_secret(used.fact) {
            let name = Arc::clone(reader.names.name(used.fact));
            let message = format!("`{name}` is a secret, and the address under `{place_of_use}` is shown where a login fails");
            reader.complain(used.place, message, "write the issuer as its tokens name it; what differs is a value of `settings`");
        }
    }

    /// Complains about a fact of the login that is not known any more when the shopper signs out.
    fn check_outlives_login(&self, used: &FactUse, ledger: &FactLedger, reader: &mut Reader) {
        let name = Arc::clone(reader.names.name(used.fact));
        let is_set = self.file.installed.needed.iter().any(|needed| needed.fact == used.fact)
            || self.file.installed.literals.iter().any(|(fact, ..)| *fact == used.fact);
        let from_document = self.file.has_discovery && FROM_DISCOVERY.iter().any(|(known, _)| **known == *name);
        if ledger.knows(used.fact) && !is_set && !from_document && !LOGOUT_FACTS.contains(&&*name) {
            let help = "the facts of a logout are `${id}`, `${idToken}`, `${publicUrl}`, `${provider}`, `${now}`, settings that are not secret, and with `discovery` those of the document, such as `${endSessionEndpoint}`";
            reader.complain(used.place, format!("`{name}` is known during the login only, so this address could never be written"), help);
        }
    }

    /// Complains about facts that no call before the redirect can give: those of the person, and those of the callback.
    fn check_prepared_facts(&self, reader: &mut Reader) {
        for (fact, place, _) in self.file.prepare.iter().flat_map(Step::learned_facts) {
            let name = Arc::clone(reader.names.name(fact));
            if standard::PERSON.iter().any(|(person, _)| *person == &*name) {
                let help = "read it in getUserInfo, or give what `prepare` reads another name";
                reader.complain(place, format!("`{name}` says who the person is, who is not at the provider before the redirect"), help);
            } else if standard::TOKEN.iter().any(|(token, _)| *token == &*name) {
                let help = "give what `prepare` reads another name, and write `bearer: ${thatName}` where it is used";
                reader.complain(place, format!("`{name}` is the person's, who is not at the provider before the redirect"), help);
            } else if standard::CALLBACK.iter().any(|(callback, _)| *callback == &*name) {
                let help = "give what `prepare` reads another name";
                reader.complain(place, format!("`{name}` is what the browser brings back, which `prepare` cannot know"), help);
            }
        }
    }
}

fn record_origin(fact: Slot, place: Place, ledger: &mut FactLedger, reader: &mut Reader) {
    match ledger.known.iter_mut().find(|(known, _)| *known == fact) {
        Some((_, Some(_))) => complain_about_two_origins(fact, place, reader),
        Some((_, origin)) => *origin = Some(place),
        None => ledger.known.push((fact, Some(place))),
    }
}

fn complain_about_two_origins(fact: Slot, place: Place, reader: &mut Reader) {
    let message = format!("the fact `{}` has two origins", reader.names.name(fact));
    reader.complain(place, message, "a fact is read once in a file: give the other one a name of its own");
}

/// Checks the conditions of `require`, which are stricter: each looks at one whole fact.
fn check_require_condition(condition: &Condition, reader: &mut Reader) {
    if let Some(path) = condition.paths().first() {
        reader.complain(
            path.place,
            "a path cannot stand in `require`: there is no answer to look at",
            "read it as a fact in a step, and write `at: ${fact}`",
        );
    }
    let patterns = condition.checks().into_iter().filter_map(ValueCheck::pattern);
    for pattern in patterns.filter(|pattern| !pattern.is_tied()) {
        reader.warn(
            pattern.place,
            "this pattern lets in more than it seems to: it matches anywhere in the text",
            "tie it to both ends: `^…$`, with alternatives in brackets: `^(…|…)$`",
        );
    }
}
