//! `portaria test`: replays the examples beside provider files.

use crate::catalogue::{self, State};
use crate::commands::outcome::{Failure, Outcome, colour, say};
use crate::commands::{Global, provider_file};
use crate::examples::mutation::{Score, mutate};
use crate::examples::replay::play;
use crate::examples::story::StorySpec;
use crate::settings::Settings;
use crate::world::files;
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Replay examples.
#[derive(Debug, Args)]
pub struct Test {
    /// The providers' names, or their files [default: all that have examples]
    names: Vec<String>,
    /// Score how much the examples would notice: every word of a file is dropped and changed in turn
    #[arg(long)]
    mutate: bool,
}

/// What became of one provider's stories.
struct Tested {
    name: String,
    stories: usize,
    failures: Vec<(String, u32, Vec<String>)>,
    broken: Option<String>,
    score: Option<Score>,
}

impl Test {
    /// Runs the command.
    pub fn run(&self, global: &Global) -> Result<Outcome, Failure> {
        let settings = global.settings()?;
        let paths = self.paths(&settings)?;
        let mut all = Vec::new();
        let mut without = Vec::new();
        for path in paths {
            let examples = catalogue::examples_of(&path);
            if files::is_file(&examples) {
                all.push(self.one(&path, &examples, &settings)?);
            } else if self.names.is_empty() {
                without.push(path.display().to_string());
            } else {
                return Err(Failure::Usage(
                    format!("{} has no examples", path.display()),
                    format!("write them into {}; schemas/provider.md shows how", examples.display()),
                ));
            }
        }
        let good = all.iter().all(|tested| tested.broken.is_none() && tested.failures.is_empty());
        if global.json {
            say(&as_json(&all).to_string());
        } else {
            print(&all, &without);
        }
        Ok(if good { Outcome::Fine } else { Outcome::No })
    }

    fn paths(&self, settings: &Settings) -> Result<Vec<PathBuf>, Failure> {
        if self.names.is_empty() {
            let folder = Path::new(&settings.providers);
            return catalogue::provider_files(folder).map_err(|error| Failure::file(folder, &error));
        }
        self.names.iter().map(|name| provider_file(name, settings)).collect()
    }

    fn one(&self, path: &Path, examples: &Path, settings: &Settings) -> Result<Tested, Failure> {
        let entry = catalogue::load(path, settings.ground());
        let name = entry.report.source.stem().to_owned();
        let source = files::source(examples).map_err(|error| Failure::file(examples, &error))?;
        let mut tested = Tested { name, stories: 0, failures: Vec::new(), broken: None, score: None };
        let provider = match &entry.state {
            State::Offered(provider) | State::Off(provider) | State::Dormant(provider, _) => provider,
            State::Broken => {
                tested.broken = Some(entry.report.draw(colour()));
                return Ok(tested);
            }
        };
        let stories: Vec<StorySpec> = match crate::examples::read(&source) {
            Ok(stories) => stories,
            Err(report) => {
                tested.broken = Some(report.draw(colour()));
                return Ok(tested);
            }
        };
        tested.stories = stories.len();
        for story in &stories {
            let differences = play(provider, story).differences;
            if !differences.is_empty() {
                tested.failures.push((
                    story.what.value.clone(),
                    story.what.place.line,
                    differences.iter().map(ToString::to_string).collect(),
                ));
            }
        }
        if self.mutate && tested.failures.is_empty() {
            tested.score = Some(mutate(&provider.source, &stories, settings.ground()));
        }
        Ok(tested)
    }
}

fn print(all: &[Tested], without: &[String]) {
    for tested in all {
        if let Some(broken) = &tested.broken {
            say(broken.trim_end());
        }
        for (what, line, differences) in &tested.failures {
            say(&format!("{}: {what} (line {line})", tested.name));
            for difference in differences {
                say(&format!("    {difference}"));
            }
        }
        if let Some(score) = &tested.score {
            say(&format!("{}: {} of {} changes noticed", tested.name, score.noticed(), score.tried));
            for unnoticed in &score.unnoticed {
                say(&format!("    unnoticed: {unnoticed}"));
            }
        }
    }
    for path in without {
        say(&format!("{path} has no examples"));
    }
    let stories: usize = all.iter().map(|tested| tested.stories).sum();
    let failed: usize = all.iter().map(|tested| tested.failures.len()).sum();
    let broken = all.iter().filter(|tested| tested.broken.is_some()).count();
    let broken = if broken == 0 { String::new() } else { format!(", {broken} broken") };
    let count = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let (providers, stories) = (count(all.len(), "provider", "providers"), count(stories, "story", "stories"));
    say(&format!("{providers}, {stories} replayed, {failed} otherwise than written{broken}"));
    let (noticed, tried) = total(all);
    if let Some(thousandths) = (noticed * 1000).checked_div(tried) {
        say(&format!("{noticed} of {tried} changes noticed: {}.{} %", thousandths / 10, thousandths % 10));
    }
}

fn total(all: &[Tested]) -> (usize, usize) {
    let scores = || all.iter().filter_map(|tested| tested.score.as_ref());
    (scores().map(Score::noticed).sum(), scores().map(|score| score.tried).sum())
}

fn as_json(all: &[Tested]) -> Value {
    let providers = all.iter().map(|tested| {
        json!({
            "provider": tested.name,
            "stories": tested.stories,
            "broken": tested.broken.is_some(),
            "failures": tested.failures.iter().map(|(what, line, differences)| json!({ "what": what, "line": line, "differences": differences })).collect::<Vec<_>>(),
            "mutations": tested.score.as_ref().map(|score| json!({ "tried": score.tried, "noticed": score.noticed(), "unnoticed": score.unnoticed })),
        })
    });
    json!({ "providers": providers.collect::<Vec<_>>() })
}
