//! The broker over HTTP: every route on one screen, one file an end point.

pub(crate) mod account;
pub mod app;
pub mod request_context;
pub(crate) mod assets;
pub mod attempt_cookies;
pub(crate) mod background_tasks;
pub(crate) mod callback_attempt;
pub(crate) mod callback;
pub mod cookies;
pub(crate) mod login_failure;
pub(crate) mod forms;
pub mod forward_auth;
pub(crate) mod headers;
pub(crate) mod health;
pub(crate) mod rate_limits;
pub(crate) mod login_page;
pub(crate) mod logout;
pub(crate) mod metrics;
pub(crate) mod storage_sync;
pub(crate) mod provider_client;
pub(crate) mod prove;
pub(crate) mod user_facing_error;
pub(crate) mod server;
pub mod live_config;
pub(crate) mod session;
pub mod signing_keys;
pub(crate) mod start;
pub(crate) mod http_rejection;

use crate::pages::ErrorCause;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{UserFacingError, method_not_allowed};
use actix_web::dev::Service as _;
use actix_web::guard::{Any, Get, Head};
use actix_web::http::Method;
use actix_web::web::{self, Data, PayloadConfig, ServiceConfig};
use actix_web::{HttpResponse, Resource, Route};
use std::future::Future;

/// Every route.
pub fn routes(config: &mut ServiceConfig) {
    // Asked on every request of every storefront, so nothing is wrapped around it.
    config.service(web::resource(["/auth", "/auth/{below:.*}"]).to(forward_auth::check));
    let probe = |path| web::resource(path).default_service(web::to(health::method_not_allowed));
    config.service(probe("/health/live").route(web::route().guard(Any(Get()).or(Head())).to(health::live)));
    config.service(probe("/health/ready").route(web::route().guard(Any(Get()).or(Head())).to(health::ready)));
    config.route("/metrics", web::get().to(health::metrics));
    let pages = web::scope("").wrap_fn(|request, service| {
        let answering = service.call(request);
        async {
            let mut answer = answering.await?;
            let app = answer.request().app_data::<Data<app::App>>().cloned();
            let serving = app.as_ref().map(|app| app.live_config());
            let front = serving.as_ref().and_then(|serving| request_context::store_for_host(answer.request(), serving)).cloned();
            headers::add_security_headers(answer.headers_mut(), front.as_deref().map(|front| &*front.store));
            Ok(answer)
        }
    });
    config.service(
        pages
            .service(page_resource("/login", "GET, HEAD", [get_or_head(login_page::show)]))
            .service(page_resource("/login/{provider}", "GET", [get(start::start)]))
            .service(page_resource("/callback/{provider}", "GET, POST", [get(callback::by_query), post(callback::by_form_post)]))
            .service(page_resource("/callback/{provider}/{state}", "GET, POST", [get(callback::by_query), post(callback::by_form_post)]))
            .service(page_resource("/session", "GET, HEAD", [get_or_head(session::current_session)]))
            .service(page_resource("/session/validate", "POST", [post(session::validate)]))
            .service(page_resource("/logout", "POST", [post(logout::logout)]))
            .service(page_resource("/account", "GET, HEAD", [get_or_head(account::show)]))
            .service(page_resource(
                "/account/link/{provider}",
                "GET, HEAD, POST",
                [get_or_head(account::redirect_to_page), post(account::link)],
            ))
            .service(page_resource("/account/unlink", "GET, HEAD, POST", [get_or_head(account::redirect_to_page), post(account::unlink)]))
            .service(page_resource(
                "/account/sign-out",
                "GET, HEAD, POST",
                [get_or_head(account::redirect_to_page), post(account::sign_out)],
            ))
            .service(page_resource("/prove", "GET, HEAD", [get_or_head(prove::show)]))
            .service(page_resource(
                "/prove/address",
                "GET, HEAD, POST",
                [get_or_head(prove::redirect_to_page), post(prove::submit_address)],
            ))
            .service(page_resource("/prove/again", "GET, HEAD, POST", [get_or_head(prove::redirect_to_page), post(prove::resend_code)]))
            .service(page_resource("/prove/code", "GET, HEAD, POST", [get_or_head(prove::redirect_to_page), post(prove::submit_code)]))
            .service(page_resource("/providers", "GET, HEAD", [get_or_head(assets::providers)]))
            .service(page_resource("/embed.js", "GET, HEAD", [get_or_head(assets::embed)]))
            .service(page_resource("/style.css", "GET, HEAD", [get_or_head(assets::style)]))
            .service(page_resource("/lab.css", "GET, HEAD", [get_or_head(assets::lab_style)]))
            .service(page_resource("/lab.js", "GET, HEAD", [get_or_head(assets::lab_script)]))
            .service(page_resource("/look.css", "GET, HEAD", [get_or_head(assets::store_style)]))
            .service(page_resource("/favicon.ico", "GET, HEAD", [get_or_head(assets::favicon)]))
            .service(page_resource("/logo", "GET, HEAD", [get_or_head(assets::logo)]))
            .service(page_resource("/logo/{provider}", "GET, HEAD", [get_or_head(assets::provider_logo)]))
            .service(page_resource("/.well-known/jwks.json", "GET, HEAD", [get_or_head(assets::jwks)]))
            .service(page_resource("/lab", "GET, HEAD", [get_or_head(crate::lab::handlers::provider_list::show)]))
            .service(page_resource("/lab/incidents", "GET, HEAD", [get_or_head(crate::lab::handlers::incidents::find)]))
            .service(page_resource("/lab/incidents/{code}", "GET, HEAD", [get_or_head(crate::lab::handlers::incidents::show)]))
            .service(page_resource(
                "/lab/incidents/{code}/report.txt",
                "GET, HEAD",
                [get_or_head(crate::lab::handlers::incidents::show_report)],
            ))
            .service(page_resource("/lab/{provider}", "GET, HEAD", [get_or_head(crate::lab::handlers::provider::show)]))
            .service(
                page_resource(
                    "/lab/{provider}/answer",
                    "GET, HEAD, POST",
                    [get_or_head(crate::lab::handlers::pasted_answer::show), post(crate::lab::handlers::pasted_answer::read)],
                )
                .app_data(PayloadConfig::new(crate::lab::handlers::pasted_answer::LARGEST_FORM)),
            )
            .service(page_resource(
                "/lab/{provider}/tests",
                "GET, HEAD, POST",
                [get_or_head(crate::lab::handlers::provider::redirect_to_provider), post(crate::lab::handlers::test_login::start_test)],
            ))
            .service(page_resource("/lab/{provider}/tests/{code}", "GET, HEAD", [get_or_head(crate::lab::handlers::test_story::show)]))
            .service(page_resource(
                "/lab/{provider}/tests/{code}/{file}",
                "GET, HEAD",
                [get_or_head(crate::lab::handlers::test_story::download)],
            ))
            .service(
                web::resource(["/playground", "/playground/{below:.*}"]).to(with_error_page(crate::simulated::playground::handler::answer)),
            )
            .service(
                web::resource(["/simulation/{provider}", "/simulation/{provider}/{below:.*}"])
                    .to(with_error_page(crate::simulated::simulation::handler::answer)),
            )
            .service(page_resource("/", "GET, HEAD", [get_or_head(home)]))
            .default_service(web::to(with_error_page(not_found))),
    );
}

/// The front door leads to the login.
async fn home(_: RequestContext) -> Result<HttpResponse, UserFacingError> {
    Ok(HttpResponse::SeeOther().insert_header(("Location", "/login")).finish())
}

async fn not_found(_: RequestContext) -> Result<HttpResponse, UserFacingError> {
    Err(ErrorCause::NoSuchPage.into())
}

/// A page and its methods; any other is told which there are.
fn page_resource<const MANY: usize>(path: &str, allowed: &'static str, routes: [Route; MANY]) -> Resource {
    let page = routes.into_iter().fold(web::resource(path), Resource::route);
    page.default_service(web::to(move |asked: RequestContext| {
        // Where there is no lab, none of its pages has methods either.
        let is_there = !(crate::lab::handlers::guard::is_closed(&asked) && crate::lab::handlers::is_lab_path(asked.request().path()));
        std::future::ready(if is_there {
            method_not_allowed(&asked, allowed)
        } else {
            UserFacingError::from(ErrorCause::NoSuchPage).into_response(&asked)
        })
    }))
}

fn get<F, A>(handler: F) -> Route
where
    F: Fn(RequestContext) -> A + Clone + 'static,
    A: Future<Output = Result<HttpResponse, UserFacingError>> + 'static,
{
    web::get().to(with_error_page(handler))
}

/// What may be asked for without its body as well.
fn get_or_head<F, A>(handler: F) -> Route
where
    F: Fn(RequestContext) -> A + Clone + 'static,
    A: Future<Output = Result<HttpResponse, UserFacingError>> + 'static,
{
    web::route().guard(Any(Get()).or(Head())).to(with_error_page(handler))
}

fn post<F, A>(handler: F) -> Route
where
    F: Fn(RequestContext) -> A + Clone + 'static,
    A: Future<Output = Result<HttpResponse, UserFacingError>> + 'static,
{
    web::method(Method::POST).to(with_error_page(handler))
}

/// A handler whose refusals are told to whoever asked.
fn with_error_page<F, A>(handler: F) -> impl Fn(RequestContext) -> std::pin::Pin<Box<dyn Future<Output = HttpResponse>>> + Clone + 'static
where
    F: Fn(RequestContext) -> A + Clone + 'static,
    A: Future<Output = Result<HttpResponse, UserFacingError>> + 'static,
{
    move |asked: RequestContext| {
        let answering = handler(asked.clone());
        Box::pin(async move { answering.await.unwrap_or_else(|refused| refused.into_response(&asked)) })
    }
}
