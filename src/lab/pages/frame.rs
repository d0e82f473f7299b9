//! The frame of every page of the lab: its parts, the search, and the languages; and the list of providers.

use crate::lab::pages::words::LabLanguage;
use crate::lab::pages::words::texts::LabWords;
use crate::pages::ProviderIcon;
use crate::pages::phrases::fill;
use crate::stores::catalogue::ProviderStatus;

#[derive(Clone, Debug)]
pub(crate) struct LabFrame<'a> {
    pub(crate) store: &'a str,
    pub(crate) language: &'static LabLanguage,
    /// The languages that a visitor can choose.
    pub(crate) languages: Vec<&'static LabLanguage>,
    /// The version of style and script, so that browsers load a new one.
    pub(crate) asset_version: &'a str,
    /// The path and query of this page.
    pub(crate) address: String,
    /// The part of the lab to which this page belongs.
    pub(crate) tab: LabTab,
    /// The token that protects the search against other sites.
    pub(crate) csrf_token: String,
    /// Whether the lab is open to everyone on this machine, who need not sign in.
    pub(crate) is_local: bool,
    /// All providers of the store; empty on pages that do not list them.
    pub(crate) groups: Vec<LabProviderGroup>,
    /// The address of this page's report for a ticket.
    pub(crate) report_href: Option<String>,
}

/// A part of the lab, with a tab in the bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LabTab {
    /// What fails now.
    Overview,
    /// All providers, and one of them.
    Providers,
    /// A provider's file as it is written.
    Editor,
}

impl LabTab {
    const ALL: [Self; 3] = [Self::Overview, Self::Providers, Self::Editor];

    fn href(self) -> &'static str {
        match self {
            Self::Overview => "/lab",
            Self::Providers => "/lab/providers",
            Self::Editor => "/lab/editor",
        }
    }
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
    /// The mark beside it.
    pub(crate) icon: ProviderIcon,
    /// The text of its button.
    pub(crate) title: String,
    /// Its page; a file that is not read has none.
    pub(crate) href: Option<String>,
    /// The variables and files that are not set.
    pub(crate) missing: Vec<String>,
    pub(crate) mistakes: usize,
    pub(crate) warnings: usize,
    /// Whether its answers have changed.
    pub(crate) has_drift: bool,
    /// What is to be said of the next version of its file.
    pub(crate) next_version: Option<String>,
    /// Whether an older version of the file is in use, because this one is broken.
    pub(crate) uses_older_version: bool,
    pub(crate) not_offered: Option<NotOfferedReason>,
    /// The last test login of this person.
    pub(crate) last_test: Option<LastTestSummary>,
    /// Why the file is not read.
    pub(crate) unread_reason: Option<String>,
}

/// Why shoppers do not see a provider although its file works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotOfferedReason {
    /// The file hides its button.
    NoButton,
    /// It is the playground, which only a store on loopback offers.
    Playground,
    /// The file switches it off.
    Off,
}

/// How a test login ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastTestSummary {
    /// The page that shows it.
    pub(crate) href: String,
    pub(crate) passed: bool,
    /// The step in which it failed, if it failed in a step.
    pub(crate) step: Option<String>,
}

/// A remark about a provider in the list.
pub(crate) struct ProviderRemark {
    pub(crate) text: String,
    pub(crate) is_problem: bool,
    /// Whether it is in English, whatever the page's language.
    pub(crate) is_english: bool,
}

impl LabFrame<'_> {
    pub(crate) fn words(&self) -> &'static LabWords {
        &self.language.words
    }

    /// Address and title of each part of the lab, and whether this page belongs to it.
    pub(crate) fn tabs(&self) -> [(&'static str, &str, bool); 3] {
        LabTab::ALL.map(|tab| (tab.href(), self.words().tab(tab), tab == self.tab))
    }

    pub(crate) fn in_language(&self, language: &LabLanguage) -> String {
        let sign = if self.address.contains('?') { '&' } else { '?' };
        format!("{}{sign}lang={}", self.address, language.code)
    }

    pub(crate) fn remarks(&self, entry: &LabProviderEntry) -> Vec<ProviderRemark> {
        let words = &self.words().list;
        let mut remarks = Vec::new();
        let mut add = |text: String, is_problem: bool| remarks.push(ProviderRemark { text, is_problem, is_english: false });
        let number =
            |one: &str, many: &str, count: usize| if count == 1 { one.to_owned() } else { fill(many, &[("count", &count.to_string())]) };
        if entry.mistakes > 0 {
            add(number(&words.mistake, &words.mistakes, entry.mistakes), true);
        }
        if entry.has_drift {
            add(self.words().drift.changed.clone(), true);
        }
        if let Some(note) = &entry.next_version {
            add(note.clone(), false);
        }
        if entry.uses_older_version {
            add(words.stale.clone(), false);
        }
        if entry.warnings > 0 {
            add(number(&words.warning, &words.warnings, entry.warnings), false);
        }
        if !entry.missing.is_empty() {
            let phrase = if entry.missing.len() == 1 { &words.waits } else { &words.waits_many };
            add(fill(phrase, &[("names", &entry.missing.join(", "))]), false);
        }
        match entry.not_offered {
            Some(NotOfferedReason::NoButton) => add(words.no_button.clone(), false),
            Some(NotOfferedReason::Playground) => add(words.playground.clone(), false),
            Some(NotOfferedReason::Off) => add(words.off.clone(), false),
            None => {}
        }
        match &entry.last_test {
            Some(LastTestSummary { passed: true, .. }) => add(words.passed.clone(), false),
            Some(LastTestSummary { step: Some(step), .. }) => add(fill(&words.failed_in, &[("step", step)]), true),
            Some(LastTestSummary { .. }) => add(words.failed.clone(), true),
            None => {}
        }
        if let Some(reason) = &entry.unread_reason {
            remarks.push(ProviderRemark { text: reason.clone(), is_problem: false, is_english: true });
        }
        remarks
    }
}
