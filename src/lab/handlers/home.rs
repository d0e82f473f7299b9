//! `/lab`: how logins go, what fails, and how the providers do.

use crate::counts::period::{CountSeries, CountedPeriod, LoginNumbers, PeriodCounts};
use crate::drift::warning::DriftWarning;
use crate::lab::handlers::recent_failures::{FailureSources, kept_stories, lab_time, lab_words};
use crate::lab::handlers::{self, guard};
use crate::lab::pages::frame::{LabProviderEntry, LabProviderGroup, LabTab};
use crate::lab::pages::home::{BrokenFileRow, HomeNumbers, HomePage, HomePeriod, LiveProviderRow, LiveProviderState};
use crate::lab::pages::masked_file::mask_text;
use crate::lab::pages::spark;
use crate::lab::pages::words::home::HomeWords;
use crate::lab::pages::words::texts::LabWords;
use crate::pages::phrases::fill;
use crate::stores::MAIN;
use crate::stores::catalogue::ProviderStatus;
use crate::vocabulary::diagnostic::printable;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// How many logins say something about how a provider does.
const ENOUGH: i64 = 5;

pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    let staff = guard::require_staff(&context)?;
    let chosen = context.query_parameter("t")?.as_deref().and_then(HomePeriod::from_word).unwrap_or_default();
    let (app, store, clock, words) = (context.app(), &context.live_store().store.name, lab_time(&context), lab_words(&context));
    let period = chosen.counted(clock.now);
    // What this broker has counted since its last turn is shown as well, if it can be stored.
    let _ = app.counts.save(&app.directory, clock.now).await;
    let counts = PeriodCounts::read(&app.directory, store, period).await?;
    let before = before(&context, period).await?;
    let stories = kept_stories(&context, (period.since(), clock.now.saturating_add(1))).await?;
    let groups = handlers::provider_groups(&context, &staff);
    let sources = FailureSources { counts: &counts, stories: &stories, groups: &groups, clock, words };
    let mut live = in_state(&groups, ProviderStatus::Offered).map(|entry| live_row(&context, entry, &sources)).collect::<Vec<_>>();
    live.sort_by_key(|row| row.state);
    let complaints = settings_complaints(&context);
    let page = HomePage {
        frame: handlers::lab_frame(&context, LabTab::Overview, format!("/lab?t={}", chosen.word())),
        period: chosen,
        updated: clock.clock(clock.now),
        complaints: &complaints,
        folder: &context.live_store().providers.folder().display().to_string(),
        numbers: numbers(&counts, before.as_ref(), &sources),
        failures: sources.by_provider(Some(period)),
        live,
        broken: in_state(&groups, ProviderStatus::Broken).map(|entry| broken_row(&context, entry)).collect(),
        dormant: in_state(&groups, ProviderStatus::Dormant).cloned().collect(),
        first: in_state(&groups, ProviderStatus::Offered).next().map(|entry| entry.name.as_str()),
    };
    Ok(handlers::page_response(&context, StatusCode::OK, page.render()))
}

/// The settings belong to all stores, so only the staff of the main store see complaints about them.
pub(crate) fn settings_complaints(context: &RequestContext) -> Vec<String> {
    let is_main = *context.live_store().store.name == *MAIN;
    let complaints = if is_main { context.app().complaints(context.now()) } else { Vec::new() };
    complaints.iter().map(|complaint| printable(&mask_text(complaint))).collect()
}

/// The counts of the time before the period, if they are kept that long.
async fn before(context: &RequestContext, period: CountedPeriod) -> Result<Option<LoginNumbers>, UserFacingError> {
    let (since, length) = (period.since(), period.now.saturating_sub(period.since()));
    if length > 24 * 3600 {
        return Ok(None);
    }
    let (app, store) = (context.app(), &context.live_store().store.name);
    let counts = PeriodCounts::read_span(&app.directory, store, (since.saturating_sub(length), since)).await?;
    Ok(Some(counts.of_store()).filter(|numbers| numbers.ended() > 0))
}

fn in_state(groups: &[LabProviderGroup], status: ProviderStatus) -> impl Iterator<Item = &LabProviderEntry> {
    groups.iter().filter(move |group| group.status == status).flat_map(|group| &group.entries)
}

/// A share of a thousand as the language writes it.
fn percent(of_thousand: i64, words: &HomeWords) -> String {
    let (whole, tenth) = (of_thousand / 10, of_thousand % 10);
    let number = if tenth == 0 { whole.to_string() } else { format!("{whole}{}{tenth}", words.decimal) };
    fill(&words.share, &[("number", &number)])
}

fn shares(numbers: &LoginNumbers) -> Vec<Option<i64>> {
    let failed = |at: usize| numbers.failed.0.get(at).copied().unwrap_or_default();
    let parts = numbers.signed_in.0.len().max(numbers.failed.0.len());
    let well = |at: usize| numbers.signed_in.0.get(at).copied().unwrap_or_default();
    (0..parts).map(|at| (well(at) * 1000).checked_div(well(at) + failed(at))).collect()
}

fn numbers(counts: &PeriodCounts, before: Option<&LoginNumbers>, sources: &FailureSources<'_>) -> Option<HomeNumbers> {
    let (all, words) = (counts.of_store(), &sources.words.home);
    if all.ended() == 0 && all.cancelled.total() == 0 && all.began.total() == 0 {
        return None;
    }
    let count = |phrase: &str, count: i64| fill(phrase, &[("count", &count.to_string())]);
    let failed_note = before.map(|before| match all.failed.total() - before.failed.total() {
        0 => words.as_many.clone(),
        more if more > 0 => count(&words.more, more),
        fewer => count(&words.fewer, -fewer),
    });
    let stayed = counts.providers().map(|name| (name, counts.of_provider(name).not_returned())).max_by_key(|(_, stayed)| *stayed);
    let stayed = stayed.filter(|(_, stayed)| *stayed > 0);
    let away = all.began.0.iter().enumerate().map(|(at, began)| (began - all.returned.0.get(at).copied().unwrap_or_default()).max(0));
    Some(HomeNumbers {
        share: all.success_share().map(|share| percent(share, words)),
        of_ended: fill(&words.of_ended, &[("count", &all.signed_in.total().to_string()), ("all", &all.ended().to_string())]),
        share_curve: spark::curve(&shares(&all)),
        failed: all.failed.total().to_string(),
        failed_bars: spark::bars(&all.failed.0),
        failed_note,
        cancelled: all.cancelled.total().to_string(),
        cancelled_bars: spark::bars(&all.cancelled.0),
        not_returned: all.not_returned().to_string(),
        not_returned_bars: spark::bars(&away.collect::<Vec<_>>()),
        not_returned_note: stayed
            .map(|(name, stayed)| fill(&words.stayed_at, &[("count", &stayed.to_string()), ("name", &sources.named(name).0)])),
    })
}

fn live_row(context: &RequestContext, entry: &LabProviderEntry, sources: &FailureSources<'_>) -> LiveProviderRow {
    let (numbers, words) = (sources.counts.of_provider(&entry.name), sources.words);
    let warnings = context.app().drift.warnings(&context.live_store().store.name, &entry.name);
    let (state, mut sentence) = live_state(&numbers, &warnings, sources);
    let (away, began) = (numbers.not_returned(), numbers.began.total());
    if away > 0 {
        let stays = fill(&words.home.stays_away, &[("count", &away.to_string()), ("all", &began.to_string())]);
        sentence = format!("{sentence} · {stays}");
    }
    if entry.not_offered.is_some() {
        sentence = format!("{sentence} · {}", words.home.hidden);
    }
    LiveProviderRow {
        icon: entry.icon.clone(),
        title: entry.title.clone(),
        href: entry.href.clone().unwrap_or_default(),
        state,
        sentence,
        curve: spark::curve(&shares(&numbers)),
        share: numbers.success_share().map(|share| percent(share, &words.home)),
        p95: numbers.p95().map(|p95| seconds(p95.as_millis(), words)),
    }
}

fn live_state(numbers: &LoginNumbers, warnings: &[DriftWarning], sources: &FailureSources<'_>) -> (LiveProviderState, String) {
    let words = &sources.words.home;
    if let Some(since) = warnings.iter().map(|warning| warning.since).min() {
        let moment = sources.clock.moment(since, &sources.words.time).text;
        return (LiveProviderState::Changed, fill(&words.changed, &[("when", &moment)]));
    }
    if numbers.ended() == 0 && numbers.began.total() == 0 {
        return (LiveProviderState::Unused, words.unused.clone());
    }
    let lately = |series: &CountSeries| series.0.iter().rev().take(2).sum::<i64>();
    let (failed, well) = (lately(&numbers.failed), lately(&numbers.signed_in));
    let stays_away = numbers.began.total() >= ENOUGH && numbers.not_returned() * 2 >= numbers.began.total();
    if failed + well >= ENOUGH && failed * 5 >= failed + well || stays_away {
        return (LiveProviderState::Failing, words.failing.clone());
    }
    (LiveProviderState::Stable, words.stable.clone())
}

fn seconds(millis: u128, words: &LabWords) -> String {
    let number = format!("{}{}{}", millis / 1000, words.home.decimal, millis % 1000 / 100);
    if millis < 100 {
        fill(&words.test.milliseconds, &[("count", &millis.to_string())])
    } else {
        fill(&words.test.seconds, &[("count", &number)])
    }
}

fn broken_row(context: &RequestContext, entry: &LabProviderEntry) -> BrokenFileRow {
    let file_report = handlers::provider_file_report(context, &entry.name);
    let complaints = file_report.iter().flat_map(|file_report| &file_report.report.complaints);
    let first = complaints.min_by_key(|complaint| complaint.place.map_or(u32::MAX, |place| place.line));
    BrokenFileRow {
        icon: entry.icon.clone(),
        title: entry.title.clone(),
        href: entry.href.clone().unwrap_or_default(),
        line: first.and_then(|complaint| complaint.place).map(|place| place.line),
        complaint: first.map(|complaint| printable(&mask_text(&complaint.message))).unwrap_or_default(),
        uses_older_version: entry.uses_older_version,
    }
}
