//! How a value that went out is written in the file: as a hole, as a reference to what is kept elsewhere, or as it stands.

use crate::provider::facts::{FROM_DISCOVERY, FROM_THE_START};
use crate::provider::standard::{CALLBACK, PERSON, TOKEN};
use crate::workbench::answers::looks::{looks_generated, looks_like_email, looks_random};
use crate::workbench::learn::heuristics::{is_oauth_word, names_a_secret, to_camel_case, to_variable_name};
use crate::workbench::learn::login_learner::{LoginLearner, shortened_name};
use crate::workbench::learn::timestamp::timestamp_template;

impl LoginLearner<'_> {
    /// A name that is not taken.
    pub(crate) fn unused_name(&self, name: &str) -> String {
        let lists = [TOKEN, PERSON, CALLBACK, FROM_THE_START, FROM_DISCOVERY];
        let is_taken = |name: &str| {
            lists.iter().any(|list| list.iter().any(|(known, _)| *known == name))
                || matches!(name, "clientAssertion" | "idTokenSubject" | "issuerIsNamed")
                || self.known.value(name).is_some()
                || self.input.as_deref() == Some(name)
                || self.kept.iter().any(|(known, ..)| known == name)
                || self.reads.iter().any(|(_, entry)| entry.key == name)
        };
        if !is_taken(name) {
            return name.to_owned();
        }
        let mut capital = name.to_owned();
        if let Some(first) = capital.get_mut(0..1) {
            first.make_ascii_uppercase();
        }
        (1..=10_000)
            .map(|at| if at == 1 { format!("own{capital}") } else { format!("own{capital}{at}") })
            .find(|name| !is_taken(name))
            .unwrap_or_default()
    }

    /// Keeps a value of the installation: a reference stands in the file in its place.
    pub(crate) fn keep_in_installation(&mut self, name: &str, secret: bool, value: &str, because: &str) -> String {
        let fact = self.unused_name(&to_camel_case(name));
        self.kept.push((fact.clone(), secret, value.to_owned(), because.to_owned()));
        self.known.add(&fact, value);
        fact
    }

    /// The variable that holds a value of the installation.
    pub(crate) fn variable_of_fact(&self, fact: &str) -> String {
        let own: String =
            self.name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' }).collect();
        format!("{own}_{}", to_variable_name(fact))
    }

    /// A text as the file writes it, and why.
    pub(crate) fn write_value(&mut self, name: &str, text: &str, at: Option<i64>, in_browser: bool) -> (String, Option<String>) {
        self.resolve_facts(text);
        if let Some(written) = self.known.template_for(text) {
            let because = self.reason_for_template(&written, name);
            return (written, because);
        }
        if let Some(written) = at.and_then(|at| timestamp_template(text, at)) {
            return (written, Some("the moment of the call".to_owned()));
        }
        let is_told = self.taboo.contains(text) || looks_like_email(text);
        let hidden = names_a_secret(name) && text.len() >= 3 && !is_oauth_word(text) && !text.contains(' ');
        if hidden || is_told || looks_random(text) || looks_generated(text) {
            // What a browser is sent to is no secret; what is sent in calls may be one, whatever it is called.
            let is_secret = !in_browser;
            let because = match (is_told, hidden) {
                (true, _) => "the recording says this elsewhere, too, so it may be somebody's",
                (_, true) => "its name says that it is nobody's business",
                (false, false) => "looks made by chance, so it may be a value of this installation",
            };
            let fact = self.keep_in_installation(name, is_secret, text, because);
            return (format!("${{{fact}}}"), None);
        }
        (text.replace("${", "$${"), None)
    }

    /// What tells that a hole is right.
    fn reason_for_template(&self, written: &str, name: &str) -> Option<String> {
        let fact = written.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or(written);
        Some(match fact {
            "state" => "went out here and came back with the callback".to_owned(),
            "code" if self.journey.code == "code" => "the callback's code went out here".to_owned(),
            "code" => format!("the callback's parameter {} went out here", shortened_name(&self.journey.code)),
            "redirectUri" => "the address to which the browser came back".to_owned(),
            "codeVerifier" => "its SHA-256 is the challenge".to_owned(),
            "codeChallenge" => "the SHA-256 of the verifier".to_owned(),
            "clientId" if Some(name) != self.client.called.as_deref() => "the client's name again".to_owned(),
            "clientSecret" => "stands beside the client's name".to_owned(),
            _ if fact.contains('|') => "recomputed: it is this".to_owned(),
            _ => return None,
        })
    }
}
