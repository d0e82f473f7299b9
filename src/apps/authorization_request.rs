//! What an app asks for at `/authorize`: its parameters, read and judged (OpenID Connect Core 1.0, 3.1.2; RFC 6749, 4.1; RFC 7636).
//!
//! Until the app and its redirect address are known to belong together, no error leaves our own page.

use crate::apps::client_app::{AppGrantKind, ClientApp};
use crate::apps::scope;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The longest value of a parameter.
const LONGEST: usize = 2048;
/// The provider that an app chooses stands in `acr_values`, behind this word; ID tokens say it in the same form.
pub(crate) const PROVIDER_ACR: &str = "provider:";

/// A request that the app may make, as far as its parameters go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuthorizationRequest {
    pub(crate) reply: AuthorizationReply,
    /// The granted scopes, separated by blanks.
    pub(crate) scope: Box<str>,
    /// The audiences of the access token that the request names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) resources: Vec<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nonce: Option<Box<str>>,
    /// The PKCE challenge; its method is S256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) challenge: Option<Box<str>>,
    #[serde(default)]
    pub(crate) prompt: Prompt,
    /// How old the sign-in may be, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_age: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) login_hint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ui_locales: Option<String>,
    /// The provider by which the person has to sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<Box<str>>,
    /// The user who has to be signed in, as an ID token of ours names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hinted_uid: Option<Box<str>>,
}

/// To whom and how a request is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuthorizationReply {
    /// The `client_id` of the app.
    pub(crate) app: Box<str>,
    /// Its redirect address, as the request has it.
    pub(crate) redirect_uri: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<Box<str>>,
    #[serde(default)]
    pub(crate) mode: ResponseMode,
}

/// How the answer reaches the app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ResponseMode {
    #[default]
    Query,
    FormPost,
}

/// What the app asks of the pages.
#[expect(clippy::struct_excessive_bools, reason = "each is a word that the request may hold")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Prompt {
    /// No page may be shown.
    pub(crate) none: bool,
    /// The person signs in anew.
    pub(crate) login: bool,
    /// The person confirms that the app gets access.
    pub(crate) consent: bool,
    /// The person chooses the account.
    pub(crate) select_account: bool,
}

/// Why a request is shown to the person as an error, and sent to no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnanswerableRequest {
    /// There is no such app at this store.
    UnknownApp,
    /// The redirect address is not one of the app.
    UnknownRedirectUri,
    /// A parameter stands twice on which the answer depends.
    Ambiguous,
}

impl UnanswerableRequest {
    /// A word for the log and the audit.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::UnknownApp => "unknown_client",
            Self::UnknownRedirectUri => "unknown_redirect_uri",
            Self::Ambiguous => "repeated_parameter",
        }
    }
}

/// An error that is sent to the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AuthorizationError {
    /// Its name in the specifications.
    pub(crate) code: &'static str,
    /// A sentence for the developer of the app.
    pub(crate) description: &'static str,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RefusedRequest {
    Unanswerable(UnanswerableRequest),
    Answered(AuthorizationReply, AuthorizationError),
}

/// The parameters of a request, in their order.
pub(crate) struct AuthorizationParameters<'a>(pub(crate) &'a [(String, String)]);

impl AuthorizationParameters<'_> {
    /// The value of a parameter; an empty one counts as left out (RFC 6749, 3.1).
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, value)| other == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    fn is_repeated(&self, name: &str) -> bool {
        self.0.iter().filter(|(other, _)| other == name).count() > 1
    }

    fn repeats_any(&self) -> bool {
        // Several resources are several parameters (RFC 8707).
        self.0.iter().any(|(name, _)| name != "resource" && KNOWN.contains(&name.as_str()) && self.is_repeated(name))
    }
}

/// The parameters that have a meaning. Others are ignored.
const KNOWN: &[&str] = &[
    "acr_values",
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "id_token_hint",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "registration",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "ui_locales",
];

const fn error(code: &'static str, description: &'static str) -> AuthorizationError {
    AuthorizationError { code, description }
}

/// Reads a request. `find_app` finds an app of the store, and `hinted_user` the user of an ID token of ours, also of an expired one.
pub(crate) fn read_authorization_request(
    parameters: &AuthorizationParameters<'_>,
    find_app: impl Fn(&str) -> Option<Arc<ClientApp>>,
    hinted_user: impl Fn(&str, &ClientApp) -> Option<Box<str>>,
) -> Result<(Arc<ClientApp>, AuthorizationRequest), RefusedRequest> {
    let unanswerable = |why| Err(RefusedRequest::Unanswerable(why));
    if ["client_id", "redirect_uri"].iter().any(|name| parameters.is_repeated(name)) {
        return unanswerable(UnanswerableRequest::Ambiguous);
    }
    let Some(app) = parameters.value("client_id").and_then(find_app) else { return unanswerable(UnanswerableRequest::UnknownApp) };
    let Some(redirect_uri) = parameters.value("redirect_uri").filter(|asked| app.redirect_uri(asked)) else {
        return unanswerable(UnanswerableRequest::UnknownRedirectUri);
    };
    let state = parameters.value("state").filter(|state| !parameters.is_repeated("state") && state.len() <= LONGEST);
    let mode = if parameters.value("response_mode") == Some("form_post") { ResponseMode::FormPost } else { ResponseMode::Query };
    let reply = AuthorizationReply { app: app.name.clone(), redirect_uri: redirect_uri.into(), state: state.map(Into::into), mode };
    match read_answerable(parameters, &app, &reply, hinted_user) {
        Ok(request) => Ok((app, request)),
        Err(error) => Err(RefusedRequest::Answered(reply, error)),
    }
}

fn read_answerable(
    parameters: &AuthorizationParameters<'_>,
    app: &ClientApp,
    reply: &AuthorizationReply,
    hinted_user: impl Fn(&str, &ClientApp) -> Option<Box<str>>,
) -> Result<AuthorizationRequest, AuthorizationError> {
    check_form(parameters)?;
    if !app.grants.contains(AppGrantKind::AuthorizationCode) {
        return Err(error("unauthorized_client", "this app does not sign people in: `grants` has no `authorizationCode`"));
    }
    let asked = parameters.value("scope").unwrap_or_default();
    let scope = scope::granted(asked, |word| is_granted(app, word));
    if scope.is_empty() {
        return Err(error("invalid_scope", "none of the requested scopes is among the `scopes` of this app"));
    }
    let resources: Vec<Box<str>> = parameters
        .0
        .iter()
        .filter(|(name, value)| name == "resource" && !value.is_empty())
        .map(|(_, value)| value.as_str().into())
        .collect();
    if !resources.iter().all(|resource| app.audiences.contains(resource)) {
        return Err(error("invalid_target", "`resource` is not among the audiences of this app"));
    }
    let hinted_uid = match parameters.value("id_token_hint") {
        Some(token) => {
            let user = hinted_user(token, app);
            Some(user.ok_or(error("invalid_request", "`id_token_hint` is not an ID token of this issuer for this app"))?)
        }
        None => None,
    };
    let provider = parameters.value("acr_values").into_iter().flat_map(scope::words).find_map(|acr| acr.strip_prefix(PROVIDER_ACR));
    Ok(AuthorizationRequest {
        reply: reply.clone(),
        scope,
        resources,
        nonce: parameters.value("nonce").map(Into::into),
        challenge: read_challenge(parameters, app)?,
        prompt: read_prompt(parameters.value("prompt").unwrap_or_default())?,
        max_age: read_max_age(parameters.value("max_age"))?,
        login_hint: parameters.value("login_hint").map(Into::into),
        ui_locales: parameters.value("ui_locales").map(Into::into),
        // A provider that the app may not use is only a wish that cannot be met.
        provider: provider.filter(|provider| app.allows(provider)).map(Into::into),
        hinted_uid,
    })
}

/// What holds for every request, whatever the app.
fn check_form(parameters: &AuthorizationParameters<'_>) -> Result<(), AuthorizationError> {
    if parameters.repeats_any() {
        return Err(error("invalid_request", "a parameter stands twice"));
    }
    let is_too_long = |(name, value): &(String, String)| KNOWN.contains(&name.as_str()) && name != "id_token_hint" && value.len() > LONGEST;
    if parameters.0.iter().any(is_too_long) {
        return Err(error("invalid_request", "a parameter is longer than 2048 bytes"));
    }
    for (name, refusal) in [
        ("request", error("request_not_supported", "request objects are not supported")),
        ("request_uri", error("request_uri_not_supported", "request objects are not supported")),
        ("registration", error("registration_not_supported", "apps are registered in the settings of the store")),
    ] {
        if parameters.0.iter().any(|(other, _)| other == name) {
            return Err(refusal);
        }
    }
    match parameters.value("response_type") {
        Some("code") => {}
        Some(_) => return Err(error("unsupported_response_type", "the only response type is `code`")),
        None => return Err(error("invalid_request", "`response_type` is missing")),
    }
    match parameters.value("response_mode") {
        None | Some("query" | "form_post") => Ok(()),
        Some(_) => Err(error("invalid_request", "the response modes are `query` and `form_post`")),
    }
}

/// Whether the app gets a scope that it asks for.
pub(crate) fn is_granted(app: &ClientApp, word: &str) -> bool {
    let is_listed = app.scopes.iter().any(|listed| **listed == *word);
    is_listed && (word != scope::OFFLINE_ACCESS || app.grants.contains(AppGrantKind::RefreshToken))
}

fn read_challenge(parameters: &AuthorizationParameters<'_>, app: &ClientApp) -> Result<Option<Box<str>>, AuthorizationError> {
    let method = parameters.value("code_challenge_method");
    let Some(challenge) = parameters.value("code_challenge") else {
        if app.requires_pkce || app.is_public() {
            return Err(error("invalid_request", "this app has to use PKCE: `code_challenge` is missing"));
        }
        return match method {
            None => Ok(None),
            Some(_) => Err(error("invalid_request", "`code_challenge_method` stands without `code_challenge`")),
        };
    };
    if method != Some("S256") {
        return Err(error("invalid_request", "the only `code_challenge_method` is `S256`"));
    }
    let is_hash = challenge.len() == 43 && challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if is_hash { Ok(Some(challenge.into())) } else { Err(error("invalid_request", "`code_challenge` is not a SHA-256 in base64url")) }
}

fn read_prompt(text: &str) -> Result<Prompt, AuthorizationError> {
    let mut prompt = Prompt::default();
    let words = scope::words(text);
    for word in &words {
        match *word {
            "none" if words.len() == 1 => prompt.none = true,
            "login" => prompt.login = true,
            "consent" => prompt.consent = true,
            "select_account" => prompt.select_account = true,
            "none" => return Err(error("invalid_request", "`prompt=none` stands beside another prompt")),
            _ => return Err(error("invalid_request", "the prompts are `none`, `login`, `consent` and `select_account`")),
        }
    }
    Ok(prompt)
}

fn read_max_age(text: Option<&str>) -> Result<Option<i64>, AuthorizationError> {
    let Some(text) = text else { return Ok(None) };
    let is_number = text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse().ok().filter(|_| is_number);
    seconds.map(Some).ok_or(error("invalid_request", "`max_age` is not a number of seconds"))
}

#[cfg(test)]
mod tests;
