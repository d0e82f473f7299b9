//! What was counted of one next version: what it would have read, and how the logins of both versions ended since it is there.

use crate::directory::next_versions::{NextCount, NextVersionKey};
use crate::rollout::comparison::{ComparedOutcome, DifferenceStory, LoginComparison, LoginVersion, ReadDifference};
use crate::rollout::verdict::EndedLogins;
use std::collections::BTreeMap;

/// How many different requests of a version are counted by their own words.
const MOST_REQUESTS: usize = 30;
/// Both versions read the same from a login.
const MATCHED: &str = "matched";
/// They read something else.
const DIFFERED: &str = "differed";
/// The next version sends other requests, so the login could not be compared as a whole.
const OTHER_REQUESTS: &str = "incomparable";
/// The login could not be read once more.
const NOT_REPEATABLE: &str = "unrepeatable";
/// Both versions read the same id.
const SAME_ID: &str = "same id";
/// Stands before how a request differs.
const REQUEST: &str = "requests differ: ";

/// How a login ended, as far as a version can be blamed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginEnd {
    SignedIn,
    Failed,
}

/// The counts of one next version.
#[derive(Clone, Debug, Default)]
pub struct NextVersionCounts {
    counts: BTreeMap<Box<str>, CountOfWord>,
    /// When it was taken back.
    pub(crate) returned: Option<i64>,
}

/// How often a word was counted.
#[derive(Clone, Debug, Default)]
struct CountOfWord {
    stored: i64,
    unsaved: i64,
    unreported: i64,
    story: Box<str>,
    is_story_unsaved: bool,
}

impl NextVersionCounts {
    /// Counts the comparison of a login.
    pub(crate) fn add_comparison(&mut self, comparison: &LoginComparison) {
        self.add(match comparison.outcome {
            ComparedOutcome::NotRepeatable => NOT_REPEATABLE,
            ComparedOutcome::OtherRequests => OTHER_REQUESTS,
            ComparedOutcome::Whole if comparison.differences.is_empty() => MATCHED,
            ComparedOutcome::Whole => DIFFERED,
        });
        if comparison.same_id {
            self.add(SAME_ID);
        }
        for difference in &comparison.requests {
            let word = format!("{REQUEST}{difference}");
            if self.counts.contains_key(&*word) || self.differing_requests().count() < MOST_REQUESTS {
                self.add(&word);
            }
        }
        for (difference, story) in &comparison.differences {
            let count = self.add(&difference.to_string());
            (count.story, count.is_story_unsaved) = (serde_json::to_string(story).unwrap_or_default().into(), true);
        }
    }

    /// Counts how a login of a version ended.
    pub(crate) fn add_end(&mut self, version: LoginVersion, end: LoginEnd) {
        self.add(word_of_end(version, end));
    }

    fn add(&mut self, word: &str) -> &mut CountOfWord {
        let count = self.counts.entry(word.into()).or_default();
        count.unsaved = count.unsaved.saturating_add(1);
        count.unreported = count.unreported.saturating_add(1);
        count
    }

    fn count(&self, word: &str) -> i64 {
        self.counts.get(word).map_or(0, |count| count.stored.saturating_add(count.unsaved))
    }

    /// How many logins both versions read alike.
    pub fn matched(&self) -> i64 {
        self.count(MATCHED)
    }

    /// How many they read differently.
    pub fn differed(&self) -> i64 {
        self.count(DIFFERED)
    }

    /// How many could not be compared as a whole.
    pub fn incomparable(&self) -> i64 {
        self.count(OTHER_REQUESTS).saturating_add(self.count(NOT_REPEATABLE))
    }

    /// In how many logins both versions read the same id.
    pub fn same_ids(&self) -> i64 {
        self.count(SAME_ID)
    }

    /// What differs, how often, and where it was seen last.
    pub fn differences(&self) -> Vec<(ReadDifference, i64, DifferenceStory)> {
        let one = |word: &str, count: &CountOfWord| {
            let story = serde_json::from_str(&count.story).unwrap_or_default();
            Some((ReadDifference::named(word)?, count.stored.saturating_add(count.unsaved), story))
        };
        let mut all: Vec<_> = self.counts.iter().filter_map(|(word, count)| one(word, count)).collect();
        all.sort_by(|one, other| one.0.cmp(&other.0));
        all
    }

    /// Whether both versions have read different ids from one login.
    pub(crate) fn has_other_ids(&self) -> bool {
        self.counts.keys().filter_map(|word| ReadDifference::named(word)).any(|difference| difference.is_about_ids())
    }

    /// How the requests differ, such as `getUserInfo: address`.
    pub fn differing_requests(&self) -> impl Iterator<Item = &str> {
        self.counts.keys().filter_map(|word| word.strip_prefix(REQUEST))
    }

    /// How the logins of a version ended while a share of them went through the next version.
    pub fn ended(&self, version: LoginVersion) -> EndedLogins {
        let count = |end| self.count(word_of_end(version, end));
        EndedLogins { succeeded: count(LoginEnd::SignedIn), failed: count(LoginEnd::Failed) }
    }

    /// Takes the counts to add to the storage. They count as stored from here on.
    pub(crate) fn take_unsaved(&mut self, of: &NextVersionKey) -> Vec<NextCount> {
        let mut unsaved = Vec::new();
        for (word, count) in self.counts.iter_mut().filter(|(_, count)| count.unsaved != 0) {
            let added = std::mem::take(&mut count.unsaved);
            count.stored = count.stored.saturating_add(added);
            let story = if std::mem::take(&mut count.is_story_unsaved) { count.story.clone() } else { "".into() };
            unsaved.push(NextCount { of: of.clone(), what: word.clone(), count: added, story });
        }
        unsaved
    }

    /// Takes a count back that could not be stored.
    pub(crate) fn restore(&mut self, lost: &NextCount) {
        let count = self.counts.entry(lost.what.clone()).or_default();
        count.stored = count.stored.saturating_sub(lost.count);
        count.unsaved = count.unsaved.saturating_add(lost.count);
        count.is_story_unsaved |= !lost.story.is_empty();
    }

    /// Takes over what the storage says.
    pub(crate) fn apply_stored(&mut self, stored: &NextCount) {
        let count = self.counts.entry(stored.what.clone()).or_default();
        count.stored = stored.count;
        if !count.is_story_unsaved {
            count.story.clone_from(&stored.story);
        }
    }

    /// What was compared since the last call, by the words of the metrics.
    pub(crate) fn take_unreported(&mut self) -> Vec<(Box<str>, u64)> {
        let of_comparison = |word: &str| matches!(word, MATCHED | OTHER_REQUESTS | NOT_REPEATABLE) || ReadDifference::named(word).is_some();
        let taken = self.counts.iter_mut().filter(|(word, _)| of_comparison(word));
        let taken = taken.map(|(word, count)| (word.clone(), u64::try_from(std::mem::take(&mut count.unreported)).unwrap_or_default()));
        taken.filter(|(_, count)| *count > 0).collect()
    }
}

fn word_of_end(version: LoginVersion, end: LoginEnd) -> &'static str {
    match (version, end) {
        (LoginVersion::Present, LoginEnd::SignedIn) => "present signed in",
        (LoginVersion::Present, LoginEnd::Failed) => "present failed",
        (LoginVersion::Next, LoginEnd::SignedIn) => "next signed in",
        (LoginVersion::Next, LoginEnd::Failed) => "next failed",
    }
}
