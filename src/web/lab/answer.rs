//! `/lab/{provider}/answer`: an answer is pasted, and what the file would read from it is shown. Nothing is sent and nothing kept.

use crate::explain::before_call;
use crate::login::error::LoginError;
use crate::login::trace::{Exchange, Trace, Witness as _};
use crate::pages::Cause;
use crate::pages::frame::address;
use crate::pages::lab::answer::{AnswerPage, Outcome, Unfit};
use crate::pages::lab::course::{answer as about_answer, suggested};
use crate::pages::lab::frame::LabFrame;
use crate::pages::lab::shown::facts;
use crate::pages::lab::words::LabLanguage;
use crate::provider::Provider;
use crate::provider::documents::Documents;
use crate::provider::failure::StepError;
use crate::provider::identity::NoIdentity;
use crate::story::watch::Watch;
use crate::story::{Happened, plainly};
use crate::web::asked::Asked;
use crate::web::forms;
use crate::web::lab::guard::Staff;
use crate::web::lab::provider::{Bench, bench};
use crate::web::lab::{self, guard};
use crate::web::limits::Kind;
use crate::web::refused::Refused;
use crate::wire::{LARGEST_ANSWER, Request, Response};
use crate::workbench::repair::propose_for_answer;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// The largest form: what is pasted may take three letters each on its way.
pub const LARGEST_FORM: usize = 3 * LARGEST_ANSWER + 16 * 1024;

/// What was typed.
struct Typed {
    call: usize,
    status: String,
    kind: String,
    body: String,
}

/// The form.
pub async fn show(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Page)?;
    let staff = guard::staff(&asked)?;
    let bench = bench(&asked)?;
    let last = bench.provider.as_ref().map_or(1, |provider| provider.calls.len().max(1));
    let typed = Typed { call: last, status: "200".to_owned(), kind: String::new(), body: String::new() };
    drawn(&asked, &staff, &bench, &typed, None, None)
}

/// What would be read from what was pasted.
pub async fn read(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Page)?;
    let staff = guard::staff(&asked)?;
    let bench = bench(&asked)?;
    let here = address(&["lab", &bench.name, "answer"], &[]);
    let form = forms::ours(&asked, &guard::bound(&asked), &here)?;
    let field = |name: &str| Ok::<_, Refused>(form.field(name)?.unwrap_or_default().to_owned());
    let (call, status, kind, body) = (field("call")?, field("status")?, field("kind")?, field("body")?);
    let calls = bench.provider.as_ref().map_or(0, |provider| provider.calls.len());
    let call = call.parse::<usize>().ok().filter(|call| (1..=calls).contains(call)).ok_or(Cause::Malformed)?;
    let short = |text: &str| text.trim().chars().filter(|letter| !letter.is_control()).take(200).collect::<String>();
    let typed = Typed { call, status: short(&status), kind: short(&kind), body };
    if typed.body.len() > LARGEST_ANSWER {
        // What is too large is not sent back either.
        let typed = Typed { body: String::new(), ..typed };
        return drawn(&asked, &staff, &bench, &typed, Some(Unfit::Large), None);
    }
    let number =
        if typed.status.is_empty() { Some(200) } else { typed.status.parse::<u16>().ok().filter(|status| (100..=599).contains(status)) };
    let Some(status) = number else { return drawn(&asked, &staff, &bench, &typed, Some(Unfit::Status), None) };
    let headers = if typed.kind.is_empty() { Vec::new() } else { vec![("content-type".into(), typed.kind.as_str().into())] };
    let answer = Response { status, headers, body: typed.body.clone().into_bytes() };
    let outcome = bench.provider.as_ref().map(|provider| outcome(&asked, &bench, provider, call - 1, answer));
    drawn(&asked, &staff, &bench, &typed, None, outcome)
}

/// What a call would read from an answer, told as every login is.
fn outcome(asked: &Asked, bench: &Bench, provider: &Provider, call: usize, answer: Response) -> Outcome {
    let words = &LabLanguage::of(&asked.language().code).words;
    let step = &provider.calls[call];
    let mut facts_so_far = before_call(provider, bench.given(), call);
    let read = step.read(&answer, &mut facts_so_far, &Documents::default());
    let mut watch = Watch::default();
    watch.learns(Some(call), step, &facts_so_far, read.as_ref().err());
    let proposals = propose_for_answer(provider, call, &answer);
    let exchange = Exchange { step: step.kind, call, request: Request::document(""), answer: Ok(answer), forgiven: false };
    let trace = Trace { exchanges: vec![exchange], ..Trace::default() };
    let error = read.err().map(|error: StepError| {
        let missed = if let StepError::MissingFact { fact: Some(fact), .. } = &error { facts_so_far.missed(*fact) } else { None };
        LoginError::in_step(step.kind, error, missed, provider)
    });
    let failed = error.as_ref();
    let ended = failed.cloned().unwrap_or_else(|| LoginError::no_identity(NoIdentity::MissingId(None)));
    let story = plainly(Happened { provider, redirect: None, trace: &trace, watch: &watch, end: Err(&ended) });
    let (about, _, tree) = story.exchanges.first().map(|exchange| about_answer(exchange, words)).unwrap_or_default();
    let told = story.exchanges.first().map(|exchange| facts(&exchange.facts, words)).unwrap_or_default();
    let message = failed.and(story.message.as_deref()).map(crate::diagnostic::printable);
    Outcome {
        message,
        line: failed.and(story.line).filter(|line| *line > 0),
        about,
        tree,
        facts: told,
        suggested: proposals.iter().enumerate().map(|(at, proposal)| suggested(at + 1, proposal, None, words)).collect(),
    }
}

fn drawn(
    asked: &Asked,
    staff: &Staff,
    bench: &Bench,
    typed: &Typed,
    wrong: Option<Unfit>,
    result: Option<Outcome>,
) -> Result<HttpResponse, Refused> {
    let here = address(&["lab", &bench.name, "answer"], &[]);
    let provider = bench.provider.as_ref().ok_or(Cause::NoSuchPage)?;
    let calls = provider.calls.iter().enumerate().map(|(at, step)| format!("{}. {}", at + 2, step.kind.word()));
    let page = AnswerPage {
        frame: LabFrame { groups: lab::groups(asked, staff, Some(&bench.name)), ..lab::frame(asked, here) },
        name: &bench.name,
        title: &crate::diagnostic::printable(&bench.title(asked)),
        calls: calls.collect(),
        chosen: typed.call,
        status: &typed.status,
        kind: &typed.kind,
        body: &typed.body,
        form: &forms::mark(asked, &guard::bound(asked)),
        wrong,
        result,
    };
    let status = match wrong {
        Some(Unfit::Large) => StatusCode::PAYLOAD_TOO_LARGE,
        Some(Unfit::Status) => StatusCode::BAD_REQUEST,
        None => StatusCode::OK,
    };
    Ok(lab::page(asked, status, page.render()))
}
