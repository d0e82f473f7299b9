//! What a question of the checklist is, and the conditions and defaults that the earlier answers give it.

use crate::provider::declared_values::variable_beginning;
use crate::workbench::checklist::pairs::{pairs, unknown_facts};
use crate::workbench::learn::names::to_variable_name;
use std::collections::BTreeMap;

/// Answers by the names of their questions.
pub(crate) type ChecklistAnswers = BTreeMap<&'static str, String>;

pub(crate) struct ChecklistQuestion {
    /// Its name, which is also the name of the flag.
    pub(crate) name: &'static str,
    pub(crate) ask: &'static str,
    pub(crate) example: &'static str,
    /// The default; `None` where an answer is required.
    pub(crate) usual: fn(&ChecklistAnswers) -> Option<String>,
    /// Whether the earlier answers leave this question open.
    pub(crate) matters: fn(&ChecklistAnswers) -> bool,
    /// The possible answers; empty where anything may be typed.
    pub(crate) choices: &'static [&'static str],
}

impl ChecklistQuestion {
    /// What its flag takes, for the help of the command.
    pub(crate) fn value_name(&self) -> &'static str {
        match self.example {
            _ if !self.choices.is_empty() => "WORD",
            address if address.starts_with("https://") => "URL",
            path if path.starts_with('$') => "PATH",
            pairs if pairs.contains('=') => "PAIRS",
            _ => "TEXT",
        }
    }

    /// Whether it is to be asked after these answers.
    pub(crate) fn is_open(&self, answers: &ChecklistAnswers) -> bool {
        let is_wanted = || answers.get(FURTHER).is_some_and(|names| names.split_whitespace().any(|name| name == self.name));
        (self.matters)(answers) || is_wanted()
    }
}

/// A question that is always asked, takes any answer and has no default.
pub(crate) const ALWAYS_ASKED: ChecklistQuestion =
    ChecklistQuestion { name: "", ask: "", example: "", usual: |_| None, matters: |_| true, choices: &[] };

/// A question that is asked on a terminal only if [`FURTHER`] names it, because few providers need it. Its flag gives the answer as well.
pub(crate) const RARELY_ASKED: ChecklistQuestion = ChecklistQuestion { matters: |_| false, ..ALWAYS_ASKED };

/// The name of the question that asks which of the rare questions matter. It has no flag, because those have flags themselves.
pub(crate) const FURTHER: &str = "further";

pub(crate) fn answer_is(answers: &ChecklistAnswers, name: &str, expected: &str) -> bool {
    answers.get(name).is_some_and(|answer| answer == expected)
}

pub(crate) fn is_none(answers: &ChecklistAnswers, name: &str) -> bool {
    answers.get(name).is_none_or(|answer| answer == "none")
}

pub(crate) fn is_without_discovery(answers: &ChecklistAnswers) -> bool {
    is_none(answers, "discovery")
}

/// Whether the body of an answer says whether it is a refusal.
pub(crate) fn distinguishes_refusals(answers: &ChecklistAnswers) -> bool {
    !is_none(answers, "refused") || !is_none(answers, "accepted")
}

/// Whether the person is described by an answer of its own, and not by the token answer alone.
pub(crate) fn may_ask_user_info(answers: &ChecklistAnswers) -> bool {
    is_without_discovery(answers) && !answer_is(answers, "signed", "idToken")
}

pub(crate) fn asks_user_info(answers: &ChecklistAnswers) -> bool {
    may_ask_user_info(answers) && !answer_is(answers, "userinfo", "none")
}

/// Whether the access token goes into a header that has another name than `Authorization`. Such a header mostly takes the token alone.
pub(crate) fn has_own_token_header(answers: &ChecklistAnswers) -> bool {
    let is_in_header = answers.get("token-in").is_none_or(|place| place == "header");
    is_in_header && answers.get("token-name").is_some_and(|name| !name.eq_ignore_ascii_case("authorization")) && asks_user_info(answers)
}

/// Whether the parameters of the redirect are the provider's own, and none of them is the state.
pub(crate) fn lacks_state(parameters: &str) -> bool {
    parameters != "standard" && !parameters.contains("state")
}

/// The name under which the redirect sends the state, if it is another one than `state`.
pub(crate) fn other_state_name(answers: &ChecklistAnswers) -> Option<String> {
    let parameters = answers.get("authorize-parameters").map(String::as_str).filter(|parameters| *parameters != "standard");
    let name = match parameters {
        Some(parameters) => pairs(parameters).into_iter().find(|(_, value)| matches!(*value, "${state}" | "state"))?.0,
        None => pairs(answers.get("rename")?).into_iter().find(|(name, _)| *name == "state")?.1,
    };
    let is_sent_too = parameters.is_some_and(|parameters| pairs(parameters).iter().any(|(name, _)| *name == "state"));
    (name != "state" && !name.is_empty() && !is_sent_too).then(|| name.to_owned())
}

/// The answers beside which one is checked on a terminal. Parameters without the state are not refused there, because how it comes back
/// is asked next.
pub(crate) fn assumed_answers(question: &str, answer: &str, answers: &ChecklistAnswers) -> ChecklistAnswers {
    let mut assumed = answers.clone();
    if question == "authorize-parameters" && is_none(answers, "prepare") && lacks_state(answer) {
        assumed.entry("state-in").or_insert_with(|| "cookie".to_owned());
        assumed.entry("session-swap").or_insert_with(|| "accepted".to_owned());
    }
    assumed
}

/// A variable for every fact that nothing gives.
pub(crate) fn usual_settings(answers: &ChecklistAnswers) -> String {
    let prefix = variable_beginning(answers.get("name").map_or("answer", String::as_str));
    let settings = unknown_facts(answers).into_iter().map(|fact| format!("{fact}=env:{prefix}_{}", to_variable_name(&fact)));
    settings.collect::<Vec<_>>().join(", ")
}

/// The hosts of the addresses whose hosts have holes, with `*` for each hole.
pub(crate) fn usual_hosts(answers: &ChecklistAnswers) -> Option<String> {
    let mut hosts: Vec<String> = Vec::new();
    for address in ["discovery", "authorize", "token", "userinfo"].iter().filter_map(|name| answers.get(name)) {
        let Some(host) = address.split("//").nth(1).and_then(|rest| rest.split(['/', '?']).next()).filter(|host| host.contains("${"))
        else {
            continue;
        };
        let mut parts = host.split("${");
        let literal = parts.next().unwrap_or_default().to_owned();
        let host = parts.fold(literal, |host, part| host + "*" + part.split_once('}').map_or("", |(_, behind)| behind));
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    (!hosts.is_empty()).then(|| hosts.join(", "))
}

/// What the redirect carries after a pushed authorization request (RFC 9126).
pub(crate) const PUSHED: &str = "client_id=${clientId}, request_uri=${requestUri}";

/// What is read from the answer to such a request.
pub(crate) const PUSHED_READ: &str = "requestUri=$.request_uri";
