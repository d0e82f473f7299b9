//! `/token`: a ticket is exchanged for an entry, once, for the app that sent the browser, with the PKCE verifier. The status is always
//! 200, as some providers have it.

use crate::simulated::playground::Playground;
use crate::simulated::playground::fault::PlaygroundFault;
use crate::simulated::playground::ticket::{ENTRY_LIFETIME, PlaygroundEntry, PlaygroundTicket, TICKET_LIFETIME};
use crate::simulated::playground::used_tickets::TicketRefusal;
use crate::simulated::response::SimulatedResponse;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::PoisonError;

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

/// The code of a refusal, and a sentence for the operator.
pub(super) type PlaygroundRefusal = (&'static str, &'static str);

/// A page where JSON is expected.
const STRAY_PAGE: &str = "<!doctype html>\n<html lang=\"en\"><title>Back soon</title><p>The playground is being swept.</p></html>\n";

impl Playground {
    pub(super) fn exchange_ticket(&self, body: &[u8], now: i64) -> SimulatedResponse {
        let ticket = match self.accept_ticket(body, now) {
            Ok(ticket) => ticket,
            Err(refusal) => return SimulatedResponse::json(&refusal_json(refusal)),
        };
        let fault = ticket.fault();
        let mut response = match fault {
            Some(PlaygroundFault::Refuse) => SimulatedResponse::json(&refusal_json(("not_today", "the playground refuses, as you chose"))),
            Some(PlaygroundFault::WebPage) => SimulatedResponse::html(200, STRAY_PAGE.to_owned()),
            _ => {
                let entry = self.seal.seal(&PlaygroundEntry { made: now, person: ticket.person, fault: ticket.fault });
                let keys = json!({ "keys": { "entry": entry, "good_for": ENTRY_LIFETIME } });
                SimulatedResponse::json(&json!({ "outcome": { "ok": true }, "payload": keys }))
            }
        };
        response.delay = fault.map(PlaygroundFault::delay).unwrap_or_default();
        response
    }

    /// Consumes the ticket of a request, if the request may use it.
    fn accept_ticket(&self, body: &[u8], now: i64) -> Result<PlaygroundTicket, PlaygroundRefusal> {
        let Ok(PlaygroundTokenRequest { app, swap }) = serde_json::from_slice(body) else {
            return Err(("unreadable", "this is not the JSON that is expected here"));
        };
        let ticket: PlaygroundTicket = self.seal.open(&swap.ticket).ok_or(("ticket_unknown", "this ticket was not made here"))?;
        if !ticket.is_valid(now) {
            return Err(("ticket_old", "this ticket is older than one minute"));
        }
        if ticket.app != app.called {
            return Err(("other_app", "this ticket was made for another app"));
        }
        if ticket.back != swap.back {
            return Err(("other_back", "this ticket was sent to another address"));
        }
        let hash = digest::digest(&digest::SHA256, swap.proof.as_bytes());
        if URL_SAFE_NO_PAD.encode(hash) != ticket.riddle {
            return Err(("wrong_proof", "the proof does not solve the riddle"));
        }
        self.consume_ticket(&ticket, now)?;
        Ok(ticket)
    }

    pub(super) fn consume_ticket(&self, ticket: &PlaygroundTicket, now: i64) -> Result<(), PlaygroundRefusal> {
        // A panic while the lock was held leaves the memory usable: it holds one ticket more, or not.
        let mut used_tickets = self.used_tickets.lock().unwrap_or_else(PoisonError::into_inner);
        used_tickets.consume((ticket.made, &ticket.number), TICKET_LIFETIME, now).map_err(|refusal| match refusal {
            TicketRefusal::AlreadyUsed => ("ticket_spent", "this ticket was used before"),
            TicketRefusal::TooMany => ("crowded", "too many tickets were used within a minute"),
        })
    }
}

/// A refusal as the playground writes it.
pub(super) fn refusal_json((code, sentence): PlaygroundRefusal) -> Value {
    json!({ "outcome": { "ok": false, "why": code, "says": sentence } })
}
