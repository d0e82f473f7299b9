//! The page of an incident: its sentences in every language, and the order of its sections.

use crate::directory::linking::SignInRefusalReason;
use crate::lab::pages::incident::IncidentPage;
use crate::lab::pages::incident_summary::{DownloadOffer, IncidentSummary, SummaryContext};
use crate::lab::pages::login_steps::{CurrentFile, LoginStepsView};
use crate::lab::pages::since_view::SinceView;
use crate::lab::pages::tests::frame;
use crate::lab::pages::words::LabLanguage;
use crate::login::error::LoginErrorCode;
use crate::pages::{ErrorCause, PageLanguages};
use crate::story::answer_changes::AnswerChangeKind;
use crate::story::proposal::{FileChange, Proposal};
use crate::story::repair_rule::RepairRule;
use crate::story::{Story, StoryExchange, StoryFact};
use crate::web::login_failure::BrokerFailure;

/// The page of an incident with this story.
pub(crate) fn incident_page(story: &Story, provider: &str, language: &'static LabLanguage) -> String {
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
pub(crate) fn story_of(code: &str, page: &str, proposals: Vec<Proposal>) -> Story {
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
