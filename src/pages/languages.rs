//! The languages of the pages: the embedded ones, and those that an operator adds.

use crate::pages::phrases::{Phrases, placeholders};
use crate::vocabulary::diagnostic::did_you_mean;
use crate::vocabulary::localized_text::is_language_tag;
use serde_json::{Map, Value};

/// The embedded languages, in the order in which they are offered.
const EMBEDDED: [(&str, &str); 6] = [
    ("pt-BR", include_str!("languages/pt-BR.yaml")),
    ("es", include_str!("languages/es.yaml")),
    ("en", include_str!("languages/en.yaml")),
    ("ru", include_str!("languages/ru.yaml")),
    ("zh-TW", include_str!("languages/zh-TW.yaml")),
    ("ja", include_str!("languages/ja.yaml")),
];

/// The language that supplies the phrases which an operator's language lacks.
pub(crate) const FALLBACK: &str = "en";

/// One language of the pages.
#[derive(Clone, Debug)]
pub(crate) struct PageLanguage {
    /// Its tag, for example `pt-BR`.
    pub(crate) code: String,
    pub(crate) phrases: Phrases,
}

#[derive(Clone, Debug)]
pub(crate) struct PageLanguages(pub(crate) Vec<PageLanguage>);

impl PageLanguages {
    pub(crate) fn embedded() -> Self {
        Self::with_overrides(&[]).expect("a test reads every embedded language")
    }

    /// The embedded languages with an operator's files, each given as its tag and its text. A file replaces phrases of a
    /// language or adds a language. The error lists every problem with the tag of its file.
    pub(crate) fn with_overrides(supplied: &[(String, String)]) -> Result<Self, Vec<(String, String)>> {
        let mut wrong = Vec::new();
        let mut trees: Vec<(String, Value)> = Vec::new();
        for (code, text) in EMBEDDED {
            trees.push((code.to_owned(), read_tree(text).expect("a test reads every embedded language")));
        }
        let pattern = trees.iter().find(|(code, _)| code == FALLBACK).expect("the fallback is embedded").1.clone();
        for (code, text) in supplied {
            let tree = match read_tree(text) {
                Ok(_) if !is_language_tag(code) => {
                    Err("this is not the tag of a language: name the file as `fr.yaml` or `fr-CA.yaml`".to_owned())
                }
                tree => tree,
            };
            let tree = match tree {
                Ok(tree) => tree,
                Err(message) => {
                    wrong.push((code.clone(), message));
                    continue;
                }
            };
            check_against_pattern(&tree, &pattern, "", &mut |message| wrong.push((code.clone(), message)));
            if let Some((_, base)) = trees.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(code)) {
                overlay(base, tree);
            } else {
                if tree.get("name").is_none() {
                    wrong.push((code.clone(), "a new language needs its name: `name` is missing".to_owned()));
                }
                let mut whole = pattern.clone();
                overlay(&mut whole, tree);
                trees.push((code.clone(), whole));
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }

        let mut languages = Vec::with_capacity(trees.len());
        for (code, tree) in trees {
            match Phrases::from_tree(&tree) {
                Ok(phrases) => languages.push(PageLanguage { code, phrases }),
                Err(message) => wrong.push((code, message)),
            }
        }
        if wrong.is_empty() { Ok(Self(languages)) } else { Err(wrong) }
    }

    /// The language of a tag, regardless of case.
    pub(crate) fn get(&self, code: &str) -> Option<&PageLanguage> {
        self.0.iter().find(|language| language.code.eq_ignore_ascii_case(code))
    }

    /// The languages that a store offers, in its order; all languages if it names none.
    pub(crate) fn offered_languages(&self, allowed: &[String]) -> Vec<&PageLanguage> {
        let offered: Vec<&PageLanguage> = allowed.iter().filter_map(|code| self.get(code)).collect();
        if offered.is_empty() { self.0.iter().collect() } else { offered }
    }
}

fn read_tree(text: &str) -> Result<Value, String> {
    let mut tree: Map<String, Value> = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    // The short name of a language, which files of earlier versions have.
    tree.remove("brief");
    Ok(Value::Object(tree))
}

/// Complains about phrases that the pattern does not have, and about phrases with other placeholders.
fn check_against_pattern(tree: &Value, pattern: &Value, at: &str, complain: &mut dyn FnMut(String)) {
    match (tree, pattern) {
        (Value::Object(tree), Value::Object(pattern)) => {
            for (key, value) in tree {
                let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                if let Some(pattern) = pattern.get(key) {
                    check_against_pattern(value, pattern, &at, complain);
                } else {
                    let near = did_you_mean(key, pattern.keys().map(String::as_str));
                    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                    complain(format!("there is no phrase `{at}`{near}"));
                }
            }
        }
        (Value::String(text), Value::String(pattern)) => {
            if text.trim().is_empty() {
                complain(format!("`{at}` is empty: write the phrase, or leave the key out"));
            }
            let (has, needs) = (placeholders(text), placeholders(pattern));
            if has != needs {
                complain(format!("`{at}` has the placeholders {has:?}, and needs {needs:?}"));
            }
        }
        (_, Value::Object(_)) => complain(format!("`{at}` is not a block of phrases")),
        _ => complain(format!("`{at}` is not a text: write it in quotes")),
    }
}

fn overlay(base: &mut Value, more: Value) {
    match (base, more) {
        (Value::Object(base), Value::Object(more)) => {
            for (key, value) in more {
                overlay(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, more) => *base = more,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(tree: &Value, pattern: &Value, complain: &mut dyn FnMut(String)) {
        check_against_pattern(tree, pattern, "", complain);
        check_against_pattern(pattern, tree, "", complain);
    }

    #[test]
    fn every_language_has_the_same_phrases() {
        let pattern = read_tree(EMBEDDED[2].1).unwrap();
        let mut complaints = Vec::new();

        for (code, text) in EMBEDDED {
            whole(&read_tree(text).unwrap(), &pattern, &mut |message| complaints.push(format!("{code}: {message}")));
        }

        assert_eq!(complaints, Vec::<String>::new());
        assert_eq!(PageLanguages::embedded().0.len(), EMBEDDED.len());
    }

    #[test]
    fn a_missing_phrase_is_noticed() {
        let pattern = read_tree(EMBEDDED[2].1).unwrap();
        let mut tree = pattern.clone();
        tree["login"].as_object_mut().unwrap().remove("with");
        tree["login"]["go"] = "{then}".into();
        let mut complaints = Vec::new();

        whole(&tree, &pattern, &mut |message| complaints.push(message));

        assert_eq!(
            complaints,
            [
                "`login.go` has the placeholders [\"then\"], and needs []",
                "there is no phrase `login.with`",
                "`login.go` has the placeholders [], and needs [\"then\"]"
            ]
        );
        assert!(Phrases::from_tree(&tree).is_err());
    }

    #[test]
    fn an_operator_changes_a_phrase_or_adds_a_language() {
        let supplied = [
            ("pt-br".to_owned(), "login: { title: Acessar }".to_owned()),
            ("fr".to_owned(), "name: Français\nbrief: FR\nlogin: { with: \"Continuer avec {name}\" }".to_owned()),
        ];

        let languages = PageLanguages::with_overrides(&supplied).unwrap();

        let (portuguese, french) = (languages.get("pt-BR").unwrap(), languages.get("FR").unwrap());
        assert_eq!(portuguese.phrases.login.title, "Acessar");
        assert_eq!(portuguese.phrases.login.go, "Continuar");
        assert_eq!(french.phrases.name, "Français");
        assert_eq!(french.phrases.login.with, "Continuer avec {name}");
        assert_eq!(french.phrases.login.go, "Continue");
    }

    #[test]
    fn a_mistake_in_a_file_of_phrases_is_described() {
        for (code, text, expected) in [
            ("es", "login: { titel: Entra }", "there is no phrase `login.titel`; did you mean `title`?"),
            ("es", "login: { with: \"Entra con {nombre}\" }", "`login.with` has the placeholders [\"nombre\"], and needs [\"name\"]"),
            ("es", "login: { title: 5 }", "`login.title` is not a text: write it in quotes"),
            ("es", "login: { title: \" \" }", "`login.title` is empty: write the phrase, or leave the key out"),
            ("es", "login: Entra", "`login` is not a block of phrases"),
            ("es", "direction: up", "`up` is not a direction of writing: write `ltr` or `rtl`"),
            ("fr", "direction: ltr", "a new language needs its name: `name` is missing"),
            ("f r", "name: x", "this is not the tag of a language: name the file as `fr.yaml` or `fr-CA.yaml`"),
        ] {
            let wrong = PageLanguages::with_overrides(&[(code.to_owned(), text.to_owned())]).unwrap_err();

            assert_eq!(wrong, [(code.to_owned(), expected.to_owned())]);
        }
        assert!(PageLanguages::with_overrides(&[("es".to_owned(), "[".to_owned())]).is_err());
    }
}
