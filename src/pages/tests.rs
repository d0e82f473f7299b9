//! What holds for every page in every language, and for the style.

use crate::pages::accent::contrast;
use crate::pages::{Accent, Cause, Choice, ErrorPage, Field, Frame, Language, Languages, LoginPage, Logo, Look, Notice, Person, STYLE};

const MARKUP: &str = "<b onclick='x'>\"&amp;";
const RETURN_TO: &str = "https://www.loja.example/carrinho?a=1&b=\"<2>";

fn look(title: &str) -> Look {
    Look {
        title: title.to_owned(),
        home: Some("https://www.loja.example/".to_owned()),
        logo: Some(Logo::Mark),
        accent: Accent::default(),
        ..Look::default()
    }
}

fn choices(count: usize, name: &str) -> Vec<Choice> {
    let field = Field { name: "shop".to_owned(), label: name.to_owned(), pattern: Some("[\"a-z-]+".to_owned()) };
    let inputs = |at: usize| if at % 3 == 2 { vec![field.clone()] } else { Vec::new() };
    (0..count).map(|at| Choice::new(&format!("p{at}"), name, Some(RETURN_TO), at % 2 == 1, inputs(at))).collect()
}

fn person(text: &str) -> Person {
    Person {
        email: text.to_owned(),
        name: Some(text.to_owned()),
        provider_title: Some(text.to_owned()),
        when: Some(text.to_owned()),
        continue_to: Some(RETURN_TO.to_owned()),
    }
}

/// Every kind of page in a language, with a text wherever one comes from outside.
fn pages(language: &Language, offered: &[&Language], text: &str) -> Vec<(String, String)> {
    let look = look(text);
    let frame = Frame { look: &look, language, offered, version: "1" };
    let empty = LoginPage { frame, choices: Vec::new(), return_to: None, last: None, person: None, notice: None, operator: false };
    let full = LoginPage { choices: choices(12, text), return_to: Some(RETURN_TO), ..empty.clone() };
    let mut pages = vec![
        ("nothing".to_owned(), empty.render()),
        ("nothing, operator".to_owned(), LoginPage { operator: true, ..empty.clone() }.render()),
        ("one".to_owned(), LoginPage { choices: choices(1, text), ..full.clone() }.render()),
        ("one that asks".to_owned(), LoginPage { choices: choices(3, text).split_off(2), ..full.clone() }.render()),
        ("twelve".to_owned(), full.render()),
        ("twelve, last".to_owned(), LoginPage { last: Some("p4"), notice: Some(Notice::SignedOut), ..full.clone() }.render()),
        ("twelve, last asks".to_owned(), LoginPage { last: Some("p2"), ..full.clone() }.render()),
        ("signed in".to_owned(), LoginPage { person: Some(person(text)), ..full }.render()),
    ];
    for cause in Cause::ALL {
        let bare =
            ErrorPage { frame, cause, provider: None, again: None, others: None, has_others: true, home: None, code: None, until: None };
        let full = ErrorPage {
            provider: Some(text),
            again: Some("/login/p1"),
            others: Some("/login"),
            has_others: true,
            code: Some("K7Q-2MD"),
            until: Some(text),
            ..bare.clone()
        };
        pages.push((cause.name().to_owned(), full.render()));
        pages.push((format!("{} bare", cause.name()), bare.render()));
    }
    pages
}

fn count(page: &str, part: &str) -> usize {
    page.matches(part).count()
}

#[test]
fn every_page_in_every_language_keeps_the_promises_of_the_look() {
    let languages = Languages::embedded();
    let offered = languages.offered(&[]);
    for language in &offered {
        for (name, page) in pages(language, &offered, "Loja") {
            let name = format!("{name} in {}", language.code);
            assert!(page.starts_with("<!doctype html>"), "{name}: {page}");
            assert!(page.contains(&format!("<html lang=\"{}\" dir=\"ltr\">", language.code)), "{name}");
            assert_eq!(count(&page, "<h1>"), 1, "{name}");
            assert!(count(&page, " first\"") <= 1, "{name}: one filled button a page");
            assert_eq!(
                count(&page, "<script") + count(&page, "<style") + count(&page, " style=") + count(&page, "javascript:"),
                0,
                "{name}"
            );
            assert!(!page.contains('{') && !page.contains('}'), "{name}: every place is filled: {page}");
            for part in page.split("src=\"").skip(1).chain(page.split("<link rel=\"stylesheet\" href=\"").skip(1)) {
                assert!(part.starts_with('/') && !part.starts_with("//"), "{name}: only our own origin");
            }
            for address in page.split("://").skip(1) {
                assert!(address.starts_with("www.loja.example/"), "{name}: only the store's address");
            }
            let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|part| part.split('"').next()).collect();
            ids.sort_unstable();
            assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{name}: an id twice in {ids:?}");
        }
    }
}

#[test]
fn what_comes_from_outside_is_escaped_everywhere() {
    let languages = Languages::embedded();
    let offered = languages.offered(&[]);
    for (name, page) in pages(offered[0], &offered, MARKUP) {
        assert!(!page.contains("<b onclick") && !page.contains("onclick='"), "{name}: {page}");
        assert!(!page.contains("\"<2>") && !page.contains("<2>"), "{name}");
        assert!(page.contains("&#60;b onclick=&#39;x&#39;&#62;&#34;&#38;amp;"), "{name}");
    }
}

#[test]
fn the_loudest_button_is_what_helps_most() {
    let languages = Languages::embedded();
    let look = look("Loja");
    let frame = Frame { look: &look, language: languages.get("pt-BR").unwrap(), offered: &[], version: "1" };
    let loudest = |page: &str| page.split(" first\" href=\"").nth(1).and_then(|part| part.split('"').next()).map(str::to_owned);

    for (cause, expected) in [
        (Cause::MissingEmail, "/login"),
        (Cause::Slow, "/login/acme"),
        (Cause::AlreadyUsed, "/login"),
        (Cause::Blocked, "https://www.loja.example/"),
        (Cause::NoSuchPage, "https://www.loja.example/"),
        (Cause::Away, "/login/acme"),
    ] {
        let (again, others) = (Some("/login/acme"), Some("/login"));
        let page = ErrorPage { frame, cause, provider: None, again, others, has_others: true, home: None, code: None, until: None };
        assert_eq!(loudest(&page.render()).as_deref(), Some(expected), "{cause:?}");
    }

    let page = LoginPage { frame, choices: choices(3, "Acme"), return_to: None, last: None, person: None, notice: None, operator: false };
    assert_eq!(loudest(&page.render()), None, "nobody came before, so nothing is loud");
    let page = LoginPage { last: Some("p1"), ..page };
    let html = page.render();
    assert!(loudest(&html).is_some_and(|href| href.starts_with("/login/p1?")));
    assert!(html.find("/login/p1?") < html.find("/login/p0?"), "the last way stands first");
    assert_eq!(loudest(&LoginPage { last: Some("gone"), ..page }.render()), None);
}

#[test]
fn an_error_page_tells_what_happened() {
    let languages = Languages::embedded();
    let look = look("Loja");
    let frame = Frame { look: &look, language: languages.get("pt-BR").unwrap(), offered: &[], version: "1" };
    let page = |cause, provider, code| {
        ErrorPage { frame, cause, provider, again: None, others: None, has_others: true, home: None, code, until: Some("amanhã, 09:42") }
            .render()
    };

    for (page, expected) in [
        (page(Cause::Odd, Some("iClube"), None), "<p>iClube mandou uma resposta"),
        (page(Cause::Odd, None, None), "<p>O serviço que você escolheu mandou uma resposta"),
        (page(Cause::TooMany { seconds: 0 }, None, None), "de novo em 1 s."),
        (page(Cause::TooMany { seconds: 90 }, None, None), "de novo em 90 s."),
        (page(Cause::TooMany { seconds: 91 }, None, None), "de novo em 2 min."),
        (page(Cause::Odd, None, Some("K7Q-2MD")), "<output translate=\"no\">K7Q-2MD</output>"),
        (
            page(Cause::Odd, None, Some("K7Q-2MD")),
            "Ao telefone: <b translate=\"no\">K</b> de Kátia, <b>sete</b>, <b translate=\"no\">Q</b> de queijo, traço, <b>dois</b>, \
             <b translate=\"no\">M</b> de Maria, <b translate=\"no\">D</b> de dado.</p>",
        ),
        (page(Cause::Odd, None, Some("K7Q-2MD")), "Vale até amanhã, 09:42."),
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert!(!page(Cause::NoSuchPage, None, Some("K7Q-2MD")).contains("K7Q-2MD"), "there is no story to tell");
}

#[test]
fn without_a_logo_there_is_the_name_alone() {
    let languages = Languages::embedded();
    let render = |logo| {
        let look = Look { title: "Loja".to_owned(), home: None, logo, accent: Accent::default(), ..Look::default() };
        let frame = Frame { look: &look, language: languages.get("en").unwrap(), offered: &[], version: "1" };
        LoginPage { frame, choices: vec![], return_to: None, last: None, person: None, notice: None, operator: false }.render()
    };

    assert!(render(None).contains("<p class=\"store\"><span>Loja</span></p>"));
    assert!(render(Some(Logo::Mark)).contains("<span class=\"store-logo\"></span><span>Loja</span>"));
    assert!(render(Some(Logo::Wordmark)).contains("<span class=\"unseen\">Loja</span>"));
}

/// The colours of a scheme: those after the word that begins it.
fn scheme(begin: &str) -> impl Fn(&str) -> Accent {
    let block = STYLE.split(begin).nth(1).and_then(|rest| rest.split('}').next()).expect("the style has both schemes");
    move |name: &str| {
        let colour = block.split(&format!("--{name}: ")).nth(1).and_then(|rest| rest.split(';').next());
        Accent::parse(colour.expect("a scheme has every colour")).expect("a colour is written in digits")
    }
}

#[test]
fn every_pair_of_colours_can_be_told_apart() {
    for colour in [scheme("color-scheme: light dark;"), scheme("@media (prefers-color-scheme: dark) {")] {
        for (front, back, least) in [
            ("ink", "paper", 7.0),
            ("ink", "wash", 7.0),
            ("ink-2", "paper", 4.5),
            ("ink-2", "wash", 4.5),
            ("good", "paper", 4.5),
            ("good", "good-wash", 4.5),
            ("bad", "paper", 4.5),
            ("bad", "bad-wash", 4.5),
            ("edge", "paper", 3.0),
        ] {
            let reached = contrast(colour(front), colour(back));
            assert!(reached >= least, "{front} on {back}: {reached:.2}");
        }
    }
}

#[test]
fn the_style_asks_nobody_else() {
    assert!(!STYLE.contains("://") && !STYLE.contains("@import") && !STYLE.contains("url("));
}
