//! What a token of a session says, cut to the length that fits into a cookie.

use crate::session::compact_token::TokenHeader;
use crate::session::keys::{SESSION_ALGORITHM, TokenParties};
use crate::session::{Session, TokenReach};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

/// The longest token, in bytes.
pub(crate) const LONGEST: usize = 1024;

/// The longest text that is read as a token of a session, in bytes.
pub(crate) const LONGEST_ACCEPTED: usize = 2 * LONGEST;

/// The type of a token of a session.
pub(crate) const SESSION_TOKEN: &str = "JWT";

/// The value of the claim `for` in a token that also counts on the broker's own pages.
pub(crate) const BROKER: &str = "broker";

/// The same in a token for the store alone.
const STORE: &str = "store";

/// A key's id of the usual length.
const USUAL_KEY_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// The length of the signature in a token, with the two dots.
const SIGNATURE_LENGTH: usize = 88;

/// The length of a text of this many bytes in base64 without padding.
fn base64_length(bytes: usize) -> usize {
    bytes.saturating_mul(4).div_ceil(3)
}

fn json_length(value: &impl Serialize) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX, |bytes| bytes.len())
}

#[derive(Serialize)]
struct SessionClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    uid: &'a str,
    email_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    idp: &'a str,
    idp_sub: &'a str,
    store: &'a str,
    aud: &'a str,
    sid: &'a str,
    iat: i64,
    exp: i64,
    auth_time: i64,
    end: i64,
    #[serde(rename = "for")]
    reach: &'a str,
}

/// A token before it is signed.
pub(crate) struct Composed {
    pub(crate) claims: Map<String, Value>,
    /// The further facts that do not fit.
    pub(crate) left_out: Vec<Box<str>>,
}

pub(crate) fn compose(key_id: &str, session: &Session, parties: TokenParties<'_>) -> Composed {
    let person = &session.person;
    let header = TokenHeader { typ: SESSION_TOKEN, alg: SESSION_ALGORITHM.name(), kid: key_id };
    let header_length = base64_length(json_length(&header));
    let fits = |claims: &Map<String, Value>| {
        header_length.saturating_add(base64_length(json_length(claims))).saturating_add(SIGNATURE_LENGTH) <= LONGEST
    };
    let claims = |name: Option<&str>, provider_id: &str| {
        let claims = SessionClaims {
            iss: parties.issuer,
            sub: person.email.key(),
            uid: &person.uid,
            email_verified: person.email_verified,
            name,
            idp: &person.provider,
            idp_sub: provider_id,
            store: parties.store,
            aud: parties.audience,
            sid: &session.sid,
            iat: session.issued,
            exp: session.until,
            auth_time: session.since,
            end: session.end,
            reach: match session.reach {
                TokenReach::Broker => BROKER,
                TokenReach::Store => STORE,
            },
        };
        match serde_json::to_value(claims) {
            Ok(Value::Object(claims)) => claims,
            Ok(_) | Err(_) => unreachable!("a struct of texts and numbers is an object"),
        }
    };
    let hashed = || format!("sha256-{}", URL_SAFE_NO_PAD.encode(digest(&SHA256, person.provider_id.as_bytes())));
    let mut claims = [(person.name.as_deref(), &*person.provider_id), (None, &person.provider_id)]
        .into_iter()
        .map(|(name, provider_id)| claims(name, provider_id))
        .find(|claims| fits(claims))
        .unwrap_or_else(|| claims(None, &hashed()));
    let left_out = parties.further.add_to(&mut claims, &person.facts, fits);
    Composed { claims, left_out }
}

/// The further facts that would be left out of the tokens of a session, of which that for the store is the longest.
pub(crate) fn facts_left_out(session: &Session, parties: TokenParties<'_>) -> Vec<Box<str>> {
    compose(USUAL_KEY_ID, session, parties).left_out
}
