//! A text that people read: the same for all languages, or one for each.

use crate::vocabulary::place::Located;
use crate::vocabulary::words::{NamedValues, Reader, ValueShape, WordValue};
use crate::vocabulary::yaml::{YamlKind, YamlNode};

/// The text as written.
#[derive(Clone, Debug)]
pub(crate) enum LocalizedTextSpec {
    Same(Located<String>),
    ByLanguage(NamedValues<Located<String>>),
}

/// The text as meant: the tags of languages with their texts. The first one is for all languages without a text of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalizedText(Box<[(Box<str>, Box<str>)]>);

impl WordValue for LocalizedTextSpec {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let YamlKind::Map(entries) = &node.kind else { return <Located<String> as WordValue>::read(node, reader).map(Self::Same) };
        for entry in entries {
            if !is_language_tag(&entry.key.value) {
                let message = format!("`{}` is not the tag of a language", entry.key.value);
                reader.complain(entry.key.place, message, "write a text for each language: `{ pt-BR: …, en: … }`");
            }
        }
        if entries.is_empty() {
            reader.complain(node.place, "there is no text", "write a text, or one for each language: `{ pt-BR: …, en: … }`");
        }
        NamedValues::read(node, reader).map(Self::ByLanguage)
    }
    fn shape() -> ValueShape {
        ValueShape::Either(vec![<Located<String> as WordValue>::shape(), <NamedValues<Located<String>> as WordValue>::shape()])
    }
}

impl LocalizedTextSpec {
    /// Every text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &Located<String>> {
        let (same, by_language) = match self {
            Self::Same(text) => (Some(text), None),
            Self::ByLanguage(texts) => (None, Some(texts)),
        };
        same.into_iter().chain(by_language.into_iter().flat_map(|texts| texts.0.iter().map(|(_, text)| text)))
    }

    pub(crate) fn compile(&self) -> LocalizedText {
        let pair = |language: &str, text: &Located<String>| -> (Box<str>, Box<str>) { (language.into(), text.value.as_str().into()) };
        LocalizedText(match self {
            Self::Same(text) => [pair("", text)].into(),
            Self::ByLanguage(texts) => texts.0.iter().map(|(language, text)| pair(&language.value, text)).collect(),
        })
    }
}

impl LocalizedText {
    /// The tags of the languages; an empty one stands for all.
    pub(crate) fn languages(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(language, _)| &**language)
    }

    /// The text for a language: its own, that of the same language of another country, otherwise the first.
    pub(crate) fn in_language(&self, code: &str) -> &str {
        let family = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let own = self.0.iter().find(|(language, _)| language.eq_ignore_ascii_case(code));
        let related = || self.0.iter().find(|(language, _)| family(language) == family(code));
        own.or_else(related).or_else(|| self.0.first()).map_or("", |(_, text)| text)
    }
}

/// Whether a text has the form of a tag such as `pt-BR` (RFC 5646).
pub(crate) fn is_language_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let letters = (2..=8).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphabetic());
    text.len() <= 35 && letters && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_for_every_language() {
        let pairs = [("pt-BR", "Loja"), ("en", "Shop"), ("zh-TW", "商店")];
        let texts = LocalizedText(pairs.map(|(language, text)| (language.into(), text.into())).into());
        for (code, expected) in [("pt-BR", "Loja"), ("PT-br", "Loja"), ("pt", "Loja"), ("en-GB", "Shop"), ("zh-TW", "商店"), ("ja", "Loja")]
        {
            assert_eq!(texts.in_language(code), expected, "{code}");
        }
        assert_eq!(LocalizedText([("".into(), "Shop".into())].into()).in_language("ja"), "Shop");
    }
}
