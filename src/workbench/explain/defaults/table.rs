//! The table of the defaults: one row for each word that holds something when the file does not write it, or from which
//! something follows.

use crate::provider::Provider;
use crate::provider::signed_token::{SignedToken, TokenKeys};
use crate::provider::step::StepKind;
use crate::provider::template::Template;
use crate::vocabulary::yaml::{YamlEntry, YamlKind};
use crate::workbench::explain::defaults::Section;
use crate::workbench::explain::description::DescriptionRow;

/// What holds of a word besides what its line says.
pub(crate) enum WordDefault {
    /// What holds when the file does not write the word.
    Unless(fn(&Section<'_>) -> Option<String>),
    /// What holds by default in addition to what the file writes.
    Also(fn(&Section<'_>) -> Vec<String>),
    /// What follows from the word when the file writes it.
    Then(fn(&Section<'_>) -> Vec<String>),
    /// Rows of other words that belong here.
    Rows(fn(&Section<'_>) -> Vec<DescriptionRow>),
}

use crate::workbench::explain::defaults::table::WordDefault::{Also, Rows, Then, Unless};

/// The block, the word, and what holds by default. A row without a value is left out.
#[expect(clippy::redundant_closure_for_method_calls, reason = "a method is not general enough over the lifetime of the section")]
pub(crate) const TABLE: &[(&str, &str, WordDefault)] = &[
    ("provider file", "key", Unless(|section| Some(section.provider.name.to_string()))),
    ("provider file", "clientId", Unless(|section| section.kept_at(section.provider.known.client_id))),
    ("provider file", "clientSecret", Unless(|section| section.kept_at(section.provider.known.client_secret))),
    ("provider file", "issuer", Unless(|section| Some(issuer(section.provider).to_owned()))),
    ("provider file", "redirectUri", Unless(|section| Some(section.provider.redirect_address.of("${publicUrl}", &section.provider.name)))),
    ("provider file", "pkce", Unless(|section| Some(section.provider.pkce.word().to_owned()))),
    ("provider file", "sessionSwap", Unless(|section| section.default_session_swap())),
    (
        "provider file",
        "sessionSwap",
        Then(|_| vec!["not linked on `/account`, nor is any identity in its sessions, and no code by mail proves an address".to_owned()]),
    ),
    ("provider file", "hosts", Unless(|_| Some("the hosts that stand in the addresses of this file".to_owned()))),
    ("provider file", "trustEmail", Unless(|section| Some(section.default_trust().to_owned()))),
    ("provider file", "missingEmail", Unless(|_| Some("refuse: without a proven address there is no login".to_owned()))),
    ("provider file", "missingEmail", Then(|section| section.placeholders())),
    ("provider file", "require", Unless(|_| Some("everyone may sign in".to_owned()))),
    ("provider file", "exchange", Unless(|section| Some(exchange(section.provider).to_owned()))),
    ("provider file", "refresh", Unless(|section| refresh(section.provider))),
    ("provider file", "logout", Unless(|_| Some("none: the session at the provider goes on".to_owned()))),
    ("getAuthorizationCode step", "get", Unless(|section| section.document_member("authorization_endpoint"))),
    ("getAuthorizationCode step", "scope", Unless(|section| Some(section.provider.scope.as_deref().unwrap_or("none").to_owned()))),
    ("getAuthorizationCode step", "callback", Unless(|section| Some(section.provider.callback.word().to_owned()))),
    ("getAuthorizationCode step", "stateIn", Unless(|section| Some(section.provider.state_in.word().to_owned()))),
    ("getAuthorizationCode step", "stateIn", Then(|section| section.beginning())),
    ("getAuthorizationCode step", "read", Rows(|section| section.state_row())),
    ("getAuthorizationCode step", "read", Rows(|section| section.standard_reads())),
    ("getAuthorizationCode step", "reauthenticate", Unless(|section| Some(section.default_reauthenticate()))),
    ("getAuthorizationCode step", "sign", Then(|section| section.signed_text())),
    ("getAuthorizationCode step", "verify", Then(|section| section.verified_text())),
    ("getAuthorizationCode step", "signed", Rows(|section| section.implied_token())),
    ("getAuthorizationCode step", "refused", Also(|section| section.callback_refusals())),
    ("call", "get", Unless(|section| section.default_get())),
    ("call", "post", Unless(|section| section.default_post())),
    ("call", "credentials", Unless(|section| section.credentials())),
    ("call", "bearer", Unless(|section| section.bearer())),
    ("call", "sign", Then(|section| section.signed_text())),
    ("call", "when", Unless(|section| outside_of_client_token(section).map(condition).map(str::to_owned))),
    ("call", "timeout", Unless(|_| Some("10s".to_owned()))),
    ("call", "optional", Unless(|section| outside_of_client_token(section).map(optional).map(str::to_owned))),
    ("call", "answer", Unless(|section| section.default_answer())),
    ("call", "refused", Rows(|section| section.default_refusals())),
    ("call", "refused", Rows(|section| section.rows_of_file("refused"))),
    ("call", "accepted", Rows(|section| section.rows_of_file("accepted"))),
    ("call", "read", Rows(|section| section.standard_reads())),
    ("call", "read", Then(|section| id_alternatives(section.entry("read").and_then(|read| read.value.entry("id"))))),
    ("identity", "id", Then(|section| id_alternatives(section.entry("id")))),
    ("call", "tokenType", Unless(|section| section.default_token_type())),
    ("call", "signed", Unless(|section| section.signed_answer())),
    ("call", "signed", Rows(|section| section.implied_token())),
    ("signed token", "token", Unless(|section| section.token(|token| token.token.as_ref().map_or_else(|| "answer".to_owned(), source)))),
    ("signed token", "issuer", Unless(|section| section.token(|token| list(&token.issuers)))),
    ("signed token", "audience", Unless(|section| section.token(|token| token.audience.as_deref().map_or_else(|| "any".to_owned(), list)))),
    ("signed token", "keys", Unless(|section| section.token(keys))),
    ("signed token", "algorithms", Unless(|section| section.token(algorithms))),
    ("signed token", "nonce", Unless(|section| section.token(nonce))),
    ("signed token", "exp", Unless(|section| section.token(|_| "required".to_owned()))),
    ("signed token", "exp", Also(|section| section.token(times).into_iter().collect())),
    ("signed token", "require", Also(|section| section.compared_hashes())),
    ("signed token", "read", Rows(|section| section.standard_claims())),
    ("assertion", "lifetime", Unless(|_| Some("5m".to_owned()))),
    ("signature", "encoding", Unless(|section| section.signature().map(|signature| signature.algorithm_and_encoding().1.to_owned()))),
    ("input", "pattern", Unless(|_| Some("any text of at most 200 characters".to_owned()))),
];

/// What the `iss` of a callback is compared with.
fn issuer(provider: &Provider) -> &'static str {
    if provider.discovery.is_some() {
        "the document's issuer: a callback with another `iss` is refused"
    } else {
        "none: the `iss` of a callback is not compared"
    }
}

/// What can be handed in without a login.
fn exchange(provider: &Provider) -> &'static str {
    match &provider.exchange.id_token {
        Ok(_) => "the ID token can be handed in at `/exchange`, and no access token",
        Err(_) => "nothing can be handed in at `/exchange`",
    }
}

fn is_refresh(section: &Section<'_>) -> bool {
    section.step.is_some_and(|step| step.call.map(usize::from) == Some(section.provider.refresh_position()))
}

/// A section other than the call for the client's own token, which is made where a request needs it.
fn outside_of_client_token<'s, 'a>(section: &'s Section<'a>) -> Option<&'s Section<'a>> {
    section.step.is_none_or(|step| step.kind != StepKind::GetClientToken).then_some(section)
}

/// When a call is made.
fn condition(section: &Section<'_>) -> &'static str {
    if is_refresh(section) {
        "an app fetches the kept access token, and that has less than a minute left"
    } else if section.step.is_some_and(|step| step.implied.is_some()) {
        "the ID token lacks the address, or does not say whether it is verified"
    } else {
        "always"
    }
}

/// What follows when a call fails.
fn optional(section: &Section<'_>) -> &'static str {
    if is_refresh(section) {
        "false: when this call fails, the app gets no token that has expired"
    } else if section.step.is_some_and(|step| step.implied.is_some()) {
        "true: when this call fails, the ID token alone says who it is"
    } else {
        "false: without this call there is no login"
    }
}

/// How tokens are refreshed that are kept.
fn refresh(provider: &Provider) -> Option<String> {
    let keeping = provider.keeping.as_ref()?;
    Some(match &keeping.refresh {
        Ok(step) => format!("the request of getAccessCode to {}, with `grant_type=refresh_token`", source(&step.address.template)),
        Err(why) => why.to_string(),
    })
}

/// What follows from an id with alternatives.
fn id_alternatives(id: Option<&YamlEntry>) -> Vec<String> {
    let has_several = id.is_some_and(|id| matches!(&id.value.kind, YamlKind::List(_)));
    let meaning = "`id` is the first of these that is found: a person must not be able to choose a later one";
    has_several.then(|| meaning.to_owned()).into_iter().collect()
}

pub(crate) fn source(template: &Template) -> String {
    template.source.to_string()
}

pub(crate) fn list(templates: &[Template]) -> String {
    templates.iter().map(source).collect::<Vec<_>>().join(" or ")
}

fn times(token: &SignedToken) -> String {
    if token.requires_issue_time() {
        "`iat` is required; it and `nbf`, where the token has it, must not lie in the future".to_owned()
    } else {
        "`iat` and `nbf`, where the token has them, must not lie in the future".to_owned()
    }
}

fn keys(token: &SignedToken) -> String {
    match &token.keys {
        TokenKeys::Address(address) => source(&address.template),
        TokenKeys::Text(template) => source(template),
    }
}

fn algorithms(token: &SignedToken) -> String {
    match (&token.algorithms, &token.keys) {
        (Some(list), _) => list.iter().map(|algorithm| algorithm.word()).collect::<Vec<_>>().join(", "),
        (None, TokenKeys::Text(template)) if template.source.contains("clientSecret") => "HS256, HS384, HS512".to_owned(),
        (None, TokenKeys::Address(_) | TokenKeys::Text(_)) => "all of RSA, P-256, P-384 and Ed25519".to_owned(),
    }
}

fn nonce(token: &SignedToken) -> String {
    if token.requires_nonce { "required" } else { "none" }.to_owned()
}
