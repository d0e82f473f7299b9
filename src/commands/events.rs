//! `portaria events`: what waits to be sent to a store, and a signed event with which its developers try the receiver out.

use crate::commands::GlobalOptions;
use crate::commands::doctor::{LET_THE_PROXY_LOOK_UP, looks_up_beside_proxy};
use crate::commands::outcome::{CommandFailure, CommandOutcome, count_in_words, print_json, print_line};
use crate::commands::storage;
use crate::commands::users::context::other_stores;
use crate::directory::store_event_delivery::{ListStoreEvents, ReadStoreEventStatus, RetryStoreEvents, StoreEvent, StoreEventStatus};
use crate::directory::{Directory, StorageUnavailable};
use crate::stores::events::{EventKey, SECRET_BEGINS, StoreEvents, read_event_key};
use crate::stores::settings::Settings;
use crate::stores::trusted_authorities::trusted_authorities;
use crate::stores::{MAIN, Store, Stores};
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::no_answer::NoAnswer;
use crate::vocabulary::utc_time::format_time;
use crate::web::event_request::{EventRefusal, post, signed_request, test_body, type_word};
use crate::web::network_reach::{event_network, network_reach, outgoing_proxy};
use crate::world::network::Network;
use crate::world::{clock, random};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// See which events wait to be sent to a store.
#[derive(Debug, Args)]
pub(crate) struct EventsCommand {
    /// The store
    #[arg(long, global = true, value_name = "NAME", default_value = MAIN)]
    store: String,
    #[arg(long, global = true, help = storage::HELP, env = "PORTARIA_STORAGE", hide_env_values = true, value_name = "STORAGE")]
    storage: Option<String>,
    #[command(subcommand)]
    what: EventsSubcommand,
}

#[derive(Debug, Subcommand)]
enum EventsSubcommand {
    /// Show how many events wait, how old the oldest is, and why the receiver did not take one
    #[command(after_help = "Example: portaria events status")]
    Status,
    /// List the events that wait, those first that are tried first
    #[command(after_help = "Example: portaria events list --most 20")]
    List {
        /// The most events
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=100_000))]
        most: i64,
    },
    /// Let the broker try all events that wait at once, for a receiver that is there again
    #[command(after_help = "Example: portaria events retry")]
    Retry,
    /// Send a signed event of the type `test` from here to the receiver, and show what it answers
    #[command(after_help = "Example: portaria events test

It needs the secret of the settings, as the broker has it, and reaches the receiver from this machine. Nothing is stored.")]
    Test,
    /// Make a secret for signed events; it is shown once
    #[command(after_help = "Example: portaria events secret

Give it to the receiver, and keep it where `events: { secret: … }` of the settings names it. To replace one, name the new secret and the old
one there until the receiver has the new one.")]
    Secret,
}

impl EventsCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        if let EventsSubcommand::Secret = &self.what {
            print_secret(global);
            return Ok(CommandOutcome::Fine);
        }
        let settings = global.settings()?;
        let stores = Stores::new(&settings);
        other_stores(&self.store, &stores)?;
        let (Some(store), Some(events)) =
            (stores.by_name(&self.store), stores.by_name(&self.store).and_then(|store| store.events.as_ref()))
        else {
            return Err(CommandFailure::Usage(
                format!("the store `{}` wants no events", self.store),
                "write `events: { to: https://…, secret: env:NAME }` into its settings; `docs/events.md` says more".to_owned(),
            ));
        };
        if let EventsSubcommand::Test = &self.what {
            return storage::run(send_test(global, &settings, store, events));
        }
        let place = storage::location(self.storage.as_deref(), &settings)?;
        storage::run(async {
            let directory = storage::open_existing(&place).await?;
            let done = self.look(global, &directory, store).await;
            done.map_err(|_| storage::unavailable(&place))
        })
    }

    async fn look(&self, global: &GlobalOptions, directory: &Directory, store: &Store) -> Result<CommandOutcome, StorageUnavailable> {
        let name = store.name.clone();
        match &self.what {
            EventsSubcommand::Status => print_status(global, store, &directory.read(ReadStoreEventStatus { store: name }).await?),
            EventsSubcommand::List { most } => {
                print_events(global, store, &directory.read(ListStoreEvents { store: name, most: *most }).await?);
            }
            EventsSubcommand::Retry => {
                let waited = directory.write(RetryStoreEvents { store: name, now: clock::now() }).await?;
                if global.json {
                    print_json(&json!({ "store": store.name, "retried": waited }).to_string());
                } else {
                    print_line(&format!(
                        "{} waited for a later try; the broker sends all that wait now",
                        count_in_words(waited, "event", "events")
                    ));
                }
            }
            // These need no storage.
            EventsSubcommand::Test | EventsSubcommand::Secret => {}
        }
        Ok(CommandOutcome::Fine)
    }
}

fn print_secret(global: &GlobalOptions) {
    let secret = format!("{SECRET_BEGINS}{}", STANDARD.encode(random::bytes::<32>()));
    if global.json {
        print_json(&json!({ "secret": secret }).to_string());
    } else {
        print_line(&secret);
    }
}

fn print_status(global: &GlobalOptions, store: &Store, status: &StoreEventStatus) {
    let StoreEventStatus { waiting, oldest, failures, paused, failure } = status;
    let (now, to) = (clock::now(), store.events.as_ref().map(|events| &*events.to));
    let (oldest, paused) = ((*waiting > 0).then(|| format_time(*oldest)), (*paused > now).then(|| format_time(*paused)));
    if global.json {
        let status = json!({
            "store": store.name, "to": to, "waiting": waiting, "oldest": oldest, "failures": failures, "pausedUntil": paused, "lastFailure": failure,
        });
        print_json(&status.to_string());
        return;
    }
    let mut text = format!("store {}, to {}\n", store.name, to.unwrap_or_default());
    let _ = write!(text, "{} to be sent", count_in_words(waiting.unsigned_abs(), "event waits", "events wait"));
    if let Some(oldest) = oldest {
        let _ = write!(text, "; the oldest is of {oldest}");
    }
    if let Some(failure) = failure {
        let _ = write!(text, "\nwhy an event was not accepted the last time: {}", printable(failure));
    }
    if let Some(paused) = paused {
        let _ = write!(
            text,
            "\nthe receiver took none {failures} times in a row, and is tried again at {paused}; `portaria events retry` tries it now"
        );
    }
    print_line(&text);
}

fn print_events(global: &GlobalOptions, store: &Store, events: &[StoreEvent]) {
    if global.json {
        let event = |event: &StoreEvent| -> Value {
            json!({
                "id": event.id, "type": type_word(event.what), "time": format_time(event.at), "uid": event.uid, "sequence": event.number,
                "tries": event.tries, "due": format_time(event.due),
            })
        };
        print_json(&json!({ "store": store.name, "events": events.iter().map(event).collect::<Vec<_>>() }).to_string());
        return;
    }
    if events.is_empty() {
        print_line("no event waits");
    }
    for event in events {
        let (kind, uid) = (type_word(event.what), event.uid.as_deref().unwrap_or("-"));
        let tries = count_in_words(event.tries.unsigned_abs(), "try", "tries");
        print_line(&format!("{}  {kind:<11}  {uid:<22}  {}  {tries}, next {}", format_time(event.at), event.id, format_time(event.due)));
    }
}

/// Sends a test event as the broker sends others.
async fn send_test(
    global: &GlobalOptions,
    settings: &Settings,
    store: &Store,
    events: &StoreEvents,
) -> Result<CommandOutcome, CommandFailure> {
    let keys: Vec<EventKey> =
        events.secrets.iter().map(|secret| read_event_key(&secret.0)).collect::<Result<_, _>>().map_err(|unread| {
            let help = "`portaria events secret` makes one; it has to be set here as it is for the broker";
            CommandFailure::Environment(unread.to_string(), help.to_owned())
        })?;
    let stores = Stores::new(settings);
    let (network, _) = Network::new(network_reach(settings, &stores), &trusted_authorities(settings).0, outgoing_proxy(settings));
    let Some(network) = event_network(&network, &stores) else { return Ok(CommandOutcome::No) };
    let (id, now) = (random::id(), clock::now());
    let body = test_body(&id, &store.name, now).to_string();
    let sent = post(&network, &signed_request(&events.to, &keys, &id, &body, now)).await;
    if global.json {
        let failure = sent.as_ref().err().map(EventRefusal::sentence);
        print_json(&json!({ "store": store.name, "to": events.to, "id": id, "accepted": sent.is_ok(), "failure": failure }).to_string());
    } else {
        print_line(&body);
        print_line(&match &sent {
            Ok(()) => format!("{} accepted it", events.to),
            Err(refusal) => format!("{} did not accept it: {}", events.to, printable(&refusal.sentence())),
        });
        if matches!(sent, Err(EventRefusal::Unanswered(NoAnswer::HostUnknown))) && looks_up_beside_proxy(settings) {
            print_line(&format!("  help: {LET_THE_PROXY_LOOK_UP}"));
        }
    }
    Ok(if sent.is_ok() { CommandOutcome::Fine } else { CommandOutcome::No })
}
