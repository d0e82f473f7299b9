//! An app proves who it is: Basic with encoded parts, parameters in the form, or a token that it signs. One of them, and only one.

use crate::apps::client_app::{AppAuthentication, ClientApp, SecretDigest};
use crate::web::apps::client_assertion;
use crate::web::apps::oauth_error::OAuthError;
use crate::web::apps::oauth_form::OAuthForm;
use crate::web::request_context::RequestContext;
use actix_web::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;

/// What an app shows of itself.
enum AppCredentials {
    /// A public client has no secret.
    Name(String),
    Secret(String, String),
    Assertion(String),
}

/// The app of a request, if it proved who it is.
pub(crate) async fn authenticated_app(context: &RequestContext, form: &OAuthForm) -> Result<Arc<ClientApp>, OAuthError> {
    let app = match presented_credentials(context.header(AUTHORIZATION), form)? {
        AppCredentials::Name(name) => find_app(context, &name).filter(|app| app.is_public()),
        AppCredentials::Secret(name, secret) => {
            let app = find_app(context, &name);
            // An unknown app takes as long as a wrong secret.
            let expected = match app.as_ref().map(|app| &app.authentication) {
                Some(AppAuthentication::Secret(digest)) => *digest,
                Some(AppAuthentication::Public | AppAuthentication::Keys(_) | AppAuthentication::Missing) | None => SecretDigest::of(""),
            };
            let is_right = expected.matches(&secret);
            app.filter(|_| is_right)
        }
        AppCredentials::Assertion(token) => client_assertion::verified_app(context, &token, form.value("client_id")).await?,
    };
    app.ok_or(OAuthError::invalid_client())
}

pub(crate) fn find_app(context: &RequestContext, name: &str) -> Option<Arc<ClientApp>> {
    context.live_store().apps.find(name).cloned()
}

/// The name under which an app presents itself, whether or not it proves that.
pub(crate) fn presented_name(header: Option<&str>, form: &OAuthForm) -> Option<String> {
    header.and_then(parse_basic).map(|(name, _)| name).or_else(|| form.value("client_id").map(str::to_owned))
}

fn presented_credentials(header: Option<&str>, form: &OAuthForm) -> Result<AppCredentials, OAuthError> {
    let (name, secret, assertion) = (form.value("client_id"), form.value("client_secret"), form.value("client_assertion"));
    let several = OAuthError::new("invalid_request", "the app proves in two ways at once who it is: leave one of them out");
    match (header, secret, assertion) {
        (Some(header), None, None) => {
            let (in_header, secret) = parse_basic(header).ok_or(OAuthError::invalid_client())?;
            if name.is_some_and(|name| name != in_header) {
                return Err(several);
            }
            Ok(AppCredentials::Secret(in_header, secret))
        }
        (None, Some(secret), None) => {
            let name = name.ok_or(OAuthError::invalid_client())?;
            Ok(AppCredentials::Secret(name.to_owned(), secret.to_owned()))
        }
        (None, None, Some(assertion)) => {
            if form.value("client_assertion_type") != Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") {
                return Err(OAuthError::invalid_client());
            }
            Ok(AppCredentials::Assertion(assertion.to_owned()))
        }
        (None, None, None) => name.map(|name| AppCredentials::Name(name.to_owned())).ok_or(OAuthError::invalid_client()),
        _ => Err(several),
    }
}

/// Name and secret of a Basic header; both are encoded as in a form (RFC 6749, 2.3.1).
fn parse_basic(header: &str) -> Option<(String, String)> {
    let (scheme, rest) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    let (name, secret) = text.split_once(':')?;
    Some((form_decoded(name)?, form_decoded(secret)?))
}

fn form_decoded(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    percent_encoding::percent_decode_str(&text).decode_utf8().ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(header: Option<&str>, form: &str) -> String {
        match presented_credentials(header, &OAuthForm::parse(form.as_bytes()).expect("a form")) {
            Ok(AppCredentials::Name(name)) => format!("name {name}"),
            Ok(AppCredentials::Secret(name, secret)) => format!("{name} {secret}"),
            Ok(AppCredentials::Assertion(token)) => format!("token {token}"),
            Err(error) => error.code.to_owned(),
        }
    }

    /// Attack V-04
    #[test]
    fn an_app_proves_who_it_is_in_one_place() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let assertion = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=a.b.c";
        for (header, form, expected) in [
            (Some(basic("painel:hush")), "", "painel hush"),
            (Some(basic("painel:hush").replace("Basic", "basic")), "client_id=painel", "painel hush"),
            (Some(basic("meu%20app:a%3Ab%2B")), "", "meu app a:b+"),
            (Some(basic("painel:a+b")), "", "painel a b"),
            (Some(basic("painel:a:b")), "", "painel a:b"),
            (None, "client_id=painel&client_secret=hush", "painel hush"),
            (None, "client_id=painel", "name painel"),
            (None, assertion, "token a.b.c"),
            (None, "", "invalid_client"),
            (None, "client_secret=hush", "invalid_client"),
            (None, "client_assertion=a.b.c", "invalid_client"),
            (Some("Bearer abc".to_owned()), "client_id=painel", "invalid_client"),
            (Some("Basic ???".to_owned()), "", "invalid_client"),
            (Some(basic("painel")), "", "invalid_client"),
            (Some(basic("painel:hush")), "client_id=other", "invalid_request"),
            (Some(basic("painel:hush")), "client_secret=hush", "invalid_request"),
            (Some(basic("painel:hush")), assertion, "invalid_request"),
            (None, &format!("client_id=painel&client_secret=hush&{assertion}"), "invalid_request"),
        ] {
            assert_eq!(shown(header.as_deref(), form), expected, "{header:?} {form}");
        }
    }
}
