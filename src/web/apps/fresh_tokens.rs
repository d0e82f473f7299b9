//! Access tokens that this broker has just issued for a code. An app asks `/userinfo` for the person as soon as it has its token, and the
//! redemption has read just that, so the first request within a moment is answered from memory: the very token that was signed here needs
//! no verification, and the person needs no second look into storage. What has ended since then is in the list of ended sessions.

use crate::apps::client_app::ClientApp;
use crate::vocabulary::hash::sha256;
use crate::web::request_context::RequestContext;
use quick_cache::sync::Cache;
use serde_json::{Map, Value};

/// How long a token is remembered, in seconds.
const MOMENT: i64 = 5;
/// How many tokens are remembered at most.
const MOST: usize = 1024;

/// The tokens, by their hashes.
pub(crate) struct FreshAccessTokens(Cache<[u8; 32], FreshAccessToken>);

impl Default for FreshAccessTokens {
    fn default() -> Self {
        Self(Cache::new(MOST))
    }
}

/// A token that was issued a moment ago.
#[derive(Clone)]
struct FreshAccessToken {
    issued: i64,
    /// The generation of the keys that signed it.
    keys: u64,
    store: Box<str>,
    app: Box<str>,
    grant: Box<str>,
    /// The session of the grant, unless the grant outlives it.
    sid: Option<Box<str>>,
    /// What `/userinfo` says.
    claims: Map<String, Value>,
}

/// Remembers a token that was issued for a code.
pub(crate) fn remember(
    context: &RequestContext,
    app: &ClientApp,
    token: &str,
    (grant, sid): (&str, Option<&str>),
    claims: Map<String, Value>,
) {
    let fresh = FreshAccessToken {
        issued: context.now(),
        keys: context.app().signing.version(),
        store: context.live_store().store.name.clone(),
        app: app.name.clone(),
        grant: grant.into(),
        sid: sid.map(Into::into),
        claims,
    };
    context.app().fresh_tokens.0.insert(sha256(token.as_bytes()), fresh);
}

/// What `/userinfo` says for a token, the first time within a moment; `None` if anything may have changed, so that storage decides.
pub(crate) fn take_claims(context: &RequestContext, token: &str) -> Option<Map<String, Value>> {
    let (_, fresh) = context.app().fresh_tokens.0.remove(&sha256(token.as_bytes()))?;
    let is_ended = |id: &str| context.app().revocations.is_ended(id);
    let is_valid = (0..=MOMENT).contains(&context.now().saturating_sub(fresh.issued))
        && fresh.keys == context.app().signing.version()
        && fresh.store == context.live_store().store.name
        && context.live_store().apps.find(&fresh.app).is_some()
        && context.require_fresh_revocations().is_ok()
        && !is_ended(&fresh.grant)
        && !fresh.sid.as_deref().is_some_and(is_ended);
    is_valid.then_some(fresh.claims)
}
