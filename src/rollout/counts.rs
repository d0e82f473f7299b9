//! What was counted of one next version: what it would have read, and how the logins of both versions ended since it is there.

use crate::directory::next_versions::{NextCount, NextVersionKey};
use crate::login::error::LoginErrorCode;
use crate::provider::rollout::LoginShare;
use crate::rollout::comparison::{
    ComparedOutcome, ComparedPart, DifferenceStory, LoginComparison, LoginVersion, PartDifference, ReadDifference,
};
use crate::rollout::networks::CountedNetworks;
use crate::rollout::verdict::{DrawnLogins, EndedLogins, FEW, ShareVerdict, verdict};
use std::collections::BTreeMap;
use std::net::IpAddr;

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
/// The next version signs a person in whom the present one refuses, for another reason than that it cannot read the answers.
const PASSED_CHECK: &str = "a check is passed";
/// Stands before how a request differs.
const REQUEST: &str = "requests differ: ";
/// Stands before the share that pauses.
const IN_PAUSE: &str = "present signed in during pause, ";

/// How a login ended, as far as a version can be blamed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// Whether the storage does not hold yet that it was taken back.
    is_return_unsaved: bool,
    /// Whether what the storage holds of it has been read.
    pub(crate) is_read: bool,
    networks: CountedNetworks,
}

/// How the share of a next version stands that is neither taken back nor kept from logins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SharePhase {
    /// How often the share has paused.
    pub(crate) pauses: u8,
    /// Whether it pauses now.
    pub(crate) is_paused: bool,
}

/// What the end of a login changes for the share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShareChange {
    None,
    Paused,
    Resumed,
    TakenBack,
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
            let words = std::iter::once(difference.to_string()).chain(passes_check(difference, story).then(|| PASSED_CHECK.to_owned()));
            for word in words {
                let count = self.add(&word);
                (count.story, count.is_story_unsaved) = (serde_json::to_string(story).unwrap_or_default().into(), true);
            }
        }
    }

    /// In how many logins the next version signed a person in whom the present one refuses, and the last reason of those.
    pub(crate) fn passed_checks(&self) -> Option<(i64, Option<String>)> {
        let story: DifferenceStory = serde_json::from_str(&self.counts.get(PASSED_CHECK)?.story).unwrap_or_default();
        Some((self.count(PASSED_CHECK), story.code))
    }

    /// Counts how a login ended whose version was drawn with this share, unless its network has had its turn. While the share pauses,
    /// logins of the present version that were not drawn count as well.
    pub(crate) fn add_end(
        &mut self,
        (share, is_drawn): (LoginShare, bool),
        (version, end): (LoginVersion, LoginEnd),
        (network, now): (IpAddr, i64),
    ) -> ShareChange {
        let SharePhase { pauses, is_paused } = self.phase(share);
        let ends_pause = is_paused && (version, end) == (LoginVersion::Present, LoginEnd::SignedIn);
        // A login that was drawn before the pause and fails in it says nothing that the pause did not know.
        if self.returned.is_some() || !(ends_pause || is_drawn && !is_paused) || !self.networks.admits(network, version, end, now) {
            return ShareChange::None;
        }
        if is_paused {
            self.add(&word_of_pause(share, pauses));
        } else {
            self.add(&word_of_end(version, end, share, pauses));
        }
        match (is_paused, self.phase(share).is_paused) {
            (true, false) => ShareChange::Resumed,
            (false, true) => ShareChange::Paused,
            (false, false) if self.verdict(share) == ShareVerdict::TakenBack => {
                (self.returned, self.is_return_unsaved) = (Some(now), true);
                ShareChange::TakenBack
            }
            (true, true) | (false, false) => ShareChange::None,
        }
    }

    /// How a share of this size stands. Every broker finds the same by the same counts, so no message is needed.
    pub(crate) fn phase(&self, share: LoginShare) -> SharePhase {
        let mut pauses = 0_u8;
        loop {
            let last = [self.drawn(share, pauses)];
            if verdict(&last, pauses, true) != ShareVerdict::Pauses {
                return SharePhase { pauses, is_paused: false };
            }
            if self.count(&word_of_pause(share, pauses)) < FEW {
                return SharePhase { pauses, is_paused: true };
            }
            pauses = pauses.saturating_add(1);
        }
    }

    fn verdict(&self, share: LoginShare) -> ShareVerdict {
        let current = (share, self.phase(share).pauses);
        let mut draws: Vec<(LoginShare, u8)> = self.counts.keys().filter_map(|word| draw_of_word(word)).collect();
        draws.sort_unstable();
        draws.dedup();
        let earlier = draws.into_iter().filter(|draw| *draw != current);
        let all: Vec<DrawnLogins> = earlier.chain([current]).map(|(share, pauses)| self.drawn(share, pauses)).collect();
        verdict(&all, current.1, self.networks.fails_widely())
    }

    fn drawn(&self, share: LoginShare, pauses: u8) -> DrawnLogins {
        let count = |version, end| self.count(&word_of_end(version, end, share, pauses));
        let ended = |version| EndedLogins { succeeded: count(version, LoginEnd::SignedIn), failed: count(version, LoginEnd::Failed) };
        DrawnLogins { share: share.as_fraction(), present: ended(LoginVersion::Present), next: ended(LoginVersion::Next) }
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
        let count = |end| {
            let counted =
                self.counts.iter().filter(|(word, _)| draw_of_word(word).is_some() && word.starts_with(start_of_word(version, end)));
            counted.fold(0_i64, |sum, (_, count)| sum.saturating_add(count.stored).saturating_add(count.unsaved))
        };
        EndedLogins { succeeded: count(LoginEnd::SignedIn), failed: count(LoginEnd::Failed) }
    }

    /// Whether nothing of it waits to be stored.
    pub(crate) fn is_settled(&self) -> bool {
        !self.is_return_unsaved && self.counts.values().all(|count| count.unsaved == 0)
    }

    /// When it was taken back, if the storage does not hold that yet.
    pub(crate) fn unsaved_return(&self) -> Option<i64> {
        self.returned.filter(|_| self.is_return_unsaved)
    }

    /// The storage holds that it was taken back, and when.
    pub(crate) fn apply_return(&mut self, at: i64) {
        (self.returned, self.is_return_unsaved) = (Some(at), false);
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

/// Whether the present version refuses by a check, or by what the provider says, a login that the next one accepts. A refusal because an
/// answer cannot be read or did not come is neither.
fn passes_check(difference: &ReadDifference, story: &DifferenceStory) -> bool {
    let cannot_read = [
        LoginErrorCode::MissingFact,
        LoginErrorCode::MissingId,
        LoginErrorCode::MissingEmail,
        LoginErrorCode::Unreadable,
        LoginErrorCode::BadAddress,
        LoginErrorCode::BadHeader,
        LoginErrorCode::BadKey,
        LoginErrorCode::NoCode,
        LoginErrorCode::NoAnswer,
        LoginErrorCode::NoDocument,
        LoginErrorCode::Redirected,
        LoginErrorCode::TooSlow,
        LoginErrorCode::TooLong,
    ];
    let is_accepted = (&difference.part, difference.how) == (&ComparedPart::Login, PartDifference::Added);
    is_accepted && !story.code.as_deref().is_some_and(|code| cannot_read.iter().any(|cause| cause.word() == code))
}

/// The word of an end: its version, its outcome, and with which share the version was drawn after how many pauses.
fn word_of_end(version: LoginVersion, end: LoginEnd, share: LoginShare, pauses: u8) -> String {
    format!("{}, {share}, {pauses}", start_of_word(version, end))
}

/// The word of a login of the present version that signed in while this share paused.
fn word_of_pause(share: LoginShare, pauses: u8) -> String {
    format!("{IN_PAUSE}{share}, {pauses}")
}

fn start_of_word(version: LoginVersion, end: LoginEnd) -> &'static str {
    match (version, end) {
        (LoginVersion::Present, LoginEnd::SignedIn) => "present signed in",
        (LoginVersion::Present, LoginEnd::Failed) => "present failed",
        (LoginVersion::Next, LoginEnd::SignedIn) => "next signed in",
        (LoginVersion::Next, LoginEnd::Failed) => "next failed",
    }
}

/// With which share, after how many pauses, the logins of a word were drawn; `None` for other words.
fn draw_of_word(word: &str) -> Option<(LoginShare, u8)> {
    if word.starts_with(IN_PAUSE) {
        return None;
    }
    let (rest, pauses) = word.rsplit_once(", ")?;
    let (start, share) = rest.rsplit_once(", ")?;
    let is_end = ["present signed in", "present failed", "next signed in", "next failed"].contains(&start);
    if is_end { Some((LoginShare::parse(share)?, pauses.parse().ok()?)) } else { None }
}

#[cfg(test)]
mod tests;
