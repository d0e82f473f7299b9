//! What a page offers to sign in with: the providers, unless they refuse the browser, a code by e-mail, and passkeys.

use crate::pages::{InAppBrowser, InAppNotice};
use crate::stores::live::LiveProvider;
use crate::web::apps::login_for_app::LoginForApp;
use crate::web::request_context::RequestContext;
use actix_web::http::header::USER_AGENT;
use std::sync::Arc;

pub(crate) struct SignInOffer {
    /// The providers that can be used in this browser.
    pub(crate) live_providers: Vec<Arc<LiveProvider>>,
    /// Whether a code by e-mail is offered.
    pub(crate) email_code: bool,
    /// Whether passkeys are offered.
    pub(crate) passkey: bool,
    /// Where this is the browser of an app, the providers that refuse it.
    pub(crate) in_app: Option<InAppNotice>,
}

impl SignInOffer {
    /// The offer of a page at this path, to a person who may sign in for an app.
    pub(crate) fn new(context: &RequestContext, for_app: Option<&LoginForApp>, here: &str) -> Self {
        let live_store = context.live_store();
        let live_providers = for_app.map_or_else(|| live_store.providers_with_button(), |for_app| for_app.providers(context));
        let email_code = for_app.map_or_else(|| live_store.offers_email_code(), |for_app| for_app.offers_email_code(context));
        let passkey = for_app.map_or_else(|| live_store.offers_passkeys(), |for_app| for_app.offers_passkeys(context));
        let Some(browser) = in_app_browser(context) else { return Self { live_providers, email_code, passkey, in_app: None } };
        let (refusing, live_providers): (Vec<_>, Vec<_>) =
            live_providers.into_iter().partition(|live_provider| live_provider.listed.refuses_embedded_browsers);
        let in_app = (!refusing.is_empty()).then(|| InAppNotice {
            browser,
            refused: refusing.iter().map(|live_provider| live_provider.listed.title.to_string()).collect(),
            // The request of an app waits in this browser, and another one would not find it.
            address: for_app.is_none().then(|| format!("{}{here}", live_store.store.public_url)),
        });
        // The browsers of apps have no passkeys.
        Self { live_providers, email_code, passkey: false, in_app }
    }

    /// Whether there is something else than one provider.
    pub(crate) fn has_others(&self) -> bool {
        self.live_providers.len() > 1 || self.email_code || self.passkey
    }

    /// Whether there is something else than passkeys.
    pub(crate) fn has_others_than_passkey(&self) -> bool {
        !self.live_providers.is_empty() || self.email_code
    }
}

/// Whether a provider refuses sign-ins in the browser of this request.
pub(crate) fn is_refused_here(context: &RequestContext, live_provider: &LiveProvider) -> bool {
    live_provider.listed.refuses_embedded_browsers && in_app_browser(context).is_some()
}

/// Whether the request comes from the browser of an app.
pub(crate) fn is_in_app(context: &RequestContext) -> bool {
    in_app_browser(context).is_some()
}

/// The browser of an app from which the request comes, if it is one.
fn in_app_browser(context: &RequestContext) -> Option<InAppBrowser> {
    InAppBrowser::of_user_agent(context.header(USER_AGENT)?)
}
