//! Client apps: programs that sign people in through a store by OpenID Connect. This module is pure; `web::apps` has the endpoints.

pub mod client_app; // an app as the settings describe it
pub(crate) mod audiences; // for which services access tokens are meant
pub(crate) mod authorization_request; // what an app asks for at `/authorize`
pub mod code; // the authorization code
pub(crate) mod exchange_request; // what an app asks for with a token of a provider
pub(crate) mod interaction; // what has to happen before a request is answered
pub(crate) mod logout_token; // an app learns that a session has ended
pub(crate) mod refresh_token; // the refresh token
pub(crate) mod scope; // the words of a scope
