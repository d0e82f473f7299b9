//! The signing keys, sealed: shared by all machines, and turned over by whichever machine comes first.

use crate::directory::audit::{By, Event, What, write_down};
use crate::directory::sessions::next;
use crate::directory::sql::{Fault, Row, Sql, Verb, with};
use crate::session::rotation::{Change, Plan, Standing, State, due};

/// A signing key, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKey {
    /// Its bytes, sealed.
    pub sealed: String,
    /// When it was made.
    pub made: i64,
    /// Its name, what it does, and since when.
    pub standing: Standing,
}

/// A key that may be made use of.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// Its name.
    pub id: Box<str>,
    /// Its bytes, sealed.
    pub sealed: String,
}

/// The keys do not belong to a store.
const EVERYWHERE: &str = "*";

/// All keys, the one that signs first.
#[derive(Debug)]
pub struct Keys;

impl Verb for Keys {
    type Answer = Vec<SealedKey>;

    async fn carry_out<S: Sql>(&self, sql: &mut S) -> Result<Vec<SealedKey>, Fault> {
        sql.ask(KEYS, &[]).await?.iter().map(key).collect()
    }
}

// "active" comes before "next" and "retiring".
const KEYS: &str = "SELECT id, sealed, made, state, since FROM keys ORDER BY state, since DESC, id";

fn key(row: &Row) -> Result<SealedKey, Fault> {
    let standing = Standing { id: row.text(0)?.into(), state: State::of(row.text(3)?), since: row.number(4)? };
    Ok(SealedKey { sealed: row.text(1)?.to_owned(), made: row.number(2)?, standing })
}

/// Does what is due with the keys. Answers with what that was.
#[derive(Debug)]
pub struct Turn {
    /// A key for the case that one is needed.
    pub fresh: Fresh,
    /// How long keys live.
    pub plan: Plan,
    /// Whether somebody has asked for a new key.
    pub wanted: bool,
    /// When.
    pub now: i64,
}

impl Verb for Turn {
    type Answer = Vec<Change>;

    async fn carry_out<S: Sql>(&self, sql: &mut S) -> Result<Vec<Change>, Fault> {
        let held: Vec<SealedKey> = sql.hold(KEYS, &[]).await?.iter().map(key).collect::<Result<_, _>>()?;
        let standings: Vec<Standing> = held.into_iter().map(|key| key.standing).collect();
        let changes = due(&standings, self.now, self.plan, self.wanted);
        let by = if self.wanted { By::Support } else { By::Broker };
        for change in &changes {
            match change {
                Change::Begin => self.fresh.add(sql, State::Active, by, self.now).await?,
                Change::Publish => self.fresh.add(sql, State::Next, by, self.now).await?,
                Change::Activate(id) => activate(sql, id, by, self.now).await?,
                Change::Forget(id) => forget(sql, id, by, self.now).await?,
            }
        }
        if !changes.is_empty() {
            next(sql, "keys").await?;
        }
        Ok(changes)
    }
}

/// Takes a key out of use at once: whoever has a token of it is logged out. If it signed, the next one or a new one does.
#[derive(Debug)]
pub struct Retire {
    /// The key.
    pub id: Box<str>,
    /// A key for the case that one is needed.
    pub fresh: Fresh,
    /// When.
    pub now: i64,
}

impl Verb for Retire {
    type Answer = bool;

    async fn carry_out<S: Sql>(&self, sql: &mut S) -> Result<bool, Fault> {
        let held: Vec<SealedKey> = sql.hold(KEYS, &[]).await?.iter().map(key).collect::<Result<_, _>>()?;
        let Some(going) = held.iter().find(|key| key.standing.id == self.id) else { return Ok(false) };
        forget(sql, &self.id, By::Support, self.now).await?;
        if going.standing.state == State::Active {
            match held.iter().find(|key| key.standing.state == State::Next) {
                Some(next) => activate(sql, &next.standing.id, By::Support, self.now).await?,
                None => self.fresh.add(sql, State::Active, By::Support, self.now).await?,
            }
        }
        next(sql, "keys").await?;
        Ok(true)
    }
}

impl Fresh {
    async fn add<S: Sql>(&self, sql: &mut S, state: State, by: By, now: i64) -> Result<(), Fault> {
        let added = "INSERT INTO keys (id, sealed, made, state, since) VALUES ($1, $2, $3, $4, $5)";
        sql.then(added, with![&self.id, &self.sealed, now, state.word(), now]).await?;
        note(sql, if state == State::Active { What::KeyActive } else { What::KeyPublished }, &self.id, by, now).await
    }
}

async fn activate<S: Sql>(sql: &mut S, id: &str, by: By, now: i64) -> Result<(), Fault> {
    sql.then("UPDATE keys SET state = 'retiring', since = $1 WHERE state = 'active'", with![now]).await?;
    sql.then("UPDATE keys SET state = 'active', since = $1 WHERE id = $2", with![now, id]).await?;
    note(sql, What::KeyActive, id, by, now).await
}

async fn forget<S: Sql>(sql: &mut S, id: &str, by: By, now: i64) -> Result<(), Fault> {
    sql.then("DELETE FROM keys WHERE id = $1", with![id]).await?;
    note(sql, What::KeyGone, id, by, now).await
}

async fn note<S: Sql>(sql: &mut S, what: What, id: &str, by: By, now: i64) -> Result<(), Fault> {
    write_down(sql, &Event { version: Some(id.into()), ..Event::new(now, EVERYWHERE, what).because(by.word()) }).await
}
