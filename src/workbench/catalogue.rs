//! The provider files of the catalogue, which the program holds: an installed program has no checkout. A new file may begin with one.

pub mod gallery; //         the pages of `docs/providers`
pub(crate) mod gallery_page; //    what a page of the gallery says about a provider
pub(crate) mod gallery_phrases; // the words of the gallery, in its languages
pub(crate) mod page_block; //      the parts of a page, and how they are written as Markdown and for a terminal
pub(crate) mod sheet; //           one file of the catalogue, compiled, with the titles of its examples
pub(crate) mod summary; //         what lists show of each file, and how one is found by words

use crate::provider::declared_values::variable_beginning;

/// A file of the catalogue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CatalogueFile {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
    /// The file of its examples.
    pub(crate) examples: &'static str,
}

/// The files, sorted by name.
pub(crate) const CATALOGUE: &[CatalogueFile] = include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// The file of this name.
pub(crate) fn catalogue_file(name: &str) -> Option<&'static CatalogueFile> {
    CATALOGUE.iter().find(|file| file.name == name)
}

/// The text with the variables of the new name in place of those of the other one, which a file of another name may not read.
pub(crate) fn own_variables(text: &str, other: &str, name: &str) -> String {
    let variables = |name: &str| format!("env:{}_", variable_beginning(name));
    text.replace(&variables(other), &variables(name))
}

#[cfg(test)]
mod tests;
