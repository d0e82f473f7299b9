//! The tokens by which a request to `/auth` or `/session` says who is signed in: a cookie of the session, `Authorization: Bearer`, and
//! the header that VTEX's programs send. A request with several of them is answered only if all of them are of one session.

use crate::session::token_kind::{TokenKind, bearer_token};
use crate::stores::Store;
use crate::web::cookies::{RequestCookies, SessionCookieState};
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName};

/// The header in which VTEX's programs send the token of a session.
pub(crate) const VTEX_TOKEN: HeaderName = HeaderName::from_static("vtexidclientautcookie");

/// The tokens of a request that claim to be of this store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PresentedTokens<'a> {
    cookie: Option<&'a str>,
    headers: [Option<&'a str>; 2],
}

/// There are two tokens of one kind, or one that is of no session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnclearTokens;

impl<'a> PresentedTokens<'a> {
    /// The tokens of a request. What is not ours, such as a token for the API of the shop, is passed over in the headers.
    pub(crate) fn of(headers: &'a HeaderMap, store: &Store) -> Result<Self, UnclearTokens> {
        let cookie = match RequestCookies::new(headers).session(store) {
            SessionCookieState::Missing => None,
            SessionCookieState::Token(token) => Some(token),
            SessionCookieState::Unclear => return Err(UnclearTokens),
        };
        let bearer = single_line(headers, &AUTHORIZATION)?.and_then(bearer_token);
        let vtex = single_line(headers, &VTEX_TOKEN)?;
        let mut found = Self { cookie, headers: [None, None] };
        for (slot, token) in found.headers.iter_mut().zip([bearer, vtex]) {
            let Some(token) = token else { continue };
            match TokenKind::of(token, &store.public_url) {
                TokenKind::Session => *slot = Some(token),
                // An access token of an app is no session.
                TokenKind::AppAccess => return Err(UnclearTokens),
                TokenKind::Foreign => {}
            }
        }
        Ok(found)
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// The token of the cookie.
    pub(crate) fn cookie(&self) -> Option<&'a str> {
        self.cookie
    }

    /// The tokens, that of the cookie first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'a str> {
        self.cookie.into_iter().chain(self.headers.into_iter().flatten())
    }
}

/// The text of a header, if it is one; an error if the header is there twice.
fn single_line<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, UnclearTokens> {
    let mut lines = headers.get_all(name);
    let line = lines.next().and_then(|line| line.to_str().ok());
    if lines.next().is_some() { Err(UnclearTokens) } else { Ok(line) }
}
