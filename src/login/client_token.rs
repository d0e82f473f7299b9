//! The client's own token: the first request of a login that carries it takes it from the memory of earlier logins, or has the call made
//! that gets one. Logins that need it at the same time make that call once.

use crate::login::error::LoginError;
use crate::login::trace::{ClientTokenUse, LoginObserver, Trace};
use crate::login::{FetchContext, make_call, record_learned_facts, step_error};
use crate::provider::Provider;
use crate::provider::client_token::cache::{ClientTokenFailure, ClientTokenKey, RoundOutcome, TokenSource};
use crate::provider::client_token::{kept_until, may_be_about_token};
use crate::provider::fact_origin::FactOrigin;
use crate::provider::facts::Facts;
use crate::provider::step::{Step, StepKind};
use crate::provider::step_error::StepError;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::NoAnswer;

/// A call that failed, or the call for the client's token that it needs.
pub(crate) enum FailedCall {
    Itself(StepError),
    ClientToken(Box<ClientTokenFailure>),
}

impl FailedCall {
    /// Why the call itself failed, if its request was begun.
    pub(crate) fn own_error(&self) -> Option<&StepError> {
        match self {
            Self::Itself(error) => Some(error),
            Self::ClientToken(_) => None,
        }
    }

    /// The failure of the login that follows from it.
    pub(crate) fn into_login_error(self, provider: &Provider, step: &Step, facts: &Facts) -> LoginError {
        match self {
            Self::Itself(error) => step_error(provider, step, error, facts),
            Self::ClientToken(failure) => {
                let ClientTokenFailure { error, missing } = *failure;
                LoginError::from_step_error(StepKind::GetClientToken, error, missing.as_ref(), provider)
            }
        }
    }
}

impl From<StepError> for FailedCall {
    fn from(error: StepError) -> Self {
        Self::Itself(error)
    }
}

/// The origin of a token that another login has got: it proves nothing, and nothing is proven of it. A token of this login comes from an
/// answer.
const OF_ANOTHER_LOGIN: FactOrigin = FactOrigin::Several;

/// Makes a call. If its request carries the client's token, the token is there first; and if the provider refuses the token of an earlier
/// login, the call is made once more with a new one, where that does no harm.
pub(crate) async fn make_call_with_token(
    (provider, at, step): (&Provider, usize, &Step),
    facts: &mut Facts,
    context: FetchContext<'_>,
    now: i64,
    (trace, observer): (&mut Trace, &mut dyn LoginObserver),
) -> Result<(), FailedCall> {
    let fact = provider.known.client_token;
    let Some(token_call) = provider.client_token_call().filter(|_| step.carries(fact)) else {
        return Ok(make_call((at, step), facts, context, now, (trace, observer)).await?);
    };
    provide_token((provider, token_call), facts, context, now, (&mut *trace, &mut *observer)).await?;
    if facts.origin(fact) != OF_ANOTHER_LOGIN {
        return Ok(make_call((at, step), facts, context, now, (trace, observer)).await?);
    }
    let before = facts.clone();
    let called = make_call((at, step), facts, context, now, (&mut *trace, &mut *observer)).await;
    let refused_at = trace.exchanges.len().saturating_sub(1);
    let sent = trace.exchanges.last_mut().filter(|exchange| exchange.call == at);
    let status = sent.and_then(|exchange| {
        exchange.client_token = ClientTokenUse::Kept;
        exchange.answer.as_ref().ok().map(|answer| answer.status)
    });
    let (Err(StepError::Refused { .. }), Some(status), Some(refused)) = (&called, status, before.get(fact)) else { return Ok(called?) };
    let is_set_aside =
        may_be_about_token(status) && context.1.client_tokens.set_aside(ClientTokenKey::new(provider, &before), refused, now);
    if !is_set_aside || !step.may_be_repeated(status, &provider.authorization) {
        return Ok(called?);
    }
    let refused = refused.clone();
    let refusal = std::mem::replace(facts, before);
    facts.forget(fact);
    provide_token((provider, token_call), facts, context, now, (&mut *trace, &mut *observer)).await?;
    if facts.get(fact).is_some_and(|token| token.is_same_as(&refused)) {
        // The provider gives no other token, so the refusal stands. The call that failed is the last one of a story.
        *facts = refusal;
        if let Some(calls) = trace.exchanges.get_mut(refused_at..).filter(|calls| !calls.is_empty()) {
            calls.rotate_left(1);
        }
        return Ok(called?);
    }
    if let Some(exchange) = trace.exchanges.get_mut(refused_at) {
        (exchange.client_token, exchange.forgiven) = (ClientTokenUse::Replaced, true);
    }
    let is_kept = facts.origin(fact) == OF_ANOTHER_LOGIN;
    let called = make_call((at, step), facts, context, now, (&mut *trace, observer)).await;
    if let Some(exchange) = trace.exchanges.last_mut().filter(|exchange| is_kept && exchange.call == at) {
        exchange.client_token = ClientTokenUse::Kept;
    }
    Ok(called?)
}

/// Makes the client's token known, unless it is.
async fn provide_token(
    (provider, token_call): (&Provider, (usize, &Step)),
    facts: &mut Facts,
    context: FetchContext<'_>,
    now: i64,
    (trace, observer): (&mut Trace, &mut dyn LoginObserver),
) -> Result<(), FailedCall> {
    let fact = provider.known.client_token;
    if facts.get(fact).is_some() {
        return Ok(());
    }
    let cache = &context.1.client_tokens;
    let key = ClientTokenKey::new(provider, facts);
    let round = match cache.find(key, now) {
        TokenSource::Kept(token) => {
            set_token_of_another_login(token, token_call.1, facts);
            return Ok(());
        }
        TokenSource::Alone => {
            let fetched = fetch_token((provider, token_call), facts, context, now, (trace, observer)).await;
            let (token, until) = fetched.map_err(FailedCall::ClientToken)?;
            cache.keep(key, &token, until, now);
            return Ok(());
        }
        TokenSource::Together(round) => round,
    };
    let mut outcome = match round.0.try_lock() {
        Ok(outcome) => outcome,
        Err(_) => tokio::time::timeout(token_call.1.timeout, round.0.lock()).await.map_err(|_| too_slow(token_call.1))?,
    };
    match &*outcome {
        Some(RoundOutcome::Token(token)) => {
            set_token_of_another_login(token.clone(), token_call.1, facts);
            return Ok(());
        }
        Some(RoundOutcome::Failed(failure)) => return Err(FailedCall::ClientToken(failure.clone())),
        Some(RoundOutcome::NotShared) => drop(outcome),
        None => {
            let before = trace.exchanges.len();
            let fetched = fetch_token((provider, token_call), facts, context, now, (&mut *trace, observer)).await;
            let (end, shared) = match fetched {
                Err(failure) => match cache.fail(key, now) {
                    Some(token) => {
                        trace.exchanges.iter_mut().skip(before).for_each(|exchange| exchange.forgiven = true);
                        set_token_of_another_login(token.clone(), token_call.1, facts);
                        (Ok(()), RoundOutcome::Token(token))
                    }
                    None => (Err(FailedCall::ClientToken(failure.clone())), RoundOutcome::Failed(failure)),
                },
                Ok((token, until)) => {
                    cache.keep(key, &token, until, now);
                    (Ok(()), if until.is_some() { RoundOutcome::Token(token) } else { RoundOutcome::NotShared })
                }
            };
            *outcome = Some(shared);
            return end;
        }
    }
    fetch_token((provider, token_call), facts, context, now, (trace, observer)).await.map(drop).map_err(FailedCall::ClientToken)
}

/// Makes the call for the token, and returns the token with the time until which other logins may use it. Nothing else of the answer
/// becomes known in the login.
async fn fetch_token(
    (provider, (at, step)): (&Provider, (usize, &Step)),
    facts: &mut Facts,
    context: FetchContext<'_>,
    now: i64,
    (trace, observer): (&mut Trace, &mut dyn LoginObserver),
) -> Result<(Text, Option<i64>), Box<ClientTokenFailure>> {
    let (fact, lifetime) = (provider.known.client_token, provider.known.client_token_expires_in);
    let mut own = facts.clone();
    let called = make_call((at, step), &mut own, context, now, (&mut *trace, &mut *observer)).await;
    let lacking = || StepError::MissingFact { fact: Some(fact), place: step.place };
    let token = called.and_then(|()| own.get(fact).cloned().ok_or_else(lacking));
    observer.on_step_finished(Some(at), step, &own, token.as_ref().err());
    let token = token.map_err(|error| {
        let missing = if let StepError::MissingFact { fact: Some(fact), .. } = &error { own.missing_value(*fact).cloned() } else { None };
        Box::new(ClientTokenFailure { error, missing })
    })?;
    record_learned_facts(trace, &own, step);
    facts.learn_secret(fact, token.clone(), own.origin(fact), step.place);
    Ok((token, kept_until(own.get(lifetime), now)))
}

/// The login that makes the call for all has not ended it in time.
fn too_slow(step: &Step) -> FailedCall {
    let error = StepError::NoAnswer(NoAnswer::too_slow(step.timeout));
    FailedCall::ClientToken(Box::new(ClientTokenFailure { error, missing: None }))
}

fn set_token_of_another_login(token: Text, step: &Step, facts: &mut Facts) {
    facts.learn_secret(step.known.client_token, token, OF_ANOTHER_LOGIN, step.place);
}
