//! Addresses are proven by codes, and neither codes nor mails can be had without end.

use crate::directory::{at_once, on_both};
use portaria::directory::Directory;
use portaria::directory::audit::{AuditEvent, AuditEventKind};
use portaria::directory::proofs::{
    BeginEmailProof, CodeMailReservation, FindEmailProof, ProofCodeOutcome, ReleaseCodeMail, ReserveCodeMail, TRIES, VerifyProofCode,
};
use portaria::directory::tidy::tidy;
use std::sync::Arc;

async fn begins(directory: &Directory, id: &str) {
    begins_as(directory, id, id).await;
}

async fn begins_as(directory: &Directory, id: &str, who: &str) {
    let begin = BeginEmailProof { id: id.into(), store: "main".into(), sealed: "who".to_owned(), who: who.into(), until: 1000 };
    directory.write(begin).await.expect("storage");
}

async fn sends(directory: &Directory, id: &str, recipient: &str, code: &str, now: i64) -> CodeMailReservation {
    let event = AuditEvent::new(now, "main", AuditEventKind::Unproven);
    let send = ReserveCodeMail {
        id: id.into(),
        sealed: format!("who at {recipient}"),
        code: code.into(),
        recipient: recipient.into(),
        event,
        now,
    };
    directory.write(send).await.expect("storage")
}

async fn takes_back(directory: &Directory, id: &str, recipient: &str, code: &str, at: i64) {
    directory.write(ReleaseCodeMail { id: id.into(), code: code.into(), recipient: recipient.into(), at }).await.expect("storage");
}

async fn tries(directory: &Directory, id: &str, code: &str, now: i64) -> ProofCodeOutcome {
    let event = AuditEvent::new(now, "main", AuditEventKind::Unproven);
    directory.write(VerifyProofCode { id: id.into(), code: code.into(), event, now }).await.expect("storage")
}

on_both! {
    the_right_code_ends_a_proof_and_it_counts_once: async |place| {
        let directory = place.machine().await;
        begins(&directory, "p").await;
        assert_eq!(tries(&directory, "p", "", 1).await, ProofCodeOutcome::ProofEnded, "no code has been sent");
        assert_eq!(sends(&directory, "p", "ana", "right", 2).await, CodeMailReservation::Reserved);

        assert_eq!(tries(&directory, "p", "wrong", 3).await, ProofCodeOutcome::Wrong(TRIES - 1));
        let machines = [place.machine().await, place.machine().await];
        let trying = (0..4).map(|at| {
            let directory = Arc::clone(&machines[at % 2]);
            async move { tries(&directory, "p", "right", 4).await }
        });
        let right: Vec<_> = at_once(trying).await.into_iter().filter(|tried| matches!(tried, ProofCodeOutcome::Right(_))).collect();

        assert_eq!(right.len(), 1, "{right:?}");
        assert!(matches!(&right[0], ProofCodeOutcome::Right(proof) if proof.sealed == "who at ana" && &*proof.store == "main"));
        assert_eq!(directory.read(FindEmailProof { id: "p".into(), now: 5 }).await.expect("storage"), None);
    };

    five_wrong_codes_end_a_proof_even_if_they_come_at_once: async |place| {
        let machines = [place.machine().await, place.machine().await];
        begins(&machines[0], "p").await;
        sends(&machines[0], "p", "ana", "right", 2).await;
        let trying = (0..50).map(|at| {
            let directory = Arc::clone(&machines[at % 2]);
            async move { tries(&directory, "p", "wrong", 3).await }
        });

        let wrong = at_once(trying).await.into_iter().filter(|tried| matches!(tried, ProofCodeOutcome::Wrong(_))).count();

        assert_eq!(i64::try_from(wrong).expect("few"), TRIES);
        assert_eq!(tries(&machines[0], "p", "right", 4).await, ProofCodeOutcome::ProofEnded);
        assert_eq!(sends(&machines[0], "p", "ana", "again", 400).await, CodeMailReservation::ProofEnded);
    };

    a_proof_is_over_after_its_time: async |place| {
        let directory = place.machine().await;
        begins(&directory, "p").await;
        sends(&directory, "p", "ana", "right", 2).await;

        assert!(directory.read(FindEmailProof { id: "p".into(), now: 999 }).await.expect("storage").is_some());
        assert_eq!(directory.read(FindEmailProof { id: "p".into(), now: 1000 }).await.expect("storage"), None);
        assert_eq!(tries(&directory, "p", "right", 1000).await, ProofCodeOutcome::ProofEnded);
    };

    nobody_is_drowned_in_mails_whoever_asks_for_them: async |place| {
        let directory = place.machine().await;
        for id in ["p", "q", "r"] {
            begins(&directory, id).await;
        }
        assert_eq!(sends(&directory, "p", "ana", "1", 100).await, CodeMailReservation::Reserved);
        assert_eq!(sends(&directory, "q", "ana", "1", 110).await, CodeMailReservation::Wait(20), "another proof, the same address");
        assert_eq!(sends(&directory, "q", "bia", "1", 110).await, CodeMailReservation::Reserved);
        assert_eq!(sends(&directory, "p", "ana", "2", 130).await, CodeMailReservation::Reserved);
        assert_eq!(sends(&directory, "p", "ana", "3", 160).await, CodeMailReservation::Reserved);
        assert_eq!(sends(&directory, "p", "ana", "4", 190).await, CodeMailReservation::LimitReached, "three mails for one proof");
        assert_eq!(tries(&directory, "p", "4", 190).await, ProofCodeOutcome::Wrong(TRIES - 1), "the third code still counts");
        assert!(directory.read(FindEmailProof { id: "p".into(), now: 190 }).await.expect("storage").is_some_and(|proof| proof.is_sent));
        assert_eq!(sends(&directory, "q", "ana", "4", 190).await, CodeMailReservation::Reserved);
        assert_eq!(sends(&directory, "r", "ana", "5", 220).await, CodeMailReservation::Reserved);
        assert_eq!(sends(&directory, "r", "ana", "6", 250).await, CodeMailReservation::Wait(3450), "five in an hour");
        tidy(&directory, 90_000, 0).await.expect("storage");
        assert_eq!(directory.read(FindEmailProof { id: "r".into(), now: 3 }).await.expect("storage"), None, "what is over goes");
    };

    wrong_codes_are_few_in_a_day_in_however_many_proofs_and_on_however_many_machines: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let (mut wrong, mut refused) = (0, 0);
        for at in 0..6 {
            let (id, victim) = (format!("p{at}"), format!("victim{at}"));
            begins_as(&machines[0], &id, "the same somebody").await;
            if sends(&machines[at % 2], &id, &victim, "right", 100).await == CodeMailReservation::ProofEnded {
                refused += 1;
                continue;
            }
            let trying = (0..5).map(|try_at| {
                let (directory, id) = (Arc::clone(&machines[try_at % 2]), id.clone());
                async move { tries(&directory, &id, "wrong", 101).await }
            });
            wrong += at_once(trying).await.into_iter().filter(|tried| matches!(tried, ProofCodeOutcome::Wrong(_))).count();
        }
        assert_eq!((wrong, refused), (10, 4));

        // For one address, whoever tries.
        let mut wrong = 0;
        for at in 0..6 {
            let id = format!("q{at}");
            begins(&machines[0], &id).await;
            sends(&machines[0], &id, "one victim", "right", 100 + 31 * at).await;
            for _ in 0..5 {
                wrong += usize::from(matches!(tries(&machines[0], &id, "wrong", 600).await, ProofCodeOutcome::Wrong(_)));
            }
        }
        assert_eq!(wrong, 20);
    };

    mails_to_one_address_are_counted_even_if_many_ask_at_once: async |place| {
        let machines = [place.machine().await, place.machine().await];
        for at in 0..24 {
            begins(&machines[0], &format!("p{at}")).await;
        }
        let asking = (0..24).map(|at| {
            let directory = Arc::clone(&machines[at % 2]);
            async move { sends(&directory, &format!("p{at}"), "ana", "code", 100).await }
        });

        let sent = at_once(asking).await.into_iter().filter(|sending| *sending == CodeMailReservation::Reserved).count();

        assert_eq!(sent, 1);
    };

    what_could_not_be_sent_was_not_sent: async |place| {
        let directory = place.machine().await;
        begins(&directory, "p").await;
        for at in 100..110 {
            assert_eq!(sends(&directory, "p", "ana", "lost", at).await, CodeMailReservation::Reserved, "at once, and as often as it takes");
            takes_back(&directory, "p", "ana", "lost", at).await;
            takes_back(&directory, "p", "ana", "lost", at).await;
        }
        assert!(directory.read(FindEmailProof { id: "p".into(), now: 110 }).await.expect("storage").is_some_and(|proof| !proof.is_sent));
        assert_eq!(tries(&directory, "p", "lost", 110).await, ProofCodeOutcome::ProofEnded, "nobody has that code");

        assert_eq!(sends(&directory, "p", "ana", "slow", 110).await, CodeMailReservation::Reserved);
        assert_eq!(sends(&directory, "p", "bia", "quick", 120).await, CodeMailReservation::Reserved);
        takes_back(&directory, "p", "ana", "slow", 110).await;
        assert_eq!(sends(&directory, "p", "bia", "more", 121).await, CodeMailReservation::Wait(29), "the other mail was sent");
        assert!(matches!(tries(&directory, "p", "quick", 122).await, ProofCodeOutcome::Right(_)));
    };

    only_the_last_code_counts: async |place| {
        let directory = place.machine().await;
        begins(&directory, "p").await;
        sends(&directory, "p", "ana", "first", 100).await;
        sends(&directory, "p", "bia", "second", 200).await;

        assert!(matches!(tries(&directory, "p", "first", 201).await, ProofCodeOutcome::Wrong(_)));
        assert!(matches!(tries(&directory, "p", "second", 202).await, ProofCodeOutcome::Right(proof) if proof.sealed == "who at bia"));
    };
}
