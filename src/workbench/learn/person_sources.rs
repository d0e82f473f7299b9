//! The documents of a login that may describe the person: whole answers, the claims of signed tokens, and documents in texts.

use crate::workbench::answers::looks::looks_like_email;
use crate::workbench::learn::document::{RecordedDocument, leaves_of};
use crate::workbench::learn::jwt::RecordedJwt;
use crate::workbench::learn::login_learner::LoginLearner;
use crate::workbench::learn::nested_documents::{NamedList, named_lists, nested_document, read_nested};
use crate::workbench::learn::person::{ChosenFact, PersonSource, choose_person_facts};
use crate::workbench::learn::signed_token::LearnedSignedToken;
use serde_json::Value;

/// Where a fact about the person is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PersonFactPlace {
    Answer(usize),
    /// The claims of the signed token in the answer of this call.
    Claims(usize),
}

/// Where a document that may describe the person was found.
enum SourcePlace {
    Answer(usize),
    Claims(usize),
    /// In a text of the answer, which is read like this.
    Nested(usize, String),
    /// In a list of names and values.
    Named(usize, NamedList),
}

/// The documents that may describe the person, with their places.
#[derive(Default)]
struct PersonSources {
    sources: Vec<PersonSource>,
    places: Vec<SourcePlace>,
}

impl PersonSources {
    fn push(&mut self, place: SourcePlace, source: PersonSource) {
        self.places.push(place);
        self.sources.push(source);
    }
}

impl LoginLearner<'_> {
    /// The facts about the person, each with the place where it is read.
    pub(crate) fn place_person_facts(&self, tokens: &[LearnedSignedToken]) -> Vec<(PersonFactPlace, ChosenFact)> {
        let PersonSources { sources, places } = self.person_sources(tokens);
        let placed = choose_person_facts(&sources).into_iter().filter_map(|chosen| match &places[chosen.source] {
            SourcePlace::Answer(number) => Some((PersonFactPlace::Answer(*number), chosen)),
            SourcePlace::Claims(number) => Some((PersonFactPlace::Claims(*number), chosen)),
            SourcePlace::Nested(number, reading) => {
                let entry = read_nested(chosen.entry, reading)?;
                Some((PersonFactPlace::Answer(*number), ChosenFact { entry, ..chosen }))
            }
            SourcePlace::Named(number, list) => {
                let entry = list.read(chosen.entry)?;
                Some((PersonFactPlace::Answer(*number), ChosenFact { entry, ..chosen }))
            }
        });
        placed.collect()
    }

    /// The documents that may describe the person. Answers after the token call are preferred.
    fn person_sources(&self, tokens: &[LearnedSignedToken]) -> PersonSources {
        let mut all = PersonSources::default();
        for number in self.login.token_call..self.login.calls.len() {
            let documents: Vec<Option<Value>> =
                self.documents_of(number).map(|document| document.map(|document| document.value.clone())).collect();
            let weight = if number > self.login.token_call { 30 } else { 0 };
            let token = tokens.iter().find(|token| token.call == number);
            self.push_nested_sources(number, weight, token, &mut all);
            let lists = self.login.calls[number].document.as_ref().map_or_else(Vec::new, |document| named_lists(&document.value));
            for list in lists {
                let documents = self.documents_of(number).map(|document| list.document(&document?.value)).collect();
                all.push(SourcePlace::Named(number, list), PersonSource { weight, documents });
            }
            if !token.is_some_and(|token| token.is_whole) {
                all.push(SourcePlace::Answer(number), PersonSource { weight, documents });
            }
            if let Some(token) = token {
                all.push(SourcePlace::Claims(number), PersonSource { weight: weight + 15, documents: token.claims.clone() });
            }
        }
        all
    }

    /// Adds the documents inside of an answer's texts.
    fn push_nested_sources(&self, number: usize, weight: i32, token: Option<&LearnedSignedToken>, all: &mut PersonSources) {
        let Some(document) = self.login.calls[number].document.as_ref() else { return };
        for leaf in document.leaves() {
            let Some(nested) = nested_document(&leaf) else { continue };
            let is_token = RecordedJwt::read(&leaf.text).is_some();
            let has_address = leaves_of(&nested.value).iter().any(|leaf| looks_like_email(&leaf.text));
            if is_token && (token.is_some() || !has_address) {
                continue;
            }
            let same_text = |document: Option<&RecordedDocument>| {
                document?
                    .leaves()
                    .into_iter()
                    .find(|other| other.keys == leaf.keys)
                    .and_then(|leaf| nested_document(&leaf))
                    .map(|nested| nested.value)
            };
            let documents = self.documents_of(number).map(same_text).collect();
            let weight = if is_token { weight - 20 } else { weight };
            all.push(SourcePlace::Nested(number, nested.reading), PersonSource { weight, documents });
        }
    }

    /// The answer of a call in each login; none where a login made other calls.
    fn documents_of(&self, number: usize) -> impl Iterator<Item = Option<&RecordedDocument>> {
        self.logins.iter().map(move |login| login.calls.get(number).filter(|_| self.makes_same_call(login, number))?.document.as_ref())
    }
}
