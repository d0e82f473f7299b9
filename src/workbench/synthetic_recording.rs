//! Makes a recording of a login from a provider and one of its stories. The engine writes the requests, with fresh values
//! in place of the stand-ins, so that they are what production sends.

mod rewriting;

use crate::provider::Provider;
use crate::provider::callback::{CallbackMethod, CallbackParameters};
use crate::provider::discovery::Discovery;
use crate::vocabulary::hash::hex;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::wire::{Request, Response};
use crate::vocabulary::words::NamedValues;
use crate::workbench::examples::example::ExampleSpec;
use crate::workbench::examples::replay::replay;
use crate::workbench::examples::stand_ins;
use crate::workbench::recorded_exchange::{RecordedExchange, RecordedResponse, encode_form, parse_pairs};
use crate::workbench::synthetic_recording::rewriting::rewrite_answers;
use crate::world::random;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::cell::Cell;
use std::collections::HashSet;

/// The recording of one story.
pub struct StoryRecording {
    /// The requests with their answers, in order.
    pub exchanges: Vec<RecordedExchange>,
    /// The values of this installation and of the attempt, by the names of their facts.
    pub(crate) values: Vec<(String, String)>,
}

/// The recording of all stories that end in an identity, with the other traffic of a browser around them.
pub struct ProviderRecording {
    /// The requests with their answers, in order.
    pub exchanges: Vec<RecordedExchange>,
    /// How many stories were recorded.
    pub(crate) logins: usize,
    /// The values that were made for it, by the names of their facts.
    pub values: Vec<(String, String)>,
}

/// Records every story that ends in an identity, with the same installation in each.
pub fn record_all_stories(provider: &Provider, stories: &[ExampleSpec]) -> Result<ProviderRecording, String> {
    let mut all = ProviderRecording { exchanges: Vec::new(), logins: 0, values: Vec::new() };
    let mut installation: Vec<(String, String)> = Vec::new();
    for story in stories.iter().filter(|story| story.identity.is_some() && story.has_redirect()) {
        let made = record_story(provider, story, &installation, true)?;
        all.exchanges.extend(made.exchanges);
        all.logins += 1;
        if installation.is_empty() {
            let of_attempt = ["state", "nonce", "codeVerifier", "codeChallenge", "redirectUri", "publicUrl"];
            installation = made.values.iter().filter(|(name, _)| !of_attempt.contains(&name.as_str())).cloned().collect();
        }
        all.values.extend(made.values);
    }
    if all.logins == 0 { Err("no example of it ends in an identity".to_owned()) } else { Ok(all) }
}

/// Records one story; `noise` adds the other traffic of a browser.
pub fn record_story(
    provider: &Provider,
    story: &ExampleSpec,
    installation: &[(String, String)],
    noise: bool,
) -> Result<StoryRecording, String> {
    let values = fresh_values(provider, story, installation);
    let first = with_values(provider, story, &values);
    let rehearsal = replay(provider, &first);
    let requests: Vec<&Request> = rehearsal.requests.iter().map(|(_, request)| request).collect();
    let story = with_fresh_codes(&first, &requests, &provider.source.text, &values);
    let played = replay(provider, &story);
    if let Err(error) = &played.end {
        return Err(format!("this story does not end in an identity: {}", error.code()));
    }
    let at = stand_ins::example_start(provider, &story).now;
    let mut exchanges = Vec::new();
    let documents = played.documents.all();
    let document = |address: &String, value: &Value| {
        let answer = RecordedResponse { status: 200, headers: vec![header("Content-Type", "application/json")], body: value.to_string() };
        let headers = vec![header("Accept", "application/json")];
        RecordedExchange { method: "GET".to_owned(), address: address.clone(), headers, body: None, at: Some(at), answer: Some(answer) }
    };
    exchanges.extend(documents.iter().filter(|(_, value)| value.get("keys").is_none()).map(|(address, value)| document(address, value)));
    let Some((_, redirect)) = played.requests.first() else { return Err("this story has no redirect".to_owned()) };
    let (before, after) = played.trace.exchanges_by_phase();
    for exchange in before {
        let answer = exchange.answer.as_ref().ok().map(recorded_response);
        exchanges.push(RecordedExchange { answer, ..RecordedExchange::of_request(&exchange.request, Some(at)) });
    }
    add_browser_exchanges(provider, redirect, &played.trace.callback, (at, noise), &values, &mut exchanges);
    for (nth, exchange) in after.iter().enumerate() {
        let mut call = RecordedExchange::of_request(&exchange.request, Some(at));
        call.answer = exchange.answer.as_ref().ok().map(recorded_response);
        if noise && nth == 0 {
            exchanges.push(RecordedExchange {
                method: "OPTIONS".to_owned(),
                answer: Some(RecordedResponse { status: 204, ..RecordedResponse::default() }),
                ..call.clone()
            });
        }
        exchanges.push(call);
        if nth == 0 {
            let keys = documents.iter().filter(|(_, value)| value.get("keys").is_some());
            exchanges.extend(keys.map(|(address, value)| document(address, value)));
        }
    }
    if noise {
        exchanges.push(browser_request("https://metrics.example/collect?v=1&cid=5513.8812", "image/gif", "GIF89a", at));
    }
    Ok(StoryRecording { exchanges, values })
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// Random text as providers write it.
fn random_text(bytes: usize) -> String {
    URL_SAFE_NO_PAD.encode(&random::bytes::<48>()[..bytes]).replace(['-', '_'], "x")
}

fn random_hex() -> String {
    hex(&random::bytes::<16>())
}

/// The values of the installation and of the attempt, by the names of their facts.
fn fresh_values(provider: &Provider, story: &ExampleSpec, installation: &[(String, String)]) -> Vec<(String, String)> {
    let given = |name: &str| {
        story.facts.iter().flat_map(|facts| &facts.0).find(|(known, _)| known.value == name).map(|(_, value)| value.value.clone())
    };
    let public_url = given("publicUrl").unwrap_or_else(|| "https://login.loja.example".to_owned());
    let (verifier, state) = (random_text(33), random_text(24));
    let redirect_uri = provider.state_in.address_with(provider.redirect_address.of(&public_url, &provider.name), &state);
    let mut values = vec![
        ("state".to_owned(), state),
        ("nonce".to_owned(), random_text(24)),
        ("redirectUri".to_owned(), redirect_uri),
        ("publicUrl".to_owned(), public_url),
    ];
    if let Some(challenge) = provider.pkce.challenge(&verifier) {
        values.push(("codeChallenge".to_owned(), challenge));
    }
    values.push(("codeVerifier".to_owned(), verifier));
    for needed in &provider.needed {
        let name = provider.names.name(needed.fact).to_string();
        if stand_ins::key_for(provider, needed.fact).is_some() {
            continue;
        }
        let known = installation.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        // A value in an address stays as recorded. One in the issuer's address does so above all, because document and tokens name it.
        let is_in_issuer = provider.discovery.iter().flat_map(Discovery::uses).any(|used| used.fact == needed.fact);
        // What a host or an answer names has to be what they name.
        let is_fixed = |value: &String| {
            value.contains('.')
                || value.contains('/')
                || is_in_issuer
                || is_in_host(&provider.source.text, &name)
                || is_answered(story, value)
        };
        let own = given(&name).filter(is_fixed);
        let value = if is_in_issuer { own.or(known) } else { known.or(own) };
        let value = value.unwrap_or_else(|| if needed.secret { random_text(30) } else { random_hex() });
        values.push((name, value));
    }
    values
}

/// Whether a fact is a part of a host that the file names.
fn is_in_host(file: &str, name: &str) -> bool {
    let hole = format!("${{{name}}}");
    file.split("://").skip(1).any(|rest| rest.split(['/', ' ', '\n', '"']).next().is_some_and(|host| host.contains(&hole)))
}

/// Whether an answer of the story has this value.
fn is_answered(story: &ExampleSpec, value: &str) -> bool {
    let is_found = Cell::new(false);
    let look = |text: &str| {
        is_found.set(is_found.get() || text == value);
        text.to_owned()
    };
    rewrite_answers(&mut story.clone(), &look);
    is_found.get()
}

/// The story with these values in place of the stand-ins.
fn with_values(provider: &Provider, story: &ExampleSpec, values: &[(String, String)]) -> ExampleSpec {
    let mut story = story.clone();
    let mut facts = story.facts.take().unwrap_or_default();
    let place = Place::default();
    facts.0.retain(|(name, _)| !values.iter().any(|(known, _)| *known == name.value));
    let known = values.iter().filter(|(name, _)| provider.names.find(name).is_some());
    facts.0.extend(known.map(|(name, value)| (Located::new(name.clone(), place), Located::new(value.clone(), place))));
    story.facts = Some(facts);
    let replace = |text: &str| values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&stand_ins::stand_in(name), value));
    rewrite_answers(&mut story, &replace);
    if let Some(verify) = provider.authorization.verify.as_ref() {
        let pairs = story.callback.iter_mut().flat_map(|pairs| &mut pairs.0);
        for (_, value) in pairs.filter(|(name, _)| verify.is_parameter(&name.value)) {
            value.value = stand_ins::stand_in("signature");
        }
    }
    if story.callback.is_none() {
        let state = values.iter().find(|(name, _)| name == "state").map_or_else(String::new, |(_, state)| state.clone());
        let pair = |name: &str, value: String| (Located::new(name.to_owned(), place), Located::new(value, place));
        story.callback = Some(NamedValues(vec![pair("code", "c-1".to_owned()), pair("state", state)]));
    }
    story
}

/// The story with long random codes and tokens in place of short ones: of every value that an answer gave and a request sent.
fn with_fresh_codes(story: &ExampleSpec, requests: &[&Request], file: &str, values: &[(String, String)]) -> ExampleSpec {
    let mut sent = HashSet::new();
    for request in requests {
        collect_request_values(request, &mut sent);
    }
    // The scheme of an `Authorization` header stands in answers as well, as the type of the token.
    let is_known = |word: &str| word.eq_ignore_ascii_case("bearer") || values.iter().any(|(_, value)| value == word);
    sent.retain(|word| word.len() > 2 && !file.contains(word.as_str()) && !word.contains([':', '/', ' ']) && !is_known(word));
    let fresh: Vec<(String, String)> = sent.into_iter().map(|word| (word, random_text(27))).collect();
    let mut story = story.clone();
    rewrite_answers(&mut story, &|text| {
        if let Some((_, own)) = fresh.iter().find(|(word, _)| word == text) {
            return own.clone();
        }
        // Inside of a longer text, the words stand between punctuation.
        let mut out = String::new();
        let mut word = String::new();
        for letter in text.chars().chain(['\0']) {
            if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_') {
                word.push(letter);
                continue;
            }
            let known = fresh.iter().find(|(known, _)| *known == word && text.contains(['(', '=', '<']));
            out.push_str(known.map_or(word.as_str(), |(_, own)| own));
            word.clear();
            if letter != '\0' {
                out.push(letter);
            }
        }
        out
    });
    story
}

/// Adds every separate value of a request.
fn collect_request_values(request: &Request, into: &mut HashSet<String>) {
    let sent = request.as_sent();
    let address = sent.address;
    let (base, query) = address.split_once('?').unwrap_or((address, ""));
    into.extend(base.split('/').skip(3).map(str::to_owned));
    into.extend(parse_pairs(query).into_iter().map(|(_, value)| value));
    for (_, value) in &sent.headers {
        into.extend(value.split(' ').map(str::to_owned));
    }
    match serde_json::from_str::<Value>(sent.body) {
        Ok(json) => collect_texts(&json, into),
        Err(_) if request.body.is_some() => into.extend(parse_pairs(sent.body).into_iter().map(|(_, value)| value)),
        Err(_) => {}
    }
}

fn collect_texts(value: &Value, into: &mut HashSet<String>) {
    match value {
        Value::String(text) => {
            into.insert(text.clone());
        }
        Value::Array(list) => list.iter().for_each(|value| collect_texts(value, into)),
        Value::Object(members) => members.values().for_each(|value| collect_texts(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn recorded_response(answer: &Response) -> RecordedResponse {
    let headers = answer.headers.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    RecordedResponse { status: answer.status, headers: headers.collect(), body: String::from_utf8_lossy(&answer.body).into_owned() }
}

fn browser_request(address: &str, kind: &str, body: &str, at: i64) -> RecordedExchange {
    let answer = RecordedResponse { status: 200, headers: vec![header("Content-Type", kind)], body: body.to_owned() };
    RecordedExchange {
        method: "GET".to_owned(),
        address: address.to_owned(),
        at: Some(at),
        answer: Some(answer),
        ..RecordedExchange::default()
    }
}

/// Adds the requests of the browser: to the provider, and to the callback.
fn add_browser_exchanges(
    provider: &Provider,
    redirect: &Request,
    callback: &CallbackParameters,
    (at, noise): (i64, bool),
    values: &[(String, String)],
    exchanges: &mut Vec<RecordedExchange>,
) {
    let redirect_uri = values.iter().find(|(name, _)| name == "redirectUri").map_or("", |(_, value)| value.as_str());
    // Its own query comes back among the parameters.
    let redirect_uri = redirect_uri.split('?').next().unwrap_or_default();
    let parameters = callback.as_sent();
    let by_post = provider.callback == CallbackMethod::Post;
    let address = if by_post { redirect_uri.to_owned() } else { format!("{redirect_uri}?{}", encode_form(&parameters)) };
    let mut redirected = RecordedExchange::of_request(redirect, Some(at));
    let redirect_to = |to: &str| RecordedResponse { status: 302, headers: vec![header("Location", to)], body: String::new() };
    if noise {
        let origin = redirected.address.split('/').take(3).collect::<Vec<_>>().join("/");
        let page = format!("{origin}/signin?continue={}", random_text(12));
        redirected.headers.push(header("Cookie", &format!("visitor={}", random_text(12))));
        redirected.answer = Some(redirect_to(&page));
        exchanges.push(redirected);
        exchanges.push(browser_request(&page, "text/html", "<!doctype html><form><input name=password></form>", at));
        exchanges.push(browser_request(&format!("{origin}/logo.png"), "image/png", "png", at));
        exchanges.push(browser_request(&format!("{origin}/app.js"), "text/javascript", "go()", at));
        let mut typed = browser_request(&format!("{origin}/signin"), "text/html", "", at);
        "POST".clone_into(&mut typed.method);
        typed.headers =
            vec![header("Content-Type", "application/x-www-form-urlencoded"), header("Cookie", &format!("visitor={}", random_text(12)))];
        typed.body = Some(encode_form(&[header("login", "rita@cliente.example"), header("password", "senha-da-rita-0815")]));
        typed.answer = Some(redirect_to(&address));
        exchanges.push(typed);
    } else {
        redirected.answer =
            Some(if by_post { RecordedResponse { status: 200, ..RecordedResponse::default() } } else { redirect_to(&address) });
        exchanges.push(redirected);
    }
    let mut returning = RecordedExchange { method: "GET".to_owned(), address, at: Some(at), ..RecordedExchange::default() };
    if by_post {
        "POST".clone_into(&mut returning.method);
        returning.headers = vec![header("Content-Type", "application/x-www-form-urlencoded")];
        returning.body = Some(encode_form(&parameters));
    }
    returning.answer =
        Some(RecordedResponse { status: 303, headers: vec![header("Location", "https://www.loja.example/")], body: String::new() });
    exchanges.push(returning);
}
