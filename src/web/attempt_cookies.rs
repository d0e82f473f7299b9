//! The browser's half of an attempt: sealed, one cookie an attempt, so that tabs do not disturb each other.

use crate::login::attempt::{Attempt, GOOD_FOR, InputValues, SavedAttempt};
use crate::provider::functions::hex;
use crate::session::seal::Seal;
use crate::stores::Store;
use crate::stores::live::LiveProvider;
use crate::web::cookies::{self, MOST_ATTEMPTS, RequestCookies};
use actix_web::http::header::HeaderValue;
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct SealedAttempt {
    provider: Box<str>,
    version: Box<str>,
    state: Box<str>,
    nonce: Box<str>,
    verifier: Box<str>,
    started: i64,
    inputs: InputValues,
    return_to: Option<String>,
    #[serde(default)]
    link: Option<Box<str>>,
    #[serde(default)]
    test: Option<Tester>,
}

/// Who tries a provider out: a person of the staff, or, on this machine, anybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tester {
    /// Their id, if they are signed in.
    pub(crate) by: Option<Box<str>>,
}

/// What a login is for.
#[derive(Clone, Debug, Default)]
pub struct LoginPurpose {
    /// Where the shopper wants to go.
    pub(crate) return_to: Option<String>,
    /// The session to which a way in is to be added.
    pub(crate) link: Option<Box<str>>,
    /// Who only tries the provider out; then nobody comes in.
    pub(crate) test: Option<Tester>,
}

/// An attempt that a browser brought back.
pub(crate) struct CallbackRequest {
    /// The cookie in which it was.
    pub(crate) cookie: String,
    /// The provider's file name.
    pub(crate) provider: Box<str>,
    /// The version of the file with which it began.
    pub(crate) version: Box<str>,
    pub(crate) kept: SavedAttempt,
    /// Where the shopper wants to go.
    pub(crate) return_to: Option<String>,
    /// The session to which a way in is to be added.
    pub(crate) link: Option<Box<str>>,
    /// Who only tries the provider out; then nobody comes in.
    pub(crate) test: Option<Tester>,
}

/// Attempts that are older are not even told that they are too old.
const KEPT: i64 = 2 * GOOD_FOR;

/// The largest cookie that browsers keep, with room for its name and what guards it.
const LARGEST: usize = 3800;

/// The cookie of a new attempt, and those that make room for it; `None` when what was typed is too long to be kept.
pub fn new_attempt_cookies(
    seal: &Seal,
    store: &Store,
    jar: RequestCookies<'_>,
    attempt: &Attempt,
    offer: &LiveProvider,
    purpose: LoginPurpose,
    nonce: [u8; 12],
) -> Option<Vec<HeaderValue>> {
    let SavedAttempt { state, nonce: token_nonce, verifier, started, inputs } = attempt.to_saved();
    let mark = cookie_suffix(&state);
    let (provider, version) = (offer.provider.name.clone(), offer.version.clone());
    let LoginPurpose { return_to, link, test } = purpose;
    let sealed = SealedAttempt { provider, version, state, nonce: token_nonce, verifier, started, inputs, return_to, link, test };
    let text = serde_json::to_vec(&sealed).expect("texts can be written");
    let name = cookies::attempt_name(&mark, store);
    let sealed = seal.seal(&[&store.public_url, &name], &text, nonce);
    if sealed.len() > LARGEST {
        return None;
    }
    let mut headers = vec![cookies::set_attempt(&name, &sealed, store)];
    let mut others = open_attempts(seal, store, jar, attempt.started);
    let dead = jar.attempts(store).into_iter().map(|(name, _)| name).filter(|name| others.iter().all(|other| other.cookie != *name));
    headers.extend(dead.take(20).map(|name| cookies::clear(name, store)));
    others.sort_by_key(|brought| brought.kept.started);
    let too_many = (others.len() + 1).saturating_sub(MOST_ATTEMPTS);
    headers.extend(others.iter().take(too_many).map(|brought| cookies::clear(&brought.cookie, store)));
    Some(headers)
}

/// The attempts that a browser brings along and that were sealed here for this store.
pub(crate) fn open_attempts(seal: &Seal, store: &Store, jar: RequestCookies<'_>, now: i64) -> Vec<CallbackRequest> {
    let opened = jar.attempts(store).into_iter().filter_map(|(name, sealed)| {
        let text = seal.open(&[&store.public_url, name], sealed)?;
        let SealedAttempt { provider, version, state, nonce, verifier, started, inputs, return_to, link, test } =
            serde_json::from_slice(&text).ok()?;
        let kept = SavedAttempt { state, nonce, verifier, started, inputs };
        Some(CallbackRequest { cookie: name.to_owned(), provider, version, kept, return_to, link, test })
    });
    // A browser that keeps a cookie longer than it was told to has no attempt in it.
    opened.filter(|brought| now.saturating_sub(brought.kept.started) < KEPT).collect()
}

/// What stands in storage for an attempt that was used.
pub(crate) fn hashed_id(state: &str) -> String {
    hex(&digest(&SHA256, state.as_bytes()).as_ref()[..16])
}

/// The part of a cookie's name that tells attempts apart.
fn cookie_suffix(state: &str) -> String {
    hex(&digest(&SHA256, format!("mark {state}").as_bytes()).as_ref()[..4])
}
