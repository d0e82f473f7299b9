//! The story behind a code, and the form in which codes are typed.

use crate::lab::pages::exchange_view::{AnswerTreeNode, MaskedPart};
use crate::lab::pages::frame::LabFrame;
use crate::lab::pages::login_steps::{LoginStepsView, StepViewStatus};
use crate::lab::pages::masked_file::{DOTS, MaskedSpan};
use crate::lab::pages::provider::tells_a_course;
use crate::lab::pages::words::LabWords;
use crate::pages::phrases::fill;
use askama::Template;

/// The story behind a code.
#[derive(Clone, Debug, Template)]
#[template(path = "incident.html")]
pub(crate) struct IncidentPage<'a> {
    /// What stands around it.
    pub(crate) frame: LabFrame<'a>,
    pub(crate) code: &'a str,
    pub(crate) when: String,
    /// The provider's name, or its title.
    pub(crate) provider: String,
    /// Where the provider is shown, if it is still there.
    pub(crate) href: Option<String>,
    /// The line that decided, if the file is the same.
    pub(crate) line: Option<u32>,
    pub(crate) course: LoginStepsView,
    /// What is said of a login that ended before any step.
    pub(crate) message: Option<String>,
}

/// Where codes are typed.
#[derive(Clone, Debug, Template)]
#[template(path = "lookup.html")]
pub(crate) struct IncidentLookupPage<'a> {
    /// What stands around it.
    pub(crate) frame: LabFrame<'a>,
    /// What was typed and is no code.
    pub(crate) typed: Option<&'a str>,
    /// The code under which nothing is kept.
    pub(crate) gone: Option<&'a str>,
}

impl IncidentPage<'_> {
    /// The page as HTML.
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &'static LabWords {
        self.frame.words()
    }

    fn title(&self) -> String {
        fill(&self.words().incident.story, &[("code", self.code)])
    }

    fn when(&self) -> String {
        fill(&self.words().incident.when, &[("when", &self.when)])
    }

    fn open(&self) -> String {
        let words = &self.words().incident;
        match self.line {
            Some(line) => fill(&words.open_line, &[("name", &self.provider), ("line", &line.to_string())]),
            None => fill(&words.open, &[("name", &self.provider)]),
        }
    }
}

tells_a_course!(IncidentPage);

impl IncidentLookupPage<'_> {
    /// The page as HTML.
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &'static LabWords {
        self.frame.words()
    }

    fn title(&self) -> String {
        match self.gone {
            Some(code) => fill(&self.words().incident.gone, &[("code", code)]),
            None => self.words().incident.title.clone(),
        }
    }

    fn wrong(&self) -> Option<String> {
        self.typed.map(|typed| fill(&self.words().incident.none, &[("typed", typed)]))
    }
}
