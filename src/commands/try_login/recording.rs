//! Adds a login that was tried to the examples beside its file.

use crate::commands::outcome::CommandFailure;
use crate::commands::try_login::TrialLogin;
use crate::login::attempt::Attempt;
use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::provider::identity::Identity;
use crate::stores::catalogue;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::place::Source;
use crate::workbench::examples;
use crate::workbench::record::{LoginToRecord, record_example};
use crate::world::{clock, files, secrets};
use chrono::DateTime;
use std::path::Path;

/// Adds what happened as a story, once it is sure that it replays true and tells of nobody.
pub(crate) fn add_example(
    trial: &TrialLogin,
    attempt: &Attempt,
    trace: &Trace,
    end: Result<&Identity, &LoginError>,
) -> Result<(), CommandFailure> {
    let path = catalogue::examples_path(&trial.path);
    let before = if files::is_file(&path) {
        files::read_source(&path).map_err(|error| CommandFailure::file_error(&path, &error))?.text.to_string()
    } else {
        String::new()
    };
    let names = story_names(&path, &before)?;
    if end.is_err_and(|error| error.refusal().is_some() || error.step.is_some()) && trace.callback.pairs.is_empty() {
        return Err(CommandFailure::No("error: nothing came back from the provider, so there is nothing to record".to_owned()));
    }
    let own = own_values(trial, attempt);
    let document = discovery_document(trial, attempt);
    let recorded =
        LoginToRecord { provider: &trial.provider, trace, end, discovery: document.as_deref(), own: &own, inputs: &trial.inputs };
    let what = unused_name(end, &names);
    let story = record_example(recorded, &what).map_err(|differences| {
        let differences: Vec<String> = differences.iter().map(|difference| format!("  {}", printable(&difference.to_string()))).collect();
        CommandFailure::No(format!(
            "error: with invented values in place of the real ones this login does not replay, so nothing is written\n{}\n  help: write \
             the story by hand into {}; schemas/provider.md shows how",
            differences.join("\n"),
            path.display()
        ))
    })?;
    let added = format!("{}{}", separator(&before), indented(&story, &before));
    // Read as it will be, before anything is written.
    examples::read(&Source::new(path.display().to_string(), format!("{before}{added}"))).map_err(|report| {
        CommandFailure::No(format!("error: the story cannot be added to {}; nothing is written\n{}", path.display(), report.draw(false)))
    })?;
    files::append(&path, &added).map_err(|error| CommandFailure::file_error(&path, &error))?;
    trial.screen.print(&format!("\nrecorded in {}: {what}; `portaria test {}` replays it", path.display(), trial.provider.name));
    Ok(())
}

fn story_names(path: &Path, before: &str) -> Result<Vec<String>, CommandFailure> {
    if before.trim().is_empty() {
        return Ok(Vec::new());
    }
    let stories = examples::read(&Source::new(path.display().to_string(), before))
        .map_err(|report| CommandFailure::No(format!("{}nothing is recorded until these examples can be read", report.draw(false))))?;
    Ok(stories.into_iter().map(|story| story.what.value).collect())
}

/// What belongs to this installation, and to this attempt.
fn own_values(trial: &TrialLogin, attempt: &Attempt) -> Vec<(String, String)> {
    let TrialLogin { provider, installation, .. } = trial;
    let needed = provider.needed.iter().filter_map(|needed| {
        let name = provider.names.name(needed.fact);
        Some((name.to_string(), secrets::read_secret(&needed.reference, name)?.expose().to_owned()))
    });
    let of = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut own: Vec<(String, String)> = needed.collect();
    own.extend([
        of("redirectUri", &attempt.redirect_uri),
        of("state", &attempt.state),
        of("nonce", &attempt.nonce),
        of("codeVerifier", &attempt.verifier),
        of("publicUrl", &installation.public_url),
    ]);
    own.extend(attempt.challenge.as_deref().map(|challenge| of("codeChallenge", challenge)));
    own
}

fn discovery_document(trial: &TrialLogin, attempt: &Attempt) -> Option<std::sync::Arc<serde_json::Value>> {
    let facts = attempt.facts_without_discovery(&trial.provider, &trial.installation);
    let (address, _) = trial.provider.discovery.as_ref()?.address(&facts)?;
    trial.connection.documents.get(&address, clock::now())
}

/// A name that no story of the file has.
fn unused_name(end: Result<&Identity, &LoginError>, names: &[String]) -> String {
    let day = DateTime::from_timestamp(clock::now(), 0).map(|now| now.format("%Y-%m-%d").to_string()).unwrap_or_default();
    let what = match end {
        Ok(_) => format!("a login on {day}"),
        Err(LoginError { step: Some(step), .. }) => format!("refused in {} on {day}", step.word()),
        Err(_) => format!("nobody comes in on {day}"),
    };
    let numbered = (2..).map(|number| format!("{what}, {number}"));
    std::iter::once(what.clone()).chain(numbered).find(|name| !names.contains(name)).unwrap_or(what)
}

/// What stands between the stories so far and a new one.
fn separator(before: &str) -> &'static str {
    match before {
        "" => "",
        before if before.ends_with('\n') => "\n",
        _ => "\n\n",
    }
}

/// The story as far to the right as those before it.
fn indented(story: &str, before: &str) -> String {
    let first = before.lines().find(|line| line.trim_start().starts_with("- "));
    let blanks = first.map_or("", |line| &line[..line.len() - line.trim_start().len()]);
    story.lines().map(|line| format!("{blanks}{line}\n")).collect()
}
