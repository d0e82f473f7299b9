//! What support changes: ways in, who may come in, who is signed in, who is known at all.

use crate::commands::outcome::{Failure, many, say, say_json};
use crate::commands::sure;
use crate::commands::users::desk::Desk;
use crate::commands::users::{look, told};
use crate::diagnostic::{did_you_mean, printable};
use crate::directory::audit::By;
use crate::directory::people::{Block, Erase, Record, SessionsOf, Way, WaysOf};
use crate::directory::sessions::SignOut;
use crate::directory::ways::{Unlink, Unlinked};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Says what was done: to a program with who it was about, to people in words.
fn done(desk: &Desk, person: &Record, more: Value, words: &str) {
    if !desk.json {
        say(words);
        return;
    }
    let mut said = json!({ "store": desk.store, "uid": person.user.uid, "email": person.user.email.key() });
    if let (Some(said), Value::Object(more)) = (said.as_object_mut(), more) {
        said.extend(more);
    }
    say_json(&said.to_string());
}

fn sessions(ended: u64) -> String {
    if ended == 0 { "no session was open".to_owned() } else { format!("{} ended", many(ended, "session", "sessions")) }
}

/// Removes a way in.
pub async fn unlink(desk: &Desk, person: &Record, provider: &str, id: Option<&str>, even_last: bool) -> Result<(), Failure> {
    let (uid, email) = (&person.user.uid, &person.user.email);
    let ways = desk.read(WaysOf(uid.clone())).await?;
    let open = desk.read(SessionsOf { uid: uid.clone(), now: desk.now }).await?;
    let verb = Unlink {
        store: desk.store.clone(),
        uid: uid.clone(),
        provider: provider.into(),
        provider_id: id.map(Into::into),
        but: None,
        by: By::Support,
        even_last,
        now: desk.now,
    };
    match desk.write(verb).await? {
        Unlinked::Gone => {}
        Unlinked::NoSuchWay => return Err(no_such_way(person, &ways, provider)),
        Unlinked::Last => {
            return Err(Failure::No(format!(
                "nothing was done: this is the last way in of {email}; without it, {}\n  help: add `--even-last` if that is meant; \
                 `{}` shuts them out, `{}` forgets them",
                look::back_without_ways(person),
                desk.command("block", email),
                desk.command("erase", email)
            )));
        }
    }
    let left = desk.read(WaysOf(uid.clone())).await?;
    let ended = open.iter().filter(|session| session.provider.as_deref().is_none_or(|through| through == provider)).count() as u64;
    let removed: Vec<&str> = ways.iter().filter(|way| !left.contains(way)).map(|way| &*way.provider_id).collect();
    let mut words =
        format!("{email} no longer comes in through {} ({}); {}", printable(provider), printable(&removed.join(", ")), sessions(ended));
    if left.is_empty() {
        let _ = write!(words, "\nno way in is left: {}", look::back_without_ways(person));
    }
    done(desk, person, json!({ "provider": provider, "removed": removed, "waysLeft": left.len(), "sessionsEnded": ended }), &words);
    Ok(())
}

fn no_such_way(person: &Record, ways: &[Way], provider: &str) -> Failure {
    let named = |way: &Way| format!("{} ({})", printable(&way.provider), printable(&way.provider_id));
    let known = ways.iter().map(named).collect::<Vec<_>>().join(", ");
    let help = match did_you_mean(provider, ways.iter().map(|way| &*way.provider)) {
        Some(near) if near != provider => format!("did you mean `{near}`?"),
        _ if ways.is_empty() => "they have no way in at all".to_owned(),
        _ => format!("their ways in are {known}"),
    };
    Failure::No(format!("{} has no such way in\n  help: {help}", person.user.email))
}

/// Shuts somebody out, or lets them in again.
pub async fn block(desk: &Desk, person: &Record, blocked: bool) -> Result<(), Failure> {
    let email = &person.user.email;
    let changed = person.blocked != blocked;
    let mut ended = 0;
    if changed {
        let block = Block { store: desk.store.clone(), uid: person.user.uid.clone(), blocked, now: desk.now };
        ended = desk.write(block).await?.ok_or_else(|| look::gone(person))?;
    }
    let words = match (blocked, changed) {
        (true, true) => format!("{email} is blocked; {}\n`{}` lets them in again", sessions(ended), desk.command("unblock", email)),
        (true, false) => format!("{email} was blocked already; nothing changed"),
        (false, true) => format!("{email} may come in again"),
        (false, false) => format!("{email} was not blocked; nothing changed"),
    };
    done(desk, person, json!({ "blocked": blocked, "changed": changed, "sessionsEnded": ended }), &words);
    Ok(())
}

/// Ends all sessions of somebody.
pub async fn sign_out(desk: &Desk, person: &Record) -> Result<(), Failure> {
    let verb = SignOut { store: desk.store.clone(), uid: person.user.uid.clone(), but: None, by: By::Support, now: desk.now };
    let ended = desk.write(verb).await?;
    let email = &person.user.email;
    let words = if ended == 0 {
        format!("{email} was not signed in anywhere")
    } else {
        format!("{email} is signed out everywhere: {}; they may log in again", sessions(ended))
    };
    done(desk, person, json!({ "sessionsEnded": ended }), &words);
    Ok(())
}

/// Forgets somebody.
pub async fn erase(desk: &Desk, person: &Record, yes: bool) -> Result<(), Failure> {
    let (uid, email) = (&person.user.uid, &person.user.email);
    let ways = desk.read(WaysOf(uid.clone())).await?.len() as u64;
    let open = desk.read(SessionsOf { uid: uid.clone(), now: desk.now }).await?.len() as u64;
    let theirs = format!("{}, {}", many(ways, "way in", "ways in"), many(open, "open session", "open sessions"));
    let warning = format!("This forgets {email}, {}, of store `{}` for good: the person, {theirs}.", told::name(person), desk.store);
    sure::ask(yes, &warning, "address", email.key())?;
    if !desk.write(Erase { store: desk.store.clone(), uid: uid.clone(), now: desk.now }).await? {
        return Err(look::gone(person));
    }
    let again = if person.blocked {
        "they were blocked, and nobody knows that any more: should they come again, they come in as somebody new"
    } else {
        "should they come again, they are somebody new"
    };
    let words = format!(
        "{email} is forgotten\n  gone   the person, {theirs}\n  stays  what happened, without saying to whom, for as long as `audit: keep` says\n  \
         yours  what the store itself keeps, such as orders, is not touched\n  note   {again}"
    );
    let gone = json!({ "waysIn": ways, "sessions": open });
    done(desk, person, json!({ "erased": true, "gone": gone, "wasBlocked": person.blocked }), &words);
    Ok(())
}
