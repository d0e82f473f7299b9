//! `portaria simulate NAME`: a provider that is made from its file, by itself.

use crate::commands::outcome::{CommandFailure, CommandOutcome, print_line, uses_colour};
use crate::commands::{GlobalOptions, provider_file};
use crate::provider::Provider;
use crate::simulated::simulation::handler::{self, StandaloneSimulation};
use crate::simulated::simulation::{InventedValue, Simulation, installation_values};
use crate::stores::catalogue::{self, ProviderFileState};
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
    /// The address and port to listen at, on this machine only; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: String,
    /// Write a recording of its logins as a browser exports it, and do not listen; every value in it is invented
    #[arg(long, value_name = "FILE", conflicts_with = "listen")]
    har: Option<PathBuf>,
    /// The same as curl lines with their answers
    #[arg(long, value_name = "FILE", conflicts_with = "listen")]
    curl: Option<PathBuf>,
}

impl SimulateCommand {
    /// Runs the command, until it is told to stop.
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let settings = global.settings()?;
        let listen = self.listen_address()?;
        let (provider, stories) = load_provider(&self.name, &settings)?;
        if self.har.is_some() || self.curl.is_some() {
            return self.write_recordings(&provider, &stories, global.json);
        }
        let set = secrets::installation_values(&provider, &settings.public_url).values;
        let (values, made) = installation_values(&provider, &stories, set);
        let told = expected_lines(&provider, &made, &settings.public_url);
        let alone = StandaloneSimulation {
            simulation: Simulation::new(provider, stories, values),
            public_url: settings.public_url.clone(),
            log: Box::new(|line| print_line(&printable(line))),
        };
        let served = handler::serve(alone, listen, |alone, address| print_greeting(alone, address, &told));
        actix_web::rt::System::new().block_on(served).map_err(|error| {
            CommandFailure::Environment(
                format!("{listen}: {}", catalogue::io_error_message(&error)),
                "choose another port, or leave `--listen` out: a free one is taken".to_owned(),
            )
        })?;
        Ok(CommandOutcome::Fine)
    }

    /// Writes the logins of the stories that end well as a recording.
    fn write_recordings(&self, provider: &Provider, stories: &[ExampleSpec], as_json: bool) -> Result<CommandOutcome, CommandFailure> {
        let files = [&self.har, &self.curl];
        if let Some(there) = files.into_iter().flatten().find(|path| files::is_file(path)) {
            let there = printable(&there.display().to_string());
            return Err(CommandFailure::Usage(
                format!("{there} is there already"),
                "choose another name, or take that file away first".to_owned(),
            ));
        }
        if self.har.is_some() && self.har == self.curl {
            return Err(CommandFailure::Usage("--har and --curl name the same file".to_owned(), "give each a name of its own".to_owned()));
        }
        let recorded = synthetic_recording::record_all_stories(provider, stories).map_err(|why| {
            CommandFailure::No(format!("error: {why}\n  help: add an example of a login that ends with somebody coming in"))
        })?;
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
            format!("{listen} is open to the network, and at a simulation anybody may be anybody"),
            "listen at 127.0.0.1, or leave `--listen` out".to_owned(),
        ))
    }
}

/// A provider and its stories, from the command line.
pub(crate) fn load_provider(name: &str, settings: &Settings) -> Result<(Provider, Vec<ExampleSpec>), CommandFailure> {
    let path = provider_file(name, settings)?;
    let entry = catalogue::load(&path, settings.installation_context());
    if matches!(entry.state, ProviderFileState::Off(_)) {
        let help = format!("take `enabled: false` out of {}", path.display());
        return Err(CommandFailure::Usage(format!("the file of `{name}` switches it off, so nobody can log in there"), help));
    }
    let provider = match entry.state {
        ProviderFileState::Offered(provider) | ProviderFileState::Off(provider) | ProviderFileState::Dormant(provider, _) => *provider,
        ProviderFileState::Broken => return Err(CommandFailure::No(entry.report.draw(uses_colour()))),
    };
    Ok((provider, load_stories(&path)?))
}

fn load_stories(path: &Path) -> Result<Vec<ExampleSpec>, CommandFailure> {
    let path = catalogue::examples_path(path);
    if !files::is_file(&path) {
        return Err(CommandFailure::No(format!(
            "error: there are no examples at {}, so nothing is known of what the provider answers\n  help: record a login there, which begins with `- what: a login`",
            path.display()
        )));
    }
    let source = files::read_source(&path).map_err(|error| CommandFailure::file_error(&path, &error))?;
    examples::read(&source).map_err(|report| CommandFailure::No(report.draw(uses_colour())))
}

/// What the simulation expects of whoever calls it.
fn expected_lines(provider: &Provider, made: &[InventedValue], public_url: &str) -> Vec<String> {
    let mut lines = vec![format!("redirect   {public_url}/callback/{}", provider.name)];
    for needed in &provider.needed {
        let wanted = needed.reference.location();
        let line = match made.iter().find(|made| made.location == wanted) {
            // A variable may hold a key on one line.
            Some(made) => format!("set        {wanted}={}", printable(&made.value.trim_end().replace('\n', "\\n"))),
            None => format!("as set     {wanted}"),
        };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

fn print_greeting(alone: &StandaloneSimulation, address: SocketAddr, expected: &[String]) {
    let base = format!("http://{address}");
    print_line(&format!("simulated  {} ({})", printable(&alone.simulation.provider().title), alone.simulation.provider().source.name));
    print_line(&format!("base       {base}"));
    for line in expected {
        print_line(line);
    }
    for (_, at) in alone.simulation.addresses(&alone.public_url, &base, clock::now()) {
        print_line(&format!("address    {}", printable(&at)));
    }
    print_line(&format!("choices    {}; stop with Ctrl-C", alone.simulation.choices().count()));
}
