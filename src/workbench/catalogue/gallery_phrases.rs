//! The words of the gallery, in its languages.

use crate::pages::phrases::fill;
use crate::provider::listing::{Country, EvidenceGrade, ProviderKind, Witness};
use crate::vocabulary::data_file::read_data_file;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A language of the gallery.
pub(crate) struct GalleryLanguage {
    pub(crate) code: &'static str,
    pub(crate) phrases: GalleryPhrases,
}

/// The languages; the first one has a page about every provider.
pub(crate) static GALLERY_LANGUAGES: LazyLock<[GalleryLanguage; 3]> = LazyLock::new(|| {
    [("en", include_str!("languages/en.yaml")), ("pt-BR", include_str!("languages/pt-BR.yaml")), ("es", include_str!("languages/es.yaml"))]
        .map(|(code, text)| GalleryLanguage { code, phrases: read_data_file(text) })
});

/// The language of a code, otherwise the first.
pub(crate) fn gallery_language(code: &str) -> &'static GalleryLanguage {
    let [first, ..] = &*GALLERY_LANGUAGES;
    GALLERY_LANGUAGES.iter().find(|language| language.code == code).unwrap_or(first)
}

/// The words. A name in braces stands for what the program fills in.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GalleryPhrases {
    kinds: BTreeMap<String, String>,
    countries: BTreeMap<String, String>,
    witnesses: BTreeMap<String, String>,
    pub(crate) title: String,
    pub(crate) lead: String,
    pub(crate) name: String,
    pub(crate) by_country: String,
    pub(crate) first_provider: String,
    pub(crate) any_country: String,
    pub(crate) provider: String,
    pub(crate) country: String,
    pub(crate) grade: String,
    pub(crate) grade_a: String,
    pub(crate) grade_b: String,
    pub(crate) how_sure: String,
    superseded: String,
    superseded_by: String,
    pub(crate) manual: String,
    pub(crate) register: String,
    pub(crate) set_up: String,
    pub(crate) add: String,
    pub(crate) redirect: String,
    pub(crate) variables: String,
    pub(crate) variable: String,
    pub(crate) holds: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) setting: String,
    pub(crate) secret: String,
    pub(crate) try_it: String,
    pub(crate) asked: String,
    pub(crate) requests: String,
    pub(crate) browser: String,
    pub(crate) scope: String,
    pub(crate) no_scope: String,
    pub(crate) pkce_off: String,
    pub(crate) discovered: String,
    pub(crate) signed_token: String,
    pub(crate) otherwise: String,
    pub(crate) result: String,
    pub(crate) fact: String,
    pub(crate) from: String,
    pub(crate) no_email: String,
    pub(crate) trust_claim: String,
    pub(crate) trust_always: String,
    pub(crate) trust_never: String,
    pub(crate) trust_domains: String,
    pub(crate) missing_refuse: String,
    pub(crate) missing_ask: String,
    pub(crate) missing_placeholder: String,
    pub(crate) condition: String,
    pub(crate) notes: String,
    pub(crate) doubts: String,
    pub(crate) examples: String,
    pub(crate) refused: String,
    pub(crate) file: String,
    pub(crate) examples_file: String,
    pub(crate) all: String,
    pub(crate) other_language: String,
}

impl GalleryPhrases {
    pub(crate) fn kind(&self, kind: ProviderKind) -> &str {
        self.kinds.get(kind.word()).map_or(kind.word(), String::as_str)
    }

    /// The name of a country, or its code where none is known.
    pub(crate) fn country(&self, country: Country) -> String {
        self.countries.get(country.code()).map_or_else(|| country.code().to_owned(), Clone::clone)
    }

    /// The countries as a list in a sentence.
    pub(crate) fn countries(&self, countries: &[Country]) -> String {
        let names: Vec<String> = countries.iter().map(|country| self.country(*country)).collect();
        if names.is_empty() { self.any_country.clone() } else { names.join(", ") }
    }

    /// The witnesses, each kind once with its number.
    pub(crate) fn witnesses(&self, witnesses: &[Witness]) -> String {
        let mut counted: Vec<(Witness, usize)> = Vec::new();
        for witness in witnesses {
            match counted.iter_mut().find(|(known, _)| known == witness) {
                Some((_, count)) => *count += 1,
                None => counted.push((*witness, 1)),
            }
        }
        let named = counted.into_iter().map(|(witness, count)| {
            let name = self.witnesses.get(witness.word()).map_or(witness.word(), String::as_str);
            if count == 1 { name.to_owned() } else { format!("{name} (×{count})") }
        });
        named.collect::<Vec<_>>().join(", ")
    }

    /// What takes the place of a file, as a sentence: the code is the name of the other file.
    pub(crate) fn superseded(&self, name: &str) -> String {
        fill(&self.superseded, &[("name", name)])
    }

    /// The same in a few words.
    pub(crate) fn superseded_by(&self, name: &str) -> String {
        fill(&self.superseded_by, &[("name", name)])
    }

    pub(crate) fn grade_meaning(&self, grade: EvidenceGrade) -> &str {
        match grade {
            EvidenceGrade::A => &self.grade_a,
            EvidenceGrade::B => &self.grade_b,
        }
    }
}
