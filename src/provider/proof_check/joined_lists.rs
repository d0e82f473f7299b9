//! Checks that no list is joined to one text where a person is known by that text: the entries of another list could give the same text.

use crate::provider::condition::Condition;
use crate::provider::fact_expression::FactExpression;
use crate::provider::functions::Function;
use crate::provider::proof_check::ProofCheck;
use crate::provider::step::Step;
use crate::provider::template::Template;
use crate::vocabulary::names::Slot;
use crate::vocabulary::words::Reader;

impl ProofCheck<'_> {
    /// Complains about a joined list in an id, an e-mail address or a claim about it, in a request that asks who the person is, and in a condition.
    pub(crate) fn check_joined_lists(&self, reader: &mut Reader) {
        let (name, conditions) = (reader.names.intern("name"), self.all_conditions());
        let person: Vec<Slot> = self.identity_facts().into_iter().map(|(_, fact)| fact).flat_map(|fact| self.facts_behind(fact)).collect();
        let tells_who = |step: &&Step| step.all_reads().any(|read| person.contains(&read.fact));
        let sent = self.file.steps().filter(tells_who).flat_map(Step::uses_in_request).map(|used| used.fact);
        let asked = conditions.iter().flat_map(|condition| condition.uses()).map(|used| used.fact);
        let behind: Vec<Slot> = person.iter().copied().chain(sent.chain(asked).flat_map(|fact| self.facts_behind(fact))).collect();
        let reads = self.file.steps().flat_map(Step::all_reads).filter(|read| behind.contains(&read.fact));
        // Of a token that is handed in, only the name says nothing about who the person is.
        let handed = self.file.exchange.iter().flat_map(|exchange| exchange.id_token_reads()).filter(|read| read.fact != name);
        let composed = behind.iter().filter_map(|fact| self.file.identity.composition(*fact));
        let texts = reads.chain(handed).map(|read| &read.reading).chain(composed).flat_map(FactExpression::texts);
        for hole in texts.chain(conditions.iter().flat_map(|condition| condition.subject_texts())).flat_map(Template::holes) {
            if hole.functions().iter().any(Function::joins) && !reader.has_complaint_at(hole.place) {
                let help = "for an id or an e-mail address read the one entry that is meant, such as `$.ids[0]`; in a condition ask the list itself: `contains: staff`";
                reader.complain(
                    hole.place,
                    "`join` makes one text of several values, and the values of another person could give the same text",
                    help,
                );
            }
        }
    }

    /// Every condition of the file.
    fn all_conditions(&self) -> Vec<&Condition> {
        let file = self.file;
        let signed = file.steps().filter_map(|step| step.signed.as_ref());
        let signed = signed.chain(file.exchange.iter().flat_map(|exchange| exchange.signed_tokens()));
        let when = file.steps().flat_map(|step| step.when.iter().flat_map(|when| &when.0));
        let required = file.require.iter().flat_map(|require| &require.0);
        let composed = file.identity.facts().filter_map(|fact| file.identity.composition(fact)).flat_map(FactExpression::conditions);
        let handed = file.exchange.iter().flat_map(|exchange| exchange.id_token_conditions());
        let of_steps = file.steps().flat_map(Step::conditions);
        of_steps.chain(signed.flat_map(|signed| &signed.require)).chain(when).chain(required).chain(composed).chain(handed).collect()
    }
}
