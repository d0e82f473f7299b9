//! The settings and secrets that a file declares: those that are written in it, and those that are kept elsewhere.

use crate::provider::facts::WellKnownFacts;
use crate::provider::provider_spec::ProviderSpec;
use crate::provider::step_context::check_own_name;
use crate::provider::value_reference::{ClientSecretReference, ValueReference};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::secret_names::is_secret_setting;
use crate::vocabulary::words::Reader;

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
        let capitals: String =
            name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' }).collect();
        let variable = |ending: &str| ValueReference::Variable(format!("{capitals}_{ending}").into());
        let mut installed =
            Self { needed: Vec::new(), literals: Vec::new(), has_secret: true, client_secret: known.client_secret, secret_place: None };
        let mut keep = |fact: Slot, reference: ValueReference, secret: bool, place: Place| match reference {
            ValueReference::Literal(text) => installed.literals.push((fact, text, place)),
            kept => installed.needed.push(RequiredSetting { fact, reference: kept, secret, place }),
        };
        match spec.client_id.take() {
            Some(id) => {
                if let ValueReference::Literal(text) = &id.value
                    && (text.trim().is_empty() || text.chars().any(char::is_control) || text.starts_with(['$', '<', '{', '%']))
                {
                    reader.complain(
                        id.place,
                        format!("`{}` is not a client's name", crate::vocabulary::diagnostic::printable(text)),
                        "write the name that the provider gave, or where it is kept: `env:NAME`",
                    );
                }
                keep(known.client_id, id.value, false, id.place);
            }
            None => keep(known.client_id, variable("CLIENT_ID"), false, spec.place),
        }
        for (name, setting) in spec.settings.take().unwrap_or_default().0 {
            check_own_name(&name, name.place, reader);
            if let ValueReference::Literal(text) = &setting.value {
                check_literal_setting(&name, text, setting.place, reader);
            }
            keep(reader.names.intern(&name), setting.value, false, name.place);
        }
        for (name, secret) in spec.secrets.take().unwrap_or_default().0 {
            check_own_name(&name, name.place, reader);
            keep(reader.names.intern(&name), secret.0, true, name.place);
        }
        match spec.client_secret.take() {
            Some(ClientSecretReference::Kept(kept)) => {
                keep(known.client_secret, kept.0, true, kept.1);
                installed.secret_place = Some(kept.1);
            }
            Some(ClientSecretReference::None) => installed.has_secret = false,
            None => keep(known.client_secret, variable("CLIENT_SECRET"), true, spec.place),
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
