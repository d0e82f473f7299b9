//! How the grants of apps end: with the session, with all access of a user, or one by one. The id of an ended grant is recorded as that of an
//! ended session is, so that all machines refuse its access tokens, and each app of an ended session gets a notice.

use crate::directory::app_consents::withdraw_consent;
use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, record_event};
use crate::directory::kept_tokens::TokenFetchers;
use crate::directory::logout_notices::KEPT;
use crate::directory::sessions::{lock_user, next_generation};
use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};

/// Ends the grants of a session that ends, also under the id that it has got since at this user. Those that outlive a session go on, and their apps get a notice as well. The transaction has taken the number of the ended sessions, and ends them afterwards.
pub(crate) async fn end_grants_of_sessions<S: SqlTransaction>(sql: &mut S, sid: &str, uid: &str, now: i64) -> Result<(), StorageFault> {
    macro_rules! of_sessions {
        ($before:literal, $after:literal) => {
            concat!(
                $before,
                "sid IN (SELECT CAST($1 AS TEXT) UNION ALL SELECT s.sid FROM sessions s WHERE s.uid = $2 AND replace(s.former, $1, '') <> s.former)",
                $after
            )
        };
    }
    let notices = of_sessions!(
        "INSERT INTO logout_notices (store, app, sid, uid, due, until) \
         SELECT DISTINCT store, app, claimed_sid, uid, CAST($3 AS BIGINT), CAST($4 AS BIGINT) FROM app_grants WHERE ",
        " ON CONFLICT DO NOTHING"
    );
    sql.queue(notices, with![sid, uid, now, now.saturating_add(KEPT)]).await?;
    let ended = of_sessions!(
        "INSERT INTO ends (number, sid, latest) SELECT (SELECT number FROM generations WHERE name = 'ends'), id, until \
         FROM app_grants WHERE ended = 0 AND offline = 0 AND ",
        ""
    );
    sql.queue(ended, with![sid, uid]).await?;
    let update = of_sessions!("UPDATE app_grants SET ended = 1 WHERE ended = 0 AND offline = 0 AND ", "");
    sql.queue(update, with![sid, uid]).await
}

/// Which grants of a user end, whether or not they outlive a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndingGrants<'a> {
    pub(crate) uid: &'a str,
    /// The session that goes on; empty if there is none.
    pub(crate) except: &'a str,
    /// Only those of this provider, by its key, and of sessions whose provider is not known; then `except` keeps none of them. Empty for all.
    pub(crate) provider: &'a str,
    /// Only those of this app; empty for all.
    pub(crate) app: &'a str,
}

macro_rules! of_user {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "uid = $1 AND ($4 = '' OR app = $4) AND ($3 = '' AND sid <> $2 OR provider = $3 \
             OR sid IN (SELECT s.sid FROM sessions s WHERE s.uid = $1 AND s.sid <> $2 AND s.provider IS NULL)) \
             AND (ended = 0 OR sid IN (SELECT s.sid FROM sessions s WHERE s.uid = $1))",
            $after
        )
    };
}

impl EndingGrants<'_> {
    /// Ends them, before the sessions themselves end, in a transaction that has taken the number of the ended sessions.
    pub(crate) async fn end<S: SqlTransaction>(self, sql: &mut S, now: i64) -> Result<(), StorageFault> {
        let Self { uid, except, provider, app } = self;
        // A session goes on without a grant that its app has given back, and then the app still gets a notice.
        let notices = of_user!(
            "INSERT INTO logout_notices (store, app, sid, uid, due, until) \
             SELECT DISTINCT store, app, claimed_sid, uid, CAST($5 AS BIGINT), CAST($6 AS BIGINT) FROM app_grants WHERE ",
            " ON CONFLICT DO NOTHING"
        );
        sql.queue(notices, with![uid, except, provider, app, now, now.saturating_add(KEPT)]).await?;
        let ended = of_user!(
            "INSERT INTO ends (number, sid, latest) SELECT (SELECT number FROM generations WHERE name = 'ends'), id, until \
             FROM app_grants WHERE ended = 0 AND ",
            ""
        );
        sql.queue(ended, with![uid, except, provider, app]).await?;
        let update = of_user!("UPDATE app_grants SET ended = 1 WHERE ended = 0 AND ", "");
        sql.queue(update, with![uid, except, provider, app]).await
    }
}

/// What was used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReusedCredential {
    Code,
    RefreshToken,
}

impl ReusedCredential {
    /// The word in the audit.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::RefreshToken => "refreshToken",
        }
    }
}

/// Ends a grant of which a code or refresh token was used twice: of its store, user and app. It is recorded once.
pub(crate) async fn end_reused_grant<S: SqlTransaction>(
    sql: &mut S,
    (store, uid, app, id): (&str, &str, &str, &str),
    reused: ReusedCredential,
    now: i64,
) -> Result<(), StorageFault> {
    let event = AuditEvent::new(now, store, AuditEventKind::AppReused).of_app(app).for_user(uid).with_reason(reused.word());
    end_grant(sql, id, &event).await.map(drop)
}

/// How many grants of one app a user may have. One more ends the one that was used least recently, so that a program which signs people in
/// again and again, or a thief of a secret, fills no table and no list of ended sessions.
pub const MOST_GRANTS: i64 = 50;

/// The reason in the audit where a further grant took the place of another.
pub(crate) const SURPLUS: &str = "surplus";

/// Ends the grants of an app that were used least recently, beside the new one. The user is locked, and the number that this takes makes it
/// the last step of a transaction.
pub(crate) async fn end_least_used_grants<S: SqlTransaction>(
    sql: &mut S,
    (store, uid, app, new): (&str, &str, &str, &str),
    count: i64,
    now: i64,
) -> Result<(), StorageFault> {
    macro_rules! least_used {
        ($before:literal, $after:literal) => {
            concat!(
                $before,
                "SELECT id FROM app_grants WHERE uid = $1 AND app = $2 AND ended = 0 AND until > $3 AND id <> $4 ORDER BY offline, used, id LIMIT $5",
                $after
            )
        };
    }
    let event = AuditEvent::new(now, store, AuditEventKind::AppEnded).of_app(app).for_user(uid).with_reason(SURPLUS);
    record_event(sql, &event).await?;
    next_generation(sql, "ends").await?;
    let ended = least_used!(
        "INSERT INTO ends (number, sid, latest) SELECT (SELECT number FROM generations WHERE name = 'ends'), id, until \
         FROM app_grants WHERE id IN (",
        ")"
    );
    sql.queue(ended, with![uid, app, now, new, count]).await?;
    let update = least_used!("UPDATE app_grants SET ended = 1 WHERE id IN (", ")");
    sql.queue(update, with![uid, app, now, new, count]).await
}

/// Ends one grant, whose user is locked, and records the event; false if it has ended before.
async fn end_grant<S: SqlTransaction>(sql: &mut S, id: &str, event: &AuditEvent) -> Result<bool, StorageFault> {
    if sql.run("UPDATE app_grants SET ended = 1 WHERE id = $1 AND ended = 0", with![id]).await? == 0 {
        return Ok(false);
    }
    record_event(sql, event).await?;
    next_generation(sql, "ends").await?;
    let ended = "INSERT INTO ends (number, sid, latest) SELECT (SELECT number FROM generations WHERE name = 'ends'), id, until \
         FROM app_grants WHERE id = $1";
    sql.queue(ended, with![id]).await?;
    Ok(true)
}

/// Ends one grant of an app.
#[derive(Clone, Debug)]
pub struct EndAppGrant {
    /// The name of the store.
    pub store: Box<str>,
    /// The app whose grant it is; that of another app does not end.
    pub app: Box<str>,
    /// The id of the grant.
    pub id: Box<str>,
    /// The reason of the event.
    pub by: AuditActor,
    /// The time of the request, in seconds since 1970, which the event bears.
    pub now: i64,
}

impl Verb for EndAppGrant {
    /// Whether it has ended now; false if there is no such grant, or if it has ended before.
    type Answer = bool;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<bool, StorageFault> {
        let Self { store, app, id, by, now } = self;
        sql.lock("SELECT uid FROM users WHERE uid = (SELECT g.uid FROM app_grants g WHERE g.id = $1)", with![id]).await?;
        let select = "SELECT uid FROM app_grants WHERE id = $1 AND store = $2 AND app = $3 AND ended = 0";
        let rows = sql.fetch(select, with![id, store, app]).await?;
        let Some(row) = rows.first() else { return Ok(false) };
        let event = AuditEvent::new(*now, store, AuditEventKind::AppEnded).of_app(app).for_user(row.text(0)?).with_reason(by.word());
        end_grant(sql, id, &event).await
    }
}

/// Ends all access of one app, or of all apps, to a user. What the user has allowed the app counts no more, no code that was issued until
/// now gives access, and the app gets a notice for each of its sessions, as after a sign-out.
#[derive(Clone, Debug)]
pub struct EndAppsOfUser {
    /// The name of the store; a user of another store counts as not found.
    pub store: Box<str>,
    /// The user.
    pub uid: Box<str>,
    /// The app; `None` for all apps.
    pub app: Option<Box<str>>,
    /// By which the kept tokens are found that no app may fetch any more; they are forgotten.
    pub fetchers: TokenFetchers,
    /// The person who asked for it, which is recorded as the reason of the event.
    pub by: AuditActor,
    /// The time of the request, in seconds since 1970, which the event bears.
    pub now: i64,
}

impl Verb for EndAppsOfUser {
    /// How many grants have ended.
    type Answer = u64;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<u64, StorageFault> {
        let Self { store, uid, app, fetchers, by, now } = self;
        if lock_user(sql, uid).await?.is_none() {
            return Ok(0);
        }
        let name = app.as_deref().unwrap_or_default();
        let count = "SELECT (SELECT count(*) FROM app_grants WHERE uid = $1 AND store = $2 AND ended = 0 AND ($3 = '' OR app = $3)), \
             (SELECT count(*) FROM app_consents WHERE uid = $1 AND store = $2 AND scopes <> '' AND ($3 = '' OR app = $3))";
        let rows = sql.fetch(count, with![uid, store, name]).await?;
        let row = rows.first().ok_or(StorageFault::Unavailable)?;
        let (grants, consents) = (row.number(0)?, row.number(1)?);
        withdraw_consent(sql, (store, uid, name), *now).await?;
        if grants > 0 || consents > 0 {
            let event = AuditEvent::new(*now, store, AuditEventKind::AppEnded).for_user(uid).with_reason(by.word());
            record_event(sql, &AuditEvent { evidence: app.clone(), ..event }).await?;
        }
        if grants == 0 {
            fetchers.forget(sql, (store, uid, name), *now).await?;
            return Ok(0);
        }
        next_generation(sql, "ends").await?;
        EndingGrants { uid, except: "", provider: "", app: name }.end(sql, *now).await?;
        fetchers.forget(sql, (store, uid, name), *now).await?;
        Ok(u64::try_from(grants).unwrap_or_default())
    }
}
