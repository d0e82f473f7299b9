//! Asks the checklist on the terminal, question by question.

use crate::commands::new::growing_request::GrowingRequest;
use crate::commands::new::issuer;
use crate::commands::outcome::CommandFailure;
use crate::stores::settings::Settings;
use crate::vocabulary::diagnostic::printable;
use crate::workbench::checklist::question::{ChecklistAnswers, ChecklistQuestion, FURTHER, assumed_answers};
use crate::workbench::checklist::questions::{QUESTIONS, rare_names};
use std::io::{BufRead as _, Write as _};

/// Says why an answer is not accepted.
pub(crate) type AnswerCheck<'a> = dyn Fn(&ChecklistQuestion, &str, &ChecklistAnswers) -> Option<String> + 'a;

/// Asks every question that has no answer yet.
pub(crate) fn ask_questions(
    answers: &mut ChecklistAnswers,
    settings: &Settings,
    check_answer: &AnswerCheck<'_>,
) -> Result<(), CommandFailure> {
    let given: Vec<&str> = answers.keys().copied().collect();
    let mut requests = GrowingRequest::default();
    print("Enter takes the answer in brackets; `back` returns to the question before. The requests are shown as the answers make them.\n");
    let mut published: Vec<&str> = Vec::new();
    let mut asked: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(question) = QUESTIONS.get(at) {
        if given.contains(&question.name) || published.contains(&question.name) || !question.is_open(answers) {
            at += 1;
            continue;
        }
        let usual = (question.usual)(answers);
        let choices = match question.name {
            FURTHER => format!(" ({})", rare_names().filter(|name| !given.contains(name)).collect::<Vec<_>>().join(", ")),
            _ if question.choices.is_empty() => String::new(),
            _ => format!(" ({})", question.choices.join(", ")),
        };
        let bracket = usual.as_ref().map_or_else(String::new, |usual| format!(" [{usual}]"));
        print(&format!("\n{}{choices}\n  for example: {}\n{}{bracket}: ", question.ask, question.example, question.name));
        let typed = read_answer()?;
        let answer = match (typed.trim(), usual) {
            ("back", _) => {
                if let Some(before) = asked.pop() {
                    answers.remove(QUESTIONS[before].name);
                    at = before;
                } else {
                    print("  this is the first question\n");
                }
                continue;
            }
            ("", Some(usual)) => usual,
            ("", None) => {
                print("  this needs an answer\n");
                continue;
            }
            (typed, _) => typed.to_owned(),
        };
        if let Some(why) = check_answer(question, &answer, &assumed_answers(question.name, &answer, answers)) {
            print(&format!("  {}\n", printable(&why)));
            continue;
        }
        if question.name == "discovery" && !take_from_discovery(&answer, settings, answers, &mut published) {
            continue;
        }
        // The document may lie elsewhere, or be that of a server without ID tokens.
        answers.entry(question.name).or_insert(answer);
        requests.changed_lines(answers, settings).iter().for_each(|line| print(&format!("  {line}\n")));
        asked.push(at);
        at += 1;
    }
    Ok(())
}

/// Takes what the issuer's document says, which is then not asked, in place of what an earlier document said. Returns whether the
/// document could be read.
fn take_from_discovery(answer: &str, settings: &Settings, answers: &mut ChecklistAnswers, published: &mut Vec<&'static str>) -> bool {
    answers.retain(|name, _| !published.contains(name));
    published.clear();
    if answer == "none" {
        return true;
    }
    let mut found = ChecklistAnswers::new();
    if let Err(failure) = issuer::fill_in_from_discovery(answer, settings, &mut found) {
        failure.message().lines().for_each(|line| print(&format!("  {}\n", printable(line))));
        return false;
    }
    found.retain(|name, _| !answers.contains_key(name));
    published.extend(found.keys().filter(|name| **name != "discovery"));
    answers.extend(found);
    true
}

fn print(text: &str) {
    let mut out = std::io::stdout();
    let _ = write!(out, "{text}");
    let _ = out.flush();
}

fn read_answer() -> Result<String, CommandFailure> {
    let mut typed = String::new();
    match std::io::stdin().lock().read_line(&mut typed) {
        Ok(read) if read > 0 && typed.len() <= 4096 => Ok(typed),
        Ok(0) => Err(CommandFailure::No("\nnothing was written: the answers ended before the questions did".to_owned())),
        _ => Err(CommandFailure::No("\nnothing was written: that line cannot be read".to_owned())),
    }
}
