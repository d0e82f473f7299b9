//! A deliberately odd identity provider inside the program, at `/playground`, so that a login can be completed in a fresh checkout.
//!
//! It proves nothing: the visitor chooses a person, and what goes wrong.

mod authorization_request; //  what the broker sends the browser with
mod authorize; //              `/enter`: the choice of a person and of a fault
mod client; //                 the calls of the broker in the same process
mod fault; //                  what may go wrong
pub(crate) mod handler; //     `/playground/…` of the broker
mod pages; //                  the pages
mod person; //                 the people
mod phrases; //                the words of the pages, in two languages
mod seal; //                   texts that only this playground can have written
mod ticket; //                 what is handed out: tickets and entries
mod token; //                  `/token`: a ticket is exchanged for an entry
mod used_tickets; //           the tickets that were used a moment ago
mod userinfo; //               `/me`: an entry is exchanged for the person's data

use crate::simulated::playground::pages::PlaygroundPages;
use crate::simulated::playground::phrases::PlaygroundLanguage;
use crate::simulated::playground::seal::PlaygroundSeal;
use crate::simulated::playground::used_tickets::UsedTickets;
use crate::simulated::request::SimulatedRequest;
use crate::simulated::response::SimulatedResponse;
use std::sync::Mutex;

pub use crate::simulated::playground::fault::PlaygroundFault;

/// The path of the playground.
pub(crate) const PLAYGROUND_BASE: &str = "/playground";

/// The largest body that is read, in bytes.
const LARGEST_BODY: usize = 16 * 1024;

/// The playground. Its tickets carry everything that is known about a login; only those used a moment ago are remembered.
pub struct Playground {
    seal: PlaygroundSeal,
    used_tickets: Mutex<UsedTickets>,
}

impl Playground {
    /// A playground that seals its tickets with this key; it accepts no tickets sealed with another.
    pub fn new(key: [u8; 32]) -> Self {
        Self { seal: PlaygroundSeal::new(key), used_tickets: Mutex::new(UsedTickets::default()) }
    }

    /// Answers a request at a time (seconds since 1970), with fresh random bytes.
    pub fn answer(&self, request: &SimulatedRequest<'_>, now: i64, random: [u8; 16]) -> SimulatedResponse {
        let language = PlaygroundLanguage::from_accept_language(request.header("accept-language").unwrap_or_default());
        let pages = PlaygroundPages::new(language, request);
        let allowed: &[&str] = match request.path {
            "" | "/" | "/style.css" => &["GET", "HEAD"],
            "/enter" => &["GET", "HEAD", "POST"],
            "/token" | "/me" => &["POST"],
            _ => return pages.not_found(),
        };
        if !allowed.contains(&request.method) {
            return pages.method_not_allowed(allowed);
        }
        if request.body.len() > LARGEST_BODY {
            return pages.body_too_large();
        }
        match request.path {
            "/enter" => self.authorize(request, &pages, now, random),
            "/token" => self.exchange_ticket(request.body, now),
            "/me" => self.userinfo(request, now),
            "/style.css" => SimulatedResponse::style(),
            _ => pages.start_page(),
        }
    }
}
