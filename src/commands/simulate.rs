//! `portaria simulate NAME`: a simulation of a provider, without a broker in the same process.

use crate::commands::outcome::{CommandFailure, CommandOutcome, print_line, uses_colour};
use crate::commands::{GlobalOptions, provider_file};
use crate::provider::Provider;
use crate::simulated::simulation::handler::{self, StandaloneSimulation};
use crate::simulated::simulation::{InventedValue, Simulation, installation_values, with_invented_logins};
use crate::stores::catalogue::{self, ProviderFileState};
use crate::stores::read_policy::ReadPolicy;
use crate::stores::settings::Settings;
use crate::vocabulary::diagnostic::printable;
use crate::workbench::examples;
use crate::workbench::examples::example::ExampleSpec;
use crate::workbench::{curl, har, synthetic_recording};
use crate::world::{clock, files, secrets};
use clap::Args;
use serde_json::json;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Simulate a provider.
#[derive(Clone, Debug, Args)]
pub(crate) struct SimulateCommand {
    /// The provider's name, or its file
    name: String,
    /// The address and port to listen on, on this machine only; port 0 takes a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: String,
    /// Write a HAR file with recordings of its logins, and do not listen; all values in it are invented
    #[arg(long, value_name = "FILE", conflicts_with = "listen")]
    har: Option<PathBuf>,
    /// Write the same recordings as curl lines with their answers
    #[arg(long, value_name = "FILE", conflicts_with = "listen")]
    curl: Option<PathBuf>,
}

impl SimulateCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let settings = global.settings()?;
        let listen = self.listen_address()?;
        let (provider, examples, is_invented) = load_provider(&self.name, &settings)?;
        if self.har.is_some() || self.curl.is_some() {
            return self.write_recordings(&provider, &examples, global.json);
        }
        let set = secrets::installation_values(&provider, &settings.public_url).values;
        let (values, invented) = installation_values(&provider, &examples, set);
        let expected = expected_lines(&provider, &invented, &settings.public_url);
        let standalone = StandaloneSimulation {
            simulation: Simulation::new(provider, examples, values),
            public_url: settings.public_url.clone(),
            is_invented,
            log: Box::new(|line| print_line(&printable(line))),
        };
        let served = handler::serve(standalone, listen, |standalone, address| print_greeting(standalone, address, &expected));
        actix_web::rt::System::new().block_on(served).map_err(|error| {
            CommandFailure::Environment(
                format!("{listen}: {}", catalogue::io_error_message(&error)),
                "choose another port, or omit `--listen` to use a free one".to_owned(),
            )
        })?;
        Ok(CommandOutcome::Fine)
    }

    /// Writes recordings of the successful logins among the examples.
    fn write_recordings(&self, provider: &Provider, examples: &[ExampleSpec], as_json: bool) -> Result<CommandOutcome, CommandFailure> {
        let files = [&self.har, &self.curl];
        if let Some(existing) = files.into_iter().flatten().find(|path| files::is_file(path)) {
            let existing = printable(&existing.display().to_string());
            return Err(CommandFailure::Usage(
                format!("{existing} exists already"),
                "choose another name, or remove that file first".to_owned(),
            ));
        }
        if self.har.is_some() && self.har == self.curl {
            return Err(CommandFailure::Usage("--har and --curl name the same file".to_owned(), "give them different names".to_owned()));
        }
        let recorded = synthetic_recording::record_all_stories(provider, examples)
            .map_err(|error| CommandFailure::No(format!("error: {error}\n  help: add an example of a login that succeeds")))?;
        let written = [(&self.har, har::write as fn(&[_]) -> String), (&self.curl, curl::write)];
        for (path, write) in written {
            let Some(path) = path else { continue };
            files::write(path, &write(&recorded.exchanges)).map_err(|error| CommandFailure::file_error(path, &error))?;
            let (shown, logins) = (path.display().to_string(), recorded.logins);
            if as_json {
                print_line(&json!({ "file": shown, "logins": logins, "requests": recorded.exchanges.len() }).to_string());
            } else {
                let logins = if logins == 1 { "one login".to_owned() } else { format!("{logins} logins") };
                print_line(&printable(&format!(
                    "{shown} holds {logins}, with invented values. To learn a file from it: portaria import {shown} --name copy"
                )));
            }
        }
        Ok(CommandOutcome::Fine)
    }

    fn listen_address(&self) -> Result<SocketAddr, CommandFailure> {
        let listen: SocketAddr = self.listen.parse().map_err(|_| {
            CommandFailure::Usage(
                format!("`{}` is not an address with a port", printable(&self.listen)),
                "write `--listen 127.0.0.1:9000`".to_owned(),
            )
        })?;
        if listen.ip().is_loopback() {
            return Ok(listen);
        }
        Err(CommandFailure::Usage(
            format!("{listen} can be reached from the network, but a simulation lets everyone sign in as anyone"),
            "listen on 127.0.0.1, or omit `--listen`".to_owned(),
        ))
    }
}

/// The provider that the command line names, its examples, and whether those are invented because none of them holds a login.
pub(crate) fn load_provider(name: &str, settings: &Settings) -> Result<(Provider, Vec<ExampleSpec>, bool), CommandFailure> {
    let path = provider_file(name, settings)?;
    let entry = catalogue::load(&path, settings.installation_context(), &ReadPolicy::for_file(settings, &path));
    if matches!(entry.state, ProviderFileState::Off(_)) {
        let help = format!("remove `enabled: false` from {}", path.display());
        return Err(CommandFailure::Usage(format!("the file of `{name}` disables it, so no login is possible"), help));
    }
    let provider = match entry.state {
        ProviderFileState::Offered(provider) | ProviderFileState::Off(provider) | ProviderFileState::Dormant(provider, _) => *provider,
        ProviderFileState::Broken => return Err(CommandFailure::No(entry.report.draw(uses_colour()))),
    };
    let recorded = load_examples(&path)?;
    let is_recorded = recorded.iter().any(|example| example.identity.is_some() && example.has_redirect());
    match with_invented_logins(&provider, recorded) {
        (stories, None) => Ok((provider, stories, !is_recorded)),
        (_, Some(why)) => Err(CommandFailure::No(format!(
            "error: no example holds a login, and none can be invented: {why}\n  help: `portaria test {} --init --answer CALL=FILE…` writes one from answers, such as those of the manual",
            printable(name)
        ))),
    }
}

fn load_examples(path: &Path) -> Result<Vec<ExampleSpec>, CommandFailure> {
    let path = catalogue::examples_path(path);
    if !files::is_file(&path) {
        return Ok(Vec::new());
    }
    let source = files::read_source(&path).map_err(|error| CommandFailure::file_error(&path, &error))?;
    examples::read(&source).map_err(|report| CommandFailure::No(report.draw(uses_colour())))
}

/// What the simulation expects from the broker.
fn expected_lines(provider: &Provider, invented: &[InventedValue], public_url: &str) -> Vec<String> {
    let mut lines = vec![format!("redirect   {public_url}/callback/{}", provider.name)];
    for needed in &provider.needed {
        let location = needed.reference.location();
        let line = match invented.iter().find(|invented| invented.location == location) {
            // A variable may hold a key on one line.
            Some(invented) => format!("set        {location}={}", printable(&invented.value.trim_end().replace('\n', "\\n"))),
            None => format!("as set     {location}"),
        };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

fn print_greeting(standalone: &StandaloneSimulation, address: SocketAddr, expected: &[String]) {
    let base = format!("http://{address}");
    print_line(&format!(
        "simulated  {} ({})",
        printable(&standalone.simulation.provider().title),
        standalone.simulation.provider().source.name
    ));
    print_line(&format!("base       {base}"));
    for line in expected {
        print_line(line);
    }
    for (_, simulated) in standalone.simulation.addresses(&standalone.public_url, &base, clock::now()) {
        print_line(&format!("address    {}", printable(&simulated)));
    }
    if let Some(tokens) = standalone.simulation.first_token_address(&base) {
        print_line(&format!("tokens     {tokens}"));
    }
    if standalone.is_invented {
        print_line("answers    invented from what the file reads, because no example holds a login");
    }
    print_line(&format!("choices    {}; stop with Ctrl-C", standalone.simulation.choices().count()));
}
