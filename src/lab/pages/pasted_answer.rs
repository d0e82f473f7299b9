//! The page on which an answer of the provider is pasted, and that shows what the file would read from it.

use crate::lab::pages::exchange_view::{AnswerTreeNode, FactView};
use crate::lab::pages::frame::LabFrame;
use crate::lab::pages::proposal_view::ProposalView;
use crate::lab::pages::words::texts::LabWords;
use crate::pages::frame::address;
use crate::pages::phrases::fill;
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "pasted_answer.html")]
pub(crate) struct PastedAnswerPage<'a> {
    pub(crate) frame: LabFrame<'a>,
    pub(crate) name: &'a str,
    /// The text of its button.
    pub(crate) title: &'a str,
    /// The names of the calls. The form counts them from 1.
    pub(crate) calls: Vec<String>,
    /// The number of the chosen call, from 1.
    pub(crate) chosen_call: usize,
    pub(crate) status: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) body: &'a str,
    /// The token that protects the form against other sites.
    pub(crate) csrf_token: &'a str,
    pub(crate) problem: Option<PastedAnswerProblem>,
    pub(crate) result: Option<PastedAnswerResult>,
    /// The answers of a whole login, as they were typed: one for each call.
    pub(crate) whole: PastedLoginForm,
    pub(crate) forecast: Option<PastedLoginResult>,
}

/// A whole login as it is typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct PastedLoginForm {
    pub(crate) callback: String,
    /// One text for each call; empty where the answer is not known.
    pub(crate) answers: Vec<String>,
    /// The inputs of the file: names, labels and values.
    pub(crate) inputs: Vec<(String, String, String)>,
}

/// What would happen in a whole login.
#[derive(Clone, Debug)]
pub(crate) struct PastedLoginResult {
    /// Whether the person would be signed in.
    pub(crate) is_signed_in: bool,
    /// Why not: the code and the message.
    pub(crate) refusal: Option<String>,
    /// The rule that refuses, in the file's words.
    pub(crate) rule: Option<String>,
    /// The line that decides.
    pub(crate) line: Option<u32>,
    /// The call whose answer is missing.
    pub(crate) needs: Option<String>,
    /// Who would be signed in.
    pub(crate) identity: Vec<(String, String)>,
    pub(crate) steps: Vec<PastedLoginStep>,
    pub(crate) notes: Vec<String>,
    pub(crate) proposals: Vec<ProposalView>,
}

/// What is read in one step of a whole login.
#[derive(Clone, Debug)]
pub(crate) struct PastedLoginStep {
    pub(crate) name: String,
    pub(crate) facts: Vec<PastedLoginFact>,
    /// Why the step fails.
    pub(crate) error: Option<String>,
}

/// A fact of a whole login.
#[derive(Clone, Debug)]
pub(crate) struct PastedLoginFact {
    pub(crate) fact: String,
    /// The value; `None` when nothing is found.
    pub(crate) value: Option<String>,
    /// What was found and cannot be read.
    pub(crate) instead: Option<String>,
    pub(crate) from: String,
    pub(crate) line: Option<u32>,
}

/// What is wrong with the form as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PastedAnswerProblem {
    TooLarge,
    BadStatus,
}

/// What the call would read from the answer.
#[derive(Clone, Debug)]
pub(crate) struct PastedAnswerResult {
    /// Why the call would fail; `None` if it would work.
    pub(crate) message: Option<String>,
    /// The line that makes it fail.
    pub(crate) line: Option<u32>,
    /// Status, content type and size of the answer.
    pub(crate) about: Option<String>,
    pub(crate) tree: Vec<AnswerTreeNode>,
    pub(crate) facts: Vec<FactView>,
    pub(crate) proposals: Vec<ProposalView>,
}

impl PastedAnswerPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &'static LabWords {
        self.frame.words()
    }

    fn title(&self) -> String {
        format!("{} – {}", self.words().answer.title, self.title)
    }

    fn back(&self) -> String {
        fill(&self.words().answer.back, &[("name", self.title)])
    }

    fn provider_address(&self) -> String {
        address(&["lab", self.name], &[])
    }

    fn address(&self) -> String {
        address(&["lab", self.name, "answer"], &[])
    }

    fn error(&self) -> Option<&'static str> {
        let words = &self.words().answer;
        Some(match self.problem? {
            PastedAnswerProblem::TooLarge => &words.large,
            PastedAnswerProblem::BadStatus => &words.bad_status,
        })
    }

    fn needs_sentence(&self, call: &str) -> String {
        fill(&self.words().answer.needs, &[("call", call)])
    }

    fn nothing_at(&self, path: &str) -> String {
        fill(&self.words().answer.nothing_at, &[("path", path)])
    }

    /// What was typed as the answer of a call.
    fn typed_answer(&self, index: impl std::borrow::Borrow<usize>) -> &str {
        self.whole.answers.get(*index.borrow()).map_or("", String::as_str)
    }

    fn is_chosen(&self, index: impl std::borrow::Borrow<usize>) -> bool {
        self.chosen_call == index.borrow() + 1
    }
}
