//! `/lab/apps`: the apps of the store, with what their developers need. No secret is shown: only its hash is known here.

use crate::apps::client_app::{AppAuthentication, ClientApp};
use crate::lab::handlers::{self, guard};
use crate::lab::pages::apps::{AppProof, AppView, AppsPage};
use crate::stores::apps::unknown_providers;
use crate::stores::settings::apps::AppSpec;
use crate::vocabulary::diagnostic::printable;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    guard::require_staff(&context)?;
    let live_store = context.live_store();
    let known = live_store.provider_file_names();
    let apps = live_store.store.apps.iter();
    let apps = apps.filter_map(|(name, spec)| Some(app_view(live_store.apps.find(name)?, spec, &known))).collect();
    let page = AppsPage { frame: handlers::lab_frame(&context, "/lab/apps".to_owned()), issuer: &live_store.store.public_url, apps };
    Ok(handlers::page_response(&context, StatusCode::OK, page.render()))
}

fn app_view(app: &ClientApp, spec: &AppSpec, known: &[String]) -> AppView {
    let texts = |texts: &[Box<str>]| texts.iter().map(|text| text.to_string()).collect::<Vec<_>>();
    let proof = match (spec.is_public(), spec.written_keys()) {
        (true, _) => AppProof::Public,
        (false, Some(_)) => AppProof::Keys,
        (false, None) => AppProof::Secret,
    };
    AppView {
        title: printable(app.shown_name()),
        client_id: app.name.to_string(),
        proof,
        is_unusable: matches!(app.authentication, AppAuthentication::Missing),
        grants: app.grants.0.iter().map(|grant| grant.word()).collect(),
        redirect_uris: texts(&app.redirect_uris),
        after_logout: texts(&app.after_logout),
        scopes: texts(&app.scopes),
        signing: app.signing.name(),
        providers: app.providers.as_deref().map(texts),
        unknown_providers: unknown_providers(spec, known).into_iter().map(|provider| printable(provider)).collect(),
    }
}
