//! The discovery document of an issuer (`OpenID` Connect Discovery): its address, and the facts in it.

use crate::provider::address::{Address, AddressContext};
use crate::provider::credentials::ClientAuthMethod;
use crate::provider::document_fault::DocumentFault;
use crate::provider::facts::{FROM_DISCOVERY, Facts};
use crate::provider::fingerprint::fill_template_settings;
use crate::provider::issuer::promises_iss;
use crate::provider::template::{FactUse, Template};
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;
use crate::vocabulary::words::Reader;
use serde_json::Value;

/// A compiled `discovery`.
#[derive(Clone, Debug)]
pub(crate) struct Discovery {
    pub(crate) address: Address,
    facts: Vec<(Slot, &'static str)>,
    iss_is_promised: Slot,
    client_authentication: Slot,
}

/// The usual path of the document below its issuer.
const USUAL: &str = "/.well-known/openid-configuration";

impl Discovery {
    /// Compiles the words of the file, or complains.
    pub(crate) fn compile(template: Template, context: &AddressContext<'_>, reader: &mut Reader) -> Option<Self> {
        let place = template.place;
        if template.source.contains('?') && !template.source.contains("${") || template.source.contains('#') {
            reader.complain(
                place,
                "an issuer has neither query nor fragment",
                "write the issuer exactly as its tokens name it, such as `https://idp.example`",
            );
            return None;
        }
        let iss_is_promised = reader.names.intern("issuerIsNamed");
        let client_authentication = reader.names.intern("clientAuthentication");
        let facts = FROM_DISCOVERY.iter().map(|(fact, key)| (reader.names.intern(fact), *key)).collect();
        Address::compile(template, context, reader).map(|address| Self { address, facts, iss_is_promised, client_authentication })
    }

    /// The address of the document, and the issuer that it must name; a document named by its own address names its issuer itself.
    pub(crate) fn address(&self, facts: &Facts) -> Option<(String, Option<String>)> {
        let filled = self.address.fill(facts).ok()?;
        let base = filled.document_address();
        if filled.query.is_some() || base.contains("/.well-known/") {
            return Some((base, None));
        }
        Some((format!("{}{USUAL}", base.trim_end_matches('/')), Some(base)))
    }

    /// The issuer, as far as the settings name it: the document's address without the usual path.
    pub(crate) fn issuer_address(&self, settings: &Facts) -> String {
        let address = fill_template_settings(&self.address.template, settings);
        address.strip_suffix(USUAL).unwrap_or(&address).trim_end_matches('/').to_owned()
    }

    /// Reads the facts from the document. The error is what is wrong with it.
    pub(crate) fn learn(&self, document: &Value, expected_issuer: Option<&str>, facts: &mut Facts) -> Result<(), DocumentFault> {
        named_issuer(document, expected_issuer)?;
        if promises_iss(document) {
            facts.set(self.iss_is_promised, Text::plain("true"));
        }
        if let Some(method) = only_client_authentication(document) {
            facts.set(self.client_authentication, Text::plain(method.word()));
        }
        for (fact, key) in &self.facts {
            if let Some(text) = document.get(*key).and_then(Value::as_str) {
                facts.set(*fact, Text::plain(text));
            }
        }
        Ok(())
    }

    /// Every use of a fact in it.
    pub(crate) fn uses(&self) -> Vec<FactUse> {
        self.address.uses().collect()
    }
}

/// The issuer that a document names, if it is the expected one.
pub(crate) fn named_issuer<'d>(document: &'d Value, expected: Option<&str>) -> Result<&'d str, DocumentFault> {
    let issuer = document.get("issuer").and_then(Value::as_str).ok_or(DocumentFault::NoIssuer)?;
    match expected {
        Some(expected) if expected.trim_end_matches('/') != issuer.trim_end_matches('/') => {
            Err(DocumentFault::other_issuer(issuer, expected))
        }
        Some(_) | None => Ok(issuer),
    }
}

/// The client's authentication method, when the document names only one of the two.
fn only_client_authentication(document: &Value) -> Option<ClientAuthMethod> {
    let methods = document.get("token_endpoint_auth_methods_supported")?.as_array()?;
    let has = |method: &str| methods.iter().any(|listed| listed.as_str() == Some(method));
    match (has("client_secret_post"), has("client_secret_basic")) {
        (true, false) => Some(ClientAuthMethod::Form),
        (false, true) => Some(ClientAuthMethod::BasicEncoded),
        (true, true) | (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_with_one_authentication_method_chooses_it() {
        for (methods, expected) in [
            (json!(["client_secret_post"]), Some(ClientAuthMethod::Form)),
            (json!(["client_secret_basic", "private_key_jwt"]), Some(ClientAuthMethod::BasicEncoded)),
            (json!(["client_secret_basic", "client_secret_post"]), None),
            (json!(["none"]), None),
            (json!(null), None),
        ] {
            assert_eq!(only_client_authentication(&json!({ "token_endpoint_auth_methods_supported": methods })), expected, "{methods}");
        }
    }
}
