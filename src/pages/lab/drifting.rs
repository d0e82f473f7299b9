//! What has changed in the answers of a provider, as a section of its page.

use crate::drift::warning::{Change, Warning, percent};
use crate::pages::lab::course::{Suggested, suggested};
use crate::pages::lab::words::LabWords;
use crate::pages::phrases::fill;
use crate::workbench::proposal::Proposal;

/// A change as it is told.
#[derive(Clone, Debug)]
pub struct Drifting {
    /// The step.
    pub step: String,
    /// The fact that it is about, if it is about one.
    pub fact: Option<String>,
    /// The line that reads it.
    pub line: Option<u32>,
    /// What has changed, and since when.
    pub text: String,
}

/// The changes, and what would mend the file.
#[derive(Clone, Debug, Default)]
pub struct Drifts {
    /// The changes.
    pub told: Vec<Drifting>,
    /// What would mend the file.
    pub suggested: Vec<Suggested>,
}

impl Drifts {
    /// The changes of a provider; `moment` writes when each began.
    pub fn of(warnings: &[Warning], moment: impl Fn(i64) -> String, words: &LabWords) -> Self {
        let told = warnings.iter().map(|warning| Drifting {
            step: warning.step.clone(),
            fact: warning.fact.clone(),
            line: warning.line,
            text: sentence(warning, &moment(warning.since), words),
        });
        let mut proposals: Vec<&Proposal> = Vec::new();
        for proposal in warnings.iter().filter_map(|warning| warning.proposal.as_ref()) {
            if !proposals.iter().any(|known| known.change == proposal.change) {
                proposals.push(proposal);
            }
        }
        let suggested = proposals.iter().enumerate().map(|(at, proposal)| suggested(at + 1, proposal, None, words));
        Self { told: told.collect(), suggested: suggested.collect() }
    }
}

fn sentence(warning: &Warning, since: &str, words: &LabWords) -> String {
    let words = &words.drift;
    let phrase = match warning.kind {
        Change::Lost => &words.lost,
        Change::Replaced => &words.replaced,
        Change::Moved => &words.moved,
        Change::Type => &words.kind,
        Change::Unreadable => &words.unreadable,
        Change::Unaccepted => &words.unaccepted,
    };
    let (before, now) = (percent(warning.share_before), percent(warning.share_now));
    fill(phrase, &[("before", &before), ("now", &now), ("since", since), ("facts", &warning.facts.join(", "))])
}
