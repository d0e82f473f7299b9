//! `/lab/{provider}`: the file of a provider, each part beside the requests that it makes.

use crate::lab::handlers::evidence::file_evidence;
use crate::lab::handlers::guard::StaffMember;
use crate::lab::handlers::test_story::format_moment;
use crate::lab::handlers::{self, guard, next_version};
use crate::lab::pages::drift_section::DriftSection;
use crate::lab::pages::exchange_view::{RequestView, masked_parts};
use crate::lab::pages::file_sections::{RequestPreview, file_sections};
use crate::lab::pages::file_standing::FileStanding;
use crate::lab::pages::frame::{LabFrame, LabTab, NotOfferedReason};
use crate::lab::pages::login_steps::LabFactSource;
use crate::lab::pages::masked_file::MaskedFile;
use crate::lab::pages::provider::{InstallationValue, ProviderPage, TestLoginView};
use crate::lab::pages::words::LabLanguage;
use crate::login::error::LoginError;
use crate::pages::ErrorCause;
use crate::pages::frame::address;
use crate::provider::Provider;
use crate::provider::step::StepKind;
use crate::stores::catalogue::ProviderFileReport;
use crate::story;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::Text;
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use crate::web::{forms, login_page, user_facing_error};
use crate::workbench::explain::description::DescriptionRow;
use crate::workbench::explain::{ExplainedStep, describe, explain, installation_facts};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use std::borrow::Cow;
use std::sync::Arc;

/// A provider of the store, with everything that the lab shows of it.
pub(crate) struct LabProvider {
    pub(crate) name: String,
    /// What the lab knows about its file.
    pub(crate) file_report: Arc<ProviderFileReport>,
    /// The provider, unless its file is broken.
    pub(crate) provider: Option<Provider>,
    /// Its file as it is shown.
    pub(crate) file: MaskedFile,
    /// What is known of it before a login.
    given: Vec<(Slot, Text)>,
}

/// The provider that the address names.
pub(crate) fn requested_provider(context: &RequestContext) -> Result<LabProvider, UserFacingError> {
    let name = context.path_parameter("provider").ok_or(ErrorCause::NoSuchPage)?;
    find_provider(context, name).ok_or_else(|| ErrorCause::NoSuchPage.into())
}

/// The provider of this name.
pub(crate) fn find_provider(context: &RequestContext, name: String) -> Option<LabProvider> {
    let file_report = handlers::provider_file_report(context, &name)?;
    let provider = handlers::compile_current(context, &file_report);
    // While a file is broken, the secrets of the live version are masked as well.
    let listing = context.live_store().providers.snapshot();
    let older = listing.provider(&name).map(|live_provider| &*live_provider.provider);
    let file = MaskedFile::from_report(&file_report.report, &handlers::secret_values(provider.as_ref().or(older)));
    let given = provider.as_ref().map(|provider| installation_facts(provider, &context.live_store().store.public_url)).unwrap_or_default();
    Some(LabProvider { name, file_report, provider, file, given })
}

impl LabProvider {
    /// The text of its button.
    pub(crate) fn title<'a>(&'a self, context: &RequestContext) -> Cow<'a, str> {
        let title = self.file_report.title.as_deref().map(Cow::Borrowed);
        title.unwrap_or_else(|| {
            let older = context
                .live_store()
                .providers
                .snapshot()
                .provider(&self.name)
                .map(|live_provider| live_provider.provider.title.to_string());
            let known = older.or_else(|| handlers::name_in_file(&self.file_report.report.source));
            known.map_or(Cow::Borrowed(&*self.name), Cow::Owned)
        })
    }

    /// What is known of it before a login.
    pub(crate) fn initial_facts(&self) -> &[(Slot, Text)] {
        &self.given
    }

    /// What the file says beside its steps, and the requests as they would be sent; or why they cannot be shown.
    pub(crate) fn explained(&self) -> Result<(Vec<DescriptionRow>, Vec<RequestPreview>), String> {
        let Some(provider) = &self.provider else { return Ok((Vec::new(), Vec::new())) };
        let steps = explain(provider, &self.given);
        let steps =
            steps.map_err(|error| LoginError::from_step_error(StepKind::GetAuthorizationCode, error, None, provider).to_string())?;
        let mut description = describe(provider, &steps);
        let preview = |(at, explained): (usize, &ExplainedStep)| RequestPreview {
            number: at + 1,
            step: explained.word().to_owned(),
            request: RequestView::from_request(&story::masked_request(&explained.request)),
            rows: description.steps.get_mut(at).map(std::mem::take).unwrap_or_default(),
            is_by_browser: explained.is_redirect,
            is_optional: provider.steps().nth(at).is_some_and(|step| step.optional),
            is_conditional: provider.steps().nth(at).is_some_and(|step| !step.uses_in_when().is_empty()),
        };
        let previews = steps.iter().enumerate().map(preview).collect();
        Ok((description.file, previews))
    }

    /// Where each fact is read.
    pub(crate) fn fact_sources(&self) -> Vec<LabFactSource> {
        let Some(provider) = &self.provider else { return Vec::new() };
        let used = provider.used_facts();
        let reads = provider.steps().flat_map(|step| step.read_sources(|fact| used.contains(&fact)));
        let source = |(fact, from, place): (Slot, String, Place)| LabFactSource {
            fact: provider.names.name(fact).to_string(),
            from: printable(&from),
            line: place.line,
        };
        reads.map(source).collect()
    }

    /// The names of the calls after the callback, in order.
    pub(crate) fn call_names(&self) -> Vec<String> {
        self.provider.iter().flat_map(Provider::calls_after_callback).map(|(_, step)| step.kind.word().to_owned()).collect()
    }

    fn installation_values(&self) -> Vec<InstallationValue> {
        let Some(provider) = &self.provider else { return Vec::new() };
        let name = |fact: Slot| provider.names.name(fact).to_string();
        let literals = provider.literals().map(|(fact, text)| InstallationValue {
            name: name(fact),
            value: Some(text.masked()),
            source: None,
            is_set: true,
        });
        let needed = provider.needed.iter().map(|needed| {
            let kept = self.given.iter().find(|(fact, _)| *fact == needed.fact).map(|(_, text)| text);
            let value = kept.filter(|_| !needed.secret).map(Text::masked);
            InstallationValue { name: name(needed.fact), value, source: Some(needed.reference.location()), is_set: kept.is_some() }
        });
        literals.chain(needed).collect()
    }
}

pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    let staff = guard::require_staff(&context)?;
    let bench = requested_provider(&context)?;
    Ok(provider_page(&context, &staff, &bench, None).await)
}

/// The address at which a test begins was opened as a page, so the browser is redirected.
pub(crate) async fn redirect_to_provider(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    guard::require_staff(&context)?;
    let name = context.path_parameter("provider").ok_or(ErrorCause::NoSuchPage)?;
    Ok(user_facing_error::redirect_to(&address(&["lab", &name], &[])))
}

/// The page of a provider, with the test login that it shows, if any.
pub(crate) async fn provider_page(
    context: &RequestContext,
    staff: &StaffMember,
    bench: &LabProvider,
    test: Option<TestLoginView>,
) -> HttpResponse {
    let (title, path) = (bench.title(context), &bench.file_report.report.source.name);
    let here = match &test {
        Some(test) => address(&["lab", &bench.name, "tests", &test.code], &[]),
        None => address(&["lab", &bench.name], &[]),
    };
    let report = test.as_ref().map(|_| format!("{here}/report.txt"));
    let frame = LabFrame { report_href: report, ..handlers::lab_frame(context, LabTab::Providers, here) };
    let ((rows, previews), preview_error) = match bench.explained() {
        Ok(explained) => (explained, None),
        Err(why) => ((Vec::new(), Vec::new()), Some(why)),
    };
    let public_url = &context.live_store().store.public_url;
    let callback = bench.provider.as_ref().and_then(|provider| bench.given.iter().find(|(fact, _)| *fact == provider.known.redirect_uri));
    let callback = callback.map_or_else(|| format!("{public_url}{}", address(&["callback", &bench.name], &[])), |(_, text)| text.masked());
    // A test login uses the live version, which is an older one while the file is broken.
    let live_provider = context.live_store().providers.snapshot().provider(&bench.name).cloned();
    let page = ProviderPage {
        frame,
        name: &bench.name,
        title: &printable(&title),
        standing: FileStanding::of(&bench.file_report),
        evidence: file_evidence(context, &bench.name, bench.provider.as_ref()).await,
        not_offered: (!context.live_store().shows_provider(&bench.name)).then_some(NotOfferedReason::Playground),
        path,
        sections: file_sections(&bench.file_report.report.source.text, &bench.file, previews),
        file: &bench.file,
        preview_error,
        values: bench.installation_values(),
        rows,
        callback: masked_parts(&callback),
        inputs: live_provider
            .map(|live_provider| login_page::provider_choice(&live_provider, None, &context.language().code).inputs)
            .unwrap_or_default(),
        csrf_token: &forms::csrf_token(context, &guard::form_binding(context)),
        drift: DriftSection::from_warnings(
            &context.app().drift.warnings(&context.live_store().store.name, &bench.name),
            format_moment,
            &LabLanguage::for_code(&context.language().code).words,
        ),
        next_version: next_version::section(context, &bench.name),
        last_test: if test.is_none() { handlers::last_test(context, staff, &bench.name) } else { None },
        test,
        paste_href: bench.provider.as_ref().map(|_| address(&["lab", &bench.name, "answer"], &[])),
    };
    handlers::page_response(context, StatusCode::OK, page.render())
}
