//! The fingerprint of a provider: where a file points. Linked identities are pinned to it, so that a file that is made to point
//! elsewhere signs in no existing user.
//!
//! It is computed from the file and the settings of the installation alone, never from an answer.

use crate::provider::Provider;
use crate::provider::facts::Facts;
use crate::provider::template::{Template, TemplatePiece};
use std::collections::BTreeSet;

/// Where a provider file points, as a text that support can read and that is compared byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderFingerprint {
    /// The issuer, or the origins where the file names no issuer.
    pub pinned: Box<str>,
    /// The origins of a file that names an issuer. Identities that were pinned to the same origins before the issuer was
    /// named go over to the issuer.
    pub origins: Option<Box<str>>,
}

impl Provider {
    /// Where the file points with the settings among these facts. A hole that only a login can fill stays as it is written.
    pub fn fingerprint(&self, facts: &Facts) -> ProviderFingerprint {
        let settings = self.settings_among(facts);
        let origins = self.origins(&settings);
        match self.pinned_issuer(&settings) {
            Some(issuer) => ProviderFingerprint { pinned: format!("issuer {issuer}").into(), origins },
            None => ProviderFingerprint { pinned: origins.unwrap_or_default(), origins: None },
        }
    }

    /// The facts that the operator sets and that are no secret. The broker's own address is not among them: a provider below it
    /// moves along with it.
    fn settings_among(&self, facts: &Facts) -> Facts {
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

    /// The issuer that the file names: that of `discovery`, that of `issuer`, or that of the signed token that gives the id.
    fn pinned_issuer(&self, settings: &Facts) -> Option<String> {
        if let Some(discovery) = &self.discovery {
            return Some(discovery.issuer_address(settings));
        }
        if let Some(issuer) = &self.issuer {
            return Some(issuer.with_settings(settings));
        }
        let id_facts = self.identity.id_facts();
        let gives_id = |step: &&crate::provider::step::Step| step.token_reads().any(|read| id_facts.contains(&read.fact));
        let signed = self.steps().filter(gives_id).find_map(|step| step.signed.as_ref())?;
        let issuers: Option<BTreeSet<String>> =
            signed.issuers().iter().map(|issuer| issuer.fill(settings).ok().map(|text| text.masked())).collect();
        issuers.filter(|issuers| !issuers.is_empty()).map(|issuers| issuers.into_iter().collect::<Vec<_>>().join(" "))
    }

    /// The origins of all addresses that take part in a login; `None` if the file takes them from a discovery document.
    fn origins(&self, settings: &Facts) -> Option<Box<str>> {
        if self.discovery.is_some() {
            return None;
        }
        let origins: BTreeSet<String> = self.steps().map(|step| step.address.origin(settings)).collect();
        Some(format!("origins {}", origins.into_iter().collect::<Vec<_>>().join(" ")).into())
    }
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
    fn a_token_that_gives_the_id_in_a_chosen_entry_names_the_issuer() {
        let signed = "signed: { token: answer, issuer: \"https://id.example\", keys: \"https://id.example/jwks\", READ }";
        let file = |read: &str| {
            format!(
                "name: Acme\ntrustEmail: always\ngetAuthorizationCode: {{ get: \"https://a.example/x\" }}\n\
                 getAccessCode: {{ post: \"https://a.example/y\" }}\ngetUserInfo: {{ get: \"https://a.example/z\", {} }}\n",
                signed.replace("READ", read)
            )
        };
        let chosen = "choose: { from: $.accounts, where: { at: $.main, is: true }, read: { id: $.number, email: $.email } }";
        for read in ["read: { id: $.sub, email: $.email }", chosen] {
            assert_eq!(fingerprint(&file(read), &[]).0, "issuer https://id.example", "{read}");
        }
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
    fn an_issuer_counts_before_the_origins() {
        let discovered = |address: &str| format!("name: Acme\ndiscovery: {address}\n");
        let signed = plain("https://a.example/x", "https://a.example/y", "https://a.example/z").replace(
            "getAccessCode: { post: \"https://a.example/y\" }",
            "getAccessCode: { post: \"https://a.example/y\", signed: { issuer: [ \"https://b.example\", a.example ], keys: \"https://k.example/jwks\", read: { id: $.sub, email: $.email } } }",
        );
        let signed = signed.replace("read: { id: $.id, email: $.email }", "read: { name: $.n }");

        for (file, expected) in [
            (discovered("https://idp.example"), ("issuer https://idp.example", None)),
            (discovered("https://idp.example/"), ("issuer https://idp.example", None)),
            (discovered("https://idp.example/.well-known/openid-configuration"), ("issuer https://idp.example", None)),
            (signed, ("issuer a.example https://b.example", Some("origins https://a.example"))),
        ] {
            let found = fingerprint(&file, &[]);
            assert_eq!((found.0.as_str(), found.1.as_deref()), expected, "{file}");
        }
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
