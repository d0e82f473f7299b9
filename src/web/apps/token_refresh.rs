//! The kept tokens of a person for an app, refreshed when they have less than a minute left.
//!
//! A provider may accept a refresh token once, so one broker refreshes at a time. It takes a lease: the same tokens, sealed anew with the
//! moment until which it refreshes them, replace those that it found. The others wait for its result. A broker that dies holds the lease
//! until that moment.

use crate::directory::StorageUnavailable;
use crate::directory::kept_tokens::{FindProviderTokens, FindTokensForApp, ForgetProviderTokens, ReplaceProviderTokens, TokensForApp};
use crate::login::attempt::Entropy;
use crate::login::conversation::Conversation;
use crate::login::error::LoginError;
use crate::login::provider_tokens::{ProviderTokens, ends_tokens, is_refused};
use crate::login::trace::Trace;
use crate::stores::live::LiveProvider;
use crate::story::watch::LoginWatch;
use crate::web::apps::oauth_error::OAuthError;
use crate::web::kept_tokens::{KeptTokens, TokenBinding};
use crate::web::login_failure;
use crate::web::request_context::RequestContext;
use crate::world::traces::in_current_span;
use crate::world::{clock, random};
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument as _;

/// An access token with less than this left is refreshed, in seconds.
const SOON: i64 = 60;
/// An access token of which the provider does not say when it expires is refreshed after this time, in seconds.
const ASSUMED_LIFETIME: i64 = 3600;
/// How long one broker may refresh: the longest conversation with a provider, and how far the clocks of two machines may be apart.
const LEASE: i64 = 120;
/// How long no refresh is tried after the provider was out of reach, and after it has refused, in seconds.
const PAUSE: i64 = 5;
const PAUSE_AFTER_REFUSAL: i64 = 60;
/// How long a request waits for a refresh by another.
const LONGEST_WAIT: Duration = Duration::from_secs(12);
const POLL: Duration = Duration::from_millis(100);
/// How often the result of a refresh is written, where storage fails or another login keeps tokens at the same moment.
const MOST_WRITES: usize = 5;

/// Whose tokens an app fetches, and by which access of the app.
#[derive(Clone)]
pub(crate) struct TokenOwner {
    pub(crate) context: RequestContext,
    pub(crate) live_provider: Arc<LiveProvider>,
    pub(crate) grant: Box<str>,
    pub(crate) app: Box<str>,
    pub(crate) uid: Box<str>,
}

/// What is to be done with kept tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TokenState {
    /// The access token can be handed out.
    Usable,
    /// It has to be refreshed first.
    Due,
    /// A broker refreshes it.
    Refreshing,
    /// The provider has just failed; the next refresh is in so many seconds.
    Paused(i64),
    /// It has expired, and cannot be refreshed.
    Over,
}

fn state(kept: &KeptTokens, can_refresh: bool, now: i64) -> TokenState {
    let is_refreshable = can_refresh && kept.tokens.refresh.is_some();
    let assumed = || is_refreshable.then(|| kept.since.saturating_add(ASSUMED_LIFETIME));
    let left = kept.tokens.expires.or_else(assumed).map_or(i64::MAX, |expires| expires.saturating_sub(now));
    if now >= kept.until(can_refresh) {
        TokenState::Over
    } else if left >= SOON || !is_refreshable {
        TokenState::Usable
    } else if kept.refreshing > now {
        TokenState::Refreshing
    } else if kept.paused > now {
        if is_alive(kept, now) { TokenState::Usable } else { TokenState::Paused(kept.paused.saturating_sub(now)) }
    } else {
        TokenState::Due
    }
}

/// Whether the provider has not said that the access token has expired by now.
fn is_alive(kept: &KeptTokens, now: i64) -> bool {
    kept.tokens.expires.is_none_or(|expires| now < expires)
}

impl TokenOwner {
    /// The tokens, refreshed if they are due.
    pub(crate) async fn current_tokens(&self) -> Result<KeptTokens, OAuthError> {
        let began = clock::instant();
        loop {
            let (sealed, kept) = self.find().await?;
            match state(&kept, self.can_refresh(), clock::now()) {
                TokenState::Usable => return Ok(kept),
                TokenState::Over => {
                    self.forget(sealed).await?;
                    return Err(OAuthError::no_tokens());
                }
                TokenState::Paused(seconds) => return Err(OAuthError::provider_unavailable(seconds)),
                TokenState::Refreshing if began.elapsed() < LONGEST_WAIT => tokio::time::sleep(POLL).await,
                TokenState::Refreshing if is_alive(&kept, clock::now()) => return Ok(kept),
                TokenState::Refreshing => return Err(OAuthError::provider_unavailable(PAUSE)),
                // Others replace the tokens all the time, or they are too long to be kept.
                TokenState::Due if began.elapsed() >= LONGEST_WAIT => return Err(OAuthError::provider_unavailable(PAUSE)),
                TokenState::Due => {
                    let leased = KeptTokens { refreshing: clock::now().saturating_add(LEASE), ..kept };
                    if let Some(lease) = self.replace(sealed, &leased).await? {
                        return self.refresh_to_the_end(lease, leased).await;
                    }
                    tokio::time::sleep(POLL).await;
                }
            }
        }
    }

    /// Refreshes in a task of its own, so that an app that hangs up does not lose the refresh token that the provider gives.
    async fn refresh_to_the_end(&self, lease: String, leased: KeptTokens) -> Result<KeptTokens, OAuthError> {
        let (owner, mark) = (self.clone(), self.context.app().unfinished.begin());
        let refreshing = async move {
            let refreshed = owner.refresh(lease, leased).await;
            drop(mark);
            refreshed
        };
        let task = actix_web::rt::spawn(in_current_span(refreshing.in_current_span()));
        task.await.unwrap_or(Err(OAuthError::unavailable()))
    }

    async fn refresh(&self, lease: String, leased: KeptTokens) -> Result<KeptTokens, OAuthError> {
        let mut watch = LoginWatch::traced(&self.live_provider.provider);
        let (trace, outcome) = self.call_provider(&leased.tokens, &mut watch).await;
        let error = match outcome {
            Ok(tokens) => {
                self.put(lease, &leased, tokens).await?;
                // Only what is still kept is handed out: the person may have been blocked, and the identity removed.
                return self.find().await.map(|(_, kept)| kept);
            }
            Err(error) => error,
        };
        login_failure::in_refresh(&self.context, &self.live_provider, &error, (&trace, &watch)).await;
        if ends_tokens(&error) {
            self.forget(lease).await?;
            return Err(OAuthError::no_tokens());
        }
        let is_refused = is_refused(&error);
        let now = clock::now();
        let pause = if is_refused { PAUSE_AFTER_REFUSAL } else { PAUSE };
        let paused = KeptTokens { refreshing: 0, paused: now.saturating_add(pause), ..leased };
        let is_kept = self.replace(lease, &paused).await?.is_some();
        match is_kept && is_alive(&paused, now) {
            true => self.find().await.map(|(_, kept)| kept),
            false if is_refused => Err(OAuthError::no_tokens()),
            false => Err(OAuthError::provider_unavailable(pause)),
        }
    }

    async fn call_provider(&self, tokens: &ProviderTokens, watch: &mut LoginWatch) -> (Trace, Result<ProviderTokens, LoginError>) {
        let Self { context, live_provider, .. } = self;
        let (client, now) = (context.client_of(live_provider), clock::now());
        let installation = live_provider.installation(&context.live_store().store.public_url);
        let conversation = Conversation::begin(live_provider.parties(&client), installation, &Entropy(random::bytes()), Vec::new(), now);
        conversation.refresh_document(now).await;
        // The requests of an app come from one address, whose share of the calls is that of one visitor.
        let refreshed = conversation.refresh(tokens, None, now, watch).await;
        refreshed.unwrap_or_else(|busy| (Trace::default(), Err(busy.into())))
    }

    /// Keeps refreshed tokens. A login may have kept others meanwhile; if it went on with the refresh token that is spent now, these take
    /// their place.
    async fn put(&self, mut before: String, used: &KeptTokens, tokens: ProviderTokens) -> Result<(), OAuthError> {
        let next = KeptTokens { tokens, identity: used.identity.clone(), since: clock::now(), refreshing: 0, paused: 0 };
        let spent = used.tokens.refresh.as_ref();
        for _ in 0..MOST_WRITES {
            match self.replace(before.clone(), &next).await {
                Ok(Some(_)) => return Ok(()),
                Ok(None) => {
                    let (store, uid, provider) = (self.store(), self.uid.clone(), self.live_provider.provider.key.clone());
                    let found = self.context.app().directory.read(FindProviderTokens { store, uid, provider }).await?;
                    let Some(found) = found else { return Ok(()) };
                    let refresh = self.binding().open(&self.context, &found.sealed).and_then(|kept| kept.tokens.refresh);
                    if !refresh.as_ref().zip(spent).is_some_and(|(kept, spent)| kept.is_same_as(spent)) {
                        return Ok(());
                    }
                    before = found.sealed;
                }
                // The refresh token is spent, so the new one is worth another try.
                Err(StorageUnavailable) => tokio::time::sleep(POLL).await,
            }
        }
        tracing::error!(provider = &*self.live_provider.provider.name, "refreshed tokens of a provider could not be kept");
        Err(OAuthError::unavailable())
    }

    /// The tokens as they are kept now, if the app still has access to the person.
    async fn find(&self) -> Result<(String, KeptTokens), OAuthError> {
        let find = FindTokensForApp {
            store: self.store(),
            grant: self.grant.clone(),
            app: self.app.clone(),
            uid: self.uid.clone(),
            provider: self.live_provider.provider.key.clone(),
        };
        let found = match self.context.app().directory.read(find).await? {
            TokensForApp::AccessEnded => return Err(OAuthError::invalid_token()),
            TokensForApp::None => return Err(OAuthError::no_tokens()),
            TokensForApp::Kept(found) => found,
        };
        if let Some(kept) = self.binding().open(&self.context, &found.sealed) {
            return Ok((found.sealed, kept));
        }
        self.forget(found.sealed).await?;
        Err(OAuthError::no_tokens())
    }

    /// Replaces tokens by others unless they were replaced meanwhile, and answers with the new ones as they are sealed.
    async fn replace(&self, before: String, kept: &KeptTokens) -> Result<Option<String>, StorageUnavailable> {
        let Some(sealed) = self.binding().seal(&self.context, kept) else { return Ok(None) };
        let replace = ReplaceProviderTokens {
            store: self.store(),
            uid: self.uid.clone(),
            provider: self.live_provider.provider.key.clone(),
            before,
            sealed: sealed.clone(),
            until: kept.until(self.can_refresh()),
        };
        Ok(self.context.app().directory.write(replace).await?.then_some(sealed))
    }

    async fn forget(&self, before: String) -> Result<(), StorageUnavailable> {
        let (store, uid, provider) = (self.store(), self.uid.clone(), self.live_provider.provider.key.clone());
        self.context.app().directory.write(ForgetProviderTokens { store, uid, provider, before }).await
    }

    fn can_refresh(&self) -> bool {
        let provider = &self.live_provider.provider;
        provider.call(provider.refresh_position()).is_some()
    }

    fn store(&self) -> Box<str> {
        self.context.live_store().store.name.clone()
    }

    fn binding(&self) -> TokenBinding {
        TokenBinding::new(&self.context, &self.live_provider, &self.uid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::text::Text;

    #[test]
    fn tokens_are_refreshed_when_they_have_less_than_a_minute_left() {
        let kept = |refresh: bool, expires: Option<i64>, (refreshing, paused): (i64, i64)| {
            let secret = |text: &str| Text::secret(text, &Arc::from("token"));
            let tokens = ProviderTokens { access: secret("a"), refresh: refresh.then(|| secret("r")), expires, scope: None };
            KeptTokens { tokens, identity: "1".into(), since: 0, refreshing, paused }
        };
        for (refresh, expires, held, can_refresh, now, expected) in [
            (true, Some(3600), (0, 0), true, 3540, TokenState::Usable),
            (true, Some(3600), (0, 0), true, 3541, TokenState::Due),
            (true, Some(3600), (0, 0), true, 99_999, TokenState::Due),
            (true, Some(3600), (3660, 0), true, 3541, TokenState::Refreshing),
            (true, Some(3600), (3660, 0), true, 3660, TokenState::Due),
            (true, Some(3600), (0, 3560), true, 3550, TokenState::Usable),
            (true, Some(3600), (0, 3610), true, 3600, TokenState::Paused(10)),
            (true, Some(3600), (0, 3610), true, 3610, TokenState::Due),
            (true, Some(3600), (0, 0), false, 3599, TokenState::Usable),
            (true, Some(3600), (0, 0), false, 3600, TokenState::Over),
            (false, Some(3600), (0, 0), true, 3599, TokenState::Usable),
            (false, Some(3600), (0, 0), true, 3600, TokenState::Over),
            (false, None, (0, 0), true, 9_999_999, TokenState::Usable),
            (false, None, (0, 0), true, 99_999_999, TokenState::Over),
            (true, None, (0, 0), true, 3540, TokenState::Usable),
            (true, None, (0, 0), true, 3541, TokenState::Due),
            (true, None, (0, 9999), true, 3600, TokenState::Usable),
            (true, None, (0, 0), false, 3600, TokenState::Usable),
        ] {
            assert_eq!(state(&kept(refresh, expires, held), can_refresh, now), expected, "{refresh} {expires:?} {held:?} {now}");
        }
    }
}
