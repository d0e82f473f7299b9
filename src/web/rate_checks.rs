//! The limits of a request: what its client may do at its store. `rate_limits` counts.

use crate::pages::ErrorCause;
use crate::web::rate_limits::{RateLimitKind, app_bucket};
use crate::web::request_context::{FORWARDED_FOR, RequestContext, client_address};
use crate::web::user_facing_error::UserFacingError;

/// How many times the requests of a visitor an app may send that proved who it is.
const APP_SHARE: u32 = 20;

impl RequestContext {
    /// Takes one request from the budget of the client.
    pub(crate) fn check_rate_limit(&self, kind: RateLimitKind) -> Result<(), UserFacingError> {
        let Some(rates) = self.live_store().store.rates else { return Ok(()) };
        let per_minute = match kind {
            // A page costs little and is loaded often.
            RateLimitKind::Page | RateLimitKind::Editor => rates.login.saturating_mul(12),
            RateLimitKind::Login => rates.login,
            RateLimitKind::Callback | RateLimitKind::WrongProof => rates.callback,
            RateLimitKind::Mail => rates.mail,
            RateLimitKind::Session => rates.session,
            RateLimitKind::Auth => rates.auth,
            RateLimitKind::App => rates.session.saturating_mul(APP_SHARE),
        };
        let from = client_address(self.request(), self.live_store());
        // Services and proxies of the store send the requests of many shoppers.
        let is_behind = self.request().headers().contains_key(FORWARDED_FOR);
        let is_ours = !is_behind && (from.is_loopback() || self.live_store().store.is_proxy(from));
        if is_ours && matches!(kind, RateLimitKind::Session | RateLimitKind::Auth) {
            return Ok(());
        }
        let taken = self.app().limits.take(kind, self.live_store().number, from, per_minute, self.now().saturating_mul(1000));
        taken.map_err(|seconds| self.refuse_too_many(kind, seconds))
    }

    /// Takes one request from the budget of an app that proved who it is.
    pub(crate) fn check_app_rate_limit(&self, app: &str) -> Result<(), UserFacingError> {
        let Some(rates) = self.live_store().store.rates else { return Ok(()) };
        let (rate, now) = (rates.session.saturating_mul(APP_SHARE), self.now().saturating_mul(1000));
        let taken = self.app().limits.take(RateLimitKind::App, self.live_store().number, app_bucket(app), rate, now);
        taken.map_err(|seconds| self.refuse_too_many(RateLimitKind::App, seconds))
    }

    /// Refuses an address from which too many apps did not prove who they are.
    pub(crate) fn check_wrong_proofs(&self) -> Result<(), UserFacingError> {
        let Some(rates) = self.live_store().store.rates else { return Ok(()) };
        let (from, now) = (client_address(self.request(), self.live_store()), self.now().saturating_mul(1000));
        let wait = self.app().limits.wait(RateLimitKind::WrongProof, self.live_store().number, from, rates.callback, now);
        wait.map_or(Ok(()), |seconds| Err(self.refuse_too_many(RateLimitKind::WrongProof, seconds)))
    }

    fn refuse_too_many(&self, kind: RateLimitKind, seconds: u64) -> UserFacingError {
        self.app().metrics.limits.count(kind.word());
        ErrorCause::TooMany { seconds }.into()
    }
}
