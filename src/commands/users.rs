//! `portaria users`: support finds users, shows them and acts for them.

pub(crate) mod context; //    the store, and the user that a command is about
mod import; //                people from another system
mod import_lines; //          the lines of their file
mod imported_person; //       such a line as a person
mod reports; //               found, shown, exported
mod changes; //               unlinked, blocked, signed out, erased
pub(crate) mod rendering; //  users as text and as JSON

use crate::commands::outcome::{CommandFailure, CommandOutcome};
use crate::commands::users::context::UsersContext;
use crate::commands::users::import::{ImportTarget, ImportUsersArguments};
use crate::commands::{GlobalOptions, confirmation, storage};
use crate::stores::events::wanted_store_events;
use crate::stores::{MAIN, Stores};
use crate::vocabulary::email::Email;
use crate::world::clock;
use clap::{Args, Subcommand};

/// Find users, show them and act for them.
#[derive(Debug, Args)]
pub(crate) struct UsersCommand {
    /// The store of the users
    #[arg(long, global = true, value_name = "NAME", default_value = MAIN)]
    store: String,
    #[arg(long, global = true, help = storage::HELP, env = "PORTARIA_STORAGE", hide_env_values = true, value_name = "STORAGE")]
    storage: Option<String>,
    #[command(subcommand)]
    what: UsersSubcommand,
}

#[derive(Debug, Subcommand)]
enum UsersSubcommand {
    /// Find users by a part of the address or name, by the id, or by the id at a provider
    #[command(after_help = "Example: portaria users find ana")]
    Find(FindUsersArguments),
    /// Show a user: the linked identities with their reasons, the open sessions, and what can be done
    #[command(after_help = "Example: portaria users show ana@loja.example")]
    Show(UserArgument),
    /// List what happened to a user and why, the newest first
    #[command(after_help = "Example: portaria users history ana@loja.example --most 10")]
    History(UserHistoryArguments),
    /// Remove a linked identity; the sessions of that provider end
    #[command(after_help = "Example: portaria users unlink ana@loja.example --provider acme")]
    Unlink(UnlinkUserArguments),
    /// Block a user, and end all sessions and all access of apps
    #[command(after_help = "Example: portaria users block ana@loja.example")]
    Block(UserArgument),
    /// Unblock a user
    #[command(after_help = "Example: portaria users unblock ana@loja.example")]
    Unblock(UserArgument),
    /// End all sessions of a user and all access of apps; the user may sign in again
    #[command(after_help = "Example: portaria users sign-out ana@loja.example")]
    SignOut(UserArgument),
    /// Export all stored data of a user as JSON; the audit records it
    #[command(after_help = "Example: portaria users export ana@loja.example > ana.json

The keys: exportedAt, store, uid, email, emailVerified, placeholder, name, picture, locale, firstSeen, lastSeen, blocked;
waysIn: provider, providerId, linked, because, evidence, version, address, file, fingerprint, facts, used, told; removedWays: provider, providerId;
sessions: since, until, provider, device; apps: app, scopes, offline, since, used, until; consents: app, scopes, at;
keptTokens: provider, until (the tokens themselves are sealed); history: at, what, provider, because, evidence, version, incident, told.
What is not known is null; times are UTC as in RFC 3339; `told` is the same in words.")]
    Export(UserArgument),
    /// Import people and linked identities from another system; a line that was imported before changes nothing
    #[command(after_help = "Example: portaria users import people.csv --dry-run
         portaria users import people.jsonl --strict

Fields: email, emailVerified, name, picture, locale, store, provider (the key of a file), providerId; in JSON also identities: a list of provider and
providerId. A line that is refused is named with its reason, and the others are imported; then the exit code is 1. An address that is not called
proven links nothing to a person who is there.")]
    Import(ImportUsersArguments),
    /// Erase a user for good; the audit keeps its events and no longer names the user
    #[command(after_help = "Example: portaria users erase ana@loja.example")]
    Erase(EraseUserArguments),
}

#[derive(Debug, Args)]
struct UserArgument {
    /// The e-mail address
    #[arg(allow_hyphen_values = true)]
    email: String,
}

#[derive(Debug, Args)]
struct FindUsersArguments {
    /// A part of the address or of the name, the id, or the id at a provider
    #[arg(allow_hyphen_values = true)]
    text: String,
    /// The most users
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    most: i64,
}

#[derive(Debug, Args)]
struct UserHistoryArguments {
    #[command(flatten)]
    user: UserArgument,
    /// The most events
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    most: i64,
}

#[derive(Debug, Args)]
struct UnlinkUserArguments {
    #[command(flatten)]
    user: UserArgument,
    /// The provider, by the name of its file
    #[arg(long, value_name = "NAME")]
    provider: String,
    /// The id at the provider [default: all ids at this provider]
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    id: Option<String>,
    /// Remove it even if it is the last one: then only a login that proves the address leads back to the user
    #[arg(long)]
    even_last: bool,
}

#[derive(Debug, Args)]
struct EraseUserArguments {
    #[command(flatten)]
    user: UserArgument,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

impl UsersCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let settings = global.settings()?;
        let stores = Stores::new(&settings);
        let others = context::other_stores(&self.store, &stores)?;
        let email = self.what.email_argument().map(context::parse_email).transpose()?;
        if let UsersSubcommand::Erase(erase) = &self.what {
            confirmation::check_can_ask(erase.yes)?;
        }
        let place = storage::location(self.storage.as_deref(), &settings)?;
        storage::run(async {
            let directory = storage::open_existing(&place).await?;
            directory.set_wanted_store_events(wanted_store_events(&stores));
            if let UsersSubcommand::Import(import) = &self.what {
                let target =
                    ImportTarget { settings: &settings, stores: &stores, store: &self.store, place: &place, directory: &directory };
                return import.run(&target, global.json).await;
            }
            let (store, json, now) = (self.store.as_str().into(), global.json, clock::now());
            let context = UsersContext { directory, place: place.clone(), store, others, json, now };
            self.what.run(&context, email).await
        })
    }
}

impl UsersSubcommand {
    fn email_argument(&self) -> Option<&str> {
        Some(match self {
            Self::Find(_) | Self::Import(_) => return None,
            Self::Show(user) | Self::Block(user) | Self::Unblock(user) | Self::SignOut(user) | Self::Export(user) => &user.email,
            Self::History(history) => &history.user.email,
            Self::Unlink(unlink) => &unlink.user.email,
            Self::Erase(erase) => &erase.user.email,
        })
    }

    async fn run(&self, context: &UsersContext, email: Option<Email>) -> Result<CommandOutcome, CommandFailure> {
        let person = match (self, email) {
            (Self::Find(find), _) => return reports::print_found_users(context, &find.text, find.most).await,
            (_, Some(email)) => context.user_by_email(email).await?,
            (_, None) => return Ok(CommandOutcome::No),
        };
        match self {
            Self::Find(_) | Self::Import(_) => {}
            Self::Show(_) => reports::print_user(context, &person).await?,
            Self::History(history) => reports::print_history(context, &person, history.most).await?,
            Self::Export(_) => reports::print_export(context, &person).await?,
            Self::Unlink(way) => changes::unlink(context, &person, &way.provider, way.id.as_deref(), way.even_last).await?,
            Self::Block(_) => changes::block(context, &person, true).await?,
            Self::Unblock(_) => changes::block(context, &person, false).await?,
            Self::SignOut(_) => changes::sign_out(context, &person).await?,
            Self::Erase(erase) => changes::erase(context, &person, erase.yes).await?,
        }
        Ok(CommandOutcome::Fine)
    }
}
