//! The store and the storage of a command, and the user that it is about.

use crate::commands::outcome::CommandFailure;
use crate::commands::storage;
use crate::directory::app_grants::{ListAppsOfUser, UserApp};
use crate::directory::sql::Verb;
use crate::directory::users::{FindUserByEmail, SearchUsers, UserRecord};
use crate::directory::{Directory, StorageLocation};
use crate::stores::{MAIN, Stores};
use crate::vocabulary::diagnostic::{did_you_mean, printable, quoted_alternatives};
use crate::vocabulary::email::Email;
use std::fmt::Write as _;

pub(crate) struct UsersContext {
    pub(crate) directory: Directory,
    pub(crate) place: StorageLocation,
    pub(crate) store: Box<str>,
    /// The other stores, for hints.
    pub(crate) others: Vec<Box<str>>,
    pub(crate) json: bool,
    pub(crate) now: i64,
}

/// All stores except the named one, which has to exist.
pub(crate) fn other_stores(name: &str, stores: &Stores) -> Result<Vec<Box<str>>, CommandFailure> {
    let names = || stores.all().iter().map(|store| &*store.name);
    if stores.by_name(name).is_some() {
        return Ok(names().filter(|other| *other != name).map(Into::into).collect());
    }
    let help = match did_you_mean(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the settings know {}", quoted_alternatives(names())),
    };
    Err(CommandFailure::Usage(format!("there is no store `{}`", printable(name)), help))
}

pub(crate) fn parse_email(text: &str) -> Result<Email, CommandFailure> {
    Email::parse(text).map_err(|_| {
        let help = "write it as `ana@loja.example`, without blanks, brackets and letters that only look like others; \
             `portaria users find` takes a part of an address, a name or an id";
        CommandFailure::Usage(format!("`{}` is not an address", printable(text)), help.to_owned())
    })
}

impl UsersContext {
    pub(crate) async fn read<V: Verb>(&self, verb: V) -> Result<V::Answer, CommandFailure> {
        self.directory.read(verb).await.map_err(|_| storage::unavailable(&self.place))
    }

    pub(crate) async fn write<V: Verb>(&self, verb: V) -> Result<V::Answer, CommandFailure> {
        self.directory.write(verb).await.map_err(|_| storage::unavailable(&self.place))
    }

    /// The apps that have access to a user now.
    pub(crate) async fn apps_of(&self, person: &UserRecord) -> Result<Vec<UserApp>, CommandFailure> {
        let mut apps = self.read(ListAppsOfUser { store: self.store.clone(), uid: person.user.uid.clone() }).await?;
        apps.retain(|app| app.until > self.now);
        Ok(apps)
    }

    pub(crate) async fn user_by_email(&self, email: Email) -> Result<UserRecord, CommandFailure> {
        if let Some(record) = self.read(FindUserByEmail { store: self.store.clone(), email: email.clone() }).await? {
            return Ok(record);
        }
        let mut text = format!("no user of store `{}` has the address {email}", self.store);
        for store in &self.others {
            if self.read(FindUserByEmail { store: store.clone(), email: email.clone() }).await?.is_some() {
                let _ = write!(text, "\n  help: a user of store `{store}` has it: `--store {store}`");
                return Err(CommandFailure::No(text));
            }
        }
        let _ = match self.nearest_address(&email).await? {
            Some(near) => write!(text, "\n  help: did you mean {near}?"),
            None => {
                write!(
                    text,
                    "\n  help: `portaria users find` takes a part of it; with the code on the error page: `portaria incident CODE`"
                )
            }
        };
        Err(CommandFailure::No(text))
    }

    /// The known address that is most like the typed one, which is mostly right at its beginning or at its end.
    async fn nearest_address(&self, email: &Email) -> Result<Option<String>, CommandFailure> {
        let key = email.key();
        let (local, _) = key.split_once('@').unwrap_or((key, ""));
        let tail = local.len().saturating_sub(2);
        let parts = [format!("{local}@"), key[tail..].to_owned(), local.chars().take(3).collect(), format!("@{}", email.domain())];
        let mut known = Vec::new();
        for text in parts {
            let found = self.read(SearchUsers { store: self.store.clone(), text, most: 100 }).await?;
            known.extend(found.into_iter().map(|record| record.user.email.key().to_owned()));
        }
        Ok(did_you_mean(key, known.iter().map(String::as_str)).map(str::to_owned))
    }

    /// A command about a user, as it can be typed.
    pub(crate) fn command_line(&self, what: &str, email: &Email) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@.+_-".contains(&byte);
        let key = email.key();
        let email = if key.bytes().all(plain) { key.to_owned() } else { format!("'{}'", key.replace('\'', "'\\''")) };
        let store = if *self.store == *MAIN { String::new() } else { format!(" --store {}", self.store) };
        format!("portaria users {what} {email}{store}")
    }
}
