//! The page with all providers of the store, and with what is wrong with the settings.

use crate::lab::pages::frame::LabFrame;
use crate::lab::pages::words::texts::LabWords;
use crate::pages::ProviderIcon;
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "provider_list.html")]
pub(crate) struct ProviderListPage<'a> {
    /// The frame, whose groups are the list.
    pub(crate) frame: LabFrame<'a>,
    /// The folder of the provider files.
    pub(crate) folder: &'a str,
    /// The complaints about the settings.
    pub(crate) complaints: &'a [String],
}

impl ProviderListPage<'_> {
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
