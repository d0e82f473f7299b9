//! The provider files of the catalogue, which the program holds: an installed program has no checkout. A new file may begin with one.

use crate::provider::declared_values::variable_beginning;

/// The files by name.
pub(crate) const CATALOGUE: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// The text of the file of this name.
pub(crate) fn catalogue_text(name: &str) -> Option<&'static str> {
    CATALOGUE.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The text with the variables of the new name in place of those of the other one, which a file of another name may not read.
pub(crate) fn own_variables(text: &str, other: &str, name: &str) -> String {
    let variables = |name: &str| format!("env:{}_", variable_beginning(name));
    text.replace(&variables(other), &variables(name))
}
