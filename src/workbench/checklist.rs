//! The checklist about a provider, and the file that its answers give. The compiler of the language checks each answer.

pub(crate) mod questions;

use crate::provider::{InstallationContext, compile};
use crate::vocabulary::diagnostic::{Severity, quoted_alternatives};
use crate::vocabulary::place::Source;
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::path::{PathSegment, write_path};
use crate::workbench::checklist::questions::{ChecklistAnswers, ChecklistQuestion};
use crate::workbench::draft::ProviderDraft;

/// Why an answer is not accepted: the choices, or the complaint of the compiler.
pub(crate) fn check_answer(question: &ChecklistQuestion, answer: &str, context: InstallationContext) -> Option<String> {
    if !question.choices.is_empty() {
        let fits = question.choices.contains(&answer);
        return (!fits).then(|| format!("write {}", quoted_alternatives(question.choices.iter().copied())));
    }
    // The rest of the file is correct, so that every complaint is about this answer.
    let mut answers: ChecklistAnswers =
        [("authorize", "https://a.example/a"), ("token", "https://a.example/t"), ("userinfo", "https://a.example/u")]
            .into_iter()
            .chain([("trust", "never"), ("pkce", "off"), ("email-verified", "none"), ("title", "Acme")])
            .map(|(name, answer)| (name, answer.to_owned()))
            .collect();
    answers.insert(question.name, answer.to_owned());
    if question.name == "email-verified" && answer != "none" {
        answers.insert("trust", "claim".to_owned());
    }
    if question.name == "discovery" {
        answers.remove("userinfo");
    }
    let (_, report) = compile(&Source::new("answer.yaml", draft_from_answers(&answers).to_yaml()), context);
    let error = report.complaints.iter().find(|complaint| complaint.severity == Severity::Error)?;
    Some(format!("{}; {}", error.message, error.help))
}

/// The file that the answers give. It holds only what differs from the standard.
pub(crate) fn draft_from_answers(answers: &ChecklistAnswers) -> ProviderDraft {
    let get = |name: &str| answers.get(name).map(String::as_str).filter(|answer| !answer.is_empty());
    let given = |name: &str| get(name).filter(|answer| *answer != "none");
    let text = |text: &str| YamlValue::text(text);
    let mut draft = ProviderDraft::default();
    draft.push(YamlLine::with_comment("name", text(get("title").unwrap_or("Provider")), "what the button says"));
    if let Some(id) = get("client-id").filter(|id| *id != "env") {
        draft.push(YamlLine::new("clientId", text(id)));
    }
    if let Some(secret) = get("client-secret").filter(|secret| *secret != "env") {
        draft.push(YamlLine::with_comment("clientSecret", text(secret), "a secret is never written here, only a reference to it"));
    }
    if let Some(issuer) = get("discovery") {
        draft.push(YamlLine::with_comment("discovery", text(issuer), "addresses, keys and issuer come from its document"));
    }
    if let Some(pkce) = get("pkce").filter(|pkce| *pkce != "S256") {
        draft.push(YamlLine::with_comment("pkce", YamlValue::Bare(pkce.to_owned()), "the default is S256"));
    }
    push_email_trust(&get, &mut draft);
    let first = authorization_entries(&get, &given);
    if !first.is_empty() {
        draft.push(YamlLine::new("getAuthorizationCode", YamlValue::Block(first)));
    }
    let person = person_entries(&get, &given);
    let access = token_request_entries(&get, &given, &person);
    if !access.is_empty() {
        draft.push(YamlLine::new("getAccessCode", YamlValue::Block(access)));
    }
    if let Some(address) = given("userinfo").filter(|_| get("discovery").is_none()) {
        let encoding = get("userinfo-encoding").unwrap_or("query");
        let mut words = vec![YamlLine::new(if encoding == "query" { "get" } else { "post" }, text(address))];
        if let Some(parameters) = given("userinfo-parameters") {
            words.push(YamlLine::new(encoding, YamlValue::Block(parameter_entries(parameters))));
        }
        if !person.is_empty() {
            words.push(YamlLine::new("read", YamlValue::Block(person)));
        }
        draft.push(YamlLine::new("getUserInfo", YamlValue::Block(words)));
    }
    draft
}

type ChecklistLookup<'a> = dyn Fn(&str) -> Option<&'a str> + 'a;

fn push_email_trust(get: &ChecklistLookup<'_>, draft: &mut ProviderDraft) {
    let reads_email = get("discovery").is_some() || get("email") != Some("none");
    match get("trust").filter(|_| reads_email) {
        Some("always") => {
            draft.push(YamlLine::with_comment(
                "trustEmail",
                YamlValue::text("always"),
                "it only returns addresses that it has proven itself",
            ));
        }
        Some("never") => {
            draft.push(YamlLine::with_comment("trustEmail", YamlValue::text("never"), "nothing says that its addresses are proven"));
            draft.push(YamlLine::with_comment("missingEmail", YamlValue::text("ask"), "so shoppers prove theirs; `refuse` keeps them out"));
        }
        _ if !reads_email => {
            draft.push(YamlLine::with_comment(
                "missingEmail",
                YamlValue::text("ask"),
                "it returns no address, so shoppers type and prove one",
            ));
        }
        _ => {}
    }
}

fn authorization_entries<'a>(get: &ChecklistLookup<'a>, given: &ChecklistLookup<'a>) -> Vec<YamlLine> {
    let mut words = Vec::new();
    if let Some(address) = get("authorize").filter(|_| get("discovery").is_none()) {
        words.push(YamlLine::new("get", YamlValue::text(address)));
    }
    let is_usual = |scope: &&str| get("discovery").is_some() && *scope == "openid profile email";
    if let Some(scope) = given("scope").filter(|scope| !is_usual(scope)) {
        words.push(YamlLine::new("scope", YamlValue::text(scope)));
    }
    if let Some(parameters) = get("authorize-parameters").filter(|parameters| *parameters != "standard") {
        words.push(YamlLine::with_comment("query", YamlValue::Block(parameter_entries(parameters)), "exactly this is sent"));
    }
    if let Some(code) = get("code").filter(|code| *code != "code") {
        let read = YamlLine::with_comment("code", YamlValue::Text(callback_path(code)), "the callback's parameters are this step's answer");
        words.push(YamlLine::new("read", YamlValue::Block(vec![read])));
    }
    words
}

fn callback_path(code: &str) -> String {
    if code.starts_with('$') {
        return code.to_owned();
    }
    write_path(&[PathSegment::Key(code.to_owned())])
}

fn token_request_entries<'a>(get: &ChecklistLookup<'a>, given: &ChecklistLookup<'a>, person: &[YamlLine]) -> Vec<YamlLine> {
    let mut words = Vec::new();
    let by_hand = get("discovery").is_none();
    let encoding = get("token-encoding").unwrap_or("form");
    if let Some(address) = get("token").filter(|_| by_hand) {
        words.push(YamlLine::new(if encoding == "query" { "get" } else { "post" }, YamlValue::text(address)));
    }
    let parameters = get("token-parameters").filter(|parameters| *parameters != "standard" && by_hand);
    let is_written = parameters.is_some() || encoding == "json" && by_hand;
    let usual = match (is_written, encoding) {
        (true, _) => "none",
        (false, "query") => "query",
        (false, _) => "form",
    };
    if let Some(credentials) = get("credentials").filter(|credentials| *credentials != usual) {
        words.push(YamlLine::with_comment("credentials", YamlValue::text(credentials), "where the client's id and secret go"));
    }
    match parameters {
        Some(parameters) => {
            words.push(YamlLine::with_comment(encoding, YamlValue::Block(parameter_entries(parameters)), "exactly this is sent"));
        }
        None if encoding == "json" && by_hand => {
            // The standard parameters, written as JSON.
            let mut list = vec!["grant_type=authorization_code", "code=code", "redirect_uri=redirectUri"];
            if get("pkce") != Some("off") {
                list.push("code_verifier=codeVerifier");
            }
            words.push(YamlLine::new("json", YamlValue::Block(parameter_entries(&list.join(", ")))));
        }
        None => {}
    }
    let mut read = Vec::new();
    if let Some(path) = get("token-path").filter(|path| *path != "$.access_token" && by_hand) {
        read.push(YamlLine::new("accessToken", YamlValue::text(path)));
    }
    if by_hand && given("userinfo").is_none() {
        let standard = [("id", "$.sub"), ("email", "$.email"), ("name", "$.name")];
        if person.is_empty() {
            read.extend(standard.iter().map(|(fact, path)| YamlLine::new(*fact, YamlValue::text(*path))));
        }
        read.extend(person.iter().cloned());
    }
    if !read.is_empty() {
        words.push(YamlLine::new("read", YamlValue::Block(read)));
    }
    words
}

/// What is read about the person; empty if the standard places are used.
fn person_entries<'a>(get: &ChecklistLookup<'a>, given: &ChecklistLookup<'a>) -> Vec<YamlLine> {
    let usual = [
        ("id", "id", "$.sub"),
        ("email", "email", "$.email"),
        ("email-verified", "emailVerified", "$.email_verified"),
        ("name-path", "name", "$.name"),
    ];
    if usual.iter().all(|(question, _, path)| get(question).is_none_or(|answer| answer == *path)) {
        return Vec::new();
    }
    let lines = usual.iter().filter_map(|(question, fact, path)| {
        let answer = if get(question).is_none() && *fact != "emailVerified" { Some(*path) } else { given(question) };
        Some(YamlLine::new(*fact, YamlValue::text(answer?)))
    });
    lines.collect()
}

/// Facts that a request may name without braces.
const FACTS: &[&str] = &[
    "clientId",
    "clientSecret",
    "redirectUri",
    "state",
    "nonce",
    "code",
    "codeVerifier",
    "codeChallenge",
    "scope",
    "accessToken",
    "now",
    "publicUrl",
];

/// `a=clientId, b=text` as parameters: the name of a fact becomes a hole.
fn parameter_entries(text: &str) -> Vec<YamlLine> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let pairs = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
    pairs
        .map(|(name, value)| {
            let value = value.trim();
            let written = if FACTS.contains(&value) { format!("${{{value}}}") } else { value.to_owned() };
            YamlLine::new(name.trim(), YamlValue::Text(written))
        })
        .collect()
}
