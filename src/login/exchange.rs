//! A login without a browser: a program hands in tokens of the provider, and the calls of getUserInfo are made as after a callback.

use crate::login::attempt_text::is_attempt_text;
use crate::login::client_token::make_call_with_token;
use crate::login::documents::fetch_keys_if_due;
use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::trace::{LoginObserver, Trace};
use crate::login::{FetchContext, conclude, make_calls, record_learned_facts, report_finished, step_error};
use crate::provider::Provider;
use crate::provider::exchange::{ExchangeFault, HandedToken};
use crate::provider::facts::Facts;
use crate::provider::fingerprint::ProviderFingerprint;
use crate::provider::identity::Identity;
use crate::provider::signed_token::{last_use, moment_of, unverified_claims};
use crate::provider::step::{Step, StepKind};
use crate::provider::step_error::StepError;
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;
use serde_json::Value;

/// For how long a token counts as used that does not say when it expires, in seconds.
const REMEMBERED: i64 = 30 * 86400;

/// Why a token is refused that a login with a redirect got. Its callback, which is used once, is the only place where it signs a person in.
const OF_A_LOGIN: &str = "it was issued for a login with a redirect, whose callback alone may use it (`nonce`)";

/// What a program hands in.
pub(crate) struct HandedTokens {
    pub(crate) id_token: Option<Text>,
    pub(crate) access_token: Option<Text>,
    pub(crate) nonce: HandedNonce,
}

/// The nonce that an ID token must have.
pub(crate) enum HandedNonce {
    /// The program gives it.
    Given(Text),
    /// The program gives none, so the token must have none.
    None,
    /// The broker made it for the browser that hands the token in. The token must be for the client of the file, and no further one.
    OfBrowser(Text),
    /// It was made where it cannot be learned. The token counts once if it has one.
    Unknown,
}

/// The outcome of an exchange that succeeded.
pub(crate) struct ExchangedIdentity {
    pub(crate) identity: Identity,
    pub(crate) token: ReadToken,
}

/// What a verified token says of itself.
#[derive(Default)]
pub(crate) struct ReadToken {
    /// Set for a token with a nonce, which counts once.
    pub(crate) single_use: Option<SingleUse>,
    /// When the person signed in at the provider, or the latest moment at which that can have been.
    pub(crate) signed_in: Option<i64>,
}

/// What must not be handed in again.
pub(crate) struct SingleUse {
    pub(crate) nonce: Box<str>,
    /// The moment after which the token is refused in any case.
    pub(crate) until: i64,
}

/// One exchange, under way.
pub(crate) struct TokenExchange<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) tokens: &'a HandedTokens,
    pub(crate) context: FetchContext<'a>,
    pub(crate) now: i64,
}

impl TokenExchange<'_> {
    /// Verifies the tokens, calls the provider, and composes the identity. `facts` are those with which an attempt begins.
    pub(crate) async fn run(
        &self,
        mut facts: Facts,
        fingerprint: Option<&ProviderFingerprint>,
        (trace, observer): (&mut Trace, &mut dyn LoginObserver),
    ) -> Result<ExchangedIdentity, LoginError> {
        let Self { provider, tokens, context, now } = self;
        let pinned = fingerprint.map_or_else(|| provider.fingerprint(&facts).pinned.into(), |known| known.pinned.to_string());
        let known = provider.known;
        for of_login in [known.redirect_uri, known.state, known.nonce, known.code_challenge, known.code_verifier] {
            facts.forget(of_login);
        }
        facts.set(known.now, Text::plain(now.to_string()));
        let proof = &provider.exchange.access_token;
        if let Some(token) = &tokens.access_token {
            set_secret(known.access_token, token, &mut facts);
        }
        let mut read = ReadToken::default();
        match (&tokens.id_token, &tokens.access_token) {
            (Some(token), _) => read = self.read_id_token(token, &mut facts, (&mut *trace, &mut *observer)).await?,
            (None, Some(_)) if proof.is_ok() => {}
            (None, _) => return Err(not_exchangeable(proof.as_ref().err().cloned().unwrap_or(ExchangeFault::NoProof))),
        }
        if let (Some(token), Ok(own)) = (&tokens.access_token, proof) {
            self.prove_access_token(own.as_ref(), token, &mut facts, (&mut *trace, &mut *observer)).await?;
            if tokens.id_token.is_none() {
                read = self.read_proven_token(token)?;
            }
        }
        let said = facts.get(known.id).cloned();
        let shows_token = |step: &Step| step.uses_in_request().iter().any(|used| used.fact == known.access_token);
        let has_token = tokens.access_token.is_some();
        let person = || provider.calls_after_callback().filter(|(_, step)| step.kind == StepKind::GetUserInfo);
        let replaces = provider.exchange.id_token.as_ref().is_ok_and(|token| token.replaces_userinfo);
        if !has_token && !replaces && person().any(|(_, step)| shows_token(step) && !step.optional && step.implied.is_none()) {
            return Err(not_exchangeable(ExchangeFault::NeedsAccessToken));
        }
        let calls = person().filter(|(_, step)| has_token || !shows_token(step));
        let userinfo_error = make_calls(provider, calls, &mut facts, *context, *now, (trace, observer)).await?;
        if said.is_some_and(|said| !facts.get(known.id).is_some_and(|id| id.is_same_as(&said))) {
            let why = "the token and the answer of getUserInfo are not about the same person (`id`)".into();
            return Err(LoginError::between_steps(LoginErrorCause::BadToken(why)));
        }
        let identity = conclude(provider, &mut facts, &pinned, userinfo_error)?;
        Ok(ExchangedIdentity { identity, token: read })
    }

    /// Reads the ID token. An access token beside it belongs to it by its hash, unless the file can prove by itself whose it is.
    async fn read_id_token(
        &self,
        token: &Text,
        facts: &mut Facts,
        watching: (&mut Trace, &mut dyn LoginObserver),
    ) -> Result<ReadToken, LoginError> {
        let exchange = &self.provider.exchange;
        let own = exchange.id_token.as_ref().map_err(|fault| not_exchangeable(fault.clone()))?;
        let (wanted_nonce, clients) = match &self.tokens.nonce {
            HandedNonce::Given(nonce) => (Some(nonce), exchange.clients()),
            HandedNonce::OfBrowser(nonce) => (Some(nonce), &[][..]),
            HandedNonce::None | HandedNonce::Unknown => (None, exchange.clients()),
        };
        if let Some(nonce) = wanted_nonce {
            set_secret(self.provider.known.nonce, nonce, facts);
        }
        let requires_hash = self.tokens.access_token.is_some() && exchange.access_token.is_err();
        let signed = own.signed.handed_in(clients, wanted_nonce.is_some(), requires_hash);
        let last_moment = |claims: &Value| signed.last_moment(claims, self.now);
        let read = HandedToken { signed: signed.clone(), ..own.clone() };
        let claims = self.read_token(&read, token, facts, watching).await?;
        let signed_in = moment_of(&claims, "auth_time").or_else(|| moment_of(&claims, "iat")).map(|moment| moment.min(self.now));
        let Some(nonce) = claims.get("nonce").filter(|nonce| !nonce.is_null()) else {
            return Ok(ReadToken { single_use: None, signed_in });
        };
        let why = match (&self.tokens.nonce, nonce.as_str()) {
            (_, Some(text)) if is_attempt_text(text) => OF_A_LOGIN,
            (HandedNonce::Given(_) | HandedNonce::OfBrowser(_) | HandedNonce::Unknown, Some(text)) => {
                let single_use = Some(SingleUse { nonce: text.into(), until: last_moment(&claims) });
                return Ok(ReadToken { single_use, signed_in });
            }
            (HandedNonce::Given(_) | HandedNonce::OfBrowser(_) | HandedNonce::Unknown | HandedNonce::None, _) => {
                "it has a nonce, which must be handed in beside it (`nonce`)"
            }
        };
        Err(step_error(self.provider, &own.step, StepError::BadToken { why: why.into(), place: own.signed.place }, facts))
    }

    /// Reads what a proven access token says of itself, if it is a signed token. One with a nonce may be an ID token: it counts once, as if it
    /// had been handed in as one.
    fn read_proven_token(&self, token: &Text) -> Result<ReadToken, LoginError> {
        let Some(claims) = unverified_claims(token.expose()) else { return Ok(ReadToken::default()) };
        let signed_in = moment_of(&claims, "auth_time").map(|moment| moment.min(self.now));
        let Some(nonce) = claims.get("nonce").filter(|nonce| !nonce.is_null()) else {
            return Ok(ReadToken { single_use: None, signed_in });
        };
        let nonce: Box<str> = nonce.as_str().map_or_else(|| nonce.to_string().into(), Into::into);
        if let HandedNonce::Given(given) | HandedNonce::OfBrowser(given) = &self.tokens.nonce
            && !given.equals(&nonce)
        {
            let why = "it does not have the nonce that was handed in beside it (`nonce`)".into();
            return Err(LoginError::between_steps(LoginErrorCause::BadToken(why)));
        }
        if is_attempt_text(&nonce) {
            return Err(LoginError::between_steps(LoginErrorCause::BadToken(OF_A_LOGIN.into())));
        }
        let until = last_use(&claims).unwrap_or_else(|| self.now.saturating_add(REMEMBERED));
        Ok(ReadToken { single_use: Some(SingleUse { nonce, until }), signed_in })
    }

    /// Proves that the access token was issued to this client, in every way that the file has.
    async fn prove_access_token(
        &self,
        own: Option<&HandedToken>,
        token: &Text,
        facts: &mut Facts,
        (trace, observer): (&mut Trace, &mut dyn LoginObserver),
    ) -> Result<(), LoginError> {
        let Self { provider, context: (fetch, documents), now, .. } = *self;
        if let Some(own) = own {
            let signed = own.signed.handed_in(&[], false, false);
            self.read_token(&HandedToken { signed, ..own.clone() }, token, facts, (&mut *trace, &mut *observer)).await?;
        }
        let Some(words) = &provider.exchange.words else { return Ok(()) };
        if let Some(signed) = &words.signed {
            fetch_keys_if_due(Some((signed, token.expose().to_owned())), facts, fetch, documents, now).await;
            let verified = provider.authorization.verified_claims(signed, token.expose(), facts, documents);
            verified.map_err(|error| LoginError::from_step_error(StepKind::GetUserInfo, error, None, provider))?;
        }
        let Some(ask) = &words.ask else { return Ok(()) };
        let at = provider.calls.len();
        let called = make_call_with_token((provider, at, ask), facts, (fetch, documents), now, (&mut *trace, &mut *observer)).await;
        let answer = trace.exchanges.last().and_then(|exchange| exchange.answer.as_ref().ok());
        let document = answer.and_then(|answer| ask.document(answer));
        let read = called.and_then(|()| Ok(check_active(ask, document.as_ref())?));
        report_finished((at, ask), facts, &read, observer);
        read.map_err(|failed| failed.into_login_error(provider, ask, facts))
    }

    /// Verifies a token as the step does that reads it in a login, and reads the same facts.
    async fn read_token(
        &self,
        own: &HandedToken,
        token: &Text,
        facts: &mut Facts,
        (trace, observer): (&mut Trace, &mut dyn LoginObserver),
    ) -> Result<Value, LoginError> {
        let Self { provider, context: (fetch, documents), now, .. } = *self;
        let step = &own.step;
        set_secret(own.fact, token, facts);
        fetch_keys_if_due(Some((&own.signed, token.expose().to_owned())), facts, fetch, documents, now).await;
        let read = step.read_signed_token(&own.signed, token.expose(), facts, documents);
        observer.on_step_finished(own.call, step, facts, read.as_ref().err());
        let claims = read.map_err(|error| step_error(provider, step, error, facts))?;
        record_learned_facts(trace, facts, step);
        Ok(claims)
    }
}

/// An answer of introspection (RFC 7662) says of a token that has expired, or was revoked, that it is not active.
fn check_active(ask: &Step, answer: Option<&Value>) -> Result<(), StepError> {
    match answer.and_then(|answer| answer.get("active")) {
        None | Some(Value::Bool(true)) => Ok(()),
        Some(Value::String(text)) if text == "true" => Ok(()),
        Some(_) => {
            let why = "the provider says that the access token is not active".into();
            Err(StepError::BadToken { why, place: ask.place })
        }
    }
}

fn set_secret(fact: Slot, token: &Text, facts: &mut Facts) {
    let label = facts.label(fact);
    facts.set(fact, Text::secret(token.expose(), &label));
}

fn not_exchangeable(fault: ExchangeFault) -> LoginError {
    LoginError::between_steps(LoginErrorCause::NotExchangeable(fault))
}
