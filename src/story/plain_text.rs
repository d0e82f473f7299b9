//! A story as plain English text, for terminals and tickets.

use crate::story::app_trial::AppTrial;
use crate::story::shape::StoryMember;
use crate::story::since_text::write_since;
use crate::story::{REPLACED_TOKEN, Story, StoryExchange, StoryFact, StoryRequest};
use crate::vocabulary::diagnostic::printable;
use std::fmt::Write as _;

/// Said of a fact that does not fit into the session token.
pub(crate) const OMITTED: &str = "; it is left out of the session token, which would be longer than 1 KiB";

pub(crate) fn plain_text(story: &Story) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}", outcome_line(story));
    let version = story.version.as_ref().map_or_else(String::new, |version| format!(" (version {})", printable(version)));
    let _ = writeln!(text, "  --> {}{}{version}", printable(&story.file), place_suffix(story));
    story.rule.iter().for_each(|rule| _ = writeln!(text, "  {}", printable(rule)));
    if story.shared > 0 {
        let _ = writeln!(text, "  {}", shared_sentence(story.shared));
    }
    if let Some(code) = &story.remedy {
        let _ = writeln!(text, "  the story of {} holds what would mend this: the same failed there", printable(code));
    }
    write_since(story, &mut text);
    story.prepared.iter().for_each(|exchange| write_exchange(exchange, &mut text));
    if let Some(redirect) = &story.redirect {
        let _ = writeln!(text, "\ngetAuthorizationCode");
        write_request(redirect, &mut text);
    }
    if !story.callback.is_empty() || !story.callback_facts.is_empty() {
        let _ = writeln!(text, "\ncallback");
        write_shape(&story.callback, 4, &mut text);
        write_facts(&story.callback_facts, &mut text);
    }
    story.exchanges.iter().for_each(|exchange| write_exchange(exchange, &mut text));
    if let Some(identity) = &story.identity {
        let _ = writeln!(text, "\nidentity");
        for fact in identity {
            let note = fact.instead.as_deref().map_or_else(String::new, |note| format!(" ({note})"));
            let omitted = if fact.omitted { OMITTED } else { "" };
            let _ = writeln!(
                text,
                "  {}: {}{note}{omitted}",
                fact.name,
                fact.looks_in_english().unwrap_or_else(|| "the shopper is asked for it".to_owned())
            );
        }
    }
    story.app.iter().for_each(|trial| write_app_trial(trial, &mut text));
    write_proposals(story, &mut text);
    text
}

/// What an app would have got, under the words of its parts and notes.
fn write_app_trial(trial: &AppTrial, text: &mut String) {
    for step in &trial.steps {
        let _ = writeln!(text, "\napp {}, {}", printable(&trial.app), printable(&step.part));
        step.notes.iter().for_each(|note| _ = writeln!(text, "  note: {}", printable(note)));
        for value in &step.values {
            let shown = value.value.clone().or_else(|| value.looks_in_english()).unwrap_or_default();
            let _ = writeln!(text, "  {}: {}", printable(&value.name), printable(&shown));
        }
    }
}

/// The outcome of the login, in one line.
pub(crate) fn outcome_line(story: &Story) -> String {
    let Some(code) = &story.code else { return "the login worked".to_owned() };
    let outcome = if story.by_provider { "the provider refused the login" } else { "the login failed" };
    let step = story.step.as_ref().map_or_else(String::new, |step| format!(" in {step}"));
    let exact = story.cause.as_deref().filter(|cause| cause != code && !story.by_provider);
    let code = exact.map_or_else(|| printable(code), |cause| format!("{}: {}", printable(code), printable(cause)));
    format!("{outcome}{step}: {} ({code})", printable(story.message.as_deref().unwrap_or("see the code")))
}

fn shared_sentence(others: u32) -> String {
    let (logins, their) = if others == 1 { ("login", "its page shows") } else { ("logins", "their pages show") };
    format!("{others} more {logins} failed in the same minute, at the same line and with the same code; {their} this incident code")
}

fn place_suffix(story: &Story) -> String {
    match (story.line, story.column) {
        (Some(line), Some(column)) => format!(":{line}:{column}"),
        _ => String::new(),
    }
}

pub(crate) fn write_request(request: &StoryRequest, text: &mut String) {
    let _ = writeln!(text, "  {} {}", request.method, printable(&request.url));
    for (name, value) in &request.headers {
        let _ = writeln!(text, "  {}: {}", printable(name), printable(value));
    }
    if let Some(body) = &request.body {
        let _ = writeln!(text, "  {}", printable(body));
    }
}

fn write_exchange(exchange: &StoryExchange, text: &mut String) {
    let line = exchange.line.map_or_else(String::new, |line| format!(" (line {line})"));
    let is_replaced = exchange.client_token.as_deref() == Some(REPLACED_TOKEN);
    let forgiven = if exchange.forgiven && !is_replaced { ", optional" } else { "" };
    let _ = writeln!(text, "\n{}{line}{forgiven}", exchange.step);
    write_request(&exchange.request, text);
    exchange.client_token.iter().for_each(|word| _ = writeln!(text, "  {}", describe_client_token(word)));
    write_answer(exchange, text);
    write_facts(&exchange.facts, text);
}

/// What a story says of a client token that was kept from an earlier login.
fn describe_client_token(word: &str) -> &'static str {
    if word == REPLACED_TOKEN {
        "`clientToken` was kept from an earlier login; the call was refused, so it was made once more with a new one"
    } else {
        "`clientToken` was kept from an earlier login"
    }
}

pub(crate) fn write_answer(exchange: &StoryExchange, text: &mut String) {
    let took = exchange.took.map_or_else(String::new, |took| format!(" after {took} ms"));
    let Some(answer) = &exchange.answer else {
        exchange.no_answer.iter().for_each(|why| _ = writeln!(text, "  ← {why}{took}"));
        return;
    };
    let kind = answer.content_type.as_deref().map_or_else(String::new, |kind| format!(" {}", printable(kind)));
    let _ = writeln!(text, "  ← {}{kind} ({} bytes){took}", answer.status, answer.bytes);
    match &answer.shape {
        Some(shape) => write_shape(shape, 4, text),
        None if answer.is_token => text.push_str("    a signed token\n"),
        None if answer.bytes > 0 => _ = writeln!(text, "    neither JSON nor another format that this step reads"),
        None => {}
    }
    exchange.no_answer.iter().for_each(|why| _ = writeln!(text, "  ← {why}"));
}

pub(crate) fn write_shape(members: &[StoryMember], indent: usize, text: &mut String) {
    for member in members {
        let looks = member.looks_in_english();
        let key = printable(&member.key);
        let line = match (key.is_empty(), looks.is_empty()) {
            (true, _) => looks,
            (false, true) => key,
            (false, false) => format!("{key}: {looks}"),
        };
        let _ = writeln!(text, "{:indent$}{line}", "");
        write_shape(&member.below, indent.saturating_add(2), text);
    }
}

pub(crate) fn write_facts(facts: &[StoryFact], text: &mut String) {
    for fact in facts {
        let line = fact.line.map_or_else(String::new, |line| format!("  (line {line})"));
        let instead = fact.instead.as_ref().map_or_else(String::new, |instead| format!("; {instead} was found instead"));
        let _ = match fact.looks_in_english() {
            Some(looks) => writeln!(text, "  read {}: {looks}{line}", fact.name),
            None if fact.unread => {
                let why = fact.unread_because.as_deref().unwrap_or("the answer was refused");
                writeln!(text, "  {} was not read, because {}{line}", fact.name, printable(why))
            }
            None if fact.no_entry_fits => writeln!(text, "  found no {}: no entry of the list fits `where`{line}", fact.name),
            None => writeln!(text, "  found no {}{instead}{line}", fact.name),
        };
    }
}

pub(crate) fn write_proposals(story: &Story, text: &mut String) {
    let mut changes = 0;
    for proposal in &story.proposals {
        let sentence = printable(&proposal.sentence);
        // No change of the file would mend this.
        let Some(change) = &proposal.change else {
            let _ = writeln!(text, "\nhint: {sentence}");
            continue;
        };
        changes = usize::saturating_add(changes, 1);
        let _ = writeln!(text, "\nproposal {changes}: {}\n  {sentence}", printable(&proposal.title));
        let _ = writeln!(text, "  {}:{}", printable(&story.file), change.line);
        change.diff().lines().for_each(|line| _ = writeln!(text, "  {}", printable(line)));
    }
}
