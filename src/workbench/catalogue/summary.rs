//! What lists show of each file of the catalogue, and how a file is found by words.

use crate::provider::listing::{BrokerAddresses, Country, Day, EvidenceGrade, Listing, ProviderKind};
use crate::provider::logo::{BrandMark, ProviderLogo};
use crate::vocabulary::site::host_of_address;
use crate::workbench::answers::keys::without_accent;
use crate::workbench::catalogue::CATALOGUE;
use crate::workbench::catalogue::gallery_phrases::{GALLERY_LANGUAGES, GalleryLanguage};
use crate::workbench::catalogue::sheet::CatalogueSheet;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// What a list shows of a file.
#[derive(Debug)]
pub(crate) struct CatalogueSummary {
    pub(crate) name: &'static str,
    pub(crate) title: Box<str>,
    pub(crate) kind: ProviderKind,
    pub(crate) countries: Vec<Country>,
    pub(crate) grade: EvidenceGrade,
    pub(crate) confirmed: Day,
    pub(crate) mark: Option<BrandMark>,
    /// The file that a new application takes in place of this one.
    pub(crate) superseded_by: Option<Box<str>>,
    /// The words by which it is found, in small letters without accents, besides its name and its title.
    words: String,
}

/// The files that stand in the catalogue: all but the playground, which is inside the program. They are compiled once.
static SUMMARIES: LazyLock<Vec<CatalogueSummary>> = LazyLock::new(|| {
    let mut all: Vec<CatalogueSummary> =
        CATALOGUE.iter().filter_map(|file| Some(summary(file.name, &CatalogueSheet::open(file.name)?))).collect();
    all.sort_by_key(|summary| (summary.title.to_lowercase(), summary.name));
    all
});

/// The files by title.
pub(crate) fn catalogue_summaries() -> &'static [CatalogueSummary] {
    &SUMMARIES
}

fn summary(name: &'static str, sheet: &CatalogueSheet) -> CatalogueSummary {
    let listing = &sheet.listing;
    let in_language = |language: &GalleryLanguage| {
        let countries = listing.countries.iter().map(|country| language.phrases.country(*country));
        std::iter::once(language.phrases.kind(listing.kind).to_owned()).chain(countries).collect::<Vec<_>>().join(" ")
    };
    let mut words: Vec<String> = GALLERY_LANGUAGES.iter().map(in_language).collect();
    words.push(listing.kind.word().to_owned());
    let pages = std::iter::once(&listing.manual).chain(&listing.register);
    words.extend(pages.map(|page| host_of_address(page).to_owned()));
    words.extend(sheet.hosts());
    words.extend(named_in_texts(listing));
    let mark = match &sheet.provider.logo {
        Some(ProviderLogo::Mark(mark)) => Some(*mark),
        Some(ProviderLogo::File(_)) | None => None,
    };
    CatalogueSummary {
        name,
        title: sheet.provider.title.clone(),
        kind: listing.kind,
        countries: listing.countries.clone(),
        grade: listing.evidence.grade,
        confirmed: listing.evidence.confirmed,
        mark,
        superseded_by: listing.superseded_by.clone(),
        words: plain(&words.join(" ")),
    }
}

/// What the notes and the set-up of a file name, such as other products that the file fits: each word with a capital letter, once.
fn named_in_texts(listing: &Listing) -> BTreeSet<String> {
    let texts = std::iter::once(&listing.set_up).chain(&listing.notes);
    let addresses = BrokerAddresses { public_url: "", redirect_uri: "" };
    let whole: Vec<String> =
        texts.flat_map(|text| GALLERY_LANGUAGES.iter().map(|language| text.filled(language.code, addresses))).collect();
    let words = whole.iter().flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric() && letter != '.'));
    let is_name = |word: &&str| word.len() > 3 && word.starts_with(char::is_uppercase) || word.trim_matches('.').contains('.');
    words.filter(is_name).map(|word| word.trim_matches('.').to_owned()).collect()
}

/// What narrows a list of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CatalogueFilter {
    pub(crate) kind: Option<ProviderKind>,
    /// Only files that are for the people of this country in particular.
    pub(crate) country: Option<Country>,
}

impl CatalogueFilter {
    pub(crate) fn fits(self, summary: &CatalogueSummary) -> bool {
        self.kind.is_none_or(|kind| summary.kind == kind) && self.country.is_none_or(|country| summary.countries.contains(&country))
    }
}

/// A text in small letters without accents.
fn plain(text: &str) -> String {
    text.to_lowercase().chars().map(without_accent).collect()
}

impl CatalogueSummary {
    /// The words by which it is found, besides its name and its title.
    pub(crate) fn found_by(&self) -> &str {
        &self.words
    }

    /// How well it fits a word: lower is better.
    fn rank(&self, word: &str) -> Option<u8> {
        let title = plain(&self.title);
        let letters = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>();
        let (name, asked) = (letters(self.name), letters(word));
        match () {
            () if self.name == word || title == word || name == asked => Some(0),
            () if title.starts_with(word) || name.starts_with(&asked) && !asked.is_empty() => Some(1),
            () if word.len() > 2 && (title.contains(word) || name.contains(&asked) && !asked.is_empty()) => Some(2),
            () if word.len() == 2 => self.countries.iter().any(|country| country.code().eq_ignore_ascii_case(word)).then_some(1),
            () if self.words.contains(word) => Some(3),
            () => None,
        }
    }
}

/// What lists show of the file of this name, if it stands in the catalogue.
pub(crate) fn catalogue_summary(name: &str) -> Option<&'static CatalogueSummary> {
    catalogue_summaries().iter().find(|summary| summary.name == name)
}

/// The files that fit all of the words, the best first, and of those that fit as well, those for new applications.
pub(crate) fn search(words: &str) -> Vec<&'static CatalogueSummary> {
    let words: Vec<String> = words.split_whitespace().map(plain).collect();
    let rank = |summary: &CatalogueSummary| words.iter().map(|word| summary.rank(word)).collect::<Option<Vec<u8>>>();
    let mut found: Vec<_> = catalogue_summaries().iter().filter_map(|summary| Some((rank(summary)?, summary))).collect();
    found.sort_by_key(|(ranks, summary)| (ranks.iter().map(|rank| u32::from(*rank)).sum::<u32>(), summary.superseded_by.is_some()));
    found.into_iter().map(|(_, summary)| summary).collect()
}
