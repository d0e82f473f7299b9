//! `/lab/{provider}/answer`: an answer is pasted, and what the file would read from it is shown. Nothing is sent or
//! stored.

use crate::lab::handlers::guard::StaffMember;
use crate::lab::handlers::provider::{LabProvider, requested_provider};
use crate::lab::handlers::{self, guard};
use crate::lab::pages::exchange_view::fact_views;
use crate::lab::pages::frame::LabFrame;
use crate::lab::pages::login_steps::AnswerView;
use crate::lab::pages::pasted_answer::{PastedAnswerPage, PastedAnswerProblem, PastedAnswerResult};
use crate::lab::pages::proposal_view::proposal_views;
use crate::lab::pages::words::LabLanguage;
use crate::login::error::LoginError;
use crate::login::trace::{Exchange, LoginObserver as _, Trace};
use crate::pages::ErrorCause;
use crate::pages::frame::address;
use crate::provider::Provider;
use crate::provider::document_cache::DocumentCache;
use crate::provider::identity::IdentityError;
use crate::provider::step::Step;
use crate::provider::step_error::StepError;
use crate::story::watch::LoginWatch;
use crate::story::{LoginRecord, login_story};
use crate::vocabulary::wire::{LARGEST_ANSWER, Request, Response};
use crate::web::forms;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::workbench::explain::facts_before_call;
use crate::workbench::repair::propose_for_answer;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// The largest form in bytes. The encoding of forms may triple the pasted text.
pub(crate) const LARGEST_FORM: usize = 3 * LARGEST_ANSWER + 16 * 1024;

struct PastedAnswerForm {
    call: usize,
    status: String,
    kind: String,
    body: String,
}

pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    let staff = guard::require_staff(&context)?;
    let bench = requested_provider(&context)?;
    let last = bench.provider.as_ref().map_or(1, |provider| provider.calls.len().max(1));
    let typed = PastedAnswerForm { call: last, status: "200".to_owned(), kind: String::new(), body: String::new() };
    answer_page(&context, &staff, &bench, &typed, None, None)
}

/// What would be read from the pasted answer.
pub(crate) async fn read(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    let staff = guard::require_staff(&context)?;
    let bench = requested_provider(&context)?;
    let here = address(&["lab", &bench.name, "answer"], &[]);
    let form = forms::verified_form(&context, &guard::form_binding(&context), &here)?;
    let field = |name: &str| Ok::<_, UserFacingError>(form.field(name)?.unwrap_or_default().to_owned());
    let (call, status, kind, body) = (field("call")?, field("status")?, field("kind")?, field("body")?);
    let calls = bench.provider.as_ref().map_or(0, |provider| provider.calls.len());
    let call = call.parse::<usize>().ok().filter(|call| (1..=calls).contains(call)).ok_or(ErrorCause::Malformed)?;
    let short = |text: &str| text.trim().chars().filter(|letter| !letter.is_control()).take(200).collect::<String>();
    let typed = PastedAnswerForm { call, status: short(&status), kind: short(&kind), body };
    if typed.body.len() > LARGEST_ANSWER {
        // An answer that is too large is not sent back in the form.
        let typed = PastedAnswerForm { body: String::new(), ..typed };
        return answer_page(&context, &staff, &bench, &typed, Some(PastedAnswerProblem::TooLarge), None);
    }
    let number =
        if typed.status.is_empty() { Some(200) } else { typed.status.parse::<u16>().ok().filter(|status| (100..=599).contains(status)) };
    let Some(status) = number else { return answer_page(&context, &staff, &bench, &typed, Some(PastedAnswerProblem::BadStatus), None) };
    let headers = if typed.kind.is_empty() { Vec::new() } else { vec![("content-type".into(), typed.kind.as_str().into())] };
    let answer = Response { status, headers, body: typed.body.clone().into_bytes() };
    let outcome = bench.provider.as_ref().map(|provider| read_pasted_answer(&context, &bench, provider, call - 1, answer));
    answer_page(&context, &staff, &bench, &typed, None, outcome)
}

/// What a call would read from an answer, as a story.
fn read_pasted_answer(
    context: &RequestContext,
    bench: &LabProvider,
    provider: &Provider,
    call: usize,
    answer: Response,
) -> PastedAnswerResult {
    let words = &LabLanguage::for_code(&context.language().code).words;
    let step = &provider.calls[call];
    let mut facts_so_far = facts_before_call(provider, bench.initial_facts(), call);
    let read = step.read(&answer, &mut facts_so_far, &DocumentCache::default());
    let mut watch = LoginWatch::default();
    watch.on_step_finished(Some(call), step, &facts_so_far, read.as_ref().err());
    let proposals = propose_for_answer(provider, call, &answer);
    let exchange = Exchange { step: step.kind, call, request: Request::for_document(""), answer: Ok(answer), forgiven: false };
    let trace = Trace { exchanges: vec![exchange], ..Trace::default() };
    let error = read.err().map(|error: StepError| {
        let missed = if let StepError::MissingFact { fact: Some(fact), .. } = &error { facts_so_far.missing_value(*fact) } else { None };
        LoginError::from_step_error(step.kind, error, missed, provider)
    });
    let failed = error.as_ref();
    let ended = failed.cloned().unwrap_or_else(|| LoginError::no_identity(IdentityError::MissingId(None)));
    let story = login_story(LoginRecord { provider, redirect: None, trace: &trace, watch: &watch, end: Err(&ended) }, Vec::new());
    let read_answer = story.prepared.iter().chain(&story.exchanges).next();
    let answer = read_answer.map(|exchange| AnswerView::from_exchange(exchange, words)).unwrap_or_default();
    let facts = read_answer.map(|exchange| fact_views(&exchange.facts, words)).unwrap_or_default();
    let message = failed.and(story.message.as_deref()).map(crate::vocabulary::diagnostic::printable);
    PastedAnswerResult {
        message,
        line: failed.and(story.line).filter(|line| *line > 0),
        about: answer.about,
        tree: answer.tree,
        facts,
        proposals: proposal_views(&proposals, None, words),
    }
}

fn answer_page(
    context: &RequestContext,
    staff: &StaffMember,
    bench: &LabProvider,
    typed: &PastedAnswerForm,
    problem: Option<PastedAnswerProblem>,
    result: Option<PastedAnswerResult>,
) -> Result<HttpResponse, UserFacingError> {
    let here = address(&["lab", &bench.name, "answer"], &[]);
    let provider = bench.provider.as_ref().ok_or(ErrorCause::NoSuchPage)?;
    let number = |step: &Step| provider.steps().position(|other| other.call == step.call).map_or(0, |at| at + 1);
    let calls = provider.calls.iter().map(|step| format!("{}. {}", number(step), step.kind.word()));
    let page = PastedAnswerPage {
        frame: LabFrame { groups: handlers::provider_groups(context, staff, Some(&bench.name)), ..handlers::lab_frame(context, here) },
        name: &bench.name,
        title: &crate::vocabulary::diagnostic::printable(&bench.title(context)),
        calls: calls.collect(),
        chosen_call: typed.call,
        status: &typed.status,
        content_type: &typed.kind,
        body: &typed.body,
        csrf_token: &forms::csrf_token(context, &guard::form_binding(context)),
        problem,
        result,
    };
    let status = match problem {
        Some(PastedAnswerProblem::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        Some(PastedAnswerProblem::BadStatus) => StatusCode::BAD_REQUEST,
        None => StatusCode::OK,
    };
    Ok(handlers::page_response(context, status, page.render()))
}
