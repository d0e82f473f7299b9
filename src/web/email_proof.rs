//! The beginning of a proof: the identity is kept, sealed, until the shopper has proven an e-mail address at `/prove`.

use crate::directory::proofs::{BeginEmailProof, EmailProof, GOOD_FOR};
use crate::provider::functions::hex;
use crate::provider::identity::{Identity, IdentityEmail};
use crate::web::attempt_cookies::hashed_id;
use crate::web::cookies;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{ResponseWithCookies, UserFacingError, redirect_to};
use crate::world::random;
use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
/// Where the page is.
pub(crate) const PAGE: &str = "/prove";

/// Who came, as it is kept sealed until the address is proven.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct UnprovenIdentity {
    pub(crate) provider: Box<str>,
    pub(crate) version: Box<str>,
    pub(crate) id: Box<str>,
    pub(crate) name: Option<String>,
    pub(crate) picture: Option<String>,
    pub(crate) locale: Option<String>,
    pub(crate) more: Vec<(Box<str>, String)>,
    /// The address: first as the provider suggests it, then as it was typed.
    pub(crate) email: Option<String>,
    /// An address that the provider has proven, and that is somebody's already.
    #[serde(default)]
    pub(crate) known: Option<String>,
    pub(crate) return_to: Option<String>,
}

/// Begins a proof instead of a session.
pub(crate) async fn start_proof(
    asked: &RequestContext,
    identity: &Identity,
    version: &str,
    return_to: Option<String>,
) -> Result<ResponseWithCookies, UserFacingError> {
    let handle = random::id();
    let Identity { provider, id, address, name, picture, locale, more } = identity.clone();
    let (email, known) = match &address {
        IdentityEmail::Proven(email, _) => (Some(email.key().to_owned()), Some(email.key().to_owned())),
        IdentityEmail::Ask(Some(email)) => (Some(email.key().to_owned()), None),
        IdentityEmail::Placeholder(_) | IdentityEmail::Ask(None) => (None, None),
    };
    let kept = UnprovenIdentity { provider, version: version.into(), id, name, picture, locale, more, email, known, return_to };
    let (store, until) = (asked.live_store().store.name.clone(), asked.now() + GOOD_FOR);
    let id = hashed_id(&handle);
    let who = keyed_hash(&asked.app().proof_key, &["who", &store, &kept.provider, &kept.id]);
    asked.app().directory.write(BeginEmailProof { sealed: seal_identity(asked, &id, &kept), id: id.into(), store, who, until }).await?;
    let cookie = cookies::set_proof(&handle, GOOD_FOR, &asked.live_store().store);
    Ok((redirect_to(PAGE), vec![cookie]))
}

pub(crate) fn seal_identity(asked: &RequestContext, id: &str, kept: &UnprovenIdentity) -> String {
    let text = serde_json::to_vec(kept).expect("texts can be written");
    asked.app().proofs.seal(&[&asked.live_store().store.public_url, id], &text, random::bytes())
}

pub(crate) fn open_identity(asked: &RequestContext, id: &str, proof: &EmailProof) -> Option<UnprovenIdentity> {
    let text = asked.app().proofs.open(&[&asked.live_store().store.public_url, id], &proof.sealed)?;
    serde_json::from_slice(&text).ok()
}

/// What stands in storage for a code or an address: without the key, nothing can be tried out on it.
pub(crate) fn keyed_hash(key: &hmac::Key, parts: &[&str]) -> Box<str> {
    hex(hmac::sign(key, parts.join("\n").as_bytes()).as_ref()).into()
}
