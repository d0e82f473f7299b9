//! Writes the request of each call that the shop makes itself, in the fewest words that send exactly it.

use crate::provider::credentials::ClientAuthMethod;
use crate::provider::json;
use crate::provider::pkce::Pkce;
use crate::vocabulary::text::form_encode;
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::learn::assertion::assertion_entry;
use crate::workbench::learn::headers::{basic_credentials, push_header_entries};
use crate::workbench::learn::jwt::RecordedJwt;
use crate::workbench::learn::login_learner::LoginLearner;
use crate::workbench::learn::parameter_signature::find_signature;
use crate::workbench::learn::recorded_login::RecordedCall;
use crate::workbench::learn::redirect::{address_template, push_shape, standard_redirect_parameters};
use crate::workbench::learn::request_shape::{RequestShape, SentParameter, parameter_entries, shortest_shape};
use serde_json::Value;

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RecordedCallKind {
    /// It is made before the redirect.
    Push,
    /// It sends the code.
    Token,
    Other,
}

/// The parts of one call's request, written as the file has them.
struct WrittenCall {
    /// The `get` or `post` line.
    address: YamlLine,
    /// Whether the issuer's document names this address for this call.
    is_published: bool,
    query: Vec<SentParameter>,
    form: Option<Vec<SentParameter>>,
    json: Option<YamlValue>,
    text: Option<String>,
    assertion: Option<YamlLine>,
}

/// The lines that describe the request of one call.
pub(crate) fn call_request_entries(learner: &mut LoginLearner<'_>, number: usize) -> Vec<YamlLine> {
    let call = learner.login.calls[number].clone();
    let kind = if number < learner.login.prepared {
        RecordedCallKind::Push
    } else if number == learner.login.token_call {
        RecordedCallKind::Token
    } else {
        RecordedCallKind::Other
    };
    let address = address_template(learner, call.exchange.base());
    let (query, form) = (call.exchange.query(), call.exchange.form());
    let signed = form.as_ref().filter(|pairs| !pairs.is_empty()).unwrap_or(&query);
    for (_, value) in signed {
        learner.resolve_facts(value);
    }
    let signature =
        find_signature(signed, &learner.known, false).filter(|found| signed.last().is_some_and(|(name, _)| *name == found.into));
    let without_signature = |pairs: &[(String, String)]| -> Vec<(String, String)> {
        pairs.iter().filter(|(name, _)| signature.as_ref().is_none_or(|found| *name != found.into)).cloned().collect()
    };
    let mut written = write_call(learner, &call, address, kind, &without_signature(&query), form.as_deref().map(without_signature));
    let assertion = written.assertion.take();
    let may_be_standard = match kind {
        RecordedCallKind::Token => true,
        RecordedCallKind::Push => written.form.is_some(),
        RecordedCallKind::Other => false,
    };
    let mut words = if may_be_standard && written.json.is_none() && written.text.is_none() {
        standard_request_entries(learner, &call, written, kind, assertion.is_some())
    } else {
        plain_request_entries(learner, &call, written)
    };
    words.extend(assertion);
    if let Some(found) = signature {
        if found.needs_private_key {
            learner.refer_to_missing_key("privateKey", "signs the calls; no recording holds it");
        }
        words.push(YamlLine::new("sign", YamlValue::Block(found.words)));
    }
    push_header_entries(learner, &call, number > learner.login.token_call, &mut words);
    let named_type = call.document.as_ref().and_then(|document| document.value.get("token_type")).and_then(Value::as_str);
    if (learner.login.prepared..=learner.login.token_call).contains(&number)
        && named_type.is_some_and(|name| !name.trim().is_empty() && !name.trim().eq_ignore_ascii_case("bearer"))
    {
        let reason = "the answer names another `token_type` than `Bearer`";
        words.push(YamlLine::with_comment("tokenType", YamlValue::text("any"), reason));
    }
    words
}

fn write_call(
    learner: &mut LoginLearner<'_>,
    call: &RecordedCall<'_>,
    address: String,
    kind: RecordedCallKind,
    query: &[(String, String)],
    form: Option<Vec<(String, String)>>,
) -> WrittenCall {
    let mut values = ValueWriter { sent_at: call.exchange.at, assertion: None };
    let query = values.write_parameters(learner, query);
    let form = form.map(|pairs| values.write_parameters(learner, &pairs));
    let body = call.exchange.body.as_deref().filter(|_| form.is_none());
    let document = body.and_then(|body| json::parse(body.as_bytes()).ok()).filter(|json| json.is_object() || json.is_array());
    let text = body.filter(|body| document.is_none() && !body.trim().is_empty());
    let text = text.map(|body| learner.write_value("", body, call.exchange.at, false).0);
    let json = document.map(|document| values.write_json(learner, &document, ""));
    let (published, published_method, reason) = match kind {
        RecordedCallKind::Push => ("pushed_authorization_request_endpoint", "post", "the redirect carries what this call gave"),
        RecordedCallKind::Token => ("token_endpoint", "post", "the callback's code was sent here"),
        RecordedCallKind::Other => ("userinfo_endpoint", "get", "a value of an earlier answer was sent here"),
    };
    let method = if call.exchange.method == "POST" { "post" } else { "get" };
    let is_published = method == published_method
        && learner
            .issuer
            .as_ref()
            .is_some_and(|(_, document)| document.get(published).and_then(Value::as_str) == Some(call.exchange.base()));
    let address = YamlLine::with_comment(method, YamlValue::Text(address), reason);
    WrittenCall { address, is_published, query, form, json, text, assertion: values.assertion }
}

/// Any call but a standard token request.
fn plain_request_entries(learner: &LoginLearner<'_>, call: &RecordedCall<'_>, written: WrittenCall) -> Vec<YamlLine> {
    let mut words = Vec::new();
    if !written.is_published || written.json.is_some() || written.text.is_some() {
        words.push(written.address);
    }
    if let Some(basic) = basic_credentials(learner, call) {
        words.push(YamlLine::with_comment("credentials", YamlValue::text(basic.word()), CREDENTIALS_IN_HEADER));
    }
    if !written.query.is_empty() {
        words.push(YamlLine::new("query", YamlValue::Block(parameter_entries(&written.query))));
    }
    if let Some(form) = written.form.filter(|form| !form.is_empty()) {
        words.push(YamlLine::new("form", YamlValue::Block(parameter_entries(&form))));
    }
    words.extend(written.json.map(|json| YamlLine::new("json", json)));
    words.extend(written.text.map(|text| YamlLine::new("text", YamlValue::Text(text))));
    words
}

const CREDENTIALS_IN_HEADER: &str = "the client's id and secret are sent in the header";

/// How the credentials are sent, and the standard request that goes with it.
struct CredentialsStyle {
    method: Option<ClientAuthMethod>,
    standard: Vec<(&'static str, String)>,
}

impl CredentialsStyle {
    /// How many words the request takes in this style.
    fn cost(&self, sent: &[SentParameter]) -> usize {
        let shaped = match shortest_shape(&self.standard, sent) {
            RequestShape::Standard { rename, extra } => rename.len() + extra.len(),
            RequestShape::Written(all) => all.len() + 10,
        };
        shaped * 2 + usize::from(self.method == Some(ClientAuthMethod::None))
    }
}

/// The token request or the pushed request: the standard one where it fits.
fn standard_request_entries(
    learner: &LoginLearner<'_>,
    call: &RecordedCall<'_>,
    written: WrittenCall,
    kind: RecordedCallKind,
    has_assertion: bool,
) -> Vec<YamlLine> {
    let WrittenCall { mut address, is_published, query, form, .. } = written;
    let is_post = call.exchange.method == "POST";
    let credentials_in_query =
        is_post && query.len() == 2 && query.iter().all(|parameter| matches!(parameter.name.as_str(), "client_id" | "client_secret"));
    let (sent, beside_form) = match form {
        Some(form) if is_post => (form, if credentials_in_query { Vec::new() } else { query }),
        _ if is_post => (Vec::new(), Vec::new()),
        _ => (query, Vec::new()),
    };
    let styles = possible_credentials_styles(learner, call, kind, credentials_in_query, has_assertion);
    let Some(CredentialsStyle { method, standard }) = styles.into_iter().min_by_key(|style| style.cost(&sent)) else { return Vec::new() };
    let shape = shortest_shape(&standard, &sent);
    let is_written = matches!(shape, RequestShape::Written(_));
    if !beside_form.is_empty() && !is_written {
        append_query(&mut address, &beside_form);
    }
    let mut words = Vec::new();
    if !is_published || !beside_form.is_empty() || is_written {
        words.push(address);
    }
    if let Some(method) = method.filter(|method| *method != ClientAuthMethod::None || !is_written) {
        let reason = match method {
            ClientAuthMethod::None => "neither the client's id nor its secret is sent where the standard puts it",
            ClientAuthMethod::Query => "both are sent in the address",
            ClientAuthMethod::Form => "both are sent in the form",
            ClientAuthMethod::Basic | ClientAuthMethod::BasicEncoded => CREDENTIALS_IN_HEADER,
        };
        words.push(YamlLine::with_comment("credentials", YamlValue::text(method.word()), reason));
    }
    if is_written && !beside_form.is_empty() {
        words.push(YamlLine::new("query", YamlValue::Block(parameter_entries(&beside_form))));
    }
    push_shape(shape, if is_post { "form" } else { "query" }, &mut words);
    words
}

fn possible_credentials_styles(
    learner: &LoginLearner<'_>,
    call: &RecordedCall<'_>,
    kind: RecordedCallKind,
    credentials_in_query: bool,
    has_assertion: bool,
) -> Vec<CredentialsStyle> {
    let base = match kind {
        RecordedCallKind::Push => standard_redirect_parameters(learner),
        RecordedCallKind::Token | RecordedCallKind::Other => standard_token_parameters(learner),
    };
    // A pushed request names the client anyway.
    let is_new = |name: &str| base.iter().all(|(known, _)| *known != name);
    let style = |method: Option<ClientAuthMethod>, more: &[(&'static str, &str)]| {
        let more = more.iter().filter(|(name, _)| is_new(name)).map(|(name, value)| (*name, (*value).to_owned()));
        CredentialsStyle { method, standard: base.iter().cloned().chain(more).collect() }
    };
    let id = ("client_id", "${clientId}");
    let secret = ("client_secret", "${clientSecret}");
    let in_form = if learner.client.secret.is_some() { vec![id, secret] } else { vec![id] };
    let mut styles = match (basic_credentials(learner, call), credentials_in_query) {
        (Some(basic), _) => vec![style(Some(basic), &[])],
        (None, true) => vec![style(Some(ClientAuthMethod::Query), &[])],
        (None, false) => vec![style(None, &in_form), style(Some(ClientAuthMethod::None), &[])],
    };
    if has_assertion {
        let assertion_type = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        styles.insert(0, style(None, &[id, assertion_type, ("client_assertion", "${clientAssertion}")]));
    }
    styles
}

fn standard_token_parameters(learner: &LoginLearner<'_>) -> Vec<(&'static str, String)> {
    let mut standard = vec![("grant_type", "authorization_code"), ("code", "${code}"), ("redirect_uri", "${redirectUri}")];
    if learner.pkce != Pkce::Off {
        standard.push(("code_verifier", "${codeVerifier}"));
    }
    standard.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
}

/// Beside a standard form, parameters of the address stay in the address.
fn append_query(address: &mut YamlLine, parameters: &[SentParameter]) {
    let YamlValue::Text(address) = &mut address.value else { return };
    for (at, parameter) in parameters.iter().enumerate() {
        address.push(if at == 0 { '?' } else { '&' });
        form_encode(&parameter.name, address);
        address.push('=');
        if parameter.value.contains("${") { address.push_str(&parameter.value) } else { form_encode(&parameter.value, address) }
    }
}

/// Writes the values of one call, and keeps the first assertion among them.
struct ValueWriter {
    sent_at: Option<i64>,
    assertion: Option<YamlLine>,
}

impl ValueWriter {
    fn write_parameters(&mut self, learner: &mut LoginLearner<'_>, pairs: &[(String, String)]) -> Vec<SentParameter> {
        let parameter = |(name, value): &(String, String)| {
            let (value, comment) = self.write_value(learner, name, value);
            SentParameter { name: name.clone(), value, comment }
        };
        pairs.iter().map(parameter).collect()
    }

    fn write_value(&mut self, learner: &mut LoginLearner<'_>, name: &str, value: &str) -> (String, Option<String>) {
        if self.assertion.is_none()
            && !learner.is_known(value)
            && let Some(token) =
                RecordedJwt::read(value).filter(|token| token.claim_text("iss").is_some() || token.claim_text("sub").is_some())
        {
            self.assertion = Some(assertion_entry(learner, &token));
            return ("${clientAssertion}".to_owned(), Some("a token that the client signed".to_owned()));
        }
        learner.write_value(name, value, self.sent_at, false)
    }

    fn write_json(&mut self, learner: &mut LoginLearner<'_>, value: &Value, name: &str) -> YamlValue {
        match value {
            Value::String(text) => YamlValue::Text(self.write_value(learner, name, text).0),
            Value::Object(members) => {
                let line =
                    |(name, value): (&String, &Value)| YamlLine::new(name.replace("${", "$${"), self.write_json(learner, value, name));
                YamlValue::Block(members.iter().map(line).collect())
            }
            Value::Array(list) => YamlValue::List(list.iter().map(|value| self.write_json(learner, value, name)).collect()),
            Value::Number(number) => {
                let text = number.to_string();
                learner.resolve_facts(&text);
                match learner.known.expression_for(&text) {
                    Some(expression) => YamlValue::Text(format!("${{{expression}}}")),
                    None => YamlValue::Bare(text),
                }
            }
            Value::Null | Value::Bool(_) => YamlValue::Bare(value.to_string()),
        }
    }
}
