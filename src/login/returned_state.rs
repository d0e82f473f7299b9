//! The state that comes back with a callback, in the place that the file names, or in another.

use crate::login::error::{LoginError, LoginErrorCause};
use crate::provider::Provider;
use crate::provider::callback::StateLocation;
use crate::provider::facts::Facts;
use crate::vocabulary::privacy::{HIDDEN, masked_key};
use crate::vocabulary::text::Text;
use serde_json::Value;

/// At most so many names of parameters are shown.
const MOST_NAMES: usize = 8;

/// The error where the state comes back as a parameter and the callback has none where the file reads it. `sent` is the state that the
/// callback should have: a parameter that holds it is named, and its name is no secret.
pub(crate) fn missing_state(provider: &Provider, document: &Value, sent: Option<&str>) -> Option<LoginError> {
    let is_missing = provider.state_in.is_parameter() && returned_state(provider, document, &provider.empty_facts(), None).is_none();
    let is_plain = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let holds = |(_, value): &(&String, &Value)| sent.is_some_and(|sent| value.as_str() == Some(sent));
    let found_as =
        document.as_object().and_then(|members| members.iter().filter(holds).map(|(name, _)| &**name).find(|name| is_plain(name)));
    is_missing.then(|| LoginError {
        place: Some(provider.state.place()),
        ..LoginError::before_calls(LoginErrorCause::NoState { found_as: found_as.map(Into::into), names: parameter_names(document) })
    })
}

/// The names of a callback's parameters, masked where they may be values.
fn parameter_names(document: &Value) -> Vec<Box<str>> {
    let members = document.as_object().into_iter().flatten();
    // Anyone can write a callback, so a name with blanks or signs is a sentence of theirs and not shown.
    let is_name =
        |name: &str| name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    members.map(|(name, _)| if is_name(name) { masked_key(name).into() } else { HIDDEN.into() }).take(MOST_NAMES).collect()
}

/// The state in the callback, in the place that the provider uses. A provider that returns none according to its file may
/// still do so.
pub(crate) fn returned_state(provider: &Provider, document: &Value, facts: &Facts, path_state: Option<&str>) -> Option<Text> {
    match provider.state_in {
        StateLocation::Query | StateLocation::RedirectQuery | StateLocation::Cookie => provider.state.evaluate(Some(document), facts).ok(),
        StateLocation::Path => path_state.map(Text::plain),
    }
}
