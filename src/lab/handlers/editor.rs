//! `/lab/editor`: the text of a provider's file is written or changed, checked and tried. The broker stores nothing of it: the text is
//! copied or downloaded, and put in its place by the operator who may write there.

use crate::lab::handlers::editor_check::{EditedFile, LONGEST_TEXT, checked, result_of, with_line_feeds};
use crate::lab::handlers::guard::{StaffMember, form_binding, require_staff};
use crate::lab::handlers::test_story::find_story;
use crate::lab::handlers::{self, editor_try, kept_text};
use crate::lab::pages::editor::{EditorPage, EditorRefusal, EditorStartPage};
use crate::lab::pages::frame::LabTab;
use crate::lab::pages::masked_file::{DOTS, EditableText};
use crate::lab::pages::words::LabLanguage;
use crate::pages::ErrorCause;
use crate::pages::frame::address;
use crate::provider::listing::ProviderKind;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::incident_code::IncidentCode;
use crate::vocabulary::place::Source;
use crate::web::forms::{self, SubmittedForm};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use crate::workbench::catalogue::gallery_phrases::gallery_language;
use crate::workbench::catalogue::summary::catalogue_summaries;
use crate::workbench::catalogue::{catalogue_file, own_variables};
use crate::workbench::checklist::answered_file::draft_from_answers;
use crate::workbench::checklist::question::{ChecklistAnswers, FURTHER};
use crate::workbench::checklist::questions::QUESTIONS;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// How long an editor may be open before its buttons expire, in seconds. Its text would be lost with the form.
const GOOD_FOR: i64 = 12 * 3600;

/// What a new file begins with, beside the name of a file that it copies: no file's name begins with a dot.
const LEAST: &str = ".least";
const DISCOVERY: &str = ".discovery";
const EMPTY: &str = ".empty";

/// The buttons that check the text, and that begin a test with it.
pub(crate) const CHECK: &str = "check";
pub(crate) const TRY: &str = "try";

/// What a page of the editor shows beside the text and what is found in it.
#[derive(Default)]
pub(crate) struct EditorNotes {
    /// Whether no value of the saved file could be shown.
    pub(crate) is_unparsed: bool,
    pub(crate) refusal: Option<EditorRefusal>,
    /// The status, where it is not that of a page.
    pub(crate) status: Option<StatusCode>,
    /// What the shopper is asked for before the login: name, label, and what was typed.
    pub(crate) inputs: Vec<(String, String, String)>,
}

/// The page on which an editor is opened. A name that was typed into it leads to its editor.
pub(crate) async fn start(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    let staff = require_staff(&context)?;
    let typed = context.query_parameter("name")?.map(|name| name.trim().to_owned());
    if let Some(name) = typed.as_deref().filter(|name| EditedFile::find(&context, name).is_some()) {
        let from = context.query_parameter("from")?;
        return Ok(redirect_to(&address(&["lab", "editor", name], &[("from", from.as_deref())])));
    }
    let groups = handlers::provider_groups(&context, &staff);
    let entries = groups.iter().flat_map(|group| &group.entries).filter(|entry| entry.href.is_some());
    let mut providers: Vec<(String, String)> = entries.map(|entry| (entry.name.clone(), entry.title.clone())).collect();
    providers.sort_by_key(|(name, title)| (title.to_lowercase(), name.clone()));
    let folder = context.live_store().providers.folder().display().to_string();
    let status = if typed.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let bad_name = typed.map(|name| printable(&name.chars().take(60).collect::<String>()));
    let page = EditorStartPage {
        catalogue: catalogue_by_kind(LabLanguage::for_code(&context.language().code)),
        frame: handlers::lab_frame(&context, LabTab::Editor, "/lab/editor".to_owned()),
        folder: &folder,
        providers,
        bad_name,
    };
    Ok(handlers::page_response(&context, status, page.render()))
}

/// The names and titles of the catalogue's files below their kinds.
fn catalogue_by_kind(language: &LabLanguage) -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
    let phrases = &gallery_language(language.code).phrases;
    let of_kind = |kind: &ProviderKind| {
        let files = catalogue_summaries().iter().filter(|summary| summary.kind == *kind);
        (phrases.kind(*kind), files.map(|summary| (summary.name, &*summary.title)).collect())
    };
    ProviderKind::ALL.iter().map(of_kind).collect()
}

/// The file that the address names.
fn requested_file(context: &RequestContext) -> Result<EditedFile, UserFacingError> {
    let name = context.path_parameter("provider").ok_or(ErrorCause::NoSuchPage)?;
    EditedFile::find(context, &name).ok_or_else(|| ErrorCause::NoSuchPage.into())
}

/// The editor with the text of the file, or with what a new file begins with.
pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    let staff = require_staff(&context)?;
    let file = requested_file(&context)?;
    let begun = match &file.saved {
        Some(saved) => {
            let source = &saved.file_report.report.source;
            let changed = changed_by_proposal(&context, &staff, &file, &source.text).await?;
            shown_text(&context, &file, &changed.map_or_else(|| source.clone(), |text| file.source(&text)))
        }
        None => new_text(&context, &file.name)?,
    };
    let notes = EditorNotes { is_unparsed: begun.is_unparsed, ..EditorNotes::default() };
    Ok(editor_page(&context, &file, &begun.text, notes))
}

/// A text of the file as it is shown: with dots in place of its secrets.
pub(crate) fn shown_text(context: &RequestContext, file: &EditedFile, source: &Source) -> EditableText {
    let secrets = file.with_saved_provider(context, handlers::secret_values);
    EditableText::from_source(source, &secrets)
}

/// The saved text with the change that an incident proposes, if the address names one that fits.
async fn changed_by_proposal(
    context: &RequestContext,
    staff: &StaffMember,
    file: &EditedFile,
    text: &str,
) -> Result<Option<String>, UserFacingError> {
    let code = context.query_parameter("incident")?.as_deref().and_then(IncidentCode::parse);
    let number = context.query_parameter("proposal")?.and_then(|number| number.parse::<usize>().ok()?.checked_sub(1));
    let (Some(code), Some(at)) = (code, number) else { return Ok(None) };
    let found = find_story(context, staff, code).await?.filter(|kept| kept.story.provider == file.name);
    Ok(found.and_then(|kept| kept.story.proposals.get(at)?.change.as_ref()?.apply(text)))
}

/// What a new file begins with.
fn new_text(context: &RequestContext, name: &str) -> Result<EditableText, UserFacingError> {
    let from = context.query_parameter("from")?;
    let text = match from.as_deref() {
        Some(EMPTY) => String::new(),
        Some(DISCOVERY) => least_text(name, true),
        Some(LEAST) | None => least_text(name, false),
        Some(copied) => {
            let file = EditedFile::find(context, copied);
            let saved = file.as_ref().and_then(|file| Some((file, file.saved.as_ref()?)));
            let text = match saved {
                Some((file, saved)) => shown_text(context, file, &saved.file_report.report.source).text,
                None => catalogue_file(copied).ok_or(ErrorCause::NoSuchPage)?.text.to_owned(),
            };
            own_variables(&text, copied, name)
        }
    };
    Ok(EditableText { text, is_unparsed: false })
}

/// The least that `portaria new` writes, with invented addresses.
fn least_text(name: &str, has_discovery: bool) -> String {
    let mut answers = ChecklistAnswers::from([("name", name.to_owned())]);
    if has_discovery {
        answers.insert("discovery", "https://idp.example".to_owned());
    }
    for question in QUESTIONS.iter() {
        if question.name != FURTHER && !answers.contains_key(question.name) && question.is_open(&answers) {
            let usual = (question.usual)(&answers).unwrap_or_else(|| question.example.to_owned());
            answers.insert(question.name, usual);
        }
    }
    draft_from_answers(&answers).to_yaml()
}

/// The buttons of the editor.
pub(crate) async fn submit(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    match pressed(&context).await {
        Ok(response) => Ok(response),
        Err(error) => kept_text::with_typed_text(&context, error),
    }
}

async fn pressed(context: &RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Editor)?;
    let staff = require_staff(context)?;
    let file = requested_file(context)?;
    let here = address(&["lab", "editor", &file.name], &[]);
    let form = forms::verified_form(context, &form_binding(context), &here)?;
    let text = with_line_feeds(form.field("yaml")?.unwrap_or_default());
    match form.field("do")?.unwrap_or_default() {
        "copy" => Ok(handlers::text_response(context, with_note_on_masks(context, &text))),
        "download" => Ok(download(context, &file, &text)),
        TRY => editor_try::start(context, staff, &file, (&text, &form)).await,
        wanted => {
            let fixed = wanted.strip_prefix("fix-").and_then(|number| fixed_text(context, &file, (&text, number)));
            Ok(editor_page(context, &file, fixed.as_deref().unwrap_or(&text), EditorNotes::default()))
        }
    }
}

/// The text with one of its fixes.
fn fixed_text(context: &RequestContext, file: &EditedFile, (text, number): (&str, &str)) -> Option<String> {
    let result = result_of(context, file, &checked(context, file, text));
    let mut fixes = result.complaints.iter().filter_map(|complaint| complaint.fix.as_ref());
    fixes.find(|fix| fix.number.to_string() == number)?.apply(text)
}

/// The text as a file. Nothing of it comes from the server: dots stay dots, and its first lines say so.
fn download(context: &RequestContext, file: &EditedFile, text: &str) -> HttpResponse {
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || "-_".contains(*letter);
    let name: String = file.name.chars().map(|letter| if is_plain(&letter) { letter } else { '_' }).collect();
    handlers::file_response(context, &format!("{name}.yaml"), with_note_on_masks(context, text))
}

/// The text, and above it that dots have to be replaced, if there are any.
fn with_note_on_masks(context: &RequestContext, text: &str) -> String {
    let words = &LabLanguage::for_code(&context.language().code).words.editor;
    if !text.contains(DOTS) || text.starts_with("# ••••••") {
        return text.to_owned();
    }
    format!("# {DOTS}: {}\n{text}", words.masks_above)
}

/// The editor with a text and what is found in it.
pub(crate) fn editor_page(context: &RequestContext, file: &EditedFile, text: &str, notes: EditorNotes) -> HttpResponse {
    let title = file.saved.as_ref().map_or_else(|| file.name.clone(), |saved| saved.title(context).into_owned());
    let page = EditorPage {
        frame: handlers::lab_frame(context, LabTab::Editor, address(&["lab", "editor", &file.name], &[])),
        name: &file.name,
        title: &printable(&title),
        path: &file.path,
        text,
        csrf_token: &forms::sealing_token(context, &form_binding(context), b"", GOOD_FOR),
        result: result_of(context, file, &checked(context, file, text)),
        is_unparsed: notes.is_unparsed,
        refusal: notes.refusal,
        inputs: notes.inputs,
    };
    let usual = if text.len() > LONGEST_TEXT { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::OK };
    handlers::page_response(context, notes.status.unwrap_or(usual), page.render())
}

/// What was typed for the inputs of a provider.
pub(crate) fn typed_input(form: &SubmittedForm, name: &str) -> Result<Option<String>, UserFacingError> {
    Ok(form.field(&format!("input-{name}"))?.map(str::to_owned))
}
