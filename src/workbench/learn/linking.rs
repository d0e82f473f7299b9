//! Links what a request sends to the answer that gave it. What the other logins of the recording sent at the same place
//! decides: a link holds in all of them, and where they sent other values even a short number is one.

use crate::provider::standard::{CALLBACK, CLIENT_TOKEN, TOKEN};
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::looks::looks_like_url;
use crate::workbench::answers::path::PathSegment;
use crate::workbench::answers::vocabulary::{is_person_id, is_person_number};
use crate::workbench::learn::document::{DocumentLeaf, RecordedDocument, leaves_of};
use crate::workbench::learn::login_learner::{LoginLearner, ValueOrigin};
use crate::workbench::learn::names::{is_followable, to_camel_case};
use crate::workbench::learn::nested_documents::{nested_document, read_nested};
use crate::workbench::learn::recorded_login::RecordedLogin;
use crate::workbench::learn::request_places::RequestPlace;
use crate::workbench::recorded_exchange::RecordedExchange;

/// A value of an answer that a later request may send.
pub(crate) struct AnswerValue {
    pub(crate) value: String,
    pub(crate) place: AnswerPlace,
    pub(crate) leaf: DocumentLeaf,
}

/// Where an answer holds a value.
#[derive(Clone)]
pub(crate) struct AnswerPlace {
    pub(crate) origin: ValueOrigin,
    /// The text of the answer that holds the document with the value, where it is not the answer itself.
    pub(crate) outer: Option<Vec<PathSegment>>,
    /// The part of the value that is sent, where it is not all of it.
    pub(crate) cut: Option<TextCut>,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TextCut {
    After(String),
    Before(String),
}

impl TextCut {
    fn apply(&self, text: &str) -> Option<String> {
        match self {
            Self::After(mark) => text.split_once(mark.as_str()).map(|(_, part)| part.to_owned()),
            Self::Before(mark) => text.split_once(mark.as_str()).map(|(part, _)| part.to_owned()),
        }
    }

    /// The cut that leaves this part of a text, with a mark that may stand in a file.
    fn that_leaves(part: &str, text: &str) -> Option<Self> {
        const MARKS: [char; 9] = [':', '|', '/', '.', '-', '_', '#', '@', ','];
        let is_mark = |mark: &str| mark.chars().all(|letter| letter.is_ascii_alphanumeric() || MARKS.contains(&letter));
        let found = if let Some(before) = text.strip_suffix(part).filter(|before| before.ends_with(MARKS)) {
            Some(Self::After(before.to_owned()).clone()).filter(|_| is_mark(before))
        } else {
            let rest = text.strip_prefix(part)?;
            let mark = rest.chars().next().filter(|mark| MARKS.contains(mark))?;
            Some(Self::Before(mark.to_string()))
        };
        found.filter(|cut| cut.apply(text).as_deref() == Some(part))
    }

    /// The path with the function that takes the part.
    fn written(&self, path: &str) -> String {
        match self {
            Self::After(mark) => format!("${{{path} | after \"{mark}\"}}"),
            Self::Before(mark) => format!("${{{path} | before \"{mark}\"}}"),
        }
    }
}

impl AnswerPlace {
    /// What the answer of a login gave at a path.
    fn came_with(&self, login: &RecordedLogin<'_>, keys: &[PathSegment]) -> Option<String> {
        let leaves = leaves_of_origin(login, self.origin);
        let leaves = match &self.outer {
            None => leaves,
            Some(outer) => leaves_of(&nested_document(leaves.iter().find(|leaf| leaf.keys == *outer)?)?.value),
        };
        let text = leaves.into_iter().find(|leaf| leaf.keys == keys).map(|leaf| leaf.text)?;
        self.cut.as_ref().map_or(Some(text.clone()), |cut| cut.apply(&text))
    }
}

/// A value that a request sends, with what is known of its place.
pub(crate) struct SentValue<'s> {
    pub(crate) text: &'s str,
    /// The name of its parameter, header or member; of a segment of a path the segment before it.
    pub(crate) name: &'s str,
    /// Whether it is a segment of a path, where ids are short.
    pub(crate) is_segment: bool,
    /// What the other logins sent there, in their order.
    pub(crate) others: Vec<Option<String>>,
}

/// Which request of a login is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestOf {
    Redirect,
    /// The call that gets a token of the client itself.
    ClientToken,
    /// The call of this number.
    Call(usize),
}

impl RequestOf {
    /// The request of a login.
    pub(crate) fn in_login<'l>(self, login: &'l RecordedLogin<'_>) -> Option<&'l RecordedExchange> {
        match self {
            Self::Redirect => Some(login.redirect),
            Self::ClientToken => login.client_token.as_ref().map(|found| found.call.exchange),
            Self::Call(number) => login.calls.get(number).map(|call| call.exchange),
        }
    }
}

/// What the other logins say about a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LinkEvidence {
    /// Another login sent something else than its answer gave.
    Refuted,
    /// No other login can be compared.
    Silent,
    /// All sent the same value.
    Same,
    /// They sent other values, each as its answer gave it.
    Proven,
}

impl LoginLearner<'_> {
    /// A value with what the other logins sent at its place.
    pub(crate) fn sent<'s>(&self, of: RequestOf, place: RequestPlace<'_>, name: &'s str, text: &'s str) -> SentValue<'s> {
        let others = self.aligned().map(|login| place.value_in(of.in_login(login)?)).collect();
        SentValue { text, name, is_segment: matches!(place, RequestPlace::Segment(_)), others }
    }

    /// The other logins that made the same calls.
    fn aligned(&self) -> impl Iterator<Item = &RecordedLogin<'_>> {
        let own = self.login;
        self.logins.iter().filter(move |other| {
            !std::ptr::eq(*other, own)
                && other.calls.len() == own.calls.len()
                && (other.prepared, other.token_call) == (own.prepared, own.token_call)
        })
    }

    /// Whether other logins sent something else at this place.
    pub(crate) fn differs(sent: &SentValue<'_>) -> bool {
        sent.others.iter().flatten().any(|other| other != sent.text)
    }

    fn evidence(&self, place: &AnswerPlace, keys: &[PathSegment], sent: &SentValue<'_>) -> LinkEvidence {
        let mut evidence = LinkEvidence::Silent;
        for (login, other) in self.aligned().zip(&sent.others) {
            let Some(other) = other else { continue };
            if place.came_with(login, keys).as_ref() != Some(other) {
                return LinkEvidence::Refuted;
            }
            if other != sent.text {
                evidence = LinkEvidence::Proven;
            } else if evidence == LinkEvidence::Silent {
                evidence = LinkEvidence::Same;
            }
        }
        evidence
    }

    /// Whether a request sends this value because an answer gave it, and not by coincidence.
    fn is_link(&self, place: &AnswerPlace, leaf: &DocumentLeaf, sent: &SentValue<'_>) -> bool {
        match self.evidence(place, &leaf.keys, sent) {
            LinkEvidence::Refuted => false,
            LinkEvidence::Proven => true,
            LinkEvidence::Silent | LinkEvidence::Same => is_followable(sent.text) || is_named_alike(leaf.name(), sent),
        }
    }

    /// Turns every value of an answer that this text contains into a fact.
    pub(crate) fn resolve_facts(&mut self, sent: &SentValue<'_>) {
        if sent.text.is_empty() || self.known.expression_for(sent.text).is_some_and(|_| self.accepts_exactly(sent)) {
            return;
        }
        let exact = self.answer_values.iter().position(|known| known.value == sent.text && self.is_link(&known.place, &known.leaf, sent));
        if let Some(at) = exact {
            self.turn_into_fact(at);
            return;
        }
        if let Some(part) = self.part_of_answer(sent) {
            self.answer_values.push(part);
            self.turn_into_fact(self.answer_values.len() - 1);
            return;
        }
        for _ in 0..5 {
            let within = self.answer_values.iter().enumerate().filter(|(_, known)| {
                known.value.len() >= 8
                    && is_followable(&known.value)
                    && known.value != sent.text
                    && sent.text.contains(known.value.as_str())
                    && self.is_part_of_others(known, sent)
            });
            let Some(at) = within.max_by_key(|(_, known)| known.value.len()).map(|(at, _)| at) else { return };
            self.turn_into_fact(at);
        }
    }

    /// The part of an answer's value that was sent, where the logins prove it, or a number in a path says so.
    fn part_of_answer(&self, sent: &SentValue<'_>) -> Option<AnswerValue> {
        let is_number = sent.is_segment && sent.text.len() >= 3 && sent.text.bytes().all(|byte| byte.is_ascii_digit());
        if sent.text.len() < 2 || !(Self::differs(sent) || is_number) {
            return None;
        }
        self.answer_values.iter().filter(|known| known.place.outer.is_none()).find_map(|known| {
            let cut = TextCut::that_leaves(sent.text, &known.value)?;
            let place = AnswerPlace { cut: Some(cut), ..known.place.clone() };
            let evidence = self.evidence(&place, &known.leaf.keys, sent);
            let holds = evidence == LinkEvidence::Proven || is_number && evidence != LinkEvidence::Refuted;
            holds.then(|| AnswerValue { value: sent.text.to_owned(), place, leaf: known.leaf.clone() })
        })
    }

    /// Whether the other logins sent their own value inside of theirs, too.
    fn is_part_of_others(&self, known: &AnswerValue, sent: &SentValue<'_>) -> bool {
        self.aligned().zip(&sent.others).all(|(login, other)| {
            let (Some(other), Some(came)) = (other, known.place.came_with(login, &known.leaf.keys)) else { return true };
            other.contains(&came)
        })
    }

    fn turn_into_fact(&mut self, at: usize) {
        let AnswerValue { value, place, leaf } = self.answer_values.remove(at);
        if self.known.expression_for(&value).is_some_and(|known| !known.contains(' ')) && is_followable(&value) {
            return;
        }
        let fact = self.new_fact_name(place.origin, &leaf);
        if place.outer.is_some() || place.cut.is_some() || !self.is_at_standard_place(place.origin, &leaf, &fact) {
            let written = place.cut.as_ref().map_or_else(|| leaf.path(), |cut| cut.written(&leaf.path()));
            let entry = YamlLine::with_comment(fact.clone(), YamlValue::Text(written), "came with this answer and was sent later");
            let nested = place.outer.as_ref().and_then(|outer| {
                let outer = leaves_of_origin(self.login, place.origin).into_iter().find(|leaf| leaf.keys == *outer)?;
                read_nested(entry.clone(), &nested_document(&outer)?.reading)
            });
            self.reads.push((place.origin, nested.unwrap_or(entry)));
        }
        self.known.add(&fact, &value);
        self.known.prefer(&fact, &value);
        self.facts_of_answers.push((fact, place, leaf));
    }

    /// A text as a template with holes, where it holds known values and the other logins do not speak against that.
    pub(crate) fn template_for(&mut self, sent: &SentValue<'_>) -> Option<String> {
        self.resolve_facts(sent);
        if self.known.expression_for(sent.text).is_some() {
            return if self.accepts_exactly(sent) { self.known.template_for(sent.text) } else { None };
        }
        self.known.template_for(sent.text)
    }

    /// Whether this text is the known value that equals it, and not a constant that equals it by coincidence.
    pub(crate) fn accepts_exactly(&self, sent: &SentValue<'_>) -> bool {
        let Some(expression) = self.known.expression_for(sent.text) else { return false };
        if expression == "clientId" {
            return !Self::differs(sent) && (sent.text.len() >= 6 || !sent.is_segment);
        }
        let Some((_, place, leaf)) = self.facts_of_answers.iter().find(|(fact, ..)| fact == expression) else { return true };
        self.is_link(place, leaf, sent)
    }

    /// Whether a fact is in its standard place, so that the file need not name the place.
    fn is_at_standard_place(&self, origin: ValueOrigin, leaf: &DocumentLeaf, fact: &str) -> bool {
        let path = leaf.path();
        let list = match origin {
            ValueOrigin::Callback => CALLBACK,
            ValueOrigin::ClientToken => CLIENT_TOKEN,
            ValueOrigin::Call(at) if (self.login.prepared..=self.login.token_call).contains(&at) => TOKEN,
            ValueOrigin::Call(_) => return false,
        };
        list.iter().any(|(known, key)| *known == fact && path == format!("$.{key}"))
    }

    fn new_fact_name(&self, origin: ValueOrigin, leaf: &DocumentLeaf) -> String {
        let is_new = |name: &str| self.known.value(name).is_none() && !self.has_reference(name);
        let own = normalize_key(leaf.name());
        if origin == ValueOrigin::ClientToken && is_new("clientToken") {
            return "clientToken".to_owned();
        }
        if let ValueOrigin::Call(at) = origin {
            let is_of_person = own.ends_with("id") || is_person_id(&own) || is_person_number(&own);
            let looks_like_token = is_followable(&leaf.text) && !is_of_person && !looks_like_url(&leaf.text);
            if at == self.login.token_call && (own.contains("token") || looks_like_token) && is_new("accessToken") {
                return "accessToken".to_owned();
            }
            if at < self.login.token_call && own.contains("token") && is_new("appToken") {
                return "appToken".to_owned();
            }
        }
        self.unused_name(&to_camel_case(leaf.name()))
    }
}

/// The values that an answer of this login, or its callback, gave.
fn leaves_of_origin(login: &RecordedLogin<'_>, origin: ValueOrigin) -> Vec<DocumentLeaf> {
    let of = |document: Option<&RecordedDocument>| document.map_or_else(Vec::new, RecordedDocument::leaves);
    match origin {
        ValueOrigin::Callback => {
            let leaf = |(name, text): &(String, String)| DocumentLeaf { keys: vec![PathSegment::Key(name.clone())], text: text.clone() };
            login.callback_parameters.iter().map(leaf).collect()
        }
        ValueOrigin::ClientToken => of(login.client_token.as_ref().and_then(|found| found.call.document.as_ref())),
        ValueOrigin::Call(number) => of(login.calls.get(number).and_then(|call| call.document.as_ref())),
    }
}

/// Whether a short value with a digit stands under the same name in the answer, or is an id in a path.
fn is_named_alike(key: &str, sent: &SentValue<'_>) -> bool {
    if sent.text.len() < 2 || !sent.text.bytes().any(|byte| byte.is_ascii_digit()) || sent.text.contains([' ', '\n']) {
        return false;
    }
    let (key, name) = (normalize_key(key), normalize_key(sent.name));
    let is_same = key.len() >= 2 && name.len() >= 2 && (key == name || name.strip_suffix('s') == Some(&key) || key.ends_with(&name));
    let is_id = || key.ends_with("id") || key == "nr" || is_person_id(&key) || is_person_number(&key);
    is_same || sent.is_segment && is_id()
}
