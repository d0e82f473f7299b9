//! Checks that `require` and `identity.more` rest on what the provider said, and not on what the visitor wrote.

use crate::provider::proof_check::{ProofCheck, facts_from_answer};
use crate::provider::step::Step;
use crate::vocabulary::names::Slot;
use crate::vocabulary::words::Reader;

impl ProofCheck<'_> {
    /// Complains about a condition of `require` that the visitor alone fulfils, and about one that holds because a call was not made.
    pub(crate) fn check_requirements(&self, reader: &mut Reader) {
        let (said, written) = (self.facts_of_the_provider(), self.facts_of_the_visitor(reader));
        let calls = || self.file.calls.iter();
        let is_forgiven = |call: &&Step| call.is_optional() || call.when.is_some();
        let sure: Vec<Slot> = calls().filter(|call| !is_forgiven(call)).flat_map(facts_from_answer).collect();
        let unsure: Vec<Slot> = calls().filter(is_forgiven).flat_map(facts_from_answer).collect();
        for check in self.file.require.iter().flat_map(|require| &require.0).flat_map(|condition| condition.checks()) {
            let uses = check.uses();
            let behind: Vec<Slot> = uses.iter().flat_map(|used| self.facts_behind(used.fact)).collect();
            let Some(first) = uses.first() else { continue };
            if behind.iter().any(|fact| written.contains(fact)) && !behind.iter().any(|fact| said.contains(fact)) {
                let help = "compare with what an answer of the provider says";
                reader.complain(first.place, "the visitor could fulfil this: it looks only at what the browser says", help);
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
        let (said, written) = (self.facts_of_the_provider(), self.facts_of_the_visitor(reader));
        for (fact, place) in self.file.identity.more_facts() {
            let behind = self.facts_behind(*fact);
            if behind.iter().any(|fact| written.contains(fact)) && !behind.iter().any(|fact| said.contains(fact)) {
                let help = "read it from an answer of the provider, or take it out";
                reader.complain(*place, "this is what the visitor wrote, and an application would take it for the provider's word", help);
            }
        }
    }

    /// What answers of calls and signed tokens say, and a callback whose signature is checked.
    fn facts_of_the_provider(&self) -> Vec<Slot> {
        let callback = &self.file.authorization.step;
        let verified = callback.answer_reads().filter(|_| callback.verify.is_some()).map(|read| read.fact);
        let tokens = self.file.steps().flat_map(Step::token_reads).map(|read| read.fact);
        self.file.calls.iter().flat_map(facts_from_answer).chain(tokens).chain(verified).collect()
    }

    /// What the visitor types or writes into an address: inputs, the options of the login, and the parameters of the callback.
    fn facts_of_the_visitor(&self, reader: &mut Reader) -> Vec<Slot> {
        let callback = self.file.authorization.step.answer_reads().filter(|read| read.written).map(|read| read.fact);
        self.file.typed_facts(reader).into_iter().chain(callback).collect()
    }
}
