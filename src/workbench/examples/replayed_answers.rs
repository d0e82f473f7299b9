//! The answers that a replay gets: those of its story in order, or what a judge decides when it sees each request.

use crate::vocabulary::text::form_encode;
use crate::vocabulary::wire::{Fetch, NoAnswer, Request, Response, ResponseFuture};
use crate::workbench::examples::example::{ExampleAnswerSpec, ExampleExchangeSpec};
use crate::workbench::examples::tokens::ExampleTokens;
use std::sync::{Mutex, PoisonError};

/// A provider that looks at the requests of a replay before it answers as recorded.
pub trait ReplayJudge: Sync {
    /// The parameters with which it sends the browser back instead of those of the story, because it refuses the redirect.
    fn refuse_redirect(&self, redirect: &Request) -> Option<Vec<(String, String)>>;
    /// What it answers to a call.
    fn answer(&self, request: &Request) -> JudgedAnswer;
}

/// What a judge answers.
#[derive(Clone, Debug)]
pub enum JudgedAnswer {
    /// The recorded answer of this number, counted from the first call before the redirect.
    Recorded(usize),
    /// Another answer.
    Other(Response),
}

/// Recorded answers, given out in order.
pub(super) struct ReplayedAnswers<'a> {
    answers: Mutex<std::slice::Iter<'a, ExampleExchangeSpec>>,
    tokens: &'a ExampleTokens,
    judged: Option<&'a JudgedAnswers<'a>>,
}

impl<'a> ReplayedAnswers<'a> {
    pub(super) fn new(exchanges: &'a [ExampleExchangeSpec], tokens: &'a ExampleTokens, judged: Option<&'a JudgedAnswers<'a>>) -> Self {
        Self { answers: Mutex::new(exchanges.iter()), tokens, judged }
    }
}

/// Recorded answers, given out as a judge decides.
pub(super) struct JudgedAnswers<'a> {
    pub(super) judge: &'a dyn ReplayJudge,
    pub(super) recorded: Vec<&'a ExampleExchangeSpec>,
    pub(super) tokens: &'a ExampleTokens,
}

impl JudgedAnswers<'_> {
    fn answer(&self, request: &Request) -> Result<Response, NoAnswer> {
        match self.judge.answer(request) {
            JudgedAnswer::Other(response) => Ok(response),
            JudgedAnswer::Recorded(at) => {
                self.recorded.get(at).map(|exchange| replayed_response(&exchange.answer, self.tokens)).ok_or(NoAnswer::Unreachable)
            }
        }
    }
}

/// A recorded answer as an HTTP response, with its tokens.
pub(crate) fn replayed_response(answer: &ExampleAnswerSpec, tokens: &ExampleTokens) -> Response {
    let (body, content_type) = if let Some(json) = &answer.json {
        (tokens.replace_in(&json.0).to_string(), "application/json")
    } else if let Some(form) = &answer.form {
        let mut body = String::new();
        for (at, (name, value)) in form.0.iter().enumerate() {
            body.push_str(if at > 0 { "&" } else { "" });
            form_encode(&name.value, &mut body);
            body.push('=');
            form_encode(&tokens.replace(&value.value), &mut body);
        }
        (body, "application/x-www-form-urlencoded")
    } else {
        (answer.text.as_ref().map_or_else(String::new, |text| tokens.replace(&text.value)), "text/plain")
    };
    let own =
        answer.headers.iter().flat_map(|headers| &headers.0).map(|(name, value)| (name.value.as_str().into(), value.value.as_str().into()));
    let mut headers: Vec<(Box<str>, Box<str>)> = own.collect();
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        headers.push(("Content-Type".into(), content_type.into()));
    }
    Response { status: answer.status.and_then(|status| u16::try_from(status).ok()).unwrap_or(200), headers, body: body.into_bytes() }
}

impl Fetch for ReplayedAnswers<'_> {
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        if let Some(judged) = self.judged {
            return Box::pin(std::future::ready(judged.answer(request)));
        }
        let next = self.answers.lock().unwrap_or_else(PoisonError::into_inner).next();
        let answer = next.map(|exchange| replayed_response(&exchange.answer, self.tokens)).ok_or(NoAnswer::Unreachable);
        Box::pin(std::future::ready(answer))
    }
}
