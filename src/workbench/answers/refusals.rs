//! Why providers refuse: the named causes, and the wordings of `refusals.yaml` by which they are recognized.

use crate::provider::json_path::scalar_text;
use crate::vocabulary::data_file::read_data_file;
use serde::Deserialize;
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A cause with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the sentence of each explains it")]
pub enum RefusalCause {
    SecretRefused,
    CredentialsElsewhere,
    PkceRefused,
    PkceRequired,
    RedirectUnknown,
    ScopeRefused,
    CodeUsed,
    ClientUnknown,
    GrantRefused,
    BodyOther,
    MethodOther,
    AddressWrong,
    AudienceMissing,
    ParameterMissing,
    SignatureRefused,
    ClockWrong,
    TokenRefused,
    PlaceRefused,
    Declined,
    TooMany,
    Unavailable,
}

/// Parts that a text has to contain, all of them.
type Wording = Vec<String>;

/// How providers speak of one cause.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CauseWordings {
    /// They name the cause outright.
    sentences: Vec<Wording>,
    /// They usually mean it.
    codes: Vec<Wording>,
    /// They may mean it.
    hints: Vec<Wording>,
}

impl CauseWordings {
    /// All wordings, each with its certainty.
    fn weighted(&self) -> impl Iterator<Item = (&Wording, u8)> {
        let kinds = [(&self.sentences, 3), (&self.codes, 2), (&self.hints, 1)];
        kinds.into_iter().flat_map(|(list, weight)| list.iter().map(move |wording| (wording, weight)))
    }
}

static WORDINGS: LazyLock<BTreeMap<RefusalCause, CauseWordings>> = LazyLock::new(|| read_data_file(include_str!("refusals.yaml")));

/// The causes that these words name, the likeliest first, each with its certainty: 3 for a sentence that names only this cause,
/// 2 for a usual code, 1 for a hint.
pub(crate) fn causes_in_text(text: &str) -> Vec<(RefusalCause, u8)> {
    let mut found: Vec<(RefusalCause, u8, usize)> = Vec::new();
    for (cause, wordings) in WORDINGS.iter() {
        let matching = wordings.weighted().filter(|(parts, _)| parts.iter().all(|part| text.contains(part.as_str())));
        // A longer wording is more specific.
        let best = matching.map(|(parts, weight)| (weight, parts.iter().map(|part| part.chars().count()).sum::<usize>())).max();
        found.extend(best.map(|(weight, length)| (*cause, weight, length)));
    }
    found.sort_by_key(|(cause, weight, length)| (Reverse((*weight, *length)), *cause));
    found.into_iter().map(|(cause, weight, _)| (cause, weight)).collect()
}

/// The keys and the texts of a document in small letters, within bounds.
pub(crate) fn lowercase_text(document: &Value) -> String {
    let mut text = String::new();
    let mut waiting = vec![document];
    while let Some(value) = waiting.pop() {
        if text.len() > 8_000 || waiting.len() > 2_000 {
            break;
        }
        match value {
            Value::Array(list) => waiting.extend(list.iter().take(200)),
            Value::Object(members) => {
                for (key, value) in members.iter().take(200) {
                    text.push_str(&key.chars().take(60).collect::<String>());
                    text.push(' ');
                    waiting.push(value);
                }
            }
            scalar => {
                text.extend(scalar_text(scalar).unwrap_or_default().chars().take(600));
                text.push('\n');
            }
        }
    }
    text.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_cause_has_wordings_in_small_letters() {
        assert_eq!(WORDINGS.len(), RefusalCause::Unavailable as usize + 1);
        for (cause, wordings) in WORDINGS.iter() {
            assert!(wordings.weighted().next().is_some(), "{cause:?}");
            assert!(wordings.weighted().flat_map(|(parts, _)| parts).all(|part| *part == part.to_lowercase()), "{cause:?}");
        }
    }

    #[test]
    fn the_most_telling_words_name_the_cause() {
        for (text, cause) in [
            ("invalid_client the provided client secret is incorrect", RefusalCause::SecretRefused),
            ("invalid_client client authentication method is not supported", RefusalCause::CredentialsElsewhere),
            ("invalid_request pkce is not supported for this client", RefusalCause::PkceRefused),
            ("invalid_grant redirect_uri does not match", RefusalCause::RedirectUnknown),
            ("invalid_grant the code has expired", RefusalCause::CodeUsed),
            ("invalid_grant", RefusalCause::CodeUsed),
            ("segredo do cliente inválido", RefusalCause::SecretRefused),
            ("la uri de redirección no está registrada", RefusalCause::RedirectUnknown),
            ("redirect_uri 参数错误", RefusalCause::RedirectUnknown),
        ] {
            assert_eq!(causes_in_text(text).first().map(|(cause, _)| *cause), Some(cause), "{text}");
        }
        assert!(causes_in_text("ana likes tea").is_empty());
    }

    #[test]
    fn what_an_answer_says_is_read_from_all_its_places() {
        let text = lowercase_text(&json!({ "Error": { "Fields": [{ "Message": "Invalid Scope" }] } }));
        assert!(text.contains("invalid scope") && text.contains("error"));
    }
}
