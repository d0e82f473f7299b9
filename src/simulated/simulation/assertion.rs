//! The token with which the client proves itself: every header and claim except `jti` has to be the file's, and the signature has to be
//! made with the client's key.

use crate::provider::assertion::Assertion;
use crate::provider::facts::Facts;
use crate::provider::json;
use crate::provider::keys::JwsSigningKey;
use crate::simulated::simulation::compare::{excerpt, secret_text};
use crate::simulated::simulation::difference::SimulatedDifference;
use crate::simulated::simulation::received_request::ReceivedRequest;
use crate::vocabulary::text::Text;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The largest age of a token, in seconds.
const LARGEST_AGE: i64 = 120;

/// The token that arrived, if it is one that the file makes.
pub(super) fn check(assertion: &Assertion, facts: &Facts, received: &ReceivedRequest, now: i64) -> Result<Text, SimulatedDifference> {
    let differ = |expected: &str, found: &str| SimulatedDifference::of_call("the assertion", assertion.place.line, expected, found);
    let tokens: Vec<ReceivedAssertion> = received
        .values()
        .iter()
        .flat_map(|value| token_candidates(value).map(str::to_owned).collect::<Vec<_>>())
        .filter_map(ReceivedAssertion::read)
        .collect();
    let mut problem = differ("a signed token", "no signed token");
    for token in tokens {
        let issued = token.claims.get("iat").and_then(Value::as_i64).unwrap_or(0);
        if (now - issued).abs() > LARGEST_AGE {
            problem = differ("`iat` is the present time", "another time");
            continue;
        }
        let Ok((header, claims)) = assertion.header_and_claims(facts, issued, "") else { continue };
        let (header, claims) = (parse_or_null(&header), without_jti(parse_or_null(&claims)));
        if header != token.header {
            problem = differ(&format!("the header {header}"), "another header");
        } else if claims != without_jti(token.claims.clone()) {
            problem = differ(&format!("the claims {}", claim_names(&claims)), &format!("other claims ({})", claim_names(&token.claims)));
        } else if !is_signed_by_client(assertion, facts, &token) {
            problem = differ("a signature by the client's key", "another signature");
        } else {
            return Ok(secret_text(&token.text, "clientAssertion"));
        }
    }
    Err(problem)
}

struct ReceivedAssertion {
    text: String,
    header: Value,
    claims: Value,
}

impl ReceivedAssertion {
    fn read(text: String) -> Option<Self> {
        let mut parts = text.split('.');
        let (header, claims, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
        let decode = |part: &str| json::parse(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        let (header, claims) = (decode(header)?, decode(claims)?);
        Some(Self { text, header, claims })
    }
}

fn token_candidates(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    text.split(move |letter| !is_part(letter)).filter(|word| word.starts_with("ey") && word.len() < 16 * 1024)
}

fn parse_or_null(text: &str) -> Value {
    json::parse(text.as_bytes()).unwrap_or(Value::Null)
}

/// The claims with `jti` blanked: the client may choose it freely, as long as there is one.
fn without_jti(mut claims: Value) -> Value {
    if let Some(members) = claims.as_object_mut()
        && members.get("jti").is_some_and(Value::is_string)
    {
        members.insert("jti".to_owned(), Value::Null);
    }
    claims
}

fn claim_names(claims: &Value) -> String {
    claims.as_object().map_or_else(String::new, |members| members.keys().map(|name| excerpt(name)).collect::<Vec<_>>().join(", "))
}

fn is_signed_by_client(assertion: &Assertion, facts: &Facts, token: &ReceivedAssertion) -> bool {
    let (template, algorithm) = assertion.key_and_algorithm();
    let Some((message, signature)) = token.text.rsplit_once('.') else { return false };
    let Ok(key) = template.fill_bytes(facts) else { return false };
    let Ok(signing) = JwsSigningKey::read(&key, algorithm) else { return false };
    match signing.verifying_key() {
        Some(public) => public.verifies(message.as_bytes(), signature, algorithm),
        None => signing.sign(message.as_bytes()).is_ok_and(|own| URL_SAFE_NO_PAD.encode(own) == signature),
    }
}
