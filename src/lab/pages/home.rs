//! The first page of the lab: how logins go in a period, what fails and since when, and how the providers do.

use crate::counts::period::CountedPeriod;
use crate::lab::pages::frame::{LabFrame, LabProviderEntry};
use crate::lab::pages::lab_time::ShownMoment;
use crate::lab::pages::words::home::HomeWords;
use crate::lab::pages::words::texts::LabWords;
use crate::pages::ProviderIcon;
use crate::pages::phrases::fill;
use askama::Template;

/// The periods that can be chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum HomePeriod {
    Hour,
    #[default]
    Day,
    Week,
}

impl HomePeriod {
    const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Week];

    /// Its word in addresses.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.word() == word)
    }

    pub(crate) fn counted(self, now: i64) -> CountedPeriod {
        let (part, parts) = match self {
            Self::Hour => (300, 12),
            Self::Day => (3600, 24),
            Self::Week => (6 * 3600, 28),
        };
        CountedPeriod { now, part, parts }
    }

    fn title(self, words: &HomeWords) -> &str {
        match self {
            Self::Hour => &words.last_hour,
            Self::Day => &words.last_day,
            Self::Week => &words.last_week,
        }
    }

    fn short(self, words: &HomeWords) -> &str {
        match self {
            Self::Hour => &words.hour,
            Self::Day => &words.day,
            Self::Week => &words.week,
        }
    }
}

#[derive(Clone, Debug, Template)]
#[template(path = "home.html")]
pub(crate) struct HomePage<'a> {
    pub(crate) frame: LabFrame<'a>,
    pub(crate) period: HomePeriod,
    /// The time of this page.
    pub(crate) updated: String,
    /// The complaints about the settings.
    pub(crate) complaints: &'a [String],
    /// The folder of the provider files.
    pub(crate) folder: &'a str,
    /// How logins go; `None` where there was none.
    pub(crate) numbers: Option<HomeNumbers>,
    pub(crate) failures: Vec<FailuresOfProvider>,
    pub(crate) live: Vec<LiveProviderRow>,
    pub(crate) broken: Vec<BrokenFileRow>,
    pub(crate) dormant: Vec<LabProviderEntry>,
    /// The name of a provider that can be tested first.
    pub(crate) first: Option<&'a str>,
}

/// The numbers of all logins of a store, and what is said of them.
#[derive(Clone, Debug)]
pub(crate) struct HomeNumbers {
    pub(crate) share: Option<String>,
    pub(crate) of_ended: String,
    pub(crate) share_curve: String,
    pub(crate) failed: String,
    pub(crate) failed_bars: String,
    pub(crate) failed_note: Option<String>,
    pub(crate) cancelled: String,
    pub(crate) cancelled_bars: String,
    pub(crate) not_returned: String,
    pub(crate) not_returned_bars: String,
    pub(crate) not_returned_note: Option<String>,
}

/// The recent failures of one provider.
#[derive(Clone, Debug)]
pub(crate) struct FailuresOfProvider {
    pub(crate) icon: ProviderIcon,
    pub(crate) title: String,
    pub(crate) count: i64,
    pub(crate) note: Option<String>,
    pub(crate) causes: Vec<FailureCauseRow>,
}

/// Failures of one provider with one cause.
#[derive(Clone, Debug, Default)]
pub(crate) struct FailureCauseRow {
    pub(crate) href: Option<String>,
    pub(crate) title: String,
    pub(crate) is_english: bool,
    /// The step in which the logins failed.
    pub(crate) place: String,
    /// The line of the file that decided.
    pub(crate) line: Option<u32>,
    pub(crate) first: Option<ShownMoment>,
    pub(crate) last: Option<ShownMoment>,
    pub(crate) bars: String,
    pub(crate) count: i64,
    pub(crate) advice: FailureAdvice,
}

/// What support can do about failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum FailureAdvice {
    /// A proposal mends the file.
    ChangeReady,
    /// There are proposals, none of which changes the file.
    Guesses(usize),
    /// Support can tell the person what to do.
    Guide,
    /// It is what the settings or the file say.
    AsConfigured,
    /// It has not happened for a while.
    Over,
    /// The incident says what happened.
    #[default]
    Look,
}

/// A provider that shoppers can use.
#[derive(Clone, Debug)]
pub(crate) struct LiveProviderRow {
    pub(crate) icon: ProviderIcon,
    pub(crate) title: String,
    pub(crate) href: String,
    pub(crate) state: LiveProviderState,
    /// The state, and what is to be said besides.
    pub(crate) sentence: String,
    pub(crate) curve: String,
    pub(crate) share: Option<String>,
    pub(crate) p95: Option<String>,
}

/// How a live provider does, in the order in which they are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LiveProviderState {
    /// Its answers have changed.
    Changed,
    /// Logins fail, or people do not come back.
    Failing,
    Stable,
    /// Nobody has used it in the period.
    Unused,
}

/// A file that cannot be used.
#[derive(Clone, Debug)]
pub(crate) struct BrokenFileRow {
    pub(crate) icon: ProviderIcon,
    pub(crate) title: String,
    pub(crate) href: String,
    /// The line of the first complaint, and the complaint.
    pub(crate) line: Option<u32>,
    pub(crate) complaint: String,
    /// Whether an older version of it is in use.
    pub(crate) uses_older_version: bool,
}

impl HomePage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &'static LabWords {
        self.frame.words()
    }

    fn title(&self) -> &str {
        self.period.title(&self.words().home)
    }

    /// Address, title and whether it is shown, for each period.
    fn periods(&self) -> [(String, &str, bool); 3] {
        let words = &self.words().home;
        HomePeriod::ALL.map(|period| (format!("/lab?t={}", period.word()), period.short(words), period == self.period))
    }

    fn updated_sentence(&self) -> String {
        fill(&self.words().home.updated, &[("store", self.frame.store), ("time", &self.updated)])
    }

    fn live_heading(&self) -> String {
        fill(&self.words().home.live_what, &[("count", &self.live.len().to_string())])
    }

    /// How many of the live providers come before those that no login has used. A few more are no long list.
    fn used(&self) -> usize {
        const FEW: usize = 3;
        let used = self.live.iter().take_while(|row| row.state != LiveProviderState::Unused).count();
        if used == 0 || self.live.len() - used <= FEW { self.live.len() } else { used }
    }

    fn live_in_use(&self) -> &[LiveProviderRow] {
        self.live.get(..self.used()).unwrap_or_default()
    }

    /// Those that no login has used, where they are many.
    fn live_unused(&self) -> &[LiveProviderRow] {
        self.live.get(self.used()..).unwrap_or_default()
    }

    fn unused_heading(&self) -> String {
        fill(&self.words().home.unused_many, &[("count", &self.live_unused().len().to_string())])
    }

    fn dormant_heading(&self) -> String {
        fill(&self.words().home.dormant, &[("count", &self.dormant.len().to_string())])
    }

    fn is_without_providers(&self) -> bool {
        self.live.is_empty() && self.broken.is_empty() && self.dormant.is_empty()
    }
}

impl FailureCauseRow {
    pub(crate) fn times<'a>(&self, words: &'a HomeWords) -> &'a str {
        if self.count == 1 { &words.time } else { &words.times }
    }

    /// The text of its chip, and how it is drawn.
    pub(crate) fn chip(&self, words: &HomeWords) -> (String, &'static str) {
        match self.advice {
            FailureAdvice::ChangeReady => (words.change_ready.clone(), " good"),
            FailureAdvice::Guesses(1) => (words.guess.clone(), " warn"),
            FailureAdvice::Guesses(count) => (fill(&words.guesses, &[("count", &count.to_string())]), " warn"),
            FailureAdvice::Guide => (words.guide.clone(), " info"),
            FailureAdvice::AsConfigured => (words.as_configured.clone(), ""),
            FailureAdvice::Over => (words.over.clone(), ""),
            FailureAdvice::Look => (words.look.clone(), ""),
        }
    }

    pub(crate) fn since(&self, words: &HomeWords) -> Option<(String, String)> {
        self.first.as_ref().map(|first| split(&words.since, &first.text))
    }

    pub(crate) fn latest(&self, words: &HomeWords) -> Option<(String, String)> {
        self.last.as_ref().map(|last| split(&words.latest, &last.text))
    }
}

/// What stands in front of a moment, and the moment with what follows it.
fn split(phrase: &str, moment: &str) -> (String, String) {
    let (before, after) = phrase.split_once("{when}").unwrap_or((phrase, ""));
    (before.to_owned(), format!("{moment}{after}"))
}

impl LiveProviderState {
    /// The class that draws it, and the path of its shape.
    pub(crate) fn drawing(self) -> (&'static str, &'static str) {
        match self {
            Self::Changed => ("bad", "M5 5l10 10M15 5L5 15"),
            Self::Failing => ("warn", "M10 3l7.5 13.5h-15zM10 8v4M10 14.2h.01"),
            Self::Stable => ("good", "M4 10.5l4 4 8-9"),
            Self::Unused => ("quiet", "M4 10h12"),
        }
    }
}
