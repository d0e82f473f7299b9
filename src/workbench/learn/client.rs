//! Finds the client in a recording: its id, its secret, and how the two are sent.

use crate::provider::credentials::ClientAuthMethod;
use crate::provider::json;
use crate::provider::pkce::Pkce;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::site::is_same_site;
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::looks::{looks_generated, looks_like_url, looks_random};
use crate::workbench::learn::client_token::ClientTokenCall;
use crate::workbench::learn::document::leaves_of;
use crate::workbench::learn::jwt::RecordedJwt;
use crate::workbench::learn::login_learner::LoginLearner;
use crate::workbench::learn::names::{is_oauth_word, names_a_secret};
use crate::workbench::learn::recorded_login::{RecordedCall, RecordedLogin, is_browser_header};
use crate::workbench::recorded_exchange::decode_form_text;
use crate::workbench::recorded_exchange::host_of;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The client as a recording shows it.
#[derive(Clone, Default)]
pub(crate) struct LearnedClient {
    pub(crate) id: Option<String>,
    pub(crate) secret: Option<String>,
    /// Whether it has a secret that signs requests and was never sent.
    pub(crate) has_hidden_secret: bool,
    /// How both are written in the `Authorization` header of the token call.
    pub(crate) basic: Option<ClientAuthMethod>,
    /// The name of the redirect's parameter that holds the id.
    pub(crate) id_parameter: Option<String>,
}

/// Names of parameters that hold a client's id, the likeliest first.
const NAMES: &[&str] =
    &["clientid", "appid", "clientkey", "appkey", "apikey", "consumerkey", "applicationid", "app", "client", "key", "id"];

pub(crate) fn find_client(login: &RecordedLogin<'_>) -> LearnedClient {
    let token = &login.calls[login.token_call];
    let basic = token.exchange.header("authorization").and_then(|value| value.strip_prefix("Basic ")).and_then(decode_basic_credentials);
    let redirect_parameters = login.first_parameters();
    let fits = |value: &str| {
        value.len() >= 2
            && value != login.redirect_uri
            && Some(value) != login.state.as_deref()
            && !is_oauth_word(value)
            && !looks_like_url(value)
    };
    let by_name =
        NAMES.iter().find_map(|name| redirect_parameters.iter().find(|(known, value)| normalize_key(known) == *name && fits(value)));
    let mut repeated: Vec<&(String, String)> = redirect_parameters
        .iter()
        .filter(|(name, value)| {
            fits(value) && value.len() >= 4 && !name.contains("scope") && token.sent_values.lines().any(|sent| sent == value)
        })
        .collect();
    // A word such as the kind of the page may be sent again, too.
    repeated.sort_by_key(|(_, value)| !(looks_random(value) || looks_generated(value)));
    let repeated = repeated.first().copied();
    // What stands in the header of the token call as well is the client, whatever its name.
    let in_header = basic.as_deref().and_then(|text| text.split_once(':')).and_then(|(name, _)| {
        redirect_parameters.iter().find(|(_, value)| fits(value) && (value == name || *value == decode_form_text(name)))
    });
    let found = in_header.or(by_name).or(repeated);
    let mut client = LearnedClient {
        id: found.map(|(_, value)| value.clone()),
        id_parameter: found.map(|(name, _)| name.clone()),
        ..LearnedClient::default()
    };
    if let Some((name, word)) = basic.as_deref().and_then(|text| text.split_once(':')) {
        let id = client.id.clone().unwrap_or_else(|| decode_form_text(name));
        if name == id || decode_form_text(name) == id {
            let encoded = name != id || is_percent_encoded(word);
            client.basic = Some(if encoded { ClientAuthMethod::BasicEncoded } else { ClientAuthMethod::Basic });
            let word = if encoded { decode_form_text(word) } else { word.to_owned() };
            client.secret = Some(word).filter(|word| !word.is_empty());
            client.id = Some(id);
        }
    }
    if client.secret.is_none() {
        client.secret = login.client_token.as_ref().and_then(|found| secret_in_header(&found.call, client.id.as_deref()));
    }
    if client.secret.is_none() {
        let own = login.client_token.as_ref().map(|found| &found.call);
        client.secret = own.into_iter().chain(&login.calls).find_map(|call| find_secret(call, login, client.id.as_deref()));
    }
    client
}

/// The secret beside the client's id in the header of a call.
fn secret_in_header(call: &RecordedCall<'_>, id: Option<&str>) -> Option<String> {
    let text = decode_basic_credentials(call.exchange.header("authorization")?.strip_prefix("Basic ")?)?;
    let (name, word) = text.split_once(':')?;
    (Some(name) == id && !word.is_empty()).then(|| word.to_owned())
}

/// Whether a text was percent-encoded: every `%` in it begins an encoded byte.
fn is_percent_encoded(word: &str) -> bool {
    word.contains('%')
        && word
            .split('%')
            .skip(1)
            .all(|rest| rest.len() >= 2 && rest.is_char_boundary(2) && rest[..2].bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The credentials in `Authorization: Basic …`.
pub(crate) fn decode_basic_credentials(text: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()
}

/// The names and values of a request: of its address, form, JSON and headers.
pub(crate) fn named_values(call: &RecordedCall<'_>) -> Vec<(String, String)> {
    let mut all = named_parameters(call);
    all.extend(
        call.exchange.headers.iter().filter(|(name, _)| !is_browser_header(name) && !name.eq_ignore_ascii_case("authorization")).cloned(),
    );
    all
}

/// The names and values of a request without its headers.
pub(crate) fn named_parameters(call: &RecordedCall<'_>) -> Vec<(String, String)> {
    let mut all = call.exchange.query();
    all.extend(call.exchange.form().unwrap_or_default());
    if let Some(json) = call.exchange.body.as_ref().and_then(|body| json::parse(body.as_bytes()).ok()) {
        all.extend(leaves_of(&json).into_iter().map(|leaf| (leaf.name().to_owned(), leaf.text)));
    }
    all
}

/// The secret: what is named so, or what looks like one beside the client's id.
fn find_secret(call: &RecordedCall<'_>, login: &RecordedLogin<'_>, id: Option<&str>) -> Option<String> {
    let all = named_values(call);
    // The verifier of PKCE looks like a secret, and its hash was sent with the redirect.
    let redirect_parameters = login.first_parameters();
    let is_verifier = |value: &str| {
        let challenge = Pkce::S256.challenge(value);
        // The secret itself may have been pushed as well.
        redirect_parameters.iter().any(|(name, sent)| Some(sent) == challenge.as_ref() || sent == value && !names_a_secret(name))
    };
    let client_token = login.client_token.as_ref().and_then(ClientTokenCall::token).map(|token| token.text);
    let is_other = |value: &str| {
        !is_verifier(value)
            && Some(value) != id
            && value != login.redirect_uri
            && Some(value) != login.state.as_deref()
            && !is_oauth_word(value)
            && !login.callback_parameters.iter().any(|(_, returned)| returned == value)
            && client_token.as_deref() != Some(value)
            && RecordedJwt::read(value).is_none()
    };
    let named = all.iter().find(|(name, value)| normalize_key(name).contains("secret") && value.len() >= 3 && is_other(value));
    let beside = || {
        let sends_code = login
            .callback_parameters
            .iter()
            .any(|(name, value)| *name == login.code_parameter && all.iter().any(|(_, sent)| sent == value));
        all.iter().find(|(name, value)| {
            let proof = normalize_key(name).contains("verifier") || normalize_key(name).contains("sign") || normalize_key(name) == "sig";
            sends_code
                && !proof
                && is_other(value)
                && (looks_random(value) && normalize_key(name) != "code" || names_a_secret(name) && value.len() >= 8)
                && !came_with_earlier_answer(login, call, value)
        })
    };
    named.or_else(beside).map(|(_, value)| value.clone())
}

/// Whether a value came with an answer before this call.
fn came_with_earlier_answer(login: &RecordedLogin<'_>, call: &RecordedCall<'_>, value: &str) -> bool {
    let earlier = login.calls.iter().take_while(|other| !std::ptr::eq(other.exchange, call.exchange));
    earlier.filter_map(|call| call.document.as_ref()).any(|document| document.leaves().iter().any(|leaf| leaf.text == value))
}

impl LoginLearner<'_> {
    /// The host that gets the code and the secret, if it belongs to another site than the page to which the browser was sent.
    pub(crate) fn foreign_token_host(&self) -> Option<String> {
        let host = host_of(self.login.calls.get(self.login.token_call)?.exchange.base());
        let page = host_of(self.login.redirect.base());
        (!is_same_site(host, page)).then(|| {
            let (host, page) = (printable(host), printable(page));
            format!("`getAccessCode`: the code and the secret go to `{host}`, and the browser to `{page}`; decide whether both are the provider's")
        })
    }
}
