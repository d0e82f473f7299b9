//! The last page of a login in a window that a page of the store has opened: its script reports to that page and closes the window. Without
//! the script, it says that the window can be closed.

use crate::pages::frame::Frame;
use crate::pages::phrases::Phrases;
use askama::Template;

/// The script of the page.
pub(crate) const POPUP_SCRIPT: &str = include_str!("popup.js");

#[derive(Clone, Debug, Template)]
#[template(path = "popup.html")]
pub(crate) struct PopupPage<'a> {
    pub(crate) frame: Frame<'a>,
    /// Whether the browser has a session now.
    pub(crate) signed_in: bool,
    /// The only origin whose page may learn how the login ended.
    pub(crate) origin: &'a str,
    /// The address of the store to which the login leads.
    pub(crate) landing: &'a str,
    /// Whether the store gets its session only at that address.
    pub(crate) handed_over: bool,
}

impl PopupPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &Phrases {
        &self.frame.language.phrases
    }

    fn title(&self) -> &str {
        if self.signed_in { &self.words().person.title } else { &self.words().popup.signed_out }
    }

    fn outcome(&self) -> &'static str {
        if self.signed_in { "signed-in" } else { "cancelled" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::PageLanguages;
    use crate::pages::branding::StoreBranding;

    #[test]
    fn the_page_names_one_origin_and_escapes_the_address() {
        let languages = PageLanguages::embedded();
        let look = StoreBranding { title: "Loja".to_owned(), ..StoreBranding::default() };
        for language in languages.offered_languages(&[]) {
            let frame = Frame { look: &look, language, offered: &[], here: "", version: "1" };
            let landing = "https://www.loja.example/x?a=\"><script>alert(1)</script>";
            let page = PopupPage { frame, signed_in: true, origin: "https://www.loja.example", landing, handed_over: false };

            let html = page.render();

            assert!(html.contains("data-outcome=\"signed-in\" data-origin=\"https://www.loja.example\""), "{html}");
            assert_eq!((html.matches("<script").count(), html.matches("data-handed").count()), (1, 0), "{html}");
            assert!(PopupPage { handed_over: true, ..page }.render().contains("data-handed"));
        }
    }
}
