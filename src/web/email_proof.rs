//! The beginning of a proof: the identity is kept, sealed, until the shopper has proven an e-mail address at `/prove`.

use crate::directory::mail_codes::keyed_hash;
use crate::directory::proofs::{BeginEmailProof, EmailProof, GOOD_FOR};
use crate::login::trace::LoginTokens;
use crate::provider::identity::{Identity, IdentityEmail};
use crate::stores::live::LiveProvider;
use crate::web::attempt_cookies::hashed_id;
use crate::web::kept_tokens::{self, PlainTokens};
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{ResponseWithCookies, UserFacingError, redirect_to};
use crate::web::{cookies, id_tokens};
use crate::world::random;
use serde::{Deserialize, Serialize};

pub(crate) const PAGE: &str = "/prove";

/// The identity as it is kept, sealed, until the address is proven.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct UnprovenIdentity {
    /// The key of the provider.
    pub(crate) provider: Box<str>,
    pub(crate) file: Box<str>,
    pub(crate) fingerprint: Box<str>,
    pub(crate) version: Box<str>,
    pub(crate) id: Box<str>,
    pub(crate) name: Option<String>,
    pub(crate) picture: Option<String>,
    pub(crate) locale: Option<String>,
    pub(crate) more: Vec<(Box<str>, String)>,
    /// The address: first the provider's suggestion, then what the shopper has typed.
    pub(crate) email: Option<String>,
    /// An address that the provider has proven and that belongs to another user already.
    #[serde(default)]
    pub(crate) known: Option<String>,
    pub(crate) return_to: Option<String>,
    /// The ID token of the login, where the file's `logout` names it.
    #[serde(default)]
    pub(crate) id_token: Option<String>,
    /// The provider's own tokens, where the file keeps them.
    #[serde(default)]
    pub(crate) tokens: Option<PlainTokens>,
}

/// Begins a proof instead of a session.
pub(crate) async fn start_proof(
    context: &RequestContext,
    live_provider: &LiveProvider,
    identity: &Identity,
    version: &str,
    return_to: Option<String>,
    tokens: &LoginTokens,
) -> Result<ResponseWithCookies, UserFacingError> {
    let handle = random::id();
    let id_token = tokens.id_token.as_ref().map(id_tokens::as_plain);
    let tokens = tokens
        .provider
        .as_ref()
        .filter(|_| kept_tokens::are_wanted(context, live_provider))
        .map(|tokens| kept_tokens::as_plain(tokens, context.now()));
    let Identity { provider, file, fingerprint, id, address, name, picture, locale, more } = identity.clone();
    let (email, known) = match &address {
        IdentityEmail::Proven(email, _) => (Some(email.key().to_owned()), Some(email.key().to_owned())),
        IdentityEmail::Ask(Some(email)) => (Some(email.key().to_owned()), None),
        IdentityEmail::Placeholder(_) | IdentityEmail::Ask(None) => (None, None),
    };
    let version = version.into();
    let identity = UnprovenIdentity {
        provider,
        file,
        fingerprint,
        version,
        id,
        name,
        picture,
        locale,
        more,
        email,
        known,
        return_to,
        id_token,
        tokens,
    };
    let (store, until) = (context.live_store().store.name.clone(), context.now().saturating_add(GOOD_FOR));
    let id = hashed_id(&handle);
    let who = keyed_hash(&context.app().proof_key, &["who", &store, &identity.provider, &identity.id]);
    context
        .app()
        .directory
        .write(BeginEmailProof { sealed: seal_identity(context, &id, &identity), id: id.into(), store, who, until })
        .await?;
    let cookie = cookies::set_proof(&handle, GOOD_FOR, &context.live_store().store);
    Ok((redirect_to(PAGE), vec![cookie]))
}

pub(crate) fn seal_identity(context: &RequestContext, id: &str, identity: &UnprovenIdentity) -> String {
    let text = serde_json::to_vec(identity).expect("texts can be written");
    context.app().proofs.seal(&[&context.live_store().store.public_url, id], &text, random::bytes())
}

pub(crate) fn open_identity(context: &RequestContext, id: &str, proof: &EmailProof) -> Option<UnprovenIdentity> {
    let text = context.app().proofs.open(&[&context.live_store().store.public_url, id], &proof.sealed)?;
    serde_json::from_slice(&text).ok()
}
