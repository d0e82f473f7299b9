//! The frame of every page: the store, the languages and the style.

use crate::pages::branding::StoreBranding;
use crate::pages::languages::PageLanguage;
use crate::vocabulary::text::percent_encode;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) look: &'a StoreBranding,
    pub(crate) language: &'a PageLanguage,
    /// The languages that a visitor can choose.
    pub(crate) offered: &'a [&'a PageLanguage],
    /// The address of the page without a language, at which it is shown in another.
    pub(crate) here: &'a str,
    /// The version of the style, so that browsers can keep a style for long and still load a new one.
    pub(crate) version: &'a str,
}

impl Frame<'_> {
    /// The address of the page in another language.
    pub(crate) fn in_language(&self, language: &PageLanguage) -> String {
        format!("{}{}lang={}", self.here, if self.here.contains('?') { '&' } else { '?' }, language.code)
    }

    pub(crate) fn has_links(&self) -> bool {
        self.look.home.is_some() || self.look.privacy.is_some() || self.look.help.is_some()
    }

    pub(crate) fn has_footer(&self) -> bool {
        self.has_links() || self.offered.len() > 1
    }
}

/// An address with percent-encoded path segments and parameters. A parameter without a value is left out.
pub(crate) fn address(path: &[&str], parameters: &[(&str, Option<&str>)]) -> String {
    let mut address = String::new();
    for part in path {
        address.push('/');
        percent_encode(part, &mut address);
    }
    let mut separator = '?';
    for (name, value) in parameters.iter().filter_map(|(name, value)| Some((name, (*value)?))) {
        address.push(separator);
        address.push_str(name);
        address.push('=');
        percent_encode(value, &mut address);
        separator = '&';
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_properly() {
        let parameters = [("lang", Some("zh-TW")), ("gone", None), ("return_to", Some("https://a.example/?b=c&d=é\"<"))];

        assert_eq!(
            address(&["login", "clube/acme"], &parameters),
            "/login/clube%2Facme?lang=zh-TW&return_to=https%3A%2F%2Fa.example%2F%3Fb%3Dc%26d%3D%C3%A9%22%3C"
        );
        assert_eq!(address(&["login"], &[("lang", None)]), "/login");
    }
}
