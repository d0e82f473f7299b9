//! The page that a browser shows at the end of a login that was started in a terminal. It shows nothing of the login.

use crate::pages::frame::Frame;
use crate::pages::phrases::{Phrases, TryCallbackPhrases};
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "try_callback.html")]
pub(crate) struct TryCallbackPage<'a> {
    pub(crate) frame: Frame<'a>,
    /// Whether the callback belongs to the login for which the terminal waits.
    pub(crate) fits: bool,
}

impl TryCallbackPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &Phrases {
        &self.frame.language.phrases
    }

    fn page_phrases(&self) -> &TryCallbackPhrases {
        &self.words().tried
    }

    fn title(&self) -> &str {
        if self.fits { &self.page_phrases().title } else { &self.page_phrases().other_title }
    }

    fn what(&self) -> &str {
        if self.fits { &self.page_phrases().what } else { &self.page_phrases().other_what }
    }
}
