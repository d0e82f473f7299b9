//! What every directory does, whatever keeps it.

use portaria::directory::linking::NotWelcome;
use portaria::directory::sqlite::Sqlite;
use portaria::directory::{Arrival, Directory, Event, Incident, SealedKey, User};
use portaria::email::Email;
use portaria::provider::identity::{Identity, Mailbox};
use std::future::Future;
use std::sync::Arc;

/// Runs a test with a directory of its own.
fn run<T: Future<Output = ()>>(test: impl FnOnce(Arc<dyn Directory>) -> T) {
    let folder = std::env::temp_dir().join(format!("portaria-directory-{}", portaria::world::dice::name()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    actix_web::rt::System::new().block_on(async {
        let directory = Sqlite::open(&folder.join("portaria.db")).await.expect("a directory");
        test(Arc::new(directory)).await;
    });
    std::fs::remove_dir_all(&folder).expect("a folder can be removed");
}

fn email(name: &str) -> Email {
    Email::parse(&format!("{name}@loja.example")).expect("an address")
}

fn identity(provider: &str, id: &str, address: Mailbox) -> Identity {
    Identity {
        provider: provider.into(),
        id: id.into(),
        address,
        name: Some("Ana".to_owned()),
        picture: None,
        locale: None,
        more: Vec::new(),
    }
}

fn proven(provider: &str, id: &str, name: &str) -> Identity {
    identity(provider, id, Mailbox::Proven(email(name)))
}

async fn comes(
    directory: &dyn Directory,
    store: &str,
    identity: &Identity,
    sid: &str,
    instead_of: Option<(&str, i64)>,
) -> Result<User, NotWelcome> {
    let new_uid = format!("u-{sid}");
    let arrival = Arrival { store, identity, new_uid: &new_uid, sid, now: 100, latest: 1000, instead_of };
    directory.welcome(arrival).await.expect("storage is there")
}

fn event(what: &str) -> Event<'_> {
    Event { at: 100, store: "main", what, uid: None, provider: None, because: None }
}

#[test]
fn who_comes_again_is_the_same_person_and_ids_are_compared_byte_for_byte() {
    run(async |directory| {
        let first = comes(&*directory, "main", &proven("acme", "Ab", "ana"), "1", None).await.expect("welcome");
        let again = comes(&*directory, "main", &proven("acme", "Ab", "ana"), "2", None).await.expect("welcome");
        let other = comes(&*directory, "main", &proven("acme", "aB", "bia"), "3", None).await.expect("welcome");

        assert_eq!(first.uid, again.uid);
        assert_ne!(first.uid, other.uid);
        assert_eq!(directory.user(&first.uid).await.expect("storage").map(|user| user.email), Some(email("ana")));
    });
}

#[test]
fn a_proven_address_links_another_way_in_and_an_unproven_one_never_does() {
    run(async |directory| {
        let ana = comes(&*directory, "main", &proven("acme", "1", "ana"), "1", None).await.expect("welcome");

        let linked = comes(&*directory, "main", &proven("beta", "7", "ana"), "2", None).await.expect("welcome");
        let unproven = comes(&*directory, "main", &identity("gama", "8", Mailbox::Placeholder(email("ana"))), "3", None).await;
        let nobody = comes(&*directory, "main", &identity("gama", "9", Mailbox::Ask(None)), "4", None).await;
        let elsewhere = comes(&*directory, "atacado", &proven("acme", "1", "ana"), "5", None).await.expect("welcome");

        assert_eq!(linked.uid, ana.uid);
        assert_eq!(unproven, Err(NotWelcome::AddressTaken));
        assert_eq!(nobody, Err(NotWelcome::NoAddress));
        assert_ne!(elsewhere.uid, ana.uid, "a store of its own, people of its own");
    });
}

#[test]
fn an_address_that_changed_is_taken_over_only_if_it_is_nobody_elses() {
    run(async |directory| {
        let ana = comes(&*directory, "main", &proven("acme", "1", "ana"), "1", None).await.expect("welcome");
        comes(&*directory, "main", &proven("acme", "2", "bia"), "2", None).await.expect("welcome");

        let taken = comes(&*directory, "main", &proven("acme", "1", "bia"), "3", None).await.expect("welcome");
        let free = comes(&*directory, "main", &proven("acme", "1", "nova"), "4", None).await.expect("welcome");

        assert_eq!((taken.uid.clone(), taken.email), (ana.uid.clone(), email("ana")));
        assert_eq!((free.uid, free.email), (ana.uid, email("nova")));
    });
}

#[test]
fn fifty_who_come_at_once_with_one_address_are_one_person() {
    run(async |directory| {
        let coming: Vec<_> = (0..50)
            .map(|at| {
                let directory = Arc::clone(&directory);
                actix_web::rt::spawn(async move {
                    comes(&*directory, "main", &proven("acme", &at.to_string(), "ana"), &at.to_string(), None).await
                })
            })
            .collect();

        let mut people = Vec::new();
        for one in coming {
            people.push(one.await.expect("it ends").expect("welcome").uid);
        }
        people.dedup();

        assert_eq!(people.len(), 1, "{people:?}");
    });
}

#[test]
fn an_attempt_is_spent_once_however_many_try_at_once() {
    run(async |directory| {
        let trying: Vec<_> = (0..50)
            .map(|_| {
                let directory = Arc::clone(&directory);
                actix_web::rt::spawn(async move { directory.spend("attempt", 700).await.expect("storage") })
            })
            .collect();

        let mut times = 0;
        for one in trying {
            times += usize::from(one.await.expect("it ends"));
        }

        assert_eq!(times, 1);
        assert!(!directory.spend("attempt", 700).await.expect("storage"));
        assert!(directory.spend("another", 700).await.expect("storage"));
    });
}

#[test]
fn a_request_that_is_given_up_leaves_nothing_open() {
    run(async |directory| {
        for at in 0..20 {
            let (ana, sid) = (proven("acme", "1", "ana"), at.to_string());
            let coming = comes(&*directory, "main", &ana, &sid, None);
            // Polled a little, then dropped.
            let _ = tokio::time::timeout(std::time::Duration::ZERO, coming).await;
        }

        assert!(comes(&*directory, "main", &proven("acme", "1", "ana"), "last", None).await.is_ok());
    });
}

#[test]
fn ended_sessions_are_numbered_and_told_until_they_would_be_over_anyway() {
    run(async |directory| {
        comes(&*directory, "main", &proven("acme", "1", "ana"), "old", None).await.expect("welcome");

        comes(&*directory, "main", &proven("acme", "1", "ana"), "new", Some(("old", 500))).await.expect("welcome");
        directory.end_session("new", 1000, event("logout")).await.expect("storage");

        let (ends, last) = directory.ended_since(0).await.expect("storage");
        assert_eq!(ends.iter().map(|(_, sid, latest)| (&**sid, *latest)).collect::<Vec<_>>(), [("old", 500), ("new", 1000)]);
        assert_eq!(directory.ended_since(last).await.expect("storage"), (Vec::new(), last));
        directory.tidy(87_000, 0).await.expect("storage");
        assert_eq!(directory.ended_since(0).await.expect("storage").0.len(), 1);
    });
}

#[test]
fn an_incident_is_kept_for_a_day_and_its_code_is_taken_meanwhile() {
    run(async |directory| {
        let incident = Incident { code: "K7Q-2MD".into(), store: "main".into(), at: 100, story: "{}".to_owned() };

        assert!(directory.remember(&incident, event("failed")).await.expect("storage"));
        assert!(!directory.remember(&incident, event("failed")).await.expect("storage"));

        assert_eq!(directory.incident("K7Q-2MD", 86_499).await.expect("storage"), Some(incident));
        assert_eq!(directory.incident("K7Q-2MD", 86_500).await.expect("storage"), None);
    });
}

#[test]
fn the_first_signing_key_stays_the_first() {
    run(async |directory| {
        let key = |id: &str| SealedKey { id: id.into(), sealed: "sealed".to_owned(), made: 1 };

        assert_eq!(directory.first_key(&key("a")).await.expect("storage"), [key("a")]);
        assert_eq!(directory.first_key(&key("b")).await.expect("storage"), [key("a")]);
    });
}
