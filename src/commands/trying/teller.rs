//! Tells a login while it happens, and remembers it for the story.

use crate::commands::trying::screen::Screen;
use crate::login::trace::Witness;
use crate::provider::Provider;
use crate::provider::callback::Callback;
use crate::provider::facts::Facts;
use crate::provider::failure::StepError;
use crate::provider::step::Step;
use crate::story::shape::shape;
use crate::story::watch::Watch;
use crate::story::{self, Exchange, told};
use crate::web::outgoing::Wall;
use crate::wire::{Answering, Fetch, LARGEST_DOCUMENT, NoAnswer, Request, Response};
use crate::world::clock;
use std::fmt::Write as _;

/// A witness that tells.
pub struct Teller<'a> {
    provider: &'a Provider,
    screen: &'a Screen,
    /// What it has seen.
    pub watch: Watch,
    /// Whether a call's answer was heard that nothing has been read from yet.
    heard: bool,
}

impl<'a> Teller<'a> {
    /// One that tells of this provider.
    pub fn new(provider: &'a Provider, screen: &'a Screen) -> Self {
        Self { provider, screen, watch: Watch::default(), heard: false }
    }

    /// Where the browser is sent.
    pub fn tell_redirect(&self, request: &Request) {
        self.tell_request(&self.provider.authorization, request);
    }

    /// What the browser brought back.
    pub fn tell_callback(&self, callback: &Callback) {
        self.screen.say("");
        self.screen.heading("callback");
        let mut text = String::new();
        told::tell_shape(&shape(&callback.document()), 4, &mut text);
        self.lines(&text);
    }

    fn tell_request(&self, step: &Step, request: &Request) {
        let note = if step.is_optional() { ", which may fail" } else { "" };
        self.screen.say("");
        self.screen.heading(&format!("{} (line {}){note}", step.kind.word(), step.place.line));
        let mut text = String::new();
        told::tell_request(&story::request(request), &mut text);
        self.lines(&text);
    }

    fn lines(&self, text: &str) {
        if !text.is_empty() {
            self.screen.say(text.trim_end_matches('\n'));
        }
    }
}

impl Witness for Teller<'_> {
    fn sends(&mut self, call: usize, step: &Step, request: &Request) {
        self.watch.sends(call, step, request);
        self.tell_request(step, request);
    }

    fn hears(&mut self, call: usize, step: &Step, answer: Result<&Response, &NoAnswer>) {
        self.watch.hears(call, step, answer);
        self.heard = true;
        let took = Some(story::millis(self.watch.just_took()));
        let (answer, no_answer) = story::heard(step, answer);
        let mut text = String::new();
        told::tell_answer(&Exchange { answer, no_answer, took, ..Exchange::default() }, &mut text);
        self.lines(&text);
    }

    fn learns(&mut self, call: Option<usize>, step: &Step, facts: &Facts, error: Option<&StepError>) {
        self.watch.learns(call, step, facts, error);
        let mut text = String::new();
        // What was not even looked for is not told as missing.
        let came = call.is_none() || std::mem::take(&mut self.heard);
        let is_read = came && !matches!(error, Some(StepError::NoAnswer(_) | StepError::Refused(_) | StepError::Unreadable { .. }));
        let seen = self.watch.facts(call).iter().filter(|read| is_read || read.found.is_ok()).cloned().collect::<Vec<_>>();
        told::tell_facts(&story::facts(self.provider, &seen), &mut text);
        if error.is_some() && step.is_optional() {
            let _ = writeln!(text, "  this call failed, and the login goes on without it");
        }
        self.lines(&text);
    }
}

/// A way out that says which documents of an issuer it fetches.
pub struct Announced<'a> {
    /// The way out.
    pub wall: Wall<'a>,
    /// Where it is said.
    pub screen: &'a Screen,
}

impl Fetch for Announced<'_> {
    fn send<'a>(&'a self, request: &'a Request) -> Answering<'a> {
        let sending = self.wall.send(request);
        if request.largest != LARGEST_DOCUMENT {
            return sending;
        }
        Box::pin(async move {
            let began = clock::moment();
            let answer = sending.await;
            let took = story::millis(began.elapsed());
            let came = match &answer {
                Ok(answer) => format!("{} ({} bytes) after {took} ms", answer.status, answer.body.len()),
                Err(why) => format!("{why} after {took} ms"),
            };
            self.screen.say(&format!("  fetched {}: {came}", crate::diagnostic::printable(&request.address.masked())));
            answer
        })
    }
}
