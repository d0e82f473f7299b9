//! `portaria keys`: the signing keys of a store and their rotation.

mod recover; // after the master key was lost

use crate::commands::keys::recover::RecoverArguments;
use crate::commands::outcome::{CommandFailure, CommandOutcome, print_json, print_line};
use crate::commands::users::context::other_stores;
use crate::commands::{GlobalOptions, confirmation, master_key, storage};
use crate::directory::keys::{KeyRetirement, ListSigningKeys, ReplaceSigningKeys, RetireSigningKey, RotateSigningKeys, SealedSigningKey};
use crate::directory::recovery::end_all_grants;
use crate::directory::sql::Verb;
use crate::directory::{Directory, StorageLocation};
use crate::session::keys::SESSION_ALGORITHM;
use crate::session::rotation::{RotationChange, RotationPlan, SigningKeyState, SigningKeyStatus, due_changes};
use crate::session::seal::MasterKey;
use crate::session::token_algorithm::TokenAlgorithm;
use crate::stores::{MAIN, Store, Stores};
use crate::vocabulary::diagnostic::{did_you_mean, printable};
use crate::vocabulary::utc_time::format_time;
use crate::web::signing_keys;
use crate::world::clock;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::sync::Arc;

/// List, rotate and retire the signing keys of a store.
#[derive(Debug, Args)]
pub(crate) struct KeysCommand {
    /// The store whose keys they are
    #[arg(long, global = true, value_name = "NAME", default_value = MAIN)]
    store: String,
    #[arg(long, global = true, help = storage::HELP, env = "PORTARIA_STORAGE", hide_env_values = true, value_name = "STORAGE")]
    storage: Option<String>,
    #[command(subcommand)]
    what: KeysSubcommand,
}

#[derive(Debug, Subcommand)]
enum KeysSubcommand {
    /// List the keys: the algorithm and the state of each, since when, and what comes next
    #[command(after_help = "Example: portaria keys list --store atacado")]
    List,
    /// Publish a further key for each algorithm now; it signs once all services know it, and no session ends
    #[command(after_help = "Example: portaria keys rotate

The broker rotates keys by itself; this command does it sooner. A key for RS256 exists only where an app needs one.")]
    Rotate,
    /// Remove a key at once, wherever a store has it, because it may have leaked; every user with a token of it has to sign in again
    #[command(after_help = "Example: portaria keys retire vR2mNq0bTx6wYc1ZpLkD9A")]
    Retire {
        /// The key, as `portaria keys list` names it
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
    /// Replace the keys of all stores under a new master key, because the old one may have leaked; every user has to sign in again, and apps lose their access
    #[command(after_help = "Example: portaria keys replace-all

Stop every broker, set the new master key, replace the keys, and start the brokers with it.")]
    ReplaceAll {
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
    /// Go on with a new master key, because the old one is lost: what it sealed is given up, and every user has to sign in again
    #[command(after_help = "Example: portaria keys recover

People, linked identities, passkeys, consents, blocks and the audit stay; sessions, the access of apps and kept tokens of providers go. A backup of
the storage is made before: beside the file of the storage, or where `--backup` says. A new master.key is made beside that file, unless `masterKey` of the
settings names another place: then, and with PostgreSQL, put a new master key there first. Stop every broker.")]
    Recover(RecoverArguments),
}

/// The keys of a store, opened.
struct OpenedKeys {
    store: Arc<Store>,
    directory: Directory,
    place: StorageLocation,
    keys: Vec<SealedSigningKey>,
    plan: RotationPlan,
    json: bool,
    now: i64,
}

impl KeysCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let settings = global.settings()?;
        let stores = Stores::new(&settings);
        other_stores(&self.store, &stores)?;
        let store = stores.by_name(&self.store).unwrap_or_else(|| stores.main());
        if let KeysSubcommand::Retire { yes, .. }
        | KeysSubcommand::ReplaceAll { yes }
        | KeysSubcommand::Recover(RecoverArguments { yes, .. }) = self.what
        {
            confirmation::check_can_ask(yes)?;
        }
        let place = storage::location(self.storage.as_deref(), &settings)?;
        storage::run(async {
            if let KeysSubcommand::Recover(recover) = &self.what {
                storage::check_exists(&place)?;
                recover.run(&settings, &place, global.json).await?;
                return Ok(CommandOutcome::Fine);
            }
            let directory = storage::open_existing(&place).await?;
            let (plan, now) = (store.rotation_plan(), clock::now());
            let mut opened =
                OpenedKeys { store: Arc::clone(store), directory, place: place.clone(), keys: Vec::new(), plan, json: global.json, now };
            opened.keys = opened.read().await?;
            let master = || opened.check_master_key(master_key::load_existing(&settings, &place)?);
            match &self.what {
                KeysSubcommand::List | KeysSubcommand::Recover(_) => opened.list(),
                KeysSubcommand::ReplaceAll { yes } => opened.replace_all(*yes, &master_key::load_existing(&settings, &place)?).await?,
                _ if opened.keys.is_empty() => return Err(CommandFailure::No(NONE.to_owned())),
                KeysSubcommand::Rotate => opened.rotate(&master()?).await?,
                KeysSubcommand::Retire { id, yes } => opened.retire(id, *yes, &master()?).await?,
            }
            Ok(CommandOutcome::Fine)
        })
    }
}

const NONE: &str = "there are no signing keys yet; the broker makes the first one when it starts";

/// What the removal of a key means.
struct RetirementSummary {
    /// Whether sessions end.
    ends_sessions: bool,
    /// The other stores that hold it.
    held: String,
    /// Which tokens are refused from then on, as a sentence.
    ends: &'static str,
}

/// The next change of a key: its word, its moment, and whether it is due.
struct NextKeyChange {
    what: &'static str,
    at: i64,
    now: bool,
}

impl OpenedKeys {
    /// The master key, if it opens the keys.
    fn check_master_key(&self, master: MasterKey) -> Result<MasterKey, CommandFailure> {
        if signing_keys::opens_keys(&master, &self.keys) {
            return Ok(master);
        }
        Err(CommandFailure::Environment(
            "the signing keys in the storage are sealed with another master key, and no broker could open a key sealed with this one".to_owned(),
            "give the master key that the broker has: `masterKey` goes before $PORTARIA_MASTER_KEY, and that before master.key beside the storage".to_owned(),
        ))
    }

    /// The keys of all stores, the active one of each store first.
    async fn read_all(&self) -> Result<Vec<SealedSigningKey>, CommandFailure> {
        self.directory.read(ListSigningKeys).await.map_err(|_| storage::unavailable(&self.place))
    }

    /// The keys of the store, the active one first.
    async fn read(&self) -> Result<Vec<SealedSigningKey>, CommandFailure> {
        let mut keys = self.read_all().await?;
        keys.retain(|key| key.store == self.store.name);
        Ok(keys)
    }

    async fn write<V: Verb>(&self, verb: V) -> Result<V::Answer, CommandFailure> {
        self.directory.write(verb).await.map_err(|_| storage::unavailable(&self.place))
    }

    fn statuses(&self) -> impl Iterator<Item = &SigningKeyStatus> {
        self.keys.iter().map(|key| &key.status)
    }

    /// The key that is to sign next by an algorithm.
    fn next_key(&self, algorithm: TokenAlgorithm) -> Option<&SigningKeyStatus> {
        self.statuses().find(|key| (key.algorithm, key.state) == (algorithm, SigningKeyState::Next))
    }

    fn next_change(&self, key: &SigningKeyStatus) -> NextKeyChange {
        let next = self.next_key(key.algorithm);
        let (what, at) = match (key.state, next) {
            (SigningKeyState::Active, None) => ("published", key.since.saturating_add(self.plan.signs)),
            (SigningKeyState::Active, Some(next)) => ("retiring", next.since.saturating_add(self.plan.published)),
            (SigningKeyState::Next, _) => ("active", key.since.saturating_add(self.plan.published)),
            (SigningKeyState::Retiring, _) => ("gone", key.since.saturating_add(self.plan.believed)),
        };
        let now = due_changes(self.statuses(), key.algorithm, self.now, self.plan, false).iter().any(|change| match change {
            RotationChange::Begin => false,
            RotationChange::Publish => what == "published",
            RotationChange::Activate(_) => matches!(what, "active" | "retiring"),
            RotationChange::Forget(id) => *id == key.id,
        });
        NextKeyChange { what, at, now }
    }

    fn list(&self) {
        if self.json {
            let key = |key: &SealedSigningKey| -> Value {
                let (status, ahead) = (&key.status, self.next_change(&key.status));
                let next = json!({ "what": ahead.what, "at": format_time(ahead.at) });
                json!({
                    "id": status.id, "algorithm": status.algorithm.name(), "state": status.state.word(), "since": format_time(status.since),
                    "made": format_time(key.made), "next": next
                })
            };
            let keys: Value = self.keys.iter().map(key).collect();
            return print_json(&json!({ "keys": keys }).to_string());
        }
        for key in &self.keys {
            let key = &key.status;
            let (id, algorithm, state, since) = (printable(&key.id), key.algorithm.name(), key.state.word(), format_time(key.since));
            print_line(&format!("{id}  {algorithm}  {state:<8}  since {since}  {}", self.describe(key)));
        }
        if self.keys.is_empty() {
            print_line(NONE);
        }
    }

    /// The state of a key and its next change, as a sentence.
    fn describe(&self, key: &SigningKeyStatus) -> String {
        let ahead = self.next_change(key);
        let at = if ahead.now { "within a minute, by a broker that runs".to_owned() } else { format_time(ahead.at) };
        let (from, until) = if ahead.now { (at.clone(), at.clone()) } else { (format!("from {at}"), format!("until {at}")) };
        match ahead.what {
            "published" => format!("it signs; the key after it is published {}", if ahead.now { at } else { format!("at {at}") }),
            "retiring" if ahead.now => format!("it signs; the next key takes over {at}"),
            "retiring" => format!("it signs {until}, when the next key takes over"),
            "active" => format!("services learn of it; it signs {from}"),
            _ if ahead.now => format!("its last token has expired; it is removed {at}"),
            _ => format!("it no longer signs; its tokens are valid {until}"),
        }
    }

    /// Rotates the keys of each algorithm that the store has.
    async fn rotate(&self, master: &MasterKey) -> Result<(), CommandFailure> {
        let mut algorithms: Vec<TokenAlgorithm> = self.statuses().map(|key| key.algorithm).collect();
        algorithms.dedup();
        let mut rotated = Vec::new();
        for algorithm in algorithms {
            rotated.push(self.rotate_algorithm(algorithm, master).await?);
        }
        if self.json {
            // The key of the sessions, and beside it those for apps.
            let mut described = rotated.into_iter().map(|(described, _)| described);
            let mut first = described.next().unwrap_or_default();
            first["others"] = described.collect();
            print_json(&first.to_string());
        } else {
            rotated.iter().for_each(|(_, words)| print_line(words));
        }
        Ok(())
    }

    /// Rotates the keys of an algorithm, and answers with what happened, for programs and as a sentence.
    async fn rotate_algorithm(&self, algorithm: TokenAlgorithm, master: &MasterKey) -> Result<(Value, String), CommandFailure> {
        let fresh = signing_keys::new_sealed_key(master, algorithm);
        let (store, made) = (self.store.name.clone(), fresh.id.clone());
        let rotation = RotateSigningKeys { store, algorithm, fresh: Some(fresh), plan: self.plan, wanted: true, now: self.now };
        let changes = self.write(rotation).await?;
        let takes_over = changes.iter().find_map(|change| if let RotationChange::Activate(id) = change { Some(id) } else { None });
        let signs_at = format_time(self.now.saturating_add(self.plan.published));
        let (what, id, words) = if changes.contains(&RotationChange::Publish) {
            let words = format!("key {made} is published; it signs from {signs_at}, when all services know it");
            ("published", made, format!("{words}\nno session ends: tokens of the earlier key are valid until they expire"))
        } else if changes.contains(&RotationChange::Begin) {
            ("active", made.clone(), format!("key {made} signs: there was none"))
        } else if let Some(id) = takes_over {
            ("active", id.clone(), format!("key {id} was published before, and signs from now on; no session ends"))
        } else {
            let next = self.next_key(algorithm).map(|key| (key.id.clone(), self.describe(key)));
            let (id, sentence) = next.unwrap_or_else(|| (made, "another process has just published it".to_owned()));
            ("unchanged", id.clone(), format!("key {id} is next already, and nothing changed: {sentence}"))
        };
        let at = if what == "published" { Some(signs_at) } else { None };
        Ok((json!({ "what": what, "id": id, "algorithm": algorithm.name(), "signsAt": at }), words))
    }

    async fn retire(&self, id: &str, yes: bool, master: &MasterKey) -> Result<(), CommandFailure> {
        if self.keys.iter().all(|key| *key.status.id != *id) {
            return Err(self.no_such_key(id));
        }
        loop {
            let (copies, described) = self.confirm_retirement(id, yes).await?;
            let fresh = |key: &SealedSigningKey| signing_keys::new_sealed_key(master, key.status.algorithm);
            let confirmed = copies.iter().map(|key| (key.store.clone(), (key.status.state, fresh(key))));
            match self.write(RetireSigningKey { id: id.into(), copies: confirmed.collect(), now: self.now }).await? {
                KeyRetirement::Removed => return self.report_retirement(id, &copies, &described).await,
                KeyRetirement::NotThere => return Err(CommandFailure::No(format!("key {id} is gone already"))),
                KeyRetirement::Changed => {
                    eprintln!("nothing was removed: key {id} has another state or is in other stores than a moment ago; it is read again");
                }
            }
        }
    }

    /// The key in each store that holds it, and what its removal means, once the operator has confirmed that.
    async fn confirm_retirement(&self, id: &str, yes: bool) -> Result<(Vec<SealedSigningKey>, RetirementSummary), CommandFailure> {
        // When the stores got keys of their own, each took copies of the shared ones with it.
        let copies: Vec<SealedSigningKey> = self.read_all().await?.into_iter().filter(|key| *key.status.id == *id).collect();
        let has_signed = copies.iter().any(|key| key.status.state != SigningKeyState::Next);
        let signs_sessions = copies.iter().any(|key| key.status.algorithm == SESSION_ALGORITHM);
        let ends = match (has_signed, signs_sessions) {
            (true, true) => "every user with a token of it has to sign in again",
            (true, false) => "no session ends, and apps have to get new tokens, because those that it has signed are refused",
            (false, _) => "it has signed nothing yet, so no session ends",
        };
        let others: Vec<String> = copies.iter().filter(|key| key.store != self.store.name).map(|key| printable(&key.store)).collect();
        let held = if others.is_empty() { String::new() } else { format!(", also from the store {}, which has a copy", others.join(", ")) };
        confirmation::confirm(yes, &format!("This removes key {id} for good{held}: {ends}."), "key", id)?;
        Ok((copies, RetirementSummary { ends_sessions: has_signed && signs_sessions, held, ends }))
    }

    async fn report_retirement(&self, id: &str, copies: &[SealedSigningKey], words: &RetirementSummary) -> Result<(), CommandFailure> {
        let RetirementSummary { ends_sessions, held, ends } = words;
        let (keys, algorithm) = (self.read_all().await?, copies.first().map(|key| key.status.algorithm));
        let signs = |key: &&SealedSigningKey| Some(key.status.algorithm) == algorithm && key.status.state == SigningKeyState::Active;
        let signing = |store: &str| keys.iter().filter(signs).find(|key| *key.store == *store).map(|key| &key.status.id);
        if self.json {
            let stores: Vec<&str> = copies.iter().map(|key| &*key.store).collect();
            print_json(
                &json!({ "retired": id, "stores": stores, "signs": signing(&self.store.name), "loggedOut": ends_sessions }).to_string(),
            );
            return Ok(());
        }
        print_line(&format!("key {id} is removed{held}: {ends}"));
        for copy in copies.iter().filter(|key| key.status.state == SigningKeyState::Active) {
            let Some(signs) = signing(&copy.store) else { continue };
            let read_again = "services that check tokens themselves have to read";
            if copy.store == self.store.name {
                print_line(&format!("key {signs} signs from now on; {read_again} {}/.well-known/jwks.json again", self.store.public_url));
            } else {
                print_line(&format!("key {signs} signs from now on at the store {}; {read_again} its keys again", printable(&copy.store)));
            }
        }
        Ok(())
    }

    async fn replace_all(&self, yes: bool, master: &MasterKey) -> Result<(), CommandFailure> {
        let warning = "This replaces the signing keys of all stores, and every user has to sign in again, also for apps. A broker that still runs would go on \
                       with the old keys: stop them all first.";
        confirmation::confirm(yes, warning, "word `replace`", "replace")?;
        let mut replaced: Vec<_> = self.read_all().await?.into_iter().map(|key| (key.store, key.status.algorithm)).collect();
        replaced.dedup();
        // Before the keys: what is interrupted here is run again.
        let grants = end_all_grants(&self.directory, self.now).await.map_err(|_| storage::unavailable(&self.place))?;
        let fresh = replaced.iter().map(|(store, algorithm)| (store.clone(), *algorithm, signing_keys::new_sealed_key(master, *algorithm)));
        self.write(ReplaceSigningKeys { fresh: fresh.collect(), now: self.now }).await?;
        replaced.dedup_by(|(one, _), (other, _)| one == other);
        let many = replaced.len();
        if self.json {
            print_json(&json!({ "replaced": many, "grants": grants }).to_string());
        } else {
            print_line(&format!(
                "the keys of {many} stores are replaced: start the brokers with the same master key; every user has to sign in again"
            ));
            print_line(&format!("access of apps that was ended: {grants}; their refresh tokens are refused from now on"));
        }
        Ok(())
    }

    fn no_such_key(&self, id: &str) -> CommandFailure {
        let help = match did_you_mean(id, self.keys.iter().map(|key| &*key.status.id)) {
            Some(near) => format!("did you mean {near}?"),
            None => "`portaria keys list` names them".to_owned(),
        };
        CommandFailure::No(format!("there is no key `{}`\n  help: {help}", printable(id)))
    }
}
