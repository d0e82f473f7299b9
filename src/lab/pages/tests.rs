//! Tests that hold for every page of the lab in every language, and for its style and script.
//! Long because every page of the lab is made here once with everything that it can hold.

use crate::directory::linking::SignInRefusalReason;
use crate::lab::pages::catalogue::{CatalogueChoice, CatalogueGroup, CataloguePage, CatalogueRow};
use crate::lab::pages::catalogue_entry::{CatalogueEntryPage, CatalogueFileHere, CatalogueSection, CatalogueValue};
use crate::lab::pages::editor::EditorStartPage;
use crate::lab::pages::find::{FailuresThen, FindPage, FoundIncident, PersonEvent, SearchResult};
use crate::lab::pages::frame::{LabFrame, LabProviderEntry, LabProviderGroup, LabTab, LastTestSummary};
use crate::lab::pages::home::{
    BrokenFileRow, FailureAdvice, FailureCauseRow, FailuresOfProvider, HomeNumbers, HomePage, HomePeriod, LiveProviderRow,
    LiveProviderState,
};
use crate::lab::pages::incident::IncidentPage;
use crate::lab::pages::incident_summary::{DownloadOffer, IncidentSummary, SummaryContext};
use crate::lab::pages::lab_time::ShownMoment;
use crate::lab::pages::login_steps::{CurrentFile, LoginStepsView};
use crate::lab::pages::masked_file::MaskedFile;
use crate::lab::pages::provider_list::ProviderListPage;
use crate::lab::pages::since_view::SinceView;
use crate::lab::pages::words::LabLanguage;
use crate::lab::pages::{LAB_SCRIPT, LAB_STYLE};
use crate::login::error::LoginErrorCode;
use crate::pages::login::LoginInputField;
use crate::pages::{ErrorCause, PageLanguages, ProviderIcon};
use crate::stores::catalogue::ProviderStatus;
use crate::story::answer_changes::AnswerChangeKind;
use crate::story::proposal::{FileChange, Proposal};
use crate::story::repair_rule::RepairRule;
use crate::story::{Story, StoryExchange, StoryFact};
use crate::web::login_failure::BrokerFailure;
use crate::workbench::catalogue::page_block::{PageBlock, PageSpan};
use std::collections::BTreeSet;

const MARKUP: &str = "<b onclick='x'>\"&amp;";

fn frame(language: &'static LabLanguage, text: &str) -> LabFrame<'static> {
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
        status,
        missing: vec![text()],
        uses_older_version,
        inputs: vec![input.clone()],
    };
    CatalogueEntryPage {
        frame: frame(language, MARKUP),
        name: "acme",
        title: MARKUP,
        icon: ProviderIcon::new("acme", MARKUP, Some(false)),
        kind: text(),
        how_sure: text(),
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

/// The page of an incident with this story.
fn incident_page(story: &Story, provider: &str, language: &'static LabLanguage) -> String {
    let pages = PageLanguages::embedded();
    let context = SummaryContext {
        words: &language.words,
        phrases: &pages.get(language.code).expect("it is embedded").phrases,
        provider,
        base: "/lab/incidents/K7Q-2MD",
        has_email_code: true,
        has_others: true,
        download: DownloadOffer::Masked,
        editors: &[],
    };
    let current = CurrentFile { file: None, reads: &[], calls: &[] };
    IncidentPage {
        frame: frame(language, provider),
        code: "K7Q-2MD",
        when: "2026-11-21".to_owned(),
        shared: 2,
        provider: provider.to_owned(),
        href: Some("/lab/acme".to_owned()),
        line: Some(3),
        login: LoginStepsView::from_story(story, current, provider, language),
        summary: IncidentSummary::from_story(story, context),
        since: SinceView::from_story(story, |_| "2026-11-21".to_owned(), &language.words),
        is_repeated: false,
        report: "/lab/incidents/K7Q-2MD/report.txt".to_owned(),
    }
    .render()
}

/// The text of a page without its markup and without what is code.
fn prose(page: &str) -> String {
    let main = page.split_once("<main").and_then(|(_, rest)| rest.split_once("</main>")).map_or("", |(main, _)| main);
    let without_code: String = main.split("<code").map(|part| part.split_once("</code>").map_or(part, |(_, rest)| rest)).collect();
    without_code.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| format!("{text} ")).collect()
}

/// A story of this cause with everything that a story may hold.
fn story_of(code: &str, page: &str, proposals: Vec<Proposal>) -> Story {
    let exchange = StoryExchange {
        step: "getUserInfo".to_owned(),
        no_answer: Some("the provider could not be reached".to_owned()),
        facts: vec![StoryFact { name: "email".to_owned(), instead: Some("an empty list".to_owned()), ..StoryFact::default() }],
        ..StoryExchange::default()
    };
    let change = |what: &str| serde_json::json!({ "step": "getUserInfo", "what": what, "path": "$.a", "to": "$.b", "before": "address", "now": "digits", "read": true });
    let since = serde_json::json!({
        "at": 1, "seconds": 7200, "version": "v1", "fileChanged": true, "linesLeftOut": 3, "compared": true,
        "file": [ { "line": 3, "before": [ "email: $.a" ], "now": [ "email: $.b" ] } ],
        "answers": AnswerChangeKind::WORDS.iter().map(|word| change(word)).collect::<Vec<_>>(),
    });
    Story {
        provider: "acme".to_owned(),
        step: Some("getUserInfo".to_owned()),
        code: Some(code.to_owned()),
        message: Some("the sentence of the cause is in English".to_owned()),
        rule: Some("`refused` if $.a is not b".to_owned()),
        line: Some(3),
        page: Some(page.to_owned()),
        remedy: Some("K7Q-2MD".to_owned()),
        exchanges: vec![exchange],
        since: serde_json::from_value(since).expect("it is one"),
        proposals,
        ..Story::default()
    }
}

#[test]
fn no_english_sentence_stands_on_an_incident_page_in_another_language() {
    let change = || FileChange { line: 3, removed: vec!["email: $.a".to_owned()], added: vec!["email: $.b".to_owned()] };
    let proposals = RepairRule::WORDS.iter().flat_map(|(word, holes)| {
        let values: Vec<String> = (0..*holes).map(|at| format!("v{at}")).collect();
        let rule = RepairRule::from_parts(word, &values).expect("it is one of the rules");
        [Proposal::new("email: $.b", &rule, Some(change())), Proposal::new("x", &rule, None)]
    });
    let proposals: Vec<Proposal> = proposals.collect();
    // Words that no sentence of another language has, and hardly any English sentence lacks.
    let english = ["the", "is", "of", "was", "and", "it", "not", "with", "an", "are", "does", "has", "which"];
    let pages = ErrorCause::ALL.iter().map(|cause| cause.name()).cycle();
    for code in ["pt-BR", "es"] {
        let language = LabLanguage::for_code(code);
        for (cause, page) in language.words.happened.keys().zip(pages.clone()) {
            for is_unchanged in [false, true] {
                let mut story = story_of(cause, page, proposals.clone());
                if is_unchanged {
                    story.since = serde_json::from_str("{\"seconds\":7200}").expect("it is one");
                    story.by_provider = cause.len() % 2 == 0;
                    story.message = None;
                }
                let text = prose(&incident_page(&story, "Acme", language));
                let words: Vec<&str> = text.split(|letter: char| !letter.is_alphanumeric()).collect();
                let found: Vec<&&str> = words.iter().filter(|word| english.contains(&word.to_lowercase().as_str())).collect();
                assert!(found.is_empty(), "{code} {cause}: {found:?} in {text}");
            }
        }
    }
    let text = prose(&incident_page(&story_of("missingId", "odd", proposals), "Acme", LabLanguage::for_code("en")));
    assert!(text.contains("the sentence of the cause is in English"), "an English page has the exact words: {text}");
}

#[test]
fn every_cause_has_its_sentence_in_every_language() {
    let own = [LoginErrorCode::WORDS, BrokerFailure::WORDS, &["refused", "other"]].concat();
    let refusals = SignInRefusalReason::ALL.iter().map(|why| why.word());
    for (word, code) in own.into_iter().chain(refusals).flat_map(|word| ["en", "es", "pt-BR"].map(|code| (word, code))) {
        let happened = &LabLanguage::for_code(code).words.happened;
        assert!(happened.contains_key(word), "{code}.yaml says nothing for `{word}` below `happened`");
    }
}

#[test]
fn a_change_comes_before_hints_and_guesses_and_a_masked_one_is_not_copied() {
    let language = LabLanguage::for_code("en");
    let change = |text: &str| FileChange { line: 3, removed: vec!["email: $.a".to_owned()], added: vec![text.to_owned()] };
    let rule = RepairRule::CodeUsed {};
    let of = |text: &str| Proposal::new(text, &rule, Some(change(text)));
    let proposals = vec![Proposal::new("hint", &RepairRule::ClockWrong {}, None), of("email: $.b"), of("email: $.c")];

    let page = incident_page(&story_of("missingEmail", "missingEmail", proposals), "Acme", language);

    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
    assert!(at("What happened") < at("What the person saw") && at("What the person saw") < at("What to say to them"));
    assert!(at("What to say to them") < at("change-2.txt") && at("change-2.txt") < at("clock of this machine"));
    assert!(at("clock of this machine") < at("What changed since") && at("What changed since") < at("<details class=\"panel guesses\">"));
    assert!(at("<details class=\"panel guesses\">") < at("change-3.txt") && at("change-3.txt") < at("Step by step"));
    let masked = incident_page(&story_of("missingEmail", "missingEmail", vec![of("key: ••••••")]), "Acme", language);
    assert!(!masked.contains("change-1.txt") && masked.contains("cannot be copied"), "{masked}");
}

#[test]
fn style_and_script_are_small_and_load_nothing_from_elsewhere() {
    assert!(LAB_STYLE.len() < 24 * 1024, "{} bytes", LAB_STYLE.len());
    assert!(LAB_SCRIPT.len() < 8 * 1024, "{} bytes", LAB_SCRIPT.len());
    for text in [LAB_STYLE, LAB_SCRIPT] {
        assert!(!text.contains("://") && !text.contains("@import") && !text.contains("innerHTML") && !text.contains("eval("), "{text}");
    }
    assert_eq!(LAB_STYLE.matches('{').count(), LAB_STYLE.matches('}').count());
}

/// The classes that the style names.
fn classes_of_style() -> BTreeSet<String> {
    let without_comments: String = LAB_STYLE.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, rest)| rest)).collect();
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let preludes = without_comments.split('{').map(|part| part.rsplit(['}', ';']).next().unwrap_or_default());
    let classes = preludes.flat_map(|selector| {
        selector.split('.').skip(1).map(|part| part.chars().take_while(|letter| is_of_name(*letter)).collect::<String>())
    });
    classes.filter(|class| class.starts_with(|first: char| first.is_ascii_alphabetic())).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the files are read as they stand beside the code")]
fn every_class_of_the_style_stands_in_a_template_or_is_written_by_code() {
    let texts = |folder: &str, ending: &str| -> Vec<String> {
        let folder = std::fs::read_dir(format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let paths = folder.flatten().map(|entry| entry.path()).filter(|path| path.to_string_lossy().ends_with(ending));
        paths.map(|path| std::fs::read_to_string(path).unwrap()).collect()
    };
    let templates = [texts("src/lab/templates", ".html"), texts("src/pages/templates", "provider_icon.html")].concat();
    let attributes = templates.iter().flat_map(|text| text.split("class=\"").skip(1).filter_map(|rest| rest.split('"').next()));
    let mut used: BTreeSet<&str> =
        attributes.flat_map(|classes| classes.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-')).collect();
    used.extend(ProviderStatus::ALL.map(ProviderStatus::word));
    let code = [texts("src/lab/pages", ".rs"), vec![LAB_SCRIPT.to_owned()]].concat().concat();

    let is_written =
        |class: &str| [format!("\"{class}\""), format!("\" {class}\""), format!("'{class}'")].iter().any(|text| code.contains(text));
    let unused: Vec<String> = classes_of_style().into_iter().filter(|class| !used.contains(&**class) && !is_written(class)).collect();

    assert!(classes_of_style().len() > 60, "the style is read");
    assert!(unused.is_empty(), "{unused:?}");
}
