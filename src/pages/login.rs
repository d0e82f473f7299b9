//! The login page: one button a way in, or who is signed in already. It works without a script.

use crate::pages::frame::{Frame, address};
use crate::pages::initials::{initial, initials};
use crate::pages::languages::PageLanguage;
use crate::pages::phrases::{Phrases, fill};
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "login.html")]
pub(crate) struct LoginPage<'a> {
    /// What stands around it.
    pub(crate) frame: Frame<'a>,
    /// The ways in, in the operator's order.
    pub(crate) choices: Vec<LoginChoice>,
    /// Where the shopper goes afterwards.
    pub(crate) return_to: Option<&'a str>,
    /// The id of the way that was used last.
    pub(crate) last: Option<&'a str>,
    /// Who is signed in.
    pub(crate) person: Option<SignedInUser>,
    /// What has just happened.
    pub(crate) notice: Option<LoginNotice>,
    /// Whether the reader looks after the installation, so that they are told how a way in is set up.
    pub(crate) operator: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct LoginChoice {
    /// Its id, as in addresses.
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) href: String,
    /// What stands before its name.
    pub(crate) mark: ProviderIcon,
    /// What is asked before it begins.
    pub(crate) inputs: Vec<LoginInputField>,
}

/// What stands before a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProviderIcon {
    /// One or two letters.
    Initials(String),
    /// The address of a picture, on our own origin.
    Logo(String),
}

/// Something that is asked before a login begins.
#[derive(Clone, Debug)]
pub(crate) struct LoginInputField {
    pub(crate) name: String,
    /// What it is called.
    pub(crate) label: String,
    /// The regular expression that the whole value has to match.
    pub(crate) pattern: Option<String>,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct SignedInUser {
    pub(crate) email: String,
    pub(crate) name: Option<String>,
    /// How they came in.
    pub(crate) provider_title: Option<String>,
    /// Since when, in words.
    pub(crate) when: Option<String>,
    /// Where they go on.
    pub(crate) continue_to: Option<String>,
}

/// Something that has just happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginNotice {
    /// The shopper has signed out.
    SignedOut,
}

impl LoginPage<'_> {
    /// The page as HTML.
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &Phrases {
        &self.frame.language.phrases
    }

    /// The one choice that is loudest, and the rest.
    fn ranked(&self) -> (Option<&LoginChoice>, Vec<&LoginChoice>) {
        let first = match (self.last, self.choices.as_slice()) {
            (_, [only]) => Some(only),
            (Some(last), choices) => choices.iter().find(|choice| choice.id == last),
            (None, _) => None,
        };
        let rest = self.choices.iter().filter(|choice| first.is_none_or(|first| first.id != choice.id)).collect();
        (first, rest)
    }

    fn was_last(&self, choice: &LoginChoice) -> bool {
        self.last == Some(choice.id.as_str())
    }

    fn only(&self) -> bool {
        self.choices.len() == 1
    }

    fn many(&self) -> bool {
        self.person.is_none() && self.choices.len() > 6
    }

    fn label(&self, choice: &LoginChoice) -> String {
        fill(&self.words().login.with, &[("name", &choice.title)])
    }

    fn came_with(&self, person: &SignedInUser) -> Option<String> {
        let provider = person.provider_title.as_deref()?;
        Some(match &person.when {
            Some(when) => fill(&self.words().person.with_since, &[("provider", provider), ("when", when)]),
            None => fill(&self.words().person.with, &[("provider", provider)]),
        })
    }

    fn title(&self) -> &str {
        match (&self.person, self.choices.is_empty()) {
            (Some(_), _) => &self.words().person.title,
            (None, true) => &self.words().login.nobody,
            (None, false) => &self.words().login.title,
        }
    }

    fn operators_hint(&self) -> String {
        fill(&self.words().login.operator, &[("folder", "providers.d")])
    }

    fn in_language(&self, language: &PageLanguage) -> String {
        address(&["login"], &[("lang", Some(&language.code)), ("return_to", self.return_to)])
    }

    fn back_here(&self) -> String {
        address(&["login"], &[("return_to", self.return_to)])
    }
}

impl LoginChoice {
    /// A way in that begins at its usual address, with its logo or its initials.
    pub(crate) fn new(id: &str, title: &str, return_to: Option<&str>, logo: bool, inputs: Vec<LoginInputField>) -> Self {
        let mark = if logo { ProviderIcon::Logo(address(&["logo", id], &[])) } else { ProviderIcon::Initials(initials(title)) };
        let href = address(&["login", id], &[("return_to", return_to)]);
        Self { id: id.to_owned(), title: title.to_owned(), href, mark, inputs }
    }

    /// Where its form goes: a form writes the parameters itself.
    fn action(&self) -> &str {
        self.href.split_once('?').map_or(&self.href, |(path, _)| path)
    }
}

impl SignedInUser {
    fn initial(&self) -> String {
        initial(self.name.as_deref(), &self.email)
    }
}

impl LoginInputField {
    /// The pattern as browsers want it: in a set, a hyphen at the end is written with a backslash.
    pub(crate) fn in_browsers(&self) -> Option<String> {
        let pattern = self.pattern.as_ref()?;
        Some(pattern.replace("\\-]", "-]").replace("-]", "\\-]"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_written_for_browsers() {
        for (pattern, expected) in [("[a-z0-9-]{1,60}", "[a-z0-9\\-]{1,60}"), ("[a\\-]", "[a\\-]"), ("[a-z]+", "[a-z]+")] {
            let field = LoginInputField { name: String::new(), label: String::new(), pattern: Some(pattern.to_owned()) };
            assert_eq!(field.in_browsers().as_deref(), Some(expected));
        }
    }
}
