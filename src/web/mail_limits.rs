//! The limits of a day for mails with codes, from the settings, and what happens when one is reached.

use crate::directory::mail_budget::{MailBudget, ReachedMailLimit};
use crate::directory::mail_codes::keyed_hash;
use crate::pages::ErrorCause;
use crate::web::rate_limits::{RateLimitKind, app_bucket, wide_network};
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;

/// One network may ask for one in so many of the mails of a store.
const SHARE_OF_NETWORK: i64 = 10;

/// After how many seconds a person is advised to try again.
const WAIT: u64 = 3600;

/// The limits that hold for a request; `None` where the settings switch limits off. A network of IPv6 counts as its /48.
pub(crate) fn budget(context: &RequestContext) -> Option<MailBudget> {
    let store = &context.live_store().store;
    let of_store = i64::from(store.rates?.mails_per_day);
    let network = context.client_network();
    let network = wide_network(network).unwrap_or(network).to_string();
    let network = keyed_hash(&context.app().proof_key, &["mails of a network", &store.name, &network]);
    Some(MailBudget { network, of_network: of_store.div_euclid(SHARE_OF_NETWORK).max(1), of_store })
}

/// The answer when a limit is reached: the same for every address. It is counted, and the log has a line of it at most once a minute.
pub(crate) fn refuse(context: &RequestContext, limit: ReachedMailLimit) -> UserFacingError {
    let (app, store) = (context.app(), &context.live_store().store);
    app.metrics.count_unsent_mail(&store.name, limit.word());
    let (bucket, now) = (app_bucket(&format!("unsent mails of {}", limit.word())), context.now().saturating_mul(1000));
    if app.limits.take(RateLimitKind::Mail, context.live_store().number, bucket, 1, now).is_ok() {
        let of_a_day = store.rates.map(|rates| rates.mails_per_day);
        tracing::warn!(
            store = &*store.name,
            limit = limit.word(),
            of_a_day,
            "no code is sent by mail: the limit of a day is reached (`limits: {{ mailsPerDay: … }}`)"
        );
    }
    ErrorCause::TooMany { seconds: WAIT }.into()
}
