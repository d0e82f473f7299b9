//! All providers of the store, with what they wait for and what is wrong with them.

use crate::lab::pages::frame::LabFrame;
use crate::lab::pages::words::LabWords;
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "list.html")]
pub(crate) struct ProviderListPage<'a> {
    /// What stands around it; its groups are what it lists.
    pub(crate) frame: LabFrame<'a>,
    /// The folder of the provider files.
    pub(crate) folder: &'a str,
    /// What is wrong with the settings.
    pub(crate) complaints: &'a [String],
}

impl ProviderListPage<'_> {
    /// The page as HTML.
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &'static LabWords {
        self.frame.words()
    }

    fn title(&self) -> &str {
        if self.frame.groups.is_empty() { &self.words().list.empty } else { &self.words().list.title }
    }
}
