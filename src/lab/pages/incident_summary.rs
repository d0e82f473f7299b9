//! The summary of a failed login, which a page of the lab begins with: what happened, what the person saw, what to say to them, and the
//! change of the file that would mend it. What is to be checked elsewhere, and other guesses, stand apart.

use crate::lab::pages::masked_file::DOTS;
use crate::lab::pages::proposal_view::{ProposalView, proposal_views};
use crate::lab::pages::words::texts::LabWords;
use crate::pages::ErrorCause;
use crate::pages::error_cause::RecoveryStep;
use crate::pages::frame::address;
use crate::pages::phrases::{Phrases, fill};
use crate::story::Story;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::incident_code::IncidentCode;

/// What the summary of a story needs beside it.
#[derive(Clone, Copy)]
pub(crate) struct SummaryContext<'a> {
    pub(crate) words: &'a LabWords,
    /// What shoppers read in the language of the page.
    pub(crate) phrases: &'a Phrases,
    /// The title of the provider.
    pub(crate) provider: &'a str,
    /// The address below which the texts of this story are found.
    pub(crate) base: &'a str,
    /// Whether the store offers a sign-in by a code that is sent by e-mail, and other providers.
    pub(crate) has_email_code: bool,
    pub(crate) has_others: bool,
    pub(crate) download: DownloadOffer,
    /// The addresses of the editor with each of the story's proposals, where the file takes it.
    pub(crate) editors: &'a [Option<String>],
}

/// Whether the whole file with the change is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DownloadOffer {
    Offered,
    /// The file holds values that the lab masks.
    Masked,
    /// The file is another one by now, or is gone.
    FileChanged,
}

/// The summary of a login that failed.
#[derive(Clone, Debug)]
pub(crate) struct IncidentSummary {
    pub(crate) happened: String,
    /// The provider's own words, where it refused.
    pub(crate) said: Option<String>,
    pub(crate) page: Option<SeenPage>,
    /// The change that is proposed first.
    pub(crate) change: Option<ProposalView>,
    /// The file with the change, or why it is not offered.
    pub(crate) download: Result<String, String>,
    /// Why the change cannot be copied.
    pub(crate) uncopyable: Option<String>,
    /// What is to be checked elsewhere than in the file.
    pub(crate) hints: Vec<ProposalView>,
    /// Further changes.
    pub(crate) guesses: Vec<ProposalView>,
    /// The code whose story holds a change, and its address.
    pub(crate) remedy: Option<(String, String)>,
}

/// What the person saw, and what to say to them.
#[derive(Clone, Debug)]
pub(crate) struct SeenPage {
    pub(crate) title: String,
    pub(crate) what: String,
    /// The text of the first button.
    pub(crate) button: Option<String>,
    pub(crate) message: String,
    /// The address of the message.
    pub(crate) href: String,
}

impl IncidentSummary {
    /// The summary of a story; `None` for a login that worked.
    pub(crate) fn from_story(story: &Story, context: SummaryContext<'_>) -> Option<Self> {
        story.code.as_ref()?;
        let SummaryContext { words, provider, base, .. } = context;
        let mut views = proposal_views(&story.proposals, Some(base), words);
        views.iter_mut().zip(context.editors).for_each(|(view, editor)| view.editor.clone_from(editor));
        let (mut changes, hints): (Vec<ProposalView>, Vec<ProposalView>) = views.into_iter().partition(|proposal| proposal.line.is_some());
        let change = if changes.is_empty() { None } else { Some(changes.remove(0)) };
        let is_masked = change.as_ref().is_some_and(|change| change.diff.iter().any(|line| line.text.contains(DOTS)));
        let download = match context.download {
            DownloadOffer::Masked => Err(words.incident.download_masked.clone()),
            DownloadOffer::FileChanged => Err(words.incident.download_changed.clone()),
            DownloadOffer::Offered => {
                Ok(format!("{base}/{}", address(&[&format!("{}.yaml", story.provider)], &[]).trim_start_matches('/')))
            }
        };
        let said = story.message.as_deref().filter(|_| story.by_provider && story.message != story.rule);
        let remedy = story.remedy.as_deref().and_then(IncidentCode::parse);
        Some(Self {
            happened: words.what_happened(story, provider),
            said: said.map(|said| fill(&words.incident.said, &[("said", &printable(said))])),
            page: seen_page(story, context),
            download,
            uncopyable: is_masked.then(|| words.incident.masked_change.clone()),
            change,
            hints,
            guesses: changes,
            remedy: remedy.map(|code| (code.to_string(), address(&["lab", "incidents", code.as_str()], &[]))),
        })
    }
}

/// The error page of a story, as the person has seen it, and what to say to them. A test login has none.
pub(crate) fn seen_page(story: &Story, context: SummaryContext<'_>) -> Option<SeenPage> {
    let cause = ErrorCause::named(story.page.as_deref()?, 0)?;
    let SummaryContext { words, phrases, provider, base, .. } = context;
    let text = |phrase: &str| fill(phrase, &[("provider", provider)]);
    let of_cause = phrases.cause(cause);
    let (title, what) = (text(&of_cause.title), text(&of_cause.what));
    let next = next_step(cause, context);
    let advice = match &next {
        SuggestedStep::EmailCode => fill(&words.incident.next_code, &[("label", &phrases.email_code.instead)]),
        SuggestedStep::Others => words.incident.next_others.clone(),
        SuggestedStep::Again => words.incident.next_again.clone(),
        SuggestedStep::None => String::new(),
    };
    let button = match next {
        SuggestedStep::EmailCode => Some(phrases.email_code.instead.clone()),
        SuggestedStep::Others => Some(phrases.error.others.clone()),
        SuggestedStep::Again => Some(text(&phrases.error.again_with)),
        SuggestedStep::None => None,
    };
    let unchanged = if cause.changed_nothing() { phrases.error.unchanged.as_str() } else { "" };
    let parts = [words.incident.greeting.as_str(), &what, unchanged, &advice];
    let message = parts.iter().filter(|part| !part.is_empty()).map(|part| part.trim()).collect::<Vec<_>>().join(" ");
    Some(SeenPage { title, what, button, message, href: format!("{base}/message.txt") })
}

/// What the person can do now.
enum SuggestedStep {
    EmailCode,
    Others,
    Again,
    None,
}

fn next_step(cause: ErrorCause, context: SummaryContext<'_>) -> SuggestedStep {
    let possible = cause.steps().iter().find_map(|step| match step {
        RecoveryStep::EmailCode => context.has_email_code.then_some(SuggestedStep::EmailCode),
        RecoveryStep::Others => context.has_others.then_some(SuggestedStep::Others),
        RecoveryStep::Again => Some(SuggestedStep::Again),
        RecoveryStep::Account | RecoveryStep::Help | RecoveryStep::Home => None,
    });
    possible.unwrap_or(SuggestedStep::None)
}

impl LabWords {
    /// What happened in logins that failed for a cause, as a part of a list: without what the sentence explains after a colon. `None` for a
    /// code of the provider's own.
    pub(crate) fn what_fails(&self, code: &str, provider: &str) -> Option<String> {
        let sentence = self.happened.get(code).filter(|sentence| !provider.is_empty() || !sentence.contains("{provider}"))?;
        let gist = sentence.split(": ").next().unwrap_or(sentence);
        Some(fill(gist.strip_suffix('.').unwrap_or(gist), &[("provider", provider)]))
    }

    /// What happened in a login that failed, in one sentence.
    pub(crate) fn what_happened(&self, story: &Story, provider: &str) -> String {
        let code = if story.by_provider { "refused" } else { story.code.as_deref().unwrap_or("other") };
        let exact = story.cause.as_deref().and_then(|cause| self.happened.get(cause));
        let sentence = exact.or_else(|| self.happened.get(code)).or_else(|| self.happened.get("other"));
        fill(sentence.map(String::as_str).unwrap_or_default(), &[("provider", provider)])
    }
}
