//! `/token`: a ticket becomes an entry, once, for the app that sent the browser, with the proof of its riddle. Always status 200.

use crate::playground::Playground;
use crate::playground::answer::Answer;
use crate::playground::fault::Fault;
use crate::playground::spent::NotTaken;
use crate::playground::ticket::{ENTRY_IS_GOOD_FOR, Entry, TICKET_IS_GOOD_FOR, Ticket};
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

/// What the app says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    app: App,
    swap: Swap,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct App {
    called: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Swap {
    ticket: String,
    proof: String,
    back: String,
}

/// Why there is no entry: a code, and a sentence for the operator.
pub(super) type Why = (&'static str, &'static str);

impl Playground {
    /// Answers an app that brings a ticket.
    pub(super) fn redeem(&self, body: &[u8], now: i64) -> Answer {
        let ticket = match self.ticket(body, now) {
            Ok(ticket) => ticket,
            Err(why) => return Answer::json(&refusal(why)),
        };
        let fault = ticket.fault();
        let mut answer = match fault {
            Some(Fault::Refuse) => Answer::json(&refusal(("not_today", "the playground says no, as you asked it to"))),
            Some(Fault::WebPage) => Answer::stray_page(),
            _ => {
                let entry = self.seal.close(&Entry { made: now, person: ticket.person, fault: ticket.fault });
                let keys = json!({ "keys": { "entry": entry, "good_for": ENTRY_IS_GOOD_FOR } });
                Answer::json(&json!({ "outcome": { "ok": true }, "payload": keys }))
            }
        };
        answer.delay = fault.map(Fault::delay).unwrap_or_default();
        answer
    }

    /// The ticket that the app may use, which is used with that.
    fn ticket(&self, body: &[u8], now: i64) -> Result<Ticket, Why> {
        let Ok(Exchange { app, swap }) = serde_json::from_slice(body) else {
            return Err(("unreadable", "this is not the JSON that is expected here"));
        };
        let ticket: Ticket = self.seal.open(&swap.ticket).ok_or(("ticket_unknown", "this ticket was not made here"))?;
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
        self.spend(&ticket, now)?;
        Ok(ticket)
    }

    /// Remembers that a ticket was used.
    pub(super) fn spend(&self, ticket: &Ticket, now: i64) -> Result<(), Why> {
        // A panic while the memory was held leaves it as it was: one ticket more, or not.
        let mut spent = self.spent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        spent.take((ticket.made, &ticket.number), TICKET_IS_GOOD_FOR, now).map_err(|why| match why {
            NotTaken::Spent => ("ticket_spent", "this ticket was used before"),
            NotTaken::Crowded => ("crowded", "too many tickets were used within a minute"),
        })
    }
}

/// A no, in the playground's own words.
pub(super) fn refusal((why, says): Why) -> Value {
    json!({ "outcome": { "ok": false, "why": why, "says": says } })
}
