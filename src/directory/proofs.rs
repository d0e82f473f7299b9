//! Proofs of e-mail addresses under way: the identity, sealed, until the code that was sent to the address comes back. The
//! limits of codes and mails are counted here, so that they hold over all machines.
//!
//! What others do with an address never refuses its owner. Wrong codes are limited for a proof and for an identity; where an address
//! has had many, its mails hold a code that cannot be guessed. Mails to an address are limited; the last one of an hour holds such a code,
//! and every proof of the address takes it until the next mail may be sent.
//!
//! **Guessing.** An identity has 10 wrong codes a day. The short codes are 10^6. In any 30 days an address has 19 wrong codes before
//! its codes become long; at that moment at most 4 short ones are valid (the fifth of an hour is long, and a proof lasts a quarter of an
//! hour), each for 5 tries: 39 guesses in 30 days, however many identities and machines guess, which find a code with a
//! probability of 1 in 25,000. The long codes are 10^16: a million identities, which have 10^7 wrong codes a day, find one
//! in a million years on average. A person who signs in by the code alone has no identity yet; there the network counts, which many
//! may share. After 100 wrong codes in a day its mails hold long codes, so it finds a short one with a probability of 1 in 10,000 a day.

use crate::directory::audit::{AuditEvent, record_event};
use crate::directory::sql::{SqlRow, SqlTransaction, StorageFault, Verb, with};
use aws_lc_rs::constant_time;

/// How long a proof may take, in seconds.
pub(crate) const GOOD_FOR: i64 = 15 * 60;
/// How many codes may be tried in a proof.
pub const TRIES: i64 = 5;
/// How many mails a proof may send.
const MAILS: i64 = 3;
/// How many mails an address gets in an hour, over all proofs.
const MAILS_AN_HOUR: i64 = 5;
/// How many wrong codes are accepted a day from one identity, over all proofs.
const WRONG_BY_ONE: i64 = 10;
/// After how many wrong codes of a day from one network its codes are long.
const WRONG_BY_NETWORK: i64 = 100;
/// After how many wrong codes for one address, over all identities, its codes are long.
const WRONG_FOR_ONE: i64 = 20;
/// How long the wrong codes for an address count, in seconds.
pub(crate) const WRONG_COUNTS: i64 = 30 * DAY;
/// How long a long code belongs to its address, in seconds.
pub(crate) const HOUR: i64 = 3600;
const DAY: i64 = 86_400;
/// The shortest time between two mails of a proof to an address, in seconds.
const BETWEEN: i64 = 30;

/// The code of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofCode {
    /// It belongs to one proof.
    Short,
    /// It cannot be guessed. It belongs to an address and an hour, so that each proof of the address may take it.
    Long,
}

impl ProofCode {
    /// How many digits it has.
    pub const fn digits(self) -> usize {
        match self {
            Self::Short => 6,
            Self::Long => 16,
        }
    }

    /// The hash as it is stored.
    fn stored(self, hash: &str) -> String {
        match self {
            Self::Short => hash.to_owned(),
            Self::Long => format!("{LONG_MARK}{hash}"),
        }
    }

    fn of_stored(code: &str) -> Self {
        if code.starts_with(LONG_MARK) { Self::Long } else { Self::Short }
    }
}

/// What stands before the hash of a network in storage, where it stands in the place of an identity.
const NETWORK_MARK: &str = "network ";

/// By whom the wrong codes of a proof are counted that has no identity yet: all people behind a network, who are not refused for each other.
pub fn of_network(hash: &str) -> Box<str> {
    format!("{NETWORK_MARK}{hash}").into()
}

/// What stands before the hash of a long code in storage.
const LONG_MARK: &str = "long ";

/// The hour of a moment, by which the long code of an address changes.
pub const fn hour(at: i64) -> i64 {
    at.div_euclid(HOUR)
}

/// A proof that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailProof {
    /// The name of the store at which the login began.
    pub store: Box<str>,
    /// The identity, and the address once it was entered: sealed.
    pub sealed: String,
    /// The code that is awaited, once a mail with it was sent.
    pub awaited: Option<ProofCode>,
    /// How many codes may still be tried.
    pub(crate) left: i64,
}

/// Stores a proof to which no code has been sent yet.
#[derive(Debug)]
pub struct BeginEmailProof {
    /// The hash of the handle that the browser has.
    pub id: Box<str>,
    /// The name of the store at which the login began.
    pub store: Box<str>,
    /// The identity that still lacks a proven address, sealed, because storage must not show personal data.
    pub sealed: String,
    /// The hash of the identity, by which wrong codes are counted, or that of the network ([`of_network`]).
    pub who: Box<str>,
    /// When the proof expires.
    pub until: i64,
}

impl Verb for BeginEmailProof {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let insert = "INSERT INTO proofs (id, store, sealed, who, until) VALUES ($1, $2, $3, $4, $5)";
        sql.queue(insert, with![&self.id, &self.store, &self.sealed, &self.who, self.until]).await
    }
}

/// Finds a proof that has not expired.
#[derive(Debug)]
pub struct FindEmailProof {
    /// The id of the proof, as in [`BeginEmailProof`].
    pub id: Box<str>,
    /// The current time in seconds since 1970, by which an expired proof is not found.
    pub now: i64,
}

impl Verb for FindEmailProof {
    type Answer = Option<EmailProof>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Option<EmailProof>, StorageFault> {
        let select = "SELECT store, sealed, code, tries FROM proofs WHERE id = $1 AND until > $2 AND tries < $3";
        sql.fetch(select, with![&self.id, self.now, TRIES]).await?.first().map(proof_from_row).transpose()
    }
}

fn proof_from_row(row: &SqlRow) -> Result<EmailProof, StorageFault> {
    Ok(EmailProof {
        store: row.text(0)?.into(),
        sealed: row.text(1)?.to_owned(),
        awaited: row.optional_text(2)?.map(ProofCode::of_stored),
        left: TRIES.saturating_sub(row.number(3)?),
    })
}

/// Reserves the mail of a code before it is sent; an earlier code is no longer valid.
#[derive(Debug)]
pub struct ReserveCodeMail {
    /// The id of the proof, as in [`BeginEmailProof`].
    pub id: Box<str>,
    /// The identity and the address, sealed.
    pub sealed: String,
    /// The hash of the short code.
    pub code: Box<str>,
    /// The hashes of the long code of the address: of the hour before, and of this one.
    pub long_codes: [Box<str>; 2],
    /// The hash of the address.
    pub recipient: Box<str>,
    /// The event to record if more codes would be guessing.
    pub event: AuditEvent,
    /// The current time in seconds since 1970, from which the pause before the next mail counts.
    pub now: i64,
}

/// Whether a code may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeMailReservation {
    /// The mail with this code counts as sent, and the caller may send it.
    Reserved(ProofCode),
    /// The address gets no more mails in this hour. The last one holds the long code, and this proof takes it.
    AlreadySent,
    /// A mail may be sent in this many seconds.
    Wait(i64),
    /// This proof has sent all its mails; the last code is still valid.
    LimitReached,
    /// The proof has ended or expired.
    ProofEnded,
}

impl Verb for ReserveCodeMail {
    type Answer = CodeMailReservation;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<CodeMailReservation, StorageFault> {
        let select = "SELECT sent, who FROM proofs WHERE id = $1 AND until > $2 AND tries < $3";
        let rows = sql.fetch_for_update(select, with![&self.id, self.now, TRIES]).await?;
        let Some(row) = rows.first() else { return Ok(CodeMailReservation::ProofEnded) };
        if row.number(0)? >= MAILS {
            return Ok(CodeMailReservation::LimitReached);
        }
        // The lock makes concurrent proofs count the mails to one address one after the other.
        sql.lock_name(&self.recipient).await?;
        let suspected = suspicion(sql, row.text(1)?, self.now).await?;
        if suspected == Suspicion::Refused {
            record_event(sql, &self.event).await?;
            sql.queue("DELETE FROM proofs WHERE id = $1", with![&self.id]).await?;
            return Ok(CodeMailReservation::ProofEnded);
        }
        let lately = "SELECT at, proof FROM mails WHERE recipient = $1 AND at > $2 ORDER BY at DESC LIMIT $3";
        let lately = sql.fetch(lately, with![&self.recipient, self.now.saturating_sub(HOUR), MAILS_AN_HOUR]).await?;
        let sent = i64::try_from(lately.len()).unwrap_or(MAILS_AN_HOUR);
        if let Some(last) = lately.first().filter(|_| sent >= MAILS_AN_HOUR) {
            self.await_code(sql, ProofCode::Long, hour(last.number(0)?)).await?;
            return Ok(CodeMailReservation::AlreadySent);
        }
        for mail in &lately {
            let next = mail.number(0)?.saturating_add(BETWEEN);
            if mail.text(1)? == &*self.id && next > self.now {
                return Ok(CodeMailReservation::Wait(next.saturating_sub(self.now)));
            }
        }
        let is_last = sent.saturating_add(1) >= MAILS_AN_HOUR;
        let is_guessed = wrong_codes(sql, &self.recipient, self.now.saturating_sub(WRONG_COUNTS)).await? >= WRONG_FOR_ONE;
        let code = if is_last || is_guessed || suspected == Suspicion::LongCodes { ProofCode::Long } else { ProofCode::Short };
        sql.queue("INSERT INTO mails (recipient, at, proof) VALUES ($1, $2, $3)", with![&self.recipient, self.now, &self.id]).await?;
        sql.queue("UPDATE proofs SET sent = sent + 1 WHERE id = $1", with![&self.id]).await?;
        self.await_code(sql, code, hour(self.now)).await?;
        Ok(CodeMailReservation::Reserved(code))
    }
}

impl ReserveCodeMail {
    /// The proof awaits a code; a long one is that of an hour.
    async fn await_code<S: SqlTransaction>(&self, sql: &mut S, code: ProofCode, of_hour: i64) -> Result<(), StorageFault> {
        let [before, this] = &self.long_codes;
        let hash = match code {
            ProofCode::Short => &self.code,
            ProofCode::Long if of_hour < hour(self.now) => before,
            ProofCode::Long => this,
        };
        let update = "UPDATE proofs SET sealed = $1, code = $2, toward = $3 WHERE id = $4";
        sql.queue(update, with![&self.sealed, &code.stored(hash), &self.recipient, &self.id]).await
    }
}

/// What the wrong codes of this day mean for a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Suspicion {
    None,
    /// The network has had many: only codes that cannot be guessed are accepted.
    LongCodes,
    /// The identity has had as many as it may.
    Refused,
}

async fn suspicion<S: SqlTransaction>(sql: &mut S, who: &str, now: i64) -> Result<Suspicion, StorageFault> {
    let wrong = wrong_codes(sql, who, now.saturating_sub(DAY)).await?;
    let (most, beyond) =
        if who.starts_with(NETWORK_MARK) { (WRONG_BY_NETWORK, Suspicion::LongCodes) } else { (WRONG_BY_ONE, Suspicion::Refused) };
    Ok(if wrong >= most { beyond } else { Suspicion::None })
}

/// How many codes of an identity, or for an address, were wrong since a moment.
async fn wrong_codes<S: SqlTransaction>(sql: &mut S, who: &str, since: i64) -> Result<i64, StorageFault> {
    let rows = sql.fetch("SELECT count(*) FROM wrongs WHERE who = $1 AND at > $2", with![who, since]).await?;
    rows.first().ok_or(StorageFault::Unavailable)?.number(0)
}

/// Undoes the reservation of a mail that could not be sent, so that another one may be sent at once.
#[derive(Debug)]
pub struct ReleaseCodeMail {
    /// The id of the proof, as in [`BeginEmailProof`].
    pub id: Box<str>,
    /// The code, and its hash.
    pub code: (ProofCode, Box<str>),
    /// The hash of the address.
    pub recipient: Box<str>,
    /// The moment of the reservation.
    pub at: i64,
}

impl Verb for ReleaseCodeMail {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        // The proof is locked first, in the same order as by the reservation.
        sql.fetch_for_update("SELECT sent FROM proofs WHERE id = $1", with![&self.id]).await?;
        let delete = "DELETE FROM mails WHERE proof = $1 AND recipient = $2 AND at = $3 RETURNING at";
        if sql.fetch(delete, with![&self.id, &self.recipient, self.at]).await?.is_empty() {
            return Ok(());
        }
        // A code that was sent meanwhile stays valid.
        let sent = "UPDATE proofs SET sent = sent - 1, code = CASE WHEN code = $1 THEN NULL ELSE code END WHERE id = $2";
        sql.queue(sent, with![&self.code.0.stored(&self.code.1), &self.id]).await
    }
}

/// Checks a code. The right one ends the proof.
#[derive(Debug)]
pub struct VerifyProofCode {
    /// The id of the proof, as in [`BeginEmailProof`].
    pub id: Box<str>,
    /// What was typed: which code it can be, and its hash.
    pub code: (ProofCode, Box<str>),
    /// The event to record if it was the last wrong code.
    pub event: AuditEvent,
    /// The current time in seconds since 1970, by which an expired proof accepts no code.
    pub now: i64,
}

/// The outcome of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofCodeOutcome {
    /// The code is right.
    Right(EmailProof),
    /// The code is wrong; this many more may be tried.
    Wrong(i64),
    /// The proof has ended or expired, or no code has been sent.
    ProofEnded,
}

impl Verb for VerifyProofCode {
    type Answer = ProofCodeOutcome;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<ProofCodeOutcome, StorageFault> {
        let count_try = "UPDATE proofs SET tries = tries + 1 WHERE id = $1 AND until > $2 AND tries < $3 AND code IS NOT NULL \
             RETURNING store, sealed, code, tries, who, toward";
        let rows = sql.fetch(count_try, with![&self.id, self.now, TRIES]).await?;
        let Some(row) = rows.first() else { return Ok(ProofCodeOutcome::ProofEnded) };
        let (who, toward) = (row.text(4)?, row.optional_text(5)?.unwrap_or_default());
        // The locks make concurrent guesses count one after the other.
        sql.lock_name(who).await?;
        sql.lock_name(toward).await?;
        let is_guessing = match suspicion(sql, who, self.now).await? {
            Suspicion::None => false,
            Suspicion::LongCodes => self.code.0 == ProofCode::Short,
            Suspicion::Refused => true,
        };
        let typed = self.code.0.stored(&self.code.1);
        let is_right = constant_time::verify_slices_are_equal(row.text(2)?.as_bytes(), typed.as_bytes()).is_ok();
        if is_guessing || !is_right {
            let left = if is_guessing { 0 } else { TRIES.saturating_sub(row.number(3)?) };
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
