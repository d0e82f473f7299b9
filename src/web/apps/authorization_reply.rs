//! The answer to an app through the browser: a redirect, or a form that the browser posts. Each names the issuer (RFC 9207).

use crate::apps::authorization_request::{AuthorizationError, AuthorizationReply, ResponseMode};
use crate::pages::FormPostPage;
use crate::web::headers;
use crate::web::request_context::RequestContext;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use url::Url;

/// Sends the code to the app.
pub(crate) fn with_code(context: &RequestContext, reply: &AuthorizationReply, code: &str) -> HttpResponse {
    send(context, reply, &[("code", code)])
}

/// Sends an error to the app.
pub(crate) fn with_error(context: &RequestContext, reply: &AuthorizationReply, error: AuthorizationError) -> HttpResponse {
    send(context, reply, &[("error", error.code), ("error_description", error.description)])
}

fn send(context: &RequestContext, reply: &AuthorizationReply, parameters: &[(&str, &str)]) -> HttpResponse {
    let issuer = &*context.live_store().store.public_url;
    let state = reply.state.as_deref().map(|state| ("state", state));
    let parameters: Vec<(&str, &str)> = parameters.iter().copied().chain(state).chain([("iss", issuer)]).collect();
    match reply.mode {
        ResponseMode::Query => {
            let address = address_with(&reply.redirect_uri, &parameters);
            HttpResponse::build(StatusCode::SEE_OTHER).insert_header((LOCATION, address)).finish()
        }
        ResponseMode::FormPost => {
            let page = FormPostPage { frame: context.frame(&[], ""), action: &reply.redirect_uri, fields: &parameters };
            let policy = headers::form_post_policy(&origin_of(&reply.redirect_uri));
            HttpResponse::Ok().content_type("text/html; charset=utf-8").insert_header((CONTENT_SECURITY_POLICY, policy)).body(page.render())
        }
    }
}

/// A registered address with parameters behind those that it has. It stays as it was registered, byte for byte.
pub(crate) fn address_with(redirect_uri: &str, parameters: &[(&str, &str)]) -> String {
    let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let separator = if redirect_uri.contains('?') { '&' } else { '?' };
    format!("{redirect_uri}{separator}{query}")
}

/// Where the form leads, for the policy of its page.
pub(crate) fn origin_of(redirect_uri: &str) -> String {
    let origin = Url::parse(redirect_uri).map(|uri| uri.origin());
    match origin {
        Ok(origin) if origin.is_tuple() => origin.ascii_serialization(),
        _ => redirect_uri.split(':').next().map(|scheme| format!("{scheme}:")).unwrap_or_default(),
    }
}

/// The host of the app, as people read it; of an app on the person's device, the scheme of its address.
pub(crate) fn host_of(redirect_uri: &str) -> String {
    let host = Url::parse(redirect_uri).ok().and_then(|uri| uri.host_str().map(str::to_owned));
    host.unwrap_or_else(|| redirect_uri.split(':').next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_stand_behind_those_of_the_redirect_address() {
        for (redirect_uri, expected) in [
            ("https://painel.loja.example/cb", "https://painel.loja.example/cb?code=a+b%26"),
            ("https://painel.loja.example/cb?x=1", "https://painel.loja.example/cb?x=1&code=a+b%26"),
            ("com.example.app:/cb", "com.example.app:/cb?code=a+b%26"),
        ] {
            assert_eq!(address_with(redirect_uri, &[("code", "a b&")]), expected);
        }
        assert_eq!(origin_of("http://127.0.0.1:4000/cb"), "http://127.0.0.1:4000");
        assert_eq!(origin_of("com.example.app:/cb"), "com.example.app:");
    }
}
