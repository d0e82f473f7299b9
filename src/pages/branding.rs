//! The branding of a store: its name, logo and colour, and the style of its pages.

use crate::pages::accent::Accent;
use crate::pages::languages::PageLanguage;
use crate::vocabulary::localized_text::LocalizedText;

/// What is the same for every store.
pub(crate) const STYLE: &str = include_str!("style.css");

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StoreBranding {
    pub(crate) title: String,
    pub(crate) home: Option<String>,
    /// Its logo, at `/logo`.
    pub(crate) logo: Option<StoreLogo>,
    pub(crate) accent: Accent,
    /// The text of its login buttons, where it has one of its own.
    pub(crate) button: Option<LocalizedText>,
    /// The contact for help: an https address or an e-mail address.
    pub(crate) help: Option<String>,
    /// The address of its privacy notice.
    pub(crate) privacy: Option<String>,
}

/// The shape of a logo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreLogo {
    /// A sign, beside which the name stands.
    Square,
    /// A wordmark, which is the name.
    Wide,
}

impl StoreBranding {
    /// Whether the logo shows the name.
    pub(crate) fn has_wordmark(&self) -> bool {
        self.logo == Some(StoreLogo::Wide)
    }

    /// The text of a login button, with a hole for the provider's name.
    pub(crate) fn button_phrase<'a>(&'a self, language: &'a PageLanguage) -> &'a str {
        self.button.as_ref().map_or(&*language.phrases.login.with, |text| text.in_language(&language.code))
    }

    /// The heading of many buttons that show only names.
    pub(crate) fn buttons_heading<'a>(&'a self, language: &'a PageLanguage) -> &'a str {
        let own = self.button.as_ref().and_then(|text| text.in_language(&language.code).strip_suffix("{name}"));
        own.map_or(&*language.phrases.login.with_all, str::trim)
    }

    /// The address of the link for help. An e-mail already names the incident.
    pub(crate) fn help_for(&self, code: Option<&str>) -> Option<String> {
        let help = self.help.as_deref()?;
        if help.starts_with("https://") {
            return Some(help.to_owned());
        }
        let subject = code.map_or_else(String::new, |code| format!("?subject={code}"));
        Some(format!("mailto:{help}{subject}"))
    }
}

/// The style of the pages of a store: `/style.css`. Its first line is the store's own.
pub(crate) fn store_css(look: &StoreBranding) -> String {
    format!(":root {{ --store: {}; }}\n{STYLE}", look.accent.css())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_of_a_store_begins_with_its_colour() {
        let look = StoreBranding { accent: Accent::parse("#0a6").unwrap(), ..StoreBranding::default() };

        assert!(store_css(&look).starts_with(":root { --store: #00aa66; }\n/* "));
        assert!(!STYLE.contains("--store:"));
    }
}
