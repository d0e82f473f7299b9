//! `portaria users`: what support does for people.

mod changes; //   unlinked, blocked, signed out, forgotten
pub(crate) mod context; // the store, and who is meant
mod reports; //     found, shown, handed out
pub(crate) mod rendering; // people in words and in JSON

use crate::commands::outcome::{CommandFailure, CommandOutcome};
use crate::commands::users::context::UsersContext;
use crate::commands::{GlobalOptions, confirmation, storage};
use crate::stores::{MAIN, Stores};
use crate::vocabulary::email::Email;
use crate::world::clock;
use clap::{Args, Subcommand};

/// Find and help people.
#[derive(Debug, Args)]
pub(crate) struct UsersCommand {
    /// The store whose people are meant
    #[arg(long, global = true, value_name = "NAME", default_value = MAIN)]
    store: String,
    #[arg(long, global = true, help = storage::HELP, env = "PORTARIA_STORAGE", hide_env_values = true, value_name = "STORAGE")]
    storage: Option<String>,
    #[command(subcommand)]
    what: UsersSubcommand,
}

#[derive(Debug, Subcommand)]
enum UsersSubcommand {
    /// Find people by a part of their address or name, by their id, or by their id at a provider
    #[command(after_help = "Example: portaria users find ana")]
    Find(FindUsersArguments),
    /// Show who somebody is: their ways in and why each leads to them, their open sessions, what can be done
    #[command(after_help = "Example: portaria users show ana@loja.example")]
    Show(UserArgument),
    /// Tell what happened to somebody and why, the newest first
    #[command(after_help = "Example: portaria users history ana@loja.example --most 10")]
    History(UserHistoryArguments),
    /// Remove a way in; the sessions that came through it end
    #[command(after_help = "Example: portaria users unlink ana@loja.example --provider acme")]
    Unlink(UnlinkUserArguments),
    /// Shut somebody out, and sign them out everywhere
    #[command(after_help = "Example: portaria users block ana@loja.example")]
    Block(UserArgument),
    /// Let somebody in again
    #[command(after_help = "Example: portaria users unblock ana@loja.example")]
    Unblock(UserArgument),
    /// End all sessions of somebody; they may log in again
    #[command(after_help = "Example: portaria users sign-out ana@loja.example")]
    SignOut(UserArgument),
    /// Hand out everything that is kept of somebody, as JSON; the audit notes it
    #[command(after_help = "Example: portaria users export ana@loja.example > ana.json

The keys: exportedAt, store, uid, email, emailVerified, placeholder, name, picture, locale, firstSeen, lastSeen, blocked;
waysIn: provider, providerId, linked, because, evidence, version, address, told; removedWays: provider, providerId;
sessions: since, until, provider; history: at, what, provider, because, evidence, version, incident, told.
What is not known is null; times are UTC as in RFC 3339; `told` is the same in words.")]
    Export(UserArgument),
    /// Forget somebody for good; what happened stays in the audit, without the person
    #[command(after_help = "Example: portaria users erase ana@loja.example")]
    Erase(EraseUserArguments),
}

/// Who is meant.
#[derive(Debug, Args)]
struct UserArgument {
    /// The address
    #[arg(allow_hyphen_values = true)]
    email: String,
}

#[derive(Debug, Args)]
struct FindUsersArguments {
    /// A part of the address or of the name, the id, or the id at a provider
    #[arg(allow_hyphen_values = true)]
    text: String,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    most: i64,
}

#[derive(Debug, Args)]
struct UserHistoryArguments {
    #[command(flatten)]
    whom: UserArgument,
    /// How many lines at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    most: i64,
}

#[derive(Debug, Args)]
struct UnlinkUserArguments {
    #[command(flatten)]
    whom: UserArgument,
    /// The provider, by the name of its file
    #[arg(long, value_name = "NAME")]
    provider: String,
    /// The id there [default: all ids at this provider]
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    id: Option<String>,
    /// Remove it even if it is the last: then only a login that proves the address leads back
    #[arg(long)]
    even_last: bool,
}

#[derive(Debug, Args)]
struct EraseUserArguments {
    #[command(flatten)]
    whom: UserArgument,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl UsersCommand {
    /// Runs the command.
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
            let (store, json, now) = (self.store.as_str().into(), global.json, clock::now());
            let desk = UsersContext { directory, place: place.clone(), store, others, json, now };
            self.what.run(&desk, email).await
        })
    }
}

impl UsersSubcommand {
    fn email_argument(&self) -> Option<&str> {
        Some(match self {
            Self::Find(_) => return None,
            Self::Show(whom) | Self::Block(whom) | Self::Unblock(whom) | Self::SignOut(whom) | Self::Export(whom) => &whom.email,
            Self::History(history) => &history.whom.email,
            Self::Unlink(unlink) => &unlink.whom.email,
            Self::Erase(erase) => &erase.whom.email,
        })
    }

    async fn run(&self, desk: &UsersContext, email: Option<Email>) -> Result<CommandOutcome, CommandFailure> {
        let person = match (self, email) {
            (Self::Find(find), _) => return reports::print_found_users(desk, &find.text, find.most).await,
            (_, Some(email)) => desk.user_by_email(email).await?,
            (_, None) => return Ok(CommandOutcome::No),
        };
        match self {
            Self::Find(_) => {}
            Self::Show(_) => reports::print_user(desk, &person).await?,
            Self::History(history) => reports::print_history(desk, &person, history.most).await?,
            Self::Export(_) => reports::print_export(desk, &person).await?,
            Self::Unlink(way) => changes::unlink(desk, &person, &way.provider, way.id.as_deref(), way.even_last).await?,
            Self::Block(_) => changes::block(desk, &person, true).await?,
            Self::Unblock(_) => changes::block(desk, &person, false).await?,
            Self::SignOut(_) => changes::sign_out(desk, &person).await?,
            Self::Erase(erase) => changes::erase(desk, &person, erase.yes).await?,
        }
        Ok(CommandOutcome::Fine)
    }
}
