//! The lines that differ between two texts.

/// Texts with more lines are compared line by line from the start.
const MOST_LINES: usize = 3000;

/// A line that only one of two texts has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LineChange<'t> {
    /// Whether the later text has it.
    pub(crate) is_added: bool,
    /// Its number in its own text.
    pub(crate) number: usize,
    pub(crate) line: &'t str,
}

/// The changes that lead from one text to another: the fewest that there are.
pub(crate) fn line_changes<'t>(before: &'t str, after: &'t str) -> Vec<LineChange<'t>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same_start = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let (old_rest, new_rest) = (&old[same_start..], &new[same_start..]);
    let lengths = if old_rest.len().max(new_rest.len()) <= MOST_LINES { common_lengths(old_rest, new_rest) } else { Vec::new() };
    let common = |from: usize, to: usize| lengths.get(from).and_then(|row| row.get(to)).copied().unwrap_or_default();
    let (mut from, mut to) = (0, 0);
    let mut changes = Vec::new();
    while from < old_rest.len() || to < new_rest.len() {
        let (one, other) = (old_rest.get(from), new_rest.get(to));
        if one.is_some() && one == other {
            (from, to) = (from + 1, to + 1);
        } else if let Some(line) = one.filter(|_| other.is_none() || common(from + 1, to) >= common(from, to + 1)) {
            changes.push(LineChange { is_added: false, number: same_start + from + 1, line });
            from += 1;
        } else if let Some(line) = other {
            changes.push(LineChange { is_added: true, number: same_start + to + 1, line });
            to += 1;
        }
    }
    changes
}

/// How many lines the rests of two texts have in common, for each beginning of the rests.
fn common_lengths(old: &[&str], new: &[&str]) -> Vec<Vec<u16>> {
    let mut lengths = vec![vec![0_u16; new.len() + 1]; old.len() + 1];
    for from in (0..old.len()).rev() {
        for to in (0..new.len()).rev() {
            lengths[from][to] =
                if old[from] == new[to] { lengths[from + 1][to + 1] + 1 } else { lengths[from + 1][to].max(lengths[from][to + 1]) };
        }
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_line_is_one_that_goes_and_one_that_comes() {
        let shown = |before: &str, after: &str| {
            let one = |change: &LineChange<'_>| format!("{}{}{}", if change.is_added { '+' } else { '-' }, change.number, change.line);
            line_changes(before, after).iter().map(one).collect::<Vec<_>>().join(" ")
        };

        assert_eq!(shown("a\nb\nc", "a\nx\nc"), "-2b +2x");
        assert_eq!(shown("a\nb", "a\nn\nb\nz"), "+2n +4z");
        assert_eq!(shown("a\nb\nc", "c"), "-1a -2b");
        assert_eq!(shown("a", "a"), "");
    }
}
