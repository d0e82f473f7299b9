//! The fingerprint of a provider: where a file points. Linked identities are pinned to it, so that a file that is made to point
//! elsewhere signs in no existing user.
//!
//! It is computed from the file and the settings of the installation alone, never from an answer.

use crate::provider::Provider;
use crate::provider::facts::{FROM_DISCOVERY, Facts};
use crate::provider::signed_token::TokenKeys;
use crate::provider::step::Step;
use crate::provider::template::{Template, TemplatePiece};
use crate::vocabulary::hash::{hex, sha256};
use crate::vocabulary::names::Slot;
use std::collections::BTreeSet;

/// Where a provider file points, as a text that support can read and that is compared byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderFingerprint {
    /// The issuer, if the file names one, and the origins for which no discovery document vouches.
    pub pinned: Box<str>,
    /// The origins of a file that names an issuer without `discovery`. Identities that were pinned to the same origins before the issuer was
    /// named go over to the issuer.
    pub origins: Option<Box<str>>,
}

impl ProviderFingerprint {
    /// Whether the file names this issuer. A name that needs more than the settings of the installation is not known here.
    pub(crate) fn names_issuer(&self, issuer: &str) -> bool {
        let named = self.pinned.strip_prefix("issuer ").map(|rest| rest.split(' ').take_while(|word| *word != "origins"));
        named.into_iter().flatten().any(|named| named.trim_end_matches('/') == issuer.trim_end_matches('/'))
    }
}

impl Provider {
    /// Where the file points with the settings among these facts. A hole that only a login can fill stays as it is written.
    pub fn fingerprint(&self, facts: &Facts) -> ProviderFingerprint {
        let settings = self.settings_among(facts);
        let id_facts = self.facts_behind("id");
        let issuers = joined("issuer", self.issuers(&settings, &id_facts));
        let origins = joined("origins", self.origins(&settings, &id_facts));
        match (issuers, origins) {
            (Some(issuers), Some(origins)) => {
                let known_by_origins = self.discovery.is_none().then(|| origins.clone().into());
                ProviderFingerprint { pinned: format!("{issuers} {origins}").into(), origins: known_by_origins }
            }
            (Some(text), None) | (None, Some(text)) => ProviderFingerprint { pinned: text.into(), origins: None },
            (None, None) => ProviderFingerprint { pinned: "".into(), origins: None },
        }
    }

    /// The facts that the operator sets and that are no secret. The broker's own address is not among them: a provider below it
    /// moves along with it.
    pub(crate) fn settings_among(&self, facts: &Facts) -> Facts {
        let mut settings = self.empty_facts();
        for (slot, text) in self.literals() {
            settings.set(slot, text);
        }
        for needed in self.needed.iter().filter(|needed| !needed.secret) {
            if let Some(value) = facts.get(needed.fact) {
                settings.set(needed.fact, value.clone());
            }
        }
        settings
    }

    /// The facts of which a part of the identity is made, and those of which these are made.
    pub(crate) fn facts_behind(&self, part: &str) -> BTreeSet<Slot> {
        let mut facts: BTreeSet<Slot> = self.identity.facts_of(part).into_iter().collect();
        loop {
            let reads = self.steps().flat_map(|step| step.answer_reads().chain(step.token_reads()));
            let behind = reads.filter(|read| facts.contains(&read.fact)).flat_map(|read| read.reading.uses());
            let behind: Vec<Slot> = behind.map(|used| used.fact).filter(|fact| !facts.contains(fact)).collect();
            if behind.is_empty() {
                return facts;
            }
            facts.extend(behind);
        }
    }

    /// The issuers that the file names: that of `discovery`, that of `issuer`, and those of a signed token that gives the id.
    fn issuers(&self, settings: &Facts, id_facts: &BTreeSet<Slot>) -> BTreeSet<String> {
        let gives_id = |step: &&Step| step.token_reads().any(|read| id_facts.contains(&read.fact));
        let signed = self.steps().filter(gives_id).filter_map(|step| step.signed.as_ref()).flat_map(|signed| &signed.issuers);
        let signed = signed.map(|issuer| fill_template_settings(issuer, settings)).filter(|text| !self.is_discovered(text));
        let discovered = self.discovery.as_ref().map(|discovery| discovery.issuer_address(settings));
        let named = self.issuer.as_ref().map(|issuer| issuer.with_settings(settings));
        discovered.into_iter().chain(named).chain(signed).collect()
    }

    /// The origins of the addresses to which an id is pinned. A discovery document vouches for the addresses that it gives, so beside it
    /// only those count that the file itself writes and from which the id is read. The word `issuer` vouches for nothing: it says what a
    /// callback must name, and the file may send the broker elsewhere for the rest.
    fn origins(&self, settings: &Facts, id_facts: &BTreeSet<Slot>) -> BTreeSet<String> {
        let mut origins = BTreeSet::new();
        for step in self.steps() {
            let from_headers = step.header_reads.iter().map(|(fact, _)| *fact);
            let mut from_answer = step.answer_reads().map(|read| read.fact).chain(from_headers);
            if self.discovery.is_none() || from_answer.any(|fact| id_facts.contains(&fact)) {
                origins.insert(step.address.origin(settings));
            }
            let Some(signed) = &step.signed else { continue };
            let gives_id = step.token_reads().any(|read| id_facts.contains(&read.fact));
            match &signed.keys {
                TokenKeys::Address(keys) if self.discovery.is_none() || gives_id => _ = origins.insert(keys.origin(settings)),
                // No document vouches for such a key, so the token is worth what its origin is worth.
                TokenKeys::Text(key) if gives_id => {
                    let token_facts: BTreeSet<Slot> = signed.token.iter().flat_map(Template::uses).map(|used| used.fact).collect();
                    let carriers = self.steps().filter(|one| one.answer_reads().any(|read| token_facts.contains(&read.fact)));
                    origins.extend(carriers.chain([step]).map(|one| one.address.origin(settings)));
                    if key.uses().all(|used| settings.get(used.fact).is_some()) {
                        let hash = sha256::<16>(fill_template_settings(key, settings).as_bytes());
                        origins.insert(format!("key-{}", hex(&hash)));
                    }
                }
                TokenKeys::Address(_) | TokenKeys::Text(_) => {}
            }
        }
        origins.retain(|origin| !self.is_discovered(origin));
        origins
    }

    /// Whether a text is nothing but a hole that the discovery document fills.
    fn is_discovered(&self, text: &str) -> bool {
        let hole = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        self.discovery.is_some() && hole.is_some_and(|fact| FROM_DISCOVERY.iter().any(|(known, _)| *known == fact))
    }
}

/// A word and the texts behind it, if there are any.
fn joined(word: &str, texts: BTreeSet<String>) -> Option<String> {
    let texts: Vec<String> = texts.into_iter().collect();
    (!texts.is_empty()).then(|| format!("{word} {}", texts.join(" ")))
}

/// A text with the settings filled in; a hole that needs another fact stays as it is written.
pub(crate) fn fill_settings<'t>(pieces: impl IntoIterator<Item = &'t TemplatePiece>, settings: &Facts) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            TemplatePiece::Literal(literal) => text.push_str(literal),
            TemplatePiece::Hole(hole) => {
                let value = hole.fill(settings, None).ok().flatten();
                text += &value.map_or_else(|| format!("${{{}}}", hole.label()), |value| value.masked());
            }
        }
    }
    text
}

/// As [`fill_settings`], of a whole text.
pub(crate) fn fill_template_settings(template: &Template, settings: &Facts) -> String {
    fill_settings(template.pieces(), settings)
}

#[cfg(test)]
mod tests {
    use crate::provider::{InstallationContext, compile};
    use crate::vocabulary::place::Source;
    use crate::vocabulary::text::Text;

    fn fingerprint(file: &str, settings: &[(&str, &str)]) -> (String, Option<String>) {
        let (provider, report) = compile(&Source::new("acme.yaml", file), InstallationContext { loopback: true });
        let provider = provider.unwrap_or_else(|| panic!("{}", report.draw(false)));
        let mut facts = provider.empty_facts();
        for (name, value) in settings {
            facts.set(provider.names.find(name).expect("a fact of the file"), Text::plain(*value));
        }
        let found = provider.fingerprint(&facts);
        (found.pinned.into(), found.origins.map(Into::into))
    }

    fn plain(authorize: &str, token: &str, person: &str) -> String {
        format!(
            "name: Acme\nhosts: [ \"*.shops.example\", \"${{host}}\" ]\nsettings: {{ host: \"env:ACME_HOST\" }}\n\
             inputs: {{ shop: {{ label: Shop, pattern: \"[a-z]+\" }} }}\ntrustEmail: always\n\
             getAuthorizationCode: {{ get: \"{authorize}\" }}\ngetAccessCode: {{ post: \"{token}\" }}\n\
             getUserInfo: {{ get: \"{person}\", headers: {{ X-Host: \"${{host}}\" }}, read: {{ id: $.id, email: $.email }} }}\n"
        )
    }

    #[test]
    fn a_file_without_an_issuer_is_known_by_its_origins() {
        for (addresses, expected) in [
            (["https://a.example/x", "https://a.example/y", "https://b.example/z"], "origins https://a.example https://b.example"),
            (["https://A.example:443/x?q=1", "https://b.example#f", "https://a.example"], "origins https://a.example https://b.example"),
            (
                ["https://a.example:8443/x", "http://127.0.0.1:9/t", "https://a.example/x"],
                "origins http://127.0.0.1:9 https://a.example https://a.example:8443",
            ),
            (["https://${host}/x", "https://${host}/y", "https://a.example/x"], "origins https://a.example https://sso.acme.example"),
            (
                ["https://${shop}.shops.example/x", "https://${shop}.shops.example/y", "https://${shop}.shops.example/z"],
                "origins https://${shop}.shops.example",
            ),
        ] {
            let file = plain(addresses[0], addresses[1], addresses[2]);
            let facts = [("host", "sso.acme.example"), ("shop", "quist"), ("clientId", "loja-42")];
            assert_eq!(fingerprint(&file, &facts), (expected.to_owned(), None), "{addresses:?}");
        }
    }

    #[test]
    fn an_issuer_counts_beside_the_addresses_for_which_it_does_not_vouch() {
        const A: &str = "origins https://a.example";
        let discovered = |more: &str| format!("name: Acme\ntrustEmail: always\ndiscovery: https://idp.example{more}\n");
        let read_at = |address: &str| discovered(&format!("\ngetUserInfo: {{ get: \"{address}\", read: {{ id: $.id, email: $.email }} }}"));
        let beside = |address: &str| {
            discovered(&format!(
                "\ngetUserInfo: [ {{ get: \"${{userinfoEndpoint}}\", read: {{ id: $.sub, email: $.email }} }}, {{ get: \"{address}\", read: {{ name: $.n }} }} ]"
            ))
        };
        let composed = |address: &str| {
            discovered(&format!(
                "\ngetUserInfo: [ {{ get: \"${{userinfoEndpoint}}\", read: {{ email: $.email }} }}, {{ get: \"{address}\", read: {{ number: $.n }} }} ]\nidentity: {{ id: \"n${{number}}\" }}"
            ))
        };
        let named =
            |issuer: &str, person: &str| format!("issuer: {issuer}\n{}", plain("https://a.example/x", "https://a.example/y", person));
        let signed = |keys: &str| {
            let file = plain("https://a.example/x", "https://a.example/y", "https://a.example/z").replace(
                "getAccessCode: { post: \"https://a.example/y\" }",
                &format!("getAccessCode: {{ post: \"https://a.example/y\", signed: {{ issuer: [ \"https://b.example\", a.example ], keys: \"{keys}\", read: {{ id: $.sub, email: $.email }} }} }}"),
            );
            file.replace("read: { id: $.id, email: $.email }", "read: { name: $.n }")
        };

        for (file, expected) in [
            (discovered(""), ("issuer https://idp.example", None)),
            (discovered("/"), ("issuer https://idp.example", None)),
            (discovered("/.well-known/openid-configuration"), ("issuer https://idp.example", None)),
            (read_at("${userinfoEndpoint}"), ("issuer https://idp.example", None)),
            (read_at("https://evil.example/me"), ("issuer https://idp.example origins https://evil.example", None)),
            (beside("https://groups.example/me"), ("issuer https://idp.example", None)),
            (composed("https://accounts.example/me"), ("issuer https://idp.example origins https://accounts.example", None)),
            (named("https://a.example", "https://a.example/z"), ("issuer https://a.example origins https://a.example", Some(A))),
            (
                named("https://a.example", "https://evil.example/z"),
                (
                    "issuer https://a.example origins https://a.example https://evil.example",
                    Some("origins https://a.example https://evil.example"),
                ),
            ),
            (named("https://b.example", "https://a.example/z"), ("issuer https://b.example origins https://a.example", Some(A))),
            (signed("https://a.example/jwks"), ("issuer a.example https://b.example origins https://a.example", Some(A))),
            (
                signed("https://evil.example/jwks"),
                (
                    "issuer a.example https://b.example origins https://a.example https://evil.example",
                    Some("origins https://a.example https://evil.example"),
                ),
            ),
        ] {
            let found = fingerprint(&file, &[]);
            assert_eq!((found.0.as_str(), found.1.as_deref()), expected, "{file}");
        }
        // An id that is chosen from a list of the token comes from the token's issuer as well.
        let read = "read: { id: $.sub, email: $.email }";
        let choice = "choose: { from: $.accounts, where: { at: $.main, is: true }, read: { id: $.number, email: $.email } }";
        let found = fingerprint(&signed("https://a.example/jwks").replace(read, choice), &[]);
        assert_eq!((found.0.as_str(), found.1.as_deref()), ("issuer a.example https://b.example origins https://a.example", Some(A)));
    }

    #[test]
    fn a_token_checked_by_a_key_of_the_file_pins_where_it_comes_from() {
        let file = |authorize: &str, token: &str, keys: &str| {
            format!(
                "name: Acme\ndiscovery: https://idp.example\nsettings: {{ pem: \"env:ACME_PEM\" }}\ngetAuthorizationCode: {{ get: \"{authorize}\" }}\n\
                 getAccessCode: {{ post: \"{token}\", signed: {{ keys: \"{keys}\" }} }}\n"
            )
        };
        let pin = |file: String, pem: &str| fingerprint(&file, &[("pem", pem)]).0;
        let (secret, pem) = ("${clientSecret}", "${pem}");

        let honest = pin(file("${authorizationEndpoint}", "${tokenEndpoint}", secret), "one");
        let moved = pin(file("https://evil.example/auth", "https://evil.example/token", secret), "one");

        assert_eq!(honest, "issuer https://idp.example");
        assert_eq!(moved, "issuer https://idp.example origins https://evil.example");
        let of_document = |key: &str| pin(file("${authorizationEndpoint}", "${tokenEndpoint}", pem), key);
        assert_ne!(of_document("one key"), of_document("another key"), "a token is worth what its key is worth");
    }

    #[test]
    fn the_address_of_the_broker_itself_is_not_part_of_it() {
        let file = "name: Acme\nclientSecret: none\nhosts: '${publicUrl | after \"://\"}'\ntrustEmail: always\n\
             getAuthorizationCode: { get: \"${publicUrl}/acme\" }\ngetAccessCode: { post: \"${publicUrl}/acme/token\" }\n\
             getUserInfo: { get: \"${publicUrl}/acme/me\", read: { id: $.id, email: $.email } }\n";

        let one = fingerprint(file, &[("publicUrl", "http://localhost:8080")]);

        assert_eq!(one, fingerprint(file, &[("publicUrl", "http://127.0.0.1:9000")]));
        assert_eq!(one.0, "origins ${publicUrl}");
    }
}
