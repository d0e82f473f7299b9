//! `portaria simulate NAME`: a provider that is made from its file, by itself.

use crate::catalogue::{self, State};
use crate::commands::outcome::{Failure, Outcome, colour, say};
use crate::commands::{Global, provider_file};
use crate::diagnostic::printable;
use crate::examples;
use crate::examples::story::StorySpec;
use crate::provider::Provider;
use crate::settings::Settings;
use crate::web::simulation::{self, Alone};
use crate::workbench::simulate::{Made, Simulation, values};
use crate::workbench::{curl, har, recording};
use crate::world::{clock, files, secrets};
use clap::Args;
use serde_json::json;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Simulate a provider.
#[derive(Clone, Debug, Args)]
pub struct Simulate {
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

impl Simulate {
    /// Runs the command, until it is told to stop.
    pub fn run(&self, global: &Global) -> Result<Outcome, Failure> {
        let settings = global.settings()?;
        let listen = self.listen()?;
        let (provider, stories) = read(&self.name, &settings)?;
        if self.har.is_some() || self.curl.is_some() {
            return self.write_down(&provider, &stories, global.json);
        }
        let set = secrets::installation(&provider, &settings.public_url).values;
        let (values, made) = values(&provider, &stories, set);
        let told = expected(&provider, &made, &settings.public_url);
        let alone = Alone {
            simulation: Simulation::new(provider, stories, values),
            public_url: settings.public_url.clone(),
            told: Box::new(|line| say(&printable(line))),
        };
        let served = simulation::serve(alone, listen, |alone, address| greet(alone, address, &told));
        actix_web::rt::System::new().block_on(served).map_err(|error| {
            Failure::Environment(
                format!("{listen}: {}", catalogue::sentence(&error)),
                "choose another port, or leave `--listen` out: a free one is taken".to_owned(),
            )
        })?;
        Ok(Outcome::Fine)
    }

    /// Writes the logins of the stories that end well as a recording.
    fn write_down(&self, provider: &Provider, stories: &[StorySpec], as_json: bool) -> Result<Outcome, Failure> {
        let files = [&self.har, &self.curl];
        if let Some(there) = files.into_iter().flatten().find(|path| files::is_file(path)) {
            let there = printable(&there.display().to_string());
            return Err(Failure::Usage(
                format!("{there} is there already"),
                "choose another name, or take that file away first".to_owned(),
            ));
        }
        if self.har.is_some() && self.har == self.curl {
            return Err(Failure::Usage("--har and --curl name the same file".to_owned(), "give each a name of its own".to_owned()));
        }
        let recorded = recording::of_all(provider, stories)
            .map_err(|why| Failure::No(format!("error: {why}\n  help: add an example of a login that ends with somebody coming in")))?;
        let written = [(&self.har, har::write as fn(&[_]) -> String), (&self.curl, curl::write)];
        for (path, write) in written {
            let Some(path) = path else { continue };
            files::write(path, &write(&recorded.exchanges)).map_err(|error| Failure::file(path, &error))?;
            let (shown, logins) = (path.display().to_string(), recorded.logins);
            if as_json {
                say(&json!({ "file": shown, "logins": logins, "requests": recorded.exchanges.len() }).to_string());
            } else {
                let logins = if logins == 1 { "one login".to_owned() } else { format!("{logins} logins") };
                say(&printable(&format!(
                    "{shown} holds {logins}, with invented values. To learn a file from it: portaria import {shown} --name copy"
                )));
            }
        }
        Ok(Outcome::Fine)
    }

    fn listen(&self) -> Result<SocketAddr, Failure> {
        let listen: SocketAddr = self.listen.parse().map_err(|_| {
            Failure::Usage(
                format!("`{}` is not an address with a port", printable(&self.listen)),
                "write `--listen 127.0.0.1:9000`".to_owned(),
            )
        })?;
        if listen.ip().is_loopback() {
            return Ok(listen);
        }
        Err(Failure::Usage(
            format!("{listen} is open to the network, and at a simulation anybody may be anybody"),
            "listen at 127.0.0.1, or leave `--listen` out".to_owned(),
        ))
    }
}

/// A provider and its stories, from the command line.
pub fn read(name: &str, settings: &Settings) -> Result<(Provider, Vec<StorySpec>), Failure> {
    let path = provider_file(name, settings)?;
    let entry = catalogue::load(&path, settings.ground());
    if matches!(entry.state, State::Off(_)) {
        let help = format!("take `enabled: false` out of {}", path.display());
        return Err(Failure::Usage(format!("the file of `{name}` switches it off, so nobody can log in there"), help));
    }
    let provider = match entry.state {
        State::Offered(provider) | State::Off(provider) | State::Dormant(provider, _) => *provider,
        State::Broken => return Err(Failure::No(entry.report.draw(colour()))),
    };
    Ok((provider, stories(&path)?))
}

fn stories(path: &Path) -> Result<Vec<StorySpec>, Failure> {
    let path = catalogue::examples_of(path);
    if !files::is_file(&path) {
        return Err(Failure::No(format!(
            "error: there are no examples at {}, so nothing is known of what the provider answers\n  help: record a login there, which begins with `- what: a login`",
            path.display()
        )));
    }
    let source = files::source(&path).map_err(|error| Failure::file(&path, &error))?;
    examples::read(&source).map_err(|report| Failure::No(report.draw(colour())))
}

/// What the simulation expects of whoever calls it.
fn expected(provider: &Provider, made: &[Made], public_url: &str) -> Vec<String> {
    let mut lines = vec![format!("redirect   {public_url}/callback/{}", provider.name)];
    for needed in &provider.needed {
        let wanted = needed.reference.wanted();
        let line = match made.iter().find(|made| made.wanted == wanted) {
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

fn greet(alone: &Alone, address: SocketAddr, expected: &[String]) {
    let base = format!("http://{address}");
    say(&format!("simulated  {} ({})", printable(&alone.simulation.provider().title), alone.simulation.provider().source.name));
    say(&format!("base       {base}"));
    for line in expected {
        say(line);
    }
    for (_, at) in alone.simulation.addresses(&alone.public_url, &base, clock::now()) {
        say(&format!("address    {}", printable(&at)));
    }
    say(&format!("choices    {}; stop with Ctrl-C", alone.simulation.menu().count()));
}
