//! The whole table of who becomes whom: what the file says about addresses × what the provider says × who is there already ×
//! by which way they come. What is expected stands in `matrix.txt`, the same for both engines.
//! After a change of a rule: `ACCEPT=1 cargo test matrix`, then read what changed.

use crate::directory::{Place, arrival, email, kept, on_both, proven};
use crate::support::{STRICT, root, text};
use portaria::directory::Directory;
use portaria::directory::identity_links::LinkIdentity;
use portaria::directory::users::BlockUser;
use portaria::provider::compile;
use portaria::provider::fact_origin::FactOrigin;
use portaria::provider::identity::Identity;
use portaria::vocabulary::place::{Place as FilePlace, Source};
use std::fmt::Write as _;

const TRUST: [&str; 4] = ["claim", "always", "never", "[ loja.example ]"];
const VERIFIED: [Option<&str>; 3] = [Some("true"), Some("false"), None];
const MISSING: [&str; 3] = ["refuse", "ask", "${id}@acme.invalid"];
/// Who has the address already.
const HOLDERS: [&str; 4] = ["nobody", "by beta", "by acme", "blocked"];
/// How a person comes: for the first time, again, again with another address than before, or signed in to add this way.
const WAYS: [&str; 4] = ["first", "again", "moved", "signed in"];

/// Who acme says that it is, under a file that says this.
fn arriving(trust: &str, verified: Option<&str>, missing: &str) -> Result<Identity, &'static str> {
    let file = format!(
        "name: Clube Acme\nclientId: loja-42\nclientSecret: env:ACME_SECRET\ntrustEmail: {trust}\nmissingEmail: \"{missing}\"\n\
         getAuthorizationCode: {{ get: \"https://sso.acme.example/entrar\", scope: perfil }}\n\
         getAccessCode: {{ post: \"https://sso.acme.example/token\" }}\n\
         getUserInfo:\n  get: https://sso.acme.example/me\n  read: {{ id: $.id, email: $.email, emailVerified: $.ok }}\n"
    );
    let file = if trust == "claim" { file } else { file.replace(", emailVerified: $.ok", "") };
    let (acme, _) = compile(&Source::new("acme.yaml", file), STRICT);
    let acme = acme.ok_or("no such file can be written")?;
    let mut facts = acme.empty_facts();
    let mut learn = |name: &str, value: &str| {
        if let Some(slot) = acme.names.find(name) {
            facts.learn(slot, value, FactOrigin::Answer(Some(1)), FilePlace::default());
        }
    };
    learn("id", "1");
    learn("email", "ana@loja.example");
    verified.into_iter().for_each(|value| learn("emailVerified", value));
    acme.identity_from(&facts, crate::directory::FINGERPRINT).map_err(|_| "no identity")
}

async fn comes(directory: &Directory, store: &str, identity: &Identity, sid: &str) -> String {
    let sid = format!("{store}-{sid}");
    let outcome = directory.write(arrival(store, identity, &sid)).await.expect("storage is there");
    match outcome {
        Ok(welcomed) => {
            let user = welcomed.user;
            let who = user.uid.strip_prefix(&format!("u-{store}-")).expect("it is of this store").to_owned();
            let proof = if user.email_verified { "" } else { ", not proven" };
            format!("{}: {who} as {}{proof}", welcomed.rule.word(), user.email)
        }
        Err(away) => format!("refused: {}", away.why.word()),
    }
}

async fn outcome(directory: &Directory, store: &str, identity: &Identity, holder: &str, way: &str) -> String {
    // Who comes again has come before, with an address of theirs.
    let before = match way {
        "again" => Some(identity.clone()),
        "moved" => Some(proven("acme", "1", "antes")),
        _ => None,
    };
    if let Some(before) = before {
        comes(directory, store, &before, "self").await;
    }
    match holder {
        "by beta" | "blocked" => _ = comes(directory, store, &proven("beta", "7", "ana"), "holder").await,
        "by acme" => _ = comes(directory, store, &proven("acme", "2", "ana"), "holder").await,
        _ => {}
    }
    if holder == "blocked" {
        let record = directory.read(portaria::directory::users::FindUserByEmail { store: store.into(), email: email("ana") }).await;
        if let Some(record) = record.expect("storage is there") {
            directory
                .write(BlockUser { store: store.into(), uid: record.user.uid, blocked: true, now: 100 })
                .await
                .expect("storage is there");
        }
    }
    if way != "signed in" {
        return comes(directory, store, identity, "now").await;
    }
    comes(directory, store, &proven("gama", "3", "eu"), "self").await;
    let uid = format!("u-{store}-self").into();
    let (sid, new_sid) = (format!("{store}-self").into(), format!("{store}-new").into());
    let link = LinkIdentity { store: store.into(), uid, identity: identity.clone(), version: "v1".into(), sid, new_sid, now: 100 };
    match directory.write(link).await.expect("storage is there") {
        Ok((user, rule)) => format!("{}: self as {}", rule.word(), user.email),
        Err(away) => format!("refused: {}", away.why.word()),
    }
}

async fn table(place: Place) -> String {
    let directory = place.machine().await;
    let mut table = String::new();
    let mut number = 0;
    for trust in TRUST {
        for verified in VERIFIED {
            for missing in MISSING {
                let said = format!("trustEmail: {trust}, emailVerified: {}, missingEmail: {missing}", verified.unwrap_or("not said"));
                let _ = writeln!(table, "{said}");
                let identity = match arriving(trust, verified, missing) {
                    Ok(identity) => identity,
                    Err(why) => {
                        let _ = writeln!(table, "    {why}");
                        continue;
                    }
                };
                for holder in HOLDERS {
                    for way in WAYS {
                        number += 1;
                        let outcome = outcome(&directory, &format!("s{number}"), &identity, holder, way).await;
                        let _ = writeln!(table, "    {holder:<8} {way:<10} {outcome}");
                    }
                }
            }
        }
    }
    assert_eq!(kept(&directory, "ana").await, None, "stores are told apart");
    table
}

#[expect(clippy::disallowed_methods, reason = "the variable ACCEPT accepts changed rules")]
async fn holds(place: Place) {
    let expected = root().join("tests/directory/matrix.txt");
    let table = table(place).await;
    if std::env::var_os("ACCEPT").is_some() {
        std::fs::write(&expected, &table).expect("it can be written");
    }
    assert_eq!(table, text(&expected), "run `ACCEPT=1 cargo test matrix` and read what changed");
}

on_both! {
    /// Attacks D-01, U-10
    /// Lessons 5, 9, 21
    the_whole_table_of_who_becomes_whom: holds;
}
