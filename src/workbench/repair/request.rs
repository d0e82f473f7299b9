//! Changes of a request that a provider refused: each a line of the file, with how likely it is. What the login has proven to be right is
//! not changed: only the request that was refused is, and what it shares with nothing that was accepted.

pub(crate) mod address_drafts;
pub(crate) mod carried_secrets;
pub(crate) mod client_drafts;
pub(crate) mod known_values;
pub(crate) mod parameter_drafts;
pub(crate) mod token_drafts;
pub(crate) mod unexplained_drafts;
pub(crate) mod file_request;

use crate::provider::Provider;
use crate::provider::step::{Step, StepKind};
use crate::story::repair_rule::RepairRule;
use crate::workbench::answers::parameters::names_in_text;
use crate::workbench::answers::refusals::RefusalCause;
use crate::workbench::repair::edit::{EditableFile, EntryChange, FileEdit};
use crate::workbench::repair::request::file_request::{FileRequest, file_requests};

/// A change of a request, before it is tried.
#[derive(Clone, Debug)]
pub(crate) struct RequestDraft {
    pub(crate) title: String,
    pub(crate) rule: RepairRule,
    pub(crate) edits: Vec<FileEdit>,
    /// How likely it is: ten times the certainty of a cause that is as likely.
    pub(crate) score: f32,
}

/// A refused request: what the file writes, and what the provider says.
pub(crate) struct RequestRefusal<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) step: &'a Step,
    pub(crate) call: FileRequest<'a>,
    /// The other requests of the file.
    pub(crate) others: Vec<FileRequest<'a>>,
    pub(crate) status: u16,
    /// The address to which it redirects, if the same request may be sent there.
    pub(crate) moved_to: Option<&'a str>,
    /// What the provider says, as it is written.
    pub(crate) said: &'a str,
    /// The challenge and the allowed methods of the headers.
    pub(crate) challenge: Option<&'a str>,
    pub(crate) allowed: Option<&'a str>,
    /// Whether id and secret are other texts when they are percent-encoded.
    pub(crate) depends_on_encoding: bool,
    /// The causes that its words name.
    pub(crate) causes: &'a [(RefusalCause, u8)],
}

impl<'a> RequestRefusal<'a> {
    /// The refused request of a step in an opened file; `None` if the file does not write the step.
    pub(crate) fn find(
        file: &'a EditableFile<'_>,
        provider: &'a Provider,
        step: &'a Step,
    ) -> Option<(FileRequest<'a>, Vec<FileRequest<'a>>)> {
        let mut all = file_requests(file, provider);
        let at = all.iter().position(|call| call.place == step.place)?;
        Some((all.remove(at), all))
    }

    pub(crate) fn is_redirect(&self) -> bool {
        self.step.kind == StepKind::GetAuthorizationCode && self.step.call.is_none()
    }

    /// Whether the request shows who the client is.
    pub(crate) fn shows_client(&self) -> bool {
        matches!(self.step.kind, StepKind::GetAccessCode | StepKind::GetClientToken)
            || self.step.kind == StepKind::GetAuthorizationCode && !self.is_redirect()
    }

    pub(crate) fn has_cause(&self, cause: RefusalCause, least: u8) -> bool {
        self.causes.iter().any(|(known, weight)| *known == cause && *weight >= least)
    }

    pub(crate) fn step_name(&self) -> String {
        self.step.kind.word().to_owned()
    }

    /// A change of an entry of this request.
    pub(crate) fn entry(&self, word: &'static str, change: EntryChange) -> FileEdit {
        FileEdit::Entry { step: self.call.place, word, change }
    }

    /// A word of this request with a value, as YAML writes it.
    pub(crate) fn word(&self, key: &'static str, value: String) -> FileEdit {
        FileEdit::Word { step: self.call.place, word: self.step.kind.word(), key, value }
    }

    /// The names of parameters and headers in all requests of the file.
    pub(crate) fn known_names(&self) -> Vec<String> {
        let calls = std::iter::once(&self.call).chain(&self.others);
        let names = calls.flat_map(|call| {
            call.parameters().into_iter().map(|parameter| parameter.name).chain(call.renamed_to()).chain(call.header_names())
        });
        names.collect()
    }

    /// The changes, the likeliest first.
    pub(crate) fn drafts(&self) -> Vec<RequestDraft> {
        // A page in place of an answer says nothing about the request.
        if self.status < 300 && self.has_cause(RefusalCause::AddressWrong, 1) {
            return Vec::new();
        }
        let mut drafts = Vec::new();
        for (at, name) in names_in_text(self.said, &self.known_names()).iter().take(3).enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "three at most")]
            let behind = at as f32;
            drafts.extend(
                parameter_drafts::drafts(self, name).into_iter().map(|draft| RequestDraft { score: draft.score - behind, ..draft }),
            );
        }
        let is_named = !drafts.is_empty();
        drafts.extend(client_drafts::drafts(self));
        drafts.extend(token_drafts::drafts(self));
        drafts.extend(address_drafts::drafts(self));
        drafts.extend(unexplained_drafts::drafts(self, is_named));
        drafts.sort_by(|one, other| other.score.total_cmp(&one.score));
        drafts
    }
}
