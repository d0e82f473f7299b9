//! `portaria doctor`: whether everything that the broker stands on is well.

mod network; // the providers, the broker's own address, mail, clocks
mod storage_checks; // the storage and the master key

pub(crate) use crate::commands::doctor::network::{LET_THE_PROXY_LOOK_UP, looks_up_beside_proxy};
use crate::commands::greeting::ON_LOOPBACK_ALONE;
use crate::commands::outcome::{Colours, CommandFailure, CommandOutcome, print_json, print_line};
use crate::commands::{GlobalOptions, settings_complaints, storage};
use crate::provider::Provider;
use crate::stores::catalogue::{self, ProviderFileState, io_error_message};
use crate::stores::read_policy::ReadPolicy;
use crate::stores::settings::Settings;
use crate::stores::{MAIN, Store, Stores};
use crate::vocabulary::diagnostic::{Severity, printable};
use crate::web::live_config::PLAYGROUND;
use crate::world::files;
use clap::Args;
use serde_json::json;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

/// Look at settings, storage, master key, network and clock.
#[derive(Debug, Args)]
pub(crate) struct DoctorCommand {
    #[arg(long, help = storage::HELP, env = "PORTARIA_STORAGE", hide_env_values = true, value_name = "STORAGE")]
    storage: Option<String>,
    /// Leave out what needs the network: providers, the broker's own address, mail
    #[arg(long)]
    offline: bool,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Fine,
    Warning,
    Wrong,
}

impl Standing {
    fn word(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Warning => "warning",
            Self::Wrong => "wrong",
        }
    }
}

/// What was found out about one thing.
#[derive(Debug)]
struct Finding {
    check: &'static str,
    standing: Standing,
    said: String,
    help: Option<String>,
}

impl Finding {
    fn fine(check: &'static str, said: impl Into<String>) -> Self {
        Self { check, standing: Standing::Fine, said: said.into(), help: None }
    }

    fn warning(check: &'static str, said: impl Into<String>, help: impl Into<String>) -> Self {
        Self { check, standing: Standing::Warning, said: said.into(), help: Some(help.into()) }
    }

    fn wrong(check: &'static str, said: impl Into<String>, help: impl Into<String>) -> Self {
        Self { check, standing: Standing::Wrong, said: said.into(), help: Some(help.into()) }
    }

    /// A failure of a command as a finding.
    fn of_failure(check: &'static str, failure: &CommandFailure) -> Self {
        let (said, help) = match failure {
            CommandFailure::No(text) => (text.lines().next().unwrap_or_default(), "`portaria check` shows all of it"),
            CommandFailure::Usage(message, help) | CommandFailure::Environment(message, help) => (message.as_str(), help.as_str()),
        };
        Self::wrong(check, said, help)
    }
}

/// A provider whose file is right, in a store.
struct ExaminedProvider {
    store: Arc<Store>,
    provider: Box<Provider>,
    /// Whether it is offered, or waits for values.
    is_live: bool,
}

impl DoctorCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let mut findings = Vec::new();
        match global.settings() {
            Err(failure) => findings.push(Finding::of_failure("settings", &failure)),
            Ok(settings) => {
                examine_settings(global, &mut findings);
                self.examine(&settings, &mut findings)?;
            }
        }
        print(&findings, global.json);
        let is_wrong = findings.iter().any(|finding| finding.standing == Standing::Wrong);
        Ok(if is_wrong { CommandOutcome::No } else { CommandOutcome::Fine })
    }

    fn examine(&self, settings: &Settings, findings: &mut Vec<Finding>) -> Result<(), CommandFailure> {
        let stores = Stores::new(settings);
        let providers = examine_files(settings, &stores, findings);
        examine_proxies(&stores, findings);
        let place = match storage::location(self.storage.as_deref(), settings) {
            Ok(place) => Some(place),
            Err(failure) => {
                findings.push(Finding::of_failure("storage", &failure));
                None
            }
        };
        storage::run(async {
            let mut key_ids = Vec::new();
            if let Some(place) = &place {
                key_ids = storage_checks::examine(settings, place, findings).await;
            }
            if !self.offline {
                network::examine(settings, &stores, &providers, &key_ids, findings).await;
            }
            Ok(())
        })
    }
}

/// What `check` has to say of the settings. That they can be used was found out before.
fn examine_settings(global: &GlobalOptions, findings: &mut Vec<Finding>) {
    let Some(path) = global.settings_file() else { return findings.push(Finding::fine("settings", "no file: all defaults")) };
    let file = path.display().to_string();
    let complaints = files::read_source(&path)
        .map_or_else(|_| Vec::new(), |source| settings_complaints::read(&source, global.providers.as_deref()).1.complaints);
    if complaints.is_empty() {
        return findings.push(Finding::fine("settings", file));
    }
    findings.extend(complaints.into_iter().map(|complaint| {
        let line = complaint.place.map_or_else(String::new, |place| format!(":{}", place.line));
        let said = format!("{file}{line}: {}", complaint.message);
        match complaint.severity {
            Severity::Error => Finding::wrong("settings", said, complaint.help),
            Severity::Warning => Finding::warning("settings", said, complaint.help),
        }
    }));
}

/// The provider files of all stores.
fn examine_files(settings: &Settings, stores: &Stores, findings: &mut Vec<Finding>) -> Vec<ExaminedProvider> {
    let mut found = Vec::new();
    for store in stores.all() {
        let Ok(paths) = catalogue::provider_files(&store.providers) else {
            findings.push(unlisted_folder(&store.providers));
            continue;
        };
        let mut dormant: u64 = 0;
        for entry in catalogue::load_all(&paths, store_context(store), &ReadPolicy::for_store(settings, stores, store)) {
            let file = printable(&entry.report.source.name);
            match entry.state {
                ProviderFileState::Broken => {
                    findings.push(Finding::wrong(
                        "provider files",
                        format!("{file} is broken"),
                        format!("`portaria check {file}` shows why"),
                    ));
                }
                ProviderFileState::Dormant(provider, _) => {
                    dormant = dormant.saturating_add(1);
                    found.push(ExaminedProvider { store: Arc::clone(store), provider, is_live: false });
                }
                ProviderFileState::Offered(provider) if *provider.name == *PLAYGROUND && !store.playground => {
                    let why = if store.loopback { "is off: `playground: false`" } else { ON_LOOPBACK_ALONE };
                    findings.push(Finding::fine("provider files", format!("{file} {why}")));
                }
                ProviderFileState::Offered(provider) => {
                    found.push(ExaminedProvider { store: Arc::clone(store), provider, is_live: true });
                }
                ProviderFileState::Off(_) => {}
            }
        }
        if dormant > 0 {
            // A file of the catalogue waits until its provider is wanted.
            let waiting = if dormant == 1 { "1 file waits".to_owned() } else { format!("{dormant} files wait") };
            let folder = if *store.name == *MAIN { String::new() } else { format!(" {}", store.providers.display()) };
            let said = format!("{waiting} for variables; `portaria check --all{folder}` lists them");
            findings.push(Finding::fine("provider files", said));
        }
    }
    let live = found.iter().filter(|one| one.is_live).count();
    findings.push(Finding::fine("provider files", format!("offered: {live}, waiting: {}", found.len() - live)));
    found
}

/// A folder of provider files that cannot be listed.
fn unlisted_folder(folder: &Path) -> Finding {
    let shown = folder.display();
    match files::yaml_files(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound && !files::is_there(folder) => {
            Finding::warning("provider files", format!("{shown}: there is no folder of provider files"), "write one: `portaria new`")
        }
        Err(error) => {
            let said = format!(
                "{shown}: the folder of provider files cannot be listed: {}; {}",
                io_error_message(&error),
                files::describe_rights(folder)
            );
            Finding::wrong("provider files", said, "let the user of the broker list it and read its files, or mount it again")
        }
        Ok(_) => Finding::warning("provider files", format!("{shown}: the folder could not be listed a moment ago"), "look again"),
    }
}

fn store_context(store: &Store) -> crate::provider::InstallationContext {
    crate::provider::InstallationContext { loopback: store.loopback }
}

/// Without its proxies named, the broker takes all visitors for one, or believes what a visitor writes.
fn examine_proxies(stores: &Stores, findings: &mut Vec<Finding>) {
    for store in stores.all().iter().filter(|store| !store.loopback) {
        let address = &store.public_url;
        findings.push(if !store.names_its_proxies() {
            let help = "write the addresses of the proxies into the settings: `trustedProxies: [ 10.0.0.7 ]`; or `trustedProxies: none`";
            Finding::wrong("proxies", format!("{address} needs a proxy that speaks https, and `trustedProxies` names none"), help)
        } else if store.trusts_no_proxy() {
            Finding::fine("proxies", format!("{address}: no header of a proxy is believed"))
        } else {
            Finding::fine("proxies", format!("{address}: the headers of its named proxies are believed, and no others"))
        });
    }
}

fn print(findings: &[Finding], as_json: bool) {
    if as_json {
        let all: Vec<_> = findings
            .iter()
            .map(|finding| json!({ "check": finding.check, "standing": finding.standing.word(), "said": finding.said, "help": finding.help }))
            .collect();
        return print_json(&json!({ "findings": all }).to_string());
    }
    let colours = Colours::of_terminal();
    for Finding { check, standing, said, help } in findings {
        let word = format!("{:<7}", standing.word());
        let word = match standing {
            Standing::Fine => colours.good(&word),
            Standing::Warning => colours.heading(&word),
            Standing::Wrong => colours.problem(&word),
        };
        print_line(&format!("{word}  {check:<14}  {}", printable(said)));
        if let Some(help) = help {
            print_line(&format!("           help: {help}"));
        }
    }
    let count = |standing| findings.iter().filter(|finding| finding.standing == standing).count();
    print_line(&format!("{} fine, {} warnings, {} wrong", count(Standing::Fine), count(Standing::Warning), count(Standing::Wrong)));
}
