//! Passkeys on the pages: the button of the login page, the part of the account page, and the offers after a sign-in. Without the script none
//! of them can be used.

use crate::pages::frame::Frame;
use crate::pages::phrases::Phrases;
use askama::Template;

/// The script of the pages with passkeys.
pub(crate) const PASSKEY_SCRIPT: &str = include_str!("passkey.js");

/// The form that signs in by a passkey.
#[derive(Clone, Debug)]
pub(crate) struct PasskeyForm {
    /// Where it goes.
    pub(crate) action: String,
    /// Where the script gets a challenge.
    pub(crate) options: String,
    /// The cookie that the script sets where the device can keep passkeys.
    pub(crate) device: String,
    /// On the page that is for passkeys alone, where the person can sign in otherwise.
    pub(crate) others: Option<String>,
}

/// The form that adds a passkey, on the page of a person who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct NewPasskeyForm {
    /// Where it goes.
    pub(crate) action: String,
    /// The cookie that the script sets where the device can keep passkeys; only there the form is shown.
    pub(crate) device: String,
}

/// The passkeys of the account page.
#[derive(Clone, Debug)]
pub(crate) struct PasskeySection {
    pub(crate) passkeys: Vec<PasskeyRow>,
    /// Whether the user could add one right after signing in.
    pub(crate) may_add: bool,
    /// Whether the user signed in a moment ago.
    pub(crate) fresh: bool,
}

/// A passkey of the user.
#[derive(Clone, Debug)]
pub(crate) struct PasskeyRow {
    /// Its value in the form that removes it.
    pub(crate) handle: String,
    /// The device and the browser in which it was made, as text.
    pub(crate) device: Option<String>,
    /// The day on which it was added, as text.
    pub(crate) added: Option<String>,
    /// The day on which it was last used, as text.
    pub(crate) used: Option<String>,
}

/// The offer after a sign-in.
#[derive(Clone, Debug, Template)]
#[template(path = "passkey_offer.html")]
pub(crate) struct PasskeyOfferPage<'a> {
    pub(crate) frame: Frame<'a>,
    /// Where the person goes on, with or without a passkey.
    pub(crate) goes_on: &'a str,
    /// Where the form goes.
    pub(crate) action: &'a str,
}

impl PasskeyOfferPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &Phrases {
        &self.frame.language.phrases
    }

    fn title(&self) -> &str {
        let words = &self.words().passkey;
        &words.offer_title
    }
}

impl PasskeySection {
    /// Whether anything can be changed in this session, or could be right after signing in.
    pub(crate) fn has_changes(&self) -> bool {
        self.may_add || !self.passkeys.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_small_and_writes_no_markup() {
        assert!(PASSKEY_SCRIPT.len() < 6144, "{} bytes", PASSKEY_SCRIPT.len());
        assert!(!PASSKEY_SCRIPT.contains("innerHTML") && !PASSKEY_SCRIPT.contains("eval") && !PASSKEY_SCRIPT.contains("://"));
    }
}
