//! Finds the path to which a lost fact has probably moved: it is new since the loss, holds the same kind of value, and ends in the
//! same key or a similar one.

use crate::drift::shape::{DriftShape, DriftValueKind};
use crate::provider::Provider;
use crate::provider::json_path::JsonPath;
use crate::story::looks::Looks;
use crate::story::proposal::Proposal;
use crate::story::repair_rule::RepairRule;
use crate::workbench::answers::path::parse_path;
use crate::workbench::repair::edit::{EditableFile, FileEdit, changed_lines};
use crate::workbench::repair::request_repairs::still_compiles;
use serde_json::Value;

/// Places of an answer that are looked at.
const LOOKED_AT: usize = 400;
/// How deep an answer is looked into.
const DEEPEST: usize = 8;

#[derive(Clone, Copy, Debug)]
pub(crate) struct LostReading<'a> {
    pub(crate) fact: &'a str,
    /// The path that found it.
    pub(crate) path: &'a JsonPath,
    /// The kind of value that it used to find.
    pub(crate) kind: Option<DriftValueKind>,
    /// How many answers have come since it began to be missed: what was seen oftener is not new.
    pub(crate) since: i64,
}

/// The path that probably took its place, as it would be written.
pub(crate) fn find_replacement(gone: LostReading<'_>, document: &Value, shape: &DriftShape) -> Option<String> {
    let mut leaves = Vec::new();
    let mut left = LOOKED_AT;
    collect_leaves(document, &mut Vec::new(), &mut left, &mut leaves);
    let is_new = |keys: &[&str]| shape.statistics_at(keys).is_some_and(|seen| seen.times() <= gone.since);
    let fits = |value: &Value| match (gone.fact, Looks::from_value(value)) {
        ("email", looks) => looks == Some(Looks::Address),
        ("picture", looks) => looks == Some(Looks::Web),
        (_, looks) => looks.is_some_and(|looks| looks != Looks::Empty),
    };
    let is_kind = |value: &Value| gone.kind.is_none_or(|kind| kind == DriftValueKind::from_value(value));
    let last = last_key(&gone.path.source);
    let mut found: Vec<(u32, String)> = Vec::new();
    let fitting: Vec<&(Vec<&str>, &Value)> = leaves.iter().filter(|(keys, value)| fits(value) && is_new(keys)).collect();
    let alone = fitting.iter().filter(|(_, value)| is_kind(value)).count() == 1;
    for (keys, value) in fitting {
        let key = keys.iter().rev().find(|key| **key != "[]").copied().unwrap_or_default();
        let likeness = match (normalize_key(key), normalize_key(&last)) {
            (new, old) if new == old => 4,
            (new, old) if is_kind(value) && strsim::jaro_winkler(&new, &old) >= 0.85 => 3,
            (new, old) if is_kind(value) && old.len() > 1 && (new.contains(&old) || (new.len() > 1 && old.contains(&new))) => 2,
            _ if alone && is_kind(value) => 1,
            _ => continue,
        };
        found.push((likeness, path_text(keys)));
    }
    let best = found.iter().map(|(likeness, _)| *likeness).max()?;
    let mut best_ones = found.into_iter().filter(|(likeness, _)| *likeness == best).map(|(_, path)| path);
    // Of two equally likely paths none is proposed.
    best_ones.next().filter(|_| best_ones.next().is_none())
}

/// The change of the file that it would be.
pub(crate) fn replacement_proposal(provider: &Provider, gone: LostReading<'_>, path: &str) -> Proposal {
    let old = &*gone.path.source;
    let change = parse_path(path).and_then(|new| {
        let edit = FileEdit::Path { place: gone.path.place, old: old.to_owned(), new };
        let text = EditableFile::open(&provider.source)?.apply(&[edit])?;
        changed_lines(&provider.source.text, &text).filter(|change| still_compiles(provider, change))
    });
    let rule = RepairRule::DriftReplaced { fact: gone.fact.to_owned(), old: old.to_owned(), new: path.to_owned() };
    Proposal::new(path, &rule, change)
}

fn collect_leaves<'v>(value: &'v Value, keys: &mut Vec<&'v str>, left: &mut usize, leaves: &mut Vec<(Vec<&'v str>, &'v Value)>) {
    if *left == 0 || keys.len() > DEEPEST {
        return;
    }
    *left -= 1;
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                if crate::story::shape::is_field_name(key) {
                    keys.push(key);
                    collect_leaves(value, keys, left, leaves);
                    keys.pop();
                }
            }
        }
        Value::Array(list) => {
            if let Some(first) = list.first() {
                keys.push("[]");
                collect_leaves(first, keys, left, leaves);
                keys.pop();
            }
        }
        _ => leaves.push((keys.clone(), value)),
    }
}

fn path_text(keys: &[&str]) -> String {
    keys.iter().fold("$".to_owned(), |path, key| {
        let is_plain = key.chars().enumerate().all(|(at, c)| c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit()));
        match *key {
            "[]" => path + "[0]",
            key if is_plain => path + "." + key,
            key => format!("{path}['{key}']"),
        }
    })
}

/// The last key of a path as it is written.
fn last_key(path: &str) -> String {
    let end = path.rsplit(['.', '[']).find(|part| part.chars().any(char::is_alphabetic)).unwrap_or_default();
    end.chars().filter(|letter| !"'\"]".contains(*letter)).collect()
}

fn normalize_key(key: &str) -> String {
    key.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{InstallationContext, compile};
    use crate::vocabulary::place::{Place, Source};
    use serde_json::json;

    fn moved(fact: &str, path: &str, before: &Value, now: &Value) -> Option<String> {
        let mut shape = DriftShape::default();
        (0..50).for_each(|_| shape.add(before));
        (0..8).for_each(|_| shape.add(now));
        let path = JsonPath::builtin(path, Place::default());
        let kind = path.first(before).map(DriftValueKind::from_value);
        find_replacement(LostReading { fact, path: &path, kind, since: 8 }, now, &shape)
    }

    #[test]
    fn what_is_gone_is_looked_for_among_what_is_new() {
        let before = json!({ "id": 7, "email": "ana@loja.example", "name": "Ana", "plan": "x" });
        for (fact, path, now, expected) in [
            ("id", "$.id", json!({ "data": { "id": 7, "email": "ana@loja.example" } }), Some("$.data.id")),
            ("email", "$.email", json!({ "id": 7, "emailAddress": "ana@loja.example" }), Some("$.emailAddress")),
            ("email", "$.email", json!({ "id": 7, "contact": "ana@loja.example" }), Some("$.contact")),
            ("email", "$.email", json!({ "id": 7, "contact": "hidden" }), None),
            ("email", "$.email", json!({ "id": 7, "plan": "ana@loja.example" }), None),
            ("name", "$.name", json!({ "id": 7, "e-names": [ { "full name": "Ana" } ] }), Some("$['e-names'][0]['full name']")),
            ("name", "$.name", json!({ "id": 7, "one": "Ana", "two": "Ana" }), None),
            ("id", "$.id", json!({ "name": "Ana", "ID": "7" }), Some("$.ID")),
        ] {
            assert_eq!(moved(fact, path, &before, &now).as_deref(), expected, "{now}");
        }
    }

    #[test]
    fn a_proposal_changes_the_one_path_and_compiles() {
        let text = "name: Acme\nclientId: loja-42\ntrustEmail: always\ngetAuthorizationCode: { get: \"https://sso.acme.example/in\" }\n\
                    clientSecret: env:ACME_SECRET\ngetAccessCode: { post: \"https://sso.acme.example/token\" }\n\
                    getUserInfo: { get: \"https://sso.acme.example/me\", read: { id: $.id, email: $.email, name: $.id_name } }\n";
        let (provider, report) = compile(&Source::new("acme.yaml", text), InstallationContext { loopback: true });
        let provider = provider.unwrap_or_else(|| panic!("{report:?}"));
        let of = |fact: &str, source: &str| {
            let read = provider.calls.iter().flat_map(|step| &step.reads).find(|read| &**provider.names.name(read.fact) == fact);
            let path = read.map(|read| read.reading.paths()[0].clone()).expect("it is read");
            replacement_proposal(&provider, LostReading { fact, path: &path, kind: None, since: 8 }, source)
                .change
                .expect("a change")
                .added
                .join("\n")
        };

        assert!(of("id", "$.data[0].id").contains("{ id: \"$.data[0].id\", email: $.email, name: $.id_name }"));
        assert!(of("id", "$['e-id']").contains("{ id: \"$['e-id']\", email"));
        assert!(of("name", "$.full").contains("{ id: $.id, email: $.email, name: $.full }"));
    }
}
