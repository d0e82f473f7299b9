//! Records a login as a story for the examples beside its file. Personal data, secrets and values of this installation are
//! replaced by invented ones, and equal values by equal ones. A story that does not replay is not recorded.

mod compared_values; //  what the file compares stays comparable
mod expected_request; // a request as a story writes it
mod pseudonymizer; //    invented values in place of real ones
mod story_yaml; //       a story as YAML

use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::trace::{Exchange, Trace};
use crate::provider::Provider;
use crate::provider::identity::Identity;
use crate::provider::json;
use crate::provider::signed_token::SignedToken;
use crate::provider::step::Step;
use crate::provider::template::Template;
use crate::vocabulary::place::Source;
use crate::vocabulary::privacy::without_personal_data;
use crate::vocabulary::wire::Response;
use crate::workbench::examples;
use crate::workbench::examples::difference::{Difference, identity_members};
use crate::workbench::examples::example::ExampleSpec;
use crate::workbench::examples::replay::{ReplayResult, replay};
use crate::workbench::examples::stand_ins::{NOW, stand_in};
use crate::workbench::examples::tokens::token_parts;
use crate::workbench::explain::forecast::ForecastLogin;
use crate::workbench::record::compared_values::keep_compared_values;
use crate::workbench::record::expected_request::expected_request;
use crate::workbench::record::pseudonymizer::Pseudonymizer;
use crate::workbench::record::pseudonymizer::document_text::strip_xml_remarks;
use serde_json::{Map, Value, json};

/// A finished login, with everything that its story needs.
#[derive(Clone, Copy)]
pub struct LoginToRecord<'a> {
    /// The provider with which the login took place, to which the story will belong.
    pub provider: &'a Provider,
    /// The calls of the login and the provider's answers, whose personal data the story replaces.
    pub trace: &'a Trace,
    /// The outcome that the story will expect.
    pub end: Result<&'a Identity, &'a LoginError>,
    /// What the issuer has published, for a file with `discovery`.
    pub discovery: Option<&'a Value>,
    /// Values that belong to this installation or to this attempt, under the names of their facts.
    pub own: &'a [(String, String)],
    /// The values that were typed for the inputs.
    pub inputs: &'a [(Box<str>, Box<str>)],
}

/// How a login is recorded; the simplest options that replay are used.
#[derive(Clone, Copy)]
struct RecordingOptions {
    /// Settings get invented values instead of stand-ins, because hosts are made of them.
    invents_settings: bool,
    /// Invented texts keep the shape of the real ones.
    keeps_shapes: bool,
    /// The token is signed with a key that is not the provider's.
    foreign_signature: bool,
}

/// The story as YAML under a name, if it replays.
pub fn record_example(recorded: LoginToRecord<'_>, what: &str) -> Result<String, Vec<Difference>> {
    let mut first = None;
    let is_bad_token = recorded.end.is_err_and(|error| matches!(error.cause, LoginErrorCause::BadToken(_)));
    for foreign_signature in [false, true] {
        for invents_settings in [false, true] {
            for keeps_shapes in [false, true] {
                match record_with(recorded, what, RecordingOptions { invents_settings, keeps_shapes, foreign_signature }) {
                    Ok(text) => return Ok(text),
                    // A difference that is only at the end explains least, so another one is preferred.
                    Err(differences) => {
                        let is_vague = |all: &Vec<Difference>| all.iter().any(|difference| difference.place == "the end");
                        first = first.filter(|first| !is_vague(first) || is_vague(&differences)).or(Some(differences));
                    }
                }
            }
        }
        if !is_bad_token {
            break;
        }
    }
    Err(first.unwrap_or_default())
}

/// The story of a login with given answers, if it replays.
pub(crate) fn example_from_forecast(
    provider: &Provider,
    login: &ForecastLogin,
    inputs: &[(Box<str>, Box<str>)],
    what: &str,
) -> Result<String, Vec<Difference>> {
    let ForecastLogin { attempt, installation, trace, end, discovery } = login;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let needed = installation.values.iter().filter(|(fact, _)| provider.needed.iter().any(|needed| needed.fact == *fact));
    let mut own: Vec<(String, String)> = needed.map(|(fact, value)| pair(provider.names.name(*fact), &value.clone().revealed())).collect();
    own.extend([
        pair("redirectUri", &attempt.redirect_uri),
        pair("state", &attempt.state),
        pair("nonce", &attempt.nonce),
        pair("publicUrl", &installation.public_url),
    ]);
    own.retain(|(name, value)| *value != stand_in(name));
    record_example(LoginToRecord { provider, trace, end: end.as_ref(), discovery: discovery.as_ref(), own: &own, inputs }, what)
}

fn record_with(recorded: LoginToRecord<'_>, what: &str, options: RecordingOptions) -> Result<String, Vec<Difference>> {
    let LoginToRecord { provider, trace, end, .. } = recorded;
    let mut pseudonyms = Pseudonymizer::new(&provider.source.text, options.keeps_shapes);
    let mut story = Map::from_iter([("what".to_owned(), json!(what))]);
    let facts = replace_own_values(recorded, options, &mut pseudonyms);
    insert_unless_empty(&mut story, "facts", Value::Object(facts));
    insert_unless_empty(&mut story, "inputs", Value::Object(replace_inputs(recorded, &mut pseudonyms)?));
    if let Err(error) = end {
        pseudonyms.keep_as_is(error.code());
    }
    keep_compared_values(recorded, &mut pseudonyms);
    let tokens = replace_tokens(recorded, options, &mut pseudonyms);
    if let Some(document) = recorded.discovery {
        insert_unless_empty(&mut story, "discovery", replace_discovery(document, &mut pseudonyms));
    }
    insert_unless_empty(&mut story, "tokens", Value::Object(tokens));
    let (before, after) = trace.exchanges_by_phase();
    insert_unless_empty(&mut story, "prepare", Value::Array(replace_exchanges(provider, before, &mut pseudonyms)?));
    story.insert("callback".to_owned(), Value::Object(replace_callback(provider, trace, &mut pseudonyms)));
    insert_unless_empty(&mut story, "exchanges", Value::Array(replace_exchanges(provider, after, &mut pseudonyms)?));
    let played = replay_story(provider, &with_outcome(&story, end, None))?;
    check_same_outcome(recorded, &played)?;
    add_requests(&mut story, &played);
    let text = story_yaml::write_story(&with_outcome(&story, end, played.end.as_ref().ok()));
    let again = read_story(&text).map(|story| replay(provider, &story))?;
    if !again.differences.is_empty() {
        return Err(again.differences);
    }
    if pseudonyms.leaks_real_value(&text) {
        return Err(vec![Difference::new("the story".to_owned(), "invented values".to_owned(), "it still holds a real one".to_owned())]);
    }
    Ok(text)
}

/// Exchanges with invented values in their answers.
fn replace_exchanges(provider: &Provider, made: &[Exchange], pseudonyms: &mut Pseudonymizer) -> Result<Vec<Value>, Vec<Difference>> {
    let mut exchanges = Vec::new();
    for exchange in made {
        let step = &provider.calls[exchange.call];
        let Ok(answer) = &exchange.answer else {
            let place = format!("call {}", exchanges.len() + 1);
            return Err(vec![Difference::new(place, "an answer".to_owned(), "no answer came, which no story can express".to_owned())]);
        };
        exchanges.push(json!({ "answer": replace_answer(step, answer, pseudonyms)? }));
    }
    Ok(exchanges)
}

fn insert_unless_empty(story: &mut Map<String, Value>, name: &str, value: Value) {
    let is_empty = value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
    if !is_empty {
        story.insert(name.to_owned(), value);
    }
}

/// Replaces the values of this installation, and returns the facts that the story has to give.
fn replace_own_values(recorded: LoginToRecord<'_>, options: RecordingOptions, pseudonyms: &mut Pseudonymizer) -> Map<String, Value> {
    let provider = recorded.provider;
    let mut facts = Map::new();
    for (name, value) in recorded.own {
        let is_setting = provider.needed.iter().any(|needed| !needed.secret && **provider.names.name(needed.fact) == **name);
        let fake = if name == "publicUrl" {
            "https://login.loja.example".to_owned()
        } else if value.contains("://") {
            format!("https://sso{}.loja.example", facts.len())
        } else if value.contains('.') {
            format!("sso{}.loja.example", facts.len())
        } else {
            format!("loja-{}", facts.len())
        };
        let own = options.invents_settings && (name == "publicUrl" || (is_setting && name != "clientId"));
        pseudonyms.assign(value, &if own { fake.clone() } else { stand_in(name) });
        if own {
            facts.insert(name.clone(), json!(fake));
        }
    }
    facts
}

fn replace_inputs(recorded: LoginToRecord<'_>, pseudonyms: &mut Pseudonymizer) -> Result<Map<String, Value>, Vec<Difference>> {
    let mut inputs = Map::new();
    for (name, value) in recorded.inputs {
        let input = recorded.provider.inputs.iter().find(|input| input.name == *name);
        let shaped = pseudonyms.replace_keeping_shape(value);
        let candidates = ["loja", "loja.example", "https://loja.example", "ana@loja.example", &shaped];
        let fitting = candidates.into_iter().find(|candidate| input.is_some_and(|input| input.accepts(candidate)));
        let Some(fitting) = fitting else {
            let nothing = "no invented value fits its pattern".to_owned();
            return Err(vec![Difference::new(format!("inputs: {name}"), "a value".to_owned(), nothing)]);
        };
        pseudonyms.assign(value, fitting);
        inputs.insert(name.to_string(), json!(fitting));
    }
    Ok(inputs)
}

/// The signed tokens that the file verifies, under the names of their facts.
fn replace_tokens(recorded: LoginToRecord<'_>, options: RecordingOptions, pseudonyms: &mut Pseudonymizer) -> Map<String, Value> {
    let LoginToRecord { provider, trace, .. } = recorded;
    let nothing = provider.empty_facts();
    let mut found: Vec<(&SignedToken, String)> = Vec::new();
    found.extend(provider.authorization.token_in(&trace.callback.document(), &nothing));
    for exchange in &trace.exchanges {
        if let Ok(answer) = &exchange.answer {
            found.extend(provider.calls[exchange.call].token_to_verify(answer, &nothing));
        }
    }
    let mut tokens = Map::new();
    for (signed, token) in found {
        let fact = signed.token.as_ref().and_then(Template::sole_fact);
        let name = fact.map_or_else(|| "answerToken".to_owned(), |fact| provider.names.name(fact).to_string());
        let Some((header, claims)) = token_parts(&token) else { continue };
        let mut invented_claims = Map::new();
        for (key, value) in &claims {
            match key.as_str() {
                // These are made when the story is played, or depend on what is invented.
                "exp" | "iat" | "at_hash" | "c_hash" | "s_hash" => {}
                "nbf" | "auth_time" => _ = invented_claims.insert(key.clone(), json!(NOW)),
                _ => _ = invented_claims.insert(pseudonyms.replace_key(key), pseudonyms.replace_value(key, value)),
            }
        }
        let mut spec = json!({ "claims": invented_claims });
        if let Some(algorithm) = header.get("alg").and_then(Value::as_str) {
            spec["algorithm"] = json!(algorithm);
        }
        if options.foreign_signature {
            spec["signedBy"] = json!("stranger");
        }
        pseudonyms.assign(&token, &stand_in(&name));
        tokens.insert(name, spec);
    }
    tokens
}

fn replace_discovery(document: &Value, pseudonyms: &mut Pseudonymizer) -> Value {
    let names = [
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
        "pushed_authorization_request_endpoint",
        "authorization_response_iss_parameter_supported",
    ];
    let members = names.iter().filter_map(|name| Some(((*name).to_owned(), pseudonyms.replace_value(name, document.get(*name)?))));
    Value::Object(members.collect())
}

fn replace_callback(provider: &Provider, trace: &Trace, pseudonyms: &mut Pseudonymizer) -> Map<String, Value> {
    let signature = provider.authorization.verify.as_ref();
    let document = trace.callback.document();
    let mut parameters = Map::new();
    for (name, value) in document.as_object().into_iter().flatten() {
        let value = if signature.is_some_and(|verify| verify.is_parameter(name)) {
            json!("‹signature›")
        } else {
            pseudonyms.replace_value(name, value)
        };
        parameters.insert(pseudonyms.replace_key(name), value);
    }
    parameters
}

fn replace_answer(step: &Step, answer: &Response, pseudonyms: &mut Pseudonymizer) -> Result<Value, Vec<Difference>> {
    let mut members = Map::new();
    if answer.status != 200 {
        members.insert("status".to_owned(), json!(answer.status));
    }
    let mut headers = Map::new();
    for (_, name) in &step.header_reads {
        if let Some((_, value)) = answer.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            headers.insert(name.value.clone(), json!(pseudonyms.replace_text(name, value)));
        }
    }
    insert_unless_empty(&mut members, "headers", Value::Object(headers));
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    match (json::parse(text.trim().as_bytes()), step.document(answer)) {
        (Ok(document), _) => _ = members.insert("json".to_owned(), pseudonyms.replace_value("", &document)),
        (Err(_), Some(document)) if !text.trim().is_empty() => {
            // A body that is no JSON keeps its text around the invented values.
            pseudonyms.replace_value("", &document);
            let text = if text.trim_start().starts_with('<') { strip_xml_remarks(&text) } else { text };
            if pseudonyms.has_text_beyond(&text, &document) {
                let more = "more than was read from it, which may be personal".to_owned();
                return Err(vec![Difference::new("an answer".to_owned(), "nothing but its document".to_owned(), more)]);
            }
            members.insert("text".to_owned(), json!(pseudonyms.replace_in_document_text(&text, &document)));
        }
        (Err(_), _) if text.trim().is_empty() => {}
        (Err(_), _) if pseudonyms.has_replacement(text.trim()) => {
            _ = members.insert("text".to_owned(), json!(pseudonyms.replace_text("", text.trim())));
        }
        (Err(_), _) if text.trim_start().starts_with('<') => {
            members.insert("text".to_owned(), json!("<!doctype html><title>a page</title>"));
        }
        (Err(_), _) => _ = members.insert("text".to_owned(), json!("not what was expected")),
    }
    Ok(Value::Object(members))
}

fn with_outcome(story: &Map<String, Value>, end: Result<&Identity, &LoginError>, identity: Option<&Identity>) -> Map<String, Value> {
    let mut story = story.clone();
    match (end, identity) {
        (_, Some(identity)) => _ = story.insert("identity".to_owned(), Value::Object(identity_members(identity))),
        (Ok(_), None) => _ = story.insert("identity".to_owned(), json!({ "id": "-" })),
        (Err(error), None) => {
            let mut refused = Map::new();
            if let Some(step) = error.step {
                refused.insert("step".to_owned(), json!(step.word()));
            }
            refused.insert("code".to_owned(), json!(error.code()));
            story.insert("refused".to_owned(), Value::Object(refused));
        }
    }
    story
}

fn read_story(text: &str) -> Result<ExampleSpec, Vec<Difference>> {
    let unreadable = |why: String| vec![Difference::new("the story".to_owned(), "a story that can be read".to_owned(), why)];
    let stories = examples::read(&Source::new("the story", text));
    let mut stories =
        stories.map_err(|report| unreadable(report.complaints.first().map_or_else(String::new, |first| first.message.clone())))?;
    stories.pop().ok_or_else(|| unreadable("there is none".to_owned()))
}

fn replay_story(provider: &Provider, story: &Map<String, Value>) -> Result<ReplayResult, Vec<Difference>> {
    read_story(&story_yaml::write_story(story)).map(|story| replay(provider, &story))
}

/// Checks that the replay ends like the login: with the same refusal, or with an identity that has the same members.
fn check_same_outcome(recorded: LoginToRecord<'_>, played: &ReplayResult) -> Result<(), Vec<Difference>> {
    let of = |identity: &Identity| {
        let known = identity_members(identity);
        known
            .iter()
            .map(|(name, value)| if value.is_boolean() { format!("{name}: {value}") } else { name.clone() })
            .collect::<Vec<_>>()
            .join(", ")
    };
    let why = |error: &LoginError| {
        let step = error.step.map_or_else(String::new, |step| format!(" in {}", step.word()));
        format!("refused{step}: {}", error.code())
    };
    let (was, is) = (recorded.end.map_or_else(why, of), played.end.as_ref().map_or_else(why, of));
    let calls = (recorded.trace.exchanges.len(), played.trace.exchanges.len());
    if was != is {
        // The provider's code may hold personal data.
        return Err(vec![Difference::new("the end".to_owned(), without_personal_data(&was), without_personal_data(&is))]);
    }
    if calls.0 != calls.1 {
        return Err(vec![Difference::new("the calls".to_owned(), calls.0.to_string(), calls.1.to_string())]);
    }
    Ok(())
}

/// Adds the requests of the replay, which are those that were sent, with masks.
fn add_requests(story: &mut Map<String, Value>, played: &ReplayResult) {
    let mut requests = played.requests.iter().map(|(_, request)| expected_request(request));
    let Some(redirect) = requests.next() else { return };
    let after: Vec<Value> = requests.collect();
    let before: Vec<Value> = played.trace.exchanges_by_phase().0.iter().map(|exchange| expected_request(&exchange.request)).collect();
    let mut ordered = Map::new();
    for (name, value) in std::mem::take(story) {
        if name == "callback" {
            ordered.insert("redirect".to_owned(), redirect.clone());
        }
        ordered.insert(name, value);
    }
    for (word, calls) in [("prepare", before), ("exchanges", after)] {
        if let Some(exchanges) = ordered.get_mut(word).and_then(Value::as_array_mut) {
            for (exchange, request) in exchanges.iter_mut().zip(calls) {
                let answer = exchange["answer"].take();
                *exchange = json!({ "request": request, "answer": answer });
            }
        }
    }
    *story = ordered;
}
