//! Addresses that are being proven: who came, sealed, until a code that was sent to the address comes back. How often a code may
//! be tried and sent is counted here, so that it holds for all machines together.

use crate::directory::audit::{Event, write_down};
use crate::directory::sql::{Fault, Row, Sql, Verb, with};
use aws_lc_rs::constant_time;

/// How long a proof may take, in seconds.
pub const GOOD_FOR: i64 = 15 * 60;
/// How often codes may be tried.
pub const TRIES: i64 = 5;
/// How many mails a proof may send.
const MAILS: i64 = 3;
/// How many mails an address gets in an hour, whoever asks for them.
const MAILS_AN_HOUR: i64 = 5;
/// How many wrong codes a day somebody may type, in however many proofs.
const WRONG_BY_ONE: i64 = 10;
/// How many wrong codes a day may be typed for one address, by whomever.
const WRONG_FOR_ONE: i64 = 20;
const DAY: i64 = 86_400;
/// How long the next mail to an address waits, in seconds.
const BETWEEN: i64 = 30;

/// A proof that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The store.
    pub store: Box<str>,
    /// Who came, and the address once there is one: sealed.
    pub sealed: String,
    /// Whether a code has been sent.
    pub is_sent: bool,
    /// How often codes may still be tried.
    pub left: i64,
}

/// Begins a proof.
#[derive(Debug)]
pub struct Begin {
    /// The hash of the handle by which the browser comes back.
    pub id: Box<str>,
    /// The store.
    pub store: Box<str>,
    /// Who came.
    pub sealed: String,
    /// The hash of who came, by which wrong codes are counted.
    pub who: Box<str>,
    /// Until when.
    pub until: i64,
}

impl Verb for Begin {
    type Answer = ();

    async fn carry_out<S: Sql>(&self, sql: &mut S) -> Result<(), Fault> {
        let begun = "INSERT INTO proofs (id, store, sealed, who, until) VALUES ($1, $2, $3, $4, $5)";
        sql.then(begun, with![&self.id, &self.store, &self.sealed, &self.who, self.until]).await
    }
}

/// A proof, while it is good.
#[derive(Debug)]
pub struct Look {
    /// Which.
    pub id: Box<str>,
    /// When that is asked.
    pub now: i64,
}

impl Verb for Look {
    type Answer = Option<Proof>;

    async fn carry_out<S: Sql>(&self, sql: &mut S) -> Result<Option<Proof>, Fault> {
        let found = "SELECT store, sealed, code, tries FROM proofs WHERE id = $1 AND until > $2 AND tries < $3";
        sql.ask(found, with![&self.id, self.now, TRIES]).await?.first().map(proof).transpose()
    }
}

fn proof(row: &Row) -> Result<Proof, Fault> {
    Ok(Proof {
        store: row.text(0)?.into(),
        sealed: row.text(1)?.to_owned(),
        is_sent: row.maybe(2)?.is_some(),
        left: TRIES.saturating_sub(row.number(3)?),
    })
}

/// Notes that a code is about to be sent; the one before it no longer counts.
#[derive(Debug)]
pub struct Send {
    /// Which proof.
    pub id: Box<str>,
    /// Who came, and the address.
    pub sealed: String,
    /// The hash of the code.
    pub code: Box<str>,
    /// The hash of the address.
    pub recipient: Box<str>,
    /// What is written down when more codes would be guessing.
    pub event: Event,
    /// When.
    pub now: i64,
}

/// Whether a code may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// It may.
    Go,
    /// Not yet; in so many seconds.
    Wait(i64),
    /// No more for this proof; the code that was sent last still counts.
    Enough,
    /// The proof is over.
    Over,
}

impl Verb for Send {
    type Answer = Sending;

    async fn carry_out<S: Sql>(&self, sql: &mut S) -> Result<Sending, Fault> {
        let held = "SELECT sent, who FROM proofs WHERE id = $1 AND until > $2 AND tries < $3";
        let rows = sql.hold(held, with![&self.id, self.now, TRIES]).await?;
        let Some(row) = rows.first() else { return Ok(Sending::Over) };
        if row.number(0)? >= MAILS {
            return Ok(Sending::Enough);
        }
        // Mails to one address are counted one after the other, from however many proofs they come.
        sql.alone(&self.recipient).await?;
        if is_guessing(sql, row.text(1)?, &self.recipient, self.now).await? {
            write_down(sql, &self.event).await?;
            sql.then("DELETE FROM proofs WHERE id = $1", with![&self.id]).await?;
            return Ok(Sending::Over);
        }
        let lately = "SELECT at FROM mails WHERE recipient = $1 AND at > $2 ORDER BY at DESC LIMIT $3";
        let lately = sql.ask(lately, with![&self.recipient, self.now - 3600, MAILS_AN_HOUR]).await?;
        if let Some(last) = lately.first() {
            let next = last.number(0)? + BETWEEN;
            let full = i64::try_from(lately.len()).unwrap_or(MAILS_AN_HOUR) >= MAILS_AN_HOUR;
            let next = if full { lately.last().map_or(Ok(next), |oldest| oldest.number(0))? + 3600 } else { next };
            if next > self.now {
                return Ok(Sending::Wait(next - self.now));
            }
        }
        sql.then("INSERT INTO mails (recipient, at, proof) VALUES ($1, $2, $3)", with![&self.recipient, self.now, &self.id]).await?;
        let sent = "UPDATE proofs SET sealed = $1, code = $2, toward = $3, sent = sent + 1 WHERE id = $4";
        sql.then(sent, with![&self.sealed, &self.code, &self.recipient, &self.id]).await?;
        Ok(Sending::Go)
    }
}

/// Whether so many codes were wrong today that more would be guessing.
async fn is_guessing<S: Sql>(sql: &mut S, who: &str, toward: &str, now: i64) -> Result<bool, Fault> {
    let wrong = "SELECT (SELECT count(*) FROM wrongs WHERE who = $1 AND at > $3), (SELECT count(*) FROM wrongs WHERE who = $2 AND at > $3)";
    let rows = sql.ask(wrong, with![who, toward, now - DAY]).await?;
    let row = rows.first().ok_or(Fault::Away)?;
    Ok(row.number(0)? >= WRONG_BY_ONE || row.number(1)? >= WRONG_FOR_ONE)
}

/// Takes back what was noted of a code, because it could not be sent: another may be sent at once.
#[derive(Debug)]
pub struct TakeBack {
    /// Which proof.
    pub id: Box<str>,
    /// The hash of the code.
    pub code: Box<str>,
    /// The hash of the address.
    pub recipient: Box<str>,
    /// When it was noted.
    pub at: i64,
}

impl Verb for TakeBack {
    type Answer = ();

    async fn carry_out<S: Sql>(&self, sql: &mut S) -> Result<(), Fault> {
        // The proof first, as when it is noted.
        sql.hold("SELECT sent FROM proofs WHERE id = $1", with![&self.id]).await?;
        let mail = "DELETE FROM mails WHERE proof = $1 AND recipient = $2 AND at = $3 RETURNING at";
        if sql.ask(mail, with![&self.id, &self.recipient, self.at]).await?.is_empty() {
            return Ok(());
        }
        // A code that was sent meanwhile still counts.
        let sent = "UPDATE proofs SET sent = sent - 1, code = CASE WHEN code = $1 THEN NULL ELSE code END WHERE id = $2";
        sql.then(sent, with![&self.code, &self.id]).await
    }
}

/// Tries a code. The right one ends the proof.
#[derive(Debug)]
pub struct Try {
    /// Which proof.
    pub id: Box<str>,
    /// The hash of what was typed.
    pub code: Box<str>,
    /// What is written down when it was the last wrong one.
    pub event: Event,
    /// When.
    pub now: i64,
}

/// What became of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It is the right one; who came, and the address.
    Right(Proof),
    /// It is not; so often more may be tried.
    Wrong(i64),
    /// The proof is over, or no code has been sent.
    Over,
}

impl Verb for Try {
    type Answer = Tried;

    async fn carry_out<S: Sql>(&self, sql: &mut S) -> Result<Tried, Fault> {
        let counted = "UPDATE proofs SET tries = tries + 1 WHERE id = $1 AND until > $2 AND tries < $3 AND code IS NOT NULL \
             RETURNING store, sealed, code, tries, who, toward";
        let rows = sql.ask(counted, with![&self.id, self.now, TRIES]).await?;
        let Some(row) = rows.first() else { return Ok(Tried::Over) };
        let (who, toward) = (row.text(4)?, row.maybe(5)?.unwrap_or_default());
        // Those who guess are counted one after the other as well.
        sql.alone(who).await?;
        sql.alone(toward).await?;
        let is_guessing = is_guessing(sql, who, toward, self.now).await?;
        let is_right = constant_time::verify_slices_are_equal(row.text(2)?.as_bytes(), self.code.as_bytes()).is_ok();
        if is_guessing || !is_right {
            let left = if is_guessing { 0 } else { TRIES - row.number(3)? };
            sql.then("INSERT INTO wrongs (who, at) VALUES ($1, $3), ($2, $3)", with![who, toward, self.now]).await?;
            if left == 0 {
                write_down(sql, &self.event).await?;
                sql.then("DELETE FROM proofs WHERE id = $1", with![&self.id]).await?;
            }
            return Ok(Tried::Wrong(left));
        }
        sql.then("DELETE FROM proofs WHERE id = $1", with![&self.id]).await?;
        Ok(Tried::Right(proof(row)?))
    }
}
