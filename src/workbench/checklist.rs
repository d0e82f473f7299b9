//! The checklist that somebody answers about a provider, and the file that comes of it. Each answer is looked over by the language itself.

pub(crate) mod questions;

use crate::provider::{InstallationContext, compile};
use crate::vocabulary::place::Source;
use crate::workbench::answers::path::{PathSegment, write_path};
use crate::workbench::checklist::questions::{ChecklistAnswers, ChecklistQuestion};
use crate::workbench::draft::{DraftEntry, DraftValue, ProviderDraft};

/// Why an answer cannot be taken, if it cannot: the choices, or what the language says of it.
pub(crate) fn check_answer(question: &ChecklistQuestion, answer: &str, ground: InstallationContext) -> Option<String> {
    if !question.choices.is_empty() {
        let fits = question.choices.contains(&answer);
        return (!fits).then(|| format!("write {}", crate::vocabulary::diagnostic::quoted_alternatives(question.choices.iter().copied())));
    }
    // A whole file around the one answer, so that every complaint is about that answer.
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
    let (_, report) = compile(&Source::new("answer.yaml", draft_from_answers(&answers).to_yaml()), ground);
    let worst = report.complaints.iter().find(|complaint| complaint.severity == crate::vocabulary::diagnostic::Severity::Error)?;
    Some(format!("{}; {}", worst.message, worst.help))
}

/// The file that comes of the answers: only what differs from the standard.
pub(crate) fn draft_from_answers(answers: &ChecklistAnswers) -> ProviderDraft {
    let get = |name: &str| answers.get(name).map(String::as_str).filter(|answer| !answer.is_empty());
    let said = |name: &str| get(name).filter(|answer| *answer != "none");
    let text = |text: &str| DraftValue::text(text);
    let mut draft = ProviderDraft::default();
    draft.push(DraftEntry::with_reason("name", text(get("title").unwrap_or("Provider")), "what the button says"));
    if let Some(id) = get("client-id").filter(|id| *id != "env") {
        draft.push(DraftEntry::new("clientId", text(id)));
    }
    if let Some(secret) = get("client-secret").filter(|secret| *secret != "env") {
        draft.push(DraftEntry::with_reason("clientSecret", text(secret), "a secret is never written here, only where it is kept"));
    }
    if let Some(issuer) = get("discovery") {
        draft.push(DraftEntry::with_reason("discovery", text(issuer), "addresses, keys and issuer come from its document"));
    }
    if let Some(pkce) = get("pkce").filter(|pkce| *pkce != "S256") {
        draft.push(DraftEntry::with_reason("pkce", DraftValue::Bare(pkce.to_owned()), "the usual is S256"));
    }
    let reads_email = get("discovery").is_some() || get("email") != Some("none");
    match get("trust").filter(|_| reads_email) {
        Some("always") => {
            draft.push(DraftEntry::with_reason("trustEmail", text("always"), "it only hands out addresses that it has checked itself"));
        }
        Some("never") => {
            draft.push(DraftEntry::with_reason("trustEmail", text("never"), "nothing says that its addresses are proven"));
            draft.push(DraftEntry::with_reason("missingEmail", text("ask"), "so shoppers prove theirs; `refuse` keeps them out"));
        }
        _ if !reads_email => {
            draft.push(DraftEntry::with_reason("missingEmail", text("ask"), "it tells no address, so shoppers type and prove one"));
        }
        _ => {}
    }
    let first = authorization_entries(&get, &said);
    if !first.is_empty() {
        draft.push(DraftEntry::new("getAuthorizationCode", DraftValue::Block(first)));
    }
    let person = person_entries(&get, &said);
    let access = token_request_entries(&get, &said, &person);
    if !access.is_empty() {
        draft.push(DraftEntry::new("getAccessCode", DraftValue::Block(access)));
    }
    if let Some(address) = said("userinfo").filter(|_| get("discovery").is_none()) {
        let encoding = get("userinfo-encoding").unwrap_or("query");
        let mut words = vec![DraftEntry::new(if encoding == "query" { "get" } else { "post" }, text(address))];
        if let Some(parameters) = said("userinfo-parameters") {
            words.push(DraftEntry::new(encoding, DraftValue::Block(parameter_entries(parameters))));
        }
        if !person.is_empty() {
            words.push(DraftEntry::new("read", DraftValue::Block(person)));
        }
        draft.push(DraftEntry::new("getUserInfo", DraftValue::Block(words)));
    }
    draft
}

type ChecklistLookup<'a> = dyn Fn(&str) -> Option<&'a str> + 'a;

fn authorization_entries<'a>(get: &ChecklistLookup<'a>, said: &ChecklistLookup<'a>) -> Vec<DraftEntry> {
    let mut words = Vec::new();
    if let Some(address) = get("authorize").filter(|_| get("discovery").is_none()) {
        words.push(DraftEntry::new("get", DraftValue::text(address)));
    }
    let is_usual = |scope: &&str| get("discovery").is_some() && *scope == "openid profile email";
    if let Some(scope) = said("scope").filter(|scope| !is_usual(scope)) {
        words.push(DraftEntry::new("scope", DraftValue::text(scope)));
    }
    if let Some(parameters) = get("authorize-parameters").filter(|parameters| *parameters != "standard") {
        words.push(DraftEntry::with_reason("query", DraftValue::Block(parameter_entries(parameters)), "exactly this is sent"));
    }
    if let Some(code) = get("code").filter(|code| *code != "code") {
        let read =
            DraftEntry::with_reason("code", DraftValue::Text(callback_path(code)), "the callback's parameters are this step's answer");
        words.push(DraftEntry::new("read", DraftValue::Block(vec![read])));
    }
    words
}

fn callback_path(code: &str) -> String {
    if code.starts_with('$') {
        return code.to_owned();
    }
    write_path(&[PathSegment::Key(code.to_owned())])
}

fn token_request_entries<'a>(get: &ChecklistLookup<'a>, said: &ChecklistLookup<'a>, person: &[DraftEntry]) -> Vec<DraftEntry> {
    let mut words = Vec::new();
    let by_hand = get("discovery").is_none();
    let encoding = get("token-encoding").unwrap_or("form");
    if let Some(address) = get("token").filter(|_| by_hand) {
        words.push(DraftEntry::new(if encoding == "query" { "get" } else { "post" }, DraftValue::text(address)));
    }
    let parameters = get("token-parameters").filter(|parameters| *parameters != "standard" && by_hand);
    let is_written = parameters.is_some() || encoding == "json" && by_hand;
    let usual = match (is_written, encoding) {
        (true, _) => "none",
        (false, "query") => "query",
        (false, _) => "form",
    };
    if let Some(credentials) = get("credentials").filter(|credentials| *credentials != usual) {
        words.push(DraftEntry::with_reason("credentials", DraftValue::text(credentials), "where the client's id and secret go"));
    }
    match parameters {
        Some(parameters) => {
            words.push(DraftEntry::with_reason(encoding, DraftValue::Block(parameter_entries(parameters)), "exactly this is sent"));
        }
        None if encoding == "json" && by_hand => {
            // Standard parameters, written as JSON.
            let mut list = vec!["grant_type=authorization_code", "code=code", "redirect_uri=redirectUri"];
            if get("pkce") != Some("off") {
                list.push("code_verifier=codeVerifier");
            }
            words.push(DraftEntry::new("json", DraftValue::Block(parameter_entries(&list.join(", ")))));
        }
        None => {}
    }
    let mut read = Vec::new();
    if let Some(path) = get("token-path").filter(|path| *path != "$.access_token" && by_hand) {
        read.push(DraftEntry::new("accessToken", DraftValue::text(path)));
    }
    if by_hand && said("userinfo").is_none() {
        let standard = [("id", "$.sub"), ("email", "$.email"), ("name", "$.name")];
        if person.is_empty() {
            read.extend(standard.iter().map(|(fact, path)| DraftEntry::new(*fact, DraftValue::text(*path))));
        }
        read.extend(person.iter().cloned());
    }
    if !read.is_empty() {
        words.push(DraftEntry::new("read", DraftValue::Block(read)));
    }
    words
}

/// What is read of the person; nothing where the standard says the same.
fn person_entries<'a>(get: &ChecklistLookup<'a>, said: &ChecklistLookup<'a>) -> Vec<DraftEntry> {
    let usual = [
        ("id", "id", "$.sub"),
        ("email", "email", "$.email"),
        ("email-verified", "emailVerified", "$.email_verified"),
        ("name-path", "name", "$.name"),
    ];
    if usual.iter().all(|(question, _, path)| get(question).is_none_or(|answer| answer == *path)) {
        return Vec::new();
    }
    let told = usual.iter().filter_map(|(question, fact, path)| {
        let answer = if get(question).is_none() && *fact != "emailVerified" { Some(*path) } else { said(question) };
        Some(DraftEntry::new(*fact, DraftValue::text(answer?)))
    });
    told.collect()
}

/// Facts that may stand in a request by their names alone.
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
fn parameter_entries(text: &str) -> Vec<DraftEntry> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let pairs = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
    pairs
        .map(|(name, value)| {
            let value = value.trim();
            let written = if FACTS.contains(&value) { format!("${{{value}}}") } else { value.to_owned() };
            DraftEntry::new(name.trim(), DraftValue::Text(written))
        })
        .collect()
}
