//! The error page.

use crate::pages::tests::{error_page, frame, look};
use crate::pages::{ErrorCause, ErrorPage, PageLanguages};

#[test]
fn an_error_page_describes_what_happened() {
    let languages = PageLanguages::embedded();
    let look = look("Loja");
    let frame = frame(&look, &languages, "pt-BR");
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
fn a_code_is_shown_where_support_can_do_something() {
    let languages = PageLanguages::embedded();
    let look = look("Loja");
    for (cause, is_block, is_line) in [
        (ErrorCause::Slow, true, false),
        (ErrorCause::Blocked, true, false),
        (ErrorCause::UnknownAttempt, false, true),
        (ErrorCause::MissingEmail, false, true),
        (ErrorCause::Cancelled, false, false),
        (ErrorCause::NoSuchPage, false, false),
    ] {
        let page = ErrorPage { code: Some("K7Q-2MD"), ..error_page(frame(&look, &languages, "pt-BR"), cause) }.render();

        assert_eq!(page.contains("<section class=\"code\""), is_block, "{cause:?}");
        assert_eq!(page.contains("informe à loja o código <output translate=\"no\">K7Q-2MD</output>."), is_line, "{cause:?}");
        assert_eq!(page.contains("K7Q-2MD"), is_block || is_line, "{cause:?}");
    }
}

#[test]
fn the_filled_button_is_what_helps_most() {
    let languages = PageLanguages::embedded();
    let look = look("Loja");
    let filled = |page: &str| page.split("button first\" href=\"").nth(1).and_then(|part| part.split('"').next()).map(str::to_owned);

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
        let frame = frame(&look, &languages, "pt-BR");
        let page = ErrorPage { again: Some("/login/acme"), others: Some("/login"), ..error_page(frame, cause) };
        assert_eq!(filled(&page.render()).as_deref(), Some(expected), "{cause:?}");
    }
}
