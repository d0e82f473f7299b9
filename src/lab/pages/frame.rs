//! What stands around every page of the lab: the store, the search for codes, the languages, and all providers at the side.

use crate::lab::pages::words::{LabLanguage, LabWords};
use crate::pages::phrases::fill;

/// What every page of the lab needs to know.
#[derive(Clone, Debug)]
pub struct LabFrame<'a> {
    /// The store's name.
    pub store: &'a str,
    /// The language of the page.
    pub language: &'static LabLanguage,
    /// The languages that are offered.
    pub offered: Vec<&'static LabLanguage>,
    /// What changes when the style or the script does.
    pub version: &'a str,
    /// The address of this page.
    pub here: String,
    /// All providers, for the side; none on pages that are about no provider.
    pub groups: Vec<LabProviderGroup>,
    /// Where the report of this page is.
    pub report: Option<String>,
}

/// The providers in one state.
#[derive(Clone, Debug)]
pub struct LabProviderGroup {
    /// The word for the state.
    pub state: &'static str,
    /// The providers.
    pub entries: Vec<LabProviderEntry>,
}

/// A provider in the list.
#[derive(Clone, Debug, Default)]
pub struct LabProviderEntry {
    /// Its file's name.
    pub name: String,
    /// What its button says.
    pub title: String,
    /// Its page; a file that nobody reads has none.
    pub href: Option<String>,
    /// Whether this is its page.
    pub current: bool,
    /// The variables and files that it waits for.
    pub missing: Vec<String>,
    /// How many mistakes are in it.
    pub mistakes: usize,
    /// How many warnings there are about it.
    pub warnings: usize,
    /// Whether its answers have changed.
    pub drifts: bool,
    /// Whether an older version serves because this one is broken.
    pub stale: bool,
    /// Why it is nowhere, or has no button.
    pub apart: Option<NotOfferedReason>,
    /// What the last test of this person came to.
    pub last: Option<LastTestSummary>,
    /// What is said of a file that nobody reads.
    pub said: Option<String>,
}

/// Why a provider is not shown to shoppers although its file is fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOfferedReason {
    /// It has no button.
    NoButton,
    /// It is the playground, and the store is on the open net.
    Playground,
    /// The file says so.
    Off,
}

/// What a test came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastTestSummary {
    /// Where it is told.
    pub href: String,
    /// Whether it went well.
    pub passed: bool,
    /// The step in which it failed, if it was in one.
    pub step: Option<String>,
}

/// A remark behind a name in the list.
pub struct ProviderRemark {
    /// What is so.
    pub text: String,
    /// Whether something is wrong.
    pub bad: bool,
    /// Whether it is in English whatever the page's language.
    pub english: bool,
}

impl LabFrame<'_> {
    pub(crate) fn words(&self) -> &'static LabWords {
        &self.language.words
    }

    pub(crate) fn in_language(&self, language: &LabLanguage) -> String {
        let sign = if self.here.contains('?') { '&' } else { '?' };
        format!("{}{sign}lang={}", self.here, language.code)
    }

    /// How many there are of those that need somebody's hand.
    pub(crate) fn counts(&self) -> String {
        let count = |group: &LabProviderGroup| format!("{}: {}", self.words().state(group.state), group.entries.len());
        let wanted = self.groups.iter().filter(|group| matches!(group.state, "broken" | "dormant"));
        wanted.map(count).collect::<Vec<_>>().join(", ")
    }

    /// What is remarked about a provider in the list.
    pub(crate) fn remarks(&self, entry: &LabProviderEntry) -> Vec<ProviderRemark> {
        let words = &self.words().list;
        let mut remarks = Vec::new();
        let mut say = |text: String, bad: bool| remarks.push(ProviderRemark { text, bad, english: false });
        let number =
            |one: &str, many: &str, count: usize| if count == 1 { one.to_owned() } else { fill(many, &[("count", &count.to_string())]) };
        if entry.mistakes > 0 {
            say(number(&words.mistake, &words.mistakes, entry.mistakes), true);
        }
        if entry.drifts {
            say(self.words().drift.changed.clone(), true);
        }
        if entry.stale {
            say(words.stale.clone(), false);
        }
        if entry.warnings > 0 {
            say(number(&words.warning, &words.warnings, entry.warnings), false);
        }
        if !entry.missing.is_empty() {
            let phrase = if entry.missing.len() == 1 { &words.waits } else { &words.waits_many };
            say(fill(phrase, &[("names", &entry.missing.join(", "))]), false);
        }
        match entry.apart {
            Some(NotOfferedReason::NoButton) => say(words.nobutton.clone(), false),
            Some(NotOfferedReason::Playground) => say(words.playground.clone(), false),
            Some(NotOfferedReason::Off) => say(words.off.clone(), false),
            None => {}
        }
        match &entry.last {
            Some(LastTestSummary { passed: true, .. }) => say(words.passed.clone(), false),
            Some(LastTestSummary { step: Some(step), .. }) => say(fill(&words.failed_in, &[("step", step)]), true),
            Some(LastTestSummary { .. }) => say(words.failed.clone(), true),
            None => {}
        }
        if let Some(said) = &entry.said {
            remarks.push(ProviderRemark { text: said.clone(), bad: false, english: true });
        }
        remarks
    }
}
