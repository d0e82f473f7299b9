//! The table of docs/who-is-who.md, in every language: each of its rows is made to happen, and has to end by the rule that it names.

use crate::directory::{FINGERPRINT, arrival, comes, email, identity, on_both, proven};
use crate::support::{root, text};
use portaria::directory::Directory;
use portaria::directory::audit::AuditActor;
use portaria::directory::identity_links::UnlinkIdentity;
use portaria::directory::linking::{LinkingRule, SignInRefusalReason};
use portaria::directory::users::BlockUser;
use portaria::provider::identity::{Identity, IdentityEmail};
use portaria::provider::trust::EmailEvidence;

const PAGES: [&str; 2] = ["docs/who-is-who.md", "docs/pt-BR/who-is-who.md"];

/// What the store has known of the identity.
enum Earlier {
    Nothing,
    Linked,
    LinkedAndBlocked,
    /// The file pointed elsewhere then.
    LinkedElsewhere,
}

/// Who has the address with which the identity comes.
#[derive(PartialEq)]
enum Holder {
    None,
    Self_,
    Other,
    OtherWithoutProof,
    OtherAtProvider,
    OtherWhoRemovedIt,
    Blocked,
}

fn earlier(words: &str) -> Option<Earlier> {
    Some(match words {
        "new" | "nova" => Earlier::Nothing,
        "linked" | "vinculada" => Earlier::Linked,
        "linked, and the user is blocked" | "vinculada, e o usuário está bloqueado" => Earlier::LinkedAndBlocked,
        "linked while the file pointed elsewhere" | "vinculada quando o arquivo apontava para outro lugar" => Earlier::LinkedElsewhere,
        _ => return None,
    })
}

fn address(words: &str) -> IdentityEmail {
    match words {
        "proven" | "provado" => IdentityEmail::Proven(email("ana"), EmailEvidence::Claim),
        "proven by mail" | "provado por código" => IdentityEmail::Proven(email("ana"), EmailEvidence::Mail),
        "a placeholder" | "um e-mail fictício" => IdentityEmail::Placeholder(email("ana")),
        "missing" | "não veio" => IdentityEmail::Ask(None),
        other => panic!("`{other}` is no address of the table"),
    }
}

fn holder(words: &str) -> Holder {
    match words {
        "no user" | "de ninguém" => Holder::None,
        "this user" | "deste usuário" => Holder::Self_,
        "another user" | "de outro usuário" => Holder::Other,
        "another user, without proof" | "de outro usuário, sem prova" => Holder::OtherWithoutProof,
        "a user with another id at this provider" | "de um usuário com outro id neste provedor" => Holder::OtherAtProvider,
        "a user who has removed this identity" | "de um usuário que removeu esta identidade" => Holder::OtherWhoRemovedIt,
        "a blocked user" | "de um usuário bloqueado" => Holder::Blocked,
        other => panic!("`{other}` is no holder of the table"),
    }
}

/// The cells of each row of the table, without the marks of code.
fn rows(page: &str) -> Vec<Vec<String>> {
    let page = text(&root().join(page));
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().replace('`', "")).collect::<Vec<String>>();
    page.lines().map(cells).filter(|cells| cells.len() == 5 && earlier(&cells[0]).is_some()).collect()
}

async fn block(directory: &Directory, store: &str, uid: &str) {
    directory.write(BlockUser { store: store.into(), uid: uid.into(), blocked: true, now: 100 }).await.expect("storage");
}

/// What a sign-in at a store ends with: the word of its rule or of the refusal, and the id of the user.
async fn signs_in(directory: &Directory, store: &str, identity: &Identity, sid: &str) -> (String, Option<Box<str>>) {
    match directory.write(arrival(store, identity, &format!("{store}-{sid}"))).await.expect("storage") {
        Ok(signed_in) => (signed_in.rule.word().to_owned(), Some(signed_in.user.uid)),
        Err(refusal) => (refusal.why.word().to_owned(), None),
    }
}

async fn outcome(directory: &Directory, store: &str, row: &[String]) -> String {
    let (earlier, holder) = (earlier(&row[0]).expect("it was found by it"), holder(&row[2]));
    let signs_in = async |identity: &Identity, sid: &str| signs_in(directory, store, identity, sid).await;
    let own_name = if holder == Holder::Self_ { "ana" } else { "antes" };
    let before = proven("acme", "1", own_name);
    match earlier {
        Earlier::Nothing => {}
        Earlier::Linked => _ = signs_in(&before, "before").await,
        Earlier::LinkedAndBlocked => {
            let (_, uid) = signs_in(&before, "before").await;
            block(directory, store, &uid.expect("signed in")).await;
        }
        Earlier::LinkedElsewhere => {
            let elsewhere = Identity { fingerprint: "origins https://other.example".into(), ..before };
            signs_in(&elsewhere, "before").await;
        }
    }
    match holder {
        Holder::None | Holder::Self_ => {}
        Holder::Other => _ = signs_in(&proven("beta", "7", "ana"), "holder").await,
        Holder::OtherWithoutProof => _ = signs_in(&identity("beta", "7", IdentityEmail::Placeholder(email("ana"))), "holder").await,
        Holder::OtherAtProvider => _ = signs_in(&proven("acme", "2", "ana"), "holder").await,
        Holder::OtherWhoRemovedIt => {
            signs_in(&proven("beta", "7", "ana"), "holder").await;
            let (_, uid) = signs_in(&proven("acme", "1", "ana"), "linked").await;
            let unlink = UnlinkIdentity {
                store: store.into(),
                uid: uid.expect("signed in"),
                provider: "acme".into(),
                provider_id: Some("1".into()),
                except: None,
                by: AuditActor::Person,
                even_last: false,
                now: 100,
            };
            directory.write(unlink).await.expect("storage");
        }
        Holder::Blocked => {
            let (_, uid) = signs_in(&proven("beta", "7", "ana"), "holder").await;
            block(directory, store, &uid.expect("signed in")).await;
        }
    }
    signs_in(&Identity { fingerprint: FINGERPRINT.into(), ..identity("acme", "1", address(&row[1])) }, "now").await.0
}

on_both! {
    every_row_of_who_is_who_ends_as_it_says: async |place| {
        let directory = place.machine().await;
        for (number, page) in PAGES.iter().enumerate() {
            let rows = rows(page);
            assert!(rows.len() > 20, "{page} has {} rows", rows.len());
            for (line, row) in rows.iter().enumerate() {
                assert_eq!(outcome(&directory, &format!("s{number}-{line}"), row).await, row[4], "{page}: {}", row.join(" | "));
            }
        }
        comes(&directory, &proven("acme", "1", "ana"), "s").await.expect("stores are distinct");
    };
}

#[test]
fn who_is_who_names_every_rule_and_every_reason() {
    let rules = [
        LinkingRule::Known,
        LinkingRule::KnownAddressTaken,
        LinkingRule::AddressChanged,
        LinkingRule::New,
        LinkingRule::NewInstead,
        LinkingRule::Placeholder,
        LinkingRule::Linked,
        LinkingRule::LinkedByThemselves,
    ];
    let reasons = [
        SignInRefusalReason::Blocked,
        SignInRefusalReason::AddressReassigned,
        SignInRefusalReason::Detached,
        SignInRefusalReason::NoAddress,
        SignInRefusalReason::LinkedElsewhere,
        SignInRefusalReason::SignedOut,
        SignInRefusalReason::ProviderMoved,
    ];
    for page in PAGES {
        let page = text(&root().join(page));
        for word in rules.map(LinkingRule::word).into_iter().chain(reasons.map(SignInRefusalReason::word)) {
            assert!(page.contains(&format!("`{word}`")), "{word} is missing");
        }
    }
}
