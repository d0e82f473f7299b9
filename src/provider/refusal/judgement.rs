//! The rules by which an answer is judged, and the order in which they are asked.

use crate::provider::facts::Facts;
use crate::provider::refusal::{RefusalRule, is_meaningful};
use crate::provider::status::{STATUSES, StatusPattern, is_success};
use crate::vocabulary::place::Place;
use serde_json::Value;

/// The rules by which an answer is judged: those of its step, then those of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefusalRules<'a> {
    pub(crate) refused: &'a [RefusalRule],
    pub(crate) accepted: &'a [RefusalRule],
    /// Whether a member `error` with a meaning is a refusal.
    pub(crate) refuses_error_member: bool,
}

/// Why an answer is a refusal.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RefusedBecause<'a> {
    /// An entry of `refused` holds, or one of `accepted` does not.
    Rule(&'a RefusalRule),
    /// Its status is not one of 2xx, and nothing allows it.
    Status,
    /// A token answer has a member `error`.
    ErrorMember,
}

impl<'a> RefusalRules<'a> {
    /// The statuses that do not refuse by themselves, in words; `None` when every status is allowed.
    pub(crate) fn allowed_statuses(self) -> Option<String> {
        let all: Vec<&StatusPattern> = self.accepted.iter().flat_map(|rule| rule.statuses.iter().flatten()).collect();
        if all.iter().any(|status| status.is_any()) {
            return None;
        }
        let names_success = self.accepted.iter().any(|rule| rule.statuses.iter().flatten().any(|status| status.is_success()));
        let success = (!names_success).then(|| "2xx".to_owned());
        Some(success.into_iter().chain(all.iter().map(ToString::to_string)).collect::<Vec<_>>().join(", "))
    }

    /// The first place at which `accepted` allows a status.
    pub(crate) fn place_of_allowed_statuses(self) -> Option<Place> {
        self.accepted.iter().find_map(|rule| rule.statuses.iter().flatten().next()).map(|status| status.place)
    }

    /// The place of the rule that leaves no status over, if by the words `status` alone every answer is refused.
    pub(crate) fn place_that_excludes_every_status(self) -> Option<Place> {
        let passes = |status: u16| {
            let never = self.refused.iter().any(|rule| rule.condition.is_none() && rule.names_status(status));
            !never && self.allows(status) && self.accepted.iter().all(|rule| self.has_its_status(rule, status))
        };
        let rules = || self.refused.iter().chain(self.accepted).filter_map(|rule| rule.statuses.as_ref()?.first());
        if STATUSES.into_iter().any(passes) { None } else { rules().next_back().map(|status| status.place) }
    }

    /// Whether a status does not refuse by itself.
    fn allows(self, status: u16) -> bool {
        is_success(status) || self.accepted.iter().any(|rule| rule.allows_status(status))
    }

    /// Whether a status is one that an entry of `accepted` speaks of.
    fn has_its_status(self, rule: &RefusalRule, status: u16) -> bool {
        rule.statuses.is_none() || rule.allows_status(status) || (self.allows(status) && !is_success(status))
    }

    /// Judges an answer: the entries of `refused`, the entries of `accepted`, the status, the member `error`. An answer that
    /// cannot be read (`document` is none, and `is_read_later` says that it should have been) is not judged by `accepted`,
    /// because it has an error of its own.
    pub(crate) fn judge(self, document: Option<&Value>, facts: &Facts, status: u16, is_read_later: bool) -> Result<(), RefusedBecause<'a>> {
        if let Some(rule) = self.refused.iter().find(|rule| rule.refuses(document, facts, status)) {
            return Err(RefusedBecause::Rule(rule));
        }
        let is_allowed = self.allows(status);
        let holds = |rule: &RefusalRule| rule.condition.as_ref().is_none_or(|condition| condition.holds(document, facts));
        let is_unreadable = document.is_none() && is_read_later && is_allowed;
        if let Some(missed) = self.accepted.iter().find(|rule| !self.has_its_status(rule, status) || (!is_unreadable && !holds(rule))) {
            return Err(RefusedBecause::Rule(missed));
        }
        if !is_allowed {
            return Err(RefusedBecause::Status);
        }
        if self.refuses_error_member && document.and_then(|document| document.get("error")).is_some_and(is_meaningful) {
            return Err(RefusedBecause::ErrorMember);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::refusal::{RefusingAnswer, RuleWord};
    use crate::vocabulary::words::Reader;

    /// What the words of the file are in the case of the table below, as plain data.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Accepted {
        Nothing,
        Ok,
        OkAnd404,
        OkAndAny,
        OkAndErrorMember,
        Only200,
    }

    /// The expected outcome, written down without the words: who refuses.
    fn expected(
        status: u16,
        ok: Option<bool>,
        (bad, error): (bool, bool),
        (refused, by_status): (bool, bool),
        accepted: Accepted,
    ) -> &'static str {
        use Accepted::{Nothing, Ok, OkAnd404, OkAndAny, OkAndErrorMember, Only200};
        if refused && bad {
            return "REFUSED";
        }
        if by_status && status >= 500 {
            return "STATUS";
        }
        let needs_ok = matches!(accepted, Ok | OkAnd404 | OkAndAny | OkAndErrorMember);
        let allows = match accepted {
            Nothing | Ok | OkAndErrorMember => (200..300).contains(&status),
            OkAnd404 => (200..300).contains(&status) || status == 404,
            OkAndAny => true,
            Only200 => status == 200,
        };
        if needs_ok && ok != Some(true) || !allows && matches!(accepted, OkAnd404 | Only200) {
            return "ACCEPTED";
        }
        if !allows {
            return "no";
        }
        if error && accepted != OkAndErrorMember { "late" } else { "yes" }
    }

    #[test]
    fn every_combination_of_status_error_member_rules_and_missing_members_has_its_outcome() {
        use Accepted::{Nothing, Ok, OkAnd404, OkAndAny, OkAndErrorMember, Only200};
        let mut reader = Reader::default();
        let mut rules = |word: RuleWord, text: &str| {
            let node = crate::vocabulary::yaml::parse(&crate::vocabulary::place::Source::new("r.yaml", text)).unwrap().0;
            RefusalRule::read_all(word, &node, &mut reader).unwrap()
        };
        let by_bad = rules(RuleWord::Refused, "[ { at: $.bad, is: never, code: X }, { at: $.bad, is: 1, code: REFUSED } ]");
        let by_5xx = rules(RuleWord::Refused, "{ status: 5xx, code: STATUS }");
        let accepted: Vec<(Accepted, Vec<RefusalRule>)> = [
            (Nothing, None),
            (Ok, Some("{ at: $.ok, is: true, code: ACCEPTED }")),
            (OkAnd404, Some("{ at: $.ok, is: true, status: 404, code: ACCEPTED }")),
            (OkAndAny, Some("[ { at: $.ok, is: true, code: ACCEPTED }, { status: any } ]")),
            (OkAndErrorMember, Some("{ at: $.ok, is: true, errorMember: allowed, code: ACCEPTED }")),
            (Only200, Some("{ status: 200, code: ACCEPTED }")),
        ]
        .map(|(kind, text)| (kind, text.map_or_else(Vec::new, |text| rules(RuleWord::Accepted, text))))
        .into();
        let facts = Facts::default();
        let mut count = 0;
        for status in [200, 204, 302, 400, 404, 500, 503] {
            for (ok, bad, error) in [None, Some(true), Some(false)]
                .into_iter()
                .flat_map(|ok| [false, true].map(|bad| (ok, bad)))
                .flat_map(|(ok, bad)| [None, Some("late"), Some("0")].map(|error| (ok, bad, error)))
            {
                let mut document = serde_json::Map::new();
                document.extend(ok.map(|ok| ("ok".to_owned(), Value::Bool(ok))));
                document.extend(bad.then(|| ("bad".to_owned(), Value::from(1))));
                document.extend(error.map(|error| ("error".to_owned(), Value::from(error))));
                let document = Value::Object(document);
                for ((refuses_bad, refuses_5xx), (kind, accepted)) in [(false, false), (true, false), (false, true), (true, true)]
                    .into_iter()
                    .flat_map(|on| accepted.iter().map(move |accepted| (on, accepted)))
                {
                    let refused: Vec<RefusalRule> = [(refuses_bad, &by_bad), (refuses_5xx, &by_5xx)]
                        .into_iter()
                        .filter(|(on, _)| *on)
                        .flat_map(|(_, rules)| rules.clone())
                        .collect();
                    let judged = RefusalRules {
                        refused: &refused,
                        accepted,
                        refuses_error_member: !accepted.iter().any(RefusalRule::allows_error_member),
                    };
                    let outcome = match judged.judge(Some(&document), &facts, status, true) {
                        Err(RefusedBecause::Rule(rule)) => {
                            let answer = RefusingAnswer { document: Some(&document), status, code_paths: None, secrets: &[] };
                            answer.refusal(Some(rule), &facts).code.as_str().to_owned()
                        }
                        Err(RefusedBecause::Status) => "no".to_owned(),
                        Err(RefusedBecause::ErrorMember) => "late".to_owned(),
                        std::result::Result::Ok(()) => "yes".to_owned(),
                    };

                    let expected = expected(status, ok, (bad, error == Some("late")), (refuses_bad, refuses_5xx), *kind);
                    assert_eq!(outcome, expected, "{status} {document} {refuses_bad} {refuses_5xx} {kind:?}");
                    count += 1;
                }
            }
        }
        assert_eq!(count, 7 * 18 * 4 * 6);
        assert!(reader.complaints.is_empty());
    }
}
