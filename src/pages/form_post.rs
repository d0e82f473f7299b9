//! The page that posts an answer to an app: a form that sends itself, with a button for browsers without scripts.

use crate::pages::frame::Frame;
use crate::pages::phrases::Phrases;
use askama::Template;

/// The script of the page, which its policy allows by its hash.
pub(crate) const FORM_POST_SCRIPT: &str = "document.forms[0].submit()";

#[derive(Clone, Debug, Template)]
#[template(path = "form_post.html")]
pub(crate) struct FormPostPage<'a> {
    pub(crate) frame: Frame<'a>,
    /// The address of the app.
    pub(crate) action: &'a str,
    pub(crate) fields: &'a [(&'a str, &'a str)],
}

impl FormPostPage<'_> {
    pub(crate) fn render(&self) -> String {
        Template::render(self).expect("writing to memory works")
    }

    fn words(&self) -> &Phrases {
        &self.frame.language.phrases
    }

    fn title(&self) -> &str {
        &self.words().posted.title
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::PageLanguages;
    use crate::pages::branding::StoreBranding;

    #[test]
    fn the_answer_is_posted_with_and_without_a_script() {
        let languages = PageLanguages::embedded();
        let look = StoreBranding { title: "Loja".to_owned(), ..StoreBranding::default() };
        for language in languages.offered_languages(&[]) {
            let frame = Frame { look: &look, language, offered: &[], here: "", version: "1" };
            let fields = [("code", "c0de"), ("state", "\"><script>alert(1)</script>")];

            let html = FormPostPage { frame, action: "https://painel.loja.example/cb?a=1&b=\"", fields: &fields }.render();

            assert!(html.contains("<form method=\"post\" action=\"https://painel.loja.example/cb?a=1&#38;b=&#34;\">"), "{html}");
            assert!(html.contains("<input type=\"hidden\" name=\"code\" value=\"c0de\">"), "{html}");
            assert!(html.contains("value=\"&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;\""), "{html}");
            assert!(html.contains("<button class=\"button first\">"), "{html}");
            assert!(html.contains(&format!("</form>\n    <script>{FORM_POST_SCRIPT}</script>")), "{html}");
            assert_eq!((html.matches("<script").count(), html.matches("<form").count()), (1, 1));
        }
    }
}
