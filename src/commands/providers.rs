//! `portaria providers`: moves the linked identities of a provider whose file points elsewhere than before, and accepts new hosts of an
//! issuer's document; and shows or promotes the next version of a file.

mod compare;
mod line_changes;
mod promote;
mod stale; //        files that were not confirmed for a year
mod versions;

use crate::commands::endpoint_hosts::HostsArguments;
use crate::commands::outcome::{CommandFailure, CommandOutcome, count_in_words, print_json, print_line, uses_colour};
use crate::commands::providers::compare::CompareArguments;
use crate::commands::providers::promote::PromoteArguments;
use crate::commands::providers::stale::StaleArguments;
use crate::commands::providers::versions::VersionPair;
use crate::commands::users::context::other_stores;
use crate::commands::{GlobalOptions, storage};
use crate::directory::fingerprints::{ListPinnedIdentities, MoveIdentities, PinnedIdentities};
use crate::provider::value_reference::ValueReference;
use crate::provider::{InstallationContext, Provider};
use crate::rollout::counts::NextVersionCounts;
use crate::stores::catalogue::{self, CatalogueEntry, ProviderFileState, fingerprint_of, version_from_text};
use crate::stores::compiled_on_demand::ListedProvider;
use crate::stores::read_policy::ReadPolicy;
use crate::stores::settings::Settings;
use crate::stores::{MAIN, Store, Stores};
use crate::vocabulary::diagnostic::{did_you_mean, printable};
use crate::vocabulary::names::Slot;
use crate::vocabulary::text::Text;
use crate::world::{clock, secrets};
use clap::{Args, Subcommand};
use serde_json::json;
use std::fmt::Write as _;

/// Look after the linked identities of a provider, the hosts of its issuer, and the next version of its file.
#[derive(Debug, Args)]
pub(crate) struct ProvidersCommand {
    /// The store of the users
    #[arg(long, global = true, value_name = "NAME", default_value = MAIN)]
    store: String,
    #[arg(long, global = true, help = storage::HELP, env = "PORTARIA_STORAGE", hide_env_values = true, value_name = "STORAGE")]
    storage: Option<String>,
    #[command(subcommand)]
    what: ProvidersSubcommand,
}

#[derive(Debug, Subcommand)]
enum ProvidersSubcommand {
    /// Move the linked identities of a provider to where its file points now; without `--yes` nothing is changed
    #[command(after_help = "Example: portaria providers move acme

A linked identity signs in its user only while the provider's file points to where it pointed when the identity was linked: the same issuer
and the same hosts of the addresses that the file itself writes. Move the identities if the provider itself has moved and knows the same people by the same ids. If the
file now leads to another provider, do not: its ids mean other people.")]
    Move(MoveArguments),
    /// List the hosts to which the discovery documents of issuers lead; with hosts and `--yes` accept these of those that wait
    #[command(after_help = "Example: portaria providers hosts https://idp.example accounts.idp.example --yes

The hosts besides its own to which a document leads are remembered when it is first seen. A document that leads to a further host is not used: logins go on for at
most a day with the document from before, and no longer than the broker runs. Without hosts the command shows what waits, and without `--yes` nothing is changed.
Accept a host if the issuer itself has moved there. If it has not, another party may have taken over the document.")]
    Hosts(HostsArguments),
    /// Show how the next version of a provider file differs: in its lines, in what it reads, and in how its logins end
    #[command(after_help = "Example: portaria providers compare acme

The next version of providers.d/acme.yaml is providers.d/acme.next.yaml. After each login, what it would have read from the same answers is compared with what the present
version has read; `rollout: { share: 10% }` in it lets a tenth of the new logins go through it. The first lines say whether `promote` would put it in place. The answer is no
(exit code 1) while it was not compared enough, and if something speaks against it: it cannot be used, points elsewhere, reads other ids or addresses, refuses logins,
accepts a login that a check refuses, or was taken back.")]
    Compare(CompareArguments),
    /// Let the next version of a provider file take the place of the present one
    #[command(after_help = "Example: portaria providers promote acme

acme.next.yaml becomes acme.yaml in one step, without its block `rollout`, and the former file is kept as acme.previous.yaml. A broker that serves the folder takes it
over at once. Nothing is changed if something speaks against the next version, or if fewer than five logins have shown that people keep their ids, unless `--even-so`
is given. Nor is anything changed if one of the files was changed while they were compared.")]
    Promote(PromoteArguments),
    /// List the provider files that were not confirmed for a year
    #[command(after_help = "Example: portaria providers stale

A file is confirmed on the day that `evidence` names, when it was compared with the witnesses that it lists, and by every login that works with it here. The
answer is no (exit code 1) if a file was not confirmed for so long.")]
    Stale(StaleArguments),
}

#[derive(Debug, Args)]
struct MoveArguments {
    /// The key of the provider: `key` in its file, or the name of the file
    key: String,
    /// Where the identities belong now, as the command shows it; needed if they belong to several places
    #[arg(long, value_name = "PLACE")]
    from: Option<String>,
    /// Move them
    #[arg(long)]
    yes: bool,
}

/// A provider file, and where it points.
pub(crate) struct MoveTarget {
    pub(crate) provider: Box<Provider>,
    pub(crate) place: Box<str>,
}

impl ProvidersCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let settings = global.settings()?;
        let stores = Stores::new(&settings);
        other_stores(&self.store, &stores)?;
        let arguments = match &self.what {
            ProvidersSubcommand::Move(arguments) => arguments,
            ProvidersSubcommand::Compare(arguments) => {
                let (pair, _) = self.versions(&arguments.name, &settings)?;
                let counts = self.counts(&pair, &settings)?;
                return Ok(compare::print(&pair, &counts, global.json));
            }
            ProvidersSubcommand::Promote(arguments) => {
                let (pair, allowed) = self.versions(&arguments.name, &settings)?;
                let counts = self.counts(&pair, &settings)?;
                return arguments.run(&pair, &counts, &allowed, global.json);
            }
            ProvidersSubcommand::Stale(arguments) => {
                let place = storage::location(self.storage.as_deref(), &settings)?;
                return arguments.run((&settings, &stores, &self.store), (&place, self.storage.is_some()), global.json);
            }
            ProvidersSubcommand::Hosts(arguments) => {
                let storage_place = storage::location(self.storage.as_deref(), &settings)?;
                return storage::run(async {
                    let directory = storage::open_existing(&storage_place).await?;
                    arguments.run(&directory, global.json, |_| storage::unavailable(&storage_place)).await
                });
            }
        };
        let store = stores.by_name(&self.store).unwrap_or_else(|| stores.main());
        let target = find_target(&arguments.key, store, &ReadPolicy::for_store(&settings, &stores, store))?;
        let storage_place = storage::location(self.storage.as_deref(), &settings)?;
        storage::run(async {
            let directory = storage::open_existing(&storage_place).await?;
            let away = |_| storage::unavailable(&storage_place);
            let (store, key) = (store.name.clone(), target.provider.key.clone());
            let list = ListPinnedIdentities { store: store.clone(), key: key.clone(), to: target.place.clone() };
            let pinned = directory.read(list).await.map_err(away)?;
            let elsewhere: Vec<&PinnedIdentities> =
                pinned.iter().filter(|one| !one.fingerprint.is_empty() && one.fingerprint != target.place).collect();
            let chosen = choose(&elsewhere, arguments)?;
            let mut moved = 0;
            if let (Some(from), true) = (chosen, arguments.yes) {
                let (file, version) = (target.provider.name.clone(), version_from_text(&target.provider.source.text));
                let (from, to) = (from.fingerprint.clone(), target.place.clone());
                let verb = MoveIdentities { store, key, file, version, from, to, now: clock::now() };
                moved = directory.write(verb).await.map_err(away)?;
            }
            if global.json {
                print_json(&as_json(&self.store, &target, &pinned, chosen, moved).to_string());
            } else {
                print_line(&as_text(&self.store, &target, &pinned, chosen, (arguments.yes, moved)));
            }
            Ok(CommandOutcome::Fine)
        })
    }
}

impl ProvidersCommand {
    /// Both versions of a file of the store, and what they may read.
    fn versions(&self, name: &str, settings: &Settings) -> Result<(VersionPair, (InstallationContext, ReadPolicy)), CommandFailure> {
        let stores = Stores::new(settings);
        let store = stores.by_name(&self.store).unwrap_or_else(|| stores.main());
        let policy = ReadPolicy::for_store(settings, &stores, store);
        Ok((VersionPair::find(name, store, &policy)?, (InstallationContext { loopback: store.loopback }, policy)))
    }

    /// What the brokers have counted of the next version.
    fn counts(&self, pair: &VersionPair, settings: &Settings) -> Result<NextVersionCounts, CommandFailure> {
        let storage_place = storage::location(self.storage.as_deref(), settings)?;
        storage::run(async {
            let directory = storage::open_existing(&storage_place).await?;
            pair.counts(&directory).await.map_err(|_| storage::unavailable(&storage_place))
        })
    }
}

/// The identities that are to be moved, if there are any.
fn choose<'a>(elsewhere: &[&'a PinnedIdentities], arguments: &MoveArguments) -> Result<Option<&'a PinnedIdentities>, CommandFailure> {
    match (&arguments.from, elsewhere) {
        (Some(from), _) => {
            let chosen = elsewhere.iter().find(|one| *one.fingerprint == **from).ok_or_else(|| {
                let help = format!("`portaria providers move {}` lists where they belong", printable(&arguments.key));
                CommandFailure::Usage(format!("no identity belongs to `{}`", printable(from)), help)
            })?;
            Ok(Some(chosen))
        }
        (None, []) => Ok(None),
        (None, [one]) => Ok(Some(one)),
        (None, _) if !arguments.yes => Ok(None),
        (None, several) => {
            let places = several.iter().map(|one| format!("--from '{}'", printable(&one.fingerprint))).collect::<Vec<_>>().join(", or ");
            Err(CommandFailure::Usage("the identities belong to several places".to_owned(), format!("say which are meant: {places}")))
        }
    }
}

/// The provider of a key in a store, and where its file points with the settings of this machine.
pub(crate) fn find_target(key: &str, store: &Store, policy: &ReadPolicy) -> Result<MoveTarget, CommandFailure> {
    let paths = catalogue::provider_files(&store.providers).map_err(|error| CommandFailure::file_error(&store.providers, &error))?;
    let entries = catalogue::load_all(&paths, InstallationContext { loopback: store.loopback }, policy);
    let usable = |entry: &&CatalogueEntry| matches!(entry.state, ProviderFileState::Offered(_) | ProviderFileState::Dormant(..));
    let listed: Vec<_> = entries.iter().filter(usable).filter_map(|entry| entry.state.provider()).map(ListedProvider::from).collect();
    let twins = catalogue::shared_keys(listed.iter());
    let mut keys = Vec::new();
    for entry in entries {
        // Another file has its key and is the one that is live.
        if twins.iter().any(|(name, _)| **name == *entry.report.source.stem()) {
            continue;
        }
        if matches!(entry.state, ProviderFileState::Broken) && entry.report.source.stem() == key {
            return Err(CommandFailure::No(entry.report.draw(uses_colour())));
        }
        let provider = match entry.state {
            ProviderFileState::Offered(provider) | ProviderFileState::Dormant(provider, _) => provider,
            // A file that is switched off may have left its key to another one.
            ProviderFileState::Off(_) | ProviderFileState::Broken => continue,
        };
        if *provider.key == *key {
            return place_of(provider);
        }
        keys.push(provider.key.to_string());
    }
    let help = match did_you_mean(key, keys.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("a key is the `key` of a file in {}, or the name of the file", store.providers.display()),
    };
    Err(CommandFailure::Usage(format!("no provider has the key `{}`", printable(key)), help))
}

/// Where a file points. It must not depend on a setting that is not set here.
fn place_of(provider: Box<Provider>) -> Result<MoveTarget, CommandFailure> {
    let values = secrets::installation_values(&provider, "").values;
    let is_missing = |fact: Slot| values.iter().all(|(set, _)| *set != fact);
    let missing: Vec<_> = provider.needed.iter().filter(|needed| is_missing(needed.fact)).collect();
    let with = |stand_in: &str| {
        let invented = missing.iter().map(|needed| (needed.fact, Text::plain(stand_in)));
        fingerprint_of(&provider, &values.iter().cloned().chain(invented).collect::<Vec<_>>())
    };
    let (place, other) = (with("one.example").pinned, with("other.example").pinned);
    if place != other {
        let places: Vec<String> = missing.iter().map(|needed| &needed.reference).map(ValueReference::location).collect();
        return Err(CommandFailure::Environment(
            format!("where {} points depends on what is not set here: {}", provider.source.name, places.join(", ")),
            "run it with the settings of the broker".to_owned(),
        ));
    }
    Ok(MoveTarget { provider, place })
}

fn as_text(
    store: &str,
    target: &MoveTarget,
    pinned: &[PinnedIdentities],
    chosen: Option<&PinnedIdentities>,
    (yes, moved): (bool, u64),
) -> String {
    let MoveTarget { provider, place } = target;
    let mut text =
        format!("{} ({}) of store {store} points to {}\n", printable(&provider.key), printable(&provider.source.name), printable(place));
    for one in pinned {
        let identities = count_in_words(one.identities.unsigned_abs(), "linked identity", "linked identities");
        let users = count_in_words(one.users.unsigned_abs(), "user", "users");
        let belongs = match &*one.fingerprint {
            "" => "not pinned yet; the next start of the broker pins them".to_owned(),
            here if *here == **place => "here".to_owned(),
            elsewhere => printable(elsewhere),
        };
        let _ = writeln!(text, "  {identities} of {users}: {belongs}");
        if one.taken > 0 {
            let _ = writeln!(text, "    {} of them stay, because the id is linked here to another user already", one.taken);
        }
    }
    let several = pinned.iter().filter(|one| !one.fingerprint.is_empty() && one.fingerprint != *place).count() > 1;
    let outcome = match (chosen, yes) {
        (Some(_), true) => {
            let moved = count_in_words(moved, "linked identity signs in its user again", "linked identities sign in their users again");
            return text + "moved: " + &moved;
        }
        (Some(_), false) => "nothing is changed yet; `--yes` moves them, if these are the same people with the same ids",
        (None, _) if several => "nothing is changed; say which are meant with `--from`",
        (None, _) => "there is nothing to move",
    };
    text + outcome
}

fn as_json(
    store: &str,
    target: &MoveTarget,
    pinned: &[PinnedIdentities],
    chosen: Option<&PinnedIdentities>,
    moved: u64,
) -> serde_json::Value {
    let identities = pinned.iter().map(|one| {
        json!({
            "fingerprint": if one.fingerprint.is_empty() { None } else { Some(&*one.fingerprint) },
            "identities": one.identities,
            "users": one.users,
            "taken": one.taken,
        })
    });
    json!({
        "store": store,
        "key": &*target.provider.key,
        "file": &*target.provider.source.name,
        "to": &*target.place,
        "from": chosen.map(|one| &*one.fingerprint),
        "pinned": identities.collect::<Vec<_>>(),
        "moved": moved,
    })
}
