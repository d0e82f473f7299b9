//! The word `reauthenticate`: how the provider is asked to let a person log in anew.

use crate::provider::parameters::{self, Parameter, ParameterValues};
use crate::provider::step_context::StepContext;
use crate::provider::template::Template;
use crate::vocabulary::diagnostic::did_you_mean;
use crate::vocabulary::place::Place;
use crate::vocabulary::words::{NamedValues, Reader, ValueShape, WordValue, complain_not_among, read_scalar};
use crate::vocabulary::yaml::{YamlKind, YamlNode};

/// How a login anew is asked for, as the file writes it.
#[derive(Clone, Debug)]
pub(crate) enum Reauthentication {
    /// By these parameters.
    Parameters(NamedValues<ParameterValues>),
    /// The provider cannot be asked for it.
    Unsupported,
}

impl Reauthentication {
    /// The parameters that ask for a login anew; with discovery the standard's, unless the file writes the word.
    pub(crate) fn compile(written: Option<&Self>, place: Place, context: &StepContext<'_>, reader: &mut Reader) -> Vec<Parameter> {
        match written {
            Some(Self::Parameters(written)) => parameters::compile(&written.0, reader),
            None if context.discovery => {
                let literal = |name: &str, value: &str| Parameter::new(name, Template::literal(value, place));
                vec![literal("prompt", "login"), literal("max_age", "0")]
            }
            Some(Self::Unsupported) | None => Vec::new(),
        }
    }
}

impl WordValue for Reauthentication {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        match &node.kind {
            YamlKind::Scalar { .. } => {
                let text = read_scalar(node, reader)?;
                if text.as_str() == "none" {
                    return Some(Self::Unsupported);
                }
                if did_you_mean(&text, ["none"]).is_some() {
                    complain_not_among(&text, &["none"], reader);
                } else {
                    let help =
                        "write the parameters that ask for it, such as `{ prompt: login }`, or `none` for a provider that cannot be asked";
                    reader.complain(text.place, format!("`{}` is no block of parameters", text.value), help);
                }
                None
            }
            YamlKind::Map(entries) if entries.is_empty() => {
                let help = "write `reauthenticate: none`, or the parameters that ask for it, such as `{ prompt: login }`";
                reader.warn(node.place, "an empty block means that the provider cannot be asked for a login anew", help);
                Some(Self::Unsupported)
            }
            YamlKind::Map(_) | YamlKind::List(_) => NamedValues::read(node, reader).map(Self::Parameters),
        }
    }
    fn shape() -> ValueShape {
        ValueShape::Either(vec![ValueShape::Choice(&["none"]), NamedValues::<ParameterValues>::shape()])
    }
}
