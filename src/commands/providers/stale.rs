//! `portaria providers stale`: the provider files that were not confirmed for a year, neither by their witnesses nor by a login that worked.

use crate::commands::outcome::{CommandFailure, CommandOutcome, count_in_words, print_json, print_line};
use crate::commands::storage;
use crate::directory::StorageLocation;
use crate::directory::good_logins::ListGoodLogins;
use crate::provider::InstallationContext;
use crate::stores::catalogue::{self, CatalogueEntry, ProviderFileState};
use crate::stores::read_policy::ReadPolicy;
use crate::stores::settings::Settings;
use crate::stores::{Store, Stores};
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::utc_time::format_day;
use crate::web::live_config::PLAYGROUND;
use crate::world::{clock, files};
use clap::Args;
use serde_json::json;

/// A day, in seconds.
const DAY: i64 = 24 * 3600;

#[derive(Debug, Args)]
pub(crate) struct StaleArguments {
    /// The age of the last confirmation, in days
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(i64).range(1..=36_500))]
    days: i64,
}

/// What confirmed a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Confirmation {
    Witnesses,
    Login,
}

impl Confirmation {
    fn word(self) -> &'static str {
        match self {
            Self::Witnesses => "witnesses",
            Self::Login => "login",
        }
    }

    fn phrase(self) -> &'static str {
        match self {
            Self::Witnesses => "by its witnesses",
            Self::Login => "by a login",
        }
    }
}

/// When a file was confirmed last, and by what; `None` if it never was.
struct LastConfirmation {
    name: Box<str>,
    at: Option<(i64, Confirmation)>,
    /// Whether the file cannot be read, so that nothing is known of it.
    is_broken: bool,
}

impl StaleArguments {
    pub(crate) fn run(
        &self,
        (settings, stores, name): (&Settings, &Stores, &str),
        (place, is_named): (&StorageLocation, bool),
        json: bool,
    ) -> Result<CommandOutcome, CommandFailure> {
        let store = stores.by_name(name).unwrap_or_else(|| stores.main());
        let policy = &ReadPolicy::for_store(settings, stores, store);
        let logins = good_logins(store, place, is_named)?;
        let paths = catalogue::provider_files(&store.providers).map_err(|error| CommandFailure::file_error(&store.providers, &error))?;
        let now = clock::now();
        let entries = catalogue::load_all(&paths, InstallationContext { loopback: store.loopback }, policy);
        let confirmations: Vec<LastConfirmation> = entries.iter().filter_map(|entry| last_confirmation(entry, &logins, now)).collect();
        let oldest = now.saturating_sub(self.days.saturating_mul(DAY));
        let fits = |at: i64| (oldest..=now.saturating_add(DAY)).contains(&at);
        let mut stale: Vec<&LastConfirmation> = confirmations.iter().filter(|file| !file.at.is_some_and(|(at, _)| fits(at))).collect();
        stale.sort_by_key(|file| file.at.map(|(at, _)| at));
        if json {
            let day = |file: &LastConfirmation| file.at.map(|(at, _)| format_day(at));
            let rows = stale.iter().map(|file| json!({ "name": &*file.name, "confirmed": day(file), "by": file.at.map(|(_, by)| by.word()), "broken": file.is_broken }));
            print_json(&json!(rows.collect::<Vec<_>>()).to_string());
        } else {
            print_line(&self.as_text(&stale, confirmations.len(), now));
        }
        Ok(if stale.is_empty() { CommandOutcome::Fine } else { CommandOutcome::No })
    }

    fn as_text(&self, stale: &[&LastConfirmation], all: usize, now: i64) -> String {
        let of = |count: usize| count_in_words(u64::try_from(count).unwrap_or(u64::MAX), "file", "files");
        match (all, stale) {
            (0, _) => {
                return "there is no provider file; `portaria catalogue add NAME` puts one of the catalogue into the folder".to_owned();
            }
            (all, []) => return format!("{}: each was confirmed within {} days", of(all), self.days),
            (_, [_, ..]) => {}
        }
        let width = stale.iter().map(|file| file.name.chars().count()).max().unwrap_or_default();
        let why = |file: &LastConfirmation| match file.at {
            _ if file.is_broken => "unknown: the file is broken, see `portaria check`".to_owned(),
            Some((at, _)) if at > now.saturating_add(DAY) => format!("{}: this day is still to come", format_day(at)),
            Some((at, by)) => format!("{}, {}", format_day(at), by.phrase()),
            None => "never: the file has no `evidence`, and no login with it is known here".to_owned(),
        };
        let lines: String = stale.iter().map(|file| format!("  {:<width$}  {}\n", printable(&file.name), why(file))).collect();
        format!(
            "{} of {} not confirmed within {} days:\n{lines}A login that works confirms a file: `portaria try NAME` shows whether one does. After comparing a file with the \
             provider's manual, write the day into `evidence: {{ confirmed: … }}`.",
            stale.len(),
            of(all),
            self.days
        )
    }
}

/// When each provider last had a login that worked. Where no storage is named and there is none yet, nothing is known.
fn good_logins(store: &Store, place: &StorageLocation, is_named: bool) -> Result<Vec<(Box<str>, i64)>, CommandFailure> {
    if !is_named && place.file().is_some_and(|file| !files::is_file(file)) {
        return Ok(Vec::new());
    }
    storage::run(async {
        let directory = storage::open_existing(place).await?;
        directory.read(ListGoodLogins { store: store.name.clone() }).await.map_err(|_| storage::unavailable(place))
    })
}

/// The last confirmation of a file, unless the file itself switches the provider off.
fn last_confirmation(entry: &CatalogueEntry, logins: &[(Box<str>, i64)], now: i64) -> Option<LastConfirmation> {
    let provider = match &entry.state {
        ProviderFileState::Offered(provider) | ProviderFileState::Dormant(provider, _) => provider,
        ProviderFileState::Off(_) => return None,
        ProviderFileState::Broken => {
            return Some(LastConfirmation { name: entry.report.source.stem().into(), at: None, is_broken: true });
        }
    };
    // The playground comes with the program, and no one else's changes can make it wrong.
    if provider.listing.is_none() && &*provider.name == PLAYGROUND {
        return None;
    }
    let witnesses = provider.listing.as_ref().map(|listing| (listing.evidence.confirmed.end(), Confirmation::Witnesses));
    let login = logins.iter().find(|(name, _)| *name == provider.name).map(|(_, at)| (*at, Confirmation::Login));
    // A day that has not come yet is a slip. It confirms nothing, and is shown where nothing else confirms the file.
    let has_come = witnesses.filter(|(at, _)| *at <= now.saturating_add(DAY));
    Some(LastConfirmation { name: provider.name.clone(), at: has_come.max(login).or(witnesses), is_broken: false })
}
