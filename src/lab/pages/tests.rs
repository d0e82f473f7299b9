//! Tests that hold for every page of the lab in every language, each made here once with everything that it can hold.

mod incident;
mod style;

use crate::lab::pages::catalogue::{CatalogueChoice, CatalogueGroup, CataloguePage, CatalogueRow};
use crate::lab::pages::catalogue_entry::{CatalogueEntryPage, CatalogueFileHere, CatalogueSection, CatalogueValue};
use crate::lab::pages::editor::EditorStartPage;
use crate::lab::pages::file_standing::FileStanding;
use crate::lab::pages::find::{FailuresThen, FindPage, FoundIncident, PersonEvent, SearchResult};
use crate::lab::pages::frame::{LabFrame, LabProviderEntry, LabProviderGroup, LabTab, LastTestSummary};
use crate::lab::pages::home::{
    BrokenFileRow, FailureAdvice, FailureCauseRow, FailuresOfProvider, HomeNumbers, HomePage, HomePeriod, LiveProviderRow,
    LiveProviderState,
};
use crate::lab::pages::lab_time::ShownMoment;
use crate::lab::pages::masked_file::MaskedFile;
use crate::lab::pages::provider_list::ProviderListPage;
use crate::lab::pages::tests::incident::incident_page;
use crate::lab::pages::words::LabLanguage;
use crate::pages::ProviderIcon;
use crate::pages::login::LoginInputField;
use crate::stores::catalogue::ProviderStatus;
use crate::story::Story;
use crate::workbench::catalogue::page_block::{PageBlock, PageSpan};

const MARKUP: &str = "<b onclick='x'>\"&amp;";

pub(crate) fn frame(language: &'static LabLanguage, text: &str) -> LabFrame<'static> {
    let entry = LabProviderEntry {
        name: text.to_owned(),
        title: text.to_owned(),
        href: Some("/lab/acme".to_owned()),
        missing: vec![text.to_owned(), text.to_owned()],
        mistakes: 2,
        warnings: 1,
        uses_older_version: true,
        last_test: Some(LastTestSummary { href: "/lab/acme/tests/K7Q-2MD".to_owned(), passed: false, step: Some(text.to_owned()) }),
        unread_reason: Some(text.to_owned()),
        ..LabProviderEntry::default()
    };
    let groups = ProviderStatus::ALL.map(|status| LabProviderGroup { status, entries: vec![entry.clone(), LabProviderEntry::default()] });
    LabFrame {
        store: MARKUP,
        language,
        tab: LabTab::Overview,
        csrf_token: MARKUP.to_owned(),
        is_local: true,
        languages: LabLanguage::supported_among(["pt-BR", "es", "en"]),
        asset_version: "v",
        address: "/lab?x=1".to_owned(),
        groups: groups.to_vec(),
        report_href: Some("/lab/report.txt".to_owned()),
    }
}

fn moment() -> ShownMoment {
    ShownMoment { text: MARKUP.to_owned(), exact: "2026-11-30T10:04:00Z".to_owned() }
}

/// Failures with all that support can do about them.
fn failures() -> Vec<FailuresOfProvider> {
    let advice = [
        FailureAdvice::ChangeReady,
        FailureAdvice::Guesses(1),
        FailureAdvice::Guesses(2),
        FailureAdvice::Guide,
        FailureAdvice::AsConfigured,
        FailureAdvice::Over,
        FailureAdvice::Look,
    ];
    let cause = |advice| FailureCauseRow {
        href: Some("/lab/incidents/K7Q-2MD".to_owned()),
        title: MARKUP.to_owned(),
        place: MARKUP.to_owned(),
        line: Some(3),
        first: Some(moment()),
        last: Some(moment()),
        bars: "M0 0".to_owned(),
        count: 2,
        advice,
        ..FailureCauseRow::default()
    };
    let mut causes: Vec<FailureCauseRow> = advice.map(cause).into();
    causes.push(FailureCauseRow { title: MARKUP.to_owned(), is_english: true, count: 1, ..FailureCauseRow::default() });
    vec![FailuresOfProvider {
        icon: ProviderIcon::new("acme", MARKUP, None),
        title: MARKUP.to_owned(),
        count: 15,
        note: Some(MARKUP.to_owned()),
        causes,
    }]
}

fn home<'a>(frame: LabFrame<'a>, complaints: &'a [String]) -> HomePage<'a> {
    let text = || MARKUP.to_owned();
    let icon = || ProviderIcon::new("acme", MARKUP, Some(true));
    let live = |state| LiveProviderRow {
        icon: icon(),
        title: text(),
        href: "/lab/acme".to_owned(),
        state,
        sentence: text(),
        curve: "M0 0".to_owned(),
        share: Some(text()),
        p95: Some(text()),
    };
    let states = [LiveProviderState::Changed, LiveProviderState::Failing, LiveProviderState::Stable, LiveProviderState::Unused];
    let numbers = HomeNumbers {
        share: Some(text()),
        of_ended: text(),
        share_curve: "M0 0".to_owned(),
        failed: text(),
        failed_bars: "M0 0".to_owned(),
        failed_note: Some(text()),
        cancelled: text(),
        cancelled_bars: "M0 0".to_owned(),
        not_returned: text(),
        not_returned_bars: "M0 0".to_owned(),
        not_returned_note: Some(text()),
    };
    let broken = BrokenFileRow {
        icon: icon(),
        title: text(),
        href: "/lab/acme".to_owned(),
        line: Some(9),
        complaint: text(),
        uses_older_version: true,
    };
    HomePage {
        dormant: frame.groups.iter().flat_map(|group| group.entries.clone()).collect(),
        frame,
        period: HomePeriod::Week,
        updated: text(),
        complaints,
        folder: MARKUP,
        numbers: Some(numbers),
        failures: failures(),
        live: states.map(live).into(),
        broken: vec![broken],
        first: Some("acme"),
    }
}

/// The gallery with one provider in every state.
fn catalogue(language: &'static LabLanguage, is_narrowed: bool) -> CataloguePage<'static> {
    let text = || MARKUP.to_owned();
    let choice = |is_chosen| CatalogueChoice { value: text(), name: text(), is_chosen };
    let row = |status: Option<ProviderStatus>| CatalogueRow {
        title: text(),
        href: "/lab/catalogue/acme".to_owned(),
        icon: ProviderIcon::new("acme", MARKUP, status.map(|status| status == ProviderStatus::Offered)),
        note: text(),
        superseded: Some(vec![PageSpan::Text(text()), PageSpan::English(text())]),
        grade: text(),
        status,
        found_by: text(),
    };
    let rows = ProviderStatus::ALL.map(Some).into_iter().chain([None]).map(row).collect();
    CataloguePage {
        frame: frame(language, MARKUP),
        typed: MARKUP,
        kinds: vec![choice(true), choice(false)],
        countries: vec![choice(true), choice(false)],
        is_narrowed,
        groups: vec![CatalogueGroup { title: (!is_narrowed).then(text), rows }],
    }
}

/// A provider of the catalogue; with the state of the store's file, and whether an older version is in use.
fn catalogue_entry(language: &'static LabLanguage, here: Option<(ProviderStatus, bool)>) -> CatalogueEntryPage<'static> {
    let text = || MARKUP.to_owned();
    let line = || vec![PageSpan::Text(text()), PageSpan::Code(text()), PageSpan::Link { text: text(), to: text() }];
    let blocks = vec![
        PageBlock::Heading(text()),
        PageBlock::Paragraph(line()),
        PageBlock::Items(vec![line()]),
        PageBlock::Steps(vec![line()]),
        PageBlock::Table { heads: vec![text(), text()], rows: vec![vec![line(), line()]] },
    ];
    let value = |is_set| CatalogueValue { location: text(), meaning: line(), is_set };
    let input = LoginInputField { name: "loja".to_owned(), label: text(), pattern: Some(text()) };
    let file = |(status, uses_older_version)| CatalogueFileHere {
        path: text(),
        standing: FileStanding { status, uses_older_version, missing: vec![text()] },
        inputs: vec![input.clone()],
    };
    CatalogueEntryPage {
        frame: frame(language, MARKUP),
        name: "acme",
        title: MARKUP,
        icon: ProviderIcon::new("acme", MARKUP, Some(false)),
        kind: text(),
        how_sure: text(),
        superseded: Some((line(), text())),
        worked: Some(text()),
        links: vec![(text(), text())],
        set_up: line(),
        is_english: true,
        redirect_address: text(),
        here: here.map(file),
        values: vec![value(Some(true)), value(Some(false)), value(None)],
        refused: vec![text()],
        asked: Some(text()),
        sections: CatalogueSection::parts(blocks),
        csrf_token: MARKUP,
    }
}

fn search_results() -> [SearchResult; 9] {
    let text = || MARKUP.to_owned();
    let event =
        PersonEvent { when: moment(), ago: moment(), title: text(), href: Some("/lab/incidents/K7Q-2MD".to_owned()), is_failure: true };
    let plain = PersonEvent { href: None, is_failure: false, ..event.clone() };
    let incident = FoundIncident {
        code: "K7Q-2MD".to_owned(),
        href: "/lab/incidents/K7Q-2MD".to_owned(),
        when: moment(),
        provider: text(),
        title: text(),
        is_english: true,
    };
    [
        SearchResult::Nothing,
        SearchResult::Unknown,
        SearchResult::UnknownCode("K7Q-2MD".to_owned()),
        SearchResult::AddressByLink,
        SearchResult::AddressAtLocalLab,
        SearchResult::Person(None),
        SearchResult::Person(Some(vec![event, plain])),
        SearchResult::Time(FailuresThen { from: moment(), until: moment(), failures: failures(), incidents: vec![incident] }),
        SearchResult::Time(FailuresThen { from: moment(), until: moment(), failures: Vec::new(), incidents: Vec::new() }),
    ]
}

#[test]
fn every_page_is_whole_in_every_language_and_escapes_what_it_shows() {
    for code in ["pt-BR", "es", "en"] {
        let language = LabLanguage::for_code(code);
        let story = Story {
            code: Some(MARKUP.to_owned()),
            message: Some(MARKUP.to_owned()),
            rule: Some(MARKUP.to_owned()),
            file: MARKUP.to_owned(),
            ..Story::default()
        };
        let complaints = [MARKUP.to_owned()];
        let pages = [
            ProviderListPage { frame: frame(language, MARKUP), folder: MARKUP, complaints: &complaints }.render(),
            ProviderListPage { frame: LabFrame { groups: Vec::new(), ..frame(language, MARKUP) }, folder: MARKUP, complaints: &[] }
                .render(),
            home(frame(language, MARKUP), &complaints).render(),
            HomePage {
                numbers: None,
                failures: Vec::new(),
                live: Vec::new(),
                broken: Vec::new(),
                dormant: Vec::new(),
                first: None,
                ..home(frame(language, MARKUP), &[])
            }
            .render(),
            incident_page(&story, MARKUP, language),
            EditorStartPage {
                frame: frame(language, MARKUP),
                folder: MARKUP,
                providers: vec![(MARKUP.to_owned(), MARKUP.to_owned())],
                catalogue: vec![(MARKUP, vec![(MARKUP, MARKUP)])],
                bad_name: Some(MARKUP.to_owned()),
            }
            .render(),
            catalogue(language, true).render(),
            catalogue(language, false).render(),
            CataloguePage { groups: Vec::new(), ..catalogue(language, true) }.render(),
        ];
        let files = ProviderStatus::ALL.map(|status| Some((status, true))).into_iter().chain([Some((ProviderStatus::Broken, false)), None]);
        let entries = files.map(|here| catalogue_entry(language, here).render());
        let found =
            search_results().map(|found| FindPage { frame: frame(language, MARKUP), typed: MARKUP, found, knows_zone: false }.render());
        for page in pages.into_iter().chain(found).chain(entries) {
            assert!(!page.contains("<b onclick") && !page.contains("\"&amp;\""), "{page}");
            assert_eq!(page.matches("<h1").count(), 1, "{page}");
            assert!(page.contains(&format!("<html lang=\"{code}\"")), "{page}");
            assert!(!page.contains(" style=") && !page.contains(" onclick=\""), "{page}");
            for open in [
                "{count}", "{name}", "{code}", "{folder}", "{number}", "{step}", "{line}", "{when}", "{names}", "{all}", "{time}",
                "{typed}", "{from}",
            ] {
                assert!(!page.contains(open), "{open}: {page}");
            }
            assert!(page.contains("/lab?x=1&#38;lang=es") || page.contains("/lab?x=1&amp;lang=es"), "{page}");
        }
    }
    assert_eq!(MaskedFile::default().complaints().count(), 0);
}
