//! The broker over HTTP: the list of all routes, and one file for each endpoint.

pub(crate) mod account;
pub mod app;
pub mod apps;
pub(crate) mod assets;
pub mod attempt_cookies;
pub(crate) mod background_tasks;
pub(crate) mod bearer_auth;
pub(crate) mod check_answer;
pub(crate) mod callback;
pub(crate) mod callback_attempt;
pub(crate) mod check_counts;
pub(crate) mod connection;
pub mod cookies;
pub(crate) mod complaints;
pub(crate) mod email_code;
pub(crate) mod email_proof;
pub(crate) mod ending;
pub(crate) mod endpoint_hosts;
pub(crate) mod error_page;
pub(crate) mod event_receivers;
pub(crate) mod event_request;
pub(crate) mod exchange;
pub(crate) mod failed_story;
pub(crate) mod forms;
pub(crate) mod fresh_session;
pub mod forward_auth;
pub(crate) mod good_login_comparison;
pub mod good_logins;
pub(crate) mod hand_over;
pub(crate) mod handed_in;
pub(crate) mod headers;
pub(crate) mod health;
pub(crate) mod http_rejection;
pub(crate) mod id_tokens;
pub(crate) mod kept_tokens;
pub mod live_config;
pub(crate) mod login_failure;
pub(crate) mod login_page;
pub(crate) mod login_counts;
pub(crate) mod login_source;
pub(crate) mod logout;
pub(crate) mod metrics;
pub(crate) mod network_reach;
pub(crate) mod one_tap;
pub(crate) mod opener;
pub(crate) mod popup;
pub(crate) mod passkey_account;
pub(crate) mod passkey_form;
pub(crate) mod passkey_list;
pub(crate) mod passkey_offer;
pub(crate) mod passkey_sign_in;
pub(crate) mod prove;
pub(crate) mod presented_tokens;
pub(crate) mod provider_logout;
pub(crate) mod public_paths;
pub(crate) mod rate_checks;
pub(crate) mod rate_limits;
pub(crate) mod reachable_inside;
pub mod request_context;
pub(crate) mod request_framing;
pub(crate) mod request_id;
pub(crate) mod request_trace;
pub(crate) mod rollout;
pub(crate) mod route_table;
pub(crate) mod server;
pub(crate) mod session;
pub(crate) mod session_tokens;
pub(crate) mod mail_limits;
pub(crate) mod mailed_code;
pub(crate) mod settings_complaint;
pub(crate) mod settings_reading;
pub(crate) mod shutdown;
pub(crate) mod sign_in;
pub(crate) mod sign_in_offer;
pub mod signing_keys;
pub(crate) mod start;
pub(crate) mod storage_sync;
pub mod store_events;
pub(crate) mod story_keeping;
pub(crate) mod story_throttle;
pub(crate) mod test_logins;
pub(crate) mod token_cache;
pub(crate) mod unfinished_work;
pub(crate) mod unnamed_proxies;
pub(crate) mod unread_body;
pub(crate) mod user_facing_error;
pub(crate) mod vtex_id;
pub mod workbench_hooks;

use crate::web::request_context::RequestContext;
use crate::web::route_table::{RouteRow, internal, page};
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use actix_web::HttpResponse;

/// The largest form with a logout token.
const LARGEST_LOGOUT: usize = 32 * 1024;

/// Every route of the broker itself.
pub(crate) fn routes() -> Vec<RouteRow> {
    let mut routes = own_routes();
    routes.extend(apps::routes());
    routes.extend(vtex_id::routes());
    routes
}

fn own_routes() -> Vec<RouteRow> {
    vec![
        // Proxies ask these for every request of every storefront, so nothing is wrapped around them.
        internal("/auth").internal_all(forward_auth::check),
        internal("/auth/{below:.*}").internal_all(forward_auth::check),
        internal("/health/live").internal_get_and_head(health::live),
        internal("/health/ready").internal_get_and_head(health::ready),
        internal("/metrics").internal_get(health::metrics),
        page("/login").get_and_head(login_page::show),
        page("/login/email").get_and_head(email_code::show).post(email_code::start),
        page("/login/passkey").get_and_head(passkey_sign_in::show).post(passkey_sign_in::sign_in),
        page("/login/passkey/options").post(passkey_sign_in::options),
        page("/login/{provider}").get(start::by_link).post(start::by_form),
        page("/callback/{provider}").get(callback::by_query).post(callback::by_form_post),
        page("/callback/{provider}/{state}").get(callback::by_query).post(callback::by_form_post),
        page("/login-error").get_and_head(error_page::show),
        page("/session").get_and_head(session::current_session),
        page("/session/validate").post(session::validate).also_inside(),
        page("/session/continue").get(hand_over::go_on),
        page("/session/one-tap").get(one_tap::offer).post(one_tap::accept),
        page("/session/popup").get(popup::finish),
        page("/session/popup.js").get_and_head(popup::script),
        page("/session/redeem").post(hand_over::redeem).options(hand_over::preflight),
        page("/exchange").post(exchange::hand_in).options(exchange::preflight),
        page("/exchange/{provider}").post(exchange::hand_in).options(exchange::preflight),
        page("/logout").post(logout::logout),
        page("/backchannel-logout/{provider}").post(provider_logout::receive).largest_body(LARGEST_LOGOUT),
        page("/account").get_and_head(account::show),
        page("/account/link/{provider}").get_and_head(account::redirect_to_page).post(account::link),
        page("/account/unlink").get_and_head(account::redirect_to_page).post(account::removal::unlink),
        page("/account/undo").get_and_head(account::redirect_to_page).post(account::removal::undo),
        page("/account/sessions/end").get_and_head(account::redirect_to_page).post(account::sessions::end),
        page("/account/data").get_and_head(account::redirect_to_page).post(account::own_data::download),
        page("/account/erase").get_and_head(account::own_data::ask_to_erase).post(account::own_data::erase),
        page("/account/sign-out").get_and_head(account::redirect_to_page).post(account::sign_out),
        page("/account/passkeys/new").get_and_head(passkey_offer::show),
        page("/account/passkeys/options").post(passkey_account::options),
        page("/account/passkeys").get_and_head(account::redirect_to_page).post(passkey_account::add),
        page("/account/passkeys/remove").get_and_head(account::redirect_to_page).post(passkey_account::remove),
        page("/prove").get_and_head(prove::show),
        page("/prove/address").get_and_head(prove::redirect_to_page).post(prove::submit_address),
        page("/prove/again").get_and_head(prove::redirect_to_page).post(prove::resend_code),
        page("/prove/code").get_and_head(prove::redirect_to_page).post(prove::submit_code),
        page("/providers").get_and_head(assets::providers),
        page("/embed.js").get_and_head(assets::embed),
        page("/style.css").get_and_head(assets::style),
        page("/passkey.js").get_and_head(assets::passkey_script),
        page("/favicon.ico").get_and_head(assets::favicon),
        page("/logo").get_and_head(assets::logo),
        page("/logo/{provider}").get_and_head(assets::provider_logo),
        page("/.well-known/jwks.json").get_and_head(assets::jwks).also_inside(),
        page("/").get_and_head(redirect_to_login).left_to_the_store(),
    ]
}

async fn redirect_to_login(_: RequestContext) -> Result<HttpResponse, UserFacingError> {
    Ok(redirect_to("/login"))
}
