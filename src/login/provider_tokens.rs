//! The provider's own tokens of a login, where the file keeps them: what they are, and how they are refreshed.

use crate::login::error::LoginError;
use crate::login::trace::{LoginObserver, Trace};
use crate::login::{FetchContext, make_calls, step_error};
use crate::provider::Provider;
use crate::provider::fact_origin::FactOrigin;
use crate::provider::facts::Facts;
use crate::provider::step::{Step, StepKind};
use crate::provider::step_error::StepError;
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;

/// The longest lifetime of an access token that is believed, in seconds: a year.
const LONGEST_LIFETIME: i64 = 366 * 86_400;

/// The tokens that a provider gave for a person.
#[derive(Clone, Debug)]
pub(crate) struct ProviderTokens {
    pub(crate) access: Text,
    pub(crate) refresh: Option<Text>,
    /// When the access token expires, if the provider says so.
    pub(crate) expires: Option<i64>,
    pub(crate) scope: Option<Text>,
}

impl ProviderTokens {
    /// The tokens among the facts of a login, if the file keeps them and there is an access token.
    pub(crate) fn among(facts: &Facts, provider: &Provider, now: i64) -> Option<Self> {
        provider.keeping.as_ref()?;
        let fact = |name: &str| facts.get(provider.names.find(name)?).cloned();
        // Some providers write 0 for a token that does not expire.
        let lifetime = fact("expiresIn").and_then(|text| text.as_number()).filter(|seconds| (1..=LONGEST_LIFETIME).contains(seconds));
        Some(Self {
            access: facts.get(provider.known.access_token)?.clone(),
            refresh: fact("refreshToken"),
            expires: lifetime.map(|seconds| now.saturating_add(seconds)),
            scope: fact("grantedScope"),
        })
    }
}

/// A refresh, under way.
pub(crate) struct TokenRefresh<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) step: &'a Step,
    pub(crate) tokens: &'a ProviderTokens,
    pub(crate) context: FetchContext<'a>,
    pub(crate) now: i64,
}

impl TokenRefresh<'_> {
    /// Calls the provider, and gives the new tokens. `facts` are those with which an attempt begins.
    pub(crate) async fn run(
        &self,
        mut facts: Facts,
        (trace, observer): (&mut Trace, &mut dyn LoginObserver),
    ) -> Result<ProviderTokens, LoginError> {
        let Self { provider, step, tokens, context, now } = *self;
        let known = provider.known;
        for of_login in [known.redirect_uri, known.nonce, known.code_challenge, known.code_verifier] {
            facts.forget(of_login);
        }
        facts.set(known.now, Text::plain(now.to_string()));
        let mut set = |fact: Option<Slot>, token: Option<&Text>| {
            if let (Some(fact), Some(token)) = (fact, token) {
                facts.set(fact, token.clone());
            }
        };
        set(Some(known.access_token), Some(&tokens.access));
        set(provider.names.find("refreshToken"), tokens.refresh.as_ref());
        set(provider.names.find("grantedScope"), tokens.scope.as_ref());
        let call = std::iter::once((provider.refresh_position(), step));
        make_calls(provider, call, &mut facts, context, now, (trace, observer)).await?;
        // What the answer lacks stays as it was, except the token itself.
        let is_new = facts.origin(known.access_token) != FactOrigin::Broker;
        let refreshed = ProviderTokens::among(&facts, provider, now).filter(|_| is_new);
        refreshed.ok_or_else(|| {
            let missing = StepError::MissingFact { fact: Some(known.access_token), place: step.place };
            step_error(provider, step, missing, &facts)
        })
    }
}

/// Whether a refused refresh means that the tokens are over for good (RFC 6749, 5.2).
pub(crate) fn ends_tokens(error: &LoginError) -> bool {
    error.step == Some(StepKind::GetAccessCode) && error.refusal().is_some_and(|refusal| refusal.code.as_str() == "invalid_grant")
}

/// Whether the provider refused, rather than being out of reach or out of order.
pub(crate) fn is_refused(error: &LoginError) -> bool {
    error.refusal().is_some_and(|refusal| {
        let is_passing = ["temporarily_unavailable", "server_error", "slow_down", "429"].contains(&refusal.code.as_str());
        !refusal.code.is_server_error() && !is_passing
    })
}
