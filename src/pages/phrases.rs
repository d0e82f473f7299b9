//! The words of a language, read so that a missing or an unknown phrase is a complaint and never a hole in a page.

use crate::incident::ALPHABET;
use crate::pages::cause::Cause;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// All that the pages say in one language. Its shape is the shape of the files in `languages/`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Phrases {
    pub(crate) name: String,
    pub(crate) brief: String,
    pub(crate) direction: String,
    pub(crate) login: LoginPhrases,
    pub(crate) person: PersonPhrases,
    pub(crate) error: ErrorPhrases,
    pub(crate) incident: IncidentPhrases,
    causes: BTreeMap<String, CausePhrases>,
    spelling: BTreeMap<char, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LoginPhrases {
    pub(crate) title: String,
    pub(crate) afterwards: String,
    pub(crate) with: String,
    pub(crate) last: String,
    pub(crate) others: String,
    pub(crate) go: String,
    pub(crate) language: String,
    pub(crate) store: String,
    pub(crate) privacy: String,
    pub(crate) help: String,
    pub(crate) contact: String,
    pub(crate) signed_out: String,
    pub(crate) nobody: String,
    pub(crate) nobody_why: String,
    pub(crate) operator: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PersonPhrases {
    pub(crate) title: String,
    pub(crate) choose: String,
    pub(crate) with: String,
    pub(crate) with_since: String,
    pub(crate) go: String,
    pub(crate) another: String,
    pub(crate) out: String,
    pub(crate) note: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ErrorPhrases {
    pub(crate) next: String,
    pub(crate) unchanged: String,
    pub(crate) again: String,
    pub(crate) again_with: String,
    pub(crate) others: String,
    pub(crate) login: String,
    pub(crate) likeliest: String,
    pub(crate) service: String,
    pub(crate) seconds: String,
    pub(crate) minutes: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct IncidentPhrases {
    pub(crate) title: String,
    pub(crate) aloud: String,
    pub(crate) between: String,
    pub(crate) dash: String,
    pub(crate) until: String,
    pub(crate) day: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CausePhrases {
    pub(crate) title: String,
    pub(crate) what: String,
}

impl Phrases {
    /// The phrases of a tree, if it is whole.
    pub(crate) fn of(tree: &Value) -> Result<Self, String> {
        let phrases: Self = serde_json::from_value(tree.clone()).map_err(|error| error.to_string())?;
        if let Some(cause) = Cause::ALL.iter().find(|cause| !phrases.causes.contains_key(cause.name())) {
            return Err(format!("`causes.{}` is missing", cause.name()));
        }
        if let Some(letter) = ALPHABET.chars().find(|letter| !phrases.spelling.contains_key(letter)) {
            return Err(format!("`spelling.{letter}` is missing"));
        }
        if !matches!(phrases.direction.as_str(), "ltr" | "rtl") {
            return Err(format!("`{}` is not a direction of writing: write `ltr` or `rtl`", phrases.direction));
        }
        Ok(phrases)
    }

    pub(crate) fn cause(&self, cause: Cause) -> &CausePhrases {
        self.causes.get(cause.name()).expect("a language has all causes, `of` saw to it")
    }

    pub(crate) fn spelt(&self, letter: char) -> Option<&str> {
        self.spelling.get(&letter).map(String::as_str)
    }
}

/// A phrase with its `{places}` filled. What is filled in is not looked at again, and a place without a value stays as it is.
pub fn fill(phrase: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(phrase.len() + 32);
    let mut rest = phrase;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let known = after.split_once('}').and_then(|(name, after)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((value, after))
        });
        if let Some((value, after)) = known {
            filled.push_str(value);
            rest = after;
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled.push_str(rest);
    filled
}

/// The names of the `{places}` in a phrase, sorted.
pub(crate) fn places(phrase: &str) -> Vec<&str> {
    let mut names: Vec<&str> = phrase.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once() {
        for (phrase, expected) in [
            ("Entrar como {name}", "Entrar como {wait}"),
            ("{name}でログイン", "{wait}でログイン"),
            ("{nobody} {name", "{nobody} {name"),
            ("{wait}{wait}", "5 s5 s"),
            ("{{name}", "{{wait}"),
            ("", ""),
        ] {
            assert_eq!(fill(phrase, &[("name", "{wait}"), ("wait", "5 s")]), expected);
        }
    }

    #[test]
    fn places_are_found() {
        assert_eq!(places("{b} and {a} and {c"), ["a", "b"]);
    }
}
