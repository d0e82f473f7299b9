//! What may be wrong where the provider does not say: what this request has and no other of the file, and what others have and this one lacks.

use crate::story::repair_rule::RepairRule;
use crate::vocabulary::yaml::writer::flow_scalar;
use crate::workbench::answers::keys::spelling_similarity;
use crate::workbench::answers::parameters::{standard_name, standard_value};
use crate::workbench::answers::refusals::RefusalCause;
use crate::workbench::repair::edit::{EntryChange, FileEdit};
use crate::workbench::repair::request::file_request::WrittenAs;
use crate::workbench::repair::request::{RequestDraft, RequestRefusal};

/// The changes that make a request resemble the others of its file. `is_named` says that the provider has named a parameter.
pub(crate) fn drafts(refused: &RequestRefusal<'_>, is_named: bool) -> Vec<RequestDraft> {
    if is_named || matches!(refused.status, 404 | 405 | 410 | 415) {
        return Vec::new();
    }
    let is_clear = refused.causes.iter().any(|(_, weight)| *weight > 1);
    let mut drafts = header_drafts(refused);
    drafts.extend(literal_drafts(refused));
    if !is_clear {
        drafts.extend(rename_drafts(refused));
        drafts.extend(body_drafts(refused));
    }
    drafts
}

/// Headers without secrets that all other calls send.
fn header_drafts(refused: &RequestRefusal<'_>) -> Vec<RequestDraft> {
    let own = refused.call.header_names();
    let mut drafts = Vec::new();
    for other in refused.others.iter().filter(|_| !refused.is_redirect()) {
        for (name, value) in other.entries("headers") {
            let Some(value) = value.filter(|value| refused.may_carry(value) && !value.contains("Token")) else { continue };
            if own.iter().any(|known| known.eq_ignore_ascii_case(name))
                || drafts.iter().any(|draft: &RequestDraft| draft.title.contains(name))
            {
                continue;
            }
            let rule = RepairRule::LikeOtherStep { step: refused.step_name(), other: other.step_word().to_owned(), what: name.to_owned() };
            let change = EntryChange::Set { key: name.to_owned(), value: flow_scalar(value) };
            // A header that is nearly the same was meant to be this one.
            let close = own
                .iter()
                .find(|known| known.to_ascii_lowercase().trim_start_matches("x-") == name.to_ascii_lowercase().trim_start_matches("x-"));
            let change = close.map_or(change, |known| EntryChange::Rename { from: known.clone(), to: name.to_owned() });
            drafts.push(RequestDraft {
                title: format!("headers: {{ {name}: {value} }}"),
                rule,
                edits: vec![refused.entry("headers", change)],
                // A client that is refused by name lacks no header.
                score: if refused.shows_client() && refused.has_cause(RefusalCause::SecretRefused, 1) { 23.0 } else { 31.0 },
            });
        }
    }
    drafts
}

/// Fixed values that are nearly the standard ones.
fn literal_drafts(refused: &RequestRefusal<'_>) -> Vec<RequestDraft> {
    let mut drafts = Vec::new();
    for parameter in refused.call.parameters() {
        let WrittenAs::Entry(word) = parameter.written else { continue };
        let standard = standard_name(&parameter.name).and_then(standard_value).filter(|value| !value.contains('$'));
        let Some(value) = standard.filter(|value| *value != parameter.value && spelling_similarity(value, &parameter.value) >= 0.7) else {
            continue;
        };
        let rule = RepairRule::ParameterAdded { parameter: parameter.name.clone(), step: refused.step_name() };
        let change = EntryChange::Set { key: parameter.name.clone(), value: flow_scalar(value) };
        let title = format!("{word}: {{ {}: {value} }}", parameter.name);
        drafts.push(RequestDraft { title, rule, edits: vec![refused.entry(word, change)], score: 44.0 });
    }
    drafts
}

/// Names that the other requests give, or do not give.
fn rename_drafts(refused: &RequestRefusal<'_>) -> Vec<RequestDraft> {
    let own = refused.call.renames();
    let of_others: Vec<(&str, &str, &str)> =
        refused.others.iter().flat_map(|other| other.renames().into_iter().map(|(name, new)| (name, new, other.step_word()))).collect();
    let mut drafts = Vec::new();
    let sent = refused.call.parameters();
    for (name, new, other) in &of_others {
        let is_sent = sent.iter().any(|parameter| parameter.name == *name);
        let differs = own.iter().any(|(known, mine)| known == name && mine != new);
        if (is_sent || differs) && !refused.call.is_written() {
            let rule = RepairRule::LikeOtherStep { step: refused.step_name(), other: (*other).to_owned(), what: (*new).to_owned() };
            let change = EntryChange::Set { key: (*name).to_owned(), value: flow_scalar(new) };
            drafts.push(RequestDraft {
                title: format!("rename: {{ {name}: {new} }}"),
                rule,
                edits: vec![refused.entry("rename", change)],
                score: 18.0,
            });
        }
    }
    for (at, (name, new)) in own.iter().enumerate() {
        if of_others.iter().any(|(known, theirs, _)| known == name && theirs == new) {
            continue;
        }
        let rule = RepairRule::ParameterOtherName { parameter: (*name).to_owned(), step: refused.step_name(), was: (*new).to_owned() };
        let change = EntryChange::Drop { key: (*name).to_owned() };
        // The one that was written last is the one that was added.
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let score = 14.0 + at as f32;
        let title = format!("without rename: {{ {name}: {new} }}");
        drafts.push(RequestDraft { title, rule, edits: vec![refused.entry("rename", change)], score });
    }
    drafts
}

/// A written body in another format.
fn body_drafts(refused: &RequestRefusal<'_>) -> Vec<RequestDraft> {
    let mut drafts = Vec::new();
    for (from, to, score) in [("json", "form", 11.0), ("query", "form", 10.5), ("form", "json", 10.0)] {
        let is_post = refused.call.has("post");
        if is_post && refused.call.has(from) && !refused.call.has(to) {
            let rule = RepairRule::BodyOther { format: to.to_owned() };
            drafts.push(RequestDraft {
                title: format!("{to}: …"),
                rule,
                edits: vec![FileEdit::Rename { step: refused.call.place, from, to }],
                score,
            });
        }
    }
    drafts
}
