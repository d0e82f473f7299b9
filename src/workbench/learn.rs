//! Learns a provider's file from a recording, by following values: what went out and came back, what came back and went out again.
//!
//! Nothing here knows any provider. What a recording cannot say gets the safe word and a comment that says what to decide.

pub mod assertion;
pub mod calls;
pub mod client;
pub mod document;
pub mod documents;
pub mod envelope;
pub mod headers;
pub mod ids;
pub mod journey;
pub mod known;
pub mod look;
pub mod moment;
pub mod names;
pub mod person;
pub mod pictures;
pub mod proven;
pub mod redirect;
pub mod shape;
pub mod sign;
pub mod signed;
pub mod sweep;
pub mod thread;
pub mod token;
pub mod vocabulary;
pub mod whole;
pub mod writing;

use crate::place::Source;
use crate::provider::{Ground, compile};
use crate::workbench::learn::documents::Published;
use crate::workbench::learn::sweep::Sweep;
use crate::workbench::learn::thread::Thread;
use crate::workbench::recorded::{Answered, MOST, Recorded};
use std::collections::HashSet;
use std::fmt;

/// What was learnt.
pub struct Learned {
    /// The file's text.
    pub text: String,
    /// The variables that it waits for.
    pub variables: Vec<String>,
    /// What there is to decide, which no recording can say.
    pub decide: Vec<String>,
    /// How many logins the recording holds.
    pub logins: usize,
    /// The values of the installation by the names of their facts; never shown.
    pub values: Vec<(String, String)>,
    /// The login that was followed; never shown.
    pub followed: Followed,
}

/// A login of a recording as the engine may go through it again.
#[derive(Clone, Default)]
pub struct Followed {
    /// What the browser brought.
    pub callback: Vec<(String, String)>,
    /// What the calls were answered, in order.
    pub answers: Vec<Answered>,
    /// What issuers published, by address.
    pub documents: Vec<(String, serde_json::Value)>,
    /// The state.
    pub state: String,
    /// The nonce, where one went out.
    pub nonce: Option<String>,
    /// The verifier, where there was one.
    pub verifier: Option<String>,
    /// The address to which the browser came back.
    pub back: String,
    /// When it was.
    pub at: Option<i64>,
}

/// Why nothing can be learnt: which exchange is missing, and what to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannotLearn {
    /// What is missing.
    pub missing: String,
    /// What to do.
    pub help: String,
}

impl CannotLearn {
    /// Why, and what to do.
    pub fn new(missing: &str, help: &str) -> Self {
        Self { missing: missing.to_owned(), help: help.to_owned() }
    }
}

impl fmt::Display for CannotLearn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}\n  help: {}", self.missing, self.help)
    }
}

/// The longest address that is looked at.
const LONGEST_ADDRESS: usize = 16 * 1024;

/// Learns the file of a provider that is to be called `name`.
pub fn learn(name: &str, exchanges: &[Recorded], ground: Ground) -> Result<Learned, CannotLearn> {
    let usable: Vec<Recorded> = with_landings(exchanges.iter().filter(|exchange| exchange.address.len() <= LONGEST_ADDRESS).take(MOST));
    let journeys = journey::find(&usable)?;
    let published = Published::find(&usable);
    let mut sweep = Sweep::new(exchanges, &journeys);
    let mut learned = Thread::new(name, &journeys, &published, &HashSet::new()).learned();
    sweep.keep(&learned.values);
    let stains = sweep.stains(&learned.text);
    if !stains.is_empty() {
        // What was sent as it stands becomes a reference, and then nothing may be left.
        let taboo = stains.into_iter().map(|stain| stain.value).collect();
        learned = Thread::new(name, &journeys, &published, &taboo).learned();
        sweep.keep(&learned.values);
        if let Some(stain) = sweep.stains(&learned.text).first() {
            return Err(Sweep::refusal(stain, &learned.text));
        }
    }
    let (provider, report) = compile(&Source::new(format!("{name}.yaml"), learned.text.as_str()), ground);
    if provider.is_none() {
        // A complaint is about the file, and a file holds no value of the recording that is a secret.
        let first = report.complaints.first().map_or_else(String::new, |complaint| format!("{}; {}", complaint.message, complaint.help));
        return Err(CannotLearn {
            missing: format!("what was recorded is not yet a whole login: {first}"),
            help: "record all of a login, once more".to_owned(),
        });
    }
    Ok(learned)
}

/// The exchanges, and where an answer sends the browser without the recording saying that it went there, that as well.
fn with_landings<'a>(exchanges: impl Iterator<Item = &'a Recorded>) -> Vec<Recorded> {
    let all: Vec<&Recorded> = exchanges.collect();
    let visited: std::collections::HashSet<&str> = all.iter().map(|exchange| exchange.base()).collect();
    let mut out = Vec::with_capacity(all.len());
    for exchange in &all {
        out.push((*exchange).clone());
        let landing =
            exchange.answer.as_ref().filter(|answer| (300..400).contains(&answer.status)).and_then(|answer| answer.header("location"));
        if let Some(landing) = landing.filter(|landing| landing.len() <= LONGEST_ADDRESS && look::is_address(landing)) {
            let visit = Recorded { method: "GET".to_owned(), address: landing.to_owned(), at: exchange.at, ..Recorded::default() };
            if !visited.contains(visit.base()) {
                out.push(visit);
            }
        }
    }
    out
}
