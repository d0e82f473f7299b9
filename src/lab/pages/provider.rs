//! The page of a provider: its file beside the requests that it describes, the values of this installation, and test logins.

use crate::lab::pages::app_trial::AppTrialView;
use crate::lab::pages::drift_section::DriftSection;
use crate::lab::pages::exchange_view::{AnswerTreeNode, MaskedPart};
use crate::lab::pages::file_sections::FileSection;
use crate::lab::pages::file_standing::FileStanding;
use crate::lab::pages::frame::{LabFrame, LastTestSummary, NotOfferedReason};
use crate::lab::pages::incident_summary::IncidentSummary;
use crate::lab::pages::login_steps::{LoginStepsView, StepViewStatus};
use crate::lab::pages::masked_file::{DOTS, MaskedFile, MaskedLine, MaskedSpan};
use crate::lab::pages::next_version_section::NextVersionSection;
use crate::lab::pages::since_view::SinceView;
use crate::lab::pages::words::texts::LabWords;
use crate::pages::frame::address;
use crate::pages::login::LoginInputField;
use crate::pages::phrases::fill;
use crate::stores::catalogue::ProviderStatus;
use crate::workbench::explain::description::DescriptionRow;
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "provider.html")]
pub(crate) struct ProviderPage<'a> {
    pub(crate) frame: LabFrame<'a>,
    pub(crate) name: &'a str,
    /// The text of its button.
    pub(crate) title: &'a str,
    pub(crate) standing: FileStanding,
    pub(crate) evidence: FileConfirmation,
    /// Why shoppers do not see it although its file works.
    pub(crate) not_offered: Option<NotOfferedReason>,
    /// The path of its file.
    pub(crate) path: &'a str,
    pub(crate) file: &'a MaskedFile,
    pub(crate) sections: Vec<FileSection>,
    /// Why the requests cannot be shown.
    pub(crate) preview_error: Option<String>,
    pub(crate) values: Vec<InstallationValue>,
    /// What the file says beside its steps, and what holds by default.
    pub(crate) rows: Vec<DescriptionRow>,
    /// The address to which the provider sends the browser back.
    pub(crate) callback: Vec<MaskedPart>,
    /// The fields that a shopper fills in before the login starts.
    pub(crate) inputs: Vec<LoginInputField>,
    /// The token that protects the form against other sites.
    pub(crate) csrf_token: &'a str,
    pub(crate) drift: DriftSection,
    /// The next version of its file, if there is one.
    pub(crate) next_version: Option<NextVersionSection>,
    /// The last test login of this person, unless `test` shows one.
    pub(crate) last_test: Option<LastTestSummary>,
    /// The test login that the page shows.
    pub(crate) test: Option<TestLoginView>,
    /// The page for pasting an answer, if the file can be used.
    pub(crate) paste_href: Option<String>,
}

/// A value that this installation gives to the provider.
#[derive(Clone, Debug)]
pub(crate) struct InstallationValue {
    pub(crate) name: String,
    /// The value, unless it is secret.
    pub(crate) value: Option<String>,
    /// The variable or file that holds it; `None` for a value that is written in the provider's file.
    pub(crate) source: Option<String>,
    pub(crate) is_set: bool,
}

/// What confirms a provider's file.
#[derive(Clone, Debug, Default)]
pub(crate) struct FileConfirmation {
    /// Its grade and its day.
    pub(crate) confirmed: Option<String>,
    /// When a login last worked here.
    pub(crate) worked: Option<String>,
    /// The page of the catalogue about the provider of this name.
    pub(crate) catalogue_href: Option<String>,
}

/// A test login as the page shows it.
#[derive(Clone, Debug)]
pub(crate) struct TestLoginView {
    /// Whether a second callback leads here.
    pub(crate) is_repeated: bool,
    pub(crate) code: String,
    pub(crate) when: String,
    pub(crate) login: LoginStepsView,
    /// What happened and what helps; `None` for a login that worked.
    pub(crate) summary: Option<IncidentSummary>,
    /// What changed since the last login that worked, if one is known.
    pub(crate) since: Option<SinceView>,
    /// What an app would have got, where an app was tested.
    pub(crate) trial: Option<AppTrialView>,
}

impl FileConfirmation {
    fn is_empty(&self) -> bool {
        self.confirmed.is_none() && self.worked.is_none() && self.catalogue_href.is_none()
    }
}

impl ProviderPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &'static LabWords {
        self.frame.words()
    }

    fn title(&self) -> &str {
        self.title
    }

    /// The status as it is drawn. The playground of a public store counts as switched off.
    fn shown_status(&self) -> ProviderStatus {
        if self.not_offered == Some(NotOfferedReason::Playground) { ProviderStatus::Off } else { self.standing.status }
    }

    fn is_broken(&self) -> bool {
        self.standing.status == ProviderStatus::Broken
    }

    fn can_be_tested(&self) -> bool {
        FileStanding { status: self.shown_status(), ..self.standing.clone() }.can_be_tested()
    }

    fn last_test_sentence(&self, last: &LastTestSummary) -> String {
        let words = &self.words().list;
        match &last.step {
            _ if last.passed => self.words().test.passed.clone(),
            Some(step) => fill(&words.failed_in, &[("step", step)]),
            None => words.failed.clone(),
        }
    }

    /// What the state means, unless everything is in order.
    fn state_sentence(&self) -> Option<String> {
        let words = self.words();
        if let Some(obstacle) = self.standing.obstacle(words) {
            return Some(obstacle);
        }
        if self.not_offered == Some(NotOfferedReason::Playground) {
            return Some(words.list.playground.clone());
        }
        self.file.complaints().next().map(|_| words.provider.warned.clone())
    }

    fn region_label(&self, from: impl std::fmt::Display, to: impl std::fmt::Display) -> String {
        fill(&self.words().provider.region, &[("file", self.path), ("from", &from.to_string()), ("to", &to.to_string())])
    }

    fn line_range(&self, section: &FileSection) -> String {
        let (from, to) = (section.first_line().to_string(), section.last_line().to_string());
        fill(&self.words().provider.lines, &[("from", &from), ("to", &to)])
    }

    /// What a section shows beside its lines.
    fn section_title(&self, section: &FileSection) -> String {
        let values = section.shows_values.then(|| self.words().provider.values.clone());
        let steps = section.previews.iter().map(|preview| format!("{}. {}", preview.number, preview.step));
        let title = values.into_iter().chain(steps).collect::<Vec<_>>().join(" · ");
        if title.is_empty() { self.words().provider.rest.clone() } else { title }
    }

    /// Whether a section is unfolded: the values of the installation are, unless a test login is shown, and what is complained about.
    fn is_open(&self, section: &FileSection) -> bool {
        let is_warned = |line: &MaskedLine| {
            let number = u32::try_from(line.number).ok();
            self.drift.warnings.iter().any(|warning| warning.line.is_some() && warning.line == number)
        };
        let is_noted = section.lines.iter().any(|line| !line.complaints.is_empty() || is_warned(line));
        is_noted || section.shows_values && self.test.is_none()
    }

    fn lines_left_out(&self) -> String {
        fill(&self.words().provider.lines_left_out, &[("count", &self.file.lines_left_out.to_string())])
    }

    fn value_source(&self, value: &InstallationValue) -> String {
        let words = &self.words().provider;
        match (&value.source, value.is_set) {
            (None, _) => words.written.clone(),
            (Some(name), true) => fill(&words.set, &[("name", name)]),
            (Some(name), false) => fill(&words.unset, &[("name", name)]),
        }
    }

    fn callback_sentence(&self) -> String {
        fill(&self.words().provider.register, &[("name", self.title)])
    }

    fn editor_address(&self) -> String {
        address(&["lab", "editor", self.name], &[])
    }

    fn test_address(&self) -> String {
        address(&["lab", self.name, "tests"], &[])
    }
}
