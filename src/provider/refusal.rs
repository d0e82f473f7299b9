//! When an answer is a refusal: by `refused` and `accepted` of the file, and without them.

use crate::provider::condition::{Condition, ConditionRole, ConditionSpec, ConditionSubject, Pattern};
use crate::provider::fact_expression::FactExpression;
use crate::provider::facts::Facts;
use crate::provider::json_path::{JsonPath, scalar_text};
use crate::provider::template::{FactUse, Template};
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::privacy::code_without_personal_data;
use crate::vocabulary::text::Text;
use crate::vocabulary::words::{OneOrMany, Reader, ValueShape, WordValue};
use crate::vocabulary::yaml::YamlNode;
use crate::words;
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

words! {
    /// When an answer is a refusal although its status is 200 (`refused`), or the only case in which it is not a
    /// refusal (`accepted`). It is a condition, together with the places of the provider's own code and message. It
    /// is checked before any fact is read.
    pub(crate) struct RefusalRuleSpec ("refusal", elsewhere = crate::provider::condition::unknown_word_hint) {
        /// The value that is checked: a path into the answer, or a fact.
        /// Example: `at: $.errcode`
        at: ConditionSubject = "at",
        /// The value equals this text, or one of these.
        /// Default: not checked
        /// Example: `is: error`
        is: Option<OneOrMany<Template>> = "is",
        /// The value exists, and it equals neither this text nor any of these.
        /// Default: not checked
        /// Example: `isNot: "0"`
        is_not: Option<OneOrMany<Template>> = "isNot",
        /// A part of the value matches this regular expression.
        /// Default: not checked
        /// Example: `matches: ^E`
        matches: Option<Pattern> = "matches",
        /// The value exists. Only `true` can be written.
        /// Default: not checked
        /// Example: `present: true`
        present: Option<Located<bool>> = "present",
        /// The place of the provider's error code.
        /// Default: the usual places (`$.error`, `$.error.code`, `$.code`), then the HTTP status
        /// Example: `code: $.errcode`
        code: Option<FactExpression> = "code",
        /// The place of the provider's error message. It is meant for support staff and is never shown to shoppers.
        /// Default: the usual places (`$.error_description`, `$.error.message`, `$.message`)
        /// Example: `message: $.errmsg`
        message: Option<FactExpression> = "message",
    }
}

/// A compiled `refused` or `accepted`.
#[derive(Clone, Debug)]
pub(crate) struct RefusalRule {
    pub(crate) place: Place,
    conditions: Vec<Condition>,
    code: Option<FactExpression>,
    message: Option<FactExpression>,
}

/// A provider's own code for a refusal: a short word without personal data, or the HTTP status where it gave none. It
/// is a type of its own, so that it is never taken for one of our codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProviderErrorCode {
    text: Box<str>,
    is_http_status: bool,
}

/// What a provider said when it refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRefusal {
    pub(crate) code: ProviderErrorCode,
    pub(crate) message: Option<String>,
}

impl ProviderErrorCode {
    fn new(text: Option<&str>, status: u16) -> Self {
        let (text, status) = (text.map(sanitized_code).filter(|code| !code.is_empty()), status.to_string());
        Self { is_http_status: text.as_ref().is_none_or(|text| *text == status), text: text.unwrap_or(status).into() }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the code is just the HTTP status.
    pub(crate) fn is_http_status(&self) -> bool {
        self.is_http_status
    }
}

impl ProviderRefusal {
    /// A refusal with the provider's code and message, which are shortened and cleaned.
    fn new(code: Option<&str>, message: Option<&str>, status: u16) -> Self {
        Self { code: ProviderErrorCode::new(code, status), message: message.map(shortened) }
    }
}

impl WordValue for RefusalRule {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        let specs = OneOrMany::<RefusalRuleSpec>::read(node, reader)?;
        let mut refusal = Self { place: node.place, conditions: Vec::new(), code: None, message: None };
        for spec in specs.0 {
            refusal.code = refusal.code.or(spec.code);
            refusal.message = refusal.message.or(spec.message);
            let condition = ConditionSpec {
                place: spec.place,
                at: Some(spec.at),
                is: spec.is,
                is_not: spec.is_not,
                matches: spec.matches,
                present: spec.present,
                contains: None,
                within: None,
                all: None,
                any: None,
            };
            refusal.conditions.push(Condition::compile(condition, ConditionRole::Decides, reader)?);
        }
        refusal.place = refusal.conditions.first()?.place;
        Some(refusal)
    }
    fn shape() -> ValueShape {
        OneOrMany::<RefusalRuleSpec>::shape()
    }
}

impl RefusalRule {
    /// Whether its conditions hold.
    pub(crate) fn holds(&self, answer: Option<&Value>, facts: &Facts) -> bool {
        self.conditions.iter().all(|condition| condition.holds(answer, facts))
    }

    /// Whether the rule reads this key of the answer. The built-in rules then ignore the key.
    pub(crate) fn reads_key(&self, key: &str) -> bool {
        self.conditions.iter().flat_map(Condition::paths).any(|path| path.begins_with(key))
    }

    pub(crate) fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// The paths that its conditions look at.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &JsonPath> {
        self.conditions.iter().flat_map(Condition::paths)
    }

    /// Every use of a fact in it.
    pub(crate) fn uses(&self) -> Vec<FactUse> {
        let readings = self.code.iter().chain(&self.message).flat_map(FactExpression::uses);
        self.conditions.iter().flat_map(Condition::uses).chain(readings).collect()
    }
}

/// Makes the refusal from an answer. Code and message come from the first rule that names a place for them, else from the
/// usual places.
pub(crate) fn refusal_from_answer<'a>(
    rules: &(impl Iterator<Item = &'a RefusalRule> + Clone),
    answer: Option<&Value>,
    facts: &Facts,
    status: u16,
) -> ProviderRefusal {
    let from_rules = |pick: fn(&RefusalRule) -> Option<&FactExpression>| {
        rules.clone().filter_map(pick).find_map(|reading| reading.evaluate(answer, facts).ok()).map(|text| text.expose().to_owned())
    };
    let usual = |paths: &[&str]| {
        paths.iter().find_map(|path| {
            let found = JsonPath::builtin(path, Place::default());
            answer.and_then(|answer| found.first(answer)).and_then(scalar_text).map(std::borrow::Cow::into_owned)
        })
    };
    let code = from_rules(|refusal| refusal.code.as_ref()).or_else(|| usual(&["$.error", "$.error.code", "$.code"]));
    let message =
        from_rules(|refusal| refusal.message.as_ref()).or_else(|| usual(&["$.error_description", "$.error.message", "$.message"]));
    let [code, message] = [code, message].map(|text| text.map(|text| mask_secrets(text, facts)));
    ProviderRefusal::new(code.as_deref(), message.as_deref(), status)
}

/// Shorter secrets are not masked, because every text contains short values by chance.
const SHORTEST_SECRET: usize = 7;

/// Replaces secrets by their masks. A provider may repeat what it was sent, as it was or in the encoding in which it was sent.
fn mask_secrets(text: String, facts: &Facts) -> String {
    let secrets: Vec<&Text> =
        facts.iter().map(|(_, value)| value).filter(|value| value.is_secret() && value.len() >= SHORTEST_SECRET).collect();
    let text = secrets.iter().fold(text, |text, secret| secret.replaced_in(&text, &secret.masked()));
    let mask = |bytes: &[u8]| secrets.iter().find(|secret| secret.is_within(bytes)).map(|secret| secret.masked());
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "+/-_=%.~".contains(letter);
    let mut masked = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let run = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        let (word, others) = rest.split_at(run);
        masked.push_str(&decoded_forms(word).iter().find_map(|bytes| mask(bytes)).unwrap_or_else(|| word.to_owned()));
        let other = others.find(is_part).unwrap_or(others.len());
        masked.push_str(&others[..other]);
        rest = &others[other..];
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
    let decoded = |word: &str| {
        let plain = word.trim_end_matches('=').trim_matches('.').replace('+', "-").replace('/', "_");
        lenient.decode(plain).ok()
    };
    // `name=value` is one word here, and forms encode a blank as `+`.
    let behind = word.trim_end_matches('=').split_once('=').map(|(_, value)| value);
    let spaced = word.replace('+', " ");
    let percent = word.contains(['%', '+']).then(|| percent_encoding::percent_decode_str(&spaced).collect());
    let plus = word.contains('%').then(|| percent_encoding::percent_decode_str(word).collect());
    decoded(word).into_iter().chain(behind.and_then(decoded)).chain(percent).chain(plus).collect()
}

/// The text as a code: short, of a few characters only, and without personal data.
fn sanitized_code(text: &str) -> String {
    let word = |letter: char| if letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | ':' | '-') { letter } else { '_' };
    let words = code_without_personal_data(text);
    words.chars().take(64).map(word).collect()
}

/// A provider's words, short and without control characters.
fn shortened(text: &str) -> String {
    crate::vocabulary::diagnostic::printable(text).chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::names::Slot;

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
            ("invalid_client: see https://docs.acme.example/errors", "invalid_client: see https://docs.acme.example/errors"),
        ] {
            assert_eq!(mask_secrets(said.to_owned(), &facts), masked);
        }
    }
}
