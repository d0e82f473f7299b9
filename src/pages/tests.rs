//! Tests that hold for every page in every language, and for the style.
//!
//! Long because all of them draw the same list of pages.

use crate::pages::accent::contrast;
use crate::pages::login::ProviderIcon;
use crate::pages::{
    Accent, AccountNotice, AccountPage, AddressProofProblem, AddressProofReason, AddressProofStage, AppAccessLasts, AppWithAccess,
    ConsentPage, ErrorCause, ErrorPage, Frame, LinkableProvider, LinkedIdentityRow, LoginChoice, LoginInputField, LoginNotice, LoginPage,
    PageLanguage, PageLanguages, ProvePage, STYLE, SignOutPage, SignedInUser, StoreBranding, WaitingApp, code_mail, identity_linked_mail,
};
use crate::session::SessionUser;
use crate::vocabulary::email::Email;

const MARKUP: &str = "<b onclick='x'>\"&amp;";
const RETURN_TO: &str = "https://www.loja.example/carrinho?a=1&b=\"<2>";

fn look(title: &str) -> StoreBranding {
    StoreBranding {
        title: title.to_owned(),
        home: Some("https://www.loja.example/".to_owned()),
        logo: true,
        accent: Accent::default(),
        ..StoreBranding::default()
    }
}

fn choices(count: usize, name: &str) -> Vec<LoginChoice> {
    let field = LoginInputField { name: "shop".to_owned(), label: name.to_owned(), pattern: Some("[\"a-z-]+".to_owned()) };
    let inputs = |at: usize| if at % 3 == 2 { vec![field.clone()] } else { Vec::new() };
    (0..count).map(|at| LoginChoice::new(&format!("p{at}"), name, Some(RETURN_TO), at % 2 == 1, inputs(at))).collect()
}

fn login_page(frame: Frame<'_>, choices: Vec<LoginChoice>) -> LoginPage<'_> {
    let here = "/login".to_owned();
    LoginPage { frame, choices, here, return_to: None, app: None, last: None, person: None, notice: None, operator: false }
}

fn error_page(frame: Frame<'_>, cause: ErrorCause) -> ErrorPage<'_> {
    ErrorPage { frame, cause, provider: None, again: None, others: None, app: None, has_others: true, code: None }
}

fn person(text: &str) -> SignedInUser {
    SignedInUser {
        email: text.to_owned(),
        name: Some(text.to_owned()),
        provider_title: Some(text.to_owned()),
        continue_to: Some(RETURN_TO.to_owned()),
    }
}

fn identities(count: usize, text: &str) -> Vec<LinkedIdentityRow> {
    let identity = |at: usize| LinkedIdentityRow {
        title: text.to_owned(),
        icon: if at == 0 { ProviderIcon::Initials("A".to_owned()) } else { ProviderIcon::Logo(format!("/logo/p{at}")) },
        handle: text.to_owned(),
        current: at == 0,
        removable: at != 2,
        since: (at != 1).then(|| text.to_owned()),
    };
    (0..count).map(identity).collect()
}

fn more(count: usize, text: &str) -> Vec<LinkableProvider> {
    let of = |choice: LoginChoice| LinkableProvider { id: choice.id, title: choice.title, icon: choice.icon, inputs: choice.inputs };
    choices(count, text).into_iter().map(of).collect()
}

pub(crate) fn apps(count: usize, text: &str) -> Vec<AppWithAccess> {
    let app = |at: usize| AppWithAccess {
        id: text.to_owned(),
        name: text.to_owned(),
        scopes: if at == 0 { format!("openid profile offline_access {text}") } else { "openid".to_owned() },
        has_further: true,
        lasts: [AppAccessLasts::BeyondSignOut, AppAccessLasts::UntilSignOut, AppAccessLasts::NotNow][at.min(2)],
        since: Some(text.to_owned()),
        used: (at == 0).then(|| text.to_owned()),
    };
    (0..count).map(app).collect()
}

pub(crate) fn consent_page<'a>(frame: Frame<'a>, text: &'a str, person: &'a SessionUser) -> ConsentPage<'a> {
    let scope = "openid profile email offline_access orders:read";
    let (here, switch) = ("/authorize/0a1b2c3d", "/login?return_to=x");
    ConsentPage { frame, app: text, host: text.to_owned(), person, scope, further: vec![text, "tier"], here, switch, form: text }
}

pub(crate) fn session_user(name: Option<&str>) -> SessionUser {
    SessionUser {
        uid: "u1".into(),
        email: Email::parse("ana@loja.example").expect("an address"),
        email_verified: true,
        name: name.map(Into::into),
        provider: "acme".into(),
        provider_id: "1".into(),
        facts: Vec::new(),
    }
}

/// The pages of a user who is signed in or proves an address.
fn pages_of_a_person(frame: Frame<'_>, text: &str) -> Vec<(String, String)> {
    let account = AccountPage {
        frame,
        email: text,
        name: Some(text),
        identities: identities(3, text),
        more: more(6, text),
        apps: apps(2, text),
        form: text,
        fresh: true,
        again: RETURN_TO,
        notice: None,
        continue_to: Some(RETURN_TO),
    };
    let notices = [AccountNotice::Linked, AccountNotice::Unlinked, AccountNotice::AppEnded];
    let (named, nameless) = (session_user(Some(text)), session_user(None));
    let consent = consent_page(frame, text, &named);
    let mut pages = vec![
        ("account".to_owned(), account.render()),
        ("account, not fresh".to_owned(), AccountPage { fresh: false, continue_to: None, ..account.clone() }.render()),
        (
            "account, one identity".to_owned(),
            AccountPage { identities: identities(1, text), more: vec![], name: None, ..account.clone() }.render(),
        ),
        ("account, no apps".to_owned(), AccountPage { apps: Vec::new(), ..account.clone() }.render()),
        ("consent".to_owned(), consent.render()),
        ("consent, nameless".to_owned(), ConsentPage { person: &nameless, scope: "openid", ..consent.clone() }.render()),
    ];
    for notice in notices {
        pages.push((format!("account, {notice:?}"), AccountPage { notice: Some(notice), ..account.clone() }.render()));
    }
    for wrong in [
        None,
        Some(AddressProofProblem::NotAnAddress),
        Some(AddressProofProblem::TooManyMails { seconds: 30 }),
        Some(AddressProofProblem::Enough),
        Some(AddressProofProblem::NotSent),
        Some(AddressProofProblem::WrongCode),
    ] {
        for stage in [
            AddressProofStage::Address { suggested: None, wrong },
            AddressProofStage::Address { suggested: Some(text), wrong },
            AddressProofStage::Code { address: text, digits: 6, wrong, left: 3 },
        ] {
            for why in [None, Some(AddressProofReason::NotConfirmed), Some(AddressProofReason::Known)] {
                let page = ProvePage { frame, provider: text, why, stage, others: "/login", form: text };
                pages.push((format!("prove, {why:?}, {stage:?}"), page.render()));
            }
        }
    }
    pages
}

/// Every kind of page in a language, with a text wherever one comes from outside.
fn pages(language: &PageLanguage, offered: &[&PageLanguage], text: &str) -> Vec<(String, String)> {
    let look = look(text);
    let frame = Frame { look: &look, language, offered, version: "1" };
    let empty = login_page(frame, Vec::new());
    let full = LoginPage { choices: choices(12, text), return_to: Some(RETURN_TO), ..empty.clone() };
    let mut pages = vec![
        ("nothing".to_owned(), empty.render()),
        ("nothing, operator".to_owned(), LoginPage { operator: true, ..empty.clone() }.render()),
        ("one".to_owned(), LoginPage { choices: choices(1, text), ..full.clone() }.render()),
        ("one that asks".to_owned(), LoginPage { choices: choices(3, text).split_off(2), ..full.clone() }.render()),
        ("twelve".to_owned(), full.render()),
        ("twelve, last".to_owned(), LoginPage { last: Some("p4"), notice: Some(LoginNotice::SignedOut), ..full.clone() }.render()),
        ("twelve, last asks".to_owned(), LoginPage { last: Some("p2"), ..full.clone() }.render()),
        ("for an app".to_owned(), LoginPage { app: Some(text), ..full.clone() }.render()),
        ("signed in, for an app".to_owned(), LoginPage { app: Some(text), person: Some(person(text)), ..full.clone() }.render()),
        ("signed in".to_owned(), LoginPage { person: Some(person(text)), ..full }.render()),
    ];
    for &cause in ErrorCause::ALL {
        let bare = error_page(frame, cause);
        let full =
            ErrorPage { provider: Some(text), again: Some("/login/p1"), others: Some("/login"), code: Some("K7Q-2MD"), ..bare.clone() };
        let app = Some(WaitingApp { name: text, action: "/authorize/0a1b2c3d", form: text });
        pages.push((format!("{} for an app", cause.name()), ErrorPage { app, ..full.clone() }.render()));
        pages.push((cause.name().to_owned(), full.render()));
        pages.push((format!("{} bare", cause.name()), bare.render()));
    }
    pages.extend(pages_of_a_person(frame, text));
    for app in [None, Some(text)] {
        let page = SignOutPage { frame, app, person: text, fields: &[("state", text.to_owned())], form: text };
        pages.push((format!("sign out, {app:?}"), page.render()));
    }
    pages
}

fn count(page: &str, part: &str) -> usize {
    page.matches(part).count()
}

#[test]
fn every_page_in_every_language_keeps_the_promises_of_the_look() {
    let languages = PageLanguages::embedded();
    let offered = languages.offered_languages(&[]);
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

/// Lesson 171
#[test]
fn what_comes_from_outside_is_escaped_everywhere() {
    let languages = PageLanguages::embedded();
    let offered = languages.offered_languages(&[]);
    for (name, page) in pages(offered[0], &offered, MARKUP) {
        assert!(!page.contains("<b onclick") && !page.contains("onclick='"), "{name}: {page}");
        assert!(!page.contains("\"<2>") && !page.contains("<2>"), "{name}");
        assert!(page.contains("&#60;b onclick=&#39;x&#39;&#62;&#34;&#38;amp;"), "{name}");
    }
}

#[test]
fn the_loudest_button_is_what_helps_most() {
    let languages = PageLanguages::embedded();
    let look = look("Loja");
    let frame = Frame { look: &look, language: languages.get("pt-BR").unwrap(), offered: &[], version: "1" };
    let loudest = |page: &str| page.split(" first\" href=\"").nth(1).and_then(|part| part.split('"').next()).map(str::to_owned);

    for (cause, expected) in [
        (ErrorCause::MissingEmail, "/login"),
        (ErrorCause::Slow, "/login/acme"),
        (ErrorCause::AlreadyUsed, "/login"),
        (ErrorCause::Blocked, "https://www.loja.example/"),
        (ErrorCause::NoSuchPage, "https://www.loja.example/"),
        (ErrorCause::StorageUnavailable, "/login/acme"),
        (ErrorCause::AddressReassigned, "/login/acme"),
        (ErrorCause::NotFresh, "/account"),
        (ErrorCause::LastIdentity, "/account"),
        (ErrorCause::LinkedElsewhere, "/account"),
    ] {
        let page = ErrorPage { again: Some("/login/acme"), others: Some("/login"), ..error_page(frame, cause) };
        assert_eq!(loudest(&page.render()).as_deref(), Some(expected), "{cause:?}");
    }

    let page = login_page(frame, choices(3, "Acme"));
    assert_eq!(loudest(&page.render()), None, "without a last provider nothing is loud");
    let page = LoginPage { last: Some("p1"), ..page };
    let html = page.render();
    assert!(loudest(&html).is_some_and(|href| href.starts_with("/login/p1?")));
    assert!(html.find("/login/p1?") < html.find("/login/p0?"), "the last provider stands first");
    assert_eq!(loudest(&LoginPage { last: Some("gone"), ..page }.render()), None);
}

#[test]
fn an_error_page_describes_what_happened() {
    let languages = PageLanguages::embedded();
    let look = look("Loja");
    let frame = Frame { look: &look, language: languages.get("pt-BR").unwrap(), offered: &[], version: "1" };
    let page = |cause, provider, code| ErrorPage { provider, code, ..error_page(frame, cause) }.render();

    for (page, expected) in [
        (page(ErrorCause::UnexpectedAnswer, Some("iClube"), None), "<p>iClube mandou uma resposta"),
        (page(ErrorCause::UnexpectedAnswer, None, None), "<p>O serviço que você escolheu mandou uma resposta"),
        (page(ErrorCause::TooMany { seconds: 0 }, None, None), "de novo em 1 s."),
        (page(ErrorCause::TooMany { seconds: 90 }, None, None), "de novo em 90 s."),
        (page(ErrorCause::TooMany { seconds: 91 }, None, None), "de novo em 2 min."),
        (page(ErrorCause::UnexpectedAnswer, None, Some("K7Q-2MD")), "<output translate=\"no\">K7Q-2MD</output>"),
        (
            page(ErrorCause::UnexpectedAnswer, None, Some("K7Q-2MD")),
            "Ao telefone: <b translate=\"no\">K</b> de Kátia, <b>sete</b>, <b translate=\"no\">Q</b> de queijo, traço, <b>dois</b>, \
             <b translate=\"no\">M</b> de Maria, <b translate=\"no\">D</b> de dado.</p>",
        ),
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert!(!page(ErrorCause::NoSuchPage, None, Some("K7Q-2MD")).contains("K7Q-2MD"), "there is no story");
    let unchanged = "Nada mudou na sua conta.";
    assert!(page(ErrorCause::UnexpectedAnswer, None, None).contains(unchanged));
    assert!(!page(ErrorCause::ProofOver, None, None).contains(unchanged), "the code may have been right the first time");
}

#[test]
fn an_address_is_proven_in_two_stages() {
    let languages = PageLanguages::embedded();
    let look = look("Loja");
    let offered = languages.offered_languages(&[]);
    let frame = Frame { look: &look, language: languages.get("pt-BR").unwrap(), offered: &offered, version: "1" };
    let page = |stage| {
        ProvePage {
            frame,
            provider: "iClube",
            why: Some(AddressProofReason::NotConfirmed),
            stage,
            others: "/login?return_to=x",
            form: "f0rm",
        }
        .render()
    };

    let address = page(AddressProofStage::Address { suggested: Some("ana@loja.example"), wrong: None });
    let code = page(AddressProofStage::Code { address: "ana@loja.example", digits: 6, wrong: None, left: 5 });
    for (page, expected) in [
        (&address, "<p>iClube não nos enviou um e-mail confirmado."),
        (&address, "<form class=\"form\" method=\"post\" action=\"/prove/address\">"),
        (&address, "<label for=\"email\">"),
        (&address, "autocomplete=\"email\""),
        (&address, "autofocus value=\"ana@loja.example\">"),
        (&address, "href=\"/prove?change=1&#38;lang=es\""),
        (&code, "<form class=\"form\" method=\"post\" action=\"/prove/code\">"),
        (&code, "<form method=\"post\" action=\"/prove/again\">"),
        (&code, "para <b translate=\"no\">ana@loja.example</b>."),
        (&code, "inputmode=\"numeric\" autocomplete=\"one-time-code\""),
        (&code, "href=\"/prove?change=1\""),
        (&code, "href=\"/prove?lang=es\""),
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
        assert_eq!(count(page, " autofocus"), 1);
        assert_eq!(count(page, "<form "), count(page, "<input type=\"hidden\" name=\"form\" value=\"f0rm\">"));
        assert!(page.contains("href=\"/login?return_to=x\""), "another provider leads to the same place");
    }
}

#[test]
fn what_has_to_be_mended_stands_at_the_field() {
    let languages = PageLanguages::embedded();
    let look = look("Loja");
    let frame = Frame { look: &look, language: languages.get("en").unwrap(), offered: &[], version: "1" };
    let address = |wrong| AddressProofStage::Address { suggested: Some("ana@"), wrong };
    let code = |wrong| AddressProofStage::Code { address: "ana@loja.example", digits: 6, wrong, left: 2 };

    for (stage, message, invalid) in [
        (address(None), None, false),
        (address(Some(AddressProofProblem::NotAnAddress)), Some("We cannot use this e-mail address. Please check it."), true),
        (address(Some(AddressProofProblem::NotSent)), Some("The e-mail could not be sent. Please try again in a moment."), false),
        (code(None), None, false),
        (
            code(Some(AddressProofProblem::WrongCode)),
            Some("This code is not correct. Please check the most recent e-mail. Tries left: 2."),
            true,
        ),
        (
            code(Some(AddressProofProblem::TooManyMails { seconds: 120 })),
            Some("An e-mail was requested just now. You can ask for another in 2 min."),
            false,
        ),
    ] {
        let page =
            ProvePage { frame, provider: "Acme", why: Some(AddressProofReason::Known), stage, others: "/login", form: "f0rm" }.render();
        let known = "An account with this address already exists. To open it, please confirm that the address is yours.";
        assert_eq!(page.contains(known), matches!(stage, AddressProofStage::Address { .. }), "{page}");
        assert!(!page.contains("Acme"), "nothing is said of the provider: {page}");
        assert_eq!(page.contains(" aria-invalid=\"true\""), invalid, "{stage:?}");
        assert_eq!(page.contains(" aria-describedby=\"wrong\""), message.is_some(), "{stage:?}");
        assert_eq!(page.contains("id=\"wrong\" role=\"alert\""), message.is_some(), "{stage:?}");
        assert!(message.is_none_or(|message| page.contains(&format!("<span>{message}</span>"))), "{stage:?}: {page}");
    }
}

#[test]
fn a_code_may_be_typed_in_groups() {
    let languages = PageLanguages::embedded();
    let look = look("Loja");
    let frame = Frame { look: &look, language: languages.get("en").unwrap(), offered: &[], version: "1" };
    let stage = AddressProofStage::Code { address: "ana@loja.example", digits: 6, wrong: None, left: 5 };
    let page = ProvePage { frame, provider: "Acme", why: Some(AddressProofReason::Known), stage, others: "/login", form: "f0rm" }.render();
    let pattern = page.split(" pattern=\"").nth(1).and_then(|part| part.split('"').next()).unwrap();
    let pattern = regex::Regex::new(&format!("^(?:{pattern})$")).unwrap();

    for (typed, expected) in [
        ("123456", true),
        ("123 456", true),
        ("123-456", true),
        (" 1 2-3 4 5 6 ", true),
        ("１２３ ４５６", true),
        ("１２３4５６", true),
        ("１２３４５", false),
        ("12345", false),
        ("1234567", false),
        ("12345a", false),
        ("", false),
    ] {
        assert_eq!(pattern.is_match(typed), expected, "{typed:?}");
    }
}

#[test]
fn linked_identities_are_changed_right_after_signing_in_and_the_last_one_stays() {
    let languages = PageLanguages::embedded();
    let look = look("Loja");
    let offered = languages.offered_languages(&[]);
    let frame = Frame { look: &look, language: languages.get("pt-BR").unwrap(), offered: &offered, version: "1" };
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
    assert_eq!(count(&html, "<button class=\"button\" aria-label=\"Remover Acme\">Remover</button>"), 2);
    assert_eq!(count(&html, "action=\"/account/link/p"), 3);
    assert_eq!(count(&html, "action=\"/account/sign-out\""), 1);
    assert_eq!(count(&html, "method=\"post\""), count(&html, "name=\"form\" value=\"f0rm\""));
    assert!(html.contains("<p class=\"notice\" role=\"status\">") && !html.contains("/login/acme"), "{html}");
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

#[test]
fn a_signed_in_person_finds_the_linked_identities() {
    let languages = PageLanguages::embedded();
    let look = look("Loja");
    let frame = Frame { look: &look, language: languages.get("en").unwrap(), offered: &[], version: "1" };
    let page = login_page(frame, Vec::new());

    assert!(!page.render().contains("/account"));
    assert!(LoginPage { person: Some(person("Ana")), ..page }.render().contains("<a href=\"/account\">Ways to sign in</a>"));
}

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

#[test]
fn without_a_logo_there_is_the_name_alone() {
    let languages = PageLanguages::embedded();
    let render = |logo| {
        let look = StoreBranding { title: "Loja".to_owned(), home: None, logo, accent: Accent::default(), ..StoreBranding::default() };
        let frame = Frame { look: &look, language: languages.get("en").unwrap(), offered: &[], version: "1" };
        login_page(frame, Vec::new()).render()
    };

    assert!(render(false).contains("<p class=\"store\"><span>Loja</span></p>"));
    assert!(render(true).contains("<span class=\"store-logo\"></span><span>Loja</span>"));
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
fn the_style_loads_nothing_from_elsewhere() {
    assert!(!STYLE.contains("://") && !STYLE.contains("@import") && !STYLE.contains("url("));
}
