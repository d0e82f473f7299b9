//! How many mails with codes a store sends in a day, and how many of them a network may ask for. They are counted in storage, so that the limits
//! hold over all machines.

use crate::directory::sql::{SqlTransaction, StorageFault, with};

const DAY: i64 = 86_400;

/// The limits of a day.
#[derive(Clone, Debug)]
pub struct MailBudget {
    /// The hash of the network that asks.
    pub network: Box<str>,
    /// How many mails the network may ask for.
    pub of_network: i64,
    /// How many mails the store sends.
    pub of_store: i64,
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

impl MailBudget {
    /// What stands in the place of a recipient in the table of mails: for the network, and for the store.
    fn names(&self, store: &str) -> [String; 2] {
        [format!("{NETWORK_MARK}{}", self.network), format!("{STORE_MARK}{store}")]
    }

    /// The limit that allows no further mail.
    pub(crate) async fn reached<S: SqlTransaction>(
        &self,
        sql: &mut S,
        store: &str,
        now: i64,
    ) -> Result<Option<ReachedMailLimit>, StorageFault> {
        let [network, of_store] = self.names(store);
        let count = "SELECT (SELECT count(*) FROM mails WHERE recipient = $1 AND at > $3), (SELECT count(*) FROM mails WHERE recipient = $2 AND at > $3)";
        let rows = sql.fetch(count, with![&network, &of_store, now.saturating_sub(DAY)]).await?;
        let row = rows.first().ok_or(StorageFault::Unavailable)?;
        Ok(if row.number(1)? >= self.of_store {
            Some(ReachedMailLimit::Store)
        } else if row.number(0)? >= self.of_network {
            Some(ReachedMailLimit::Network)
        } else {
            None
        })
    }

    /// Counts a mail of a proof.
    pub(crate) async fn count<S: SqlTransaction>(&self, sql: &mut S, store: &str, (at, proof): (i64, &str)) -> Result<(), StorageFault> {
        let [network, of_store] = self.names(store);
        sql.queue("INSERT INTO mails (recipient, at, proof) VALUES ($1, $3, $4), ($2, $3, $4)", with![&network, &of_store, at, proof]).await
    }
}

/// What stands before the hash of a network, and before the name of a store. The hash of an address has no blank.
const NETWORK_MARK: &str = "day of network ";
const STORE_MARK: &str = "day of store ";
