//! `/lab/{provider}`: its file, each part beside what it sends.

use crate::explain::{explain, given};
use crate::login::error::LoginError;
use crate::names::Slot;
use crate::pages::Cause;
use crate::pages::frame::address;
use crate::pages::lab::code::Code;
use crate::pages::lab::drifting::Drifts;
use crate::pages::lab::frame::{Apart, LabFrame};
use crate::pages::lab::parts::{Preview, Reading, pairs};
use crate::pages::lab::provider::{ProviderPage, Setting, TestShown};
use crate::pages::lab::shown::{Asking, bits};
use crate::pages::lab::words::LabLanguage;
use crate::provider::Provider;
use crate::provider::step::StepKind;
use crate::roster::Standing;
use crate::story;
use crate::text::Text;
use crate::web::asked::Asked;
use crate::web::lab::guard::Staff;
use crate::web::lab::stories::moment;
use crate::web::lab::{self, guard};
use crate::web::limits::Kind;
use crate::web::login_page;
use crate::web::refused::Refused;
use crate::web::{forms, refused};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use std::sync::Arc;

/// A provider of the store, as the lab looks at it.
pub struct Bench {
    /// Its file's name.
    pub name: String,
    /// What there is to know about its file.
    pub standing: Arc<Standing>,
    /// The provider, unless its file is broken.
    pub provider: Option<Provider>,
    /// Its file as it is shown.
    pub code: Code,
    /// What is known of it before a login.
    given: Vec<(Slot, Text)>,
}

/// The provider that the address names.
pub fn bench(asked: &Asked) -> Result<Bench, Refused> {
    let name = asked.part("provider").ok_or(Cause::NoSuchPage)?;
    bench_of(asked, name).ok_or_else(|| Cause::NoSuchPage.into())
}

/// The provider of this name.
pub fn bench_of(asked: &Asked, name: String) -> Option<Bench> {
    let standing = lab::standing(asked, &name)?;
    let provider = lab::compiled(asked, &standing);
    // While a file is broken, the secrets of the version that serves are as secret as before.
    let listing = asked.front().roster.now();
    let older = listing.offer(&name).map(|offer| &offer.provider);
    let code = Code::of(&standing.report, &lab::secrets_of(provider.as_ref().or(older)));
    let given = provider.as_ref().map(|provider| given(provider, &asked.front().store.public_url)).unwrap_or_default();
    Some(Bench { name, standing, provider, code, given })
}

impl Bench {
    /// What its button says.
    pub fn title<'a>(&'a self, asked: &Asked) -> std::borrow::Cow<'a, str> {
        let title = self.standing.title.as_deref().map(std::borrow::Cow::Borrowed);
        title.unwrap_or_else(|| {
            let older = asked.front().roster.now().offer(&self.name).map(|offer| offer.provider.title.to_string());
            let known = older.or_else(|| lab::named_in(&self.standing.report.source));
            known.map_or(std::borrow::Cow::Borrowed(&*self.name), std::borrow::Cow::Owned)
        })
    }

    /// What is known of it before a login.
    pub fn given(&self) -> &[(Slot, Text)] {
        &self.given
    }

    /// The requests as they would be sent, or why they cannot be shown.
    pub fn previews(&self) -> Result<Vec<Preview>, String> {
        let Some(provider) = &self.provider else { return Ok(Vec::new()) };
        let steps = explain(provider, &self.given);
        let steps = steps.map_err(|error| LoginError::in_step(StepKind::GetAuthorizationCode, error, None, provider).message)?;
        let preview = |(at, explained): (usize, &crate::explain::Explained)| Preview {
            number: at + 1,
            step: explained.step.word().to_owned(),
            asking: Asking::of(&story::request(&explained.request)),
            verdicts: explained.verdicts.clone(),
            reads: explained.reads.iter().map(|(fact, from, place)| reading(provider, *fact, from, place.line)).collect(),
            by_browser: explained.step == StepKind::GetAuthorizationCode,
            optional: provider.steps().nth(at).is_some_and(crate::provider::step::Step::is_optional),
            sometimes: provider.steps().nth(at).is_some_and(|step| !step.uses_in_when().is_empty()),
        };
        Ok(steps.iter().enumerate().map(preview).collect())
    }

    /// The names of the calls, in order.
    pub fn calls(&self) -> Vec<String> {
        self.provider.iter().flat_map(|provider| &provider.calls).map(|step| step.kind.word().to_owned()).collect()
    }

    fn values(&self) -> Vec<Setting> {
        let Some(provider) = &self.provider else { return Vec::new() };
        let name = |fact: Slot| provider.names.name(fact).to_string();
        let literals =
            provider.literals().map(|(fact, text)| Setting { name: name(fact), value: Some(text.masked()), from: None, set: true });
        let needed = provider.needed.iter().map(|needed| {
            let kept = self.given.iter().find(|(fact, _)| *fact == needed.fact).map(|(_, text)| text);
            let value = kept.filter(|_| !needed.secret).map(Text::masked);
            Setting { name: name(needed.fact), value, from: Some(needed.reference.wanted()), set: kept.is_some() }
        });
        literals.chain(needed).collect()
    }
}

fn reading(provider: &Provider, fact: Slot, from: &str, line: u32) -> Reading {
    Reading { fact: provider.names.name(fact).to_string(), from: crate::diagnostic::printable(from), line }
}

/// The page.
pub async fn show(asked: Asked) -> Result<HttpResponse, Refused> {
    asked.limit(Kind::Page)?;
    let staff = guard::staff(&asked)?;
    let bench = bench(&asked)?;
    Ok(drawn(&asked, &staff, &bench, None))
}

/// Where a test is begun, opened as a page.
pub async fn back(asked: Asked) -> Result<HttpResponse, Refused> {
    guard::staff(&asked)?;
    let name = asked.part("provider").ok_or(Cause::NoSuchPage)?;
    Ok(refused::leads_to(&address(&["lab", &name], &[])))
}

/// The page, with the test that is told on it.
pub fn drawn(asked: &Asked, staff: &Staff, bench: &Bench, test: Option<TestShown>) -> HttpResponse {
    let (title, file) = (bench.title(asked), &bench.standing.report.source.name);
    let here = match &test {
        Some(test) => address(&["lab", &bench.name, "tests", &test.code], &[]),
        None => address(&["lab", &bench.name], &[]),
    };
    let report = test.as_ref().map(|_| format!("{here}/report.txt"));
    let frame = LabFrame { groups: lab::groups(asked, staff, Some(&bench.name)), report, ..lab::frame(asked, here) };
    let (previews, unexplained) = match bench.previews() {
        Ok(previews) => (previews, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    let public_url = &asked.front().store.public_url;
    let callback = bench.provider.as_ref().and_then(|provider| bench.given.iter().find(|(fact, _)| *fact == provider.known.redirect_uri));
    let callback = callback.map_or_else(|| format!("{public_url}{}", address(&["callback", &bench.name], &[])), |(_, text)| text.masked());
    // A test begins with what serves, which is the version before while the file is broken.
    let offer = asked.front().roster.now().offer(&bench.name).cloned();
    let page = ProviderPage {
        frame,
        name: &bench.name,
        title: &crate::diagnostic::printable(&title),
        state: bench.standing.state,
        apart: (!asked.front().offers(&bench.name)).then_some(Apart::Playground),
        stale: bench.standing.stale,
        missing: bench.standing.missing.clone(),
        file,
        pairs: pairs(&bench.standing.report.source.text, &bench.code, previews),
        code: &bench.code,
        unexplained,
        values: bench.values(),
        callback: bits(&callback),
        inputs: offer.map(|offer| login_page::choice(&offer, None).inputs).unwrap_or_default(),
        form: &forms::mark(asked, &guard::bound(asked)),
        drifts: Drifts::of(
            &asked.app().drift.warnings(&asked.front().store.name, &bench.name),
            moment,
            &LabLanguage::of(&asked.language().code).words,
        ),
        last: if test.is_none() { lab::last_test(asked, staff, &bench.name) } else { None },
        test,
        paste: bench.provider.as_ref().map(|_| address(&["lab", &bench.name, "answer"], &[])),
    };
    lab::page(asked, StatusCode::OK, page.render())
}
