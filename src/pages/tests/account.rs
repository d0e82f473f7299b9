//! The account page.

use crate::pages::tests::{count, identities, look, more, sessions};
use crate::pages::{AccountDeletionOffer, AccountNotice, AccountPage, Frame, PageLanguages};

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
        passkeys: None,
        apps: Vec::new(),
        sessions: sessions(3, "Chrome no Android"),
        deletion: AccountDeletionOffer::ByPerson,
        form: "f0rm",
        fresh: true,
        again: "/login/acme?again=1",
        notice: Some(AccountNotice::Linked),
        undo: None,
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
    assert_eq!(count(&stale, "href=\"/login/acme?again=1\""), 2, "for the identities and for the data");
    assert_eq!(count(&stale, "/account/data") + count(&stale, "/account/erase"), 0);
    assert_eq!(count(&stale, "action=\"/account/sign-out\""), 1, "a person who lost a phone is not kept waiting");

    let last = AccountPage { identities: identities(1, "Acme"), ..page.clone() }.render();
    assert!(!last.contains("/account/unlink") && last.contains("Esta é a sua única forma de entrar"), "{last}");
    let nothing = AccountPage { identities: identities(1, "Acme"), more: vec![], fresh: false, ..page }.render();
    assert_eq!(count(&nothing, "/login/acme"), 1, "there is nothing but the data to sign in again for");
}

#[test]
fn a_person_sees_every_session_ends_the_others_and_leaves_this_one() {
    let languages = PageLanguages::embedded();
    let look = look("Loja");
    let frame = Frame { look: &look, language: languages.get("pt-BR").unwrap(), offered: &[], here: "/account", version: "1" };
    let page = AccountPage {
        frame,
        email: "ana@loja.example",
        name: None,
        identities: identities(3, "Acme"),
        more: Vec::new(),
        passkeys: None,
        apps: Vec::new(),
        sessions: sessions(3, "Chrome no Android"),
        deletion: AccountDeletionOffer::AskStore,
        form: "f0rm",
        fresh: true,
        again: "/login/acme?again=1",
        notice: Some(AccountNotice::Unlinked),
        undo: Some("s3aled"),
        continue_to: None,
    };

    let html = page.render();
    assert_eq!(count(&html, "action=\"/account/sessions/end\""), 2);
    assert_eq!(count(&html, "aria-label=\"Sair deste aparelho: Chrome no Android\">Sair</button>"), 2);
    assert_eq!(count(&html, "<small>Este aparelho</small>"), 1);
    assert_eq!((count(&html, "action=\"/logout\""), count(&html, "action=\"/account/sign-out\"")), (1, 1));
    assert_eq!(count(&html, "role=\"status\""), 1, "the removal is reported once");
    assert!(html.contains("<input type=\"hidden\" name=\"removal\" value=\"s3aled\">") && html.contains(">Desfazer</button>"), "{html}");
    assert!(html.contains("<small translate=\"no\">Acme</small>"), "the address: {html}");
    assert!(html.contains("<small>Desde Acme · Último uso em 11/07/2026</small>"), "{html}");
    assert!(html.contains("action=\"/account/data\"") && !html.contains("/account/erase"), "{html}");
    assert!(html.contains("Para apagar a sua conta, fale com a loja."), "{html}");

    let by_person = AccountPage { deletion: AccountDeletionOffer::ByPerson, ..page.clone() }.render();
    assert!(by_person.contains("href=\"/account/erase\"") && !by_person.contains("fale com a loja"), "{by_person}");
    let at = AccountPage { deletion: AccountDeletionOffer::AskAt("mailto:a@loja.example"), fresh: false, ..page.clone() }.render();
    assert!(at.contains("<a href=\"mailto:a@loja.example\">Pedir para apagar minha conta</a>"), "{at}");
    let late = AccountPage { undo: None, notice: Some(AccountNotice::TooLate), ..page }.render();
    assert!(late.contains("Não dá mais para desfazer") && count(&late, "role=\"status\"") == 1, "{late}");
}
