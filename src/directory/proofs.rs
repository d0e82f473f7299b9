//! Proofs of e-mail addresses under way: the identity, sealed, until the code that was sent to the address comes back. The
//! limits of codes and mails are counted here, so that they hold over all machines.
//!
//! What others do with an address never refuses its owner. Wrong codes are limited for a proof and for an identity; where an address
//! has had many, its mails hold a code that cannot be guessed. Mails to an address are limited; the last one of an hour or of a day holds
//! such a code, and the proofs of the address await it until the next mail may be sent. It counts once: its use lets further mails be sent.
//!
//! **Guessing.** An identity has 10 wrong codes a day. The short codes are 10^6. In any 30 days an address has 19 wrong codes before
//! its codes become long; at that moment at most 4 short ones are valid (the fifth of an hour is long, and a proof lasts a quarter of an
//! hour), each for 5 tries: 39 guesses in 30 days, however many identities and machines guess, which find a code with a
//! probability of 1 in 25,000. The long codes are 10^16: a million identities, which have 10^7 wrong codes a day, find one
//! in a million years on average. A person who signs in by the code alone has no identity yet; there the network counts, which many
//! may share. After 100 wrong codes in a day its mails hold long codes, and so do those of a /48 of IPv6 after 400. A short code that is
//! under way then stays right, because its tries belong to its proof, but one wrong code ends that proof. Ten mails a minute are allowed
//! to a network, and 500 a day: with the proofs of a quarter of an hour it has 270 guesses and a /48 has 900, which find a short code with a
//! probability of 1 in 3,700 and 1 in 1,100 a day.

use crate::directory::audit::{AuditEvent, record_event};
use crate::directory::mail_budget::{MailAllowance, MailBudget, MailShare, ReachedMailLimit};
use crate::directory::mail_codes::LongCodes;
use crate::directory::sent_mails::{SentMails, name_in_reserve, recipient_of};
use crate::directory::sql::{SqlRow, SqlTransaction, StorageFault, Verb, with};
use crate::directory::wrong_codes::{Suspicion, counted, suspicion, wrong_codes};
use aws_lc_rs::constant_time;

/// How long a proof may take, in seconds.
pub(crate) const GOOD_FOR: i64 = 15 * 60;
/// How many codes may be tried in a proof.
pub const TRIES: i64 = 5;
/// How many mails a proof may send.
const MAILS: i64 = 3;
/// After how many wrong codes for one address, over all identities, its codes are long.
const WRONG_FOR_ONE: i64 = 20;
/// How long the wrong codes for an address count, in seconds.
pub(crate) const WRONG_COUNTS: i64 = 30 * DAY;
const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

/// The code of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofCode {
    /// It belongs to one proof.
    Short,
    /// It cannot be guessed. It belongs to an address and its mail, so that each proof of the address may await it.
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
    pub(crate) fn stored(self, hash: &str) -> String {
        match self {
            Self::Short => hash.to_owned(),
            Self::Long => format!("{LONG_MARK}{hash}"),
        }
    }

    fn of_stored(code: &str) -> Self {
        if code.starts_with(LONG_MARK) { Self::Long } else { Self::Short }
    }
}

/// What stands before a long code that was used, in the place of the recipient of a mail.
const USED_MARK: &str = "used ";

/// What stands before the hash of a long code in storage.
const LONG_MARK: &str = "long ";

/// A proof that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailProof {
    /// The name of the store at which the login began.
    pub store: Box<str>,
    /// The identity, and the address once it was entered: sealed.
    pub sealed: String,
    /// The code that is awaited, once a mail with it was sent.
    pub awaited: Option<ProofCode>,
    /// Whether that mail was sent only if a user has the address.
    pub is_to_user_only: bool,
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
        let select = "SELECT store, sealed, code, tries, toward FROM proofs WHERE id = $1 AND until > $2 AND tries < $3";
        sql.fetch(select, with![&self.id, self.now, TRIES]).await?.first().map(proof_from_row).transpose()
    }
}

fn proof_from_row(row: &SqlRow) -> Result<EmailProof, StorageFault> {
    Ok(EmailProof {
        store: row.text(0)?.into(),
        sealed: row.text(1)?.to_owned(),
        awaited: row.optional_text(2)?.map(ProofCode::of_stored),
        is_to_user_only: row.optional_text(4)?.is_some_and(|toward| recipient_of(toward) != toward),
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
    /// The long codes of the address.
    pub long_codes: LongCodes,
    /// The hash of the address.
    pub recipient: Box<str>,
    /// The limits of the day; `None` for no limits.
    pub budget: Option<MailBudget>,
    /// The event to record if more codes would be guessing.
    pub event: AuditEvent,
    /// The current time in seconds since 1970, from which the pause before the next mail counts.
    pub now: i64,
}

/// Whether a code may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeMailReservation {
    /// The mail with the short code counts as sent, and the caller may send it.
    Short,
    /// The same with the long code of the mail of this moment, which belongs to the address for so many seconds.
    Long {
        /// The moment.
        at: i64,
        /// The seconds.
        good_for: i64,
    },
    /// The mail with the long code of this moment is sent only if a user of the store has the address. The answer must not depend on it.
    ToUserOnly {
        /// The moment.
        at: i64,
        /// For how many seconds the code belongs to the address.
        good_for: i64,
        /// Whether it is sent.
        is_sent: bool,
    },
    /// The address gets no more mails in this hour, or on this day. The last one holds the long code, and this proof awaits it.
    AlreadySent,
    /// No mail is sent to any address for this reason.
    BudgetReached(ReachedMailLimit),
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
        let select = "SELECT sent, who, store FROM proofs WHERE id = $1 AND until > $2 AND tries < $3";
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
        let sent = SentMails::find(sql, (&self.recipient, &self.id), self.now).await?;
        // A person who has the long code gets no mail, whatever the limits are.
        if sent.is_enough() {
            self.await_code(sql, ProofCode::Long, sent.last, &self.recipient).await?;
            return Ok(CodeMailReservation::AlreadySent);
        }
        if let Some(seconds) = sent.wait(self.now) {
            return Ok(CodeMailReservation::Wait(seconds));
        }
        let store = row.text(2)?;
        let MailAllowance { share, reached } = match &self.budget {
            Some(budget) => budget.allowance(sql, store, self.now).await?,
            None => MailAllowance::FREE,
        };
        if share != MailShare::Any && sent.is_enough_of_reserve() {
            self.await_code(sql, ProofCode::Long, sent.last_of_reserve, &name_in_reserve(&self.recipient)).await?;
            return Ok(CodeMailReservation::AlreadySent);
        }
        if let Some(reached) = reached {
            return Ok(CodeMailReservation::BudgetReached(reached));
        }
        match share {
            MailShare::Any => self.reserve(sql, store, sent, suspected == Suspicion::LongCodes).await,
            MailShare::Users { is_sent } => self.reserve_for_user(sql, store, sent, is_sent).await,
        }
    }
}

impl ReserveCodeMail {
    async fn reserve<S: SqlTransaction>(
        &self,
        sql: &mut S,
        store: &str,
        sent: SentMails,
        is_suspected: bool,
    ) -> Result<CodeMailReservation, StorageFault> {
        let is_guessed = wrong_codes(sql, &self.recipient, self.now.saturating_sub(WRONG_COUNTS)).await? >= WRONG_FOR_ONE;
        let is_long = sent.with_one_more().is_enough() || is_guessed || is_suspected;
        // By a clock that is behind, the last mail would not be the latest.
        let at = if is_long { self.now.max(sent.last) } else { self.now };
        self.count(sql, (store, MailShare::Any), &self.recipient, at).await?;
        self.await_code(sql, if is_long { ProofCode::Long } else { ProofCode::Short }, at, &self.recipient).await?;
        let good_for = if sent.with_one_more().is_enough_for_day() { DAY } else { HOUR };
        Ok(if is_long { CodeMailReservation::Long { at, good_for } } else { CodeMailReservation::Short })
    }

    async fn reserve_for_user<S: SqlTransaction>(
        &self,
        sql: &mut S,
        store: &str,
        sent: SentMails,
        is_sent: bool,
    ) -> Result<CodeMailReservation, StorageFault> {
        let (at, in_reserve) = (self.now.max(sent.last_of_reserve), name_in_reserve(&self.recipient));
        self.count(sql, (store, MailShare::Users { is_sent }), &in_reserve, at).await?;
        self.await_code(sql, ProofCode::Long, at, &in_reserve).await?;
        let good_for = if sent.with_one_more().is_enough_of_reserve() { DAY } else { GOOD_FOR };
        Ok(CodeMailReservation::ToUserOnly { at, good_for, is_sent })
    }

    /// Counts a mail for the address, for the proof, and for the day.
    async fn count<S: SqlTransaction>(
        &self,
        sql: &mut S,
        (store, share): (&str, MailShare),
        recipient: &str,
        at: i64,
    ) -> Result<(), StorageFault> {
        sql.queue("INSERT INTO mails (recipient, at, proof) VALUES ($1, $2, $3)", with![recipient, at, &self.id]).await?;
        if let Some(budget) = &self.budget {
            budget.count(sql, (store, share), (at, &self.id)).await?;
        }
        sql.queue("UPDATE proofs SET sent = sent + 1 WHERE id = $1", with![&self.id]).await
    }

    /// The proof awaits a code; a long one is that of the mail of this moment. `toward` is the name under which the mail is counted.
    async fn await_code<S: SqlTransaction>(&self, sql: &mut S, code: ProofCode, at: i64, toward: &str) -> Result<(), StorageFault> {
        let hash = match code {
            ProofCode::Short => self.code.clone(),
            ProofCode::Long => self.long_codes.hash_of_mail(at),
        };
        let update = "UPDATE proofs SET sealed = $1, code = $2, toward = $3 WHERE id = $4";
        sql.queue(update, with![&self.sealed, &code.stored(&hash), toward, &self.id]).await
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
             RETURNING store, sealed, code, tries, toward, who";
        let rows = sql.fetch(count_try, with![&self.id, self.now, TRIES]).await?;
        let Some(row) = rows.first() else { return Ok(ProofCodeOutcome::ProofEnded) };
        let (who, toward) = (row.text(5)?, recipient_of(row.optional_text(4)?.unwrap_or_default()));
        // The locks make concurrent guesses count one after the other.
        for part in counted(who) {
            sql.lock_name(part).await?;
        }
        sql.lock_name(toward).await?;
        let suspected = suspicion(sql, who, self.now).await?;
        let typed = self.code.0.stored(&self.code.1);
        let used = format!("{USED_MARK}{typed}");
        let is_used = match self.code.0 {
            ProofCode::Short => false,
            ProofCode::Long => !sql.fetch("SELECT at FROM mails WHERE recipient = $1", with![&used]).await?.is_empty(),
        };
        let is_right = constant_time::verify_slices_are_equal(row.text(2)?.as_bytes(), typed.as_bytes()).is_ok() && !is_used;
        if !is_right || suspected == Suspicion::Refused {
            // Where the network has guessed, a short code that is under way is right or over.
            let is_over = match suspected {
                Suspicion::None => false,
                Suspicion::LongCodes => self.code.0 == ProofCode::Short,
                Suspicion::Refused => true,
            };
            let left = if is_over { 0 } else { TRIES.saturating_sub(row.number(3)?) };
            for part in counted(who).chain([toward]) {
                sql.queue("INSERT INTO wrongs (who, at) VALUES ($1, $2)", with![part, self.now]).await?;
            }
            if left == 0 {
                record_event(sql, &self.event).await?;
                sql.queue("DELETE FROM proofs WHERE id = $1", with![&self.id]).await?;
            }
            return Ok(ProofCodeOutcome::Wrong(left));
        }
        if self.code.0 == ProofCode::Long {
            // The owner of the address has it, and gets further mails instead of this code once more.
            sql.queue("DELETE FROM mails WHERE recipient IN ($1, $2)", with![toward, &name_in_reserve(toward)]).await?;
            sql.queue("INSERT INTO mails (recipient, at, proof) VALUES ($1, $2, $3)", with![&used, self.now, &self.id]).await?;
        }
        sql.queue("DELETE FROM proofs WHERE id = $1", with![&self.id]).await?;
        Ok(ProofCodeOutcome::Right(proof_from_row(row)?))
    }
}
