//! The tokens of a session as they leave the broker: in its cookies, and for programs elsewhere.

use crate::pages::ErrorCause;
use crate::session::{Session, TokenReach};
use crate::stores::Store;
use crate::web::cookies::{cookie_for, cookie_header};
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::http::header::HeaderValue;

/// The cookies of a session as they are set.
pub(crate) struct SessionCookies {
    /// The first one, which counts on the broker's own pages. A session that is known by a token for the store alone does not get it.
    pub(crate) first: Option<HeaderValue>,
    pub(crate) further: Vec<HeaderValue>,
}

/// The cookies of a session, whose tokens `sign` makes. What leaves the broker's own host carries a token for the store alone.
pub(crate) fn set_session(session: &Session, now: i64, store: &Store, sign: impl Fn(&Session) -> String) -> SessionCookies {
    let (token, seconds) = (sign(session), session.until.saturating_sub(now));
    let further = if store.reach_of_second_cookies() == session.reach || store.second_cookies.is_empty() {
        set_second_session_cookies(&token, seconds, store)
    } else {
        set_second_session_cookies(&sign(&session.for_store()), seconds, store)
    };
    let is_first = session.reach == TokenReach::Broker;
    SessionCookies { first: is_first.then(|| cookie_header(&store.cookie, &token, seconds, store)), further }
}

/// The session's further cookies.
pub(crate) fn set_second_session_cookies(token: &str, seconds: i64, store: &Store) -> Vec<HeaderValue> {
    store.second_cookies.iter().map(|second| cookie_for(second.domain.as_deref(), &second.name, token, seconds, store)).collect()
}

/// The cookies of a session.
pub(crate) fn session_cookies(context: &RequestContext, session: &Session) -> Result<Vec<HeaderValue>, UserFacingError> {
    let (keys, live_store) = (context.signing_keys().ok_or(ErrorCause::StorageUnavailable)?, context.live_store());
    let sign = |session: &Session| keys.sign(session, live_store.token_parties());
    let SessionCookies { first, further } = set_session(session, context.now(), &live_store.store, sign);
    Ok(first.into_iter().chain(further).collect())
}

/// The token of a session for a program elsewhere. It does not count on the broker's own pages.
pub(crate) fn token_for_store(context: &RequestContext, session: &Session) -> Result<String, UserFacingError> {
    let keys = context.signing_keys().ok_or(ErrorCause::StorageUnavailable)?;
    Ok(keys.sign(&session.for_store(), context.live_store().token_parties()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::session;
    use crate::stores::Stores;
    use crate::stores::settings::Settings;
    use crate::vocabulary::place::Source;

    fn store_with(text: &str) -> std::sync::Arc<Store> {
        let (settings, report) = Settings::read(&Source::new("portaria.yaml", format!("publicUrl: https://login.loja.example\n{text}\n")));
        std::sync::Arc::clone(Stores::new(&settings.unwrap_or_else(|| panic!("{}", report.draw(false)))).main())
    }

    /// The token's reach stands in the place of the token.
    fn set_for_100_seconds(store: &Store) -> Vec<HeaderValue> {
        let sign = |session: &Session| match session.reach {
            TokenReach::Broker => "full".to_owned(),
            TokenReach::Store => "store".to_owned(),
        };
        let SessionCookies { first, further } = set_session(&session(0), 0, store, sign);
        first.into_iter().chain(further).collect()
    }

    /// Without a domain, all cookies have one token, which is signed once.
    #[test]
    fn one_signature_is_made_for_the_cookies_of_a_host() {
        for (settings, expected) in
            [("", 1), ("session: { alsoCookie: loja }", 1), ("session: { domain: loja.example, alsoCookie: loja }", 2)]
        {
            let signatures = std::cell::Cell::new(0);
            let sign = |_: &Session| {
                signatures.set(signatures.get() + 1);
                "t".to_owned()
            };
            set_session(&session(0), 0, &store_with(settings), sign);
            assert_eq!(signatures.get(), expected, "{settings}");
        }
    }

    #[test]
    fn the_cookie_of_a_domain_stands_beside_that_of_the_host() {
        let store = store_with("session: { domain: Loja.example }");
        let set = set_for_100_seconds(&store);

        let lines: Vec<&str> = set.iter().map(|header| header.to_str().expect("a text")).collect();
        assert_eq!(
            lines,
            [
                "__Host-portaria=full; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=100",
                "portaria=store; HttpOnly; SameSite=Lax; Secure; Path=/; Domain=loja.example; Max-Age=100"
            ]
        );
    }
}
