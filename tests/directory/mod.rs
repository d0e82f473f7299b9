//! What every directory does, whatever keeps it: each behaviour is shown on both engines.

mod account;
mod answers;
mod apps;
mod code_sign_in;
mod engines;
mod fingerprints;
mod good_logins;
mod keys;
mod kept_tokens;
mod login_counts;
mod matrix;
mod next_versions;
mod passkeys;
mod people;
mod placeholders;
mod plans;
mod proofs;
mod served_stores;
mod sessions;
mod store_events;
mod welcome;
mod who_is_who;

use crate::database::{Pooler, Server};
use portaria::directory::audit::RecordAuditEvent;
use portaria::directory::linking::SignInRefusalReason;
use portaria::directory::sign_in::{SignIn, SignedIn};
use portaria::directory::users::{FindUserByEmail, UserRecord};
use portaria::directory::{Directory, StorageLocation};
use portaria::provider::identity::{Identity, IdentityEmail};
use portaria::provider::trust::EmailEvidence;
use portaria::vocabulary::email::Email;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

/// A storage of a test's own, with as many machines as it likes.
#[derive(Clone)]
pub struct Place {
    pub storage: StorageLocation,
    /// The way of the machines to the storage, if it is another one.
    pub through: Option<StorageLocation>,
}

impl Place {
    /// A machine.
    pub async fn machine(&self) -> Arc<Directory> {
        let storage = self.through.as_ref().unwrap_or(&self.storage);
        Arc::new(Directory::open(storage).await.expect("the storage can be opened"))
    }
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn on_sqlite<T: Future<Output = ()>>(test: impl FnOnce(Place) -> T) {
    let folder = Folder(std::env::temp_dir().join(format!("portaria-directory-{}", portaria::world::random::id())));
    std::fs::create_dir_all(&folder.0).expect("a folder can be made");
    let storage = StorageLocation::File(folder.0.join("portaria.db"));
    actix_web::rt::System::new().block_on(test(Place { storage, through: None }));
}

pub fn on_postgres<T: Future<Output = ()>>(test: impl FnOnce(Place) -> T) {
    actix_web::rt::System::new().block_on(async {
        let (_, storage) = Server::shared().database().await;
        test(Place { storage, through: None }).await;
    });
}

/// Through a pooler that gives each transaction to another session of the server.
pub fn on_pooler<T: Future<Output = ()>>(test: impl FnOnce(Place) -> T) {
    actix_web::rt::System::new().block_on(async {
        let (name, storage) = Server::shared().database().await;
        test(Place { storage, through: Some(Pooler::shared().storage(&name)) }).await;
    });
}

/// Behaviours, each shown on both engines, and behind a pooler.
macro_rules! on_both {
    ($($(#[$meta:meta])* $name:ident: $test:expr;)+) => {
        $(
            $(#[$meta])*
            mod $name {
                #[allow(unused_imports)]
                use super::*;

                #[test]
                fn sqlite() {
                    crate::directory::on_sqlite($test);
                }

                #[test]
                fn postgres() {
                    crate::directory::on_postgres($test);
                }

                #[test]
                fn pooled() {
                    crate::directory::on_pooler($test);
                }
            }
        )+
    };
}
pub(crate) use on_both;

/// Where every provider of these tests points, unless a test says otherwise.
pub const FINGERPRINT: &str = "origins https://sso.acme.example";

pub fn email(name: &str) -> Email {
    Email::parse(&format!("{name}@loja.example")).expect("an address")
}

pub fn identity(provider: &str, id: &str, address: IdentityEmail) -> Identity {
    Identity {
        provider: provider.into(),
        file: provider.into(),
        fingerprint: FINGERPRINT.into(),
        id: id.into(),
        address,
        name: Some("Ana".to_owned()),
        picture: None,
        locale: None,
        more: Vec::new(),
    }
}

/// A person whose address the provider vouches for.
pub fn proven(provider: &str, id: &str, name: &str) -> Identity {
    identity(provider, id, IdentityEmail::Proven(email(name), EmailEvidence::Claim))
}

/// A person at the door of a store, at the second 100.
pub fn arrival(store: &str, identity: &Identity, sid: &str) -> SignIn {
    SignIn {
        store: store.into(),
        identity: identity.clone(),
        version: "v1".into(),
        new_uid: format!("u-{sid}").into(),
        sid: sid.into(),
        now: 100,
        latest: 1000,
        instead_of: None,
        device: None,
    }
}

/// A person comes to the main store.
pub async fn comes(directory: &Directory, identity: &Identity, sid: &str) -> Result<SignedIn, SignInRefusalReason> {
    let away = match directory.write(arrival("main", identity, sid)).await.expect("storage is there") {
        Ok(welcomed) => return Ok(welcomed),
        Err(away) => away,
    };
    directory.write(RecordAuditEvent(away.event)).await.expect("storage is there");
    Err(away.why)
}

/// The id of a person who comes to the main store and is let in.
pub async fn uid(directory: &Directory, identity: &Identity, sid: &str) -> Box<str> {
    comes(directory, identity, sid).await.expect("signed in").user.uid
}

/// What is kept of a person.
pub async fn kept(directory: &Directory, name: &str) -> Option<UserRecord> {
    directory.read(FindUserByEmail { store: "main".into(), email: email(name) }).await.expect("storage is there")
}

/// Many do something at the same time.
pub async fn at_once<T: 'static>(doing: impl IntoIterator<Item = impl Future<Output = T> + 'static>) -> Vec<T> {
    let begun: Vec<_> = doing.into_iter().map(actix_web::rt::spawn).collect();
    let mut done = Vec::new();
    for one in begun {
        done.push(one.await.expect("nothing panics"));
    }
    done
}
