//! Apps sign people in through the store: the OpenID provider, and what attackers try with it (group V).

mod authorize;
mod bearer;
mod bounds;
pub mod client;
mod end_session;
mod logout_notices;
mod pages;
mod provider_tokens;
mod token;
mod token_exchange;
