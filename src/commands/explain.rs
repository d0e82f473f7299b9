//! `portaria explain NAME`: prints the requests that a login would send, and what is read from the answers.

use crate::commands::outcome::{CommandFailure, CommandOutcome, print_line, uses_colour};
use crate::commands::{GlobalOptions, provider_file};
use crate::provider::Provider;
use crate::provider::step::StepKind;
use crate::stores::catalogue::{self, ProviderFileState};
use crate::stores::read_policy::ReadPolicy;
use crate::vocabulary::text::Text;
use crate::workbench::explain::{ExplainedStep, ExplainedVerdict, curl_command, explain, installation_facts};
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
        let steps = explain(provider, &installation_facts(provider, &settings.public_url)).map_err(|error| {
            let error = crate::login::error::LoginError::from_step_error(StepKind::GetAuthorizationCode, error, None, provider);
            CommandFailure::No(format!("error: {error}"))
        })?;
        if global.json {
            print_line(&as_json(provider, &steps).to_string());
        } else {
            print_line(as_text(provider, &steps, self.curl).trim_end());
        }
        Ok(CommandOutcome::Fine)
    }
}

fn as_text(provider: &Provider, steps: &[ExplainedStep], as_curl: bool) -> String {
    let mut text = format!("{} ({})\n", provider.title, provider.source.name);
    for (at, explained) in steps.iter().enumerate() {
        let nth = steps[..at].iter().filter(|earlier| earlier.step == explained.step).count();
        let several = steps.iter().filter(|other| other.step == explained.step).count() > 1;
        let number = if several { format!(" {}", nth + 1) } else { String::new() };
        let remark = explained.remark.map_or_else(String::new, |remark| format!(" ({remark})"));
        let _ = write!(text, "\n{}{number}{remark}\n", explained.step.word());
        let request = if as_curl { curl_command(&explained.request) } else { request_as_text(explained) };
        for line in request.lines() {
            let _ = writeln!(text, "  {line}");
        }
        for verdict in &explained.verdicts {
            let _ = writeln!(text, "  {}  (line {})", verdict.sentence(), verdict.place.line);
        }
        for (fact, from, place) in &explained.reads {
            let name = provider.names.name(*fact);
            let _ = writeln!(text, "  reads {name} from {from}  (line {})", place.line);
        }
    }
    text
}

fn request_as_text(explained: &ExplainedStep) -> String {
    let request = &explained.request;
    let mut text = format!("{} {}\n", request.method, request.address.masked());
    for (name, value) in &request.headers {
        let _ = writeln!(text, "{name}: {}", value.masked());
    }
    if let Some(body) = &request.body {
        let _ = write!(text, "\n{}\n", body.masked());
    }
    text
}

fn as_json(provider: &Provider, steps: &[ExplainedStep]) -> Value {
    let steps = steps.iter().map(|explained| {
        let request = &explained.request;
        json!({
            "step": explained.step.word(),
            "request": {
                "method": request.method.to_string(),
                "url": request.address.masked(),
                "headers": request.headers.iter().map(|(name, value)| json!([name, value.masked()])).collect::<Vec<_>>(),
                "body": request.body.as_ref().map(Text::masked),
            },
            "verdicts": explained.verdicts.iter().map(verdict_as_json).collect::<Vec<_>>(),
            "reads": explained.reads.iter().map(|(fact, from, place)| json!({ "fact": &**provider.names.name(*fact), "from": from, "line": place.line })).collect::<Vec<_>>(),
        })
    });
    json!({ "provider": &*provider.name, "steps": steps.collect::<Vec<_>>() })
}

fn verdict_as_json(verdict: &ExplainedVerdict) -> Value {
    let ExplainedVerdict { word, condition, code, message, place } = verdict;
    json!({ "word": word, "condition": condition, "code": code, "message": message, "line": place.line })
}
