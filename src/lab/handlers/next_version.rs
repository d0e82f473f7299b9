//! What the pages of the lab say of the next version of a provider file.

use crate::lab::handlers::test_story::format_moment;
use crate::lab::pages::next_version_section::{NextVersionSection, short_note};
use crate::lab::pages::words::LabLanguage;
use crate::rollout::standing::RolloutStanding;
use crate::vocabulary::diagnostic::printable;
use crate::web::request_context::RequestContext;

/// The section of a provider's page, if its file has a next version.
pub(crate) fn section(context: &RequestContext, name: &str) -> Option<NextVersionSection> {
    let (live_store, rollout) = (context.live_store(), &context.app().rollout);
    let snapshot = live_store.providers.snapshot();
    let next = snapshot.next_version(name)?;
    let store = &live_store.store.name;
    let counts = next.live_provider.as_ref().and_then(|live| rollout.counts(store, live)).unwrap_or_default();
    let standing = standing(context, name)?;
    let path = printable(&next.file_report.report.source.name);
    Some(NextVersionSection::new(&path, standing, &counts, format_moment, &LabLanguage::for_code(&context.language().code).words))
}

/// What a list of providers says of the next version beside a live one, if a share of the logins goes through it.
pub(crate) fn note(context: &RequestContext, name: &str) -> Option<String> {
    short_note(standing(context, name)?, &LabLanguage::for_code(&context.language().code).words)
}

fn standing(context: &RequestContext, name: &str) -> Option<RolloutStanding> {
    let live_store = context.live_store();
    context.app().rollout.standing(&live_store.store.name, name, &live_store.providers.snapshot())
}
