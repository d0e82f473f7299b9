//! `/lab/{provider}/answer`: an answer is pasted, and what the file would read from it is shown. Nothing is sent or
//! stored.

use crate::lab::handlers::provider::{LabProvider, requested_provider};
use crate::lab::handlers::{self, guard};
use crate::lab::pages::exchange_view::fact_views;
use crate::lab::pages::frame::LabTab;
use crate::lab::pages::login_steps::AnswerView;
use crate::lab::pages::pasted_answer::{
    PastedAnswerPage, PastedAnswerProblem, PastedAnswerResult, PastedLoginFact, PastedLoginForm, PastedLoginResult, PastedLoginStep,
};
use crate::lab::pages::proposal_view::proposal_views;
use crate::lab::pages::words::LabLanguage;
use crate::login::error::LoginError;
use crate::login::trace::{ClientTokenUse, Exchange, LoginObserver as _, Trace};
use crate::pages::ErrorCause;
use crate::pages::frame::address;
use crate::provider::Provider;
use crate::provider::document_cache::DocumentCache;
use crate::provider::identity::IdentityError;
use crate::provider::step::Step;
use crate::provider::step_error::StepError;
use crate::story::recent_logins::LoginsAtHand;
use crate::story::watch::LoginWatch;
use crate::story::{LoginRecord, login_story};
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::wire::{LARGEST_ANSWER, Request, Response};
use crate::web::forms;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::workbench::curl::recorded_answer;
use crate::workbench::explain::facts_before_call;
use crate::workbench::explain::forecast::{
    ForecastFact, ForecastOutcome, GivenAnswers, call_name, callback_pairs, forecast, identity_lines,
};
use crate::workbench::repair::propose_for_answer;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// The largest form in bytes: a few answers. The encoding of forms may triple the pasted text.
pub(crate) const LARGEST_FORM: usize = 4 * 3 * LARGEST_ANSWER + 16 * 1024;

#[derive(Default)]
struct PastedAnswerForm {
    call: usize,
    status: String,
    kind: String,
    body: String,
    whole: PastedLoginForm,
}

impl PastedAnswerForm {
    /// The form before anything is typed.
    fn empty(provider: Option<&Provider>, language: &str) -> Self {
        let calls = provider.map_or(0, |provider| provider.calls.len());
        let inputs = provider.iter().flat_map(|provider| &provider.inputs);
        let inputs = inputs.map(|input| (input.name.to_string(), input.label.in_language(language).to_owned(), String::new())).collect();
        let whole = PastedLoginForm { callback: String::new(), answers: vec![String::new(); calls], inputs };
        Self { call: calls.max(1), status: "200".to_owned(), kind: String::new(), body: String::new(), whole }
    }
}

pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    guard::require_staff(&context)?;
    let bench = requested_provider(&context)?;
    answer_page(
        &context,
        &bench,
        &PastedAnswerForm::empty(bench.provider.as_ref(), &context.language().code),
        None,
        PastedResults::default(),
    )
}

/// What would be read from the pasted answer.
pub(crate) async fn read(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    guard::require_staff(&context)?;
    let bench = requested_provider(&context)?;
    let here = address(&["lab", &bench.name, "answer"], &[]);
    let form = forms::verified_form(&context, &guard::form_binding(&context), &here)?;
    let field = |name: &str| Ok::<_, UserFacingError>(form.field(name)?.unwrap_or_default().to_owned());
    if form.field("whole")?.is_some() {
        return read_login(&context, &bench, &field);
    }
    let (call, status, kind, body) = (field("call")?, field("status")?, field("kind")?, field("body")?);
    let calls = bench.provider.as_ref().map_or(0, |provider| provider.calls.len());
    let call = call.parse::<usize>().ok().filter(|call| (1..=calls).contains(call)).ok_or(ErrorCause::Malformed)?;
    let short = |text: &str| text.trim().chars().filter(|letter| !letter.is_control()).take(200).collect::<String>();
    let PastedAnswerForm { whole, .. } = PastedAnswerForm::empty(bench.provider.as_ref(), &context.language().code);
    let typed = PastedAnswerForm { call, status: short(&status), kind: short(&kind), body, whole };
    if typed.body.len() > LARGEST_ANSWER {
        // An answer that is too large is not sent back in the form.
        let typed = PastedAnswerForm { body: String::new(), ..typed };
        return answer_page(&context, &bench, &typed, Some(PastedAnswerProblem::TooLarge), PastedResults::default());
    }
    let number =
        if typed.status.is_empty() { Some(200) } else { typed.status.parse::<u16>().ok().filter(|status| (100..=599).contains(status)) };
    let Some(status) = number else {
        return answer_page(&context, &bench, &typed, Some(PastedAnswerProblem::BadStatus), PastedResults::default());
    };
    let headers = if typed.kind.is_empty() { Vec::new() } else { vec![("content-type".into(), typed.kind.as_str().into())] };
    let answer = Response { status, headers, body: typed.body.clone().into_bytes() };
    let outcome = bench.provider.as_ref().map(|provider| read_pasted_answer(&context, &bench, provider, call - 1, answer));
    answer_page(&context, &bench, &typed, None, PastedResults { answer: outcome, login: None })
}

/// What the page shows of what was pasted.
#[derive(Default)]
struct PastedResults {
    answer: Option<PastedAnswerResult>,
    login: Option<PastedLoginResult>,
}

/// What would happen in a login with the pasted answers.
fn read_login(
    context: &RequestContext,
    bench: &LabProvider,
    field: &dyn Fn(&str) -> Result<String, UserFacingError>,
) -> Result<HttpResponse, UserFacingError> {
    let mut typed = PastedAnswerForm::empty(bench.provider.as_ref(), &context.language().code);
    field("callback")?.trim().clone_into(&mut typed.whole.callback);
    for (at, answer) in typed.whole.answers.iter_mut().enumerate() {
        *answer = field(&format!("answer-{}", at + 1))?;
    }
    for (name, _, value) in &mut typed.whole.inputs {
        *value = field(&format!("input-{name}"))?;
    }
    if typed.whole.answers.iter().any(|answer| answer.len() > LARGEST_ANSWER) {
        typed.whole.answers.iter_mut().for_each(String::clear);
        return answer_page(context, bench, &typed, Some(PastedAnswerProblem::TooLarge), PastedResults::default());
    }
    let provider = bench.provider.as_ref().ok_or(ErrorCause::NoSuchPage)?;
    let login = forecast_result(context, provider, &typed.whole);
    answer_page(context, bench, &typed, None, PastedResults { answer: None, login: Some(login) })
}

fn forecast_result(context: &RequestContext, provider: &Provider, typed: &PastedLoginForm) -> PastedLoginResult {
    let words = &LabLanguage::for_code(&context.language().code).words;
    let response = |(call, text): (usize, &String)| {
        let recorded = recorded_answer(text);
        let headers = recorded.headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        (call, Response { status: recorded.status, headers, body: recorded.body.into_bytes() })
    };
    let given = GivenAnswers {
        callback: (!typed.callback.is_empty()).then(|| callback_pairs(&typed.callback)),
        calls: typed.answers.iter().enumerate().filter(|(_, text)| !text.trim().is_empty()).map(response).collect(),
        inputs: typed.inputs.iter().map(|(name, _, value)| (name.as_str().into(), value.as_str().into())).collect(),
        discovery: None,
        others: recent_logins(context, provider),
    };
    let found = forecast(provider, &context.live_store().store.public_url, given, context.now());
    let steps = found.steps.into_iter().map(|step| PastedLoginStep {
        name: step.call.map_or_else(|| step.step.word().to_owned(), |call| call_name(provider, call)),
        facts: step
            .facts
            .into_iter()
            .map(|ForecastFact { fact, value, instead, from, line }| PastedLoginFact { fact, value, instead, from, line })
            .collect(),
        error: step.error.map(|error| format!("{} ({})", error.message, error.code)),
    });
    let mut result = PastedLoginResult {
        is_signed_in: matches!(found.outcome, ForecastOutcome::SignedIn),
        refusal: None,
        rule: None,
        line: None,
        needs: None,
        identity: found.login.end.as_ref().map_or_else(|_| Vec::new(), identity_lines),
        steps: steps.collect(),
        notes: found.notes,
        proposals: proposal_views(&found.proposals, None, words),
    };
    match found.outcome {
        ForecastOutcome::SignedIn => {}
        ForecastOutcome::NeedsAnswer(call) => result.needs = Some(call_name(provider, call)),
        ForecastOutcome::Refused(error) => {
            result.refusal = Some(format!("{} ({})", error.message, error.code));
            (result.rule, result.line) = (error.rule, error.line);
        }
    }
    result
}

/// The recent logins, with which the ids that are proposed are compared.
fn recent_logins(context: &RequestContext, provider: &Provider) -> LoginsAtHand {
    context.app().recent_logins.at_hand(&context.live_store().store.name, &provider.name, context.now())
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
    let proposals = propose_for_answer(provider, call, &answer, &recent_logins(context, provider));
    let exchange = Exchange {
        step: step.kind,
        call,
        request: Request::for_document(""),
        answer: Ok(answer),
        forgiven: false,
        unanswered_repeat: None,
        client_token: ClientTokenUse::None,
    };
    let trace = Trace { exchanges: vec![exchange], ..Trace::default() };
    let error = read.err().map(|error: StepError| {
        let missed = if let StepError::MissingFact { fact: Some(fact), .. } = &error { facts_so_far.missing_value(*fact) } else { None };
        LoginError::from_step_error(step.kind, error, missed, provider)
    });
    let failed = error.as_ref();
    let ended = failed.cloned().unwrap_or_else(|| LoginError::no_identity(IdentityError::MissingId(None), provider));
    let story = login_story(LoginRecord { provider, redirect: None, trace: &trace, watch: &watch, end: Err(&ended) }, Vec::new());
    let read_answer = story.prepared.iter().chain(&story.exchanges).next();
    let answer = read_answer.map(|exchange| AnswerView::from_exchange(exchange, words)).unwrap_or_default();
    let facts = read_answer.map(|exchange| fact_views(&exchange.facts, words)).unwrap_or_default();
    let message = failed.and(story.message.as_deref()).map(printable);
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
    bench: &LabProvider,
    typed: &PastedAnswerForm,
    problem: Option<PastedAnswerProblem>,
    results: PastedResults,
) -> Result<HttpResponse, UserFacingError> {
    let here = address(&["lab", &bench.name, "answer"], &[]);
    let provider = bench.provider.as_ref().ok_or(ErrorCause::NoSuchPage)?;
    let number = |step: &Step| provider.steps().position(|other| other.call == step.call).map_or(0, |at| at + 1);
    let calls = provider.calls.iter().map(|step| format!("{}. {}", number(step), step.kind.word()));
    let page = PastedAnswerPage {
        frame: handlers::lab_frame(context, LabTab::Providers, here),
        name: &bench.name,
        title: &printable(&bench.title(context)),
        calls: calls.collect(),
        chosen_call: typed.call,
        status: &typed.status,
        content_type: &typed.kind,
        body: &typed.body,
        csrf_token: &forms::csrf_token(context, &guard::form_binding(context)),
        problem,
        result: results.answer,
        whole: typed.whole.clone(),
        forecast: results.login,
    };
    let status = match problem {
        Some(PastedAnswerProblem::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        Some(PastedAnswerProblem::BadStatus) => StatusCode::BAD_REQUEST,
        None => StatusCode::OK,
    };
    Ok(handlers::page_response(context, status, page.render()))
}
