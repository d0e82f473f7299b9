//! Why something has turned, and what would mend it: told once for everything that has one cause.
//!
//! What is known over many answers decides first: a path is taken for the new place of a fact only if it is new since the fact is
//! missed. Where that finds nothing, and for an answer as a whole, the workbench's repair looks at the one answer that is here; it
//! compiles what it proposes, so that is done only in the moment in which something turns.

use crate::drift::book::Ended;
use crate::drift::judgement::{Stream, Turn};
use crate::drift::looked::{Looked, Outcome, Planned, PlannedPath, PlannedStep};
use crate::drift::page::{News, Page};
use crate::drift::replacement::{Gone, proposal, replacement};
use crate::drift::shape::Seen;
use crate::drift::warning::Change;
use crate::workbench::proposal::Proposal;
use crate::workbench::repair::candidates::selector;
use crate::workbench::repair::path::hops;
use crate::workbench::repair::propose;
use serde_json::Value;

/// An answer with which something turned.
#[derive(Clone, Copy)]
pub struct Broken<'a> {
    /// What is known of the step.
    pub page: &'a Page,
    /// The step.
    pub step: &'a PlannedStep,
    /// The answer.
    pub looked: &'a Looked,
    /// The login.
    pub ended: &'a Ended<'a>,
}

/// Gives what is broken its cause and its proposal.
pub fn causes(broken: &Broken<'_>, news: &mut [News<'_>]) {
    let repairs = propose(broken.ended.provider, broken.ended.end, broken.ended.trace);
    let moved = broken.arranged(&repairs);
    for news in news.iter_mut().filter(|news| news.turn == Turn::Broken) {
        let Some(reading) = news.fact else {
            news.proposal = whole(news.change, &repairs);
            continue;
        };
        let gone = news.path.filter(|_| matches!(news.change, Change::Lost | Change::Type));
        if let (Some(moved), Some(path)) = (&moved, gone)
            && moved.takes_along(path)
        {
            (news.change, news.proposal) = (Change::Moved, moved.proposal.cloned());
            continue;
        }
        news.proposal = gone.and_then(|path| broken.moved(reading, path, news.now.answers(), &repairs));
        if news.change == Change::Lost && news.proposal.is_some() {
            news.change = Change::Replaced;
        }
    }
}

/// What would mend an answer as a whole. What takes a check away, or asks shoppers for something, is none of drift's proposals.
fn whole(change: Change, repairs: &[Proposal]) -> Option<Proposal> {
    let fits = |proposal: &&Proposal| match change {
        Change::Unaccepted => matches!(proposal.because.as_str(), "conditionMoved" | "answerMoved" | "severalMoved"),
        _ => true,
    };
    repairs.iter().find(fits).cloned()
}

/// An answer that is arranged otherwise.
struct Arranged<'a> {
    /// How it would be read.
    proposal: Option<&'a Proposal>,
    /// How paths began, and how they begin now; nothing where nothing of what is read is there any more.
    way: Option<(&'a str, &'a str)>,
    document: &'a Value,
}

impl Arranged<'_> {
    fn takes_along(&self, planned: &PlannedPath) -> bool {
        let Some((from, to)) = self.way else { return true };
        let path = planned.path.source.strip_prefix(from).and_then(|rest| selector(&hops(&format!("{to}{rest}"))?));
        path.is_some_and(|path| path.first(self.document).is_some())
    }
}

impl Broken<'_> {
    /// Whether the answer is arranged otherwise: several facts stand below another place, or nothing that is read is there at all.
    fn arranged<'b>(&'b self, repairs: &'b [Proposal]) -> Option<Arranged<'b>> {
        let Outcome::Read(found) = &self.looked.outcome else { return None };
        let document = self.looked.document.as_ref()?;
        let read = || found.iter().map(|(at, found)| (&self.step.readings[*at], found)).filter(|(reading, _)| !reading.paths.is_empty());
        let is_missed = |reading: &Planned| self.page.streams.get(&reading.key).is_some_and(Stream::is_doubtful);
        let missed: Vec<&Planned> =
            read().filter(|(reading, found)| found.is_err() && is_missed(reading)).map(|(reading, _)| reading).collect();
        if missed.len() < 2 {
            return None;
        }
        let kind = self.ended.provider.calls.get(self.looked.step.checked_sub(1)?)?.kind.word();
        for proposal in repairs.iter().filter(|proposal| proposal.because == "answerMoved") {
            if let [step, to, from, ..] = proposal.about.as_slice()
                && step == kind
            {
                let moved = Arranged { proposal: Some(proposal), way: Some((from, to)), document };
                let along = missed.iter().filter(|reading| reading.paths.iter().any(|path| moved.takes_along(path)));
                if along.count() > 1 {
                    return Some(moved);
                }
            }
        }
        read().all(|(_, found)| found.is_err()).then_some(Arranged { proposal: None, way: None, document })
    }

    /// Where a fact has probably moved to, as a change of the file.
    fn moved(&self, reading: &Planned, planned: &PlannedPath, since: i64, repairs: &[Proposal]) -> Option<Proposal> {
        let document = self.looked.document.as_ref()?;
        let kind = self.page.kinds.get(&planned.kind_key).and_then(Seen::usual);
        let gone = Gone { fact: &reading.name, path: &planned.path, kind, since };
        // By these three somebody is let in: what is merely new and looks alike is none of them.
        let known = self.ended.provider.known;
        let lets_in = [known.id, known.email, known.email_verified].contains(&reading.fact);
        if let Some(path) = replacement(gone, document, &self.page.shape).filter(|_| !lets_in) {
            return Some(proposal(self.ended.provider, gone, &path));
        }
        let is_about = |proposal: &&Proposal| match proposal.about.as_slice() {
            [fact, new, old] => {
                let is_path = matches!(proposal.because.as_str(), "pathMoved" | "placeNotStandard");
                is_path && **fact == *reading.name && **old == *planned.path.source && self.is_new(new, since)
            }
            _ => false,
        };
        repairs.iter().find(is_about).cloned()
    }

    /// Whether a path stands in answers only since then.
    fn is_new(&self, path: &str, since: i64) -> bool {
        let Some(hops) = hops(path) else { return false };
        let keys: Vec<&str> = hops.iter().map(|hop| hop.key().unwrap_or("[]")).collect();
        self.page.shape.at(&keys).is_some_and(|seen| seen.times() <= since)
    }
}
