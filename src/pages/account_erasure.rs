//! The page that asks whether to erase the account, and then says that it is erased.

use crate::pages::frame::Frame;
use crate::pages::phrases::Phrases;
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "account_erase.html")]
pub(crate) struct ErasurePage<'a> {
    pub(crate) frame: Frame<'a>,
    pub(crate) stage: ErasureStage<'a>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum ErasureStage<'a> {
    /// The person is asked.
    Question {
        /// The address by which the store knows the person.
        email: &'a str,
        /// The token that protects the form against other sites.
        form: &'a str,
    },
    Erased {
        /// The address of the store.
        continue_to: &'a str,
    },
}

impl ErasurePage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &Phrases {
        &self.frame.language.phrases
    }

    fn title(&self) -> &str {
        let words = &self.words().account;
        match self.stage {
            ErasureStage::Question { .. } => &words.erase_title,
            ErasureStage::Erased { .. } => &words.erased_title,
        }
    }
}
