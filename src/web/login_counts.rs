//! What the endpoints count of logins, for the lab and for the metrics.

use crate::counts::{CountedAt, LoginCount};
use crate::login::trace::Trace;
use crate::pages::ErrorCause;
use crate::provider::Provider;
use crate::stores::live::LiveProvider;
use crate::story::watch::LoginWatch;
use crate::web::login_source::LoginSource;
use crate::web::request_context::RequestContext;
use std::time::Duration;

pub(crate) use crate::web::metrics::logins::{CALLBACK, IDENTITY, SIGNED_IN};

/// Where a login failed that failed in no step.
pub(crate) fn place_without_step(trace: &Trace) -> &'static str {
    if trace.exchanges.is_empty() { CALLBACK } else { IDENTITY }
}

/// Counts an event of a login.
pub(crate) fn count<'a>(context: &RequestContext, source: impl Into<LoginSource<'a>>, event: LoginCount<'_>) {
    let (app, store, source) = (context.app(), &context.live_store().store.name, source.into());
    let at = CountedAt { store, provider: source.name, variant: source.variant };
    app.counts.count(at, event, context.now());
    match event {
        LoginCount::Began => app.metrics.logins.count_began(store, source.name),
        LoginCount::Returned { .. } => app.metrics.logins.count_returned(store, source.name),
        LoginCount::SignedIn => app.metrics.logins.count_end(store, source.name, SIGNED_IN),
        LoginCount::Cancelled | LoginCount::Failed { .. } | LoginCount::Took { .. } => {}
    }
}

/// Counts a login that linked an identity to the person who is signed in.
pub(crate) fn count_link(context: &RequestContext, live_provider: &LiveProvider) {
    let (store, source) = (&context.live_store().store.name, LoginSource::from(live_provider));
    let at = CountedAt { store, provider: source.name, variant: source.variant };
    context.app().counts.count(at, LoginCount::SignedIn, context.now());
}

/// Counts a login that failed in a step, with the code of its cause.
pub(crate) fn count_failure<'a>(
    context: &RequestContext,
    source: impl Into<LoginSource<'a>>,
    page: ErrorCause,
    (step, cause): (&'static str, &str),
) {
    let source = source.into();
    context.app().metrics.logins.count_end(&context.live_store().store.name, source.name, page.name());
    if page == ErrorCause::Cancelled {
        return count(context, source, LoginCount::Cancelled);
    }
    context.app().metrics.logins.count_failed(&context.live_store().store.name, source.name, step);
    count(context, source, LoginCount::Failed { step, cause });
}

/// Counts how long the calls of a login took, one by one and together.
pub(crate) fn count_durations<'a>(context: &RequestContext, source: impl Into<LoginSource<'a>>, provider: &Provider, watch: &LoginWatch) {
    let (source, mut all) = (source.into(), Duration::ZERO);
    for (step, took) in watch.call_durations(provider) {
        all = all.saturating_add(took);
        context.app().metrics.logins.observe_step(source.name, step, took);
        count(context, source, LoginCount::Took { step, took });
    }
    if !all.is_zero() {
        count(context, source, LoginCount::Took { step: crate::counts::ALL_CALLS, took: all });
    }
}
