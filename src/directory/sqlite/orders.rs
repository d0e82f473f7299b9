//! What is to be written. One task carries it out: what arrives together goes into one transaction, and who asked hears of it
//! once that is kept. A request that is given up half-way leaves nothing open.

use crate::directory::linking::{self, Decision, Known, NotWelcome};
use crate::directory::{Away, Event, Incident, SealedKey, User};
use crate::email::Email;
use crate::provider::identity::Identity;
use sqlx::Row as _;
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection, SqliteRow};
use std::future::Future;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Orders that are carried out together at most.
const TOGETHER: usize = 64;
/// How long somebody waits to hear of an order.
const PATIENCE: Duration = Duration::from_secs(6);
/// Orders that wait at most; then those who ask wait.
const WAITING: usize = 1024;

/// A login at the door, as an order that outlives the request.
pub(super) struct Newcomer {
    pub(super) store: Box<str>,
    pub(super) identity: Identity,
    pub(super) new_uid: Box<str>,
    pub(super) sid: Box<str>,
    pub(super) now: i64,
    pub(super) latest: i64,
    pub(super) instead_of: Option<(Box<str>, i64)>,
}

/// An event that outlives the request.
pub(super) struct Noted {
    at: i64,
    store: Box<str>,
    what: Box<str>,
    uid: Option<Box<str>>,
    provider: Option<Box<str>>,
    because: Option<Box<str>>,
}

impl Noted {
    pub(super) fn new(event: Event<'_>) -> Self {
        let own = |text: Option<&str>| text.map(Into::into);
        let Event { at, store, what, uid, provider, because } = event;
        Self { at, store: store.into(), what: what.into(), uid: own(uid), provider: own(provider), because: own(because) }
    }
}

/// Something to be written.
pub(super) enum Order {
    Spend { attempt: Box<str>, until: i64 },
    Welcome(Box<Newcomer>),
    EndSession { sid: Box<str>, latest: i64, event: Noted },
    Remember { incident: Incident, event: Noted },
    FirstKey(SealedKey),
    Tidy { sql: &'static str, before: i64 },
}

/// What came of it.
pub(super) enum Done {
    Said(bool),
    Welcomed(Result<User, NotWelcome>),
    Number(i64),
    Nothing,
}

type Answer = oneshot::Sender<Result<Done, Away>>;

/// The desk at which orders are given.
#[derive(Clone, Debug)]
pub(super) struct Desk(mpsc::Sender<(Order, Answer)>);

impl Desk {
    /// Opens the desk; the connection is the only one that writes.
    pub(super) fn open(writer: SqliteConnection) -> Self {
        let (give, orders) = mpsc::channel(WAITING);
        tokio::spawn(work(writer, orders));
        Self(give)
    }

    /// Gives an order and waits until it is kept.
    pub(super) fn give(&self, order: Order) -> impl Future<Output = Result<Done, Away>> + Send + use<> {
        let desk = self.0.clone();
        async move {
            let (answer, heard) = oneshot::channel();
            let given = async {
                desk.send((order, answer)).await.map_err(|_| Away)?;
                heard.await.map_err(|_| Away)?
            };
            tokio::time::timeout(PATIENCE, given).await.map_err(|_| Away)?
        }
    }
}

async fn work(mut writer: SqliteConnection, mut orders: mpsc::Receiver<(Order, Answer)>) {
    let mut batch = Vec::new();
    while orders.recv_many(&mut batch, TOGETHER).await > 0 {
        if let [(order, _)] = batch.as_slice()
            && let Ok(Some(done)) = at_once(&mut writer, order).await
        {
            if let Some((_, answer)) = batch.pop() {
                let _ = answer.send(Ok(done));
            }
            continue;
        }
        let given: Vec<&Order> = batch.iter().map(|(order, _)| order).collect();
        let together = carry_out(&mut writer, &given).await;
        match together {
            Ok(done) => {
                for ((_, answer), done) in batch.drain(..).zip(done) {
                    let _ = answer.send(Ok(done));
                }
            }
            // One of them cannot be done: the others must not suffer for it.
            Err(_) => {
                // Who has stopped waiting is not served any more, so that a storage that was stuck is soon well again.
                for (order, answer) in batch.drain(..).filter(|(_, answer)| !answer.is_closed()) {
                    let alone = carry_out(&mut writer, &[&order]).await;
                    let _ = answer.send(alone.map(|mut done| done.pop().unwrap_or(Done::Nothing)));
                }
            }
        }
    }
}

/// The usual orders when they come alone, in as few journeys to the database as can be; `None` for any other.
async fn at_once(writer: &mut SqliteConnection, order: &Order) -> Result<Option<Done>, Away> {
    match order {
        // A statement by itself is kept by itself.
        Order::Spend { .. } => one(writer, order).await.map(Some),
        Order::Welcome(newcomer) => {
            let decision = recognise(writer, newcomer).await?;
            let Decision::Same(known, None) = decision else { return Ok(None) };
            if newcomer.instead_of.is_some() {
                return Ok(None);
            }
            if let Err(error) =
                seen(SEEN_ALONE, newcomer, &known.email, &known.uid, known.email_verified, "known").execute(&mut *writer).await
            {
                let _ = sqlx::query("ROLLBACK").execute(&mut *writer).await;
                return Err(error.into());
            }
            Ok(Some(Done::Welcomed(Ok(user(&newcomer.identity, known.uid, known.email, known.email_verified)))))
        }
        Order::EndSession { .. } | Order::Remember { .. } | Order::FirstKey(_) | Order::Tidy { .. } => Ok(None),
    }
}

/// All of it or nothing.
async fn carry_out(writer: &mut SqliteConnection, orders: &[&Order]) -> Result<Vec<Done>, Away> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *writer).await?;
    let mut done = Vec::with_capacity(orders.len());
    for order in orders {
        match one(writer, order).await {
            Ok(what) => done.push(what),
            Err(away) => {
                let _ = sqlx::query("ROLLBACK").execute(&mut *writer).await;
                return Err(away);
            }
        }
    }
    if let Err(error) = sqlx::query("COMMIT").execute(&mut *writer).await {
        let _ = sqlx::query("ROLLBACK").execute(&mut *writer).await;
        return Err(error.into());
    }
    Ok(done)
}

async fn one(writer: &mut SqliteConnection, order: &Order) -> Result<Done, Away> {
    Ok(match order {
        Order::Spend { attempt, until } => {
            let spent = sqlx::query("INSERT INTO attempts (spent, until) VALUES (?, ?) ON CONFLICT DO NOTHING");
            Done::Said(spent.bind(&**attempt).bind(until).execute(writer).await?.rows_affected() == 1)
        }
        Order::Welcome(newcomer) => Done::Welcomed(let_in(writer, newcomer).await?),
        Order::EndSession { sid, latest, event } => {
            let number = end(writer, sid, *latest).await?;
            write_down(writer, event).await?;
            Done::Number(number)
        }
        Order::Remember { incident, event } => {
            let kept = sqlx::query("INSERT INTO incidents (code, store, at, story) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING");
            let kept = kept.bind(&*incident.code).bind(&*incident.store).bind(incident.at).bind(&incident.story);
            let kept = kept.execute(&mut *writer).await?.rows_affected() == 1;
            if kept {
                write_down(writer, event).await?;
            }
            Done::Said(kept)
        }
        Order::FirstKey(key) => {
            let first = sqlx::query("INSERT INTO keys (id, sealed, made) SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM keys)");
            first.bind(&*key.id).bind(&key.sealed).bind(key.made).execute(writer).await?;
            Done::Nothing
        }
        Order::Tidy { sql, before } => {
            sqlx::query(*sql).bind(before).execute(writer).await?;
            Done::Nothing
        }
    })
}

async fn write_down(writer: &mut SqliteConnection, event: &Noted) -> Result<(), Away> {
    let added = sqlx::query("INSERT INTO audit (at, store, what, uid, provider, because) VALUES (?, ?, ?, ?, ?, ?)");
    let added = added.bind(event.at).bind(&*event.store).bind(&*event.what);
    added.bind(event.uid.as_deref()).bind(event.provider.as_deref()).bind(event.because.as_deref()).execute(writer).await?;
    Ok(())
}

async fn end(writer: &mut SqliteConnection, sid: &str, latest: i64) -> Result<i64, Away> {
    sqlx::query("DELETE FROM sessions WHERE sid = ?").bind(sid).execute(&mut *writer).await?;
    let number = sqlx::query("INSERT INTO ends (sid, latest) VALUES (?, ?) RETURNING number").bind(sid).bind(latest);
    Ok(number.fetch_one(&mut *writer).await?.try_get(0)?)
}

/// A person as a row tells of them; the columns are those of [`WHO`].
fn known(row: &SqliteRow) -> Result<Known, Away> {
    let email: &str = row.try_get(2)?;
    Ok(Known {
        uid: row.try_get::<&str, _>(1)?.into(),
        email: Email::parse(email).map_err(|_| Away)?,
        email_verified: row.try_get::<i64, _>(3)? != 0,
        blocked: row.try_get::<i64, _>(4)? != 0,
    })
}

/// Who came in this way before, and who has the address now.
const WHO: &str = "SELECT 1, u.uid, u.email, u.email_verified, u.blocked FROM identities i JOIN users u ON u.uid = i.uid \
     WHERE i.store = ?1 AND i.provider = ?2 AND i.provider_id = ?3 \
     UNION ALL SELECT 2, uid, email, email_verified, blocked FROM users WHERE store = ?1 AND email = ?4";

/// What is written of somebody who comes in. Statements that go together travel together.
macro_rules! seen {
    () => {
        "UPDATE users SET email = ?, email_verified = ?, name = coalesce(?, name), picture = coalesce(?, picture), \
         locale = coalesce(?, locale), last_seen = ? WHERE uid = ?; \
         INSERT INTO sessions (sid, uid, since, latest) VALUES (?, ?, ?, ?); \
         INSERT INTO audit (at, store, what, uid, provider, because) VALUES (?, ?, 'login', ?, ?, ?)"
    };
}
const SEEN: &str = seen!();
const SEEN_ALONE: &str = concat!("BEGIN IMMEDIATE; ", seen!(), "; COMMIT");

/// Ends all sessions of somebody.
const END_ALL: &str = "INSERT INTO ends (sid, latest) SELECT sid, latest FROM sessions WHERE uid = ?; DELETE FROM sessions WHERE uid = ?";

fn seen<'q>(
    sql: &'static str,
    newcomer: &'q Newcomer,
    email: &'q Email,
    uid: &'q str,
    email_verified: bool,
    because: &'static str,
) -> Query<'q, Sqlite, SqliteArguments> {
    let Newcomer { store, identity, sid, now, latest, .. } = newcomer;
    let seen = sqlx::query(sql).bind(email.key()).bind(i64::from(email_verified));
    let seen = seen.bind(identity.name.as_deref()).bind(identity.picture.as_deref()).bind(identity.locale.as_deref()).bind(*now).bind(uid);
    let seen = seen.bind(&**sid).bind(uid).bind(*now).bind(*latest);
    seen.bind(*now).bind(&**store).bind(uid).bind(&*identity.provider).bind(because)
}

fn user(identity: &Identity, uid: Box<str>, email: Email, email_verified: bool) -> User {
    User { uid, email, email_verified, name: identity.name.clone(), picture: identity.picture.clone() }
}

/// Who this is, as far as the directory knows.
async fn recognise(writer: &mut SqliteConnection, newcomer: &Newcomer) -> Result<Decision, Away> {
    let Newcomer { store, identity, .. } = newcomer;
    let address = linking::address_of(&identity.address).map(Email::key);
    let who = sqlx::query(WHO).bind(&**store).bind(&*identity.provider).bind(&*identity.id).bind(address);
    let (mut by_identity, mut by_email) = (None, None);
    for row in who.fetch_all(&mut *writer).await? {
        let found = known(&row)?;
        if row.try_get::<i64, _>(0)? == 1 { by_identity = Some(found) } else { by_email = Some(found) }
    }
    // Somebody's own address is nobody else's.
    let by_email = by_email.filter(|holder: &Known| by_identity.as_ref().is_none_or(|known: &Known| known.uid != holder.uid));
    Ok(linking::decide(by_identity, by_email, &identity.address))
}

async fn let_in(writer: &mut SqliteConnection, newcomer: &Newcomer) -> Result<Result<User, NotWelcome>, Away> {
    let Newcomer { store, identity, new_uid, now, instead_of, .. } = newcomer;
    let (uid, email, email_verified, because) = match recognise(writer, newcomer).await? {
        Decision::Refuse(why) => {
            let event =
                Event { at: *now, store, what: "refused", uid: None, provider: Some(&identity.provider), because: Some(why.word()) };
            write_down(writer, &Noted::new(event)).await?;
            return Ok(Err(why));
        }
        Decision::New(email, verified) => {
            let new = "INSERT INTO users (uid, store, email, email_verified, first_seen, last_seen) VALUES (?, ?, ?, ?, ?, ?)";
            let new = sqlx::query(new).bind(&**new_uid).bind(&**store).bind(email.key()).bind(i64::from(verified)).bind(now).bind(now);
            new.execute(&mut *writer).await?;
            (new_uid.clone(), email, verified, "new")
        }
        Decision::Link(known) => (known.uid, known.email, known.email_verified, "linked"),
        Decision::Same(known, None) => (known.uid, known.email, known.email_verified, "known"),
        Decision::Same(known, Some(changed)) => (known.uid, changed, true, "addressChanged"),
    };
    if matches!(because, "new" | "linked") {
        let link = sqlx::query("INSERT INTO identities (store, provider, provider_id, uid, linked, because) VALUES (?, ?, ?, ?, ?, ?)");
        let link = link.bind(&**store).bind(&*identity.provider).bind(&*identity.id).bind(&*uid).bind(now).bind(because);
        link.execute(&mut *writer).await?;
    }
    if because == "addressChanged" {
        // Tokens with the old address must not outlive it: somebody else may come to have it.
        sqlx::query(END_ALL).bind(&*uid).bind(&*uid).execute(&mut *writer).await?;
    }
    seen(SEEN, newcomer, &email, &uid, email_verified, because).execute(&mut *writer).await?;
    if let Some((sid, latest)) = instead_of {
        end(writer, sid, *latest).await?;
    }
    Ok(Ok(user(identity, uid, email, email_verified)))
}
