//! Answers that are lists: parameters (`app_key=${clientId}, canal=loja`) and conditions (`$.errcode != 0`).
//!
//! A fact is written `${code}`. A bare word that is the name of a fact is taken for that fact, unless the parameter names a
//! kind (`response_type=code`) or the fact is not known yet; quotes make any word a text.

use crate::provider::facts::{FROM_DISCOVERY, FROM_THE_START};
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::checklist::question::{ChecklistAnswers, PUSHED_READ};

/// The request that carries a parameter: facts of answers are known only after the redirect.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestMoment {
    Redirect,
    Token,
    Person,
}

/// The facts that answers give in every file, each with the first request that may carry it.
const FROM_ANSWERS: &[(&str, RequestMoment)] = &[
    ("code", RequestMoment::Token),
    ("iss", RequestMoment::Token),
    ("accessToken", RequestMoment::Person),
    ("refreshToken", RequestMoment::Person),
    ("idToken", RequestMoment::Person),
    ("tokenType", RequestMoment::Person),
    ("expiresIn", RequestMoment::Person),
    ("grantedScope", RequestMoment::Person),
];

/// Facts that stand under `identity` or that some words bring with them.
const FROM_WORDS: &[&str] = &["id", "email", "name", "clientAssertion", "loginHint", "uiLocales"];

fn is_known(fact: &str, moment: RequestMoment) -> bool {
    let is_in_time = |from: RequestMoment| from as u8 <= moment as u8;
    FROM_THE_START.iter().any(|(name, _)| *name == fact) || FROM_ANSWERS.iter().any(|(name, from)| *name == fact && is_in_time(*from))
}

/// The name and value of each parameter. A comma separates two parameters where a name and `=` follow it.
pub(crate) fn pairs(text: &str) -> Vec<(&str, &str)> {
    let begins_a_pair = |rest: &str| rest.split(',').next().is_some_and(|part| part.contains('='));
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(',') {
        if begins_a_pair(&text[at + 1..]) {
            parts.push(&text[start..at]);
            start = at + 1;
        }
    }
    parts.push(&text[start..]);
    let parts = parts.into_iter().map(|part| part.trim().trim_end_matches(',')).filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, ""))).map(|(name, value)| (name.trim(), value.trim())).collect()
}

/// The pairs as they are meant, where blanks stand in place of the commas between them.
pub(crate) fn with_commas(text: &str) -> Option<String> {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter));
    let begins_a_pair = |word: &str| word.split_once('=').is_some_and(|(name, _)| is_name(name));
    let words = |value: &str| value.split_whitespace().skip(1).any(begins_a_pair);
    if !pairs(text).iter().any(|(_, value)| !value.contains(['"', '\'', '{']) && words(value)) {
        return None;
    }
    let separated = text.split_whitespace().map(|word| word.trim_end_matches(','));
    Some(separated.fold(String::new(), |list, word| match (list.is_empty(), begins_a_pair(word)) {
        (true, _) => word.to_owned(),
        (false, true) => format!("{list}, {word}"),
        (false, false) => format!("{list} {word}"),
    }))
}

/// Parameters as the lines of a mapping.
pub(crate) fn parameter_entries(text: &str, moment: RequestMoment) -> Vec<YamlLine> {
    let written = |(name, value): (&str, &str)| {
        let quoted = value.len() > 1 && value.starts_with(['"', '\'']) && value.ends_with(['"', '\'']);
        let names_a_kind = ["type", "mode", "method"].iter().any(|kind| name.to_ascii_lowercase().ends_with(kind));
        let value = if quoted {
            value[1..value.len() - 1].replace("${", "$${")
        } else if is_known(value, moment) && !names_a_kind {
            format!("${{{value}}}")
        } else {
            value.to_owned()
        };
        YamlLine::new(name, YamlValue::Text(value))
    };
    pairs(text).into_iter().map(written).collect()
}

/// Names and texts as the lines of a mapping, such as `client_id=app_key`.
pub(crate) fn name_entries(text: &str) -> Vec<YamlLine> {
    pairs(text).into_iter().map(|(name, value)| YamlLine::new(name, YamlValue::text(value))).collect()
}

/// Conditions such as `$.errcode != 0; $.status = error|failed; $.fault`, with the lines that each of them gets as well.
pub(crate) fn condition_entries(text: &str, further: &[YamlLine]) -> YamlValue {
    let values = |text: &str| {
        let mut parts: Vec<YamlValue> = text.split('|').map(|part| YamlValue::text(part.trim())).collect();
        if parts.len() == 1 { parts.remove(0) } else { YamlValue::List(parts) }
    };
    let entry = |text: &str| {
        let (at, word, value) = match (text.split_once("!="), text.split_once('=')) {
            (Some((at, value)), _) => (at, "isNot", values(value)),
            (None, Some((at, value))) => (at.trim_end_matches('='), "is", values(value.trim_start_matches('='))),
            (None, None) => (text, "present", YamlValue::Bare("true".to_owned())),
        };
        let own = [YamlLine::new("at", YamlValue::text(at.trim())), YamlLine::new(word, value)];
        YamlValue::Flow(own.into_iter().chain(further.iter().cloned()).collect())
    };
    let mut entries: Vec<YamlValue> = text.split(';').map(str::trim).filter(|part| !part.is_empty()).map(entry).collect();
    if entries.len() == 1 { entries.remove(0) } else { YamlValue::Items(entries) }
}

/// The facts in `${…}` that nothing gives so far.
pub(crate) fn unknown_facts(answers: &ChecklistAnswers) -> Vec<String> {
    let pushed = answers.contains_key("prepare").then_some(PUSHED_READ);
    let prepared = answers.get("prepare-read").map(String::as_str).or(pushed);
    let lists = answers.get("settings").map(String::as_str).into_iter().chain(prepared);
    let declared: Vec<&str> = lists.flat_map(pairs).map(|(name, _)| name).collect();
    let is_published = |fact: &str| {
        answers.get("discovery").is_some_and(|issuer| issuer != "none") && FROM_DISCOVERY.iter().any(|(name, _)| *name == fact)
    };
    let mut found: Vec<String> = Vec::new();
    for text in answers.iter().filter(|(name, _)| **name != "settings").map(|(_, text)| text) {
        for hole in text.split("${").skip(1).filter_map(|rest| rest.split('}').next()) {
            let fact = hole.split('|').next().unwrap_or(hole).trim().trim_end_matches('?');
            let is_name = !fact.is_empty() && fact.chars().all(|letter| letter.is_ascii_alphanumeric());
            let is_given =
                is_known(fact, RequestMoment::Person) || FROM_WORDS.contains(&fact) || declared.contains(&fact) || is_published(fact);
            if is_name && !is_given && !found.iter().any(|known| known == fact) {
                found.push(fact.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_facts_are_told_apart() {
        for (text, moment, expected) in [
            ("app_key=${clientId}, canal=loja", RequestMoment::Redirect, "{ app_key: \"${clientId}\", canal: loja }"),
            ("response_type=code, state=state", RequestMoment::Redirect, "{ response_type: code, state: \"${state}\" }"),
            ("kind=code", RequestMoment::Redirect, "{ kind: code }"),
            ("auth=code, grant_type=code", RequestMoment::Token, "{ auth: \"${code}\", grant_type: code }"),
            ("auth=\"code\", x='${y}'", RequestMoment::Token, "{ auth: code, x: \"$${y}\" }"),
            ("token=accessToken", RequestMoment::Token, "{ token: accessToken }"),
            ("token=accessToken, fields=id,name,email", RequestMoment::Person, "{ token: \"${accessToken}\", fields: \"id,name,email\" }"),
            ("empty=, a=b", RequestMoment::Person, "{ empty: \"\", a: b }"),
        ] {
            assert_eq!(YamlValue::Flow(parameter_entries(text, moment)).on_one_line(), expected, "{text}");
        }
    }

    #[test]
    fn commas_that_are_missing_between_pairs_are_found() {
        for (text, expected) in [
            ("appid=clientId back=redirectUri est=state", Some("appid=clientId, back=redirectUri, est=state")),
            ("a=b, c=d e=f", Some("a=b, c=d, e=f")),
            ("fields=id email, token=${accessToken}", None),
            ("q=\"a b=c\"", None),
            ("t=${now | date \"%Y %m=%d\" \"Z\"}", None),
            ("url=https://a.example/x?y=z", None),
        ] {
            assert_eq!(with_commas(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn conditions_are_written_as_one_reads_them() {
        let code = [YamlLine::new("code", YamlValue::text("$.errcode"))];
        for (text, expected) in [
            ("$.errcode != 0", "{ at: $.errcode, isNot: \"0\", code: $.errcode }"),
            ("$.status = error|failed", "{ at: $.status, is: [ error, failed ], code: $.errcode }"),
            ("$.a == b; $.fault", "[ { at: $.a, is: b, code: $.errcode }, { at: $.fault, present: true, code: $.errcode } ]"),
        ] {
            assert_eq!(condition_entries(text, &code).on_one_line(), expected, "{text}");
        }
    }

    #[test]
    fn facts_that_nothing_gives_are_found() {
        let answers: ChecklistAnswers = [
            ("authorize", "https://${tenant}.acme.example/${state}"),
            ("name-path", "${$.a} ${$.b?}"),
            ("userinfo-parameters", "k=${apiKey | base64}, v=${code}, s=${shop}"),
            ("settings", "shop=env:SHOP"),
        ]
        .into_iter()
        .map(|(name, text)| (name, text.to_owned()))
        .collect();

        assert_eq!(unknown_facts(&answers), ["tenant", "apiKey"]);
    }
}
