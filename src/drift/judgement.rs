//! Whether a value that was found nearly always is now missed: the judgement over one stream of found and missed.
//!
//! **Expectation.** How often the value was found and missed so far, over all brokers of a storage; large counts are halved from
//! time to time. The expected share of misses is deliberately too high, `(missed + 4) / (answers + 4)`, and at least one in a
//! hundred, so that a new provider causes no surprise. Nothing is judged before [`LEARNS`] answers.
//!
//! **Surprise.** The weight of an answer is how much likelier it is if the value is broken than under the expectation. The
//! logarithms are added, and the sum never falls below zero (Page's cumulative sum). Chance reaches a sum of `h` about once in
//! `e^h` answers, wherever the counting starts, so no window is needed:
//!
//! * A value that at most three people in a hundred lack counts as broken if four of five lack it, and [`ALARM`] is enough: once
//!   in `e^25` answers, about one in 72 thousand million, and below one in a million even if the shares are somewhat wrong. A loss
//!   for all people takes six to fourteen answers, a loss for half of them about twenty. A group of whom a quarter lacks the
//!   value, such as the people of one tenant, makes the sum fall.
//! * A value that more people lack is optional. It counts as broken only if it is missing for all people: the expectation is
//!   raised by a quarter, the sum has to reach [`ALARM_FOR_SOME`], and that takes a day and a hundred or more people without it.
//!   A value that more than seven in ten people lack is not judged. This is deliberately rather too silent than too loud: people
//!   may leave out an avatar, and a false warning makes the next one unread. The cost is that the loss of an optional value is
//!   reported a day late, or is visible only in the metric.
//!
//! While the sum is above zero, answers are not learned; when it falls back they are, so that a slow change becomes the
//! expectation and a break does not. A person who tries again and again brings the same answer, which has a fifth of the weight.
//!
//! **Recovery.** The same sum in the other direction: about twenty good readings in a row, or more with misses among them.

/// The number of answers before anything is judged.
pub(crate) const LEARNS: i64 = 30;
/// The sum at which a value is broken that nearly all people had.
pub(crate) const ALARM: f64 = 25.0;
/// The sum at which an optional value is broken.
pub(crate) const ALARM_FOR_SOME: f64 = 60.0;
/// The sum of good readings at which a value has recovered.
const WELL: f64 = 32.0;
/// How long an optional value has to be missing, in seconds.
const DAY: i64 = 86_400;
/// A value that a larger share of people lacks is optional.
const FEW: f64 = 0.03;
/// A value that a larger share of people lacks is not judged.
const MOST: f64 = 0.7;

/// How often a value was found and missed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DriftCount {
    pub(crate) found: i64,
    pub(crate) missed: i64,
}

impl DriftCount {
    pub(crate) fn add(&mut self, found: bool) {
        if found { self.found += 1 } else { self.missed += 1 }
    }

    #[must_use]
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { found: self.found + other.found, missed: self.missed + other.missed }
    }

    pub(crate) fn answers(self) -> i64 {
        self.found + self.missed
    }

    /// The share that was found; 1 without answers.
    pub(crate) fn share(self) -> f64 {
        if self.answers() == 0 { 1.0 } else { to_f64(self.found) / to_f64(self.answers()) }
    }
}

fn to_f64(number: i64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// A change of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthChange {
    /// The value is missed.
    Broken,
    /// The value is found again.
    Well,
}

/// One stream of found and missed.
#[derive(Clone, Debug, Default)]
pub(crate) struct DriftStream {
    /// The count in the storage.
    pub(crate) stored: DriftCount,
    /// The count since the last save.
    pub(crate) unsaved: DriftCount,
    /// The count since the last report to the metrics.
    pub(crate) unreported: DriftCount,
    /// When it broke.
    pub(crate) broken: Option<i64>,
    /// The answers that are not learned yet: since the sum left zero, or since it broke.
    pub(crate) run: DriftCount,
    sum: f64,
    since: i64,
    lately: [u64; 4],
}

/// The weights of an answer, found and missed, and the alarm threshold.
struct DriftWeights {
    found: f64,
    missed: f64,
    alarm: f64,
}

impl DriftWeights {
    fn from_expected(expected: DriftCount) -> Option<Self> {
        let answers = to_f64(expected.answers());
        let lacks = ((to_f64(expected.missed) + 4.0) / (answers + 4.0)).max(0.01);
        let (lacks, broken, alarm) = match lacks {
            lacks if lacks <= FEW => (lacks, 0.8, ALARM),
            // With few answers the share is high because little is known, and not because people lack the value.
            lacks if expected.missed == 0 => (lacks, 0.8, ALARM),
            lacks if lacks <= MOST => ((lacks + 0.25).min(0.85), 0.995, ALARM_FOR_SOME),
            _ => return None,
        };
        Some(Self { found: ((1.0 - broken) / (1.0 - lacks)).ln(), missed: (broken / lacks).ln(), alarm })
    }
}

impl DriftStream {
    pub(crate) fn expected(&self) -> DriftCount {
        self.stored.plus(self.unsaved)
    }

    /// Whether it is broken or may be.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.sum > 0.0 || self.broken.is_some()
    }

    /// Whether nearly all people have the value.
    pub(crate) fn is_expected_of_everybody(&self) -> bool {
        DriftWeights::from_expected(self.expected()).is_some_and(|weights| weights.alarm <= ALARM)
    }

    /// Counts an answer. `print` recognizes a repeated answer; without it, all answers count as different.
    pub(crate) fn count(&mut self, found: bool, print: Option<u64>, now: i64) -> Option<HealthChange> {
        self.unreported.add(found);
        if found && self.sum <= 0.0 && self.broken.is_none() {
            // Without a doubt there is nothing to judge.
            self.learn(found);
            return None;
        }
        let expected = self.expected();
        let Some(weights) = (expected.answers() >= LEARNS).then(|| DriftWeights::from_expected(expected)).flatten() else {
            self.learn(found);
            return None;
        };
        let weight = if found { weights.found } else { weights.missed * self.miss_weight(print) };
        if self.broken.is_some() {
            return self.count_while_broken(found, weight);
        }
        if self.sum <= 0.0 {
            (self.run, self.since) = (DriftCount::default(), now);
        }
        self.run.add(found);
        self.sum = (self.sum + weight).max(0.0);
        if self.sum <= 0.0 {
            self.unsaved = self.unsaved.plus(std::mem::take(&mut self.run));
            return None;
        }
        let is_for_some = weights.alarm > ALARM;
        if self.sum < weights.alarm || (is_for_some && now.saturating_sub(self.since) < DAY) {
            return None;
        }
        (self.broken, self.sum) = (Some(self.since), 0.0);
        Some(HealthChange::Broken)
    }

    fn count_while_broken(&mut self, found: bool, weight: f64) -> Option<HealthChange> {
        self.run.add(found);
        if self.run.answers() > 200 {
            self.run = DriftCount { found: self.run.found / 2, missed: self.run.missed / 2 };
        }
        self.sum = (self.sum - weight).max(0.0);
        if self.sum < WELL {
            return None;
        }
        self.mark_well();
        Some(HealthChange::Well)
    }

    /// Ends a break; the answers meanwhile are not learned.
    pub(crate) fn mark_well(&mut self) {
        (self.broken, self.sum, self.run, self.lately) = (None, 0.0, DriftCount::default(), [0; 4]);
    }

    /// Takes over a break that another broker has detected.
    pub(crate) fn mark_broken(&mut self, since: i64) {
        if self.broken.is_none() {
            (self.broken, self.sum, self.run) = (Some(since), 0.0, DriftCount::default());
        }
    }

    /// Starts from zero, so that the changed answers become the expectation.
    pub(crate) fn reset(&mut self) {
        let unreported = self.unreported;
        *self = Self { unreported, ..Self::default() };
    }

    fn learn(&mut self, found: bool) {
        self.unsaved.add(found);
    }

    /// The weight of a miss: a fifth if the same answer was just seen.
    fn miss_weight(&mut self, print: Option<u64>) -> f64 {
        let Some(print) = print else { return 1.0 };
        if self.lately.contains(&print) {
            return 0.2;
        }
        self.lately.rotate_right(1);
        self.lately[0] = print;
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taught(found: i64, missed: i64) -> DriftStream {
        DriftStream { stored: DriftCount { found, missed }, ..DriftStream::default() }
    }

    /// After how many answers the stream is broken, if at all.
    fn broken_after(stream: &mut DriftStream, answers: impl IntoIterator<Item = bool>) -> Option<usize> {
        let mut turns = (0_u32..).zip(answers).map(|(at, found)| stream.count(found, Some(u64::from(at) + 1), i64::from(at)));
        turns.position(|turn| turn == Some(HealthChange::Broken)).map(|at| at + 1)
    }

    #[test]
    fn what_was_always_there_is_missed_soon_and_sooner_the_better_it_is_known() {
        let after = |found| broken_after(&mut taught(found, 0), [false; 100]);

        assert_eq!((after(10), after(30), after(100), after(10_000)), (None, Some(14), Some(9), Some(6)));
    }

    #[test]
    fn what_some_people_lack_is_missed_only_when_it_is_gone_for_all_of_them_and_for_a_day() {
        let mut stream = taught(700, 300);

        assert_eq!(broken_after(&mut stream, [false; 1000]), None, "a thousand in a quarter of an hour");
        assert_eq!(stream.count(false, Some(9999), DAY), Some(HealthChange::Broken));
        assert_eq!(broken_after(&mut taught(100, 900), [false; 1000]), None, "most people lack it");
    }

    #[test]
    fn one_person_who_tries_again_and_again_is_one_person() {
        let mut stream = taught(10_000, 0);

        let tries = (0..20).filter_map(|at| stream.count(false, Some(7), at)).count();

        assert_eq!(tries, 0);
    }

    #[test]
    fn a_break_is_not_learned_and_it_ends_when_readings_are_well_again() {
        let mut stream = taught(10_000, 3);
        broken_after(&mut stream, [false; 100]);
        assert_eq!(stream.expected().missed, 3);

        let after = (0..100).position(|at| stream.count(true, Some(at), 200) == Some(HealthChange::Well));

        assert!(after.is_some_and(|after| (15..40).contains(&after)), "{after:?}");
        assert_eq!(broken_after(&mut stream, [false; 100]), Some(6), "and it is as wakeful as before");
    }

    #[test]
    fn a_crowd_that_lacks_it_more_often_is_learned() {
        let mut stream = taught(9900, 100);

        assert_eq!(broken_after(&mut stream, (0..2000).map(|at| at % 10 != 0)), None);
        assert!(stream.expected().missed > 200, "{stream:?}");
    }
}
