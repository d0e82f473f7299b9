//! The notices of ended sessions that apps are still to get (OpenID Connect Back-Channel Logout). They are queued with the end itself, so
//! none is lost, and any machine delivers them.

use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};

/// How long the delivery of a notice is tried, in seconds.
pub(crate) const KEPT: i64 = 24 * 3600;
/// The pause after the first try, in seconds; each pause is twice as long as the one before.
const FIRST_PAUSE: i64 = 30;
/// The longest pause, in seconds.
const LONGEST_PAUSE: i64 = 3600;

/// The notice of an ended session for one app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutNotice {
    /// The name of the store.
    pub store: Box<str>,
    /// The name of the app.
    pub app: Box<str>,
    /// The id of the session, as the app was given it.
    pub sid: Box<str>,
    /// The user, who may be erased.
    pub uid: Box<str>,
    /// How often its delivery was tried before.
    pub tries: i64,
    /// Whether this is the last try.
    pub is_last: bool,
}

/// Lists the stores of which notices are due. Most of the time there are none.
#[derive(Clone, Debug)]
pub struct ListStoresWithDueNotices {
    /// The current time in seconds since 1970.
    pub now: i64,
}

impl Verb for ListStoresWithDueNotices {
    type Answer = Vec<Box<str>>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<Box<str>>, StorageFault> {
        let select = "SELECT DISTINCT store || '' FROM logout_notices WHERE due <= $1 AND until > $1";
        sql.fetch(select, with![self.now]).await?.iter().map(|row| row.text(0).map(Into::into)).collect()
    }
}

/// Counts the notices that wait, due or not.
#[derive(Clone, Debug)]
pub(crate) struct CountLogoutNotices {
    /// The current time in seconds since 1970.
    pub(crate) now: i64,
}

impl Verb for CountLogoutNotices {
    type Answer = i64;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<i64, StorageFault> {
        let rows = sql.fetch("SELECT count(*) FROM logout_notices WHERE until > $1", with![self.now]).await?;
        rows.first().map_or(Ok(0), |row| row.number(0))
    }
}

/// Takes the notices of a store whose delivery is due, the longest waiting first. The next try of each is due after a pause, unless it is dropped before.
#[derive(Clone, Debug)]
pub struct TakeDueLogoutNotices {
    /// The name of the store.
    pub store: Box<str>,
    /// The current time in seconds since 1970.
    pub now: i64,
    /// How many at most.
    pub limit: i64,
}

impl Verb for TakeDueLogoutNotices {
    type Answer = Vec<LogoutNotice>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<LogoutNotice>, StorageFault> {
        // `store || ''` is in no index, so SQLite takes that of the due moments, and does not read all notices of the store.
        let select = "SELECT store, app, sid, uid, tries, until FROM logout_notices WHERE due <= $1 AND until > $1 AND store || '' = $3 \
             ORDER BY due, app, sid LIMIT $2";
        let rows = sql.fetch_for_update(select, with![self.now, self.limit, &self.store]).await?;
        let mut taken = Vec::with_capacity(rows.len());
        for row in &rows {
            let (store, app, sid, tries) = (row.text(0)?, row.text(1)?, row.text(2)?, row.number(4)?);
            let due = self.now.saturating_add(pause_after(tries));
            let update = "UPDATE logout_notices SET tries = tries + 1, due = $4 WHERE store = $1 AND app = $2 AND sid = $3";
            sql.queue(update, with![store, app, sid, due]).await?;
            let is_last = due >= row.number(5)?;
            taken.push(LogoutNotice { store: store.into(), app: app.into(), sid: sid.into(), uid: row.text(3)?.into(), tries, is_last });
        }
        Ok(taken)
    }
}

fn pause_after(tries: i64) -> i64 {
    let doubled = u32::try_from(tries).ok().and_then(|tries| 2_i64.checked_pow(tries));
    doubled.map_or(LONGEST_PAUSE, |factor| factor.saturating_mul(FIRST_PAUSE).min(LONGEST_PAUSE))
}

/// Drops a notice that was delivered, or that cannot be.
#[derive(Clone, Debug)]
pub struct DropLogoutNotice {
    /// The name of the store.
    pub store: Box<str>,
    /// The name of the app.
    pub app: Box<str>,
    /// The id of the session, as the app was given it.
    pub sid: Box<str>,
}

impl Verb for DropLogoutNotice {
    type Answer = ();

    const IS_ONE_STATEMENT: bool = true;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let delete = "DELETE FROM logout_notices WHERE store = $1 AND app = $2 AND sid = $3";
        sql.queue(delete, with![&self.store, &self.app, &self.sid]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_an_hour() {
        assert_eq!([0, 1, 2, 6, 7, 100, i64::MAX].map(pause_after), [30, 60, 120, 1920, 3600, 3600, 3600]);
    }
}
