//! How many mails with codes a store sends in a day, and how many of them a network may ask for. They are counted in storage, so that the limits
//! hold over all machines: the counts and what follows from them are one transaction, under a lock of the store.
//!
//! Strangers who use up what a store sends to anyone leave a reserve for the addresses of its users. From then on nothing but the mail itself
//! depends on whether an address is one of them: what is read, written, counted and answered is the same.

use crate::directory::sql::{SqlTransaction, StorageFault, with};

const DAY: i64 = 86_400;

/// The limits of a day.
#[derive(Clone, Debug)]
pub struct MailBudget {
    /// The hash of the network that asks, and how many mails it may ask for.
    pub network: (Box<str>, i64),
    /// The same for the network around it, where that counts as well.
    pub around: Option<(Box<str>, i64)>,
    /// How many mails the store sends to any address.
    pub of_store: i64,
    /// How many more it then sends to addresses of its users.
    pub of_users: i64,
    /// The address to which the mail would go.
    pub address: Box<str>,
}

/// Which limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReachedMailLimit {
    /// That of the network.
    Network,
    /// That of the store.
    Store,
}

impl ReachedMailLimit {
    /// The word in metrics and logs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Store => "store",
        }
    }
}

/// From which part of the budget a mail is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MailShare {
    /// From the part for any address.
    Any,
    /// From the reserve for addresses of users; whether it is sent.
    Users { is_sent: bool },
}

/// What the limits allow at a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MailAllowance {
    pub(crate) share: MailShare,
    /// The limit that allows no further mail at all.
    pub(crate) reached: Option<ReachedMailLimit>,
}

impl MailAllowance {
    /// Without limits.
    pub(crate) const FREE: Self = Self { share: MailShare::Any, reached: None };
}

impl MailBudget {
    /// What stands in the place of a recipient in the table of mails: for the network, and for the one around it.
    fn networks(&self) -> (String, Option<String>) {
        let name = |(hash, _): &(Box<str>, i64)| format!("{NETWORK_MARK}{hash}");
        (name(&self.network), self.around.as_ref().map(name))
    }

    /// What the limits allow now. No other machine counts a mail of the store until the transaction ends.
    pub(crate) async fn allowance<S: SqlTransaction>(&self, sql: &mut S, store: &str, now: i64) -> Result<MailAllowance, StorageFault> {
        let (network, around) = self.networks();
        let [any, users] = [MailShare::Any, MailShare::Users { is_sent: true }].map(|share| share.name(store));
        sql.lock_name(&any).await?;
        let select = "SELECT (SELECT count(*) FROM mails WHERE recipient = $1 AND at > $5), \
             (SELECT count(*) FROM mails WHERE recipient = $2 AND at > $5), (SELECT count(*) FROM mails WHERE recipient = $3 AND at > $5), \
             (SELECT count(*) FROM mails WHERE recipient = $4 AND at > $5), (SELECT count(*) FROM users WHERE store = $6 AND email = $7 \
             AND EXISTS (SELECT 1 FROM identities WHERE identities.uid = users.uid))";
        let since = now.saturating_sub(DAY);
        let values = with![&any, &users, &network, around.as_deref().unwrap_or_default(), since, store, &self.address];
        let rows = sql.fetch(select, values).await?;
        let row = rows.first().ok_or(StorageFault::Unavailable)?;
        let share = if row.number(0)? < self.of_store {
            MailShare::Any
        } else {
            MailShare::Users { is_sent: row.number(1)? < self.of_users && row.flag(4)? }
        };
        let most_around = self.around.as_ref().map_or(i64::MAX, |(_, most)| *most);
        let reached = if share != MailShare::Any && self.of_users == 0 {
            Some(ReachedMailLimit::Store)
        } else if row.number(2)? >= self.network.1 || row.number(3)? >= most_around {
            Some(ReachedMailLimit::Network)
        } else {
            None
        };
        Ok(MailAllowance { share, reached })
    }

    /// Counts a mail of a proof. One from the reserve that is not sent counts for the network as well.
    pub(crate) async fn count<S: SqlTransaction>(
        &self,
        sql: &mut S,
        (store, share): (&str, MailShare),
        (at, proof): (i64, &str),
    ) -> Result<(), StorageFault> {
        let (network, around) = self.networks();
        let insert = "INSERT INTO mails (recipient, at, proof) VALUES ($1, $3, $4), ($2, $3, $4)";
        sql.queue(insert, with![&network, &share.name(store), at, proof]).await?;
        if let Some(around) = around {
            sql.queue("INSERT INTO mails (recipient, at, proof) VALUES ($1, $2, $3)", with![&around, at, proof]).await?;
        }
        Ok(())
    }
}

impl MailShare {
    /// What stands in the place of a recipient where the mails of a share are counted.
    fn name(self, store: &str) -> String {
        match self {
            Self::Any => format!("day of store {store}"),
            Self::Users { is_sent: true } => format!("day of users {store}"),
            // It is written so that as much is written as for a mail that is sent.
            Self::Users { is_sent: false } => format!("day of unsent {store}"),
        }
    }
}

/// What stands before the hash of a network. The hash of an address has no blank.
const NETWORK_MARK: &str = "day of network ";
