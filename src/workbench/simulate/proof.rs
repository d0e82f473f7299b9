//! A token with which the client proves itself: every header and claim but its number has to be the file's, and the signature has to
//! be made with the client's key.

use crate::examples::difference::Difference;
use crate::provider::assertion::Assertion;
use crate::provider::facts::Facts;
use crate::provider::json;
use crate::provider::keys::Signing;
use crate::text::Text;
use crate::workbench::simulate::arrived::Arrived;
use crate::workbench::simulate::compare::hidden;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// How long ago it may have been made, in seconds.
const RECENT: i64 = 120;

/// The token that arrived, if it is as the file makes it.
pub(super) fn check(assertion: &Assertion, facts: &Facts, found: &Arrived, now: i64) -> Result<Text, Difference> {
    let differ = |expected: &str, found: &str| {
        Difference::new(format!("the assertion (line {})", assertion.place.line), expected.to_owned(), found.to_owned())
    };
    let tokens: Vec<Token> =
        found.values().iter().flat_map(|value| words(value).map(str::to_owned).collect::<Vec<_>>()).filter_map(Token::read).collect();
    let mut why = differ("a signed token", "there is none");
    for token in tokens {
        let made = token.claims.get("iat").and_then(Value::as_i64).unwrap_or(0);
        if (now - made).abs() > RECENT {
            why = differ("`iat` is this moment", "another moment");
            continue;
        }
        let Ok((header, claims)) = assertion.parts(facts, made, "") else { continue };
        let (header, claims) = (read(&header), without_number(read(&claims)));
        if header != token.header {
            why = differ(&format!("the header {header}"), "another header");
        } else if claims != without_number(token.claims.clone()) {
            why = differ(&format!("the claims {}", names(&claims)), &format!("other claims ({})", names(&token.claims)));
        } else if !is_signed(assertion, facts, &token) {
            why = differ("a signature by the client's key", "another signature");
        } else {
            return Ok(hidden(&token.text, "clientAssertion"));
        }
    }
    Err(why)
}

struct Token {
    text: String,
    header: Value,
    claims: Value,
}

impl Token {
    fn read(text: String) -> Option<Self> {
        let mut parts = text.split('.');
        let (header, claims, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
        let decode = |part: &str| json::parse(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        let (header, claims) = (decode(header)?, decode(claims)?);
        Some(Self { text, header, claims })
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    text.split(move |letter| !is_part(letter)).filter(|word| word.starts_with("ey") && word.len() < 16 * 1024)
}

fn read(text: &str) -> Value {
    json::parse(text.as_bytes()).unwrap_or(Value::Null)
}

/// The number of a token is the client's own affair, as long as there is one.
fn without_number(mut claims: Value) -> Value {
    if let Some(members) = claims.as_object_mut()
        && members.get("jti").is_some_and(Value::is_string)
    {
        members.insert("jti".to_owned(), Value::Null);
    }
    claims
}

fn names(claims: &Value) -> String {
    claims.as_object().map_or_else(String::new, |members| {
        members.keys().map(|name| crate::workbench::simulate::compare::cut(name)).collect::<Vec<_>>().join(", ")
    })
}

fn is_signed(assertion: &Assertion, facts: &Facts, token: &Token) -> bool {
    let (template, algorithm) = assertion.key();
    let Some((message, signature)) = token.text.rsplit_once('.') else { return false };
    let Ok(key) = template.fill_bytes(facts) else { return false };
    let Ok(signing) = Signing::read(&key, algorithm) else { return false };
    match signing.other_half() {
        Some(half) => half.verifies(message.as_bytes(), signature, algorithm),
        None => signing.sign(message.as_bytes()).is_ok_and(|own| URL_SAFE_NO_PAD.encode(own) == signature),
    }
}
