//! Users as they are found, shown and exported.

use crate::commands::outcome::{CommandFailure, CommandOutcome, count_in_words, limit_to, print_json, print_line};
use crate::commands::users::context::UsersContext;
use crate::commands::users::rendering;
use crate::directory::audit::{AuditActor, ListUserAuditEvents};
use crate::directory::export::{self, ExportReader, ExportUser};
use crate::directory::kept_tokens::ListKeptTokensOfUser;
use crate::directory::passkeys::ListPasskeys;
use crate::directory::users::{IdentityLink, ListActiveSessions, ListIdentityLinks, SearchUsers, UserRecord};
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::utc_time::format_time;
use serde_json::json;

pub(crate) async fn print_found_users(context: &UsersContext, text: &str, most: i64) -> Result<CommandOutcome, CommandFailure> {
    let found = context.read(SearchUsers { store: context.store.clone(), text: text.to_owned(), most: most + 1 }).await?;
    let (found, more) = limit_to(found, most);
    if context.json {
        let people: Vec<_> = found.iter().map(export::user_as_json).collect();
        print_json(&json!({ "store": context.store, "people": people, "more": more }).to_string());
    } else if found.is_empty() {
        print_line(&format!("no user of store `{}` matches `{}`", context.store, printable(text)));
    } else {
        print_table(&found);
        if more {
            print_line(&format!("there are more: `--most {}`, or more of the address", most.saturating_mul(10)));
        }
    }
    Ok(if found.is_empty() { CommandOutcome::No } else { CommandOutcome::Fine })
}

fn print_table(found: &[UserRecord]) {
    let names: Vec<String> = found.iter().map(rendering::display_name).collect();
    let address = found.iter().map(|record| record.user.email.key().len()).max().unwrap_or_default();
    let name = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    for (record, shown) in found.iter().zip(&names) {
        let blocked = if record.blocked { "blocked, " } else { "" };
        let (email, proof, seen) = (record.user.email.key(), rendering::address_proof(record), format_time(record.last_seen));
        print_line(&format!("{email:<address$}  {proof:<11}  {shown:<name$}  {blocked}last seen {seen}"));
    }
}

pub(crate) async fn print_user(context: &UsersContext, person: &UserRecord) -> Result<(), CommandFailure> {
    let links = context.read(ListIdentityLinks(person.user.uid.clone())).await?;
    let sessions = context.read(ListActiveSessions { uid: person.user.uid.clone(), now: context.now }).await?;
    let apps = context.apps_of(person).await?;
    let kept = context.read(ListKeptTokensOfUser(person.user.uid.clone())).await?;
    let passkeys = context.read(ListPasskeys(person.user.uid.clone())).await?;
    if context.json {
        let mut shown = export::user_as_json(person);
        shown["apps"] = export::apps_as_json(&apps);
        shown["waysIn"] = export::links_as_json(&links);
        shown["sessions"] = export::sessions_as_json(&sessions);
        shown["keptTokens"] = export::kept_tokens_as_json(&kept);
        shown["passkeys"] = export::passkeys_as_json(&passkeys);
        print_json(&shown.to_string());
        return Ok(());
    }
    print_line(&rendering::user_as_text(person));
    print_line("\nlinked identities");
    for link in &links {
        print_line(&rendering::link_as_text(link));
    }
    if links.is_empty() {
        print_line(&format!("  none: {}", sign_in_without_links(person)));
    }
    print_line("\nopen sessions");
    for session in &sessions {
        print_line(&rendering::session_as_text(session));
    }
    if sessions.is_empty() {
        print_line("  none");
    }
    if !apps.is_empty() {
        print_line("\napps with access");
    }
    for app in &apps {
        print_line(&rendering::app_as_text(app));
    }
    if !kept.is_empty() {
        print_line("\ntokens of providers that are kept for apps");
    }
    for (provider, until) in &kept {
        print_line(&rendering::kept_tokens_as_text(provider, *until));
    }
    if !passkeys.is_empty() {
        print_line("\npasskeys");
    }
    for passkey in &passkeys {
        print_line(&rendering::passkey_as_text(passkey));
    }
    print_line("\nwhat can be done");
    print_hints(context, person, &links, !sessions.is_empty() || !apps.is_empty());
    Ok(())
}

/// How a user without linked identities can sign in.
pub(crate) fn sign_in_without_links(person: &UserRecord) -> String {
    if person.user.email_verified && !export::is_placeholder(person) {
        format!("a login that proves {} leads back to this user", person.user.email)
    } else {
        "the address is not proven, so no login leads back to this user: a later sign-in makes a new user".to_owned()
    }
}

fn print_hints(context: &UsersContext, person: &UserRecord, links: &[IdentityLink], has_access: bool) {
    let email = &person.user.email;
    let mut hints = vec![(context.command_line("history", email), "what happened, and why")];
    if has_access {
        hints.push((context.command_line("sign-out", email), "ends the open sessions, and all access of apps"));
    }
    if let (Some(way), true) = (links.last(), links.len() > 1) {
        hints.push((
            format!("{} --provider {}", context.command_line("unlink", email), printable(&way.provider)),
            "removes a linked identity",
        ));
    }
    hints.push(if person.blocked {
        (context.command_line("unblock", email), "unblocks the user")
    } else {
        (context.command_line("block", email), "blocks the user")
    });
    let widest = hints.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    for (command, what) in hints {
        print_line(&format!("  {command:<widest$}  {what}"));
    }
}

pub(crate) async fn print_history(context: &UsersContext, person: &UserRecord, most: i64) -> Result<(), CommandFailure> {
    let history = context.read(ListUserAuditEvents { uid: person.user.uid.clone(), most: most + 1 }).await?;
    let (history, more) = limit_to(history, most);
    if context.json {
        let (uid, email) = (&person.user.uid, person.user.email.key());
        let history = export::history_as_json(&history);
        print_json(&json!({ "store": context.store, "uid": uid, "email": email, "history": history, "more": more }).to_string());
        return Ok(());
    }
    for event in &history {
        print_line(&rendering::event_as_text(event));
    }
    if history.is_empty() {
        print_line(&format!("the audit has no events of {}; it keeps events for as long as `audit: keep` says", person.user.email));
    }
    if more {
        print_line(&format!("there is more: `--most {}`", most.saturating_mul(10)));
    }
    Ok(())
}

pub(crate) async fn print_export(context: &UsersContext, person: &UserRecord) -> Result<(), CommandFailure> {
    let everything = context.write(ExportUser { uid: person.user.uid.clone(), by: AuditActor::Support, now: context.now }).await?;
    let Some(everything) = everything else { return Err(erased_meanwhile(person)) };
    let out = everything.to_json(ExportReader::Support, context.now);
    print_json(&format!("{out:#}"));
    let lines = count_in_words(everything.history.len() as u64, "line", "lines");
    eprintln!("all stored data of {} ({lines} of history); the audit records the export", person.user.email);
    Ok(())
}

/// The user was erased while the command ran.
pub(crate) fn erased_meanwhile(person: &UserRecord) -> CommandFailure {
    CommandFailure::No(format!("{} has just been erased by another command", person.user.email))
}
