//! What support changes: linked identities, blocks, sessions, and whole users.

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

/// Reports a change: as JSON with the user for programs, as a sentence for people.
fn report_change(context: &UsersContext, person: &UserRecord, more: Value, words: &str) {
    if !context.json {
        print_line(words);
        return;
    }
    let mut report = json!({ "store": context.store, "uid": person.user.uid, "email": person.user.email.key() });
    if let (Some(report), Value::Object(more)) = (report.as_object_mut(), more) {
        report.extend(more);
    }
    print_json(&report.to_string());
}

fn sessions_ended(ended: u64) -> String {
    if ended == 0 { "no session was open".to_owned() } else { format!("{} ended", count_in_words(ended, "session", "sessions")) }
}

/// The sessions that ended, and the apps that lost their access.
fn access_ended(sessions: u64, apps: u64) -> String {
    let sessions = sessions_ended(sessions);
    if apps == 0 { sessions } else { format!("{sessions}, and the access of {}", count_in_words(apps, "app", "apps")) }
}

pub(crate) async fn unlink(
    context: &UsersContext,
    person: &UserRecord,
    provider: &str,
    id: Option<&str>,
    even_last: bool,
) -> Result<(), CommandFailure> {
    let (uid, email) = (&person.user.uid, &person.user.email);
    let links = context.read(ListIdentityLinks(uid.clone())).await?;
    let open = context.read(ListActiveSessions { uid: uid.clone(), now: context.now }).await?;
    let verb = UnlinkIdentity {
        store: context.store.clone(),
        uid: uid.clone(),
        provider: provider.into(),
        provider_id: id.map(Into::into),
        except: None,
        by: AuditActor::Support,
        even_last,
        now: context.now,
    };
    match context.write(verb).await? {
        UnlinkOutcome::Unlinked => {}
        UnlinkOutcome::NotFound => return Err(no_such_link(person, &links, provider)),
        UnlinkOutcome::LastIdentity => {
            return Err(CommandFailure::No(format!(
                "nothing was done: this is the last linked identity of {email}; without it, {}\n  help: add `--even-last` if that is meant; \
                 `{}` blocks the user, `{}` erases the user",
                reports::sign_in_without_links(person),
                context.command_line("block", email),
                context.command_line("erase", email)
            )));
        }
    }
    let left = context.read(ListIdentityLinks(uid.clone())).await?;
    let ended = open.iter().filter(|session| session.provider.as_deref().is_none_or(|through| through == provider)).count() as u64;
    let removed: Vec<&str> = links.iter().filter(|way| !left.contains(way)).map(|way| &*way.provider_id).collect();
    let mut words =
        format!("{email} is no longer linked to {} ({}); {}", printable(provider), printable(&removed.join(", ")), sessions_ended(ended));
    if left.is_empty() {
        let _ = write!(words, "\nno linked identity is left: {}", reports::sign_in_without_links(person));
    }
    report_change(
        context,
        person,
        json!({ "provider": provider, "removed": removed, "waysLeft": left.len(), "sessionsEnded": ended }),
        &words,
    );
    Ok(())
}

fn no_such_link(person: &UserRecord, links: &[IdentityLink], provider: &str) -> CommandFailure {
    let named = |way: &IdentityLink| format!("{} ({})", printable(&way.provider), printable(&way.provider_id));
    let known = links.iter().map(named).collect::<Vec<_>>().join(", ");
    let help = match did_you_mean(provider, links.iter().map(|way| &*way.provider)) {
        Some(near) if near != provider => format!("did you mean `{near}`?"),
        _ if links.is_empty() => "the user has no linked identity".to_owned(),
        _ => format!("the linked identities are {known}"),
    };
    CommandFailure::No(format!("{} has no such identity\n  help: {help}", person.user.email))
}

pub(crate) async fn block(context: &UsersContext, person: &UserRecord, blocked: bool) -> Result<(), CommandFailure> {
    let email = &person.user.email;
    let changed = person.blocked != blocked;
    let (mut ended, mut apps) = (0, 0);
    if changed {
        apps = if blocked { context.apps_of(person).await?.len() as u64 } else { 0 };
        let block = BlockUser { store: context.store.clone(), uid: person.user.uid.clone(), blocked, now: context.now };
        ended = context.write(block).await?.ok_or_else(|| reports::erased_meanwhile(person))?;
    }
    let words = match (blocked, changed) {
        (true, true) => {
            format!("{email} is blocked; {}\n`{}` lifts that", access_ended(ended, apps), context.command_line("unblock", email))
        }
        (true, false) => format!("{email} was blocked already; nothing changed"),
        (false, true) => format!("{email} may sign in again"),
        (false, false) => format!("{email} was not blocked; nothing changed"),
    };
    let more = json!({ "blocked": blocked, "changed": changed, "sessionsEnded": ended, "appsEnded": apps });
    report_change(context, person, more, &words);
    Ok(())
}

pub(crate) async fn sign_out(context: &UsersContext, person: &UserRecord) -> Result<(), CommandFailure> {
    let verb = EndAllSessions {
        store: context.store.clone(),
        uid: person.user.uid.clone(),
        except: None,
        by: AuditActor::Support,
        now: context.now,
    };
    let apps = context.apps_of(person).await?.len() as u64;
    let ended = context.write(verb).await?;
    let email = &person.user.email;
    let words = if ended == 0 && apps == 0 {
        format!("{email} was not signed in anywhere")
    } else {
        format!("{email} is signed out everywhere: {}; the user may sign in again", access_ended(ended, apps))
    };
    report_change(context, person, json!({ "sessionsEnded": ended, "appsEnded": apps }), &words);
    Ok(())
}

pub(crate) async fn erase(context: &UsersContext, person: &UserRecord, yes: bool) -> Result<(), CommandFailure> {
    let (uid, email) = (&person.user.uid, &person.user.email);
    let links = context.read(ListIdentityLinks(uid.clone())).await?.len() as u64;
    let open = context.read(ListActiveSessions { uid: uid.clone(), now: context.now }).await?.len() as u64;
    let apps = context.apps_of(person).await?.len() as u64;
    let mut theirs = format!(
        "{}, {}",
        count_in_words(links, "linked identity", "linked identities"),
        count_in_words(open, "open session", "open sessions")
    );
    if apps > 0 {
        let _ = write!(theirs, ", the access of {}", count_in_words(apps, "app", "apps"));
    }
    let warning =
        format!("This erases {email}, {}, of store `{}` for good: the user, {theirs}.", rendering::display_name(person), context.store);
    confirmation::confirm(yes, &warning, "address", email.key())?;
    if !context.write(EraseUser { store: context.store.clone(), uid: uid.clone(), by: AuditActor::Support, now: context.now }).await? {
        return Err(reports::erased_meanwhile(person));
    }
    let again = if person.blocked {
        "the user was blocked, and that is erased as well: a later sign-in makes a new user, who is not blocked"
    } else {
        "a later sign-in makes a new user"
    };
    let words = format!(
        "{email} is erased\n  gone   the user, {theirs}\n  stays  the audit, which no longer names the user, for as long as `audit: keep` says\n  \
         yours  what the store itself keeps, such as orders, is not touched\n  note   {again}"
    );
    let gone = json!({ "waysIn": links, "sessions": open, "apps": apps });
    report_change(context, person, json!({ "erased": true, "gone": gone, "wasBlocked": person.blocked }), &words);
    Ok(())
}
