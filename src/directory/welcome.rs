//! Somebody comes in: the person is found or made, the way in is remembered, and their session begins.

use crate::directory::audit::{Event, What, write_down};
use crate::directory::linking::{self, Decision, Known, NotWelcome, Rule, There};
use crate::directory::people::User;
use crate::directory::sessions::{end, end_all};
use crate::directory::sql::{Fault, Row, Sql, Value, Verb, with};
use crate::email::Email;
use crate::provider::identity::{Identity, Mailbox};
use aws_lc_rs::digest::{SHA256, digest};

/// Lets somebody in, or says why not.
#[derive(Clone, Debug)]
pub struct Welcome {
    /// The store.
    pub store: Box<str>,
    /// Who came.
    pub identity: Identity,
    /// The version of the provider's file that says so.
    pub version: Box<str>,
    /// Their id, should they be new.
    pub new_uid: Box<str>,
    /// The id of the session that would begin.
    pub sid: Box<str>,
    /// When.
    pub now: i64,
    /// When the last token of that session is over.
    pub latest: i64,
    /// A session of this browser that ends by this: its id, and when its last token is over.
    pub instead_of: Option<(Box<str>, i64)>,
}

/// Somebody who came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcomed {
    /// Who.
    pub user: User,
    /// By which rule.
    pub rule: Rule,
}

/// Somebody who does not come in. It is written down by whoever hears it, in one line with the code of the story, if one is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnedAway {
    /// Why.
    pub why: NotWelcome,
    /// What is to be written down.
    pub event: Event,
}

impl TurnedAway {
    /// For this reason, of something that happened otherwise as in `event`.
    pub fn new(why: NotWelcome, event: Event) -> Self {
        Self { why, event: Event { what: What::Refused, ..event.because(why.word()) } }
    }
}

impl Verb for Welcome {
    type Answer = Result<Welcomed, TurnedAway>;

    async fn carry_out<S: Sql>(&self, sql: &mut S) -> Result<Self::Answer, Fault> {
        let (by_identity, by_email) = who(sql, &self.store, &self.identity).await?;
        let mut displaced = None;
        let (uid, email, verified, rule) = match linking::decide(by_identity, by_email, &self.identity.address) {
            Decision::Refuse(why, whose) => {
                let event = Event { uid: whose.map(|known| known.uid), ..self.event(What::Refused, why.word()) };
                return Ok(Err(TurnedAway { why, event }));
            }
            Decision::Same(known, rule) => {
                self.note_address(sql, &known, rule).await?;
                (known.uid, known.email, known.email_verified, rule)
            }
            Decision::Moved(known, email, holder) => {
                displaced = self.displace(sql, holder).await?;
                self.note_address(sql, &known, Rule::AddressChanged).await?;
                (known.uid, email, true, Rule::AddressChanged)
            }
            Decision::Link(known) => (known.uid, known.email, known.email_verified, Rule::Linked),
            Decision::New(email, verified, holder) => {
                let rule = if holder.is_some() { Rule::NewInstead } else { Rule::New };
                displaced = self.displace(sql, holder).await?;
                let new = "INSERT INTO users (uid, store, email, email_verified, first_seen, last_seen) VALUES ($1, $2, $3, $4, $5, $6)";
                sql.then(new, with![&self.new_uid, &self.store, email.key(), verified, self.now, self.now]).await?;
                (self.new_uid.clone(), email, verified, if verified { rule } else { Rule::Placeholder })
            }
        };
        if matches!(rule, Rule::New | Rule::NewInstead | Rule::Placeholder | Rule::Linked) {
            remember_way(sql, &self.store, &uid, &self.identity, &self.version, rule, self.now).await?;
        }
        if rule == Rule::AddressChanged {
            sql.then("UPDATE users SET email = $1, email_verified = 1 WHERE uid = $2", with![email.key(), &uid]).await?;
            write_down(sql, &Event { uid: Some(uid.clone()), ..self.event(What::Moved, rule.word()) }).await?;
        }
        self.begin(sql, &uid, rule).await?;
        self.end(sql, &uid, rule, displaced.as_deref()).await?;
        let Identity { name, picture, .. } = self.identity.clone();
        Ok(Ok(Welcomed { user: User { uid, email, email_verified: verified, name, picture }, rule }))
    }
}

impl Welcome {
    /// Begins the session.
    async fn begin<S: Sql>(&self, sql: &mut S, uid: &str, rule: Rule) -> Result<(), Fault> {
        let Identity { provider, name, picture, locale, .. } = &self.identity;
        let seen = "UPDATE users SET name = coalesce($1, name), picture = coalesce($2, picture), locale = coalesce($3, locale), \
             last_seen = $4 WHERE uid = $5";
        let [name, picture, locale] = [name, picture, locale].map(|text| Value::from(text.as_deref()));
        sql.then(seen, &[name, picture, locale, self.now.into(), uid.into()]).await?;
        write_down(sql, &Event { uid: Some(uid.into()), ..self.event(What::Login, rule.word()) }).await?;
        let begun = "INSERT INTO sessions (sid, uid, since, latest, provider) VALUES ($1, $2, $3, $4, $5)";
        sql.then(begun, with![&self.sid, uid, self.now, self.latest, provider]).await
    }

    /// Ends the sessions that end by it. This is the last thing that is done: everybody waits for the number of an end.
    async fn end<S: Sql>(&self, sql: &mut S, uid: &str, rule: Rule, displaced: Option<&str>) -> Result<(), Fault> {
        if rule == Rule::AddressChanged {
            // Tokens with the old address must not outlive it: somebody else may come to have it.
            end_all(sql, uid, Some(&self.sid)).await?;
        }
        if let Some(displaced) = displaced {
            end_all(sql, displaced, None).await?;
        }
        if let Some((sid, latest)) = &self.instead_of {
            sql.then("DELETE FROM sessions WHERE sid = $1", with![sid]).await?;
            end(sql, sid, *latest).await?;
        }
        Ok(())
    }

    /// Notes which address this way in proves now. One that is somebody else's is not noted: it may become theirs later.
    async fn note_address<S: Sql>(&self, sql: &mut S, known: &Known, rule: Rule) -> Result<(), Fault> {
        let Identity { provider, id, address, .. } = &self.identity;
        let Mailbox::Proven(email, _) = address else { return Ok(()) };
        if rule == Rule::KnownAddressTaken || known.proven_here.as_deref() == Some(email.key()) {
            return Ok(());
        }
        let noted = "UPDATE identities SET address = $1 WHERE store = $2 AND provider = $3 AND provider_id = $4";
        sql.then(noted, with![email.key(), &self.store, provider, id]).await
    }

    /// Takes an address from somebody who had it without proof; they get one that is nobody's, and their sessions are to end.
    async fn displace<S: Sql>(&self, sql: &mut S, holder: Option<Known>) -> Result<Option<Box<str>>, Fault> {
        let Some(holder) = holder else { return Ok(None) };
        let hash = digest(&SHA256, holder.uid.as_bytes());
        let nobodys = format!("{}@displaced.invalid", crate::provider::functions::hex(&hash.as_ref()[..16]));
        sql.then("UPDATE users SET email = $1 WHERE uid = $2", with![&nobodys, &holder.uid]).await?;
        let event = Event::new(self.now, &self.store, What::Displaced).to(&holder.uid).because(Rule::NewInstead.word());
        write_down(sql, &event).await?;
        Ok(Some(holder.uid))
    }

    fn event(&self, what: What, because: &str) -> Event {
        let event = Event::new(self.now, &self.store, what).through(&self.identity.provider).because(because);
        let evidence = linking::evidence_of(&self.identity.address).map(Into::into);
        Event { evidence, version: Some(self.version.clone()), ..event }
    }
}

/// Remembers a way in, and why it leads to this person.
pub(crate) async fn remember_way<S: Sql>(
    sql: &mut S,
    store: &str,
    uid: &str,
    identity: &Identity,
    version: &str,
    rule: Rule,
    now: i64,
) -> Result<(), Fault> {
    let way = "INSERT INTO identities (store, provider, provider_id, uid, linked, because, evidence, version, address) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    sql.then("DELETE FROM detached WHERE uid = $1 AND provider = $2 AND provider_id = $3", with![uid, &identity.provider, &identity.id])
        .await?;
    let evidence = linking::evidence_of(&identity.address);
    let address = evidence.and(linking::address_of(&identity.address)).map(Email::key);
    sql.then(way, with![store, &identity.provider, &identity.id, uid, now, rule.word(), evidence, version, address]).await
}

/// Who came in this way before, and who has the address now, if that is somebody else.
pub(crate) async fn who<S: Sql>(sql: &mut S, store: &str, identity: &Identity) -> Result<(Option<Known>, Option<Known>), Fault> {
    let by_identity = by_way(sql, store, identity).await?;
    let Some(address) = linking::address_of(&identity.address) else { return Ok((by_identity, None)) };
    // Whose address is still theirs needs no second look.
    if by_identity.as_ref().is_some_and(|known| known.email == *address) {
        return Ok((by_identity, None));
    }
    sql.lock("SELECT uid FROM users WHERE store = $1 AND email = $2", with![store, address.key()]).await?;
    // Asked once they are held: what they have there may have changed while they were waited for.
    let by_email = "SELECT uid, email, email_verified, blocked, \
         (SELECT count(*) FROM identities i WHERE i.uid = users.uid AND i.provider = $3), \
         (SELECT count(*) FROM detached d WHERE d.uid = users.uid AND d.provider = $3 AND d.provider_id = $4), CAST(NULL AS TEXT) \
         FROM users WHERE store = $1 AND email = $2";
    let rows = sql.ask(by_email, with![store, address.key(), &identity.provider, &identity.id]).await?;
    let by_email = rows.first().map(known).transpose()?;
    // While that person was waited for, this way in may have become theirs.
    if by_identity.is_none() && by_email.is_some() {
        let by_identity = by_way(sql, store, identity).await?;
        let by_email = by_email.filter(|holder| by_identity.as_ref().is_none_or(|known| known.uid != holder.uid));
        return Ok((by_identity, by_email));
    }
    Ok((by_identity, by_email))
}

async fn by_way<S: Sql>(sql: &mut S, store: &str, identity: &Identity) -> Result<Option<Known>, Fault> {
    let by_way = "SELECT u.uid, u.email, u.email_verified, u.blocked, CAST(1 AS BIGINT), CAST(0 AS BIGINT), i.address FROM identities i JOIN users u ON u.uid = i.uid \
         WHERE i.store = $1 AND i.provider = $2 AND i.provider_id = $3";
    // Only the person is held, never the way: who holds a person may come to ask for their ways.
    let whose = "SELECT uid FROM users WHERE uid = (SELECT i.uid FROM identities i \
         WHERE i.store = $1 AND i.provider = $2 AND i.provider_id = $3)";
    let way = with![store, &identity.provider, &identity.id];
    sql.lock(whose, way).await?;
    sql.ask(by_way, way).await?.first().map(known).transpose()
}

/// A person as a row tells of them: id, address, whether it is proven, whether they are blocked, ways through this provider,
/// whether they have removed this one, and the address that was last proven by this one.
pub(crate) fn known(row: &Row) -> Result<Known, Fault> {
    Ok(Known {
        uid: row.text(0)?.into(),
        email: Email::parse(row.text(1)?).map_err(|_| Fault::Away)?,
        email_verified: row.flag(2)?,
        blocked: row.flag(3)?,
        there: match (row.flag(4)?, row.flag(5)?) {
            (_, true) => There::Removed,
            (true, false) => There::Way,
            (false, false) => There::Nothing,
        },
        proven_here: row.maybe(6)?.map(Into::into),
    })
}
