//! The repair of a file that reads the state of a callback at another parameter than the one that holds it.

use crate::provider::{InstallationContext, Provider, compile};
use crate::story::proposal::Proposal;
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::place::Source;
use crate::workbench::answers::looks::is_name_for_path;
use crate::workbench::answers::path::{PathSegment, write_path};
use crate::workbench::repair::edit::{EditableFile, FileEdit, changed_lines};

/// Reads the state from the parameter of this name, which holds the very state that was sent.
pub(crate) fn state_proposal(provider: &Provider, name: &str) -> Option<Proposal> {
    // The callback may come from anyone, and so may the names in it.
    if !is_name_for_path(name) {
        return None;
    }
    let step = &provider.authorization;
    let path = provider.state.paths().into_iter().next()?;
    let found = vec![PathSegment::Key(name.to_owned())];
    let (fact, new, old) = ("state".to_owned(), write_path(&found), path.source.to_string());
    let title = format!("state: {new}");
    let (edit, rule) = if provider.state.place() == step.place {
        let facts = vec![(fact.clone(), found)];
        (FileEdit::Read { step: step.place, word: step.kind.word(), signed: false, facts }, RepairRule::PlaceNotStandard { fact, new, old })
    } else {
        (FileEdit::Path { place: path.place, old: old.clone(), new: found }, RepairRule::PathMoved { fact, new, old })
    };
    let changed = EditableFile::open(&provider.source)?.apply(&[edit])?;
    let change = changed_lines(&provider.source.text, &changed)?;
    let text = change.apply(&provider.source.text)?;
    let source = Source::new(provider.source.name.clone(), text.as_str());
    compile(&source, InstallationContext { loopback: true }).0?;
    Some(Proposal::new(title, &rule, Some(change)))
}
