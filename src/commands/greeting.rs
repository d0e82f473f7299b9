//! What `portaria serve` prints once it listens: the addresses that matter, and the state of the provider files.

use crate::commands::health::on_this_machine;
use crate::commands::outcome::{Colours, count_in_words, print_line};
use crate::stores::catalogue::ProviderStatus;
use crate::stores::live::LiveProviders;
use crate::stores::session_cookie::is_host_cookie;
use crate::stores::{MAIN, Store, Stores};
use crate::web::app::App;
use crate::web::live_config::LiveStore;
use crate::world::files;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

/// How many names are listed before the rest is only counted.
const MOST_NAMES: usize = 12;

/// What is said of the playground where a store has real users.
pub(crate) const ON_LOOPBACK_ALONE: &str = "is for loopback alone";

/// The provider files of a store by their state, each by its name.
#[derive(Default)]
struct FilesByState {
    offered: Vec<String>,
    dormant: Vec<String>,
    broken: Vec<String>,
    off: usize,
    /// The playground, where the store has real users.
    on_loopback: usize,
}

/// Prints the addresses of the stores, and the state of the provider files.
pub(crate) fn print_greeting(app: &App, settings_file: Option<&Path>, address: SocketAddr) {
    let live_config = app.live_config();
    print_stores(live_config.stores());
    // No proxy passes these on, so they are named as this machine reaches them.
    print_row("health", &format!("http://{}/health/ready", on_this_machine(address)));
    if let Some(metrics) = live_config.stores().metrics_listen() {
        print_row("metrics", &format!("http://{}/metrics", on_this_machine(metrics)));
    }
    if let Some(live_store) = live_config.live_stores().find(|live_store| *live_store.store.name == *MAIN) {
        print_providers(live_store);
    }
    for complaint in &live_config.complaints {
        print_row("complaint", complaint);
    }
    live_config.live_stores().filter(|live_store| live_store.mailer.is_none()).for_each(|live_store| warn_without_mail(live_store));
    if settings_file.is_none() {
        print_row("settings", "the defaults: there is no portaria.yaml here; it is read as soon as there is one");
    }
    print_row("listening", &format!("{address}; stop with Ctrl-C"));
}

fn print_row(word: &str, text: &str) {
    print_line(&format!("{} {text}", Colours::of_terminal().heading(&format!("{word:<10}"))));
}

fn print_stores(stores: &Stores) {
    let all = stores.all();
    for store in all {
        if all.len() == 1 {
            print_row("login", &format!("{}/login", store.public_url));
        } else {
            print_row(&store.name, &format!("{}/login", store.public_url));
        }
        if store.secure && !is_host_cookie(&store.cookie) {
            print_row("cookie", &format!("every host of the domain can write `{}`; see `portaria check`", store.cookie));
        }
    }
    let main = stores.main();
    print_row("lab", &format!("{}/lab{}", main.public_url, lab_remark(main)));
}

fn lab_remark(store: &Store) -> &'static str {
    if store.loopback || !store.staff.is_empty() { "" } else { " (closed to everyone: `lab: { staff: [ … ] }` names who may enter)" }
}

/// The files by their state; of those that are offered, the ones with a button in this store.
fn files_by_state(live_store: &LiveStore) -> FilesByState {
    let mut found = FilesByState::default();
    for (path, file_report) in live_store.providers.snapshot().file_reports() {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        match file_report.status {
            ProviderStatus::Offered if live_store.shows_provider(&name) => found.offered.push(name),
            ProviderStatus::Dormant => found.dormant.push(name),
            ProviderStatus::Broken => found.broken.push(name),
            ProviderStatus::Off => found.off = found.off.saturating_add(1),
            // It is the playground; see `shows_provider`.
            ProviderStatus::Offered if live_store.store.loopback => found.off = found.off.saturating_add(1),
            ProviderStatus::Offered => found.on_loopback = found.on_loopback.saturating_add(1),
            ProviderStatus::Overlooked => {}
        }
    }
    found
}

fn print_providers(live_store: &Arc<LiveStore>) {
    let found = files_by_state(live_store);
    let dormant = found.dormant.len();
    if found.offered.is_empty() {
        print_row("providers", &format!("none offered: {}", why_none_is_offered(&live_store.providers, &found)));
    } else {
        print_row("providers", &format!("{} offered ({}), {dormant} dormant", found.offered.len(), some_names(&found.offered)));
    }
    let listing = live_store.providers.snapshot();
    let is_simulated = |name: &&String| listing.provider(name).is_some_and(|live_provider| live_provider.replaced.is_some());
    let mut simulated: Vec<&str> = found.offered.iter().filter(is_simulated).map(String::as_str).collect();
    simulated.sort_unstable();
    if !simulated.is_empty() {
        let everyone = "nothing is sent to the real providers, and everyone can sign in as anyone";
        print_row("simulated", &format!("{}: {everyone}", simulated.join(", ")));
        if live_store.store.mail.is_none() {
            print_row("mails", "none is sent, whatever the provider: each is written to this log, with its code");
        }
    }
    if !found.broken.is_empty() {
        print_row("broken", &format!("{}; see `portaria check`", found.broken.join(", ")));
    }
}

/// Why a store has no button of a provider, and what to do about it.
fn why_none_is_offered(providers: &LiveProviders, found: &FilesByState) -> String {
    let folder = providers.folder();
    let shown = folder.display();
    if let Some(fault) = providers.fault() {
        return format!("`{shown}`: {fault}");
    }
    if !files::is_folder(folder) {
        return format!("there is no folder `{shown}`; it is read as soon as there is one (`portaria new NAME` writes the first file)");
    }
    let parts: [(usize, &str, &str); 4] = [
        (found.dormant.len(), "waits for a variable", "wait for variables"),
        (found.broken.len(), "is broken", "are broken"),
        (found.off, "is off", "are off"),
        (found.on_loopback, ON_LOOPBACK_ALONE, ON_LOOPBACK_ALONE),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, more)| {
            format!(
                "{} {}",
                count_in_words(u64::try_from(*count).unwrap_or(u64::MAX), "file", "files"),
                if *count == 1 { one } else { more }
            )
        })
        .collect();
    if parts.is_empty() {
        return format!("`{shown}` has no provider file; `portaria new NAME` writes the first");
    }
    format!("in `{shown}` {}; see `portaria check`", parts.join(", "))
}

fn some_names(names: &[String]) -> String {
    match names.get(..MOST_NAMES) {
        Some(first) if names.len() > MOST_NAMES => format!("{}, …", first.join(", ")),
        _ => names.join(", "),
    }
}

/// Says which files ask shoppers for an address, where no mail can be sent to prove it.
fn warn_without_mail(live_store: &LiveStore) {
    let listing = live_store.providers.snapshot();
    let asking = listing.buttons().iter().filter(|live_provider| live_provider.listed.asks_for_email);
    let asking: Vec<&str> =
        asking.map(|live_provider| &*live_provider.listed.name).filter(|name| live_store.shows_provider(name)).collect();
    if !asking.is_empty() {
        let reason = "ask for an address, but no mail can be sent: set `mail` for";
        print_row("no mail", &format!("{} {reason} {}", asking.join(", "), live_store.store.name));
    }
}
