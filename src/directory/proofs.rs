//! Addresses that are being proven: who came, sealed, until a code that was sent to the address comes back. How often a code may
//! be tried and sent is counted here, so that it holds for all machines together.

use crate::directory::audit::{AuditEvent, record_event};
use crate::directory::sql::{SqlRow, SqlTransaction, StorageFault, Verb, with};
use aws_lc_rs::constant_time;

/// How long a proof may take, in seconds.
pub(crate) const GOOD_FOR: i64 = 15 * 60;
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
pub struct EmailProof {
    /// The store.
    pub store: Box<str>,
    /// Who came, and the address once there is one: sealed.
    pub sealed: String,
    /// Whether a code has been sent.
    pub is_sent: bool,
    /// How often codes may still be tried.
    pub(crate) left: i64,
}

/// Begins a proof.
#[derive(Debug)]
pub struct BeginEmailProof {
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

impl Verb for BeginEmailProof {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let begun = "INSERT INTO proofs (id, store, sealed, who, until) VALUES ($1, $2, $3, $4, $5)";
        sql.queue(begun, with![&self.id, &self.store, &self.sealed, &self.who, self.until]).await
    }
}

/// A proof, while it is good.
#[derive(Debug)]
pub struct FindEmailProof {
    /// Which.
    pub id: Box<str>,
    /// When that is asked.
    pub now: i64,
}

impl Verb for FindEmailProof {
    type Answer = Option<EmailProof>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Option<EmailProof>, StorageFault> {
        let found = "SELECT store, sealed, code, tries FROM proofs WHERE id = $1 AND until > $2 AND tries < $3";
        sql.fetch(found, with![&self.id, self.now, TRIES]).await?.first().map(proof_from_row).transpose()
    }
}

fn proof_from_row(row: &SqlRow) -> Result<EmailProof, StorageFault> {
    Ok(EmailProof {
        store: row.text(0)?.into(),
        sealed: row.text(1)?.to_owned(),
        is_sent: row.optional_text(2)?.is_some(),
        left: TRIES.saturating_sub(row.number(3)?),
    })
}

/// Notes that a code is about to be sent; the one before it no longer counts.
#[derive(Debug)]
pub struct ReserveCodeMail {
    /// Which proof.
    pub id: Box<str>,
    /// Who came, and the address.
    pub sealed: String,
    /// The hash of the code.
    pub code: Box<str>,
    /// The hash of the address.
    pub recipient: Box<str>,
    /// What is written down when more codes would be guessing.
    pub event: AuditEvent,
    /// When.
    pub now: i64,
}

/// Whether a code may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeMailReservation {
    /// It may.
    Go,
    /// Not yet; in so many seconds.
    Wait(i64),
    /// No more for this proof; the code that was sent last still counts.
    Enough,
    /// The proof is over.
    Over,
}

impl Verb for ReserveCodeMail {
    type Answer = CodeMailReservation;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<CodeMailReservation, StorageFault> {
        let held = "SELECT sent, who FROM proofs WHERE id = $1 AND until > $2 AND tries < $3";
        let rows = sql.fetch_for_update(held, with![&self.id, self.now, TRIES]).await?;
        let Some(row) = rows.first() else { return Ok(CodeMailReservation::Over) };
        if row.number(0)? >= MAILS {
            return Ok(CodeMailReservation::Enough);
        }
        // Mails to one address are counted one after the other, from however many proofs they come.
        sql.lock_name(&self.recipient).await?;
        if is_guessing(sql, row.text(1)?, &self.recipient, self.now).await? {
            record_event(sql, &self.event).await?;
            sql.queue("DELETE FROM proofs WHERE id = $1", with![&self.id]).await?;
            return Ok(CodeMailReservation::Over);
        }
        let lately = "SELECT at FROM mails WHERE recipient = $1 AND at > $2 ORDER BY at DESC LIMIT $3";
        let lately = sql.fetch(lately, with![&self.recipient, self.now - 3600, MAILS_AN_HOUR]).await?;
        if let Some(last) = lately.first() {
            let next = last.number(0)? + BETWEEN;
            let full = i64::try_from(lately.len()).unwrap_or(MAILS_AN_HOUR) >= MAILS_AN_HOUR;
            let next = if full { lately.last().map_or(Ok(next), |oldest| oldest.number(0))? + 3600 } else { next };
            if next > self.now {
                return Ok(CodeMailReservation::Wait(next - self.now));
            }
        }
        sql.queue("INSERT INTO mails (recipient, at, proof) VALUES ($1, $2, $3)", with![&self.recipient, self.now, &self.id]).await?;
        let sent = "UPDATE proofs SET sealed = $1, code = $2, toward = $3, sent = sent + 1 WHERE id = $4";
        sql.queue(sent, with![&self.sealed, &self.code, &self.recipient, &self.id]).await?;
        Ok(CodeMailReservation::Go)
    }
}

/// Whether so many codes were wrong today that more would be guessing.
async fn is_guessing<S: SqlTransaction>(sql: &mut S, who: &str, toward: &str, now: i64) -> Result<bool, StorageFault> {
    let wrong = "SELECT (SELECT count(*) FROM wrongs WHERE who = $1 AND at > $3), (SELECT count(*) FROM wrongs WHERE who = $2 AND at > $3)";
    let rows = sql.fetch(wrong, with![who, toward, now - DAY]).await?;
    let row = rows.first().ok_or(StorageFault::Away)?;
    Ok(row.number(0)? >= WRONG_BY_ONE || row.number(1)? >= WRONG_FOR_ONE)
}

/// Takes back what was noted of a code, because it could not be sent: another may be sent at once.
#[derive(Debug)]
pub struct ReleaseCodeMail {
    /// Which proof.
    pub id: Box<str>,
    /// The hash of the code.
    pub code: Box<str>,
    /// The hash of the address.
    pub recipient: Box<str>,
    /// When it was noted.
    pub at: i64,
}

impl Verb for ReleaseCodeMail {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        // The proof first, as when it is noted.
        sql.fetch_for_update("SELECT sent FROM proofs WHERE id = $1", with![&self.id]).await?;
        let mail = "DELETE FROM mails WHERE proof = $1 AND recipient = $2 AND at = $3 RETURNING at";
        if sql.fetch(mail, with![&self.id, &self.recipient, self.at]).await?.is_empty() {
            return Ok(());
        }
        // A code that was sent meanwhile still counts.
        let sent = "UPDATE proofs SET sent = sent - 1, code = CASE WHEN code = $1 THEN NULL ELSE code END WHERE id = $2";
        sql.queue(sent, with![&self.code, &self.id]).await
    }
}

/// Tries a code. The right one ends the proof.
#[derive(Debug)]
pub struct VerifyProofCode {
    /// Which proof.
    pub id: Box<str>,
    /// The hash of what was typed.
    pub code: Box<str>,
    /// What is written down when it was the last wrong one.
    pub event: AuditEvent,
    /// When.
    pub now: i64,
}

/// What became of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofCodeOutcome {
    /// It is the right one; who came, and the address.
    Right(EmailProof),
    /// It is not; so often more may be tried.
    Wrong(i64),
    /// The proof is over, or no code has been sent.
    Over,
}

impl Verb for VerifyProofCode {
    type Answer = ProofCodeOutcome;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<ProofCodeOutcome, StorageFault> {
        let counted = "UPDATE proofs SET tries = tries + 1 WHERE id = $1 AND until > $2 AND tries < $3 AND code IS NOT NULL \
             RETURNING store, sealed, code, tries, who, toward";
        let rows = sql.fetch(counted, with![&self.id, self.now, TRIES]).await?;
        let Some(row) = rows.first() else { return Ok(ProofCodeOutcome::Over) };
        let (who, toward) = (row.text(4)?, row.optional_text(5)?.unwrap_or_default());
        // Those who guess are counted one after the other as well.
        sql.lock_name(who).await?;
        sql.lock_name(toward).await?;
        let is_guessing = is_guessing(sql, who, toward, self.now).await?;
        let is_right = constant_time::verify_slices_are_equal(row.text(2)?.as_bytes(), self.code.as_bytes()).is_ok();
        if is_guessing || !is_right {
            let left = if is_guessing { 0 } else { TRIES - row.number(3)? };
            sql.queue("INSERT INTO wrongs (who, at) VALUES ($1, $3), ($2, $3)", with![who, toward, self.now]).await?;
            if left == 0 {
                record_event(sql, &self.event).await?;
                sql.queue("DELETE FROM proofs WHERE id = $1", with![&self.id]).await?;
            }
            return Ok(ProofCodeOutcome::Wrong(left));
        }
        sql.queue("DELETE FROM proofs WHERE id = $1", with![&self.id]).await?;
        Ok(ProofCodeOutcome::Right(proof_from_row(row)?))
    }
}
