//! Decides whether a fact that was found nearly always is now missed, from a stream of found and missed.
//!
//! **Expectation.** How often something was found and missed so far, over all brokers of a storage; older counts fade (they are
//! halved from time to time). The expected share of misses is taken too high on purpose, `(missed + 4) / (answers + 4)`, and never
//! below one in a hundred: so a fresh provider teaches first, before anything about it is surprising. Nothing is judged before
//! [`LEARNS`] answers.
//!
//! **Surprise.** Each answer is weighed by how much likelier it is under "it is broken now" than under the expectation, and the
//! logarithms are added up; the sum never falls below nothing (Page's cumulative sum). A sum of `h` is reached by chance about
//! once in `e^h` answers, whenever one begins to count, so nothing has to be said about windows:
//!
//! * what was missed by at most three in a hundred is broken when four of five miss it, and [`ALARM`] is enough: once in
//!   `e^25`, about seven in a hundred thousand million, and below one in a million even for shares that are somewhat off. A loss
//!   for everybody takes six to fourteen answers, one for half of the people about twenty. A crowd of whom a
//!   quarter lacks it, such as one tenant's people, makes the sum fall.
//! * what more people than that lack is theirs to lack. Only when it is gone for everybody is it broken: the expectation is
//!   raised by a quarter, the sum has to reach [`ALARM_FOR_SOME`], and that takes a day and a hundred people or more without a single
//!   one who has it. What most people lack, seven in ten, is not judged at all. That is rather too silent than too loud, and on
//!   purpose: whether people fill in an avatar is theirs, and a warning that comes for nothing is not read the next time. What it
//!   costs is that the loss of such a fact is reported a day late or, for what most people lack, is seen only in the metric.
//!
//! While the sum is above nothing, answers are kept aside; when it falls back they are learned, so that a slow change becomes
//! the expectation, and a break does not. One person who tries again and again brings the same answer: that weighs a fifth.
//!
//! **The end.** The same sum in the other direction ends it: some twenty good readings in a row, or more with misses among them.

/// How many answers are learned before anything is judged.
pub(crate) const LEARNS: i64 = 30;
/// The sum at which something is broken that nearly everybody had.
pub(crate) const ALARM: f64 = 25.0;
/// The sum at which something is broken that many lacked.
pub(crate) const ALARM_FOR_SOME: f64 = 60.0;
/// The sum of good readings at which it is well again.
const WELL: f64 = 32.0;
/// How long something has to be gone that many lacked anyway, in seconds.
const DAY: i64 = 86_400;
/// What more than so many lack is lacked by many.
const FEW: f64 = 0.03;
/// What more than so many lack is not judged.
const MOST: f64 = 0.7;

/// How often something was found and missed.
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

    /// The share that was found, as a person would say it; all of nothing.
    pub(crate) fn share(self) -> f64 {
        if self.answers() == 0 { 1.0 } else { to_f64(self.found) / to_f64(self.answers()) }
    }
}

fn to_f64(number: i64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// A change between broken and well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthChange {
    Broken,
    Well,
}

/// One stream of yes and no.
#[derive(Clone, Debug, Default)]
pub(crate) struct DriftStream {
    /// What storage knows of it.
    pub(crate) stored: DriftCount,
    /// What has been counted since that was written.
    pub(crate) unsaved: DriftCount,
    /// What the metrics have not yet been given.
    pub(crate) untold: DriftCount,
    /// Since when it is broken.
    pub(crate) broken: Option<i64>,
    /// What is kept aside since the sum left nothing, or since it is broken.
    pub(crate) run: DriftCount,
    sum: f64,
    since: i64,
    lately: [u64; 4],
}

/// What an answer weighs, found and missed, and where the alarm is.
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
            // A young expectation is raised by what is not known yet, not by people who lack it.
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

    /// Whether it looks broken, or is.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.sum > 0.0 || self.broken.is_some()
    }

    /// Whether hardly anybody lacks it, as far as is known.
    pub(crate) fn is_expected_of_everybody(&self) -> bool {
        DriftWeights::from_expected(self.expected()).is_some_and(|weights| weights.alarm <= ALARM)
    }

    /// Counts an answer. `print` tells whether it is the same answer again; without one, each is news.
    pub(crate) fn count(&mut self, found: bool, print: Option<u64>, now: i64) -> Option<HealthChange> {
        self.untold.add(found);
        if found && self.sum <= 0.0 && self.broken.is_none() {
            // What is found while nothing is doubtful can only be learned.
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

    /// It is not broken any more. The answers of the meantime are not learned.
    pub(crate) fn mark_well(&mut self) {
        (self.broken, self.sum, self.run, self.lately) = (None, 0.0, DriftCount::default(), [0; 4]);
    }

    /// Another broker has found that it is broken.
    pub(crate) fn mark_broken(&mut self, since: i64) {
        if self.broken.is_none() {
            (self.broken, self.sum, self.run) = (Some(since), 0.0, DriftCount::default());
        }
    }

    /// What is now is what is expected from now on.
    pub(crate) fn reset(&mut self) {
        let untold = self.untold;
        *self = Self { untold, ..Self::default() };
    }

    fn learn(&mut self, found: bool) {
        self.unsaved.add(found);
    }

    /// How much a miss weighs: one that was just seen, a fifth.
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

    /// After how many answers it is broken, if that comes.
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
