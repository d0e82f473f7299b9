//! How a request differs from the one that the file sends. The log and the answers of calls are in English, the page that a browser sees is
//! in its language.

use crate::pages::phrases::fill;
use crate::simulated::simulation::phrases::{SimulationLanguage, SimulationPhrases};

/// The part of a request that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DifferingPart {
    Method,
    Address,
    /// A parameter of the query.
    Query(String),
    QueryOrder,
    Body,
    CodeChallenge,
    Redirect,
    /// A part that only the request of a call has, in English.
    OfCall(String),
}

/// What was expected of a part, or what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ComparedText {
    /// A piece of a request, secrets masked.
    Value(String),
    Missing,
    /// The file sends nothing like it.
    Unsent,
    Arrived,
    /// Another value than the expected one, which is secret.
    AnotherValue,
    NoBody,
    AnyBody,
    /// A well-formed code challenge.
    Challenge,
    /// A text of so many letters.
    Letters(usize),
    /// What the calls before the redirect have read.
    Prepared,
    NotPrepared,
    /// Of a part that only the request of a call has, in English.
    OfCall(String),
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SimulatedDifference {
    pub(super) part: DifferingPart,
    /// The line of the file; 0 where there is none.
    pub(super) line: u32,
    pub(super) expected: ComparedText,
    pub(super) found: ComparedText,
}

impl SimulatedDifference {
    /// A difference that only the request of a call can have.
    pub(super) fn of_call(part: &str, line: u32, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            part: DifferingPart::OfCall(part.to_owned()),
            line,
            expected: ComparedText::OfCall(expected.into()),
            found: ComparedText::OfCall(found.into()),
        }
    }

    /// The part and its line.
    fn place(&self, phrases: &SimulationPhrases) -> String {
        let part = self.part.described(phrases);
        if self.line == 0 { part } else { format!("{part} ({})", fill(&phrases.line, &[("line", &self.line.to_string())])) }
    }
}

impl DifferingPart {
    fn described(&self, phrases: &SimulationPhrases) -> String {
        match self {
            Self::Method => phrases.the_method.clone(),
            Self::Address => phrases.the_address.clone(),
            Self::Query(name) => fill(&phrases.the_parameter, &[("name", &format!("`{name}`"))]),
            Self::QueryOrder => phrases.the_order.clone(),
            Self::Body => phrases.the_body.clone(),
            Self::CodeChallenge => phrases.the_challenge.clone(),
            Self::Redirect => phrases.the_redirect.clone(),
            Self::OfCall(part) => part.clone(),
        }
    }
}

impl ComparedText {
    /// The text as it is shown, and whether it is a piece of a request.
    fn described(&self, phrases: &SimulationPhrases) -> (String, bool) {
        let sentence = match self {
            Self::Value(text) => return (text.clone(), true),
            Self::OfCall(text) => return (text.clone(), false),
            Self::Missing => &phrases.is_missing,
            Self::Unsent => &phrases.is_unsent,
            Self::Arrived => &phrases.has_arrived,
            Self::AnotherValue => &phrases.another_value,
            Self::NoBody => &phrases.no_body,
            Self::AnyBody => &phrases.any_body,
            Self::Challenge => &phrases.good_challenge,
            Self::Letters(count) => return (fill(&phrases.letters, &[("count", &count.to_string())]), false),
            Self::Prepared => &phrases.prepared,
            Self::NotPrepared => &phrases.not_prepared,
        };
        (sentence.clone(), false)
    }
}

/// A difference as the page shows it.
pub(super) struct ShownDifference {
    pub(super) place: String,
    /// The texts, and whether each is a piece of a request.
    pub(super) expected: (String, bool),
    pub(super) found: (String, bool),
}

impl ShownDifference {
    pub(super) fn new(difference: &SimulatedDifference, phrases: &SimulationPhrases) -> Self {
        Self {
            place: difference.place(phrases),
            expected: difference.expected.described(phrases),
            found: difference.found.described(phrases),
        }
    }
}

/// All differences as one English sentence.
pub(super) fn as_sentence(differences: &[SimulatedDifference]) -> String {
    let phrases = &SimulationLanguage::english().phrases;
    let all: Vec<String> = differences
        .iter()
        .map(|difference| {
            let ShownDifference { place, expected, found } = ShownDifference::new(difference, phrases);
            format!("{place}: expected {}, found {}", expected.0, found.0)
        })
        .collect();
    all.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_describes_a_difference_in_its_language_and_the_log_in_english() {
        let difference = SimulatedDifference {
            part: DifferingPart::Query("scope".to_owned()),
            line: 4,
            expected: ComparedText::Value("perfil".to_owned()),
            found: ComparedText::Missing,
        };

        let shown = ShownDifference::new(&difference, &SimulationLanguage::preferred("pt-BR").phrases);

        assert_eq!((&*shown.place, &*shown.expected.0, &*shown.found.0), ("parâmetro `scope` (linha 4)", "perfil", "falta"));
        assert!(shown.expected.1 && !shown.found.1, "what was sent is code, a sentence is none");
        assert_eq!(as_sentence(&[difference]), "query `scope` (line 4): expected perfil, found it is missing");
    }

    #[test]
    fn no_language_describes_a_difference_in_english() {
        let parts = [
            DifferingPart::Method,
            DifferingPart::Address,
            DifferingPart::Query(String::new()),
            DifferingPart::QueryOrder,
            DifferingPart::Body,
            DifferingPart::Redirect,
        ];
        let texts = [
            ComparedText::Missing,
            ComparedText::Unsent,
            ComparedText::Arrived,
            ComparedText::AnotherValue,
            ComparedText::NoBody,
            ComparedText::AnyBody,
            ComparedText::Challenge,
            ComparedText::Letters(3),
            ComparedText::Prepared,
            ComparedText::NotPrepared,
        ];
        let english = &SimulationLanguage::english().phrases;
        for language in ["es", "ja", "pt-BR", "ru", "zh-TW"] {
            let phrases = &SimulationLanguage::preferred(language).phrases;
            for part in &parts {
                assert_ne!(part.described(phrases), part.described(english), "{language}: {part:?}");
            }
            for text in &texts {
                assert_ne!(text.described(phrases), text.described(english), "{language}: {text:?}");
            }
        }
    }
}
