//! A deliberately odd identity provider inside the program, at `/playground`, so that in a fresh checkout a login can be completed.
//!
//! It proves nothing about anybody: whoever comes chooses who they are, and what goes wrong. It is pure; the moment and the dice are
//! arguments, and an answer that shall take long says so and lets its caller wait.

mod client; //    the playground as the broker itself calls it
mod answer; //    what is sent back
mod request; //     what is asked
mod authorize; //   `/enter`: who do you want to be, and what goes wrong
mod token; //   `/token`: a ticket becomes an entry
mod fault; //     what may go wrong
mod userinfo; //     `/me`: an entry shows who somebody is
mod pages; //     the pages that people see
mod person; //    the people
mod seal; //      what only the playground could have written
mod phrases; //    the pages' words, in two languages
mod used_tickets; //     the tickets that were used
mod ticket; //    what is handed from step to step
mod authorization_request; //     why the browser came
pub(crate) mod handler;

use crate::simulated::playground::phrases::PlaygroundLanguage;
use crate::simulated::playground::seal::PlaygroundSeal;
use crate::simulated::playground::used_tickets::UsedTickets;
use std::sync::Mutex;

pub use crate::simulated::playground::answer::PlaygroundAnswer;
pub use crate::simulated::playground::fault::PlaygroundFault;
pub use crate::simulated::playground::request::PlaygroundRequest;

/// The style of its pages.
const STYLE: &str = include_str!("style.css");

/// The most that is read of a body.
const LARGEST_BODY: usize = 16 * 1024;

/// The provider. What it hands out it can read again by its key alone; it remembers only the tickets that were used a moment ago.
pub struct Playground {
    seal: PlaygroundSeal,
    spent: Mutex<UsedTickets>,
}

impl Playground {
    /// A playground whose tickets are sealed with this key. Another key, another playground.
    pub fn new(key: [u8; 32]) -> Self {
        Self { seal: PlaygroundSeal::new(key), spent: Mutex::new(UsedTickets::default()) }
    }

    /// Answers a request below `/playground`, at a moment (seconds since 1970) and with fresh random bytes.
    pub fn answer(&self, asked: &PlaygroundRequest<'_>, now: i64, chance: [u8; 16]) -> PlaygroundAnswer {
        let language = PlaygroundLanguage::from_accept_language(asked.header("accept-language").unwrap_or_default());
        let allowed: &[&str] = match asked.path {
            "" | "/" | "/style.css" => &["GET", "HEAD"],
            "/enter" => &["GET", "HEAD", "POST"],
            "/token" | "/me" => &["POST"],
            _ => return pages::not_found(language, asked.public_url),
        };
        if !allowed.contains(&asked.method) {
            return pages::method_not_allowed(language, asked.public_url, allowed);
        }
        if asked.body.len() > LARGEST_BODY {
            return pages::body_too_large(language, asked.public_url);
        }
        match asked.path {
            "/enter" => self.authorize(asked, language, now, chance),
            "/token" => self.exchange_ticket(asked.body, now),
            "/me" => self.userinfo(asked, now),
            "/style.css" => PlaygroundAnswer::style(STYLE),
            _ => pages::start_page(language, asked.public_url),
        }
    }
}
