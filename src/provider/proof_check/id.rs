//! Checks that no person can bring about the id of another one.

use crate::provider::condition::Condition;
use crate::provider::fact_expression::FactExpression;
use crate::provider::functions::FunctionArgument;
use crate::provider::functions::change::TextChange;
use crate::provider::hole::Hole;
use crate::provider::json_path::{JsonPath, RouteStep};
use crate::provider::proof_check::ProofCheck;
use crate::provider::step::Step;
use crate::provider::template::{Template, TemplatePiece};
use crate::vocabulary::data_file::read_data_file;
use crate::vocabulary::names::Slot;
use crate::vocabulary::words::Reader;
use std::sync::LazyLock;

/// Keys of answers under which stands what a person chooses.
static CHOSEN_KEYS: LazyLock<Vec<String>> = LazyLock::new(|| read_data_file(include_str!("chosen_keys.yaml")));

impl ProofCheck<'_> {
    /// Checks what the id is made of.
    pub(crate) fn check_id(&self, reader: &mut Reader) {
        let mut alternatives = Vec::new();
        self.collect_readings(self.file.known.id, &mut Vec::new(), &mut alternatives);
        let typed = self.file.typed_facts(reader);
        for reading in &alternatives {
            let chosen = reading.paths().into_iter().find(|path| is_chosen_by_person(path)).filter(|_| alternatives.len() > 1);
            if let Some(path) = chosen {
                let help = "write the one id that the provider gives out itself and that every answer has";
                reader.warn(path.place, "a person may choose this value, and so choose what is the id of another person", help);
            }
            let FactExpression::Text(text) = reading else { continue };
            if let Some(hole) = hole_beside_another(text).filter(|_| !reader.has_complaint_at(self.place_of(self.file.known.id))) {
                let is_typed = text.uses().any(|used| self.facts_behind(used.fact).iter().any(|fact| typed.contains(fact)));
                let message = "two persons could get the same id: no mark stands between two values of which it is made";
                let help = "write between them what neither can hold: `id: \"${shop}:${$.id}\"`";
                if is_typed {
                    reader.complain(hole.place, message, help);
                } else {
                    reader.warn(hole.place, message, help);
                }
            }
        }
    }

    /// Checks that the visitor does not name the person about whom a call asks.
    pub(crate) fn check_who_is_asked_about(&self, reader: &mut Reader) {
        let (known, callback) = (self.file.known, &self.file.authorization.step);
        let callback_facts: Vec<Slot> =
            callback.answer_reads().filter(|read| read.written && read.fact != known.code).map(|read| read.fact).collect();
        let person = [known.id, known.email].into_iter().flat_map(|fact| self.facts_behind(fact));
        let person: Vec<Slot> = person.filter(|fact| self.file.identity.composition(*fact).is_none()).collect();
        let rules = self.file.calls.iter().flat_map(Step::conditions).chain(self.file.require.iter().flat_map(|require| &require.0));
        let compared: Vec<Slot> = rules.flat_map(Condition::uses).map(|used| used.fact).collect();
        let uses_code = |step: &Step| step.uses_in_request().iter().any(|used| used.fact == known.code);
        let redeems = self.file.calls.iter().any(uses_code) && callback.verify.is_none();
        for step in self.file.calls.iter().filter(|step| step.all_reads().any(|read| person.contains(&read.fact))) {
            for used in step.uses_in_request().into_iter().filter(|used| !reader.has_complaint_at(used.place)).collect::<Vec<_>>() {
                if used.fact == known.login_hint {
                    let help = "ask with what the provider said in this login, such as the access token";
                    reader.complain(used.place, "the visitor writes this, and would name the person whom this call describes", help);
                } else if redeems && !uses_code(step) && callback_facts.contains(&used.fact) && !compared.contains(&used.fact) {
                    let help =
                        "ask with what the answer to the code says; or compare: `accepted: { at: $.uid, is: \"${uid}\" }` in getAccessCode";
                    reader.warn(used.place, "this comes from the browser, and could name another person whom this call describes", help);
                }
            }
        }
    }

    /// The expressions one of which gives this fact, with other facts replaced by their own expressions.
    fn collect_readings<'s>(&'s self, fact: Slot, seen: &mut Vec<Slot>, found: &mut Vec<&'s FactExpression>) {
        if seen.contains(&fact) {
            return;
        }
        seen.push(fact);
        let reads = self.file.steps().flat_map(Step::all_reads).filter(|read| read.fact == fact && read.written).map(|read| &read.reading);
        let composed = self.file.identity.composition(fact);
        let readings: Vec<&FactExpression> = composed.map_or_else(|| reads.collect(), |composed| vec![composed]);
        for reading in readings.into_iter().flat_map(FactExpression::alternatives) {
            match reading {
                FactExpression::Text(text) if text.sole_fact().is_some_and(|inner| inner != fact) => {
                    text.sole_fact().into_iter().for_each(|inner| self.collect_readings(inner, seen, found));
                }
                FactExpression::Text(_)
                | FactExpression::Path(_)
                | FactExpression::Condition(_)
                | FactExpression::Conditions(..)
                | FactExpression::FirstOf(..) => found.push(reading),
            }
        }
    }
}

fn is_chosen_by_person(path: &JsonPath) -> bool {
    path.route().last().is_some_and(|last| {
        let RouteStep::Key(key) = last else { return false };
        CHOSEN_KEYS.contains(&key.replace(['_', '-'], "").to_lowercase())
    })
}

/// The first hole that another value follows without a mark.
fn hole_beside_another(text: &Template) -> Option<&Hole> {
    let adds_a_value = |hole: &&Hole| {
        let (mut marked_before, mut marked_behind) = (false, false);
        hole.functions().iter().any(|function| {
            let (marked, argument) = match function.change() {
                TextChange::AddsBefore(argument) => (&mut marked_before, argument),
                TextChange::AddsBehind(argument) => (&mut marked_behind, argument),
                TextChange::TakesBefore(_) | TextChange::TakesBehind(_) | TextChange::TakesAPart | TextChange::KeepsAll => return false,
            };
            let is_value = matches!(argument, FunctionArgument::Fact(..));
            let is_beside = is_value && !*marked;
            *marked = !is_value;
            is_beside
        })
    };
    let beside = text
        .pieces()
        .windows(2)
        .find_map(|pair| if let [TemplatePiece::Hole(first), TemplatePiece::Hole(_)] = pair { Some(first) } else { None });
    beside.or_else(|| text.holes().find(adds_a_value))
}
