//! Addresses are proven by codes, and neither codes nor mails can be had without end.

use crate::directory::{at_once, email, on_both, proven, uid};
use aws_lc_rs::hmac;
use portaria::directory::Directory;
use portaria::directory::audit::{AuditEvent, AuditEventKind};
use portaria::directory::mail_budget::{MailBudget, ReachedMailLimit};
use portaria::directory::mail_codes::{LongCodes, hashed_code};
use portaria::directory::proofs::{
    BeginEmailProof, CodeMailReservation, FindEmailProof, ProofCode, ProofCodeOutcome, ReserveCodeMail, TRIES, VerifyProofCode,
};
use portaria::directory::sent_mails::ReleaseCodeMail;
use portaria::directory::tidy::tidy;
use portaria::directory::wrong_codes::of_network;
use std::sync::Arc;

const SHORT: CodeMailReservation = CodeMailReservation::Short;
const DAY: i64 = 86_400;

/// A mail of this moment has a long code, which belongs to the address for an hour.
const fn long(at: i64) -> CodeMailReservation {
    CodeMailReservation::Long { at, good_for: 3600 }
}

fn key() -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, b"the key of the tests")
}

async fn begins(directory: &Directory, id: &str) {
    begins_as(directory, id, id).await;
}

async fn begins_as(directory: &Directory, id: &str, who: &str) {
    begins_until(directory, id, who, 1000).await;
}

async fn begins_until(directory: &Directory, id: &str, who: &str, until: i64) {
    let begin = BeginEmailProof { id: id.into(), store: "main".into(), sealed: "who".to_owned(), who: who.into(), until };
    directory.write(begin).await.expect("storage");
}

/// The limits of a day, without a reserve and for the address of no user.
fn budget(network: &str, of_network: i64, of_store: i64) -> MailBudget {
    MailBudget { network: (network.into(), of_network), around: None, of_store, of_users: 0, address: "eva@loja.example".into() }
}

/// The hash of the long code of a mail.
fn long_code(recipient: &str, at: i64) -> Box<str> {
    hashed_code(&key(), recipient, &LongCodes::new(&key(), recipient).of_mail(at))
}

async fn sends(directory: &Directory, id: &str, recipient: &str, code: &str, now: i64) -> CodeMailReservation {
    sends_within(directory, None, (id, recipient, code), now).await
}

async fn sends_within(
    directory: &Directory,
    budget: Option<MailBudget>,
    (id, recipient, code): (&str, &str, &str),
    now: i64,
) -> CodeMailReservation {
    let event = AuditEvent::new(now, "main", AuditEventKind::Unproven);
    let send = ReserveCodeMail {
        id: id.into(),
        sealed: format!("who at {recipient}"),
        code: code.into(),
        long_codes: LongCodes::new(&key(), recipient),
        recipient: recipient.into(),
        budget,
        event,
        now,
    };
    directory.write(send).await.expect("storage")
}

async fn takes_back(directory: &Directory, id: &str, recipient: &str, code: &str, at: i64) {
    directory
        .write(ReleaseCodeMail { id: id.into(), code: (ProofCode::Short, code.into()), recipient: recipient.into(), at })
        .await
        .expect("storage");
}

async fn tries(directory: &Directory, id: &str, code: &str, now: i64) -> ProofCodeOutcome {
    types(directory, id, (ProofCode::Short, code), now).await
}

async fn types(directory: &Directory, id: &str, (kind, code): (ProofCode, &str), now: i64) -> ProofCodeOutcome {
    let event = AuditEvent::new(now, "main", AuditEventKind::Unproven);
    directory.write(VerifyProofCode { id: id.into(), code: (kind, code.into()), event, now }).await.expect("storage")
}

on_both! {
    the_right_code_ends_a_proof_and_it_counts_once: async |place| {
        let directory = place.machine().await;
        begins(&directory, "p").await;
        assert_eq!(tries(&directory, "p", "", 1).await, ProofCodeOutcome::ProofEnded, "no code has been sent");
        assert_eq!(sends(&directory, "p", "ana", "right", 2).await, SHORT);

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
        assert_eq!(sends(&directory, "p", "ana", "1", 100).await, SHORT);
        assert_eq!(sends(&directory, "p", "ana", "1", 110).await, CodeMailReservation::Wait(20));
        assert_eq!(sends(&directory, "q", "ana", "1", 110).await, SHORT, "another proof does not wait for it");
        assert_eq!(sends(&directory, "p", "ana", "2", 130).await, SHORT);
        assert_eq!(sends(&directory, "p", "ana", "3", 160).await, SHORT);
        assert_eq!(sends(&directory, "p", "ana", "4", 190).await, CodeMailReservation::LimitReached, "three mails for one proof");
        assert_eq!(tries(&directory, "p", "4", 190).await, ProofCodeOutcome::Wrong(TRIES - 1), "the third code still counts");
        assert!(directory.read(FindEmailProof { id: "p".into(), now: 190 }).await.expect("storage").is_some_and(|proof| proof.awaited.is_some()));
        assert_eq!(sends(&directory, "q", "ana", "4", 190).await, long(190), "the last one of five in an hour");
        assert_eq!(sends(&directory, "r", "ana", "5", 220).await, CodeMailReservation::AlreadySent);
        assert_eq!(sends(&directory, "r", "bia", "5", 220).await, SHORT, "the same proof, another address");
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
    };

    /// Attack D-11
    others_who_guess_and_ask_for_mails_keep_no_owner_out: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let (mut kinds, mut wrong) = (Vec::new(), 0);
        for at in 0..6 {
            let id = format!("q{at}");
            begins(&machines[0], &id).await;
            kinds.push(sends(&machines[at % 2], &id, "owner", "right", 100).await);
            for _ in 0..5 {
                wrong += usize::from(matches!(tries(&machines[0], &id, "wrong", 600).await, ProofCodeOutcome::Wrong(_)));
            }
        }
        assert_eq!(kinds, [SHORT, SHORT, SHORT, SHORT, long(100), CodeMailReservation::AlreadySent]);
        assert_eq!(wrong, 30);

        // Within the hour there is no further mail, and the last one opens the owner's proof.
        let code = long_code("owner", 100);
        begins(&machines[1], "o").await;
        assert_eq!(sends(&machines[1], "o", "owner", "unsent", 700).await, CodeMailReservation::AlreadySent);
        let awaited = machines[0].read(FindEmailProof { id: "o".into(), now: 700 }).await.expect("storage").and_then(|proof| proof.awaited);
        assert_eq!(awaited, Some(ProofCode::Long));
        assert_eq!(tries(&machines[0], "o", "unsent", 701).await, ProofCodeOutcome::Wrong(TRIES - 1));
        assert_eq!(types(&machines[0], "o", (ProofCode::Short, &code), 701).await, ProofCodeOutcome::Wrong(TRIES - 2), "as if it were short");
        let right = types(&machines[0], "o", (ProofCode::Long, &code), 701).await;
        assert!(matches!(&right, ProofCodeOutcome::Right(proof) if proof.sealed == "who at owner"), "{right:?}");

        // For 30 days the codes cannot be guessed; then they are short again.
        for (id, at, kind) in [("later", 2 * DAY, long(2 * DAY)), ("month", 29 * DAY, long(29 * DAY)), ("after", 31 * DAY, SHORT)] {
            tidy(&machines[0], at, 0).await.expect("storage");
            begins_until(&machines[0], id, id, 100 * DAY).await;
            assert_eq!(sends(&machines[0], id, "owner", "x", at).await, kind, "{id}");
        }
        let code = long_code("owner", 2 * DAY);
        assert!(matches!(types(&machines[0], "later", (ProofCode::Long, &code), 2 * DAY).await, ProofCodeOutcome::Right(_)));
    };

    /// A stranger who saw it types it in a proof of their own.
    a_long_code_counts_once: async |place| {
        let machines = [place.machine().await, place.machine().await];
        for at in 0..5 {
            begins(&machines[0], &format!("q{at}")).await;
            sends(&machines[0], &format!("q{at}"), "owner", "right", 100 + i64::from(at)).await;
        }
        let code = long_code("owner", 104);
        for id in ["owner", "stranger", "other"] {
            begins_until(&machines[0], id, id, 10_000).await;
            assert_eq!(sends(&machines[1], id, "owner", "unsent", 200).await, CodeMailReservation::AlreadySent);
        }

        let typing = ["owner", "stranger"].map(|id| {
            let (directory, code) = (Arc::clone(&machines[usize::from(id == "owner")]), code.clone());
            async move { types(&directory, id, (ProofCode::Long, &code), 201).await }
        });
        let right = at_once(typing).await.into_iter().filter(|typed| matches!(typed, ProofCodeOutcome::Right(_))).count();
        assert_eq!(right, 1);
        assert!(matches!(types(&machines[0], "other", (ProofCode::Long, &code), 202).await, ProofCodeOutcome::Wrong(_)));

        // The owner of the address gets mails again, and the last one of them has another code.
        let mut kinds = Vec::new();
        for at in 0..6 {
            begins(&machines[0], &format!("r{at}")).await;
            kinds.push(sends(&machines[0], &format!("r{at}"), "owner", "right", 300 + i64::from(at)).await);
        }
        assert_eq!(kinds, [SHORT, SHORT, SHORT, SHORT, long(304), CodeMailReservation::AlreadySent]);
        assert!(matches!(types(&machines[0], "r5", (ProofCode::Long, &code), 310).await, ProofCodeOutcome::Wrong(_)));
        let code = long_code("owner", 304);
        assert!(matches!(types(&machines[0], "r5", (ProofCode::Long, &code), 311).await, ProofCodeOutcome::Right(_)));
    };

    /// The clock of one machine is a second behind that of the other.
    the_last_mail_of_an_hour_is_the_one_whose_code_is_awaited: async |place| {
        let machines = [place.machine().await, place.machine().await];
        for (at, now) in [100, 100, 100, 101, 100, 101].into_iter().enumerate() {
            let id = format!("p{at}");
            begins(&machines[0], &id).await;
            let sent = sends(&machines[at % 2], &id, "ana", "right", now).await;
            assert_eq!(sent, [SHORT, SHORT, SHORT, SHORT, long(101), CodeMailReservation::AlreadySent][at], "{at}");
        }

        assert!(matches!(types(&machines[0], "p5", (ProofCode::Long, &long_code("ana", 101)), 102).await, ProofCodeOutcome::Right(_)));
    };

    an_address_gets_twenty_mails_a_day_and_its_owner_still_comes_in: async |place| {
        let directory = place.machine().await;
        let mut last = SHORT;
        for number in 0..20 {
            let (id, now) = (format!("p{number}"), 4000 * number);
            begins_until(&directory, &id, &id, 100 * DAY).await;
            last = sends(&directory, &id, "owner", "right", now).await;
        }
        assert_eq!(last, CodeMailReservation::Long { at: 76_000, good_for: DAY });

        begins_until(&directory, "o", "o", 100 * DAY).await;
        assert_eq!(sends(&directory, "o", "owner", "unsent", 82_000).await, CodeMailReservation::AlreadySent, "hours later");
        let code = long_code("owner", 76_000);
        assert!(matches!(types(&directory, "o", (ProofCode::Long, &code), 82_001).await, ProofCodeOutcome::Right(_)));
        begins_until(&directory, "next", "next", 100 * DAY).await;
        assert_eq!(sends(&directory, "next", "owner", "right", 82_002).await, SHORT);
    };

    /// Addresses that are all different do not help.
    a_store_and_a_network_have_so_many_mails_a_day: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let mut number = 0;
        let mut ask = async |network: &str, now: i64| {
            number += 1;
            let id = format!("p{number}");
            begins_until(&machines[0], &id, &id, 100 * DAY).await;
            sends_within(&machines[number % 2], Some(budget(network, 3, 7)), (&id, &format!("person {number}"), "right"), now).await
        };
        let (of_network, of_store) = (
            CodeMailReservation::BudgetReached(ReachedMailLimit::Network),
            CodeMailReservation::BudgetReached(ReachedMailLimit::Store),
        );

        for (network, expected) in
            [("a", SHORT), ("a", SHORT), ("a", SHORT), ("a", of_network), ("b", SHORT), ("b", SHORT), ("b", SHORT), ("c", SHORT), ("c", of_store), ("d", of_store)]
        {
            assert_eq!(ask(network, 100).await, expected, "{network}");
        }
        assert_eq!(ask("a", 100 + DAY - 1).await, of_store);
        assert_eq!(ask("a", 100 + DAY).await, SHORT, "a day later");
    };

    the_mails_of_a_store_are_counted_even_if_two_machines_send_at_once: async |place| {
        let machines = [place.machine().await, place.machine().await];
        for at in 0..40 {
            begins(&machines[0], &format!("p{at}")).await;
        }
        let asking = (0..40).map(|at| {
            let directory = Arc::clone(&machines[at % 2]);
            let (id, recipient, network) = (format!("p{at}"), format!("person {at}"), format!("network {at}"));
            async move { sends_within(&directory, Some(budget(&network, 3, 7)), (&id, &recipient, "code"), 100).await }
        });

        let sent = at_once(asking).await.into_iter().filter(|reservation| *reservation == SHORT).count();

        assert_eq!(sent, 7);
    };

    /// The network around counts as well.
    a_network_of_networks_has_so_many_mails_a_day: async |place| {
        let directory = place.machine().await;
        let mut asked = Vec::new();
        for at in 0..6 {
            let (id, recipient) = (format!("p{at}"), format!("person {at}"));
            begins(&directory, &id).await;
            let budget = MailBudget { around: Some((["one", "other"][at / 5].into(), 4)), ..budget(&format!("192.0.2.{at}"), 3, 70) };
            asked.push(sends_within(&directory, Some(budget), (&id, &recipient, "code"), 100).await);
        }
        assert_eq!(asked, [SHORT, SHORT, SHORT, SHORT, CodeMailReservation::BudgetReached(ReachedMailLimit::Network), SHORT]);
    };

    a_reached_limit_refuses_no_person_who_has_the_long_code: async |place| {
        let directory = place.machine().await;
        for at in 0..5 {
            begins(&directory, &format!("p{at}")).await;
            sends(&directory, &format!("p{at}"), "owner", "code", 100).await;
        }
        begins(&directory, "o").await;
        let code = long_code("owner", 100);

        for budget in [budget("a", 9, 0), budget("a", 0, 9)] {
            assert_eq!(sends_within(&directory, Some(budget), ("o", "owner", "unsent"), 200).await, CodeMailReservation::AlreadySent);
        }
        assert!(matches!(types(&directory, "o", (ProofCode::Long, &code), 201).await, ProofCodeOutcome::Right(_)));
    };

    /// What strangers use up is not all: the addresses of users have a part of their own, and no answer says which addresses these are.
    a_part_of_the_mails_is_kept_for_addresses_of_users: async |place| {
        let directory = place.machine().await;
        uid(&directory, &proven("acme", "1", "ana"), "s").await;
        let ask = async |id: &str, recipient: &str, network: &str, now: i64| {
            let address = email(recipient).key().into();
            let budget = MailBudget { of_users: 4, address, ..budget(network, 5, 2) };
            sends_within(&directory, Some(budget), (id, recipient, "short"), now).await
        };
        for id in ["1", "2", "a1", "a2", "a3", "a4", "e1", "e2", "e3", "e4", "n1", "n2"] {
            begins_until(&directory, id, id, 100 * DAY).await;
        }
        assert_eq!([ask("1", "um", "1", 100).await, ask("2", "dois", "2", 100).await], [SHORT, SHORT]);

        let to_user = |at: i64, is_sent: bool| CodeMailReservation::ToUserOnly { at, good_for: if at < 103 { 900 } else { DAY }, is_sent };
        for (who, is_sent) in [("ana", true), ("eva", false)] {
            let ids = [1, 2, 3, 4].map(|at| format!("{}{at}", &who[..1]));
            for (id, at) in ids.iter().zip(101..) {
                let expected = if at < 104 { to_user(at, is_sent) } else { CodeMailReservation::AlreadySent };
                assert_eq!(ask(id, who, who, at).await, expected, "{who}");
                let proof = directory.read(FindEmailProof { id: (**id).into(), now: 200 }).await.expect("storage").expect("a proof");
                assert_eq!((proof.awaited, proof.is_to_user_only), (Some(ProofCode::Long), true), "{who}");
            }
            assert!(matches!(ask(&ids[0], who, who, 110).await, CodeMailReservation::Wait(_) | CodeMailReservation::AlreadySent));
        }
        assert!(matches!(types(&directory, "a1", (ProofCode::Long, &long_code("ana", 101)), 120).await, ProofCodeOutcome::Right(_)));
        assert!(matches!(ask("n1", "ana", "new", 121).await, CodeMailReservation::ToUserOnly { is_sent: true, .. }), "it was used");
        begins(&directory, "n3").await;
        assert!(matches!(ask("n3", "ana", "other", 122).await, CodeMailReservation::ToUserOnly { is_sent: false, .. }), "all four are sent");
        for id in ["x1", "x2"] {
            begins(&directory, id).await;
        }
        ask("x1", "outra", "eva", 123).await;
        ask("x2", "mais", "eva", 123).await;
        assert_eq!(ask("n2", "nova", "eva", 124).await, CodeMailReservation::BudgetReached(ReachedMailLimit::Network), "sent or not");
        assert_eq!(ask("n2", "eva", "new", 130 + DAY).await, SHORT, "a day later");
    };

    what_was_not_sent_is_not_counted_for_the_store: async |place| {
        let directory = place.machine().await;
        let budget = || Some(budget("a", 1, 1));
        begins(&directory, "p").await;
        for at in 100..105 {
            assert_eq!(sends_within(&directory, budget(), ("p", "ana", "lost"), at).await, SHORT);
            takes_back(&directory, "p", "ana", "lost", at).await;
        }
        assert_eq!(sends_within(&directory, budget(), ("p", "ana", "sent"), 110).await, SHORT);
        let reached = CodeMailReservation::BudgetReached(ReachedMailLimit::Store);
        assert_eq!(sends_within(&directory, budget(), ("p", "ana", "more"), 200).await, reached);
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

        let sent = at_once(asking).await;
        let many = |kind: CodeMailReservation| sent.iter().filter(|sending| **sending == kind).count();

        assert_eq!([many(SHORT), many(long(100)), many(CodeMailReservation::AlreadySent)], [4, 1, 19]);
    };

    what_could_not_be_sent_was_not_sent: async |place| {
        let directory = place.machine().await;
        begins(&directory, "p").await;
        for at in 100..110 {
            assert_eq!(sends(&directory, "p", "ana", "lost", at).await, SHORT, "at once, and as often as it takes");
            takes_back(&directory, "p", "ana", "lost", at).await;
            takes_back(&directory, "p", "ana", "lost", at).await;
        }
        assert!(directory.read(FindEmailProof { id: "p".into(), now: 110 }).await.expect("storage").is_some_and(|proof| proof.awaited.is_none()));
        assert_eq!(tries(&directory, "p", "lost", 110).await, ProofCodeOutcome::ProofEnded, "no one has that code");

        assert_eq!(sends(&directory, "p", "ana", "slow", 110).await, SHORT);
        assert_eq!(sends(&directory, "p", "bia", "quick", 120).await, SHORT);
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

    /// Without an identity the network counts. Many people may share it, so it is not refused: its codes become long.
    a_network_with_many_wrong_codes_gets_codes_that_cannot_be_guessed: async |place| {
        let directory = place.machine().await;
        let network = of_network("203.0.113.7", None);
        for number in 0..20 {
            let id = format!("p{number}");
            begins_as(&directory, &id, &network).await;
            assert_eq!(sends(&directory, &id, &format!("person {number}"), "right", 100).await, SHORT);
        }
        for number in 0..19 {
            for _ in 0..5 {
                tries(&directory, &format!("p{number}"), "wrong", 101).await;
            }
        }
        for _ in 0..4 {
            tries(&directory, "p19", "wrong", 101).await;
        }
        begins_as(&directory, "last", &network).await;
        assert_eq!(sends(&directory, "last", "ana", "right", 102).await, SHORT, "99 wrong codes are not yet too many");
        tries(&directory, "p19", "wrong", 103).await;

        let right = tries(&directory, "last", "right", 104).await;
        assert!(matches!(right, ProofCodeOutcome::Right(_)), "others who guess make no right code wrong: {right:?}");
        begins_as(&directory, "new", &network).await;
        assert_eq!(sends(&directory, "new", "bia", "right", 105).await, long(105));
        assert!(matches!(types(&directory, "new", (ProofCode::Long, &long_code("bia", 105)), 106).await, ProofCodeOutcome::Right(_)));
        begins_as(&directory, "elsewhere", &of_network("203.0.113.8", None)).await;
        assert_eq!(sends(&directory, "elsewhere", "lia", "right", 107).await, SHORT);
        begins_until(&directory, "tomorrow", &network, 100 + DAY + 900).await;
        assert_eq!(sends(&directory, "tomorrow", "eva", "right", 104 + DAY).await, SHORT);
    };

    /// A short code that is under way when its network has guessed too much has one wrong try, so that many begun proofs are few guesses.
    a_wrong_code_ends_a_proof_whose_network_has_guessed: async |place| {
        let directory = place.machine().await;
        let network = of_network("203.0.113.7", None);
        for id in ["mine", "guess"] {
            begins_as(&directory, id, &network).await;
            assert_eq!(sends(&directory, id, id, "right", 100).await, SHORT);
        }
        guess(&directory, &network, "p", 20).await;

        assert_eq!(tries(&directory, "guess", "wrong", 104).await, ProofCodeOutcome::Wrong(0));
        assert_eq!(tries(&directory, "guess", "right", 105).await, ProofCodeOutcome::ProofEnded);
        assert!(matches!(tries(&directory, "mine", "right", 106).await, ProofCodeOutcome::Right(_)));
    };

    /// Whoever has a /48 of IPv6 has 65,536 networks in it.
    the_networks_of_a_wide_one_count_together: async |place| {
        let directory = place.machine().await;
        let networks: Vec<Box<str>> = (0..6).map(|at| of_network(&format!("2001:db8:7:{at}::"), Some("2001:db8:7::"))).collect();
        for (at, network) in networks.iter().take(5).enumerate() {
            // Fewer than a network alone may have.
            guess(&directory, network, &format!("n{at}"), if at < 4 { 19 } else { 3 }).await;
        }
        begins_as(&directory, "before", &networks[5]).await;
        assert_eq!(sends(&directory, "before", "ana", "right", 102).await, SHORT, "395 wrong codes");
        guess(&directory, &networks[4], "last", 1).await;

        begins_as(&directory, "new", &networks[5]).await;
        assert_eq!(sends(&directory, "new", "bia", "right", 103).await, long(103));
        begins_as(&directory, "alone", &of_network("2001:db8:7:5::", None)).await;
        assert_eq!(sends(&directory, "alone", "eva", "right", 104).await, SHORT);
        begins_as(&directory, "elsewhere", &of_network("2001:db8:8::", Some("2001:db8:8::"))).await;
        assert_eq!(sends(&directory, "elsewhere", "lia", "right", 105).await, SHORT);
    };
}

/// Five wrong codes in each of so many proofs from a network.
async fn guess(directory: &Directory, network: &str, name: &str, proofs: usize) {
    for number in 0..proofs {
        let id = format!("{name} {number}");
        begins_as(directory, &id, network).await;
        sends(directory, &id, &id, "right", 100).await;
        for _ in 0..5 {
            tries(directory, &id, "wrong", 101).await;
        }
    }
}
