//! `portaria explain NAME`: prints the requests that a login would send, and what each word of the file says.

use crate::commands::given_answers::GivenAnswersOptions;
use crate::commands::outcome::{Colours, CommandFailure, CommandOutcome, print_json, print_line, uses_colour};
use crate::commands::{GlobalOptions, forecast as forecast_output, provider_file};
use crate::login::error::LoginError;
use crate::provider::Provider;
use crate::provider::step::StepKind;
use crate::stores::catalogue::{self, ProviderFileState};
use crate::stores::read_policy::ReadPolicy;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::text::Text;
use crate::workbench::explain::description::{DescriptionRow, FileDescription};
use crate::workbench::explain::forecast::{ForecastOutcome, forecast};
use crate::workbench::explain::{ExplainedStep, curl_command, describe, explain, installation_facts};
use crate::world::clock;
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Explain a provider.
#[derive(Debug, Args)]
pub(crate) struct ExplainCommand {
    /// The provider's name, or its file
    name: String,
    /// Show the requests as curl lines
    #[arg(long)]
    curl: bool,
    #[command(flatten)]
    given: GivenAnswersOptions,
}

/// All that is said about a provider.
struct Explained {
    steps: Vec<ExplainedStep>,
    description: FileDescription,
}

impl ExplainCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let settings = global.settings()?;
        let path = provider_file(&self.name, &settings)?;
        let entry = catalogue::load(&path, settings.installation_context(), &ReadPolicy::for_file(&settings, &path));
        let provider = match &entry.state {
            ProviderFileState::Offered(provider) | ProviderFileState::Off(provider) | ProviderFileState::Dormant(provider, _) => provider,
            ProviderFileState::Broken => return Err(CommandFailure::No(entry.report.draw(uses_colour()))),
        };
        if self.given.is_given() {
            return self.run_forecast(provider, &settings.public_url, global.json);
        }
        let steps = explain(provider, &installation_facts(provider, &settings.public_url)).map_err(|error| {
            let error = LoginError::from_step_error(StepKind::GetAuthorizationCode, error, None, provider);
            CommandFailure::No(format!("error: {error}"))
        })?;
        let explained = Explained { description: describe(provider, &steps), steps };
        if global.json {
            print_json(&as_json(provider, &explained).to_string());
        } else {
            print_line(as_text(provider, &explained, self.curl, Colours::of_terminal()).trim_end());
        }
        Ok(CommandOutcome::Fine)
    }
}

impl ExplainCommand {
    /// Says what would happen with the given answers.
    fn run_forecast(&self, provider: &Provider, public_url: &str, json: bool) -> Result<CommandOutcome, CommandFailure> {
        let found = forecast(provider, public_url, self.given.read(provider)?, clock::now());
        if json {
            print_json(&forecast_output::as_json(provider, &found).to_string());
        } else {
            print_line(forecast_output::as_text(provider, &found, Colours::of_terminal()).trim_end());
        }
        Ok(match found.outcome {
            ForecastOutcome::SignedIn => CommandOutcome::Fine,
            ForecastOutcome::Refused(_) | ForecastOutcome::NeedsAnswer(_) => CommandOutcome::No,
        })
    }
}

fn as_text(provider: &Provider, explained: &Explained, as_curl: bool, colours: Colours) -> String {
    let Explained { steps, description } = explained;
    let mut text = format!("{}\n\n", colours.heading(&printable(&format!("{} ({})", provider.title, provider.source.name))));
    write_rows(&description.file, colours, &mut text);
    for (at, explained) in steps.iter().enumerate() {
        let _ = writeln!(text, "\n{}", colours.heading(explained.call.as_deref().unwrap_or_else(|| explained.word())));
        if let Some(remark) = explained.remark {
            wrapped(&format!("({remark})"), COLUMNS - 2).iter().for_each(|line| _ = writeln!(text, "  {line}"));
        }
        if as_curl {
            curl_command(&explained.request).lines().for_each(|line| _ = writeln!(text, "  {line}"));
        } else {
            write_request(explained, &mut text);
        }
        text.push('\n');
        write_rows(description.steps.get(at).map_or(&[], Vec::as_slice), colours, &mut text);
    }
    text
}

/// The width of a terminal, in which everything but curl lines fits.
const COLUMNS: usize = 80;

/// Breaks a text into lines of at most this width: at a blank, otherwise before a part of a query or a list, otherwise anywhere.
fn wrapped(text: &str, width: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some((limit, _)) = rest.char_indices().nth(width) {
        let of = |marks: &[char]| rest[..limit].rfind(marks).filter(|at| *at > width / 4);
        let (blank, part) = (of(&[' ']), || of(&['&', '?', ',']));
        let end = blank.or_else(part).unwrap_or(limit);
        lines.push(rest[..end].trim_end());
        rest = rest[end..].trim_start_matches(' ');
    }
    lines.push(rest);
    lines
}

/// The rows in three columns: the word, where that stands, and what it says.
fn write_rows(rows: &[DescriptionRow], colours: Colours, text: &mut String) {
    let width = |text: &str| text.chars().count();
    let widest = rows.iter().map(|row| width(&row.word)).filter(|width| *width <= 32).max().unwrap_or_default();
    for DescriptionRow { word, value, line } in rows {
        let origin = line.map_or_else(|| "by default".to_owned(), |line| format!("line {line}"));
        let pad = " ".repeat(widest.saturating_sub(width(word)));
        let indent = widest + 16;
        let mut lines = wrapped(value, COLUMNS - indent).into_iter();
        let first = if width(word) > widest { "" } else { lines.next().unwrap_or_default() };
        let row = format!("  {}{pad}  {}  {first}", colours.word(word), colours.origin(&format!("{origin:<10}")));
        let _ = writeln!(text, "{}", row.trim_end());
        lines.for_each(|line| _ = writeln!(text, "{:indent$}{line}", ""));
    }
}

fn write_request(explained: &ExplainedStep, text: &mut String) {
    let request = &explained.request;
    let address = format!("{} {}", request.method, request.address.masked());
    let headers = request.headers.iter().map(|(name, value)| format!("{name}: {}", value.masked()));
    let body = request.body.iter().flat_map(|body| [String::new(), body.masked()]);
    let all: Vec<String> = std::iter::once(address).chain(headers).chain(body).collect();
    for line in all.iter().flat_map(|part| if part.is_empty() { vec![""] } else { part.lines().collect() }) {
        for (at, part) in wrapped(line, COLUMNS - 4).into_iter().enumerate() {
            let indent = if part.is_empty() {
                ""
            } else if at == 0 {
                "  "
            } else {
                "    "
            };
            let _ = writeln!(text, "{indent}{part}");
        }
    }
}

fn as_json(provider: &Provider, explained: &Explained) -> Value {
    let Explained { steps, description } = explained;
    let steps = steps.iter().enumerate().map(|(at, explained)| {
        let request = &explained.request;
        json!({
            "step": explained.word(),
            "call": explained.call,
            "remark": explained.remark,
            "request": {
                "method": request.method.to_string(),
                "url": request.address.masked(),
                "headers": request.headers.iter().map(|(name, value)| json!([name, value.masked()])).collect::<Vec<_>>(),
                "body": request.body.as_ref().map(Text::masked),
            },
            "reads": explained.reads.iter().map(|(fact, from, place)| json!({ "fact": &**provider.names.name(*fact), "from": from, "line": place.line })).collect::<Vec<_>>(),
            "words": rows_as_json(description.steps.get(at).map_or(&[], Vec::as_slice)),
        })
    });
    json!({ "provider": &*provider.name, "title": &*provider.title, "file": &*provider.source.name, "words": rows_as_json(&description.file), "steps": steps.collect::<Vec<_>>() })
}

/// Each row with its line, or without one where it holds by default.
fn rows_as_json(rows: &[DescriptionRow]) -> Vec<Value> {
    let row = |DescriptionRow { word, value, line }: &DescriptionRow| json!({ "word": word, "value": value, "line": line, "default": line.is_none() });
    rows.iter().map(row).collect()
}
