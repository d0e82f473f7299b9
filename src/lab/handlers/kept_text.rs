//! A text that was typed into the editor is not lost where a button cannot do its work: the answer is a page that holds it. Only a form of
//! our own pages is answered like this, so no other site puts a text into the editor.

use crate::lab::handlers::editor::{CHECK, EditorNotes, TRY, editor_page};
use crate::lab::handlers::editor_check::{EditedFile, with_line_feeds};
use crate::lab::handlers::{self, guard};
use crate::lab::pages::editor::{EditorRefusal, KeptTextPage};
use crate::lab::pages::frame::LabTab;
use crate::lab::pages::words::LabLanguage;
use crate::pages::ErrorCause;
use crate::pages::frame::address;
use crate::pages::phrases::fill;
use crate::web::forms::{self, SubmittedForm};
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use actix_web::http::header::{ACCEPT, HeaderValue, RETRY_AFTER};

/// A page with the typed text and with what happened; the error, where the text is not shown.
pub(crate) fn with_typed_text(context: &RequestContext, error: UserFacingError) -> Result<HttpResponse, UserFacingError> {
    let wants_a_page = context.header(ACCEPT).is_some_and(|kinds| kinds.contains("text/html"));
    if !wants_a_page || !context.browser_confirms_own_origin() {
        return Err(error);
    }
    let (Some(happened), Some(TypedText { name, text, button })) = (Happened::from_error(&error), TypedText::read(context)) else {
        return Err(error);
    };
    let (cause, message) = (error.cause, happened.message(context, error.cause));
    let is_signed_out = happened == Happened::SignedOut;
    let is_limited = matches!(cause, ErrorCause::TooMany { .. });
    let file = if is_signed_out || is_limited { None } else { EditedFile::find(context, &name) };
    let mut response = match file {
        // A check does nothing but show the page, so an old form does for it.
        Some(file) if happened == Happened::FormExpired && button == CHECK && guard::require_staff(context).is_ok() => {
            return Ok(editor_page(context, &file, &text, EditorNotes::default()));
        }
        Some(file) if guard::require_staff(context).is_ok() => {
            let refusal = EditorRefusal { reason: message, is_of_a_try: button == TRY };
            let notes = EditorNotes { refusal: Some(refusal), status: Some(cause.status()), ..EditorNotes::default() };
            editor_page(context, &file, &text, notes)
        }
        // It costs little, and shows nothing but the text.
        Some(_) | None => {
            let here = address(&["lab", "editor", &name], &[]);
            let back = format!("{}{here}", context.live_store().store.public_url);
            let page = KeptTextPage {
                frame: handlers::lab_frame(context, LabTab::Editor, here),
                csrf_token: &forms::csrf_token(context, &guard::form_binding(context)),
                sign_in: is_signed_out.then(|| address(&["login"], &[("return_to", Some(&back))])),
                name: &name,
                text: &text,
                message,
            };
            handlers::page_response(context, cause.status(), page.render())
        }
    };
    if let Some(seconds) = cause.retry_after() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

/// Why a button could not do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happened {
    SignedOut,
    /// The form is too old, or of another session.
    FormExpired,
    /// What the error page would say.
    Other,
}

impl Happened {
    fn from_error(error: &UserFacingError) -> Option<Self> {
        if error.cause == ErrorCause::NotStaff {
            return error.instead.is_some().then_some(Self::SignedOut);
        }
        if error.cause == ErrorCause::CrossSite {
            return Some(Self::FormExpired);
        }
        (error.cause.retry_after().is_some() || error.cause == ErrorCause::BadInput).then_some(Self::Other)
    }

    fn message(self, context: &RequestContext, cause: ErrorCause) -> String {
        let words = &LabLanguage::for_code(&context.language().code).words.editor;
        match self {
            Self::SignedOut => words.signed_out.clone(),
            Self::FormExpired => words.expired.clone(),
            Self::Other => {
                let phrases = &context.language().phrases;
                let wait = cause.retry_after().map(|seconds| phrases.waiting_time(seconds)).unwrap_or_default();
                let is_limited = matches!(cause, ErrorCause::TooMany { .. });
                let phrase = if is_limited { &words.too_many } else { &phrases.cause(cause).what };
                fill(phrase, &[("provider", ""), ("wait", &wait)])
            }
        }
    }
}

/// What the form of the editor holds.
struct TypedText {
    /// The name in the address.
    name: String,
    text: String,
    /// The button that was pressed.
    button: String,
}

impl TypedText {
    fn read(context: &RequestContext) -> Option<Self> {
        let form = SubmittedForm::from_request(context).ok()?;
        let text = with_line_feeds(form.field("yaml").ok()??);
        let button = form.field("do").ok()?.unwrap_or_default().to_owned();
        Some(Self { name: context.path_parameter("provider")?, text, button })
    }
}
