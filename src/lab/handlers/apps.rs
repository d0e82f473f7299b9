//! `/lab/apps`: the apps of the store with what their developers need, the requests that were refused, and a check of a request that is
//! pasted. No secret is shown: only its hash is known here.

use crate::apps::authorization_request::{AuthorizationParameters, RefusedRequest, UnanswerableRequest, read_authorization_request};
use crate::apps::client_app::{AppAuthentication, ClientApp};
use crate::directory::audit::{AuditEvent, AuditEventKind, ListAppRefusals};
use crate::lab::handlers::test_story::format_moment;
use crate::lab::handlers::{self, app_trial, guard};
use crate::lab::pages::apps::{AppProof, AppRefusalView, AppRequestVerdict, AppView, AppsPage};
use crate::lab::pages::frame::LabTab;
use crate::stores::apps::unknown_providers;
use crate::stores::live::LiveProvider;
use crate::stores::settings::apps::AppSpec;
use crate::vocabulary::diagnostic::printable;
use crate::web::forms;
use crate::web::live_config::LiveStore;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use std::sync::Arc;

/// The path of the page.
pub(crate) const PAGE: &str = "/lab/apps";
/// How many refused requests are listed.
const MOST_REFUSALS: usize = 20;
/// The longest pasted address.
const LONGEST_ADDRESS: usize = 12 * 1024;

pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    guard::require_staff(&context)?;
    apps_page(&context, None).await
}

/// What would become of the request that was pasted.
pub(crate) async fn check(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    guard::require_staff(&context)?;
    let form = forms::verified_form(&context, &guard::form_binding(&context), PAGE)?;
    let verdict = judge(context.live_store(), form.field("address")?.unwrap_or_default().trim());
    apps_page(&context, Some(verdict)).await
}

async fn apps_page(context: &RequestContext, verdict: Option<AppRequestVerdict>) -> Result<HttpResponse, UserFacingError> {
    let live_store = context.live_store();
    let known = live_store.names_for_apps();
    let apps = live_store.store.apps.iter();
    let apps: Vec<AppView> = apps.filter_map(|(name, spec)| Some(app_view(context, live_store.apps.find(name)?, spec, &known))).collect();
    let refusals = if apps.is_empty() {
        Vec::new()
    } else {
        let newest = ListAppRefusals { store: live_store.store.name.clone(), most: MOST_REFUSALS };
        context.app().directory.read(newest).await?.iter().map(refusal_view).collect()
    };
    let page = AppsPage {
        frame: handlers::lab_frame(context, LabTab::Providers, PAGE.to_owned()),
        issuer: &live_store.store.public_url,
        apps,
        refusals,
        verdict,
        csrf_token: forms::csrf_token(context, &guard::form_binding(context)),
    };
    Ok(handlers::page_response(context, StatusCode::OK, page.render()))
}

fn refusal_view(event: &AuditEvent) -> AppRefusalView {
    let because = event.because.as_deref().unwrap_or_default();
    let reason = match event.what {
        AuditEventKind::AppReused if because == "code" => "reused_code",
        AuditEventKind::AppReused => "reused_refresh_token",
        _ => because,
    };
    AppRefusalView { when: format_moment(event.at), app: event.evidence.as_deref().map(printable), reason: printable(reason) }
}

/// Judges an authorization request as `/authorize` would. An ID token in it is not looked at.
fn judge(live_store: &LiveStore, typed: &str) -> AppRequestVerdict {
    let (address, query) = typed.split('#').next().unwrap_or_default().split_once('?').unwrap_or(("", typed));
    let parameters: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    if typed.len() > LONGEST_ADDRESS || !parameters.iter().any(|(name, _)| name == "client_id" || name == "response_type") {
        return AppRequestVerdict::NoRequest;
    }
    if !address.is_empty() && address != format!("{}/authorize", live_store.store.public_url) {
        return AppRequestVerdict::OtherAddress(printable(address));
    }
    let parameters = AuthorizationParameters(&parameters);
    match read_authorization_request(&parameters, |name| live_store.apps.find(name).cloned(), |_, _| Some("".into())) {
        Ok((app, request)) => AppRequestVerdict::Fine { app: printable(app.shown_name()), scope: printable(&request.scope) },
        Err(RefusedRequest::Answered(_, error)) => {
            AppRequestVerdict::Refused { reason: error.code.to_owned(), description: Some(error.description), addresses: None }
        }
        Err(RefusedRequest::Unanswerable(why)) => {
            let app = parameters.value("client_id").and_then(|name| live_store.apps.find(name));
            let asked = parameters.value("redirect_uri").filter(|_| why == UnanswerableRequest::UnknownRedirectUri);
            let nearest = |asked: &str| app?.redirect_uris.iter().min_by_key(|known| strsim::levenshtein(known, asked)).cloned();
            let addresses = asked.and_then(|asked| Some((printable(asked), printable(&nearest(asked)?))));
            AppRequestVerdict::Refused { reason: why.word().to_owned(), description: None, addresses }
        }
    }
}

fn app_view(context: &RequestContext, app: &ClientApp, spec: &AppSpec, known: &[String]) -> AppView {
    let texts = |texts: &[Box<str>]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let proof = match (spec.is_public(), spec.written_keys()) {
        (true, _) => AppProof::Public,
        (false, Some(_)) => AppProof::Keys,
        (false, None) => AppProof::Secret,
    };
    let request = app_trial::request_of(context, app);
    let tested_at = request.map(|request| app_trial::providers_to_test(context, app, &request)).unwrap_or_default();
    let choice = |at: &Arc<LiveProvider>| (at.provider.name.to_string(), printable(&at.provider.title));
    AppView {
        tested_at: tested_at.iter().map(choice).collect(),
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
