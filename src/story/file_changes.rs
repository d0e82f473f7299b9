//! Which lines of a provider's file differ from those of an earlier version.

use serde::{Deserialize, Serialize};

/// What stands in a masked file in place of a secret.
pub(crate) const MASKED: &str = "••••••";
/// The most lines of a version that are compared one by one; longer stretches are one change.
const MOST_COMPARED: usize = 600;
/// The most lines that a story holds of all changes of a file.
const MOST_LINES: usize = 60;

/// Lines of a file that differ from an earlier version, with masked secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChangedLines {
    /// The line at which they stand now, from 1. Where nothing was added, what was removed stood in front of it.
    pub line: usize,
    /// The lines as they were.
    pub before: Vec<String>,
    /// The lines as they are.
    pub now: Vec<String>,
}

impl ChangedLines {
    /// Whether a line of the file as it is belongs to the change.
    pub(crate) fn holds(&self, line: u32) -> bool {
        let line = line as usize;
        let end = self.line.saturating_add(self.now.len().max(1));
        (self.line..end).contains(&line)
    }
}

/// The changes from one text to another, in order, and how many lines of them were left out.
pub(crate) fn changed_lines_between(before: &str, now: &str) -> (Vec<ChangedLines>, usize) {
    let (before, now): (Vec<&str>, Vec<&str>) = (before.lines().collect(), now.lines().collect());
    let same = before.iter().zip(&now).take_while(|(one, other)| one == other).count();
    let rest = before.len().min(now.len()).saturating_sub(same);
    let tail = before.iter().rev().zip(now.iter().rev()).take(rest).take_while(|(one, other)| one == other).count();
    let middle = |lines: &[&str]| -> Vec<String> {
        let end = lines.len().saturating_sub(tail);
        lines.get(same..end).unwrap_or_default().iter().map(|line| (*line).to_owned()).collect()
    };
    let (old, new) = (middle(&before), middle(&now));
    if old.is_empty() && new.is_empty() {
        return (Vec::new(), 0);
    }
    let first = same.saturating_add(1);
    let changes = if old.len() > MOST_COMPARED || new.len() > MOST_COMPARED {
        vec![ChangedLines { line: first, before: old, now: new }]
    } else {
        compare_lines(&old, &new, first)
    };
    cut(changes)
}

/// Keeps as many changes as a story holds.
fn cut(changes: Vec<ChangedLines>) -> (Vec<ChangedLines>, usize) {
    let (mut kept, mut lines, mut left_out) = (Vec::new(), 0_usize, 0_usize);
    for change in changes {
        let own = change.before.len().saturating_add(change.now.len());
        if lines.saturating_add(own) <= MOST_LINES {
            lines = lines.saturating_add(own);
            kept.push(change);
        } else {
            left_out = left_out.saturating_add(own);
        }
    }
    (kept, left_out)
}

/// The changes between two stretches by their longest common subsequence; `first` is the number of the first line.
fn compare_lines(old: &[String], new: &[String], first: usize) -> Vec<ChangedLines> {
    let common = common_lengths(old, new);
    let length = |at: usize, to: usize| common.get(at).and_then(|row| row.get(to)).copied().unwrap_or_default();
    let (mut at, mut to) = (0_usize, 0_usize);
    let mut changes: Vec<ChangedLines> = Vec::new();
    let mut open: Option<ChangedLines> = None;
    while at < old.len() || to < new.len() {
        let (was, is) = (old.get(at), new.get(to));
        if was.is_some() && was == is {
            changes.extend(open.take());
            (at, to) = (at.saturating_add(1), to.saturating_add(1));
            continue;
        }
        let change = open.get_or_insert_with(|| ChangedLines { line: first.saturating_add(to), ..ChangedLines::default() });
        let removes = is.is_none() || was.is_some() && length(at.saturating_add(1), to) >= length(at, to.saturating_add(1));
        if removes {
            change.before.extend(was.cloned());
            at = at.saturating_add(1);
        } else {
            change.now.extend(is.cloned());
            to = to.saturating_add(1);
        }
    }
    changes.extend(open);
    changes
}

/// For each pair of positions, how many lines the rests have in common.
fn common_lengths(old: &[String], new: &[String]) -> Vec<Vec<usize>> {
    let mut rows: Vec<Vec<usize>> = Vec::with_capacity(old.len().saturating_add(1));
    rows.push(vec![0; new.len().saturating_add(1)]);
    for was in old.iter().rev() {
        let below = rows.last().cloned().unwrap_or_default();
        let mut row = vec![0_usize; new.len().saturating_add(1)];
        for (to, is) in new.iter().enumerate().rev() {
            let after = |row: &[usize]| row.get(to.saturating_add(1)).copied().unwrap_or_default();
            let best =
                if was == is { after(&below).saturating_add(1) } else { below.get(to).copied().unwrap_or_default().max(after(&row)) };
            if let Some(cell) = row.get_mut(to) {
                *cell = best;
            }
        }
        rows.push(row);
    }
    rows.reverse();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(before: &str, now: &str) -> Vec<String> {
        let one = |change: &ChangedLines| format!("{}: -{} +{}", change.line, change.before.join("|"), change.now.join("|"));
        changed_lines_between(before, now).0.iter().map(one).collect()
    }

    #[test]
    fn each_change_has_the_line_at_which_it_stands_now() {
        let before = "name: Acme\nclientId: a\nread:\n  id: $.id\n  email: $.mail\n  name: $.n\n";

        assert_eq!(drawn(before, before), [""; 0]);
        assert_eq!(drawn(before, &before.replace("$.mail", "$.email")), ["5: -  email: $.mail +  email: $.email"]);
        assert_eq!(drawn(before, &before.replace("clientId: a\n", "")), ["2: -clientId: a +"]);
        assert_eq!(drawn(before, &before.replace("read:\n", "pkce: off\nread:\n")), ["3: - +pkce: off"]);
        assert_eq!(
            drawn(before, &before.replace("clientId: a", "clientId: b").replace("$.n", "$.name")),
            ["2: -clientId: a +clientId: b", "6: -  name: $.n +  name: $.name"]
        );
        assert_eq!(drawn("", "a\n"), ["1: - +a"]);
    }

    #[test]
    fn a_change_holds_the_lines_that_it_has_now() {
        let change = ChangedLines { line: 4, before: vec!["x".into()], now: vec!["y".into(), "z".into()] };

        assert!(change.holds(4) && change.holds(5) && !change.holds(3) && !change.holds(6));
        assert!(ChangedLines { line: 4, before: vec!["x".into()], now: Vec::new() }.holds(4));
    }

    #[test]
    fn a_story_holds_only_so_many_lines() {
        let text = |word: &str| (0..2000).map(|at| format!("{word} {at}\n")).collect::<String>();

        let (kept, left_out) = changed_lines_between(&text("a"), &text("b"));

        assert_eq!((kept.len(), left_out), (0, 4000));
    }
}
