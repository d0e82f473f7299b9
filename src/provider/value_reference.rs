//! Where a value of this installation is kept: a variable, a file, or the provider file itself for what is no secret.

use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::{Reader, ValueShape, WordValue, read_scalar};
use crate::vocabulary::yaml::YamlNode;
use std::path::{Path, PathBuf};

/// Where a value is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ValueReference {
    /// In a variable of the environment.
    Variable(Box<str>),
    /// In a file.
    File(Box<str>),
    /// In a file that a provider file may read, with what was found there when that was judged; `None` if nothing was. What has taken its
    /// place since is not read.
    JudgedFile { path: Box<str>, found: Option<FoundFile> },
    /// In the provider file itself.
    Literal(Box<str>),
}

/// A file as it was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundFile {
    /// Its path without links.
    pub(crate) real: Box<Path>,
    pub(crate) id: FileId,
}

/// The number of a disk, and the number of a file on it.
pub(crate) type FileId = (u64, u64);

impl ValueReference {
    fn parse(text: &Located<String>, reader: &mut Reader) -> Option<Self> {
        let name_of = |prefix: &str| text.strip_prefix(prefix).map(str::trim);
        if let Some(name) = name_of("env:") {
            let fine = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if !fine {
                reader.complain(
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
                reader.complain(text.place, "`file:` names no file", "write its path: `file:secrets/acme`");
                return None;
            }
            return Some(Self::File(path.into()));
        }
        for prefix in ["env.", "$ENV", "${env", "ENV:", "{{"] {
            if text.starts_with(prefix) {
                reader.complain(text.place, format!("`{}` is not how a variable is named here", text.value), "write `env:NAME`");
                return None;
            }
        }
        Some(Self::Literal(text.value.as_str().into()))
    }

    /// The file, if it is kept in one.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        match self {
            Self::File(path) | Self::JudgedFile { path, .. } => Some(PathBuf::from(&**path)),
            Self::Variable(_) | Self::Literal(_) => None,
        }
    }

    /// The name of the variable, or `file:` and the path.
    pub fn location(&self) -> String {
        match self {
            Self::Variable(name) => name.to_string(),
            Self::File(path) | Self::JudgedFile { path, .. } => format!("file:{path}"),
            Self::Literal(_) => String::new(),
        }
    }
}

impl WordValue for Located<ValueReference> {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let text = read_scalar(node, reader)?;
        ValueReference::parse(&text, reader).map(|reference| Located::new(reference, text.place))
    }
    fn shape() -> ValueShape {
        ValueShape::Text("a text, `env:NAME` or `file:PATH`")
    }
}

/// Where a secret is kept: never in the file itself.
#[derive(Clone, Debug)]
pub(crate) struct SecretReference(pub(crate) ValueReference, pub(crate) Place);

impl WordValue for SecretReference {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let text = read_scalar(node, reader)?;
        match ValueReference::parse(&text, reader)? {
            ValueReference::Literal(_) => {
                reader.complain(
                    text.place,
                    "a secret may not stand in the file",
                    "keep it in a variable or a file, and write where: `env:NAME` or `file:PATH`",
                );
                None
            }
            kept => Some(Self(kept, text.place)),
        }
    }
    fn shape() -> ValueShape {
        ValueShape::Text("`env:NAME` or `file:PATH`")
    }
}

/// The client's secret: kept somewhere, or `none` for a public client.
#[derive(Clone, Debug)]
pub(crate) enum ClientSecretReference {
    Kept(SecretReference),
    None,
}

impl WordValue for ClientSecretReference {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        if read_scalar(node, &mut Reader::default()).is_some_and(|text| text.value == "none") {
            return Some(Self::None);
        }
        SecretReference::read(node, reader).map(Self::Kept)
    }
    fn shape() -> ValueShape {
        ValueShape::Either(vec![ValueShape::Choice(&["none"]), SecretReference::shape()])
    }
}
