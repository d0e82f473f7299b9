//! `portaria import FILE`: learns a provider's file from a recording.

use crate::commands::outcome::{CommandFailure, CommandOutcome, print_line};
use crate::commands::progress::ProgressLine;
use crate::commands::{GlobalOptions, new_provider_file};
use crate::provider::{InstallationContext, compile};
use crate::stores::catalogue::examples_path;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::place::Source;
use crate::workbench::learn::{LearnError, LearnedProvider, learn};
use crate::workbench::recorded_exchange::{RecordedExchange, host_of};
use crate::workbench::{curl, har, recorded_example};
use crate::world::{clock, files};
use clap::Args;
use serde_json::json;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Learn a provider's file.
#[derive(Debug, Args)]
pub(crate) struct ImportCommand {
    /// A HAR that a browser exported, or a text of curl lines, each followed by its answer; several are one recording
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The name of the provider [default: from the host to which the browser was sent]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Print the file instead of writing it
    #[arg(long)]
    stdout: bool,
    /// Write the login as an example beside the file as well, with invented values in place of the recorded ones
    #[arg(long, conflicts_with = "stdout")]
    examples: bool,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
}

/// The largest recording that is read.
const LARGEST: usize = 64 * 1024 * 1024;

impl ImportCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let settings = global.settings()?;
        let mut exchanges = Vec::new();
        let mut progress = ProgressLine::new(global.json);
        for (at, file) in self.files.iter().enumerate() {
            progress.count("reading the recording", at, self.files.len());
            exchanges.extend(read_exchanges(file)?);
        }
        let name = match &self.name {
            Some(name) => name.clone(),
            None => name_from_host(&exchanges),
        };
        new_provider_file::check_name(&name)?;
        let path = new_provider_file::provider_path(&settings, &name);
        if !self.stdout {
            let examples = examples_path(&path);
            let written = if self.examples { vec![&*path, &*examples] } else { vec![&*path] };
            new_provider_file::check_are_free(&written, self.force, new_provider_file::OTHER_NAME)?;
        }
        progress.say(&format!("learning from {} requests, and replaying them", exchanges.len()));
        let mut learned = match learn(&name, &exchanges, settings.installation_context()) {
            Ok(learned) => learned,
            Err(why) if global.json => {
                let LearnError { missing, help } = why;
                return Err(CommandFailure::No(json!({ "error": missing, "help": help }).to_string()));
            }
            Err(why) => return Err(CommandFailure::No(why.to_string())),
        };
        drop(progress);
        if self.stdout {
            print_line(learned.text.trim_end());
            return outcome(&learned, "the file");
        }
        let story = self.examples.then(|| example_of_login(&name, &learned, settings.installation_context())).transpose()?;
        leave_out_lost_schema(&mut learned, &path);
        files::write(&path, &learned.text).map_err(|error| CommandFailure::file_error(&path, &error))?;
        if let Some(story) = &story {
            let examples = examples_path(&path);
            files::write(&examples, story).map_err(|error| CommandFailure::file_error(&examples, &error))?;
        }
        if global.json {
            let differences: Vec<String> = learned.differences.iter().map(ToString::to_string).collect();
            let mut answer = json!({
                "file": path.display().to_string(), "logins": learned.logins, "variables": learned.variables, "decide": learned.decide,
                "differences": differences,
            });
            if story.is_some() {
                answer["examples"] = json!(examples_path(&path).display().to_string());
            }
            print_line(&answer.to_string());
        } else {
            print_line(&summary(&learned, &path.display().to_string()));
            print_line(new_provider_file::next_steps(&path, &settings)?.trim_end());
        }
        outcome(&learned, &path.display().to_string())
    }
}

/// Leaves the line of the schema out, which is the first, if no schema lies there.
fn leave_out_lost_schema(learned: &mut LearnedProvider, path: &Path) {
    let text = new_provider_file::without_lost_schema(&learned.text, path);
    if text != learned.text {
        learned.text = text;
        learned.differences.iter_mut().for_each(|difference| difference.line = difference.line.saturating_sub(1));
    }
}

/// The answer is yes if the file, replayed, does what was recorded.
fn outcome(learned: &LearnedProvider, file: &str) -> Result<CommandOutcome, CommandFailure> {
    if learned.differences.is_empty() {
        return Ok(CommandOutcome::Fine);
    }
    let mut text = format!("error: {file} was replayed against the recording, and something is otherwise");
    for difference in &learned.differences {
        let _ = write!(text, "\n  {difference}");
    }
    text.push_str("\n  help: compare these lines with the recording, mend them, and run `portaria check` and `portaria try`");
    Err(CommandFailure::No(text))
}

fn example_of_login(name: &str, learned: &LearnedProvider, context: InstallationContext) -> Result<String, CommandFailure> {
    let (provider, _) = compile(&Source::new(format!("{name}.yaml"), learned.text.as_str()), context);
    let story = provider.map_or_else(
        || Err("the file is not complete".to_owned()),
        |provider| recorded_example::example_from_recording(&provider, learned, clock::now()),
    );
    story.map_err(|why| {
        CommandFailure::No(format!("error: {why}, so there is no example and nothing is written\n  help: leave `--examples` out; `portaria try {name} --record` makes one later"))
    })
}

/// A name from the host to which the browser was sent.
fn name_from_host(exchanges: &[RecordedExchange]) -> String {
    let redirect = exchanges
        .iter()
        .find(|exchange| exchange.query().iter().any(|(_, value)| value.starts_with("http") && host_of(value) != exchange.host()));
    let host = redirect.map_or("", |exchange| exchange.host()).split(':').next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    // The label before the top-level domain, or before one of two labels such as `com.br`.
    let behind = if labels.len() >= 3 && labels[labels.len() - 2].len() <= 3 { 3 } else { 2 };
    let label = labels.len().checked_sub(behind).and_then(|at| labels.get(at)).or(labels.first()).copied().unwrap_or_default();
    let name: String = label.chars().filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_')).collect();
    if name.is_empty() { "provider".to_owned() } else { name.to_ascii_lowercase() }
}

fn summary(learned: &LearnedProvider, path: &str) -> String {
    let logins = if learned.logins == 1 { "one login".to_owned() } else { format!("{} logins", learned.logins) };
    let mut text = format!("{path} is learned from {logins}. Its comments say how each value was found.\n");
    if learned.differences.is_empty() && learned.is_replayed {
        text.push_str("Replayed against the recording, it makes the same requests and signs in the same person.\n");
    }
    if !learned.decide.is_empty() {
        text.push_str("\nWhat you have to decide, because no recording shows it:\n");
        for decide in &learned.decide {
            let _ = writeln!(text, "  {decide}");
        }
    }
    text.push_str("\nThe recording holds secrets and a person's data: delete it when the file works.\n");
    text
}

/// Reads a HAR or a text of curl lines.
fn read_exchanges(file: &Path) -> Result<Vec<RecordedExchange>, CommandFailure> {
    let bytes = files::read_bytes(file, LARGEST + 1).map_err(|error| CommandFailure::file_error(file, &error))?;
    let shown = file.display();
    if bytes.len() > LARGEST {
        return Err(CommandFailure::Usage(
            format!("{shown} is larger than 64 MB"),
            "record the login alone: clear the list of requests, press the login button, and export right after".to_owned(),
        ));
    }
    let first = bytes.iter().copied().find(|byte| !byte.is_ascii_whitespace() && !matches!(byte, 0xef | 0xbb | 0xbf));
    let read = if first == Some(b'{') { har::read(&bytes) } else { curl::read(&String::from_utf8_lossy(&bytes)) };
    read.map_err(|why| {
        CommandFailure::No(format!(
            "error: {shown}: {}\n  help: export a HAR from the browser's network panel (“Save all as HAR with content”), or write curl lines with their answers",
            printable(&why)
        ))
    })
}
