//! The page on which a browser ends that was sent to a provider from a terminal. It says nothing of what came.

use crate::pages::frame::Frame;
use crate::pages::phrases::{Phrases, TriedPhrases};
use askama::Template;

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "tried.html")]
pub struct TriedPage<'a> {
    /// What stands around it.
    pub frame: Frame<'a>,
    /// Whether it is the answer for which the terminal waits.
    pub fits: bool,
}

impl TriedPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &Phrases {
        &self.frame.language.phrases
    }

    fn said(&self) -> &TriedPhrases {
        &self.words().tried
    }

    fn title(&self) -> &str {
        if self.fits { &self.said().title } else { &self.said().other_title }
    }

    fn what(&self) -> &str {
        if self.fits { &self.said().what } else { &self.said().other_what }
    }
}
