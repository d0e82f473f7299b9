//! The error page: what happened, what to do next with the likeliest first, and a code that can be spoken.

use crate::pages::cause::{Cause, Step};
use crate::pages::frame::Frame;
use crate::pages::phrases::{CausePhrases, Phrases, fill};
use askama::Template;

/// The error page. It offers no other languages: what led to it cannot be asked for again.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    /// What stands around it.
    pub frame: Frame<'a>,
    /// What happened.
    pub cause: Cause,
    /// The provider's name.
    pub provider: Option<&'a str>,
    /// Where the same is tried again.
    pub again: Option<&'a str>,
    /// The login page.
    pub others: Option<&'a str>,
    /// Whether there are other ways in.
    pub has_others: bool,
    /// Where the shopper leaves for; without it, the store's address.
    pub home: Option<&'a str>,
    /// The incident code; it is shown only for what ended a login.
    pub code: Option<&'a str>,
    /// Until when the code is of use, in words.
    pub until: Option<&'a str>,
}

/// Something to do next.
struct Action<'a> {
    href: std::borrow::Cow<'a, str>,
    label: String,
    likeliest: bool,
}

/// A part of the spelling line.
enum Spelt<'a> {
    Letter(char, &'a str),
    Word(&'a str),
    Dash(&'a str),
}

impl<'a> ErrorPage<'a> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &Phrases {
        &self.frame.language.phrases
    }

    fn said(&self) -> &CausePhrases {
        self.words().cause(self.cause)
    }

    fn title(&self) -> &str {
        &self.said().title
    }

    fn what(&self) -> String {
        let wait = match self.cause {
            Cause::TooMany { seconds } | Cause::TooManyTests { seconds } => self.words().wait(seconds),
            _ => String::new(),
        };
        let provider = self.provider.unwrap_or(&self.words().error.service);
        let what = fill(&self.said().what, &[("provider", provider), ("wait", &wait)]);
        // A name is written as it is; a description that begins a sentence begins with a capital.
        if self.provider.is_none() { with_a_capital(&what) } else { what }
    }

    /// What can be done, the loudest first.
    fn actions(&self) -> Vec<Action<'_>> {
        let mut steps = self.cause.steps().to_vec();
        if !self.has_others && self.again.is_some() {
            // The only way there is: once more is all that can be tried.
            steps.sort_by_key(|step| *step != Step::Again);
        }
        let mut actions: Vec<Action<'_>> = steps.iter().filter_map(|step| self.action(*step)).collect();
        if let Some(help) = self.frame.look.help_for(self.code()).filter(|_| self.cause.ends_a_login()) {
            actions.push(Action { href: help.into(), label: self.words().login.contact.clone(), likeliest: false });
        }
        let choice = actions.len() > 1;
        if let Some(first) = actions.first_mut() {
            first.likeliest = choice && self.has_others && self.cause.asks_for_another_way() && self.cause != Cause::Cancelled;
        }
        actions
    }

    fn action(&self, step: Step) -> Option<Action<'_>> {
        let words = self.words();
        let (href, label) = match step {
            Step::Again => {
                let label = match self.provider {
                    Some(provider) => fill(&words.error.again_with, &[("provider", provider)]),
                    None => words.error.again.clone(),
                };
                (self.again?, label)
            }
            Step::Account => ("/account", words.account.back.clone()),
            Step::Others if !self.has_others => (self.others?, words.error.login.clone()),
            Step::Others if self.cause.asks_for_another_way() || self.cause.steps().first() == Some(&Step::Again) => {
                (self.others?, words.error.others.clone())
            }
            Step::Others => (self.others?, words.error.login.clone()),
            Step::Home => (self.home.or(self.frame.look.home.as_deref())?, words.login.store.clone()),
        };
        Some(Action { href: href.into(), label, likeliest: false })
    }

    fn code(&self) -> Option<&'a str> {
        self.code.filter(|_| self.cause.ends_a_login())
    }

    /// The code as it is spoken.
    fn spelling(&self, code: &str) -> Vec<Spelt<'_>> {
        let spell = |letter: char| match self.words().spelt(letter) {
            Some(word) if letter.is_ascii_digit() => Some(Spelt::Word(word)),
            Some(word) => Some(Spelt::Letter(letter, word)),
            None => (letter == '-').then_some(Spelt::Dash(&self.words().incident.dash)),
        };
        code.chars().filter_map(spell).collect()
    }

    fn aloud(&self) -> (&str, &str) {
        let aloud = &self.words().incident.aloud;
        aloud.split_once("{code}").unwrap_or((aloud, ""))
    }

    fn kept(&self) -> String {
        match self.until {
            Some(until) => fill(&self.words().incident.until, &[("until", until)]),
            None => self.words().incident.day.clone(),
        }
    }
}

fn with_a_capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
