//! Where the calls of a file send its secrets, and in which form. An edited text sends a secret only as its saved file does: a provider that
//! repeats what it gets would show it otherwise, changed so that no mask recognizes it.

use crate::provider::Provider;
use crate::provider::address::Address;
use crate::provider::facts::Facts;
use crate::provider::fingerprint::fill_template_settings;
use crate::provider::step::{BasicCredentials, Step, StepBody};
use crate::provider::template::{FactUse, Template};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::text::Text;

/// The part of a request in which a secret stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretPosition {
    /// Written out in the address.
    Address,
    /// A parameter of the query.
    Query(Box<str>),
    /// A parameter of the form.
    Form(Box<str>),
    /// A member of the JSON body, by the keys that lead to it.
    Json(String),
    /// The body, which is a text.
    Body,
    /// A header, in small letters.
    Header(String),
    Bearer,
    /// The credentials of the client; whether they are encoded as forms are.
    Basic {
        is_encoded: bool,
    },
}

/// A secret in a text that a call sends.
#[derive(Clone, Debug)]
pub(crate) struct SentSecret {
    /// The address of the call, with the settings filled in, and what its other holes are filled with.
    address: (String, Vec<String>),
    position: SecretPosition,
    /// The text as it is written.
    text: Box<str>,
    /// Where the values of its secrets are kept, or what they are made of.
    secrets: Vec<String>,
    /// The secret; `None` for one that is written out.
    pub(crate) fact: Option<Slot>,
    pub(crate) place: Place,
}

impl SentSecret {
    /// Whether the text is the secret and nothing else.
    fn is_plain(&self) -> bool {
        let name = self.text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
    }

    /// Whether the other one is the same secret, sent to the same address, in the same place and the same form.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let is_same_form = self.text == other.text || (self.is_plain() && other.is_plain());
        self.address == other.address && self.position == other.position && self.secrets == other.secrets && is_same_form
    }
}

impl Provider {
    /// The secrets in what the calls send, with these values of the installation.
    pub(crate) fn sent_secrets(&self, values: &[(Slot, Text)]) -> Vec<SentSecret> {
        let mut facts = self.empty_facts();
        for (slot, value) in values {
            facts.set(*slot, value.clone());
        }
        let settings = self.settings_among(&facts);
        let made_of_secrets = self.facts_made_of_secrets();
        let is_secret = |used: &FactUse| made_of_secrets.contains(&used.fact);
        let mut sent = Vec::new();
        for step in self.steps() {
            let address = self.described_address(&step.address, &settings);
            for (position, text) in placed_texts(step) {
                let secrets: Vec<FactUse> = text.uses().filter(is_secret).collect();
                let fact = secrets.first().map(|used| used.fact);
                if fact.is_none() && text.written_secrets().is_empty() {
                    continue;
                }
                let place = secrets.first().map_or(text.place, |used| used.place);
                let secrets = secrets.iter().flat_map(|used| self.definitions(used.fact)).collect();
                sent.push(SentSecret { address: address.clone(), position, text: text.source.clone(), secrets, fact, place });
            }
            // The compared address holds it.
            if !step.address.written_secrets().is_empty() {
                let (position, place) = (SecretPosition::Address, step.address.template.place);
                sent.push(SentSecret { address: address.clone(), position, text: "".into(), secrets: Vec::new(), fact: None, place });
            }
            let credentials = step.basic.into_iter().chain(step.negotiated.as_ref().map(|negotiated| negotiated.basic));
            for BasicCredentials { encoded, has_secret, place } in credentials {
                let fact = self.known.client_secret;
                if has_secret && made_of_secrets.contains(&fact) {
                    let position = SecretPosition::Basic { is_encoded: encoded };
                    let (secrets, text) = (self.definitions(fact), "${clientSecret}".into());
                    sent.push(SentSecret { address: address.clone(), position, text, secrets, fact: Some(fact), place });
                }
            }
        }
        sent
    }

    /// The secrets that are written out in the requests of the file.
    pub(crate) fn written_secrets(&self) -> Vec<Text> {
        self.steps().flat_map(Step::written_secrets).collect()
    }

    /// An address with the settings filled in, and what becomes of the holes that only a login fills.
    fn described_address(&self, address: &Address, settings: &Facts) -> (String, Vec<String>) {
        let open = address.uses().filter(|used| settings.get(used.fact).is_none());
        (fill_template_settings(&address.template, settings), open.flat_map(|used| self.definitions(used.fact)).collect())
    }

    /// Where the value of a fact comes from: the variable or file that holds it, or each place that reads it.
    pub(crate) fn definitions(&self, fact: Slot) -> Vec<String> {
        let kept = self.needed.iter().filter(|needed| needed.fact == fact).map(|needed| needed.reference.location());
        let read = self.steps().flat_map(|step| {
            let sources = step.read_sources(|known| known == fact).into_iter().filter(move |(known, ..)| *known == fact);
            sources.map(move |(_, from, _)| format!("{} {from}", step.kind.word()))
        });
        let name = self.names.name(fact);
        let typed = self.inputs.iter().filter(|input| *input.name == **name).map(|_| "an input".to_owned());
        kept.chain(read).chain(typed).collect()
    }
}

impl Step {
    /// The secrets that are written out in its request.
    pub(crate) fn written_secrets(&self) -> Vec<Text> {
        let texts = placed_texts(self).into_iter().flat_map(|(_, text)| text.written_secrets());
        texts.chain(self.address.written_secrets()).collect()
    }
}

/// The texts that a call sends beside its address, each with its place.
fn placed_texts(step: &Step) -> Vec<(SecretPosition, &Template)> {
    let query =
        step.query.iter().flat_map(|parameter| parameter.values.iter().map(|text| (SecretPosition::Query(parameter.name.clone()), text)));
    let mut placed: Vec<(SecretPosition, &Template)> = query.collect();
    match &step.body {
        StepBody::None => {}
        StepBody::Form(form) => placed.extend(
            form.iter().flat_map(|parameter| parameter.values.iter().map(|text| (SecretPosition::Form(parameter.name.clone()), text))),
        ),
        StepBody::Json(json) => placed.extend(json.placed_templates().into_iter().map(|(keys, text)| (SecretPosition::Json(keys), text))),
        StepBody::Text(text) => placed.push((SecretPosition::Body, text)),
    }
    placed.extend(step.headers.iter().map(|(name, text)| (SecretPosition::Header(name.value.to_ascii_lowercase()), text)));
    placed.extend(step.bearer.iter().map(|text| (SecretPosition::Bearer, text)));
    placed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{InstallationContext, compile};
    use crate::vocabulary::place::Source;

    fn provider(text: &str) -> Provider {
        let (provider, report) = compile(&Source::new("acme.yaml", text), InstallationContext { loopback: false });
        provider.unwrap_or_else(|| panic!("{text}\n{}", report.draw(false)))
    }

    /// Attack P-17
    #[test]
    fn a_written_out_secret_is_sent_as_before_only_to_the_same_address() {
        let file =
            FILE.replace("X-Partner: \"${partner}\"", "X-Partner-Token: hunter3zebra").replace("/${path}", "/${path}?api_key=hunter4zebra");
        let sent = |text: &str| provider(text).sent_secrets(&[]);
        let saved = sent(&file);
        let others = |text: &str| sent(text).iter().filter(|mine| !saved.iter().any(|known| known.is_like(mine))).count();

        assert_eq!(others(&file), 0);
        assert_eq!(others(&file.replace("path: token", "path: echo")), 3);
        assert_eq!(others(&file.replace("X-Partner-Token", "X-Other-Token")), 1);
        assert_eq!(others(&file.replace("hunter4zebra", "hunter5zebra")), 3, "the address is another one");
    }

    const FILE: &str = "name: Acme
clientId: loja-42
clientSecret: env:ACME_SECRET
secrets: { partner: env:ACME_PARTNER }
settings: { path: token }
getAuthorizationCode: { get: \"https://sso.acme.example/entrar\" }
getAccessCode:
  post: \"https://sso.acme.example/${path}\"
  form: { client_secret: \"${clientSecret}\", code: \"${code}\" }
  headers: { X-Partner: \"${partner}\" }
getUserInfo:
  post: https://sso.acme.example/me
  json: { of: { key: \"${partner|sha256|hex}\" } }
  read: { id: $.id, email: $.email }
pkce: off
trustEmail: always
";

    /// Attack P-17
    #[test]
    fn a_secret_is_sent_as_before_only_to_the_same_address_and_in_the_same_place_and_form() {
        let sent = |text: &str| provider(text).sent_secrets(&[]);
        let saved = sent(FILE);
        assert_eq!(saved.len(), 3, "{saved:?}");
        let others = |from: &str, to: &str| {
            let text = FILE.replace(from, to);
            assert_ne!(text, FILE, "{from}");
            sent(&text).iter().filter(|mine| !saved.iter().any(|known| known.is_like(mine))).count()
        };

        for (from, to) in [
            ("name: Acme", "name: Clube"),
            ("/entrar", "/login"),
            ("code: \"${code}\"", "code: \"${code}\", x: y"),
            ("X-Partner", "x-partner"),
            ("trustEmail: always", "trustEmail: always\nmissingEmail: ask"),
        ] {
            assert_eq!(others(from, to), 0, "{to}");
        }
        for (from, to, count) in [
            ("client_secret:", "client_id:", 1),
            ("form: {", "query: {", 1),
            ("form: {", "json: {", 1),
            ("X-Partner", "X-Other", 1),
            ("key:", "lock:", 1),
            ("of: { key: \"${partner|sha256|hex}\" }", "key: \"${partner|sha256|hex}\"", 1),
            ("|sha256|hex", "|sha256|base64url", 1),
            ("\"${clientSecret}\"", "\"${clientSecret|upper}\"", 1),
            ("\"${clientSecret}\"", "\"${partner}\"", 1),
            ("\"${clientSecret}\"", "\"a${clientSecret}\"", 1),
            ("path: token", "path: echo", 2),
            ("example/${path}", "example/echo", 2),
            ("example/me", "example/echo", 1),
            ("env:ACME_PARTNER", "env:ACME_SECRET", 2),
        ] {
            assert_eq!(others(from, to), count, "{to}");
        }
    }
}
