//! One login carried from its redirect to its outcome. Callbacks, the lab's test logins and `portaria try` all use it.

use crate::login::attempt::{Attempt, Entropy, InputValues, InstallationValues, RedirectError, SavedAttempt};
use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::exchange::{ExchangedIdentity, HandedTokens, TokenExchange};
use crate::login::provider_tokens::{ProviderTokens, TokenRefresh};
use crate::login::trace::{LoginObserver, Trace};
use crate::login::{Login, discover, drive_observed, prepare};
use crate::provider::Provider;
use crate::provider::callback::CallbackParameters;
use crate::provider::document_cache::DocumentCache;
use crate::provider::fingerprint::ProviderFingerprint;
use crate::provider::identity::Identity;
use crate::provider::step::Step;
use crate::vocabulary::wire::{Fetch, Request};
use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// How many logins may call one provider at the same time.
const MOST_CALLING: Turns = Turns { of_all: 20, of_one: 5 };
/// How many logins may make the calls before the redirect at the same time. They do not take the place of logins that come back.
const MOST_PREPARING: Turns = Turns { of_all: 10, of_one: 3 };
/// How long a login waits until it may call the provider.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// How long all calls of a login may take.
const LONGEST: Duration = Duration::from_secs(25);
/// How long they may take beside the longest one, where the file gives that one much time.
const LONGEST_BESIDES: Duration = Duration::from_secs(10);

/// How many logins may do something at the same time, and how many of them may come from one address of the network, so that no visitor
/// keeps the others out.
#[derive(Clone, Copy)]
struct Turns {
    of_all: usize,
    of_one: usize,
}

/// How many logins may talk to one provider at the same time.
pub(crate) struct ConversationLimits {
    calling: TurnLimits,
    preparing: TurnLimits,
}

impl Default for ConversationLimits {
    fn default() -> Self {
        Self { calling: TurnLimits::new(MOST_CALLING), preparing: TurnLimits::new(MOST_PREPARING) }
    }
}

struct TurnLimits {
    all: Semaphore,
    most_of_one: usize,
    /// The addresses that have a turn, or wait for one.
    of_address: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
}

impl TurnLimits {
    fn new(most: Turns) -> Self {
        Self { all: Semaphore::new(most.of_all), most_of_one: most.of_one, of_address: Mutex::default() }
    }

    /// Waits for the turn of a login of this address; `None` if it does not come in time. Without an address it only counts among all.
    async fn turn(&self, from: Option<IpAddr>) -> Option<(Option<OwnedSemaphorePermit>, SemaphorePermit<'_>)> {
        let of_one = from.map(|from| {
            let mut all = self.of_address.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|_, limit| Arc::strong_count(limit) > 1);
            Arc::clone(all.entry(from).or_insert_with(|| Arc::new(Semaphore::new(self.most_of_one))))
        });
        let turn = async {
            let own = match of_one {
                Some(of_one) => Some(of_one.acquire_owned().await.ok()?),
                None => None,
            };
            Some((own, self.all.acquire().await.ok()?))
        };
        tokio::time::timeout(LONGEST_WAIT, turn).await.ok().flatten()
    }
}

/// The limits of one provider for each of the stores that share its file: the logins of one store do not wait for those of another.
#[derive(Default)]
pub(crate) struct LimitsByStore(Mutex<HashMap<Box<str>, Arc<ConversationLimits>>>);

impl LimitsByStore {
    pub(crate) fn of(&self, store: &str) -> Arc<ConversationLimits> {
        Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(store.into()).or_default())
    }
}

/// The provider of a login, and how it is reached.
#[derive(Clone, Copy)]
pub(crate) struct ConversationParties<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) fetch: &'a dyn Fetch,
    pub(crate) documents: &'a DocumentCache,
    /// Where the file points with the values of this installation, if it was found out before.
    pub(crate) fingerprint: Option<&'a ProviderFingerprint>,
    /// A single login at a terminal has no limits.
    pub(crate) limits: Option<&'a ConversationLimits>,
}

/// Too many logins are talking to the provider already.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProviderBusy;

impl From<ProviderBusy> for LoginError {
    fn from(_: ProviderBusy) -> Self {
        Self::between_steps(LoginErrorCause::TooManyLogins)
    }
}

/// One login at a provider.
pub(crate) struct Conversation<'a> {
    parties: ConversationParties<'a>,
    installation: InstallationValues,
    pub(crate) attempt: Attempt,
}

impl<'a> Conversation<'a> {
    /// Begins a new attempt.
    pub(crate) fn begin(
        parties: ConversationParties<'a>,
        installation: InstallationValues,
        entropy: &Entropy,
        inputs: InputValues,
        now: i64,
    ) -> Self {
        let attempt = Attempt::new(parties.provider, &installation, entropy, now, inputs);
        Self { parties, installation, attempt }
    }

    /// Continues an attempt that the browser has kept.
    pub(crate) fn resume(parties: ConversationParties<'a>, installation: InstallationValues, saved: SavedAttempt) -> Self {
        let attempt = Attempt::resume(parties.provider, &installation, saved);
        Self { parties, installation, attempt }
    }

    /// Fetches the issuer's document if it is due.
    pub(crate) async fn refresh_document(&self, now: i64) {
        let ConversationParties { provider, fetch, documents, .. } = self.parties;
        let known = self.attempt.facts_without_discovery(provider, &self.installation);
        discover(provider, &known, fetch, documents, now).await;
    }

    /// Makes the calls before the redirect, if the file has any, and keeps what they read in the attempt. `from` is the address of the
    /// network from which the login comes.
    pub(crate) async fn prepare(
        &mut self,
        from: Option<IpAddr>,
        now: i64,
        observer: &mut dyn LoginObserver,
    ) -> (Trace, Result<(), RedirectError>) {
        let ConversationParties { provider, fetch, documents, limits, .. } = self.parties;
        let preparing = pin!(prepare(&mut self.attempt, (provider, &self.installation), (fetch, documents), now, observer));
        let calls = provider.calls_before_redirect();
        let failed = |cause| (Trace::default(), Err(RedirectError::Prepare(Box::new(LoginError::before_calls(cause)))));
        let turns = limits.filter(|_| !calls.is_empty()).map(|limits| &limits.preparing);
        let longest = longest_time(calls.iter().chain(token_call(provider)));
        match in_turn(turns, from, longest, preparing).await {
            Ok(prepared) => prepared.unwrap_or_else(|| failed(LoginErrorCause::OutOfTime(longest))),
            Err(ProviderBusy) => failed(LoginErrorCause::TooManyLogins),
        }
    }

    /// The request that the browser carries to the provider.
    pub(crate) fn authorization_request(&self) -> Result<Request, RedirectError> {
        self.attempt.redirect_request(self.parties.provider, &self.installation, self.parties.documents)
    }

    /// Accepts a callback that answers the attempt; `path_state` is the state from the address of the callback.
    pub(crate) fn accept<'c>(&self, callback: &'c CallbackParameters, path_state: Option<&str>, now: i64) -> Result<Login<'c>, LoginError>
    where
        'a: 'c,
    {
        let ConversationParties { provider, documents, fingerprint, .. } = self.parties;
        let login = self.attempt.accept(provider, &self.installation, callback, path_state, documents, now)?;
        Ok(match fingerprint {
            Some(fingerprint) => login.pinned_to(fingerprint),
            None => login,
        })
    }

    /// Talks to the provider until there is an identity or an error. `from` is the address of the network from which the callback comes.
    pub(crate) async fn drive(
        &self,
        login: Login<'_>,
        from: Option<IpAddr>,
        observer: &mut dyn LoginObserver,
    ) -> Result<(Trace, Result<Identity, LoginError>), ProviderBusy> {
        let ConversationParties { provider, fetch, documents, limits, .. } = self.parties;
        let longest = longest_time(provider.calls_after_callback().map(|(_, step)| step).chain(token_call(provider)));
        // It is large, and every future that owned it would be as large again.
        let driving = pin!(drive_observed(observer, login, fetch, documents));
        let driven = in_turn(limits.map(|limits| &limits.calling), from, longest, driving).await?;
        Ok(driven.unwrap_or_else(|| (Trace::default(), Err(LoginError::between_steps(LoginErrorCause::OutOfTime(longest))))))
    }

    /// Exchanges tokens that a program hands in for an identity. `from` is the address of the network from which they come.
    pub(crate) async fn exchange(
        &self,
        tokens: &HandedTokens,
        from: Option<IpAddr>,
        now: i64,
        observer: &mut dyn LoginObserver,
    ) -> Result<(Trace, Result<ExchangedIdentity, LoginError>), ProviderBusy> {
        let ConversationParties { provider, fetch, documents, limits, fingerprint } = self.parties;
        let facts = match self.attempt.initial_facts(provider, &self.installation, documents) {
            Ok(facts) => facts,
            Err(fault) => return Ok((Trace::default(), Err(LoginError::before_calls(LoginErrorCause::NoDocument(fault))))),
        };
        let ask = provider.call(provider.calls.len());
        let longest = longest_time(provider.calls_after_callback().map(|(_, step)| step).chain(ask).chain(token_call(provider)));
        let mut trace = Trace::default();
        let exchange = TokenExchange { provider, tokens, context: (fetch, documents), now };
        let outcome = {
            // It is large, as in `drive`.
            let running = pin!(exchange.run(facts, fingerprint, (&mut trace, observer)));
            in_turn(limits.map(|limits| &limits.calling), from, longest, running).await?
        };
        let outcome = outcome.unwrap_or_else(|| Err(LoginError::between_steps(LoginErrorCause::OutOfTime(longest))));
        Ok((trace, outcome))
    }

    /// Refreshes tokens that were kept of an earlier login. `from` is the address of the network from which an app asks for them.
    pub(crate) async fn refresh(
        &self,
        tokens: &ProviderTokens,
        from: Option<IpAddr>,
        now: i64,
        observer: &mut dyn LoginObserver,
    ) -> Result<(Trace, Result<ProviderTokens, LoginError>), ProviderBusy> {
        let ConversationParties { provider, fetch, documents, limits, .. } = self.parties;
        let (mut trace, step) = (Trace::default(), provider.call(provider.refresh_position()));
        let facts = self.attempt.initial_facts(provider, &self.installation, documents);
        let (step, facts) = match (step, facts) {
            (Some(step), Ok(facts)) => (step, facts),
            (_, Err(fault)) => return Ok((trace, Err(LoginError::between_steps(LoginErrorCause::NoDocument(fault))))),
            (None, Ok(_)) => return Ok((trace, Err(LoginError::between_steps(LoginErrorCause::FileChanged)))),
        };
        let longest = longest_time([step].into_iter().chain(token_call(provider)));
        let refresh = TokenRefresh { provider, step, tokens, context: (fetch, documents), now };
        let outcome = {
            // It is large, as in `drive`.
            let running = pin!(refresh.run(facts, (&mut trace, observer)));
            in_turn(limits.map(|limits| &limits.calling), from, longest, running).await?
        };
        Ok((trace, outcome.unwrap_or_else(|| Err(LoginError::between_steps(LoginErrorCause::OutOfTime(longest))))))
    }
}

/// Awaits calls once it is the turn of this address; `None` if they take longer than they may together. Without limits they have all
/// the time.
async fn in_turn<T>(
    limits: Option<&TurnLimits>,
    from: Option<IpAddr>,
    longest: Duration,
    calls: impl Future<Output = T>,
) -> Result<Option<T>, ProviderBusy> {
    let Some(limits) = limits else { return Ok(Some(calls.await)) };
    let _turn = limits.turn(from).await.ok_or(ProviderBusy)?;
    Ok(tokio::time::timeout(longest, calls).await.ok())
}

/// The call for the client's own token, which any request of a login may need.
fn token_call(provider: &Provider) -> Option<&Step> {
    provider.client_token_call().map(|(_, step)| step)
}

/// How long all of these calls may take together.
fn longest_time<'s>(calls: impl IntoIterator<Item = &'s Step>) -> Duration {
    let longest_call = calls.into_iter().map(|step| step.timeout).max().unwrap_or_default();
    LONGEST.max(longest_call.saturating_add(LONGEST_BESIDES))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll, Waker};

    /// Attack N-05
    #[tokio::test]
    async fn one_address_does_not_take_the_turn_of_the_others() {
        let all = ConversationLimits::default();
        for (limits, most) in [(&all.preparing, MOST_PREPARING), (&all.calling, MOST_CALLING)] {
            let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
            let mut turns = Vec::new();
            for _ in 0..most.of_one {
                turns.push(limits.turn(Some(one)).await.expect("there is room"));
            }
            let mut waiting = pin!(limits.turn(Some(one)));
            assert!(matches!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
            assert!(limits.turn(Some(other)).await.is_some());

            turns.pop();

            assert!(waiting.await.is_some());
        }
    }

    #[test]
    fn a_call_before_the_redirect_gets_the_time_that_the_file_gives_it() {
        let file = "name: Acme
getAuthorizationCode:
  get: https://sso.acme.example/entrar
  prepare: { post: \"https://sso.acme.example/par\", timeout: 30s, read: { requestUri: $.request_uri } }
  query: { client_id: \"${clientId}\", request_uri: \"${requestUri}\" }
getAccessCode: { post: \"https://sso.acme.example/token\" }
getUserInfo: { get: \"https://sso.acme.example/me\" }
";
        let source = crate::vocabulary::place::Source::new("acme.yaml", file);
        let provider =
            crate::provider::compile(&source, crate::provider::InstallationContext { loopback: false }).0.expect("the file is right");

        assert!(longest_time(provider.calls_before_redirect()) > Duration::from_secs(30));
    }
}
