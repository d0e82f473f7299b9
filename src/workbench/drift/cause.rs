//! The cause of a detected change, and the proposal that would mend the file.
//!
//! The statistics of many answers decide first: a path is taken for the new place of a fact only if it is new since the fact is
//! missed. Where that finds nothing, and for the answer as a whole, the repair of the workbench looks at the current answer. It
//! compiles what it proposes, so it runs only when a change is detected.

use crate::drift::judgement::{DriftStream, HealthChange};
use crate::drift::observation::{ObservedOutcome, PlannedPath, PlannedReading};
use crate::drift::provider_statistics::BrokenAnswer;
use crate::drift::shape::PathStatistics;
use crate::drift::step_statistics::{DetectedChange, MissedReading};
use crate::drift::warning::{DriftCause, DriftKind};
use crate::story::proposal::Proposal;
use crate::story::repair_rule::RepairRule;
use crate::workbench::answers::path::{compile_path, parse_path};
use crate::workbench::drift::replacement::{LostReading, find_replacement, is_new_path, replacement_proposal};
use crate::workbench::repair::propose_among;
use serde_json::Value;

/// Gives what is broken its cause and its proposal.
pub fn assign_causes(broken: &BrokenAnswer<'_>, changes: &mut [DetectedChange<'_>]) {
    let repairs = propose_among(broken.login.provider, broken.login.end, broken.login.trace, broken.login.others);
    let moved = broken.find_rearrangement(&repairs);
    for change in changes.iter_mut().filter(|change| change.direction == HealthChange::Broken) {
        let missed = match &change.cause {
            DriftCause::Lost(missed) | DriftCause::Type(missed) => *missed,
            DriftCause::Unreadable | DriftCause::Unaccepted => {
                change.proposal = proposal_for_answer(change.cause.kind(), &repairs);
                continue;
            }
            // Only this function finds the first two causes; what a new parameter is for stands in the provider's manual.
            DriftCause::Replaced(_) | DriftCause::Moved(_) | DriftCause::Appeared(_) => continue,
        };
        let MissedReading { reading, path } = missed;
        if let (Some(moved), Some(path)) = (&moved, path)
            && moved.contains_moved(path)
        {
            (change.cause, change.proposal) = (DriftCause::Moved(vec![missed]), moved.proposal.cloned());
            continue;
        }
        change.proposal = path.and_then(|path| broken.proposal_for_moved_fact(reading, path, change.now.answers(), &repairs));
        if change.cause.kind() == DriftKind::Lost && change.proposal.is_some() {
            change.cause = DriftCause::Replaced(missed);
        }
    }
}

/// The proposal for an answer as a whole. Drift proposes no change that removes a check or asks shoppers for something.
fn proposal_for_answer(change: DriftKind, repairs: &[Proposal]) -> Option<Proposal> {
    let fits = |proposal: &&Proposal| match change {
        DriftKind::Unaccepted => matches!(
            proposal.rule(),
            Some(RepairRule::ConditionMoved { .. } | RepairRule::AnswerMoved { .. } | RepairRule::SeveralMoved { .. })
        ),
        _ => true,
    };
    repairs.iter().find(fits).cloned()
}

/// An answer that is arranged differently.
struct RearrangedAnswer<'a> {
    proposal: Option<&'a Proposal>,
    /// The old and the new beginning of the paths; `None` if nothing that is read is in the answer.
    prefixes: Option<(String, String)>,
    document: &'a Value,
}

impl RearrangedAnswer<'_> {
    fn contains_moved(&self, planned: &PlannedPath) -> bool {
        let Some((from, to)) = &self.prefixes else { return true };
        let path = planned.path.source.strip_prefix(from.as_str()).and_then(|rest| compile_path(&parse_path(&format!("{to}{rest}"))?));
        path.is_some_and(|path| path.first(self.document).is_some())
    }
}

impl BrokenAnswer<'_> {
    /// Whether the answer is arranged differently: several facts are below another path, or nothing that is read is found.
    fn find_rearrangement<'b>(&'b self, repairs: &'b [Proposal]) -> Option<RearrangedAnswer<'b>> {
        let ObservedOutcome::Read(found) = &self.observed.outcome else { return None };
        let document = self.observed.document.as_ref()?;
        let read = || found.iter().map(|(at, found)| (&self.step.readings[*at], found)).filter(|(reading, _)| !reading.paths.is_empty());
        let is_missed = |reading: &PlannedReading| self.statistics.streams.get(&reading.key).is_some_and(DriftStream::is_doubtful);
        let missed: Vec<&PlannedReading> =
            read().filter(|(reading, found)| found.is_err() && is_missed(reading)).map(|(reading, _)| reading).collect();
        if missed.len() < 2 {
            return None;
        }
        let kind = self.login.provider.calls.get(self.observed.step.checked_sub(1)?)?.kind.word();
        for proposal in repairs {
            if let Some(RepairRule::AnswerMoved { step, to, from, .. }) = proposal.rule()
                && step == kind
            {
                let moved = RearrangedAnswer { proposal: Some(proposal), prefixes: Some((from, to)), document };
                let along = missed.iter().filter(|reading| reading.paths.iter().any(|path| moved.contains_moved(path)));
                if along.count() > 1 {
                    return Some(moved);
                }
            }
        }
        read().all(|(_, found)| found.is_err()).then_some(RearrangedAnswer { proposal: None, prefixes: None, document })
    }

    /// The change of the file for the path to which a fact has probably moved.
    fn proposal_for_moved_fact(
        &self,
        reading: &PlannedReading,
        planned: &PlannedPath,
        since: i64,
        repairs: &[Proposal],
    ) -> Option<Proposal> {
        let document = self.observed.document.as_ref()?;
        let kind = self.statistics.kinds.get(&planned.kind_key).and_then(PathStatistics::usual);
        let gone = LostReading { fact: &reading.name, path: &planned.path, kind, since };
        // These three decide who is signed in, so a path that is merely new and similar is not proposed for them.
        let known = self.login.provider.known;
        let decides_sign_in = [known.id, known.email, known.email_verified].contains(&reading.fact);
        if let Some(path) = find_replacement(gone, document, &self.statistics.shape).filter(|_| !decides_sign_in) {
            return Some(replacement_proposal(self.login.provider, gone, path));
        }
        let is_about = |proposal: &&Proposal| {
            let moved = match proposal.rule() {
                Some(RepairRule::PathMoved { fact, new, old } | RepairRule::PlaceNotStandard { fact, new, old }) => Some((fact, new, old)),
                Some(
                    RepairRule::IdMoved { new, old, .. } | RepairRule::IdStays { new, old, .. } | RepairRule::IdDiffers { new, old, .. },
                ) => Some(("id".to_owned(), new, old)),
                _ => None,
            };
            moved.is_some_and(|(fact, new, old)| {
                *fact == *reading.name
                    && *old == *planned.path.source
                    && parse_path(&new).is_some_and(|new| is_new_path(&self.statistics.shape, &new, since))
            })
        };
        repairs.iter().find(is_about).cloned()
    }
}
