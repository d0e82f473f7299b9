//! `OpenID` Connect: what a file of one line does at providers that read the standard differently. Here is what the tests share.

mod client_authentication;
mod fetched_documents;
mod id_token;
mod userinfo;

use crate::support::ready;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use portaria::login::attempt::Attempt;
use portaria::login::discover;
use portaria::provider::Provider;
use portaria::provider::document_cache::DocumentCache;
use portaria::provider::keys::{Algorithm, JwsSigningKey};
use portaria::vocabulary::text::Text;
use portaria::vocabulary::wire::Fetch;

/// Writes a token in another form.
type TokenForm = fn(&str) -> String;

pub const DOCUMENT: &str = "\"issuer\":\"https://idp.acme.example\",\"authorization_endpoint\":\"https://idp.acme.example/a\",\"token_endpoint\":\"https://idp.acme.example/t\",\"userinfo_endpoint\":\"https://idp.acme.example/u\",\"jwks_uri\":\"https://idp.acme.example/k\"";

/// A key of the provider.
pub struct IssuerKey {
    pub signing: JwsSigningKey,
    public: String,
}

impl IssuerKey {
    pub fn new() -> Self {
        let pair = Ed25519KeyPair::generate().expect("the machine has random bytes");
        let der = pair.to_pkcs8v1().expect("a key can be written");
        let signing = JwsSigningKey::read(STANDARD.encode(der.as_ref()).as_bytes(), Algorithm::EdDsa).expect("it is a key");
        Self { signing, public: URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()) }
    }

    pub fn jwks(&self, kid: Option<&str>) -> String {
        let kid = kid.map_or_else(String::new, |kid| format!(",\"kid\":\"{kid}\""));
        format!("{{\"keys\":[{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"{}\"{kid}}}]}}", self.public)
    }

    pub fn token(&self, kid: Option<&str>, claims: &str) -> String {
        let kid = kid.map_or_else(String::new, |kid| format!(",\"kid\":\"{kid}\""));
        self.signing.sign_token(&format!("{{\"alg\":\"EdDSA\"{kid}}}"), claims).expect("the key signs")
    }
}

/// The claims of an ID token in an attempt of these tests.
pub fn claims(attempt: &Attempt, more: &str) -> String {
    let nonce = &attempt.nonce;
    format!(
        "{{\"iss\":\"https://idp.acme.example\",\"aud\":\"c-1\",\"sub\":\"7\",\"iat\":0,\"exp\":9999999999,\"nonce\":\"{nonce}\",\"email\":\"ana@loja.example\",\"email_verified\":true{more}}}"
    )
}

/// Learns the document of the issuer.
pub fn learn_document(provider: &Provider, network: &dyn Fetch, documents: &DocumentCache, now: i64) {
    let mut facts = provider.empty_facts();
    facts.set(provider.known.client_id, Text::plain("c-1"));
    ready(discover(provider, &facts, network, documents, now));
}

const TOKEN: &str = "iss: https://idp.acme.example, aud: ‹clientId›, sub: \"7\", nonce: ‹nonce›";
