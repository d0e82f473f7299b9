//! A proposed change of a provider's file, as pages draw it.

use crate::lab::pages::words::texts::LabWords;
use crate::pages::phrases::fill;
use crate::story::proposal::Proposal;
use crate::vocabulary::diagnostic::printable;

#[derive(Clone, Debug)]
pub(crate) struct ProposalView {
    pub(crate) number: usize,
    /// The line as it would be in the file.
    pub(crate) title: String,
    pub(crate) reason: String,
    /// Whether the reason is in the page's language; otherwise it is in English.
    pub(crate) is_translated: bool,
    /// The line that changes.
    pub(crate) line: Option<usize>,
    /// The name of the change.
    pub(crate) label: String,
    /// The label of the button that copies it.
    pub(crate) copy_label: String,
    pub(crate) diff: Vec<DiffLine>,
    /// The address of the text that the button copies.
    pub(crate) href: Option<String>,
    /// The editor with the file to which the change was made.
    pub(crate) editor: Option<String>,
}

/// A line that a change removes or adds.
#[derive(Clone, Debug)]
pub(crate) struct DiffLine {
    /// The line of the file at which it stands, or would stand.
    pub(crate) number: usize,
    pub(crate) is_added: bool,
    pub(crate) text: String,
}

/// The views of some proposals. `changes` is the address below which the changes can be copied.
pub(crate) fn proposal_views<'a>(
    proposals: impl IntoIterator<Item = &'a Proposal>,
    changes: Option<&str>,
    words: &LabWords,
) -> Vec<ProposalView> {
    (1..).zip(proposals).map(|(number, proposal)| proposal_view(number, proposal, changes, words)).collect()
}

fn proposal_view(number: usize, proposal: &Proposal, changes: Option<&str>, words: &LabWords) -> ProposalView {
    let (reason, is_translated) = words.proposal_reason(proposal);
    let change = proposal.change.as_ref();
    let diff = change.into_iter().flat_map(|change| {
        let removed = numbered_lines(change.line, &change.removed, false);
        removed.chain(numbered_lines(change.line, &change.added, true)).collect::<Vec<_>>()
    });
    ProposalView {
        number,
        title: printable(&proposal.title),
        reason: printable(&reason),
        is_translated,
        line: change.map(|change| change.line),
        label: fill(&words.test.change, &[("number", &number.to_string())]),
        copy_label: fill(&words.test.copy_of, &[("number", &number.to_string())]),
        diff: diff.collect(),
        href: change.and(changes).map(|changes| format!("{changes}/change-{number}.txt")),
        editor: None,
    }
}

/// Lines that are removed or added, with their numbers.
pub(crate) fn numbered_lines(first: usize, lines: &[String], is_added: bool) -> impl Iterator<Item = DiffLine> + '_ {
    (first..).zip(lines).map(move |(number, line)| DiffLine { number, is_added, text: printable(line) })
}
