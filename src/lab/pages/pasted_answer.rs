//! An answer of the provider is pasted, and what the file would read from it is shown.

use crate::lab::pages::exchange_view::{AnswerTreeNode, FactView};
use crate::lab::pages::frame::LabFrame;
use crate::lab::pages::login_steps::ProposalView;
use crate::lab::pages::words::LabWords;
use crate::pages::phrases::fill;
use askama::Template;

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "answer.html")]
pub struct PastedAnswerPage<'a> {
    /// What stands around it.
    pub frame: LabFrame<'a>,
    /// The provider's name.
    pub name: &'a str,
    /// What its button says.
    pub title: &'a str,
    /// The calls: their numbers are those of the form.
    pub calls: Vec<String>,
    /// The call that was chosen, from 1.
    pub chosen: usize,
    /// The status that was typed.
    pub status: &'a str,
    /// The content type that was typed.
    pub kind: &'a str,
    /// What was pasted.
    pub body: &'a str,
    /// The hidden proof that a form of ours was sent.
    pub form: &'a str,
    /// What is wrong with what was typed.
    pub wrong: Option<PastedAnswerProblem>,
    /// What would be read.
    pub result: Option<PastedAnswerResult>,
}

/// What is wrong with what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PastedAnswerProblem {
    /// The answer is too large.
    Large,
    /// The status is none.
    Status,
}

/// What would be read.
#[derive(Clone, Debug)]
pub struct PastedAnswerResult {
    /// Why the call would fail.
    pub message: Option<String>,
    /// The line that decided.
    pub line: Option<u32>,
    /// What the answer is.
    pub about: Option<String>,
    /// The answer by its looks.
    pub tree: Vec<AnswerTreeNode>,
    /// What was read.
    pub facts: Vec<FactView>,
    /// What would help.
    pub suggested: Vec<ProposalView>,
}

impl PastedAnswerPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
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
