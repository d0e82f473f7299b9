//! The tickets that were used, for as long as they have not expired. Their number is bounded: at the limit no further ticket is
//! accepted.

use std::collections::VecDeque;

/// The largest number of tickets that are remembered.
const LARGEST_COUNT: usize = 4096;

/// When each ticket was made, and its number, in the order of use.
#[derive(Default)]
pub(super) struct UsedTickets(VecDeque<(i64, String)>);

/// Why a ticket is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TicketRefusal {
    AlreadyUsed,
    /// Too many tickets were used within their lifetime.
    TooMany,
}

impl UsedTickets {
    /// Consumes a ticket that expires `lifetime` seconds after it was made.
    pub(super) fn consume(&mut self, (made, number): (i64, &str), lifetime: i64, now: i64) -> Result<(), TicketRefusal> {
        self.0.retain(|(made, _)| now.saturating_sub(*made) < lifetime);
        if self.0.iter().any(|(_, known)| known == number) {
            return Err(TicketRefusal::AlreadyUsed);
        }
        if self.0.len() >= LARGEST_COUNT {
            return Err(TicketRefusal::TooMany);
        }
        self.0.push_back((made, number.to_owned()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_accepted_once_until_it_expires() {
        let mut tickets = UsedTickets::default();

        assert_eq!(tickets.consume((100, "a"), 60, 101), Ok(()));
        assert_eq!(tickets.consume((100, "a"), 60, 159), Err(TicketRefusal::AlreadyUsed));
        assert_eq!(tickets.consume((150, "b"), 60, 160), Ok(()));
        assert_eq!(tickets.0.len(), 1, "expired tickets are forgotten");
    }

    #[test]
    fn the_memory_is_bounded_and_forgets_no_ticket_that_has_not_expired() {
        let mut tickets = UsedTickets::default();

        for number in 0..LARGEST_COUNT {
            assert_eq!(tickets.consume((100, &number.to_string()), 60, 100), Ok(()));
        }

        assert_eq!(tickets.consume((100, "one more"), 60, 100), Err(TicketRefusal::TooMany));
        assert_eq!(tickets.consume((100, "0"), 60, 100), Err(TicketRefusal::AlreadyUsed));
        assert_eq!(tickets.consume((170, "one more"), 60, 170), Ok(()));
    }
}
