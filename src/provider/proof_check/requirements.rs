//! Checks that `require` and `identity.more` rest on what the provider said, and not on what the visitor wrote.

use crate::provider::condition::Condition;
use crate::provider::proof_check::{ProofCheck, facts_from_answer};
use crate::provider::step::Step;
use crate::vocabulary::names::Slot;
use crate::vocabulary::words::Reader;

impl ProofCheck<'_> {
    /// Complains about a condition of `require` that the visitor alone fulfils, and about one that holds because a call was not made.
    pub(crate) fn check_requirements(&self, reader: &mut Reader) {
        let written = self.facts_of_the_visitor(reader);
        let calls = || self.file.calls.iter();
        let is_forgiven = |call: &&Step| call.optional || call.when.is_some();
        let sure: Vec<Slot> = calls().filter(|call| !is_forgiven(call)).flat_map(facts_from_answer).collect();
        let unsure: Vec<Slot> = calls().filter(is_forgiven).flat_map(facts_from_answer).collect();
        for check in self.file.require.iter().flat_map(|require| &require.0).flat_map(|condition| condition.checks()) {
            let uses = check.uses();
            let used: Vec<Slot> = uses.iter().map(|used| used.fact).collect();
            let behind: Vec<Slot> = used.iter().flat_map(|fact| self.facts_behind(*fact)).collect();
            let Some(first) = uses.first() else { continue };
            if self.may_be_the_visitors(&used, &written) {
                let help = "compare with what an answer of the provider says";
                reader.complain(first.place, "the visitor could fulfil this: it may look only at what the browser says", help);
            } else if check.present == Some(false)
                && behind.iter().any(|fact| unsure.contains(fact))
                && !behind.iter().any(|fact| sure.contains(fact))
            {
                let help = "let the call that reads it be made always and have to succeed: take out its `optional` or `when`";
                reader.complain(first.place, "this also holds when the call that would say it failed or was not made", help);
            }
        }
    }

    /// Complains about facts of `more` that the visitor wrote: an application takes them for the provider's word.
    pub(crate) fn check_further_facts(&self, reader: &mut Reader) {
        let written = self.facts_of_the_visitor(reader);
        for (fact, place) in self.file.identity.more_facts() {
            if self.may_be_the_visitors(&[*fact], &written) {
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
