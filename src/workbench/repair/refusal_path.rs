//! An answer that is a refusal, and that the file does not take for one because `refused` looks at a key that no answer has.

use crate::provider::condition::{Condition, ValueCheck};
use crate::provider::json_path::{JsonPath, scalar_text};
use crate::provider::refusal::{RefusalRule, is_meaningful};
use crate::provider::{InstallationContext, Provider, compile};
use crate::story::proposal::Proposal;
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::place::Source;
use crate::workbench::answers::keys::spelling_similarity;
use crate::workbench::answers::path::{PathSegment, last_key, parent_path, parse_path, resolve, write_path};
use crate::workbench::answers::vocabulary::is_outcome_key;
use crate::workbench::repair::edit::{EditableFile, FileEdit, changed_lines};
use crate::workbench::repair::reread::{RepairCase, RereadDocument, reread_login};
use serde_json::Value;

/// The change after which the last answer is taken for the refusal that it is.
pub(crate) fn refusal_proposal(provider: &Provider, case: &RepairCase<'_>) -> Option<Proposal> {
    let reread = reread_login(provider, case);
    let document = reread.documents.last().filter(|document| document.answer.is_some() && !document.refused)?;
    let value = document.value.as_ref()?;
    // An answer from which anything was read is none.
    if document.step.reads.iter().any(|read| read.reading.evaluate(Some(value), &reread.facts).is_ok()) {
        return None;
    }
    let (path, new) =
        document.step.refused.iter().filter_map(RefusalRule::condition).find_map(|condition| moved_check(condition, value))?;
    let (old, found) = (path.source.to_string(), write_path(&new));
    let edit = FileEdit::Path { place: path.place, old: old.clone(), new };
    let text = EditableFile::open(&provider.source)?.apply(&[edit])?;
    let change = changed_lines(&provider.source.text, &text)?;
    let source = Source::new(provider.source.name.clone(), change.apply(&provider.source.text)?);
    let changed = compile(&source, InstallationContext { loopback: true }).0?;
    let after = reread_login(&changed, case);
    let is_refused = |document: &&RereadDocument<'_>| document.refused && !document.forgiven;
    let (refused, others) =
        (after.documents.last().is_some_and(|document| document.refused), after.documents.iter().filter(is_refused).count());
    let rule = RepairRule::RefusalElsewhere { step: document.step.kind.word().to_owned(), new: found.clone(), old };
    (refused && others == 1).then(|| Proposal::new(format!("refused: {found}"), &rule, Some(change)))
}

/// A path of a condition that finds nothing, and the one key beside it that says how the request went.
fn moved_check<'c>(condition: &'c Condition, value: &Value) -> Option<(&'c JsonPath, Vec<PathSegment>)> {
    let path = condition.checks().into_iter().flat_map(ValueCheck::paths).find(|path| path.all(value).is_empty())?;
    let written = parse_path(&path.source)?;
    let above = parent_path(&written);
    let members = resolve(value, above).or(Some(value))?.as_object()?;
    let above = if resolve(value, above).is_some() { above } else { &[] };
    let old = last_key(&written)?;
    let is_word = |key: &str| key.contains("msg") || key.contains("message");
    let says_so =
        |(key, value): &(&String, &Value)| is_outcome_key(key) && !is_word(key) && scalar_text(value).is_some() && is_meaningful(value);
    let mut found: Vec<(&String, f32)> = members.iter().filter(says_so).map(|(key, _)| (key, spelling_similarity(old, key))).collect();
    found.sort_by(|one, other| other.1.total_cmp(&one.1));
    let (best, next) = (found.first()?, found.get(1));
    let is_clear = next.is_none_or(|next| best.1 - next.1 > 0.1);
    is_clear.then(|| (path, [above, &[PathSegment::Key(best.0.clone())]].concat()))
}
