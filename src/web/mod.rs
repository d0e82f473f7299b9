//! The broker over HTTP: every route on one screen, one file an end point.

pub mod account;
pub mod app;
pub mod asked;
pub mod assets;
pub mod attempts;
pub mod background;
pub mod brought;
pub mod callback;
pub mod cookies;
pub mod failed;
pub mod forms;
pub mod forward_auth;
pub mod headers;
pub mod health;
pub mod lab;
pub mod limits;
pub mod login_page;
pub mod logout;
pub mod metrics;
pub mod news;
pub mod outgoing;
pub mod playground;
pub mod prove;
pub mod refused;
pub mod server;
pub mod serving;
pub mod session;
pub mod signing;
pub mod simulation;
pub mod start;
pub mod unserved;

use crate::pages::Cause;
use crate::web::asked::Asked;
use crate::web::refused::{Refused, wrong_method};
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
    let probe = |path| web::resource(path).default_service(web::to(health::only_looked_at));
    config.service(probe("/health/live").route(web::route().guard(Any(Get()).or(Head())).to(health::live)));
    config.service(probe("/health/ready").route(web::route().guard(Any(Get()).or(Head())).to(health::ready)));
    config.route("/metrics", web::get().to(health::metrics));
    let pages = web::scope("").wrap_fn(|request, service| {
        let answering = service.call(request);
        async {
            let mut answer = answering.await?;
            let app = answer.request().app_data::<Data<app::App>>().cloned();
            let serving = app.as_ref().map(|app| app.serving());
            let front = serving.as_ref().and_then(|serving| asked::front_of(answer.request(), serving)).cloned();
            headers::guard(answer.headers_mut(), front.as_deref().map(|front| &*front.store));
            Ok(answer)
        }
    });
    config.service(
        pages
            .service(at("/login", "GET, HEAD", [look(login_page::show)]))
            .service(at("/login/{provider}", "GET", [get(start::start)]))
            .service(at("/callback/{provider}", "GET, POST", [get(callback::by_address), post(callback::by_form)]))
            .service(at("/callback/{provider}/{state}", "GET, POST", [get(callback::by_address), post(callback::by_form)]))
            .service(at("/session", "GET, HEAD", [look(session::who)]))
            .service(at("/session/validate", "POST", [post(session::validate)]))
            .service(at("/logout", "POST", [post(logout::logout)]))
            .service(at("/account", "GET, HEAD", [look(account::show)]))
            .service(at("/account/link/{provider}", "GET, HEAD, POST", [look(account::back), post(account::link)]))
            .service(at("/account/unlink", "GET, HEAD, POST", [look(account::back), post(account::unlink)]))
            .service(at("/account/sign-out", "GET, HEAD, POST", [look(account::back), post(account::sign_out)]))
            .service(at("/prove", "GET, HEAD", [look(prove::show)]))
            .service(at("/prove/address", "GET, HEAD, POST", [look(prove::back), post(prove::address_typed)]))
            .service(at("/prove/again", "GET, HEAD, POST", [look(prove::back), post(prove::again)]))
            .service(at("/prove/code", "GET, HEAD, POST", [look(prove::back), post(prove::code_typed)]))
            .service(at("/providers", "GET, HEAD", [look(assets::providers)]))
            .service(at("/embed.js", "GET, HEAD", [look(assets::embed)]))
            .service(at("/style.css", "GET, HEAD", [look(assets::style)]))
            .service(at("/lab.css", "GET, HEAD", [look(assets::lab_style)]))
            .service(at("/lab.js", "GET, HEAD", [look(assets::lab_script)]))
            .service(at("/look.css", "GET, HEAD", [look(assets::look)]))
            .service(at("/favicon.ico", "GET, HEAD", [look(assets::favicon)]))
            .service(at("/logo", "GET, HEAD", [look(assets::logo)]))
            .service(at("/logo/{provider}", "GET, HEAD", [look(assets::provider_logo)]))
            .service(at("/.well-known/jwks.json", "GET, HEAD", [look(assets::jwks)]))
            .service(at("/lab", "GET, HEAD", [look(lab::list::show)]))
            .service(at("/lab/incidents", "GET, HEAD", [look(lab::incidents::find)]))
            .service(at("/lab/incidents/{code}", "GET, HEAD", [look(lab::incidents::show)]))
            .service(at("/lab/incidents/{code}/report.txt", "GET, HEAD", [look(lab::incidents::told)]))
            .service(at("/lab/{provider}", "GET, HEAD", [look(lab::provider::show)]))
            .service(
                at("/lab/{provider}/answer", "GET, HEAD, POST", [look(lab::answer::show), post(lab::answer::read)])
                    .app_data(PayloadConfig::new(lab::answer::LARGEST_FORM)),
            )
            .service(at("/lab/{provider}/tests", "GET, HEAD, POST", [look(lab::provider::back), post(lab::test_login::begin)]))
            .service(at("/lab/{provider}/tests/{code}", "GET, HEAD", [look(lab::stories::show)]))
            .service(at("/lab/{provider}/tests/{code}/{file}", "GET, HEAD", [look(lab::stories::file)]))
            .service(web::resource(["/playground", "/playground/{below:.*}"]).to(told(playground::answer)))
            .service(web::resource(["/simulation/{provider}", "/simulation/{provider}/{below:.*}"]).to(told(simulation::answer)))
            .service(at("/", "GET, HEAD", [look(home)]))
            .default_service(web::to(told(nowhere))),
    );
}

/// The front door leads to the login.
async fn home(_: Asked) -> Result<HttpResponse, Refused> {
    Ok(HttpResponse::SeeOther().insert_header(("Location", "/login")).finish())
}

async fn nowhere(_: Asked) -> Result<HttpResponse, Refused> {
    Err(Cause::NoSuchPage.into())
}

/// A page and its methods; any other is told which there are.
fn at<const MANY: usize>(path: &str, allowed: &'static str, routes: [Route; MANY]) -> Resource {
    let page = routes.into_iter().fold(web::resource(path), Resource::route);
    page.default_service(web::to(move |asked: Asked| {
        // Where there is no lab, none of its pages has methods either.
        let is_there = !(lab::guard::is_closed(&asked) && lab::is_below(asked.request().path()));
        std::future::ready(if is_there { wrong_method(&asked, allowed) } else { Refused::from(Cause::NoSuchPage).answer(&asked) })
    }))
}

fn get<F, A>(handler: F) -> Route
where
    F: Fn(Asked) -> A + Clone + 'static,
    A: Future<Output = Result<HttpResponse, Refused>> + 'static,
{
    web::get().to(told(handler))
}

/// What may be asked for without its body as well.
fn look<F, A>(handler: F) -> Route
where
    F: Fn(Asked) -> A + Clone + 'static,
    A: Future<Output = Result<HttpResponse, Refused>> + 'static,
{
    web::route().guard(Any(Get()).or(Head())).to(told(handler))
}

fn post<F, A>(handler: F) -> Route
where
    F: Fn(Asked) -> A + Clone + 'static,
    A: Future<Output = Result<HttpResponse, Refused>> + 'static,
{
    web::method(Method::POST).to(told(handler))
}

/// A handler whose refusals are told to whoever asked.
fn told<F, A>(handler: F) -> impl Fn(Asked) -> std::pin::Pin<Box<dyn Future<Output = HttpResponse>>> + Clone + 'static
where
    F: Fn(Asked) -> A + Clone + 'static,
    A: Future<Output = Result<HttpResponse, Refused>> + 'static,
{
    move |asked: Asked| {
        let answering = handler(asked.clone());
        Box::pin(async move { answering.await.unwrap_or_else(|refused| refused.answer(&asked)) })
    }
}
