//! Writes a value that was sent: as a hole, as a reference to a value of the installation, or as it stands.

use crate::provider::declared_values::variable_beginning;
use crate::provider::facts::{FROM_DISCOVERY, FROM_THE_START, INTERNAL};
use crate::provider::standard::{CALLBACK, PERSON, TOKEN};
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::looks::{looks_generated, looks_like_email, looks_random};
use crate::workbench::learn::linking::SentValue;
use crate::workbench::learn::login_learner::{LoginLearner, ReferencedValue, shortened_name};
use crate::workbench::learn::names::{is_oauth_word, names_a_secret, to_camel_case, to_variable_name};
use crate::workbench::learn::timestamp::timestamp_template;

impl LoginLearner<'_> {
    /// This name, or a similar one where it is taken.
    pub(crate) fn unused_name(&self, name: &str) -> String {
        let lists = [TOKEN, PERSON, CALLBACK, FROM_THE_START, FROM_DISCOVERY];
        let is_taken = |name: &str| {
            lists.iter().any(|list| list.iter().any(|(known, _)| *known == name))
                || INTERNAL.contains(&name)
                || self.known.value(name).is_some()
                || self.input.as_deref() == Some(name)
                || self.has_reference(name)
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

    pub(crate) fn has_reference(&self, fact: &str) -> bool {
        self.references.iter().any(|known| known.fact == fact)
    }

    /// Lets the file refer to a value of the installation, and returns the fact that holds it.
    pub(crate) fn refer_to(&mut self, name: &str, is_secret: bool, value: &str, reason: &str) -> String {
        let fact = self.unused_name(&to_camel_case(name));
        let (value_of_fact, reason) = (value.to_owned(), reason.to_owned());
        self.references.push(ReferencedValue { fact: fact.clone(), is_secret, value: value_of_fact, reason });
        self.known.add(&fact, value);
        fact
    }

    /// Lets the file refer to a private key, which no recording holds.
    pub(crate) fn refer_to_missing_key(&mut self, fact: &str, reason: &str) {
        if !self.has_reference(fact) {
            let reason = reason.to_owned();
            self.references.push(ReferencedValue { fact: fact.to_owned(), is_secret: true, value: String::new(), reason });
        }
    }

    /// The variable that holds a value of the installation.
    pub(crate) fn variable_of_fact(&self, fact: &str) -> String {
        format!("{}_{}", variable_beginning(&self.name), to_variable_name(fact))
    }

    /// A text as the file writes it, and the reason.
    pub(crate) fn write_value(&mut self, sent: &SentValue<'_>, at: Option<i64>, in_browser: bool) -> (String, Option<String>) {
        let (name, text) = (sent.name, sent.text);
        if normalize_key(name) == "scope" && self.login.first_parameters().iter().any(|(known, scope)| known == "scope" && scope == text) {
            return ("${scope}".to_owned(), None);
        }
        if let Some(written) = self.template_for(sent) {
            let reason = self.reason_for_template(&written, name);
            return (written, reason);
        }
        if let Some(written) = at.and_then(|at| timestamp_template(text, at)) {
            return (written, Some("the time of the call".to_owned()));
        }
        let is_personal = self.withheld.contains(text) || looks_like_email(text) || LoginLearner::differs(sent);
        let is_named_secret = names_a_secret(name) && text.len() >= 3 && !is_oauth_word(text) && !text.contains(' ');
        if is_named_secret || is_personal || looks_random(text) || looks_generated(text) {
            // The address of a redirect is visible to the shopper; what the calls send may be secret, whatever its name.
            let is_secret = !in_browser;
            let reason = match (is_personal, is_named_secret) {
                (true, _) if LoginLearner::differs(sent) => "differs between the logins, and nothing before it gave it",
                (true, _) => "the recording has this value elsewhere too, so it may be personal",
                (_, true) => "its name marks it as a secret",
                (false, false) => "looks random, so it may be a value of this installation",
            };
            let fact = self.refer_to(name, is_secret, text, reason);
            return (format!("${{{fact}}}"), None);
        }
        (text.replace("${", "$${"), None)
    }

    /// How it is known that a hole is right.
    fn reason_for_template(&self, written: &str, name: &str) -> Option<String> {
        let fact = written.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or(written);
        Some(match fact {
            "state" => "was sent here and came back in the callback".to_owned(),
            "code" if self.login.code_parameter == "code" => "the callback's code was sent here".to_owned(),
            "code" => format!("the callback's parameter {} was sent here", shortened_name(&self.login.code_parameter)),
            "redirectUri" => "the address to which the browser came back".to_owned(),
            "codeVerifier" => "its SHA-256 is the challenge".to_owned(),
            "codeChallenge" => "the SHA-256 of the verifier".to_owned(),
            "clientId" if Some(name) != self.client.id_parameter.as_deref() => "the client's id again".to_owned(),
            "clientSecret" => "stands beside the client's id".to_owned(),
            _ if fact.contains('|') => "recomputed, and equal".to_owned(),
            _ => return None,
        })
    }
}
