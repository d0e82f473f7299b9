//! Proposes lines of the file as they were when a login worked, where they were changed since.
//!
//! The former lines are the operator's own. They are still tried on the answers, and lines that decide who may sign in, or what proves
//! something, are never proposed: the story shows how they were, and a person decides.

use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::provider::step::Step;
use crate::provider::{InstallationContext, Provider, compile};
use crate::story::file_changes::{ChangedLines, MASKED};
use crate::story::proposal::{FileChange, Proposal};
use crate::story::recent_logins::LoginsAtHand;
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::place::Source;
use crate::vocabulary::yaml::{YamlEntry, YamlKind, YamlNode, parse};
use crate::workbench::repair::answer_repairs::RepairGoal;
use crate::workbench::repair::draft::RepairDraft;
use crate::workbench::repair::email_proof_safety::keeps_email_proof_safe;
use crate::workbench::repair::person_id::comparison::compare_new_ids;
use crate::workbench::repair::person_id::safety::{keeps_parts_of_ids, reads_only_ids_of_persons};
use crate::workbench::repair::reread::{RepairCase, reread_login};
use crate::workbench::repair::{MOST, case_from_trace, goal_from_error};

/// Words of the file that check something, or say where a person or a key comes from. A change of what they say is not taken back.
const CHECKS: &[&str] = &[
    "trustEmail",
    "missingEmail",
    "require",
    "signed",
    "issuer",
    "audience",
    "keys",
    "nonce",
    "algorithms",
    "verify",
    "pkce",
    "accepted",
    "refused",
    "state",
    "exchange",
    "discovery",
    "hosts",
    "key",
    "tokenType",
    "logout",
    "sessionSwap",
    "reauthenticate",
];
/// The longest stretch that is proposed as a whole, in lines.
const LONGEST: usize = 12;

/// A change that would make lines what they were.
struct FormerLines {
    change: FileChange,
    /// Whether the login works with it, as far as the answers show.
    works: bool,
    /// Whether they stand where the login failed.
    is_decisive: bool,
}

/// The proposals with those that take changes of the file back: in front where that is known to help, or where the changed lines decide.
pub(crate) fn propose_as_it_was(
    provider: &Provider,
    error: &LoginError,
    (trace, others): (&Trace, &LoginsAtHand),
    changed: &[ChangedLines],
    proposals: Vec<Proposal>,
) -> Vec<Proposal> {
    let former = changed.iter().filter_map(|change| former_lines(provider, error, (trace, others), change));
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for former in former {
        let line = former.change.line.to_string();
        let title = former.change.added.first().map_or_else(|| format!("- line {line}"), |line| line.trim().to_owned());
        let proposal = Proposal::new(title, &RepairRule::AsItWas { line }, Some(former.change));
        match (former.works, former.is_decisive) {
            (true, _) => first.insert(0, proposal),
            (false, true) => first.push(proposal),
            (false, false) if error.refusal().is_some() => last.push(proposal),
            (false, false) => {}
        }
    }
    let mut all: Vec<Proposal> = Vec::new();
    for proposal in first.into_iter().chain(proposals).chain(last) {
        let is_known = |known: &Proposal| known.change.is_some() && known.change == proposal.change;
        if all.len() < MOST && !all.iter().any(is_known) {
            all.push(proposal);
        }
    }
    all
}

fn former_lines(
    provider: &Provider,
    error: &LoginError,
    (trace, others): (&Trace, &LoginsAtHand),
    changed: &ChangedLines,
) -> Option<FormerLines> {
    let text = &*provider.source.text;
    let lines = || changed.before.iter().chain(&changed.now);
    if changed.before.len() + changed.now.len() > LONGEST || lines().any(|line| line.contains(MASKED)) {
        return None;
    }
    let change = FileChange { line: changed.line, removed: changed.now.clone(), added: changed.before.clone() };
    // The lines are compared as they are written, so a line that shows only a part of itself is not found.
    let former = Source::new(provider.source.name.clone(), change.apply(text)?);
    if checks_of(&provider.source)? != checks_of(&former)? {
        return None;
    }
    let former = compile(&former, InstallationContext { loopback: true }).0?;
    let case = RepairCase { others: Some(others), ..case_from_trace(provider, Err(error), trace) };
    let reread = reread_login(&former, &case);
    let is_safe = keeps_proof(provider, &former, &case)
        && reads_only_ids_of_persons(provider, (&former, &reread))
        && keeps_parts_of_ids(provider, &former)
        && !compare_new_ids(provider, (&former, &reread), &case).is_no_id;
    let works = is_safe && reads_what_was_missing(&former, &case, &goal_from_error(error));
    is_safe.then(|| FormerLines { change, works, is_decisive: is_where_it_failed(provider, error, trace, changed) })
}

/// What a file says below the words that check something, however it is written.
fn checks_of(source: &Source) -> Option<Vec<String>> {
    let (root, _) = parse(source).ok()?;
    let mut all = Vec::new();
    add_checks(&root, "", &mut all);
    Some(all)
}

fn add_checks(node: &YamlNode, at: &str, all: &mut Vec<String>) {
    match &node.kind {
        YamlKind::Scalar { .. } => {}
        YamlKind::List(entries) => entries.iter().for_each(|entry| add_checks(entry, at, all)),
        YamlKind::Map(entries) => {
            for entry in entries {
                let (key, at) = (&*entry.key.value, format!("{at}/{}", entry.key.value));
                if CHECKS.contains(&key) {
                    all.push(format!("{at}: {}", written(&entry.value)));
                } else {
                    add_checks(&entry.value, &at, all);
                }
            }
        }
    }
}

/// A node in one spelling.
fn written(node: &YamlNode) -> String {
    match &node.kind {
        YamlKind::Scalar { text, .. } => format!("{text:?}"),
        YamlKind::List(entries) => format!("[{}]", entries.iter().map(written).collect::<Vec<_>>().join(", ")),
        YamlKind::Map(entries) => {
            let entry = |entry: &YamlEntry| format!("{:?}: {}", entry.key.value, written(&entry.value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Whether an address that was not proven is proven only by what proves it.
fn keeps_proof(now: &Provider, former: &Provider, case: &RepairCase<'_>) -> bool {
    let draft = RepairDraft {
        facts: vec!["email".to_owned(), "emailVerified".to_owned()],
        ..RepairDraft::new(String::new(), RepairRule::AsItWas { line: String::new() }, Vec::new(), 0.0)
    };
    keeps_email_proof_safe((now, &reread_login(now, case)), (former, &reread_login(former, case)), &draft)
}

/// Whether the login gets further with the file: it finds what it lacked, and nothing is refused.
fn reads_what_was_missing(provider: &Provider, case: &RepairCase<'_>, goal: &RepairGoal) -> bool {
    let reread = reread_login(provider, case);
    let is_found = |fact: &String| provider.names.find(fact).is_some_and(|slot| reread.facts.get(slot).is_some());
    let is_about_reading = goal.refused || !goal.facts.is_empty();
    let is_refused = reread.documents.iter().any(|document| document.refused && !document.forgiven);
    is_about_reading && goal.facts.iter().all(is_found) && !is_refused && reread.end.is_none_or(|end| end.is_ok())
}

/// Whether changed lines hold the line that decided, or stand in the step that failed.
fn is_where_it_failed(provider: &Provider, error: &LoginError, trace: &Trace, changed: &ChangedLines) -> bool {
    if error.place.is_some_and(|place| changed.holds(place.line)) {
        return true;
    }
    // A fact that is missing is missing at its line. What a request sends stands anywhere in its step.
    if !goal_from_error(error).facts.is_empty() {
        return false;
    }
    let call = trace.exchanges.last().filter(|call| error.step == Some(call.step)).and_then(|call| provider.calls.get(call.call));
    let Some(step) = call.or_else(|| error.step.and_then(|kind| provider.steps().find(|step| step.kind == kind))) else { return false };
    let from = step.place.line as usize;
    let to = provider.steps().map(|step: &Step| step.place.line as usize).filter(|line| *line > from).min().unwrap_or(usize::MAX);
    (from..to).contains(&changed.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_checks_something_is_found_however_it_is_written() {
        let checks = |text: &str| checks_of(&Source::new("acme.yaml", text)).unwrap();
        let same = "hidden: true\ngetUserInfo: { get: https://sso.acme.example/me, read: { id: $.keys.id } }\n";
        for (before, now) in [
            ("require: { at: $.plan, is: gold }\n", ""),
            ("\"require\": { at: $.plan, is: gold }\n", ""),
            ("require : { at: $.plan, is: gold }\n", ""),
            ("require:\n  - { at: $.a, is: b }\n  - { at: $.plan, is: gold }\n", "require:\n  - { at: $.a, is: b }\n"),
            ("getAccessCode: { form: { keys: 7 } }\n", "getAccessCode: { form: { keys: 8 } }\n"),
            ("getAccessCode: { 'accepted': { at: $.ok, is: yes } }\n", "getAccessCode: { accepted: { at: $.ok, is: no } }\n"),
            ("trustEmail: never # pkce: off\n", "trustEmail: always # pkce: off\n"),
        ] {
            assert_ne!(checks(&format!("{before}{same}")), checks(&format!("{now}{same}")), "{before}");
        }
        assert_eq!(checks("require: { at: $.plan, is: gold }\n"), checks("\"require\":\n  at: $.plan   # a plan\n  is: 'gold'\n"));
        assert_eq!(checks(same), checks(&same.replace("true", "false").replace("$.keys.id", "$.id")));
    }
}
