//! `/lab/editor/check`: what is wrong with a text, and what it would send. Nothing is kept, nothing is sent, and no secret is read for it.

use crate::lab::handlers::provider::{LabProvider, find_provider};
use crate::lab::handlers::test_story::format_moment;
use crate::lab::handlers::tried_text::shown_values;
use crate::lab::handlers::{self, guard};
use crate::lab::pages::editor::{EditorRequest, EditorResult, editor_complaints};
use crate::lab::pages::exchange_view::RequestView;
use crate::lab::pages::words::LabLanguage;
use crate::login::error::LoginError;
use crate::pages::ErrorCause;
use crate::provider::Provider;
use crate::provider::declared_values::variable_beginning;
use crate::provider::file_name::LAB_PAGES;
use crate::provider::step::StepKind;
use crate::stores::catalogue;
use crate::stores::variable_pattern::is_own_variable;
use crate::story;
use crate::vocabulary::diagnostic::{Complaint, Report, Severity};
use crate::vocabulary::place::Source;
use crate::vocabulary::text::Text;
use crate::web::forms::SubmittedForm;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use crate::workbench::explain::{ExplainedStep, explain, installation_facts};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CONTENT_TYPE};
use serde_json::{Value, json};

/// The longest text that is edited, in bytes.
pub(crate) const LONGEST_TEXT: usize = 64 * 1024;
/// The largest form: its encoding may triple the text.
pub(crate) const LARGEST_FORM: usize = 3 * LONGEST_TEXT + 16 * 1024;

/// A file that is edited: one of the store, or a new one.
pub(crate) struct EditedFile {
    pub(crate) name: String,
    /// What is there already.
    pub(crate) saved: Option<LabProvider>,
    /// The path of the file.
    pub(crate) path: String,
}

impl EditedFile {
    /// The file of this name, if a file may have it.
    pub(crate) fn find(context: &RequestContext, name: &str) -> Option<Self> {
        let saved = find_provider(context, name.to_owned());
        let path = match &saved {
            Some(saved) => saved.file_report.report.source.name.to_string(),
            None => context.live_store().providers.folder().join(format!("{name}.yaml")).display().to_string(),
        };
        (saved.is_some() || is_name(name)).then(|| Self { name: name.to_owned(), saved, path })
    }

    /// What is in use of it: the file as it is, or its version before while it is broken.
    pub(crate) fn with_saved_provider<T>(&self, context: &RequestContext, use_it: impl FnOnce(Option<&Provider>) -> T) -> T {
        let snapshot = context.live_store().providers.snapshot();
        let older = snapshot.provider(&self.name).map(|live_provider| &*live_provider.provider);
        use_it(self.saved.as_ref().and_then(|saved| saved.provider.as_ref()).or(older))
    }

    pub(crate) fn source(&self, text: &str) -> Source {
        Source::new(self.path.as_str(), text)
    }
}

/// Whether a new file may have this name.
fn is_name(name: &str) -> bool {
    let fits = (1..=60).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    fits && !is_own_variable(&variable_beginning(name)) && !LAB_PAGES.contains(&name)
}

/// A text, checked as the file that it would be.
pub(crate) fn checked(context: &RequestContext, file: &EditedFile, text: &str) -> (Option<Provider>, Report) {
    let source = file.source(text);
    if text.len() > LONGEST_TEXT {
        let message = format!("the text is longer than {} KiB", LONGEST_TEXT / 1024);
        let complaint = Complaint::new(Severity::Error, None, message, "edit it where it is kept, and check it there: `portaria check`");
        return (None, Report::new(source, vec![complaint]));
    }
    let providers = &context.live_store().providers;
    catalogue::compile_allowed(&source, providers.installation_context(), &providers.policy().with_files_of_others())
}

/// What the page shows of a checked text.
pub(crate) fn result_of(context: &RequestContext, file: &EditedFile, (provider, report): &(Option<Provider>, Report)) -> EditorResult {
    let language = LabLanguage::for_code(&context.language().code);
    let (requests, preview_error) = match provider.as_ref().map(|provider| explained(context, file, provider)) {
        None => (None, None),
        Some(Ok(steps)) => {
            (Some(steps.iter().zip(1..).map(|(step, number)| request_view(provider.as_ref(), step, number)).collect()), None)
        }
        Some(Err(why)) => (Some(Vec::new()), Some(why)),
    };
    let moment = format_moment(context.now());
    let time = moment.split_once(' ').map_or(&*moment, |(_, time)| time).to_owned();
    EditorResult { words: &language.words, time, complaints: editor_complaints(report), requests, preview_error }
}

/// The requests with masks for everything that the lab does not show of the saved file.
fn explained(context: &RequestContext, file: &EditedFile, provider: &Provider) -> Result<Vec<ExplainedStep>, String> {
    let given = installation_facts(provider, &context.live_store().store.public_url);
    let given: Vec<(_, Text)> = file.with_saved_provider(context, |saved| shown_values(provider, saved, given));
    let steps = explain(provider, &given);
    steps.map_err(|error| LoginError::from_step_error(StepKind::GetAuthorizationCode, error, None, provider).to_string())
}

fn request_view(provider: Option<&Provider>, step: &ExplainedStep, number: usize) -> EditorRequest {
    let name = |fact| provider.map_or_else(String::new, |provider| provider.names.name(fact).to_string());
    EditorRequest {
        number,
        step: step.word().to_owned(),
        request: RequestView::from_request(&story::masked_request(&step.request)),
        reads: step.reads.iter().map(|(fact, ..)| name(*fact)).collect(),
    }
}

/// The address was opened as a page.
pub(crate) async fn redirect_to_editor(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    guard::require_staff(&context)?;
    Ok(redirect_to("/lab/editor"))
}

/// Name and text of a form or a JSON object.
fn posted(context: &RequestContext) -> Result<(String, String), UserFacingError> {
    if context.header(CONTENT_TYPE).and_then(|kind| kind.split(';').next()) == Some("application/json") {
        let value: Value = serde_json::from_slice(context.body()).map_err(|_| ErrorCause::Malformed)?;
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned).ok_or(ErrorCause::Malformed);
        return Ok((text("name")?, text("yaml")?));
    }
    let form = SubmittedForm::from_request(context)?;
    let text = |name: &str| Ok::<_, UserFacingError>(form.field(name)?.ok_or(ErrorCause::Malformed)?.to_owned());
    Ok((text("name")?, with_line_feeds(&text("yaml")?)))
}

/// The text with the line ends of files: forms have others.
pub(crate) fn with_line_feeds(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Checks a text: with HTML, as the page shows it, or with JSON, where that is asked for.
pub(crate) async fn check(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Editor)?;
    context.require_own_origin()?;
    guard::require_staff(&context)?;
    let (name, text) = posted(&context)?;
    let file = EditedFile::find(&context, &name).ok_or(ErrorCause::NoSuchPage)?;
    let found = checked(&context, &file, &text);
    if context.header(ACCEPT).is_some_and(|kinds| kinds.contains("application/json")) {
        let body = as_json(&context, &file, &found).to_string();
        return Ok(handlers::response_builder(&context, StatusCode::OK).content_type("application/json").body(body));
    }
    Ok(handlers::page_response(&context, StatusCode::OK, result_of(&context, &file, &found).render()))
}

fn as_json(context: &RequestContext, file: &EditedFile, (provider, report): &(Option<Provider>, Report)) -> Value {
    let complaint = |complaint: &Complaint| {
        let place = complaint.place.unwrap_or_default();
        json!({
            "severity": complaint.severity.word(),
            "line": place.line,
            "column": place.column,
            "message": complaint.message,
            "help": complaint.help,
            "meant": complaint.meant,
        })
    };
    let request = |step: &ExplainedStep| {
        let request = story::masked_request(&step.request);
        json!({ "step": step.word(), "method": request.method, "url": request.url, "headers": request.headers, "body": request.body })
    };
    let requests = provider.as_ref().and_then(|provider| explained(context, file, provider).ok());
    json!({
        "complaints": report.complaints.iter().map(complaint).collect::<Vec<_>>(),
        "requests": requests.map(|steps| steps.iter().map(request).collect::<Vec<_>>()),
    })
}
