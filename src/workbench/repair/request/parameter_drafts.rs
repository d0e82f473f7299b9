//! A parameter or a header that the provider names: its value is sent under another name or in another place, or not at all; or it is
//! sent and not wanted.

use crate::provider::pkce::Pkce;
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::yaml::writer::flow_scalar;
use crate::workbench::answers::keys::spelling_similarity;
use crate::workbench::answers::parameters::{MentionedName, is_listed_word, standard_name, standard_value};
use crate::workbench::repair::edit::{EntryChange, FileEdit};
use crate::workbench::repair::request::file_request::{WrittenAs, WrittenParameter};
use crate::workbench::repair::request::known_values::fact_for_parameter;
use crate::workbench::repair::request::{RequestDraft, RequestRefusal};

/// How likely the change is where the provider names the parameter, and the file sends its value under another name.
const NAMED: f32 = 48.0;
/// How alike two names are of which one is a mistake.
const ALIKE: f32 = 0.55;

/// Words with which providers say that a parameter is not wanted.
const UNWANTED: &[&str] =
    &["unknown", "unexpected", "unrecogni", "not supported", "unsupported", "not allowed", "do not send", "what is this", "superfluous"];

/// The changes for a name that the provider mentions.
pub(crate) fn drafts(refused: &RequestRefusal<'_>, mentioned: &MentionedName) -> Vec<RequestDraft> {
    let name = mentioned.name.as_str();
    let sent = refused.call.parameters();
    let said = refused.said.to_lowercase();
    let is_unwanted = UNWANTED.iter().any(|word| said.contains(word));
    if let Some(exact) = sent.iter().find(|parameter| parameter.name == name) {
        return if is_unwanted { unwanted(refused, exact) } else { elsewhere(refused, exact) };
    }
    let mut drafts = header_drafts(refused, name);
    match standard_name(name) {
        Some(standard) => drafts.extend(standard_drafts(refused, mentioned, standard, &sent)),
        None => drafts.extend(other_drafts(refused, name, &sent)),
    }
    drafts
}

fn renamed(refused: &RequestRefusal<'_>, parameter: &WrittenParameter, name: &str, score: f32) -> RequestDraft {
    let step = refused.step_name();
    let set = |standard: &str| EntryChange::Set { key: standard.to_owned(), value: flow_scalar(name) };
    let (title, edit) = match (parameter.written, &parameter.standard) {
        (WrittenAs::Renamed, Some(standard)) if standard == name => (
            format!("without rename: {{ {standard}: {} }}", parameter.name),
            refused.entry("rename", EntryChange::Drop { key: standard.clone() }),
        ),
        (WrittenAs::Renamed, Some(standard)) => (format!("rename: {{ {standard}: {name} }}"), refused.entry("rename", set(standard))),
        (WrittenAs::Renamed | WrittenAs::Standard, _) => {
            (format!("rename: {{ {}: {name} }}", parameter.name), refused.entry("rename", set(&parameter.name)))
        }
        (WrittenAs::Entry(word), _) => {
            let change = EntryChange::Rename { from: parameter.name.clone(), to: name.to_owned() };
            (format!("{word}: {{ {name}: {} }}", parameter.value), refused.entry(word, change))
        }
    };
    let rule = RepairRule::ParameterOtherName { parameter: name.to_owned(), step, was: parameter.name.clone() };
    RequestDraft { title, rule, edits: vec![edit], score }
}

/// A parameter of the standard requests, by whatever name the provider knows it.
fn standard_drafts(
    refused: &RequestRefusal<'_>,
    MentionedName { name, is_explicit }: &MentionedName,
    standard: &str,
    sent: &[WrittenParameter],
) -> Vec<RequestDraft> {
    let value = standard_value(standard);
    if value.is_some_and(|value| !refused.may_carry(value)) {
        return Vec::new();
    }
    let by_value = sent.iter().find(|parameter| value == Some(parameter.value.as_str()));
    let carrier = by_value.or_else(|| sent.iter().find(|parameter| standard_name(&parameter.name) == Some(standard)));
    // A word such as `token` names what is missing, and not the parameter.
    let is_only_word = name.as_str() != standard && !is_explicit && is_listed_word(name);
    if let Some(carrier) = carrier {
        // What is sent by its standard name is known to the provider by a word for it.
        let is_known = is_only_word && carrier.name == standard;
        let score = if is_only_word { 24.0 } else { NAMED };
        let target = if is_only_word && carrier.name.as_str() != standard { standard } else { name.as_str() };
        return if is_known { elsewhere(refused, carrier) } else { vec![renamed(refused, carrier, target, score)] };
    }
    if standard == "code_verifier" || standard == "code_challenge" {
        return proof_drafts(refused, name, standard);
    }
    let is_left_out = refused.call.entries("extra").iter().any(|(known, value)| *known == standard && value.is_none());
    let step = refused.step_name();
    let rule = RepairRule::ParameterAdded { parameter: name.clone(), step };
    if is_left_out {
        let edit = refused.entry("extra", EntryChange::Drop { key: standard.to_owned() });
        return vec![RequestDraft { title: format!("extra: without {standard}: null"), rule, edits: vec![edit], score: NAMED }];
    }
    if refused.step.basic.is_some() && matches!(standard, "client_id" | "client_secret") {
        return Vec::new();
    }
    if standard == "access_token" && is_only_word {
        return Vec::new();
    }
    let values: &[&str] = match (standard, value) {
        // A provider that only wants some value there gets the state.
        ("nonce", _) => &["${nonce}", "${state}"],
        (_, Some(value)) => &[value],
        (_, None) => &[],
    };
    let word = refused.call.word_for_more();
    let drafts = values.iter().enumerate().map(|(at, value)| {
        #[expect(clippy::cast_precision_loss, reason = "two at most")]
        let score = NAMED - 4.0 - at as f32;
        let change = EntryChange::Set { key: name.clone(), value: flow_scalar(value) };
        RequestDraft {
            title: format!("{word}: {{ {name}: {} }}", flow_scalar(value)),
            rule: rule.clone(),
            edits: vec![refused.entry(word, change)],
            score,
        }
    });
    drafts.collect()
}

fn proof_drafts(refused: &RequestRefusal<'_>, name: &str, standard: &str) -> Vec<RequestDraft> {
    let rule = RepairRule::PkceRequired {};
    if refused.provider.pkce == Pkce::Off {
        let edit = FileEdit::Top { key: "pkce", value: "S256".to_owned(), behind: &["clientSecret", "clientId", "name"] };
        return vec![RequestDraft { title: "pkce: S256".to_owned(), rule, edits: vec![edit], score: NAMED }];
    }
    let word = refused.call.word_for_more();
    let value = standard_value(standard).filter(|value| refused.call.is_written() && refused.may_carry(value));
    let Some(value) = value else { return Vec::new() };
    let change = EntryChange::Set { key: name.to_owned(), value: flow_scalar(value) };
    vec![RequestDraft { title: format!("{word}: {{ {name}: {value} }}"), rule, edits: vec![refused.entry(word, change)], score: NAMED }]
}

/// A parameter that is no standard one: it is written nearly so, or another request of the file has it.
fn other_drafts(refused: &RequestRefusal<'_>, name: &str, sent: &[WrittenParameter]) -> Vec<RequestDraft> {
    let alike = |parameter: &&WrittenParameter| spelling_similarity(&parameter.name, name);
    let own = sent.iter().filter(|parameter| alike(parameter) >= ALIKE && parameter.written != WrittenAs::Standard);
    let mut drafts: Vec<RequestDraft> = own
        .max_by(|one, other| alike(one).total_cmp(&alike(other)))
        .map(|parameter| renamed(refused, parameter, name, NAMED - 1.0))
        .into_iter()
        .collect();
    if !drafts.is_empty() {
        return drafts;
    }
    let of_fact = fact_for_parameter(refused, name).map(|(fact, behind)| (format!("${{{fact}}}"), behind));
    if let Some((value, behind)) = of_fact.filter(|(value, _)| refused.may_carry(value)) {
        let word = refused.call.word_for_more();
        let rule = RepairRule::ParameterAdded { parameter: name.to_owned(), step: refused.step_name() };
        let title = format!("{word}: {{ {name}: {} }}", flow_scalar(&value));
        let change = EntryChange::Set { key: name.to_owned(), value: flow_scalar(&value) };
        drafts.push(RequestDraft { title, rule, edits: vec![refused.entry(word, change)], score: NAMED - 6.0 - behind });
    }
    for other in &refused.others {
        let found = other.parameters().into_iter().find(|parameter| parameter.name == name);
        if let Some(found) = found.filter(|found| refused.may_carry(&found.value)) {
            let word = refused.call.word_for_more();
            let change = EntryChange::Set { key: name.to_owned(), value: flow_scalar(&found.value) };
            // What another request renames is renamed here as well.
            if let Some(mine) = found.standard.as_ref().and_then(|standard| sent.iter().find(|parameter| parameter.name == *standard)) {
                drafts.push(renamed(refused, mine, name, NAMED));
            } else {
                let rule =
                    RepairRule::LikeOtherStep { step: refused.step_name(), other: other.step_word().to_owned(), what: name.to_owned() };
                let title = format!("{word}: {{ {name}: {} }}", flow_scalar(&found.value));
                drafts.push(RequestDraft { title, rule, edits: vec![refused.entry(word, change)], score: NAMED - 8.0 });
            }
            break;
        }
    }
    drafts
}

/// A header of this name: it is written nearly so, or another request of the file has it.
fn header_drafts(refused: &RequestRefusal<'_>, name: &str) -> Vec<RequestDraft> {
    let plain = |name: &str| name.to_ascii_lowercase().trim_start_matches("x-").to_owned();
    let (step, header) = (refused.step_name(), name.to_owned());
    let said = refused.said.to_lowercase();
    let own = refused.call.header_names();
    if own.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return Vec::new();
    }
    let close = own
        .iter()
        .find(|known| plain(known) == plain(name) || name.contains('-') && spelling_similarity(&plain(known), &plain(name)) >= 0.7);
    if let Some(known) = close {
        let change = EntryChange::Rename { from: known.clone(), to: name.to_owned() };
        let rule = RepairRule::ParameterOtherName { parameter: header, step, was: known.clone() };
        return vec![RequestDraft {
            title: format!("headers: {{ {name}: … }}"),
            rule,
            edits: vec![refused.entry("headers", change)],
            score: NAMED,
        }];
    }
    for other in &refused.others {
        let found = other.entries("headers").into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        if let Some((known, Some(value))) = found.filter(|(_, value)| value.is_some_and(|value| refused.may_carry(value))) {
            let change = EntryChange::Set { key: known.to_owned(), value: flow_scalar(value) };
            let rule = RepairRule::LikeOtherStep { step, other: other.step_word().to_owned(), what: known.to_owned() };
            let title = format!("headers: {{ {known}: {value} }}");
            return vec![RequestDraft { title, rule, edits: vec![refused.entry("headers", change)], score: NAMED }];
        }
    }
    // A header for a key of the client's is known by its name.
    let standard = standard_name(name.to_ascii_lowercase().trim_start_matches("x-"));
    if said.contains("header") && standard == Some("client_id") {
        let change = EntryChange::Set { key: name.to_owned(), value: flow_scalar("${clientId}") };
        let rule = RepairRule::ParameterAdded { parameter: header, step };
        let title = format!("headers: {{ {name}: \"${{clientId}}\" }}");
        return vec![RequestDraft { title, rule, edits: vec![refused.entry("headers", change)], score: NAMED - 6.0 }];
    }
    Vec::new()
}

/// A parameter that the provider does not want.
fn unwanted(refused: &RequestRefusal<'_>, parameter: &WrittenParameter) -> Vec<RequestDraft> {
    let rule = RepairRule::ParameterUnwanted { parameter: parameter.name.clone(), step: refused.step_name() };
    if matches!(parameter.name.as_str(), "code_challenge" | "code_challenge_method" | "code_verifier") {
        let edit = FileEdit::Top { key: "pkce", value: "off".to_owned(), behind: &["clientSecret", "clientId", "name"] };
        return vec![RequestDraft { title: "pkce: off".to_owned(), rule: RepairRule::PkceRefused {}, edits: vec![edit], score: NAMED }];
    }
    let (title, edit) = match (parameter.written, &parameter.standard) {
        (WrittenAs::Renamed, Some(standard)) => (
            format!("without rename: {{ {standard}: {} }}", parameter.name),
            refused.entry("rename", EntryChange::Drop { key: standard.clone() }),
        ),
        (WrittenAs::Renamed | WrittenAs::Standard, _) => {
            let change = EntryChange::Set { key: parameter.name.clone(), value: "null".to_owned() };
            (format!("extra: {{ {}: null }}", parameter.name), refused.entry("extra", change))
        }
        (WrittenAs::Entry(word), _) => {
            (format!("{word}: without {}", parameter.name), refused.entry(word, EntryChange::Drop { key: parameter.name.clone() }))
        }
    };
    // What protects the login stays.
    let protects = matches!(parameter.name.as_str(), "state" | "nonce" | "redirect_uri" | "code");
    let draft = RequestDraft { title, rule, edits: vec![edit], score: NAMED - 6.0 };
    if protects { Vec::new() } else { vec![draft] }
}

/// A parameter that is sent by the very name: the provider looks for it elsewhere.
fn elsewhere(refused: &RequestRefusal<'_>, parameter: &WrittenParameter) -> Vec<RequestDraft> {
    let mut drafts = Vec::new();
    let step = refused.step_name();
    if refused.is_redirect() || parameter.value.contains("accessToken") {
        return drafts;
    }
    for (from, to, score) in [("json", "form", 22.0), ("query", "form", 21.0), ("form", "json", 20.0), ("form", "query", 18.0)] {
        // An address is written into logs and histories.
        let shows_secret =
            to == "query" && refused.call.entries(from).iter().any(|(_, value)| value.is_some_and(|value| refused.is_confidential(value)));
        if refused.call.has(from) && !refused.call.has(to) && !shows_secret {
            let edit = FileEdit::Rename { step: refused.call.place, from, to };
            let rule = RepairRule::BodyOther { format: to.to_owned() };
            // A request whose parameters are named as missing was not read at all.
            let score = if refused.has_cause(crate::workbench::answers::refusals::RefusalCause::ParameterMissing, 1) {
                score + 18.0
            } else {
                score
            };
            drafts.push(RequestDraft { title: format!("{to}: …"), rule, edits: vec![edit], score });
        }
    }
    let is_fixed = !parameter.value.contains("${") && parameter.written != WrittenAs::Standard;
    let standard = standard_value(&parameter.name).filter(|value| *value != parameter.value && is_fixed);
    if let Some(value) = standard.filter(|value| refused.may_carry(value)) {
        let WrittenAs::Entry(word) = parameter.written else { return drafts };
        let change = EntryChange::Set { key: parameter.name.clone(), value: flow_scalar(value) };
        let rule = RepairRule::ParameterAdded { parameter: parameter.name.clone(), step };
        drafts.push(RequestDraft {
            title: format!("{word}: {{ {}: {value} }}", parameter.name),
            rule,
            edits: vec![refused.entry(word, change)],
            score: NAMED,
        });
    }
    drafts
}
