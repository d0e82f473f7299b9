//! What the account page needs of storage: when an identity was used, in which device a session began, and the removal that is undone.

use crate::directory::{FINGERPRINT, arrival, comes, identity, on_both, proven, uid};
use portaria::directory::audit::{AuditActor, AuditEventKind, ListUserAuditEvents};
use portaria::directory::identity_links::{LinkIdentity, RestoreIdentityLinks, UnlinkIdentity, UnlinkOutcome};
use portaria::directory::linking::SignInRefusalReason;
use portaria::directory::sign_in::SignIn;
use portaria::directory::users::{BlockUser, EraseUser, IdentityLink, ListActiveSessions, ListIdentityLinks};
use portaria::directory::{Directory, StorageUnavailable};
use portaria::provider::identity::{Identity, IdentityEmail};

const DAY: i64 = 86_400;

/// A person with two linked identities, and the second of them as it was before it was removed in the session `s1`.
async fn removed(directory: &Directory) -> (Box<str>, IdentityLink) {
    let ana = uid(directory, &proven("acme", "1", "ana"), "s1").await;
    let beta = Identity { more: vec![("plan".into(), "ouro".to_owned())], ..proven("beta", "7", "ana") };
    uid(directory, &beta, "s2").await;
    let links = directory.read(ListIdentityLinks(ana.clone())).await.expect("storage");
    let link = links.into_iter().find(|link| link.because.as_ref() == "linked").expect("it is linked");
    let unlink = UnlinkIdentity {
        store: "main".into(),
        uid: ana.clone(),
        provider: "beta".into(),
        provider_id: Some("7".into()),
        except: Some("s1".into()),
        by: AuditActor::Person,
        even_last: false,
        now: 100,
    };
    assert_eq!(directory.write(unlink).await, Ok(UnlinkOutcome::Unlinked));
    (ana, link)
}

fn restore(ana: &str, link: &IdentityLink) -> RestoreIdentityLinks {
    RestoreIdentityLinks {
        store: "main".into(),
        uid: ana.into(),
        sid: "s1".into(),
        links: vec![link.clone()],
        removal: "removal 1".into(),
        until: 160,
        now: 130,
    }
}

async fn links(directory: &Directory, ana: &str) -> Vec<IdentityLink> {
    directory.read(ListIdentityLinks(ana.into())).await.expect("storage")
}

on_both! {
    a_removal_is_undone_exactly_and_once: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let (ana, link) = removed(&machines[0]).await;
        assert_eq!(link.facts.len(), 1);

        let undone: Vec<Result<bool, StorageUnavailable>> =
            vec![machines[0].write(restore(&ana, &link)).await, machines[1].write(restore(&ana, &link)).await];

        assert_eq!(undone, [Ok(true), Ok(false)]);
        assert!(links(&machines[1], &ana).await.contains(&link), "it is as it was");
        assert_eq!(comes(&machines[1], &proven("beta", "7", "ana"), "s3").await.expect("signed in").user.uid, ana);
        let open = machines[0].read(ListActiveSessions { uid: ana.clone(), now: 0 }).await.expect("storage");
        assert_eq!(open.len(), 2, "the session that the removal ended stays ended: {open:?}");
        let history = machines[0].read(ListUserAuditEvents { uid: ana.clone(), most: 10 }).await.expect("storage");
        let event = history.iter().find(|event| event.what == AuditEventKind::Restored).expect("it is recorded");
        assert_eq!((event.provider.as_deref(), event.because.as_deref()), (Some("beta"), Some("person")));

        let again = UnlinkIdentity {
            store: "main".into(), uid: ana.clone(), provider: "beta".into(), provider_id: Some("7".into()), except: Some("s1".into()), by: AuditActor::Person,
            even_last: false, now: 140,
        };
        assert_eq!(machines[0].write(again).await, Ok(UnlinkOutcome::Unlinked));
        assert_eq!(machines[0].write(restore(&ana, &link)).await, Ok(false), "a removal that was undone undoes no other");
    };

    a_removal_is_not_undone_once_the_identity_is_linked_elsewhere: async |place| {
        let directory = place.machine().await;
        let (ana, link) = removed(&directory).await;
        let bia = uid(&directory, &proven("acme", "2", "bia"), "b1").await;
        let without_address = Identity { fingerprint: FINGERPRINT.into(), ..identity("beta", "7", IdentityEmail::Ask(None)) };
        let linked = LinkIdentity {
            store: "main".into(), uid: bia.clone(), identity: without_address, version: "v1".into(), sid: "b1".into(), new_sid: "b2".into(), now: 110,
        };
        directory.write(linked).await.expect("storage").expect("it is free");

        assert_eq!(directory.write(restore(&ana, &link)).await, Ok(false));
        assert_eq!(links(&directory, &ana).await.len(), 1);
        assert_eq!(links(&directory, &bia).await.len(), 2, "it stays with the other person");
    };

    a_removal_is_undone_only_by_its_user_in_its_session_and_in_time: async |place| {
        let directory = place.machine().await;
        let (ana, link) = removed(&directory).await;
        let bia = uid(&directory, &proven("acme", "2", "bia"), "b1").await;

        for refused in [
            RestoreIdentityLinks { uid: bia.clone(), ..restore(&ana, &link) },
            RestoreIdentityLinks { store: "atacado".into(), ..restore(&ana, &link) },
            RestoreIdentityLinks { sid: "s2".into(), ..restore(&ana, &link) },
            RestoreIdentityLinks { sid: "b1".into(), ..restore(&ana, &link) },
            RestoreIdentityLinks { now: 160, ..restore(&ana, &link) },
            RestoreIdentityLinks { links: Vec::new(), ..restore(&ana, &link) },
        ] {
            assert_eq!(directory.write(refused.clone()).await, Ok(false), "{refused:?}");
        }
        let block = |blocked| BlockUser { store: "main".into(), uid: ana.clone(), blocked, now: 130 };
        directory.write(block(true)).await.expect("storage");
        assert_eq!(directory.write(restore(&ana, &link)).await, Ok(false), "a blocked user undoes nothing");
        directory.write(block(false)).await.expect("storage");
        assert_eq!(directory.write(restore(&ana, &link)).await, Ok(false), "the block ended the session");
        directory.write(EraseUser { store: "main".into(), uid: ana.clone(), by: AuditActor::Support, now: 130 }).await.expect("storage");
        assert_eq!(directory.write(restore(&ana, &link)).await, Ok(false), "an erased user comes not back");
        assert_eq!(links(&directory, &ana).await, []);
    };

    without_an_undo_a_removed_identity_stays_removed: async |place| {
        let directory = place.machine().await;
        removed(&directory).await;

        assert_eq!(comes(&directory, &proven("beta", "7", "ana"), "s3").await, Err(SignInRefusalReason::Detached));
    };

    an_identity_knows_the_day_of_its_last_use_and_a_session_its_device: async |place| {
        let directory = place.machine().await;
        let sign_in = |sid: &str, now: i64, device: Option<&str>| SignIn {
            now, latest: now + 1000, device: device.map(Into::into), ..arrival("main", &proven("acme", "1", "ana"), sid)
        };
        let used = async |ana: &str| links(&directory, ana).await[0].used;
        let ana = directory.write(sign_in("1", 100, Some("Chrome/Android"))).await.expect("storage").expect("signed in").user.uid;
        assert_eq!(used(&ana).await, Some(100));

        for (sid, now, expected) in [("2", DAY - 1, 100), ("3", DAY, DAY), ("4", DAY + 500, DAY), ("5", 3 * DAY + 7, 3 * DAY + 7)] {
            directory.write(sign_in(sid, now, None)).await.expect("storage").expect("signed in");
            assert_eq!(used(&ana).await, Some(expected), "a day is written once");
        }
        let open = directory.read(ListActiveSessions { uid: ana, now: 0 }).await.expect("storage");
        let devices: Vec<Option<&str>> = open.iter().map(|session| session.device.as_deref()).collect();
        assert_eq!(devices, [Some("Chrome/Android"), None, None, None, None]);
    };
}
