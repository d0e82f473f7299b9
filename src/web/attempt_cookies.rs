//! The browser's half of an attempt, sealed. Each attempt has its own cookie, so that tabs do not disturb each other.

use crate::login::attempt::{Attempt, GOOD_FOR, InputValues, PreparedFact, SavedAttempt};
use crate::login::options::LoginOptions;
use crate::session::keys::SessionSigningKeys;
use crate::session::seal::Seal;
use crate::stores::Store;
use crate::stores::live::LiveProvider;
use crate::vocabulary::hash::{hex, sha256};
use crate::web::cookies::{self, MOST_ATTEMPTS, RequestCookies};
use actix_web::http::header::HeaderValue;
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
    #[serde(default)]
    prepared: Vec<PreparedFact>,
    #[serde(default)]
    options: LoginOptions,
    return_to: Option<String>,
    #[serde(default)]
    link: Option<Box<str>>,
    #[serde(default)]
    test: Option<Tester>,
    /// As in [`LoginPurpose`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drawn_for: Option<Box<str>>,
    /// The key that signed for the store. An attempt is void without it: the store was removed, or the key retired.
    #[serde(default)]
    key: Option<Box<str>>,
}

/// The member of the staff who runs a test login; on a loopback installation it need not be known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tester {
    /// The user's id, if the tester is signed in.
    pub(crate) by: Option<Box<str>>,
    /// The app whose sign-in is tested, if not the provider alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) app: Option<TrialOfApp>,
}

/// What an app would keep of its request until the browser comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TrialOfApp {
    /// The client id.
    pub(crate) app: Box<str>,
    pub(crate) redirect_uri: Box<str>,
    pub(crate) state: Box<str>,
    pub(crate) nonce: Box<str>,
    pub(crate) verifier: Box<str>,
}

/// The purpose of a login.
#[derive(Clone, Debug, Default)]
pub struct LoginPurpose {
    /// The address to which the shopper returns.
    pub(crate) return_to: Option<String>,
    /// The session to whose user the identity is to be linked.
    pub(crate) link: Option<Box<str>>,
    /// The tester of a test login, which opens no session.
    pub(crate) test: Option<Tester>,
    /// The next version of the provider's file that had a chance to be the version of this login.
    pub(crate) drawn_for: Option<Box<str>>,
}

/// An attempt that a browser has sent back.
pub(crate) struct CallbackRequest {
    /// The name of its cookie.
    pub(crate) cookie: String,
    /// The name of the provider's file.
    pub(crate) provider: Box<str>,
    /// The version of the provider's file with which the attempt began.
    pub(crate) version: Box<str>,
    pub(crate) saved: SavedAttempt,
    /// The address to which the shopper returns.
    pub(crate) return_to: Option<String>,
    /// The session to whose user the identity is to be linked.
    pub(crate) link: Option<Box<str>>,
    /// The tester of a test login, which opens no session.
    pub(crate) test: Option<Tester>,
    /// As in [`LoginPurpose`].
    pub(crate) drawn_for: Option<Box<str>>,
}

/// Attempts that are older than this are ignored; younger ones are reported as expired.
const KEPT: i64 = 2 * GOOD_FOR;

/// The largest value of a cookie that browsers keep, with room for its name and attributes.
const LARGEST: usize = 3800;

/// Sets the cookie of a new attempt and clears those that make room for it. `None` if the inputs are too long for a cookie.
pub fn new_attempt_cookies(
    (seal, keys): (&Seal, Option<&SessionSigningKeys>),
    store: &Store,
    jar: RequestCookies<'_>,
    attempt: &Attempt,
    live_provider: &LiveProvider,
    purpose: LoginPurpose,
    nonce: [u8; 12],
) -> Option<Vec<HeaderValue>> {
    let SavedAttempt { state, nonce: token_nonce, verifier, started, inputs, prepared, options } =
        attempt.to_saved(&live_provider.provider);
    let suffix = cookie_suffix(&state);
    let (provider, version) = (live_provider.provider.name.clone(), live_provider.version.clone());
    let LoginPurpose { return_to, link, test, drawn_for } = purpose;
    let key = keys.map(|keys| keys.active().into());
    let kept = SealedAttempt {
        provider,
        version,
        state,
        nonce: token_nonce,
        verifier,
        started,
        inputs,
        prepared,
        options,
        return_to,
        link,
        test,
        drawn_for,
        key,
    };
    let text = serde_json::to_vec(&kept).expect("texts can be written");
    let name = cookies::attempt_name(&suffix, store);
    let sealed = seal.seal(&[&store.public_url, &name], &text, nonce);
    if sealed.len() > LARGEST {
        return None;
    }
    let mut headers = vec![cookies::set_attempt(&name, &sealed, store)];
    let mut others = open_attempts((seal, keys), store, jar, attempt.started);
    headers.extend(unreadable_attempts(store, jar, &others).map(|name| cookies::clear(name, store)));
    others.sort_by_key(|callback_request| callback_request.saved.started);
    let too_many = others.len().saturating_add(1).saturating_sub(MOST_ATTEMPTS);
    headers.extend(others.iter().take(too_many).map(|callback_request| cookies::clear(&callback_request.cookie, store)));
    Some(headers)
}

/// The attempts of a browser that were sealed for this store.
pub(crate) fn open_attempts(
    (seal, keys): (&Seal, Option<&SessionSigningKeys>),
    store: &Store,
    jar: RequestCookies<'_>,
    now: i64,
) -> Vec<CallbackRequest> {
    let opened = jar.attempts(store).into_iter().filter_map(|(name, sealed)| {
        let text = seal.open(&[&store.public_url, name], sealed)?;
        let sealed: SealedAttempt = serde_json::from_slice(&text).ok()?;
        let SealedAttempt { provider, version, state, nonce, verifier, started, inputs, prepared, options, .. } = sealed;
        let SealedAttempt { return_to, link, test, drawn_for, key, .. } = sealed;
        // An attempt that an earlier version began names no key.
        if key.is_some_and(|key| !keys.is_some_and(|keys| keys.has(&key))) {
            return None;
        }
        let saved = SavedAttempt { state, nonce, verifier, started, inputs, prepared, options };
        Some(CallbackRequest { cookie: name.to_owned(), provider, version, saved, return_to, link, test, drawn_for })
    });
    // A browser may keep a cookie longer than its `Max-Age`.
    opened.filter(|callback_request| now.saturating_sub(callback_request.saved.started) < KEPT).collect()
}

/// The names of the attempts' cookies that are not among the opened ones; no more than fit into an answer.
pub(crate) fn unreadable_attempts<'a>(store: &Store, jar: RequestCookies<'a>, opened: &[CallbackRequest]) -> impl Iterator<Item = &'a str> {
    let names = jar.attempts(store).into_iter().map(|(name, _)| name);
    names.filter(|name| opened.iter().all(|callback_request| callback_request.cookie != *name)).take(20)
}

/// The id under which storage remembers a consumed attempt.
pub(crate) fn hashed_id(state: &str) -> String {
    hex(&sha256::<16>(state.as_bytes()))
}

/// The part of the cookie's name that differs between attempts.
fn cookie_suffix(state: &str) -> String {
    hex(&sha256::<4>(format!("mark {state}").as_bytes()))
}
