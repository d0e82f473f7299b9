//! The page on which a shopper proves an address: where a code is sent, and then the code. It works without a script.

use crate::pages::frame::{Frame, address};
use crate::pages::languages::PageLanguage;
use crate::pages::phrases::{Phrases, fill};
use askama::Template;

/// What a code may be typed as: six digits of either width, with blanks and hyphens around them. Browsers want the hyphen with a
/// backslash.
const DIGIT: &str = "[\\s\\-]*[0-9０-９]";

#[derive(Clone, Debug, Template)]
#[template(path = "prove.html")]
pub(crate) struct ProvePage<'a> {
    /// What stands around it.
    pub(crate) frame: Frame<'a>,
    pub(crate) provider: &'a str,
    /// Why an address has to be proven, unless another was typed since.
    pub(crate) why: Option<AddressProofReason>,
    pub(crate) stage: AddressProofStage<'a>,
    pub(crate) others: &'a str,
    /// The hidden proof that a form of ours was sent.
    pub(crate) form: &'a str,
}

/// Why an address has to be proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressProofReason {
    /// The provider did not give one that is proven.
    NotConfirmed,
    /// An account has it, and came by another account at the provider or another way.
    Known,
}

/// What a shopper is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressProofStage<'a> {
    Address {
        /// What stands in the field already: an address that the provider named, or what was typed.
        suggested: Option<&'a str>,
        /// What has to be mended.
        wrong: Option<AddressProofProblem>,
    },
    /// For the code that was sent there.
    Code {
        /// Where it was sent.
        address: &'a str,
        /// What has to be mended.
        wrong: Option<AddressProofProblem>,
        /// How many more codes may be tried.
        left: u32,
    },
}

/// What has to be mended, or waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressProofProblem {
    /// What was typed is no address that can be used.
    NotAnAddress,
    /// Enough letters were sent.
    TooManyMails {
        /// When the next one may be asked for.
        seconds: u64,
    },
    /// All letters were sent.
    Enough,
    /// The letter did not leave.
    NotSent,
    /// It is another code.
    WrongCode,
}

impl ProvePage<'_> {
    /// The page as HTML.
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &Phrases {
        &self.frame.language.phrases
    }

    fn title(&self) -> &str {
        match self.stage {
            AddressProofStage::Address { .. } => &self.words().prove.title,
            AddressProofStage::Code { .. } => &self.words().prove.code_title,
        }
    }

    fn because(&self) -> Option<String> {
        let words = &self.words().prove;
        Some(match self.why? {
            AddressProofReason::NotConfirmed => fill(&words.why, &[("provider", self.provider)]),
            AddressProofReason::Known => words.why_known.clone(),
        })
    }

    /// What stands before and after the address.
    fn sent(&self) -> (&str, &str) {
        let sent = &self.words().prove.sent;
        sent.split_once("{address}").unwrap_or((sent, ""))
    }

    fn wrong(&self) -> Option<AddressProofProblem> {
        match self.stage {
            AddressProofStage::Address { wrong, .. } | AddressProofStage::Code { wrong, .. } => wrong,
        }
    }

    /// What has to be mended, in words.
    fn told(&self) -> Option<String> {
        let words = &self.words().prove;
        Some(match (self.wrong()?, self.stage) {
            (AddressProofProblem::NotAnAddress, _) => words.not_an_address.clone(),
            (AddressProofProblem::TooManyMails { seconds }, _) => {
                fill(&words.too_many_mails, &[("wait", &self.words().waiting_time(seconds))])
            }
            (AddressProofProblem::Enough, _) => words.enough_mails.clone(),
            (AddressProofProblem::NotSent, _) => words.not_sent.clone(),
            (AddressProofProblem::WrongCode, AddressProofStage::Code { left, .. }) => {
                format!("{} {}", words.wrong_code, fill(&words.left, &[("count", &left.to_string())]))
            }
            (AddressProofProblem::WrongCode, AddressProofStage::Address { .. }) => words.wrong_code.clone(),
        })
    }

    /// Whether it is what was typed that is wrong.
    fn is_the_field(&self) -> bool {
        matches!(self.wrong(), Some(AddressProofProblem::NotAnAddress | AddressProofProblem::WrongCode))
    }

    fn pattern() -> String {
        DIGIT.repeat(6) + "[\\s\\-]*"
    }

    fn in_language(&self, language: &PageLanguage) -> String {
        // Whoever was asked for an address is asked for it again, though a code may be on its way.
        let change = matches!(self.stage, AddressProofStage::Address { .. }).then_some("1");
        address(&["prove"], &[("change", change), ("lang", Some(&language.code))])
    }
}
