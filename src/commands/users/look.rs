//! People as they are found, shown and handed out.

use crate::commands::outcome::{Failure, Outcome, cut, many, moment, say, say_json};
use crate::commands::users::desk::Desk;
use crate::commands::users::told;
use crate::diagnostic::printable;
use crate::directory::audit::History;
use crate::directory::people::{Export, Find, Record, SessionsOf, Standing, Way, WaysOf};
use serde_json::json;

/// People who are meant by a text.
pub async fn find(desk: &Desk, text: &str, most: i64) -> Result<Outcome, Failure> {
    let found = desk.read(Find { store: desk.store.clone(), text: text.to_owned(), most: most + 1 }).await?;
    let (found, more) = cut(found, most);
    if desk.json {
        let people: Vec<_> = found.iter().map(told::person_json).collect();
        say_json(&json!({ "store": desk.store, "people": people, "more": more }).to_string());
    } else if found.is_empty() {
        say(&format!("nobody in store `{}` is known by `{}`", desk.store, printable(text)));
    } else {
        print(&found);
        if more {
            say(&format!("there are more: `--most {}`, or more of the address", most.saturating_mul(10)));
        }
    }
    Ok(if found.is_empty() { Outcome::No } else { Outcome::Fine })
}

fn print(found: &[Record]) {
    let names: Vec<String> = found.iter().map(told::name).collect();
    let address = found.iter().map(|record| record.user.email.key().len()).max().unwrap_or_default();
    let name = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    for (record, shown) in found.iter().zip(&names) {
        let blocked = if record.blocked { "blocked, " } else { "" };
        let (email, proof, seen) = (record.user.email.key(), told::proof(record), moment(record.last_seen));
        say(&format!("{email:<address$}  {proof:<11}  {shown:<name$}  {blocked}last seen {seen}"));
    }
}

/// Who somebody is.
pub async fn show(desk: &Desk, person: &Record) -> Result<(), Failure> {
    let ways = desk.read(WaysOf(person.user.uid.clone())).await?;
    let sessions = desk.read(SessionsOf { uid: person.user.uid.clone(), now: desk.now }).await?;
    if desk.json {
        let mut shown = told::person_json(person);
        shown["waysIn"] = told::ways_json(&ways);
        shown["sessions"] = told::sessions_json(&sessions);
        say_json(&shown.to_string());
        return Ok(());
    }
    say(&told::person(person));
    say("\nways in");
    for way in &ways {
        say(&told::way(way));
    }
    if ways.is_empty() {
        say(&format!("  none: {}", back_without_ways(person)));
    }
    say("\nopen sessions");
    for session in &sessions {
        say(&told::session(session));
    }
    if sessions.is_empty() {
        say("  none");
    }
    say("\nwhat can be done");
    hints(desk, person, &ways, &sessions);
    Ok(())
}

/// How somebody without a way in comes back.
pub fn back_without_ways(person: &Record) -> String {
    if person.user.email_verified && !told::is_placeholder(person) {
        format!("a login that proves {} leads back to them", person.user.email)
    } else {
        "their address is not proven, so no login leads back to them: whoever comes is somebody new".to_owned()
    }
}

fn hints(desk: &Desk, person: &Record, ways: &[Way], sessions: &[Standing]) {
    let email = &person.user.email;
    let mut hints = vec![(desk.command("history", email), "what happened, and why")];
    if !sessions.is_empty() {
        hints.push((desk.command("sign-out", email), "ends the open sessions"));
    }
    if let (Some(way), true) = (ways.last(), ways.len() > 1) {
        hints.push((format!("{} --provider {}", desk.command("unlink", email), printable(&way.provider)), "removes a way in"));
    }
    hints.push(if person.blocked {
        (desk.command("unblock", email), "lets them in again")
    } else {
        (desk.command("block", email), "shuts them out")
    });
    let widest = hints.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    for (command, what) in hints {
        say(&format!("  {command:<widest$}  {what}"));
    }
}

/// What happened to somebody.
pub async fn history(desk: &Desk, person: &Record, most: i64) -> Result<(), Failure> {
    let history = desk.read(History { uid: person.user.uid.clone(), most: most + 1 }).await?;
    let (history, more) = cut(history, most);
    if desk.json {
        let (uid, email) = (&person.user.uid, person.user.email.key());
        let told = told::history_json(&history);
        say_json(&json!({ "store": desk.store, "uid": uid, "email": email, "history": told, "more": more }).to_string());
        return Ok(());
    }
    for event in &history {
        say(&told::event(event));
    }
    if history.is_empty() {
        say(&format!("nothing is written down of {}; lines go when they are as old as `audit: keep` says", person.user.email));
    }
    if more {
        say(&format!("there is more: `--most {}`", most.saturating_mul(10)));
    }
    Ok(())
}

/// Hands out everything that is kept of somebody.
pub async fn export(desk: &Desk, person: &Record) -> Result<(), Failure> {
    let everything = desk.write(Export { uid: person.user.uid.clone(), now: desk.now }).await?;
    let Some(everything) = everything else { return Err(gone(person)) };
    let mut out = json!({ "exportedAt": moment(desk.now) });
    if let (Some(out), serde_json::Value::Object(person)) = (out.as_object_mut(), told::person_json(&everything.record)) {
        out.extend(person);
    }
    out["waysIn"] = told::ways_json(&everything.ways);
    out["removedWays"] = told::removed_json(&everything.removed);
    out["sessions"] = told::sessions_json(&everything.sessions);
    out["history"] = told::history_json(&everything.history);
    say_json(&format!("{out:#}"));
    let lines = many(everything.history.len() as u64, "line", "lines");
    eprintln!("everything that is kept of {} ({lines} of history); the audit notes that it was handed out", person.user.email);
    Ok(())
}

/// Somebody was forgotten while they were looked at.
pub fn gone(person: &Record) -> Failure {
    Failure::No(format!("{} has just been forgotten by somebody else", person.user.email))
}
