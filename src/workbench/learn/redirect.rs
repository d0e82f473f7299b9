//! The first step: where the browser was sent, and what it brought back.

use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::looks::looks_random;
use crate::workbench::answers::path::{PathSegment, write_path};
use crate::workbench::draft::{DraftEntry, DraftValue};
use crate::workbench::learn::document::DocumentLeaf;
use crate::workbench::learn::heuristics::to_camel_case;
use crate::workbench::learn::login_learner::{LoginLearner, ValueOrigin, shortened_name};
use crate::workbench::learn::parameter_signature;
use crate::workbench::learn::request_shape::{RequestShape, SentParameter, shortest_shape};
use crate::workbench::recorded_exchange::host_of;

/// Where an issuer's document says what stands in the file otherwise.
fn published_endpoint<'t>(thread: &'t LoginLearner<'_>, key: &str) -> Option<&'t str> {
    thread.issuer.as_ref()?.1.get(key)?.as_str()
}

/// The request of the first step; what is read from the callback is added when all calls are known.
pub(crate) fn redirect_request_entries(thread: &mut LoginLearner<'_>) -> Vec<DraftEntry> {
    let redirect = thread.journey.redirect;
    let mut words = Vec::new();
    let base = redirect_address(thread);
    let fragment = redirect.fragment().map_or_else(String::new, |fragment| format!("#{fragment}"));
    if published_endpoint(thread, "authorization_endpoint") != Some(redirect.base()) || !fragment.is_empty() {
        words.push(DraftEntry::with_reason(
            "get",
            DraftValue::Text(format!("{base}{fragment}")),
            "the browser was sent here, and came back with the state",
        ));
    }
    let asked = redirect.query();
    let mut sent = Vec::new();
    let mut scope = None;
    for (name, value) in &asked {
        if name == "scope" {
            scope = Some(value.clone());
        }
        let differs = thread.all.iter().any(|other| other.redirect.query().iter().any(|(known, other)| known == name && other != value));
        let (text, because) =
            if normalize_key(name) == "nonce" && looks_random(value) && thread.known.expression_for(value).is_none() && differs {
                thread.known.add("nonce", value);
                ("${nonce}".to_owned(), Some("another one in each login".to_owned()))
            } else {
                thread.write_value(name, value, redirect.at, true)
            };
        sent.push(SentParameter { name: name.clone(), value: text, because });
    }
    let usual_scope = thread.issuer.is_some() && scope.as_deref() == Some("openid profile email");
    if let Some(scope) = scope.filter(|_| !usual_scope) {
        words.push(DraftEntry::new("scope", DraftValue::Text(scope.clone())));
    }
    let is_asked = |name: &str| asked.iter().any(|(known, _)| known == name);
    let path_state = state_location(thread);
    if path_state == Some("path") {
        words.push(DraftEntry::new("query", DraftValue::Block(crate::workbench::learn::request_shape::parameter_entries(&sent))));
    } else {
        let mut standard = vec![
            ("response_type", "code".to_owned()),
            ("client_id", "${clientId}".to_owned()),
            ("redirect_uri", "${redirectUri}".to_owned()),
        ];
        if is_asked("scope") || thread.issuer.is_some() {
            standard.push(("scope", "${scope}".to_owned()));
        }
        if path_state.is_none() {
            standard.push(("state", "${state}".to_owned()));
        }
        if thread.issuer.is_some() {
            standard.push(("nonce", "${nonce}".to_owned()));
        }
        if thread.pkce != "off" {
            standard.push(("code_challenge", if thread.pkce == "plain" { "${codeVerifier}" } else { "${codeChallenge}" }.to_owned()));
            standard.push(("code_challenge_method", thread.pkce.to_owned()));
        }
        push_shape(shortest_shape(&standard, &sent), "query", &mut words);
    }
    if let Some(word) = path_state {
        words.push(DraftEntry::with_reason("stateIn", DraftValue::text(word), "no parameter of the callback is one that went out"));
    }
    words
}

/// The address of the first step, with a hole where it differs between logins.
fn redirect_address(thread: &mut LoginLearner<'_>) -> String {
    let base = thread.journey.redirect.base();
    let host = host_of(base);
    let Some((label, tail)) = host.split_once('.').filter(|(_, tail)| tail.contains('.')) else { return address_template(thread, base) };
    let mut others = thread.all.iter().map(|other| host_of(other.redirect.base())).filter(|other| *other != host).peekable();
    if others.peek().is_none() || !others.all(|other| other.split_once('.').is_some_and(|(_, other)| other == tail)) {
        return address_template(thread, base);
    }
    let named = thread.journey.brought.iter().find(|(_, value)| value == host || value == label).map(|(name, _)| to_camel_case(name));
    let input = named.unwrap_or_else(|| "shop".to_owned());
    let written = base.replacen(label, &format!("${{{input}}}"), 1);
    thread.input = Some(input);
    thread.hosts.push(host.to_owned());
    written
}

/// Adds a shape to the words of a step.
pub(crate) fn push_shape(shape: RequestShape, written: &str, words: &mut Vec<DraftEntry>) {
    match shape {
        RequestShape::Written(all) if all.is_empty() => {}
        RequestShape::Written(all) => words.push(DraftEntry::new(written, DraftValue::Block(all))),
        RequestShape::Standard { rename, extra } => {
            for (word, list) in [("rename", rename), ("extra", extra)] {
                if !list.is_empty() {
                    words.push(DraftEntry::new(word, DraftValue::Block(list)));
                }
            }
        }
    }
}

/// How the state came back, where it is no parameter.
fn state_location(thread: &LoginLearner<'_>) -> Option<&'static str> {
    if thread.journey.state.is_some() {
        return None;
    }
    let last = thread.journey.back.rsplit('/').next().unwrap_or_default();
    Some(if looks_random(last) { "path" } else { "cookie" })
}

/// An address with holes in place of what is known; hosts to which it may then lead are remembered.
pub(crate) fn address_template(thread: &mut LoginLearner<'_>, base: &str) -> String {
    // What stands in the path may be anything that an answer gave; the host only what is a host.
    thread.resolve_facts(base);
    let written = thread.known.template_for(base).unwrap_or_else(|| base.replace("${", "$${"));
    let host = host_of(base);
    let rest = written.split_once("://").map_or("", |(_, rest)| rest);
    let host_has_hole = written.starts_with("${") || rest.split('/').next().unwrap_or_default().contains("${");
    if host_has_hole && !thread.hosts.iter().any(|known| known == host) {
        thread.hosts.push(host.to_owned());
    }
    written
}

/// What the callback is read for, and how it comes.
pub(crate) fn push_callback_entries(thread: &LoginLearner<'_>, named: bool, words: &mut Vec<DraftEntry>) -> Option<DraftEntry> {
    let journey = thread.journey;
    let by_form = thread.all.iter().filter(|other| other.callback.method == "POST").count();
    if by_form == thread.all.len() {
        words.push(DraftEntry::with_reason("callback", DraftValue::text("post"), "the browser came back with a form"));
    } else if by_form > 0 {
        words.push(DraftEntry::with_reason(
            "callback",
            DraftValue::text("either"),
            "the browser came back with a form, and another time without",
        ));
    }
    let mut read = Vec::new();
    let mut codes: Vec<&str> = vec![&journey.code];
    codes.extend(thread.all.iter().map(|other| other.code.as_str()).filter(|code| *code != journey.code));
    codes.dedup();
    let path = |name: &str| write_path(&[PathSegment::Key(name.to_owned())]);
    if codes != ["code"] {
        let value = if let [only] = codes[..] {
            DraftValue::Text(path(only))
        } else {
            DraftValue::List(codes.iter().map(|name| DraftValue::Text(path(name))).collect())
        };
        read.push(DraftEntry::with_reason(
            "code",
            value,
            format!("the callback's parameter {} went out with the token call", shortened_name(&journey.code)),
        ));
    }
    let state = journey.state.as_ref().and_then(|state| journey.brought.iter().find(|(_, value)| value == state));
    if let Some((name, _)) = state.filter(|(name, _)| name != "state") {
        read.push(DraftEntry::with_reason("state", DraftValue::Text(path(name)), "the state came back here"));
    }
    read.extend(thread.reads.iter().filter(|(origin, _)| *origin == ValueOrigin::Callback).map(|(_, entry)| entry.clone()));
    let identity = if named { None } else { name_in_callback(thread, &mut read) };
    if let Some(signature) =
        parameter_signature::find_signature(&journey.brought, &thread.known, true).filter(|signature| !signature.wants_key)
    {
        words.push(DraftEntry::new("verify", DraftValue::Block(signature.words)));
    }
    if !read.is_empty() {
        words.push(DraftEntry::new("read", DraftValue::Block(read)));
    }
    identity
}

/// A name that only the callback tells, as JSON inside of a parameter.
fn name_in_callback(thread: &LoginLearner<'_>, read: &mut Vec<DraftEntry>) -> Option<DraftEntry> {
    let brought = thread.all.iter().flat_map(|journey| &journey.brought).filter(|(_, value)| value.starts_with('{'));
    for (parameter, value) in brought {
        let Ok(json) = crate::provider::json::parse(value.as_bytes()) else { continue };
        let leaves = crate::workbench::learn::document::leaves_of(&json);
        let find =
            |words: [&str; 3]| leaves.iter().find(|leaf| words.contains(&normalize_key(leaf.name()).as_str())).map(DocumentLeaf::path);
        let inside = write_path(&[PathSegment::Key(parameter.clone())]);
        let mut add = |fact: &str, at: &str| {
            read.push(DraftEntry::with_reason(
                fact,
                DraftValue::Text(format!("${{{inside} | json \"{at}\"}}")),
                "a name that only the callback tells",
            ));
        };
        let parts = (find(["firstname", "givenname", "given"]), find(["lastname", "familyname", "family"]));
        let name = match (parts, find(["name", "fullname", "displayname"])) {
            ((Some(first), last), _) => {
                add("firstName", &first);
                last.map_or_else(
                    || "${firstName}".to_owned(),
                    |last| {
                        add("lastName", &last);
                        "${firstName} ${lastName?}".to_owned()
                    },
                )
            }
            (_, Some(name)) => {
                add("ownName", &name);
                "${ownName}".to_owned()
            }
            _ => continue,
        };
        return Some(DraftEntry::new("identity", DraftValue::Block(vec![DraftEntry::new("name", DraftValue::Text(name))])));
    }
    None
}
