//! Who a person is, and who becomes one person.

use crate::directory::{arrival, at_once, comes, email, identity, kept, on_both, proven, uid};
use portaria::directory::attempts::ConsumeAttempt;
use portaria::directory::audit::{AuditActor, AuditEventKind, ListUserAuditEvents};
use portaria::directory::identity_links::LinkIdentity;
use portaria::directory::linking::{LinkingRule, SignInRefusalReason};
use portaria::directory::reasons;
use portaria::directory::sessions::{EndAllSessions, EndedSessionCursor, ListEndedSessions};
use portaria::directory::users::{BlockUser, ListIdentityLinks};
use portaria::provider::identity::{Identity, IdentityEmail};
use portaria::provider::trust::EmailEvidence;
use std::sync::Arc;

on_both! {
    /// Lessons 19, 38
    /// Attack U-03
    who_comes_again_is_the_same_person_and_ids_are_compared_byte_for_byte: async |place| {
        let directory = place.machine().await;
        let first = uid(&directory, &proven("acme", "Ab", "ana"), "1").await;
        let again = uid(&directory, &proven("acme", "Ab", "ana"), "2").await;
        let other = uid(&directory, &proven("acme", "aB", "bia"), "3").await;
        let third = uid(&directory, &proven("acme", "Ab ", "caio"), "4").await;

        assert_eq!(first, again);
        assert!(first != other && first != third && other != third);
    };

    /// Lesson 1
    /// Attacks E-11, U-10
    a_proven_address_links_another_way_in_and_an_unproven_one_never_does: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;

        let linked = comes(&directory, &proven("beta", "7", "ana"), "2").await.expect("signed in");
        let unproven = comes(&directory, &identity("gama", "8", IdentityEmail::Placeholder(email("ana"))), "3").await;
        let nobody = comes(&directory, &identity("gama", "9", IdentityEmail::Ask(Some(email("ana")))), "4").await;
        let elsewhere = directory.write(arrival("atacado", &proven("acme", "1", "ana"), "5")).await.expect("storage").expect("signed in");

        assert_eq!((linked.user.uid, linked.rule), (ana.clone(), LinkingRule::Linked));
        let unproven = unproven.expect("a user of their own");
        assert_eq!((unproven.rule, unproven.user.email_verified), (LinkingRule::Placeholder, false));
        assert!(unproven.user.uid != ana && unproven.user.email.key().starts_with("hash+"), "{:?}", unproven.user);
        assert_eq!(nobody, Err(SignInRefusalReason::NoAddress));
        assert_ne!(elsewhere.user.uid, ana, "a store of its own, people of its own");
    };

    /// Lessons 2, 17, 18, 20
    what_a_provider_calls_somebody_selects_nobody: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "42", "ana"), "1").await;
        let named = |identity: Identity, name: &str| Identity { name: Some(name.to_owned()), ..identity };

        let bia = uid(&directory, &named(proven("beta", "42", "bia"), "ana@loja.example"), "2").await;
        let renamed = uid(&directory, &named(proven("beta", "42", "bia"), "Bia"), "3").await;
        let freed = uid(&directory, &named(proven("beta", "43", "caio"), "ana@loja.example"), "4").await;

        assert_ne!(bia, ana, "neither by a name that is an address, nor by an id at another provider");
        assert_eq!(renamed, bia, "a name may change");
        assert!(freed != bia && freed != ana, "and be another person's");
    };

    /// Attacks D-06, D-07
    an_address_that_changed_is_taken_over_only_if_it_is_nobody_elses: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;
        uid(&directory, &proven("acme", "2", "bia"), "2").await;

        let taken = comes(&directory, &proven("acme", "1", "bia"), "3").await.expect("signed in");
        let free = comes(&directory, &proven("acme", "1", "nova"), "4").await.expect("signed in");

        assert_eq!((&taken.user.uid, taken.user.email, taken.rule), (&ana, email("ana"), LinkingRule::KnownAddressTaken));
        assert_eq!((&free.user.uid, free.user.email, free.rule), (&ana, email("nova"), LinkingRule::AddressChanged));
        assert_eq!(kept(&directory, "ana").await, None);
        let (ended, ..) = directory.read(ListEndedSessions(EndedSessionCursor::default())).await.expect("storage");
        let ended: Vec<_> = ended.iter().map(|(sid, _)| &**sid).collect();
        assert_eq!(ended, ["1", "3"], "tokens with the old address end, the new session goes on");
    };

    a_way_that_was_added_with_another_address_leaves_the_address_alone: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;
        let link = LinkIdentity {
            store: "main".into(), uid: ana.clone(), identity: proven("beta", "7", "outra"), version: "v1".into(), sid: "1".into(), new_sid: "2".into(), now: 100,
        };
        directory.write(link).await.expect("storage").expect("it is free");

        for (sid, identity, email_then, rule) in [
            ("3", proven("beta", "7", "outra"), "ana", LinkingRule::Known),
            ("4", proven("acme", "1", "ana"), "ana", LinkingRule::Known),
            ("5", proven("beta", "7", "mais"), "ana", LinkingRule::Known),
            ("6", proven("acme", "1", "nova"), "nova", LinkingRule::AddressChanged),
            ("7", proven("beta", "7", "outra"), "nova", LinkingRule::Known),
            ("8", proven("acme", "1", "caio"), "caio", LinkingRule::AddressChanged),
        ] {
            let welcomed = comes(&directory, &identity, sid).await.expect("signed in");
            assert_eq!((&welcomed.user.uid, welcomed.user.email, welcomed.rule), (&ana, email(email_then), rule), "{sid}");
        }
    };

    /// Attack E-12
    an_address_that_the_same_provider_gives_to_somebody_else_opens_nothing: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;

        let somebody = comes(&directory, &proven("acme", "2", "ana"), "2").await;
        let by_mail = identity("acme", "2", IdentityEmail::Proven(email("ana"), EmailEvidence::Mail));
        let with_a_code = comes(&directory, &by_mail, "3").await.expect("signed in");

        assert_eq!(somebody, Err(SignInRefusalReason::AddressReassigned));
        assert_eq!((with_a_code.user.uid, with_a_code.rule), (ana, LinkingRule::Linked));
    };

    /// Attack D-02
    /// Lesson 10
    what_was_made_without_proof_gives_way_to_proof: async |place| {
        let directory = place.machine().await;
        let squatter = uid(&directory, &identity("gama", "8", IdentityEmail::Placeholder(email("ana"))), "1").await;

        let ana = comes(&directory, &proven("acme", "1", "ana"), "2").await.expect("signed in");
        let again = comes(&directory, &identity("gama", "8", IdentityEmail::Placeholder(email("ana"))), "3").await.expect("signed in");

        assert_eq!((ana.rule, ana.user.email.clone()), (LinkingRule::NewInstead, email("ana")));
        assert_ne!(ana.user.uid, squatter);
        assert_eq!(again.user.uid, squatter);
        assert!(!again.user.email_verified && again.user.email.key().ends_with("@displaced.invalid"), "{:?}", again.user);
        let (ended, ..) = directory.read(ListEndedSessions(EndedSessionCursor::default())).await.expect("storage");
        assert_eq!(ended.iter().map(|(sid, _)| &**sid).collect::<Vec<_>>(), ["1"]);
    };

    /// Attack D-09
    whoever_is_blocked_comes_in_by_no_way: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;

        directory.write(BlockUser { store: "main".into(), uid: ana.clone(), blocked: true, now: 100 }).await.expect("storage");

        assert_eq!(comes(&directory, &proven("acme", "1", "ana"), "2").await, Err(SignInRefusalReason::Blocked));
        assert_eq!(comes(&directory, &proven("acme", "1", "new"), "3").await, Err(SignInRefusalReason::Blocked));
        assert_eq!(comes(&directory, &proven("beta", "1", "ana"), "4").await, Err(SignInRefusalReason::Blocked));
        directory.write(BlockUser { store: "main".into(), uid: ana.clone(), blocked: false, now: 100 }).await.expect("storage");
        assert_eq!(uid(&directory, &proven("acme", "1", "ana"), "5").await, ana);
    };

    /// Attack D-05
    fifty_who_come_at_once_with_one_address_are_one_person: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let coming = (0..50).map(|at| {
            let directory = Arc::clone(&machines[at % 2]);
            async move { uid(&directory, &proven(&format!("provider{at}"), "1", "ana"), &at.to_string()).await }
        });

        let mut people = at_once(coming).await;
        people.dedup();

        assert_eq!(people.len(), 1, "{people:?}");
        assert_eq!(machines[0].read(ListIdentityLinks(people[0].clone())).await.expect("storage").len(), 50);
    };

    /// Attack D-05
    fifty_who_come_at_once_as_the_same_are_one_person_with_one_way: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let coming = (0..50).map(|at| {
            let directory = Arc::clone(&machines[at % 2]);
            async move { uid(&directory, &proven("acme", "1", "ana"), &at.to_string()).await }
        });

        let mut people = at_once(coming).await;
        people.dedup();

        assert_eq!(people.len(), 1, "{people:?}");
        assert_eq!(machines[0].read(ListIdentityLinks(people[0].clone())).await.expect("storage").len(), 1);
    };

    /// Attack D-05
    fifty_whom_one_provider_tells_apart_are_never_one_person: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let coming = (0..50).map(|at| {
            let directory = Arc::clone(&machines[at % 2]);
            async move { comes(&directory, &proven("acme", &at.to_string(), "ana"), &at.to_string()).await }
        });

        let come = at_once(coming).await;

        assert_eq!(come.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{come:?}");
        assert!(come.iter().all(|outcome| outcome.as_ref().is_ok_and(|_| true) || *outcome == Err(SignInRefusalReason::AddressReassigned)));
    };

    an_attempt_is_spent_once_however_many_try_on_how_many_machines: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let spend = |attempt: &str| ConsumeAttempt { attempt: attempt.into(), until: 700 };
        let trying = (0..50).map(|at| {
            let directory = Arc::clone(&machines[at % 2]);
            async move { directory.write(spend("attempt")).await.expect("storage") }
        });

        let times = at_once(trying).await.into_iter().filter(|spent| *spent).count();

        assert_eq!(times, 1);
        assert!(!machines[1].write(spend("attempt")).await.expect("storage"));
        assert!(machines[0].write(spend("another")).await.expect("storage"));
    };

    a_request_that_is_given_up_leaves_nothing_open: async |place| {
        let directory = place.machine().await;
        for at in 0..20 {
            let (ana, sid) = (proven("acme", "1", "ana"), at.to_string());
            // Polled a little, then dropped.
            let _ = tokio::time::timeout(std::time::Duration::ZERO, comes(&directory, &ana, &sid)).await;
        }

        assert!(comes(&directory, &proven("acme", "1", "ana"), "last").await.is_ok());
    };

    every_decision_can_be_read_back_in_words: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;
        uid(&directory, &proven("beta", "7", "ana"), "2").await;
        comes(&directory, &proven("acme", "2", "ana"), "3").await.expect_err("another person");

        let ways = directory.read(ListIdentityLinks(ana.clone())).await.expect("storage");
        let history = directory.read(ListUserAuditEvents { uid: ana, most: 10 }).await.expect("storage");

        assert_eq!(ways.iter().map(reasons::describe_link).collect::<Vec<_>>(), [
            "linked because no user had this address: the provider says that the address is proven (acme.yaml, version v1)",
            "linked because this user has the same address: the provider says that the address is proven (beta.yaml, version v1)",
        ]);
        assert_eq!(history.iter().map(|event| event.what).collect::<Vec<_>>(), [AuditEventKind::Refused, AuditEventKind::Login, AuditEventKind::Login]);
        let refused = reasons::describe_event(&history[0]);
        assert!(refused.starts_with("refused through acme because the address belongs to a user whom the same provider"), "{refused}");
        assert!(refused.contains("the shopper can"), "{refused}");
    };

    the_history_of_a_person_holds_all_that_happened_and_what_proved_it: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;
        comes(&directory, &proven("acme", "1", "nova"), "2").await.expect("signed in");
        let link = LinkIdentity {
            store: "main".into(), uid: ana.clone(), identity: proven("beta", "7", "outra"), version: "v1".into(), sid: "2".into(), new_sid: "3".into(), now: 100,
        };
        directory.write(link).await.expect("storage").expect("it is free");
        directory.write(EndAllSessions { store: "main".into(), uid: ana.clone(), except: None, by: AuditActor::Support, now: 100 }).await.expect("storage");

        let history = directory.read(ListUserAuditEvents { uid: ana, most: 10 }).await.expect("storage");

        let seen: Vec<_> = history.iter().map(|event| (event.what, event.evidence.as_deref())).collect();
        for expected in [
            (AuditEventKind::Login, Some("claim")),
            (AuditEventKind::Moved, Some("claim")),
            (AuditEventKind::Linked, Some("claim")),
            (AuditEventKind::SignedOut, None),
        ] {
            assert!(seen.contains(&expected), "{expected:?} in {seen:?}");
        }
    };
}
