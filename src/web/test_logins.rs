//! What a callback needs of the lab when it answers a test login. The lab mounts its part; the broker does not import it.

use crate::login::error::LoginError;
use crate::pages::ErrorCause;
use crate::provider::callback::CallbackParameters;
use crate::stores::live::LiveProvider;
use crate::web::attempt_cookies::{CallbackRequest, Tester};
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{ResponseWithCookies, UserFacingError};
use actix_web::web::Data;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub(crate) type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Finishes logins that support staff only try out.
pub(crate) trait TestLoginHandler: Send + Sync {
    /// Carries a test login to its end, which opens no session.
    fn finish<'a>(
        &'a self,
        context: &'a RequestContext,
        callback_request: &'a CallbackRequest,
        tester: &'a Tester,
        live_provider: &'a Arc<LiveProvider>,
        callback: &'a CallbackParameters,
    ) -> LocalFuture<'a, Result<ResponseWithCookies, UserFacingError>>;

    /// Answers a callback that belongs to no attempt of its browser, if the newest attempt of the browser is a test login: `began` is its
    /// tester and its state.
    fn reject_unmatched<'a>(
        &'a self,
        context: &'a RequestContext,
        live_provider: &'a LiveProvider,
        began: (&'a Tester, &'a str),
        callback: CallbackParameters,
        error: &'a LoginError,
    ) -> LocalFuture<'a, UserFacingError>;

    /// The provider of a text that the test login with this state tries out.
    fn tried(&self, store: &str, state: &str) -> Option<Arc<LiveProvider>>;

    /// The providers of this name whose texts are tried out, the newest first, also after their ends.
    fn tried_as(&self, store: &str, name: &str) -> Vec<Arc<LiveProvider>>;

    /// Forgets a login that cannot be finished.
    fn forget(&self, store: &str, state: &str);
}

/// The providers of this name whose texts staff are trying out, the newest first. Those that have ended count for as long as their attempts
/// would: a second callback leads to what the first one came to.
pub(crate) fn tried_as(context: &RequestContext, name: &str) -> Vec<Arc<LiveProvider>> {
    let handler = test_login_handler(context).ok();
    handler.map(|handler| handler.tried_as(&context.live_store().store.name, name)).unwrap_or_default()
}

/// The provider of the text that a test login of this browser tries out.
pub(crate) fn tried_by(context: &RequestContext, attempt: &CallbackRequest) -> Option<Arc<LiveProvider>> {
    attempt.test.as_ref()?;
    test_login_handler(context).ok()?.tried(&context.live_store().store.name, &attempt.saved.state)
}

/// The handler that the lab has mounted.
pub(crate) fn test_login_handler(context: &RequestContext) -> Result<&dyn TestLoginHandler, UserFacingError> {
    let mounted = context.request().app_data::<Data<dyn TestLoginHandler>>();
    mounted.map(|handler| &***handler).ok_or_else(|| ErrorCause::NoSuchPage.into())
}
