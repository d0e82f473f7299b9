//! `portaria providers stale`: the provider files that were not confirmed for a year, neither by their witnesses nor by a login that worked.

use crate::commands::outcome::{CommandFailure, CommandOutcome, count_in_words, print_json, print_line};
use crate::commands::storage;
use crate::directory::StorageLocation;
use crate::directory::good_logins::ListGoodLogins;
use crate::provider::{InstallationContext, Provider};
use crate::stores::Store;
use crate::stores::catalogue::{self, ProviderFileState};
use crate::stores::read_policy::ReadPolicy;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::utc_time::format_day;
use crate::world::{clock, files};
use clap::Args;
use serde_json::json;

#[derive(Debug, Args)]
pub(crate) struct StaleArguments {
    /// The age of the last confirmation, in days
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(i64).range(1..=36_500))]
    days: i64,
}

/// When a file was confirmed last, and by what; `None` if it never was.
struct LastConfirmation {
    name: Box<str>,
    at: Option<(i64, &'static str)>,
}

impl StaleArguments {
    pub(crate) fn run(
        &self,
        store: &Store,
        policy: &ReadPolicy,
        place: &StorageLocation,
        json: bool,
    ) -> Result<CommandOutcome, CommandFailure> {
        let logins = good_logins(store, place)?;
        let paths = catalogue::provider_files(&store.providers).map_err(|error| CommandFailure::file_error(&store.providers, &error))?;
        let now = clock::now();
        let entries = catalogue::load_all(&paths, InstallationContext { loopback: store.loopback }, policy);
        let of = |state: &ProviderFileState| Some(last_confirmation(state.provider()?, &logins));
        let confirmations: Vec<LastConfirmation> = entries.iter().filter_map(|entry| of(&entry.state)).collect();
        let oldest = now.saturating_sub(self.days.saturating_mul(24 * 3600));
        let mut stale: Vec<&LastConfirmation> = confirmations.iter().filter(|file| file.at.is_none_or(|(at, _)| at < oldest)).collect();
        stale.sort_by_key(|file| file.at.map(|(at, _)| at));
        if json {
            let day = |file: &LastConfirmation| file.at.map(|(at, _)| format_day(at));
            let rows = stale.iter().map(|file| json!({ "name": &*file.name, "confirmed": day(file), "by": file.at.map(|(_, by)| by) }));
            print_json(&json!(rows.collect::<Vec<_>>()).to_string());
        } else {
            print_line(&self.as_text(&stale, confirmations.len()));
        }
        Ok(if stale.is_empty() { CommandOutcome::Fine } else { CommandOutcome::No })
    }

    fn as_text(&self, stale: &[&LastConfirmation], all: usize) -> String {
        let of = |count: usize| count_in_words(u64::try_from(count).unwrap_or(u64::MAX), "file", "files");
        if stale.is_empty() {
            return format!("{} confirmed within {} days", of(all), self.days);
        }
        let width = stale.iter().map(|file| file.name.chars().count()).max().unwrap_or_default();
        let line = |file: &&LastConfirmation| match file.at {
            Some((at, by)) => format!("  {:<width$}  {}, by {by}\n", printable(&file.name), format_day(at)),
            None => format!("  {:<width$}  never: the file has no `evidence`, and no login with it is known here\n", printable(&file.name)),
        };
        let lines: String = stale.iter().map(line).collect();
        format!(
            "{} of {all} not confirmed within {} days:\n{lines}A login that works confirms a file: `portaria try NAME` shows whether one does. After comparing a file with the \
             provider's manual, write the day into `evidence: {{ confirmed: … }}`.",
            stale.len(),
            self.days
        )
    }
}

/// When each provider last had a login that worked. Where there is no storage yet, nothing is known.
fn good_logins(store: &Store, place: &StorageLocation) -> Result<Vec<(Box<str>, i64)>, CommandFailure> {
    if place.file().is_some_and(|file| !files::is_file(file)) {
        return Ok(Vec::new());
    }
    storage::run(async {
        let directory = storage::open_existing(place).await?;
        directory.read(ListGoodLogins { store: store.name.clone() }).await.map_err(|_| storage::unavailable(place))
    })
}

fn last_confirmation(provider: &Provider, logins: &[(Box<str>, i64)]) -> LastConfirmation {
    let witnesses = provider.listing.as_ref().map(|listing| (listing.evidence.confirmed.end(), "its witnesses"));
    let login = logins.iter().find(|(name, _)| *name == provider.name).map(|(_, at)| (*at, "a login"));
    LastConfirmation { name: provider.name.clone(), at: witnesses.max(login) }
}
