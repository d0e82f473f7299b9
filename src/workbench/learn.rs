//! Learns a provider's file from a recording, by following values: what went out and came back, what came back and went out again.
//!
//! Nothing here knows any provider. What a recording cannot say gets the safe word and a comment that says what to decide.

pub(crate) mod assertion;
pub(crate) mod calls;
pub(crate) mod client;
pub(crate) mod document;
pub(crate) mod issuer_documents;
pub(crate) mod success_flag;
pub(crate) mod headers;
pub(crate) mod ids;
pub(crate) mod recorded_login;
pub(crate) mod known_values;
pub(crate) mod heuristics;
pub(crate) mod timestamp;
pub(crate) mod person_names;
pub(crate) mod person;
pub(crate) mod pictures;
pub(crate) mod email_verified;
pub(crate) mod redirect;
pub(crate) mod request_shape;
pub(crate) mod parameter_signature;
pub(crate) mod signed_token;
pub(crate) mod leak_check;
pub(crate) mod login_learner;
pub(crate) mod jwt;
pub(crate) mod provider_file;
pub(crate) mod written_values;

use crate::provider::{InstallationContext, compile};
use crate::vocabulary::place::Source;
use crate::workbench::answers::looks::looks_like_url;
use crate::workbench::learn::issuer_documents::IssuerDocuments;
use crate::workbench::learn::leak_check::LeakCheck;
use crate::workbench::learn::login_learner::LoginLearner;
use crate::workbench::recorded_exchange::{MOST, RecordedExchange, RecordedResponse};
use std::collections::HashSet;
use std::fmt;

/// What was learnt.
pub struct LearnedProvider {
    /// The file's text.
    pub text: String,
    /// The variables that it waits for.
    pub variables: Vec<String>,
    /// What there is to decide, which no recording can say.
    pub decide: Vec<String>,
    /// How many logins the recording holds.
    pub(crate) logins: usize,
    /// The values of the installation by the names of their facts; never shown.
    pub values: Vec<(String, String)>,
    /// The login that was followed; never shown.
    pub(crate) followed: ReplayableLogin,
}

/// A login of a recording as the engine may go through it again.
#[derive(Clone, Default)]
pub(crate) struct ReplayableLogin {
    /// What the browser brought.
    pub(crate) callback: Vec<(String, String)>,
    /// What the calls were answered, in order.
    pub(crate) answers: Vec<RecordedResponse>,
    /// What issuers published, by address.
    pub(crate) documents: Vec<(String, serde_json::Value)>,
    pub(crate) state: String,
    /// The nonce, where one went out.
    pub(crate) nonce: Option<String>,
    /// The verifier, where there was one.
    pub(crate) verifier: Option<String>,
    /// The address to which the browser came back.
    pub(crate) back: String,
    pub(crate) at: Option<i64>,
}

/// Why nothing can be learnt: which exchange is missing, and what to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearnError {
    pub(crate) missing: String,
    pub(crate) help: String,
}

impl LearnError {
    /// Why, and what to do.
    pub(crate) fn new(missing: &str, help: &str) -> Self {
        Self { missing: missing.to_owned(), help: help.to_owned() }
    }
}

impl fmt::Display for LearnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}\n  help: {}", self.missing, self.help)
    }
}

/// The longest address that is looked at.
const LONGEST_ADDRESS: usize = 16 * 1024;

/// Learns the file of a provider that is to be called `name`.
pub fn learn(name: &str, exchanges: &[RecordedExchange], ground: InstallationContext) -> Result<LearnedProvider, LearnError> {
    let usable: Vec<RecordedExchange> =
        with_redirect_targets(exchanges.iter().filter(|exchange| exchange.address.len() <= LONGEST_ADDRESS).take(MOST));
    let journeys = recorded_login::find_logins(&usable)?;
    let published = IssuerDocuments::find(&usable);
    let mut sweep = LeakCheck::new(exchanges, &journeys);
    let mut learned = LoginLearner::new(name, &journeys, &published, &HashSet::new()).into_learned_provider();
    sweep.add_installation_values(&learned.values);
    let stains = sweep.find_leaks(&learned.text);
    if !stains.is_empty() {
        // What was sent as it stands becomes a reference, and then nothing may be left.
        let taboo = stains.into_iter().map(|stain| stain.value).collect();
        learned = LoginLearner::new(name, &journeys, &published, &taboo).into_learned_provider();
        sweep.add_installation_values(&learned.values);
        if let Some(stain) = sweep.find_leaks(&learned.text).first() {
            return Err(LeakCheck::leak_error(stain, &learned.text));
        }
    }
    let (provider, report) = compile(&Source::new(format!("{name}.yaml"), learned.text.as_str()), ground);
    if provider.is_none() {
        // A complaint is about the file, and a file holds no value of the recording that is a secret.
        let first = report.complaints.first().map_or_else(String::new, |complaint| format!("{}; {}", complaint.message, complaint.help));
        return Err(LearnError {
            missing: format!("what was recorded is not yet a whole login: {first}"),
            help: "record all of a login, once more".to_owned(),
        });
    }
    Ok(learned)
}

/// The exchanges, and where an answer sends the browser without the recording saying that it went there, that as well.
fn with_redirect_targets<'a>(exchanges: impl Iterator<Item = &'a RecordedExchange>) -> Vec<RecordedExchange> {
    let all: Vec<&RecordedExchange> = exchanges.collect();
    let visited: std::collections::HashSet<&str> = all.iter().map(|exchange| exchange.base()).collect();
    let mut out = Vec::with_capacity(all.len());
    for exchange in &all {
        out.push((*exchange).clone());
        let landing =
            exchange.answer.as_ref().filter(|answer| (300..400).contains(&answer.status)).and_then(|answer| answer.header("location"));
        if let Some(landing) = landing.filter(|landing| landing.len() <= LONGEST_ADDRESS && looks_like_url(landing)) {
            let visit =
                RecordedExchange { method: "GET".to_owned(), address: landing.to_owned(), at: exchange.at, ..RecordedExchange::default() };
            if !visited.contains(visit.base()) {
                out.push(visit);
            }
        }
    }
    out
}
