//! Linked identities: a signed-in user adds one; the user or support removes one, and the user may undo that.

use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, record_event};
use crate::directory::linking::{self, LinkingRule, SignInRefusalReason};
use crate::directory::sessions::{end_sessions_through, record_session_end};
use crate::directory::sign_in::{SignInRefusal, find_known_users, insert_identity_link, keep_facts, known_user_from_row};
use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};
use crate::directory::users::{IdentityLink, User};
use crate::provider::identity::Identity;

/// Links an identity to a signed-in user, whose session goes on under a new id, with the grants of its apps.
#[derive(Clone, Debug)]
pub struct LinkIdentity {
    /// The name of the store to which the user belongs.
    pub store: Box<str>,
    /// The id of the signed-in user.
    pub uid: Box<str>,
    /// The identity to link; all of its further facts are kept.
    pub identity: Identity,
    /// The version of the provider's file that made the identity.
    pub version: Box<str>,
    /// The session of the request.
    pub sid: Box<str>,
    /// The new id of that session.
    pub new_sid: Box<str>,
    /// The time of the request, in seconds since 1970; the link and its event bear it.
    pub now: i64,
}

impl Verb for LinkIdentity {
    type Answer = Result<(User, LinkingRule), SignInRefusal>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let LinkIdentity { store, uid, identity, version, sid, new_sid, now } = self;
        let user = "SELECT uid, email, email_verified, blocked, CAST(0 AS BIGINT), CAST(0 AS BIGINT), CAST(NULL AS TEXT), name, picture, apps FROM users WHERE uid = $1 AND store = $2";
        let rows = sql.fetch_for_update(user, with![uid, store]).await?;
        let session = sql.fetch("SELECT latest FROM sessions WHERE sid = $1 AND uid = $2", with![sid, uid]).await?;
        let event = AuditEvent::new(*now, store, AuditEventKind::Linked).via_provider(&identity.file).of_identity(&identity.id);
        let evidence = linking::evidence_word(&identity.address).map(Into::into);
        let known_uid = rows.first().map(|_| uid.clone());
        let event = AuditEvent { uid: known_uid, evidence, version: Some(version.clone()), ..event };
        // A user who was erased or signed out meanwhile has nothing to which an identity could be linked.
        let (Some(row), Some(session)) = (rows.first(), session.first()) else {
            return Ok(Err(SignInRefusal::new(SignInRefusalReason::SignedOut, event)));
        };
        let (user, latest) = (known_user_from_row(row)?, session.number(0)?);
        let known = find_known_users(sql, store, identity, &identity.address).await?;
        match linking::decide_to_link(&user, known.by_identity.as_ref()) {
            Err(reason) => Ok(Err(SignInRefusal::new(reason, event))),
            Ok(rule) => {
                if rule == LinkingRule::LinkedByThemselves {
                    insert_identity_link(sql, store, uid, identity, version, rule, *now).await?;
                    record_event(sql, &event.with_reason(rule.word())).await?;
                }
                keep_facts(sql, store, identity, *now).await?;
                let rename = "UPDATE sessions SET sid = $1, former = coalesce(former || ' ', '') || sid WHERE sid = $2 AND uid = $3";
                if sql.run(rename, with![new_sid, sid, uid]).await? != 1 {
                    return Err(StorageFault::Conflict);
                }
                if row.flag(9)? {
                    sql.queue("UPDATE app_grants SET sid = $1 WHERE sid = $2 AND uid = $3", with![new_sid, sid, uid]).await?;
                }
                record_session_end(sql, sid, latest).await?;
                let maybe = |column| row.optional_text(column).map(|text| text.map(str::to_owned));
                let (name, picture) = (maybe(7)?, maybe(8)?);
                Ok(Ok((User { uid: user.uid, email: user.email, email_verified: user.email_verified, name, picture }, rule)))
            }
        }
    }
}

/// The evidence of a removal after which the user has no linked identity.
pub(crate) const LAST: &str = "last";

/// Removes a linked identity, which a later login does not restore. The sessions of that provider end, except one, and so does the access that
/// apps got through it.
#[derive(Clone, Debug)]
pub struct UnlinkIdentity {
    /// The name of the store; a user of another store counts as not found.
    pub store: Box<str>,
    /// The user who loses the identity.
    pub uid: Box<str>,
    /// The key of the provider.
    pub provider: Box<str>,
    /// The id at the provider; `None` for all identities of that provider.
    pub provider_id: Option<Box<str>>,
    /// The session that goes on.
    pub except: Option<Box<str>>,
    /// The person who asked for it, which is recorded as the reason of the event.
    pub by: AuditActor,
    /// Whether the last identity may be removed as well. A later login may restore it, because nothing else leads to this user.
    pub even_last: bool,
    /// The time of the removal, in seconds since 1970.
    pub now: i64,
}

/// The outcome of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnlinkOutcome {
    /// At least one identity was removed.
    Unlinked,
    /// The user has no identity of this kind.
    NotFound,
    /// It is the last identity, which the caller did not want to remove.
    LastIdentity,
}

impl Verb for UnlinkIdentity {
    type Answer = UnlinkOutcome;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<UnlinkOutcome, StorageFault> {
        let UnlinkIdentity { store, uid, provider, provider_id, except, by, even_last, now } = self;
        sql.fetch_for_update("SELECT uid FROM users WHERE uid = $1 AND store = $2", with![uid, store]).await?;
        let links = sql.fetch("SELECT provider, provider_id FROM identities WHERE uid = $1 AND store = $2", with![uid, store]).await?;
        let mut removed = 0;
        for link in &links {
            let is_meant =
                link.text(0)? == &**provider && provider_id.as_deref().is_none_or(|id| link.text(1).is_ok_and(|other| other == id));
            removed = usize::saturating_add(removed, is_meant.into());
        }
        if removed == 0 {
            return Ok(UnlinkOutcome::NotFound);
        }
        if removed == links.len() && !even_last {
            return Ok(UnlinkOutcome::LastIdentity);
        }
        // A later login may restore the last identity, because nothing else leads to this user; any other has to be linked again.
        if removed < links.len() {
            let detached = "INSERT INTO detached (uid, provider, provider_id) SELECT uid, provider, provider_id FROM identities \
                 WHERE uid = $1 AND provider = $2 AND ($3 = 1 OR provider_id = $4) ON CONFLICT DO NOTHING";
            sql.queue(detached, with![uid, provider, provider_id.is_none(), provider_id.as_deref().unwrap_or_default()]).await?;
        }
        let delete = "DELETE FROM identities WHERE uid = $1 AND provider = $2 AND ($3 = 1 OR provider_id = $4)";
        sql.queue(delete, with![uid, provider, provider_id.is_none(), provider_id.as_deref().unwrap_or_default()]).await?;
        let event = AuditEvent::new(*now, store, AuditEventKind::Unlinked).for_user(uid).via_provider(provider).with_reason(by.word());
        let evidence = (removed == links.len()).then(|| LAST.into());
        record_event(sql, &AuditEvent { identity: provider_id.clone(), evidence, ..event }).await?;
        end_sessions_through(sql, uid, except.as_deref(), provider, *now).await?;
        Ok(UnlinkOutcome::Unlinked)
    }
}

/// Undoes a removal: the linked identities are there again as they were. What ended with them stays ended: sessions, the access of apps, and
/// kept tokens.
#[derive(Clone, Debug)]
pub struct RestoreIdentityLinks {
    /// The name of the store; a user of another store counts as not found.
    pub store: Box<str>,
    /// The user who lost them.
    pub uid: Box<str>,
    /// The session in which they were removed, which has to go on.
    pub sid: Box<str>,
    /// The linked identities as they were. They are of one provider and have one id there.
    pub links: Vec<IdentityLink>,
    /// The random id of the removal, by which it is undone once.
    pub removal: Box<str>,
    /// The moment after which it cannot be undone in any case.
    pub until: i64,
    /// The time of the request, in seconds since 1970.
    pub now: i64,
}

impl Verb for RestoreIdentityLinks {
    /// Whether they are there again. False if the user is blocked or erased or the session over, if the removal was undone before, and if
    /// the id was linked meanwhile.
    type Answer = bool;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<bool, StorageFault> {
        let Self { store, uid, sid, links, removal, until, now } = self;
        let Some(first) = links.first().filter(|_| now < until) else { return Ok(false) };
        let user = "SELECT uid FROM users WHERE uid = $1 AND store = $2 AND blocked = 0";
        if sql.fetch_for_update(user, with![uid, store]).await?.is_empty() {
            return Ok(false);
        }
        let found = "SELECT (SELECT count(*) FROM sessions WHERE sid = $1 AND uid = $2), \
             (SELECT count(*) FROM identities WHERE store = $3 AND provider = $4 AND provider_id = $5)";
        let rows = sql.fetch(found, with![sid, uid, store, &first.provider, &first.provider_id]).await?;
        let row = rows.first().ok_or(StorageFault::Unavailable)?;
        if !row.flag(0)? || row.flag(1)? {
            return Ok(false);
        }
        let once = "INSERT INTO attempts (spent, until) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING spent";
        if sql.fetch(once, with![removal, *until]).await?.is_empty() {
            return Ok(false);
        }
        let attach = "DELETE FROM detached WHERE uid = $1 AND provider = $2 AND provider_id = $3";
        sql.queue(attach, with![uid, &first.provider, &first.provider_id]).await?;
        for link in links {
            restore_link(sql, store, uid, link).await?;
        }
        let event = AuditEvent::new(*now, store, AuditEventKind::Restored).for_user(uid).of_identity(&first.provider_id);
        let file = first.file.as_deref().unwrap_or(&first.provider);
        record_event(sql, &event.via_provider(file).with_reason(AuditActor::Person.word())).await?;
        Ok(true)
    }
}

async fn restore_link<S: SqlTransaction>(sql: &mut S, store: &str, uid: &str, link: &IdentityLink) -> Result<(), StorageFault> {
    let insert = "INSERT INTO identities \
         (store, provider, provider_id, uid, linked, because, evidence, version, address, fingerprint, file, facts, used) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, CASE WHEN $13 = 0 THEN NULL ELSE $13 END)";
    let IdentityLink { provider, provider_id, linked, because, evidence, version, address, fingerprint, file, facts, used } = link;
    let facts = (!facts.is_empty()).then(|| serde_json::to_string(facts).expect("texts can be written"));
    let [evidence, version, address, file] = [evidence, version, address, file].map(Option::as_deref);
    let used = used.unwrap_or_default();
    let values =
        with![store, provider, provider_id, uid, *linked, because, evidence, version, address, fingerprint, file, facts.as_deref(), used,];
    sql.queue(insert, values).await
}
