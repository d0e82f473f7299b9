//! The e-mails.

use crate::pages::tests::{MARKUP, RETURN_TO, count, look};
use crate::pages::{PageLanguages, StoreBranding, code_mail, identity_linked_mail};

#[test]
fn mails_name_their_purpose_in_every_language() {
    let languages = PageLanguages::embedded();
    let look = StoreBranding { help: Some("ajuda@loja.example".to_owned()), ..look("Loja") };
    for language in languages.offered_languages(&[]) {
        let code = code_mail(language, &look, "042137", 10);
        let linked = identity_linked_mail(language, &look, "iClube");
        for mail in [&code, &linked] {
            let (name, html) = (&language.code, &mail.html);
            assert!(mail.subject.contains("Loja") && !mail.subject.contains('{'), "{name}: {}", mail.subject);
            assert!(!mail.text.contains(['{', '<', '&']) && mail.text.contains("Loja\n"), "{name}: {}", mail.text);
            assert!(html.starts_with("<!doctype html>") && html.contains(&format!("<html lang=\"{name}\"")), "{name}: {html}");
            assert_eq!(count(html, "<img") + count(html, "<script") + count(html, "src=") + count(html, "url(") + count(html, "{"), 0);
        }
        assert!(code.subject.starts_with("042137 "), "{}: {}", language.code, code.subject);
        let warning = &language.phrases.mail.code_secret;
        assert!(code.text.contains(warning) && code.html.contains(&**warning), "{}", code.text);
        assert!(!linked.text.contains(warning));
        assert!(
            code.text.contains("\n042 137\n")
                && code.html.contains(">042</span><span style=\"display: inline-block; padding: 0 6px\">137</span>")
        );
        assert!(!code.html.contains("href") && !code.html.contains("loja.example") && !code.text.contains("loja.example"), "no links");
        assert!(linked.text.contains("iClube") && linked.html.contains("iClube") && linked.text.contains("\najuda@loja.example\n"));
        assert!(linked.html.contains("<a href=\"mailto:ajuda@loja.example\""));
    }
    let without_help = StoreBranding { help: None, ..look };
    assert!(!identity_linked_mail(languages.get("en").unwrap(), &without_help, "iClube").html.contains("href"));
}

#[test]
fn mails_escape_what_comes_from_outside() {
    let languages = PageLanguages::embedded();
    let look = StoreBranding { help: Some(RETURN_TO.to_owned()), ..look(MARKUP) };
    for language in languages.offered_languages(&[]) {
        for mail in [code_mail(language, &look, "1234", 10), identity_linked_mail(language, &look, MARKUP)] {
            assert!(!mail.html.contains("<b onclick") && !mail.html.contains("onclick='") && !mail.html.contains("<2>"));
            assert!(mail.html.contains("&#60;b onclick=&#39;x&#39;&#62;&#34;&#38;amp;"), "{}", mail.html);
            assert!(mail.text.contains(MARKUP), "text is text");
        }
    }
}
