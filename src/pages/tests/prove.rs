//! The page that proves an address.

use crate::pages::tests::{count, frame, look};
use crate::pages::{AddressProofProblem, AddressProofReason, AddressProofStage, Frame, PageLanguages, ProvePage};

#[test]
fn an_address_is_proven_in_two_stages() {
    let languages = PageLanguages::embedded();
    let look = look("Loja");
    let offered = languages.offered_languages(&[]);
    let language = languages.get("pt-BR").unwrap();
    let page = |here, stage| {
        ProvePage {
            frame: Frame { look: &look, language, offered: &offered, here, version: "1" },
            provider: "iClube",
            why: Some(AddressProofReason::NotConfirmed),
            stage,
            others: "/login?return_to=x",
            form: "f0rm",
            begins_at: None,
        }
        .render()
    };

    let address = page("/prove?change=1", AddressProofStage::Address { suggested: Some("ana@loja.example"), wrong: None });
    let code =
        page("/prove", AddressProofStage::Code { address: "ana@loja.example", digits: 6, to_user_only: false, wrong: None, left: 5 });
    let to_user = AddressProofStage::Code { address: "ana@loja.example", digits: 16, to_user_only: true, wrong: None, left: 5 };
    let to_user = page("/prove", to_user);
    for (page, expected) in [
        (&to_user, "Se <b translate=\"no\">ana@loja.example</b> tiver uma, um código de 16 dígitos está a caminho."),
        (&address, "<p>iClube não nos enviou um e-mail confirmado."),
        (&address, "<form method=\"post\" action=\"/prove/address\">"),
        (&address, "<label for=\"email\">"),
        (&address, "autocomplete=\"email\""),
        (&address, "autofocus value=\"ana@loja.example\">"),
        (&address, "href=\"/prove?change=1&#38;lang=es\""),
        (&code, "<form method=\"post\" action=\"/prove/code\">"),
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
    let frame = frame(&look, &languages, "en");
    let address = |wrong| AddressProofStage::Address { suggested: Some("ana@"), wrong };
    let code = |wrong| AddressProofStage::Code { address: "ana@loja.example", digits: 6, to_user_only: false, wrong, left: 2 };

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
        let page = ProvePage {
            frame,
            provider: "Acme",
            why: Some(AddressProofReason::Known),
            stage,
            others: "/login",
            form: "f0rm",
            begins_at: None,
        }
        .render();
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
    let frame = frame(&look, &languages, "en");
    let stage = AddressProofStage::Code { address: "ana@loja.example", digits: 6, to_user_only: false, wrong: None, left: 5 };
    let page =
        ProvePage { frame, provider: "Acme", why: Some(AddressProofReason::Known), stage, others: "/login", form: "f0rm", begins_at: None }
            .render();
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
