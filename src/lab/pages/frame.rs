//! What stands around every page of the lab: the store, the search for codes, the languages, and all providers at the side.

use crate::lab::pages::words::{LabLanguage, LabWords};
use crate::pages::phrases::fill;
use crate::stores::catalogue::ProviderStatus;

/// What every page of the lab needs to know.
#[derive(Clone, Debug)]
pub(crate) struct LabFrame<'a> {
    pub(crate) store: &'a str,
    /// The language of the page.
    pub(crate) language: &'static LabLanguage,
    /// The languages that are offered.
    pub(crate) offered: Vec<&'static LabLanguage>,
    /// What changes when the style or the script does.
    pub(crate) version: &'a str,
    /// The address of this page.
    pub(crate) here: String,
    /// All providers, for the side; none on pages that are about no provider.
    pub(crate) groups: Vec<LabProviderGroup>,
    /// Where the report of this page is.
    pub(crate) report: Option<String>,
}

/// The providers in one state.
#[derive(Clone, Debug)]
pub(crate) struct LabProviderGroup {
    pub(crate) status: ProviderStatus,
    pub(crate) entries: Vec<LabProviderEntry>,
}

/// A provider in the list.
#[derive(Clone, Debug, Default)]
pub(crate) struct LabProviderEntry {
    pub(crate) name: String,
    /// What its button says.
    pub(crate) title: String,
    /// Its page; a file that nobody reads has none.
    pub(crate) href: Option<String>,
    /// Whether this is its page.
    pub(crate) current: bool,
    /// The variables and files that it waits for.
    pub(crate) missing: Vec<String>,
    /// How many mistakes are in it.
    pub(crate) mistakes: usize,
    /// How many warnings there are about it.
    pub(crate) warnings: usize,
    /// Whether its answers have changed.
    pub(crate) drifts: bool,
    /// Whether an older version serves because this one is broken.
    pub(crate) stale: bool,
    /// Why it is nowhere, or has no button.
    pub(crate) apart: Option<NotOfferedReason>,
    /// What the last test of this person came to.
    pub(crate) last: Option<LastTestSummary>,
    /// What is said of a file that nobody reads.
    pub(crate) said: Option<String>,
}

/// Why a provider is not shown to shoppers although its file is fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotOfferedReason {
    /// It has no button.
    NoButton,
    /// It is the playground, and the store is on the open net.
    Playground,
    /// The file says so.
    Off,
}

/// What a test came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastTestSummary {
    /// Where it is told.
    pub(crate) href: String,
    /// Whether it went well.
    pub(crate) passed: bool,
    /// The step in which it failed, if it was in one.
    pub(crate) step: Option<String>,
}

/// A remark behind a name in the list.
pub(crate) struct ProviderRemark {
    pub(crate) text: String,
    /// Whether something is wrong.
    pub(crate) bad: bool,
    /// Whether it is in English whatever the page's language.
    pub(crate) english: bool,
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
        let count = |group: &LabProviderGroup| format!("{}: {}", self.words().status(group.status), group.entries.len());
        let wanted = self.groups.iter().filter(|group| matches!(group.status, ProviderStatus::Broken | ProviderStatus::Dormant));
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
