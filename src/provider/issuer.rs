//! The word `issuer`: the issuer of a plain OAuth 2 provider, which a callback must name (RFC 9207), and the metadata (RFC 8414) in
//! which the provider promises that it does.

use crate::provider::address::{Address, AddressContext};
use crate::provider::facts::Facts;
use crate::provider::fingerprint::fill_template_settings;
use crate::provider::template::{FactUse, Template};
use crate::vocabulary::place::Place;
use crate::vocabulary::words::Reader;
use serde_json::Value;

/// A compiled `issuer`.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    address: Address,
}

impl Issuer {
    /// Compiles the word, or complains.
    pub(crate) fn compile(template: Template, has_discovery: bool, context: &AddressContext<'_>, reader: &mut Reader) -> Option<Self> {
        if has_discovery {
            reader.complain(template.place, "the issuer is named twice: `discovery` names it already", "take `issuer` out");
            return None;
        }
        if template.source.contains(['?', '#']) && !template.source.contains("${") {
            let help = "write the issuer exactly as the callback names it, such as `https://sso.acme.example`";
            reader.complain(template.place, "an issuer has neither query nor fragment", help);
            return None;
        }
        Address::compile(template, context, reader).map(|address| Self { address })
    }

    /// Where it is written.
    pub(crate) fn place(&self) -> Place {
        self.address.template.place
    }

    /// The issuer with the values of an installation.
    pub(crate) fn value(&self, facts: &Facts) -> Option<String> {
        self.address.fill(facts).ok().map(|filled| filled.document_address())
    }

    /// The issuer, as far as the settings name it.
    pub(crate) fn with_settings(&self, settings: &Facts) -> String {
        fill_template_settings(&self.address.template, settings)
    }

    /// Every use of a fact in it.
    pub(crate) fn uses(&self) -> Vec<FactUse> {
        self.address.uses().collect()
    }
}

/// The address of an issuer's metadata: the well-known path stands before the issuer's own path (RFC 8414).
pub(crate) fn metadata_address(issuer: &str) -> Option<String> {
    let (scheme, rest) = issuer.split_once("://")?;
    let (host, path) = rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path.trim_end_matches('/')));
    let path = if path.is_empty() { String::new() } else { format!("/{path}") };
    Some(format!("{scheme}://{host}/.well-known/oauth-authorization-server{path}"))
}

/// Whether the metadata of an issuer promises that every callback names it.
pub(crate) fn promises_issuer(metadata: &Value, issuer: &str) -> bool {
    metadata.get("issuer").and_then(Value::as_str) == Some(issuer) && promises_iss(metadata)
}

/// Whether a document of an issuer promises the parameter `iss` of a callback (RFC 9207).
pub(crate) fn promises_iss(document: &Value) -> bool {
    document.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_metadata_lie_between_the_host_and_the_path() {
        for (issuer, address) in [
            ("https://sso.acme.example", "https://sso.acme.example/.well-known/oauth-authorization-server"),
            ("https://sso.acme.example/", "https://sso.acme.example/.well-known/oauth-authorization-server"),
            ("https://acme.example/login/oauth", "https://acme.example/.well-known/oauth-authorization-server/login/oauth"),
        ] {
            assert_eq!(metadata_address(issuer).as_deref(), Some(address));
        }
    }

    #[test]
    fn only_the_metadata_of_this_issuer_promise_anything() {
        let promise = json!({ "issuer": "https://sso.acme.example", "authorization_response_iss_parameter_supported": true });

        assert!(promises_issuer(&promise, "https://sso.acme.example"));
        assert!(!promises_issuer(&promise, "https://other.example"));
        assert!(!promises_issuer(&json!({ "issuer": "https://sso.acme.example" }), "https://sso.acme.example"));
    }
}
