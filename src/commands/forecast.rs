//! Prints what would happen in a login with given answers.

use crate::commands::outcome::Colours;
use crate::login::error::LoginError;
use crate::provider::Provider;
use crate::provider::identity::Identity;
use crate::provider::step::StepKind;
use crate::story::proposal::Proposal;
use crate::vocabulary::diagnostic::printable;
use crate::workbench::examples::difference::identity_members;
use crate::workbench::explain::forecast::{Forecast, ForecastError, ForecastFact, ForecastOutcome, call_name, identity_lines};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// What would happen, for people.
pub(crate) fn as_text(provider: &Provider, forecast: &Forecast, colours: Colours) -> String {
    let mut text = format!("{}\n", colours.heading(&printable(&format!("{} ({})", provider.title, provider.source.name))));
    for step in &forecast.steps {
        let name = step.call.map_or_else(|| format!("{}: the callback", step.step.word()), |call| call_name(provider, call));
        let _ = writeln!(text, "\n{}", colours.heading(&name));
        let widest = step.facts.iter().map(|fact| fact.fact.chars().count()).max().unwrap_or_default();
        for ForecastFact { fact, value, instead, from, line } in &step.facts {
            let (pad, origin) = (
                " ".repeat(widest.saturating_sub(fact.chars().count())),
                format!("{:<10}", line.map_or_else(|| "by default".to_owned(), |line| format!("line {line}"))),
            );
            let value = value.as_ref().map_or_else(
                || match instead {
                    None => colours.problem(&format!("nothing at {from}")),
                    Some(kind) => colours.problem(&format!("found, but {kind}, at {from}")),
                },
                |value| format!("{value}  {}", colours.origin(&format!("from {from}"))),
            );
            let _ = writeln!(text, "  {}{pad}  {}  {value}", colours.word(fact), colours.origin(&origin));
        }
        if let Some(error) = &step.error {
            let _ = writeln!(text, "  {}", colours.problem(&error_sentence(error)));
        }
    }
    text.push('\n');
    match (&forecast.outcome, &forecast.login.end) {
        (ForecastOutcome::SignedIn, Ok(identity)) => {
            let _ = writeln!(text, "{}", colours.heading("would sign in"));
            for (name, value) in identity_lines(identity) {
                let _ = writeln!(text, "  {name:<8} {value}");
            }
        }
        (ForecastOutcome::NeedsAnswer(call), _) => {
            let name = call_name(provider, *call);
            let _ = writeln!(
                text,
                "{}\n  its answer is not given; add `--answer {name}=FILE`",
                colours.heading(&format!("the login would go on with {name}"))
            );
        }
        (ForecastOutcome::Refused(error), _) => write_refusal(error, &forecast.login.end, colours, &mut text),
        (ForecastOutcome::SignedIn, Err(_)) => {}
    }
    write_proposals(provider, &forecast.proposals, &mut text);
    for note in &forecast.notes {
        let _ = writeln!(text, "\n{}", colours.origin(&format!("note: {note}")));
    }
    text
}

fn write_refusal(error: &ForecastError, end: &Result<Identity, LoginError>, colours: Colours, text: &mut String) {
    let step = error.step.map_or_else(String::new, |step| format!(" in {}", step.word()));
    let _ = writeln!(text, "{}", colours.heading(&format!("would be refused{step}: {}", error.code)));
    match end.as_ref().err().and_then(LoginError::refusal) {
        None => _ = writeln!(text, "  {}", error.message),
        Some(refusal) if refusal.message.is_some() => _ = writeln!(text, "  the provider says: {}", error.message),
        Some(_) => {}
    }
    if let Some(rule) = &error.rule {
        let _ = writeln!(text, "  {rule}");
    }
    if let Some(line) = error.line {
        let _ = writeln!(text, "  line {line}");
    }
}

fn error_sentence(error: &ForecastError) -> String {
    let line = error.line.map_or_else(String::new, |line| format!(" (line {line})"));
    format!("fails: {} ({}){line}", error.message, error.code)
}

fn write_proposals(provider: &Provider, proposals: &[Proposal], text: &mut String) {
    for (at, proposal) in proposals.iter().enumerate() {
        let sentence = printable(&proposal.sentence);
        let Some(change) = &proposal.change else {
            let _ = writeln!(text, "\nhint: {sentence}");
            continue;
        };
        let _ = writeln!(
            text,
            "\nproposal {}: {}\n  {sentence}\n  {}:{}",
            at + 1,
            printable(&proposal.title),
            printable(&provider.source.name),
            change.line
        );
        change.diff().lines().for_each(|line| _ = writeln!(text, "  {}", printable(line)));
    }
}

/// What would happen, for programs.
pub(crate) fn as_json(provider: &Provider, forecast: &Forecast) -> Value {
    let error_as_json = |error: &ForecastError| json!({ "step": error.step.map(StepKind::word), "code": error.code, "message": error.message, "line": error.line, "rule": error.rule });
    let fact_as_json = |fact: &ForecastFact| json!({ "fact": fact.fact, "value": fact.value, "instead": fact.instead, "from": fact.from, "line": fact.line });
    let steps = forecast.steps.iter().map(|step| {
        json!({
            "step": step.step.word(),
            "call": step.call.map(|call| call_name(provider, call)),
            "facts": step.facts.iter().map(fact_as_json).collect::<Vec<_>>(),
            "error": step.error.as_ref().map(error_as_json),
        })
    });
    let identity = if let (ForecastOutcome::SignedIn, Ok(identity)) = (&forecast.outcome, &forecast.login.end) {
        Some(Value::Object(identity_members(identity)))
    } else {
        None
    };
    let (refused, needs) = match &forecast.outcome {
        ForecastOutcome::SignedIn => (None, None),
        ForecastOutcome::Refused(error) => (Some(error_as_json(error)), None),
        ForecastOutcome::NeedsAnswer(call) => (None, Some(call_name(provider, *call))),
    };
    json!({
        "provider": &*provider.name,
        "steps": steps.collect::<Vec<_>>(),
        "signedIn": identity.is_some(),
        "identity": identity,
        "refused": refused,
        "needs": needs,
        "notes": forecast.notes,
        "proposals": forecast.proposals,
    })
}
