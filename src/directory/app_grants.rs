//! The grants of apps: the access of a client app to a user, from the redemption of a code to the end of the session or of the last refresh
//! token. How they end is in `ended_grants.rs`.
//!
//! A grant is stored when its code is redeemed, under the id of the code, so a code can be redeemed once. No token is stored: a refresh
//! token holds the id of its grant and a number, and the row holds the number of the one that is valid. A row stays until nothing of it
//! could be valid, also if the grant has ended, so that a code or refresh token that comes again is recognized.

use crate::directory::audit::{AuditEvent, AuditEventKind, record_event};
use crate::directory::ended_grants::{MOST_GRANTS, ReusedCredential, end_least_used_grants, end_reused_grant};
use crate::directory::sql::{SqlRow, SqlTransaction, StorageFault, Verb, with};
use crate::vocabulary::email::Email;
use std::collections::BTreeMap;

/// A user, as apps are informed of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppUser {
    /// The stable random id.
    pub uid: Box<str>,
    /// The address by which the store knows the user; it may be a placeholder.
    pub email: Email,
    /// Whether the address was proven; a placeholder is not.
    pub email_verified: bool,
    /// The name that a provider gave last.
    pub name: Option<Box<str>>,
    /// The address of the picture that a provider gave last.
    pub picture: Option<Box<str>>,
    /// The language that a provider gave last.
    pub locale: Option<Box<str>>,
    /// The stored further facts of the user's identity at the provider that was asked about, by name; none if the user has two there.
    pub facts: Vec<(Box<str>, Box<str>)>,
}

/// The access that a redeemed code gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAppGrant {
    /// The id of the code, which becomes that of the grant: 128 random bits.
    pub id: Box<str>,
    /// The name of the store.
    pub store: Box<str>,
    /// The user who signed in.
    pub uid: Box<str>,
    /// The name of the app.
    pub app: Box<str>,
    /// The session in which the code was issued, as the tokens of the app will name it.
    pub sid: Box<str>,
    /// Whether it outlives a plain sign-out.
    pub offline: bool,
    /// The granted scopes, with blanks between them.
    pub scopes: Box<str>,
    /// The audiences to which the request was limited, with blanks between them; empty for all of the app.
    pub resources: Box<str>,
    /// The audiences of its access tokens where a refresh names none; empty for the first that is granted.
    pub audiences: Box<str>,
    /// The key of the provider through which the user signed in.
    pub provider: Box<str>,
    /// When the user signed in; 0 if that is not known.
    pub auth_time: i64,
    /// When the last token of the grant expires, if it is not refreshed. A grant that does not outlive its session counts at least until
    /// that expires.
    pub until: i64,
}

/// The access of an app to a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppGrant {
    /// The id, by which its end is recorded.
    pub id: Box<str>,
    /// The user.
    pub uid: Box<str>,
    /// The name of the app.
    pub app: Box<str>,
    /// The session to which it belongs now: a session gets a new id when an identity is linked.
    pub sid: Box<str>,
    /// The id of the session as the app was given it, which all of its tokens go on to name.
    pub claimed_sid: Box<str>,
    /// Whether it outlives a plain sign-out.
    pub offline: bool,
    /// The granted scopes, with blanks between them.
    pub scopes: Box<str>,
    /// The audiences to which the request was limited, with blanks between them; empty for all of the app.
    pub resources: Box<str>,
    /// The audiences of its access tokens where a refresh names none; empty for the first that is granted.
    pub audiences: Box<str>,
    /// The key of the provider through which the user signed in.
    pub provider: Box<str>,
    /// When the user signed in; 0 if that is not known.
    pub auth_time: i64,
    /// When the code was redeemed.
    pub made: i64,
    /// When a code or refresh token was used last.
    pub used: i64,
    /// The number of the refresh token that is valid now; 0 until the first one is used.
    pub rotation: i64,
    /// Since when that one is valid.
    pub(crate) rotated: i64,
    /// When the last token of the grant expires, if it is not refreshed.
    pub until: i64,
}

/// Selects an [`AppUser`] with the facts of a provider, unless the user has two identities there: it is not known which one signed in, as [`user_from_row`] reads it, and further columns.
macro_rules! app_users {
    ($provider:literal, $columns:literal, $rest:literal) => {
        concat!(
            "SELECT u.uid, u.email, u.email_verified, u.name, u.picture, u.locale, \
             (SELECT CASE count(*) WHEN 1 THEN max(i.facts) END FROM identities i WHERE i.uid = u.uid AND i.provider = ",
            $provider,
            ")",
            $columns,
            $rest
        )
    };
}

/// A grant of a store with its user; then whether it has ended, whether the user is blocked, and how many of its sessions there are.
const GRANT_WITH_USER: &str = app_users!(
    "g.provider",
    ", g.id, g.app, g.sid, g.claimed_sid, g.offline, g.scopes, g.provider, g.auth_time, g.made, g.used, g.rotation, g.rotated, g.until, \
     g.ended, u.blocked, (SELECT count(*) FROM sessions s WHERE s.sid = g.sid), g.resources, g.audiences",
    " FROM app_grants g JOIN users u ON u.uid = g.uid WHERE g.id = $1 AND g.store = $2"
);

/// Reads a user of seven columns.
fn user_from_row(row: &SqlRow) -> Result<AppUser, StorageFault> {
    let maybe = |column| row.optional_text(column).map(|text| text.map(Into::into));
    let facts: BTreeMap<Box<str>, Box<str>> = row.optional_text(6)?.and_then(|facts| serde_json::from_str(facts).ok()).unwrap_or_default();
    Ok(AppUser {
        uid: row.text(0)?.into(),
        email: Email::parse(row.text(1)?).map_err(|_| StorageFault::Unavailable)?,
        email_verified: row.flag(2)?,
        name: maybe(3)?,
        picture: maybe(4)?,
        locale: maybe(5)?,
        facts: facts.into_iter().collect(),
    })
}

/// Reads a grant behind the columns of its user.
fn grant_from_row(row: &SqlRow) -> Result<AppGrant, StorageFault> {
    let text = |column| row.text(column).map(Into::into);
    Ok(AppGrant {
        uid: text(0)?,
        id: text(7)?,
        app: text(8)?,
        sid: text(9)?,
        claimed_sid: text(10)?,
        offline: row.flag(11)?,
        scopes: text(12)?,
        provider: text(13)?,
        auth_time: row.number(14)?,
        made: row.number(15)?,
        used: row.number(16)?,
        rotation: row.number(17)?,
        rotated: row.number(18)?,
        until: row.number(19)?,
        resources: text(23)?,
        audiences: text(24)?,
    })
}

/// Finds a grant of a store, its user, and whether tokens of it may be valid: it has not ended, its user is not blocked, and its session goes
/// on unless it outlives that.
async fn find_grant<S: SqlTransaction>(sql: &mut S, store: &str, id: &str) -> Result<Option<(AppGrant, AppUser, bool)>, StorageFault> {
    let rows = sql.fetch(GRANT_WITH_USER, with![id, store]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (grant, user) = (grant_from_row(row)?, user_from_row(row)?);
    let is_live = !row.flag(20)? && !row.flag(21)? && (grant.offline || row.flag(22)?);
    Ok(Some((grant, user, is_live)))
}

/// Redeems a code: its grant begins. A code that was redeemed before ends the grant that came of it.
#[derive(Clone, Debug)]
pub struct RedeemCode {
    /// The access that the code gives.
    pub grant: NewAppGrant,
    /// When the code was issued, in seconds since 1970.
    pub issued: i64,
    /// The time of the request, in seconds since 1970.
    pub now: i64,
}

/// The outcome of the redemption of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeRedemption {
    /// The grant has begun; the user as of now.
    Granted(AppUser),
    /// The code was redeemed before. What came of it has ended.
    Reused,
    /// The session of the code is over, or its user was blocked or erased, or has ended the access of the app since the code was issued.
    SessionOver,
}

impl Verb for RedeemCode {
    type Answer = CodeRedemption;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<CodeRedemption, StorageFault> {
        let NewAppGrant { id, store, uid, app, sid, offline, scopes, resources, audiences, provider, auth_time, until } = &self.grant;
        // Of several machines that redeem a code, each waits for the one before it, and so does whatever ends the session.
        sql.lock("SELECT uid FROM users WHERE uid = $1", with![uid]).await?;
        sql.lock("SELECT sid FROM sessions WHERE sid = $1", with![sid]).await?;
        let select = app_users!(
            "$3",
            ", u.blocked, u.apps, coalesce((SELECT s.latest FROM sessions s WHERE s.sid = $4 AND s.uid = u.uid), 0), \
             (SELECT count(*) FROM app_grants g WHERE g.id = $5), \
             (SELECT count(*) FROM app_consents c WHERE c.uid = u.uid AND c.app IN ('', $6) AND c.withdrawn >= $7), \
             (SELECT count(*) FROM app_grants g WHERE g.uid = u.uid AND g.app = $6 AND g.ended = 0 AND g.until > $8)",
            " FROM users u WHERE u.uid = $1 AND u.store = $2"
        );
        let rows = sql.fetch(select, with![uid, store, provider, sid, id, app, self.issued, self.now]).await?;
        let Some(row) = rows.first() else { return Ok(CodeRedemption::SessionOver) };
        let (is_blocked, has_apps, session_latest, is_reused) = (row.flag(7)?, row.flag(8)?, row.number(9)?, row.flag(10)?);
        let (is_withdrawn, others) = (row.flag(11)?, row.number(12)?);
        if is_reused {
            end_reused_grant(sql, (store, uid, app, id), ReusedCredential::Code, self.now).await?;
            return Ok(CodeRedemption::Reused);
        }
        if is_blocked || is_withdrawn || session_latest <= self.now {
            return Ok(CodeRedemption::SessionOver);
        }
        let user = user_from_row(row)?;
        let until = if *offline { *until } else { (*until).max(session_latest) };
        let insert = "INSERT INTO app_grants \
             (id, store, uid, app, sid, claimed_sid, offline, scopes, resources, audiences, provider, auth_time, made, used, rotated, until) \
             VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10, $11, $12, $12, $12, $13)";
        let values = with![id, store, uid, app, sid, *offline, scopes, resources, audiences, provider, *auth_time, self.now, until];
        sql.queue(insert, values).await?;
        if !has_apps {
            sql.queue("UPDATE users SET apps = 1 WHERE uid = $1", with![uid]).await?;
        }
        let event = AuditEvent::new(self.now, store, AuditEventKind::AppGranted).of_app(app).for_user(uid).with_reason(scopes);
        record_event(sql, &event).await?;
        if others >= MOST_GRANTS {
            let surplus = others.saturating_sub(MOST_GRANTS).saturating_add(1);
            end_least_used_grants(sql, (store, uid, app, id), surplus, self.now).await?;
        }
        Ok(CodeRedemption::Granted(user))
    }
}

/// Exchanges a refresh token for its successor. One that was spent before ends the grant.
#[derive(Clone, Debug)]
pub struct RotateRefreshToken {
    /// The id of the grant, as the token names it.
    pub id: Box<str>,
    /// The name of the store.
    pub store: Box<str>,
    /// The app that presents the token.
    pub app: Box<str>,
    /// The number of the token.
    pub presented: i64,
    /// For how many seconds a spent token still leads to its successor.
    pub grace: i64,
    /// When the successor and all other tokens of the grant expire. A grant that does not outlive its session keeps its own time.
    pub until: i64,
    /// The time of the request, in seconds since 1970.
    pub now: i64,
}

/// The outcome of a refresh. The number of the successor is the `rotation` of the grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// The token is spent, and its successor is valid.
    Rotated(AppGrant, AppUser),
    /// The token was spent a moment ago, as by a second tab: its successor is the same.
    Repeated(AppGrant, AppUser),
    /// The token was spent before. The grant has ended.
    Reused,
    /// There is no such grant of this app, or it is over.
    Over,
}

impl Verb for RotateRefreshToken {
    type Answer = RefreshOutcome;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<RefreshOutcome, StorageFault> {
        let Self { id, store, app, presented, grace, until, now } = self;
        sql.lock("SELECT uid FROM users WHERE uid = (SELECT g.uid FROM app_grants g WHERE g.id = $1)", with![id]).await?;
        let Some((grant, user, is_live)) = find_grant(sql, store, id).await? else { return Ok(RefreshOutcome::Over) };
        if !is_live || grant.app != *app || grant.until <= *now {
            return Ok(RefreshOutcome::Over);
        }
        if *presented == grant.rotation {
            let until = if grant.offline { *until } else { grant.until };
            let rotation = grant.rotation.saturating_add(1);
            let update = "UPDATE app_grants SET rotation = $1, rotated = $2, used = $2, until = $3 WHERE id = $4";
            sql.queue(update, with![rotation, *now, until, id]).await?;
            return Ok(RefreshOutcome::Rotated(AppGrant { rotation, rotated: *now, used: *now, until, ..grant }, user));
        }
        if presented.saturating_add(1) == grant.rotation && now.saturating_sub(grant.rotated) <= *grace {
            return Ok(RefreshOutcome::Repeated(grant, user));
        }
        end_reused_grant(sql, (store, &grant.uid, app, id), ReusedCredential::RefreshToken, *now).await?;
        Ok(RefreshOutcome::Reused)
    }
}

/// Finds a grant with its user, unless it has ended. It may have expired.
#[derive(Clone, Debug)]
pub struct FindAppGrant {
    /// The name of the store.
    pub store: Box<str>,
    /// The id of the grant.
    pub id: Box<str>,
}

impl Verb for FindAppGrant {
    type Answer = Option<(AppGrant, AppUser)>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let found = find_grant(sql, &self.store, &self.id).await?;
        Ok(found.and_then(|(grant, user, is_live)| is_live.then_some((grant, user))))
    }
}

/// Finds a user of a store, unless blocked, with the facts of one provider.
#[derive(Clone, Debug)]
pub struct FindAppUser {
    /// The name of the store.
    pub store: Box<str>,
    /// The user.
    pub uid: Box<str>,
    /// The key of the provider whose facts are wanted.
    pub provider: Box<str>,
}

impl Verb for FindAppUser {
    type Answer = Option<AppUser>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Option<AppUser>, StorageFault> {
        let select = app_users!("$3", "", " FROM users u WHERE u.uid = $1 AND u.store = $2 AND u.blocked = 0");
        let rows = sql.fetch(select, with![&self.uid, &self.store, &self.provider]).await?;
        rows.first().map(user_from_row).transpose()
    }
}

/// An app with access to a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserApp {
    /// The name of the app.
    pub app: Box<str>,
    /// When it got access first.
    pub first: i64,
    /// When it used a code or refresh token last.
    pub last: i64,
    /// Its scopes, with blanks between them.
    pub scopes: Box<str>,
    /// Whether its access outlives a plain sign-out.
    pub offline: bool,
    /// When its last token expires. A caller leaves out what has expired.
    pub until: i64,
}

/// Lists the apps with access to a user, by their names.
#[derive(Clone, Debug)]
pub struct ListAppsOfUser {
    /// The name of the store.
    pub store: Box<str>,
    /// The user.
    pub uid: Box<str>,
}

impl Verb for ListAppsOfUser {
    type Answer = Vec<UserApp>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<UserApp>, StorageFault> {
        let select = "SELECT g.app, g.made, g.used, g.scopes, g.offline, g.until FROM app_grants g WHERE g.uid = $1 AND g.store = $2 AND g.ended = 0 \
             AND (g.offline = 1 OR EXISTS (SELECT 1 FROM sessions s WHERE s.sid = g.sid)) ORDER BY g.app, g.made, g.id";
        let mut apps: Vec<UserApp> = Vec::new();
        for row in &sql.fetch(select, with![&self.uid, &self.store]).await? {
            let (app, first, last, scopes) = (row.text(0)?.into(), row.number(1)?, row.number(2)?, row.text(3)?.into());
            let one = UserApp { app, first, last, scopes, offline: row.flag(4)?, until: row.number(5)? };
            match apps.last_mut().filter(|known| known.app == one.app) {
                Some(known) => known.add(&one),
                None => apps.push(one),
            }
        }
        Ok(apps)
    }
}

impl UserApp {
    /// Adds a later grant of the same app.
    fn add(&mut self, other: &Self) {
        self.last = self.last.max(other.last);
        self.until = self.until.max(other.until);
        self.offline |= other.offline;
        self.scopes = union_of_scopes(&self.scopes, &other.scopes);
    }
}

/// All scopes of two lists, in their order.
pub(crate) fn union_of_scopes(known: &str, more: &str) -> Box<str> {
    let mut all: Vec<&str> = Vec::new();
    for scope in known.split_ascii_whitespace().chain(more.split_ascii_whitespace()) {
        if !all.contains(&scope) {
            all.push(scope);
        }
    }
    all.join(" ").into()
}
