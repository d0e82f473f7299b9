//! What the workbench does for the broker at run time. The broker imports nothing of the workbench, so
//! `commands::broker` makes the hooks and `commands::serve` hands them in.

use crate::drift::provider_statistics::CauseFinder;
use crate::stores::connection::ConnectionReplacer;
use crate::stores::connection::EmbeddedProvider;
use crate::story::proposal::{FormerLinesProposer, ProposalMaker};
use crate::vocabulary::place::Source;
use crate::vocabulary::text::Text;
use std::sync::Arc;

/// Writes the text of a file with these secrets, and everything else that is none of a reader's business, masked.
pub type FileTextMasker = fn(&Source, &[Text]) -> String;

/// The functions and values of the workbench that the broker uses.
#[derive(Clone)]
pub struct WorkbenchHooks {
    /// Finds what would mend a provider's file after a login.
    pub(crate) propose: ProposalMaker,
    /// Adds to what would mend a provider's file the lines as they were when a login worked.
    pub(crate) propose_as_it_was: FormerLinesProposer,
    /// The text of a provider's file with masked secrets, as it may be stored.
    pub(crate) mask_file: FileTextMasker,
    /// Finds why a provider answers differently than before.
    pub(crate) find_causes: CauseFinder,
    /// Makes the connection of a provider that is simulated.
    pub(crate) replace_connection: ConnectionReplacer,
    /// The provider below `/playground`.
    pub(crate) playground: Arc<dyn EmbeddedProvider>,
    /// Texts that pages of the workbench load: the version of all assets changes with them.
    pub(crate) assets: &'static [&'static str],
}
