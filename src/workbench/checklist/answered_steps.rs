//! The steps of the file that the answers give: what each request carries, and what is read from its answer.

use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::path::{PathSegment, write_path};
use crate::workbench::checklist::answered_file::{AnswerLookup, or_standard};
use crate::workbench::checklist::pairs::{RequestMoment, name_entries, parameter_entries};
use crate::workbench::checklist::question::{PUSHED, PUSHED_READ};
use crate::workbench::learn::provider_file::push_reads;

pub(super) fn authorization_entries(answers: &AnswerLookup<'_>) -> Vec<YamlLine> {
    let mut words = Vec::new();
    words.extend(answers.get("authorize").map(|address| YamlLine::new("get", YamlValue::text(address))));
    let is_usual = |scope: &String| !answers.by_hand() && scope == "openid profile email";
    if let Some(scope) =
        answers.given("scope").map(|scope| separated_scope(scope, answers.get("scope-separator"))).filter(|scope| !is_usual(scope))
    {
        words.push(YamlLine::new("scope", YamlValue::text(scope)));
    }
    let prepared = answers.given("prepare").map(|address| prepare_entries(answers, address));
    let pushed = prepared.is_some().then_some(PUSHED);
    let written = answers.get("authorize-parameters").or(pushed).filter(|parameters| *parameters != "standard");
    let mut further = answers.given("extra").map_or_else(Vec::new, |extra| parameter_entries(extra, RequestMoment::Redirect));
    further.extend(answers.get("response-mode").map(|mode| YamlLine::new("response_mode", YamlValue::text(mode))));
    if let Some(parameters) = written {
        let mut entries = parameter_entries(parameters, RequestMoment::Redirect);
        entries.extend(further);
        words.push(YamlLine::with_comment("query", YamlValue::Block(entries), "exactly this is sent"));
    } else {
        words.extend(answers.given("rename").map(|names| YamlLine::new("rename", YamlValue::Flow(name_entries(names)))));
        if answers.given("signed") == Some("idToken") && answers.by_hand() && further.iter().all(|line| line.key != "nonce") {
            further.push(YamlLine::new("nonce", YamlValue::text("${nonce}")));
        }
        if !further.is_empty() {
            words.push(YamlLine::with_comment("extra", YamlValue::Flow(further), "besides the standard parameters"));
        }
    }
    push_callback_entries(answers, &mut words);
    if let Some(parameters) = answers.given("reauthenticate") {
        let entries = parameter_entries(parameters, RequestMoment::Redirect);
        words.push(YamlLine::with_comment("reauthenticate", YamlValue::Flow(entries), "where a new login is asked for"));
    }
    words.extend(prepared.map(|call| YamlLine::with_comment("prepare", YamlValue::Block(call), "before the redirect")));
    words
}

/// The scope with another mark between its words.
fn separated_scope(scope: &str, separator: Option<&str>) -> String {
    let mark = match separator {
        Some("comma") => ",",
        Some("semicolon") => ";",
        Some("blank") => " ",
        _ => return scope.to_owned(),
    };
    let words = scope.split(|letter: char| letter.is_whitespace() || matches!(letter, ',' | ';')).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(mark)
}

/// How the browser comes back, and what is read from its parameters.
fn push_callback_entries(answers: &AnswerLookup<'_>, words: &mut Vec<YamlLine>) {
    let mut read = Vec::new();
    for (fact, question) in [("code", "code"), ("state", "state-name")] {
        if let Some(name) = answers.get(question).filter(|name| *name != fact) {
            read.push(YamlLine::with_comment(fact, YamlValue::Text(callback_path(name)), "a parameter of the callback"));
        }
    }
    if !read.is_empty() {
        words.push(YamlLine::new("read", YamlValue::Block(read)));
    }
    let posted = (answers.get("response-mode") == Some("form_post")).then_some("post");
    words.extend(
        answers
            .get("callback")
            .or(posted)
            .filter(|method| *method != "get")
            .map(|method| YamlLine::new("callback", YamlValue::text(method))),
    );
    words.extend(answers.get("state-in").filter(|place| *place != "query").map(|place| YamlLine::new("stateIn", YamlValue::text(place))));
    words.extend(answers.given("verify").map(|signature| YamlLine::new("verify", YamlValue::Block(name_entries(signature)))));
}

/// The call before the redirect. It carries the standard parameters of the redirect, and the credentials as the token request does.
fn prepare_entries(answers: &AnswerLookup<'_>, address: &str) -> Vec<YamlLine> {
    let mut words = vec![YamlLine::new("post", YamlValue::text(address))];
    let credentials = answers.get("credentials").filter(|credentials| matches!(*credentials, "basic" | "basicEncoded"));
    words.extend(credentials.map(|credentials| YamlLine::new("credentials", YamlValue::text(credentials))));
    words.push(YamlLine::new("read", YamlValue::Flow(name_entries(answers.given("prepare-read").unwrap_or(PUSHED_READ)))));
    words
}

fn callback_path(code: &str) -> String {
    if code.starts_with('$') {
        return code.to_owned();
    }
    write_path(&[PathSegment::Key(code.to_owned())])
}

pub(super) fn token_request_entries(answers: &AnswerLookup<'_>, person: &[YamlLine]) -> Vec<YamlLine> {
    let mut words = Vec::new();
    let encoding = answers.get("token-encoding").unwrap_or("form");
    if let Some(address) = answers.get("token") {
        words.push(YamlLine::new(if encoding == "query" { "get" } else { "post" }, YamlValue::text(address)));
    }
    let parameters = answers.get("token-parameters").filter(|parameters| *parameters != "standard");
    let further = answers.given("token-extra").map_or_else(Vec::new, |extra| parameter_entries(extra, RequestMoment::Token));
    let is_written = parameters.is_some() || encoding == "json";
    let usual = match (is_written, encoding) {
        (true, _) => "none",
        (false, "query") => "query",
        (false, _) => "form",
    };
    if let Some(credentials) = answers.get("credentials").filter(|credentials| *credentials != usual) {
        words.push(YamlLine::with_comment("credentials", YamlValue::text(credentials), "where the client's id and secret go"));
    }
    if is_written {
        // The standard parameters, written as JSON, where none are given.
        let verifier = if answers.get("pkce") == Some("off") { "" } else { ", code_verifier=codeVerifier" };
        let standard = format!("grant_type=authorization_code, code=code, redirect_uri=redirectUri{verifier}");
        let mut entries = parameter_entries(parameters.unwrap_or(&standard), RequestMoment::Token);
        entries.extend(further);
        words.push(YamlLine::with_comment(encoding, YamlValue::Block(entries), "exactly this is sent"));
    } else {
        words.extend(answers.given("token-rename").map(|names| YamlLine::new("rename", YamlValue::Flow(name_entries(names)))));
        if !further.is_empty() {
            words.push(YamlLine::with_comment("extra", YamlValue::Flow(further), "besides the standard parameters"));
        }
    }
    push_headers(header_entries(answers.given("token-headers"), RequestMoment::Token), &mut words);
    words.extend(timeout_entry(answers));
    words.extend(
        answers.get("token-answer").filter(|format| *format != "auto").map(|format| YamlLine::new("answer", YamlValue::text(format))),
    );
    let mut read = Vec::new();
    if let Some(path) = answers.get("token-path").filter(|path| *path != "$.access_token") {
        read.push(YamlLine::new("accessToken", YamlValue::text(path)));
    }
    let signed = answers.signed_entry("idToken", person);
    if answers.by_hand() && answers.given("userinfo").is_none() && signed.is_none() {
        read.extend(or_standard(person));
    }
    push_reads(read, &mut words);
    words.extend(signed);
    words
}

pub(super) fn person_request_entries(answers: &AnswerLookup<'_>, person: Vec<YamlLine>) -> Vec<YamlLine> {
    let address = answers.given("userinfo");
    // With a discovery document the address may be left out.
    let is_made = address.is_some() || !answers.by_hand() && answers.get("userinfo").is_none();
    if !is_made || answers.given("signed") == Some("idToken") {
        return Vec::new();
    }
    let encoding = answers.get("userinfo-encoding").unwrap_or("query");
    let token_in = answers.get("token-in").unwrap_or("header");
    let mut words = Vec::new();
    if let Some(address) = address {
        let is_read = encoding == "query" && token_in != "form";
        words.push(YamlLine::new(if is_read { "get" } else { "post" }, YamlValue::text(address)));
    }
    let parameters = answers.given("userinfo-parameters");
    let mut blocks = vec![(encoding, parameters.map_or_else(Vec::new, |list| parameter_entries(list, RequestMoment::Person)))];
    let mut headers = header_entries(answers.given("userinfo-headers"), RequestMoment::Person);
    let (name, prefix) = (answers.get("token-name"), answers.get("token-prefix"));
    if token_in == "header" {
        if name.is_some() || prefix.is_some() {
            headers.push(YamlLine::new(
                name.unwrap_or("Authorization"),
                YamlValue::Text(match prefix {
                    Some("none") => "${accessToken}".to_owned(),
                    prefix => format!("{} ${{accessToken}}", prefix.unwrap_or("Bearer")),
                }),
            ));
        }
    } else {
        let token = YamlLine::new(name.unwrap_or("access_token"), YamlValue::text("${accessToken}"));
        match blocks.iter_mut().find(|(place, _)| *place == token_in) {
            Some((_, entries)) => entries.push(token),
            None => blocks.push((token_in, vec![token])),
        }
    }
    let blocks = blocks.into_iter().filter(|(_, entries)| !entries.is_empty());
    words.extend(blocks.map(|(place, entries)| YamlLine::new(place, YamlValue::Block(entries))));
    push_headers(headers, &mut words);
    words.extend(timeout_entry(answers));
    if let Some(bearer) = answers.get("bearer").filter(|bearer| *bearer != "standard") {
        words.push(YamlLine::new("bearer", YamlValue::text(bearer)));
    }
    words.extend(answers.given("userinfo-sign").map(|signature| YamlLine::new("sign", YamlValue::Block(name_entries(signature)))));
    words.extend(
        answers.get("userinfo-answer").filter(|format| *format != "auto").map(|format| YamlLine::new("answer", YamlValue::text(format))),
    );
    match answers.signed_entry("answer", &person) {
        Some(signed) => words.push(signed),
        None => push_reads(person, &mut words),
    }
    words
}

fn timeout_entry(answers: &AnswerLookup<'_>) -> Option<YamlLine> {
    answers.get("timeout").map(|timeout| YamlLine::new("timeout", YamlValue::text(timeout)))
}

fn header_entries(headers: Option<&str>, moment: RequestMoment) -> Vec<YamlLine> {
    headers.map_or_else(Vec::new, |headers| parameter_entries(headers, moment))
}

fn push_headers(headers: Vec<YamlLine>, words: &mut Vec<YamlLine>) {
    if !headers.is_empty() {
        words.push(YamlLine::new("headers", YamlValue::Flow(headers)));
    }
}
