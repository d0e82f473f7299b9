//! `/lab…`: the lab of support staff over HTTP, one file for each page.

pub(crate) mod app_trial;
pub(crate) mod apps;
pub(crate) mod assets;
pub(crate) mod catalogue;
pub(crate) mod catalogue_entry;
pub(crate) mod edited_masks;
pub(crate) mod editor;
pub(crate) mod editor_check;
pub(crate) mod editor_try;
pub(crate) mod evidence;
pub(crate) mod find;
pub(crate) mod next_version;
pub(crate) mod home;
pub(crate) mod kept_text;
pub(crate) mod recent_failures;
pub(crate) mod pasted_answer;
pub mod guard;
pub(crate) mod incidents;
pub(crate) mod provider_list;
pub(crate) mod provider;
pub(crate) mod story_files;
pub mod test_story;
pub(crate) mod test_login;
pub mod test_login_ledger;
pub(crate) mod tried_text;

use crate::lab::handlers::guard::StaffMember;
use crate::lab::handlers::test_login_ledger::TestLoginLedger;
use crate::lab::pages::frame::{LabFrame, LabProviderEntry, LabProviderGroup, LabTab, LastTestSummary, NotOfferedReason};
use crate::lab::pages::words::LabLanguage;
use crate::pages::ProviderIcon;
use crate::pages::frame::address;
use crate::provider::Provider;
use crate::stores::catalogue::{ProviderFileReport, ProviderStatus, version_from_text};
use crate::stores::live::LiveProvider;
use crate::vocabulary::diagnostic::{Report, Severity, printable};
use crate::vocabulary::place::Source;
use crate::vocabulary::text::Text;
use crate::vocabulary::yaml::{self, YamlKind};
use crate::web::request_context::RequestContext;
use crate::web::route_table::{RouteRow, page};
use crate::web::{forms, headers, login_page};
use crate::world::secrets;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentDisposition, DispositionParam, DispositionType, VARY};
use actix_web::web::Data;
use actix_web::{HttpResponse, HttpResponseBuilder};
use std::path::Path;
use std::sync::Arc;

/// The state of the lab beside the broker's.
#[derive(Debug, Default)]
pub struct LabState {
    /// Test logins of the staff.
    pub tests: TestLoginLedger,
}

/// Every route of the lab. At a store without a lab, all methods are answered as if the routes did not exist.
pub(crate) fn routes() -> Vec<RouteRow> {
    let lab = |path| page(path).hidden_if(guard::is_closed);
    vec![
        page("/lab.css").get_and_head(assets::style),
        page("/lab.js").get_and_head(assets::script),
        lab("/lab").get_and_head(home::show),
        lab("/lab/providers").get_and_head(provider_list::show),
        lab("/lab/find").get_and_head(find::show).post(find::search),
        lab("/lab/apps").get_and_head(apps::show).post(apps::check),
        lab("/lab/apps/{app}/test").get_and_head(app_trial::redirect_to_apps).post(app_trial::start),
        lab("/lab/catalogue").get_and_head(catalogue::show),
        lab("/lab/catalogue/{provider}").get_and_head(catalogue_entry::show),
        lab("/lab/catalogue/{provider}/{file}").get_and_head(catalogue_entry::show_file),
        lab("/lab/editor").get_and_head(editor::start),
        lab("/lab/editor/check")
            .get_and_head(editor_check::redirect_to_editor)
            .post(editor_check::check)
            .largest_body(editor_check::LARGEST_FORM),
        lab("/lab/editor/{provider}").get_and_head(editor::show).post(editor::submit).largest_body(editor_check::LARGEST_FORM),
        lab("/lab/incidents").get_and_head(find::by_code),
        lab("/lab/incidents/{code}").get_and_head(incidents::show),
        lab("/lab/incidents/{code}/{file}").get_and_head(incidents::show_file),
        lab("/lab/{provider}").get_and_head(provider::show),
        lab("/lab/{provider}/answer").get_and_head(pasted_answer::show).post(pasted_answer::read).largest_body(pasted_answer::LARGEST_FORM),
        lab("/lab/{provider}/tests").get_and_head(provider::redirect_to_provider).post(test_login::start_test),
        lab("/lab/{provider}/tests/{code}").get_and_head(test_story::show),
        lab("/lab/{provider}/tests/{code}/{file}").get_and_head(test_story::download),
    ]
}

/// The state of the lab, which is mounted together with its routes.
pub(crate) fn lab_state(context: &RequestContext) -> &LabState {
    context.request().app_data::<Data<LabState>>().expect("the state is mounted with the routes")
}

/// The frame of a page of the lab.
pub(crate) fn lab_frame(context: &RequestContext, tab: LabTab, address: String) -> LabFrame<'_> {
    let live_store = context.live_store();
    let offered = live_store.languages.offered_languages(&live_store.store.languages);
    LabFrame {
        store: &live_store.look.title,
        language: LabLanguage::for_code(&context.language().code),
        languages: LabLanguage::supported_among(offered.iter().map(|language| language.code.as_str())),
        asset_version: &live_store.version,
        address,
        tab,
        csrf_token: forms::csrf_token(context, &guard::form_binding(context)),
        is_local: guard::is_local_installation(context),
        groups: Vec::new(),
        report_href: None,
    }
}

/// A page of the lab as an answer.
pub(crate) fn page_response(context: &RequestContext, status: StatusCode, body: String) -> HttpResponse {
    let mut response = response_builder(context, status);
    response.content_type("text/html; charset=utf-8").body(body)
}

/// A text of the lab, ready to be copied.
pub(crate) fn text_response(context: &RequestContext, body: String) -> HttpResponse {
    response_builder(context, StatusCode::OK).content_type("text/plain; charset=utf-8").body(body)
}

/// A provider's file, ready to be saved under this name.
pub(crate) fn file_response(context: &RequestContext, name: &str, body: String) -> HttpResponse {
    let name = DispositionParam::Filename(name.to_owned());
    let disposition = ContentDisposition { disposition: DispositionType::Attachment, parameters: vec![name] };
    let mut response = response_builder(context, StatusCode::OK);
    response.insert_header(disposition).content_type("text/plain; charset=utf-8").body(body)
}

pub(crate) fn response_builder(context: &RequestContext, status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, "no-store")).insert_header((VARY, "Cookie, Accept-Language"));
    response.insert_header((CONTENT_SECURITY_POLICY, headers::lab_policy(context.live_store().store.loopback)));
    context.keep_language(&mut response);
    response
}

/// What the lab knows about the file of a provider.
pub(crate) fn provider_file_report(context: &RequestContext, name: &str) -> Option<Arc<ProviderFileReport>> {
    let listing = context.live_store().providers.snapshot();
    listing.file_reports().values().find(|file_report| file_report.report.source.stem() == name).cloned()
}

/// The provider as its file describes it now, unless the file is broken.
pub(crate) fn compile_current(context: &RequestContext, file_report: &ProviderFileReport) -> Option<Provider> {
    context.live_store().providers.compile(&file_report.report.source)
}

/// The title of the provider in a file, even if the rest of the file is broken.
pub(crate) fn name_in_file(source: &Source) -> Option<String> {
    let (root, _) = yaml::parse(source).ok()?;
    let YamlKind::Scalar { text, .. } = &root.get("name")?.kind else { return None };
    let name: String = text.trim().chars().take(100).collect();
    (!name.is_empty()).then_some(name)
}

/// The title of a provider, or its name if its file is gone.
pub(crate) fn provider_title(context: &RequestContext, name: &str) -> String {
    let title = provider_file_report(context, name).and_then(|file_report| file_report.title.as_deref().map(str::to_owned));
    printable(&title.unwrap_or_else(|| name.to_owned()))
}

/// The version of a file today.
pub(crate) fn file_version(file_report: &ProviderFileReport) -> Box<str> {
    version_from_text(&file_report.report.source.text)
}

/// Values that the lab shows nowhere.
pub(crate) fn secret_values(provider: Option<&Provider>) -> Vec<Text> {
    provider.map(secrets::secret_values).unwrap_or_default()
}

/// How the last test login of this person ended, if it is remembered.
pub(crate) fn last_test(context: &RequestContext, staff: &StaffMember, provider: &str) -> Option<LastTestSummary> {
    let last = lab_state(context).tests.last_result(&context.live_store().store.name, provider, staff.uid.as_deref())?;
    let href = address(&["lab", provider, "tests", last.code.as_str()], &[]);
    Some(LastTestSummary { href, passed: last.failed.is_none(), step: last.step })
}

/// Appends the names of the files to titles that several providers share.
fn disambiguate_titles(groups: &mut [LabProviderGroup]) {
    let titles: Vec<String> = groups.iter().flat_map(|group| &group.entries).map(|entry| entry.title.clone()).collect();
    for entry in groups.iter_mut().flat_map(|group| &mut group.entries) {
        if titles.iter().filter(|title| **title == entry.title).count() > 1 {
            entry.title = format!("{} ({})", entry.title, entry.name);
        }
    }
}

/// All providers of the store by their states.
pub(crate) fn provider_groups(context: &RequestContext, staff: &StaffMember) -> Vec<LabProviderGroup> {
    let live_store = context.live_store();
    let listing = live_store.providers.snapshot();
    let mut groups: Vec<LabProviderGroup> =
        ProviderStatus::ALL.into_iter().map(|status| LabProviderGroup { status, entries: Vec::new() }).collect();
    let mut put = |status: ProviderStatus, entry: LabProviderEntry| {
        if let Some(group) = groups.iter_mut().find(|group| group.status == status) {
            group.entries.push(entry);
        }
    };
    for file_report in listing.file_reports().values() {
        let entry = provider_entry(context, staff, file_report, listing.provider(file_report.report.source.stem()));
        let is_playground = entry.not_offered == Some(NotOfferedReason::Playground);
        put(if is_playground { ProviderStatus::Off } else { file_report.status }, entry);
    }
    for report in &live_store.providers.snapshot().unread {
        let unread_reason = report.complaints.first().map(|complaint| format!("{}; {}", complaint.message, complaint.help));
        let name = Path::new(&*report.source.name).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        put(
            ProviderStatus::Overlooked,
            LabProviderEntry {
                icon: ProviderIcon::new(&name, &name, None),
                title: printable(&name),
                name,
                unread_reason,
                ..LabProviderEntry::default()
            },
        );
    }
    disambiguate_titles(&mut groups);
    for group in &mut groups {
        group.entries.sort_by_key(|entry| (entry.title.to_lowercase(), entry.name.clone()));
    }
    groups.retain(|group| !group.entries.is_empty());
    groups
}

/// The entry of a provider whose file is read.
fn provider_entry(
    context: &RequestContext,
    staff: &StaffMember,
    file_report: &ProviderFileReport,
    live_provider: Option<&Arc<LiveProvider>>,
) -> LabProviderEntry {
    let (live_store, name) = (context.live_store(), file_report.report.source.stem());
    let known =
        file_report.title.as_deref().or_else(|| live_provider.map(|live_provider| &*live_provider.provider.title)).map(str::to_owned);
    let title = known.or_else(|| name_in_file(&file_report.report.source)).unwrap_or_else(|| name.to_owned());
    let not_offered = match file_report.status {
        _ if !live_store.shows_provider(name) => Some(NotOfferedReason::Playground),
        ProviderStatus::Off => Some(NotOfferedReason::Off),
        ProviderStatus::Offered if live_provider.is_some_and(|live_provider| live_provider.provider.hidden) => {
            Some(NotOfferedReason::NoButton)
        }
        ProviderStatus::Offered | ProviderStatus::Dormant | ProviderStatus::Broken | ProviderStatus::Overlooked => None,
    };
    let (mistakes, warnings) = count_complaints(&file_report.report);
    LabProviderEntry {
        name: name.to_owned(),
        icon: live_provider.map_or_else(|| ProviderIcon::new(name, &title, None), |live_provider| login_page::provider_icon(live_provider)),
        title: printable(&title),
        href: Some(address(&["lab", name], &[])),
        missing: file_report.missing.clone(),
        mistakes,
        warnings,
        has_drift: !context.app().drift.warnings(&live_store.store.name, name).is_empty(),
        next_version: next_version::note(context, name),
        uses_older_version: file_report.stale,
        not_offered,
        last_test: last_test(context, staff, name),
        unread_reason: None,
    }
}

fn count_complaints(report: &Report) -> (usize, usize) {
    let mistakes = report.complaints.iter().filter(|complaint| complaint.severity == Severity::Error).count();
    (mistakes, report.complaints.len() - mistakes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::file_name::LAB_PAGES;

    #[test]
    fn no_new_file_gets_the_name_of_a_page() {
        let rows = routes();
        let below = rows.iter().filter_map(|row| row.path.strip_prefix("/lab/"));
        let names = below.filter_map(|path| path.trim_start_matches("editor/").split('/').next()).filter(|name| !name.starts_with('{'));
        let missing: Vec<&str> = names.filter(|name| !LAB_PAGES.contains(name)).collect();

        assert!(missing.is_empty(), "{missing:?}");
    }
}
