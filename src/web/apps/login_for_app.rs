//! A login for an app: the pages and the logins keep to what the request of the app asks for.

use crate::apps::authorization_request::ResponseMode;
use crate::apps::client_app::ClientApp;
use crate::apps::interaction::{InteractionState, NextStep, next_step};
use crate::login::options::LoginOptions;
use crate::session::Session;
use crate::stores::live::LiveProvider;
use crate::web::apps::kept_request::{self, KeptRequest};
use crate::web::apps::{authorization_reply, authorize};
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use std::sync::Arc;

/// The request of an app for which a person signs in.
pub(crate) struct LoginForApp {
    id: String,
    app: Arc<ClientApp>,
    kept: KeptRequest,
}

/// The app to which a login returns, if it does not return to the store. It is an error if the browser does not keep the request of the app,
/// because the login would lead nowhere.
pub(crate) fn of_return_address(context: &RequestContext, return_to: Option<&str>) -> Result<Option<LoginForApp>, UserFacingError> {
    let public_url = &context.live_store().store.public_url;
    let Some(id) = return_to.and_then(|address| kept_request::id_in_return_address(address, public_url)) else { return Ok(None) };
    let (app, kept) = authorize::find_waiting(context, id)?;
    Ok(Some(LoginForApp { id: id.to_owned(), app, kept }))
}

/// The answer to the app, if the login with which this session has just begun returns to one that needs nothing more of the person. Otherwise,
/// and where the answer is a page, the browser goes to the waiting request, which also says what is wrong.
pub(crate) async fn answer_after_sign_in(context: &RequestContext, return_to: Option<&str>, session: &Session) -> Option<HttpResponse> {
    let LoginForApp { id, app, kept } = of_return_address(context, return_to).ok()??;
    let kept = KeptRequest { signed_in: Some(session.sid.clone()), ..kept };
    if kept.request.reply.mode != ResponseMode::Query || context.require_fresh_revocations().is_err() {
        return None;
    }
    let next = authorize::decide(context, &app, &kept, Some(session), true, false).await.ok()?;
    (next == NextStep::Answer).then(|| authorize::answer(context, &kept.request, session, Some(&id)))
}

impl LoginForApp {
    /// The name of the app, as people read it.
    pub(crate) fn app_name(&self) -> &str {
        self.app.shown_name()
    }

    /// The id of the request.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The origin to which the browser goes in the end.
    pub(crate) fn origin(&self) -> String {
        authorization_reply::origin_of(&self.kept.request.reply.redirect_uri)
    }

    /// The providers among which the person chooses.
    pub(crate) fn providers(&self, context: &RequestContext) -> Vec<Arc<LiveProvider>> {
        authorize::providers_for(context, &self.app, &self.kept.request)
    }

    /// Whether a code that is sent to the person's e-mail address satisfies the request.
    pub(crate) fn offers_email_code(&self, context: &RequestContext) -> bool {
        authorize::offers_email_code(context, &self.app, &self.kept.request)
    }

    /// Whether a passkey satisfies the request.
    pub(crate) fn offers_passkeys(&self, context: &RequestContext) -> bool {
        authorize::offers_passkeys(context, &self.app, &self.kept.request)
    }

    /// Whether a login through this provider satisfies the request.
    pub(crate) fn accepts(&self, context: &RequestContext, live_provider: &LiveProvider) -> bool {
        self.providers(context).iter().any(|allowed| allowed.listed.name == live_provider.listed.name)
    }

    /// Whether the person has to sign in although there is a session.
    pub(crate) fn needs_login(&self, context: &RequestContext, session: &Session) -> bool {
        let KeptRequest { request, signed_in, .. } = &self.kept;
        let at_request = authorize::session_at_request(context, &self.app, request, session);
        let state = InteractionState { signed_in: signed_in.as_deref(), came_back: true, has_consent: true };
        matches!(next_step(request, Some(at_request), state, context.now()), NextStep::SignIn { .. })
    }

    /// What the address of a login asks of the provider, and what the request of the app asks beyond that.
    pub(crate) fn options(&self, live_provider: &LiveProvider, asked: LoginOptions) -> LoginOptions {
        let of_app = authorize::login_options(&self.kept.request, live_provider);
        LoginOptions {
            login_hint: asked.login_hint.or(of_app.login_hint),
            ui_locales: asked.ui_locales.or(of_app.ui_locales),
            reauthenticates: asked.reauthenticates || of_app.reauthenticates,
        }
    }
}
