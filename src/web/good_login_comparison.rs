//! A login that works is remembered, and one that fails is compared with the last one that worked.

use crate::directory::good_logins::LoadGoodLogin;
use crate::login::trace::Trace;
use crate::stores::live::LiveProvider;
use crate::story::since_good_login::{FailedLogin, SinceGoodLogin};
use crate::web::request_context::RequestContext;
use crate::world::secrets::secret_values;

/// The file of a live provider as the lab shows it.
fn masked_file(context: &RequestContext, live_provider: &LiveProvider) -> String {
    (context.app().workbench.mask_file)(&live_provider.provider.source, &secret_values(&live_provider.provider))
}

/// Remembers a login that worked, unless it began with an older version of the file. A login at a simulation says nothing about the provider.
pub(crate) fn remember_good_login(context: &RequestContext, live_provider: &LiveProvider, trace: &Trace) {
    if live_provider.replaced.is_some() {
        return;
    }
    let snapshot = context.live_store().providers.snapshot();
    if snapshot.provider(&live_provider.listed.name).is_some_and(|current| current.version == live_provider.version) {
        let store = &context.live_store().store.name;
        context.app().good_logins.remember(store, live_provider, trace, context.now(), || masked_file(context, live_provider));
    }
}

/// What changed since the last login that worked, if one is known. Storage may know a later one of another broker.
pub(crate) async fn since_good_login(context: &RequestContext, live_provider: &LiveProvider, trace: &Trace) -> Option<SinceGoodLogin> {
    let (app, store, provider) = (context.app(), &context.live_store().store.name, &live_provider.listed.name);
    let here = app.good_logins.find(store, provider);
    let stored = app.directory.read(LoadGoodLogin { store: store.clone(), provider: provider.clone() }).await.ok().flatten();
    let good = match (here, stored) {
        (Some(mut here), Some(stored)) if here.version == stored.version => {
            here.merge(stored);
            here
        }
        (Some(here), Some(stored)) => {
            if here.at >= stored.at {
                here
            } else {
                stored
            }
        }
        (here, stored) => here.or(stored)?,
    };
    let failed = FailedLogin {
        provider: &live_provider.provider,
        trace,
        version: &live_provider.version,
        file: &masked_file(context, live_provider),
        at: context.now(),
    };
    Some(SinceGoodLogin::new(&good, failed))
}
