//! When an answer is a refusal: by `refused` and `accepted` of the file, and without them. The order
//! of judgement is in `judgement`, and what the provider said in `reason`.

mod code_parameter;
mod reason;
mod judgement;

pub(crate) use crate::provider::refusal::judgement::{RefusalRules, RefusedBecause};
pub(crate) use crate::provider::refusal::reason::{
    ProviderErrorCode, ProviderRefusal, RefusingAnswer, SHORTEST_SECRET, shows, with_moment,
};

use crate::provider::condition::{Condition, ConditionRole, ConditionSpec, ConditionSubject, Pattern, unknown_word_hint};
use crate::provider::fact_expression::FactExpression;
use crate::provider::facts::Facts;
use crate::provider::json_path::JsonPath;
use crate::provider::moment::{MomentFault, TimeSpan};
use crate::provider::refusal::code_parameter::{is_read_elsewhere, shows_code};
use crate::provider::status::{StatusPattern, is_success};
use crate::provider::template::{FactUse, Template};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::{OneOrMany, Reader, ValueShape, WordValue, read_scalar};
use crate::vocabulary::yaml::{YamlKind, YamlNode};
use crate::{choice, words};
use serde_json::Value;

words! {
    /// An entry of `refused` or `accepted`: a condition, together with the provider's own code and message, which are
    /// shown only when this entry is the one that refuses. It is checked before any fact is read.
    pub(crate) struct RefusalRuleSpec ("refusal", elsewhere = unknown_word_hint) {
        /// The value that is checked: a path into the answer, a fact, or a text with holes, as in a [condition](#condition).
        /// Default: none; needed unless `all`, `any`, `status` or `errorMember` stands here
        /// Example: `at: $.errcode`
        at: Option<ConditionSubject> = "at",
        /// The value equals this text, or one of these. The texts may contain holes of facts that are known before
        /// the answer; a path cannot stand here.
        /// Default: not checked
        /// Example: `is: [ ok, success ]`
        is: Option<OneOrMany<Template>> = "is",
        /// The value exists, and it equals neither this text nor any of these.
        /// Default: not checked
        /// Example: `isNot: "0"`
        is_not: Option<OneOrMany<Template>> = "isNot",
        /// A part of the value matches this regular expression. `^` and `$` stand for the beginning and the end of
        /// the value.
        /// Default: not checked
        /// Example: `matches: ^E`
        matches: Option<Pattern> = "matches",
        /// The value is a list, and an entry of it equals this text, or one of these. A single text counts as a list
        /// of one entry, as XML and some programs write it.
        /// Default: not checked
        /// Example: `contains: blocked`
        contains: Option<OneOrMany<Template>> = "contains",
        /// `true`: the value exists. `false`: it does not, which may be written in `refused`, `when`, `require` and
        /// `where`, but not in `accepted`, `read` and `identity`: what is not there proves nothing.
        /// An empty text does not exist, so `suspended: ""` in an answer is the same as no `suspended`.
        /// Default: not checked
        /// Example: `present: true`
        present: Option<Located<bool>> = "present",
        /// The value is a moment that is not older than this, and at most a minute in the future: whole seconds or
        /// milliseconds since 1970, or a date of RFC 3339, which has a zone. Another text cannot be read; the function
        /// `moment` reads a time that is written otherwise.
        /// Default: not checked
        /// Example: `within: 5m`
        within: Option<Located<TimeSpan>> = "within",
        /// `true`: the value is a list that has no entry. Nothing else is one: not a missing value, `null`, an empty text or `{}`.
        /// Default: not checked
        /// Example: `empty: true`
        empty: Option<Located<bool>> = "empty",
        /// Conditions that must all hold, in place of `at`.
        /// Default: none
        /// Example: `all: [ { at: $.ok, is: false }, { at: $.retry, is: false } ]`
        all: Option<OneOrMany<ConditionSpec>> = "all",
        /// Conditions of which one must hold, in place of `at`.
        /// Default: none
        /// Example: `any: [ { at: $.errcode, isNot: "0" }, { at: $.data, present: false } ]`
        any: Option<OneOrMany<ConditionSpec>> = "any",
        /// HTTP statuses: one, a class, or a list. In `refused` the entry looks only at answers with one of these. In
        /// `accepted` they are allowed besides 2xx; a list that itself names a status of 2xx is the whole list, and
        /// `any`, which only `accepted` may have, allows every status.
        /// Default: in `refused` every status; in `accepted` 2xx
        /// Example: `status: [ 404, 5xx ]`
        status: Option<OneOrMany<StatusPattern>> = "status",
        /// `allowed`: a member `error` does not make the answer a refusal. Only in `accepted`, for answers in
        /// getAccessCode and to the calls of `prepare`.
        /// Default: an `error` that is neither empty nor `0` nor `false` is a refusal
        /// Example: `errorMember: allowed`
        error_member: Option<Located<ErrorMember>> = "errorMember",
        /// The provider's error code when this entry refuses: a place in the answer, a text with holes, or a constant
        /// text. The parameter of a callback that carries the authorization code cannot be used; a parameter `code` can where
        /// the file reads the authorization code from another one.
        /// Default: the usual places (`$.error`, `$.error.code`, `$.code`, the last not in a callback), then the HTTP
        /// status, and in a callback `refused`
        /// Example: `code: $.errcode`
        code: Option<Reason> = "code",
        /// The provider's error message when this entry refuses, written like `code`. It is meant for support staff
        /// and is never shown to shoppers.
        /// Default: the usual places (`$.error_description`, `$.error.message`, `$.message`)
        /// Example: `message: $.errmsg`
        message: Option<Reason> = "message",
    }
}

choice! {
    /// What a member `error` in a token answer means.
    pub(crate) enum ErrorMember {
        /// A yes may have one.
        Allowed = "allowed",
    }
}

/// A provider's code or message: a place, a text with holes, or a constant text; or alternatives.
#[derive(Clone, Debug)]
pub(crate) struct Reason(FactExpression);

impl Reason {
    /// Keys of answers that were hardly meant as constant texts.
    const KEYS: [&str; 12] =
        ["code", "errcode", "errorcode", "subcode", "error", "err", "errmsg", "errormessage", "errordescription", "message", "msg", "ret"];

    fn read_text(node: &YamlNode, reader: &mut Reader) -> Option<FactExpression> {
        let text = read_scalar(node, reader)?;
        if JsonPath::is_meant(&text) {
            return JsonPath::parse(&text.value, text.place, reader).map(FactExpression::Path);
        }
        if text.trim().is_empty() {
            reader.complain(text.place, "an empty text gives no reason", "write a text, or leave the word out");
            return None;
        }
        let is_word = |word: &str| !word.is_empty() && word.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        let normal = text.replace(['_', '-'], "").to_lowercase();
        if Self::KEYS.contains(&normal.as_str()) || (text.contains('.') && text.split('.').all(is_word)) {
            let help =
                format!("write `$.{}` for the place in the answer; in quotes or not, a text without `$` is shown as it is", text.value);
            reader.warn(text.place, format!("`{}` is a constant text here", text.value), help);
        }
        Template::parse(&text.value, node, false, reader).map(FactExpression::Text)
    }

    fn read_expression(node: &YamlNode, reader: &mut Reader) -> Option<FactExpression> {
        match &node.kind {
            YamlKind::List(nodes) if nodes.is_empty() => {
                reader.complain(node.place, "this list of alternatives is empty", "write paths: `[ $.error.code, $.code ]`");
                None
            }
            YamlKind::List(nodes) => {
                let all: Vec<FactExpression> = nodes.iter().filter_map(|node| Self::read_text(node, reader)).collect();
                (all.len() == nodes.len()).then_some(FactExpression::FirstOf(all, node.place))
            }
            YamlKind::Map(_) | YamlKind::Scalar { .. } => Self::read_text(node, reader),
        }
    }
}

impl WordValue for Reason {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        Self::read_expression(node, reader).map(Self)
    }
    fn shape() -> ValueShape {
        OneOrMany::<Template>::shape()
    }
}

/// The word under which a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RuleWord {
    Refused,
    Accepted,
}

/// A compiled entry of `refused` or `accepted`.
#[derive(Clone, Debug)]
pub(crate) struct RefusalRule {
    pub(crate) place: Place,
    word: RuleWord,
    /// Without one the entry holds of every answer that has its status.
    condition: Option<Condition>,
    statuses: Option<Vec<StatusPattern>>,
    error_member: Option<Place>,
    code: Option<FactExpression>,
    message: Option<FactExpression>,
}

/// The entries of a `refused`, of which any refuses.
#[derive(Clone, Debug, Default)]
pub(crate) struct RefusedRules(pub(crate) Vec<RefusalRule>);

/// The entries of an `accepted`, all of which must hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct AcceptedRules(pub(crate) Vec<RefusalRule>);

impl WordValue for RefusedRules {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        RefusalRule::read_all(RuleWord::Refused, node, reader).map(Self)
    }
    fn shape() -> ValueShape {
        OneOrMany::<RefusalRuleSpec>::shape()
    }
}

impl WordValue for AcceptedRules {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        RefusalRule::read_all(RuleWord::Accepted, node, reader).map(Self)
    }
    fn shape() -> ValueShape {
        OneOrMany::<RefusalRuleSpec>::shape()
    }
}

impl RefusalRule {
    fn read_all(word: RuleWord, node: &YamlNode, reader: &mut Reader) -> Option<Vec<Self>> {
        let specs = OneOrMany::<RefusalRuleSpec>::read(node, reader)?;
        let count = specs.0.len();
        let rules: Vec<Self> = specs.0.into_iter().filter_map(|spec| Self::compile(spec, word, reader)).collect();
        (rules.len() == count && count > 0).then_some(rules)
    }

    fn compile(spec: RefusalRuleSpec, word: RuleWord, reader: &mut Reader) -> Option<Self> {
        let RefusalRuleSpec { place, at, is, is_not, matches, contains, present, within, empty, all, any, .. } = spec;
        let asked = ConditionSpec { place, at, is, is_not, matches, contains, present, within, empty, all, any };
        let statuses = spec.status.map(|statuses| statuses.0);
        let error_member = spec.error_member.map(|word| word.place);
        let stands_alone = statuses.is_some() || error_member.is_some();
        let role = match word {
            RuleWord::Refused => ConditionRole::Refuses,
            RuleWord::Accepted => ConditionRole::Proves,
        };
        let condition = if asked.asks_nothing() && stands_alone {
            None
        } else if asked.asks_nothing() {
            if !["at", "all", "any", "status", "errorMember", ""].iter().any(|word| reader.is_unusable_word(place, word)) {
                let help = "add it, such as `at: $.errcode`; `status: 4xx` looks at the status of the answer";
                reader.complain(place, "this refusal has no `at`", help);
            }
            return None;
        } else {
            Some(Condition::compile(asked, role, reader)?)
        };
        if let (RuleWord::Refused, Some(any)) = (word, statuses.iter().flatten().find(|status| status.is_any())) {
            reader.complain(any.place, "without `status`, `refused` looks at every answer", "take `status: any` out");
        }
        if let (RuleWord::Refused, Some(place)) = (word, error_member) {
            let help = "write it in `accepted`: `accepted: { errorMember: allowed, at: …, is: … }`";
            reader.complain(place, "`errorMember` describes an accepted answer, so it belongs in `accepted`", help);
        }
        let first = condition.as_ref().and_then(|condition| condition.checks().first().map(|check| check.place()));
        let place = first.or(statuses.iter().flatten().next().map(|status| status.place)).or(error_member).unwrap_or(place);
        let (code, message) = (spec.code.map(|reason| reason.0), spec.message.map(|reason| reason.0));
        Some(Self { place, word, condition, statuses, error_member, code, message })
    }

    /// Whether this entry of `refused` refuses an answer.
    fn refuses(&self, answer: Option<&Value>, facts: &Facts, status: u16) -> bool {
        self.names_status(status) && self.condition.as_ref().is_none_or(|condition| condition.may_hold(answer, facts))
    }

    /// Whether this entry of `refused` looks at answers with a status.
    fn names_status(&self, status: u16) -> bool {
        self.statuses.as_ref().is_none_or(|statuses| statuses.iter().any(|one| one.includes(status)))
    }

    /// Whether this entry of `accepted` allows a status: those it names besides 2xx, or only those when it names any of 2xx.
    fn allows_status(&self, status: u16) -> bool {
        let names_success = || self.statuses.iter().flatten().any(|one| one.is_success());
        self.statuses.iter().flatten().any(|one| one.includes(status)) || (is_success(status) && !names_success())
    }

    /// The rule in the file's own words, and what is found at the first path that it names, as `shown` says it of a value.
    pub(crate) fn describe(&self, document: Option<&Value>, shown: impl Fn(&Value) -> String) -> String {
        let names_success = || self.statuses.iter().flatten().any(|one| one.is_success());
        let (beginning, usual) = match self.word {
            RuleWord::Refused => ("`refused` if", None),
            RuleWord::Accepted => ("`accepted` only if", (!names_success()).then(|| "2xx".to_owned())),
        };
        let statuses = self.statuses.as_ref().filter(|statuses| !statuses.iter().any(|one| one.is_any()));
        let statuses = statuses.map(|statuses| usual.into_iter().chain(statuses.iter().map(ToString::to_string)).collect::<Vec<_>>());
        let parts = self.condition.as_ref().map(Condition::source).into_iter();
        let parts: Vec<String> = parts.chain(statuses.map(|statuses| format!("the status is {}", statuses.join(" or ")))).collect();
        let found = self.paths().next().map_or_else(String::new, |path| {
            let found = document.map(|document| path.find(document)).unwrap_or_default();
            let value = match (found.as_written.first(), found.in_lone_entries.first()) {
                (Some(value), _) => shown(value),
                (None, Some(value)) => format!("perhaps {}, as a value stands alone in place of a list", shown(value)),
                (None, None) => "nothing".to_owned(),
            };
            format!("; {} is {value}", path.source)
        });
        format!("{beginning} {}{found}", parts.join(" and "))
    }

    /// The word of the file under which it stands.
    pub(crate) fn word(&self) -> &'static str {
        match self.word {
            RuleWord::Refused => "refused",
            RuleWord::Accepted => "accepted",
        }
    }

    pub(crate) fn condition(&self) -> Option<&Condition> {
        self.condition.as_ref()
    }

    /// Why a moment that an entry of `accepted` demands is not there, is too old or lies in the future.
    pub(crate) fn moment_fault(&self, document: Option<&Value>, facts: &Facts) -> Option<MomentFault> {
        let checks = self.condition.iter().filter(|_| self.word == RuleWord::Accepted).flat_map(Condition::checks);
        checks.into_iter().find_map(|check| check.moment_fault(document, facts))
    }

    /// Whether a member `error` in a token answer is allowed.
    pub(crate) fn allows_error_member(&self) -> bool {
        self.error_member.is_some()
    }

    /// The paths that its condition looks at.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &JsonPath> {
        self.condition.iter().flat_map(Condition::paths)
    }

    /// The same with the paths of the provider's code and message.
    pub(crate) fn all_paths(&self) -> impl Iterator<Item = &JsonPath> {
        self.paths().chain(self.code.iter().chain(&self.message).flat_map(FactExpression::paths))
    }

    /// Every use of a fact in it.
    pub(crate) fn uses(&self) -> Vec<FactUse> {
        let readings = self.code.iter().chain(&self.message).flat_map(FactExpression::uses);
        self.condition.iter().flat_map(Condition::uses).chain(readings).collect()
    }

    /// The expressions that find the provider's code and message.
    pub(crate) fn code_and_message(&self) -> [Option<&FactExpression>; 2] {
        [self.code.as_ref(), self.message.as_ref()]
    }

    /// Whether its code, and its message, are the file's own texts, which say nothing of the answer.
    pub(crate) fn has_constant_reasons(&self) -> [bool; 2] {
        let is_constant = |reason: &FactExpression| matches!(reason, FactExpression::Text(text) if text.is_literal());
        self.code_and_message().map(|reason| reason.is_some_and(is_constant))
    }

    /// Whether it shows the callback's parameter `code`, which is not the authorization code here.
    pub(crate) fn shows_other_code(&self, code_paths: &[&JsonPath]) -> bool {
        let mut paths = self.code_and_message().into_iter().flatten().flat_map(FactExpression::paths);
        is_read_elsewhere(code_paths) && paths.any(|path| path.is_key("code"))
    }

    /// Complains about what cannot be said of a callback: it has no status, and the authorization code is no reason.
    pub(crate) fn check_for_callback(&self, code: Slot, code_readings: &[&FactExpression], reader: &mut Reader) {
        if let Some(status) = self.statuses.iter().flatten().next() {
            let help = "take `status` out; a callback is judged by its parameters";
            reader.complain(status.place, "a callback has no HTTP status", help);
        }
        if let Some(place) = self.error_member {
            let help = "take `errorMember` out; a callback with a parameter `error` is always a refusal";
            reader.complain(place, "`errorMember` is about token answers, and this is a callback", help);
        }
        for reason in self.code_and_message().into_iter().flatten().flat_map(FactExpression::alternatives) {
            let path = match reason {
                FactExpression::Path(path) => Some((&*path.source, path.place)).filter(|_| shows_code(path, None, code_readings)),
                FactExpression::Text(_) | FactExpression::Condition(_) | FactExpression::Conditions(..) | FactExpression::FirstOf(..) => {
                    let mut holes = reason.holes().filter_map(|hole| Some((hole, hole.path()?)));
                    let shown = holes.find(|(hole, path)| shows_code(path, Some(hole), code_readings));
                    shown.map(|(hole, path)| (&*path.source, hole.place))
                }
            };
            let fact = reason.uses().into_iter().find(|used| used.fact == code).map(|used| ("code", used.place));
            if let Some((carrier, place)) = path.or(fact) {
                let help = "write the parameter of the provider's own error code, such as `$.error_code`, another part of a text that holds both (`${$.payload | json \"$.reason\"}`), or a constant text";
                reader.complain(place, format!("`{carrier}` carries the authorization code, which would be shown as the reason"), help);
            }
        }
    }

    /// Complains about `errorMember` where no answer is a token answer.
    pub(crate) fn check_outside_of_token_answer(&self, reader: &mut Reader) {
        if let Some(place) = self.error_member {
            let help = "take it out: outside of getAccessCode a member `error` refuses nothing by itself";
            reader.complain(place, "`errorMember` is about token answers", help);
        }
    }
}

/// Whether an `error` member means something: `0`, `false`, an empty text and an empty object do not.
pub(crate) fn is_meaningful(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.to_string() != "0",
        Value::String(text) => !text.is_empty() && text != "0",
        Value::Array(list) => !list.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}
