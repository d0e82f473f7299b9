//! The story of a login that failed in its conversation with the provider: what happened, what changed since the last login that worked,
//! and what would mend the file.

use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::provider::identity::Identity;
use crate::stores::live::LiveProvider;
use crate::story::file_changes::MASKED;
use crate::story::proposal::{FileChange, Proposal};
use crate::story::since_good_login::SinceGoodLogin;
use crate::story::watch::LoginWatch;
use crate::story::{LoginRecord, Story, login_story};
use crate::vocabulary::incident_code::IncidentCode;
use crate::vocabulary::place::Source;
use crate::web::good_login_comparison::since_good_login;
use crate::web::request_context::RequestContext;
use crate::web::story_throttle::FailureKind;
use crate::world::secrets::secret_values;

/// A login that failed.
#[derive(Clone, Copy)]
pub(crate) struct FailedRecord<'a> {
    pub(crate) live_provider: &'a LiveProvider,
    pub(crate) error: &'a LoginError,
    pub(crate) trace: &'a Trace,
    pub(crate) watch: &'a LoginWatch,
    /// Whether it was a login of a browser, which may say something about the file.
    pub(crate) is_of_login: bool,
}

/// The story of a failed login, which is stored under this code.
pub(crate) async fn failed_story(context: &RequestContext, failed: FailedRecord<'_>, kind: &FailureKind, code: &IncidentCode) -> Story {
    let FailedRecord { live_provider, error, trace, watch, is_of_login } = failed;
    let record = LoginRecord { provider: &live_provider.provider, redirect: None, trace, watch, end: Err(error) };
    if !is_of_login {
        return login_story(record, Vec::new());
    }
    let (app, minute) = (context.app(), context.now() / 60);
    let since = since_good_login(context, live_provider, trace).await;
    // While all logins fail in the same way, a few searches for a repair a minute are enough.
    let mut proposals: Vec<Proposal> = Vec::new();
    if app.stories.may_search_repair(kind, minute) {
        proposals = propose_repairs(context, live_provider, Err(error), trace, since.as_ref());
    }
    let proposals = with_masked_secrets(context, live_provider, proposals);
    let mut remedy = None;
    if proposals.iter().any(|proposal| proposal.change.is_some()) {
        app.stories.remember_remedy(kind, minute, code);
    } else {
        remedy = app.stories.remedy(kind, minute);
    }
    Story { remedy: remedy.map(|code| code.to_string()), since, ..login_story(record, proposals) }
}

/// What would mend the file of a provider after a login, beside the recent logins at it and what changed since a login worked.
pub(crate) fn propose_repairs(
    context: &RequestContext,
    live_provider: &LiveProvider,
    end: Result<&Identity, &LoginError>,
    trace: &Trace,
    since: Option<&SinceGoodLogin>,
) -> Vec<Proposal> {
    let (app, provider) = (context.app(), &live_provider.provider);
    let others = app.recent_logins.at_hand(&context.live_store().store.name, &provider.name, context.now());
    let proposals = (app.workbench.propose)(provider, end, trace, &others);
    match (end, since) {
        (Err(error), Some(since)) => (app.workbench.propose_as_it_was)(provider, error, (trace, &others), &since.file, proposals),
        (Ok(..), _) | (Err(..), None) => proposals,
    }
}

/// The proposals with masked secrets, because a story is stored and the lines of a change are those of the file.
pub(crate) fn with_masked_secrets(context: &RequestContext, live_provider: &LiveProvider, mut proposals: Vec<Proposal>) -> Vec<Proposal> {
    if proposals.iter().all(|proposal| proposal.change.is_none()) {
        return proposals;
    }
    let (source, secrets) = (&live_provider.provider.source, secret_values(&live_provider.provider));
    let masked = |text: &str| (context.app().workbench.mask_file)(&Source::new(source.name.clone(), text), &secrets);
    let now = masked(&source.text);
    for proposal in &mut proposals {
        let Some(change) = &mut proposal.change else { continue };
        let changed = change.apply(&source.text).map(|text| masked(&text));
        let FileChange { line, removed, added } = change;
        mask_lines(*line, removed, &now);
        mask_lines(*line, added, &changed.unwrap_or_default());
        if added.iter().any(|line| line.contains(MASKED)) {
            proposal.title.clone_from(added.first().unwrap_or(&proposal.because));
        }
    }
    proposals
}

/// Masks lines as they are masked in a text in which the first of them has this number.
fn mask_lines(first: usize, lines: &mut [String], masked: &str) {
    let mut shown = masked.lines().skip(first.saturating_sub(1));
    for line in lines {
        match shown.next() {
            Some(shown) if shown.contains(MASKED) => shown.clone_into(line),
            Some(_) => {}
            // What is not shown is not stored.
            None => MASKED.clone_into(line),
        }
    }
}
