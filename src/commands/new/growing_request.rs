//! The requests as the answers so far make them: each is shown once it is known, and again whenever an answer has changed it.

use crate::provider::{InstallationContext, Provider, compile};
use crate::stores::settings::Settings;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::place::Source;
use crate::vocabulary::wire::Request;
use crate::workbench::checklist::add_usual_settings;
use crate::workbench::checklist::answered_file::draft_from_answers;
use crate::workbench::checklist::question::ChecklistAnswers;
use crate::workbench::checklist::questions::QUESTIONS;
use crate::workbench::explain::{explain, installation_facts};
use std::fmt::Write as _;

/// The answers without which a request is not shown, each with the step whose address it is.
const ADDRESSES: &[(&str, &str, &str)] = &[
    ("authorize", "getAuthorizationCode", "https://not-answered-yet.invalid/authorize"),
    ("token", "getAccessCode", "https://not-answered-yet.invalid/token"),
    ("userinfo", "getUserInfo", "https://not-answered-yet.invalid/userinfo"),
];

/// The requests that were shown last, by their steps.
#[derive(Default)]
pub(crate) struct GrowingRequest(Vec<(&'static str, String)>);

impl GrowingRequest {
    /// The requests that are new or have changed, one line each.
    pub(crate) fn changed_lines(&mut self, answers: &ChecklistAnswers, settings: &Settings) -> Vec<String> {
        let known = requests(answers, settings).unwrap_or_default();
        let is_new = |entry: &&(&'static str, String)| !self.0.contains(*entry);
        let lines = known.iter().filter(is_new).map(|(step, line)| format!("{step}: {line}")).collect();
        if !known.is_empty() {
            self.0 = known;
        }
        lines
    }
}

/// The requests whose addresses are known, if the answers so far and the defaults of the others make a file.
fn requests(answers: &ChecklistAnswers, settings: &Settings) -> Option<Vec<(&'static str, String)>> {
    let mut assumed = answers.clone();
    let has_document = answers.get("discovery").is_some_and(|issuer| issuer != "none");
    let is_shown = |word: &str| has_document || ADDRESSES.iter().any(|(name, step, _)| *step == word && answers.contains_key(name));
    if !has_document {
        for (name, _, address) in ADDRESSES {
            assumed.entry(name).or_insert_with(|| (*address).to_owned());
        }
    }
    for question in QUESTIONS.iter() {
        if !assumed.contains_key(question.name) && question.is_open(&assumed) {
            let usual = (question.usual)(&assumed)?;
            assumed.insert(question.name, usual);
        }
    }
    let provider = compiled(&assumed, settings.installation_context()).or_else(|| {
        // The parameters that are given may leave out what PKCE and the state need; the questions about those come later.
        assumed.insert("pkce", "off".to_owned());
        compiled(&assumed, settings.installation_context())
    })?;
    let steps = explain(&provider, &installation_facts(&provider, &settings.public_url)).ok()?;
    let shown = steps.iter().filter(|explained| is_shown(explained.word()));
    Some(shown.map(|explained| (explained.word(), on_one_line(&explained.request))).collect())
}

fn compiled(answers: &ChecklistAnswers, context: InstallationContext) -> Option<Provider> {
    let mut answers = answers.clone();
    add_usual_settings(&mut answers);
    let name = format!("{}.yaml", answers.get("name").map_or("answer", String::as_str));
    compile(&Source::new(name, draft_from_answers(&answers).to_yaml()), context).0
}

/// The request on one line, as it would be sent: headers that every request has are left out, and secrets are masked.
fn on_one_line(request: &Request) -> String {
    let mut line = format!("{} {}", request.method, request.address.masked());
    for (name, value) in &request.headers {
        if !["accept", "user-agent", "content-type"].contains(&&*name.to_ascii_lowercase()) {
            let _ = write!(line, "  {name}: {}", value.masked());
        }
    }
    if let Some(body) = &request.body {
        line.push_str("  ");
        line.push_str(&body.masked());
    }
    printable(&line)
}
