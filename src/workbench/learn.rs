//! Learns a provider's file from a recording, by following values: which were sent and came back, and which came with an
//! answer and were sent later.
//!
//! Nothing here knows any provider. What no recording can show gets the safe choice, and a comment with what to decide.

pub(crate) mod assertion; // tokens that the client signed about itself
pub(crate) mod calls; // the request of each call
pub(crate) mod client; // the client's id and secret
pub(crate) mod document; // an answer as values with paths
pub(crate) mod email_trust; // whether an address is trusted, and what stands for none
pub(crate) mod email_verified; // whether an address is proven
pub(crate) mod entry_choice; // an address and its claim in one entry of a list
pub(crate) mod headers; // the headers of a call
pub(crate) mod ids; // which value identifies a person
pub(crate) mod issuer_documents; // the issuer's document and keys
pub(crate) mod jwt; // signed tokens in a recording
pub(crate) mod known_values; // values and the facts that they are
pub(crate) mod leak_check; // no personal value or secret stands in the file
pub(crate) mod login_learner; // one login followed from its beginning
pub(crate) mod names; // names of parameters, facts and variables
pub(crate) mod parameter_signature; // signatures over parameters
pub(crate) mod person; // which values describe the person
pub(crate) mod person_names; // the person's name
pub(crate) mod pictures; // the person's picture
pub(crate) mod provider_file; // the whole file
pub(crate) mod pushed_request; // what was called before the redirect
pub(crate) mod recorded_login; // the logins of a recording
pub(crate) mod redirect; // the first step
pub(crate) mod request_shape; // the fewest words for a request
pub(crate) mod signed_token; // the token that the provider signed
pub(crate) mod success_flag; // the value that says that all went well
pub(crate) mod timestamp; // the time of a call, however written
pub(crate) mod written_values; // how a value is written

use crate::provider::{InstallationContext, compile};
use crate::vocabulary::place::Source;
use crate::workbench::answers::looks::looks_like_url;
use crate::workbench::learn::issuer_documents::IssuerDocuments;
use crate::workbench::learn::leak_check::LeakCheck;
use crate::workbench::learn::login_learner::LoginLearner;
use crate::workbench::recorded_exchange::{MOST, RecordedExchange, RecordedResponse};
use std::collections::HashSet;
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
}

/// A login of a recording, for a replay by the engine.
#[derive(Clone, Default)]
pub(crate) struct ReplayableLogin {
    /// The parameters of the callback.
    pub(crate) callback: Vec<(String, String)>,
    /// The answers of the calls, in order, also of those before the redirect.
    pub(crate) answers: Vec<RecordedResponse>,
    /// The documents that issuers published, by address.
    pub(crate) documents: Vec<(String, serde_json::Value)>,
    pub(crate) state: String,
    pub(crate) nonce: Option<String>,
    pub(crate) verifier: Option<String>,
    pub(crate) redirect_uri: String,
    pub(crate) at: Option<i64>,
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
    let mut leak_check = LeakCheck::new(exchanges, &logins);
    let mut learned = LoginLearner::new(name, &logins, &published, &HashSet::new()).into_learned_provider();
    leak_check.add_installation_values(&learned.values);
    let leaks = leak_check.find_leaks(&learned.text);
    if !leaks.is_empty() {
        // These values become references; after that, none may be left.
        let withheld = leaks.into_iter().map(|leak| leak.value).collect();
        learned = LoginLearner::new(name, &logins, &published, &withheld).into_learned_provider();
        leak_check.add_installation_values(&learned.values);
        if let Some(leak) = leak_check.find_leaks(&learned.text).first() {
            return Err(LeakCheck::leak_error(leak, &learned.text));
        }
    }
    let (provider, report) = compile(&Source::new(format!("{name}.yaml"), learned.text.as_str()), context);
    if provider.is_none() {
        // A complaint quotes the file, which holds no secret of the recording.
        let first = report.complaints.first().map_or_else(String::new, |complaint| format!("{}; {}", complaint.message, complaint.help));
        return Err(LearnError {
            missing: format!("what was recorded is not yet a whole login: {first}"),
            help: "record the whole login again, from the login button to the page of the shop".to_owned(),
        });
    }
    Ok(learned)
}

/// The exchanges, and a visit of each address to which an answer redirects without a recorded exchange for it.
fn with_redirect_targets<'a>(exchanges: impl Iterator<Item = &'a RecordedExchange>) -> Vec<RecordedExchange> {
    let all: Vec<&RecordedExchange> = exchanges.collect();
    let visited: HashSet<&str> = all.iter().map(|exchange| exchange.base()).collect();
    let mut out = Vec::with_capacity(all.len());
    for exchange in &all {
        out.push((*exchange).clone());
        let target =
            exchange.answer.as_ref().filter(|answer| (300..400).contains(&answer.status)).and_then(|answer| answer.header("location"));
        if let Some(target) = target.filter(|target| target.len() <= LONGEST_ADDRESS && looks_like_url(target)) {
            let visit =
                RecordedExchange { method: "GET".to_owned(), address: target.to_owned(), at: exchange.at, ..RecordedExchange::default() };
            if !visited.contains(visit.base()) {
                out.push(visit);
            }
        }
    }
    out
}
