//! The client data: what the browser says of the request that it passed on to the authenticator.

use crate::passkeys::refusal::PasskeyRefusal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// The longest client data that is read. Browsers write a few hundred bytes.
const LONGEST: usize = 4096;

/// What is done with a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PasskeyCeremony {
    Registration,
    Assertion,
}

impl PasskeyCeremony {
    fn word(self) -> &'static str {
        match self {
            Self::Registration => "webauthn.create",
            Self::Assertion => "webauthn.get",
        }
    }
}

/// The members that count. Browsers may add others; one that is there twice is refused.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(rename = "type")]
    ceremony: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    #[serde(default)]
    top_origin: Option<serde_json::Value>,
}

/// Checks that the browser passed on the challenge, for this ceremony and on a page of this origin.
pub(crate) fn check_client_data(bytes: &[u8], ceremony: PasskeyCeremony, challenge: &[u8], origin: &str) -> Result<(), PasskeyRefusal> {
    if bytes.len() > LONGEST {
        return Err(PasskeyRefusal::UnreadableClientData);
    }
    let said: ClientData = serde_json::from_slice(bytes).map_err(|_| PasskeyRefusal::UnreadableClientData)?;
    if said.ceremony != ceremony.word() {
        return Err(PasskeyRefusal::WrongCeremony);
    }
    if challenge.is_empty() || said.challenge != URL_SAFE_NO_PAD.encode(challenge) {
        return Err(PasskeyRefusal::WrongChallenge);
    }
    if said.origin != origin {
        return Err(PasskeyRefusal::WrongOrigin);
    }
    if said.cross_origin || said.top_origin.is_some() {
        return Err(PasskeyRefusal::CrossOrigin);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use PasskeyRefusal::{CrossOrigin, UnreadableClientData, WrongCeremony, WrongChallenge, WrongOrigin};

    #[test]
    fn the_client_data_has_to_be_of_this_request_and_this_page() {
        let good = r#""type":"webauthn.get","challenge":"YWJj","origin":"https://login.loja.example""#;
        for (text, expected) in [
            (format!("{{{good}}}"), Ok(())),
            (format!(r#"{{{good},"crossOrigin":false}}"#), Ok(())),
            (format!(r#"{{{good},"crossOrigin":false,"other_keys_can_be_added_here":"x"}}"#), Ok(())),
            (format!(r#"{{{good},"crossOrigin":true}}"#), Err(CrossOrigin)),
            (format!(r#"{{{good},"topOrigin":"https://www.loja.example"}}"#), Err(CrossOrigin)),
            (format!(r#"{{{good},"crossOrigin":"false"}}"#), Err(UnreadableClientData)),
            (format!(r#"{{{good},"crossOrigin":null}}"#), Err(UnreadableClientData)),
            (format!(r#"{{{good},"origin":"https://login.loja.example"}}"#), Err(UnreadableClientData)),
            (format!("{{{good}}} "), Ok(())),
            (format!("{{{good}}}}}"), Err(UnreadableClientData)),
            (format!("\u{feff}{{{good}}}"), Err(UnreadableClientData)),
            (format!("{{{}}}", good.replace("webauthn.get", "webauthn.create")), Err(WrongCeremony)),
            (format!("{{{}}}", good.replace("YWJj", "YWJk")), Err(WrongChallenge)),
            (format!("{{{}}}", good.replace("YWJj", "YWJj=")), Err(WrongChallenge)),
            (format!("{{{}}}", good.replace("YWJj", "")), Err(WrongChallenge)),
            (format!("{{{}}}", good.replace("https://login", "http://login")), Err(WrongOrigin)),
            (format!("{{{}}}", good.replace(".example", ".example:443")), Err(WrongOrigin)),
            (format!("{{{}}}", good.replace(".example", ".example/")), Err(WrongOrigin)),
            (format!("{{{}}}", good.replace("https://login", "https://www")), Err(WrongOrigin)),
            (format!("{{{}}}", good.replace("https://login", "https://LOGIN")), Err(WrongOrigin)),
            (format!("{{{good},\"x\":\"{}\"}}", "x".repeat(LONGEST)), Err(UnreadableClientData)),
            ("{}".to_owned(), Err(UnreadableClientData)),
            ("[]".to_owned(), Err(UnreadableClientData)),
            (String::new(), Err(UnreadableClientData)),
        ] {
            let judged = check_client_data(text.as_bytes(), PasskeyCeremony::Assertion, b"abc", "https://login.loja.example");
            assert_eq!(judged, expected, "{text}");
        }
        let text = format!("{{{}}}", good.replace("YWJj", ""));
        let without = check_client_data(text.as_bytes(), PasskeyCeremony::Assertion, b"", "https://login.loja.example");
        assert_eq!(without, Err(WrongChallenge), "an empty challenge proves nothing");
    }
}
