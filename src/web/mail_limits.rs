//! The limits of a day for mails with codes, from the settings, and what happens when one is reached.

use crate::directory::mail_budget::{MailBudget, ReachedMailLimit};
use crate::directory::mail_codes::keyed_hash;
use crate::pages::ErrorCause;
use crate::vocabulary::email::Email;
use crate::web::rate_limits::{RateLimitKind, app_bucket, wide_network};
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use std::net::IpAddr;

/// One network may ask for one in so many of the mails of a store.
const SHARE_OF_NETWORK: i64 = 10;
/// A /24 of IPv4 may ask for one in so many. An address of IPv6 counts as its /48 alone.
const SHARE_OF_WIDE_NETWORK: i64 = 5;
/// One in so many is kept for addresses of users.
const SHARE_OF_USERS: i64 = 4;

/// After how many seconds a person is advised to try again.
const WAIT: u64 = 3600;

/// The limits that hold for a mail to this address; `None` where the settings switch limits off.
pub(crate) fn budget(context: &RequestContext, address: &Email) -> Option<MailBudget> {
    let store = &context.live_store().store;
    let all = i64::from(store.rates?.mails_per_day);
    let of_users = all.div_euclid(SHARE_OF_USERS);
    let part = |network: IpAddr, share: i64| {
        let hash = keyed_hash(&context.app().proof_key, &["mails of a network", &store.name, &network.to_string()]);
        (hash, all.div_euclid(share).max(1))
    };
    let (network, wide) = (context.client_network(), wide_network(context.client_network()));
    let (network, around) = match network {
        IpAddr::V4(_) => (part(network, SHARE_OF_NETWORK), Some(part(wide, SHARE_OF_WIDE_NETWORK))),
        IpAddr::V6(_) => (part(wide, SHARE_OF_NETWORK), None),
    };
    Some(MailBudget { network, around, of_store: all.saturating_sub(of_users), of_users, address: address.key().into() })
}

/// The answer when a limit is reached: the same for every address.
pub(crate) fn refuse(context: &RequestContext, limit: ReachedMailLimit) -> UserFacingError {
    count_unsent(context, limit);
    ErrorCause::TooMany { seconds: WAIT }.into()
}

/// Counts a code that is not sent; the log has a line of it at most once a minute.
pub(crate) fn count_unsent(context: &RequestContext, limit: ReachedMailLimit) {
    let (app, store) = (context.app(), &context.live_store().store);
    app.metrics.mails.count_unsent(&store.name, limit.word());
    let (bucket, now) = (app_bucket(&format!("unsent mails of {}", limit.word())), context.now().saturating_mul(1000));
    if app.limits.take(RateLimitKind::Mail, context.live_store().number, bucket, 1, now).is_ok() {
        let of_a_day = store.rates.map(|rates| rates.mails_per_day);
        tracing::warn!(
            store = &*store.name,
            limit = limit.word(),
            of_a_day,
            "a code is not sent by mail: the limit of a day is reached, and what is left is kept for addresses of users (`limits: {{ mailsPerDay: … }}`)"
        );
    }
}
