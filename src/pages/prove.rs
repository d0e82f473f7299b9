//! The page on which a shopper proves an e-mail address: first the address, then the code that was sent there. It works
//! without a script.

use crate::pages::frame::Frame;
use crate::pages::phrases::{Phrases, fill, in_a_row};
use actix_web::http::StatusCode;
use askama::Template;

/// The pattern of a digit of the code: of either width, with blanks and hyphens in front. Browsers want the hyphen escaped.
const DIGIT: &str = "[\\s\\-]*[0-9０-９]";

#[derive(Clone, Debug, Template)]
#[template(path = "prove.html")]
pub(crate) struct ProvePage<'a> {
    pub(crate) frame: Frame<'a>,
    pub(crate) provider: &'a str,
    /// Why an address has to be proven; `None` once the shopper has typed another.
    pub(crate) why: Option<AddressProofReason>,
    pub(crate) stage: AddressProofStage<'a>,
    pub(crate) others: &'a str,
    /// The token that protects the forms against other sites.
    pub(crate) form: &'a str,
    /// Where the form with the address goes while the proof has not begun.
    pub(crate) begins_at: Option<&'a str>,
}

/// Why an address has to be proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressProofReason {
    /// The provider gave no verified address.
    NotConfirmed,
    /// An account with this address exists, and was opened with another identity.
    Known,
    /// The shopper signs in by the code.
    SignIn,
}

/// What the page asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressProofStage<'a> {
    Address {
        /// The address in the field: one that the provider named, or the one that was typed.
        suggested: Option<&'a str>,
        wrong: Option<AddressProofProblem>,
    },
    Code {
        /// The address to which the code was sent.
        address: &'a str,
        /// How many digits the code has.
        digits: usize,
        /// Whether it was sent only if a user of the store has the address.
        to_user_only: bool,
        wrong: Option<AddressProofProblem>,
        /// How many more tries the shopper has.
        left: u32,
    },
}

/// Why the page is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressProofProblem {
    /// The address cannot be used.
    NotAnAddress,
    /// The next e-mail may be sent only later.
    TooManyMails {
        seconds: u64,
    },
    /// This login may send no more e-mails.
    Enough,
    /// The e-mail could not be sent.
    NotSent,
    WrongCode,
}

impl AddressProofProblem {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::NotAnAddress | Self::WrongCode => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyMails { .. } | Self::Enough => StatusCode::TOO_MANY_REQUESTS,
            Self::NotSent => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl ProvePage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &Phrases {
        &self.frame.language.phrases
    }

    fn title(&self) -> &str {
        match self.stage {
            AddressProofStage::Address { .. } if self.why == Some(AddressProofReason::SignIn) => &self.words().email_code.title,
            AddressProofStage::Address { .. } => &self.words().prove.title,
            AddressProofStage::Code { .. } => &self.words().prove.code_title,
        }
    }

    /// Where the form with the address goes.
    fn address_action(&self) -> &str {
        self.begins_at.unwrap_or("/prove/address")
    }

    fn reason_sentence(&self) -> Option<String> {
        let words = &self.words().prove;
        Some(match self.why? {
            AddressProofReason::NotConfirmed => fill(&words.why, &[("provider", self.provider)]),
            AddressProofReason::Known => words.why_known.clone(),
            AddressProofReason::SignIn => self.words().email_code.what.clone(),
        })
    }

    /// The sentence about the sent code, before and after the address.
    fn sent_sentence(&self) -> (String, String) {
        let words = &self.words().prove;
        let to_user_only = matches!(self.stage, AddressProofStage::Code { to_user_only: true, .. });
        let sentence = if to_user_only { &words.sent_to_users } else { &words.sent };
        let sent = fill(sentence, &[("count", &self.digits().to_string())]);
        let (before, after) = sent.split_once("{address}").unwrap_or((&sent, ""));
        (before.to_owned(), after.to_owned())
    }

    fn problem(&self) -> Option<AddressProofProblem> {
        match self.stage {
            AddressProofStage::Address { wrong, .. } | AddressProofStage::Code { wrong, .. } => wrong,
        }
    }

    fn problem_sentence(&self) -> Option<String> {
        let words = &self.words().prove;
        Some(match (self.problem()?, self.stage) {
            (AddressProofProblem::NotAnAddress, _) => words.not_an_address.clone(),
            (AddressProofProblem::TooManyMails { seconds }, _) => {
                fill(&words.too_many_mails, &[("wait", &self.words().waiting_time(seconds))])
            }
            (AddressProofProblem::Enough, _) => words.enough_mails.clone(),
            (AddressProofProblem::NotSent, _) => words.not_sent.clone(),
            (AddressProofProblem::WrongCode, AddressProofStage::Code { left, .. }) => {
                in_a_row(&words.wrong_code, &fill(&words.left, &[("count", &left.to_string())]))
            }
            (AddressProofProblem::WrongCode, AddressProofStage::Address { .. }) => words.wrong_code.clone(),
        })
    }

    /// Whether the field holds a wrong value.
    fn is_field_wrong(&self) -> bool {
        matches!(self.problem(), Some(AddressProofProblem::NotAnAddress | AddressProofProblem::WrongCode))
    }

    /// How many digits the code has.
    fn digits(&self) -> usize {
        match self.stage {
            AddressProofStage::Code { digits, .. } => digits,
            AddressProofStage::Address { .. } => 0,
        }
    }

    fn pattern(&self) -> String {
        DIGIT.repeat(self.digits()) + "[\\s\\-]*"
    }
}
