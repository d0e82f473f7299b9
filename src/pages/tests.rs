//! What the tests of the pages share, and what holds for every page in every language.

mod account;
mod error;
mod login;
mod mail;
mod prove;
mod style;

use crate::pages::{
    Accent, AccountDeletionOffer, AccountNotice, AccountPage, AddressProofProblem, AddressProofReason, AddressProofStage, AppAccessLasts,
    AppWithAccess, ConsentPage, EmailCodeForm, ErasurePage, ErasureStage, ErrorCause, ErrorPage, Frame, InAppBrowser, InAppNotice,
    LinkableProvider, LinkedIdentityRow, LoginChoice, LoginInputField, LoginNotice, LoginPage, NewPasskeyForm, PageLanguage, PageLanguages,
    PasskeyForm, PasskeyOfferPage, PasskeyRow, PasskeySection, ProvePage, ProviderIcon, SessionRow, SignOutPage, SignedInUser,
    StoreBranding, StoreLogo, WaitingApp,
};
use crate::session::SessionUser;
use crate::vocabulary::email::Email;

const MARKUP: &str = "<b onclick='x'>\"&amp;";
const RETURN_TO: &str = "https://www.loja.example/carrinho?a=1&b=\"<2>";

fn look(title: &str) -> StoreBranding {
    StoreBranding {
        title: title.to_owned(),
        home: Some("https://www.loja.example/".to_owned()),
        logo: Some(StoreLogo::Square),
        accent: Accent::default(),
        ..StoreBranding::default()
    }
}

/// The frame of a page that offers no other language.
fn frame<'a>(look: &'a StoreBranding, languages: &'a PageLanguages, code: &str) -> Frame<'a> {
    Frame { look, language: languages.get(code).expect("the language is embedded"), offered: &[], here: "/here", version: "1" }
}

fn choices(count: usize, name: &str) -> Vec<LoginChoice> {
    let field = LoginInputField { name: "shop".to_owned(), label: name.to_owned(), pattern: Some("[\"a-z-]+".to_owned()) };
    let icon = |at: usize, name| ProviderIcon::new(&format!("p{at}"), name, (at % 2 == 1).then_some(at % 4 == 1));
    let inputs = |at: usize| if at % 3 == 2 { vec![field.clone()] } else { Vec::new() };
    (0..count).map(|at| LoginChoice::new(&format!("p{at}"), name, Some(RETURN_TO), icon(at, name), inputs(at))).collect()
}

fn login_page(frame: Frame<'_>, choices: Vec<LoginChoice>) -> LoginPage<'_> {
    LoginPage {
        frame,
        choices,
        return_to: None,
        place: None,
        app: None,
        email_code: None,
        passkey: None,
        new_passkey: None,
        in_app: None,
        last: None,
        person: None,
        notice: None,
        operator: false,
    }
}

fn error_page(frame: Frame<'_>, cause: ErrorCause) -> ErrorPage<'_> {
    ErrorPage {
        frame,
        cause,
        provider: None,
        again: None,
        others: None,
        app: None,
        email_code: None,
        has_others: true,
        links: false,
        fails_for_many: false,
        code: None,
    }
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
        icon: if at == 0 { ProviderIcon::Initials("A".to_owned()) } else { ProviderIcon::new(&format!("p{at}"), text, Some(at == 1)) },
        address: (at != 1).then(|| text.to_owned()),
        handle: text.to_owned(),
        current: at == 0,
        removable: at != 2,
        since: (at != 1).then(|| text.to_owned()),
        used: (at != 2).then(|| "11/07/2026".to_owned()),
    };
    (0..count).map(identity).collect()
}

pub(crate) fn sessions(count: usize, text: &str) -> Vec<SessionRow> {
    let session = |at: usize| SessionRow {
        device: text.to_owned(),
        handheld: at == 0,
        handle: text.to_owned(),
        current: at == 0,
        lines: vec![text.to_owned(); 2 - at.min(1)],
    };
    (0..count).map(session).collect()
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
    let switch = "/login?return_to=x";
    let token_providers = vec!["Clube Acme".to_owned(), "Outro Clube".to_owned()];
    ConsentPage { frame, app: text, host: text.to_owned(), person, scope, further: vec![text, "tier"], token_providers, switch, form: text }
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

fn passkeys(count: usize, text: &str) -> PasskeySection {
    let passkey = |at: usize| PasskeyRow {
        handle: format!("h{at}"),
        device: (at == 0).then(|| text.to_owned()),
        added: Some(text.to_owned()),
        used: (at == 0).then(|| text.to_owned()),
    };
    PasskeySection { passkeys: (0..count).map(passkey).collect(), may_add: true, fresh: true }
}

/// The pages of a user who is signed in or proves an address.
fn pages_of_a_person(frame: Frame<'_>, text: &str) -> Vec<(String, String)> {
    let account = AccountPage {
        frame,
        email: text,
        name: Some(text),
        identities: identities(3, text),
        more: more(6, text),
        passkeys: Some(passkeys(2, text)),
        apps: apps(2, text),
        sessions: sessions(3, text),
        deletion: AccountDeletionOffer::AskAt(RETURN_TO),
        form: text,
        fresh: true,
        again: RETURN_TO,
        notice: None,
        undo: None,
        continue_to: Some(RETURN_TO),
    };
    let notices = [
        AccountNotice::Linked,
        AccountNotice::Unlinked,
        AccountNotice::Restored,
        AccountNotice::TooLate,
        AccountNotice::SessionEnded,
        AccountNotice::AppEnded,
        AccountNotice::PasskeyAdded,
        AccountNotice::PasskeyRemoved,
    ];
    let (named, nameless) = (session_user(Some(text)), session_user(None));
    let consent = consent_page(frame, text, &named);
    let mut pages = vec![
        ("account".to_owned(), account.render()),
        ("account, not fresh".to_owned(), AccountPage { fresh: false, continue_to: None, ..account.clone() }.render()),
        (
            "account, one identity".to_owned(),
            AccountPage { identities: identities(1, text), more: vec![], name: None, ..account.clone() }.render(),
        ),
        ("account, undo".to_owned(), AccountPage { undo: Some(text), ..account.clone() }.render()),
        ("account, deletion at the store".to_owned(), AccountPage { deletion: AccountDeletionOffer::AskStore, ..account.clone() }.render()),
        (
            "account, deletion by the person".to_owned(),
            AccountPage { deletion: AccountDeletionOffer::ByPerson, ..account.clone() }.render(),
        ),
        ("erasure".to_owned(), ErasurePage { frame, stage: ErasureStage::Question { email: text, form: text } }.render()),
        ("erased".to_owned(), ErasurePage { frame, stage: ErasureStage::Erased { continue_to: RETURN_TO } }.render()),
        ("account, no apps".to_owned(), AccountPage { apps: Vec::new(), passkeys: Some(passkeys(0, text)), ..account.clone() }.render()),
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
            AddressProofStage::Code { address: text, digits: 6, to_user_only: false, wrong, left: 3 },
            AddressProofStage::Code { address: text, digits: 16, to_user_only: true, wrong, left: 3 },
        ] {
            for why in [None, Some(AddressProofReason::NotConfirmed), Some(AddressProofReason::Known), Some(AddressProofReason::SignIn)] {
                let page = ProvePage { frame, provider: text, why, stage, others: "/login", form: text, begins_at: None };
                pages.push((format!("prove, {why:?}, {stage:?}"), page.render()));
            }
        }
    }
    pages
}

/// The pages with passkeys.
fn pages_with_passkeys(frame: Frame<'_>, text: &str) -> Vec<(String, String)> {
    let (action, device) = ("/login/passkey".to_owned(), "portaria-device=1".to_owned());
    let form = PasskeyForm { action, options: "/login/passkey/options".to_owned(), device, others: Some("/login".to_owned()) };
    let alone = LoginPage { passkey: Some(form.clone()), ..login_page(frame, Vec::new()) };
    let passkey = Some(PasskeyForm { others: None, ..form });
    let email_code = Some(EmailCodeForm { action: "/login/email".to_owned(), form: text.to_owned() });
    let some = LoginPage { choices: choices(3, text), email_code, passkey, ..login_page(frame, Vec::new()) };
    let one = LoginPage { choices: choices(1, text), email_code: None, ..some.clone() };
    let person = SignedInUser { email: text.to_owned(), name: None, provider_title: Some(text.to_owned()), continue_to: None };
    let new_passkey = Some(NewPasskeyForm { action: "/account/passkeys".to_owned(), device: "portaria-device=1".to_owned() });
    let signed_in = LoginPage { person: Some(person), new_passkey, ..login_page(frame, Vec::new()) };
    let offer = PasskeyOfferPage { frame, goes_on: RETURN_TO, action: "/account/passkeys" };
    vec![
        ("a passkey alone".to_owned(), alone.render()),
        ("one and a passkey".to_owned(), one.render()),
        ("a passkey beside others".to_owned(), some.render()),
        ("a passkey as the last time".to_owned(), LoginPage { last: Some("passkey"), ..some }.render()),
        ("a passkey is offered".to_owned(), offer.render()),
        ("a passkey is offered to a person who is signed in".to_owned(), signed_in.render()),
    ]
}

/// Every kind of page in a language, with a text wherever one comes from outside.
fn pages(language: &PageLanguage, offered: &[&PageLanguage], text: &str) -> Vec<(String, String)> {
    let look = look(text);
    let frame = Frame { look: &look, language, offered, here: "/here?a=1", version: "1" };
    let empty = login_page(frame, Vec::new());
    let full = LoginPage { choices: choices(12, text), return_to: Some(RETURN_TO), place: Some(text.to_owned()), ..empty.clone() };
    let code = Some(EmailCodeForm { action: "/login/email".to_owned(), form: text.to_owned() });
    let in_app = |browser: &str, address: Option<&str>| {
        let browser = InAppBrowser::of_user_agent(browser).expect("the browser of an app");
        Some(InAppNotice { browser, refused: vec![text.to_owned(), "iClube".to_owned()], address: address.map(str::to_owned) })
    };
    let here = Some("https://www.loja.example/login?a=1&b=2");
    let (android, other) = (in_app("(Linux; Android 15; wv)", here), in_app("Line Line/15", here));
    let mut pages = vec![
        ("a code alone".to_owned(), LoginPage { email_code: code.clone(), place: Some(text.to_owned()), ..empty.clone() }.render()),
        ("many and a code".to_owned(), LoginPage { email_code: code.clone(), ..full.clone() }.render()),
        ("in an app".to_owned(), LoginPage { email_code: code, in_app: android, ..full.clone() }.render()),
        ("in another app".to_owned(), LoginPage { in_app: other, ..empty.clone() }.render()),
        ("in an app, for an app".to_owned(), LoginPage { in_app: in_app("Line Line/15", None), app: Some(text), ..empty.clone() }.render()),
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
    pages.extend(pages_with_passkeys(frame, text));
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
            let page = page.replacen("\n<script src=\"/passkey.js?v=1\" defer></script>\n</head>", "\n</head>", 1);
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
