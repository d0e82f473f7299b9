//! The page that asks whether to erase the account, and the one that says that it is erased.

use crate::pages::frame::Frame;
use crate::pages::phrases::Phrases;
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "account_erase.html")]
pub(crate) struct ErasurePage<'a> {
    pub(crate) frame: Frame<'a>,
    /// The address by which the store knows the person.
    pub(crate) email: &'a str,
    /// The token that protects the form against other sites.
    pub(crate) form: &'a str,
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
        &words.erase_title
    }
}

#[derive(Clone, Debug, Template)]
#[template(path = "account_erased.html")]
pub(crate) struct ErasedPage<'a> {
    pub(crate) frame: Frame<'a>,
    /// The address of the store.
    pub(crate) continue_to: &'a str,
}

impl ErasedPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &Phrases {
        &self.frame.language.phrases
    }

    fn title(&self) -> &str {
        let words = &self.words().account;
        &words.erased_title
    }
}
