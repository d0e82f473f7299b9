//! A provider of the catalogue: what is registered, put into the folder, set and tried, and what its file does.

use crate::lab::pages::file_standing::FileStanding;
use crate::lab::pages::frame::LabFrame;
use crate::lab::pages::words::texts::LabWords;
use crate::pages::ProviderIcon;
use crate::pages::frame::address;
use crate::pages::login::LoginInputField;
use crate::pages::phrases::fill;
use crate::stores::catalogue::ProviderStatus;
use crate::workbench::catalogue::page_block::{PageBlock, PageSpan};
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "catalogue_entry.html")]
pub(crate) struct CatalogueEntryPage<'a> {
    pub(crate) frame: LabFrame<'a>,
    /// The name of the file.
    pub(crate) name: &'a str,
    /// The text of its button.
    pub(crate) title: &'a str,
    pub(crate) icon: ProviderIcon,
    /// Its kind, and whose people it is for.
    pub(crate) kind: String,
    /// How sure the file is, since when, and by whom.
    pub(crate) how_sure: String,
    /// What takes the place of the file, and the page about that.
    pub(crate) superseded: Option<(Vec<PageSpan>, String)>,
    /// When a login last worked here.
    pub(crate) worked: Option<String>,
    /// The page where an application is registered, and the manual: text and address.
    pub(crate) links: Vec<(String, String)>,
    /// What is set up at the provider.
    pub(crate) set_up: Vec<PageSpan>,
    /// Whether that is in English, whatever the page's language.
    pub(crate) is_english: bool,
    pub(crate) redirect_address: String,
    /// The store's file of this name.
    pub(crate) here: Option<CatalogueFileHere>,
    pub(crate) values: Vec<CatalogueValue>,
    /// Why this store does not let the file read its values.
    pub(crate) refused: Vec<String>,
    /// What a person is asked before the login.
    pub(crate) asked: Option<String>,
    /// What is sent, what comes out, and what is good to know.
    pub(crate) sections: Vec<CatalogueSection>,
    /// The token that protects the form against other sites.
    pub(crate) csrf_token: &'a str,
}

/// The file of the store that has the name of one of the catalogue.
#[derive(Clone, Debug)]
pub(crate) struct CatalogueFileHere {
    pub(crate) path: String,
    pub(crate) standing: FileStanding,
    /// The fields that a shopper fills in before the login starts.
    pub(crate) inputs: Vec<LoginInputField>,
}

/// A variable or a file that the provider file reads.
#[derive(Clone, Debug)]
pub(crate) struct CatalogueValue {
    pub(crate) location: String,
    /// What it holds.
    pub(crate) meaning: Vec<PageSpan>,
    /// Whether it is set here; `None` where the file may not read it.
    pub(crate) is_set: Option<bool>,
}

/// A part of the page about the file.
#[derive(Clone, Debug)]
pub(crate) struct CatalogueSection {
    pub(crate) title: String,
    pub(crate) blocks: Vec<PageBlock>,
}

impl CatalogueSection {
    /// The parts, each of which begins with a heading.
    pub(crate) fn parts(blocks: Vec<PageBlock>) -> Vec<Self> {
        let mut sections: Vec<Self> = Vec::new();
        for block in blocks {
            match (block, sections.last_mut()) {
                (PageBlock::Heading(title), _) => sections.push(Self { title, blocks: Vec::new() }),
                (block, Some(section)) => section.blocks.push(block),
                (_, None) => {}
            }
        }
        sections
    }
}

impl CatalogueEntryPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &'static LabWords {
        self.frame.words()
    }

    fn state_name(&self, here: &CatalogueFileHere) -> &str {
        self.words().status(here.standing.status)
    }

    fn title(&self) -> &str {
        self.title
    }

    fn can_be_tested(&self) -> bool {
        self.here.as_ref().is_some_and(|here| here.standing.can_be_tested())
    }

    /// What the state of the store's file means.
    fn state_sentence(&self, here: &CatalogueFileHere) -> String {
        let words = self.words();
        here.standing.obstacle(words).unwrap_or_else(|| words.catalogue.offered.clone())
    }

    fn register_title(&self) -> String {
        fill(&self.words().catalogue.register, &[("name", self.title)])
    }

    fn href(&self, file: &str) -> String {
        address(&["lab", "catalogue", self.name, file], &[])
    }

    fn provider_address(&self) -> String {
        address(&["lab", self.name], &[])
    }

    fn test_address(&self) -> String {
        address(&["lab", self.name, "tests"], &[])
    }

    /// The editor with the text of the catalogue, or with the store's file.
    fn editor_address(&self) -> String {
        address(&["lab", "editor", self.name], &[("from", self.here.is_none().then_some(self.name))])
    }
}
