//! `/lab/incidents/{code}`: the story behind the code on a shopper's error page.

use crate::lab::handlers::provider::find_provider;
use crate::lab::handlers::story_files::{since_view, story_file, summary};
use crate::lab::handlers::test_story::{StoredStory, find_story, format_moment, is_repeated, login_steps};
use crate::lab::handlers::{self, find, guard};
use crate::lab::pages::frame::LabTab;
use crate::lab::pages::incident::IncidentPage;
use crate::pages::ErrorCause;
use crate::pages::frame::address;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::incident_code::IncidentCode;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// The path of the page.
const PAGE: &str = "/lab/incidents";

/// The story that the address names.
async fn requested_story(context: &RequestContext) -> Result<Result<StoredStory, IncidentCode>, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    let staff = guard::require_staff(context)?;
    let code = context.path_parameter("code").as_deref().and_then(IncidentCode::parse).ok_or(ErrorCause::NoSuchPage)?;
    Ok(find_story(context, &staff, code.clone()).await?.ok_or(code))
}

pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let kept = match requested_story(&context).await? {
        Ok(kept) => kept,
        Err(code) => return Ok(find::unknown_code(&context, &code)),
    };
    let bench = find_provider(&context, kept.story.provider.clone());
    let here = format!("{PAGE}/{}", kept.code);
    let title = bench.as_ref().map_or_else(|| kept.story.provider.clone(), |bench| bench.title(&context).into_owned());
    let title = printable(&title);
    let login = login_steps(&context, &kept, bench.as_ref(), &title);
    // The line is linked only while the file is still the version of the incident.
    let line = kept
        .story
        .line
        .filter(|_| login.failed().and_then(|step| step.complaint.as_ref()).is_some_and(|complaint| !complaint.is_file_changed));
    let page = IncidentPage {
        frame: handlers::lab_frame(&context, LabTab::Overview, here.clone()),
        code: kept.code.as_str(),
        when: format_moment(kept.at),
        shared: kept.story.shared,
        href: bench.as_ref().map(|bench| address(&["lab", &bench.name], &[])),
        line,
        login,
        summary: summary(&context, &kept, bench.as_ref(), (&title, &here)),
        since: since_view(&context, &kept),
        is_repeated: is_repeated(&context)?,
        report: format!("{here}/report.txt"),
        provider: title,
    };
    Ok(handlers::page_response(&context, StatusCode::OK, page.render()))
}

/// A text of the story: the report, the message for the person, the lines of a change, or the file with the change.
pub(crate) async fn show_file(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let kept = requested_story(&context).await?.map_err(|_| ErrorCause::NoSuchPage)?;
    let bench = find_provider(&context, kept.story.provider.clone());
    story_file(&context, &kept, bench.as_ref())
}
