//! What support changes: ways in, who may come in, who is signed in, who is known at all.

use crate::commands::confirmation;
use crate::commands::outcome::{CommandFailure, count_in_words, print_json, print_line};
use crate::commands::users::context::UsersContext;
use crate::commands::users::{rendering, reports};
use crate::directory::audit::AuditActor;
use crate::directory::identity_links::{UnlinkIdentity, UnlinkOutcome};
use crate::directory::sessions::EndAllSessions;
use crate::directory::users::{BlockUser, EraseUser, IdentityLink, ListActiveSessions, ListIdentityLinks, UserRecord};
use crate::vocabulary::diagnostic::{did_you_mean, printable};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Says what was done: to a program with who it was about, to people in words.
fn report_change(desk: &UsersContext, person: &UserRecord, more: Value, words: &str) {
    if !desk.json {
        print_line(words);
        return;
    }
    let mut said = json!({ "store": desk.store, "uid": person.user.uid, "email": person.user.email.key() });
    if let (Some(said), Value::Object(more)) = (said.as_object_mut(), more) {
        said.extend(more);
    }
    print_json(&said.to_string());
}

fn sessions_ended(ended: u64) -> String {
    if ended == 0 { "no session was open".to_owned() } else { format!("{} ended", count_in_words(ended, "session", "sessions")) }
}

/// Removes a way in.
pub(crate) async fn unlink(
    desk: &UsersContext,
    person: &UserRecord,
    provider: &str,
    id: Option<&str>,
    even_last: bool,
) -> Result<(), CommandFailure> {
    let (uid, email) = (&person.user.uid, &person.user.email);
    let ways = desk.read(ListIdentityLinks(uid.clone())).await?;
    let open = desk.read(ListActiveSessions { uid: uid.clone(), now: desk.now }).await?;
    let verb = UnlinkIdentity {
        store: desk.store.clone(),
        uid: uid.clone(),
        provider: provider.into(),
        provider_id: id.map(Into::into),
        but: None,
        by: AuditActor::Support,
        even_last,
        now: desk.now,
    };
    match desk.write(verb).await? {
        UnlinkOutcome::Gone => {}
        UnlinkOutcome::NoSuchWay => return Err(no_such_link(person, &ways, provider)),
        UnlinkOutcome::Last => {
            return Err(CommandFailure::No(format!(
                "nothing was done: this is the last way in of {email}; without it, {}\n  help: add `--even-last` if that is meant; \
                 `{}` shuts them out, `{}` forgets them",
                reports::sign_in_without_links(person),
                desk.command_line("block", email),
                desk.command_line("erase", email)
            )));
        }
    }
    let left = desk.read(ListIdentityLinks(uid.clone())).await?;
    let ended = open.iter().filter(|session| session.provider.as_deref().is_none_or(|through| through == provider)).count() as u64;
    let removed: Vec<&str> = ways.iter().filter(|way| !left.contains(way)).map(|way| &*way.provider_id).collect();
    let mut words = format!(
        "{email} no longer comes in through {} ({}); {}",
        printable(provider),
        printable(&removed.join(", ")),
        sessions_ended(ended)
    );
    if left.is_empty() {
        let _ = write!(words, "\nno way in is left: {}", reports::sign_in_without_links(person));
    }
    report_change(
        desk,
        person,
        json!({ "provider": provider, "removed": removed, "waysLeft": left.len(), "sessionsEnded": ended }),
        &words,
    );
    Ok(())
}

fn no_such_link(person: &UserRecord, ways: &[IdentityLink], provider: &str) -> CommandFailure {
    let named = |way: &IdentityLink| format!("{} ({})", printable(&way.provider), printable(&way.provider_id));
    let known = ways.iter().map(named).collect::<Vec<_>>().join(", ");
    let help = match did_you_mean(provider, ways.iter().map(|way| &*way.provider)) {
        Some(near) if near != provider => format!("did you mean `{near}`?"),
        _ if ways.is_empty() => "they have no way in at all".to_owned(),
        _ => format!("their ways in are {known}"),
    };
    CommandFailure::No(format!("{} has no such way in\n  help: {help}", person.user.email))
}

/// Shuts somebody out, or lets them in again.
pub(crate) async fn block(desk: &UsersContext, person: &UserRecord, blocked: bool) -> Result<(), CommandFailure> {
    let email = &person.user.email;
    let changed = person.blocked != blocked;
    let mut ended = 0;
    if changed {
        let block = BlockUser { store: desk.store.clone(), uid: person.user.uid.clone(), blocked, now: desk.now };
        ended = desk.write(block).await?.ok_or_else(|| reports::erased_meanwhile(person))?;
    }
    let words = match (blocked, changed) {
        (true, true) => {
            format!("{email} is blocked; {}\n`{}` lets them in again", sessions_ended(ended), desk.command_line("unblock", email))
        }
        (true, false) => format!("{email} was blocked already; nothing changed"),
        (false, true) => format!("{email} may come in again"),
        (false, false) => format!("{email} was not blocked; nothing changed"),
    };
    report_change(desk, person, json!({ "blocked": blocked, "changed": changed, "sessionsEnded": ended }), &words);
    Ok(())
}

/// Ends all sessions of somebody.
pub(crate) async fn sign_out(desk: &UsersContext, person: &UserRecord) -> Result<(), CommandFailure> {
    let verb =
        EndAllSessions { store: desk.store.clone(), uid: person.user.uid.clone(), but: None, by: AuditActor::Support, now: desk.now };
    let ended = desk.write(verb).await?;
    let email = &person.user.email;
    let words = if ended == 0 {
        format!("{email} was not signed in anywhere")
    } else {
        format!("{email} is signed out everywhere: {}; they may log in again", sessions_ended(ended))
    };
    report_change(desk, person, json!({ "sessionsEnded": ended }), &words);
    Ok(())
}

/// Forgets somebody.
pub(crate) async fn erase(desk: &UsersContext, person: &UserRecord, yes: bool) -> Result<(), CommandFailure> {
    let (uid, email) = (&person.user.uid, &person.user.email);
    let ways = desk.read(ListIdentityLinks(uid.clone())).await?.len() as u64;
    let open = desk.read(ListActiveSessions { uid: uid.clone(), now: desk.now }).await?.len() as u64;
    let theirs = format!("{}, {}", count_in_words(ways, "way in", "ways in"), count_in_words(open, "open session", "open sessions"));
    let warning =
        format!("This forgets {email}, {}, of store `{}` for good: the person, {theirs}.", rendering::display_name(person), desk.store);
    confirmation::confirm(yes, &warning, "address", email.key())?;
    if !desk.write(EraseUser { store: desk.store.clone(), uid: uid.clone(), now: desk.now }).await? {
        return Err(reports::erased_meanwhile(person));
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
    report_change(desk, person, json!({ "erased": true, "gone": gone, "wasBlocked": person.blocked }), &words);
    Ok(())
}
