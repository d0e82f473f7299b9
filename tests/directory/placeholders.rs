//! Placeholders: two ids never share one, and no one becomes another person by the choice of an id.

use crate::directory::{comes, identity, on_both, proven, uid};
use crate::support::STRICT;
use portaria::directory::audit::AuditActor;
use portaria::directory::identity_links::UnlinkIdentity;
use portaria::directory::linking::{LinkingRule, SignInRefusalReason};
use portaria::directory::users::BlockUser;
use portaria::provider::compile;
use portaria::provider::identity::{Identity, IdentityEmail};
use portaria::vocabulary::email::Email;
use portaria::vocabulary::place::{Place, Source};
use std::collections::BTreeSet;

/// What a file with a placeholder makes of an id.
fn nameless(id: &str) -> Identity {
    let file = "name: Acme\nclientSecret: none\nmissingEmail: \"${id}@acme.invalid\"\n\
         getAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }\ngetAccessCode: { post: \"https://sso.acme.example/token\" }\n\
         getUserInfo: { get: \"https://sso.acme.example/me\", read: { id: $.id } }\n";
    let (acme, report) = compile(&Source::new("acme.yaml", file), STRICT);
    let acme = acme.unwrap_or_else(|| panic!("{}", report.draw(false)));
    let mut facts = acme.empty_facts();
    facts.learn(acme.names.find("id").expect("a fact"), id, portaria::provider::fact_origin::FactOrigin::Answer(Some(1)), Place::default());
    acme.identity_from(&facts, crate::directory::FINGERPRINT).expect("an identity")
}

/// The address that version 0.1 gave to an id that it did not keep: half of its SHA-256.
fn old_hash(id: &str) -> String {
    use std::fmt::Write as _;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, id.as_bytes());
    hash.as_ref()[..16].iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn at_acme(local: &str) -> Email {
    Email::parse(&format!("{local}@acme.invalid")).expect("an address")
}

/// A user whom version 0.1 created, with the address of that time.
fn from_before(id: &str) -> Identity {
    identity("acme", id, IdentityEmail::Placeholder(at_acme(&old_hash(id))))
}

on_both! {
    an_id_that_is_the_old_hash_of_another_never_becomes_that_person: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &from_before("Ana.Prova"), "1").await;
        let thief = old_hash("Ana.Prova");

        let stranger = comes(&directory, &nameless(&thief), "2").await.expect("a user of their own");
        let again = comes(&directory, &nameless(&thief), "3").await.expect("the same user");
        let returning = comes(&directory, &nameless("Ana.Prova"), "4").await.expect("the user from before");

        assert_ne!(stranger.user.uid, ana);
        assert_eq!(stranger.rule, LinkingRule::Placeholder);
        assert!(stranger.user.email.key().starts_with("hash+"), "{}", stranger.user.email);
        assert_eq!((again.user.uid, again.user.email), (stranger.user.uid, stranger.user.email));
        assert_eq!((returning.user.uid, returning.user.email), (ana, at_acme(&thief)), "an identity keeps its address");
    };

    no_two_ids_share_an_address_those_from_before_included: async |place| {
        let directory = place.machine().await;
        let hostile = ["Ana", "ana", "ANA", "a+b", "a b", "ana@loja.example", "é", "", "0123456789abcdef0123456789abcdef", "x..y", ".x"];
        let ids: BTreeSet<String> = hostile.iter().filter(|id| !id.is_empty()).flat_map(|id| {
            let new = nameless(id);
            let IdentityEmail::Placeholder(address) = &new.address else { panic!("a placeholder") };
            let local = address.key().split('@').next().expect("a local part").to_owned();
            [(*id).to_owned(), old_hash(id), old_hash(&old_hash(id)), local]
        }).collect();
        let mut owners = std::collections::BTreeMap::new();

        // Half of them were there before.
        for (at, id) in ids.iter().enumerate().filter(|(at, _)| at % 2 == 0) {
            if let Ok(welcomed) = comes(&directory, &from_before(id), &format!("old{at}")).await {
                owners.insert(id.clone(), welcomed.user.uid);
            }
        }
        for (at, id) in ids.iter().enumerate() {
            match comes(&directory, &nameless(id), &format!("new{at}")).await {
                Ok(welcomed) => {
                    let before = owners.insert(id.clone(), welcomed.user.uid.clone());
                    assert!(before.is_none_or(|before| before == welcomed.user.uid), "{id} stays the same user");
                }
                Err(why) => assert_eq!(why, SignInRefusalReason::AddressTaken, "{id}"),
            }
        }

        let people: BTreeSet<_> = owners.values().collect();
        assert_eq!(people.len(), owners.len(), "{owners:?}");
        assert!(owners.len() + 4 >= ids.len(), "nearly everyone comes in: {} of {}", owners.len(), ids.len());
    };

    who_is_blocked_or_was_removed_gets_no_second_account_by_the_placeholder: async |place| {
        let directory = place.machine().await;
        let blocked = uid(&directory, &nameless("7"), "1").await;
        directory.write(BlockUser { store: "main".into(), uid: blocked.clone(), blocked: true, now: 100 }).await.expect("storage");
        let unlink = UnlinkIdentity {
            store: "main".into(), uid: blocked, provider: "acme".into(), provider_id: None, except: None, by: AuditActor::Support, even_last: true, now: 100,
        };
        directory.write(unlink.clone()).await.expect("storage");
        let ana = uid(&directory, &nameless("8"), "2").await;
        let link = portaria::directory::identity_links::LinkIdentity {
            store: "main".into(), uid: ana.clone(), identity: proven("beta", "1", "ana"), version: "v".into(), sid: "2".into(), new_sid: "3".into(), now: 100,
        };
        directory.write(link).await.expect("storage").expect("it is free");
        directory.write(UnlinkIdentity { uid: ana, even_last: false, ..unlink }).await.expect("storage");

        assert_eq!(comes(&directory, &nameless("7"), "4").await, Err(SignInRefusalReason::Blocked));
        assert_eq!(comes(&directory, &nameless("8"), "5").await, Err(SignInRefusalReason::Detached));
    };

    an_address_in_invalid_is_never_proven: async |place| {
        let directory = place.machine().await;
        let victim = uid(&directory, &nameless("7"), "1").await;
        let file = "name: Mal\nclientSecret: none\ntrustEmail: always\n\
             getAuthorizationCode: { get: \"https://mal.example/entrar\" }\ngetAccessCode: { post: \"https://mal.example/token\" }\n\
             getUserInfo: { get: \"https://mal.example/me\", read: { id: $.id, email: $.email } }\n";
        let (mal, _) = compile(&Source::new("mal.yaml", file), STRICT);
        let mal = mal.expect("a provider");
        let mut facts = mal.empty_facts();
        for (fact, value) in [(mal.names.find("id").expect("a fact"), "1"), (mal.names.find("email").expect("a fact"), "7@acme.invalid")] {
            facts.learn(fact, value, portaria::provider::fact_origin::FactOrigin::Answer(Some(1)), Place::default());
        }

        assert!(mal.identity_from(&facts, "origins https://mal.example").is_err());
        assert_eq!(uid(&directory, &nameless("7"), "2").await, victim);
    };
}
