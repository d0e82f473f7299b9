//! Who the client is: its id, its secret, and how the two are shown.

use crate::workbench::learn::document::leaves_of;
use crate::workbench::learn::journey::{Call, Journey, is_ambient};
use crate::workbench::learn::look::{is_address, is_random, is_standard_word, plain, says_secret};
use crate::workbench::learn::token::Jwt;
use crate::workbench::recorded::decode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The client as a recording shows it.
#[derive(Clone, Default)]
pub struct Client {
    /// Its id.
    pub id: Option<String>,
    /// Its secret.
    pub secret: Option<String>,
    /// The word for the way in which both are shown in the `Authorization` header of the token call.
    pub basic: Option<&'static str>,
    /// The parameter of the redirect that holds the id, as it is called there.
    pub called: Option<String>,
}

/// Names under which a client's id goes.
const NAMES: &[&str] =
    &["clientid", "appid", "clientkey", "appkey", "apikey", "consumerkey", "applicationid", "app", "client", "key", "id"];

/// Finds out who the client is.
pub fn find(journey: &Journey<'_>) -> Client {
    let token = &journey.calls[journey.exchange];
    let basic = token.sent.header("authorization").and_then(|value| value.strip_prefix("Basic ")).and_then(unpacked);
    let asked = journey.redirect.query();
    let fits = |value: &str| {
        value.len() >= 2
            && value != journey.back
            && Some(value) != journey.state.as_deref()
            && !is_standard_word(value)
            && !is_address(value)
    };
    let by_name = NAMES.iter().find_map(|name| asked.iter().find(|(known, value)| plain(known) == *name && fits(value)));
    let repeated = asked
        .iter()
        .find(|(name, value)| fits(value) && value.len() >= 4 && !name.contains("scope") && token.said.lines().any(|said| said == value));
    let found = by_name.or(repeated);
    let mut client = Client { id: found.map(|(_, value)| value.clone()), called: found.map(|(name, _)| name.clone()), ..Client::default() };
    if let Some((name, word)) = basic.as_deref().and_then(|text| text.split_once(':')) {
        let id = client.id.clone().unwrap_or_else(|| decode(name));
        if name == id || decode(name) == id {
            let encoded = name != id || is_encoded(word);
            client.basic = Some(if encoded { "basicEncoded" } else { "basic" });
            let word = if encoded { decode(word) } else { word.to_owned() };
            client.secret = Some(word).filter(|word| !word.is_empty());
            client.id = Some(id);
        }
    }
    if client.secret.is_none() {
        client.secret = journey.calls.iter().find_map(|call| secret_in(call, journey, client.id.as_deref()));
    }
    client
}

/// Whether a word was percent-encoded: every `%` in it begins one letter.
fn is_encoded(word: &str) -> bool {
    word.contains('%')
        && word
            .split('%')
            .skip(1)
            .all(|rest| rest.len() >= 2 && rest.is_char_boundary(2) && rest[..2].bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// What stands in `Authorization: Basic …`.
pub fn unpacked(text: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()
}

/// Names and values of a request, wherever they stand.
pub fn named(call: &Call<'_>) -> Vec<(String, String)> {
    let mut all = call.sent.query();
    all.extend(call.sent.form().unwrap_or_default());
    if let Some(json) = call.sent.body.as_ref().and_then(|body| crate::provider::json::parse(body.as_bytes()).ok()) {
        all.extend(leaves_of(&json).into_iter().map(|leaf| (leaf.name().to_owned(), leaf.text)));
    }
    all.extend(call.sent.headers.iter().filter(|(name, _)| !is_ambient(name) && !name.eq_ignore_ascii_case("authorization")).cloned());
    all
}

/// The secret: what is called so, or what looks like one beside the client's id.
fn secret_in(call: &Call<'_>, journey: &Journey<'_>, id: Option<&str>) -> Option<String> {
    let all = named(call);
    // The proof of PKCE looks like a secret, and its hash went out with the redirect.
    let asked = journey.redirect.query();
    let is_proof = |value: &str| {
        let challenge = crate::provider::pkce::Pkce::S256.challenge(value);
        asked.iter().any(|(_, sent)| Some(sent) == challenge.as_ref() || sent == value)
    };
    let is_other = |value: &str| {
        !is_proof(value)
            && Some(value) != id
            && value != journey.back
            && Some(value) != journey.state.as_deref()
            && !is_standard_word(value)
            && !journey.brought.iter().any(|(_, brought)| brought == value)
            && Jwt::read(value).is_none()
    };
    let called = all.iter().find(|(name, value)| plain(name).contains("secret") && value.len() >= 3 && is_other(value));
    let beside = || {
        let sends_code = journey.brought.iter().any(|(name, value)| *name == journey.code && all.iter().any(|(_, sent)| sent == value));
        all.iter().find(|(name, value)| {
            let proof = plain(name).contains("verifier") || plain(name).contains("sign") || plain(name) == "sig";
            sends_code
                && !proof
                && is_other(value)
                && (is_random(value) && plain(name) != "code" || says_secret(name) && value.len() >= 8)
                && !earlier_answer(journey, call, value)
        })
    };
    called.or_else(beside).map(|(_, value)| value.clone())
}

/// Whether a value came with an answer before this call.
fn earlier_answer(journey: &Journey<'_>, call: &Call<'_>, value: &str) -> bool {
    let earlier = journey.calls.iter().take_while(|other| !std::ptr::eq(other.sent, call.sent));
    earlier.filter_map(|call| call.document.as_ref()).any(|document| document.leaves().iter().any(|leaf| leaf.text == value))
}
