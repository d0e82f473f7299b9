//! `/token`: a ticket becomes an entry, once, for the app that sent the browser, with the proof of its riddle. Always status 200.

use crate::simulated::playground::Playground;
use crate::simulated::playground::answer::PlaygroundAnswer;
use crate::simulated::playground::fault::PlaygroundFault;
use crate::simulated::playground::ticket::{ENTRY_IS_GOOD_FOR, PlaygroundEntry, PlaygroundTicket, TICKET_IS_GOOD_FOR};
use crate::simulated::playground::used_tickets::TicketRefusal;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

/// What the app says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaygroundTokenRequest {
    app: PlaygroundApp,
    swap: PlaygroundTicketExchange,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaygroundApp {
    called: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaygroundTicketExchange {
    ticket: String,
    proof: String,
    back: String,
}

/// Why there is no entry: a code, and a sentence for the operator.
pub(super) type PlaygroundRefusal = (&'static str, &'static str);

impl Playground {
    /// Answers an app that brings a ticket.
    pub(super) fn exchange_ticket(&self, body: &[u8], now: i64) -> PlaygroundAnswer {
        let ticket = match self.accept_ticket(body, now) {
            Ok(ticket) => ticket,
            Err(why) => return PlaygroundAnswer::json(&refusal_json(why)),
        };
        let fault = ticket.fault();
        let mut answer = match fault {
            Some(PlaygroundFault::Refuse) => {
                PlaygroundAnswer::json(&refusal_json(("not_today", "the playground says no, as you asked it to")))
            }
            Some(PlaygroundFault::WebPage) => PlaygroundAnswer::stray_page(),
            _ => {
                let entry = self.seal.seal(&PlaygroundEntry { made: now, person: ticket.person, fault: ticket.fault });
                let keys = json!({ "keys": { "entry": entry, "good_for": ENTRY_IS_GOOD_FOR } });
                PlaygroundAnswer::json(&json!({ "outcome": { "ok": true }, "payload": keys }))
            }
        };
        answer.delay = fault.map(PlaygroundFault::delay).unwrap_or_default();
        answer
    }

    /// The ticket that the app may use, which is used with that.
    fn accept_ticket(&self, body: &[u8], now: i64) -> Result<PlaygroundTicket, PlaygroundRefusal> {
        let Ok(PlaygroundTokenRequest { app, swap }) = serde_json::from_slice(body) else {
            return Err(("unreadable", "this is not the JSON that is expected here"));
        };
        let ticket: PlaygroundTicket = self.seal.open(&swap.ticket).ok_or(("ticket_unknown", "this ticket was not made here"))?;
        if !ticket.is_good(now) {
            return Err(("ticket_old", "this ticket was good for one minute, which is over"));
        }
        if ticket.app != app.called {
            return Err(("other_app", "this ticket was made for another app"));
        }
        if ticket.back != swap.back {
            return Err(("other_back", "this ticket went back to another address"));
        }
        let hash = digest::digest(&digest::SHA256, swap.proof.as_bytes());
        if URL_SAFE_NO_PAD.encode(hash) != ticket.riddle {
            return Err(("wrong_proof", "the proof does not solve the riddle"));
        }
        self.consume_ticket(&ticket, now)?;
        Ok(ticket)
    }

    /// Remembers that a ticket was used.
    pub(super) fn consume_ticket(&self, ticket: &PlaygroundTicket, now: i64) -> Result<(), PlaygroundRefusal> {
        // A panic while the memory was held leaves it as it was: one ticket more, or not.
        let mut spent = self.spent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        spent.take((ticket.made, &ticket.number), TICKET_IS_GOOD_FOR, now).map_err(|why| match why {
            TicketRefusal::Spent => ("ticket_spent", "this ticket was used before"),
            TicketRefusal::Crowded => ("crowded", "too many tickets were used within a minute"),
        })
    }
}

/// A no, in the playground's own words.
pub(super) fn refusal_json((why, says): PlaygroundRefusal) -> Value {
    json!({ "outcome": { "ok": false, "why": why, "says": says } })
}
