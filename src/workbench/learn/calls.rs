//! Writes the request of each call that the shop makes itself, in the fewest words that send exactly it.

use crate::provider::credentials::ClientAuthMethod;
use crate::provider::json;
use crate::provider::pkce::Pkce;
use crate::vocabulary::text::form_encode;
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::path::{PathSegment, last_key};
use crate::workbench::learn::address::address_template;
use crate::workbench::learn::assertion::assertion_entry;
use crate::workbench::learn::headers::{basic_credentials, push_header_entries};
use crate::workbench::learn::jwt::RecordedJwt;
use crate::workbench::learn::linking::{RequestOf, SentValue};
use crate::workbench::learn::login_learner::LoginLearner;
use crate::workbench::learn::parameter_signature::{LearnedSignature, find_header_signature, find_signature, guess_signature};
use crate::workbench::learn::recorded_login::RecordedCall;
use crate::workbench::learn::redirect::{push_shape, standard_redirect_parameters};
use crate::workbench::learn::request_places::RequestPlace;
use crate::workbench::learn::request_shape::{RequestShape, SentParameter, parameter_entries, shortest_shape};
use serde_json::Value;

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RecordedCallKind {
    /// It is made before the redirect.
    Push,
    /// It sends the code.
    Token,
    /// It gets a token of the client itself.
    ClientToken,
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
    let mut words = request_entries(learner, RequestOf::Call(number), &call, kind);
    let mut types = learner.logins.iter().filter_map(|login| login.calls.get(number)?.document.as_ref()?.value.get("token_type")?.as_str());
    let is_other = types.any(|name| !name.trim().is_empty() && !name.trim().eq_ignore_ascii_case("bearer"));
    if (learner.login.prepared..=learner.login.token_call).contains(&number) && is_other {
        let reason = "the answer names another `token_type` than `Bearer`";
        words.push(YamlLine::with_comment("tokenType", YamlValue::text("any"), reason));
    }
    words
}

/// The lines that describe the request for the client's own token.
pub(crate) fn client_token_request_entries(learner: &mut LoginLearner<'_>) -> Vec<YamlLine> {
    let Some(found) = learner.login.client_token.clone() else { return Vec::new() };
    request_entries(learner, RequestOf::ClientToken, &found.call, RecordedCallKind::ClientToken)
}

fn request_entries(learner: &mut LoginLearner<'_>, of: RequestOf, call: &RecordedCall<'_>, kind: RecordedCallKind) -> Vec<YamlLine> {
    let is_published = is_published(learner, call, kind);
    let address = if is_published { call.exchange.base().to_owned() } else { address_template(learner, of, call.exchange.base()) };
    let (query, form) = (call.exchange.query(), call.exchange.form());
    let signed = form.as_ref().filter(|pairs| !pairs.is_empty()).unwrap_or(&query);
    for (name, value) in signed {
        let place = if form.is_some() { RequestPlace::Field(name, 0) } else { RequestPlace::Parameter(name, 0) };
        let sent = learner.sent(of, place, name, value);
        learner.resolve_facts(&sent);
    }
    let (signature, in_header) = signatures_of(learner, call, signed);
    let without_signature = |pairs: &[(String, String)]| -> Vec<(String, String)> {
        pairs.iter().filter(|(name, _)| signature.as_ref().is_none_or(|found| *name != found.into)).cloned().collect()
    };
    let mut written = write_call(learner, (of, call), address, kind, &without_signature(&query), form.as_deref().map(without_signature));
    let assertion = written.assertion.take();
    let may_be_standard = match kind {
        RecordedCallKind::Token | RecordedCallKind::ClientToken => true,
        RecordedCallKind::Push => written.form.is_some(),
        RecordedCallKind::Other => false,
    };
    let mut words = if may_be_standard && written.json.is_none() && written.text.is_none() {
        standard_request_entries(learner, call, written, kind, assertion.is_some())
    } else {
        plain_request_entries(learner, call, written)
    };
    words.extend(assertion);
    if let Some(found) = signature {
        if found.needs_private_key {
            learner.refer_to_missing_key("privateKey", "signs the calls; no recording holds it");
        }
        words.push(YamlLine::new("sign", YamlValue::Block(found.words)));
    }
    let signed_header = in_header.as_ref().map(|found| found.into.clone());
    words.extend(in_header.map(|found| YamlLine::new("sign", YamlValue::Block(found.words))));
    let sends_token = matches!(of, RequestOf::Call(number) if number > learner.login.token_call);
    push_header_entries(learner, (of, call), (sends_token, signed_header.as_deref()), &mut words);
    words
}

/// The signature among the parameters of a call, or the one in a header.
fn signatures_of(
    learner: &mut LoginLearner<'_>,
    call: &RecordedCall<'_>,
    signed: &[(String, String)],
) -> (Option<LearnedSignature>, Option<LearnedSignature>) {
    let is_last = |found: &LearnedSignature| signed.last().is_some_and(|(name, _)| *name == found.into);
    let headers = &call.exchange.headers;
    let mut signature = find_signature(signed, &learner.known, false).filter(is_last);
    let mut in_header = if signature.is_none() { find_header_signature(headers, signed, &learner.known) } else { None };
    if signature.is_none() && in_header.is_none() && learner.client.secret.is_none() && !signed.is_empty() {
        signature = guess_signature(signed, false).filter(is_last);
        in_header = if signature.is_none() { guess_signature(headers, true) } else { None };
    }
    learner.client.has_hidden_secret |= signature.iter().chain(&in_header).any(|found| found.needs_hidden_secret);
    (signature, in_header)
}

fn write_call(
    learner: &mut LoginLearner<'_>,
    (of, call): (RequestOf, &RecordedCall<'_>),
    address: String,
    kind: RecordedCallKind,
    query: &[(String, String)],
    form: Option<Vec<(String, String)>>,
) -> WrittenCall {
    let mut values = ValueWriter { of, sent_at: call.exchange.at, assertion: None };
    let query = values.write_parameters(learner, query, RequestPlace::Parameter);
    let form = form.map(|pairs| values.write_parameters(learner, &pairs, RequestPlace::Field));
    let body = call.exchange.body.as_deref().filter(|_| form.is_none());
    let document = body.and_then(|body| json::parse(body.as_bytes()).ok()).filter(|json| json.is_object() || json.is_array());
    let text = body.filter(|body| document.is_none() && !body.trim().is_empty());
    let text = text.map(|body| {
        let sent = learner.sent(of, RequestPlace::Body, "", body);
        learner.write_value(&sent, call.exchange.at, false).0
    });
    let json = document.map(|document| values.write_json(learner, &document, &mut Vec::new()));
    let reason = match kind {
        RecordedCallKind::Push => "the redirect carries what this call gave",
        RecordedCallKind::Token => "the callback's code was sent here",
        RecordedCallKind::ClientToken => "gets a token of the client itself, which later calls send",
        RecordedCallKind::Other => "a value of an earlier answer was sent here",
    };
    let method = if call.exchange.method == "POST" { "post" } else { "get" };
    let is_published = is_published(learner, call, kind);
    let address = YamlLine::with_comment(method, YamlValue::Text(address), reason);
    WrittenCall { address, is_published, query, form, json, text, assertion: values.assertion }
}

/// Whether the issuer's document names this address for this call, so that no part of it comes from an answer.
fn is_published(learner: &LoginLearner<'_>, call: &RecordedCall<'_>, kind: RecordedCallKind) -> bool {
    let (published, method) = match kind {
        RecordedCallKind::Push => ("pushed_authorization_request_endpoint", "POST"),
        RecordedCallKind::Token | RecordedCallKind::ClientToken => ("token_endpoint", "POST"),
        RecordedCallKind::Other => ("userinfo_endpoint", "GET"),
    };
    let named = learner.issuer.as_ref().and_then(|(_, document)| document.get(published)?.as_str());
    call.exchange.method == method && named == Some(call.exchange.base())
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
        RecordedCallKind::ClientToken => vec![("grant_type", "client_credentials".to_owned())],
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
    /// The request that is written.
    of: RequestOf,
    sent_at: Option<i64>,
    assertion: Option<YamlLine>,
}

impl ValueWriter {
    fn write_parameters<'p>(
        &mut self,
        learner: &mut LoginLearner<'_>,
        pairs: &'p [(String, String)],
        place: impl Fn(&'p str, usize) -> RequestPlace<'p>,
    ) -> Vec<SentParameter> {
        let parameter = |(at, (name, value)): (usize, &'p (String, String))| {
            let nth = pairs[..at].iter().filter(|(known, _)| known == name).count();
            let sent = learner.sent(self.of, place(name, nth), name, value);
            let (value, comment) = self.write_value(learner, &sent);
            SentParameter { name: name.clone(), value, comment }
        };
        pairs.iter().enumerate().map(parameter).collect()
    }

    fn write_value(&mut self, learner: &mut LoginLearner<'_>, sent: &SentValue<'_>) -> (String, Option<String>) {
        if self.assertion.is_none()
            && !learner.is_known(sent.text)
            && let Some(token) =
                RecordedJwt::read(sent.text).filter(|token| token.claim_text("iss").is_some() || token.claim_text("sub").is_some())
        {
            self.assertion = Some(assertion_entry(learner, &token));
            return ("${clientAssertion}".to_owned(), Some("a token that the client signed".to_owned()));
        }
        learner.write_value(sent, self.sent_at, false)
    }

    /// `keys` is the path of the value in the body.
    fn write_json(&mut self, learner: &mut LoginLearner<'_>, value: &Value, keys: &mut Vec<PathSegment>) -> YamlValue {
        let name = last_key(keys).unwrap_or_default().to_owned();
        match value {
            Value::String(text) => {
                let sent = learner.sent(self.of, RequestPlace::Member(keys), &name, text);
                YamlValue::Text(self.write_value(learner, &sent).0)
            }
            Value::Object(members) => {
                let line = |(name, value): (&String, &Value)| {
                    keys.push(PathSegment::Key(name.clone()));
                    let value = self.write_json(learner, value, keys);
                    keys.pop();
                    YamlLine::new(name.replace("${", "$${"), value)
                };
                YamlValue::Block(members.iter().map(line).collect())
            }
            Value::Array(list) => {
                let entry = |(at, value): (usize, &Value)| {
                    keys.push(PathSegment::Index(at));
                    let value = self.write_json(learner, value, keys);
                    keys.pop();
                    value
                };
                YamlValue::List(list.iter().enumerate().map(entry).collect())
            }
            Value::Number(number) => {
                let text = number.to_string();
                let sent = learner.sent(self.of, RequestPlace::Member(keys), &name, &text);
                learner.resolve_facts(&sent);
                match learner.known.expression_for(&text).filter(|_| learner.accepts_exactly(&sent)) {
                    Some(expression) => YamlValue::Text(format!("${{{expression} | number}}")),
                    None => YamlValue::Bare(text),
                }
            }
            Value::Null | Value::Bool(_) => YamlValue::Bare(value.to_string()),
        }
    }
}
