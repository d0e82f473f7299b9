//! The values of a login as keyed fingerprints, by which two logins are compared without keeping a value: an id differs between people, and
//! stays the same for one person.

use crate::login::trace::Trace;
use crate::provider::Provider;
use crate::provider::json_path::scalar_text;
use crate::provider::signed_token::unverified_claims;
use crate::vocabulary::email::Email;
use aws_lc_rs::hmac;
use serde_json::Value;
use std::fmt::Write as _;

/// At most this many values of a login are kept.
const MOST_VALUES: usize = 240;
/// At most this many addresses of a login are kept.
const MOST_ADDRESSES: usize = 8;
/// Of a list at most this many elements are looked at, and nothing deeper than this.
const MOST_ELEMENTS: usize = 6;
const DEEPEST: usize = 12;
/// The longest text that may be an id.
const LONGEST: usize = 255;

/// The key of fingerprints. It is drawn at the start and never stored, so a fingerprint says nothing outside of the process that made it.
pub(crate) struct FingerprintKey(hmac::Key);

/// The part of a login that holds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueSource {
    Callback,
    CallbackClaims,
    /// The answer of a call, by its index.
    Answer(usize),
    /// The claims of the signed token of a call.
    Claims(usize),
    /// The headers of an answer.
    Headers(usize),
}

/// Whether two logins are those of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SamePerson {
    Yes,
    No,
    Unknown,
}

/// The fingerprints of one login.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoginFingerprint {
    /// The id, if the login found one.
    pub(crate) id: Option<u64>,
    /// The e-mail addresses in its answers.
    addresses: Vec<u64>,
    /// A place of an answer, and what stands there; a place in a list occurs once for each element.
    values: Vec<(u64, u64)>,
    /// The places of its answers that hold the id that was found, or a part of it.
    id_places: Vec<u64>,
    /// Whether the people are invented, as those of recorded examples are: one invented address may stand for several people.
    pub(crate) is_invented: bool,
}

impl FingerprintKey {
    pub(crate) fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    fn of(&self, text: &str) -> u64 {
        let tag = hmac::sign(&self.0, text.as_bytes());
        tag.as_ref().first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }

    /// The fingerprint of a person's id.
    pub(crate) fn of_id(&self, id: &str) -> u64 {
        self.of(&format!("id {id}"))
    }

    /// The fingerprints of a place and of what stands there.
    pub(crate) fn of_value(&self, place: &str, text: &str) -> (u64, u64) {
        (self.of(place), self.of(&format!("{place} {text}")))
    }

    /// The fingerprints of documents.
    pub(crate) fn of_documents<'v>(&self, documents: impl Iterator<Item = (ValueSource, &'v Value)>) -> LoginFingerprint {
        let mut login = LoginFingerprint::default();
        for (source, document) in documents {
            for (place, text) in places(source, document) {
                if login.values.len() >= MOST_VALUES {
                    return login;
                }
                login.values.push(self.of_value(&place, &text));
                if login.addresses.len() < MOST_ADDRESSES && text.contains('@') && Email::parse(&text).is_ok() {
                    login.addresses.push(self.of(&text.to_lowercase()));
                }
            }
        }
        login
    }

    /// The fingerprints of a login; `None` if no call was answered well: anyone can send a callback.
    pub(crate) fn of_login(&self, provider: &Provider, id: Option<&str>, trace: &Trace) -> Option<LoginFingerprint> {
        let answers = trace.exchanges.iter().filter_map(|exchange| Some((exchange.call, exchange.answer.as_ref().ok()?)));
        let answers: Vec<_> = answers.filter(|(_, answer)| (200..300).contains(&answer.status)).collect();
        if answers.is_empty() {
            return None;
        }
        let mut documents = Vec::new();
        let nothing = provider.empty_facts();
        if !trace.callback.pairs.is_empty() {
            let callback = trace.callback.document();
            let token = provider.authorization.token_in(&callback, &nothing).and_then(|(_, token)| unverified_claims(&token));
            documents.extend(token.map(|claims| (ValueSource::CallbackClaims, claims)));
            documents.push((ValueSource::Callback, callback));
        }
        for (call, answer) in answers {
            let Some(step) = provider.calls.get(call) else { continue };
            documents.extend(step.document(answer).map(|document| (ValueSource::Answer(call), document)));
            let token = step.token_to_verify(answer, &nothing).and_then(|(_, token)| unverified_claims(&token));
            documents.extend(token.map(|claims| (ValueSource::Claims(call), claims)));
            documents.push((ValueSource::Headers(call), headers_as_document(&answer.headers)));
        }
        let login = self.of_documents(documents.iter().map(|(source, document)| (*source, document)));
        let all = || documents.iter().flat_map(|(source, document)| places(*source, document));
        let id_places = id.into_iter().flat_map(|id| all().filter(move |(_, text)| belongs_to_id(text, id)));
        let id_places = id_places.map(|(place, _)| self.of(&place)).collect();
        Some(LoginFingerprint { id: id.map(|id| self.of_id(id)), id_places, ..login })
    }
}

/// Whether a text is an id, a part of one that is composed of several, or holds it, as an address does.
fn belongs_to_id(text: &str, id: &str) -> bool {
    let (text, id) = (text.to_lowercase(), id.to_lowercase());
    holds_whole(&id, &text) || holds_whole(&text, &id)
}

/// Whether a text holds another one, with no letter and no digit beside it: what a part of a number has by chance is no part of the id.
fn holds_whole(text: &str, part: &str) -> bool {
    let is_edge = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
    !part.is_empty()
        && text.match_indices(part).any(|(at, found)| {
            let (before, after) = (text.get(..at), at.checked_add(found.len()).and_then(|end| text.get(end..)));
            is_edge(before.and_then(|before| before.chars().next_back())) && is_edge(after.and_then(|after| after.chars().next()))
        })
}

/// The headers of an answer as a document with names in small letters.
pub(crate) fn headers_as_document(headers: &[(Box<str>, Box<str>)]) -> Value {
    headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), Value::from(value.trim()))).collect::<serde_json::Map<_, _>>().into()
}

impl LoginFingerprint {
    /// Whether this login and another are those of one person, by the ids that were found, or else by the addresses.
    pub(crate) fn same_person(&self, other: &Self) -> SamePerson {
        let is_real = !self.is_invented && !other.is_invented;
        let yes = if is_real { SamePerson::Yes } else { SamePerson::Unknown };
        if let (Some(ours), Some(theirs)) = (self.id, other.id) {
            return if ours == theirs { yes } else { SamePerson::No };
        }
        if self.addresses.is_empty() || other.addresses.is_empty() {
            return SamePerson::Unknown;
        }
        let shared = self.addresses.iter().filter(|address| other.addresses.contains(address)).count();
        match shared {
            0 => SamePerson::No,
            _ if shared == self.addresses.len() && other.addresses.iter().all(|address| self.addresses.contains(address)) => yes,
            _ => SamePerson::Unknown,
        }
    }

    /// Whether this login found its id, and has something else at a place.
    pub(crate) fn has_other_than_id(&self, place: u64) -> bool {
        self.id.is_some() && !self.id_places.contains(&place) && self.values.iter().any(|(known, _)| *known == place)
    }

    /// Whether a place holds the id that this login found.
    pub(crate) fn has_id(&self, place: u64) -> bool {
        self.id_places.contains(&place)
    }

    /// What stands at a place.
    fn at(&self, place: u64) -> Vec<u64> {
        self.values.iter().filter(|(known, _)| *known == place).map(|(_, value)| *value).collect()
    }
}

/// What the logins at hand show of a value that may be an id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SeenValue {
    /// The logins that have something at its place, this one among them, as far as it is known whose they are.
    pub(crate) logins: usize,
    /// The people of these logins.
    pub(crate) people: usize,
    /// Whether two people share it, one person has another one in another login, or logins that worked had something other than their ids there: then
    /// it is no id.
    pub(crate) is_no_id: bool,
    /// Whether logins that worked had something other than their ids there. Then it is no part of an id either.
    pub(crate) is_beside_id: bool,
}

/// Compares a value of a login with what stands at its place in other logins.
pub(crate) fn compare_value(own: &LoginFingerprint, (place, value): (u64, u64), others: &[LoginFingerprint]) -> SeenValue {
    let with: Vec<(&LoginFingerprint, Vec<u64>)> =
        others.iter().map(|other| (other, other.at(place))).filter(|(_, values)| !values.is_empty()).collect();
    let is_beside_id = is_known_as_other(place, others);
    let mut seen = SeenValue { logins: 1, people: 1, is_no_id: is_beside_id, is_beside_id };
    let mut people: Vec<&LoginFingerprint> = vec![own];
    for (at, (other, values)) in with.iter().enumerate() {
        let is_there = values.contains(&value);
        match own.same_person(other) {
            SamePerson::No => {
                seen.logins = seen.logins.saturating_add(1);
                if people.iter().all(|known| known.same_person(other) == SamePerson::No) {
                    people.push(other);
                }
                seen.is_no_id |= is_there;
            }
            SamePerson::Yes => {
                seen.logins = seen.logins.saturating_add(1);
                seen.is_no_id |= !is_there;
            }
            SamePerson::Unknown => {}
        }
        // Two others show as much without this person.
        for (another, theirs) in with.iter().skip(at.saturating_add(1)) {
            let (is_same, shares_none) = (theirs == values, theirs.iter().all(|value| !values.contains(value)));
            seen.is_no_id |= match other.same_person(another) {
                SamePerson::No => is_same,
                SamePerson::Yes => shares_none,
                SamePerson::Unknown => false,
            };
        }
    }
    seen.people = people.len();
    seen
}

/// Whether more of the logins that worked have something other than the id at a place than have the id there: the id may move to a new place, but
/// what stood beside it all the time is something else.
pub(crate) fn is_known_as_other(place: u64, logins: &[LoginFingerprint]) -> bool {
    let with_other = logins.iter().filter(|login| login.has_other_than_id(place)).count();
    with_other > logins.iter().filter(|login| login.has_id(place)).count()
}

/// The texts and numbers of a document, each with its place. The elements of a list have the same place.
pub(crate) fn places(source: ValueSource, document: &Value) -> Vec<(String, String)> {
    let mut list = Vec::new();
    collect(document, format!("{source:?}"), 0, &mut list);
    list
}

fn collect(value: &Value, place: String, depth: usize, list: &mut Vec<(String, String)>) {
    if depth > DEEPEST || list.len() >= MOST_VALUES {
        return;
    }
    let deeper = depth.saturating_add(1);
    match value {
        Value::Object(members) => {
            for (key, value) in members.iter().take(MOST_VALUES) {
                let mut below = place.clone();
                let _ = write!(below, "/{key}");
                collect(value, below, deeper, list);
            }
        }
        Value::Array(elements) => {
            for element in elements.iter().take(MOST_ELEMENTS) {
                collect(element, format!("{place}[]"), deeper, list);
            }
        }
        Value::Null | Value::Bool(_) => {}
        Value::Number(_) | Value::String(_) => {
            let text = scalar_text(value).unwrap_or_default();
            if !text.is_empty() && text.len() <= LONGEST {
                list.push((place, text.into_owned()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::slice::from_ref;

    fn key() -> FingerprintKey {
        FingerprintKey::new(&crate::world::random::bytes())
    }

    #[test]
    fn what_stood_beside_the_id_of_a_login_that_worked_is_something_else() {
        let key = key();
        let answer = json!({ "uid": "a7", "account": "b8", "page": "https://acme.example/people/a7x9", "both": "b8:a7x9" });
        let place = |name: &str| key.of(&format!("Answer(1)/{name}"));
        let mut login = key.of_documents([(ValueSource::Answer(1), &answer)].into_iter());
        login.id = Some(key.of_id("b8:a7x9"));
        login.id_places = places(ValueSource::Answer(1), &answer)
            .into_iter()
            .filter(|(_, text)| belongs_to_id(text, "b8:a7x9"))
            .map(|(place, _)| key.of(&place))
            .collect();

        assert!(is_known_as_other(place("uid"), from_ref(&login)) && is_known_as_other(place("page"), from_ref(&login)));
        assert!(!is_known_as_other(place("account"), from_ref(&login)) && !is_known_as_other(place("both"), from_ref(&login)));
        assert!(!is_known_as_other(place("new"), from_ref(&login)));
        login.id = None;
        assert!(!is_known_as_other(place("uid"), from_ref(&login)), "a login without an id shows nothing");
    }

    #[test]
    fn a_constant_and_what_changes_for_one_person_are_told_from_an_id() {
        let key = key();
        let login = |mail: &str, id: &str, request: &str| {
            let answer = json!({ "mail": mail, "ref": id, "rid": request, "shop": "s-1" });
            key.of_documents([(ValueSource::Answer(1), &answer)].into_iter())
        };
        let own = login("ana@loja.example", "a7", "r-1");
        let compared = |place: &str, text: &str, others: &[LoginFingerprint]| {
            compare_value(&own, key.of_value(&format!("Answer(1)/{place}"), text), others)
        };
        let (bo, again) = (login("bo@loja.example", "b9", "r-2"), login("ana@loja.example", "a7", "r-3"));

        assert_eq!(compared("ref", "a7", from_ref(&bo)), SeenValue { logins: 2, people: 2, ..SeenValue::default() });
        assert_eq!(compared("ref", "a7", from_ref(&again)), SeenValue { logins: 2, people: 1, ..SeenValue::default() });
        assert_eq!(compared("ref", "a7", &[bo.clone(), again.clone()]), SeenValue { logins: 3, people: 2, ..SeenValue::default() });
        assert!(compared("shop", "s-1", from_ref(&bo)).is_no_id);
        assert!(compared("rid", "r-1", from_ref(&again)).is_no_id);
        assert!(!compared("rid", "r-1", from_ref(&bo)).is_no_id);
        assert_eq!(compared("nothing", "a7", &[bo, again]), SeenValue { logins: 1, people: 1, ..SeenValue::default() });
    }

    #[test]
    fn two_others_show_a_constant_to_a_login_whose_person_is_unknown() {
        let key = key();
        let login = |answer: &Value| key.of_documents([(ValueSource::Answer(0), answer)].into_iter());
        let own = login(&json!({ "shop": "s-1" }));
        let others =
            [login(&json!({ "mail": "bo@loja.example", "shop": "s-1" })), login(&json!({ "mail": "eva@loja.example", "shop": "s-1" }))];

        let shown = key.of_value("Answer(0)/shop", "s-1");
        assert!(!compare_value(&own, shown, &others[..1]).is_no_id);
        assert!(compare_value(&own, shown, &others).is_no_id);
    }

    #[test]
    fn an_invented_person_is_never_taken_for_the_same_one() {
        let key = key();
        let login = |id: &str| {
            let answer = json!({ "mail": "ana@loja.example", "ref": id });
            key.of_documents([(ValueSource::Answer(0), &answer)].into_iter())
        };
        let invented = LoginFingerprint { is_invented: true, ..login("a8") };

        assert_eq!(login("a7").same_person(&login("a8")), SamePerson::Yes);
        assert_eq!(login("a7").same_person(&invented), SamePerson::Unknown);
    }

    #[test]
    fn another_key_makes_other_fingerprints() {
        assert_ne!(key().of_id("a7"), key().of_id("a7"));
    }
}
