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
use crate::workbench::catalogue::summary::{CatalogueSummary, catalogue_summaries, search};
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
    let parameters = [("q", &chosen.typed), ("kind", &chosen.kind), ("country", &chosen.country)];
    let parameters = parameters.map(|(name, value)| (name, Some(value.as_str()).filter(|value| !value.is_empty())));
    let page = CataloguePage {
        frame: handlers::lab_frame(&context, LabTab::Providers, address(&["lab", "catalogue"], &parameters)),
        typed: &printable(&chosen.typed),
        kinds: gallery.kinds(&chosen.kind),
        countries: gallery.countries(&chosen.country),
        is_narrowed: chosen.is_narrowed(),
        groups: if chosen.is_narrowed() { gallery.found(&chosen) } else { gallery.all(home_country(&context)) },
    };
    Ok(handlers::page_response(&context, StatusCode::OK, page.render()))
}

/// The country whose providers come first.
fn home_country(context: &RequestContext) -> Option<&'static str> {
    let language = LabLanguage::for_code(&context.language().code).code;
    HOME_COUNTRIES.iter().find(|(code, _)| *code == language).map(|(_, country)| *country)
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

/// What was searched for; texts that choose nothing are empty.
struct Chosen {
    typed: String,
    kind: String,
    country: String,
}

impl Chosen {
    fn read(context: &RequestContext) -> Result<Self, UserFacingError> {
        let read = |name| Ok::<String, UserFacingError>(context.query_parameter(name)?.unwrap_or_default().trim().to_owned());
        let (kind, country) = (read("kind")?, read("country")?);
        let is_country = catalogue_summaries().iter().any(|summary| is_for(summary, &country));
        Ok(Self {
            typed: read("q")?.chars().take(LONGEST).collect(),
            kind: if ProviderKind::named(&kind).is_some() { kind } else { String::new() },
            country: if is_country { country } else { String::new() },
        })
    }

    fn is_narrowed(&self) -> bool {
        [&self.typed, &self.kind, &self.country].iter().any(|text| !text.is_empty())
    }

    fn fits(&self, summary: &CatalogueSummary) -> bool {
        (self.kind.is_empty() || summary.kind.word() == self.kind) && (self.country.is_empty() || is_for(summary, &self.country))
    }
}

/// Whether a provider is for the people of a country in particular.
fn is_for(summary: &CatalogueSummary, country: &str) -> bool {
    summary.countries.iter().any(|own| own.code() == country)
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
            grade: fill(self.grade, &[("grade", summary.grade.word()), ("day", &summary.confirmed.to_string())]),
            status: self.statuses.get(summary.name).copied(),
            found_by: format!("{} {} {}", summary.title, summary.name, summary.found_by()),
        }
    }

    /// What a search has found: the best first if words were typed.
    fn found(&self, chosen: &Chosen) -> Vec<CatalogueGroup> {
        let rows: Vec<CatalogueRow> =
            search(&chosen.typed).into_iter().filter(|summary| chosen.fits(summary)).map(|summary| self.row(summary, true)).collect();
        if rows.is_empty() { Vec::new() } else { vec![CatalogueGroup { title: None, rows }] }
    }

    /// All files by kind, those of a country before them.
    fn all(&self, country: Option<&str>) -> Vec<CatalogueGroup> {
        let is_first = |summary: &&&CatalogueSummary| country.is_some_and(|country| is_for(summary, country));
        let summaries: Vec<&CatalogueSummary> = catalogue_summaries().iter().collect();
        let first: Vec<&CatalogueSummary> = summaries.iter().filter(is_first).copied().collect();
        let own = first.first().and_then(|summary| summary.countries.iter().find(|own| Some(own.code()) == country));
        let own = own.map(|own| CatalogueGroup {
            title: Some(self.phrases.country(*own)),
            rows: first.iter().map(|summary| self.row(summary, true)).collect(),
        });
        let of_kind = |word: &&str| {
            let kind = ProviderKind::named(word)?;
            let rest = summaries.iter().filter(|summary| summary.kind == kind && !is_first(summary));
            let rows: Vec<CatalogueRow> = rest.map(|summary| self.row(summary, false)).collect();
            (!rows.is_empty()).then(|| CatalogueGroup { title: Some(self.phrases.kind(kind).to_owned()), rows })
        };
        own.into_iter().chain(ProviderKind::WORDS.iter().filter_map(of_kind)).collect()
    }

    fn kinds(&self, chosen: &str) -> Vec<CatalogueChoice> {
        let kinds = ProviderKind::WORDS.iter().filter_map(|word| Some((*word, self.phrases.kind(ProviderKind::named(word)?).to_owned())));
        sorted_choices(kinds, chosen)
    }

    fn countries(&self, chosen: &str) -> Vec<CatalogueChoice> {
        let mut countries: Vec<Country> = catalogue_summaries().iter().flat_map(|summary| summary.countries.iter().copied()).collect();
        countries.sort_unstable();
        countries.dedup();
        sorted_choices(countries.iter().map(|country| (country.code(), self.phrases.country(*country))), chosen)
    }
}

fn sorted_choices<'a>(values: impl Iterator<Item = (&'a str, String)>, chosen: &str) -> Vec<CatalogueChoice> {
    let choice = |(value, name): (&str, String)| CatalogueChoice { value: value.to_owned(), name, is_chosen: value == chosen };
    let mut choices: Vec<CatalogueChoice> = values.map(choice).collect();
    choices.sort_by_key(|choice| choice.name.to_lowercase());
    choices
}
