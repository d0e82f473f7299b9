//! The address at which a session ends at the provider, filled with what is known after the login.

use crate::login::attempt::InstallationValues;
use crate::provider::Provider;
use crate::provider::address::AddressError;
use crate::provider::document_cache::DocumentCache;
use crate::provider::facts::{FROM_DISCOVERY, Facts};
use crate::vocabulary::text::Text;
use std::fmt;

/// What is known of a session when it ends.
pub(crate) struct EndedSessionFacts<'a> {
    /// The id at the provider.
    pub(crate) id: &'a str,
    /// The ID token of the login, if it was kept.
    pub(crate) id_token: Option<&'a str>,
    pub(crate) now: i64,
}

/// Why the session at the provider is not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SkippedLogout {
    /// A hole of the address finds nothing.
    MissingFact(Box<str>),
    /// The address is not allowed.
    BadAddress(&'static str),
}

impl fmt::Display for SkippedLogout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingFact(fact) => write!(f, "`{fact}` is not known"),
            Self::BadAddress(why) => f.write_str(why),
        }
    }
}

/// Whether the address needs the issuer's discovery document.
pub(crate) fn needs_document(provider: &Provider) -> bool {
    let from_document: Vec<_> = FROM_DISCOVERY.iter().filter_map(|(name, _)| provider.names.find(name)).collect();
    provider.discovery.is_some()
        && provider.logout.as_ref().is_some_and(|logout| logout.uses().any(|used| from_document.contains(&used.fact)))
}

/// The facts of a logout, without those of a discovery document.
pub(crate) fn logout_facts(provider: &Provider, installation: &InstallationValues, ended: &EndedSessionFacts<'_>) -> Facts {
    let mut facts = provider.empty_facts();
    let known = provider.known;
    for (slot, value) in installation.values.iter().filter(|(_, value)| !value.is_secret()) {
        facts.set(*slot, value.clone());
    }
    facts.set(known.public_url, Text::plain(&*installation.public_url));
    facts.set(known.provider, Text::plain(&*provider.name));
    facts.set(known.now, Text::plain(ended.now.to_string()));
    facts.set(known.id, Text::plain(ended.id));
    if let (Some(token), Some(slot)) = (ended.id_token, provider.names.find("idToken")) {
        facts.set(slot, Text::plain(token));
    }
    facts
}

/// The address to which the browser is sent; `None` if the file has none.
pub(crate) fn logout_address(
    provider: &Provider,
    mut facts: Facts,
    documents: &DocumentCache,
    now: i64,
) -> Option<Result<String, SkippedLogout>> {
    let address = provider.logout.as_ref()?;
    if let Some(discovery) = &provider.discovery
        && let Some((at, issuer)) = discovery.address(&facts)
        && let Some(document) = documents.get(&at, now)
    {
        // Without its document the address lacks a fact, which is reported below.
        let _ = discovery.learn(&document, issuer.as_deref(), &mut facts);
    }
    let filled = match address.fill(&facts) {
        Ok(filled) => filled,
        Err(AddressError::Missing(missing)) => {
            let name = missing.fact.map_or_else(|| "a hole".into(), |fact| (&**provider.names.name(fact)).into());
            return Some(Err(SkippedLogout::MissingFact(name)));
        }
        Err(AddressError::Refused(problem, _)) => return Some(Err(SkippedLogout::BadAddress(problem.message()))),
    };
    // No fact of a logout is secret, so the masked texts are complete.
    let part = |mark: &str, text: Option<&Text>| text.map_or_else(String::new, |text| format!("{mark}{}", text.masked()));
    Some(Ok(format!("{}{}{}", filled.base.masked(), part("?", filled.query.as_ref()), part("#", filled.fragment.as_ref()))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{InstallationContext, compile};
    use crate::vocabulary::place::Source;
    use serde_json::json;

    const FILE: &str = "name: Acme
discovery: https://idp.example
logout: ${endSessionEndpoint}?id_token_hint=${idToken}&post_logout_redirect_uri=${publicUrl}/login
";

    fn written(end: Option<&str>, id_token: Option<&str>) -> Result<String, SkippedLogout> {
        let provider = compile(&Source::new("acme.yaml", FILE), InstallationContext { loopback: false }).0.unwrap();
        let installation = InstallationValues { public_url: "https://login.loja.example".into(), values: Vec::new() };
        let documents = DocumentCache::default();
        let mut document = json!({ "issuer": "https://idp.example" });
        if let Some(end) = end {
            document["end_session_endpoint"] = json!(end);
        }
        documents.insert("https://idp.example/.well-known/openid-configuration", document, 0);
        assert!(needs_document(&provider) && provider.logout_uses_id_token());
        let facts = logout_facts(&provider, &installation, &EndedSessionFacts { id: "7", id_token, now: 1 });
        logout_address(&provider, facts, &documents, 1).unwrap()
    }

    #[test]
    fn a_logout_names_the_end_session_endpoint_and_the_id_token() {
        let back = "post_logout_redirect_uri=https%3A%2F%2Flogin.loja.example/login";
        for (end, expected) in [
            ("https://idp.example/end", format!("https://idp.example/end?id_token_hint=a.b.c&{back}")),
            ("https://idp.example/end?p=1", format!("https://idp.example/end?p=1&id_token_hint=a.b.c&{back}")),
        ] {
            assert_eq!(written(Some(end), Some("a.b.c")), Ok(expected));
        }
        assert_eq!(written(None, Some("a.b.c")), Err(SkippedLogout::MissingFact("endSessionEndpoint".into())));
        assert_eq!(written(Some("https://idp.example/end"), None), Err(SkippedLogout::MissingFact("idToken".into())));
        assert!(matches!(written(Some("http://idp.example/end"), Some("a.b.c")), Err(SkippedLogout::BadAddress(_))));
    }
}
