//! People as support finds, shows, hands out and forgets them, and as they add and remove ways in themselves.

use crate::directory::{comes, email, identity, kept, on_both, proven, uid};
use portaria::directory::audit::{AuditActor, AuditEvent, AuditEventKind, ListUserAuditEvents};
use portaria::directory::export::ExportUser;
use portaria::directory::identity_links::{LinkIdentity, UnlinkIdentity, UnlinkOutcome};
use portaria::directory::incidents::{LoadIncident, SaveIncident, StoredIncident};
use portaria::directory::linking::{LinkingRule, SignInRefusalReason};
use portaria::directory::sign_in::SignInRefusal;
use portaria::directory::tidy::tidy;
use portaria::directory::users::{EraseUser, ListIdentityLinks, SearchUsers};
use portaria::provider::identity::{Identity, IdentityEmail};
use portaria::provider::trust::EmailEvidence;

fn link(uid: &str, identity: &Identity, sid: &str) -> LinkIdentity {
    let (sid, new_sid) = (sid.into(), format!("{sid}'").into());
    LinkIdentity { store: "main".into(), uid: uid.into(), identity: identity.clone(), version: "v2".into(), sid, new_sid, now: 100 }
}

fn find(text: &str) -> SearchUsers {
    SearchUsers { store: "main".into(), text: text.to_owned(), most: 20 }
}

on_both! {
    somebody_who_is_signed_in_adds_ways_that_are_nobody_elses: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;
        let bia = uid(&directory, &proven("acme", "2", "bia"), "2").await;
        let without_address = identity("gama", "7", IdentityEmail::Ask(None));

        let added = directory.write(link(&ana, &without_address, "1")).await.expect("storage").expect("it is free");
        let again = directory.write(link(&ana, &without_address, "1'")).await.expect("storage").expect("it is theirs");
        let taken = directory.write(link(&bia, &without_address, "2")).await.expect("storage");
        let theirs = directory.write(link(&bia, &proven("acme", "1", "ana"), "2")).await.expect("storage");
        let gone = directory.write(link(&ana, &identity("gama", "8", IdentityEmail::Ask(None)), "1")).await.expect("storage");

        assert_eq!((added.0.uid, added.1, again.1), (ana.clone(), LinkingRule::LinkedByThemselves, LinkingRule::Known));
        for refused in [taken, theirs] {
            let SignInRefusal { why, event } = refused.expect_err("it is another person's");
            assert_eq!((why, event.uid, event.because.as_deref()), (SignInRefusalReason::LinkedElsewhere, Some(bia.clone()), Some("linkedElsewhere")));
        }
        assert_eq!(gone.expect_err("the session is over").why, SignInRefusalReason::SignedOut, "with every way that is added the session gets a new name");
        assert_eq!(comes(&directory, &without_address, "3").await.expect("signed in").user.uid, ana);
        let way = &directory.read(ListIdentityLinks(ana)).await.expect("storage")[1];
        assert_eq!((&*way.because, way.version.as_deref()), ("linkedByThemselves", Some("v2")));
    };

    /// Attack D-08
    the_last_way_in_stays_unless_support_insists_and_a_proven_address_leads_back: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;
        let unlink = |even_last| UnlinkIdentity {
            store: "main".into(), uid: ana.clone(), provider: "acme".into(), provider_id: Some("1".into()), except: None, by: AuditActor::Support, even_last, now: 100,
        };

        assert_eq!(directory.write(unlink(false)).await.expect("storage"), UnlinkOutcome::LastIdentity);
        for (id, sid) in [("1", "2"), ("99", "3")] {
            assert_eq!(directory.write(unlink(true)).await.expect("storage"), UnlinkOutcome::Unlinked);

            let back = comes(&directory, &proven("acme", id, "ana"), sid).await.expect("signed in");
            assert_eq!((&back.user.uid, back.rule), (&ana, LinkingRule::Linked));
        }
    };

    /// Attack D-08
    /// Lesson 8
    a_way_that_was_removed_does_not_come_back_by_itself: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;
        uid(&directory, &proven("beta", "7", "ana"), "2").await;
        let unlink = UnlinkIdentity {
            store: "main".into(), uid: ana.clone(), provider: "beta".into(), provider_id: None, except: None, by: AuditActor::Person, even_last: false, now: 100,
        };
        assert_eq!(directory.write(unlink.clone()).await.expect("storage"), UnlinkOutcome::Unlinked);

        assert_eq!(comes(&directory, &proven("beta", "7", "ana"), "3").await, Err(SignInRefusalReason::Detached));
        uid(&directory, &proven("gama", "5", "ana"), "g").await;
        let insists = UnlinkIdentity { provider: "gama".into(), even_last: true, by: AuditActor::Support, ..unlink.clone() };
        assert_eq!(directory.write(insists).await.expect("storage"), UnlinkOutcome::Unlinked);
        assert_eq!(comes(&directory, &proven("gama", "5", "ana"), "h").await, Err(SignInRefusalReason::Detached), "it was not the last");
        assert_eq!(comes(&directory, &proven("beta", "8", "ana"), "4").await.map(|welcomed| welcomed.rule), Ok(LinkingRule::Linked), "another account there");
        directory.write(UnlinkIdentity { provider_id: Some("8".into()), ..unlink }).await.expect("storage");
        directory.write(link(&ana, &proven("beta", "7", "ana"), "1")).await.expect("storage").expect("they ask for it themselves");
        assert_eq!(uid(&directory, &proven("beta", "7", "ana"), "5").await, ana);
        let by_mail = identity("beta", "8", IdentityEmail::Proven(email("ana"), EmailEvidence::Mail));
        assert_eq!(comes(&directory, &by_mail, "6").await.map(|welcomed| welcomed.rule), Ok(LinkingRule::Linked), "or by a code");
    };

    /// Attacks P-10, E-10
    /// Lesson 178
    people_are_found_by_what_is_typed_and_nothing_in_it_has_a_meaning: async |place| {
        let directory = place.machine().await;
        for (id, name) in [("1", "ana"), ("2", "an_a"), ("3", "bia%x")] {
            uid(&directory, &proven("acme", id, name), id).await;
        }
        let found = async |text: &str| {
            let found = directory.read(find(text)).await.expect("storage");
            found.iter().map(|record| record.user.email.key().split('@').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };

        assert_eq!(found("an").await, ["an_a", "ana", "bia%x"], "by the name as well");
        assert_eq!(found("AN_A@").await, ["an_a"]);
        assert_eq!(found("%").await, ["bia%x"]);
        assert_eq!(found("' OR 1=1 --").await, Vec::<String>::new());
        assert_eq!(found("u-1").await, ["ana"], "by the id");
        assert_eq!(found("3").await, ["bia%x"], "by the id at a provider");
        let erica = Identity { name: Some("Érica".to_owned()), ..proven("acme", "4", "e") };
        uid(&directory, &erica, "4").await;
        assert_eq!(found("Érica").await, ["e"], "as it is typed, whatever small letters an engine knows");
        assert_eq!(directory.read(SearchUsers { store: "atacado".into(), ..find("ana") }).await.expect("storage"), []);
    };

    /// Attack D-10
    an_export_holds_everything_and_forgetting_leaves_lines_without_a_person: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;
        uid(&directory, &proven("beta", "1", "ana"), "2").await;

        let everything = directory.write(ExportUser { uid: ana.clone(), by: AuditActor::Support, now: 101 }).await.expect("storage").expect("there is a person");
        assert_eq!(everything.record.user.email, email("ana"));
        assert_eq!((everything.identities.len(), everything.sessions.len(), everything.history.len()), (2, 2, 3));

        assert!(directory.write(EraseUser { store: "main".into(), uid: ana.clone(), by: AuditActor::Support, now: 102 }).await.expect("storage"));
        assert!(!directory.write(EraseUser { store: "main".into(), uid: ana.clone(), by: AuditActor::Support, now: 102 }).await.expect("storage"));
        assert_eq!(kept(&directory, "ana").await, None);
        assert!(directory.read(ListIdentityLinks(ana.clone())).await.expect("storage").is_empty());
        assert!(directory.read(ListUserAuditEvents { uid: ana.clone(), most: 10 }).await.expect("storage").is_empty());
        assert!(directory.write(ExportUser { uid: ana.clone(), by: AuditActor::Support, now: 103 }).await.expect("storage").is_none());
        let new = uid(&directory, &proven("acme", "1", "ana"), "3").await;
        assert_ne!(new, ana, "who comes again is a new person");
    };

    an_incident_is_kept_for_a_day_and_its_code_is_taken_meanwhile: async |place| {
        let directory = place.machine().await;
        let incident = StoredIncident { code: "K7Q-2MD".into(), store: "main".into(), at: 100, story: "{\"said\":\"\\u0000\"}".to_owned() };
        let remember = || SaveIncident { incident: incident.clone(), event: AuditEvent::new(100, "main", AuditEventKind::Failed) };
        let recall = |now| LoadIncident { code: "K7Q-2MD".into(), now };

        assert!(directory.write(remember()).await.expect("storage"));
        assert!(!directory.write(remember()).await.expect("storage"));

        assert_eq!(directory.read(recall(86_499)).await.expect("storage"), Some(incident.clone()));
        assert_eq!(directory.read(recall(86_500)).await.expect("storage"), None);
        tidy(&directory, 86_501, 0).await.expect("storage");
        assert!(directory.write(remember()).await.expect("storage"), "the code is free again");
    };
}
