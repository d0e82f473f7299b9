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
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::place::Source;
use crate::workbench::repair::answer_repairs::RepairGoal;
use crate::workbench::repair::draft::RepairDraft;
use crate::workbench::repair::email_proof_safety::keeps_email_proof_safe;
use crate::workbench::repair::person_id::comparison::compare_new_ids;
use crate::workbench::repair::person_id::safety::{keeps_parts_of_ids, reads_only_ids_of_persons};
use crate::workbench::repair::reread::{RepairCase, reread_login};
use crate::workbench::repair::{MOST, case_from_trace, goal_from_error};

/// Words of the file that check something, or say where a person or a key comes from. A change of their lines is not taken back.
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
    trace: &Trace,
    changed: &[ChangedLines],
    proposals: Vec<Proposal>,
) -> Vec<Proposal> {
    let former = changed.iter().filter_map(|change| former_lines(provider, error, trace, change));
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

fn former_lines(provider: &Provider, error: &LoginError, trace: &Trace, changed: &ChangedLines) -> Option<FormerLines> {
    let text = &*provider.source.text;
    let lines = || changed.before.iter().chain(&changed.now);
    if changed.before.len() + changed.now.len() > LONGEST || lines().any(|line| line.contains(MASKED) || is_check(line)) {
        return None;
    }
    if has_check_above(text, changed.line, lines().map(|line| depth_of(line)).min()?) {
        return None;
    }
    let change = FileChange { line: changed.line, removed: changed.now.clone(), added: changed.before.clone() };
    // The lines are compared as they are written, so a line that shows only a part of itself is not found.
    let former = Source::new(provider.source.name.clone(), change.apply(text)?);
    let former = compile(&former, InstallationContext { loopback: true }).0?;
    let case = case_from_trace(provider, Err(error), trace);
    let reread = reread_login(&former, &case);
    let is_safe = keeps_proof(provider, &former, &case)
        && reads_only_ids_of_persons(provider, (&former, &reread))
        && keeps_parts_of_ids(provider, &former)
        && !compare_new_ids(provider, (&former, &reread), &case).is_no_id;
    let works = is_safe && reads_what_was_missing(&former, &case, &goal_from_error(error));
    is_safe.then(|| FormerLines { change, works, is_decisive: is_where_it_failed(provider, error, trace, changed) })
}

/// Whether lines of this depth, at this line, stand below a word that checks something.
fn has_check_above(text: &str, line: usize, depth: usize) -> bool {
    let above = text.lines().take(line.saturating_sub(1));
    let mut depth = depth;
    for line in above.collect::<Vec<_>>().into_iter().rev().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')) {
        if depth_of(line) < depth {
            if is_check(line) {
                return true;
            }
            depth = depth_of(line);
        }
    }
    false
}

/// How deep a line is nested. An entry of a list is below a key that stands at the same column.
fn depth_of(line: &str) -> usize {
    let text = line.trim_start();
    2 * (line.len() - text.len()) + usize::from(text.starts_with("- "))
}

/// Whether a line has a word that checks something.
fn is_check(line: &str) -> bool {
    let written = line.split('#').next().unwrap_or_default();
    let words = written.split(|letter: char| !letter.is_ascii_alphanumeric());
    // A path may have any word in it, so only keys count.
    let keys = words.filter(|word| !word.is_empty() && written.contains(&format!("{word}:")));
    keys.into_iter().any(|word| CHECKS.contains(&word))
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
    fn a_line_that_checks_something_is_known_by_its_keys() {
        for (line, expected) in [
            ("trustEmail: always", true),
            ("  accepted: { at: $.status, is: ok }", true),
            ("  signed: { issuer: acme }", true),
            ("    email: $.data.email", false),
            ("  form: { keys: 7 }", true),
            ("    id: $.keys.id  # pkce: off", false),
            ("  post: https://sso.acme.example/token", false),
        ] {
            assert_eq!(is_check(line), expected, "{line}");
        }
    }
}
