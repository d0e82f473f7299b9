//! The endpoints of client apps: the store as an OpenID provider. `apps` decides; here is HTTP.

pub(crate) mod after_logout; //     the return to an app after the logout at the provider
pub(crate) mod app_access; //       the apps with access, on `/account`
pub mod app_seals; //               the keys that protect what apps are given
pub(crate) mod app_token; //        access and ID tokens: what they say, and how they are checked
pub(crate) mod authentication; //   an app proves who it is
pub(crate) mod authorization_reply; // the answer to an app through the browser
pub(crate) mod authorize; //        `/authorize`
pub(crate) mod client_assertion; // `private_key_jwt`
pub(crate) mod consent; //          the person agrees that an app gets access
pub(crate) mod cross_origin; //     which pages may read the answers
pub(crate) mod discovery; //        what the store publishes as an issuer
pub(crate) mod end_session; //      `/end-session`
pub(crate) mod granted_tokens; //   the tokens of a grant
pub(crate) mod form_as_query; //    a form of another site
pub(crate) mod fresh_tokens; //     access tokens that were issued a moment ago
pub(crate) mod introspect; //       `/introspect`
pub(crate) mod kept_request; //     a request that waits for the person to sign in
pub mod logout_delivery; //         apps learn of ended sessions
pub(crate) mod login_for_app; //    a login keeps to what the request of an app asks for
pub(crate) mod oauth_error; //      errors for programs
pub(crate) mod oauth_form; //       the parameters of a program
pub(crate) mod provider_token; //   `/apps/tokens/{provider}`
pub(crate) mod refusals; //         refused requests in the audit
pub(crate) mod revoke; //           `/revoke`
pub(crate) mod token; //            `/token`
pub(crate) mod token_claims; //     what tokens say of a person
pub(crate) mod token_refresh; //    kept tokens of providers, refreshed once
pub(crate) mod token_exchange; //   `/token` by a token of the provider
pub(crate) mod token_identity; //   the person in an access token
pub(crate) mod userinfo; //         `/userinfo`

use crate::web::account;
use crate::web::route_table::{RouteRow, page};

/// The largest form of a program: tokens that it hands in may be long.
const LARGEST_FORM: usize = 32 * 1024;

/// Every route of client apps.
pub(crate) fn routes() -> Vec<RouteRow> {
    vec![
        page("/.well-known/openid-configuration").get_and_head(discovery::document).also_inside(),
        page("/.well-known/oauth-authorization-server").get_and_head(discovery::document).also_inside(),
        page("/authorize").get(authorize::by_query).post(authorize::by_form),
        page("/authorize/{request}").get(authorize::resume).post(consent::submit),
        page("/end-session").get(end_session::by_query).post(end_session::by_form).largest_body(LARGEST_FORM),
        page("/end-session/confirm").get_and_head(end_session::redirect_to_page).post(end_session::confirm),
        page("/account/apps/end").get_and_head(account::redirect_to_page).post(app_access::end),
        page("/token").post(token::token).options(cross_origin::preflight).largest_body(LARGEST_FORM),
        page("/userinfo").get(userinfo::userinfo).post(userinfo::userinfo).options(cross_origin::preflight),
        page("/apps/tokens/{provider}").get(provider_token::hand_out).options(cross_origin::preflight),
        page("/introspect").post(introspect::introspect).also_inside().largest_body(LARGEST_FORM),
        page("/revoke").post(revoke::revoke).options(cross_origin::preflight).largest_body(LARGEST_FORM),
    ]
}
