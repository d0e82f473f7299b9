//! The passkeys of users: added by a signed-in user, used to sign in, removed.
//!
//! A passkey belongs to the account to which it was added, whatever address the user has. It makes no user, and no identity.

use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, record_event};
use crate::directory::linking::{LinkingRule, SignInRefusalReason};
use crate::directory::sessions::end_sessions_through;
use crate::directory::sign_in::{SignIn, SignInRefusal, SignedIn};
use crate::directory::sql::{SqlRow, SqlTransaction, StorageFault, Verb, with};
use crate::directory::users::User;
use crate::provider::passkey::PASSKEY;
use crate::vocabulary::email::Email;

/// How many passkeys a user can have.
pub const MOST_PASSKEYS: usize = 10;

/// A passkey of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// The credential id, in base64url.
    pub id: Box<str>,
    /// The public key in the form of COSE, in base64url.
    pub public_key: Box<str>,
    /// The counter of its last use.
    pub counter: i64,
    /// The model of its authenticator, in base64url. Nothing proves it.
    pub aaguid: Box<str>,
    /// Whether it may be synchronized between devices.
    pub backup_eligible: bool,
    /// Whether it was at its last use.
    pub backed_up: bool,
    /// The device and the browser in which it was made, as sessions have them.
    pub device: Option<Box<str>>,
    /// When it was added, in seconds since 1970.
    pub added: i64,
    /// When it last signed its user in.
    pub used: Option<i64>,
}

macro_rules! passkeys {
    ($rest:literal) => {
        concat!(
            "SELECT id, public_key, counter, aaguid, backup_eligible, backed_up, device, added, coalesce(used, 0), uid FROM passkeys WHERE ",
            $rest
        )
    };
}

fn passkey_from_row(row: &SqlRow) -> Result<Passkey, StorageFault> {
    Ok(Passkey {
        id: row.text(0)?.into(),
        public_key: row.text(1)?.into(),
        counter: row.number(2)?,
        aaguid: row.text(3)?.into(),
        backup_eligible: row.flag(4)?,
        backed_up: row.flag(5)?,
        device: row.optional_text(6)?.map(Into::into),
        added: row.number(7)?,
        used: Some(row.number(8)?).filter(|used| *used > 0),
    })
}

/// Lists the passkeys of a user, the oldest first.
#[derive(Debug)]
pub struct ListPasskeys(pub Box<str>);

impl Verb for ListPasskeys {
    type Answer = Vec<Passkey>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<Passkey>, StorageFault> {
        sql.fetch(passkeys!("uid = $1 ORDER BY added, id"), with![&self.0]).await?.iter().map(passkey_from_row).collect()
    }
}

/// Finds a passkey of a store, with the id of its user.
#[derive(Debug)]
pub struct FindPasskey {
    /// The name of the store; a passkey of another store is not found.
    pub store: Box<str>,
    /// The credential id, in base64url.
    pub id: Box<str>,
}

impl Verb for FindPasskey {
    type Answer = Option<(Passkey, Box<str>)>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let rows = sql.fetch(passkeys!("store = $1 AND id = $2"), with![&self.store, &self.id]).await?;
        rows.first().map(|row| Ok((passkey_from_row(row)?, row.text(9)?.into()))).transpose()
    }
}

/// A challenge that was given out, which is used once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedChallenge {
    /// The hash of the challenge.
    pub hash: Box<str>,
    /// The moment after which it is too old in any case.
    pub until: i64,
}

impl UsedChallenge {
    /// Whether this is its first use. An attempt of a login is used once in the same manner.
    async fn consume<S: SqlTransaction>(&self, sql: &mut S) -> Result<bool, StorageFault> {
        let insert = "INSERT INTO attempts (spent, until) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        Ok(sql.run(insert, with![&self.hash, self.until]).await? == 1)
    }
}

/// Adds a passkey to the account of a signed-in user.
#[derive(Clone, Debug)]
pub struct AddPasskey {
    /// The name of the store to which the user belongs.
    pub store: Box<str>,
    /// The id of the signed-in user.
    pub uid: Box<str>,
    /// The session of the request, which has to be open.
    pub sid: Box<str>,
    /// The challenge of the registration.
    pub challenge: UsedChallenge,
    /// The passkey, which was added at this moment.
    pub passkey: Passkey,
}

/// The outcome of adding a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddPasskeyOutcome {
    /// The passkey was added.
    Added,
    /// The challenge was used before.
    AlreadyUsed,
    /// The session is over, or the user is gone.
    SignedOut,
    /// The user has as many passkeys as a user can have.
    TooMany,
    /// A user of the store has a passkey with this credential id.
    Taken,
}

impl Verb for AddPasskey {
    type Answer = AddPasskeyOutcome;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<AddPasskeyOutcome, StorageFault> {
        let Self { store, uid, sid, challenge, passkey } = self;
        if !challenge.consume(sql).await? {
            return Ok(AddPasskeyOutcome::AlreadyUsed);
        }
        let users = sql.fetch_for_update("SELECT uid FROM users WHERE uid = $1 AND store = $2", with![uid, store]).await?;
        let sessions = sql.fetch("SELECT sid FROM sessions WHERE sid = $1 AND uid = $2", with![sid, uid]).await?;
        if users.is_empty() || sessions.is_empty() {
            return Ok(AddPasskeyOutcome::SignedOut);
        }
        if ListPasskeys(uid.clone()).execute(sql).await?.len() >= MOST_PASSKEYS {
            return Ok(AddPasskeyOutcome::TooMany);
        }
        let Passkey { id, public_key, counter, aaguid, backup_eligible, backed_up, device, added, used: _ } = passkey;
        let insert = "INSERT INTO passkeys (store, id, uid, public_key, counter, aaguid, backup_eligible, backed_up, device, added) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
        let values = with![store, id, uid, public_key, *counter, aaguid, *backup_eligible, *backed_up, device.as_deref(), *added];
        if sql.run(insert, values).await? != 1 {
            return Ok(AddPasskeyOutcome::Taken);
        }
        record_event(sql, &AuditEvent::new(*added, store, AuditEventKind::PasskeyAdded).for_user(uid)).await?;
        Ok(AddPasskeyOutcome::Added)
    }
}

/// Removes a passkey. The sessions that passkeys opened end, except one, and so does the access that apps got through them.
#[derive(Clone, Debug)]
pub struct RemovePasskey {
    /// The name of the store.
    pub store: Box<str>,
    /// The user who has the passkey.
    pub uid: Box<str>,
    /// The credential id, in base64url.
    pub id: Box<str>,
    /// The session that goes on.
    pub except: Option<Box<str>>,
    /// The person who asked for it, which is recorded as the reason of the event.
    pub by: AuditActor,
    /// The time of the removal, in seconds since 1970.
    pub now: i64,
}

impl Verb for RemovePasskey {
    /// Whether the user had it.
    type Answer = bool;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<bool, StorageFault> {
        let Self { store, uid, id, except, by, now } = self;
        sql.fetch_for_update("SELECT uid FROM users WHERE uid = $1 AND store = $2", with![uid, store]).await?;
        let delete = "DELETE FROM passkeys WHERE store = $1 AND id = $2 AND uid = $3";
        if sql.run(delete, with![store, id, uid]).await? != 1 {
            return Ok(false);
        }
        let event = AuditEvent::new(*now, store, AuditEventKind::PasskeyRemoved).for_user(uid).with_reason(by.word());
        record_event(sql, &event).await?;
        end_sessions_through(sql, uid, except.as_deref(), PASSKEY, *now).await?;
        Ok(true)
    }
}

/// Signs in the user of a passkey, whose signature the caller has verified against the passkey as it was `found`.
#[derive(Clone, Debug)]
pub struct SignInByPasskey {
    /// The rest of the sign-in. Its identity says nothing of the person, and no user is made.
    pub sign_in: SignIn,
    /// The challenge that was signed.
    pub challenge: UsedChallenge,
    /// The passkey as it was found, and its user.
    pub found: (Passkey, Box<str>),
    /// The counter of this use.
    pub counter: i64,
    /// Whether the passkey is synchronized between devices now.
    pub backed_up: bool,
}

/// Why a passkey signs in no user although its signature is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasskeySignInRefusal {
    /// The challenge was used before.
    AlreadyUsed,
    /// The passkey was removed meanwhile.
    Removed,
    /// The counter went back meanwhile: two authenticators have the passkey.
    CounterWentBack,
    /// The user may not sign in.
    User(SignInRefusal),
}

impl Verb for SignInByPasskey {
    type Answer = Result<SignedIn, PasskeySignInRefusal>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let Self { sign_in, challenge, found: (passkey, uid), counter, backed_up } = self;
        if !challenge.consume(sql).await? {
            return Ok(Err(PasskeySignInRefusal::AlreadyUsed));
        }
        let user = "SELECT uid, email, email_verified, name, picture, blocked FROM users WHERE uid = $1 AND store = $2";
        let users = sql.fetch_for_update(user, with![uid, &sign_in.store]).await?;
        let stored = sql.fetch(passkeys!("store = $1 AND id = $2"), with![&sign_in.store, &passkey.id]).await?;
        let (Some(row), Some(stored)) = (users.first(), stored.first()) else { return Ok(Err(PasskeySignInRefusal::Removed)) };
        let is_same = stored.text(9)? == &**uid && stored.text(1)? == &*passkey.public_key;
        if !is_same {
            return Ok(Err(PasskeySignInRefusal::Removed));
        }
        // Another sign-in may have counted on since the passkey was read.
        let last = stored.number(2)?;
        if last > 0 && *counter <= last {
            return Ok(Err(PasskeySignInRefusal::CounterWentBack));
        }
        if row.flag(5)? {
            let event = AuditEvent { uid: Some(uid.clone()), ..sign_in.audit_event(AuditEventKind::Refused, "") };
            return Ok(Err(PasskeySignInRefusal::User(SignInRefusal::new(SignInRefusalReason::Blocked, event))));
        }
        let update = "UPDATE passkeys SET counter = $1, backed_up = $2, used = $3 WHERE store = $4 AND id = $5";
        sql.queue(update, with![*counter, *backed_up, sign_in.now, &sign_in.store, &passkey.id]).await?;
        let rule = LinkingRule::Known;
        sign_in.begin_session(sql, uid, rule).await?;
        sign_in.end_replaced_sessions(sql, uid, rule, None).await?;
        let maybe = |column| row.optional_text(column).map(|text| text.map(str::to_owned));
        let user = User {
            uid: uid.clone(),
            email: Email::parse(row.text(1)?).map_err(|_| StorageFault::Unavailable)?,
            email_verified: row.flag(2)?,
            name: maybe(3)?,
            picture: maybe(4)?,
        };
        Ok(Ok(SignedIn { user, rule }))
    }
}
