//! Tests that hold for every page of the lab in every language, and for its style and script.

use crate::lab::pages::frame::{LabFrame, LabProviderEntry, LabProviderGroup, LabTab, LastTestSummary};
use crate::lab::pages::incident::{IncidentLookupPage, IncidentPage};
use crate::lab::pages::login_steps::{CurrentFile, LoginStepsView};
use crate::lab::pages::masked_file::MaskedFile;
use crate::lab::pages::provider_list::ProviderListPage;
use crate::lab::pages::words::LabLanguage;
use crate::lab::pages::{LAB_SCRIPT, LAB_STYLE};
use crate::stores::catalogue::ProviderStatus;
use crate::story::Story;

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
        let current = CurrentFile { file: None, reads: &[], calls: &[] };
        let complaints = [MARKUP.to_owned()];
        let pages = [
            ProviderListPage { frame: frame(language, MARKUP), folder: MARKUP, complaints: &complaints }.render(),
            ProviderListPage { frame: LabFrame { groups: Vec::new(), ..frame(language, MARKUP) }, folder: MARKUP, complaints: &[] }
                .render(),
            IncidentLookupPage { frame: frame(language, MARKUP), typed: Some(MARKUP), unknown: None }.render(),
            IncidentLookupPage { frame: frame(language, MARKUP), typed: None, unknown: Some("K7Q-2MD") }.render(),
            IncidentPage {
                frame: frame(language, MARKUP),
                code: "K7Q-2MD",
                when: "2026-11-21".to_owned(),
                shared: 2,
                provider: MARKUP.to_owned(),
                href: Some("/lab/acme".to_owned()),
                line: Some(3),
                login: LoginStepsView::from_story(&story, current, None, &language.words),
                message: Some(MARKUP.to_owned()),
            }
            .render(),
        ];
        for page in pages {
            assert!(!page.contains("<b onclick") && !page.contains("\"&amp;\""), "{page}");
            assert_eq!(page.matches("<h1").count(), 1, "{page}");
            assert!(page.contains(&format!("<html lang=\"{code}\"")), "{page}");
            assert!(!page.contains(" style=") && !page.contains(" onclick=\""), "{page}");
            for open in ["{count}", "{name}", "{code}", "{folder}", "{number}", "{step}", "{line}", "{when}", "{names}"] {
                assert!(!page.contains(open), "{open}: {page}");
            }
            assert!(page.contains("/lab?x=1&#38;lang=es") || page.contains("/lab?x=1&amp;lang=es"), "{page}");
        }
    }
    assert_eq!(MaskedFile::default().complaints().count(), 0);
}

#[test]
fn style_and_script_are_small_and_load_nothing_from_elsewhere() {
    assert!(LAB_STYLE.len() < 24 * 1024, "{} bytes", LAB_STYLE.len());
    assert!(LAB_SCRIPT.len() < 4096, "{} bytes", LAB_SCRIPT.len());
    for text in [LAB_STYLE, LAB_SCRIPT] {
        assert!(!text.contains("://") && !text.contains("@import") && !text.contains("innerHTML") && !text.contains("eval("), "{text}");
    }
    assert_eq!(LAB_STYLE.matches('{').count(), LAB_STYLE.matches('}').count());
}
