//! The checklist about a provider, and the file that its answers give. The compiler of the language checks each answer.

pub(crate) mod answered_file; // the file that the answers give
mod answered_steps; //          its steps
pub(crate) mod pairs; //     parameters and conditions on one line
pub(crate) mod question; //  what a question is, and what earlier answers mean for it
pub(crate) mod questions; // the table
mod rare_questions; //       what few providers need

use crate::provider::{InstallationContext, compile};
use crate::vocabulary::diagnostic::{Severity, printable, quoted_alternatives};
use crate::vocabulary::place::Source;
use crate::workbench::answers::path::{PathSegment, parse_path, write_path};
use crate::workbench::checklist::answered_file::draft_from_answers;
use crate::workbench::checklist::pairs::{pairs, with_commas};
use crate::workbench::checklist::question::{ChecklistAnswers, ChecklistQuestion, FURTHER, PUSHED_READ, usual_hosts, usual_settings};
use crate::workbench::checklist::questions::rare_names;

/// Why an answer is not accepted: the choices, or the complaint of the compiler.
pub(crate) fn check_answer(
    question: &ChecklistQuestion,
    answer: &str,
    given: &ChecklistAnswers,
    context: InstallationContext,
) -> Option<String> {
    if question.name == "trust" && answer == "claim" && lacks_claim(given) {
        return Some("`claim` needs the place where the answer says it: `--email-verified PATH`; otherwise `always` or `never`".to_owned());
    }
    if question.name == FURTHER {
        let unknown = answer.split_whitespace().find(|name| *name != "none" && !rare_names().any(|known| known == *name));
        return unknown.map(|name| format!("`{}` is none of them; write {}", printable(name), quoted_alternatives(rare_names())));
    }
    if !question.choices.is_empty() {
        let fits = question.choices.contains(&answer);
        return (!fits).then(|| format!("write {}", quoted_alternatives(question.choices.iter().copied())));
    }
    if question.value_name() == "PAIRS"
        && let Some(meant) = with_commas(answer)
    {
        return Some(format!("the pairs are not separated; write commas between them, and facts in `${{…}}`: `{meant}`"));
    }
    if let Some(entry) = given.get("email").filter(|_| question.name == "email-verified").and_then(|email| other_entry(email, answer)) {
        return Some(format!(
            "the address is read from the entry `{entry}` of a list, and this may be another entry; \
             write where the claim stands in that entry, such as `{entry}.verified`, or `none`"
        ));
    }
    let text = draft_from_answers(&answers_for_check(question.name, answer, given)).to_yaml();
    let (_, report) = compile(&Source::new("answer.yaml", text), context);
    let error = report.complaints.iter().find(|complaint| complaint.severity == Severity::Error)?;
    let flag = if error.help.contains("stateIn") { " (the flag `--state-in`)" } else { "" };
    Some(format!("{}; {}{flag}", error.message, error.help))
}

/// Whether nothing says that the address is proven, by the answers that are there and the defaults of the others.
fn lacks_claim(given: &ChecklistAnswers) -> bool {
    let is_default = || given.get("id").is_none_or(|id| id == "$.sub");
    let has_claim = given.get("email-verified").map_or_else(is_default, |claim| claim != "none");
    let by_hand = given.get("discovery").is_none_or(|issuer| issuer == "none");
    by_hand && !has_claim && given.get("email").is_none_or(|email| email != "none")
}

/// The entry of a list from which the address is read, if the claim is read from an entry that is chosen otherwise.
fn other_entry(email: &str, claim: &str) -> Option<String> {
    let (email, claim) = (parse_path(email)?, parse_path(claim)?);
    let entry = email.get(..=email.iter().rposition(PathSegment::is_filter)?)?;
    (claim.iter().any(PathSegment::is_filter) && !claim.starts_with(entry)).then(|| write_path(entry))
}

/// One answer and correct answers to the other questions, so that every complaint is about this one.
fn answers_for_check(name: &'static str, answer: &str, given: &ChecklistAnswers) -> ChecklistAnswers {
    let mut answers: ChecklistAnswers =
        [("authorize", "https://a.example/a"), ("token", "https://a.example/t"), ("userinfo", "https://a.example/u")]
            .into_iter()
            .chain([("trust", "never"), ("pkce", "off"), ("email-verified", "none"), ("title", "Acme")])
            .map(|(name, answer)| (name, answer.to_owned()))
            .collect();
    match name {
        "bearer" => drop(answers.insert("userinfo-parameters", "token=${accessToken}".to_owned())),
        "missing-email" => drop(answers.insert("trust", "always".to_owned())),
        "token-parameters" if answer.contains("codeVerifier") => drop(answers.insert("pkce", "S256".to_owned())),
        "rename" | "token-rename" => drop(answers.insert("pkce", "S256".to_owned())),
        "email-verified" if answer != "none" => {
            answers.insert("trust", "claim".to_owned());
            // The claim is judged together with the address that it is about.
            answers.extend(given.get("email").filter(|email| *email != "none").map(|email| ("email", email.clone())));
        }
        "discovery" if answer != "none" => answers.retain(|name, _| !matches!(*name, "authorize" | "token" | "userinfo")),
        "scope-separator" => drop(answers.insert("scope", "profile email".to_owned())),
        "state-name" => drop(answers.insert("rename", format!("state={answer}"))),
        "token-name" => answers.extend(given.get("token-in").map(|place| ("token-in", place.clone()))),
        "prepare" | "prepare-read" => {
            let read = if name == "prepare" { PUSHED_READ } else { answer };
            let sent = pairs(read).into_iter().map(|(fact, _)| format!("{fact}=${{{fact}}}"));
            let sent = sent.chain(["client_id=${clientId}".to_owned()]).collect::<Vec<_>>().join(", ");
            answers.extend([
                ("prepare", "https://a.example/par".to_owned()),
                ("prepare-read", read.to_owned()),
                ("authorize-parameters", sent),
            ]);
        }
        "authorize-parameters" => {
            let others = ["prepare", "prepare-read", "state-in", "session-swap"].into_iter();
            answers.extend(others.filter_map(|other| Some((other, given.get(other)?.clone()))));
            answers.extend([("trust", "always".to_owned()), ("missing-email", "refuse".to_owned())]);
            if answer.contains("codeChallenge") {
                answers.insert("pkce", "S256".to_owned());
            }
        }
        "refused-code" | "refused-message" => drop(answers.insert("refused", "$.ok = false".to_owned())),
        "signed-issuer" | "signed-keys" => {
            answers.extend([
                ("signed", "idToken".to_owned()),
                ("signed-issuer", "https://a.example".to_owned()),
                ("signed-keys", "https://a.example/k".to_owned()),
            ]);
        }
        // Values of the shop itself are requested later.
        "hosts" => drop(answers.insert("authorize", "https://${tenant}.example/a".to_owned())),
        _ => {}
    }
    answers.insert(name, answer.to_owned());
    add_usual_settings(&mut answers);
    answers
}

/// Adds variables for the facts that nothing gives, and the hosts of addresses with holes.
pub(crate) fn add_usual_settings(answers: &mut ChecklistAnswers) {
    let settings = usual_settings(answers);
    if !settings.is_empty() {
        let further = answers.get("settings").map_or_else(String::new, |list| format!("{list}, "));
        answers.insert("settings", further + &settings);
    }
    if let Some(hosts) = usual_hosts(answers).filter(|_| !answers.contains_key("hosts")) {
        answers.insert("hosts", hosts);
    }
}
