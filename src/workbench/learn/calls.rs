//! The calls that the shop makes itself: the request of each, in the shortest words that send exactly it.

use crate::text::form_encode;
use crate::workbench::draft::{Entry, Piece};
use crate::workbench::learn::assertion;
use crate::workbench::learn::headers::{basic, headers};
use crate::workbench::learn::journey::Call;
use crate::workbench::learn::redirect::{address, put};
use crate::workbench::learn::shape::{Sent, Shape, entries, shape};
use crate::workbench::learn::sign;
use crate::workbench::learn::thread::Thread;
use crate::workbench::learn::token::Jwt;
use serde_json::Value;

/// What is written of a call, from one part to the next.
struct Writing {
    at: Option<i64>,
    assertion: Option<Entry>,
}

/// The request of one call.
pub fn request(thread: &mut Thread<'_>, number: usize) -> Vec<Entry> {
    let call = thread.journey.calls[number].clone();
    let is_exchange = number == thread.journey.exchange;
    let mut writing = Writing { at: call.sent.at, assertion: None };
    let base = address(thread, call.sent.base());
    let (query_pairs, form_pairs) = (call.sent.query(), call.sent.form());
    let json = call.sent.body.as_ref().filter(|_| form_pairs.is_none()).and_then(|body| crate::provider::json::parse(body.as_bytes()).ok());
    let json = json.filter(|json| json.is_object() || json.is_array());
    let signed = form_pairs.as_ref().filter(|pairs| !pairs.is_empty()).unwrap_or(&query_pairs);
    for (_, value) in signed {
        thread.resolve(value);
    }
    let signature = sign::find(signed, &thread.known, false).filter(|found| signed.last().is_some_and(|(name, _)| *name == found.into));
    let without = |pairs: &[(String, String)]| -> Vec<(String, String)> {
        pairs.iter().filter(|(name, _)| signature.as_ref().is_none_or(|found| *name != found.into)).cloned().collect()
    };
    let query = writing.pairs(thread, &without(&query_pairs));
    let form = form_pairs.as_ref().map(|pairs| writing.pairs(thread, &without(pairs)));
    let body = json.map(|json| writing.json(thread, &json, ""));
    let text = call
        .sent
        .body
        .as_ref()
        .filter(|body| form.is_none() && body_is_text(body) && json_is_none(body))
        .map(|body| thread.write("", body, call.sent.at, false).0);
    let mut words = Vec::new();
    let method = if call.sent.method == "POST" { "post" } else { "get" };
    let published = if is_exchange { "token_endpoint" } else { "userinfo_endpoint" };
    let is_published = thread.issuer.as_ref().is_some_and(|(_, document)| {
        document.get(published).and_then(Value::as_str) == Some(call.sent.base()) && method == if is_exchange { "post" } else { "get" }
    });
    let why = if is_exchange { "the callback's code was sent here" } else { "a value of an earlier answer was sent here" };
    let get = Entry::because(method, Piece::Text(base.clone()), why);
    let is_written = body.is_some() || text.is_some();
    if is_exchange && !is_written {
        exchange(thread, &call, (get, is_published), (query, form), writing.assertion.is_some(), &mut words);
    } else {
        if !is_published || is_written {
            words.push(get);
        }
        if !query.is_empty() {
            words.push(Entry::new("query", Piece::Block(entries(&query))));
        }
        if let Some(form) = form.filter(|form| !form.is_empty()) {
            words.push(Entry::new("form", Piece::Block(entries(&form))));
        }
        if let Some(body) = body {
            words.push(Entry::new("json", body));
        }
        if let Some(text) = text {
            words.push(Entry::new("text", Piece::Text(text)));
        }
        if let Some(basic) = basic(thread, &call) {
            words.insert(
                1.min(words.len()),
                Entry::because("credentials", Piece::text(basic), "the client's name and secret stand in the header"),
            );
        }
    }
    words.extend(writing.assertion);
    if let Some(found) = signature {
        if found.wants_key && !thread.kept.iter().any(|(name, ..)| name == "privateKey") {
            thread.kept.push(("privateKey".to_owned(), true, String::new(), "signs the calls; no recording holds it".to_owned()));
        }
        words.push(Entry::new("sign", Piece::Block(found.words)));
    }
    headers(thread, &call, number > thread.journey.exchange, &mut words);
    words
}

fn body_is_text(body: &str) -> bool {
    !body.trim().is_empty()
}

fn json_is_none(body: &str) -> bool {
    crate::provider::json::parse(body.as_bytes()).map_or(true, |json| !json.is_object() && !json.is_array())
}

/// The word for the credentials, and the standard request that goes with it.
type Way = (Option<&'static str>, Vec<(&'static str, String)>);

type Carried = (Vec<Sent>, Option<Vec<Sent>>);

/// The token call: the standard one where it fits.
fn exchange(
    thread: &mut Thread<'_>,
    call: &Call<'_>,
    (mut get, is_published): (Entry, bool),
    (query, form): Carried,
    asserts: bool,
    words: &mut Vec<Entry>,
) {
    let is_post = call.sent.method == "POST";
    let basic = basic(thread, call);
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
    let mut ways: Vec<Way> = match (basic, in_query) {
        (Some(word), _) => vec![(Some(word), base.clone())],
        (None, true) => vec![(Some("query"), base.clone())],
        (None, false) => vec![(None, usual), (Some("none"), base.clone())],
    };
    if asserts {
        ways.insert(0, (None, jwt));
    }
    let cost = |way: &Way| {
        let shaped = match shape(&way.1, &sent) {
            Shape::Standard { rename, extra } => rename.len() + extra.len(),
            Shape::Written(all) => all.len() + 10,
        };
        shaped * 2 + usize::from(way.0 == Some("none"))
    };
    let Some((word, standard)) = ways.into_iter().min_by_key(cost) else { return };
    let shaped = shape(&standard, &sent);
    let is_written = matches!(shaped, Shape::Written(_));
    if !beside.is_empty() && !is_written {
        // Beside a standard form, what stands in the address stays there.
        if let Piece::Text(address) = &mut get.value {
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
        words.push(Entry::because("credentials", Piece::text(word), because));
    }
    if is_written && !beside.is_empty() {
        words.push(Entry::new("query", Piece::Block(entries(&beside))));
    }
    put(shaped, if is_post { "form" } else { "query" }, words);
}

impl Writing {
    fn pairs(&mut self, thread: &mut Thread<'_>, pairs: &[(String, String)]) -> Vec<Sent> {
        pairs
            .iter()
            .map(|(name, value)| {
                let (value, because) = self.value(thread, name, value);
                Sent { name: name.clone(), value, because }
            })
            .collect()
    }

    fn value(&mut self, thread: &mut Thread<'_>, name: &str, value: &str) -> (String, Option<String>) {
        if self.assertion.is_none()
            && !thread.knows(value)
            && let Some(token) = Jwt::read(value).filter(|token| token.claim("iss").is_some() || token.claim("sub").is_some())
        {
            self.assertion = Some(assertion::words(thread, &token));
            return ("${clientAssertion}".to_owned(), Some("a token that the client signed".to_owned()));
        }
        thread.write(name, value, self.at, false)
    }

    fn json(&mut self, thread: &mut Thread<'_>, value: &Value, name: &str) -> Piece {
        match value {
            Value::String(text) => Piece::Text(self.value(thread, name, text).0),
            Value::Object(members) => Piece::Block(
                members.iter().map(|(name, value)| Entry::new(name.replace("${", "$${"), self.json(thread, value, name))).collect(),
            ),
            Value::Array(list) => Piece::List(list.iter().map(|value| self.json(thread, value, name)).collect()),
            Value::Number(number) => {
                let text = number.to_string();
                thread.resolve(&text);
                thread.known.exactly(&text).map_or(Piece::Bare(text.clone()), |fact| Piece::Text(format!("${{{fact}}}")))
            }
            other => Piece::Bare(other.to_string()),
        }
    }
}
