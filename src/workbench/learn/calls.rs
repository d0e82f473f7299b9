//! The calls that the shop makes itself: the request of each, in the shortest words that send exactly it.

use crate::vocabulary::text::form_encode;
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::learn::assertion;
use crate::workbench::learn::headers::{basic_credentials_word, push_header_entries};
use crate::workbench::learn::jwt::RecordedJwt;
use crate::workbench::learn::login_learner::LoginLearner;
use crate::workbench::learn::parameter_signature;
use crate::workbench::learn::recorded_login::RecordedCall;
use crate::workbench::learn::redirect::{address_template, push_shape};
use crate::workbench::learn::request_shape::{RequestShape, SentParameter, parameter_entries, shortest_shape};
use serde_json::Value;

/// What is written of a call, from one part to the next.
struct CallWriter {
    at: Option<i64>,
    assertion: Option<YamlLine>,
}

/// The request of one call.
pub(crate) fn call_request_entries(thread: &mut LoginLearner<'_>, number: usize) -> Vec<YamlLine> {
    let call = thread.journey.calls[number].clone();
    let is_exchange = number == thread.journey.exchange;
    let mut writing = CallWriter { at: call.sent.at, assertion: None };
    let base = address_template(thread, call.sent.base());
    let (query_pairs, form_pairs) = (call.sent.query(), call.sent.form());
    let json = call.sent.body.as_ref().filter(|_| form_pairs.is_none()).and_then(|body| crate::provider::json::parse(body.as_bytes()).ok());
    let json = json.filter(|json| json.is_object() || json.is_array());
    let signed = form_pairs.as_ref().filter(|pairs| !pairs.is_empty()).unwrap_or(&query_pairs);
    for (_, value) in signed {
        thread.resolve_facts(value);
    }
    let signature = parameter_signature::find_signature(signed, &thread.known, false)
        .filter(|found| signed.last().is_some_and(|(name, _)| *name == found.into));
    let without = |pairs: &[(String, String)]| -> Vec<(String, String)> {
        pairs.iter().filter(|(name, _)| signature.as_ref().is_none_or(|found| *name != found.into)).cloned().collect()
    };
    let query = writing.write_parameters(thread, &without(&query_pairs));
    let form = form_pairs.as_ref().map(|pairs| writing.write_parameters(thread, &without(pairs)));
    let body = json.map(|json| writing.write_json(thread, &json, ""));
    let text = call
        .sent
        .body
        .as_ref()
        .filter(|body| form.is_none() && is_not_blank(body) && is_not_json_document(body))
        .map(|body| thread.write_value("", body, call.sent.at, false).0);
    let mut words = Vec::new();
    let method = if call.sent.method == "POST" { "post" } else { "get" };
    let published = if is_exchange { "token_endpoint" } else { "userinfo_endpoint" };
    let is_published = thread.issuer.as_ref().is_some_and(|(_, document)| {
        document.get(published).and_then(Value::as_str) == Some(call.sent.base()) && method == if is_exchange { "post" } else { "get" }
    });
    let why = if is_exchange { "the callback's code was sent here" } else { "a value of an earlier answer was sent here" };
    let get = YamlLine::with_comment(method, YamlValue::Text(base.clone()), why);
    let is_written = body.is_some() || text.is_some();
    if is_exchange && !is_written {
        push_token_request_entries(thread, &call, (get, is_published), (query, form), writing.assertion.is_some(), &mut words);
    } else {
        if !is_published || is_written {
            words.push(get);
        }
        if !query.is_empty() {
            words.push(YamlLine::new("query", YamlValue::Block(parameter_entries(&query))));
        }
        if let Some(form) = form.filter(|form| !form.is_empty()) {
            words.push(YamlLine::new("form", YamlValue::Block(parameter_entries(&form))));
        }
        if let Some(body) = body {
            words.push(YamlLine::new("json", body));
        }
        if let Some(text) = text {
            words.push(YamlLine::new("text", YamlValue::Text(text)));
        }
        if let Some(basic) = basic_credentials_word(thread, &call) {
            words.insert(
                1.min(words.len()),
                YamlLine::with_comment("credentials", YamlValue::text(basic), "the client's name and secret stand in the header"),
            );
        }
    }
    words.extend(writing.assertion);
    if let Some(found) = signature {
        if found.wants_key && !thread.kept.iter().any(|(name, ..)| name == "privateKey") {
            thread.kept.push(("privateKey".to_owned(), true, String::new(), "signs the calls; no recording holds it".to_owned()));
        }
        words.push(YamlLine::new("sign", YamlValue::Block(found.words)));
    }
    push_header_entries(thread, &call, number > thread.journey.exchange, &mut words);
    words
}

fn is_not_blank(body: &str) -> bool {
    !body.trim().is_empty()
}

fn is_not_json_document(body: &str) -> bool {
    crate::provider::json::parse(body.as_bytes()).map_or(true, |json| !json.is_object() && !json.is_array())
}

/// The word for the credentials, and the standard request that goes with it.
type CredentialsStyle = (Option<&'static str>, Vec<(&'static str, String)>);

type QueryAndForm = (Vec<SentParameter>, Option<Vec<SentParameter>>);

/// The token call: the standard one where it fits.
fn push_token_request_entries(
    thread: &mut LoginLearner<'_>,
    call: &RecordedCall<'_>,
    (mut get, is_published): (YamlLine, bool),
    (query, form): QueryAndForm,
    asserts: bool,
    words: &mut Vec<YamlLine>,
) {
    let is_post = call.sent.method == "POST";
    let basic = basic_credentials_word(thread, call);
    let credentials = ["client_id", "client_secret"];
    let in_query = is_post && !query.is_empty() && query.iter().all(|one| credentials.contains(&one.name.as_str())) && query.len() == 2;
    let mut beside = Vec::new();
    let sent = match (&form, is_post) {
        (Some(form), true) => {
            if !in_query {
                beside.clone_from(&query);
            }
            form.clone()
        }
        (_, true) => Vec::new(),
        (_, false) => query.clone(),
    };
    let mut base = vec![
        ("grant_type", "authorization_code".to_owned()),
        ("code", "${code}".to_owned()),
        ("redirect_uri", "${redirectUri}".to_owned()),
    ];
    if thread.pkce != "off" {
        base.push(("code_verifier", "${codeVerifier}".to_owned()));
    }
    let with = |more: &[(&'static str, &str)]| {
        let mut list = base.clone();
        list.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        list
    };
    let id = ("client_id", "${clientId}");
    let secret = ("client_secret", "${clientSecret}");
    let usual = if thread.client.secret.is_some() { with(&[id, secret]) } else { with(&[id]) };
    let jwt = with(&[
        id,
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", "${clientAssertion}"),
    ]);
    let mut ways: Vec<CredentialsStyle> = match (basic, in_query) {
        (Some(word), _) => vec![(Some(word), base.clone())],
        (None, true) => vec![(Some("query"), base.clone())],
        (None, false) => vec![(None, usual), (Some("none"), base.clone())],
    };
    if asserts {
        ways.insert(0, (None, jwt));
    }
    let cost = |way: &CredentialsStyle| {
        let shaped = match shortest_shape(&way.1, &sent) {
            RequestShape::Standard { rename, extra } => rename.len() + extra.len(),
            RequestShape::Written(all) => all.len() + 10,
        };
        shaped * 2 + usize::from(way.0 == Some("none"))
    };
    let Some((word, standard)) = ways.into_iter().min_by_key(cost) else { return };
    let shaped = shortest_shape(&standard, &sent);
    let is_written = matches!(shaped, RequestShape::Written(_));
    if !beside.is_empty() && !is_written {
        // Beside a standard form, what stands in the address stays there.
        if let YamlValue::Text(address) = &mut get.value {
            address.push('?');
            for (at, one) in beside.iter().enumerate() {
                if at > 0 {
                    address.push('&');
                }
                form_encode(&one.name, address);
                address.push('=');
                if one.value.contains("${") { address.push_str(&one.value) } else { form_encode(&one.value, address) }
            }
        }
    }
    if !is_published || !beside.is_empty() || is_written {
        words.push(get);
    }
    if let Some(word) = word.filter(|word| *word != "none" || !is_written) {
        let because = match word {
            "none" => "neither the client's name nor its secret stands where the standard has them",
            "query" => "both stand in the address",
            _ => "the client's name and secret stand in the header",
        };
        words.push(YamlLine::with_comment("credentials", YamlValue::text(word), because));
    }
    if is_written && !beside.is_empty() {
        words.push(YamlLine::new("query", YamlValue::Block(parameter_entries(&beside))));
    }
    push_shape(shaped, if is_post { "form" } else { "query" }, words);
}

impl CallWriter {
    fn write_parameters(&mut self, thread: &mut LoginLearner<'_>, pairs: &[(String, String)]) -> Vec<SentParameter> {
        pairs
            .iter()
            .map(|(name, value)| {
                let (value, because) = self.write_value(thread, name, value);
                SentParameter { name: name.clone(), value, comment: because }
            })
            .collect()
    }

    fn write_value(&mut self, thread: &mut LoginLearner<'_>, name: &str, value: &str) -> (String, Option<String>) {
        if self.assertion.is_none()
            && !thread.is_known(value)
            && let Some(token) =
                RecordedJwt::read(value).filter(|token| token.claim_text("iss").is_some() || token.claim_text("sub").is_some())
        {
            self.assertion = Some(assertion::assertion_entry(thread, &token));
            return ("${clientAssertion}".to_owned(), Some("a token that the client signed".to_owned()));
        }
        thread.write_value(name, value, self.at, false)
    }

    fn write_json(&mut self, thread: &mut LoginLearner<'_>, value: &Value, name: &str) -> YamlValue {
        match value {
            Value::String(text) => YamlValue::Text(self.write_value(thread, name, text).0),
            Value::Object(members) => YamlValue::Block(
                members
                    .iter()
                    .map(|(name, value)| YamlLine::new(name.replace("${", "$${"), self.write_json(thread, value, name)))
                    .collect(),
            ),
            Value::Array(list) => YamlValue::List(list.iter().map(|value| self.write_json(thread, value, name)).collect()),
            Value::Number(number) => {
                let text = number.to_string();
                thread.resolve_facts(&text);
                thread.known.expression_for(&text).map_or(YamlValue::Bare(text.clone()), |fact| YamlValue::Text(format!("${{{fact}}}")))
            }
            other => YamlValue::Bare(other.to_string()),
        }
    }
}
