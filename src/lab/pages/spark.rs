//! Small charts: paths of 96 by 24, from numbers to the text of SVG.

use std::fmt::Write as _;

/// A bar for each number that is not zero; the largest has the whole height.
pub(crate) fn bars(numbers: &[i64]) -> String {
    let most = numbers.iter().copied().max().unwrap_or_default().max(1);
    let mut path = String::new();
    for (at, number) in numbers.iter().enumerate().filter(|(_, number)| **number > 0) {
        let height = (number.saturating_mul(20) / most).max(2);
        let _ = write!(path, "M{} 23v-{height}", place(at, numbers.len(), 2, 92));
    }
    path
}

/// A line through the shares that are known, of a thousand. Half and less is at the bottom.
pub(crate) fn curve(shares: &[Option<i64>]) -> String {
    let mut path = String::new();
    for (at, share) in shares.iter().enumerate().filter_map(|(at, share)| Some((at, (*share)?))) {
        let down = (1000 - share.clamp(500, 1000)) * 18 / 500;
        let _ = write!(path, "{}{} {}", if path.is_empty() { 'M' } else { 'L' }, place(at, shares.len(), 0, 96), 3 + down);
    }
    path
}

fn place(at: usize, count: usize, first: usize, width: usize) -> usize {
    first + at * width / (count - 1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_bars_and_shares_a_line() {
        assert_eq!(bars(&[0, 1, 40]), "M48 23v-2M94 23v-20");
        assert_eq!(bars(&[0, 0]), "");
        assert_eq!(curve(&[Some(1000), None, Some(750), Some(100)]), "M0 3L64 12L96 21");
        assert_eq!(curve(&[]), "");
    }
}
