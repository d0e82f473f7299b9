//! Finds the cause of changes in answers, and what would mend the file. Changes with one cause become one warning.
//!
//! The statistics over many answers decide first: a path counts as the new place of a fact only if it appeared when the fact was
//! lost. Where they find nothing, and for an answer as a whole, the workbench's repair searches the current answer. It compiles
//! every proposal, so it runs only at the moment of a change.

use crate::drift::judgement::{DriftStream, HealthChange};
use crate::drift::observation::{ObservedOutcome, PlannedPath, PlannedReading};
use crate::drift::provider_statistics::BrokenAnswer;
use crate::drift::shape::PathStatistics;
use crate::drift::step_statistics::{DetectedChange, MissedReading};
use crate::drift::warning::{DriftCause, DriftKind};
use crate::story::proposal::Proposal;
use crate::story::repair_rule::RepairRule;
use crate::workbench::answers::path::{compile_path, parse_path};
use crate::workbench::drift::replacement::{LostReading, find_replacement, replacement_proposal};
use crate::workbench::repair::propose;
use serde_json::Value;

/// Gives what is broken its cause and its proposal.
pub fn assign_causes(broken: &BrokenAnswer<'_>, news: &mut [DetectedChange<'_>]) {
    let repairs = propose(broken.ended.provider, broken.ended.end, broken.ended.trace);
    let moved = broken.find_rearrangement(&repairs);
    for news in news.iter_mut().filter(|news| news.turn == HealthChange::Broken) {
        let missed = match news.cause {
            DriftCause::Lost(missed) | DriftCause::Type(missed) => missed,
            DriftCause::Unreadable | DriftCause::Unaccepted => {
                news.proposal = proposal_for_answer(news.cause.kind(), &repairs);
                continue;
            }
            // Only this function finds these two causes.
            DriftCause::Replaced(_) | DriftCause::Moved(_) => continue,
        };
        let MissedReading { reading, path } = missed;
        if let (Some(moved), Some(path)) = (&moved, path)
            && moved.contains_moved(path)
        {
            (news.cause, news.proposal) = (DriftCause::Moved(vec![missed]), moved.proposal.cloned());
            continue;
        }
        news.proposal = path.and_then(|path| broken.proposal_for_moved_fact(reading, path, news.now.answers(), &repairs));
        if news.cause.kind() == DriftKind::Lost && news.proposal.is_some() {
            news.cause = DriftCause::Replaced(missed);
        }
    }
}

/// What would mend an answer as a whole. What takes a check away, or asks shoppers for something, is none of drift's proposals.
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

/// An answer that is arranged otherwise.
struct RearrangedAnswer<'a> {
    /// How it would be read.
    proposal: Option<&'a Proposal>,
    /// How paths began, and how they begin now; nothing where nothing of what is read is there any more.
    way: Option<(String, String)>,
    document: &'a Value,
}

impl RearrangedAnswer<'_> {
    fn contains_moved(&self, planned: &PlannedPath) -> bool {
        let Some((from, to)) = &self.way else { return true };
        let path = planned.path.source.strip_prefix(from.as_str()).and_then(|rest| compile_path(&parse_path(&format!("{to}{rest}"))?));
        path.is_some_and(|path| path.first(self.document).is_some())
    }
}

impl BrokenAnswer<'_> {
    /// Whether the answer is arranged otherwise: several facts stand below another place, or nothing that is read is there at all.
    fn find_rearrangement<'b>(&'b self, repairs: &'b [Proposal]) -> Option<RearrangedAnswer<'b>> {
        let ObservedOutcome::Read(found) = &self.looked.outcome else { return None };
        let document = self.looked.document.as_ref()?;
        let read = || found.iter().map(|(at, found)| (&self.step.readings[*at], found)).filter(|(reading, _)| !reading.paths.is_empty());
        let is_missed = |reading: &PlannedReading| self.page.streams.get(&reading.key).is_some_and(DriftStream::is_doubtful);
        let missed: Vec<&PlannedReading> =
            read().filter(|(reading, found)| found.is_err() && is_missed(reading)).map(|(reading, _)| reading).collect();
        if missed.len() < 2 {
            return None;
        }
        let kind = self.ended.provider.calls.get(self.looked.step.checked_sub(1)?)?.kind.word();
        for proposal in repairs {
            if let Some(RepairRule::AnswerMoved { step, to, from, .. }) = proposal.rule()
                && step == kind
            {
                let moved = RearrangedAnswer { proposal: Some(proposal), way: Some((from, to)), document };
                let along = missed.iter().filter(|reading| reading.paths.iter().any(|path| moved.contains_moved(path)));
                if along.count() > 1 {
                    return Some(moved);
                }
            }
        }
        read().all(|(_, found)| found.is_err()).then_some(RearrangedAnswer { proposal: None, way: None, document })
    }

    /// Where a fact has probably moved to, as a change of the file.
    fn proposal_for_moved_fact(
        &self,
        reading: &PlannedReading,
        planned: &PlannedPath,
        since: i64,
        repairs: &[Proposal],
    ) -> Option<Proposal> {
        let document = self.looked.document.as_ref()?;
        let kind = self.page.kinds.get(&planned.kind_key).and_then(PathStatistics::usual);
        let gone = LostReading { fact: &reading.name, path: &planned.path, kind, since };
        // These three facts decide who is signed in, so a path that is only new and similar is not proposed for them.
        let known = self.ended.provider.known;
        let lets_in = [known.id, known.email, known.email_verified].contains(&reading.fact);
        if let Some(path) = find_replacement(gone, document, &self.page.shape).filter(|_| !lets_in) {
            return Some(replacement_proposal(self.ended.provider, gone, &path));
        }
        let is_about = |proposal: &&Proposal| match proposal.rule() {
            Some(RepairRule::PathMoved { fact, new, old } | RepairRule::PlaceNotStandard { fact, new, old }) => {
                *fact == *reading.name && *old == *planned.path.source && self.is_new(&new, since)
            }
            _ => false,
        };
        repairs.iter().find(is_about).cloned()
    }

    /// Whether a path stands in answers only since then.
    fn is_new(&self, path: &str, since: i64) -> bool {
        let Some(hops) = parse_path(path) else { return false };
        let keys: Vec<&str> = hops.iter().map(|hop| hop.key().unwrap_or("[]")).collect();
        self.page.shape.statistics_at(&keys).is_some_and(|seen| seen.times() <= since)
    }
}
