//! The section of a provider's page about what has changed in its answers.

use crate::drift::warning::{DriftKind, DriftWarning, percent};
use crate::lab::pages::proposal_view::{ProposalView, proposal_views};
use crate::lab::pages::words::texts::LabWords;
use crate::pages::phrases::fill;
use crate::story::proposal::Proposal;

/// A warning as it is drawn.
#[derive(Clone, Debug)]
pub(crate) struct DriftView {
    pub(crate) step: String,
    /// The fact, if the warning is about one.
    pub(crate) fact: Option<String>,
    /// The line that reads the fact.
    pub(crate) line: Option<u32>,
    /// What has changed, and since when.
    pub(crate) text: String,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct DriftSection {
    pub(crate) warnings: Vec<DriftView>,
    /// Changes of the file that would follow the new answers.
    pub(crate) proposals: Vec<ProposalView>,
}

impl DriftSection {
    /// The section for the warnings of a provider. `moment` writes the time of a change.
    pub(crate) fn from_warnings(warnings: &[DriftWarning], moment: impl Fn(i64) -> String, words: &LabWords) -> Self {
        let views = warnings.iter().map(|warning| DriftView {
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
        Self { warnings: views.collect(), proposals: proposal_views(proposals, None, words) }
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
        DriftKind::Appeared => &words.appeared,
    };
    // Of a parameter it is counted how often it is absent.
    let share = |found: f64| if warning.cause.kind() == DriftKind::Appeared { 1.0 - found } else { found };
    let (before, now) = (percent(share(warning.share_before)), percent(share(warning.share_now)));
    let facts = warning.cause.parameter().map_or_else(|| warning.fact_names().join(", "), str::to_owned);
    fill(phrase, &[("before", &before), ("now", &now), ("since", since), ("facts", &facts)])
}
