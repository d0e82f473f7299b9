//! The texts of the lab in its three languages. A page in any other language shows them in English.

pub(crate) mod catalogue;
pub(crate) mod editor;
pub(crate) mod home;
pub(crate) mod incident;
pub(crate) mod texts;

use crate::lab::pages::exchange_view::PathDeparture;
use crate::lab::pages::frame::LabTab;
use crate::lab::pages::words::texts::LabWords;
use crate::pages::languages::FALLBACK;
use crate::pages::phrases::fill;
use crate::stores::catalogue::ProviderStatus;
use crate::story::looks::Looks;
use crate::story::proposal::Proposal;
use crate::vocabulary::data_file::read_data_file;
use std::sync::LazyLock;

/// The embedded languages, in the order in which they are offered.
const EMBEDDED: [(&str, &str); 3] = [
    ("pt-BR", include_str!("../languages/pt-BR.yaml")),
    ("es", include_str!("../languages/es.yaml")),
    ("en", include_str!("../languages/en.yaml")),
];

static LANGUAGES: LazyLock<Vec<LabLanguage>> = LazyLock::new(|| {
    let read = |(code, text): &(&'static str, &str)| {
        let words: LabWords = read_data_file(text);
        LabLanguage { code, words }
    };
    EMBEDDED.iter().map(read).collect()
});

/// A language of the lab.
#[derive(Clone, Debug)]
pub(crate) struct LabLanguage {
    pub(crate) code: &'static str,
    pub(crate) words: LabWords,
}

impl LabLanguage {
    /// The language of the lab that is shown to a reader of this language.
    pub(crate) fn for_code(code: &str) -> &'static Self {
        let known = |code: &str| LANGUAGES.iter().find(|language| language.code.eq_ignore_ascii_case(code));
        known(code).or_else(|| known(FALLBACK)).unwrap_or(&LANGUAGES[0])
    }

    /// The languages of the lab among these.
    pub(crate) fn supported_among<'a>(codes: impl IntoIterator<Item = &'a str>) -> Vec<&'static Self> {
        codes
            .into_iter()
            .map(|code| (code, Self::for_code(code)))
            .filter(|(code, language)| language.code.eq_ignore_ascii_case(code))
            .map(|(_, language)| language)
            .collect()
    }
}

impl LabWords {
    /// What is said above the complaints of the checker, which are in English, to readers of another language.
    pub(crate) fn note_on_english(&self) -> Option<&str> {
        (self.name != LabLanguage::for_code("en").words.name).then_some(&*self.list.in_english)
    }

    /// The description of a value that is not shown.
    pub(crate) fn describe_looks(&self, word: &str, many: Option<usize>) -> String {
        let words = &self.looks;
        let count = many.unwrap_or_default().to_string();
        match Looks::from_word(word, many) {
            Some(Looks::Empty) => words.empty.clone(),
            Some(Looks::YesOrNo) => words.yes_or_no.clone(),
            Some(Looks::Digits(1)) => words.digit.clone(),
            Some(Looks::Digits(_)) => fill(&words.digits, &[("count", &count)]),
            Some(Looks::Number) => words.number.clone(),
            Some(Looks::Address) => words.address.clone(),
            Some(Looks::Imitation) => words.imitation.clone(),
            Some(Looks::Web) => words.web.clone(),
            Some(Looks::Text(_)) => fill(&words.text, &[("count", &count)]),
            None => String::new(),
        }
    }

    /// The reason of a proposal, and whether it is in this language. A language without this reason shows it in English.
    /// The placeholders of a reason are numbered from 1.
    pub(crate) fn proposal_reason(&self, proposal: &Proposal) -> (String, bool) {
        let Some(sentence) = self.because.get(&proposal.because) else {
            return (as_sentence(&proposal.sentence), self.because.is_empty());
        };
        let numbers: Vec<String> = (1..=proposal.about.len()).map(|number| number.to_string()).collect();
        let values: Vec<(&str, &str)> = numbers.iter().map(String::as_str).zip(proposal.about.iter().map(String::as_str)).collect();
        (fill(sentence, &values), true)
    }

    /// The link to a line of the file.
    pub(crate) fn line_link(&self, line: impl std::fmt::Display) -> String {
        fill(&self.provider.line, &[("line", &line.to_string())])
    }

    /// The sentence that something else was found in place of a value.
    pub(crate) fn found_instead(&self, found: &str) -> String {
        fill(&self.test.instead, &[("what", found)])
    }

    /// Which member of an answer a path does not find.
    pub(crate) fn missing_member(&self, departure: &PathDeparture) -> String {
        let members = departure.present.join(", ");
        fill(&self.test.missing_member, &[("path", &departure.found), ("member", &departure.missing), ("members", &members)])
    }

    pub(crate) fn tab(&self, tab: LabTab) -> &str {
        match tab {
            LabTab::Overview => &self.frame.overview,
            LabTab::Providers => &self.frame.providers,
            LabTab::Editor => &self.frame.editor,
        }
    }

    pub(crate) fn status(&self, status: ProviderStatus) -> &str {
        let words = &self.states;
        match status {
            ProviderStatus::Broken => &words.broken,
            ProviderStatus::Offered => &words.offered,
            ProviderStatus::Dormant => &words.dormant,
            ProviderStatus::Off => &words.off,
            ProviderStatus::Overlooked => &words.overlooked,
        }
    }
}

/// A line of the terminal as a sentence of a page: it begins with a capital and ends with a full stop, without backticks.
fn as_sentence(line: &str) -> String {
    let plain = line.replace('`', "");
    let mut letters = plain.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let end = if plain.ends_with(['.', '…']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// The parts of a phrase before and after a placeholder, for pages that put markup there.
pub(crate) fn around<'a>(phrase: &'a str, placeholder: &str) -> (&'a str, &'a str) {
    phrase.split_once(&format!("{{{placeholder}}}")).unwrap_or((phrase, ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::phrases::placeholders;
    use crate::story::app_trial::{AppTrialNote, AppTrialPart};
    use crate::story::repair_rule::RepairRule;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn compare(tree: &Value, pattern: &Value, at: &str) {
        match (tree, pattern) {
            (Value::Object(tree), Value::Object(pattern)) => {
                let keys = |object: &serde_json::Map<String, Value>| object.keys().cloned().collect::<std::collections::BTreeSet<_>>();
                assert_eq!(keys(tree), keys(pattern), "{at}");
                tree.iter().for_each(|(key, value)| compare(value, &pattern[key], &format!("{at}.{key}")));
            }
            (Value::String(text), Value::String(pattern)) => {
                assert!(!text.trim().is_empty(), "{at} says nothing");
                assert_eq!(placeholders(text), placeholders(pattern), "{at}");
            }
            _ => panic!("{at} is not a text"),
        }
    }

    #[test]
    fn every_language_of_the_lab_has_the_same_texts() {
        let read = |text: &str| serde_yaml::from_str::<Value>(text).unwrap();
        let pattern = read(EMBEDDED[2].1);

        for (code, text) in EMBEDDED {
            let mut words = read(text);
            words.as_object_mut().expect("words").remove("because");
            compare(&words, &pattern, code);
            assert_eq!(LabLanguage::for_code(code).code, code);
        }
        assert_eq!(LabLanguage::for_code("ja").code, "en");
        assert_eq!(LabLanguage::supported_among(["ja", "es"]).iter().map(|language| language.code).collect::<Vec<_>>(), ["es"]);
    }

    #[test]
    fn every_part_and_note_of_a_trial_has_its_text() {
        let words = &LabLanguage::for_code(FALLBACK).words;
        for (known, texts) in [(AppTrialPart::WORDS, &words.trial_parts), (AppTrialNote::WORDS, &words.trial_notes)] {
            let of_texts: BTreeSet<&str> = texts.keys().map(String::as_str).collect();
            assert_eq!(of_texts, known.iter().copied().collect());
        }
    }

    #[test]
    fn every_rule_of_repair_is_translated_into_every_language_but_english() {
        for (code, _) in EMBEDDED.iter().filter(|(code, _)| *code != FALLBACK) {
            let because = &LabLanguage::for_code(code).words.because;

            for (word, holes) in RepairRule::WORDS {
                let sentence = because.get(*word).unwrap_or_else(|| panic!("{code}.yaml says nothing for `{word}` below `because`"));
                let is_filled = |hole: &&str| hole.parse().is_ok_and(|number: usize| (1..=*holes).contains(&number));
                assert!(placeholders(sentence).iter().all(is_filled), "{code}: {word}");
            }
            assert_eq!(because.len(), RepairRule::WORDS.len(), "{code}.yaml translates what is no rule");
        }
        assert!(LabLanguage::for_code(FALLBACK).words.because.is_empty());
    }

    #[test]
    fn a_reason_that_is_not_translated_is_shown_in_english() {
        let mut words = LabLanguage::for_code("es").words.clone();
        let proposal = Proposal {
            title: "$.b".to_owned(),
            because: "unknownReason".to_owned(),
            about: vec!["a".to_owned(), "{1}".to_owned()],
            sentence: "It moved.".to_owned(),
            change: None,
        };

        assert_eq!(words.proposal_reason(&proposal), ("It moved.".to_owned(), false));
        words.because.insert("unknownReason".to_owned(), "Pasó de {1} a {2}.".to_owned());
        assert_eq!(words.proposal_reason(&proposal), ("Pasó de a a {1}.".to_owned(), true));
    }
}
