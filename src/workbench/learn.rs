//! Learns a provider's file from a recording, by following values: which were sent and came back, and which came with an
//! answer and were sent later.
//!
//! Nothing here knows any provider. What no recording can show gets the safe choice, and a comment with what to decide.

pub(crate) mod address; // the address of a request
pub(crate) mod assertion; // tokens that the client signed about itself
pub(crate) mod calls; // the request of each call
pub(crate) mod client; // the client's id and secret
pub(crate) mod client_token; // the token that the client got for itself
pub(crate) mod document; // an answer as values with paths
pub(crate) mod email_trust; // whether an address is trusted, and what stands for none
pub(crate) mod email_verified; // whether an address is proven
pub(crate) mod entry_choice; // an address and its claim in one entry of a list
pub(crate) mod headers; // the headers of a call
pub(crate) mod ids; // which value identifies a person
pub(crate) mod implied_calls; // calls that not every login makes
pub(crate) mod issuer_documents; // the issuer's document and keys
pub(crate) mod jwt; // signed tokens in a recording
pub(crate) mod known_values; // values and the facts that they are
pub(crate) mod leak_check; // no personal value or secret stands in the file
pub(crate) mod linking; // what a request sends, and the answer that gave it
pub(crate) mod login_learner; // one login followed from its beginning
pub(crate) mod missing_line; // which line a recording lacks
pub(crate) mod names; // names of parameters, facts and variables
pub(crate) mod nested_documents; // documents inside of texts
pub(crate) mod parameter_signature; // signatures over parameters
pub(crate) mod people; // whether the logins are those of different people
pub(crate) mod person; // which values describe the person
pub(crate) mod person_names; // the person's name
pub(crate) mod person_sources; // the documents that may describe the person
pub(crate) mod pictures; // the person's picture
pub(crate) mod provider_file; // the whole file
pub(crate) mod pushed_request; // what was called before the redirect
pub(crate) mod recorded_login; // the logins of a recording
pub(crate) mod redirect; // the first step
pub(crate) mod registered_address; // a callback whose address was sent by name
pub(crate) mod relevant_calls; // the calls of a login
pub(crate) mod request_places; // the places of a request that hold values
pub(crate) mod request_shape; // the fewest words for a request
pub(crate) mod signed_token; // the token that the provider signed
pub(crate) mod success_flag; // the value that says that all went well
pub(crate) mod timestamp; // the time of a call, however written
pub(crate) mod written_values; // how a value is written

use crate::provider::{InstallationContext, compile};
use crate::vocabulary::place::Source;
use crate::workbench::answers::looks::looks_like_url;
use crate::workbench::learn::document::RecordedDocument;
use crate::workbench::learn::issuer_documents::IssuerDocuments;
use crate::workbench::learn::jwt::RecordedJwt;
use crate::workbench::learn::leak_check::LeakCheck;
use crate::workbench::learn::login_learner::LoginLearner;
use crate::workbench::learn::recorded_login::RecordedLogin;
use crate::workbench::recorded_exchange::{MOST, RecordedExchange};
use crate::workbench::recording_check::{RecordingDifference, compare_with_recording};
use std::collections::{HashMap, HashSet};
use std::fmt;

/// A learned file, and what an operator has to add to it.
pub struct LearnedProvider {
    /// The text of the file.
    pub text: String,
    /// The variables that have to be set for it.
    pub variables: Vec<String>,
    /// What the operator has to decide, because no recording shows it.
    pub decide: Vec<String>,
    /// How many logins the recording holds.
    pub(crate) logins: usize,
    /// The values of the installation by the names of their facts; never shown.
    pub values: Vec<(String, String)>,
    /// The login that was followed; never shown.
    pub(crate) login: ReplayableLogin,
    /// All logins of the recording; never shown.
    pub(crate) replayable: Vec<ReplayableLogin>,
    /// Whether the file was replayed against the recording; not where shoppers type something, which no recording shows.
    pub(crate) is_replayed: bool,
    /// Whether a person of the recording is kept out because no address of theirs is proven.
    pub(crate) lacks_address: bool,
    /// How the file, replayed, differs from the recording.
    pub differences: Vec<RecordingDifference>,
}

/// A login of a recording, for a replay by the engine.
#[derive(Clone, Default)]
pub(crate) struct ReplayableLogin {
    /// The request of the browser to the provider.
    pub(crate) redirect: RecordedExchange,
    /// The parameters of the callback.
    pub(crate) callback: Vec<(String, String)>,
    /// The calls with their answers, in order, also those before the redirect.
    pub(crate) calls: Vec<RecordedExchange>,
    /// The documents that issuers published, by address.
    pub(crate) documents: Vec<(String, serde_json::Value)>,
    pub(crate) state: String,
    pub(crate) nonce: Option<String>,
    pub(crate) verifier: Option<String>,
    pub(crate) redirect_uri: String,
    pub(crate) at: Option<i64>,
    /// The address of the call that got a token of the client itself.
    pub(crate) client_token: Option<String>,
}

impl ReplayableLogin {
    /// When the login was recorded: by the recording, or else by a token in an answer.
    pub(crate) fn time(&self) -> i64 {
        let leaves = || {
            let answers = self.calls.iter().filter_map(|call| call.answer.as_ref());
            answers.filter_map(RecordedDocument::read).flat_map(|document| document.leaves())
        };
        let issued = || leaves().find_map(|leaf| RecordedJwt::read(&leaf.text)?.claims.get("iat")?.as_i64());
        self.at.or_else(issued).unwrap_or(0)
    }

    /// Whether a call may belong to another login, too: it gets a token that logins share.
    pub(crate) fn is_shared(&self, call: &RecordedExchange) -> bool {
        self.client_token.as_deref() == Some(call.address.as_str())
    }
}

/// Why nothing can be learned: which exchange is missing, and what to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearnError {
    pub(crate) missing: String,
    pub(crate) help: String,
}

impl LearnError {
    pub(crate) fn new(missing: &str, help: &str) -> Self {
        Self { missing: missing.to_owned(), help: help.to_owned() }
    }
}

impl fmt::Display for LearnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}\n  help: {}", self.missing, self.help)
    }
}

/// The longest address that is examined.
const LONGEST_ADDRESS: usize = 16 * 1024;

/// Learns the file of a provider that is to be named `name`.
pub fn learn(name: &str, exchanges: &[RecordedExchange], context: InstallationContext) -> Result<LearnedProvider, LearnError> {
    let usable: Vec<RecordedExchange> =
        with_redirect_targets(exchanges.iter().filter(|exchange| exchange.address.len() <= LONGEST_ADDRESS).take(MOST));
    let logins = recorded_login::find_logins(&usable)?;
    let published = IssuerDocuments::find(&usable);
    let mut draft =
        LearnedDraft { name, context, logins: &logins, published: &published, leak_check: LeakCheck::new(name, exchanges, &logins) };
    let mut learned = draft.learn(false)?;
    if learned.lacks_address {
        learned = draft.learn(true)?;
    }
    Ok(learned)
}

/// What a file is learned from.
struct LearnedDraft<'a> {
    name: &'a str,
    context: InstallationContext,
    logins: &'a [RecordedLogin<'a>],
    published: &'a IssuerDocuments,
    leak_check: LeakCheck,
}

impl LearnedDraft<'_> {
    /// Learns the file, and replays it. `asks` for an address where a person of the recording has none that is proven.
    fn learn(&mut self, asks: bool) -> Result<LearnedProvider, LearnError> {
        let write = |withheld: &HashSet<String>| {
            let mut learner = LoginLearner::new(self.name, self.logins, self.published, withheld);
            learner.asks_for_address = asks;
            learner.into_learned_provider()
        };
        let mut learned = write(&HashSet::new());
        self.leak_check.add_installation_values(&learned.values);
        let leaks = self.leak_check.find_leaks(&learned.text);
        if !leaks.is_empty() {
            // These values become references; after that, none may be left.
            learned = write(&leaks.into_iter().map(|leak| leak.value).collect());
            self.leak_check.add_installation_values(&learned.values);
            if let Some(leak) = self.leak_check.find_leaks(&learned.text).first() {
                return Err(LeakCheck::leak_error(leak, &learned.text));
            }
        }
        let (provider, report) = compile(&Source::new(format!("{}.yaml", self.name), learned.text.as_str()), self.context);
        let Some(provider) = provider else {
            // A complaint quotes the file, which holds no secret of the recording.
            let first =
                report.complaints.first().map_or_else(String::new, |complaint| format!("{}; {}", complaint.message, complaint.help));
            return Err(LearnError {
                missing: format!("what was recorded is not yet a whole login: {first}"),
                help: "record the whole login again, from the login button to the page of the shop".to_owned(),
            });
        };
        let check = compare_with_recording(&provider, &learned);
        learned.is_replayed = provider.inputs.is_empty();
        (learned.differences, learned.lacks_address) = (check.differences, check.lacks_address);
        Ok(learned)
    }
}

/// The exchanges, and a visit of each address to which an answer redirects without a recorded exchange for it. A browser does not
/// send the fragment of an address, so a visit gets the one of the redirect that led to it.
fn with_redirect_targets<'a>(exchanges: impl Iterator<Item = &'a RecordedExchange>) -> Vec<RecordedExchange> {
    let all: Vec<&RecordedExchange> = exchanges.collect();
    let visited: HashSet<&str> = all.iter().map(|exchange| exchange.base()).collect();
    let targets: Vec<&str> = all.iter().filter_map(|exchange| redirect_target(exchange)).collect();
    let fragments: HashMap<&str, &str> = targets.iter().filter_map(|target| Some((target.split_once('#')?.0, *target))).collect();
    let mut out = Vec::with_capacity(all.len());
    for exchange in &all {
        let mut visit = (*exchange).clone();
        if let Some(whole) = fragments.get(exchange.address.as_str()).filter(|_| exchange.method == "GET") {
            (*whole).clone_into(&mut visit.address);
        }
        out.push(visit);
        if let Some(target) = redirect_target(exchange) {
            let visit =
                RecordedExchange { method: "GET".to_owned(), address: target.to_owned(), at: exchange.at, ..RecordedExchange::default() };
            if !visited.contains(visit.base()) {
                out.push(visit);
            }
        }
    }
    out
}

/// The address to which an answer sends the browser.
fn redirect_target(exchange: &RecordedExchange) -> Option<&str> {
    let answer = exchange.answer.as_ref().filter(|answer| (300..400).contains(&answer.status))?;
    answer.header("location").filter(|target| target.len() <= LONGEST_ADDRESS && looks_like_url(target))
}
