//! What has changed in the answers of a provider, as a section of its page.

use crate::drift::warning::{DriftKind, DriftWarning, percent};
use crate::lab::pages::login_steps::{ProposalView, proposal_view};
use crate::lab::pages::words::LabWords;
use crate::pages::phrases::fill;
use crate::story::proposal::Proposal;

/// A change as it is told.
#[derive(Clone, Debug)]
pub(crate) struct DriftView {
    pub(crate) step: String,
    /// The fact that it is about, if it is about one.
    pub(crate) fact: Option<String>,
    /// The line that reads it.
    pub(crate) line: Option<u32>,
    /// What has changed, and since when.
    pub(crate) text: String,
}

/// The changes, and what would mend the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct DriftSection {
    pub(crate) told: Vec<DriftView>,
    /// What would mend the file.
    pub(crate) suggested: Vec<ProposalView>,
}

impl DriftSection {
    /// The changes of a provider; `moment` writes when each began.
    pub(crate) fn from_warnings(warnings: &[DriftWarning], moment: impl Fn(i64) -> String, words: &LabWords) -> Self {
        let told = warnings.iter().map(|warning| DriftView {
            step: warning.step.clone(),
            fact: warning.fact().map(str::to_owned),
            line: warning.line,
            text: change_sentence(warning, &moment(warning.since), words),
        });
        let mut proposals: Vec<&Proposal> = Vec::new();
        for proposal in warnings.iter().filter_map(|warning| warning.proposal.as_ref()) {
            if !proposals.iter().any(|known| known.change == proposal.change) {
                proposals.push(proposal);
            }
        }
        let suggested = proposals.iter().enumerate().map(|(at, proposal)| proposal_view(at + 1, proposal, None, words));
        Self { told: told.collect(), suggested: suggested.collect() }
    }
}

fn change_sentence(warning: &DriftWarning, since: &str, words: &LabWords) -> String {
    let words = &words.drift;
    let phrase = match warning.cause.kind() {
        DriftKind::Lost => &words.lost,
        DriftKind::Replaced => &words.replaced,
        DriftKind::Moved => &words.moved,
        DriftKind::Type => &words.kind,
        DriftKind::Unreadable => &words.unreadable,
        DriftKind::Unaccepted => &words.unaccepted,
    };
    let (before, now) = (percent(warning.share_before), percent(warning.share_now));
    fill(phrase, &[("before", &before), ("now", &now), ("since", since), ("facts", &warning.fact_names().join(", "))])
}
