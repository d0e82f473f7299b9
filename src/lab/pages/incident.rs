//! The page of an incident.

use crate::lab::pages::exchange_view::{AnswerTreeNode, MaskedPart};
use crate::lab::pages::frame::LabFrame;
use crate::lab::pages::incident_summary::IncidentSummary;
use crate::lab::pages::login_steps::{LoginStepsView, StepViewStatus};
use crate::lab::pages::masked_file::{DOTS, MaskedSpan};
use crate::lab::pages::since_view::SinceView;
use crate::lab::pages::words::texts::LabWords;
use crate::pages::phrases::fill;
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "incident.html")]
pub(crate) struct IncidentPage<'a> {
    pub(crate) frame: LabFrame<'a>,
    pub(crate) code: &'a str,
    pub(crate) when: String,
    /// How many more failed logins show the code.
    pub(crate) shared: u32,
    /// The title of the provider, or its name if its file is gone.
    pub(crate) provider: String,
    /// The page of the provider, if it still exists.
    pub(crate) href: Option<String>,
    /// The line in which the login failed, unless the file has changed.
    pub(crate) line: Option<u32>,
    pub(crate) login: LoginStepsView,
    /// What happened and what helps; `None` for a login that worked.
    pub(crate) summary: Option<IncidentSummary>,
    /// What changed since the last login that worked, if one is known.
    pub(crate) since: Option<SinceView>,
    /// Whether a second callback of a test login leads here.
    pub(crate) is_repeated: bool,
    /// The address of the report for a ticket.
    pub(crate) report: String,
}

impl IncidentPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &'static LabWords {
        self.frame.words()
    }

    fn title(&self) -> String {
        fill(&self.words().incident.story, &[("code", self.code)])
    }

    fn time_sentence(&self) -> String {
        fill(&self.words().incident.when, &[("when", &self.when)])
    }

    fn shared_sentence(&self) -> Option<String> {
        (self.shared > 0).then(|| fill(&self.words().incident.shared, &[("count", &self.shared.to_string())]))
    }

    fn provider_link(&self) -> String {
        let words = &self.words().incident;
        match self.line {
            Some(line) => fill(&words.open_line, &[("name", &self.provider), ("line", &line.to_string())]),
            None => fill(&words.open, &[("name", &self.provider)]),
        }
    }
}
