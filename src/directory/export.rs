//! All stored data of a user, as JSON with stable keys: `portaria users export` prints it, and a person downloads the same on `/account`.

use crate::directory::app_consents::{AppConsent, ListConsentsOfUser};
use crate::directory::app_grants::{ListAppsOfUser, UserApp};
use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, ListUserAuditEvents, record_event};
use crate::directory::kept_tokens::ListKeptTokensOfUser;
use crate::directory::linking::SignInRefusalReason;
use crate::directory::passkeys::{ListPasskeys, Passkey};
use crate::directory::reasons;
use crate::directory::sessions::lock_user;
use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};
use crate::directory::users::{
    ActiveSession, FindUserById, IdentityLink, ListActiveSessions, ListIdentityLinks, RemovedIdentityLink, UserRecord,
};
use crate::vocabulary::utc_time::{format_day, format_time};
use serde_json::{Value, json};

/// All stored data of a user.
#[derive(Debug)]
pub struct UserExport {
    /// The profile with the times of the first and the last sign-in.
    pub record: UserRecord,
    /// The linked identities, the oldest link first.
    pub identities: Vec<IdentityLink>,
    pub(crate) removed: Vec<RemovedIdentityLink>,
    /// The sessions that had not expired at the time of the export.
    pub sessions: Vec<ActiveSession>,
    /// The apps that had access at the time of the export.
    pub apps: Vec<UserApp>,
    /// What the user has allowed apps.
    pub consents: Vec<AppConsent>,
    /// The providers whose own tokens are kept, and until when. The tokens themselves are sealed.
    pub kept_tokens: Vec<(Box<str>, i64)>,
    /// The passkeys, the oldest first.
    pub passkeys: Vec<Passkey>,
    /// The events, the newest first.
    pub history: Vec<AuditEvent>,
    /// Whether these are all.
    is_whole_history: bool,
}

/// How many events a person downloads at most, the newest ones: an answer is made in memory.
const MOST_EVENTS_OF_PERSON: i32 = 1000;

/// Exports all stored data of a user, and records the export.
#[derive(Debug)]
pub struct ExportUser {
    /// The user whose data is exported; the answer is `None` if there is no such user.
    pub uid: Box<str>,
    /// The person who asked for it, which is recorded as the reason of the event.
    pub by: AuditActor,
    /// The time of the export, in seconds since 1970, which the event bears.
    pub now: i64,
}

impl Verb for ExportUser {
    type Answer = Option<UserExport>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Option<UserExport>, StorageFault> {
        lock_user(sql, &self.uid).await?;
        let Some(record) = FindUserById(self.uid.clone()).execute(sql).await? else { return Ok(None) };
        let event = AuditEvent::new(self.now, &record.store, AuditEventKind::Exported).for_user(&self.uid).with_reason(self.by.word());
        record_event(sql, &event).await?;
        let identities = ListIdentityLinks(self.uid.clone()).execute(sql).await?;
        let removed = "SELECT provider, provider_id FROM detached WHERE uid = $1 ORDER BY provider, provider_id";
        let removed = sql.fetch(removed, with![&self.uid]).await?;
        let removed = removed.iter().map(|row| Ok(RemovedIdentityLink { provider: row.text(0)?.into(), provider_id: row.text(1)?.into() }));
        let removed = removed.collect::<Result<_, StorageFault>>()?;
        let sessions = ListActiveSessions { uid: self.uid.clone(), now: self.now }.execute(sql).await?;
        let (uid, store) = (self.uid.clone(), record.store.clone());
        let mut apps = ListAppsOfUser { store, uid: uid.clone() }.execute(sql).await?;
        apps.retain(|app| app.until > self.now);
        let consents = ListConsentsOfUser(uid.clone()).execute(sql).await?;
        let kept_tokens = ListKeptTokensOfUser(uid.clone()).execute(sql).await?;
        let passkeys = ListPasskeys(uid.clone()).execute(sql).await?;
        let most = match self.by {
            AuditActor::Person => MOST_EVENTS_OF_PERSON,
            AuditActor::Support | AuditActor::Broker | AuditActor::App | AuditActor::Provider => i32::MAX,
        };
        let mut history = ListUserAuditEvents { uid, most: i64::from(most).saturating_add(1) }.execute(sql).await?;
        let kept = history.len().min(usize::try_from(most).unwrap_or_default());
        let is_whole_history = kept == history.len();
        history.truncate(kept);
        Ok(Some(UserExport { record, identities, removed, sessions, apps, consents, kept_tokens, passkeys, history, is_whole_history }))
    }
}

/// Whom an export is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExportReader {
    Support,
    /// The person whom it is about. Without the events in which another person may have been refused, and without the codes and the versions
    /// by which support finds stories and files.
    Person,
}

impl UserExport {
    /// The whole export; `now` is the time at which it was made.
    pub(crate) fn to_json(&self, reader: ExportReader, now: i64) -> Value {
        let mut out = json!({ "exportedAt": format_time(now) });
        if let (Some(out), Value::Object(person)) = (out.as_object_mut(), user_as_json(&self.record)) {
            out.extend(person);
            let links = self.identities.iter().map(|link| link_for(reader, link));
            out.insert("waysIn".to_owned(), links.collect());
            out.insert("removedWays".to_owned(), removed_links_as_json(&self.removed));
            out.insert("sessions".to_owned(), sessions_as_json(&self.sessions));
            out.insert("apps".to_owned(), apps_as_json(&self.apps));
            out.insert("consents".to_owned(), consents_as_json(&self.consents));
            out.insert("keptTokens".to_owned(), kept_tokens_as_json(&self.kept_tokens));
            out.insert("passkeys".to_owned(), passkeys_as_json(&self.passkeys));
            let history = self.history.iter().filter_map(|event| event_for(reader, event));
            out.insert("history".to_owned(), history.collect());
            out.insert("historyIsWhole".to_owned(), self.is_whole_history.into());
        }
        out
    }
}

/// A linked identity as this reader may see it: which file linked it, and where that pointed, says nothing about the person.
fn link_for(reader: ExportReader, link: &IdentityLink) -> Value {
    match reader {
        ExportReader::Support => link_as_json(link),
        ExportReader::Person => {
            let link = IdentityLink { version: None, file: None, ..link.clone() };
            without(link_as_json(&link), &["version", "file", "fingerprint"])
        }
    }
}

/// An event as this reader may see it.
fn event_for(reader: ExportReader, event: &AuditEvent) -> Option<Value> {
    match reader {
        ExportReader::Support => Some(event_as_json(event)),
        ExportReader::Person if may_be_anothers(event) => None,
        ExportReader::Person => {
            // Which member of the staff it was is no business of the person.
            let evidence = event.evidence.clone().filter(|_| event.what != AuditEventKind::Searched);
            let event = AuditEvent { version: None, incident: None, evidence, ..event.clone() };
            Some(without(event_as_json(&event), &["version", "incident"]))
        }
    }
}

fn without(mut object: Value, keys: &[&str]) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.retain(|key, _| !keys.contains(&key.as_str()));
    }
    object
}

/// Whether the event names the user only because an address or an id belongs to them: the person who was refused may be another one.
fn may_be_anothers(event: &AuditEvent) -> bool {
    let because = event.because.as_deref().unwrap_or_default();
    let own = [SignInRefusalReason::Blocked, SignInRefusalReason::SignedOut, SignInRefusalReason::LinkedElsewhere];
    event.what == AuditEventKind::Refused && own.iter().all(|reason| reason.word() != because)
}

/// Whether an address cannot exist: the placeholder of a provider's file, or the address after another user proved the real one.
pub(crate) fn is_placeholder(record: &UserRecord) -> bool {
    let domain = record.user.email.domain();
    domain == "invalid" || domain.ends_with(".invalid")
}

pub(crate) fn user_as_json(record: &UserRecord) -> Value {
    let user = &record.user;
    json!({
        "store": record.store, "uid": user.uid, "email": user.email.key(), "emailVerified": user.email_verified,
        "placeholder": is_placeholder(record), "name": user.name, "picture": user.picture, "locale": record.locale,
        "firstSeen": format_time(record.first_seen), "lastSeen": format_time(record.last_seen), "blocked": record.blocked,
    })
}

pub(crate) fn links_as_json(links: &[IdentityLink]) -> Value {
    links.iter().map(link_as_json).collect()
}

fn link_as_json(way: &IdentityLink) -> Value {
    json!({
        "provider": way.provider, "providerId": way.provider_id, "linked": format_time(way.linked), "because": way.because,
        "evidence": way.evidence, "version": way.version, "address": way.address, "file": way.file,
        "fingerprint": way.fingerprint, "facts": way.facts, "used": way.used.map(format_day), "told": reasons::describe_link(way),
    })
}

fn removed_links_as_json(removed: &[RemovedIdentityLink]) -> Value {
    removed.iter().map(|way| json!({ "provider": way.provider, "providerId": way.provider_id })).collect()
}

pub(crate) fn sessions_as_json(sessions: &[ActiveSession]) -> Value {
    let session = |session: &ActiveSession| {
        json!({
            "since": format_time(session.since), "until": format_time(session.latest), "provider": session.provider, "device": session.device,
        })
    };
    sessions.iter().map(session).collect()
}

pub(crate) fn apps_as_json(apps: &[UserApp]) -> Value {
    let app = |app: &UserApp| {
        json!({
            "app": app.app, "scopes": app.scopes, "offline": app.offline, "since": format_time(app.first), "used": format_time(app.last),
            "until": format_time(app.until),
        })
    };
    apps.iter().map(app).collect()
}

fn consents_as_json(consents: &[AppConsent]) -> Value {
    consents.iter().map(|consent| json!({ "app": consent.app, "scopes": consent.scopes, "at": format_time(consent.at) })).collect()
}

pub(crate) fn kept_tokens_as_json(kept: &[(Box<str>, i64)]) -> Value {
    kept.iter().map(|(provider, until)| json!({ "provider": provider, "until": format_time(*until) })).collect()
}

pub(crate) fn passkeys_as_json(passkeys: &[Passkey]) -> Value {
    let passkey = |passkey: &Passkey| {
        json!({
            "id": passkey.id, "added": format_time(passkey.added), "used": passkey.used.map(format_time), "device": passkey.device,
            "backedUp": passkey.backed_up, "model": passkey.aaguid,
        })
    };
    passkeys.iter().map(passkey).collect()
}

pub(crate) fn history_as_json(history: &[AuditEvent]) -> Value {
    history.iter().map(event_as_json).collect()
}

fn event_as_json(event: &AuditEvent) -> Value {
    json!({
        "at": format_time(event.at), "what": event.what.word(), "provider": event.provider, "because": event.because,
        "evidence": event.evidence, "version": event.version, "incident": event.incident, "told": reasons::describe_event(event),
    })
}
