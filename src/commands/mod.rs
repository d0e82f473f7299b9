//! The command line: every command, and the options that all of them take.

pub(crate) mod apps;
pub(crate) mod backup;
pub(crate) mod catalogue;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod endpoint_hosts;
pub(crate) mod events;
pub(crate) mod explain;
mod first_login;
pub(crate) mod forecast;
pub(crate) mod given_answers;
pub(crate) mod greeting;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod incident;
pub(crate) mod new_provider_file;
pub(crate) mod keys;
pub(crate) mod man;
pub(crate) mod master_key;
pub(crate) mod move_storage;
pub(crate) mod progress;
pub(crate) mod providers;
pub mod proxy_files;
pub(crate) mod redirect_paths;
pub(crate) mod restore;
pub(crate) mod new;
pub mod outcome;
pub(crate) mod schema;
pub mod broker;
pub(crate) mod serve;
pub(crate) mod settings_complaints;
pub(crate) mod simulate;
pub(crate) mod start_settings;
pub(crate) mod storage;
pub(crate) mod storage_use;
pub(crate) mod confirmation;
pub(crate) mod test;
pub(crate) mod token_agreement;
pub(crate) mod try_login;
pub(crate) mod upgrade_report;
pub(crate) mod users;
pub(crate) mod version;

use crate::commands::outcome::{CommandFailure, CommandOutcome};
use crate::stores::catalogue::provider_files;
use crate::stores::settings::{Settings, check_public_url};
use crate::vocabulary::diagnostic::did_you_mean;
use crate::world::files;
use crate::world::signals::HeldReload;
use clap::{Args, Parser, Subcommand};
use std::path::{Path, PathBuf};

/// The settings file that is read where no other is named.
pub(crate) const SETTINGS_FILE: &str = "portaria.yaml";

/// Any identity provider from one YAML file.
#[derive(Debug, Parser)]
#[command(name = "portaria", version = version::LINE.as_str(), about)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: GlobalOptions,
}

/// The options that every command takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct GlobalOptions {
    /// The settings file [default: portaria.yaml, if there is one]
    #[arg(long, global = true, env = "PORTARIA_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The folder of the provider files [default: `providers` of the settings, or providers.d]
    #[arg(long, global = true, env = "PORTARIA_PROVIDERS", value_name = "FOLDER")]
    pub(crate) providers: Option<PathBuf>,
    /// The broker's own address [default: `publicUrl` of the settings, or <http://localhost:8080>]
    #[arg(long, global = true, env = "PORTARIA_PUBLIC_URL", value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the broker; in a fresh checkout it needs no settings
    #[command(after_help = "Example: portaria serve --listen 127.0.0.1:8081

PORTARIA_MASTER_KEY holds the key that encrypts signing keys and cookies, unless the settings name another place.
PORTARIA_LOG sets the log level: error, warn, info (the default), debug.")]
    Serve(serve::ServeCommand),
    /// Ask the broker on this machine whether it can work; for health checks
    #[command(after_help = "Example: portaria health --listen 127.0.0.1:8081

It asks /health/ready. The exit code is 0 if the broker can work, and 1 if it cannot or does not answer.")]
    Health(health::HealthCommand),
    /// Show every problem in provider files and settings, with its line
    #[command(after_help = "Example: portaria check providers.d/acme.yaml
         portaria check --upgrade")]
    Check(check::CheckCommand),
    /// Show the requests that would be sent, and what is read from each answer
    #[command(after_help = "Example: portaria explain acme --curl
         portaria explain acme --answer getAccessCode=token.json --answer getUserInfo=me.json

With answers it shows what would be read from each, who would be signed in or which line refuses. The exit code is 0 if the person would be
signed in, otherwise 1.")]
    Explain(explain::ExplainCommand),
    /// Write a provider file from your answers to questions, or from flags
    #[command(after_help = "Example: portaria new clube-acme
         portaria new acme --discovery https://idp.acme.example --yes")]
    New(Box<new::NewCommand>),
    /// List, find and show the provider files that the program holds, and put one into the folder
    #[command(after_help = "Example: portaria catalogue search brazil
         portaria catalogue add github")]
    Catalogue(catalogue::CatalogueCommand),
    /// Learn a provider file from a HAR file of a browser, or from curl lines with their answers
    #[command(after_help = "Example: portaria import login.har --name acme

Record from the click on the login button until the browser is back at the shop, with “Preserve log” on. The call that sends the code is
made by the shop's server, where the browser does not see it: add it as a curl line with its answer (`curl -i …`).")]
    Import(import::ImportCommand),
    /// Simulate a provider from its file and its examples; it accepts exactly what the file sends
    #[command(after_help = "Example: portaria simulate acme --listen 127.0.0.1:9000

The simulation listens on this machine only, sends browsers to --public-url and nowhere else, and prints for every request whether it was
what the file sends. To try a login without a second program: portaria serve --simulate acme")]
    Simulate(simulate::SimulateCommand),
    /// Log in at a provider for real and show every step; no user is created
    #[command(after_help = "Example: portaria try acme --record

The provider sends the browser back to PUBLIC_URL/callback/NAME, which has to be registered there. If that address is on this machine, the
command waits for the browser there; otherwise, or with --paste, paste the address to which the browser was sent.")]
    Try(try_login::TryCommand),
    /// Replay the recorded examples beside the provider files
    #[command(after_help = "Example: portaria test acme
         portaria test acme --init --answer getAccessCode=token.json --answer getUserInfo=me.json")]
    Test(test::TestCommand),
    /// Show what happened in the login behind the code on an error page
    #[command(after_help = "Example: portaria incident K7Q-2MD")]
    Incident(incident::IncidentCommand),
    /// Show what happened and why, newest first: sign-ins, refusals, failed logins, keys
    #[command(after_help = "Example: portaria history --provider acme --most 10

Events that belong to no store, such as those of keys, are listed with the store `*`. `portaria users history` shows one user.")]
    History(history::HistoryCommand),
    /// Find and manage users: show, block, sign out, unlink, export, erase
    #[command(after_help = "Example: portaria users show ana@loja.example")]
    Users(users::UsersCommand),
    /// Move the linked identities of a provider whose file points elsewhere than before, or list files that were not confirmed for a year
    #[command(after_help = "Example: portaria providers move acme")]
    Providers(providers::ProvidersCommand),
    /// List the signing keys, add one, or retire one
    #[command(after_help = "Example: portaria keys list")]
    Keys(keys::KeysCommand),
    /// Look at settings, storage, master key, providers, certificates and clocks, and say what is wrong and what helps
    #[command(after_help = "Example: portaria doctor

One line for each check: fine, warning or wrong. The exit code is 1 if something is wrong. No secret is sent: providers are asked for their
discovery document, or for the first page of a host that their files name.")]
    Doctor(doctor::DoctorCommand),
    /// Write everything that the storage holds into one file, while the broker runs
    #[command(after_help = "Example: portaria backup portaria-2026-01-05.backup
         portaria backup - | age -r … > portaria.backup.age

It is one consistent moment of the storage, of either engine, and can be restored into either. It holds addresses and names of people: encrypt it.
The master key is not in it; the command says where the key is.")]
    Backup(backup::BackupCommand),
    /// Restore a backup into a storage that holds no people
    #[command(after_help = "Example: portaria restore portaria-2026-01-05.backup
         portaria restore portaria-2026-01-05.backup --storage postgres://portaria@db.loja.example/portaria

Stop every broker first. All of it is restored, or nothing: a file that was cut or changed is refused.")]
    Restore(restore::RestoreCommand),
    /// Move everything into another storage
    #[command(after_help = "Example: portaria storage move --to postgres://portaria@db.loja.example/portaria")]
    Storage(move_storage::StorageCommand),
    /// List the apps that sign people in through the stores, or make what a new one needs
    #[command(after_help = "Example: portaria apps list
         portaria apps add painel --redirect https://painel.loja.example/callback")]
    Apps(apps::AppsCommand),
    /// See which events wait to be sent to a store, send them now, and try the receiver out
    #[command(after_help = "Example: portaria events status
         portaria events test

`docs/events.md` shows what is sent, and how a receiver verifies it.")]
    Events(events::EventsCommand),
    /// Write the JSON schemas and the reference to schemas/
    #[command(after_help = "Example: portaria schema")]
    Schema(schema::SchemaCommand),
    /// Print the script that completes commands and options in a shell
    #[command(after_help = "Example: portaria completions bash > /etc/bash_completion.d/portaria")]
    Completions(completions::CompletionsCommand),
    /// Write the man pages, one for each command, into a folder
    #[command(after_help = "Example: portaria man /usr/local/share/man/man1")]
    Man(man::ManCommand),
    /// Show the version, the commit that it was made from, and the edition of the language of provider files
    #[command(after_help = "Example: portaria version --json")]
    Version(version::VersionCommand),
}

impl CommandLine {
    /// Runs the command that was given, and hands the broker the signal that was held for it.
    pub fn run(self, reload: Option<HeldReload>) -> Result<CommandOutcome, CommandFailure> {
        match self.command {
            Command::Serve(serve) => serve.run(&self.global, reload),
            Command::Health(health) => health.run(&self.global),
            Command::Check(check) => check.run(&self.global),
            Command::Explain(explain) => explain.run(&self.global),
            Command::New(new) => new.run(&self.global),
            Command::Import(import) => import.run(&self.global),
            Command::Simulate(simulate) => simulate.run(&self.global),
            Command::Try(trying) => trying.run(&self.global),
            Command::Test(test) => test.run(&self.global),
            Command::Incident(incident) => incident.run(&self.global),
            Command::History(history) => history.run(&self.global),
            Command::Users(users) => users.run(&self.global),
            Command::Providers(providers) => providers.run(&self.global),
            Command::Keys(keys) => keys.run(&self.global),
            Command::Doctor(doctor) => doctor.run(&self.global),
            Command::Backup(backup) => backup.run(&self.global),
            Command::Restore(restore) => restore.run(&self.global),
            Command::Storage(storage) => storage.run(&self.global),
            Command::Apps(apps) => apps.run(&self.global),
            Command::Events(events) => events.run(&self.global),
            Command::Catalogue(catalogue) => catalogue.run(&self.global),
            Command::Schema(schema) => schema.run(),
            Command::Completions(completions) => Ok(completions.run()),
            Command::Man(man) => man.run(),
            Command::Version(version) => Ok(version.run(&self.global)),
        }
    }
}

impl GlobalOptions {
    /// The settings file, if there is one.
    pub(crate) fn settings_file(&self) -> Option<PathBuf> {
        let default = Path::new(SETTINGS_FILE);
        self.config.clone().or_else(|| files::is_file(default).then(|| default.to_owned()))
    }

    /// The settings: flags come before variables, these before the settings file, and that before the defaults.
    pub(crate) fn settings(&self) -> Result<Settings, CommandFailure> {
        let mut settings = match self.settings_file() {
            None => Settings::default(),
            Some(path) => {
                let source = files::read_source(&path).map_err(|error| CommandFailure::file_error(&path, &error))?;
                let (settings, report) = Settings::read(&source);
                settings.ok_or_else(|| CommandFailure::No(report.draw(outcome::uses_colour())))?
            }
        };
        if let Some(folder) = &self.providers {
            settings.providers = folder.display().to_string();
        }
        if let Some(url) = &self.public_url {
            if let Some((message, help)) = check_public_url(url.trim_end_matches('/')) {
                return Err(CommandFailure::Usage(format!("--public-url: {message}"), help));
            }
            url.trim_end_matches('/').clone_into(&mut settings.public_url);
        }
        Ok(settings)
    }
}

/// The file of a provider that the command line names, by its name or by the path of its file.
pub(crate) fn provider_file(name: &str, settings: &Settings) -> Result<PathBuf, CommandFailure> {
    let path = Path::new(name);
    if name.ends_with(".yaml") && files::is_file(path) {
        return Ok(path.to_owned());
    }
    let folder = Path::new(&settings.providers);
    let path = folder.join(format!("{name}.yaml"));
    if files::is_file(&path) {
        return Ok(path);
    }
    let known = provider_files(folder).unwrap_or_default();
    let names: Vec<String> = known.iter().filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    let help = match did_you_mean(name, names.iter().map(String::as_str)) {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => format!("a provider has the name of its file in {}", folder.display()),
    };
    Err(CommandFailure::Usage(format!("there is no provider `{name}` in {}", folder.display()), help))
}
