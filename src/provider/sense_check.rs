//! Checks that what a file says can happen: conditions that can hold and can fail, paths that can find something, facts that
//! are known when they are asked about, and answers that are looked at at all.

use crate::provider::answer::AnswerFormat;
use crate::provider::choice::EntryChoice;
use crate::provider::compiled_file::CompiledFile;
use crate::provider::condition::{Condition, ConditionSubject, ValueCheck, find_contradictions};
use crate::provider::fact_expression::FactExpression;
use crate::provider::facts::FROM_THE_START;
use crate::provider::functions::Function;
use crate::provider::json_path::{JsonPath, RouteStep};
use crate::provider::refusal::RefusalRule;
use crate::provider::step::{ReadRule, Step, StepKind};
use crate::provider::template::FactUse;
use crate::provider::trust::is_verified_claim;
use crate::vocabulary::names::Slot;
use crate::vocabulary::words::{OneOrMany, Reader};
use std::sync::Arc;

/// The check of what can happen.
pub(crate) struct SenseCheck<'a> {
    pub(crate) file: &'a CompiledFile<'a>,
}

impl SenseCheck<'_> {
    /// Checks the whole file.
    pub(crate) fn check(&self, reader: &mut Reader) {
        self.check_conditions(reader);
        self.check_constant_requirements(reader);
        for step in self.file.steps() {
            check_rules_use_known_facts(step, reader);
            check_paths_fit_the_answer(step, reader);
            check_compared_texts(step, reader);
            check_empty_lists_can_be_there(step, reader);
            check_bars_look_at_whole_lists(step, reader);
        }
        self.check_statuses(reader);
        self.check_answers_are_judged(reader);
        self.check_accepted_looks_at_the_answer(reader);
        self.check_optional_rules_matter(reader);
        self.check_claim_asks_a_value(reader);
        self.check_claim_is_found(reader);
        for read in self.file.steps().flat_map(Step::all_reads).filter(|read| read.fact == self.file.known.email_verified) {
            self.check_claim_can_differ(&read.reading, reader);
        }
        if let Some(composed) = self.file.identity.composition(self.file.known.email_verified) {
            self.check_claim_can_differ(composed, reader);
        }
    }

    fn check_conditions(&self, reader: &mut Reader) {
        let together = |conditions: &[&Condition], reader: &mut Reader| {
            for found in find_contradictions(conditions) {
                reader.complain(found.place, found.message, found.help);
            }
        };
        let all = |conditions: &[Condition], reader: &mut Reader| together(&conditions.iter().collect::<Vec<_>>(), reader);
        if let Some(require) = self.file.require {
            all(&require.0, reader);
        }
        let mut seen = Vec::new();
        for step in self.file.steps() {
            if let Some(when) = &step.when {
                all(&when.0, reader);
            }
            // The rules of the file stand in every step.
            let is_new = |rule: &&RefusalRule, seen: &[_]| !seen.contains(&rule.place);
            let accepted: Vec<&Condition> =
                step.accepted.iter().filter(|rule| is_new(rule, &seen)).filter_map(RefusalRule::condition).collect();
            together(&accepted, reader);
            for refused in step.refused.iter().filter(|rule| is_new(rule, &seen)) {
                together(&refused.condition().into_iter().collect::<Vec<_>>(), reader);
            }
            seen.extend(step.accepted.iter().chain(&step.refused).map(|rule| rule.place));
            for choice in step.all_choices() {
                together(&choice.all_conditions().collect::<Vec<_>>(), reader);
            }
            if let Some(signed) = &step.signed {
                all(&signed.require, reader);
                if let Some(found) = signed.contradicted_requirement() {
                    reader.complain(found.place, found.message, found.help);
                }
            }
            for read in step.all_reads() {
                for one in read.reading.alternatives() {
                    match one {
                        FactExpression::Condition(condition) => together(&[condition], reader),
                        FactExpression::Conditions(conditions, _) => all(&conditions.0, reader),
                        FactExpression::Path(_) | FactExpression::Text(_) | FactExpression::FirstOf(..) => {}
                    }
                }
            }
        }
    }

    /// Complains about a call whose words `status` refuse every answer.
    fn check_statuses(&self, reader: &mut Reader) {
        let mut seen = Vec::new();
        for step in self.file.steps().filter(|step| step.call.is_some()) {
            if let Some(place) = step
                .refusal_rules()
                .place_that_excludes_every_status()
                .filter(|place| !seen.contains(place) && !reader.has_complaint_at(*place))
            {
                seen.push(place);
                let help = "leave a status over: in `refused` it is one that refuses, and the statuses of `accepted` must go together";
                reader.complain(place, "every answer would be refused: these words `status` leave none over", help);
            }
        }
    }

    /// Complains about a condition of `require` that looks only at what the file itself sets: it lets every person in, or none.
    fn check_constant_requirements(&self, reader: &mut Reader) {
        let known = self.file.known;
        let own = [known.provider, known.client_id, known.redirect_uri, known.public_url, known.scope, known.now];
        let constants: Vec<Slot> = self.file.installed.literals.iter().map(|(fact, ..)| *fact).chain(own).collect();
        for condition in self.file.require.iter().flat_map(|require| &require.0) {
            let uses = condition.uses();
            if let Some(used) = uses.first().filter(|_| uses.iter().all(|used| constants.contains(&used.fact))) {
                let name = Arc::clone(reader.names.name(used.fact));
                reader.complain(
                    used.place,
                    format!("`{name}` is the same for every person, so this lets in everyone or no one"),
                    "ask about a fact that an answer gives: `read` it in a step, and write `at: ${fact}`",
                );
            }
        }
    }

    /// Warns about a call of a list from which nothing is read, and which nothing judges but its status.
    fn check_answers_are_judged(&self, reader: &mut Reader) {
        let of_list = |step: &Step| self.file.calls.iter().filter(|other| other.kind == step.kind).count() > 1;
        for step in self.file.calls.iter().filter(|step| step.kind == StepKind::GetUserInfo && of_list(step)) {
            let reads_nothing = !step.learned_facts().any(|(.., written)| written) && step.signed.is_none();
            let passes_without = |rule: &RefusalRule| {
                rule.condition().is_some_and(|condition| condition.checks().into_iter().all(|check| check.is_not.is_some()))
            };
            if !reads_nothing || !step.accepted.is_empty() || !step.refused.iter().all(passes_without) {
                continue;
            }
            match step.refused.first() {
                None => reader.warn(
                    step.address.template.place,
                    "nothing is read from this answer, and no rule judges it: only its HTTP status counts",
                    "add `read`, or say with `accepted` or `refused` which answer is a yes; or take the call out",
                ),
                Some(rule) => reader.warn(
                    rule.place,
                    "an answer in which this is missing is a yes: `isNot` compares only what is there",
                    "say which answer is a yes: `accepted: { at: $.…, is: … }`",
                ),
            }
        }
    }

    /// Complains about a claim that may count as proven although nothing is found, itself or in a fact of which it is made.
    fn check_claim_is_found(&self, reader: &mut Reader) {
        let (mut open, mut seen) = (vec![self.file.known.email_verified], Vec::new());
        while let Some(fact) = open.pop() {
            if seen.contains(&fact) {
                continue;
            }
            seen.push(fact);
            let read = self.file.steps().flat_map(Step::all_reads).filter(|read| read.fact == fact).map(|read| &read.reading);
            for text in read.chain(self.file.identity.composition(fact)).flat_map(FactExpression::texts) {
                open.extend(text.uses().map(|used| used.fact));
                let has_default = text.holes().any(|hole| hole.functions().iter().any(Function::gives_default));
                let is_yes = text.text_without_values().is_some_and(|text| is_verified_claim(&text, i64::from(u32::MAX)));
                if (has_default || is_yes) && !reader.has_complaint_at(text.place) {
                    let help = "write the path alone (`$.verified`): what is not there is never a yes";
                    reader.complain(text.place, "an address would count as proven although the answer says nothing", help);
                }
            }
        }
    }

    /// Complains about a claim that is the address itself.
    fn check_claim_can_differ(&self, claim: &FactExpression, reader: &mut Reader) {
        for one in claim.alternatives() {
            match one {
                FactExpression::Path(path) => {
                    let reads = self.file.steps().flat_map(Step::all_reads);
                    let is_address = |read: &ReadRule| {
                        read.fact == self.file.known.email
                            && matches!(&read.reading, FactExpression::Path(other) if other.source == path.source)
                    };
                    if claim.alternatives().len() == 1 && reads.into_iter().any(is_address) {
                        let help = "read the claim about the address (`$.verified`), or leave the line out and write `trustEmail`";
                        reader.complain(path.place, "the address itself is no claim, so no address would ever count as proven", help);
                    }
                }
                FactExpression::Text(_) | FactExpression::Condition(_) | FactExpression::Conditions(..) | FactExpression::FirstOf(..) => {}
            }
        }
    }

    /// Complains about a claim that holds of any value, or of all but some, unless the entry was chosen by its value.
    fn check_claim_asks_a_value(&self, reader: &mut Reader) {
        let chosen: Vec<&EntryChoice> = self.file.steps().flat_map(Step::all_choices).collect();
        let is_chosen = |read: &ReadRule| {
            let of_read = chosen.iter().filter(|choice| choice.reads.iter().any(|other| other.place == read.place));
            of_read.clone().any(|choice| choice.is_chosen_by(&read.reading))
        };
        let (mut open, mut seen) = (vec![self.file.known.email_verified], Vec::new());
        while let Some(fact) = open.pop() {
            if seen.contains(&fact) {
                continue;
            }
            seen.push(fact);
            let reads = self.file.steps().flat_map(Step::all_reads).filter(|read| read.fact == fact && !is_chosen(read));
            let composed = self.file.identity.composition(fact).map(|reading| (reading.place(), reading));
            for (place, reading) in reads.map(|read| (read.place, &read.reading)).chain(composed) {
                for one in reading.alternatives() {
                    let conditions = match one {
                        FactExpression::Condition(condition) => std::slice::from_ref(&**condition),
                        FactExpression::Conditions(conditions, _) => &conditions.0,
                        FactExpression::Text(text) => {
                            open.extend(text.uses().map(|used| used.fact));
                            continue;
                        }
                        FactExpression::Path(_) | FactExpression::FirstOf(..) => continue,
                    };
                    let patterns = conditions.iter().flat_map(Condition::checks).filter_map(ValueCheck::pattern);
                    for pattern in patterns.filter(|pattern| !pattern.is_tied()) {
                        let help = "tie it to both ends: `^…$`, with alternatives in brackets: `^(…|…)$`";
                        reader.warn(pattern.place, "this pattern fits anywhere in the text: `verified` in `unverified` as well", help);
                    }
                    if conditions.iter().all(Condition::asks_only_presence) {
                        let help = "write the path alone (`$.verified`), or `is: true`";
                        reader.complain(place, "`false` would be there as well, and count as proven", help);
                    } else if conditions.iter().all(Condition::names_no_value) {
                        let help = "write with `is` which value says that the address is verified: `is: verified`";
                        reader.complain(place, "every other value would count as proven, whatever it says", help);
                    }
                }
            }
        }
    }

    /// Complains about an entry of `accepted` that looks only at what is known before the login: it says nothing about the answer.
    fn check_accepted_looks_at_the_answer(&self, reader: &mut Reader) {
        let options = [self.file.known.login_hint, self.file.known.ui_locales];
        let start = FROM_THE_START.iter().map(|(name, _)| reader.names.intern(name)).filter(|fact| !options.contains(fact));
        let settings = self.file.installed.needed.iter().map(|needed| needed.fact);
        let known: Vec<Slot> = start.chain(settings).chain(self.file.installed.literals.iter().map(|(fact, ..)| *fact)).collect();
        let mut seen = Vec::new();
        for check in self.file.steps().flat_map(|step| &step.accepted).filter_map(RefusalRule::condition).flat_map(Condition::checks) {
            if seen.contains(&check.place()) || !check.paths().is_empty() || reader.has_complaint_at(check.place()) {
                continue;
            }
            seen.push(check.place());
            if check.uses().iter().all(|used| known.contains(&used.fact)) {
                let help = "write the place in the answer: `at: $.…`";
                reader.complain(check.place(), "this looks at nothing that the answer says, so it accepts every answer or none", help);
            }
        }
    }

    /// Warns about an optional call whose rules have no effect: its refusal ends no login, and nothing else comes of it.
    fn check_optional_rules_matter(&self, reader: &mut Reader) {
        let rules = |step: &'_ Step| step.accepted.iter().chain(&step.refused).map(|rule| rule.place).collect::<Vec<_>>();
        let require = self.file.require.iter().flat_map(|require| &require.0).flat_map(Condition::uses);
        let requests = self.file.steps().flat_map(|step| [step.uses_in_when(), step.uses_in_request(), step.uses_in_answer()]).flatten();
        let used = require.chain(requests).chain(self.file.identity.uses()).map(|used| used.fact);
        let used: Vec<Slot> = used.chain(self.file.identity.facts()).collect();
        for step in self.file.calls.iter().filter(|step| step.optional) {
            let others = self.file.calls.iter().filter(|other| !std::ptr::eq(*other, step)).flat_map(rules).collect::<Vec<_>>();
            let own = rules(step).into_iter().find(|place| !others.contains(place));
            if let Some(place) = own.filter(|_| !step.learned_facts().any(|(fact, ..)| used.contains(&fact))) {
                let help = "take `optional` out, so that the login ends when this call is refused; or take the call out";
                reader.warn(
                    place,
                    "a refusal of this call does not stop the login: the call is `optional`, and nothing that it reads is used",
                    help,
                );
            }
        }
    }
}

/// An answer is judged before anything is read from it, so a rule cannot ask about a fact that this very answer gives.
fn check_rules_use_known_facts(step: &Step, reader: &mut Reader) {
    let own: Vec<(Slot, Option<String>)> = step
        .all_reads()
        .filter(|read| read.written)
        .map(|read| (read.fact, if let FactExpression::Path(path) = &read.reading { Some(path.source.to_string()) } else { None }))
        .chain(step.header_reads.iter().map(|(fact, _)| (*fact, None)))
        .collect();
    for FactUse { fact, place, .. } in step.accepted.iter().chain(&step.refused).flat_map(RefusalRule::uses) {
        // The authorization code is no reason at all, which another check says.
        let Some((_, path)) = own.iter().find(|(known, _)| *known == fact && fact != step.known.code) else { continue };
        let name = Arc::clone(reader.names.name(fact));
        let help = match path {
            Some(path) => format!("write where it stands in the answer: `{path}`"),
            None => "write where it stands in the answer: `$.…`".to_owned(),
        };
        reader.complain(place, format!("`{name}` is not known yet: an answer is judged before it is read"), help);
    }
}

/// Complains about paths that find nothing in answers of this format.
fn check_paths_fit_the_answer(step: &Step, reader: &mut Reader) {
    let is_form = |formats: &OneOrMany<AnswerFormat>| formats.0.iter().all(|format| matches!(format, AnswerFormat::Form));
    let is_flat = step.call.is_none() || step.answers.formats.as_ref().is_some_and(is_form);
    let is_text = step.answers.formats.as_ref().is_some_and(|formats| formats.0.iter().all(|format| matches!(format, AnswerFormat::Text)));
    let chosen = step.choices.iter().map(|choice| &choice.from);
    let rules = step.accepted.iter().chain(&step.refused).flat_map(RefusalRule::paths);
    let read = step.reads.iter().filter(|read| read.written).flat_map(|read| read.reading.paths());
    let mut seen = Vec::new();
    for path in read.chain(chosen).chain(rules) {
        if seen.contains(&path.place) {
            continue;
        }
        seen.push(path.place);
        if is_text && !path.route().is_empty() {
            let help =
                "with `answer: text` the whole answer is `$`; take a part of it with functions: `${$ | after \"id=\" | before \"&\"}`";
            reader.complain(path.place, "nothing stands below a plain text", help);
        } else if is_flat && goes_below_a_member(path) {
            let what = if step.call.is_none() { "the parameters of a callback are texts" } else { "the values of a form are texts" };
            let (first, rest) = split_behind_first(&path.source);
            let help = format!("where the text is JSON itself, write `${{{first} | json \"${rest}\"}}`");
            reader.complain(path.place, format!("nothing stands below `{first}`: {what}"), help);
        }
    }
}

/// Warns about a text in JSON that is meant as a value which is no text.
fn check_compared_texts(step: &Step, reader: &mut Reader) {
    let gives_texts = |format: &AnswerFormat| matches!(format, AnswerFormat::Form | AnswerFormat::Text | AnswerFormat::Xml);
    if step.call.is_none() || step.answers.formats.as_ref().is_some_and(|formats| formats.0.iter().all(gives_texts)) {
        return;
    }
    let checks = step.conditions().into_iter().flat_map(Condition::checks);
    let checks = checks.filter(|check| matches!(check.at, ConditionSubject::Path(_)));
    let texts = checks.flat_map(|check| [(&check.is, true), (&check.is_not, false)]);
    for (value, is_wanted) in texts.flat_map(|(list, is_wanted)| list.iter().flatten().map(move |value| (value, is_wanted))) {
        let help = match value.as_literal().as_deref() {
            Some("[]") if is_wanted => "write `empty: true` for a list that is there and has no entry",
            Some("{}" | "null") if is_wanted => "write `present: false` for what is not there",
            Some("[]" | "{}" | "null") => "write `present: true` for what is there; an empty list, an empty object and `null` are not",
            Some(_) | None => continue,
        };
        // A rule of the file stands in every step.
        if reader.has_complaint_at(value.place) {
            continue;
        }
        reader.warn(value.place, format!("this is the text `{0}`, and never the value `{0}` of JSON", value.source), help);
    }
}

/// Complains about a question for an empty list in an answer that cannot hold one.
fn check_empty_lists_can_be_there(step: &Step, reader: &mut Reader) {
    let has_none = |format: &AnswerFormat| matches!(format, AnswerFormat::Form | AnswerFormat::Text | AnswerFormat::Xml);
    if step.call.is_some() && !step.answers.formats.as_ref().is_some_and(|formats| formats.0.iter().all(has_none)) {
        return;
    }
    let rules = step.refused.iter().chain(&step.accepted).filter_map(RefusalRule::condition);
    let choices = step.choices.iter().flat_map(EntryChoice::all_conditions);
    let conditions = rules.chain(choices).chain(step.answer_reads().flat_map(|read| read.reading.conditions()));
    for check in conditions.flat_map(Condition::checks).filter(|check| check.empty) {
        if !reader.has_complaint_at(check.place()) {
            let help = "in `accepted`, say in `refused` what must not be there (`present: true`); elsewhere write `present: false`";
            reader.complain(check.place(), "this never holds: XML, a form and a text have no list without entries", help);
        }
    }
}

/// Warns about a refusal that asks whether one entry of a list is there.
fn check_bars_look_at_whole_lists(step: &Step, reader: &mut Reader) {
    for check in step.refused.iter().filter_map(RefusalRule::condition).flat_map(Condition::checks) {
        let ConditionSubject::Path(path) = &check.at else { continue };
        let Some((list, entry)) = path.source.strip_suffix(']').and_then(|path| path.rsplit_once('[')) else { continue };
        if check.present == Some(true)
            && check.asks_only_presence()
            && (entry == "*" || entry.parse::<i64>().is_ok())
            && !reader.has_complaint_at(path.place)
        {
            let help = format!("write `{list}`, which is there as soon as the list has an entry, whatever stands in it");
            reader.warn(path.place, "this asks for an entry, and one that is `null` or empty is not there", help);
        }
    }
}

/// Whether a path goes further than to a member at the top.
fn goes_below_a_member(path: &JsonPath) -> bool {
    matches!(path.route().as_slice(), [RouteStep::Key(_), RouteStep::Key(_) | RouteStep::Index(_) | RouteStep::Several(_), ..])
}

/// The first key of a path, and what follows it.
fn split_behind_first(source: &str) -> (&str, &str) {
    let end = source.get(2..).and_then(|rest| rest.find(['.', '['])).map_or(source.len(), |at| at + 2);
    source.split_at(end)
}
