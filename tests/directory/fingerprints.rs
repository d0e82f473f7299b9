//! Linked identities belong to the place to which the provider's file pointed when they were linked.

use crate::directory::{FINGERPRINT, comes, email, identity, on_both, proven, uid};
use portaria::directory::audit::{AuditEventKind, ListAuditEvents};
use portaria::directory::endpoint_hosts::{AcceptHosts, ListHosts, RememberHosts, SetWaitingHosts};
use portaria::directory::fingerprints::{ListPinnedIdentities, MoveIdentities, PinIdentities};
use portaria::directory::linking::{LinkingRule, SignInRefusalReason};
use portaria::directory::reasons;
use portaria::directory::users::{BlockUser, ListIdentityLinks};
use portaria::directory::{Directory, sign_in::SignIn};
use portaria::provider::fingerprint::ProviderFingerprint;
use portaria::provider::identity::{Identity, IdentityEmail};
use portaria::provider::trust::EmailEvidence;

const ELSEWHERE: &str = "origins https://other.example";

fn pointing(identity: &Identity, fingerprint: &str) -> Identity {
    Identity { fingerprint: fingerprint.into(), ..identity.clone() }
}

fn nameless(id: &str) -> Identity {
    identity("acme", id, IdentityEmail::Placeholder(email(&format!("p{id}"))))
}

async fn pin(directory: &Directory, pinned: &str, origins: Option<&str>) -> i64 {
    let fingerprint = ProviderFingerprint { pinned: pinned.into(), origins: origins.map(Into::into) };
    directory.write(PinIdentities { store: "main".into(), key: "acme".into(), fingerprint }).await.expect("storage")
}

async fn moves(directory: &Directory, from: &str, to: &str) -> u64 {
    let (from, to) = (from.into(), to.into());
    let verb = MoveIdentities { store: "main".into(), key: "acme".into(), file: "acme".into(), version: "v2".into(), from, to, now: 200 };
    directory.write(verb).await.expect("storage")
}

async fn pinned(directory: &Directory, to: &str) -> Vec<(String, i64, i64, i64)> {
    let list = ListPinnedIdentities { store: "main".into(), key: "acme".into(), to: to.into() };
    let listed = directory.read(list).await.expect("storage");
    listed.iter().map(|one| (one.fingerprint.to_string(), one.identities, one.users, one.taken)).collect()
}

async fn hosts(directory: &Directory) -> Vec<(String, String, Option<String>)> {
    let list = directory.read(ListHosts).await.expect("storage");
    list.iter().map(|one| (one.address.to_string(), one.accepted.to_string(), one.waiting.as_deref().map(Into::into))).collect()
}

on_both! {
    the_hosts_of_a_document_are_those_that_were_seen_first_until_others_are_accepted: async |place| {
        let (directory, other) = (place.machine().await, place.machine().await);
        let remember = |origins: &str| RememberHosts { address: "a".into(), origins: origins.into() };
        let wait = |waiting: Option<&str>| SetWaitingHosts { address: "a".into(), waiting: waiting.map(Into::into) };
        let accept = |origins: &[&str]| AcceptHosts { address: "a".into(), origins: origins.iter().map(|&origin| origin.into()).collect(), now: 7 };

        assert_eq!(&*directory.write(remember("x y")).await.expect("storage"), "x y");
        assert_eq!(&*other.write(remember("z")).await.expect("storage"), "x y", "the first machine counts");
        for waiting in ["x z", "z"] {
            other.write(wait(Some(waiting))).await.expect("storage");
        }
        assert_eq!(hosts(&directory).await, [("a".to_owned(), "x y".to_owned(), Some("z".to_owned()))]);
        for refused in [&["x"][..], &["z", "w"], &["w"]] {
            assert!(!directory.write(accept(refused)).await.expect("storage"), "{refused:?}: it does not wait for all of these");
        }
        assert!(directory.write(accept(&["z"])).await.expect("storage") && !directory.write(accept(&["z"])).await.expect("storage"));
        assert_eq!(hosts(&other).await, [("a".to_owned(), "z".to_owned(), None)]);
        other.write(wait(Some("v w z"))).await.expect("storage");
        assert!(directory.write(accept(&["v"])).await.expect("storage"));
        assert_eq!(hosts(&other).await, [("a".to_owned(), "v z".to_owned(), Some("v w z".to_owned()))], "it waits on for the other one");
        other.write(wait(Some("z"))).await.expect("storage");
        assert!(!directory.write(accept(&["w"])).await.expect("storage") && !directory.write(accept(&["z"])).await.expect("storage"));
        other.write(wait(Some("w"))).await.expect("storage");
        assert!(directory.write(accept(&["w"])).await.expect("storage"));
        other.write(wait(Some("z"))).await.expect("storage");
        assert!(directory.write(accept(&["z"])).await.expect("storage"), "what was accepted for an earlier document waits again");
        assert_eq!(hosts(&other).await, [("a".to_owned(), "z".to_owned(), None)]);
        other.write(wait(Some("x"))).await.expect("storage");
        other.write(wait(None)).await.expect("storage");
        assert_eq!(hosts(&other).await, [("a".to_owned(), "z".to_owned(), None)]);
    };

    a_file_that_points_elsewhere_matches_no_identity: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &nameless("1"), "1").await;

        let elsewhere = comes(&directory, &pointing(&nameless("1"), ELSEWHERE), "2").await;
        let asking = comes(&directory, &pointing(&identity("acme", "1", IdentityEmail::Ask(None)), ELSEWHERE), "3").await;
        let another = comes(&directory, &pointing(&nameless("2"), ELSEWHERE), "4").await.expect("a new user");
        let back = uid(&directory, &nameless("1"), "5").await;

        assert_eq!(elsewhere, Err(SignInRefusalReason::ProviderMoved));
        assert_eq!(asking, Err(SignInRefusalReason::ProviderMoved));
        assert!(another.user.uid != ana && another.rule == LinkingRule::Placeholder);
        assert_eq!(back, ana, "the file points back");
        let events = directory.read(ListAuditEvents { store: None, provider: Some("acme".into()), before: None, most: 10 }).await.expect("storage").events;
        let refused = events.iter().find(|event| event.what == AuditEventKind::Refused).expect("it is recorded");
        assert_eq!(refused.uid.as_deref(), Some(&*ana));
        let described = reasons::describe_event(refused);
        assert!(described.contains("pointed to another issuer or other addresses") && described.contains("portaria providers move"), "{described}");
    };

    what_a_changed_file_says_about_an_address_reaches_no_existing_user: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;
        let placeholder = uid(&directory, &nameless("9"), "2").await;
        let caio = uid(&directory, &proven("beta", "5", "caio"), "3").await;

        let same_id = comes(&directory, &pointing(&proven("acme", "1", "ana"), ELSEWHERE), "4").await;
        let other_id = comes(&directory, &pointing(&proven("acme", "99", "ana"), ELSEWHERE), "5").await;
        let with_anothers_address = comes(&directory, &pointing(&proven("acme", "9", "caio"), ELSEWHERE), "6").await;
        let stranger = comes(&directory, &pointing(&proven("acme", "9", "bia"), ELSEWHERE), "7").await.expect("a new user");
        // After another change of the file, the id 1 is still Ana's.
        let once_more = comes(&directory, &pointing(&proven("acme", "99", "ana"), "issuer https://third.example"), "8").await;

        assert_eq!(same_id, Err(SignInRefusalReason::ProviderMoved));
        assert_eq!(other_id, Err(SignInRefusalReason::AddressReassigned), "the address was given to another person");
        assert_eq!(with_anothers_address, Err(SignInRefusalReason::ProviderMoved));
        assert_eq!(once_more, Err(SignInRefusalReason::AddressReassigned));
        assert!(![&ana, &placeholder, &caio].contains(&&stranger.user.uid));
        let links = directory.read(ListIdentityLinks(ana)).await.expect("storage");
        assert_eq!(links.iter().map(|link| &*link.fingerprint).collect::<Vec<_>>(), [FINGERPRINT]);
    };

    an_address_that_was_proved_here_reaches_its_user_after_a_change_of_the_file: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;
        let by_mail = |id| identity("acme", id, IdentityEmail::Proven(email("ana"), EmailEvidence::Mail));

        let same_id = comes(&directory, &pointing(&by_mail("1"), ELSEWHERE), "2").await.expect("linked");
        let other_id = comes(&directory, &pointing(&by_mail("77"), "issuer https://third.example"), "3").await.expect("linked");

        assert_eq!((same_id.user.uid, same_id.rule), (ana.clone(), LinkingRule::Linked));
        assert_eq!((other_id.user.uid, other_id.rule), (ana, LinkingRule::Linked));
    };

    whoever_is_blocked_stays_so_when_the_file_points_elsewhere: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;
        directory.write(BlockUser { store: "main".into(), uid: ana, blocked: true, now: 100 }).await.expect("storage");

        let with_another_address = comes(&directory, &pointing(&proven("acme", "1", "nova"), ELSEWHERE), "2").await;

        assert_eq!(with_another_address, Err(SignInRefusalReason::ProviderMoved));
    };

    identities_from_before_take_the_first_live_fingerprint_and_no_later_one: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &pointing(&nameless("1"), ""), "1").await;

        assert_eq!(comes(&directory, &nameless("1"), "2").await, Err(SignInRefusalReason::ProviderMoved), "not at a login");
        assert_eq!(pin(&directory, FINGERPRINT, None).await, 0);
        assert_eq!(uid(&directory, &nameless("1"), "3").await, ana);
        // A machine of an earlier version links another, who is known here at once, and nowhere else.
        let caio = uid(&directory, &pointing(&nameless("3"), ""), "7").await;
        assert_eq!(comes(&directory, &pointing(&nameless("3"), ELSEWHERE), "8").await, Err(SignInRefusalReason::ProviderMoved));
        assert_eq!(uid(&directory, &nameless("3"), "9").await, caio);
        assert_eq!(pinned(&directory, ELSEWHERE).await, [(FINGERPRINT.to_owned(), 2, 2, 0)]);
        // It links one more, and then the file is changed.
        let bia = uid(&directory, &pointing(&nameless("2"), ""), "4").await;
        assert_eq!(pin(&directory, ELSEWHERE, None).await, 3);
        assert_eq!(comes(&directory, &pointing(&nameless("1"), ELSEWHERE), "5").await, Err(SignInRefusalReason::ProviderMoved));
        assert_eq!(uid(&directory, &nameless("2"), "6").await, bia, "it belongs to the first place");
        assert_eq!(pinned(&directory, ELSEWHERE).await, [(FINGERPRINT.to_owned(), 3, 3, 0)]);
    };

    an_issuer_that_is_named_for_the_same_origins_takes_the_identities_along: async |place| {
        let directory = place.machine().await;
        pin(&directory, FINGERPRINT, None).await;
        let ana = uid(&directory, &nameless("1"), "1").await;

        assert_eq!(pin(&directory, "issuer https://acme.example", Some(FINGERPRINT)).await, 0);
        assert_eq!(uid(&directory, &pointing(&nameless("1"), "issuer https://acme.example"), "2").await, ana);
        assert_eq!(pin(&directory, "issuer https://evil.example", Some(ELSEWHERE)).await, 1);
    };

    identities_are_moved_when_the_operator_says_so: async |place| {
        let directory = place.machine().await;
        pin(&directory, FINGERPRINT, None).await;
        let ana = uid(&directory, &nameless("1"), "1").await;
        let bia = uid(&directory, &proven("acme", "2", "bia"), "2").await;
        uid(&directory, &nameless("3"), "3").await;
        // Bia has proven who she is, and 3 is another person at the new place.
        let mailed = identity("acme", "2", IdentityEmail::Proven(email("bia"), EmailEvidence::Mail));
        assert_eq!(uid(&directory, &pointing(&mailed, ELSEWHERE), "4").await, bia);
        let caio = uid(&directory, &pointing(&proven("acme", "3", "caio"), ELSEWHERE), "5").await;
        assert_eq!(pinned(&directory, ELSEWHERE).await, [(ELSEWHERE.to_owned(), 2, 2, 0), (FINGERPRINT.to_owned(), 3, 3, 1)]);

        assert_eq!(moves(&directory, FINGERPRINT, ELSEWHERE).await, 2);

        assert_eq!(uid(&directory, &pointing(&nameless("1"), ELSEWHERE), "6").await, ana);
        assert_eq!(uid(&directory, &pointing(&proven("acme", "2", "bia"), ELSEWHERE), "7").await, bia);
        assert_eq!(uid(&directory, &pointing(&nameless("3"), ELSEWHERE), "8").await, caio, "the id stays with who proved it there");
        assert_eq!(directory.read(ListIdentityLinks(bia)).await.expect("storage").len(), 1);
        assert_eq!(pinned(&directory, ELSEWHERE).await, [(ELSEWHERE.to_owned(), 3, 3, 0), (FINGERPRINT.to_owned(), 1, 1, 1)]);
        let events = directory.read(ListAuditEvents { store: None, provider: Some("acme".into()), before: None, most: 10 }).await.expect("storage").events;
        let described: Vec<String> = events.iter().filter(|event| event.what == AuditEventKind::ProviderMoved).map(reasons::describe_event).collect();
        assert_eq!(described, ["2 linked identities through acme were moved to `origins https://other.example` by support (acme.yaml, version v2)"]);
        assert_eq!(pin(&directory, ELSEWHERE, None).await, 0, "the new place is the provider's now");
    };

    a_file_that_was_renamed_keeps_its_users_by_its_key: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &nameless("1"), "1").await;
        let renamed = Identity { file: "clube-acme".into(), ..nameless("1") };

        let welcomed = directory.write(SignIn { identity: renamed, ..crate::directory::arrival("main", &nameless("1"), "2") }).await;

        assert_eq!(welcomed.expect("storage").expect("signed in").user.uid, ana);
        let events = directory.read(ListAuditEvents { store: None, provider: Some("clube-acme".into()), before: None, most: 10 }).await.expect("storage").events;
        assert_eq!(events.len(), 1, "the audit names the file");
    };
}
