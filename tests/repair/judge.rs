//! A provider that knows which requests are right, and refuses others with its own words, as real ones do.

use portaria::provider::Provider;
use portaria::provider::step::StepKind;
use portaria::vocabulary::wire::{Method, Request, Response};
use portaria::workbench::examples::example::ExampleSpec;
use portaria::workbench::examples::replay::replay;
use portaria::workbench::examples::replayed_answers::{JudgedAnswer, ReplayJudge};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// How a provider words its refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wording {
    /// As RFC 6749 and RFC 6750 have it.
    Standard,
    /// In a form and with sentences of its own, which name what is wrong.
    Own,
    /// A bare number, or a sentence in some language that names nothing.
    Odd,
}

/// All wordings.
pub const WORDINGS: [Wording; 3] = [Wording::Standard, Wording::Own, Wording::Odd];

/// What is wrong with a request, as far as a provider notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    Address,
    Method(Method),
    Body(&'static str),
    Client,
    Token,
    Parameter(String),
    Value(String),
    Header(String),
    ProofMissing(&'static str),
    ProofUnknown(&'static str),
    Scope(String),
}

/// The parts of a request, each parameter with its value as it is shown.
struct Parts {
    method: Method,
    base: String,
    query: Vec<(String, String, String)>,
    body: &'static str,
    members: Vec<(String, String, String)>,
    headers: Vec<(String, String, String)>,
}

fn pairs(sent: &str, shown: &str) -> Vec<(String, String, String)> {
    let read = |text: &str| -> Vec<(String, String)> {
        url::form_urlencoded::parse(text.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    };
    let shown = read(shown);
    read(sent)
        .into_iter()
        .enumerate()
        .map(|(at, (name, value))| (name, value, shown.get(at).map_or_else(String::new, |pair| pair.1.clone())))
        .collect()
}

fn members(sent: &Value, shown: &Value, at: &str, list: &mut Vec<(String, String, String)>) {
    match sent {
        Value::Object(all) => all.iter().for_each(|(key, value)| members(value, &shown[key], &format!("{at}.{key}"), list)),
        Value::Array(all) => all.iter().enumerate().for_each(|(key, value)| members(value, &shown[key], &format!("{at}.{key}"), list)),
        other => list.push((at.trim_start_matches('.').to_owned(), other.to_string(), shown.to_string())),
    }
}

impl Parts {
    fn of(request: &Request) -> Self {
        let (sent, shown) = (request.address.expose(), request.address.masked());
        let sent = sent.split('#').next().unwrap_or_default();
        let (base, query) = sent.split_once('?').unwrap_or((sent, ""));
        let shown_query = shown.split('#').next().and_then(|shown| shown.split_once('?')).map_or("", |(_, query)| query);
        let headers = request
            .headers
            .iter()
            .map(|(name, value)| (name.to_lowercase(), value.expose().to_owned(), value.masked()))
            .collect::<Vec<_>>();
        let kind = headers.iter().find(|(name, ..)| name == "content-type").map_or("", |(_, value, _)| value.as_str());
        let (mut list, mut body) = (Vec::new(), "nothing");
        if let Some(text) = &request.body {
            let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
            if kind.contains("json") {
                body = "json";
                members(&parse(text.expose()), &parse(&text.masked()), "", &mut list);
            } else if kind.contains("form") {
                body = "form";
                list = pairs(text.expose(), &text.masked());
            } else {
                body = "text";
                list.push((String::new(), text.expose().to_owned(), text.masked()));
            }
        }
        Self { method: request.method, base: base.to_owned(), query: pairs(query, shown_query), body, members: list, headers }
    }
}

/// The first thing that a provider would complain about; extra parameters and the order do not bother it.
fn fault(right: &Request, sent: &Request, takes_proof: bool) -> Option<Fault> {
    let (right, sent) = (Parts::of(right), Parts::of(sent));
    if right.base != sent.base {
        return Some(Fault::Address);
    }
    if right.method != sent.method {
        return Some(Fault::Method(right.method));
    }
    if right.body != sent.body && right.body != "nothing" {
        return Some(Fault::Body(right.body));
    }
    let everything = || sent.query.iter().chain(&sent.members);
    for name in ["code_challenge", "code_verifier"] {
        if !takes_proof && everything().any(|(known, ..)| known == name) {
            return Some(Fault::ProofUnknown(name));
        }
    }
    let mut faults = Vec::new();
    let required = right.headers.iter().filter(|(name, ..)| !["accept", "user-agent", "content-type"].contains(&name.as_str()));
    for (name, value, shown) in required {
        if sent.headers.iter().any(|(known, other, _)| known == name && other == value) {
            continue;
        }
        faults.push(match shown {
            shown if shown.contains("‹accessToken") => Fault::Token,
            shown if shown.contains("‹clientId:clientSecret") => Fault::Client,
            _ => Fault::Header(name.clone()),
        });
    }
    for (wanted, found) in [(&right.query, &sent.query), (&right.members, &sent.members)] {
        for (name, value, shown) in wanted {
            let here = found.iter().find(|(known, ..)| known == name);
            let is_right = here.is_some_and(|(_, other, _)| other == value);
            if is_right || name == "sig" && here.is_some() {
                continue;
            }
            faults.push(match shown.as_str() {
                shown if shown.contains("‹accessToken") => Fault::Token,
                shown if shown.contains("‹clientSecret") => Fault::Client,
                shown if shown.contains("‹codeVerifier") => Fault::ProofMissing("code_verifier"),
                shown if shown.contains("‹codeChallenge") => Fault::ProofMissing("code_challenge"),
                _ if name == "scope" && here.is_some() => {
                    let known: Vec<&str> = value.split([' ', ',', ';']).collect();
                    let strange =
                        here.and_then(|(_, other, _)| other.split([' ', ',', ';']).find(|word| !known.contains(word)).map(str::to_owned));
                    // A scope with less is granted.
                    let Some(strange) = strange else { continue };
                    Fault::Scope(strange)
                }
                _ if name == "scope" => continue,
                _ if here.is_some() => Fault::Value(name.clone()),
                _ => Fault::Parameter(name.clone()),
            });
        }
    }
    // Who the client is counts first, then who the person is.
    let is_first = |fault: &Fault| u8::from(*fault != Fault::Client) + u8::from(!matches!(fault, Fault::Client | Fault::Token));
    faults.into_iter().min_by_key(is_first)
}

/// An oddly small hash, so that every provider and fault has its own words, and the same ones each time.
fn pick(name: &str, fault: &Fault, of: usize) -> usize {
    format!("{name}{fault:?}").bytes().fold(7_usize, |sum, byte| (sum * 31 + usize::from(byte)) % 10_007) % of
}

/// What a standard provider says: a status, a code, and a sentence.
fn standard(fault: &Fault, is_person: bool) -> (u16, &'static str, String) {
    match fault {
        Fault::Address => (404, "not_found", "Not Found".to_owned()),
        Fault::Method(_) => (405, "invalid_request", "Method Not Allowed".to_owned()),
        Fault::Body(body) => (
            415,
            "invalid_request",
            format!("Unsupported content type, expected application/{}", if *body == "json" { "json" } else { "x-www-form-urlencoded" }),
        ),
        Fault::Client => (401, "invalid_client", "Client authentication failed".to_owned()),
        Fault::Token => (401, "invalid_token", "The access token is missing or invalid".to_owned()),
        Fault::Parameter(name) => (400, "invalid_request", format!("Missing required parameter: {name}")),
        Fault::Value(name) if name == "grant_type" => (400, "unsupported_grant_type", "The grant type is not supported".to_owned()),
        Fault::Value(name) if name == "code" => (400, "invalid_grant", "The authorization code is invalid".to_owned()),
        Fault::Value(name) => (400, "invalid_request", format!("Invalid value of the parameter {name}")),
        Fault::Header(name) => (400, "invalid_request", format!("Missing required header: {name}")),
        Fault::ProofMissing(name) => (400, "invalid_request", format!("PKCE is required: {name} is missing")),
        Fault::ProofUnknown(name) => (400, "invalid_request", format!("Unknown parameter: {name}")),
        Fault::Scope(word) if is_person => (403, "insufficient_scope", format!("The scope {word} is missing")),
        Fault::Scope(word) => (400, "invalid_scope", format!("The scope {word} is unknown")),
    }
}

/// What a provider says in sentences of its own.
fn own(name: &str, fault: &Fault) -> (u16, String) {
    let of = |status: u16, list: &[String]| (status, list[pick(name, fault, list.len())].clone());
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    match fault {
        Fault::Address => of(404, &texts(&["nothing here", "no route", "resource unknown"])),
        Fault::Method(Method::Post) => of(405, &texts(&["use POST", "wrong verb", "POST only"])),
        Fault::Method(Method::Get) => of(405, &texts(&["use GET", "wrong verb", "this resource is read with GET"])),
        Fault::Body(body) => of(400, &[format!("send {body}"), "body not understood".to_owned(), format!("content must be {body}")]),
        Fault::Client => {
            of(401, &texts(&["app not authenticated", "bad app credentials", "unauthorised application", "app secret missing"]))
        }
        Fault::Token => of(401, &texts(&["please sign in", "session unknown", "no valid token given", "user not authenticated"])),
        Fault::Parameter(of_name) => of(
            400,
            &[
                format!("{of_name} missing"),
                format!("no {of_name} given"),
                format!("field '{of_name}' must not be empty"),
                format!("need {of_name}"),
            ],
        ),
        Fault::Value(of_name) => {
            of(400, &[format!("{of_name} not accepted"), format!("bad {of_name}"), format!("wrong value for '{of_name}'")])
        }
        Fault::Header(of_name) => of(400, &[format!("header {of_name} absent"), format!("no {of_name}"), format!("set {of_name}")]),
        Fault::ProofMissing(of_name) => {
            of(400, &[format!("{of_name} absent"), "proof key needed".to_owned(), format!("no {of_name} given")])
        }
        Fault::ProofUnknown(of_name) => {
            of(400, &[format!("{of_name}: what is this?"), format!("unexpected field {of_name}"), format!("do not send {of_name}")])
        }
        Fault::Scope(word) => {
            of(400, &[format!("permission {word} unknown"), format!("no such permission: {word}"), format!("{word} cannot be asked for")])
        }
    }
}

/// A provider as a test knows it: its right file, and the story of the person who logs in.
pub struct Judge<'a> {
    right: &'a Provider,
    story: &'a ExampleSpec,
    expected: Vec<Request>,
    wording: Wording,
    /// The parts of the scope that bring keys of answers.
    scopes: &'a BTreeMap<String, Vec<String>>,
    next: Mutex<usize>,
    /// The scope of the redirect.
    granted: Mutex<Option<String>>,
}

impl<'a> Judge<'a> {
    pub fn new(right: &'a Provider, story: &'a ExampleSpec, scopes: &'a BTreeMap<String, Vec<String>>, wording: Wording) -> Self {
        let played = replay(right, story);
        let mut expected: Vec<Request> = played.requests.iter().map(|(_, request)| request.clone()).collect();
        // The calls before the redirect come first, as the recorded answers do.
        let prepared = played.trace.exchanges.len() + 1 - expected.len();
        let before: Vec<Request> = played.trace.exchanges.iter().take(prepared).map(|exchange| exchange.request.clone()).collect();
        let redirect = expected.remove(0);
        let expected = std::iter::once(redirect).chain(before).chain(expected).collect();
        Self { right, story, expected, wording, scopes, next: Mutex::new(0), granted: Mutex::new(None) }
    }

    fn takes_proof(&self) -> bool {
        self.right.pkce != portaria::provider::pkce::Pkce::Off
    }

    fn refusal(&self, fault: &Fault, is_person: bool) -> Response {
        let name = &*self.right.name;
        let answer = |status: u16, kind: &str, body: String| Response {
            status,
            headers: vec![("Content-Type".into(), kind.into())],
            body: body.into_bytes(),
        };
        match self.wording {
            Wording::Standard => {
                let (status, code, sentence) = standard(fault, is_person);
                let mut response = answer(status, "application/json", json!({ "error": code, "error_description": sentence }).to_string());
                // The challenge names the scheme that is right (RFC 9110, 11.6.1), and a refused method comes with those that are (15.5.6).
                if let (Fault::Token, Some(scheme)) = (fault, self.scheme()) {
                    response.headers.push(("WWW-Authenticate".into(), format!("{scheme} error=\"{code}\"").into()));
                }
                if let Fault::Method(method) = fault {
                    response.headers.push(("Allow".into(), method.to_string().into()));
                }
                response
            }
            Wording::Own => {
                let (status, sentence) = own(name, fault);
                let number = 1_000 + pick(name, fault, 90);
                let recorded = self.recorded_refusal(is_person, number, &sentence);
                let forms = [
                    json!({ "code": number, "msg": sentence }),
                    json!({ "errors": [{ "title": "Problem", "detail": sentence }] }),
                    json!({ "fault": { "string": sentence, "detail": { "no": number } } }),
                    json!({ "ok": false, "reason": sentence }),
                ];
                recorded.unwrap_or_else(|| answer(status, "application/json", forms[pick(name, &Fault::Address, forms.len())].to_string()))
            }
            Wording::Odd => {
                let status = match fault {
                    Fault::Address => 404,
                    Fault::Method(_) => 405,
                    Fault::Client | Fault::Token => [401, 403, 400][pick(name, fault, 3)],
                    _ => [400, 422, 500][pick(name, fault, 3)],
                };
                match pick(name, fault, 5) {
                    0 => answer(status, "application/json", "17".to_owned()),
                    1 => answer(status, "application/json", json!({ "err": 1_017 }).to_string()),
                    2 => answer(status, "application/json", json!({ "msg": "İstek işlenemedi" }).to_string()),
                    3 => answer(status, "text/html", "<html><body><h1>Ups</h1><p>Coś poszło nie tak.</p></body></html>".to_owned()),
                    _ => answer(status, "application/json", json!({ "message": "请求有误" }).to_string()),
                }
            }
        }
    }

    /// The scheme of the header in which the provider expects the token.
    fn scheme(&self) -> Option<String> {
        let headers = self.expected.iter().skip(1).flat_map(|request| &request.headers);
        let mut tokens =
            headers.filter(|(name, value)| name.eq_ignore_ascii_case("authorization") && value.masked().contains("accessToken"));
        tokens.next().and_then(|(_, value)| value.masked().split_once(' ').map(|(scheme, _)| scheme.to_owned()))
    }

    /// The refusal that the provider's examples show, with another code and another sentence.
    fn recorded_refusal(&self, is_person: bool, number: usize, sentence: &str) -> Option<Response> {
        let name = &*self.right.name;
        let path = crate::support::root().join(format!("tests/repair/odd_providers/{name}.examples.yaml"));
        let stories = crate::repair::stories(&path);
        let shown = stories.iter().find(|story| story.refused.is_some())?;
        let refused = shown.refused.as_ref()?;
        let is_same = (refused.step.map(StepKind::word) == Some("getUserInfo")) == is_person;
        let exchange = shown.exchanges.as_ref()?.0.last().filter(|_| is_same)?;
        let json = exchange.answer.json.as_ref()?.0.to_string();
        let (code, message) = (&refused.code.value, refused.message.as_ref().map(|message| message.value.clone())?);
        let body = json
            .replace(&serde_json::to_string(&message).ok()?, &serde_json::to_string(sentence).ok()?)
            .replace(&format!(":{code}"), &format!(":{number}"));
        let status = exchange.answer.status.and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
        Some(Response { status, headers: vec![("Content-Type".into(), "application/json".into())], body: body.into_bytes() })
    }

    /// The keys that the granted scope does not bring.
    fn withheld(&self) -> Vec<&str> {
        let granted = self.granted.lock().expect("nobody panics").clone().unwrap_or_default();
        let words: Vec<&str> = granted.split([' ', ',', ';']).collect();
        let lost = self.scopes.iter().filter(|(word, _)| !words.contains(&word.as_str()));
        lost.flat_map(|(_, keys)| keys.iter().map(String::as_str)).collect()
    }
}

/// A value without these keys.
pub fn without(value: &Value, keys: &[&str]) -> Value {
    match value {
        Value::Object(all) => all
            .iter()
            .filter(|(key, _)| !keys.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), without(value, keys)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(all) => all.iter().map(|value| without(value, keys)).collect(),
        other => other.clone(),
    }
}

impl ReplayJudge for Judge<'_> {
    fn refuse_redirect(&self, redirect: &Request) -> Option<Vec<(String, String)>> {
        let scope = Parts::of(redirect).query.into_iter().find(|(name, ..)| name == "scope").map(|(_, value, _)| value);
        *self.granted.lock().expect("nobody panics") = scope;
        let fault = fault(&self.expected[0], redirect, self.takes_proof())?;
        let name = &*self.right.name;
        let (code, sentence) = match self.wording {
            Wording::Standard => {
                let (_, code, sentence) = standard(&fault, false);
                (code.to_owned(), sentence)
            }
            Wording::Own => ("rejected".to_owned(), own(name, &fault).1),
            Wording::Odd => ("17".to_owned(), "请求有误".to_owned()),
        };
        let state = Parts::of(&self.expected[0])
            .query
            .into_iter()
            .find(|(name, ..)| name == "state")
            .map_or_else(|| "state".to_owned(), |_| "state".to_owned());
        let pairs = vec![("error".to_owned(), code), ("error_description".to_owned(), sentence), (state, "‹state›".to_owned())];
        Some(pairs)
    }

    fn answer(&self, request: &Request) -> JudgedAnswer {
        let mut next = self.next.lock().expect("nobody panics");
        let waiting = self.expected.iter().enumerate().skip(1 + *next);
        let judged = waiting.map(|(at, right)| (at, fault(right, request, self.takes_proof())));
        // The call that it resembles most: one that it is, or else the next one.
        let all: Vec<(usize, Option<Fault>)> = judged.collect();
        let exact = all.iter().find(|(_, fault)| fault.is_none()).map(|(at, _)| *at);
        if let Some(at) = exact {
            *next = at;
            let exchange = self.story.prepare.iter().chain(&self.story.exchanges).flat_map(|exchanges| &exchanges.0).nth(at - 1);
            let withheld = self.withheld();
            if let Some(json) = exchange.and_then(|exchange| exchange.answer.json.as_ref()).filter(|_| !withheld.is_empty()) {
                let body = without(&json.0, &withheld);
                // Tokens that are made for the replay stay where they are.
                if body != json.0 && !body.to_string().contains('‹') {
                    let headers = vec![("Content-Type".into(), "application/json".into())];
                    return JudgedAnswer::Other(Response { status: 200, headers, body: body.to_string().into_bytes() });
                }
            }
            return JudgedAnswer::Recorded(at - 1);
        }
        let closest = all.iter().find(|(_, fault)| *fault != Some(Fault::Address)).or(all.first());
        let fault = closest.and_then(|(_, fault)| fault.clone()).unwrap_or(Fault::Address);
        let at = closest.map_or(1, |(at, _)| *at);
        let is_person =
            Parts::of(&self.expected[at.min(self.expected.len() - 1)]).headers.iter().any(|(_, _, shown)| shown.contains("‹accessToken"))
                || at > 1;
        JudgedAnswer::Other(self.refusal(&fault, is_person))
    }
}
