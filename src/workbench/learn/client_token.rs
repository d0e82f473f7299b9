//! The call by which the client got a token of its own: it sends nothing of a login, and later calls send what it gave.

use crate::provider::client_token::LONGEST_LIFETIME;
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::path::PathSegment;
use crate::workbench::learn::client::named_parameters;
use crate::workbench::learn::document::{DocumentLeaf, RecordedDocument};
use crate::workbench::learn::names::{is_followable, names_a_secret};
use crate::workbench::learn::recorded_login::{RecordedCall, RecordedLogin, followable_values};

/// The call for the client's own token.
#[derive(Clone)]
pub(crate) struct ClientTokenCall<'a> {
    pub(crate) call: RecordedCall<'a>,
    /// The path of the token in its answer.
    keys: Vec<PathSegment>,
}

impl ClientTokenCall<'_> {
    /// The token of the answer.
    pub(crate) fn token(&self) -> Option<DocumentLeaf> {
        leaves(&self.call).into_iter().find(|leaf| leaf.keys == self.keys)
    }
}

/// Takes the call for the client's own token out of the calls of a login.
pub(crate) fn take_out(login: &mut RecordedLogin<'_>) {
    let found = (0..login.calls.len()).filter(|at| *at != login.token_call).find_map(|at| Some((at, token_of(login, at)?)));
    let Some((at, keys)) = found else { return };
    let call = login.calls.remove(at);
    login.prepared -= usize::from(at < login.prepared);
    login.token_call -= usize::from(at < login.token_call);
    login.client_token = Some(ClientTokenCall { call, keys });
}

/// A login that sends the token which another login got has got it, too.
pub(crate) fn share_between(logins: &mut [RecordedLogin<'_>]) {
    let Some(shared) = logins.iter().find_map(|login| login.client_token.clone()) else { return };
    let Some(token) = shared.token() else { return };
    for login in logins.iter_mut().filter(|login| login.client_token.is_none()) {
        if login.calls.iter().any(|call| call.sent_values.contains(&token.text)) {
            login.client_token = Some(shared.clone());
        }
    }
}

fn leaves(call: &RecordedCall<'_>) -> Vec<DocumentLeaf> {
    call.document.as_ref().map_or_else(Vec::new, RecordedDocument::leaves)
}

/// The path of the token, if this call got a token of the client itself.
fn token_of(login: &RecordedLogin<'_>, at: usize) -> Option<Vec<PathSegment>> {
    let call = &login.calls[at];
    if !proves_the_client(call) || sends_of_login(login, at) {
        return None;
    }
    let redirected = login.redirect.query();
    let mut sent = leaves(call).into_iter().filter(|leaf| {
        let is_sent = || login.calls.iter().skip(at + 1).any(|later| later.sent_values.contains(&leaf.text));
        is_followable(&leaf.text) && !call.sent_values.contains(&leaf.text) && is_sent()
    });
    let only = sent.next().filter(|_| sent.next().is_none())?;
    // What the browser takes with it is no token.
    let is_shown = redirected.iter().any(|(_, value)| *value == only.text);
    (!is_shown).then_some(only.keys)
}

/// Whether this call shows the client's own credentials, and no others.
fn proves_the_client(call: &RecordedCall<'_>) -> bool {
    let parameters = named_parameters(call);
    let is_basic = call.exchange.header("authorization").is_some_and(|value| value.starts_with("Basic "));
    let names_grant = parameters.iter().any(|(_, value)| value == "client_credentials");
    let names_secret = parameters.iter().any(|(name, value)| names_a_secret(name) && value.len() >= 3);
    is_basic || names_grant || names_secret
}

/// Whether this call sends anything that belongs to one login.
fn sends_of_login(login: &RecordedLogin<'_>, at: usize) -> bool {
    let call = &login.calls[at];
    let sends = |value: &str| value.len() >= 4 && call.sent_values.contains(value);
    let returned = login.callback_parameters.iter().any(|(_, value)| sends(value));
    let given = login.calls.iter().enumerate().filter(|(other, _)| *other != at).flat_map(|(_, other)| followable_values(other));
    // A value that other calls give as well, such as a name of the client, stands in this request anyway.
    let mut given = given.filter(|value| !login.redirect.query().iter().any(|(_, sent)| sent == value));
    returned || login.state.as_deref().is_some_and(sends) || sends(&login.redirect_uri) || given.any(|value| sends(&value))
}

/// The lines that read the token and its lifetime, where they are not in their standard places.
pub(crate) fn lifetime_entry(call: &RecordedCall<'_>) -> Option<YamlLine> {
    const NAMES: [&str; 9] =
        ["expiresin", "expires", "expire", "expirein", "ttl", "lifetime", "validfor", "expiresinseconds", "tokenexpiresin"];
    let is_lifetime = |leaf: &DocumentLeaf| {
        NAMES.contains(&normalize_key(leaf.name()).as_str())
            && leaf.text.parse::<i64>().is_ok_and(|seconds| (1..=LONGEST_LIFETIME).contains(&seconds))
    };
    let found = leaves(call).into_iter().find(is_lifetime)?;
    let reason = "how many seconds the token is good for";
    (found.path() != "$.expires_in").then(|| YamlLine::with_comment("clientTokenExpiresIn", YamlValue::Text(found.path()), reason))
}
