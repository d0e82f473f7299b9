//! Repairs of a fact that `require` asks about and that no answer gave. It decides who may sign in, so its path is never moved to where
//! a value happens to be: only a typing error in its last key is mended, and a path that goes on behind its value is shortened.

use crate::provider::Provider;
use crate::provider::condition::Condition;
use crate::provider::fact_expression::FactExpression;
use crate::provider::json_path::scalar_text;
use crate::vocabulary::names::Slot;
use crate::workbench::answers::keys::differs_by_slip;
use crate::workbench::answers::path::{PathSegment, resolve};
use crate::workbench::repair::draft::{RepairDraft, path_draft};
use crate::workbench::repair::edit::FileEdit;
use crate::workbench::repair::reread::RereadLogin;
use crate::workbench::repair::unresolved_path::{LookupPart, unresolved_path};
use serde_json::Value;

/// How likely a typing error is.
const LIKELY: f32 = 60.0;

/// The drafts for the paths of these facts.
pub(crate) fn slip_drafts(provider: &Provider, reread: &RereadLogin<'_>) -> Vec<RepairDraft> {
    let asked = provider.require.iter().flat_map(|require| &require.0).flat_map(Condition::uses).map(|used| used.fact);
    let missing: Vec<Slot> = asked.filter(|fact| reread.facts.get(*fact).is_none()).collect();
    let mut drafts = Vec::new();
    for (at, document) in reread.documents.iter().enumerate() {
        let (step, parts) = (document.step, [LookupPart::Answer, LookupPart::Claims]);
        for ((reads, value), part) in [(&step.reads, &document.value), (&step.signed_reads, &document.claims)].into_iter().zip(parts) {
            let Some(value) = value else { continue };
            for read in reads.iter().filter(|read| read.written && missing.contains(&read.fact)) {
                let FactExpression::Path(path) = &read.reading else { continue };
                let Some(wanted) = unresolved_path(provider.names.name(read.fact), path, at, part) else { continue };
                let Some(mended) = path_without_slip(&wanted.segments, value) else { continue };
                let edit = FileEdit::Path { place: wanted.place, old: wanted.source.clone(), new: mended.clone() };
                drafts.push(path_draft(&wanted, vec![edit], &mended, LIKELY));
            }
        }
    }
    drafts
}

/// The path that was meant, where only one can be.
fn path_without_slip(segments: &[PathSegment], value: &Value) -> Option<Vec<PathSegment>> {
    let (last, above) = segments.split_last()?;
    let container = resolve(value, above)?;
    if scalar_text(container).is_some() {
        return Some(above.to_vec()).filter(|above| !above.is_empty());
    }
    let (written, members) = (last.key()?, container.as_object()?);
    let mut alike = members.iter().filter(|(key, value)| differs_by_slip(written, key) && scalar_text(value).is_some());
    let (key, _) = alike.next().filter(|_| alike.next().is_none())?;
    Some([above, &[PathSegment::Key(key.clone())]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workbench::answers::path::{parse_path, write_path};
    use serde_json::json;

    #[test]
    fn only_a_typing_error_is_mended() {
        let claims = json!({ "azp": "shop", "role": "admin", "roles": "staff", "groups": ["a"], "org": { "role": "owner" } });
        let mended = |path: &str| path_without_slip(&parse_path(path).unwrap(), &claims).map(|path| write_path(&path));

        for (path, meant) in [("$.zap", "$.azp"), ("$.Azp", "$.azp"), ("$.azp.value", "$.azp"), ("$.org.rolle", "$.org.role")] {
            assert_eq!(mended(path).as_deref(), Some(meant));
        }
        for path in ["$.wrong", "$.team.role", "$.result.azp", "$.org.roles", "$.group", "$.clientId"] {
            assert_eq!(mended(path), None, "{path}");
        }
    }
}
