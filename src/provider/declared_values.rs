//! The settings and secrets that a file declares: those that are written in it, and those that are kept elsewhere.

use crate::provider::facts::WellKnownFacts;
use crate::provider::provider_spec::ProviderSpec;
use crate::provider::step_context::check_own_name;
use crate::provider::value_reference::{ClientSecretReference, ValueReference};
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place, Source};
use crate::vocabulary::secret_names::is_secret_setting;
use crate::vocabulary::words::{Reader, WordValue as _};

/// A setting or secret that must be set for a provider.
#[derive(Clone, Debug)]
pub struct RequiredSetting {
    /// The fact that it becomes.
    pub fact: Slot,
    /// Where it is kept.
    pub reference: ValueReference,
    /// Whether it is never shown.
    pub(crate) secret: bool,
    /// Where that was written.
    pub(crate) place: Place,
    /// Where `reference` is written; `None` if the file leaves it out and the usual variable holds the value.
    pub(crate) reference_place: Option<Place>,
}

/// The beginning of the variables of a provider or a store: its name in capitals, with `_` for every character that is no letter
/// and no digit.
pub(crate) fn variable_beginning(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' }).collect()
}

/// The endings of the variables that hold the client of a provider unless its file says otherwise.
pub(crate) const CLIENT_VARIABLES: [&str; 2] = ["CLIENT_ID", "CLIENT_SECRET"];

/// The variables and files that a provider file names, even if the file has mistakes elsewhere.
pub(crate) fn written_references(source: &Source) -> Vec<Located<ValueReference>> {
    let mut reader = Reader::default();
    let spec = reader.parse_source(source, "").and_then(|node| ProviderSpec::read(&node, &mut reader));
    let Some(spec) = spec else { return Vec::new() };
    let settings = spec.settings.iter().flat_map(|settings| &settings.0).map(|(_, setting)| setting.clone());
    let secrets = spec.secrets.iter().flat_map(|secrets| &secrets.0).map(|(_, secret)| Located::new(secret.0.clone(), secret.1));
    let client_secret = spec.client_secret.iter().filter_map(|secret| match secret {
        ClientSecretReference::Kept(kept) => Some(Located::new(kept.0.clone(), kept.1)),
        ClientSecretReference::None => None,
    });
    spec.client_id.iter().cloned().chain(settings).chain(secrets).chain(client_secret).collect()
}

/// The settings and secrets of a file: those that are kept elsewhere, and those that are written in the file.
pub(crate) struct DeclaredValues {
    pub(crate) needed: Vec<RequiredSetting>,
    /// Written in the file: fact, text, place.
    pub(crate) literals: Vec<(Slot, Box<str>, Place)>,
    /// Whether the client has a secret.
    pub(crate) has_secret: bool,
    /// The fact `clientSecret`, whether or not there is a secret.
    pub(crate) client_secret: Slot,
    /// The place of `clientSecret`, if the file has it.
    pub(crate) secret_place: Option<Place>,
}

impl DeclaredValues {
    /// Whether a fact is kept secret by this installation.
    pub(crate) fn is_secret(&self, fact: Slot) -> bool {
        fact == self.client_secret || self.needed.iter().any(|needed| needed.secret && needed.fact == fact)
    }

    /// The facts that may be part of a host.
    pub(crate) fn non_secret_facts(&self) -> Vec<Slot> {
        let kept = self.needed.iter().filter(|needed| !needed.secret).map(|needed| needed.fact);
        kept.chain(self.literals.iter().map(|(fact, ..)| *fact)).collect()
    }

    /// Collects the values that a file declares. Without `clientId` and `clientSecret` the usual variables are used.
    pub(crate) fn collect(spec: &mut ProviderSpec, name: &str, known: WellKnownFacts, reader: &mut Reader) -> Self {
        let capitals = variable_beginning(name);
        let [client_id, client_secret] = CLIENT_VARIABLES;
        let variable = |ending: &str| ValueReference::Variable(format!("{capitals}_{ending}").into());
        let mut installed =
            Self { needed: Vec::new(), literals: Vec::new(), has_secret: true, client_secret: known.client_secret, secret_place: None };
        let mut keep =
            |fact: Slot, reference: ValueReference, secret: bool, (place, reference_place): (Place, Option<Place>)| match reference {
                ValueReference::Literal(text) => installed.literals.push((fact, text, place)),
                kept => installed.needed.push(RequiredSetting { fact, reference: kept, secret, place, reference_place }),
            };
        match spec.client_id.take() {
            Some(id) => {
                if let ValueReference::Literal(text) = &id.value
                    && (text.trim().is_empty() || text.chars().any(char::is_control) || text.starts_with(['$', '<', '{', '%']))
                {
                    reader.complain(
                        id.place,
                        format!("`{}` is not a client id", printable(text)),
                        "write the client id that the provider gave, or where it is kept: `env:NAME`",
                    );
                }
                keep(known.client_id, id.value, false, (id.place, Some(id.place)));
            }
            None => keep(known.client_id, variable(client_id), false, (spec.place, None)),
        }
        for (name, setting) in spec.settings.take().unwrap_or_default().0 {
            check_own_name(&name, name.place, reader);
            if let ValueReference::Literal(text) = &setting.value {
                check_literal_setting(&name, text, setting.place, reader);
            }
            keep(reader.names.intern(&name), setting.value, false, (name.place, Some(setting.place)));
        }
        for (name, secret) in spec.secrets.take().unwrap_or_default().0 {
            check_own_name(&name, name.place, reader);
            keep(reader.names.intern(&name), secret.0, true, (name.place, Some(secret.1)));
        }
        match spec.client_secret.take() {
            Some(ClientSecretReference::Kept(kept)) => {
                keep(known.client_secret, kept.0, true, (kept.1, Some(kept.1)));
                installed.secret_place = Some(kept.1);
            }
            Some(ClientSecretReference::None) => installed.has_secret = false,
            None => keep(known.client_secret, variable(client_secret), true, (spec.place, None)),
        }
        installed
    }
}

fn check_literal_setting(name: &Located<String>, text: &str, place: Place, reader: &mut Reader) {
    if text.contains("${") {
        reader.complain(place, "holes are not filled in `settings`", "write the value, or where it is kept: `env:NAME`");
    } else if is_secret_setting(&name.value) {
        reader.complain(
            place,
            format!("`{}` sounds like a secret, which may not stand in the file", name.value),
            "put it under `secrets`, and keep it in a variable or a file: `env:NAME`",
        );
    }
}
