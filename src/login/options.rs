//! What the address of a login asks for: whom to sign in, in which language, and whether anew. It comes from anyone who makes a link,
//! so it is bounded, and it reaches the provider only where the file names it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest `login_hint`, in characters.
const LONGEST_HINT: usize = 200;
/// The longest `ui_locales`, and the most languages in it.
const LONGEST_LOCALES: usize = 100;
const MOST_LOCALES: usize = 10;

/// The options of a login, from the query of its address. `login_hint` is personal data, so `Debug` shows none of them.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginOptions {
    /// Who wants to sign in: an address or a name that the provider knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) login_hint: Option<Box<str>>,
    /// The languages that the person reads, the best first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ui_locales: Option<Box<str>>,
    /// Whether the provider has to ask the person for their credentials, although it knows them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) reauthenticates: bool,
}

impl fmt::Debug for LoginOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginOptions").finish_non_exhaustive()
    }
}

impl LoginOptions {
    /// Reads the parameters of an address; `None` if one of them cannot be passed on.
    pub(crate) fn parse(login_hint: Option<String>, ui_locales: Option<String>, reauthenticate: Option<&str>) -> Option<Self> {
        let login_hint = login_hint.filter(|hint| !hint.is_empty());
        let ui_locales = ui_locales.filter(|locales| !locales.is_empty());
        if !login_hint.as_deref().is_none_or(is_hint) || !ui_locales.as_deref().is_none_or(are_locales) {
            return None;
        }
        let reauthenticates = match reauthenticate {
            None | Some("" | "false") => false,
            Some("true") => true,
            Some(_) => return None,
        };
        Some(Self { login_hint: login_hint.map(Into::into), ui_locales: ui_locales.map(Into::into), reauthenticates })
    }
}

fn is_hint(hint: &str) -> bool {
    hint.chars().count() <= LONGEST_HINT && !hint.chars().any(char::is_control)
}

/// Language tags (BCP 47), separated by blanks.
fn are_locales(locales: &str) -> bool {
    let is_tag = |tag: &str| {
        let mut parts = tag.split('-');
        let first = parts.next().is_some_and(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic()));
        first && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
    };
    locales.len() <= LONGEST_LOCALES && locales.split(' ').count() <= MOST_LOCALES && locales.split(' ').all(is_tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_passed_on_is_taken() {
        let parse = |hint: &str, locales: &str, again: &str| {
            let given = |text: &str| Some(text.to_owned());
            LoginOptions::parse(given(hint), given(locales), Some(again)).is_some()
        };
        for (hint, locales, again, fine) in [
            ("ana@loja.example", "pt-BR es en", "true", true),
            ("", "", "", true),
            ("Ana da Silva", "zh-Hant-TW", "false", true),
            ("a\nb", "", "", false),
            (&"a".repeat(201), "", "", false),
            ("", "pt_BR", "", false),
            ("", "pt-BR  es", "", false),
            ("", "<script>", "", false),
            ("", "aa bb cc dd ee ff gg hh ii jj kk", "", false),
            ("", "", "1", false),
        ] {
            assert_eq!(parse(hint, locales, again), fine, "{hint:?} {locales:?} {again:?}");
        }
    }

    #[test]
    fn nothing_of_it_is_logged() {
        let options = LoginOptions { login_hint: Some("ana@loja.example".into()), ..LoginOptions::default() };

        assert!(!format!("{options:?}").contains("ana"));
    }
}
