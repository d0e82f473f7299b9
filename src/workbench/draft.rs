//! A provider file in the making: its lines, each with the reason for it as a comment.

use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::yaml::writer::{YamlLine, write_block};

/// A provider file in the making.
#[derive(Clone, Debug, Default)]
pub struct ProviderDraft {
    /// The comment lines above the first word, each without its mark.
    pub head: Vec<String>,
    /// The lines of the file's top level.
    pub words: Vec<YamlLine>,
}

impl ProviderDraft {
    /// The file's text, with the reasons as comments.
    pub fn to_yaml(&self) -> String {
        let mut text = String::from("# yaml-language-server: $schema=../schemas/provider.schema.json\n");
        for line in &self.head {
            text.push_str("# ");
            text.push_str(printable(line).trim_end());
            text.push('\n');
        }
        write_block(&self.words, 0, &mut text);
        text
    }

    /// Adds a line at the top level.
    pub(crate) fn push(&mut self, line: YamlLine) {
        self.words.push(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::yaml::writer::YamlValue;

    #[test]
    fn a_draft_becomes_a_file_with_its_reasons() {
        let id = YamlValue::List(vec![YamlValue::text("$.a"), YamlValue::text("$['b-c']")]);
        let call = vec![
            YamlLine::new("get", YamlValue::text("https://a.example/me")),
            YamlLine::new("read", YamlValue::Block(vec![YamlLine::new("id", id)])),
        ];
        let draft = ProviderDraft {
            head: vec!["A shop.".to_owned()],
            words: vec![
                YamlLine::new("name", YamlValue::text("Clube: Acme")),
                YamlLine::with_comment("pkce", YamlValue::Bare("off".to_owned()), "no challenge was sent\u{1b}"),
                YamlLine::new("getUserInfo", YamlValue::Items(vec![YamlValue::Block(call)])),
            ],
        };

        assert_eq!(
            draft.to_yaml(),
            "# yaml-language-server: $schema=../schemas/provider.schema.json\n# A shop.\nname: \"Clube: Acme\"\n\
             pkce: off                                               # no challenge was sent\\u{1b}\n\
             getUserInfo:\n  - get: https://a.example/me\n    read:\n      id: [ $.a, \"$['b-c']\" ]\n"
        );
    }
}
