//! Who the client is: its id, its secret, and how the two are shown.

use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::looks::{looks_like_url, looks_random};
use crate::workbench::learn::document::leaves_of;
use crate::workbench::learn::heuristics::{is_oauth_word, names_a_secret};
use crate::workbench::learn::jwt::RecordedJwt;
use crate::workbench::learn::recorded_login::{RecordedCall, RecordedLogin, is_browser_header};
use crate::workbench::recorded_exchange::decode_form_text;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The client as a recording shows it.
#[derive(Clone, Default)]
pub(crate) struct LearnedClient {
    pub(crate) id: Option<String>,
    pub(crate) secret: Option<String>,
    /// The word for the way in which both are shown in the `Authorization` header of the token call.
    pub(crate) basic: Option<&'static str>,
    /// The parameter of the redirect that holds the id, as it is called there.
    pub(crate) called: Option<String>,
}

/// Names under which a client's id goes.
const NAMES: &[&str] =
    &["clientid", "appid", "clientkey", "appkey", "apikey", "consumerkey", "applicationid", "app", "client", "key", "id"];

/// Finds out who the client is.
pub(crate) fn find_client(journey: &RecordedLogin<'_>) -> LearnedClient {
    let token = &journey.calls[journey.exchange];
    let basic = token.sent.header("authorization").and_then(|value| value.strip_prefix("Basic ")).and_then(decode_basic_credentials);
    let asked = journey.redirect.query();
    let fits = |value: &str| {
        value.len() >= 2
            && value != journey.back
            && Some(value) != journey.state.as_deref()
            && !is_oauth_word(value)
            && !looks_like_url(value)
    };
    let by_name = NAMES.iter().find_map(|name| asked.iter().find(|(known, value)| normalize_key(known) == *name && fits(value)));
    let repeated = asked
        .iter()
        .find(|(name, value)| fits(value) && value.len() >= 4 && !name.contains("scope") && token.said.lines().any(|said| said == value));
    let found = by_name.or(repeated);
    let mut client = LearnedClient {
        id: found.map(|(_, value)| value.clone()),
        called: found.map(|(name, _)| name.clone()),
        ..LearnedClient::default()
    };
    if let Some((name, word)) = basic.as_deref().and_then(|text| text.split_once(':')) {
        let id = client.id.clone().unwrap_or_else(|| decode_form_text(name));
        if name == id || decode_form_text(name) == id {
            let encoded = name != id || is_percent_encoded(word);
            client.basic = Some(if encoded { "basicEncoded" } else { "basic" });
            let word = if encoded { decode_form_text(word) } else { word.to_owned() };
            client.secret = Some(word).filter(|word| !word.is_empty());
            client.id = Some(id);
        }
    }
    if client.secret.is_none() {
        client.secret = journey.calls.iter().find_map(|call| find_secret(call, journey, client.id.as_deref()));
    }
    client
}

/// Whether a word was percent-encoded: every `%` in it begins one letter.
fn is_percent_encoded(word: &str) -> bool {
    word.contains('%')
        && word
            .split('%')
            .skip(1)
            .all(|rest| rest.len() >= 2 && rest.is_char_boundary(2) && rest[..2].bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// What stands in `Authorization: Basic …`.
pub(crate) fn decode_basic_credentials(text: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()
}

/// Names and values of a request, wherever they stand.
pub(crate) fn named_values(call: &RecordedCall<'_>) -> Vec<(String, String)> {
    let mut all = call.sent.query();
    all.extend(call.sent.form().unwrap_or_default());
    if let Some(json) = call.sent.body.as_ref().and_then(|body| crate::provider::json::parse(body.as_bytes()).ok()) {
        all.extend(leaves_of(&json).into_iter().map(|leaf| (leaf.name().to_owned(), leaf.text)));
    }
    all.extend(
        call.sent.headers.iter().filter(|(name, _)| !is_browser_header(name) && !name.eq_ignore_ascii_case("authorization")).cloned(),
    );
    all
}

/// The secret: what is called so, or what looks like one beside the client's id.
fn find_secret(call: &RecordedCall<'_>, journey: &RecordedLogin<'_>, id: Option<&str>) -> Option<String> {
    let all = named_values(call);
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
            && !is_oauth_word(value)
            && !journey.brought.iter().any(|(_, brought)| brought == value)
            && RecordedJwt::read(value).is_none()
    };
    let called = all.iter().find(|(name, value)| normalize_key(name).contains("secret") && value.len() >= 3 && is_other(value));
    let beside = || {
        let sends_code = journey.brought.iter().any(|(name, value)| *name == journey.code && all.iter().any(|(_, sent)| sent == value));
        all.iter().find(|(name, value)| {
            let proof = normalize_key(name).contains("verifier") || normalize_key(name).contains("sign") || normalize_key(name) == "sig";
            sends_code
                && !proof
                && is_other(value)
                && (looks_random(value) && normalize_key(name) != "code" || names_a_secret(name) && value.len() >= 8)
                && !came_with_earlier_answer(journey, call, value)
        })
    };
    called.or_else(beside).map(|(_, value)| value.clone())
}

/// Whether a value came with an answer before this call.
fn came_with_earlier_answer(journey: &RecordedLogin<'_>, call: &RecordedCall<'_>, value: &str) -> bool {
    let earlier = journey.calls.iter().take_while(|other| !std::ptr::eq(other.sent, call.sent));
    earlier.filter_map(|call| call.document.as_ref()).any(|document| document.leaves().iter().any(|leaf| leaf.text == value))
}
