//! One row for each route: its path, a handler for each of its methods, and whether visitors reach it through a proxy. `Allow`, the
//! answer to any other method, the list of all routes and the paths in the proxies' files are made from it.

use crate::pages::ErrorCause;
use crate::web::error_page::{error_response, method_not_allowed};
use crate::web::headers::KeepsOpener;
use crate::web::reachable_inside::ReachableInside;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::web::{app, headers};
use actix_web::dev::Service as _;
use actix_web::guard::{Any, Get, Head, Options};
use actix_web::http::header::{ALLOW, HeaderMap, SET_COOKIE};
use actix_web::web::{self, Data, PayloadConfig, ServiceConfig};
use actix_web::{Handler, HttpMessage as _, HttpResponse, Resource, Responder, Route};
use std::future::Future;
use std::pin::Pin;

/// Methods that one handler answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RouteMethods {
    Get,
    /// `GET`, and `HEAD` for the same answer without its body.
    GetAndHead,
    Post,
    /// What a browser asks before a page of another origin sends a request.
    Options,
    /// The handler judges the method itself.
    All,
}

/// A path and its handlers.
pub(crate) struct RouteRow {
    pub(crate) path: &'static str,
    handlers: Vec<(RouteMethods, Route)>,
    largest_body: Option<usize>,
    /// Whether methods without a handler are answered as if the path did not exist.
    is_hidden: Option<fn(&RequestContext) -> bool>,
    /// Whether it is a page: with the error pages and the headers of all pages.
    is_page: bool,
    /// Whether a proxy in front of a store sends it to the broker, and not to the store.
    is_public: bool,
    /// Whether services inside the network reach it under a host of theirs.
    is_reachable_inside: bool,
    /// Adds headers to every answer of the path, errors as well.
    adds: Option<AnswerHeaders>,
}

/// Adds headers to an answer.
pub(crate) type AnswerHeaders = fn(&RequestContext, &mut HeaderMap);

/// A path with the error pages and the headers of all pages. Visitors reach it through the proxy in front of a store.
pub(crate) fn page(path: &'static str) -> RouteRow {
    RouteRow {
        path,
        handlers: Vec::new(),
        largest_body: None,
        is_hidden: None,
        is_page: true,
        is_public: true,
        is_reachable_inside: false,
        adds: None,
    }
}

/// The same, with headers that every answer of the path gets.
pub(crate) fn page_with_headers(path: &'static str, adds: AnswerHeaders) -> RouteRow {
    RouteRow { adds: Some(adds), ..page(path) }
}

/// A path for proxies and for the operator, which no proxy sends on: without the error pages and the extra work of pages.
pub(crate) fn internal(path: &'static str) -> RouteRow {
    RouteRow { is_page: false, is_public: false, ..page(path) }
}

impl RouteRow {
    pub(crate) fn get<F, A>(self, handler: F) -> Self
    where
        F: Fn(RequestContext) -> A + Clone + 'static,
        A: Future<Output = Result<HttpResponse, UserFacingError>> + 'static,
    {
        let adds = self.adds;
        self.with(RouteMethods::Get, web::get().to(with_error_page(handler, adds)))
    }

    pub(crate) fn get_and_head<F, A>(self, handler: F) -> Self
    where
        F: Fn(RequestContext) -> A + Clone + 'static,
        A: Future<Output = Result<HttpResponse, UserFacingError>> + 'static,
    {
        let adds = self.adds;
        self.with(RouteMethods::GetAndHead, web::route().guard(Any(Get()).or(Head())).to(with_error_page(handler, adds)))
    }

    pub(crate) fn post<F, A>(self, handler: F) -> Self
    where
        F: Fn(RequestContext) -> A + Clone + 'static,
        A: Future<Output = Result<HttpResponse, UserFacingError>> + 'static,
    {
        let adds = self.adds;
        self.with(RouteMethods::Post, web::post().to(with_error_page(handler, adds)))
    }

    pub(crate) fn options<F, A>(self, handler: F) -> Self
    where
        F: Fn(RequestContext) -> A + Clone + 'static,
        A: Future<Output = Result<HttpResponse, UserFacingError>> + 'static,
    {
        let adds = self.adds;
        self.with(RouteMethods::Options, web::route().guard(Options()).to(with_error_page(handler, adds)))
    }

    pub(crate) fn all_methods<F, A>(self, handler: F) -> Self
    where
        F: Fn(RequestContext) -> A + Clone + 'static,
        A: Future<Output = Result<HttpResponse, UserFacingError>> + 'static,
    {
        let adds = self.adds;
        self.with(RouteMethods::All, web::to(with_error_page(handler, adds)))
    }

    /// A handler of an internal path for all methods.
    pub(crate) fn internal_all<F, A>(self, handler: F) -> Self
    where
        F: Handler<A>,
        A: actix_web::FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.with(RouteMethods::All, web::to(handler))
    }

    pub(crate) fn internal_get<F, A>(self, handler: F) -> Self
    where
        F: Handler<A>,
        A: actix_web::FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.with(RouteMethods::Get, web::get().to(handler))
    }

    pub(crate) fn internal_get_and_head<F, A>(self, handler: F) -> Self
    where
        F: Handler<A>,
        A: actix_web::FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.with(RouteMethods::GetAndHead, web::route().guard(Any(Get()).or(Head())).to(handler))
    }

    pub(crate) fn largest_body(self, bytes: usize) -> Self {
        Self { largest_body: Some(bytes), ..self }
    }

    /// Services inside the network reach the path under a host of theirs as well. Its answers set no cookie and are no pages.
    pub(crate) fn also_inside(self) -> Self {
        Self { is_reachable_inside: true, ..self }
    }

    /// Behind a proxy, this path is the store's own.
    pub(crate) fn left_to_the_store(self) -> Self {
        Self { is_public: false, ..self }
    }

    /// While this condition holds, the path answers methods without a handler as if it did not exist.
    pub(crate) fn hidden_if(self, is_hidden: fn(&RequestContext) -> bool) -> Self {
        Self { is_hidden: Some(is_hidden), ..self }
    }

    fn with(mut self, methods: RouteMethods, route: Route) -> Self {
        self.handlers.push((methods, route));
        self
    }

    pub(crate) fn is_public(&self) -> bool {
        self.is_public
    }

    /// The methods that the path answers, as `Allow` lists them; empty if the handler judges the method.
    pub(crate) fn allowed(&self) -> String {
        let has = |wanted: &[RouteMethods]| self.handlers.iter().any(|(methods, _)| wanted.contains(methods));
        let methods = [
            ("GET", has(&[RouteMethods::Get, RouteMethods::GetAndHead])),
            ("HEAD", has(&[RouteMethods::GetAndHead])),
            ("POST", has(&[RouteMethods::Post])),
            ("OPTIONS", has(&[RouteMethods::Options])),
        ];
        methods.iter().filter(|(_, is_allowed)| *is_allowed).map(|(method, _)| *method).collect::<Vec<_>>().join(", ")
    }

    fn into_resource(self) -> Resource {
        let allowed = self.allowed();
        let mut resource = self.handlers.into_iter().fold(web::resource(self.path), |resource, (_, route)| resource.route(route));
        if let Some(bytes) = self.largest_body {
            resource = resource.app_data(PayloadConfig::new(bytes));
        }
        if self.is_reachable_inside {
            resource = resource.app_data(ReachableInside);
        }
        if !self.is_page {
            return resource.default_service(web::to(move || std::future::ready(internal_method_not_allowed(&allowed))));
        }
        let (is_hidden, adds) = (self.is_hidden, self.adds);
        resource.default_service(web::to(move |context: RequestContext| {
            let is_hidden = is_hidden.is_some_and(|is_hidden| is_hidden(&context));
            let mut response =
                if is_hidden { error_response(&ErrorCause::NoSuchPage.into(), &context) } else { method_not_allowed(&context, &allowed) };
            add_headers(adds, &context, &mut response);
            std::future::ready(response)
        }))
    }
}

fn internal_method_not_allowed(allowed: &str) -> HttpResponse {
    let mut response = HttpResponse::MethodNotAllowed().insert_header((ALLOW, allowed)).finish();
    headers::add_security_headers(response.headers_mut(), None);
    response
}

/// Adds routes to a server: internal paths first, because pages take everything else. The framework compares one path after the other, and
/// those with a part that varies by a regular expression, so they come last. What is no route is for the handler of `elsewhere`.
pub(crate) fn mount<F, A>(config: &mut ServiceConfig, mut rows: Vec<RouteRow>, elsewhere: F)
where
    F: Fn(RequestContext) -> A + Clone + 'static,
    A: Future<Output = Result<HttpResponse, UserFacingError>> + 'static,
{
    rows.sort_by_key(|row| row.path.contains('{'));
    let (page_rows, internal_rows): (Vec<RouteRow>, Vec<RouteRow>) = rows.into_iter().partition(|row| row.is_page);
    for row in internal_rows {
        config.service(row.into_resource());
    }
    let pages = web::scope("").wrap_fn(|request, service| {
        let answering = service.call(request);
        async {
            let mut answer = answering.await?;
            let app = answer.request().app_data::<Data<app::App>>().cloned();
            let live_config = app.as_ref().map(|app| app.live_config());
            let live_store = live_config.as_ref().and_then(|live_config| live_config.store_of_request(answer.request())).cloned();
            if answer.request().extensions().get::<KeepsOpener>().is_some() {
                headers::keep_opener(answer.headers_mut());
            }
            if live_store.is_none() {
                // Under a host that is no address of a store there are no cookies.
                answer.headers_mut().remove(SET_COOKIE);
            }
            headers::add_security_headers(answer.headers_mut(), live_store.as_deref().map(|live_store| &*live_store.store));
            Ok(answer)
        }
    });
    let pages = page_rows.into_iter().fold(pages, |pages, row| pages.service(row.into_resource()));
    config.service(pages.default_service(web::to(with_error_page(elsewhere, None))));
}

/// Whether a path is one of these routes.
pub(crate) fn has_path(rows: &[RouteRow], path: &str) -> bool {
    rows.iter().any(|row| match row.path.split_once('{') {
        Some((before, _)) => path.starts_with(before),
        None => row.path == path,
    })
}

/// A handler whose errors become pages, or JSON for programs.
fn with_error_page<F, A>(
    handler: F,
    adds: Option<AnswerHeaders>,
) -> impl Fn(RequestContext) -> Pin<Box<dyn Future<Output = HttpResponse>>> + Clone + 'static
where
    F: Fn(RequestContext) -> A + Clone + 'static,
    A: Future<Output = Result<HttpResponse, UserFacingError>> + 'static,
{
    move |context: RequestContext| {
        let answering = handler(context.clone());
        Box::pin(async move {
            let mut response = answering.await.unwrap_or_else(|error| error_response(&error, &context));
            add_headers(adds, &context, &mut response);
            response
        })
    }
}

fn add_headers(adds: Option<AnswerHeaders>, context: &RequestContext, response: &mut HttpResponse) {
    if let Some(adds) = adds {
        adds(context, response.headers_mut());
    }
}
