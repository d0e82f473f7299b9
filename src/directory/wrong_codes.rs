//! How many wrong codes count against a proof: those of its identity; or, where there is none yet, those of its network.

use crate::directory::sql::{SqlTransaction, StorageFault, with};

/// How many wrong codes are accepted a day from one identity, over all proofs.
const WRONG_BY_ONE: i64 = 10;
/// After how many wrong codes of a day from one network its codes are long.
const WRONG_BY_NETWORK: i64 = 100;
/// The same for a /48 of IPv6, which has many networks.
const WRONG_BY_WIDE_NETWORK: i64 = 400;
const DAY: i64 = 86_400;

/// What stands before the hash of a network in storage, where it stands in the place of an identity.
const NETWORK_MARK: &str = "network ";

/// What stands between the network and the /48 around it.
const IN: &str = " in ";

/// By whom the wrong codes of a proof are counted that has no identity yet: all people behind a network, and those behind the /48 around it.
/// They are not refused for each other.
pub fn of_network(hash: &str, wide: Option<&str>) -> Box<str> {
    let wide = wide.map(|hash| format!("{IN}wide {hash}")).unwrap_or_default();
    format!("{NETWORK_MARK}{hash}{wide}").into()
}

/// What the wrong codes of this day mean for a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suspicion {
    None,
    /// The network has had many: only codes that cannot be guessed are accepted.
    LongCodes,
    /// The identity has had as many as it may.
    Refused,
}

/// The parts of `who` whose wrong codes are counted: the identity; or the network, and the /48 around it.
pub(crate) fn counted(who: &str) -> impl Iterator<Item = &str> {
    let (network, wide) = who.split_once(IN).map_or((who, None), |(network, wide)| (network, Some(wide)));
    std::iter::once(network).chain(wide)
}

pub(crate) async fn suspicion<S: SqlTransaction>(sql: &mut S, who: &str, now: i64) -> Result<Suspicion, StorageFault> {
    let is_network = who.starts_with(NETWORK_MARK);
    for (at, part) in counted(who).enumerate() {
        let (most, beyond) = match (is_network, at) {
            (false, _) => (WRONG_BY_ONE, Suspicion::Refused),
            (true, 0) => (WRONG_BY_NETWORK, Suspicion::LongCodes),
            (true, _) => (WRONG_BY_WIDE_NETWORK, Suspicion::LongCodes),
        };
        if wrong_codes(sql, part, now.saturating_sub(DAY)).await? >= most {
            return Ok(beyond);
        }
    }
    Ok(Suspicion::None)
}

/// How many codes of an identity, or for an address, were wrong since a moment.
pub(crate) async fn wrong_codes<S: SqlTransaction>(sql: &mut S, who: &str, since: i64) -> Result<i64, StorageFault> {
    let rows = sql.fetch("SELECT count(*) FROM wrongs WHERE who = $1 AND at > $2", with![who, since]).await?;
    rows.first().ok_or(StorageFault::Unavailable)?.number(0)
}
