//! Client apps: programs that sign people in through a store by OpenID Connect. This module is pure; `web::apps` has the endpoints.

pub mod client_app; // an app as the settings describe it
