//! The summary of a story on its page, and the texts beside it: the report, the message for the person, a change, and the changed file.

use crate::lab::handlers;
use crate::lab::handlers::provider::LabProvider;
use crate::lab::handlers::test_story::{StoredStory, format_moment, is_same_file, text_report};
use crate::lab::pages::incident_summary::{DownloadOffer, IncidentSummary, SummaryContext, seen_page};
use crate::lab::pages::masked_file::{DOTS, MaskedFile, masked_text};
use crate::lab::pages::since_view::SinceView;
use crate::lab::pages::words::LabLanguage;
use crate::pages::ErrorCause;
use crate::pages::frame::address;
use crate::story::proposal::{FileChange, Proposal};
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::place::Source;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;

/// The summary of a story. `title` is that of the provider, and `base` the address of the story's page.
pub(crate) fn summary(
    context: &RequestContext,
    kept: &StoredStory,
    bench: Option<&LabProvider>,
    (title, base): (&str, &str),
) -> Option<IncidentSummary> {
    let change = kept.story.proposals.iter().find_map(|proposal| proposal.change.as_ref());
    let download = match changed_file(kept, bench, change) {
        Ok(_) => DownloadOffer::Offered,
        Err(why) => why,
    };
    let editors = editor_addresses(kept, bench);
    IncidentSummary::from_story(&kept.story, SummaryContext { editors: &editors, ..summary_context(context, (title, base), download) })
}

/// The addresses of the editor with each proposal of a story; `None` where the file, as it is now, does not take the change.
fn editor_addresses(kept: &StoredStory, bench: Option<&LabProvider>) -> Vec<Option<String>> {
    let editor = |(number, proposal): (usize, &Proposal)| {
        let bench = bench?;
        proposal.change.as_ref()?.apply(&bench.file_report.report.source.text)?;
        let number = number.to_string();
        Some(address(&["lab", "editor", &bench.name], &[("incident", Some(kept.code.as_str())), ("proposal", Some(&number))]))
    };
    (1..).zip(&kept.story.proposals).map(editor).collect()
}

fn summary_context<'a>(context: &'a RequestContext, (title, base): (&'a str, &'a str), download: DownloadOffer) -> SummaryContext<'a> {
    let live_store = context.live_store();
    SummaryContext {
        words: &LabLanguage::for_code(&context.language().code).words,
        phrases: &context.language().phrases,
        provider: title,
        base,
        has_email_code: live_store.offers_email_code(),
        has_others: live_store.providers_with_button().len() > 1,
        download,
        editors: &[],
    }
}

pub(crate) fn since_view(context: &RequestContext, kept: &StoredStory) -> Option<SinceView> {
    SinceView::from_story(&kept.story, format_moment, &LabLanguage::for_code(&context.language().code).words)
}

/// The file with a change, unless it is another file by now, or holds what the lab masks.
fn changed_file(kept: &StoredStory, bench: Option<&LabProvider>, change: Option<&FileChange>) -> Result<String, DownloadOffer> {
    let bench = bench.filter(|bench| is_same_file(kept, bench)).ok_or(DownloadOffer::FileChanged)?;
    let source = &bench.file_report.report.source;
    if hides_something(&bench.file) {
        return Err(DownloadOffer::Masked);
    }
    let text = change.and_then(|change| change.apply(&source.text)).ok_or(DownloadOffer::FileChanged)?;
    let secrets = handlers::secret_values(bench.provider.as_ref());
    // The change may bring back what is masked.
    if masked_text(&Source::new(source.name.clone(), text.as_str()), &secrets).contains(DOTS) {
        return Err(DownloadOffer::Masked);
    }
    Ok(text)
}

/// Whether anything of a file is not shown.
fn hides_something(file: &MaskedFile) -> bool {
    file.is_unparsed || file.lines_left_out > 0 || file.lines.iter().any(|line| line.text().contains(DOTS))
}

/// A text that belongs to a story: `report.txt`, `message.txt`, `change-1.txt`, or the provider's file under its own name.
pub(crate) fn story_file(
    context: &RequestContext,
    kept: &StoredStory,
    bench: Option<&LabProvider>,
) -> Result<HttpResponse, UserFacingError> {
    let name = context.path_parameter("file").ok_or(ErrorCause::NoSuchPage)?;
    let title = bench.map_or_else(|| kept.story.provider.clone(), |bench| bench.title(context).into_owned());
    if name == "report.txt" {
        return Ok(handlers::text_response(context, text_report(context, kept)));
    }
    if name == "message.txt" {
        let seen = seen_page(&kept.story, summary_context(context, (&printable(&title), ""), DownloadOffer::FileChanged));
        let message = seen.ok_or(ErrorCause::NoSuchPage)?.message;
        return Ok(handlers::text_response(context, message + "\n"));
    }
    let changes = || kept.story.proposals.iter().filter_map(|proposal: &Proposal| proposal.change.as_ref());
    if name.strip_suffix(".yaml").is_some_and(|stem| stem == kept.story.provider) {
        let text = changed_file(kept, bench, changes().next()).map_err(|_| ErrorCause::NoSuchPage)?;
        return Ok(handlers::file_response(context, &name, text));
    }
    let number = name.strip_prefix("change-").and_then(|name| name.strip_suffix(".txt")).and_then(|number| number.parse::<usize>().ok());
    let proposal = number.and_then(|number| kept.story.proposals.get(number.checked_sub(1)?));
    let change = proposal.and_then(|proposal| proposal.change.as_ref()).ok_or(ErrorCause::NoSuchPage)?;
    let text: String = change.added.iter().map(|line| format!("{line}\n")).collect();
    // What is masked cannot be copied.
    if text.contains(DOTS) { Err(ErrorCause::NoSuchPage.into()) } else { Ok(handlers::text_response(context, text)) }
}
