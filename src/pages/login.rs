//! The login page: a button for each provider, or the user who is already signed in. It works without a script.

use crate::pages::frame::{Frame, address};
use crate::pages::in_app_browser::{self, InAppBrowser};
use crate::pages::initials::{initial, initials};
use crate::pages::passkey::{NewPasskeyForm, PasskeyForm};
use crate::pages::phrases::{Phrases, fill, in_a_row};
use crate::provider::passkey::PASSKEY;
use askama::Template;

/// From so many choices on they stand in two columns.
const LONG: usize = 8;

#[derive(Clone, Debug, Template)]
#[template(path = "login.html")]
pub(crate) struct LoginPage<'a> {
    pub(crate) frame: Frame<'a>,
    /// The providers, in the operator's order.
    pub(crate) choices: Vec<LoginChoice>,
    /// The address to which the shopper returns after signing in.
    pub(crate) return_to: Option<&'a str>,
    /// The name of the place at this address.
    pub(crate) place: Option<String>,
    /// The name of the app for which the person signs in.
    pub(crate) app: Option<&'a str>,
    /// The form that sends a code to an e-mail address.
    pub(crate) email_code: Option<EmailCodeForm>,
    /// The form that signs in by a passkey.
    pub(crate) passkey: Option<PasskeyForm>,
    /// The form that offers a passkey to the person who is signed in.
    pub(crate) new_passkey: Option<NewPasskeyForm>,
    /// Where the page is shown in the browser of an app in which some providers refuse sign-ins.
    pub(crate) in_app: Option<InAppNotice>,
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
    /// What the form with these fields sends along.
    pub(crate) carried: Vec<(&'static str, String)>,
    /// The token of the form that begins the login, where a link begins none.
    pub(crate) form: Option<String>,
}

/// The form that begins a sign-in by a code.
#[derive(Clone, Debug)]
pub(crate) struct EmailCodeForm {
    /// Where it goes.
    pub(crate) action: String,
    /// Its token.
    pub(crate) form: String,
}

/// What the page says in the browser of an app.
#[derive(Clone, Debug)]
pub(crate) struct InAppNotice {
    pub(crate) browser: InAppBrowser,
    /// The titles of the providers that refuse sign-ins here; they are not among the choices.
    pub(crate) refused: Vec<String>,
    /// The address to open in the browser of the device; `None` where a request of an app waits, which only this browser has.
    pub(crate) address: Option<String>,
}

/// The icon in front of a provider's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProviderIcon {
    /// One or two letters.
    Initials(String),
    /// A picture on the broker's own origin.
    Logo {
        address: String,
        /// Whether it needs a white ground, so that it can be seen on a dark page.
        plate: bool,
    },
}

impl Default for ProviderIcon {
    fn default() -> Self {
        Self::Initials(String::new())
    }
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

    /// The choices, the one that was used last before the others.
    fn choices_in_order(&self) -> Vec<&LoginChoice> {
        let (last, others): (Vec<&LoginChoice>, Vec<&LoginChoice>) = self.choices.iter().partition(|choice| self.was_last(choice));
        last.into_iter().chain(others).collect()
    }

    fn only_choice(&self) -> Option<&LoginChoice> {
        let is_only = self.choices.len() == 1 && self.email_code.is_none() && self.in_app.is_none();
        self.choices.first().filter(|_| is_only)
    }

    /// Whether the code by e-mail is the main button: where no provider is known that worked here before.
    fn leads_with_code(&self) -> bool {
        self.in_app.is_some() || !(self.was_passkey_last() || self.choices.iter().any(|choice| self.was_last(choice)))
    }

    /// Whether there is nothing else to sign in with. Then the button is there without a script, too, and says what is wrong.
    fn is_passkey_alone(&self) -> bool {
        self.choices.is_empty() && self.email_code.is_none()
    }

    fn was_passkey_last(&self) -> bool {
        self.passkey.is_some() && self.last == Some(PASSKEY)
    }

    fn in_app_title(&self, notice: &InAppNotice) -> String {
        let words = &self.words().in_app;
        notice.browser.name.map_or_else(|| words.unnamed.clone(), |name| fill(&words.title, &[("name", name)]))
    }

    /// What does not work here, and what does.
    fn in_app_sentences(&self, notice: &InAppNotice) -> String {
        let words = &self.words().in_app;
        let refused = self.with_refused(&words.refused, notice);
        if self.email_code.is_some() { in_a_row(&refused, &words.code) } else { refused }
    }

    /// The names of the providers that refuse sign-ins here, in a phrase.
    fn with_refused(&self, phrase: &str, notice: &InAppNotice) -> String {
        let words = self.words();
        let providers = match notice.refused.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{}{}{last}", others.join(&words.incident.between), words.in_app.or),
            _ => notice.refused.concat(),
        };
        fill(phrase, &[("providers", &providers)])
    }

    fn start_over_sentence(&self) -> Option<String> {
        self.app.map(|app| fill(&self.words().in_app.start_over, &[("app", app)]))
    }

    fn was_last(&self, choice: &LoginChoice) -> bool {
        self.last == Some(choice.id.as_str())
    }

    /// Whether there are so many choices that they stand in two columns under one heading.
    fn is_long(&self) -> bool {
        self.choices.len() >= LONG
    }

    fn label(&self, choice: &LoginChoice) -> String {
        if self.is_long() {
            return choice.title.clone();
        }
        fill(self.frame.look.button_phrase(self.frame.language), &[("name", &choice.title)])
    }

    /// Where the person goes after signing in: the name of the place, and the sentence before and after it.
    fn destination(&self) -> Option<(&str, &str, &str)> {
        let words = &self.words().login;
        let (phrase, hole, place) = match self.app {
            Some(app) => (&words.to_app, "{app}", app),
            None => (&words.afterwards, "{place}", self.place.as_deref()?),
        };
        let (before, after) = phrase.split_once(hole).unwrap_or((phrase, ""));
        Some((before, place, after))
    }

    /// The sentence about the only choice, before and after its name.
    fn one_account_sentence(&self) -> (&str, &str) {
        let phrase = &self.words().login.one_account;
        phrase.split_once("{name}").unwrap_or((phrase, ""))
    }

    fn received(&self) -> String {
        fill(&self.words().login.received, &[("store", &self.frame.look.title)])
    }

    fn continue_label(&self) -> String {
        let words = &self.words().person;
        self.app.map_or_else(|| words.go.clone(), |app| fill(&words.go_to_app, &[("app", app)]))
    }

    fn sign_in_sentence(&self, person: &SignedInUser) -> Option<String> {
        let provider = person.provider_title.as_deref()?;
        Some(fill(&self.words().person.with, &[("provider", provider)]))
    }

    fn offers_nothing(&self) -> bool {
        self.choices.is_empty() && self.email_code.is_none() && self.passkey.is_none() && self.in_app.is_none()
    }

    fn title(&self) -> &str {
        match (&self.person, self.offers_nothing()) {
            (Some(_), _) => &self.words().person.title,
            (None, true) => &self.words().login.nobody,
            (None, false) => &self.words().login.title,
        }
    }

    fn setup_hint(&self) -> String {
        fill(&self.words().login.operator, &[("folder", "providers.d")])
    }
}

impl InAppNotice {
    /// The link that opens the browser of the device, where there can be one.
    fn link(&self) -> Option<String> {
        in_app_browser::link_out(self.address.as_deref()?).filter(|_| self.browser.can_leave_by_link)
    }
}

impl ProviderIcon {
    /// The logo of a provider, of which it is known whether it has a ground of its own; otherwise its initials.
    pub(crate) fn new(id: &str, title: &str, has_ground: Option<bool>) -> Self {
        match has_ground {
            Some(has_ground) => Self::Logo { address: address(&["logo", id], &[]), plate: !has_ground },
            None => Self::Initials(initials(title)),
        }
    }
}

impl LoginChoice {
    /// The button of a provider.
    pub(crate) fn new(id: &str, title: &str, return_to: Option<&str>, icon: ProviderIcon, inputs: Vec<LoginInputField>) -> Self {
        let href = address(&["login", id], &[("return_to", return_to)]);
        Self { id: id.to_owned(), title: title.to_owned(), href, icon, inputs, carried: Vec::new(), form: None }
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
