//! Sign-in: the user is found or created, the identity is linked, and a session begins.

use crate::directory::audit::{AuditEvent, AuditEventKind, record_event};
use crate::directory::ended_grants::end_grants_of_sessions;
use crate::directory::linking::{self, KnownUser, KnownUsers, LinkingDecision, LinkingRule, ProviderLinkStatus, SignInRefusalReason};
use crate::directory::reasons::IMITATION;
use crate::directory::sessions::{end_all_sessions, record_session_end};
use crate::directory::sql::{SqlRow, SqlTransaction, SqlValue, StorageFault, Verb, with};
use crate::directory::store_events::announce;
use crate::directory::users::User;
use crate::provider::email_code::EMAIL_CODE;
use crate::provider::identity::{Identity, IdentityEmail};
use crate::provider::placeholder::hashed_placeholder;
use crate::vocabulary::email::Email;
use crate::vocabulary::hash::{hex, sha256};
use crate::vocabulary::lookalikes::is_imitation;
use std::collections::BTreeMap;

const DAY: i64 = 86_400;

/// Signs a user in, or refuses.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The name of the store, within which identities and addresses are looked up.
    pub store: Box<str>,
    /// What the provider said about the user who signs in; all of its further facts are kept.
    pub identity: Identity,
    /// The version of the provider's file that made the identity.
    pub version: Box<str>,
    /// The id of the user if the user is new.
    pub new_uid: Box<str>,
    /// The id of the new session.
    pub sid: Box<str>,
    /// The time of the login, in seconds since 1970, at which the session begins.
    pub now: i64,
    /// When the last token of that session expires.
    pub latest: i64,
    /// The earlier session of this browser, which ends: its id, and when its last token expires. The grants of apps go over to the new one
    /// if it is the same user, and end otherwise.
    pub instead_of: Option<(Box<str>, i64)>,
    /// The device and the browser in which the session begins, as they are stored; `None` if nothing is known of them.
    pub device: Option<Box<str>>,
}

/// A sign-in that succeeded, with its session stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The user as of this sign-in, with the address that now holds.
    pub user: User,
    /// Why the identity belongs to this user.
    pub rule: LinkingRule,
}

/// A refused sign-in. The caller records the event, with the incident code if a story is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInRefusal {
    /// The reason, from which the page chooses its sentence.
    pub why: SignInRefusalReason,
    /// The event to record.
    pub event: AuditEvent,
}

impl SignInRefusal {
    /// A refusal for a reason; `event` holds the rest.
    pub(crate) fn new(why: SignInRefusalReason, event: AuditEvent) -> Self {
        Self { why, event: AuditEvent { what: AuditEventKind::Refused, ..event.with_reason(why.word()) } }
    }
}

impl Verb for SignIn {
    type Answer = Result<SignedIn, SignInRefusal>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Self::Answer, StorageFault> {
        let (address, known) = self.find_users(sql).await?;
        let mut displaced = None;
        let (uid, email, verified, rule) = match linking::decide(known, &address) {
            LinkingDecision::Refuse(why, holder) => {
                let event = AuditEvent { uid: holder.map(|known| known.uid), ..self.audit_event(AuditEventKind::Refused, why.word()) };
                return Ok(Err(SignInRefusal { why, event }));
            }
            LinkingDecision::Same(known, rule) => {
                self.record_proven_address(sql, &known, rule).await?;
                (known.uid, known.email, known.email_verified, rule)
            }
            LinkingDecision::ChangeAddress(known, email, holder) => {
                displaced = self.displace_holder(sql, holder).await?;
                self.record_proven_address(sql, &known, LinkingRule::AddressChanged).await?;
                (known.uid, email, true, LinkingRule::AddressChanged)
            }
            LinkingDecision::Link(known) => (known.uid, known.email, known.email_verified, LinkingRule::Linked),
            LinkingDecision::New(email, verified, holder) => {
                let rule = if holder.is_some() { LinkingRule::NewInstead } else { LinkingRule::New };
                displaced = self.displace_holder(sql, holder).await?;
                let insert = "INSERT INTO users (uid, store, email, email_verified, first_seen, last_seen) VALUES ($1, $2, $3, $4, $5, $6)";
                sql.queue(insert, with![&self.new_uid, &self.store, email.key(), verified, self.now, self.now]).await?;
                (self.new_uid.clone(), email, verified, if verified { rule } else { LinkingRule::Placeholder })
            }
        };
        if matches!(rule, LinkingRule::New | LinkingRule::NewInstead | LinkingRule::Placeholder | LinkingRule::Linked) {
            insert_identity_link(sql, &self.store, &uid, &self.identity, &self.version, rule, self.now).await?;
        }
        keep_facts(sql, &self.store, &self.identity, self.now).await?;
        if rule == LinkingRule::AddressChanged {
            sql.queue("UPDATE users SET email = $1, email_verified = 1 WHERE uid = $2", with![email.key(), &uid]).await?;
            record_event(sql, &AuditEvent { uid: Some(uid.clone()), ..self.audit_event(AuditEventKind::Moved, rule.word()) }).await?;
        }
        self.begin_session(sql, &uid, rule).await?;
        if rule == LinkingRule::Linked {
            // In the audit the sign-in says so.
            announce(sql, &AuditEvent { uid: Some(uid.clone()), ..self.audit_event(AuditEventKind::Linked, rule.word()) }).await?;
        }
        self.end_replaced_sessions(sql, &uid, rule, displaced.as_deref()).await?;
        let Identity { name, picture, .. } = self.identity.clone();
        Ok(Ok(SignedIn { user: User { uid, email, email_verified: verified, name, picture }, rule }))
    }
}

impl SignIn {
    /// The users who may be the person, and the address of the identity. A placeholder that another user has gets its hashed form.
    async fn find_users<S: SqlTransaction>(&self, sql: &mut S) -> Result<(IdentityEmail, KnownUsers), StorageFault> {
        let address = &self.identity.address;
        let known = find_known_users(sql, &self.store, &self.identity, address).await?;
        match (address, &known) {
            (IdentityEmail::Placeholder(email), KnownUsers { by_identity: None, by_email: Some(holder), .. })
                if linking::placeholder_is_anothers(holder) =>
            {
                let Some(hashed) = hashed_placeholder(email) else { return Ok((address.clone(), known)) };
                let hashed = IdentityEmail::Placeholder(hashed);
                let known = find_known_users(sql, &self.store, &self.identity, &hashed).await?;
                Ok((hashed, known))
            }
            (IdentityEmail::Placeholder(_) | IdentityEmail::Proven(..) | IdentityEmail::Ask(_), _) => Ok((address.clone(), known)),
        }
    }

    pub(crate) async fn begin_session<S: SqlTransaction>(&self, sql: &mut S, uid: &str, rule: LinkingRule) -> Result<(), StorageFault> {
        let Identity { provider, name, picture, locale, .. } = &self.identity;
        let update = "UPDATE users SET name = coalesce($1, name), picture = coalesce($2, picture), locale = coalesce($3, locale), \
             last_seen = $4 WHERE uid = $5";
        let [name, picture, locale] = [name, picture, locale].map(|text| SqlValue::from(text.as_deref()));
        sql.queue(update, &[name, picture, locale, self.now.into(), uid.into()]).await?;
        record_event(sql, &AuditEvent { uid: Some(uid.into()), ..self.audit_event(AuditEventKind::Login, rule.word()) }).await?;
        let insert = "INSERT INTO sessions (sid, uid, since, latest, provider, device) VALUES ($1, $2, $3, $4, $5, $6)";
        sql.queue(insert, with![&self.sid, uid, self.now, self.latest, provider, self.device.as_deref()]).await
    }

    /// Ends the sessions that this sign-in replaces. It comes last, because all transactions wait for the number that it takes.
    pub(crate) async fn end_replaced_sessions<S: SqlTransaction>(
        &self,
        sql: &mut S,
        uid: &str,
        rule: LinkingRule,
        displaced: Option<&str>,
    ) -> Result<(), StorageFault> {
        if rule == LinkingRule::AddressChanged {
            // Tokens with the old address must not outlive it, because another user may get it.
            end_all_sessions(sql, uid, Some(&self.sid), self.now).await?;
        }
        if let Some(displaced) = displaced {
            end_all_sessions(sql, displaced, None, self.now).await?;
        }
        if let Some((sid, latest)) = &self.instead_of {
            sql.queue("DELETE FROM sessions WHERE sid = $1", with![sid]).await?;
            record_session_end(sql, sid, *latest).await?;
            // A user who signs in again goes on in the new session, with the apps of the old one.
            let follow = "UPDATE app_grants SET sid = $1, until = CASE WHEN offline = 0 AND until < $2 THEN $2 ELSE until END WHERE sid = $3 AND uid = $4";
            sql.queue(follow, with![&self.sid, self.latest, sid, uid]).await?;
            end_grants_of_sessions(sql, sid, "", self.now).await?;
        }
        Ok(())
    }

    /// Stores the address that the linked identity proves now. The address of another user is not stored, because it may become
    /// the address of this user later.
    async fn record_proven_address<S: SqlTransaction>(
        &self,
        sql: &mut S,
        known: &KnownUser,
        rule: LinkingRule,
    ) -> Result<(), StorageFault> {
        let Identity { provider, id, address, fingerprint, .. } = &self.identity;
        let IdentityEmail::Proven(email, _) = address else { return Ok(()) };
        if rule == LinkingRule::KnownAddressTaken || known.proven_by_link.as_deref() == Some(email.key()) {
            return Ok(());
        }
        let update = "UPDATE identities SET address = $1 WHERE store = $2 AND provider = $3 AND provider_id = $4 AND fingerprint = $5";
        sql.queue(update, with![email.key(), &self.store, provider, id, fingerprint]).await
    }

    /// Takes an address from a user who had it without proof. That user gets an address that cannot exist; the sessions have to end.
    async fn displace_holder<S: SqlTransaction>(&self, sql: &mut S, holder: Option<KnownUser>) -> Result<Option<Box<str>>, StorageFault> {
        let Some(holder) = holder else { return Ok(None) };
        let unusable = format!("{}@displaced.invalid", hex(&sha256::<16>(holder.uid.as_bytes())));
        sql.queue("UPDATE users SET email = $1 WHERE uid = $2", with![&unusable, &holder.uid]).await?;
        let event = AuditEvent::new(self.now, &self.store, AuditEventKind::Displaced)
            .for_user(&holder.uid)
            .with_reason(LinkingRule::NewInstead.word());
        record_event(sql, &event).await?;
        Ok(Some(holder.uid))
    }

    pub(crate) fn audit_event(&self, what: AuditEventKind, because: &str) -> AuditEvent {
        let event = AuditEvent::new(self.now, &self.store, what).via_provider(&self.identity.file).with_reason(because);
        let imitates = linking::address_to_look_up(&self.identity.address).is_some_and(|email| is_imitation(email.key()));
        let evidence = linking::evidence_word(&self.identity.address);
        let evidence = evidence.map(|word| if imitates { format!("{word} {IMITATION}").into() } else { word.into() });
        // The identity of a code by e-mail has the id of the user.
        let id = Some(self.identity.id.clone()).filter(|_| *self.identity.provider != *EMAIL_CODE);
        AuditEvent { evidence, identity: id, ..event }.of_version(&self.version)
    }
}

/// Links an identity to a user, with the rule and the evidence.
pub(crate) async fn insert_identity_link<S: SqlTransaction>(
    sql: &mut S,
    store: &str,
    uid: &str,
    identity: &Identity,
    version: &str,
    rule: LinkingRule,
    now: i64,
) -> Result<(), StorageFault> {
    let insert = "INSERT INTO identities (store, provider, provider_id, uid, linked, because, evidence, version, address, fingerprint, file, used) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $5)";
    sql.queue("DELETE FROM detached WHERE uid = $1 AND provider = $2 AND provider_id = $3", with![uid, &identity.provider, &identity.id])
        .await?;
    let evidence = linking::evidence_word(&identity.address);
    let address = evidence.and(linking::address_to_look_up(&identity.address)).map(Email::key);
    let Identity { provider, id, fingerprint, file, .. } = identity;
    sql.queue(insert, with![store, provider, id, uid, now, rule.word(), evidence, version, address, fingerprint, file]).await
}

/// Keeps the further facts of a linked identity, and the day of this use. Facts that it gave before and gives no more are forgotten. A row
/// in which neither would change is not written.
pub(crate) async fn keep_facts<S: SqlTransaction>(sql: &mut S, store: &str, identity: &Identity, now: i64) -> Result<(), StorageFault> {
    let Identity { provider, id, fingerprint, more, .. } = identity;
    let today = now.saturating_sub(now.rem_euclid(DAY));
    if more.is_empty() {
        let forget = "UPDATE identities SET facts = NULL, used = CASE WHEN used >= $6 THEN used ELSE $5 END \
             WHERE store = $1 AND provider = $2 AND provider_id = $3 AND fingerprint = $4 AND (facts IS NOT NULL OR used IS NULL OR used < $6)";
        return sql.queue(forget, with![store, provider, id, fingerprint, now, today]).await;
    }
    let text = serde_json::to_string(&more.iter().cloned().collect::<BTreeMap<_, _>>()).expect("texts can be written");
    let keep = "UPDATE identities SET facts = $5, used = CASE WHEN used >= $7 THEN used ELSE $6 END \
         WHERE store = $1 AND provider = $2 AND provider_id = $3 AND fingerprint = $4";
    sql.queue(keep, with![store, provider, id, fingerprint, &text, now, today]).await
}

/// The users who may be the person of an identity with this address.
pub(crate) async fn find_known_users<S: SqlTransaction>(
    sql: &mut S,
    store: &str,
    identity: &Identity,
    address: &IdentityEmail,
) -> Result<KnownUsers, StorageFault> {
    let known = lock_known_users(sql, store, identity, address).await?;
    if known.by_earlier_file.is_some() && pin_from_older_machine(sql, store, identity).await? {
        return lock_known_users(sql, store, identity, address).await;
    }
    Ok(known)
}

/// Locks the users and reads them afterwards, because the identities of a user may change while the lock is waited for. An engine may
/// do all of it with one message.
async fn lock_known_users<S: SqlTransaction>(
    sql: &mut S,
    store: &str,
    identity: &Identity,
    address: &IdentityEmail,
) -> Result<KnownUsers, StorageFault> {
    let email = linking::address_to_look_up(address).map(Email::key);
    if let Some(email) = email {
        sql.lock("SELECT uid FROM users WHERE store = $1 AND email = $2", with![store, email]).await?;
    }
    // Only the user is locked, never the identity: another transaction may lock the user and then read the identities.
    let by_identity = "SELECT uid FROM users WHERE uid = (SELECT i.uid FROM identities i \
         WHERE i.store = $1 AND i.provider = $2 AND i.provider_id = $3 AND i.fingerprint = $4)";
    let Identity { provider, id, fingerprint, .. } = identity;
    sql.lock(by_identity, with![store, provider, id, fingerprint]).await?;
    let mut known = KnownUsers::default();
    for row in &sql.fetch(KNOWN_USERS, with![store, provider, id, fingerprint, email]).await? {
        let user = Some(known_user_from_row(row)?);
        match row.number(7)? {
            1 => known.by_identity = user,
            2 => known.by_email = user,
            _ => known.by_earlier_file = user,
        }
    }
    // A linked identity counts alone, and a user who has both is found by it.
    if let Some(user) = &known.by_identity {
        known.by_earlier_file = None;
        known.by_email = known.by_email.filter(|holder| holder.uid != user.uid);
    }
    Ok(known)
}

/// The users of an identity, as [`known_user_from_row`] reads them, and by what each is found: by the identity (1), by the address (2), or
/// by the same id, linked while the provider's file pointed elsewhere (3).
const KNOWN_USERS: &str = "SELECT u.uid, u.email, u.email_verified, u.blocked, CAST(1 AS BIGINT), CAST(0 AS BIGINT), i.address, CAST(1 AS BIGINT) \
     FROM identities i JOIN users u ON u.uid = i.uid WHERE i.store = $1 AND i.provider = $2 AND i.provider_id = $3 AND i.fingerprint = $4 \
     UNION ALL SELECT u.uid, u.email, u.email_verified, u.blocked, \
     (SELECT count(*) FROM identities i WHERE i.uid = u.uid AND i.provider = $2), \
     (SELECT count(*) FROM detached d WHERE d.uid = u.uid AND d.provider = $2 AND d.provider_id = $3), CAST(NULL AS TEXT), CAST(2 AS BIGINT) \
     FROM users u WHERE u.store = $1 AND u.email = $5 \
     UNION ALL SELECT * FROM (SELECT u.uid, u.email, u.email_verified, u.blocked, CAST(0 AS BIGINT), CAST(0 AS BIGINT), CAST(NULL AS TEXT), CAST(3 AS BIGINT) \
     FROM identities i JOIN users u ON u.uid = i.uid WHERE i.store = $1 AND i.provider = $2 AND i.provider_id = $3 AND i.fingerprint <> $4 \
     ORDER BY u.blocked DESC, i.linked DESC LIMIT 1) earlier";

/// Pins the identity that a machine of an earlier version has linked since the provider was pinned, if the login comes from there.
async fn pin_from_older_machine<S: SqlTransaction>(sql: &mut S, store: &str, identity: &Identity) -> Result<bool, StorageFault> {
    let values = with![store, &identity.provider, &identity.id, &identity.fingerprint];
    let user = "SELECT uid FROM users WHERE uid = (SELECT i.uid FROM identities i \
         WHERE i.store = $1 AND i.provider = $2 AND i.provider_id = $3 AND i.fingerprint = '')";
    sql.lock(user, &values[..3]).await?;
    let pin = "UPDATE identities SET fingerprint = $4 WHERE store = $1 AND provider = $2 AND provider_id = $3 AND fingerprint = '' \
         AND EXISTS (SELECT 1 FROM pins p WHERE p.store = $1 AND p.provider = $2 AND p.fingerprint = $4)";
    Ok(sql.run(pin, values).await? == 1)
}

/// Reads a user from a row: id, address, whether it is proven, whether the user is blocked, the number of identities of this
/// provider, whether this identity was removed, and the address that it proved last.
pub(crate) fn known_user_from_row(row: &SqlRow) -> Result<KnownUser, StorageFault> {
    Ok(KnownUser {
        uid: row.text(0)?.into(),
        email: Email::parse(row.text(1)?).map_err(|_| StorageFault::Unavailable)?,
        email_verified: row.flag(2)?,
        blocked: row.flag(3)?,
        provider_link: match (row.flag(4)?, row.flag(5)?) {
            (_, true) => ProviderLinkStatus::Removed,
            (true, false) => ProviderLinkStatus::Linked,
            (false, false) => ProviderLinkStatus::NotLinked,
        },
        proven_by_link: row.optional_text(6)?.map(Into::into),
    })
}
