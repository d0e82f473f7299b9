//! The login page.

use crate::pages::tests::{RETURN_TO, choices, count, frame, login_page, look, person};
use crate::pages::{EmailCodeForm, InAppBrowser, InAppNotice, LoginPage, PageLanguages, StoreBranding, StoreLogo, store_css};

#[test]
fn a_signed_in_person_finds_the_linked_identities() {
    let languages = PageLanguages::embedded();
    let look = look("Loja");
    let frame = frame(&look, &languages, "en");
    let page = login_page(frame, Vec::new());

    assert!(!page.render().contains("/account"));
    assert!(LoginPage { person: Some(person("Ana")), ..page }.render().contains("<a href=\"/account\">View your account</a>"));
}

#[test]
fn a_sign_stands_beside_the_name_and_a_wordmark_in_its_place() {
    let languages = PageLanguages::embedded();
    let render = |logo| {
        let look = StoreBranding { title: "Loja".to_owned(), logo, ..StoreBranding::default() };
        login_page(frame(&look, &languages, "en"), Vec::new()).render()
    };

    assert!(render(None).contains("<p class=\"brand\">Loja</p>"));
    assert!(render(Some(StoreLogo::Square)).contains("<p class=\"brand\"><img class=\"logo\" src=\"/logo?v=1\" alt=\"\">Loja</p>"));
    assert!(render(Some(StoreLogo::Wide)).contains("<p class=\"brand\"><img class=\"logo\" src=\"/logo?v=1\" alt=\"Loja\"></p>"));
}

#[test]
fn the_way_that_was_used_last_is_marked_and_stands_first() {
    let languages = PageLanguages::embedded();
    let look = look("Loja");
    let page = login_page(frame(&look, &languages, "pt-BR"), choices(3, "Acme"));
    let html = page.render();
    assert_eq!(count(&html, "class=\"badge\"") + count(&html, "button last") + count(&html, "button first"), 0, "nothing is louder");

    let html = LoginPage { last: Some("p1"), ..page.clone() }.render();
    assert!(html.contains("<a class=\"button last\" href=\"/login/p1?"), "{html}");
    assert_eq!(count(&html, "<span class=\"badge\">Usado da última vez</span>"), 1);
    assert!(html.find("/login/p1?") < html.find("/login/p0?"), "{html}");

    assert_eq!(count(&LoginPage { last: Some("gone"), ..page }.render(), "button last"), 0);
}

#[test]
fn one_way_is_the_filled_button_and_many_stand_in_two_columns() {
    let languages = PageLanguages::embedded();
    let look = look("Loja");
    let page = |count| login_page(frame(&look, &languages, "pt-BR"), choices(count, "Acme")).render();

    let one = page(1);
    assert!(one.contains("<a class=\"button first\" href=\"/login/p0?"), "{one}");
    assert!(one.contains("A sua conta de <b>Acme</b> também abre esta loja."), "{one}");
    assert!(page(7).contains(">Continuar com Acme</span>") && !page(7).contains("ways two"));
    let many = page(8);
    assert!(many.contains("<h2 id=\"with\">Continuar com</h2>") && many.contains("<span class=\"grow\">Acme</span>"), "{many}");
}

#[test]
fn a_person_reads_where_they_return_and_what_the_store_gets() {
    let languages = PageLanguages::embedded();
    let look = look("Loja");
    let page = login_page(frame(&look, &languages, "pt-BR"), choices(3, "Acme"));
    assert!(!page.render().contains("volta para"));
    assert!(page.render().contains("Loja recebe seu nome e e-mail, nunca a sua senha."));

    let page = LoginPage { return_to: Some(RETURN_TO), place: Some("loja.example".to_owned()), ..page };
    assert!(page.render().contains("<p>Depois, você volta para <b>loja.example</b>.</p>"));
    assert!(LoginPage { app: Some("Painel"), ..page }.render().contains("<p>Para continuar em <b>Painel</b>.</p>"));
}

#[test]
fn a_login_page_and_its_style_are_small_in_every_language() {
    let languages = PageLanguages::embedded();
    let look = look("Loja Exemplo");
    let offered = languages.offered_languages(&[]);
    for language in &offered {
        let frame = crate::pages::Frame { language, offered: &offered, ..frame(&look, &languages, "en") };
        for count in [1, 5, 12] {
            let page = LoginPage { return_to: Some(RETURN_TO), ..login_page(frame, choices(count, "Clube Acme")) }.render();

            let bytes = page.len() + store_css(&look).len();
            assert!(bytes < 25_000, "{} with {count} ways: {bytes} bytes", language.code);
        }
    }
}

#[test]
fn in_the_browser_of_an_app_the_providers_are_listed_as_each_language_does() {
    let languages = PageLanguages::embedded();
    let look = look("Loja");
    for (language, refused, expected) in [
        ("en", vec!["Acme"], "Signing in with Acme does not work here. A code by e-mail works right away."),
        (
            "pt-BR",
            vec!["Acme", "Beta", "Gama"],
            "Aqui não dá para entrar com Acme, Beta ou Gama. Um código por e-mail funciona agora mesmo.",
        ),
        ("ja", vec!["Acme", "Beta"], "ここではAcme、Betaでログインできません。メールの確認コードなら、すぐにログインできます。"),
    ] {
        let browser = InAppBrowser::of_user_agent("Line Line/15").expect("the browser of an app");
        let refused = refused.into_iter().map(str::to_owned).collect();
        let page = LoginPage {
            in_app: Some(InAppNotice { browser, refused, address: None }),
            email_code: Some(EmailCodeForm { action: "/login/email".to_owned(), form: "f0rm".to_owned() }),
            ..login_page(frame(&look, &languages, language), Vec::new())
        };

        let html = page.render();

        assert!(html.contains(&format!("<p>{expected}</p>")), "{html}");
    }
}

#[test]
fn a_page_that_offers_nothing_leads_on() {
    let languages = PageLanguages::embedded();
    let render = |home: Option<&str>, help: Option<&str>| {
        let look = StoreBranding { home: home.map(str::to_owned), help: help.map(str::to_owned), ..look("Loja") };
        login_page(frame(&look, &languages, "en"), Vec::new()).render()
    };

    for (html, href) in [
        (render(Some("https://www.loja.example/"), Some("ajuda@loja.example")), "https://www.loja.example/"),
        (render(None, Some("ajuda@loja.example")), "mailto:ajuda@loja.example"),
        (render(None, None), "/login"),
    ] {
        assert!(html.contains(&format!("<a class=\"button first\" href=\"{href}\">")), "{html}");
    }
}
