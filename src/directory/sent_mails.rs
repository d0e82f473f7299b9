//! The mails with codes that an address has got lately, and the one that could not be sent after all.

use crate::directory::proofs::ProofCode;
use crate::directory::sql::{SqlTransaction, StorageFault, Verb, with};

/// How many mails an address gets in an hour, over all proofs.
const MAILS_AN_HOUR: i64 = 5;
/// How many mails an address gets in a day, over all proofs.
const MAILS_A_DAY: i64 = 20;
/// How many of the reserve it gets in a day.
const MAILS_OF_RESERVE: i64 = 3;
/// The shortest time between two mails of a proof to an address, in seconds.
const BETWEEN: i64 = 30;
const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

/// What stands before the hash of an address where mails of the reserve are counted. They are counted by themselves, whether they are sent or
/// not, so that later answers do not depend on it either.
const RESERVE_MARK: &str = "reserve ";

/// Under which name the mails of the reserve to an address are counted.
pub(crate) fn name_in_reserve(recipient: &str) -> String {
    format!("{RESERVE_MARK}{recipient}")
}

/// The address of such a name, or of its own.
pub(crate) fn recipient_of(toward: &str) -> &str {
    toward.strip_prefix(RESERVE_MARK).unwrap_or(toward)
}

/// The mails that an address has got lately.
#[derive(Clone, Copy)]
pub(crate) struct SentMails {
    in_hour: i64,
    in_day: i64,
    /// When the last one was sent.
    pub(crate) last: i64,
    of_reserve: i64,
    pub(crate) last_of_reserve: i64,
    /// When the last one of this proof was sent.
    last_of_proof: i64,
}

impl SentMails {
    /// Those of an address, of which some belong to this proof.
    pub(crate) async fn find<S: SqlTransaction>(sql: &mut S, (recipient, proof): (&str, &str), now: i64) -> Result<Self, StorageFault> {
        let select = "SELECT at, recipient, proof FROM mails WHERE recipient IN ($1, $2) AND at > $3 ORDER BY at DESC LIMIT $4";
        let (most, in_reserve) = (MAILS_A_DAY.saturating_add(MAILS_OF_RESERVE), name_in_reserve(recipient));
        let lately = sql.fetch(select, with![recipient, &in_reserve, now.saturating_sub(DAY), most]).await?;
        let own = lately.iter().find(|mail| mail.text(2).is_ok_and(|of| of == proof));
        let (mut usual, mut of_reserve) = (Vec::new(), Vec::new());
        for mail in &lately {
            let moments = if mail.text(1)? == in_reserve { &mut of_reserve } else { &mut usual };
            moments.push(mail.number(0)?);
        }
        let number = |count: usize| i64::try_from(count).unwrap_or(MAILS_A_DAY);
        let last = |moments: &[i64]| moments.first().copied().unwrap_or(i64::MIN);
        Ok(Self {
            in_hour: number(usual.iter().filter(|at| **at > now.saturating_sub(HOUR)).count()),
            in_day: number(usual.len()),
            last: last(&usual),
            of_reserve: number(of_reserve.len()),
            last_of_reserve: last(&of_reserve),
            last_of_proof: own.map_or(Ok(i64::MIN), |mail| mail.number(0))?,
        })
    }

    /// The same with one more of the usual ones, and with one more of the reserve.
    pub(crate) fn with_one_more(self) -> Self {
        let more = |count: i64| count.saturating_add(1);
        Self { in_hour: more(self.in_hour), in_day: more(self.in_day), of_reserve: more(self.of_reserve), ..self }
    }

    /// Whether the last one holds a long code, and no other is sent.
    pub(crate) fn is_enough(self) -> bool {
        self.in_hour >= MAILS_AN_HOUR || self.is_enough_for_day()
    }

    pub(crate) fn is_enough_for_day(self) -> bool {
        self.in_day >= MAILS_A_DAY
    }

    /// Whether the last one of the reserve is the last one of the day.
    pub(crate) fn is_enough_of_reserve(self) -> bool {
        self.of_reserve >= MAILS_OF_RESERVE
    }

    /// In how many seconds this proof may send the next one, if it has just sent one.
    pub(crate) fn wait(self, now: i64) -> Option<i64> {
        Some(self.last_of_proof.saturating_add(BETWEEN).saturating_sub(now)).filter(|wait| *wait > 0)
    }
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
        // It counts neither for the store nor for the network.
        sql.queue("DELETE FROM mails WHERE proof = $1 AND at = $2 AND recipient LIKE 'day of %'", with![&self.id, self.at]).await?;
        // A code that was sent meanwhile stays valid.
        let sent = "UPDATE proofs SET sent = sent - 1, code = CASE WHEN code = $1 THEN NULL ELSE code END WHERE id = $2";
        sql.queue(sent, with![&self.code.0.stored(&self.code.1), &self.id]).await
    }
}
