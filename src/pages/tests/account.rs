//! The account page.

use crate::pages::tests::{count, identities, look, more};
use crate::pages::{AccountNotice, AccountPage, Frame, PageLanguages};

#[test]
fn linked_identities_are_changed_right_after_signing_in_and_the_last_one_stays() {
    let languages = PageLanguages::embedded();
    let look = look("Loja");
    let offered = languages.offered_languages(&[]);
    let frame = Frame { look: &look, language: languages.get("pt-BR").unwrap(), offered: &offered, here: "/account", version: "1" };
    let page = AccountPage {
        frame,
        email: "ana@loja.example",
        name: None,
        identities: identities(3, "Acme"),
        more: more(3, "iClube"),
        apps: Vec::new(),
        form: "f0rm",
        fresh: true,
        again: "/login/acme?again=1",
        notice: Some(AccountNotice::Linked),
        continue_to: None,
    };

    let html = page.render();
    assert_eq!(count(&html, "action=\"/account/unlink\""), 2, "what may not be removed has no button");
    assert_eq!(count(&html, "<summary class=\"button fit\" aria-label=\"Remover Acme\">Remover</summary>"), 2);
    assert_eq!(count(&html, "<p class=\"hint\">Acme não abrirá mais a sua conta.</p>"), 2, "it is asked once");
    assert_eq!(count(&html, "action=\"/account/link/p"), 3);
    assert_eq!(count(&html, "action=\"/account/sign-out\""), 1);
    assert_eq!(count(&html, "method=\"post\""), count(&html, "name=\"form\" value=\"f0rm\""));
    assert!(html.contains("<div class=\"notice\" role=\"status\">") && !html.contains("/login/acme"), "{html}");
    assert!(html.contains("href=\"/account?lang=es\"") && html.contains("name=\"shop\""), "{html}");

    let stale = AccountPage { fresh: false, ..page.clone() }.render();
    assert_eq!(count(&stale, "/account/unlink") + count(&stale, "/account/link"), 0);
    assert_eq!(count(&stale, "href=\"/login/acme?again=1\""), 1);
    assert_eq!(count(&stale, "action=\"/account/sign-out\""), 1, "a person who lost a phone is not kept waiting");

    let last = AccountPage { identities: identities(1, "Acme"), ..page.clone() }.render();
    assert!(!last.contains("/account/unlink") && last.contains("Esta é a sua única forma de entrar"), "{last}");
    let nothing = AccountPage { identities: identities(1, "Acme"), more: vec![], fresh: false, ..page }.render();
    assert!(!nothing.contains("/login/acme"), "there is nothing to sign in again for");
}
