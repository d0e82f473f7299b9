//! The login page: a button for each provider, or the user who is already signed in. It works without a script.

use crate::pages::frame::{Frame, address};
use crate::pages::initials::{initial, initials};
use crate::pages::languages::PageLanguage;
use crate::pages::phrases::{Phrases, fill};
use askama::Template;

#[derive(Clone, Debug, Template)]
#[template(path = "login.html")]
pub(crate) struct LoginPage<'a> {
    pub(crate) frame: Frame<'a>,
    /// The providers, in the operator's order.
    pub(crate) choices: Vec<LoginChoice>,
    /// The address of the page, without a language.
    pub(crate) here: String,
    /// The address to which the shopper returns after signing in.
    pub(crate) return_to: Option<&'a str>,
    /// The name of the app for which the person signs in.
    pub(crate) app: Option<&'a str>,
    /// The provider that this browser used last.
    pub(crate) last: Option<&'a str>,
    pub(crate) person: Option<SignedInUser>,
    pub(crate) notice: Option<LoginNotice>,
    /// Whether the visitor is the operator, who is shown how to set up a provider.
    pub(crate) operator: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct LoginChoice {
    /// Its name in addresses.
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) href: String,
    pub(crate) icon: ProviderIcon,
    /// The fields that the shopper fills in before the login starts.
    pub(crate) inputs: Vec<LoginInputField>,
    /// The token of the form that begins the login, where a link begins none.
    pub(crate) form: Option<String>,
}

/// The icon in front of a provider's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProviderIcon {
    /// One or two letters.
    Initials(String),
    /// The address of a picture on the broker's own origin.
    Logo(String),
}

/// A field that the shopper fills in before a login starts.
#[derive(Clone, Debug)]
pub(crate) struct LoginInputField {
    pub(crate) name: String,
    pub(crate) label: String,
    /// The regular expression that the whole value has to match.
    pub(crate) pattern: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct SignedInUser {
    pub(crate) email: String,
    pub(crate) name: Option<String>,
    /// The provider by which the user signed in.
    pub(crate) provider_title: Option<String>,
    /// The address of the store to which the user can continue.
    pub(crate) continue_to: Option<String>,
}

/// The result of the user's last action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginNotice {
    SignedOut,
}

impl LoginPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &Phrases {
        &self.frame.language.phrases
    }

    /// The choice that is drawn as the main button, if there is one, and the others.
    fn main_choice_and_others(&self) -> (Option<&LoginChoice>, Vec<&LoginChoice>) {
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

    fn has_one_choice(&self) -> bool {
        self.choices.len() == 1
    }

    fn is_wide(&self) -> bool {
        self.person.is_none() && self.choices.len() > 6
    }

    fn label(&self, choice: &LoginChoice) -> String {
        fill(&self.words().login.with, &[("name", &choice.title)])
    }

    /// Where the person goes after signing in.
    fn destination_sentence(&self) -> Option<String> {
        let words = &self.words().login;
        match self.app {
            Some(app) => Some(fill(&words.to_app, &[("app", app)])),
            None => self.return_to.is_some().then(|| words.afterwards.clone()),
        }
    }

    fn continue_label(&self) -> String {
        let words = &self.words().person;
        self.app.map_or_else(|| words.go.clone(), |app| fill(&words.go_to_app, &[("app", app)]))
    }

    fn sign_in_sentence(&self, person: &SignedInUser) -> Option<String> {
        let provider = person.provider_title.as_deref()?;
        Some(fill(&self.words().person.with, &[("provider", provider)]))
    }

    fn title(&self) -> &str {
        match (&self.person, self.choices.is_empty()) {
            (Some(_), _) => &self.words().person.title,
            (None, true) => &self.words().login.nobody,
            (None, false) => &self.words().login.title,
        }
    }

    fn setup_hint(&self) -> String {
        fill(&self.words().login.operator, &[("folder", "providers.d")])
    }

    fn in_language(&self, language: &PageLanguage) -> String {
        format!("{}{}lang={}", self.here, if self.here.contains('?') { '&' } else { '?' }, language.code)
    }
}

impl LoginChoice {
    /// The button of a provider, with its logo or its initials.
    pub(crate) fn new(id: &str, title: &str, return_to: Option<&str>, logo: bool, inputs: Vec<LoginInputField>) -> Self {
        let icon = if logo { ProviderIcon::Logo(address(&["logo", id], &[])) } else { ProviderIcon::Initials(initials(title)) };
        let href = address(&["login", id], &[("return_to", return_to)]);
        Self { id: id.to_owned(), title: title.to_owned(), href, icon, inputs, form: None }
    }

    /// The address of its form, without parameters, because a form of the method GET replaces them.
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
    /// The pattern in the dialect of browsers, which want a hyphen at the end of a set escaped.
    pub(crate) fn browser_pattern(&self) -> Option<String> {
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
            assert_eq!(field.browser_pattern().as_deref(), Some(expected));
        }
    }
}
