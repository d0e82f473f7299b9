//! A test login with an edited text. The text is compiled for this one login and kept in memory for as long as the login may take.

use crate::lab::handlers::edited_masks::{SavedText, with_saved_values};
use crate::lab::handlers::editor::{EditorNotes, editor_page, shown_text, typed_input};
use crate::lab::handlers::editor_check::{EditedFile, checked};
use crate::lab::handlers::guard::{StaffMember, is_local_installation};
use crate::lab::handlers::test_login::{self, TestSubject};
use crate::lab::handlers::tried_text::{TriedText, TryRefusal};
use crate::lab::pages::editor::EditorRefusal;
use crate::lab::pages::words::LabLanguage;
use crate::pages::phrases::fill;
use crate::provider::Provider;
use crate::provider::document_cache::DocumentCache;
use crate::web::forms::SubmittedForm;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::start;
use crate::web::user_facing_error::UserFacingError;
use crate::world::secrets;
use actix_web::HttpResponse;
use std::sync::Arc;

/// Begins a test login with a text, or shows why that cannot be.
pub(crate) async fn start(
    context: &RequestContext,
    staff: StaffMember,
    file: &EditedFile,
    (text, form): (&str, &SubmittedForm),
) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Login)?;
    context.require_fresh_revocations()?;
    let provider = match judged(context, file, text) {
        Ok(provider) => provider,
        Err(refusal) => {
            let refusal = EditorRefusal { reason: sentence(context, &refusal), is_of_a_try: true };
            let notes = EditorNotes { refusal: Some(refusal), ..EditorNotes::default() };
            return Ok(editor_page(context, file, text, notes));
        }
    };
    let live_provider =
        Arc::new(context.live_store().providers.tried(&provider, DocumentCache::with_hosts_of(&context.app().connection.documents)));
    match start::read_inputs(&live_provider, |name| typed_input(form, name)) {
        Ok(inputs) => test_login::begin(context, &live_provider, inputs, (staff, TestSubject::Text)).await,
        Err(_) => {
            Ok(editor_page(context, file, text, EditorNotes { inputs: inputs_of(context, &provider, form)?, ..EditorNotes::default() }))
        }
    }
}

/// The fields that the shopper would fill in.
fn inputs_of(
    context: &RequestContext,
    provider: &Provider,
    form: &SubmittedForm,
) -> Result<Vec<(String, String, String)>, UserFacingError> {
    let language = &context.language().code;
    let fields = provider.inputs.iter().map(|input| {
        let typed = typed_input(form, &input.name)?.unwrap_or_default();
        Ok((input.name.to_string(), input.label.in_language(language).to_owned(), typed))
    });
    fields.collect()
}

/// The provider of a text that may be tried.
fn judged(context: &RequestContext, file: &EditedFile, text: &str) -> Result<Provider, TryRefusal> {
    let saved_source = file.saved.as_ref().map(|saved| &saved.file_report.report.source);
    let shown = saved_source.map(|source| shown_text(context, file, source).text);
    let saved = saved_source.zip(shown.as_deref()).map(|(source, shown)| SavedText { whole: &source.text, shown });
    let unmasked = with_saved_values(text, saved).map_err(|moved| TryRefusal::MovedMask { line: moved.line })?;
    let provider = checked(context, file, &unmasked.text).0.ok_or(TryRefusal::Mistakes)?;
    file.with_saved_provider(context, |saved| {
        let tried = TriedText {
            provider: &provider,
            saved,
            public_url: &context.live_store().store.public_url,
            is_local: is_local_installation(context),
            holds_masked: unmasked.holds_masked,
        };
        tried.check()
    })?;
    let missing = secrets::missing_values(&provider);
    if missing.is_empty() || context.live_store().providers.is_simulated(&file.name) {
        return Ok(provider);
    }
    Err(TryRefusal::NotSet { names: missing.join(", ") })
}

/// Why a text cannot be tried, as a sentence of the lab.
fn sentence(context: &RequestContext, refusal: &TryRefusal) -> String {
    let words = &LabLanguage::for_code(&context.language().code).words.editor;
    let at = |phrase: &str, line: u32, name: &str| fill(phrase, &[("line", &line.to_string()), ("name", name)]);
    match refusal {
        TryRefusal::Mistakes => words.try_mistakes.clone(),
        TryRefusal::MovedMask { line } => at(&words.try_mask, *line, ""),
        TryRefusal::NothingSaved { names } => fill(&words.try_new, &[("names", names)]),
        TryRefusal::NotSet { names } => fill(&words.try_unset, &[("names", names)]),
        TryRefusal::OtherValue { name, line } => at(&words.try_value, *line, name),
        TryRefusal::OtherHost { host, line } => at(&words.try_host, *line, host),
        TryRefusal::OtherPattern { host } => fill(&words.try_pattern, &[("name", host)]),
        TryRefusal::OtherIssuer => words.try_issuer.clone(),
        TryRefusal::OtherUse { name, line } => at(&words.try_use, *line, name),
        TryRefusal::OtherReturn { line } => at(&words.try_return, *line, ""),
    }
}
