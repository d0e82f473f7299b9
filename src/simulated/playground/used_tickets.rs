//! The tickets that were used, for as long as they could be used again. Bounded: who fills it waits.

use std::collections::VecDeque;

/// How many tickets are remembered.
const MOST: usize = 4096;

/// Used tickets: when they were made and their number, in the order in which they were used.
#[derive(Default)]
pub(super) struct UsedTickets(VecDeque<(i64, String)>);

/// Why a ticket is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TicketRefusal {
    /// It was used before.
    Spent,
    /// Too many were used within a minute to remember one more.
    Crowded,
}

impl UsedTickets {
    /// Takes a ticket that was made at a moment and is good for so many seconds, once.
    pub(super) fn take(&mut self, (made, number): (i64, &str), good_for: i64, now: i64) -> Result<(), TicketRefusal> {
        self.0.retain(|(made, _)| now.saturating_sub(*made) < good_for);
        if self.0.iter().any(|(_, known)| known == number) {
            return Err(TicketRefusal::Spent);
        }
        if self.0.len() >= MOST {
            return Err(TicketRefusal::Crowded);
        }
        self.0.push_back((made, number.to_owned()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_taken_once_while_it_is_good() {
        let mut spent = UsedTickets::default();

        assert_eq!(spent.take((100, "a"), 60, 101), Ok(()));
        assert_eq!(spent.take((100, "a"), 60, 159), Err(TicketRefusal::Spent));
        assert_eq!(spent.take((150, "b"), 60, 160), Ok(()));
        assert_eq!(spent.0.len(), 1, "what is too old to be used is forgotten");
    }

    #[test]
    fn the_memory_is_bounded_and_never_forgets_a_good_ticket_for_another() {
        let mut spent = UsedTickets::default();

        for number in 0..MOST {
            assert_eq!(spent.take((100, &number.to_string()), 60, 100), Ok(()));
        }

        assert_eq!(spent.take((100, "one more"), 60, 100), Err(TicketRefusal::Crowded));
        assert_eq!(spent.take((100, "0"), 60, 100), Err(TicketRefusal::Spent));
        assert_eq!(spent.take((170, "one more"), 60, 170), Ok(()));
    }
}
