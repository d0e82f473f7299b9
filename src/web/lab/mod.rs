//! `/lab…`: the workbench of support staff over HTTP, one file a page.

pub mod answer;
pub mod guard;
pub mod incidents;
pub mod list;
pub mod provider;
pub mod stories;
pub mod test_login;
pub mod tests;

use crate::diagnostic::{Report, Severity};
use crate::pages::frame::address;
use crate::pages::lab::frame::{Apart, Entry, Group, LabFrame, Last};
use crate::pages::lab::words::LabLanguage;
use crate::place::Source;
use crate::provider::Provider;
use crate::roster::Standing;
use crate::web::asked::Asked;
use crate::web::lab::guard::Staff;
use crate::web::{cookies, headers};
use crate::world::secrets;
use crate::yaml::{self, Kind};
use crate::{catalogue, roster};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, VARY};
use actix_web::{HttpResponse, HttpResponseBuilder};
use std::path::Path;
use std::sync::Arc;

/// The states in the order in which they are listed: what needs somebody's hand comes first.
const STATES: [&str; 5] = ["broken", "offered", "dormant", "off", "overlooked"];

/// Whether a path is one of the lab's.
pub fn is_below(path: &str) -> bool {
    path == "/lab" || path.starts_with("/lab/")
}

/// What stands around a page of the lab.
pub fn frame(asked: &Asked, here: String) -> LabFrame<'_> {
    let front = asked.front();
    let offered = front.languages.offered(&front.store.languages);
    LabFrame {
        store: &front.look.title,
        language: LabLanguage::of(&asked.language().code),
        offered: LabLanguage::among(offered.iter().map(|language| language.code.as_str())),
        version: &front.version,
        here,
        groups: Vec::new(),
        report: None,
    }
}

/// A page of the lab as an answer.
pub fn page(asked: &Asked, status: StatusCode, body: String) -> HttpResponse {
    let mut response = around(asked, status);
    response.content_type("text/html; charset=utf-8").body(body)
}

/// A text of the lab, ready to be copied.
pub fn text(asked: &Asked, body: String) -> HttpResponse {
    around(asked, StatusCode::OK).content_type("text/plain; charset=utf-8").body(body)
}

fn around(asked: &Asked, status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, "no-store")).insert_header((VARY, "Cookie, Accept-Language"));
    response.insert_header((CONTENT_SECURITY_POLICY, headers::policy_of_the_lab(asked.front().store.loopback)));
    if asked.wished_language().is_some() {
        cookies::send(&mut response, [cookies::set_language(&asked.language().code, &asked.front().store)]);
    }
    response
}

/// What there is to know about the file of a provider.
pub fn standing(asked: &Asked, name: &str) -> Option<Arc<Standing>> {
    let listing = asked.front().roster.now();
    listing.standings().values().find(|standing| standing.report.source.stem() == name).cloned()
}

/// The provider as its file says today, unless that is broken.
pub fn compiled(asked: &Asked, standing: &Standing) -> Option<Provider> {
    crate::provider::compile(&standing.report.source, asked.front().roster.ground()).0
}

/// What a file calls its provider, even where the rest of it is broken.
pub fn named_in(source: &Source) -> Option<String> {
    let (root, _) = yaml::parse(source).ok()?;
    let Kind::Scalar { text, .. } = &root.get("name")?.kind else { return None };
    let name: String = text.trim().chars().take(100).collect();
    (!name.is_empty()).then_some(name)
}

/// The version of a file today.
pub fn version(standing: &Standing) -> Box<str> {
    roster::version(&standing.report.source.text)
}

/// Values that are shown nowhere, wherever they stand.
pub fn secrets_of(provider: Option<&Provider>) -> Vec<String> {
    let needed = provider.into_iter().flat_map(|provider| &provider.needed);
    needed.filter(|needed| needed.secret).filter_map(|needed| secrets::value(&needed.reference)).collect()
}

/// What the last test of this person came to, where it is remembered.
pub fn last_test(asked: &Asked, staff: &Staff, provider: &str) -> Option<Last> {
    let last = asked.app().tests.last(&asked.front().store.name, provider, staff.uid.as_deref())?;
    let href = address(&["lab", provider, "tests", last.code.as_str()], &[]);
    Some(Last { href, passed: last.failed.is_none(), step: last.step })
}

/// Providers of one title have the names of their files behind it.
fn tell_apart(groups: &mut [Group]) {
    let titles: Vec<String> = groups.iter().flat_map(|group| &group.entries).map(|entry| entry.title.clone()).collect();
    for entry in groups.iter_mut().flat_map(|group| &mut group.entries) {
        if titles.iter().filter(|title| **title == entry.title).count() > 1 {
            entry.title = format!("{} ({})", entry.title, entry.name);
        }
    }
}

/// All providers of the store by their states; the one of this name is the current.
pub fn groups(asked: &Asked, staff: &Staff, current: Option<&str>) -> Vec<Group> {
    let front = asked.front();
    let listing = front.roster.now();
    let mut groups: Vec<Group> = STATES.iter().map(|state| Group { state, entries: Vec::new() }).collect();
    let mut put = |state: &str, entry: Entry| {
        if let Some(group) = groups.iter_mut().find(|group| group.state == state) {
            group.entries.push(entry);
        }
    };
    for standing in listing.standings().values() {
        let name = standing.report.source.stem();
        let offer = listing.offer(name);
        let known = standing.title.as_deref().or_else(|| offer.map(|offer| &*offer.provider.title)).map(str::to_owned);
        let title = known.or_else(|| named_in(&standing.report.source)).unwrap_or_else(|| name.to_owned());
        let apart = match standing.state {
            _ if !front.offers(name) => Some(Apart::Playground),
            "off" => Some(Apart::Off),
            "offered" if offer.is_some_and(|offer| offer.provider.hidden) => Some(Apart::NoButton),
            _ => None,
        };
        let (mistakes, warnings) = count(&standing.report);
        let entry = Entry {
            name: name.to_owned(),
            title: crate::diagnostic::printable(&title),
            href: Some(address(&["lab", name], &[])),
            current: current == Some(name),
            missing: standing.missing.clone(),
            mistakes,
            warnings,
            drifts: !asked.app().drift.warnings(&front.store.name, name).is_empty(),
            stale: standing.stale,
            apart,
            last: last_test(asked, staff, name),
            said: None,
        };
        put(if apart == Some(Apart::Playground) { "off" } else { standing.state }, entry);
    }
    let folder = front.roster.folder();
    for report in catalogue::overlooked(folder, &crate::world::files::yaml_files(folder).unwrap_or_default()) {
        let said = report.complaints.first().map(|complaint| format!("{}; {}", complaint.message, complaint.help));
        let name = Path::new(&*report.source.name).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        put("overlooked", Entry { title: crate::diagnostic::printable(&name), name, said, ..Entry::default() });
    }
    tell_apart(&mut groups);
    for group in &mut groups {
        group.entries.sort_by_key(|entry| (entry.title.to_lowercase(), entry.name.clone()));
    }
    groups.retain(|group| !group.entries.is_empty());
    groups
}

fn count(report: &Report) -> (usize, usize) {
    let mistakes = report.complaints.iter().filter(|complaint| complaint.severity == Severity::Error).count();
    (mistakes, report.complaints.len() - mistakes)
}
