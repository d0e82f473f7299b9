//! Finds the path to which a lost fact has probably moved: it is new since the loss, holds the same kind of value, and ends in the
//! same key or a similar one.

use crate::drift::shape::{DriftShape, DriftValueKind};
use crate::provider::Provider;
use crate::provider::json_path::{JsonPath, is_plain_key};
use crate::story::looks::Looks;
use crate::story::proposal::Proposal;
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::privacy::is_field_name;
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::leaves::{AnswerNode, DocumentWalk, WalkOrder};
use crate::workbench::answers::path::{PathSegment, parse_path, write_path};
use crate::workbench::repair::edit::{EditableFile, FileEdit, changed_lines};
use crate::workbench::repair::request_repairs::still_compiles;
use serde_json::Value;

/// How an answer is walked through: as its shape is counted, the first element of a list stands for all of them.
const WALK: DocumentWalk = DocumentWalk { order: WalkOrder::AsWritten, nodes: 400, depth: 8, elements: 1 };

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

/// The path that probably took its place.
pub(crate) fn find_replacement(gone: LostReading<'_>, document: &Value, shape: &DriftShape) -> Option<Vec<PathSegment>> {
    let nodes = WALK.nodes(document, |key, _| is_field_name(key).then(|| PathSegment::Key(key.to_owned())));
    let fits = |value: &Value| match (gone.fact, Looks::from_value(value)) {
        ("email", looks) => matches!(looks, Some(Looks::Address | Looks::Imitation)),
        ("picture", looks) => looks == Some(Looks::Web),
        (_, looks) => looks.is_some_and(|looks| looks != Looks::Empty),
    };
    let is_kind = |value: &Value| gone.kind.is_none_or(|kind| kind == DriftValueKind::from_value(value));
    let fitting: Vec<AnswerNode<'_>> =
        nodes.into_iter().filter(|node| fits(node.value) && is_new_path(shape, &node.path, gone.since)).collect();
    let alone = fitting.iter().filter(|node| is_kind(node.value)).count() == 1;
    let old_path = parse_path(&gone.path.source).unwrap_or_default();
    let old = normalize_key(old_path.iter().rev().find_map(named_key).unwrap_or_default());
    let mut found: Vec<(u32, Vec<PathSegment>)> = Vec::new();
    for node in fitting {
        let new = normalize_key(node.key());
        let is_kind = is_kind(node.value);
        let likeness = if new == old {
            4
        } else if is_kind && strsim::jaro_winkler(&new, &old) >= 0.85 {
            3
        } else if is_kind && old.len() > 1 && (new.contains(&old) || (new.len() > 1 && old.contains(&new))) {
            2
        } else if is_kind && alone {
            1
        } else {
            continue;
        };
        found.push((likeness, node.path));
    }
    let best = found.iter().map(|(likeness, _)| *likeness).max()?;
    let mut best_ones = found.into_iter().filter(|(likeness, _)| *likeness == best).map(|(_, path)| path);
    // Of two equally likely paths none is proposed.
    best_ones.next().filter(|_| best_ones.next().is_none())
}

/// The change of the file that it would be.
pub(crate) fn replacement_proposal(provider: &Provider, gone: LostReading<'_>, new: Vec<PathSegment>) -> Proposal {
    let (old, path) = (&*gone.path.source, write_path(&new));
    let edit = FileEdit::Path { place: gone.path.place, old: old.to_owned(), new };
    let text = EditableFile::open(&provider.source).and_then(|file| file.apply(&[edit]));
    let change = text.and_then(|text| changed_lines(&provider.source.text, &text)).filter(|change| still_compiles(provider, change));
    let rule = RepairRule::DriftReplaced { fact: gone.fact.to_owned(), old: old.to_owned(), new: path.clone() };
    Proposal::new(path, &rule, change)
}

/// The key that a segment names; `..email` names one as well.
fn named_key(segment: &PathSegment) -> Option<&str> {
    match segment {
        PathSegment::Key(key) => Some(key),
        PathSegment::Index(_) => None,
        PathSegment::Query(text) => text.strip_prefix("..").filter(|key| is_plain_key(key)),
    }
}

/// Whether a path occurs in answers only since then. The shape writes `[]` for the elements of a list.
pub(crate) fn is_new_path(shape: &DriftShape, path: &[PathSegment], since: i64) -> bool {
    let keys: Vec<&str> = path.iter().map(|segment| segment.key().unwrap_or("[]")).collect();
    shape.statistics_at(&keys).is_some_and(|seen| seen.times() <= since)
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
        find_replacement(LostReading { fact, path: &path, kind, since: 8 }, now, &shape).map(|path| write_path(&path))
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
            (
                "email",
                "$..email",
                json!({ "id": 7, "emailAddress": "ana@loja.example", "boss": "bia@loja.example" }),
                Some("$.emailAddress"),
            ),
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
            replacement_proposal(&provider, LostReading { fact, path: &path, kind: None, since: 8 }, parse_path(source).unwrap())
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
