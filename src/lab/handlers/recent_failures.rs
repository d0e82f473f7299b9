//! Failed logins by provider and cause: how many the counts know, and what the stories that are kept say of them.

use crate::choice;
use crate::counts::OTHER_CAUSES;
use crate::counts::period::{CountSeries, CountedCause, CountedPeriod, PeriodCounts};
use crate::directory::StorageUnavailable;
use crate::directory::incidents::{ListIncidents, StoredIncident};
use crate::lab::pages::frame::{LabProviderEntry, LabProviderGroup};
use crate::lab::pages::home::{FailureAdvice, FailureCauseRow, FailuresOfProvider};
use crate::lab::pages::lab_time::LabTime;
use crate::lab::pages::spark;
use crate::lab::pages::words::LabLanguage;
use crate::lab::pages::words::texts::LabWords;
use crate::pages::ProviderIcon;
use crate::pages::frame::address;
use crate::pages::phrases::fill;
use crate::provider::email_code::EMAIL_CODE;
use crate::provider::passkey::PASSKEY;
use crate::story::Story;
use crate::vocabulary::diagnostic::printable;
use crate::web::login_counts::{CALLBACK, IDENTITY};
use crate::web::request_context::RequestContext;
use std::collections::BTreeMap;

/// How many of the newest stories are read at most.
const MOST_STORIES: i64 = 500;
/// A cause that was not seen for so long is over, in seconds.
const OVER: i64 = 3600;

choice! {
    /// The causes of failures about which support can tell the person what to do.
    enum GuidedCause {
        Lost = "lost",
        AlreadyUsed = "alreadyUsed",
        ProofOver = "proofOver",
        Expired = "expired",
        BadCallback = "badCallback",
        BadState = "badState",
        AddressTaken = "addressTaken",
        AddressReassigned = "addressReassigned",
        Detached = "detached",
        LinkedElsewhere = "linkedElsewhere",
        SignedOut = "signedOut",
    }
}

choice! {
    /// The causes of failures that the settings or the file wants so.
    enum ConfiguredCause {
        UnprovenEmail = "unprovenEmail",
        NoAddress = "noAddress",
        NotAllowed = "notAllowed",
        Blocked = "blocked",
    }
}

/// A story that is kept.
pub(crate) struct KeptStory {
    pub(crate) code: Box<str>,
    pub(crate) at: i64,
    pub(crate) story: Story,
}

/// The stories of the store in a span of time, the newest first, without test logins.
pub(crate) async fn kept_stories(context: &RequestContext, (since, until): (i64, i64)) -> Result<Vec<KeptStory>, StorageUnavailable> {
    let list = ListIncidents { store: context.live_store().store.name.clone(), since, until, most: MOST_STORIES };
    let read = |kept: StoredIncident| {
        let story = serde_json::from_str::<Story>(&kept.story).ok().filter(|story| !story.test)?;
        Some(KeptStory { code: kept.code, at: kept.at, story })
    };
    Ok(context.app().directory.read(list).await?.into_iter().filter_map(read).collect())
}

/// What the rows of failures are made from.
pub(crate) struct FailureSources<'a> {
    pub(crate) counts: &'a PeriodCounts,
    pub(crate) stories: &'a [KeptStory],
    pub(crate) groups: &'a [LabProviderGroup],
    pub(crate) clock: LabTime,
    pub(crate) words: &'static LabWords,
}

impl FailureSources<'_> {
    /// The failures by provider; those with the most come first.
    pub(crate) fn by_provider(&self, period: Option<CountedPeriod>) -> Vec<FailuresOfProvider> {
        let mut providers: BTreeMap<&str, Vec<FailureCauseRow>> = BTreeMap::new();
        for (cause, series) in &self.counts.causes {
            providers.entry(&cause.provider).or_default().push(self.row(cause, series, period));
        }
        let group = |(name, mut causes): (&str, Vec<FailureCauseRow>)| {
            causes.sort_by_key(|cause| (cause.advice == FailureAdvice::Over, -cause.count));
            let (title, icon, _) = self.named(name);
            let drift = self.entry(name).filter(|entry| entry.has_drift).map(|_| self.words.drift.changed.clone());
            FailuresOfProvider { icon, title, count: causes.iter().map(|cause| cause.count).sum(), note: drift, causes }
        };
        let mut groups: Vec<FailuresOfProvider> = providers.into_iter().map(group).collect();
        groups.sort_by_key(|group| -group.count);
        groups
    }

    fn entry(&self, name: &str) -> Option<&LabProviderEntry> {
        self.groups.iter().flat_map(|group| &group.entries).find(|entry| entry.name == name)
    }

    /// Title, icon and page of a provider, or of another kind of sign-in.
    pub(crate) fn named(&self, name: &str) -> (String, ProviderIcon, Option<String>) {
        let words = &self.words.home;
        let title = match name {
            EMAIL_CODE => words.by_code.clone(),
            PASSKEY => words.by_passkey.clone(),
            name => match self.entry(name) {
                Some(entry) => return (entry.title.clone(), entry.icon.clone(), entry.href.clone()),
                None => printable(name),
            },
        };
        let icon = ProviderIcon::new(name, &title, None);
        (title, icon, None)
    }

    fn row(&self, cause: &CountedCause, series: &CountSeries, period: Option<CountedPeriod>) -> FailureCauseRow {
        let stories: Vec<&KeptStory> = self.stories.iter().filter(|kept| is_of(&kept.story, cause)).collect();
        let has_change = |kept: &&&KeptStory| kept.story.proposals.iter().any(|proposal| proposal.change.is_some());
        let shown = stories.iter().find(has_change).or(stories.first()).copied();
        let (name, _, page) = self.named(&cause.provider);
        let (title, is_english) = self.title(cause, &name, shown);
        let counted = period.and_then(|period| counted_moments(series, period));
        let last = stories.first().map(|kept| kept.at).or(counted.map(|(_, last)| last));
        let first = stories.last().map(|kept| kept.at).into_iter().chain(counted.map(|(first, _)| first)).min();
        FailureCauseRow {
            href: shown.map(|kept| address(&["lab", "incidents", &kept.code], &[])).or(page),
            title,
            is_english,
            place: self.place(&cause.step),
            line: shown.and_then(|kept| kept.story.line),
            first: first.map(|first| self.clock.moment(first, &self.words.time)),
            last: last.map(|last| self.clock.ago(last, &self.words.time)),
            bars: if period.is_some() { spark::bars(&series.0) } else { String::new() },
            count: series.total(),
            advice: self.advice(cause, shown, last),
        }
    }

    /// The cause as a sentence, and whether it is in English. The provider's own codes have none, and the story of a newer cause is English.
    fn title(&self, cause: &CountedCause, name: &str, shown: Option<&KeptStory>) -> (String, bool) {
        if let Some(sentence) = self.words.what_fails(&cause.code, name) {
            return (sentence, false);
        }
        if *cause.code == *OTHER_CAUSES {
            return (self.words.home.other_causes.clone(), false);
        }
        if let Some(kept) = shown.filter(|kept| !kept.story.by_provider)
            && let Some(message) = &kept.story.message
        {
            return (printable(message), true);
        }
        (fill(&self.words.home.answered, &[("name", name), ("code", &printable(&cause.code))]), false)
    }

    /// Why the login of a story failed, as a sentence, and whether it is in English.
    pub(crate) fn story_title(&self, kept: &KeptStory) -> (String, bool) {
        let code = kept.story.code.as_deref().unwrap_or_default();
        let cause = CountedCause { provider: kept.story.provider.as_str().into(), step: "".into(), code: code.into() };
        self.title(&cause, &self.named(&kept.story.provider).0, Some(kept))
    }

    fn place(&self, step: &str) -> String {
        match step {
            CALLBACK => self.words.test.callback.clone(),
            IDENTITY => self.words.test.identity.clone(),
            step => printable(step),
        }
    }

    fn advice(&self, cause: &CountedCause, shown: Option<&KeptStory>, last: Option<i64>) -> FailureAdvice {
        let proposals = shown.map(|kept| &*kept.story.proposals).unwrap_or_default();
        if proposals.iter().any(|proposal| proposal.change.is_some()) {
            return FailureAdvice::ChangeReady;
        }
        if GuidedCause::named(&cause.code).is_some() {
            return FailureAdvice::Guide;
        }
        if ConfiguredCause::named(&cause.code).is_some() {
            return FailureAdvice::AsConfigured;
        }
        if last.is_some_and(|last| self.clock.now.saturating_sub(last) > OVER) {
            return FailureAdvice::Over;
        }
        if proposals.is_empty() { FailureAdvice::Look } else { FailureAdvice::Guesses(proposals.len()) }
    }
}

/// Whether a story tells of a failure with this cause.
fn is_of(story: &Story, cause: &CountedCause) -> bool {
    let is_step = match story.step.as_deref() {
        Some(step) => *step == *cause.step,
        None => matches!(&*cause.step, CALLBACK | IDENTITY),
    };
    *story.provider == *cause.provider && story.code.as_deref() == Some(&*cause.code) && is_step
}

/// About when the first and the last failure of a cause were, as the parts of the period say it.
fn counted_moments(series: &CountSeries, period: CountedPeriod) -> Option<(i64, i64)> {
    let first = series.0.iter().position(|count| *count > 0)?;
    let last = series.0.iter().rposition(|count| *count > 0)?;
    let begins = |at: usize| period.since() + period.part * i64::try_from(at).unwrap_or_default();
    Some((begins(first), (begins(last) + period.part).min(period.now)))
}

/// The clock of the staff, whose browser may have named its zone by the lab's script.
pub(crate) fn lab_time(context: &RequestContext) -> LabTime {
    let zone = context.cookies().unique(ZONE_COOKIE).and_then(LabTime::read_zone);
    LabTime { now: context.now(), zone }
}

/// The cookie that the lab's script sets.
const ZONE_COOKIE: &str = "lab_zone";

/// The words of the lab in the language of the staff.
pub(crate) fn lab_words(context: &RequestContext) -> &'static LabWords {
    &LabLanguage::for_code(&context.language().code).words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(step: &str, code: &str) -> CountedCause {
        CountedCause { provider: "acme".into(), step: step.into(), code: code.into() }
    }

    fn story(step: Option<&str>, code: &str) -> Story {
        Story { provider: "acme".to_owned(), step: step.map(str::to_owned), code: Some(code.to_owned()), ..Story::default() }
    }

    #[test]
    fn a_story_belongs_to_the_failures_of_its_provider_step_and_code() {
        let of_info = cause("getUserInfo", "missingFact");

        assert!(is_of(&story(Some("getUserInfo"), "missingFact"), &of_info));
        assert!(!is_of(&story(Some("getAccessCode"), "missingFact"), &of_info) && !is_of(&story(None, "missingFact"), &of_info));
        assert!(!is_of(&Story { provider: "beta".to_owned(), ..story(Some("getUserInfo"), "missingFact") }, &of_info));
        assert!(is_of(&story(None, "missingEmail"), &cause("identity", "missingEmail")));
    }

    #[test]
    fn without_a_story_the_parts_of_the_period_say_when_it_was() {
        let period = CountedPeriod { now: 7000, part: 600, parts: 4 };
        let series = |counts: &[i64]| CountSeries(counts.to_vec());

        assert_eq!(period.since(), 4800);
        assert_eq!(counted_moments(&series(&[0, 2, 1, 0]), period), Some((5400, 6600)));
        assert_eq!(counted_moments(&series(&[0, 0, 0, 1]), period), Some((6600, 7000)));
        assert_eq!(counted_moments(&series(&[0, 0, 0, 0]), period), None);
    }

    #[test]
    fn every_cause_of_which_support_is_told_has_a_sentence() {
        let words = &LabLanguage::for_code("en").words.happened;
        assert!(GuidedCause::WORDS.iter().chain(ConfiguredCause::WORDS).all(|code| words.contains_key(*code)));
    }
}
