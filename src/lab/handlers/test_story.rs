//! `/lab/{provider}/tests/{code}`: the story of a test login, for the tester.

use crate::directory::incidents::{LoadIncident, StoredIncident};
use crate::lab::handlers::guard::StaffMember;
use crate::lab::handlers::provider::{LabProvider, provider_page, requested_provider};
use crate::lab::handlers::story_files::{since_view, story_file, summary};
use crate::lab::handlers::test_login::USED;
use crate::lab::handlers::{self, guard};
use crate::lab::pages::app_trial::AppTrialView;
use crate::lab::pages::login_steps::{CurrentFile, LoginStepsView};
use crate::lab::pages::provider::TestLoginView;
use crate::lab::pages::words::LabLanguage;
use crate::pages::ErrorCause;
use crate::pages::frame::address;
use crate::story::Story;
use crate::story::plain_text::plain_text;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::incident_code::IncidentCode;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;

/// A story that the requester may see.
pub struct StoredStory {
    pub(crate) code: IncidentCode,
    pub(crate) at: i64,
    pub(crate) story: Story,
}

/// The story under a code, if it is this store's and, where it is a test, this person's own.
pub async fn find_story(context: &RequestContext, staff: &StaffMember, code: IncidentCode) -> Result<Option<StoredStory>, UserFacingError> {
    let recall = LoadIncident { code: code.as_str().into(), now: context.now() };
    let Some(StoredIncident { store, at, story, .. }) = context.app().directory.read(recall).await? else { return Ok(None) };
    let Ok(story) = serde_json::from_str::<Story>(&story) else { return Ok(None) };
    let is_theirs = !story.test || story.by.as_deref() == staff.uid.as_deref();
    Ok((store == context.live_store().store.name && is_theirs).then_some(StoredStory { code, at, story }))
}

/// A time as text that is readable in every language.
pub(crate) fn format_moment(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0).map_or_else(String::new, |moment| moment.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// The report of a story, ready for a ticket.
pub(crate) fn text_report(context: &RequestContext, kept: &StoredStory) -> String {
    let test = if kept.story.test { ", a test login" } else { "" };
    let store = &context.live_store().store.name;
    let provider = printable(&kept.story.provider);
    format!("{}  {}  store {store}, provider {provider}{test}\n{}", kept.code, format_moment(kept.at), plain_text(&kept.story))
}

/// Whether a second callback of a test login led to its story.
pub(crate) fn is_repeated(context: &RequestContext) -> Result<bool, UserFacingError> {
    Ok(context.query_parameter(USED)?.is_some())
}

/// Whether the file is still the one of the story.
pub(crate) fn is_same_file(kept: &StoredStory, bench: &LabProvider) -> bool {
    kept.story.version.as_deref().is_none_or(|version| *handlers::file_version(&bench.file_report) == *version)
}

/// The steps of a story, beside the file as it is today. `title` is that of the provider.
pub(crate) fn login_steps(context: &RequestContext, kept: &StoredStory, bench: Option<&LabProvider>, title: &str) -> LoginStepsView {
    let same = bench.filter(|bench| is_same_file(kept, bench));
    let calls = same.map(LabProvider::call_names).unwrap_or_default();
    let reads: Vec<_> = same.map(LabProvider::fact_sources).unwrap_or_default();
    let current = CurrentFile { file: same.map(|bench| &bench.file), reads: &reads, calls: &calls };
    LoginStepsView::from_story(&kept.story, current, title, LabLanguage::for_code(&context.language().code))
}

/// The test that the address names, and its provider.
async fn requested_test(context: &RequestContext) -> Result<(StaffMember, LabProvider, StoredStory), UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    let staff = guard::require_staff(context)?;
    let bench = requested_provider(context)?;
    let code = context.path_parameter("code").as_deref().and_then(IncidentCode::parse).ok_or(ErrorCause::NoSuchPage)?;
    let kept = find_story(context, &staff, code).await?.filter(|kept| kept.story.test && kept.story.provider == bench.name);
    Ok((staff, bench, kept.ok_or(ErrorCause::NoSuchPage)?))
}

pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let (staff, bench, kept) = requested_test(&context).await?;
    let base = address(&["lab", &bench.name, "tests", kept.code.as_str()], &[]);
    let title = printable(&bench.title(&context));
    let login = login_steps(&context, &kept, Some(&bench), &title);
    let (summary, since) = (summary(&context, &kept, Some(&bench), (&title, &base)), since_view(&context, &kept));
    let words = &LabLanguage::for_code(&context.language().code).words;
    let trial = kept.story.app.as_ref().map(|trial| AppTrialView::new(trial, words));
    let is_repeated = is_repeated(&context)?;
    let test = TestLoginView { is_repeated, code: kept.code.to_string(), when: format_moment(kept.at), login, summary, since, trial };
    Ok(provider_page(&context, &staff, &bench, Some(test)).await)
}

/// A text of the story, as of an incident.
pub(crate) async fn download(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let (_, bench, kept) = requested_test(&context).await?;
    story_file(&context, &kept, Some(&bench))
}
