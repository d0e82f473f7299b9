//! A deliberately odd identity provider inside the program, at `/playground`, so that in a fresh checkout a login can be completed.
//!
//! It proves nothing about anybody: whoever comes chooses who they are, and what goes wrong. It is pure; the moment and the dice are
//! arguments, and an answer that shall take long says so and lets its caller wait.

mod answer; //    what is sent back
mod asked; //     what is asked
mod chooser; //   `/enter`: who do you want to be, and what goes wrong
mod counter; //   `/token`: a ticket becomes an entry
mod fault; //     what may go wrong
mod guide; //     `/me`: an entry shows who somebody is
mod pages; //     the pages that people see
mod person; //    the people
mod seal; //      what only the playground could have written
mod speech; //    the pages' words, in two languages
mod spent; //     the tickets that were used
mod ticket; //    what is handed from step to step
mod visit; //     why the browser came

use crate::playground::seal::Seal;
use crate::playground::speech::Language;
use crate::playground::spent::Spent;
use std::sync::Mutex;

pub use crate::playground::answer::Answer;
pub use crate::playground::asked::Asked;
pub use crate::playground::fault::Fault;

/// The style of its pages.
const STYLE: &str = include_str!("style.css");

/// The most that is read of a body.
const LARGEST_BODY: usize = 16 * 1024;

/// The provider. What it hands out it can read again by its key alone; it remembers only the tickets that were used a moment ago.
pub struct Playground {
    seal: Seal,
    spent: Mutex<Spent>,
}

impl Playground {
    /// A playground whose tickets are sealed with this key. Another key, another playground.
    pub fn new(key: [u8; 32]) -> Self {
        Self { seal: Seal::new(key), spent: Mutex::new(Spent::default()) }
    }

    /// Answers a request below `/playground`, at a moment (seconds since 1970) and with fresh random bytes.
    pub fn answer(&self, asked: &Asked<'_>, now: i64, chance: [u8; 16]) -> Answer {
        let language = Language::of(asked.header("accept-language").unwrap_or_default());
        let allowed: &[&str] = match asked.path {
            "" | "/" | "/style.css" => &["GET", "HEAD"],
            "/enter" => &["GET", "HEAD", "POST"],
            "/token" | "/me" => &["POST"],
            _ => return pages::nothing_here(language, asked.public_url),
        };
        if !allowed.contains(&asked.method) {
            return pages::wrong_method(language, asked.public_url, allowed);
        }
        if asked.body.len() > LARGEST_BODY {
            return pages::too_much(language, asked.public_url);
        }
        match asked.path {
            "/enter" => self.enter(asked, language, now, chance),
            "/token" => self.redeem(asked.body, now),
            "/me" => self.tell(asked, now),
            "/style.css" => Answer::style(STYLE),
            _ => pages::welcome(language, asked.public_url),
        }
    }
}
