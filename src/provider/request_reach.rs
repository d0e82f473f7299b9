//! Where the requests of a file lead with the settings of an installation, and where the file uses a secret other than to send it. An
//! edited text is held to what its saved file says.

use crate::provider::Provider;
use crate::provider::assertion::Assertion;
use crate::provider::condition::Condition;
use crate::provider::discovery::Discovery;
use crate::provider::signature::ParameterSignature;
use crate::provider::step::Step;
use crate::provider::template::FactUse;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::Text;
use std::collections::{BTreeMap, BTreeSet};

/// Where the requests of a file lead.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RequestReach {
    /// Scheme, host and port of each address, and the first place that names it. A hole that only a login can fill stays as it is written.
    pub(crate) origins: BTreeMap<String, Place>,
    /// The patterns of `hosts` that bound the addresses with holes.
    pub(crate) hosts: BTreeSet<String>,
    /// The issuer whose document gives further addresses.
    pub(crate) discovery: Option<String>,
}

impl Provider {
    /// Where the requests lead with these values of the installation.
    pub(crate) fn request_reach(&self, values: &[(Slot, Text)]) -> RequestReach {
        let mut facts = self.empty_facts();
        for (slot, value) in values {
            facts.set(*slot, value.clone());
        }
        let settings = self.settings_among(&facts);
        let mut reach = RequestReach {
            origins: BTreeMap::new(),
            hosts: BTreeSet::new(),
            discovery: self.discovery.as_ref().map(|discovery| discovery.issuer_address(&settings)),
        };
        for step in self.steps() {
            reach.origins.entry(step.address.origin(&settings)).or_insert(step.address.template.place);
            reach.hosts.extend(step.address.host_patterns(&settings));
        }
        reach
    }

    /// Where the file uses a secret, or what it makes of one, other than in the request of a call: in the redirect, which the browser
    /// carries, in a condition, in a signature or an address, and where an answer is read. How a login ends there says something about the secret.
    pub(crate) fn secret_uses_outside_calls(&self) -> Vec<FactUse> {
        let made_of_secrets = self.facts_made_of_secrets();
        let in_answers = self.steps().flat_map(|step| step.uses_in_answer().into_iter().chain(step.uses_in_when()));
        let required = self.require.iter().flat_map(|require| &require.0).flat_map(Condition::uses);
        let discovered = self.discovery.as_ref().map(Discovery::uses).unwrap_or_default();
        let computed = self.steps().flat_map(|step| {
            let signed = step.assertion.iter().flat_map(Assertion::uses).chain(step.sign.iter().flat_map(ParameterSignature::uses));
            step.address.uses().chain(signed).collect::<Vec<_>>()
        });
        let in_redirect = self.authorization.uses_in_request().into_iter().chain(computed);
        let uses = in_redirect.chain(in_answers).chain(required).chain(self.identity.uses());
        uses.chain(discovered).filter(|used| made_of_secrets.contains(&used.fact)).collect()
    }

    /// The secrets, and the facts that are composed of them.
    pub(crate) fn facts_made_of_secrets(&self) -> BTreeSet<Slot> {
        let mut made: BTreeSet<Slot> = self.needed.iter().filter(|needed| needed.secret).map(|needed| needed.fact).collect();
        loop {
            let read = self.steps().flat_map(Step::all_reads).map(|read| (read.fact, read.reading.uses()));
            let composed = self.identity.composed().map(|(_, fact, _, uses)| (fact, uses));
            let is_new = |(fact, uses): &(Slot, Vec<FactUse>)| !made.contains(fact) && uses.iter().any(|used| made.contains(&used.fact));
            let new: Vec<Slot> = read.chain(composed).filter(is_new).map(|(fact, _)| fact).collect();
            if new.is_empty() {
                return made;
            }
            made.extend(new);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{InstallationContext, compile};
    use crate::vocabulary::place::Source;

    fn provider(text: &str) -> Provider {
        let (provider, report) = compile(&Source::new("acme.yaml", text), InstallationContext { loopback: false });
        provider.unwrap_or_else(|| panic!("{}", report.draw(false)))
    }

    const FILE: &str = "name: Acme
clientId: loja-42
settings: { shop: quist }
hosts: [ \"*.shops.example\" ]
getAuthorizationCode: { get: \"https://${shop}.shops.example/entrar\" }
getAccessCode: { post: \"https://SSO.acme.example:443/token\" }
getUserInfo: { get: \"https://sso.acme.example/me\", read: { id: $.id, email: $.email } }
trustEmail: always
";

    #[test]
    fn a_file_leads_to_the_origins_of_its_addresses_and_to_its_hosts() {
        let reach = provider(FILE).request_reach(&[]);

        let origins: Vec<(&str, u32)> = reach.origins.iter().map(|(origin, place)| (&**origin, place.line)).collect();
        assert_eq!(origins, [("https://quist.shops.example", 5), ("https://sso.acme.example", 6)]);
        assert_eq!(reach.hosts.into_iter().collect::<Vec<_>>(), ["*.shops.example"]);
        assert_eq!(reach.discovery, None);
    }

    /// Attack P-17
    #[test]
    fn a_secret_that_is_not_only_sent_is_found_wherever_it_is_used() {
        assert!(provider(FILE).secret_uses_outside_calls().is_empty(), "the usual credentials of a call are sent");
        for (from, to, line) in [
            ("entrar\" }", "entrar\", query: { h: \"${clientSecret|sha256|hex}\" } }", 5),
            ("trustEmail: always", "require: { clientSecret: { matches: \"^a\" } }\ntrustEmail: always", 8),
            ("/me\",", "/me\", when: { clientSecret: { matches: \"^a\" } },", 7),
            ("/token\" }", "/token\", refused: { at: $.x, is: \"${clientSecret}\" } }", 6),
            ("email: $.email }", "email: $.email, name: \"${clientSecret|sha256|hex}\" }", 7),
        ] {
            let text = FILE.replace(from, to);
            assert_ne!(text, FILE);
            let (compiled, _) = compile(&Source::new("acme.yaml", text), InstallationContext { loopback: false });
            // What the language refuses needs no second rule.
            let Some(compiled) = compiled else { continue };
            let lines: Vec<u32> = compiled.secret_uses_outside_calls().iter().map(|used| used.place.line).collect();
            assert_eq!(lines, [line], "{to}");
        }
    }
}
