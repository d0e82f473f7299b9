//! `/lab/catalogue`: the provider files that the program holds, found by words, a kind and a country.

use crate::lab::handlers::recent_failures::lab_words;
use crate::lab::handlers::{self, guard};
use crate::lab::pages::catalogue::{CatalogueChoice, CatalogueGroup, CataloguePage, CatalogueRow};
use crate::lab::pages::frame::LabTab;
use crate::lab::pages::words::LabLanguage;
use crate::pages::ProviderIcon;
use crate::pages::frame::address;
use crate::pages::phrases::fill;
use crate::provider::listing::{Country, ProviderKind};
use crate::stores::catalogue::ProviderStatus;
use crate::vocabulary::diagnostic::printable;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::workbench::catalogue::gallery_phrases::{GalleryPhrases, gallery_language};
use crate::workbench::catalogue::page_block::spans;
use crate::workbench::catalogue::summary::{CatalogueFilter, CatalogueSummary, catalogue_summaries, search};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use std::collections::BTreeMap;

/// The longest text that is searched for, in characters.
const LONGEST: usize = 100;
/// The languages whose pages begin with the providers of a country.
const HOME_COUNTRIES: [(&str, &str); 1] = [("pt-BR", "BR")];

pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    let staff = guard::require_staff(&context)?;
    let chosen = Chosen::read(&context)?;
    let groups = handlers::provider_groups(&context, &staff);
    let entries = groups.iter().flat_map(|group| group.entries.iter().map(|entry| (entry.name.as_str(), group.status)));
    let gallery = Gallery {
        phrases: &gallery_language(LabLanguage::for_code(&context.language().code).code).phrases,
        grade: &lab_words(&context).catalogue.grade,
        statuses: entries.collect(),
        version: &context.live_store().version,
    };
    let CatalogueFilter { kind, country } = &chosen.filter;
    let typed = Some(chosen.typed.as_str()).filter(|typed| !typed.is_empty());
    let parameters = [("q", typed), ("kind", kind.map(ProviderKind::word)), ("country", country.as_ref().map(Country::code))];
    let page = CataloguePage {
        frame: handlers::lab_frame(&context, LabTab::Providers, address(&["lab", "catalogue"], &parameters)),
        typed: &printable(&chosen.typed),
        kinds: gallery.kinds(*kind),
        countries: gallery.countries(*country),
        is_narrowed: chosen.is_narrowed(),
        groups: if chosen.is_narrowed() { gallery.found(&chosen) } else { gallery.all(home_country(&context)) },
    };
    Ok(handlers::page_response(&context, StatusCode::OK, page.render()))
}

/// The country whose providers come first.
fn home_country(context: &RequestContext) -> Option<Country> {
    let language = LabLanguage::for_code(&context.language().code).code;
    HOME_COUNTRIES.iter().find(|(code, _)| *code == language).and_then(|(_, country)| Country::parse(country))
}

/// The address of a provider's mark.
pub(crate) fn mark_icon(summary: &CatalogueSummary, version: &str) -> ProviderIcon {
    match summary.mark {
        Some(_) => {
            ProviderIcon::Logo { address: address(&["lab", "catalogue", summary.name, MARK], &[("v", Some(version))]), plate: false }
        }
        None => ProviderIcon::new(summary.name, &summary.title, None),
    }
}

/// The file of a provider's mark.
pub(crate) const MARK: &str = "mark.svg";

/// What was searched for.
struct Chosen {
    typed: String,
    filter: CatalogueFilter,
}

impl Chosen {
    /// A kind or a country that the catalogue does not have narrows nothing.
    fn read(context: &RequestContext) -> Result<Self, UserFacingError> {
        let read = |name| Ok::<String, UserFacingError>(context.query_parameter(name)?.unwrap_or_default().trim().to_owned());
        let country = Country::parse(&read("country")?);
        let is_known = |country: &Country| catalogue_summaries().iter().any(|summary| summary.countries.contains(country));
        Ok(Self {
            typed: read("q")?.chars().take(LONGEST).collect(),
            filter: CatalogueFilter { kind: ProviderKind::named(&read("kind")?), country: country.filter(is_known) },
        })
    }

    fn is_narrowed(&self) -> bool {
        !self.typed.is_empty() || self.filter != CatalogueFilter::default()
    }
}

/// What the rows are made with.
struct Gallery<'a> {
    phrases: &'static GalleryPhrases,
    /// The phrase of grade and day.
    grade: &'a str,
    /// The states of the store's files by their names.
    statuses: BTreeMap<&'a str, ProviderStatus>,
    /// The version of what pages load.
    version: &'a str,
}

impl Gallery<'_> {
    fn row(&self, summary: &CatalogueSummary, says_kind: bool) -> CatalogueRow {
        let countries = (!summary.countries.is_empty()).then(|| self.phrases.countries(&summary.countries));
        let kind = says_kind.then(|| self.phrases.kind(summary.kind).to_owned());
        let parts: Vec<String> = kind.into_iter().chain(countries).collect();
        CatalogueRow {
            title: printable(&summary.title),
            href: address(&["lab", "catalogue", summary.name], &[]),
            icon: mark_icon(summary, self.version),
            note: if parts.is_empty() { String::new() } else { format!("{} · ", parts.join(" · ")) },
            superseded: summary.superseded_by.as_ref().map(|name| spans(&self.phrases.superseded_by(name))),
            grade: fill(self.grade, &[("grade", summary.grade.word()), ("day", &summary.confirmed.to_string())]),
            status: self.statuses.get(summary.name).copied(),
            found_by: format!("{} {} {}", summary.title, summary.name, summary.found_by()),
        }
    }

    /// What a search has found: the best first if words were typed.
    fn found(&self, chosen: &Chosen) -> Vec<CatalogueGroup> {
        let rows: Vec<CatalogueRow> = search(&chosen.typed)
            .into_iter()
            .filter(|summary| chosen.filter.fits(summary))
            .map(|summary| self.row(summary, true))
            .collect();
        if rows.is_empty() { Vec::new() } else { vec![CatalogueGroup { title: None, rows }] }
    }

    /// All files by kind, those of a country before them.
    fn all(&self, country: Option<Country>) -> Vec<CatalogueGroup> {
        let is_first = |summary: &&CatalogueSummary| country.is_some_and(|country| summary.countries.contains(&country));
        let (first, rest): (Vec<&CatalogueSummary>, Vec<_>) = catalogue_summaries().iter().partition(is_first);
        let own = country.filter(|_| !first.is_empty()).map(|country| CatalogueGroup {
            title: Some(self.phrases.country(country)),
            rows: first.iter().map(|summary| self.row(summary, true)).collect(),
        });
        let of_kind = |kind: &ProviderKind| {
            let rows: Vec<CatalogueRow> =
                rest.iter().filter(|summary| summary.kind == *kind).map(|summary| self.row(summary, false)).collect();
            (!rows.is_empty()).then(|| CatalogueGroup { title: Some(self.phrases.kind(*kind).to_owned()), rows })
        };
        own.into_iter().chain(ProviderKind::ALL.iter().filter_map(of_kind)).collect()
    }

    fn kinds(&self, chosen: Option<ProviderKind>) -> Vec<CatalogueChoice> {
        let kinds = ProviderKind::ALL.iter().map(|kind| (kind.word(), self.phrases.kind(*kind).to_owned()));
        sorted_choices(kinds, chosen.map(ProviderKind::word))
    }

    fn countries(&self, chosen: Option<Country>) -> Vec<CatalogueChoice> {
        let mut countries: Vec<Country> = catalogue_summaries().iter().flat_map(|summary| summary.countries.iter().copied()).collect();
        countries.sort_unstable();
        countries.dedup();
        sorted_choices(countries.iter().map(|country| (country.code(), self.phrases.country(*country))), chosen.as_ref().map(Country::code))
    }
}

fn sorted_choices<'a>(values: impl Iterator<Item = (&'a str, String)>, chosen: Option<&str>) -> Vec<CatalogueChoice> {
    let choice = |(value, name): (&str, String)| CatalogueChoice { value: value.to_owned(), name, is_chosen: Some(value) == chosen };
    let mut choices: Vec<CatalogueChoice> = values.map(choice).collect();
    choices.sort_by_key(|choice| choice.name.to_lowercase());
    choices
}
