//! An answer of the provider is pasted, and what the file would read from it is shown.

use crate::lab::pages::exchange_view::{AnswerTreeNode, FactView};
use crate::lab::pages::frame::LabFrame;
use crate::lab::pages::login_steps::ProposalView;
use crate::lab::pages::words::LabWords;
use crate::pages::phrases::fill;
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "answer.html")]
pub(crate) struct PastedAnswerPage<'a> {
    /// What stands around it.
    pub(crate) frame: LabFrame<'a>,
    pub(crate) name: &'a str,
    /// What its button says.
    pub(crate) title: &'a str,
    /// The calls: their numbers are those of the form.
    pub(crate) calls: Vec<String>,
    /// The call that was chosen, from 1.
    pub(crate) chosen: usize,
    /// The status that was typed.
    pub(crate) status: &'a str,
    /// The content type that was typed.
    pub(crate) kind: &'a str,
    pub(crate) body: &'a str,
    /// The hidden proof that a form of ours was sent.
    pub(crate) form: &'a str,
    /// What is wrong with what was typed.
    pub(crate) wrong: Option<PastedAnswerProblem>,
    /// What would be read.
    pub(crate) result: Option<PastedAnswerResult>,
}

/// What is wrong with what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PastedAnswerProblem {
    /// The answer is too large.
    Large,
    /// The status is none.
    Status,
}

/// What would be read.
#[derive(Clone, Debug)]
pub(crate) struct PastedAnswerResult {
    /// Why the call would fail.
    pub(crate) message: Option<String>,
    /// The line that decided.
    pub(crate) line: Option<u32>,
    /// What the answer is.
    pub(crate) about: Option<String>,
    /// The answer by its looks.
    pub(crate) tree: Vec<AnswerTreeNode>,
    pub(crate) facts: Vec<FactView>,
    pub(crate) suggested: Vec<ProposalView>,
}

impl PastedAnswerPage<'_> {
    /// The page as HTML.
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

    fn page(&self) -> String {
        crate::pages::frame::address(&["lab", self.name], &[])
    }

    fn address(&self) -> String {
        crate::pages::frame::address(&["lab", self.name, "answer"], &[])
    }

    fn wrong(&self) -> Option<&'static str> {
        let words = &self.words().answer;
        Some(match self.wrong? {
            PastedAnswerProblem::Large => &words.large,
            PastedAnswerProblem::Status => &words.bad_status,
        })
    }

    fn instead(&self, what: &str) -> String {
        fill(&self.words().test.instead, &[("what", what)])
    }

    fn at_line(&self, line: impl std::fmt::Display) -> String {
        fill(&self.words().provider.line, &[("line", &line.to_string())])
    }

    /// Whether a call is the chosen one, by its place in the list.
    fn is_chosen(&self, at: impl std::borrow::Borrow<usize>) -> bool {
        self.chosen == at.borrow() + 1
    }
}
