//! The provider's own tokens of a person: sealed in storage, kept after a login, and opened for nothing but apps and refreshes.

use crate::apps::client_app::ClientApp;
use crate::directory::StorageUnavailable;
use crate::directory::kept_tokens::{FindProviderTokens, KeepProviderTokens, ReplaceProviderTokens, TokenFetchers};
use crate::login::provider_tokens::ProviderTokens;
use crate::provider::identity::Identity;
use crate::stores::live::LiveProvider;
use crate::vocabulary::text::Text;
use crate::web::request_context::RequestContext;
use crate::web::session::rfc3339;
use crate::world::random;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// Longer tokens are not kept.
const LONGEST: usize = 32 * 1024;
/// How long tokens are kept of which it is not known when they expire, or that can be refreshed, in seconds.
const LONGEST_KEPT: i64 = 180 * 86_400;
/// How often the tokens of a login are written again because others were kept at the same moment.
const MOST_TRIES: usize = 4;

/// The tokens that are kept for a person.
#[derive(Clone, Debug)]
pub(crate) struct KeptTokens {
    pub(crate) tokens: ProviderTokens,
    /// The id of the person at the provider.
    pub(crate) identity: Box<str>,
    /// When the provider gave them.
    pub(crate) since: i64,
    /// Until when one broker refreshes them, and all others wait.
    pub(crate) refreshing: i64,
    /// Until when they are not refreshed, because the provider has just failed.
    pub(crate) paused: i64,
}

/// The same, as it is sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PlainTokens {
    access: String,
    refresh: Option<String>,
    expires: Option<i64>,
    scope: Option<String>,
    #[serde(default)]
    identity: Box<str>,
    #[serde(default)]
    since: i64,
    #[serde(default)]
    refreshing: i64,
    #[serde(default)]
    paused: i64,
}

impl KeptTokens {
    /// The tokens of a login that has just succeeded.
    fn of_login(tokens: ProviderTokens, identity: &str, now: i64) -> Self {
        Self { tokens, identity: identity.into(), since: now, refreshing: 0, paused: 0 }
    }

    /// When the tokens are of no more use. `can_refresh` says whether the provider's file has a refresh.
    pub(crate) fn until(&self, can_refresh: bool) -> i64 {
        let longest = self.since.saturating_add(LONGEST_KEPT);
        let is_refreshable = can_refresh && self.tokens.refresh.is_some();
        self.tokens.expires.filter(|_| !is_refreshable).map_or(longest, |expires| expires.min(longest))
    }

    /// What an app gets: never the refresh token.
    pub(crate) fn for_app(&self) -> Value {
        let PlainTokens { access, expires, scope, .. } = self.to_plain();
        json!({ "accessToken": access, "tokenType": "Bearer", "expiresAt": expires.and_then(rfc3339), "scope": scope })
    }

    fn to_plain(&self) -> PlainTokens {
        let Self { tokens: ProviderTokens { access, refresh, expires, scope }, identity, since, refreshing, paused } = self;
        let text = |text: &Option<Text>| text.as_ref().map(|text| text.expose().to_owned());
        PlainTokens {
            access: access.expose().to_owned(),
            refresh: text(refresh),
            expires: *expires,
            scope: text(scope),
            identity: identity.clone(),
            since: *since,
            refreshing: *refreshing,
            paused: *paused,
        }
    }
}

impl From<PlainTokens> for KeptTokens {
    fn from(plain: PlainTokens) -> Self {
        let PlainTokens { access, refresh, expires, scope, identity, since, refreshing, paused } = plain;
        let secret = |text: String, label: &str| Text::secret(text, &Arc::from(label));
        let tokens = ProviderTokens {
            access: secret(access, "accessToken"),
            refresh: refresh.map(|text| secret(text, "refreshToken")),
            expires,
            scope: scope.map(|text| secret(text, "grantedScope")),
        };
        Self { tokens, identity, since, refreshing, paused }
    }
}

/// The tokens in plain, to be sealed with an identity whose address has to be proven first.
pub(crate) fn as_plain(tokens: &ProviderTokens, now: i64) -> PlainTokens {
    KeptTokens::of_login(tokens.clone(), "", now).to_plain()
}

/// Where the tokens of a person belong. A row of the storage that is moved elsewhere does not open, and neither does one that was kept while
/// the provider's file pointed elsewhere.
pub(crate) struct TokenBinding([Box<str>; 5]);

impl TokenBinding {
    pub(crate) fn new(context: &RequestContext, live_provider: &LiveProvider, uid: &str) -> Self {
        let (store, provider) = (&context.live_store().store, &live_provider.provider);
        let mut facts = provider.empty_facts();
        for (fact, value) in live_provider.installation(&store.public_url).values {
            facts.set(fact, value);
        }
        let origin = provider.refresh_origin(&facts).into();
        Self([store.name.clone(), uid.into(), provider.key.clone(), live_provider.fingerprint.pinned.clone(), origin])
    }

    /// Seals tokens; `None` if they are too long to be kept.
    pub(crate) fn seal(&self, context: &RequestContext, kept: &KeptTokens) -> Option<String> {
        let plain = serde_json::to_vec(&kept.to_plain()).ok().filter(|plain| plain.len() <= LONGEST)?;
        Some(context.app().for_apps.tokens.seal(&self.parts(), &plain, random::bytes()))
    }

    /// Opens tokens that were sealed for this place.
    pub(crate) fn open(&self, context: &RequestContext, sealed: &str) -> Option<KeptTokens> {
        let plain = context.app().for_apps.tokens.open(&self.parts(), sealed)?;
        serde_json::from_slice::<PlainTokens>(&plain).ok().map(KeptTokens::from)
    }

    fn parts(&self) -> [&str; 5] {
        self.0.each_ref().map(|part| &**part)
    }
}

/// Whether an app of the store may fetch the tokens of a provider. Otherwise they are not kept.
pub(crate) fn are_wanted(context: &RequestContext, live_provider: &LiveProvider) -> bool {
    context.live_store().apps.iter().any(|app| app.may_fetch_tokens_of(&live_provider.provider.name))
}

/// Which apps of the store may fetch the tokens of which providers.
pub(crate) fn fetchers(context: &RequestContext) -> TokenFetchers {
    let snapshot = context.live_store().providers.snapshot();
    // A file that is not live has its own name as its key, unless it says otherwise; its tokens are fetched by no app.
    let key = |name: &str| snapshot.provider(name).map_or_else(|| name.into(), |live_provider| live_provider.provider.key.clone());
    let of_app = |app: &Arc<ClientApp>| app.token_providers.iter().map(|name| (app.name.clone(), key(name))).collect::<Vec<_>>();
    TokenFetchers(context.live_store().apps.iter().flat_map(of_app).collect())
}

/// Keeps the tokens of a login that has signed a person in, or linked an identity. Without them apps get none, so a failure only leaves a
/// trace.
pub(crate) async fn keep(
    context: &RequestContext,
    live_provider: &LiveProvider,
    identity: &Identity,
    (uid, sid): (&str, &str),
    tokens: &ProviderTokens,
) {
    if !are_wanted(context, live_provider) {
        return;
    }
    let (store, provider) = (&context.live_store().store.name, &live_provider.provider);
    let kept = KeptTokens::of_login(tokens.clone(), &identity.id, context.now());
    match write(context, live_provider, (uid, sid), kept).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!(store = &**store, provider = &*provider.name, "the provider's tokens are too long to be kept"),
        Err(StorageUnavailable) => {
            tracing::warn!(store = &**store, provider = &*provider.name, "the provider's tokens could not be kept");
        }
    }
}

/// Writes the tokens of a login; `false` if they are too long. Many providers give a refresh token at the first login only, so that of the
/// same person stays. A refresh may be under way with it, so it is replaced only as it was found.
async fn write(
    context: &RequestContext,
    live_provider: &LiveProvider,
    (uid, sid): (&str, &str),
    mut kept: KeptTokens,
) -> Result<bool, StorageUnavailable> {
    let (store, provider) = (&context.live_store().store.name, &live_provider.provider);
    let (binding, directory) = (TokenBinding::new(context, live_provider, uid), &context.app().directory);
    let can_refresh = provider.call(provider.refresh_position()).is_some();
    let find = FindProviderTokens { store: store.clone(), uid: uid.into(), provider: provider.key.clone() };
    let gives_none = kept.tokens.refresh.is_none() && can_refresh;
    for _ in 0..if gives_none { MOST_TRIES } else { 0 } {
        let Some(found) = directory.read(find.clone()).await? else { break };
        let before = binding.open(context, &found.sealed).filter(|before| before.identity == kept.identity);
        let Some(before) = before.filter(|before| before.tokens.refresh.is_some()) else { break };
        kept =
            KeptTokens { tokens: ProviderTokens { refresh: before.tokens.refresh, ..kept.tokens }, refreshing: before.refreshing, ..kept };
        let Some(sealed) = binding.seal(context, &kept) else { return Ok(false) };
        let (store, uid, provider, until) = (store.clone(), uid.into(), provider.key.clone(), kept.until(can_refresh));
        if directory.write(ReplaceProviderTokens { store, uid, provider, before: found.sealed, sealed, until }).await? {
            return Ok(true);
        }
        kept.tokens.refresh = None;
    }
    let Some(sealed) = binding.seal(context, &kept) else { return Ok(false) };
    let keep = KeepProviderTokens {
        store: store.clone(),
        uid: uid.into(),
        provider: provider.key.clone(),
        provider_id: kept.identity.clone(),
        sid: sid.into(),
        until: kept.until(can_refresh),
        sealed,
    };
    directory.write(keep).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_kept_until_they_expire_or_as_long_as_they_can_be_refreshed() {
        let until = |refresh: bool, expires: Option<i64>, can_refresh: bool| {
            let secret = |text: &str| Text::secret(text, &Arc::from("token"));
            let tokens = ProviderTokens { access: secret("a"), refresh: refresh.then(|| secret("r")), expires, scope: None };
            KeptTokens::of_login(tokens, "1", 1000).until(can_refresh) - 1000
        };

        for (refresh, expires, can_refresh, expected) in [
            (true, Some(4600), true, LONGEST_KEPT),
            (true, None, true, LONGEST_KEPT),
            (true, Some(4600), false, 3600),
            (false, Some(4600), true, 3600),
            (false, Some(i64::MAX), false, LONGEST_KEPT),
            (false, None, true, LONGEST_KEPT),
        ] {
            assert_eq!(until(refresh, expires, can_refresh), expected, "{refresh} {expires:?} {can_refresh}");
        }
    }
}
