//! One provider: its file in parts beside what each sends, the values of this installation, and the test that was run last.

use crate::lab::pages::drift_section::DriftSection;
use crate::lab::pages::exchange_view::{AnswerTreeNode, MaskedPart};
use crate::lab::pages::file_sections::FileSection;
use crate::lab::pages::frame::{LabFrame, LastTestSummary, NotOfferedReason};
use crate::lab::pages::login_steps::{LoginStepsView, StepViewStatus};
use crate::lab::pages::masked_file::{DOTS, MaskedFile, MaskedSpan};
use crate::lab::pages::words::{LabWords, around};
use crate::pages::login::LoginInputField;
use crate::pages::phrases::fill;
use crate::stores::catalogue::ProviderStatus;
use crate::workbench::explain::ExplainedVerdict;
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "provider.html")]
pub(crate) struct ProviderPage<'a> {
    /// What stands around it.
    pub(crate) frame: LabFrame<'a>,
    pub(crate) name: &'a str,
    /// What its button says.
    pub(crate) title: &'a str,
    pub(crate) status: ProviderStatus,
    /// Why it is nowhere although its file is fine.
    pub(crate) apart: Option<NotOfferedReason>,
    /// Whether an older version serves.
    pub(crate) stale: bool,
    /// What it waits for.
    pub(crate) missing: Vec<String>,
    /// The path of its file.
    pub(crate) file: &'a str,
    /// The file with what is said about it.
    pub(crate) code: &'a MaskedFile,
    /// The same in parts.
    pub(crate) pairs: Vec<FileSection>,
    /// Why there are no requests.
    pub(crate) unexplained: Option<String>,
    /// The values of this installation.
    pub(crate) values: Vec<InstallationValue>,
    /// Where the provider sends the browser back.
    pub(crate) callback: Vec<MaskedPart>,
    /// What is asked of a shopper before the login begins.
    pub(crate) inputs: Vec<LoginInputField>,
    /// The hidden proof that a form of ours was sent.
    pub(crate) form: &'a str,
    /// What has changed in its answers.
    pub(crate) drifts: DriftSection,
    /// What the last test came to, where none is told.
    pub(crate) last: Option<LastTestSummary>,
    /// The test that is told.
    pub(crate) test: Option<TestLoginView>,
    /// The address of the page on which an answer is pasted, if the provider makes calls.
    pub(crate) paste: Option<String>,
}

/// A value of the installation.
#[derive(Clone, Debug)]
pub(crate) struct InstallationValue {
    pub(crate) name: String,
    /// The value, if it may be seen.
    pub(crate) value: Option<String>,
    /// The variable or file from which it comes; nothing where it stands in the provider's file.
    pub(crate) from: Option<String>,
    /// Whether it is there.
    pub(crate) set: bool,
}

/// A test as it is told.
#[derive(Clone, Debug)]
pub(crate) struct TestLoginView {
    pub(crate) code: String,
    pub(crate) when: String,
    pub(crate) course: LoginStepsView,
}

impl ProviderPage<'_> {
    /// The page as HTML.
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &'static LabWords {
        self.frame.words()
    }

    fn title(&self) -> &str {
        self.title
    }

    /// The status as it is drawn: a provider that this store does not have is off.
    fn shown_status(&self) -> ProviderStatus {
        match self.apart {
            Some(NotOfferedReason::Playground) => ProviderStatus::Off,
            Some(NotOfferedReason::NoButton | NotOfferedReason::Off) | None => self.status,
        }
    }

    fn is_broken(&self) -> bool {
        self.status == ProviderStatus::Broken
    }

    fn can_be_tested(&self) -> bool {
        self.shown_status() == ProviderStatus::Offered || self.stale
    }

    /// What the last test came to, as a sentence.
    fn came_to(&self, last: &LastTestSummary) -> String {
        let words = &self.words().list;
        match &last.step {
            _ if last.passed => self.words().test.passed.clone(),
            Some(step) => fill(&words.failed_in, &[("step", step)]),
            None => words.failed.clone(),
        }
    }

    /// What follows from the state, where it is not fine.
    fn so(&self) -> Option<String> {
        let words = &self.words().provider;
        Some(match self.status {
            ProviderStatus::Broken if self.stale => words.stale.clone(),
            ProviderStatus::Broken => words.broken.clone(),
            ProviderStatus::Dormant => fill(&words.dormant, &[("names", &self.missing.join(", "))]),
            ProviderStatus::Off => words.off.clone(),
            ProviderStatus::Offered | ProviderStatus::Overlooked if self.apart == Some(NotOfferedReason::Playground) => {
                self.words().list.playground.clone()
            }
            ProviderStatus::Offered | ProviderStatus::Overlooked if self.code.complaints().next().is_some() => words.warned.clone(),
            ProviderStatus::Offered | ProviderStatus::Overlooked => return None,
        })
    }

    fn region(&self, from: impl std::fmt::Display, to: impl std::fmt::Display) -> String {
        fill(&self.words().provider.region, &[("file", self.file), ("from", &from.to_string()), ("to", &to.to_string())])
    }

    fn lines(&self, pair: &FileSection) -> String {
        let (from, to) = (pair.first().to_string(), pair.last().to_string());
        fill(&self.words().provider.lines, &[("from", &from), ("to", &to)])
    }

    fn lines_left_out(&self) -> String {
        fill(&self.words().provider.cut, &[("count", &self.code.lines_left_out.to_string())])
    }

    fn where_from(&self, setting: &InstallationValue) -> String {
        let words = &self.words().provider;
        match (&setting.from, setting.set) {
            (None, _) => words.written.clone(),
            (Some(name), true) => fill(&words.set, &[("name", name)]),
            (Some(name), false) => fill(&words.unset, &[("name", name)]),
        }
    }

    /// When an answer means no, before and behind the condition.
    fn whether(&self, verdict: &ExplainedVerdict) -> (&str, &str) {
        let words = &self.words().provider;
        around(if verdict.word == "accepted" { &words.accepted_if } else { &words.refused_if }, "condition")
    }

    fn register(&self) -> String {
        fill(&self.words().provider.register, &[("name", self.title)])
    }

    fn address(&self) -> String {
        crate::pages::frame::address(&["lab", self.name, "tests"], &[])
    }
}

/// What the steps of a login need, on whichever page they stand.
macro_rules! tells_a_course {
    ($page:ident) => {
        impl $page<'_> {
            /// The link from there.
            fn see(&self, course: &LoginStepsView) -> String {
                let words = &self.words().test;
                match course.suggested.len() {
                    0 => words.see.clone(),
                    1 => words.see_proposal.clone(),
                    many => crate::pages::phrases::fill(&words.see_proposals, &[("count", &many.to_string())]),
                }
            }

            fn instead(&self, what: &str) -> String {
                crate::pages::phrases::fill(&self.words().test.instead, &[("what", what)])
            }

            fn at_line(&self, line: impl std::fmt::Display) -> String {
                crate::pages::phrases::fill(&self.words().provider.line, &[("line", &line.to_string())])
            }

            fn astray(&self, (path, member, members): &(String, String, Vec<String>)) -> String {
                let members = members.join(", ");
                crate::pages::phrases::fill(&self.words().test.there, &[("path", path), ("member", member), ("members", &members)])
            }
        }
    };
}
pub(crate) use tells_a_course;

tells_a_course!(ProviderPage);
