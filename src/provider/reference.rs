//! Where a value of this installation is kept: a variable, a file, or the provider file itself for what is no secret.

use crate::place::{At, Place};
use crate::words::{Desk, Shape, Word, scalar};
use crate::yaml::Node;
use std::path::PathBuf;

/// Where a value is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// In a variable of the environment.
    Variable(Box<str>),
    /// In a file.
    File(Box<str>),
    /// In the provider file itself.
    Literal(Box<str>),
}

impl Reference {
    fn parse(text: &At<String>, desk: &mut Desk) -> Option<Self> {
        let name_of = |prefix: &str| text.strip_prefix(prefix).map(str::trim);
        if let Some(name) = name_of("env:") {
            let fine = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if !fine {
                desk.complain(
                    text.place,
                    format!("`{name}` is not the name of a variable"),
                    "write letters, digits and `_`: `env:ACME_SECRET`",
                );
                return None;
            }
            return Some(Self::Variable(name.into()));
        }
        if let Some(path) = name_of("file:") {
            if path.is_empty() || path.contains('\0') {
                desk.complain(text.place, "`file:` names no file", "write its path: `file:/run/secrets/acme`");
                return None;
            }
            return Some(Self::File(path.into()));
        }
        for prefix in ["env.", "$ENV", "${env", "ENV:", "{{"] {
            if text.starts_with(prefix) {
                desk.complain(text.place, format!("`{}` is not how a variable is named here", text.value), "write `env:NAME`");
                return None;
            }
        }
        Some(Self::Literal(text.value.as_str().into()))
    }

    /// The file, if it is kept in one.
    pub fn file(&self) -> Option<PathBuf> {
        if let Self::File(path) = self { Some(PathBuf::from(&**path)) } else { None }
    }

    /// How a person would say where it is: the variable or the file.
    pub fn wanted(&self) -> String {
        match self {
            Self::Variable(name) => name.to_string(),
            Self::File(path) => format!("file:{path}"),
            Self::Literal(_) => String::new(),
        }
    }
}

impl Word for At<Reference> {
    fn read(node: &Node, desk: &mut Desk) -> Option<Self> {
        let text = scalar(node, desk)?;
        Reference::parse(&text, desk).map(|reference| At::new(reference, text.place))
    }
    fn shape() -> Shape {
        Shape::Text("a text, `env:NAME` or `file:PATH`")
    }
}

/// Where a secret is kept: never in the file itself.
#[derive(Clone, Debug)]
pub struct SecretReference(pub Reference, pub Place);

impl Word for SecretReference {
    fn read(node: &Node, desk: &mut Desk) -> Option<Self> {
        let text = scalar(node, desk)?;
        match Reference::parse(&text, desk)? {
            Reference::Literal(_) => {
                desk.complain(
                    text.place,
                    "a secret may not stand in the file",
                    "keep it in a variable or a file, and write where: `env:NAME` or `file:PATH`",
                );
                None
            }
            kept => Some(Self(kept, text.place)),
        }
    }
    fn shape() -> Shape {
        Shape::Text("`env:NAME` or `file:PATH`")
    }
}

/// The client's secret: kept somewhere, or `none` for a public client.
#[derive(Clone, Debug)]
pub enum ClientSecret {
    /// Kept somewhere.
    Kept(SecretReference),
    /// There is none.
    None,
}

impl Word for ClientSecret {
    fn read(node: &Node, desk: &mut Desk) -> Option<Self> {
        if scalar(node, &mut Desk::default()).is_some_and(|text| text.value == "none") {
            return Some(Self::None);
        }
        SecretReference::read(node, desk).map(Self::Kept)
    }
    fn shape() -> Shape {
        Shape::Either(vec![Shape::Choice(&["none"]), SecretReference::shape()])
    }
}
