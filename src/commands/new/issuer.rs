//! Fills the answers in from the document that an issuer publishes.

use crate::commands::outcome::CommandFailure;
use crate::provider::json;
use crate::stores::Stores;
use crate::stores::settings::Settings;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::wire::{Fetch as _, NoAnswer, Request};
use crate::web::network_reach::network_reach;
use crate::workbench::checklist::question::ChecklistAnswers;
use crate::world::network::Network;
use serde_json::Value;

/// Fetches the issuer's document and adds the answers that it gives.
pub(crate) fn fill_in_from_discovery(issuer: &str, settings: &Settings, answers: &mut ChecklistAnswers) -> Result<(), CommandFailure> {
    let address = if issuer.contains("/.well-known/") {
        issuer.to_owned()
    } else {
        format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
    };
    if !(address.starts_with("https://") || settings.installation_context().loopback && address.starts_with("http://")) {
        return Err(CommandFailure::Usage(
            "--discovery: an issuer's address begins with https://".to_owned(),
            "write it as its tokens name it, such as `https://idp.example`".to_owned(),
        ));
    }
    let document = fetch_discovery_document(&address, settings)?;
    let named = document.get("issuer").and_then(Value::as_str).unwrap_or_default();
    if named.is_empty() || !issuer.contains("/.well-known/") && named.trim_end_matches('/') != issuer.trim_end_matches('/') {
        let named = if named.is_empty() { "none".to_owned() } else { format!("`{}`", printable(named)) };
        return Err(CommandFailure::No(format!(
            "error: {address} names another issuer: {named}\n  help: write the issuer exactly as its document has it"
        )));
    }
    for member in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        if document.get(member).and_then(Value::as_str).is_none() {
            return Err(CommandFailure::No(format!(
                "error: {address} names no `{member}`\n  help: give the addresses by hand: `--authorize`, `--token`, `--userinfo`"
            )));
        }
    }
    let list = |name: &str| -> Option<Vec<&str>> { Some(document.get(name)?.as_array()?.iter().filter_map(Value::as_str).collect()) };
    let mut answer = |name: &'static str, text: &str| {
        answers.entry(name).or_insert_with(|| text.to_owned());
    };
    if let Some(scopes) = list("scopes_supported") {
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
    if claims.is_some_and(|claims| !claims.contains(&"email_verified")) {
        answer("trust", "never");
    }
    Ok(())
}

fn fetch_discovery_document(address: &str, settings: &Settings) -> Result<Value, CommandFailure> {
    let (network, _) = Network::new(network_reach(settings, &Stores::new(settings)));
    let answer = actix_web::rt::System::new().block_on(network.send(&Request::for_document(address)));
    let answer = answer.map_err(|why| {
        let help = match why {
            NoAnswer::Forbidden => "it leads to a private address; list its host in `privateHosts` of the settings if that is meant",
            _ => "check the address and this machine's network",
        };
        CommandFailure::Environment(format!("{address}: {why}"), help.to_owned())
    })?;
    match answer.status {
        200 => {}
        300..=399 => {
            return Err(CommandFailure::No(format!(
                "error: {address} redirects to another address, which is not followed\n  help: write the issuer's own address"
            )));
        }
        status => {
            return Err(CommandFailure::No(format!(
                "error: {address} answers {status}\n  help: write the issuer's address; its document lies below it"
            )));
        }
    }
    json::parse(&answer.body).map_err(|why| {
        CommandFailure::No(format!("error: {address} is not the document of an issuer: {why}\n  help: write the issuer's address"))
    })
}
