//! Follows every fact through the file: none is used before it is known, none has two origins, no secret reaches
//! the browser, and what is needed for an identity is there.
//!
//! It stays one file because each look-over is a few lines on the one ledger of what is known.

use crate::provider::address::Address;
use crate::provider::authorization::Authorization;
use crate::provider::call::lacks_verifier;
use crate::provider::condition::{Condition, Conditions};
use crate::provider::declared_values::{DeclaredValues, RequiredSetting};
use crate::provider::discovery::Discovery;
use crate::provider::facts::{FROM_DISCOVERY, FROM_THE_START, WellKnownFacts};
use crate::provider::identity::IdentityMapping;
use crate::provider::inputs::Input;
use crate::provider::pkce::Pkce;
use crate::provider::step::{Step, StepKind};
use crate::provider::template::FactUse;
use crate::provider::trust::{EmailTrustPolicy, MissingEmailPolicy};
use crate::vocabulary::diagnostic::{did_you_mean, quoted_alternatives};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::Reader;
use std::sync::Arc;

/// All that is followed.
pub(crate) struct FactFlowCheck<'a> {
    pub(super) authorization: &'a Authorization,
    pub(super) calls: &'a [Step],
    pub(super) installed: &'a DeclaredValues,
    pub(super) inputs: &'a [Input],
    pub(super) identity: &'a IdentityMapping,
    pub(super) trust: Option<&'a Located<EmailTrustPolicy>>,
    pub(super) missing: Option<&'a Located<MissingEmailPolicy>>,
    pub(super) require: Option<&'a Conditions>,
    pub(super) discovery: Option<&'a Discovery>,
    pub(super) has_discovery: bool,
    pub(super) logout: Option<&'a Address>,
    pub(super) pkce: Pkce,
    pub(super) known: WellKnownFacts,
    pub(super) top: Place,
}

/// What is known at a point of the login.
struct FactLedger {
    /// For each fact that is known by now: where it was read.
    known: Vec<(Slot, Option<Place>)>,
    /// Facts that are used somewhere.
    used: Vec<Slot>,
}

impl FactLedger {
    fn knows(&self, fact: Slot) -> bool {
        self.known.iter().any(|(known, _)| *known == fact)
    }
}

impl FactFlowCheck<'_> {
    /// Looks the whole file over, and gives the values of the installation that are used.
    pub(crate) fn check(&self, desk: &mut Reader) -> Vec<RequiredSetting> {
        let mut ledger = self.initial_ledger(desk);
        let step = &self.authorization.step;
        for used in self.discovery.map(Discovery::uses).unwrap_or_default() {
            self.check_is_known(&used, &mut ledger, "discovery", desk);
        }
        for used in step.uses_in_request() {
            self.check_is_known(&used, &mut ledger, "getAuthorizationCode", desk);
            self.check_is_not_secret(&used, desk);
        }
        self.record_step(step, &mut ledger, desk);
        for step in self.calls {
            for used in step.uses_in_when() {
                self.check_is_known(&used, &mut ledger, step.kind.word(), desk);
            }
            for used in step.uses_in_request() {
                self.check_is_known(&used, &mut ledger, step.kind.word(), desk);
            }
            self.record_step(step, &mut ledger, desk);
        }
        for (_, fact, place, uses) in self.identity.composed() {
            for used in uses {
                self.check_is_known(&used, &mut ledger, "identity", desk);
            }
            self.record_origin(fact, place, &mut ledger, desk);
        }
        for used in self.identity.uses() {
            self.check_is_known(&used, &mut ledger, "identity", desk);
        }
        for condition in self.require.iter().flat_map(|require| &require.0) {
            check_require_condition(condition, desk);
            for used in condition.uses() {
                self.check_is_known(&used, &mut ledger, "require", desk);
            }
        }
        for used in self.logout.iter().flat_map(|logout| logout.uses()) {
            self.check_is_known(&used, &mut ledger, "logout", desk);
            self.check_is_not_secret(&used, desk);
        }
        self.check_code_and_token(&ledger, desk);
        self.check_pkce(desk);
        if !desk.has_unusable_parts() {
            self.check_identity_facts(&ledger, desk);
            self.check_unused_facts(&ledger, desk);
        }
        let mut facts = self.installed.needed.clone();
        facts.retain(|needed| {
            ledger.used.contains(&needed.fact)
                || needed.fact == self.known.client_id
                || needed.place != self.top && needed.place.start != self.top.start
        });
        facts
    }

    fn initial_ledger(&self, desk: &mut Reader) -> FactLedger {
        let mut known: Vec<(Slot, Option<Place>)> = Vec::new();
        for (name, _) in FROM_THE_START {
            let absent = match *name {
                "clientSecret" => !self.installed.has_secret,
                "codeChallenge" | "codeVerifier" => self.pkce == Pkce::Off,
                "scope" => self.authorization.scope.is_none(),
                _ => false,
            };
            if !absent {
                known.push((desk.names.intern(name), None));
            }
        }
        let settings = self
            .installed
            .needed
            .iter()
            .map(|needed| (needed.fact, needed.place))
            .chain(self.installed.literals.iter().map(|(fact, _, place)| (*fact, *place)));
        for (fact, place) in settings {
            match known.iter().find(|(known, _)| *known == fact) {
                Some((_, Some(_))) => self.complain_about_two_origins(fact, place, desk),
                Some((_, None)) => {}
                None => known.push((fact, Some(place))),
            }
        }
        for input in self.inputs {
            let fact = desk.names.intern(&input.name);
            if known.iter().any(|(known, _)| *known == fact) {
                self.complain_about_two_origins(fact, input.place, desk);
            }
            known.push((fact, Some(input.place)));
        }
        if self.has_discovery {
            known.extend(FROM_DISCOVERY.iter().map(|(name, _)| (desk.names.intern(name), None)));
        }
        FactLedger { known, used: Vec::new() }
    }

    fn record_step(&self, step: &Step, ledger: &mut FactLedger, desk: &mut Reader) {
        let learned: Vec<(Slot, Place, bool)> = step.learned_facts().collect();
        for (fact, place, written) in &learned {
            if *written {
                self.record_origin(*fact, *place, ledger, desk);
            } else if !ledger.knows(*fact) {
                ledger.known.push((*fact, None));
            }
        }
        if step.assertion().is_some() {
            ledger.known.push((self.known.client_assertion, None));
        }
        for used in step.uses_in_answer() {
            self.check_is_known(&used, ledger, step.kind.word(), desk);
        }
    }

    fn record_origin(&self, fact: Slot, place: Place, ledger: &mut FactLedger, desk: &mut Reader) {
        match ledger.known.iter_mut().find(|(known, _)| *known == fact) {
            Some((_, Some(_))) => self.complain_about_two_origins(fact, place, desk),
            Some((_, origin)) => *origin = Some(place),
            None => ledger.known.push((fact, Some(place))),
        }
    }

    #[expect(clippy::unused_self, reason = "a step of the same look-over")]
    fn complain_about_two_origins(&self, fact: Slot, place: Place, desk: &mut Reader) {
        let name = Arc::clone(desk.names.name(fact));
        desk.complain(
            place,
            format!("the fact `{name}` has two origins"),
            "a fact is read once in a file: give the other one a name of its own, and combine the two in `identity` where that is meant",
        );
    }

    fn check_is_known(&self, used: &FactUse, ledger: &mut FactLedger, place_of_use: &str, desk: &mut Reader) {
        ledger.used.push(used.fact);
        if ledger.knows(used.fact)
            || desk.is_unusable_fact(used.fact)
            || used.fact == self.known.client_assertion && self.has_assertion(place_of_use)
        {
            return;
        }
        if desk.is_full() {
            return;
        }
        let name = Arc::clone(desk.names.name(used.fact));
        let later = std::iter::once(&self.authorization.step)
            .chain(self.calls)
            .find(|step| step.learned_facts().any(|(fact, ..)| fact == used.fact));
        let help = match (&*name, later) {
            ("clientSecret", _) => "the file says `clientSecret: none`; take that out, or this hole".to_owned(),
            ("codeChallenge" | "codeVerifier", _) => "the file says `pkce: off`; take that out, or this hole".to_owned(),
            ("scope", _) => "add `scope: …` to getAuthorizationCode".to_owned(),
            ("clientAssertion", _) => "add `assertion: …` to this step".to_owned(),
            (_, Some(step)) => format!("it is read from the answer of {}, which comes later", step.kind.word()),
            (_, None) => {
                // The file's own facts first: one of these is most likely meant.
                let (own, usual): (Vec<_>, Vec<_>) = ledger.known.iter().partition(|(_, origin)| origin.is_some());
                let names: Vec<Arc<str>> = own.iter().chain(&usual).map(|(fact, _)| Arc::clone(desk.names.name(*fact))).collect();
                match did_you_mean(&name, names.iter().map(|name| &**name)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!(
                        "facts known here are {}; further ones come from `read`, `settings`, `secrets` and `inputs`",
                        quoted_alternatives(names.iter().map(|name| &**name).take(10))
                    ),
                }
            }
        };
        desk.complain(used.place, format!("the fact `{name}` is not known in {place_of_use}"), help);
    }

    fn has_assertion(&self, place_of_use: &str) -> bool {
        std::iter::once(&self.authorization.step)
            .chain(self.calls)
            .any(|step| step.kind.word() == place_of_use && step.assertion().is_some())
    }

    fn check_is_not_secret(&self, used: &FactUse, desk: &mut Reader) {
        let secret = self.installed.is_secret(used.fact) || used.fact == self.known.code_verifier && self.pkce == Pkce::S256;
        if secret && used.whole {
            let name = Arc::clone(desk.names.name(used.fact));
            desk.complain(
                used.place,
                format!("`{name}` may not travel in the browser's address bar"),
                "use it in getAccessCode, which portaria sends itself",
            );
        }
    }

    fn check_code_and_token(&self, ledger: &FactLedger, desk: &mut Reader) {
        let code = self.known.code;
        let calls_use = |fact: Slot| self.calls.iter().any(|step| step.uses_in_request().iter().any(|used| used.fact == fact));
        let is_signed = self.authorization.step.verify.is_some() || self.authorization.step.signed.is_some();
        if let Some(step) = self.calls.first().filter(|_| !calls_use(code) && !is_signed) {
            let own = self.authorization.step.learned_facts().filter(|(.., written)| *written).find(|(fact, ..)| calls_use(*fact));
            match own {
                None => {
                    let help = "place `${code}` in getAccessCode; what the provider calls otherwise is read as `read: { code: $.ticket }`";
                    desk.complain(step.place, "the code that the browser brings back is never used", help);
                }
                Some((fact, place, _)) => {
                    let name = Arc::clone(desk.names.name(fact));
                    let help = format!(
                        "if `{name}` is what the provider redeems, read it as `code`, so that it is known as proof; otherwise place `${{code}}` too"
                    );
                    desk.warn(place, "`${code}` is never used, and what is used in its stead may prove nothing", help);
                }
            }
        }
        let token = self.known.access_token;
        let access = self.calls.iter().filter(|step| step.kind == StepKind::GetAccessCode);
        let origin = access.clone().flat_map(Step::learned_facts).find(|(fact, ..)| *fact == token);
        let uses_somewhere = ledger.used.contains(&token);
        let person = self.calls.iter().find(|step| step.kind == StepKind::GetUserInfo);
        if let (Some(step), Some((_, place, written))) = (person, origin)
            && !uses_somewhere
        {
            let bearer_is_another = self.calls.iter().any(|step| step.bearer.is_some());
            if written || !bearer_is_another {
                let at = if written { place } else { step.place };
                desk.complain(
                    at,
                    "the access token is never used",
                    "show it in getUserInfo: leave `bearer` out, or place `${accessToken}` where the provider wants it",
                );
            }
        }
    }

    fn check_pkce(&self, desk: &mut Reader) {
        let redeems = |step: &&Step| step.uses_in_request().iter().any(|used| used.fact == self.known.code);
        for step in self.calls.iter().filter(redeems).filter(|step| step.kind == StepKind::GetAccessCode && lacks_verifier(step, self.pkce))
        {
            let help = "add `code_verifier: \"${codeVerifier}\"`, or write `pkce: off` at the top if the provider does not know it";
            desk.complain(step.place, "the code is redeemed without PKCE", help);
        }
    }

    fn check_identity_facts(&self, ledger: &FactLedger, desk: &mut Reader) {
        let composed: Vec<&str> = self.identity.composed().map(|(name, ..)| name).collect();
        let has = |name: &str, fact: Slot, desk: &Reader| composed.contains(&name) || ledger.knows(fact) || desk.is_unusable_fact(fact);
        let place =
            self.calls.iter().find(|step| step.kind == StepKind::GetUserInfo).or(self.calls.last()).map_or(self.top, |step| step.place);
        if !has("id", self.known.id, desk) {
            desk.complain(
                place,
                "nothing reads `id`, by which the provider tells people apart",
                "add it to `read`: `id: $.id`; never use the e-mail for it",
            );
        }
        let has_email = has("email", self.known.email, desk);
        let has_claim = has("emailVerified", self.known.email_verified, desk);
        match (self.trust, has_email) {
            (None, true) if !has_claim => desk.complain(
                place,
                "an e-mail is read, and the file does not say whether it can be trusted",
                "read `emailVerified` if the provider tells it; otherwise write `trustEmail: always` (it hands out only addresses that it has checked), `trustEmail: never`, or the domains that it is the authority for",
            ),
            (Some(trust), true) if matches!(trust.value, EmailTrustPolicy::Claim) && !has_claim => {
                desk.complain(trust.place, "`trustEmail: claim` waits for a claim that is never read", "add `emailVerified: $.…` to `read`, or write `always`, `never` or a list of domains");
            }
            (Some(trust), false) => desk.complain(trust.place, "`trustEmail` speaks of an address, and none is read", "read `email`, or take the line out and say with `missingEmail` what happens"),
            _ => {}
        }
        let refuses = self.missing.is_none_or(|missing| matches!(missing.value, MissingEmailPolicy::Refuse));
        let never = self.trust.filter(|trust| matches!(trust.value, EmailTrustPolicy::Never));
        if refuses && !has_email {
            let place = self.missing.map_or(place, |missing| missing.place);
            desk.complain(
                place,
                "no e-mail is read, so nobody could come in",
                "read `email`, or write `missingEmail: ask` (the shopper types it and proves it) or `missingEmail: \"${id}@acme.invalid\"`",
            );
        } else if let (true, Some(never)) = (refuses, never) {
            desk.complain(
                never.place,
                "no address would ever count as proven, so nobody could come in",
                "add `missingEmail: ask`: the shopper proves the address, and the provider's is the suggestion",
            );
        }
        self.check_claim_document(desk);
    }

    /// An address and the claim that it is proven have to be about the same thing.
    fn check_claim_document(&self, desk: &mut Reader) {
        let step_of = |fact: Slot| {
            std::iter::once(&self.authorization.step)
                .chain(self.calls)
                .position(|step| step.learned_facts().any(|(learned, _, written)| learned == fact && written))
        };
        let trusts_claim = self.trust.is_none_or(|trust| matches!(trust.value, EmailTrustPolicy::Claim));
        if let (Some(email), Some(claim), true) = (step_of(self.known.email), step_of(self.known.email_verified), trusts_claim)
            && email != claim
        {
            let place = self
                .calls
                .iter()
                .flat_map(Step::learned_facts)
                .find(|(fact, ..)| *fact == self.known.email_verified)
                .map_or(self.top, |(_, place, _)| place);
            desk.warn(
                place,
                "`emailVerified` is read from another answer than `email`",
                "read both from one answer, so that they are about the same address",
            );
        }
    }

    fn check_unused_facts(&self, ledger: &FactLedger, desk: &mut Reader) {
        const OURS: &[&str] = &[
            "id",
            "email",
            "emailVerified",
            "name",
            "picture",
            "locale",
            "accessToken",
            "expiresIn",
            "refreshToken",
            "idToken",
            "tokenType",
            "grantedScope",
            "code",
            "iss",
            "error",
            "errorDescription",
        ];
        let steps = std::iter::once(&self.authorization.step).chain(self.calls);
        let read: Vec<(Slot, Place)> =
            steps.flat_map(Step::learned_facts).filter(|(.., written)| *written).map(|(fact, place, _)| (fact, place)).collect();
        let secret = self.installed.secret_place.map(|place| (self.known.client_secret, place));
        let set = self
            .installed
            .needed
            .iter()
            .filter(|needed| needed.fact != self.known.client_id && needed.fact != self.known.client_secret)
            .map(|needed| (needed.fact, needed.place));
        let literals =
            self.installed.literals.iter().filter(|(fact, ..)| *fact != self.known.client_id).map(|(fact, _, place)| (*fact, *place));
        let inputs: Vec<(Slot, Place)> = self.inputs.iter().map(|input| (desk.names.intern(&input.name), input.place)).collect();
        for (fact, place) in read.into_iter().chain(set).chain(literals).chain(inputs).chain(secret) {
            let name = Arc::clone(desk.names.name(fact));
            if !ledger.used.contains(&fact) && !OURS.contains(&&*name) {
                desk.warn(
                    place,
                    format!("the fact `{name}` is never used"),
                    "use it as `${…}`, name it in `identity.more`, or take the line out",
                );
            }
        }
    }
}

/// Conditions on who may come in are stricter: they look at facts, and at the whole of them.
fn check_require_condition(condition: &Condition, desk: &mut Reader) {
    if let Some(path) = condition.paths().first() {
        desk.complain(
            path.place,
            "a path cannot stand in `require`: there is no answer to look at",
            "read it as a fact in a step, and write `at: ${fact}`",
        );
    }
    if let Some(pattern) = condition.pattern()
        && !(pattern.regex.as_str().starts_with('^') && pattern.regex.as_str().ends_with('$'))
    {
        desk.warn(
            pattern.place,
            "this pattern lets in more than it seems to: it matches anywhere in the text",
            "tie it to both ends: `^…$`",
        );
    }
}
