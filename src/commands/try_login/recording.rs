//! Adds a trial login to the examples beside the provider file.

use crate::commands::outcome::CommandFailure;
use crate::commands::try_login::TrialLogin;
use crate::login::attempt::Attempt;
use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::provider::identity::Identity;
use crate::stores::catalogue;
use crate::story::recent_logins::LoginsAtHand;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::place::Source;
use crate::workbench::examples;
use crate::workbench::record::{LoginToRecord, record_example};
use crate::workbench::repair::person_id::comparison::logins_of_examples;
use crate::world::{clock, files, random, secrets};
use chrono::DateTime;
use std::path::Path;
use std::sync::Arc;

/// Adds the login as an example, after checking that it replays to the same result and holds no personal data.
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
    let names = example_names(&path, &before)?;
    if end.is_err_and(|error| error.refusal().is_some() || error.step.is_some()) && trace.callback.pairs.is_empty() {
        return Err(CommandFailure::No("error: the provider sent no answer, so there is nothing to record".to_owned()));
    }
    let own = own_values(trial, attempt);
    let document = discovery_document(trial, attempt);
    let recorded =
        LoginToRecord { provider: &trial.provider, trace, end, discovery: document.as_deref(), own: &own, inputs: &trial.inputs };
    let name = unused_name(end, &names);
    let example = record_example(recorded, &name).map_err(|differences| {
        let differences: Vec<String> = differences.iter().map(|difference| format!("  {}", printable(&difference.to_string()))).collect();
        CommandFailure::No(format!(
            "error: with invented values in place of the real ones the replay of this login differs, so nothing is written\n{}\n  help: write \
             the example into {} by hand, as schemas/provider.md shows",
            differences.join("\n"),
            path.display()
        ))
    })?;
    let added = format!("{}{}", separator(&before), indented(&example, &before));
    // The new text has to be readable before it is written.
    examples::read(&Source::new(path.display().to_string(), format!("{before}{added}"))).map_err(|report| {
        CommandFailure::No(format!("error: the example cannot be added to {}; nothing is written\n{}", path.display(), report.draw(false)))
    })?;
    files::append(&path, &added).map_err(|error| CommandFailure::file_error(&path, &error))?;
    trial.screen.print(&format!("\nrecorded in {}: {name}; `portaria test {}` replays it", path.display(), trial.provider.name));
    Ok(())
}

/// The logins of the examples beside the file, with which a proposed id is compared. Examples that cannot be read show nothing.
pub(crate) fn recorded_logins(trial: &TrialLogin) -> LoginsAtHand {
    let path = catalogue::examples_path(&trial.path);
    let source = if files::is_file(&path) { files::read_source(&path).ok() } else { None };
    let examples = source.and_then(|source| examples::read(&source).ok()).unwrap_or_default();
    logins_of_examples(&trial.provider, &examples, &random::bytes())
}

fn example_names(path: &Path, before: &str) -> Result<Vec<String>, CommandFailure> {
    if before.trim().is_empty() {
        return Ok(Vec::new());
    }
    let examples = examples::read(&Source::new(path.display().to_string(), before))
        .map_err(|report| CommandFailure::No(format!("{}nothing is recorded while these examples cannot be read", report.draw(false))))?;
    Ok(examples.into_iter().map(|example| example.what.value).collect())
}

/// The values of this installation and of this attempt.
fn own_values(trial: &TrialLogin, attempt: &Attempt) -> Vec<(String, String)> {
    let TrialLogin { provider, installation, .. } = trial;
    let needed = provider.needed.iter().filter_map(|needed| {
        let name = provider.names.name(needed.fact);
        Some((name.to_string(), secrets::read_secret(&needed.reference, name)?.expose().to_owned()))
    });
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut own: Vec<(String, String)> = needed.collect();
    own.extend([
        pair("redirectUri", &attempt.redirect_uri),
        pair("state", &attempt.state),
        pair("nonce", &attempt.nonce),
        pair("codeVerifier", &attempt.verifier),
        pair("publicUrl", &installation.public_url),
    ]);
    own.extend(attempt.challenge.as_deref().map(|challenge| pair("codeChallenge", challenge)));
    own
}

fn discovery_document(trial: &TrialLogin, attempt: &Attempt) -> Option<Arc<serde_json::Value>> {
    let facts = attempt.facts_without_discovery(&trial.provider, &trial.installation);
    let (address, _) = trial.provider.discovery.as_ref()?.address(&facts)?;
    trial.connection.documents.get(&address, clock::now())
}

/// A name that no example of the file has.
fn unused_name(end: Result<&Identity, &LoginError>, names: &[String]) -> String {
    let day = DateTime::from_timestamp(clock::now(), 0).map(|now| now.format("%Y-%m-%d").to_string()).unwrap_or_default();
    let base = match end {
        Ok(_) => format!("a login on {day}"),
        Err(LoginError { step: Some(step), .. }) => format!("refused in {} on {day}", step.word()),
        Err(_) => format!("a failed login on {day}"),
    };
    let numbered = (2..).map(|number| format!("{base}, {number}"));
    std::iter::once(base.clone()).chain(numbered).find(|name| !names.contains(name)).unwrap_or(base)
}

/// The text between the present examples and a new one.
fn separator(before: &str) -> &'static str {
    match before {
        "" => "",
        before if before.ends_with('\n') => "\n",
        _ => "\n\n",
    }
}

/// The example, indented like those before it.
fn indented(example: &str, before: &str) -> String {
    let first = before.lines().find(|line| line.trim_start().starts_with("- "));
    let blanks = first.map_or("", |line| &line[..line.len() - line.trim_start().len()]);
    example.lines().map(|line| format!("{blanks}{line}\n")).collect()
}
