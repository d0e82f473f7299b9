//! The gallery: the provider files that the program holds, to choose from.

use crate::lab::pages::frame::LabFrame;
use crate::lab::pages::words::texts::LabWords;
use crate::pages::ProviderIcon;
use crate::pages::phrases::fill;
use crate::stores::catalogue::ProviderStatus;
use crate::workbench::catalogue::page_block::PageSpan;
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "catalogue.html")]
pub(crate) struct CataloguePage<'a> {
    pub(crate) frame: LabFrame<'a>,
    /// What was searched for.
    pub(crate) typed: &'a str,
    pub(crate) kinds: Vec<CatalogueChoice>,
    pub(crate) countries: Vec<CatalogueChoice>,
    /// Whether words, a kind or a country were chosen.
    pub(crate) is_narrowed: bool,
    pub(crate) groups: Vec<CatalogueGroup>,
}

/// A kind or a country that can be chosen.
#[derive(Clone, Debug)]
pub(crate) struct CatalogueChoice {
    pub(crate) value: String,
    pub(crate) name: String,
    pub(crate) is_chosen: bool,
}

/// Files under a heading.
#[derive(Clone, Debug)]
pub(crate) struct CatalogueGroup {
    /// The heading; none above what a search has found.
    pub(crate) title: Option<String>,
    pub(crate) rows: Vec<CatalogueRow>,
}

/// A file in the gallery.
#[derive(Clone, Debug)]
pub(crate) struct CatalogueRow {
    pub(crate) title: String,
    pub(crate) href: String,
    pub(crate) icon: ProviderIcon,
    /// Its kind and its countries, where they are named.
    pub(crate) note: String,
    /// What takes the place of the file.
    pub(crate) superseded: Option<Vec<PageSpan>>,
    /// Grade and day.
    pub(crate) grade: String,
    /// The state of the store's file of this name.
    pub(crate) status: Option<ProviderStatus>,
    /// The words by which the script finds it.
    pub(crate) found_by: String,
}

impl CataloguePage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &'static LabWords {
        self.frame.words()
    }

    fn state_name(&self, row: &CatalogueRow) -> &str {
        row.status.map_or("", |status| self.words().status(status))
    }

    fn title(&self) -> &str {
        &self.words().catalogue.title
    }

    fn count(&self) -> usize {
        self.groups.iter().map(|group| group.rows.len()).sum()
    }

    /// What the gallery is for, or how much was found.
    fn lead(&self) -> String {
        let words = &self.words().catalogue;
        let count = self.count();
        match (self.is_narrowed, count) {
            (false, _) => fill(&words.what, &[("count", &count.to_string())]),
            (true, 1) => words.found_one.clone(),
            (true, _) => fill(&words.found, &[("count", &count.to_string())]),
        }
    }
}
