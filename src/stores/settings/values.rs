//! Values of several settings: a list that may be empty, and a text that may be none.

use crate::vocabulary::place::Located;
use crate::vocabulary::words::{OneOrMany, Reader, ValueShape, WordValue, read_scalar};
use crate::vocabulary::yaml::{YamlKind, YamlNode};

/// One text or several; unlike other lists, it may be empty.
#[derive(Clone, Debug)]
pub(crate) struct PossiblyEmptyList(pub(crate) Vec<Located<String>>);

impl WordValue for PossiblyEmptyList {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        match &node.kind {
            YamlKind::List(nodes) if nodes.is_empty() => Some(Self(Vec::new())),
            YamlKind::List(_) | YamlKind::Scalar { .. } | YamlKind::Map(_) => OneOrMany::read(node, reader).map(|texts| Self(texts.0)),
        }
    }
    fn shape() -> ValueShape {
        OneOrMany::<Located<String>>::shape()
    }
}

/// A text, or `null` for none of it.
#[derive(Clone, Debug)]
pub(crate) struct NullableText(pub(crate) Option<Located<String>>);

impl WordValue for NullableText {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        if node.is_null() { Some(Self(None)) } else { read_scalar(node, reader).map(|text| Self(Some(text))) }
    }
    fn shape() -> ValueShape {
        ValueShape::Either(vec![ValueShape::Text("a text"), ValueShape::Nothing])
    }
}
