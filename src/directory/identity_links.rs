//! Ways in that are added by somebody who is signed in, and removed by them or by support.

use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, record_event};
use crate::directory::linking::{self, LinkingRule, SignInRefusalReason};
use crate::directory::sessions::{end_sessions_through, record_session_end};
use crate::directory::sign_in::{SignInRefusal, find_known_users, insert_identity_link, known_user_from_row};
use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};
use crate::directory::users::User;
use crate::provider::identity::Identity;

/// Adds a way in to somebody who is signed in; their session goes on under a new name.
#[derive(Clone, Debug)]
pub struct LinkIdentity {
    /// The store.
    pub store: Box<str>,
    /// Who is signed in.
    pub uid: Box<str>,
    /// Who they are at the provider.
    pub identity: Identity,
    /// The version of the provider's file that says so.
    pub version: Box<str>,
    /// The session in which it is asked for.
    pub sid: Box<str>,
    /// What it is called from now on.
    pub new_sid: Box<str>,
    /// When.
    pub now: i64,
}

impl Verb for LinkIdentity {
    type Answer = Result<(User, LinkingRule), SignInRefusal>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let LinkIdentity { store, uid, identity, version, sid, new_sid, now } = self;
        let mine = "SELECT uid, email, email_verified, blocked, CAST(0 AS BIGINT), CAST(0 AS BIGINT), CAST(NULL AS TEXT), name, picture FROM users WHERE uid = $1 AND store = $2";
        let rows = sql.fetch_for_update(mine, with![uid, store]).await?;
        let session = sql.fetch("SELECT latest FROM sessions WHERE sid = $1 AND uid = $2", with![sid, uid]).await?;
        let event = AuditEvent::new(*now, store, AuditEventKind::Linked).via_provider(&identity.provider);
        let evidence = linking::evidence_word(&identity.address).map(Into::into);
        let whose = rows.first().map(|_| uid.clone());
        let event = AuditEvent { uid: whose, evidence, version: Some(version.clone()), ..event };
        // Whoever was forgotten or signed out meanwhile has nothing to which anything could be added.
        let (Some(row), Some(session)) = (rows.first(), session.first()) else {
            return Ok(Err(SignInRefusal::new(SignInRefusalReason::SignedOut, event)));
        };
        let (myself, latest) = (known_user_from_row(row)?, session.number(0)?);
        let (by_identity, _) = find_known_users(sql, store, identity).await?;
        match linking::decide_to_link(&myself, by_identity.as_ref()) {
            Err(why) => Ok(Err(SignInRefusal::new(why, event))),
            Ok(rule) => {
                if rule == LinkingRule::LinkedByThemselves {
                    insert_identity_link(sql, store, uid, identity, version, rule, *now).await?;
                    record_event(sql, &event.with_reason(rule.word())).await?;
                }
                if sql.run("UPDATE sessions SET sid = $1 WHERE sid = $2 AND uid = $3", with![new_sid, sid, uid]).await? != 1 {
                    return Err(StorageFault::Clash);
                }
                record_session_end(sql, sid, latest).await?;
                let maybe = |column| row.optional_text(column).map(|text| text.map(str::to_owned));
                let (name, picture) = (maybe(7)?, maybe(8)?);
                Ok(Ok((User { uid: myself.uid, email: myself.email, email_verified: myself.email_verified, name, picture }, rule)))
            }
        }
    }
}

/// Removes a way in; it does not come back by itself. Sessions that came through it end, but the one in which this is asked.
#[derive(Clone, Debug)]
pub struct UnlinkIdentity {
    /// The store.
    pub store: Box<str>,
    /// Whose way it is.
    pub uid: Box<str>,
    /// The provider's file name.
    pub provider: Box<str>,
    /// The id there; without it, all of that provider.
    pub provider_id: Option<Box<str>>,
    /// The session that goes on.
    pub but: Option<Box<str>>,
    /// Who wants it.
    pub by: AuditActor,
    /// Whether the last way in may go as well: then it may come back, because only a proven address leads to this person.
    pub even_last: bool,
    /// When.
    pub now: i64,
}

/// What became of a way in that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnlinkOutcome {
    /// It is gone.
    Gone,
    /// There is no such way.
    NoSuchWay,
    /// It is the last.
    Last,
}

impl Verb for UnlinkIdentity {
    type Answer = UnlinkOutcome;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<UnlinkOutcome, StorageFault> {
        let UnlinkIdentity { store, uid, provider, provider_id, but, by, even_last, now } = self;
        sql.fetch_for_update("SELECT uid FROM users WHERE uid = $1 AND store = $2", with![uid, store]).await?;
        let ways = sql.fetch("SELECT provider, provider_id FROM identities WHERE uid = $1 AND store = $2", with![uid, store]).await?;
        let mut going = 0;
        for way in &ways {
            let is_meant =
                way.text(0)? == &**provider && provider_id.as_deref().is_none_or(|id| way.text(1).is_ok_and(|other| other == id));
            going += usize::from(is_meant);
        }
        if going == 0 {
            return Ok(UnlinkOutcome::NoSuchWay);
        }
        if going == ways.len() && !even_last {
            return Ok(UnlinkOutcome::Last);
        }
        // The last way may come back, because nothing else leads to this person; any other is gone until it is asked for.
        if going < ways.len() {
            let detached = "INSERT INTO detached (uid, provider, provider_id) SELECT uid, provider, provider_id FROM identities \
                 WHERE uid = $1 AND provider = $2 AND ($3 = 1 OR provider_id = $4) ON CONFLICT DO NOTHING";
            sql.queue(detached, with![uid, provider, provider_id.is_none(), provider_id.as_deref().unwrap_or_default()]).await?;
        }
        let gone = "DELETE FROM identities WHERE uid = $1 AND provider = $2 AND ($3 = 1 OR provider_id = $4)";
        sql.queue(gone, with![uid, provider, provider_id.is_none(), provider_id.as_deref().unwrap_or_default()]).await?;
        record_event(
            sql,
            &AuditEvent::new(*now, store, AuditEventKind::Unlinked).for_user(uid).via_provider(provider).with_reason(by.word()),
        )
        .await?;
        end_sessions_through(sql, uid, but.as_deref(), provider).await?;
        Ok(UnlinkOutcome::Gone)
    }
}
