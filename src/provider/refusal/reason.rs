//! What a provider said when it refused: its code and message, without secrets and personal data.

use crate::provider::fact_expression::FactExpression;
use crate::provider::fact_origin::FactOrigin;
use crate::provider::facts::Facts;
use crate::provider::json_path::{JsonPath, ValueKind, scalar_text};
use crate::provider::moment::MomentFault;
use crate::provider::refusal::RefusalRule;
use crate::provider::refusal::code_parameter::is_code_parameter;
use crate::provider::status::is_success;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::place::Place;
use crate::vocabulary::privacy::code_without_personal_data;
use crate::vocabulary::text::{SecretRuns, Text};
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;
use std::borrow::Cow;

/// A provider's own code for a refusal: as it was sent, short and without personal data, or the HTTP status (for a
/// callback `refused`) where it gave none. It is a type of its own, so that it is never taken for one of our codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProviderErrorCode {
    text: Box<str>,
    is_stand_in: bool,
}

/// What a provider said when it refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRefusal {
    pub(crate) code: ProviderErrorCode,
    pub(crate) message: Option<String>,
    /// The rule of the file that refuses, and the kind of value that it found.
    pub(crate) rule: Option<Box<str>>,
    /// What is wrong with the moment that the rule demands.
    pub(crate) moment: Option<MomentFault>,
}

impl ProviderErrorCode {
    /// A code as it is shown. A callback has no HTTP status.
    fn new(text: Option<&str>, status: Option<u16>) -> Self {
        let (text, status) = (text.map(shown_code).filter(|code| !code.is_empty()), status.map(|status| status.to_string()));
        let is_stand_in = text.as_ref().is_none_or(|text| status.as_ref() == Some(text));
        Self { is_stand_in, text: text.or(status).unwrap_or_else(|| "refused".to_owned()).into() }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is an HTTP status outside 2xx, which refuses by itself.
    pub(crate) fn is_refusing_status(&self) -> bool {
        self.is_stand_in && self.text.parse().is_ok_and(|status| !is_success(status))
    }

    /// Whether it is the HTTP status of a server that failed.
    pub(crate) fn is_server_error(&self) -> bool {
        self.is_stand_in && self.text.parse().is_ok_and(|status: u16| status >= 500)
    }

    /// Whether the provider gave no code, so that this is the HTTP status, or `refused` for a callback.
    pub(crate) fn is_stand_in(&self) -> bool {
        self.is_stand_in
    }
}

impl ProviderRefusal {
    /// A refusal with the provider's code and message, which are shortened and cleaned.
    fn new(code: Option<&str>, message: Option<&str>, status: Option<u16>) -> Self {
        Self {
            code: ProviderErrorCode::new(code, status),
            message: message.map(|message| shortened(message, 200)),
            rule: None,
            moment: None,
        }
    }
}

/// The text of a rule, with what is wrong with the moment that it demands.
pub(crate) fn with_moment(rule: String, moment: Option<&MomentFault>) -> String {
    match moment {
        Some(moment) => format!("{rule}; {moment}"),
        None => rule,
    }
}

/// Where providers usually put their code for a refusal, and their message.
const USUAL_CODES: [&str; 3] = ["$.error", "$.error.code", "$.code"];
const USUAL_MESSAGES: [&str; 3] = ["$.error_description", "$.error.message", "$.message"];

/// Whether a refusal by this rule may show what stands at a path.
pub(crate) fn shows(rule: Option<&RefusalRule>, path: &JsonPath) -> bool {
    let route = path.route();
    let [code, message] = rule.map_or([None, None], RefusalRule::code_and_message);
    let is_reason = code.into_iter().chain(message).flat_map(FactExpression::paths).any(|shown| shown.route() == route);
    let mut usual = USUAL_CODES.iter().chain(&USUAL_MESSAGES);
    is_reason || usual.any(|usual| JsonPath::builtin(usual, Place::default()).route() == route)
}

/// An answer that refuses, with what must not be shown of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefusingAnswer<'a> {
    pub(crate) document: Option<&'a Value>,
    pub(crate) status: u16,
    /// For a callback, the paths of the authorization code, which is never a reason.
    pub(crate) code_paths: Option<&'a [&'a JsonPath]>,
    /// Codes and tokens in the answer.
    pub(crate) secrets: &'a [Text],
}

impl RefusingAnswer<'_> {
    /// Makes the refusal. Code and message come from the rule that refuses, else from the usual places.
    pub(crate) fn refusal(self, rule: Option<&RefusalRule>, facts: &Facts) -> ProviderRefusal {
        let [code, message] = rule.map_or([None, None], RefusalRule::code_and_message);
        let code = self.reason_by_rule(code, facts).or_else(|| self.reason_at_usual_places(&USUAL_CODES));
        let message = self.reason_by_rule(message, facts).filter(|message| !says_yes(message));
        let usual = || self.reason_at_usual_places(&USUAL_MESSAGES).filter(|message| !says_yes(message));
        let message = message.or_else(usual);
        let [code, message] = [code, message].map(|text| text.map(|text| mask_secrets(text, facts, self.secrets)));
        let status = self.code_paths.is_none().then_some(self.status);
        let moment = rule.and_then(|rule| rule.moment_fault(self.document, facts));
        let rule = rule.map(|rule| rule.describe(self.document, |value| ValueKind::from_value(value).to_string()));
        let rule = rule.map(|rule| with_moment(rule, moment.as_ref()).into());
        ProviderRefusal { rule, moment, ..ProviderRefusal::new(code.as_deref(), message.as_deref(), status) }
    }

    fn reason_by_rule(self, reason: Option<&FactExpression>, facts: &Facts) -> Option<String> {
        reason.and_then(|reason| reason.evaluate(self.document, facts).ok()).map(|text| text.expose().to_owned())
    }

    fn reason_at_usual_places(self, paths: &[&str]) -> Option<String> {
        paths.iter().find_map(|path| {
            let path = JsonPath::builtin(path, Place::default());
            let found = self.document.and_then(|document| path.first(document)).and_then(scalar_text);
            found.filter(|_| !self.code_paths.is_some_and(|codes| is_code_parameter(&path, codes))).map(Cow::into_owned)
        })
    }
}

/// Whether a text says that all is well, as some providers write beside a member that says the opposite. It is no reason for a refusal.
fn says_yes(text: &str) -> bool {
    let text = text.trim().trim_end_matches(['.', '!']);
    ["ok", "success", "successful", "succeeded"].iter().any(|yes| text.eq_ignore_ascii_case(yes))
}

/// Shorter secrets are not masked, because every text contains short values by chance.
pub(crate) const SHORTEST_SECRET: usize = 7;

/// So many bytes of a secret in a row are masked where the rest of it is missing.
const SHORTEST_PIECE: usize = 8;
/// Only the beginning of a code or message is shown, so a longer one need not be searched.
const LONGEST_SEARCHED: usize = 4096;

/// Replaces secrets, and pieces of them, by their masks. A provider may repeat what it was sent, as it was or in the encoding in which it
/// was sent, and may cut it. `others` are secrets of the answer itself; a text that is one of them is masked however short it is.
fn mask_secrets(mut text: String, facts: &Facts, others: &[Text]) -> String {
    if let Some(secret) = others.iter().find(|secret| secret.equals(text.trim())) {
        return secret.masked();
    }
    text.truncate(text.floor_char_boundary(LONGEST_SEARCHED));
    let known = facts.iter().filter(|(_, value)| value.is_secret());
    let known = known.map(|(fact, value)| (value, facts.origin(fact) != FactOrigin::Shopper));
    let secrets = known.chain(others.iter().map(|value| (value, true))).filter(|(value, _)| value.len() >= SHORTEST_SECRET);
    // A piece of what a shopper types, of an address, or of the stand-in of an example, is a word of any text.
    let is_of_words = |value: &Text| value.judged(|value| value.contains("://") || value.contains('‹'));
    let secrets: Vec<(&Text, Option<SecretRuns<'_>>)> = secrets
        .map(|(value, has_pieces)| (value, (has_pieces && !is_of_words(value)).then(|| value.secret_runs(SHORTEST_PIECE))))
        .collect();
    let text = secrets.iter().fold(text, |text, (secret, _)| secret.replaced_in(&text, &secret.masked()));
    let text = secrets.iter().fold(text, |mut text, (secret, runs)| {
        let pieces = runs.as_ref().map_or_else(Vec::new, |runs| runs.pieces_in(&text));
        for piece in pieces.into_iter().rev() {
            text.replace_range(piece, &secret.masked());
        }
        text
    });
    let is_in = |(secret, runs): &&(&Text, Option<SecretRuns<'_>>), bytes: &[u8]| {
        secret.is_within(bytes) || runs.as_ref().is_some_and(|runs| runs.are_in(bytes))
    };
    let mask = |bytes: &[u8]| secrets.iter().find(|secret| is_in(secret, bytes)).map(|(secret, _)| secret.masked());
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "+/-_=%.~".contains(letter);
    let mut masked = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let run = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        let (word, others) = rest.split_at(run);
        masked.push_str(&decoded_forms(word).iter().find_map(|bytes| mask(bytes)).unwrap_or_else(|| word.to_owned()));
        let other = others.find(is_part).unwrap_or(others.len());
        let (between, behind) = others.split_at(other);
        masked.push_str(between);
        rest = behind;
    }
    masked
}

/// The texts that a word may be an encoding of.
fn decoded_forms(word: &str) -> Vec<Vec<u8>> {
    if word.len() < SHORTEST_SECRET {
        return Vec::new();
    }
    let lenient =
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let lenient = GeneralPurpose::new(&URL_SAFE, lenient);
    // Of a text that was cut, the first character in base64 may be the second, third or fourth of its group.
    let decoded = |word: &str| {
        let plain = word.trim_end_matches('=').trim_matches('.').replace('+', "-").replace('/', "_");
        let cut = (0..4).filter_map(|skipped| {
            let rest = plain.get(skipped..)?;
            lenient.decode(rest.get(..rest.len().saturating_sub(usize::from(rest.len() % 4 == 1)))?).ok()
        });
        cut.collect::<Vec<_>>()
    };
    // `name=value` is one word here, and forms encode a blank as `+`.
    let behind = word.trim_end_matches('=').split_once('=').map(|(_, value)| value);
    let spaced = word.replace('+', " ");
    let percent = word.contains(['%', '+']).then(|| percent_encoding::percent_decode_str(&spaced).collect());
    let plus = word.contains('%').then(|| percent_encoding::percent_decode_str(word).collect());
    decoded(word).into_iter().chain(behind.map(decoded).unwrap_or_default()).chain(percent).chain(plus).collect()
}

/// The longest code that is shown whole.
const LONGEST_CODE: usize = 64;

/// A code as it was sent: without personal data, short and without control characters.
fn shown_code(text: &str) -> String {
    shortened(&code_without_personal_data(text.trim()), LONGEST_CODE)
}

/// A provider's words, without control characters, and with an ellipsis where they are cut.
fn shortened(text: &str, most: usize) -> String {
    let text = printable(text);
    if text.chars().count() <= most {
        return text;
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::names::Slot;

    #[test]
    fn what_says_that_all_is_well_is_no_reason() {
        for (document, code, message) in [
            (serde_json::json!({ "result": 7, "message": "OK" }), "200", None),
            (serde_json::json!({ "code": "success", "message": "Success." }), "success", None),
            (serde_json::json!({ "code": "E7", "message": "ok", "error_description": "not this person" }), "E7", Some("not this person")),
            (serde_json::json!({ "message": "token not ok" }), "200", Some("token not ok")),
        ] {
            let answer = RefusingAnswer { document: Some(&document), status: 200, code_paths: None, secrets: &[] };

            let refusal = answer.refusal(None, &Facts::default());

            assert_eq!((refusal.code.as_str(), refusal.message.as_deref()), (code, message), "{document}");
        }
    }

    #[test]
    fn secrets_that_a_provider_repeats_are_masked() {
        let mut facts = Facts::with_labels(["clientSecret".into()].into_iter().collect());
        facts.set(Slot(0), Text::secret("pass w/rd+é1", &"clientSecret".into()));

        for (said, masked) in [
            ("bad secret pass w/rd+é1.", "bad secret ‹clientSecret›."),
            ("got Basic bG9qYS00MjpwYXNzIHcvcmQrw6kx here", "got Basic ‹clientSecret› here"),
            ("got Basic bG9qYS00MjpwYXNzIHcvcmQrw6kx==", "got Basic ‹clientSecret›"),
            ("client_secret=pass+w%2Frd%2B%C3%A91&x=1", "‹clientSecret›&x=1"),
            ("auth=bG9qYS00MjpwYXNzIHcvcmQrw6kx here", "‹clientSecret› here"),
            ("client_secret=pass%20w%2Frd%2B%C3%A91&x=1", "‹clientSecret›&x=1"),
            // Half of it, in each of the encodings.
            ("bad secret ...s w/rd+é1.", "bad secret ...‹clientSecret›."),
            ("starts with pass w/rd but", "starts with ‹clientSecret› but"),
            ("got Basic bG9qYS00MjpwYXNzIHcvcm here", "got Basic ‹clientSecret› here"),
            ("got YXNzIHcvcmQrw6kx", "got ‹clientSecret›"),
            ("client_secret=pass+w%2Frd%2", "‹clientSecret›"),
            ("the pass of w/rd", "the pass of w/rd"),
            ("invalid_client: see https://docs.acme.example/errors", "invalid_client: see https://docs.acme.example/errors"),
        ] {
            assert_eq!(mask_secrets(said.to_owned(), &facts, &[]), masked);
        }
    }
}
