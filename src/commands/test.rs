//! `portaria test`: replays the examples beside provider files.

use crate::commands::given_answers::GivenAnswersOptions;
use crate::commands::outcome::{CommandFailure, CommandOutcome, print_line, uses_colour};
use crate::commands::progress::ProgressLine;
use crate::commands::{GlobalOptions, provider_file};
use crate::stores::catalogue::{self, ProviderFileState};
use crate::stores::read_policy::ReadPolicy;
use crate::stores::settings::Settings;
use crate::vocabulary::diagnostic::printable;
use crate::workbench::examples;
use crate::workbench::examples::example::ExampleSpec;
use crate::workbench::examples::mutation::{MutationScore, mutate};
use crate::workbench::examples::replay::replay;
use crate::workbench::explain::forecast::{ForecastOutcome, call_name, forecast};
use crate::workbench::record::example_from_forecast;
use crate::world::{clock, files};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Replay examples.
#[derive(Debug, Args)]
pub(crate) struct TestCommand {
    /// The providers' names, or their files [default: all that have examples]
    names: Vec<String>,
    /// Score how much the examples would notice: every word of a file is dropped and changed in turn
    #[arg(long)]
    mutate: bool,
    /// Write the examples of a provider from given answers, with invented people, secrets and codes
    #[arg(long, conflicts_with = "mutate")]
    init: bool,
    /// Replace the examples that are there
    #[arg(long, requires = "init")]
    force: bool,
    #[command(flatten)]
    given: GivenAnswersOptions,
}

/// The results of one provider's stories.
struct TestedProvider {
    name: String,
    stories: usize,
    failures: Vec<FailedStory>,
    broken: Option<String>,
    score: Option<MutationScore>,
}

struct FailedStory {
    what: String,
    line: u32,
    differences: Vec<String>,
}

impl TestCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let settings = global.settings()?;
        if self.init {
            return self.write_examples(&settings);
        }
        if self.given.is_given() {
            return Err(CommandFailure::Usage("answers are given, and nothing is written from them".to_owned(), "add `--init`".to_owned()));
        }
        let paths = self.paths(&settings)?;
        let mut all = Vec::new();
        let mut without = Vec::new();
        let mut progress = ProgressLine::new(global.json);
        let count = paths.len();
        for (at, path) in paths.into_iter().enumerate() {
            progress.count(if self.mutate { "changing" } else { "replaying" }, at, count);
            let examples = catalogue::examples_path(&path);
            if files::is_file(&examples) {
                all.push(self.test_provider(&path, &examples, &settings)?);
            } else if self.names.is_empty() {
                without.push(path.display().to_string());
            } else {
                return Err(CommandFailure::Usage(
                    format!("{} has no examples", path.display()),
                    format!("`--init` with answers, such as those of the manual, writes {}", examples.display()),
                ));
            }
        }
        drop(progress);
        let all_pass = all.iter().all(|tested| tested.broken.is_none() && tested.failures.is_empty());
        if global.json {
            print_line(&as_json(&all).to_string());
        } else {
            print_results(&all, &without);
        }
        Ok(if all_pass { CommandOutcome::Fine } else { CommandOutcome::No })
    }

    /// Writes the examples of one provider from the given answers.
    fn write_examples(&self, settings: &Settings) -> Result<CommandOutcome, CommandFailure> {
        let [name] = self.names.as_slice() else {
            return Err(CommandFailure::Usage(
                "`--init` writes the examples of one provider".to_owned(),
                "name one provider: `portaria test acme --init --answer …`".to_owned(),
            ));
        };
        let path = provider_file(name, settings)?;
        let examples_path = catalogue::examples_path(&path);
        if files::is_file(&examples_path) && !self.force {
            let help = "add `--force` to replace them, or `portaria try NAME --record` to add a login to them".to_owned();
            return Err(CommandFailure::Usage(format!("{} is there already", examples_path.display()), help));
        }
        let entry = catalogue::load(&path, settings.installation_context(), &ReadPolicy::for_file(settings, &path));
        let provider = match &entry.state {
            ProviderFileState::Offered(provider) | ProviderFileState::Off(provider) | ProviderFileState::Dormant(provider, _) => provider,
            ProviderFileState::Broken => return Err(CommandFailure::No(entry.report.draw(uses_colour()))),
        };
        let given = self.given.read(provider)?;
        let inputs = given.inputs.clone();
        let found = forecast(provider, &settings.public_url, given, clock::now());
        if let ForecastOutcome::NeedsAnswer(call) = &found.outcome {
            let name = call_name(provider, *call);
            return Err(CommandFailure::Usage(
                format!("the answer of {name} is not given"),
                format!("add `--answer {name}=FILE`, and one for each call after it"),
            ));
        }
        let what = match &found.outcome {
            ForecastOutcome::Refused(error) => {
                error.step.map_or_else(|| "the person may not sign in".to_owned(), |step| format!("refused in {}", step.word()))
            }
            ForecastOutcome::SignedIn | ForecastOutcome::NeedsAnswer(_) => "a login".to_owned(),
        };
        let story = example_from_forecast(provider, &found.login, &inputs, &what).map_err(|differences| {
            let lines = differences.iter().flat_map(|difference| difference.to_string().lines().map(printable).collect::<Vec<_>>());
            let differences: Vec<String> = lines.map(|line| format!("  {line}")).collect();
            CommandFailure::No(format!(
                "error: with invented values in place of the real ones the replay of this login differs, so nothing is written\n{}",
                differences.join("\n")
            ))
        })?;
        files::write(&examples_path, &story).map_err(|error| CommandFailure::file_error(&examples_path, &error))?;
        print_line(&format!("written to {}: {what}; `portaria test {name}` replays it", examples_path.display()));
        Ok(CommandOutcome::Fine)
    }

    fn paths(&self, settings: &Settings) -> Result<Vec<PathBuf>, CommandFailure> {
        if self.names.is_empty() {
            let folder = Path::new(&settings.providers);
            return catalogue::provider_files(folder).map_err(|error| CommandFailure::file_error(folder, &error));
        }
        self.names.iter().map(|name| provider_file(name, settings)).collect()
    }

    fn test_provider(&self, path: &Path, examples: &Path, settings: &Settings) -> Result<TestedProvider, CommandFailure> {
        let entry = catalogue::load(path, settings.installation_context(), &ReadPolicy::for_file(settings, path));
        let name = entry.report.source.stem().to_owned();
        let source = files::read_source(examples).map_err(|error| CommandFailure::file_error(examples, &error))?;
        let mut tested = TestedProvider { name, stories: 0, failures: Vec::new(), broken: None, score: None };
        let provider = match &entry.state {
            ProviderFileState::Offered(provider) | ProviderFileState::Off(provider) | ProviderFileState::Dormant(provider, _) => provider,
            ProviderFileState::Broken => {
                tested.broken = Some(entry.report.draw(uses_colour()));
                return Ok(tested);
            }
        };
        let stories: Vec<ExampleSpec> = match examples::read(&source) {
            Ok(stories) => stories,
            Err(report) => {
                tested.broken = Some(report.draw(uses_colour()));
                return Ok(tested);
            }
        };
        tested.stories = stories.len();
        for story in &stories {
            let differences = replay(provider, story).differences;
            if !differences.is_empty() {
                tested.failures.push(FailedStory {
                    what: story.what.value.clone(),
                    line: story.what.place.line,
                    differences: differences.iter().map(ToString::to_string).collect(),
                });
            }
        }
        if self.mutate && tested.failures.is_empty() {
            tested.score = Some(mutate(&provider.source, &stories, settings.installation_context()));
        }
        Ok(tested)
    }
}

fn print_results(all: &[TestedProvider], without: &[String]) {
    for tested in all {
        if let Some(broken) = &tested.broken {
            print_line(broken.trim_end());
        }
        for FailedStory { what, line, differences } in &tested.failures {
            print_line(&format!("{}: {what} (line {line})", tested.name));
            for difference in differences {
                print_line(&format!("    {difference}"));
            }
        }
        if let Some(score) = &tested.score {
            print_line(&format!("{}: {} of {} changes noticed", tested.name, score.noticed(), score.tried));
            for unnoticed in &score.unnoticed {
                print_line(&format!("    unnoticed: {unnoticed}"));
            }
        }
    }
    for path in without {
        print_line(&format!("{path} has no examples"));
    }
    let stories: usize = all.iter().map(|tested| tested.stories).sum();
    let failed: usize = all.iter().map(|tested| tested.failures.len()).sum();
    let broken = all.iter().filter(|tested| tested.broken.is_some()).count();
    let broken = if broken == 0 { String::new() } else { format!(", {broken} broken") };
    let count = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let (providers, stories) = (count(all.len(), "provider", "providers"), count(stories, "story", "stories"));
    print_line(&format!("{providers}, {stories} replayed, {failed} otherwise than written{broken}"));
    let (noticed, tried) = mutation_totals(all);
    if let Some(thousandths) = (noticed * 1000).checked_div(tried) {
        print_line(&format!("{noticed} of {tried} changes noticed: {}.{} %", thousandths / 10, thousandths % 10));
    }
}

fn mutation_totals(all: &[TestedProvider]) -> (usize, usize) {
    let scores = || all.iter().filter_map(|tested| tested.score.as_ref());
    (scores().map(MutationScore::noticed).sum(), scores().map(|score| score.tried).sum())
}

fn as_json(all: &[TestedProvider]) -> Value {
    let providers = all.iter().map(|tested| {
        json!({
            "provider": tested.name,
            "stories": tested.stories,
            "broken": tested.broken.is_some(),
            "failures": tested.failures.iter().map(|FailedStory { what, line, differences }| json!({ "what": what, "line": line, "differences": differences })).collect::<Vec<_>>(),
            "mutations": tested.score.as_ref().map(|score| json!({ "tried": score.tried, "noticed": score.noticed(), "unnoticed": score.unnoticed })),
        })
    });
    json!({ "providers": providers.collect::<Vec<_>>() })
}
