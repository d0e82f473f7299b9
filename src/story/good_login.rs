//! What is kept of the last login that worked: when it was, the provider's file with masked secrets, and the shape of each answer. It
//! holds no value of an answer, so it may outlive the login.

use crate::login::trace::{Exchange, Trace};
use crate::provider::Provider;
use crate::story::shape::{StoryMember, answer_shape};
use serde::{Deserialize, Serialize};

/// The step under which the callback's parameters are kept.
pub(crate) const CALLBACK: &str = "callback";
/// The longest file whose text is kept, in bytes.
const LONGEST_FILE: usize = 48 * 1024;
/// The word for an object, among the words for what values look like.
pub(crate) const OBJECT: &str = "object";
/// The word for a list.
pub(crate) const LIST: &str = "list";

/// The last login that worked with a version of a provider's file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GoodLogin {
    /// When it was, in seconds since 1970.
    pub at: i64,
    /// The version of the file.
    pub version: String,
    /// The file as the lab shows it, with masked secrets; `None` for a file that is too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The callback and the answers, in the order of the calls.
    pub answers: Vec<GoodAnswer>,
}

/// The shape of an answer, as all logins that worked have shown it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GoodAnswer {
    /// The index of the call in the file; `None` for the callback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) call: Option<usize>,
    /// The word of the step.
    pub(crate) step: String,
    /// The HTTP status; 0 for the callback.
    pub(crate) status: u16,
    /// Its members; `None` if it is no document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shape: Option<Vec<GoodMember>>,
}

/// A member of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct GoodMember {
    pub(crate) key: String,
    /// The words for what its values looked like.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) looks: Vec<String>,
    /// Whether a login worked without it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) optional: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) below: Vec<Self>,
}

impl GoodLogin {
    /// What is kept of a login that worked. The file's text is added where it is stored.
    pub(crate) fn from_trace(provider: &Provider, trace: &Trace, version: &str, at: i64) -> Self {
        let callback = GoodAnswer {
            call: None,
            step: CALLBACK.to_owned(),
            status: 0,
            shape: Some(good_members(&answer_shape(&provider.authorization, &trace.callback.document()))),
        };
        let answer = |exchange: &Exchange| {
            // What was forgiven says nothing of the answers that the file expects.
            let answer = exchange.answer.as_ref().ok().filter(|_| !exchange.forgiven)?;
            let step = provider.call(exchange.call)?;
            Some(GoodAnswer {
                call: Some(exchange.call),
                step: exchange.step.word().to_owned(),
                status: answer.status,
                shape: step.document(answer).map(|document| good_members(&answer_shape(step, &document))),
            })
        };
        let answers = std::iter::once(callback).chain(trace.exchanges.iter().filter_map(answer)).collect();
        Self { at, version: version.to_owned(), file: None, answers }
    }

    /// The same with the text of the file, unless it is too long.
    pub(crate) fn with_file(self, masked: String) -> Self {
        Self { file: (masked.len() <= LONGEST_FILE).then_some(masked), ..self }
    }

    /// Adds what another login with the same version of the file has shown.
    pub(crate) fn merge(&mut self, other: Self) {
        self.at = self.at.max(other.at);
        self.file = self.file.take().or(other.file);
        for answer in other.answers {
            match self.answers.iter_mut().find(|known| known.call == answer.call && known.step == answer.step) {
                Some(known) => known.merge(answer),
                None => self.answers.push(answer),
            }
        }
    }

    /// Whether another one holds the same, but for its time.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        self.version == other.version && self.answers == other.answers
    }
}

impl GoodAnswer {
    fn merge(&mut self, other: Self) {
        self.status = other.status;
        match (&mut self.shape, other.shape) {
            (Some(known), Some(more)) => {
                let mut room = MOST_MEMBERS.saturating_sub(count_members(known));
                merge_members(known, more, &mut room);
            }
            (known @ None, more) => *known = more,
            (Some(_), None) => {}
        }
    }
}

/// The most members of an answer that are kept. Keys beyond it are invented ones.
const MOST_MEMBERS: usize = 600;

fn count_members(members: &[GoodMember]) -> usize {
    members.iter().map(|member| count_members(&member.below).saturating_add(1)).sum()
}

/// Adds members for which there is room.
fn merge_members(known: &mut Vec<GoodMember>, more: Vec<GoodMember>, room: &mut usize) {
    for member in known.iter_mut() {
        member.optional |= !more.iter().any(|other| other.key == member.key);
    }
    for member in more {
        let Some(same) = known.iter_mut().find(|other| other.key == member.key) else {
            let all = count_members(&member.below).saturating_add(1);
            if all <= *room {
                *room = room.saturating_sub(all);
                known.push(GoodMember { optional: true, ..member });
            }
            continue;
        };
        for word in member.looks {
            if !same.looks.contains(&word) {
                same.looks.push(word);
                same.looks.sort();
            }
        }
        same.optional |= member.optional;
        // A list that was empty says nothing of its entries, and neither does a value that is no object.
        let below = count_members(&member.below);
        if !same.below.is_empty() {
            merge_members(&mut same.below, member.below, room);
        } else if below <= *room {
            *room = room.saturating_sub(below);
            same.below = member.below;
        }
    }
}

/// The members of a shape, with the words for their values alone.
pub(crate) fn good_members(members: &[StoryMember]) -> Vec<GoodMember> {
    members.iter().map(good_member).collect()
}

fn good_member(member: &StoryMember) -> GoodMember {
    let looks = match (&member.looks, member.below.first()) {
        (Some(word), _) => vec![word.clone()],
        (None, Some(first)) if first.key == "[]" => vec![LIST.to_owned()],
        (None, Some(_)) => vec![OBJECT.to_owned()],
        // It is empty, and an object or a list.
        (None, None) => Vec::new(),
    };
    GoodMember { key: member.key.clone(), looks, optional: false, below: good_members(&member.below) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::shape::document_shape;
    use serde_json::{Value, json};

    fn answer(document: &Value) -> GoodLogin {
        let shape = Some(good_members(&document_shape(document)));
        GoodLogin { answers: vec![GoodAnswer { call: Some(1), step: "getUserInfo".into(), status: 200, shape }], ..GoodLogin::default() }
    }

    #[test]
    fn what_some_answers_lack_is_optional_and_what_differs_is_known() {
        let mut known = answer(&json!({ "id": "7", "phone": "11", "list": [] }));
        known.merge(answer(&json!({ "id": 7, "name": "x", "list": [ { "a": 1 } ] })));

        let stored = serde_json::to_value(&known.answers[0].shape).unwrap();

        assert_eq!(
            stored,
            json!([
                { "key": "id", "looks": ["digits", "text"] },
                { "key": "phone", "looks": ["text"], "optional": true },
                { "key": "list", "below": [ { "key": "[]", "looks": ["object"], "below": [ { "key": "a", "looks": ["digits"] } ] } ], "looks": ["list"] },
                { "key": "name", "looks": ["text"], "optional": true }
            ])
        );
        let before = known.clone();
        known.merge(answer(&json!({ "id": 8, "list": [ { "a": 2 } ] })));
        assert!(known.equals(&before), "what is known already changes nothing");
    }

    #[test]
    fn no_value_of_an_answer_and_no_key_that_is_one_is_kept() {
        let kept = answer(&json!({ "mail": "ana@loja.example", "ana@loja.example": { "a": 1 }, "login": "mariasilva", "mariasilva": 1 }));

        let text = serde_json::to_string(&kept).unwrap();

        assert!(!text.contains("ana") && !text.contains("mariasilva"), "{text}");

        let keyed = answer(
            &json!({ "people": { "ana": { "mail": "ana@loja.example" } }, "by_id": { "7": { "a": 1 } }, "names": { "Zoe": { "a": 1 } } }),
        );
        let text = serde_json::to_string(&keyed).unwrap();

        assert!(["\"ana\"", "\"7\"", "Zoe"].iter().all(|key| !text.contains(key)) && text.contains("\"by_id\""), "{text}");
    }
}
