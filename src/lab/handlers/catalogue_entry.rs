//! `/lab/catalogue/{provider}`: what is registered, put into the folder, set and tried for a provider of the catalogue. Of the values of this
//! installation it shows whether they are set, and nothing else.

use crate::lab::handlers::catalogue::{MARK, mark_icon};
use crate::lab::handlers::editor_check::EditedFile;
use crate::lab::handlers::evidence::worked_sentence;
use crate::lab::handlers::provider::LabProvider;
use crate::lab::handlers::{self, editor_check, guard};
use crate::lab::pages::catalogue_entry::{CatalogueEntryPage, CatalogueFileHere, CatalogueSection, CatalogueValue};
use crate::lab::pages::file_standing::FileStanding;
use crate::lab::pages::frame::LabTab;
use crate::lab::pages::words::LabLanguage;
use crate::pages::ErrorCause;
use crate::pages::frame::address;
use crate::provider::Provider;
use crate::provider::logo::ProviderLogo;
use crate::stores::catalogue::ProviderStatus;
use crate::stores::live::LiveProvider;
use crate::stores::picture::Picture;
use crate::vocabulary::diagnostic::{Severity, printable};
use crate::web::assets::{cache_lifetime, picture_body, picture_response};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::web::{forms, login_page};
use crate::workbench::catalogue::gallery_page::GalleryPage;
use crate::workbench::catalogue::gallery_phrases::gallery_language;
use crate::workbench::catalogue::page_block::spans;
use crate::workbench::catalogue::sheet::{CatalogueSheet, needed_values};
use crate::workbench::catalogue::summary::catalogue_summary;
use crate::world::secrets;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use std::path::Path;
use std::sync::Arc;

/// The file that holds the redirect address alone.
const REDIRECT_ADDRESS: &str = "redirect-uri.txt";

/// A file of the catalogue, and the store's file of the same name.
struct Requested {
    sheet: CatalogueSheet,
    file: EditedFile,
    /// The provider of this name that is live. While the store's file is broken, it is that of an older version.
    live: Option<Arc<LiveProvider>>,
}

impl Requested {
    fn find(context: &RequestContext) -> Result<Self, UserFacingError> {
        let name = context.path_parameter("provider").ok_or(ErrorCause::NoSuchPage)?;
        let sheet = CatalogueSheet::open(&name).ok_or(ErrorCause::NoSuchPage)?;
        let file = EditedFile::find(context, &name).ok_or(ErrorCause::NoSuchPage)?;
        let live = context.live_store().providers.snapshot().provider(&name).cloned();
        Ok(Self { sheet, file, live })
    }

    /// The provider of the store's file, or of the older version that is live.
    fn in_use(&self) -> Option<&Provider> {
        let saved = self.file.saved.as_ref().and_then(|saved| saved.provider.as_ref());
        saved.or_else(|| self.live.as_ref().map(|live| &*live.provider))
    }

    fn page<'a>(&'a self, context: &'a RequestContext) -> GalleryPage<'a> {
        GalleryPage {
            sheet: &self.sheet,
            language: gallery_language(LabLanguage::for_code(&context.language().code).code),
            public_url: &context.live_store().store.public_url,
            in_use: self.in_use(),
        }
    }

    /// What the file reads, and whether it is set; and why this store does not let it.
    fn values(&self, context: &RequestContext, page: &GalleryPage<'_>) -> (Vec<CatalogueValue>, Vec<String>) {
        let (allowed, report) = editor_check::checked(context, &self.file, self.sheet.file.text);
        let judged = page.in_use.or(allowed.as_ref());
        let is_set = |location: &str| {
            let needed = judged?.needed.iter().find(|needed| needed.reference.location() == location)?;
            Some(secrets::is_set(&needed.reference))
        };
        let values = needed_values(judged.unwrap_or(&self.sheet.provider)).into_iter().map(|value| CatalogueValue {
            meaning: spans(&page.meaning(&value)),
            is_set: is_set(&value.location),
            location: value.location,
        });
        let mistakes = report.complaints.iter().filter(|complaint| complaint.severity == Severity::Error && judged.is_none());
        (values.collect(), mistakes.map(|complaint| printable(&format!("{}; {}", complaint.message, complaint.help))).collect())
    }
}

pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    guard::require_staff(&context)?;
    let requested = Requested::find(&context)?;
    let (sheet, page) = (&requested.sheet, requested.page(&context));
    let (name, listing, phrases) = (sheet.file.name, &sheet.listing, &page.language.phrases);
    let summary = catalogue_summary(name).ok_or(ErrorCause::NoSuchPage)?;
    let register = listing.register.iter().map(|register| (phrases.register.clone(), register.to_string()));
    let (values, refused) = requested.values(&context, &page);
    let blocks = [page.requests(), page.result(), page.notes()].concat();
    let body = CatalogueEntryPage {
        frame: handlers::lab_frame(&context, LabTab::Providers, address(&["lab", "catalogue", name], &[])),
        name,
        title: &printable(&sheet.provider.title),
        icon: mark_icon(summary, &context.live_store().version),
        kind: page.kind(),
        how_sure: page.how_sure(),
        superseded: page
            .superseded()
            .zip(listing.superseded_by.as_deref())
            .map(|(sentence, name)| (spans(&sentence), address(&["lab", "catalogue", name], &[]))),
        worked: worked_sentence(&context, name).await,
        links: register.chain([(phrases.manual.clone(), listing.manual.to_string())]).collect(),
        set_up: spans(&page.set_up_text()),
        is_english: !listing.set_up.has_own(page.language.code),
        redirect_address: page.redirect_address(),
        here: requested.file.saved.as_ref().map(|saved| file_here(&context, saved, requested.live.as_deref())),
        values,
        refused,
        asked: (!sheet.provider.inputs.is_empty()).then(|| page.asked()),
        sections: CatalogueSection::parts(blocks),
        csrf_token: &forms::csrf_token(&context, &guard::form_binding(&context)),
    };
    Ok(handlers::page_response(&context, StatusCode::OK, body.render()))
}

fn file_here(context: &RequestContext, saved: &LabProvider, live: Option<&LiveProvider>) -> CatalogueFileHere {
    let (live_store, standing) = (context.live_store(), FileStanding::of(&saved.file_report));
    let inputs = live.map(|live| login_page::provider_choice(live, None, &context.language().code).inputs);
    CatalogueFileHere {
        path: printable(&saved.file_report.report.source.name),
        standing: if live_store.shows_provider(&saved.name) { standing } else { FileStanding { status: ProviderStatus::Off, ..standing } },
        inputs: inputs.unwrap_or_default(),
    }
}

/// The redirect address alone, ready to be copied, and the mark.
pub(crate) async fn show_file(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    guard::require_staff(&context)?;
    match context.path_parameter("file").as_deref() {
        Some(REDIRECT_ADDRESS) => {
            let requested = Requested::find(&context)?;
            Ok(handlers::text_response(&context, requested.page(&context).redirect_address()))
        }
        Some(MARK) => {
            let name = context.path_parameter("provider").ok_or(ErrorCause::NoSuchPage)?;
            let mark = catalogue_summary(&name).and_then(|summary| summary.mark).ok_or(ErrorCause::NoSuchPage)?;
            let picture = Picture::of(&ProviderLogo::Mark(mark), Path::new("")).ok_or(ErrorCause::NoSuchPage)?;
            let mut response = picture_response(&picture);
            Ok(response.insert_header((CACHE_CONTROL, cache_lifetime(&context))).body(picture_body(picture)))
        }
        Some(_) | None => Err(ErrorCause::NoSuchPage.into()),
    }
}
