//! `/lab/find`: the search of the lab, by an incident code, an e-mail address or a time.
//!
//! It is sent as a form, because an address in a link would stand in the history of the browser and in the logs of proxies. A code and a time
//! are no personal data, so the form leads to a link for them. A search by address is recorded before it is made. A lab that needs no
//! sign-in makes none: every program of the machine could ask it, and nothing would show who did.

use crate::counts::period::PeriodCounts;
use crate::directory::audit::{AuditEvent, AuditEventKind, ListUserAuditEvents, RecordAuditEvent};
use crate::directory::incidents;
use crate::directory::users::FindUserByEmail;
use crate::lab::handlers::guard::StaffMember;
use crate::lab::handlers::recent_failures::{FailureSources, KeptStory, kept_stories, lab_time, lab_words};
use crate::lab::handlers::{self, guard};
use crate::lab::pages::find::{FailuresThen, FindPage, FoundIncident, PersonEvent, SearchResult};
use crate::lab::pages::frame::LabTab;
use crate::lab::pages::lab_time::read_typed_time;
use crate::pages::frame::address;
use crate::pages::phrases::fill;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::email::Email;
use crate::vocabulary::incident_code::IncidentCode;
use crate::web::forms;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::{UserFacingError, redirect_to};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// The path of the search.
const PAGE: &str = "/lab/find";
/// How many events of a person are shown.
const MOST_EVENTS: i64 = 50;
/// How many incidents of a span of time are shown.
const MOST_INCIDENTS: usize = 100;

/// `/lab/incidents`: the page by which a code was looked up before there was a search.
pub(crate) async fn by_code(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let typed = context.query_parameter("code")?;
    by_link(&context, typed).await
}

/// A search by a link.
pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    let typed = context.query_parameter("q")?;
    by_link(&context, typed).await
}

/// A search by the form of the bar, or by that of this page.
pub(crate) async fn search(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    let staff = guard::require_staff(&context)?;
    let form = forms::verified_form(&context, &guard::form_binding(&context), PAGE)?;
    let typed = form.field("q")?.unwrap_or_default().trim().to_owned();
    if IncidentCode::parse(&typed).is_none()
        && let Ok(email) = Email::parse(&typed)
    {
        let found = find_person(&context, &staff, email).await?;
        return Ok(page(&context, &typed, found));
    }
    let shown = shown(&typed);
    // What looks like an address and is none, such as one with a comma behind it, stands in no address either.
    if shown.contains('@') {
        return Ok(page(&context, &shown, SearchResult::Unknown));
    }
    Ok(redirect_to(&address(&["lab", "find"], &[("q", Some(shown.as_str()).filter(|shown| !shown.is_empty()))])))
}

async fn by_link(context: &RequestContext, typed: Option<String>) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    guard::require_staff(context)?;
    let typed = typed.as_deref().map(str::trim).unwrap_or_default();
    let clock = lab_time(context);
    if typed.is_empty() {
        return Ok(page(context, "", SearchResult::Nothing));
    }
    if let Some(span) = read_typed_time(typed, clock) {
        let found = failures_then(context, span).await?;
        return Ok(page(context, typed, SearchResult::Time(found)));
    }
    if let Some(code) = IncidentCode::parse(typed) {
        return Ok(redirect_to(&address(&["lab", "incidents", code.as_str()], &[])));
    }
    if Email::parse(typed).is_ok() {
        return Ok(page(context, typed, SearchResult::AddressByLink));
    }
    Ok(page(context, &shown(typed), SearchResult::Unknown))
}

/// What was typed, short and without control characters.
fn shown(typed: &str) -> String {
    printable(&typed.chars().take(64).collect::<String>())
}

/// The page under a code of which no incident is kept.
pub(crate) fn unknown_code(context: &RequestContext, code: &IncidentCode) -> HttpResponse {
    page(context, code.as_str(), SearchResult::UnknownCode(code.to_string()))
}

fn page(context: &RequestContext, typed: &str, found: SearchResult) -> HttpResponse {
    let status = match &found {
        SearchResult::Unknown => StatusCode::BAD_REQUEST,
        SearchResult::UnknownCode(_) => StatusCode::NOT_FOUND,
        SearchResult::AddressAtLocalLab => StatusCode::FORBIDDEN,
        SearchResult::Nothing | SearchResult::AddressByLink | SearchResult::Time(_) | SearchResult::Person(_) => StatusCode::OK,
    };
    let is_personal =
        matches!(found, SearchResult::Person(_) | SearchResult::AddressByLink | SearchResult::AddressAtLocalLab) || typed.contains('@');
    let here =
        if is_personal { PAGE.to_owned() } else { address(&["lab", "find"], &[("q", Some(typed).filter(|typed| !typed.is_empty()))]) };
    let frame = handlers::lab_frame(context, LabTab::Overview, here);
    let page = FindPage { frame, typed, found, knows_zone: lab_time(context).zone.is_some() };
    handlers::page_response(context, status, page.render())
}

async fn failures_then(context: &RequestContext, span: (i64, i64)) -> Result<FailuresThen, UserFacingError> {
    let (app, store, clock, words) = (context.app(), &context.live_store().store.name, lab_time(context), lab_words(context));
    let staff = guard::require_staff(context)?;
    let _ = app.counts.save(&app.directory, clock.now).await;
    let counts = PeriodCounts::read_span(&app.directory, store, span).await?;
    let stories = kept_stories(context, span).await?;
    let groups = handlers::provider_groups(context, &staff);
    let sources = FailureSources { counts: &counts, stories: &stories, groups: &groups, clock, words };
    let incident = |kept: &KeptStory| {
        let (title, is_english) = sources.story_title(kept);
        FoundIncident {
            code: kept.code.to_string(),
            href: address(&["lab", "incidents", &kept.code], &[]),
            when: clock.moment(kept.at, &words.time),
            provider: sources.named(&kept.story.provider).0,
            title,
            is_english,
        }
    };
    Ok(FailuresThen {
        from: clock.moment(span.0, &words.time),
        until: clock.moment(span.1, &words.time),
        failures: sources.by_provider(None),
        incidents: stories.iter().take(MOST_INCIDENTS).map(incident).collect(),
    })
}

/// What is recorded of the person who has an address. The search is recorded first.
async fn find_person(context: &RequestContext, staff: &StaffMember, email: Email) -> Result<SearchResult, UserFacingError> {
    let Some(by) = staff.uid.as_deref().filter(|_| !guard::is_local_installation(context)) else {
        return Ok(SearchResult::AddressAtLocalLab);
    };
    let (directory, store, clock, words) =
        (&context.app().directory, &context.live_store().store.name, lab_time(context), lab_words(context));
    let user = directory.read(FindUserByEmail { store: store.clone(), email }).await?;
    let event = AuditEvent { evidence: Some(by.into()), ..AuditEvent::new(clock.now, store, AuditEventKind::Searched) };
    let Some(record) = user else {
        directory.write(RecordAuditEvent(event)).await?;
        return Ok(SearchResult::Person(None));
    };
    let uid = record.user.uid;
    directory.write(RecordAuditEvent(event.for_user(&uid))).await?;
    tracing::info!(store = &**store, uid = &*uid, by, "a member of the staff looked a user up");
    let events = directory.read(ListUserAuditEvents { uid, most: MOST_EVENTS }).await?;
    let title_of = |provider: &str| handlers::provider_title(context, provider);
    let shown = |event: &AuditEvent| {
        let what = words.events.get(event.what.word()).cloned().unwrap_or_default();
        let what = match event.provider.as_deref() {
            Some(provider) => fill(&words.find.through, &[("what", &what), ("name", &title_of(provider))]),
            None => what,
        };
        let is_failure = matches!(event.what, AuditEventKind::Refused | AuditEventKind::Failed | AuditEventKind::Unproven);
        let cause = event.because.as_deref().filter(|_| is_failure);
        let provider = event.provider.as_deref().map(title_of).unwrap_or_default();
        let cause = cause.map(|code| words.what_fails(code, &provider).unwrap_or_else(|| printable(code)));
        let title = cause.map_or(what.clone(), |cause| fill(&words.find.because, &[("what", &what), ("because", &cause)]));
        let is_kept = event.at > clock.now.saturating_sub(incidents::KEPT);
        let href = event.incident.as_deref().filter(|_| is_kept).map(|code| address(&["lab", "incidents", code], &[]));
        PersonEvent { when: clock.moment(event.at, &words.time), ago: clock.ago(event.at, &words.time), title, href, is_failure }
    };
    Ok(SearchResult::Person(Some(events.iter().map(shown).collect())))
}
