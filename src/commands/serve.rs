//! `portaria serve`: runs the broker.

use crate::commands::broker::Broker;
use crate::commands::first_login::offer_playground;
use crate::commands::greeting::print_greeting;
use crate::commands::outcome::{CommandFailure, CommandOutcome, uses_colour};
use crate::commands::start_settings::StartSettings;
use crate::commands::{GlobalOptions, SETTINGS_FILE};
use crate::commands::{master_key, simulate, storage};
use crate::directory::StorageLocation;
use crate::session::seal::MasterKey;
use crate::stores::Stores;
use crate::stores::catalogue::io_error_message;
use crate::stores::settings::Settings;
use crate::stores::trusted_authorities::listed_authorities;
use crate::vocabulary::diagnostic::printable;
use crate::web::app::App;
use crate::web::network_reach::outgoing_proxy;
use crate::web::{background_tasks, server};
use crate::world::host_name::host_name;
use crate::world::log_queue::LogQueue;
use crate::world::secrets;
use crate::world::signals::HeldReload;
use crate::world::traces::TraceSettings;
use actix_web::web::{Data, ServiceConfig};
use clap::Args;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// The log levels, from the fewest lines to the most.
const LOG_LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Serve logins.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServeCommand {
    /// The address and port to listen at [default: `listen` of the settings, or 127.0.0.1 and the port of a loopback public URL]
    #[arg(long, env = "PORTARIA_LISTEN", value_name = "ADDRESS", value_parser = address)]
    listen: Option<SocketAddr>,
    #[arg(long, help = storage::HELP, env = "PORTARIA_STORAGE", hide_env_values = true, value_name = "STORAGE")]
    storage: Option<String>,
    /// Simulate this provider from its file and its examples; on loopback only, may be repeated
    #[arg(long, env = "PORTARIA_SIMULATE", value_name = "NAME", value_delimiter = ',')]
    simulate: Vec<String>,
}

pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("`{text}` is not an address with a port; write `127.0.0.1:8080`"))
}

impl ServeCommand {
    pub(crate) fn run(&self, global: &GlobalOptions, reload: Option<HeldReload>) -> Result<CommandOutcome, CommandFailure> {
        start_log(global.json)?;
        let traces = TraceSettings::read().map_err(|fault| CommandFailure::Environment(fault.message, fault.help.to_owned()))?;
        let settings = self.settings(global)?;
        let listen = listen_address(self.listen, &settings)?;
        check_listen_address(listen, &settings)?;
        offer_playground(global, &settings);
        for name in &settings.simulated {
            if name.contains(['/', '\\']) || name.ends_with(".yaml") {
                let help = "write only the name, as in `portaria serve --simulate acme`; `--providers` sets the folder of the files";
                return Err(CommandFailure::Usage(format!("--simulate: `{name}` is a file, not the name of a provider"), help.to_owned()));
            }
            simulate::load_provider(name, &settings)?;
        }
        let place = storage::location(self.storage.as_deref(), &settings)?;
        let master = master_key::load_or_create(&settings, &place)?;
        let outcome = actix_web::rt::System::new().block_on(self.serve((global, traces), &settings, (listen, reload), &place, &master));
        LogQueue::flush();
        outcome
    }

    /// The settings. A loopback `--listen` without a public URL sets the public URL too.
    fn settings(&self, global: &GlobalOptions) -> Result<Settings, CommandFailure> {
        let mut settings = global.settings()?;
        let has_public_url = global.public_url.is_some() || settings.spec.as_ref().is_some_and(|spec| spec.public_url.is_some());
        if let (false, Some(listen)) = (has_public_url, self.listen)
            && listen.ip().is_loopback()
        {
            settings.public_url = format!("http://localhost:{}", listen.port());
        }
        let names = self.simulate.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
        settings.simulated = names.map(Into::into).collect();
        settings.storage.clone_from(&self.storage);
        Ok(settings)
    }

    /// What the broker is started with: flags and variables, settings, defaults.
    fn start_settings(&self, settings: &Settings) -> Result<StartSettings, CommandFailure> {
        Ok(StartSettings {
            listen: listen_address(self.listen, settings)?,
            storage: storage::location(self.storage.as_deref(), settings)?,
            master_key: settings.spec.as_ref().and_then(|spec| spec.master_key.as_ref()).map(|kept| kept.0.clone()),
            metrics_listen: Stores::new(settings).metrics_listen(),
            outgoing_proxy: outgoing_proxy(settings).map(|proxy| proxy.identity()),
            trusted_authorities: listed_authorities(settings).map(|file| file.value.clone()).collect(),
        })
    }

    async fn serve(
        &self,
        (global, traces): (&GlobalOptions, TraceSettings),
        settings: &Settings,
        (listen, reload): (SocketAddr, Option<HeldReload>),
        place: &StorageLocation,
        master: &MasterKey,
    ) -> Result<CommandOutcome, CommandFailure> {
        let directory = Arc::new(storage::open(place).await?);
        let broker = Broker::new(master);
        // The file of the settings tells apart brokers whose port the system chooses.
        let settings_path = global.settings_file().unwrap_or_default();
        let settings_path = std::path::absolute(&settings_path).unwrap_or(settings_path);
        let machine = format!("{} {listen} {}", host_name(), settings_path.display());
        let app = App::new(settings, directory, master, broker.hooks(), &machine).await.map_err(|_| {
            CommandFailure::Environment(
                "the signing keys in the storage cannot be decrypted".to_owned(),
                "they were encrypted with another master key: `masterKey` takes precedence over $PORTARIA_MASTER_KEY, and that over master.key beside the storage; after a leak, `portaria keys replace-all` begins anew, and after a loss `portaria keys recover`".to_owned(),
            )
        })?;
        let app = Data::new(app);
        traces.begin(&app.connection.network);
        let settings_file = global.settings_file();
        let (global, command) = (global.clone(), self.clone());
        let started = self.start_settings(settings)?;
        // The file that was there once is read again. If it is gone, that is a mistake, and does not mean the defaults.
        let once_there = settings_file.clone().map(OnceLock::from).unwrap_or_default();
        let read = Box::new(move || {
            if let Some(appeared) = global.settings_file() {
                let _ = once_there.set(appeared);
            }
            let global = GlobalOptions { config: once_there.get().cloned(), ..global.clone() };
            let settings = command.settings(&global).map_err(|failure| failure.message())?;
            check_listen_address(listen, &settings).map_err(|failure| failure.message())?;
            let complaint = started.complaint(&command.start_settings(&settings).map_err(|failure| failure.message())?);
            Ok((settings, complaint))
        });
        let watched = settings_file.clone().unwrap_or_else(|| PathBuf::from(SETTINGS_FILE));
        let read_all = background_tasks::start_tasks(&app, watched, read);
        let metrics = app.live_config().stores().metrics_listen();
        let greeting_app = app.clone();
        let configure = move |config: &mut ServiceConfig| broker.mount(config);
        server::serve(app, listen, metrics, configure, (read_all, reload), move |address| {
            print_greeting(&greeting_app, settings_file.as_deref(), address);
        })
        .await
        .map_err(|error| {
            CommandFailure::Environment(
                format!("{listen}: {}", io_error_message(&error)),
                format!("does another program use this port? choose another: `--listen 127.0.0.1:{}`", listen.port().saturating_add(1)),
            )
        })?;
        Ok(CommandOutcome::Fine)
    }
}

/// The address at which a broker listens: flag or variable, settings, default.
pub(crate) fn listen_address(flag: Option<SocketAddr>, settings: &Settings) -> Result<SocketAddr, CommandFailure> {
    if let Some(listen) = flag {
        return Ok(listen);
    }
    if let Some(written) = settings.spec.as_ref().and_then(|spec| spec.listen.as_ref()) {
        let unusable =
            || CommandFailure::Usage(format!("`{}` is not an address with a port", written.value), "write `127.0.0.1:8080`".to_owned());
        return written.value.parse().map_err(|_| unusable());
    }
    let port = settings.public_url.strip_prefix("http://").and_then(|host| host.rsplit_once(':')?.1.parse().ok());
    Ok(SocketAddr::from(([127, 0, 0, 1], port.unwrap_or(8080))))
}

/// Refuses to open an installation for trials to the network, because there everyone can sign in as anyone.
fn check_listen_address(listen: SocketAddr, settings: &Settings) -> Result<(), CommandFailure> {
    let is_open = !listen.ip().is_loopback() || Stores::new(settings).all().iter().any(|store| !store.loopback);
    if is_open && !settings.simulated.is_empty() {
        return Err(CommandFailure::Usage(
            format!("a simulated provider ({}) lets everyone sign in as anyone, and this broker can be reached from the network", settings.simulated.join(", ")),
            "simulate only where both `--listen` and every `publicUrl` are on loopback: `--listen 127.0.0.1:8080 --public-url http://localhost:8080`"
                .to_owned(),
        ));
    }
    let stores = Stores::new(settings);
    if listen.ip().is_loopback() {
        return Ok(());
    }
    if !stores.all().iter().any(|store| store.loopback) {
        return check_proxies(listen, &stores);
    }
    Err(CommandFailure::Usage(
        format!("{listen} can be reached from the network, but a `publicUrl` on loopback is for this machine only"),
        "listen on 127.0.0.1, or give the broker an https address of its own: `--public-url https://login.loja.example`".to_owned(),
    ))
}

/// The broker itself speaks no https. A proxy in front of it does, and only that proxy knows from where a visitor comes.
fn check_proxies(listen: SocketAddr, stores: &Stores) -> Result<(), CommandFailure> {
    let Some(store) = stores.all().iter().find(|store| !store.names_its_proxies()) else { return Ok(()) };
    Err(CommandFailure::Usage(
        format!("{listen} can be reached from the network, and {} needs a proxy that speaks https, but `trustedProxies` names none", store.public_url),
        "write the addresses of the proxies into the settings file: `trustedProxies: [ 10.0.0.7 ]`; or `trustedProxies: none`, if what is in front forwards no addresses".to_owned(),
    ))
}

/// Starts the log on stderr, as text or as JSON. `PORTARIA_LOG` sets its level.
fn start_log(json: bool) -> Result<(), CommandFailure> {
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::fmt::writer::BoxMakeWriter;
    use tracing_subscriber::prelude::*;
    let written = secrets::read_variable("PORTARIA_LOG").filter(|written| !written.trim().is_empty());
    let levels: Targets = match written.as_deref() {
        None => Targets::new().with_default(LevelFilter::WARN).with_target("portaria", LevelFilter::INFO),
        Some(written) if written.split(',').all(is_log_level) => written.parse().map_err(|_| unknown_log_level(written))?,
        Some(written) => return Err(unknown_log_level(written)),
    };
    let queue = LogQueue::to_stderr();
    let writer = BoxMakeWriter::new(move || -> Box<dyn Write> {
        match &queue {
            Ok(queue) => Box::new(*queue),
            Err(_) => Box::new(std::io::stderr()),
        }
    });
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_target(false);
    // An error of the log must not be logged: that would end the request.
    let lines = lines.log_internal_errors(false);
    let log = tracing_subscriber::registry().with(levels);
    let started = if json {
        log.with(lines.json().flatten_event(true).with_span_list(false)).try_init()
    } else {
        log.with(lines.with_ansi(uses_colour())).try_init()
    };
    drop(started);
    Ok(())
}

/// Whether this is a level, or a level behind the module that it is for. Any other word alone would be taken for a module, and log everything.
fn is_log_level(directive: &str) -> bool {
    let level = directive.rsplit_once('=').map_or(directive, |(_, level)| level);
    LOG_LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level.trim()))
}

fn unknown_log_level(written: &str) -> CommandFailure {
    CommandFailure::Usage(
        format!("PORTARIA_LOG: `{}` is not a log level", printable(written)),
        format!("write one of {}; or a level for a module, such as `warn,portaria::web=debug`", LOG_LEVELS.join(", ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stores::settings::SettingsSpec;
    use crate::vocabulary::place::Source;
    use crate::vocabulary::words::{ValueShape, WordBlock};
    use crate::web::network_reach::network_reach;

    /// What stands in the file while a word is tried out: without it, and with it. Needed where the example is the default, or where a
    /// word does not stand alone.
    const CHANGES: &[(&str, &str, &str)] = &[
        ("publicUrl", "publicUrl: https://login.loja.example", "publicUrl: https://conta.loja.example"),
        ("listen", "listen: 127.0.0.1:8080", "listen: 127.0.0.1:8081"),
        ("limits", "limits: { login: 10 }", "limits: { login: 20 }"),
        ("playground", "publicUrl: http://localhost:8080", "publicUrl: http://localhost:8080\nplayground: false"),
        (
            "mail.smtp",
            "mail: { smtp: smtps://a.loja.example, from: a@loja.example }",
            "mail: { smtp: smtps://b.loja.example, from: a@loja.example }",
        ),
        (
            "mail.from",
            "mail: { smtp: smtps://a.loja.example, from: a@loja.example }",
            "mail: { smtp: smtps://a.loja.example, from: b@loja.example }",
        ),
        (
            "auth.bearer",
            "apps: { robo: { secret: env:A, grants: clientCredentials, audience: https://api.loja.example } }",
            "apps: { robo: { secret: env:A, grants: clientCredentials, audience: https://api.loja.example } }\nauth: { bearer: https://api.loja.example }",
        ),
        (
            "login.finish",
            "returnTo: https://www.loja.example",
            "returnTo: https://www.loja.example\nlogin: { finish: https://www.loja.example/api/vtexid/oauth/finish }",
        ),
        (
            "ways",
            "mail: { smtp: smtps://a.loja.example, from: a@loja.example }",
            "mail: { smtp: smtps://a.loja.example, from: a@loja.example }\nways: [ email ]",
        ),
        ("events.to", "events: { to: https://a.loja.example, secret: env:A }", "events: { to: https://b.loja.example, secret: env:A }"),
        (
            "events.secret",
            "events: { to: https://a.loja.example, secret: env:A }",
            "events: { to: https://a.loja.example, secret: [ env:B, env:A ] }",
        ),
        (
            "events.only",
            "events: { to: https://a.loja.example, secret: env:A }",
            "events: { to: https://a.loja.example, secret: env:A, only: [ signIn ] }",
        ),
        (
            "mail.user",
            "mail: { smtp: smtps://a.loja.example, from: a@loja.example, user: env:A, password: env:P }",
            "mail: { smtp: smtps://a.loja.example, from: a@loja.example, user: env:B, password: env:P }",
        ),
        (
            "mail.password",
            "mail: { smtp: smtps://a.loja.example, from: a@loja.example, user: env:A, password: env:P }",
            "mail: { smtp: smtps://a.loja.example, from: a@loja.example, user: env:A, password: env:Q }",
        ),
    ];

    /// The words of the settings, each with its documentation; the words of a block after its name.
    fn all_words(block: &'static WordBlock, above: &str, words: &mut Vec<(String, &'static str)>) {
        for word in &block.words {
            let path = format!("{above}{}", word.name);
            if let ValueShape::Block(below) = &word.shape {
                all_words(below(), &format!("{path}."), words);
            } else {
                words.push((path, word.doc));
            }
        }
    }

    fn settings(text: &str) -> Settings {
        let has_url = text.contains("publicUrl:") && !text.starts_with("stores:");
        let text = if has_url { text.to_owned() } else { format!("publicUrl: https://login.loja.example\n{text}") };
        let (settings, report) = Settings::read(&Source::new("portaria.yaml", text));
        settings.unwrap_or_else(|| panic!("{}", report.draw(false)))
    }

    /// What is printed of values, without where they are written.
    fn without_places(printed: &str) -> String {
        let mut parts = printed.split("Place {");
        let first = parts.next().unwrap_or_default().to_owned();
        first + &parts.filter_map(|part| Some(part.split_once('}')?.1)).collect::<String>()
    }

    /// Every setting is either part of what changes with the file, or read at the start only and complained about.
    #[test]
    fn every_setting_takes_effect_or_is_said_to_wait_for_a_restart() {
        let command = ServeCommand { listen: None, storage: None, simulate: Vec::new() };
        let mut words = Vec::new();
        all_words(SettingsSpec::block(), "", &mut words);
        assert!(words.len() > 30, "{words:?}");
        for (path, doc) in words {
            let example = doc.lines().find_map(|line| line.trim().strip_prefix("Example: `")?.strip_suffix('`')).unwrap_or_default();
            let example = path.split_once('.').map_or(example.to_owned(), |(block, _)| format!("{block}: {{ {example} }}"));
            let change = CHANGES.iter().find(|(word, ..)| *word == path);
            let (before, after) = change.map_or(("", example.as_str()), |(_, before, after)| (before, after));
            let [before, after] = [settings(before), settings(after)];

            let [started, now] = [&before, &after].map(|settings| command.start_settings(settings).expect("they are right"));
            let complaint = started.complaint(&now);
            let live = |settings: &Settings| {
                let stores = Stores::new(settings);
                without_places(&format!("{stores:?} {:?}", network_reach(settings, &stores)))
            };
            let takes_effect = live(&before) != live(&after);

            assert_eq!(complaint.is_some(), doc.contains("It is read at the start only."), "{path}: {complaint:?}");
            assert!(takes_effect || complaint.is_some(), "a change of `{path}` neither takes effect nor is complained about: classify it");
            assert_eq!(started.complaint(&started), None);
        }
    }
}
