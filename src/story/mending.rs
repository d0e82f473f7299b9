//! What would mend the file of a login that somebody tried out.

use crate::story::Happened;
use crate::workbench::proposal::Proposal;

/// The proposals, the likeliest first; none for a login that worked.
pub fn mending(happened: &Happened<'_>) -> Vec<Proposal> {
    // What repairs a file is asked here: `repair::propose(happened.provider, happened.end, happened.trace)`.
    let _ = happened;
    Vec::new()
}
