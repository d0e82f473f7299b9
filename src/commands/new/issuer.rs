//! Fills the answers in from the document that an issuer publishes.

use crate::commands::outcome::CommandFailure;
use crate::login::error::ExactCause;
use crate::provider::json;
use crate::stores::Stores;
use crate::stores::settings::Settings;
use crate::stores::trusted_authorities::trusted_authorities;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::wire::{Fetch as _, Request};
use crate::web::network_reach::{network_reach, outgoing_proxy};
use crate::workbench::checklist::question::ChecklistAnswers;
use crate::world::network::Network;
use serde_json::Value;
use std::fmt::Write as _;

/// Fetches the issuer's document and adds the answers that it gives, beside those that are there.
pub(crate) fn fill_in_from_discovery(issuer: &str, settings: &Settings, answers: &mut ChecklistAnswers) -> Result<(), CommandFailure> {
    // The values of an installation decide where such an issuer is.
    if issuer.contains("${") {
        return Ok(());
    }
    let addresses = document_addresses(issuer);
    let is_allowed =
        |address: &String| address.starts_with("https://") || settings.installation_context().loopback && address.starts_with("http://");
    if !addresses.iter().all(is_allowed) {
        return Err(CommandFailure::Usage(
            "--discovery: an issuer's address begins with https://".to_owned(),
            "write it as its tokens name it, such as `https://idp.example`".to_owned(),
        ));
    }
    let (address, document) = find_document(issuer, &addresses, settings)?;
    let named = document.get("issuer").and_then(Value::as_str).unwrap_or_default();
    if named.is_empty() || !issuer.contains(WELL_KNOWN) && named.trim_end_matches('/') != issuer.trim_end_matches('/') {
        let named = if named.is_empty() { "none".to_owned() } else { format!("`{}`", printable(named)) };
        return Err(CommandFailure::No(format!(
            "error: {address} names another issuer: {named}\n  help: write the issuer exactly as its document has it"
        )));
    }
    let text = |member: &str| document.get(member).and_then(Value::as_str);
    for member in ["authorization_endpoint", "token_endpoint"] {
        if text(member).is_none() {
            return Err(CommandFailure::No(format!(
                "error: {address} names no `{member}`\n  help: give the addresses by hand: `--authorize`, `--token`, `--userinfo`"
            )));
        }
    }
    // Without keys there is no ID token, and the rest of the document is that of an OAuth 2.0 server (RFC 8414).
    let has_id_tokens =
        text("jwks_uri").is_some() && (!address.contains(OAUTH) || document.get("id_token_signing_alg_values_supported").is_some());
    if has_id_tokens {
        if address != addresses.first().map_or("", String::as_str) {
            answers.insert("discovery", address);
        }
    } else {
        answers.insert("discovery", "none".to_owned());
        for (name, member) in [("authorize", "authorization_endpoint"), ("token", "token_endpoint"), ("userinfo", "userinfo_endpoint")] {
            if let Some(endpoint) = text(member) {
                answers.entry(name).or_insert_with(|| endpoint.to_owned());
            }
        }
        if document.get("authorization_response_iss_parameter_supported").and_then(Value::as_bool) == Some(true) {
            answers.entry("issuer").or_insert_with(|| named.to_owned());
        }
    }
    add_supported_methods(&document, has_id_tokens, answers);
    Ok(())
}

/// Adds what the document says about scopes, PKCE, credentials and claims.
fn add_supported_methods(document: &Value, has_id_tokens: bool, answers: &mut ChecklistAnswers) {
    let list = |name: &str| -> Option<Vec<&str>> { Some(document.get(name)?.as_array()?.iter().filter_map(Value::as_str).collect()) };
    let mut answer = |name: &'static str, text: &str| {
        answers.entry(name).or_insert_with(|| text.to_owned());
    };
    if let Some(scopes) = list("scopes_supported").filter(|_| has_id_tokens) {
        let wanted: Vec<&str> = ["openid", "profile", "email"].into_iter().filter(|scope| scopes.contains(scope)).collect();
        if wanted.contains(&"openid") {
            answer("scope", &wanted.join(" "));
        }
    }
    match list("code_challenge_methods_supported") {
        Some(methods) if methods.contains(&"S256") => answer("pkce", "S256"),
        Some(methods) if methods.contains(&"plain") => answer("pkce", "plain"),
        Some(_) => answer("pkce", "off"),
        None => {}
    }
    // The default of the standard is basic.
    let methods = list("token_endpoint_auth_methods_supported").unwrap_or_else(|| vec!["client_secret_basic"]);
    if methods.contains(&"client_secret_post") {
        answer("credentials", "form");
    } else if methods.contains(&"client_secret_basic") {
        answer("credentials", "basicEncoded");
    } else if methods.contains(&"none") {
        answer("client-secret", "none");
        answer("credentials", "form");
    }
    let claims = list("claims_supported");
    if has_id_tokens && claims.is_some_and(|claims| !claims.contains(&"email_verified")) {
        answer("trust", "never");
    }
}

/// The path below which documents are published.
const WELL_KNOWN: &str = "/.well-known/";
/// The end of the address of a document of RFC 8414.
const OAUTH: &str = "/.well-known/oauth-authorization-server";

/// Where an issuer may publish its document: below its address, as OpenID Connect Discovery has it, or between its host and its path, as
/// RFC 8414 has it. A whole address is taken as it is.
fn document_addresses(issuer: &str) -> Vec<String> {
    if issuer.contains(WELL_KNOWN) {
        return vec![issuer.to_owned()];
    }
    let issuer = issuer.trim_end_matches('/');
    let begin = issuer.find("://").map_or(0, |at| at + 3);
    let (host, path) = issuer.split_at(issuer.get(begin..).and_then(|rest| rest.find('/')).map_or(issuer.len(), |at| begin + at));
    let mut addresses = vec![format!("{issuer}/.well-known/openid-configuration"), format!("{host}{OAUTH}{path}")];
    if !path.is_empty() {
        addresses.push(format!("{host}/.well-known/openid-configuration{path}"));
        addresses.push(format!("{issuer}{OAUTH}"));
    }
    addresses
}

/// The first document that is found, with its address; otherwise what each address answers.
fn find_document(issuer: &str, addresses: &[String], settings: &Settings) -> Result<(String, Value), CommandFailure> {
    let mut tried = String::new();
    for address in addresses {
        match fetch_document(address, settings)? {
            Ok(document) => return Ok((address.clone(), document)),
            Err(why) => _ = write!(tried, "\n  {address} {why}"),
        }
    }
    Err(CommandFailure::No(format!(
        "error: `{}` publishes no document that can be read{tried}\n  help: write the issuer as its tokens name it, or the whole address of \
         its document; without one give the addresses by hand: `--authorize`, `--token`, `--userinfo`",
        printable(issuer)
    )))
}

/// The document at an address, or why there is none.
fn fetch_document(address: &str, settings: &Settings) -> Result<Result<Value, String>, CommandFailure> {
    let (network, _) =
        Network::new(network_reach(settings, &Stores::new(settings)), &trusted_authorities(settings).0, outgoing_proxy(settings));
    let request = Request::for_document(address);
    let answer = actix_web::rt::System::new().block_on(network.send(&request));
    let answer = answer.map_err(|why| {
        let help = ExactCause::of_no_answer(&why).remedy();
        CommandFailure::Environment(format!("{address}: {why}"), help.to_owned())
    })?;
    Ok(match answer.status {
        200 => json::parse(&answer.body)
            .and_then(|document| if document.is_object() { Ok(document) } else { Err("it is no object".to_owned()) })
            .map_err(|why| format!("is not the document of an issuer: {why}")),
        300..=399 => Err(format!("redirects to {}, which is not followed", request.redirect_target(&answer))),
        status => Err(format!("answers {status}")),
    })
}
