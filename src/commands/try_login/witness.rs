//! Prints a login while it happens, and records it for the story.

use crate::commands::try_login::screen::TrialScreen;
use crate::login::trace::LoginObserver;
use crate::provider::Provider;
use crate::provider::callback::CallbackParameters;
use crate::provider::facts::Facts;
use crate::provider::step::Step;
use crate::provider::step_error::StepError;
use crate::stores::connection::ProviderClient;
use crate::story::shape::answer_shape;
use crate::story::watch::LoginWatch;
use crate::story::{self, StoryExchange, plain_text};
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::wire::{Fetch, LARGEST_DOCUMENT, NoAnswer, Request, Response, ResponseFuture};
use crate::world::clock;
use std::fmt::Write as _;

/// An observer that prints each step.
pub(crate) struct TrialWitness<'a> {
    provider: &'a Provider,
    screen: &'a TrialScreen,
    pub(crate) watch: LoginWatch,
    /// Whether a call was answered and the facts read from its answer have not been printed yet.
    is_answered: bool,
}

impl<'a> TrialWitness<'a> {
    pub(crate) fn new(provider: &'a Provider, screen: &'a TrialScreen) -> Self {
        Self { provider, screen, watch: LoginWatch::default(), is_answered: false }
    }

    pub(crate) fn print_redirect(&self, request: &Request) {
        self.print_request(&self.provider.authorization, request);
    }

    pub(crate) fn print_callback(&self, callback: &CallbackParameters) {
        self.screen.print("");
        self.screen.print_heading("callback");
        let mut text = String::new();
        plain_text::write_shape(&answer_shape(&self.provider.authorization, &callback.document()), 4, &mut text);
        self.print_lines(&text);
    }

    fn print_request(&self, step: &Step, request: &Request) {
        let note = if step.optional { ", which may fail" } else { "" };
        self.screen.print("");
        self.screen.print_heading(&format!("{} (line {}){note}", step.kind.word(), step.place.line));
        let mut text = String::new();
        plain_text::write_request(&story::masked_request(request), &mut text);
        self.print_lines(&text);
    }

    fn print_lines(&self, text: &str) {
        if !text.is_empty() {
            self.screen.print(text.trim_end_matches('\n'));
        }
    }
}

impl LoginObserver for TrialWitness<'_> {
    fn on_request(&mut self, call: usize, step: &Step, request: &Request) {
        self.watch.on_request(call, step, request);
        self.print_request(step, request);
    }

    fn on_response(&mut self, call: usize, step: &Step, answer: Result<&Response, &NoAnswer>) {
        self.watch.on_response(call, step, answer);
        self.is_answered = true;
        let took = Some(story::millis(self.watch.last_duration()));
        let (answer, no_answer) = story::describe_answer(step, answer);
        let mut text = String::new();
        plain_text::write_answer(&StoryExchange { answer, no_answer, took, ..StoryExchange::default() }, &mut text);
        self.print_lines(&text);
    }

    fn on_step_finished(&mut self, call: Option<usize>, step: &Step, facts: &Facts, error: Option<&StepError>) {
        self.watch.on_step_finished(call, step, facts, error);
        let mut text = String::new();
        // A fact that was not looked for is not reported as missing.
        let has_answer = call.is_none() || std::mem::take(&mut self.is_answered);
        let is_read =
            has_answer && !matches!(error, Some(StepError::NoAnswer(_) | StepError::Refused { .. } | StepError::Unreadable { .. }));
        let facts = self.watch.call_facts(call).iter().filter(|read| is_read || read.found.is_ok()).cloned().collect::<Vec<_>>();
        plain_text::write_facts(&story::describe_facts(self.provider, &facts), &mut text);
        if error.is_some() && step.optional {
            let _ = writeln!(text, "  this call failed; the login continues without it");
        }
        self.print_lines(&text);
    }
}

/// A client that prints which documents of an issuer it fetches.
pub(crate) struct AnnouncedFetch<'a> {
    pub(crate) client: ProviderClient<'a>,
    pub(crate) screen: &'a TrialScreen,
}

impl Fetch for AnnouncedFetch<'_> {
    fn send<'a>(&'a self, request: &'a Request) -> ResponseFuture<'a> {
        let sending = self.client.send(request);
        if request.largest != LARGEST_DOCUMENT {
            return sending;
        }
        Box::pin(async move {
            let began = clock::instant();
            let answer = sending.await;
            let took = story::millis(began.elapsed());
            let result = match &answer {
                Ok(answer) => format!("{} ({} bytes) after {took} ms", answer.status, answer.body.len()),
                Err(error) => format!("{error} after {took} ms"),
            };
            self.screen.print(&format!("  fetched {}: {result}", printable(&request.address.masked())));
            answer
        })
    }
}
