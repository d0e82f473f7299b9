//! `portaria import FILE`: learns a provider's file from a recording.

use crate::catalogue::examples_of;
use crate::commands::outcome::{Failure, Outcome, say};
use crate::commands::{Global, kept};
use crate::place::Source;
use crate::provider::{Ground, compile};
use crate::workbench::learn::{CannotLearn, Learned, learn};
use crate::workbench::recorded::{Recorded, host_of};
use crate::workbench::{curl, har, retell};
use crate::world::{clock, files};
use clap::Args;
use serde_json::json;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Learn a provider's file.
#[derive(Debug, Args)]
pub struct Import {
    /// A HAR that a browser exported, or a text of curl lines, each followed by its answer; several are one recording
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the provider is to be called [default: from the host that the browser was sent to]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Print the file instead of writing it
    #[arg(long)]
    stdout: bool,
    /// Write the login as an example beside the file as well, with invented values in place of the recorded ones
    #[arg(long, conflicts_with = "stdout")]
    examples: bool,
    /// Write over a file that is there already
    #[arg(long)]
    force: bool,
}

/// The largest recording that is read.
const LARGEST: usize = 64 * 1024 * 1024;

impl Import {
    /// Runs the command.
    pub fn run(&self, global: &Global) -> Result<Outcome, Failure> {
        let settings = global.settings()?;
        let mut exchanges = Vec::new();
        for file in &self.files {
            exchanges.extend(exchanges_of(file)?);
        }
        let name = match &self.name {
            Some(name) => name.clone(),
            None => name_of(&exchanges),
        };
        kept::look_over_name(&name)?;
        let path = kept::place(&settings, &name);
        if !self.stdout {
            kept::is_free(&path, self.force)?;
            if self.examples {
                kept::is_free(&examples_of(&path), self.force)?;
            }
        }
        let learned = match learn(&name, &exchanges, settings.ground()) {
            Ok(learned) => learned,
            Err(why) if global.json => {
                let CannotLearn { missing, help } = why;
                return Err(Failure::No(json!({ "error": missing, "help": help }).to_string()));
            }
            Err(why) => return Err(Failure::No(why.to_string())),
        };
        if self.stdout {
            say(learned.text.trim_end());
            return Ok(Outcome::Fine);
        }
        let story = self.examples.then(|| told_again(&name, &learned, settings.ground())).transpose()?;
        files::write(&path, &learned.text).map_err(|error| Failure::file(&path, &error))?;
        if let Some(story) = &story {
            let examples = examples_of(&path);
            files::write(&examples, story).map_err(|error| Failure::file(&examples, &error))?;
        }
        if global.json {
            let mut answer = json!({ "file": path.display().to_string(), "logins": learned.logins, "variables": learned.variables, "decide": learned.decide });
            if story.is_some() {
                answer["examples"] = json!(examples_of(&path).display().to_string());
            }
            say(&answer.to_string());
        } else {
            say(&told(&learned, &path.display().to_string()));
            say(kept::next_steps(&path, &settings)?.trim_end());
        }
        Ok(Outcome::Fine)
    }
}

/// The login as an example.
fn told_again(name: &str, learned: &Learned, ground: Ground) -> Result<String, Failure> {
    let (provider, _) = compile(&Source::new(format!("{name}.yaml"), learned.text.as_str()), ground);
    let told = provider.map_or_else(|| Err("the file is not whole".to_owned()), |provider| retell::story(&provider, learned, clock::now()));
    told.map_err(|why| {
        Failure::No(format!("error: {why}, so there is no example and nothing is written\n  help: leave `--examples` out; `portaria try {name} --record` makes one later"))
    })
}

/// A name from the host to which the browser was sent.
fn name_of(exchanges: &[Recorded]) -> String {
    let sent_off = exchanges
        .iter()
        .find(|exchange| exchange.query().iter().any(|(_, value)| value.starts_with("http") && host_of(value) != exchange.host()));
    let host = sent_off.map_or("", |exchange| exchange.host()).split(':').next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    // What stands before the ending, and before `com.br` and its like.
    let behind = if labels.len() >= 3 && labels[labels.len() - 2].len() <= 3 { 3 } else { 2 };
    let label = labels.len().checked_sub(behind).and_then(|at| labels.get(at)).or(labels.first()).copied().unwrap_or_default();
    let name: String = label.chars().filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_')).collect();
    if name.is_empty() { "provider".to_owned() } else { name.to_ascii_lowercase() }
}

fn told(learned: &Learned, path: &str) -> String {
    let logins = if learned.logins == 1 { "one login".to_owned() } else { format!("{} logins", learned.logins) };
    let mut text = format!("{path} is learnt from {logins}. What stands behind a # tells by what.\n");
    if !learned.decide.is_empty() {
        text.push_str("\nWhat no recording can say:\n");
        for decide in &learned.decide {
            let _ = writeln!(text, "  {decide}");
        }
    }
    text.push_str("\nThe recording holds secrets and a person's data: delete it when the file works.\n");
    text
}

/// What a file holds, whichever of the two it is.
fn exchanges_of(file: &Path) -> Result<Vec<Recorded>, Failure> {
    let bytes = files::bytes(file, LARGEST + 1).map_err(|error| Failure::file(file, &error))?;
    let shown = file.display();
    if bytes.len() > LARGEST {
        return Err(Failure::Usage(
            format!("{shown} is larger than 64 MB"),
            "record the login alone: clear the list of requests, press the login button, and export right after".to_owned(),
        ));
    }
    let first = bytes.iter().copied().find(|byte| !byte.is_ascii_whitespace() && !matches!(byte, 0xef | 0xbb | 0xbf));
    let read = if first == Some(b'{') { har::read(&bytes) } else { curl::read(&String::from_utf8_lossy(&bytes)) };
    read.map_err(|why| {
        Failure::No(format!(
            "error: {shown}: {}\n  help: export a HAR from the browser's network panel (“Save all as HAR with content”), or write curl lines with their answers",
            crate::diagnostic::printable(&why)
        ))
    })
}
