//! Ways in that are added by somebody who is signed in, and removed by them or by support.

use crate::directory::audit::{By, Event, What, write_down};
use crate::directory::linking::{self, NotWelcome, Rule};
use crate::directory::people::User;
use crate::directory::sessions::{end, end_through};
use crate::directory::sql::{Fault, Sql, Verb, with};
use crate::directory::welcome::{TurnedAway, known, remember_way, who};
use crate::provider::identity::Identity;

/// Adds a way in to somebody who is signed in; their session goes on under a new name.
#[derive(Clone, Debug)]
pub struct Link {
    /// The store.
    pub store: Box<str>,
    /// Who is signed in.
    pub uid: Box<str>,
    /// Who they are at the provider.
    pub identity: Identity,
    /// The version of the provider's file that says so.
    pub version: Box<str>,
    /// The session in which it is asked for.
    pub sid: Box<str>,
    /// What it is called from now on.
    pub new_sid: Box<str>,
    /// When.
    pub now: i64,
}

impl Verb for Link {
    type Answer = Result<(User, Rule), TurnedAway>;

    async fn carry_out<S: Sql>(&self, sql: &mut S) -> Result<Self::Answer, Fault> {
        let Link { store, uid, identity, version, sid, new_sid, now } = self;
        let mine = "SELECT uid, email, email_verified, blocked, CAST(0 AS BIGINT), CAST(0 AS BIGINT), CAST(NULL AS TEXT), name, picture FROM users WHERE uid = $1 AND store = $2";
        let rows = sql.hold(mine, with![uid, store]).await?;
        let session = sql.ask("SELECT latest FROM sessions WHERE sid = $1 AND uid = $2", with![sid, uid]).await?;
        let event = Event::new(*now, store, What::Linked).through(&identity.provider);
        let evidence = linking::evidence_of(&identity.address).map(Into::into);
        let whose = rows.first().map(|_| uid.clone());
        let event = Event { uid: whose, evidence, version: Some(version.clone()), ..event };
        // Whoever was forgotten or signed out meanwhile has nothing to which anything could be added.
        let (Some(row), Some(session)) = (rows.first(), session.first()) else {
            return Ok(Err(TurnedAway::new(NotWelcome::SignedOut, event)));
        };
        let (myself, latest) = (known(row)?, session.number(0)?);
        let (by_identity, _) = who(sql, store, identity).await?;
        match linking::decide_to_link(&myself, by_identity.as_ref()) {
            Err(why) => Ok(Err(TurnedAway::new(why, event))),
            Ok(rule) => {
                if rule == Rule::LinkedByThemselves {
                    remember_way(sql, store, uid, identity, version, rule, *now).await?;
                    write_down(sql, &event.because(rule.word())).await?;
                }
                if sql.run("UPDATE sessions SET sid = $1 WHERE sid = $2 AND uid = $3", with![new_sid, sid, uid]).await? != 1 {
                    return Err(Fault::Clash);
                }
                end(sql, sid, latest).await?;
                let maybe = |column| row.maybe(column).map(|text| text.map(str::to_owned));
                let (name, picture) = (maybe(7)?, maybe(8)?);
                Ok(Ok((User { uid: myself.uid, email: myself.email, email_verified: myself.email_verified, name, picture }, rule)))
            }
        }
    }
}

/// Removes a way in; it does not come back by itself. Sessions that came through it end, but the one in which this is asked.
#[derive(Clone, Debug)]
pub struct Unlink {
    /// The store.
    pub store: Box<str>,
    /// Whose way it is.
    pub uid: Box<str>,
    /// The provider's file name.
    pub provider: Box<str>,
    /// The id there; without it, all of that provider.
    pub provider_id: Option<Box<str>>,
    /// The session that goes on.
    pub but: Option<Box<str>>,
    /// Who wants it.
    pub by: By,
    /// Whether the last way in may go as well: then it may come back, because only a proven address leads to this person.
    pub even_last: bool,
    /// When.
    pub now: i64,
}

/// What became of a way in that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlinked {
    /// It is gone.
    Gone,
    /// There is no such way.
    NoSuchWay,
    /// It is the last.
    Last,
}

impl Verb for Unlink {
    type Answer = Unlinked;

    async fn carry_out<S: Sql>(&self, sql: &mut S) -> Result<Unlinked, Fault> {
        let Unlink { store, uid, provider, provider_id, but, by, even_last, now } = self;
        sql.hold("SELECT uid FROM users WHERE uid = $1 AND store = $2", with![uid, store]).await?;
        let ways = sql.ask("SELECT provider, provider_id FROM identities WHERE uid = $1 AND store = $2", with![uid, store]).await?;
        let mut going = 0;
        for way in &ways {
            let is_meant =
                way.text(0)? == &**provider && provider_id.as_deref().is_none_or(|id| way.text(1).is_ok_and(|other| other == id));
            going += usize::from(is_meant);
        }
        if going == 0 {
            return Ok(Unlinked::NoSuchWay);
        }
        if going == ways.len() && !even_last {
            return Ok(Unlinked::Last);
        }
        // The last way may come back, because nothing else leads to this person; any other is gone until it is asked for.
        if going < ways.len() {
            let detached = "INSERT INTO detached (uid, provider, provider_id) SELECT uid, provider, provider_id FROM identities \
                 WHERE uid = $1 AND provider = $2 AND ($3 = 1 OR provider_id = $4) ON CONFLICT DO NOTHING";
            sql.then(detached, with![uid, provider, provider_id.is_none(), provider_id.as_deref().unwrap_or_default()]).await?;
        }
        let gone = "DELETE FROM identities WHERE uid = $1 AND provider = $2 AND ($3 = 1 OR provider_id = $4)";
        sql.then(gone, with![uid, provider, provider_id.is_none(), provider_id.as_deref().unwrap_or_default()]).await?;
        write_down(sql, &Event::new(*now, store, What::Unlinked).to(uid).through(provider).because(by.word())).await?;
        end_through(sql, uid, but.as_deref(), provider).await?;
        Ok(Unlinked::Gone)
    }
}
