//! Checks that `require` and `identity.more` rest on what the provider said, and not on what the visitor wrote.

use crate::provider::choice::EntryChoice;
use crate::provider::condition::{Condition, ValueCheck};
use crate::provider::proof_check::{ProofCheck, facts_from_answer};
use crate::provider::step::Step;
use crate::provider::template::FactUse;
use crate::provider::trust::MissingEmailPolicy;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::words::Reader;

impl ProofCheck<'_> {
    /// Complains about a condition of `require` that the visitor alone fulfils, and about one that holds because a call was not made.
    pub(crate) fn check_requirements(&self, reader: &mut Reader) {
        let written = self.facts_of_the_visitor(reader);
        let calls = || self.file.calls.iter();
        let is_forgiven = |call: &&Step| call.optional || call.when.is_some();
        let sure: Vec<Slot> = calls().filter(|call| !is_forgiven(call)).flat_map(facts_from_answer).collect();
        let unsure: Vec<Slot> = calls().filter(is_forgiven).flat_map(facts_from_answer).collect();
        let asked: Vec<Slot> =
            self.file.require.iter().flat_map(|require| &require.0).flat_map(Condition::uses).map(|used| used.fact).collect();
        let choices: Vec<&EntryChoice> = self.file.steps().flat_map(Step::all_choices).collect();
        let identity = self.identity_facts().map(|(_, fact)| fact);
        for check in self.file.require.iter().flat_map(|require| &require.0).flat_map(|condition| condition.checks()) {
            let uses = check.uses();
            let used: Vec<Slot> = uses.iter().map(|used| used.fact).collect();
            let behind: Vec<Slot> = used.iter().flat_map(|fact| self.facts_behind(*fact)).collect();
            let Some(first) = uses.first() else { continue };
            if self.may_be_the_visitors(&used, &written) {
                let help = "compare with what an answer of the provider says";
                reader.complain(first.place, "the visitor could fulfil this: it may look only at what the browser says", help);
            } else if check.holds_of_nothing()
                && behind.iter().any(|fact| unsure.contains(fact))
                && !behind.iter().any(|fact| sure.contains(fact))
            {
                let help = "let the call that reads it be made always and have to succeed: take out its `optional` or `when`";
                reader.complain(first.place, "this also holds when the call that would say it failed or was not made", help);
            } else if choices.iter().any(|choice| {
                let reads = |facts: &[Slot]| choice.reads.iter().any(|read| facts.contains(&read.fact));
                reads(&behind) && !reads(&identity) && choice.may_take_another(&asked)
            }) {
                let help = "choose the entry with `where`: then none of its facts is known when no entry fits";
                reader.complain(first.place, "this may be read from an entry that is chosen although it does not meet `prefer`", help);
            }
        }
    }

    /// Complains about a call that decides about the login and that the visitor can leave out.
    pub(crate) fn check_skipped_calls(&self, reader: &mut Reader) {
        self.check_call_is_made(reader);
        let written = self.facts_of_the_visitor(reader);
        let may_be_written = |used: &FactUse| self.may_be_the_visitors(&[used.fact], &written);
        let skipped = |step: &&Step| step.uses_in_when().iter().any(may_be_written);
        let sure: Vec<&Step> = self.file.calls.iter().filter(|step| !skipped(step)).chain([&self.file.authorization.step]).collect();
        let known = self.file.known;
        let refuses = self.file.missing.is_none_or(|missing| matches!(missing.value, MissingEmailPolicy::Refuse));
        // Without these facts there is no login, so a call that alone gives one of them cannot be left out unnoticed.
        let needed = [Some(known.id), refuses.then_some(known.email)].into_iter().flatten();
        let needed: Vec<Slot> = needed.filter(|fact| self.may_lack_answer(*fact, &sure)).collect();
        let is_missed = |step: &&Step| {
            let gives = |fact: Slot| self.comes_from([*step], fact) && self.may_lack_answer(fact, &sure);
            let is_required = |condition: &Condition| {
                condition.demands(&|check| !check.holds_of_nothing() && check.uses().iter().any(|used| gives(used.fact)))
            };
            needed.iter().any(|fact| self.comes_from([*step], *fact))
                || self.file.require.iter().flat_map(|require| &require.0).any(is_required)
        };
        for step in self.file.calls.iter().filter(skipped).filter(|step| !is_missed(step)) {
            let others =
                self.file.steps().filter(|other| !std::ptr::eq(*other, step)).flat_map(|other| other.accepted.iter().chain(&other.refused));
            let others: Vec<Place> = others.map(|rule| rule.place).collect();
            let decides = step.accepted.iter().chain(&step.refused).any(|rule| !others.contains(&rule.place));
            let reads_nothing = !step.learned_facts().any(|(.., written)| written);
            let place = step.uses_in_when().into_iter().find(may_be_written).map(|used| used.place);
            if let Some(place) = place.filter(|_| decides || reads_nothing || step.signed.is_some()) {
                let help = "make the call always, or decide by what an answer of the provider says";
                reader.complain(place, "the visitor could leave this call out, and the login would go on without what it says", help);
            }
        }
    }

    /// Complains about a call that only decides, and that is left out when an optional call fails.
    fn check_call_is_made(&self, reader: &mut Reader) {
        let sure: Vec<&Step> = self.file.calls.iter().filter(|step| !step.optional).chain([&self.file.authorization.step]).collect();
        let is_silent = |check: &&ValueCheck| {
            let may_lack = |fact| self.comes_from(self.file.calls, fact) && self.may_lack_answer(fact, &sure);
            !check.holds_of_nothing() && check.uses().iter().any(|used| may_lack(used.fact))
        };
        let only_decides = |step: &&Step| !step.optional && !step.learned_facts().any(|(.., written)| written);
        for step in self.file.calls.iter().filter(only_decides) {
            let mut checks = step.when.iter().flat_map(|when| &when.0).flat_map(Condition::checks);
            if let Some(check) = checks.find(is_silent) {
                let help = "make the call always, or take `optional` out of the call that reads this";
                reader.complain(
                    check.place(),
                    "when an optional call fails, this call is left out, and the login goes on without it",
                    help,
                );
            }
        }
    }

    /// Complains about facts of `more` that the visitor wrote: an application takes them for the provider's word.
    pub(crate) fn check_further_facts(&self, reader: &mut Reader) {
        let written = self.facts_of_the_visitor(reader);
        for (fact, place) in self.file.identity.more_facts() {
            if *fact == self.file.known.email {
                let help = "take it out: the session has the address, and only once it is proven";
                reader.complain(*place, "an application would take this for a proven address, which it need not be", help);
            } else if self.may_be_the_visitors(&[*fact], &written) {
                let help = "read it from an answer of the provider, or take it out";
                reader.complain(
                    *place,
                    "this may be what the visitor wrote, and an application would take it for the provider's word",
                    help,
                );
            }
        }
    }

    /// Whether these facts may together be nothing but what the visitor wrote. Each alternative of them is judged by itself.
    fn may_be_the_visitors(&self, facts: &[Slot], written: &[Slot]) -> bool {
        let callback = &self.file.authorization.step;
        let answers: Vec<&Step> = self.file.calls.iter().chain(callback.verify.is_some().then_some(callback)).collect();
        facts.iter().flat_map(|fact| self.facts_behind(*fact)).any(|behind| written.contains(&behind))
            && facts.iter().all(|fact| self.may_lack_answer(*fact, &answers))
    }

    /// The facts on which `require` rests, and those that `more` hands on.
    pub(crate) fn facts_handed_on(&self) -> Vec<Slot> {
        let required = self.file.require.iter().flat_map(|require| &require.0).flat_map(Condition::uses).map(|used| used.fact);
        required.chain(self.file.identity.more_facts().iter().map(|(fact, _)| *fact)).collect()
    }

    /// What the visitor types or writes into an address: inputs, the options of the login, and the parameters of the callback.
    fn facts_of_the_visitor(&self, reader: &mut Reader) -> Vec<Slot> {
        let callback = self.file.authorization.step.answer_reads().filter(|read| read.written).map(|read| read.fact);
        self.file.typed_facts(reader).into_iter().chain(callback).collect()
    }
}
