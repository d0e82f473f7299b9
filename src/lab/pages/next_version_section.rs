//! The section of a provider's page about the next version of its file.

use crate::drift::warning::percent;
use crate::lab::pages::words::texts::LabWords;
use crate::pages::phrases::fill;
use crate::rollout::comparison::{ComparedPart, DifferenceStory, LoginVersion, PartDifference, ReadDifference};
use crate::rollout::counts::NextVersionCounts;
use crate::rollout::standing::{RolloutStanding, SAME_IDS_NEEDED};
use crate::stores::next_version::RolloutObstacle;

/// A difference as it is drawn.
#[derive(Clone, Debug)]
pub(crate) struct NextDifferenceView {
    pub(crate) text: String,
    /// In how many logins it was seen, and when last.
    pub(crate) seen: String,
    /// The line of the present version that reads the part.
    pub(crate) line: Option<u32>,
    /// Whether people would be others, or could not sign in.
    pub(crate) is_bad: bool,
}

/// What the page says of the next version.
#[derive(Clone, Debug)]
pub(crate) struct NextVersionSection {
    /// The path of its file.
    pub(crate) path: String,
    /// How it takes part in new logins.
    pub(crate) standing: String,
    /// Whether it was taken back, or may not get logins.
    pub(crate) is_bad: bool,
    pub(crate) compared: String,
    pub(crate) differences: Vec<NextDifferenceView>,
    /// How the logins of both versions ended, as long as a share of them goes through the next one.
    pub(crate) logins: Vec<String>,
}

impl NextVersionSection {
    /// The section for what was counted. `moment` writes a time.
    pub(crate) fn new(
        path: &str,
        standing: RolloutStanding,
        counts: &NextVersionCounts,
        moment: impl Fn(i64) -> String,
        words: &LabWords,
    ) -> Self {
        let texts = &words.next;
        let number = |count: i64| count.to_string();
        let compared = if counts.matched() == 0 && counts.differed() == 0 && counts.incomparable() == 0 {
            texts.nothing.clone()
        } else {
            let numbers = [number(counts.matched()), number(counts.differed()), number(counts.incomparable())];
            fill(&texts.compared, &[("matched", &numbers[0]), ("differed", &numbers[1]), ("others", &numbers[2])])
        };
        let difference = |(difference, count, story): (ReadDifference, i64, DifferenceStory)| NextDifferenceView {
            text: difference_text(&difference, words),
            seen: fill(&texts.seen, &[("count", &number(count)), ("when", &moment(story.at))]),
            line: story.present_line,
            is_bad: !matches!(difference.part, ComparedPart::Fact(_)),
        };
        let requests = counts.differing_requests().map(|what| NextDifferenceView {
            text: fill(&texts.requests, &[("what", what)]),
            seen: String::new(),
            line: None,
            is_bad: false,
        });
        let of_version = |(word, version): (&String, LoginVersion)| {
            let ended = counts.ended(version);
            let share = percent(ended.success_share()?);
            Some(fill(word, &[("well", &number(ended.succeeded)), ("all", &number(ended.all())), ("share", &share)]))
        };
        let logins = [(&texts.present_logins, LoginVersion::Present), (&texts.next_logins, LoginVersion::Next)];
        Self {
            path: path.to_owned(),
            standing: standing_text(standing, &moment, words),
            is_bad: matches!(
                standing,
                RolloutStanding::Returned(_) | RolloutStanding::Paused | RolloutStanding::IdsDiffer | RolloutStanding::Prevented(_)
            ),
            compared,
            differences: counts.differences().into_iter().map(difference).chain(requests).collect(),
            logins: logins.into_iter().filter_map(of_version).collect(),
        }
    }
}

/// How a next version takes part in new logins, as a sentence.
fn standing_text(standing: RolloutStanding, moment: &impl Fn(i64) -> String, words: &LabWords) -> String {
    let texts = &words.next;
    match standing {
        RolloutStanding::ReadsAlong => texts.reads_along.clone(),
        RolloutStanding::Runs(share) => fill(&texts.runs, &[("share", &share.to_string())]),
        RolloutStanding::IdsUnknown(seen) => {
            fill(&texts.ids_unknown, &[("seen", &seen.to_string()), ("needed", &SAME_IDS_NEEDED.to_string())])
        }
        RolloutStanding::IdsDiffer => texts.ids_differ.clone(),
        RolloutStanding::Returned(at) => fill(&texts.returned, &[("since", &moment(at))]),
        RolloutStanding::Paused => texts.paused.clone(),
        RolloutStanding::Prevented(obstacle) => match obstacle {
            RolloutObstacle::Unusable => &texts.unusable,
            RolloutObstacle::OtherKey => &texts.other_key,
            RolloutObstacle::PointsElsewhere => &texts.points_elsewhere,
            RolloutObstacle::OtherCallback => &texts.other_callback,
            RolloutObstacle::OtherInputs => &texts.other_inputs,
            RolloutObstacle::Simulated => &texts.simulated,
        }
        .clone(),
    }
}

fn difference_text(difference: &ReadDifference, words: &LabWords) -> String {
    let texts = &words.next;
    let name = match &difference.part {
        ComparedPart::Id => "id",
        ComparedPart::Address => "email",
        ComparedPart::Evidence => return texts.other_evidence.clone(),
        ComparedPart::Fact(name) => name,
        ComparedPart::Login => {
            let is_accepted = difference.how == PartDifference::Added;
            return if is_accepted { texts.accepts.clone() } else { texts.refuses.clone() };
        }
    };
    let text = match difference.how {
        PartDifference::Differs => &texts.differs,
        PartDifference::Missing => &texts.missing,
        PartDifference::Added => &texts.added,
    };
    fill(text, &[("fact", name)])
}

/// What a list of providers says of the next version beside a live one, in a few words; `None` where no login goes through it.
pub(crate) fn short_note(standing: RolloutStanding, words: &LabWords) -> Option<String> {
    match standing {
        RolloutStanding::Runs(share) => Some(fill(&words.next.short_share, &[("share", &share.to_string())])),
        RolloutStanding::Returned(_) => Some(words.next.short_returned.clone()),
        RolloutStanding::Paused => Some(words.next.short_paused.clone()),
        RolloutStanding::ReadsAlong | RolloutStanding::IdsUnknown(_) | RolloutStanding::IdsDiffer | RolloutStanding::Prevented(_) => None,
    }
}
