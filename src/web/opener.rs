//! Which answers keep the tie between a window and the page that opened it: those of a login in a popup, whose opener waits for it. Every other
//! page of ours cuts that tie (`Cross-Origin-Opener-Policy`).

use crate::web::headers::KeepsOpener;
use actix_web::{HttpMessage as _, HttpRequest};

/// The path at which a login in a popup ends.
pub(crate) const END_OF_POPUP: &str = "/session/popup";

/// The answer to this request keeps the tie.
pub(crate) fn keep(request: &HttpRequest) {
    request.extensions_mut().insert(KeepsOpener);
}

/// Whether a login with this return address runs in a popup.
pub(crate) fn is_in_popup(public_url: &str, return_to: &str) -> bool {
    return_to.strip_prefix(public_url).and_then(|rest| rest.strip_prefix(END_OF_POPUP)).is_some_and(|rest| rest.starts_with('?'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_return_address_at_the_end_of_a_popup_is_one() {
        for (return_to, expected) in [
            ("https://login.loja.example/session/popup?return_to=https%3A%2F%2Fwww.loja.example%2F", true),
            ("https://login.loja.example/session/popup", false),
            ("https://login.loja.example/session/popups?x", false),
            ("https://login.loja.example.evil.example/session/popup?x", false),
            ("https://www.loja.example/session/popup?x", false),
            ("/session/popup?x", false),
        ] {
            assert_eq!(is_in_popup("https://login.loja.example", return_to), expected, "{return_to}");
        }
    }
}
