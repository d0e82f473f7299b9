//! `portaria providers compare`: how the next version of a provider file differs from the present one, and what was seen of it.

use crate::commands::outcome::{Colours, CommandOutcome, count_in_words, print_json, print_line};
use crate::commands::providers::line_changes::{LineChange, line_changes};
use crate::commands::providers::versions::{PromotionAdvice, VersionPair};
use crate::rollout::comparison::{DifferenceStory, LoginVersion, ReadDifference};
use crate::rollout::counts::NextVersionCounts;
use crate::rollout::standing::{RolloutStanding, SAME_IDS_NEEDED};
use crate::rollout::verdict::EndedLogins;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::utc_time::format_time;
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write as _;

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// The name of the provider file
    pub(crate) name: String,
}

/// Prints both versions beside each other.
pub(crate) fn print(pair: &VersionPair, counts: &NextVersionCounts, json: bool) -> CommandOutcome {
    let advice = PromotionAdvice::of(pair, counts);
    if json {
        print_json(&as_json(pair, counts, &advice).to_string());
    } else {
        print_line(as_text(pair, counts, &advice).trim_end());
    }
    match advice {
        PromotionAdvice::Promote => CommandOutcome::Fine,
        PromotionAdvice::Wait(_) | PromotionAdvice::Against(_) => CommandOutcome::No,
    }
}

fn changes_of(pair: &VersionPair) -> Vec<LineChange<'_>> {
    line_changes(&pair.present.report.source.text, &pair.next.report.source.text)
}

fn as_text(pair: &VersionPair, counts: &NextVersionCounts, advice: &PromotionAdvice) -> String {
    let colours = Colours::of_terminal();
    let mut text = format!("{} → {}\n", pair.path.display(), pair.next_path.display());
    text.push_str(&advice_in_words(advice, pair.name(), colours));
    if !pair.next.report.complaints.is_empty() {
        let _ = writeln!(text, "\n{}", pair.next.report.draw(crate::commands::outcome::uses_colour()).trim_end());
    }
    let _ = writeln!(text, "\n{}", colours.heading("lines that differ"));
    for LineChange { is_added, number, line } in changes_of(pair) {
        let shown = format!("{} {number:>4}  {}", if is_added { '+' } else { '-' }, printable(line));
        let _ = writeln!(text, "  {}", if is_added { colours.good(&shown) } else { colours.problem(&shown) });
    }
    let _ = writeln!(text, "\n{}", colours.heading("read from the same answers"));
    let logins = |count: i64| count_in_words(count.unsigned_abs(), "login", "logins");
    let _ =
        writeln!(text, "  {} alike, {} differently, {} not comparable", logins(counts.matched()), counts.differed(), counts.incomparable());
    for (difference, count, story) in counts.differences() {
        let _ = writeln!(text, "  {difference}: {}{}", logins(count), story_in_words(&story));
    }
    for difference in counts.differing_requests() {
        let _ = writeln!(text, "  requests differ: {}", printable(difference));
    }
    let _ = writeln!(text, "\n{}", colours.heading("new logins"));
    let _ = writeln!(text, "  {}", standing_in_words(pair.standing(counts)));
    for (word, version) in [("present", LoginVersion::Present), ("next", LoginVersion::Next)] {
        let ended = counts.ended(version);
        if let Some(share) = ended.success_share() {
            let _ = writeln!(text, "  {word}: {} of {} signed in ({:.0} %)", ended.succeeded, logins(ended.all()), share * 100.0);
        }
    }
    text
}

/// Whether to go on, before everything else.
fn advice_in_words(advice: &PromotionAdvice, name: &str, colours: Colours) -> String {
    match advice {
        PromotionAdvice::Promote => {
            format!("{}\n", colours.good(&format!("nothing speaks against it: `portaria providers promote {}`", printable(name))))
        }
        PromotionAdvice::Wait(unknown) => format!("wait: {unknown}\n"),
        PromotionAdvice::Against(reasons) => {
            let lines: String = reasons.iter().map(|reason| format!("\n  {}", colours.problem(reason))).collect();
            format!("{}{lines}\n", colours.problem("this speaks against it:"))
        }
    }
}

fn story_in_words(story: &DifferenceStory) -> String {
    let mut parts = Vec::new();
    if let (Some(step), Some(code)) = (&story.step, &story.code) {
        parts.push(format!("{} in {}", printable(code), printable(step)));
    }
    parts.extend(story.present_line.map(|line| format!("line {line} now")));
    parts.extend(story.next_line.map(|line| format!("line {line} next")));
    parts.extend((story.at > 0).then(|| format!("last at {}", format_time(story.at))));
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// How the next version takes part, as a line.
fn standing_in_words(standing: RolloutStanding) -> String {
    match standing {
        RolloutStanding::ReadsAlong => "none goes through the next version, which only reads along".to_owned(),
        RolloutStanding::Runs(share) => format!("{share} go through the next version"),
        RolloutStanding::IdsUnknown(seen) => format!(
            "none goes through the next version before {SAME_IDS_NEEDED} logins have shown that the ids are the same; {seen} have ({})",
            "`sameIds: true` in `rollout` says so without them"
        ),
        RolloutStanding::IdsDiffer => "none goes through the next version, because it reads other ids or addresses".to_owned(),
        RolloutStanding::Returned(at) => {
            format!("none goes through the next version since {}, because its logins failed more often", format_time(at))
        }
        RolloutStanding::Paused => "none goes through the next version until five logins through the present one have signed people in, because its logins failed, and the provider may be down".to_owned(),
        RolloutStanding::Prevented(obstacle) => format!("none goes through the next version: {obstacle}"),
    }
}

fn as_json(pair: &VersionPair, counts: &NextVersionCounts, advice: &PromotionAdvice) -> Value {
    let change = |change: &LineChange<'_>| json!({ "change": if change.is_added { "added" } else { "removed" }, "line": change.number, "text": change.line });
    let difference = |(difference, count, story): &(ReadDifference, i64, DifferenceStory)| {
        json!({
            "what": difference.to_string(),
            "logins": count,
            "presentLine": story.present_line,
            "nextLine": story.next_line,
            "step": story.step,
            "code": story.code,
            "lastAt": story.at,
        })
    };
    let ended = |ended: EndedLogins| json!({ "signedIn": ended.succeeded, "failed": ended.failed });
    let standing = pair.standing(counts);
    json!({
        "file": pair.path.display().to_string(),
        "next": pair.next_path.display().to_string(),
        "state": pair.next.state.status().word(),
        "changes": changes_of(pair).iter().map(change).collect::<Vec<_>>(),
        "compared": {
            "matched": counts.matched(),
            "differed": counts.differed(),
            "notComparable": counts.incomparable(),
            "sameIds": counts.same_ids(),
            "differences": counts.differences().iter().map(difference).collect::<Vec<_>>(),
            "requests": counts.differing_requests().collect::<Vec<_>>(),
        },
        "logins": {
            "standing": standing.word(),
            "share": standing.share(),
            "returnedAt": counts.returned,
            "present": ended(counts.ended(LoginVersion::Present)),
            "next": ended(counts.ended(LoginVersion::Next)),
        },
        "advice": advice.word(),
        "against": advice.reasons(),
    })
}
