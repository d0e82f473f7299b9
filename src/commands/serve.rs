//! `portaria serve`: the broker.

use crate::commands::GlobalOptions;
use crate::commands::broker::Broker;
use crate::commands::outcome::{CommandFailure, CommandOutcome, print_line};
use crate::commands::{master_key, simulate, storage};
use crate::directory::StorageLocation;
use crate::session::seal::MasterKey;
use crate::stores::Stores;
use crate::stores::catalogue::ProviderStatus;
use crate::stores::settings::Settings;
use crate::web::app::App;
use crate::web::{background_tasks, server};
use crate::world::secrets;
use actix_web::web::{Data, ServiceConfig};
use clap::Args;
use std::net::SocketAddr;
use std::sync::Arc;

/// Serve logins.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServeCommand {
    /// The address and port to listen at [default: what the settings say, or 127.0.0.1 and the port of a loopback public URL]
    #[arg(long, env = "PORTARIA_LISTEN", value_name = "ADDRESS", value_parser = address)]
    listen: Option<SocketAddr>,
    #[arg(long, help = storage::HELP, env = "PORTARIA_STORAGE", hide_env_values = true, value_name = "STORAGE")]
    storage: Option<String>,
    /// Play this provider in place of the real one, from its file and its examples; on loopback only, and may be given several times
    #[arg(long, env = "PORTARIA_SIMULATE", value_name = "NAME", value_delimiter = ',')]
    simulate: Vec<String>,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("`{text}` is not an address with a port; write `127.0.0.1:8080`"))
}

const NINETY_DAYS: i64 = 90 * 86400;

impl ServeCommand {
    /// Runs the command, until it is told to stop.
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        start_log(global.json);
        let settings = self.settings(global)?;
        let listen = self.listen_address(&settings)?;
        check_listen_address(listen, &settings)?;
        for name in &settings.simulated {
            if name.contains(['/', '\\']) || name.ends_with(".yaml") {
                let help = "write the name alone, as in `portaria serve --simulate acme`; `--providers` says where the files lie";
                return Err(CommandFailure::Usage(format!("--simulate: `{name}` is a file, not a provider's name"), help.to_owned()));
            }
            simulate::load_provider(name, &settings)?;
        }
        let place = storage::location(self.storage.as_deref(), &settings)?;
        let master = master_key::load_or_create(&settings, &place)?;
        actix_web::rt::System::new().block_on(self.serve(global, &settings, listen, &place, &master))
    }

    /// The settings; on loopback, who says only where to listen wants to be found there.
    fn settings(&self, global: &GlobalOptions) -> Result<Settings, CommandFailure> {
        let mut settings = global.settings()?;
        let says_where = global.public_url.is_some() || settings.spec.as_ref().is_some_and(|spec| spec.public_url.is_some());
        if let (false, Some(listen)) = (says_where, self.listen)
            && listen.ip().is_loopback()
        {
            settings.public_url = format!("http://localhost:{}", listen.port());
        }
        let names = self.simulate.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
        settings.simulated = names.map(Into::into).collect();
        Ok(settings)
    }

    fn listen_address(&self, settings: &Settings) -> Result<SocketAddr, CommandFailure> {
        if let Some(listen) = self.listen {
            return Ok(listen);
        }
        if let Some(written) = settings.spec.as_ref().and_then(|spec| spec.listen.as_ref()) {
            let wrong =
                || CommandFailure::Usage(format!("`{}` is not an address with a port", written.value), "write `127.0.0.1:8080`".to_owned());
            return written.value.parse().map_err(|_| wrong());
        }
        let port = settings.public_url.strip_prefix("http://").and_then(|host| host.rsplit_once(':')?.1.parse().ok());
        Ok(SocketAddr::from(([127, 0, 0, 1], port.unwrap_or(8080))))
    }

    async fn serve(
        &self,
        global: &GlobalOptions,
        settings: &Settings,
        listen: SocketAddr,
        place: &StorageLocation,
        master: &MasterKey,
    ) -> Result<CommandOutcome, CommandFailure> {
        let directory = Arc::new(storage::open(place).await?);
        let broker = Broker::new(master);
        let app = App::new(settings, directory, master, broker.hooks()).await.map_err(|_| {
            CommandFailure::Environment(
                "the signing keys in storage cannot be opened".to_owned(),
                "they were made with another master key: `masterKey` goes before $PORTARIA_MASTER_KEY, and that before master.key beside the storage".to_owned(),
            )
        })?;
        let app = Data::new(app);
        // The file is the one that was there at the start: when it is gone, that is a mistake and no wish for the defaults.
        let settings_file = global.settings_file();
        let (again, by_flags) = (GlobalOptions { config: settings_file.clone(), ..global.clone() }, self.clone());
        let read = Box::new(move || {
            let settings = by_flags.settings(&again).map_err(|failure| failure.message())?;
            check_listen_address(listen, &settings).map_err(|failure| failure.message())?;
            Ok(settings)
        });
        let audit = settings.spec.as_ref().and_then(|spec| spec.audit.as_ref()?.keep);
        let audit = audit.map_or(NINETY_DAYS, |span| i64::try_from(span.value.0.as_secs()).unwrap_or(i64::MAX));
        background_tasks::start_tasks(&app, settings_file, read, audit);
        let metrics = app.live_config().stores().metrics_listen();
        let greeted = app.clone();
        let configure = move |config: &mut ServiceConfig| broker.mount(config);
        server::serve(app, &[listen], metrics, configure, move |addresses| print_greeting(&greeted, addresses)).await.map_err(|error| {
            CommandFailure::Environment(
                format!("{listen}: {}", crate::stores::catalogue::io_error_message(&error)),
                format!(
                    "is something listening there already? choose another port: `--listen 127.0.0.1:{}`",
                    listen.port().saturating_add(1)
                ),
            )
        })?;
        Ok(CommandOutcome::Fine)
    }
}

/// Whether what is set may listen there: on an installation for trying things out anybody may be anybody.
fn check_listen_address(listen: SocketAddr, settings: &Settings) -> Result<(), CommandFailure> {
    let is_open = !listen.ip().is_loopback() || Stores::new(settings).all().iter().any(|store| !store.loopback);
    if is_open && !settings.simulated.is_empty() {
        return Err(CommandFailure::Usage(
            format!("at a simulated provider ({}) anybody may be anybody, and this broker is open to others", settings.simulated.join(", ")),
            "simulate only where both `--listen` and every `publicUrl` are on loopback: `--listen 127.0.0.1:8080 --public-url http://localhost:8080`"
                .to_owned(),
        ));
    }
    if listen.ip().is_loopback() || !Stores::new(settings).all().iter().any(|store| store.loopback) {
        return Ok(());
    }
    Err(CommandFailure::Usage(
        format!("{listen} is open to the network, and a `publicUrl` on loopback is for this machine alone"),
        "listen at 127.0.0.1, or give the broker its own https address: `--public-url https://login.loja.example`".to_owned(),
    ))
}

/// Says where it is to be found, and what it found.
fn print_greeting(app: &App, addresses: &[SocketAddr]) {
    let serving = app.live_config();
    for store in serving.stores().all() {
        print_line(&format!("{:<10} {}/login", store.name, store.public_url));
    }
    let (mut offered, mut dormant, mut broken) = (Vec::new(), 0, Vec::new());
    let front = serving.live_stores().find(|front| *front.store.name == *crate::stores::MAIN);
    for (path, standing) in front.iter().flat_map(|front| front.providers.snapshot().standings().clone()) {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        match standing.status {
            ProviderStatus::Offered if front.is_some_and(|front| front.has_provider(&name)) => offered.push(name),
            ProviderStatus::Dormant => dormant += 1,
            ProviderStatus::Broken => broken.push(name),
            ProviderStatus::Offered | ProviderStatus::Off | ProviderStatus::Overlooked => {}
        }
    }
    print_line(&format!("providers  {} offered ({}), {dormant} waiting for their variables", offered.len(), offered.join(", ")));
    let simulated: Vec<&str> = front.map_or_else(Vec::new, |front| {
        let listing = front.providers.snapshot();
        let mut names: Vec<_> =
            offered.iter().filter(|name| listing.provider(name).is_some_and(|offer| offer.replaced.is_some())).collect();
        names.sort();
        names.into_iter().map(|name| &**name).collect()
    });
    if !simulated.is_empty() {
        print_line(&format!("simulated  {}: nothing is sent to the real providers, and anybody may be anybody", simulated.join(", ")));
    }
    if !broken.is_empty() {
        print_line(&format!("broken     {}; see `portaria check`", broken.join(", ")));
    }
    for complaint in &serving.complaints {
        print_line(&format!("complaint  {complaint}"));
    }
    for front in serving.live_stores().filter(|front| front.mailer.is_none()) {
        let listing = front.providers.snapshot();
        let asking = listing.buttons().iter().filter(|offer| offer.provider.asks_for_email.is_some());
        let asking: Vec<&str> = asking.map(|offer| &*offer.provider.name).filter(|name| front.has_provider(name)).collect();
        if !asking.is_empty() {
            print_line(&format!(
                "no mail    {} ask for an address, and no mail can be sent: set `mail` for {}",
                asking.join(", "),
                front.store.name
            ));
        }
    }
    let at: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    print_line(&format!("listening  {}; stop with Ctrl-C", at.join(", ")));
}

/// The log goes to stderr: for people on a terminal, as JSON for programs. `PORTARIA_LOG` says how much.
fn start_log(json: bool) {
    use tracing_subscriber::EnvFilter;
    let wanted = secrets::read_variable("PORTARIA_LOG");
    let filter = EnvFilter::try_new(wanted.as_deref().unwrap_or("warn,portaria=info")).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // That the log cannot be written must not be told where it cannot be told: that would end the request.
    let log = log.log_internal_errors(false);
    let begun =
        if json { log.json().flatten_event(true).try_init() } else { log.with_ansi(crate::commands::outcome::uses_colour()).try_init() };
    drop(begun);
}
