//! Checks that `emailVerified` speaks of the address that it came with, and that the file asks for it.

use crate::provider::choice::EntryChoice;
use crate::provider::condition::{Condition, Conditions};
use crate::provider::entry_check::{EntryCheck, EntryMismatch};
use crate::provider::fact_expression::FactExpression;
use crate::provider::fact_origin::{FactOrigin, PossibleOrigins};
use crate::provider::json_path::RouteStep;
use crate::provider::proof_check::{ProofCheck, facts_from_answer};
use crate::provider::step::{ReadRule, Step};
use crate::provider::trust::EmailTrustPolicy;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Place;
use crate::vocabulary::words::Reader;

impl ProofCheck<'_> {
    /// Checks that a claim about an address comes from the exchange that gave the address.
    pub(crate) fn check_claim_origin(&self, reader: &mut Reader) {
        let known = self.file.known;
        let asks_for_claim =
            |require: &Conditions| require.0.iter().flat_map(Condition::uses).any(|used| used.fact == known.email_verified);
        if !self.file.trusts_claim() && !self.file.require.is_some_and(asks_for_claim) {
            return;
        }
        let mut possible = PossibleOrigins::new(self.file.steps(), self.file.identity, self.file.typed_facts(reader));
        let mut alternatives = |fact: Slot| -> Vec<AlternativeOrigin<'_>> {
            let readings = possible.readings(fact);
            let each =
                readings.into_iter().flat_map(|(reading, document)| reading.alternatives().into_iter().map(move |one| (one, document)));
            let each: Vec<(&FactExpression, FactOrigin)> = each.collect();
            each.into_iter()
                .flat_map(|(reading, document)| {
                    let origins = possible.of_expression(reading, document);
                    origins.into_iter().map(move |origin| AlternativeOrigin { reading, document, origin })
                })
                .collect()
        };
        let (addresses, claims) = (alternatives(known.email), alternatives(known.email_verified));
        // A header stands in no list, so no entry of one speaks of it.
        let is_header = self.file.steps().any(|step| step.header_reads.iter().any(|(fact, _)| *fact == known.email));
        let entry = claims.iter().find(|claim| claim.reading.paths().iter().any(|path| path.route().iter().any(RouteStep::takes_an_entry)));
        if let Some(claim) = entry.filter(|_| is_header) {
            let help = "read the claim where the answer says whether this address is verified, in no list";
            reader.complain(claim.reading.place(), "`emailVerified` is read from an entry of a list, and the address is a header", help);
        }
        if addresses.is_empty() || claims.is_empty() {
            return;
        }
        let places = |all: &[AlternativeOrigin<'_>]| all.iter().map(|one| (one.reading.place(), one.origin)).collect::<Vec<_>>();
        let (address_places, claim_places) = (places(&addresses), places(&claims));
        let found = claim_without_exchange(&claim_places)
            .or_else(|| address_without_claim(&address_places, &claim_places))
            .or_else(|| claim_without_address(&claim_places, &address_places));
        match found {
            Some((place, message)) => {
                let help = if [OTHER_ENTRY, ENTRY_BESIDE].contains(&message) {
                    "read both from one entry, with one `choose`: a claim proves only an address that came with it"
                } else {
                    "read both from one answer or one signed token: a claim proves only an address that came with it"
                };
                reader.complain(place, message, help);
            }
            None => self.check_claim_entry(&addresses, &claims, reader),
        }
    }

    /// Checks that a claim comes from the entry of a list that gave the address.
    fn check_claim_entry(&self, addresses: &[AlternativeOrigin<'_>], claims: &[AlternativeOrigin<'_>], reader: &mut Reader) {
        let check = EntryCheck { steps: self.file.steps().collect(), identity: self.file.identity, email: self.file.known.email };
        let pairs = claims.iter().flat_map(|claim| addresses.iter().map(move |address| (claim, address)));
        let found = pairs.filter(|(claim, address)| claim.origin.vouches_for(address.origin)).find_map(|(claim, address)| {
            let mismatch = check.mismatch((address.reading, address.document), (claim.reading, claim.document))?;
            let place = if mismatch == EntryMismatch::AddressInList { address.reading.place() } else { claim.reading.place() };
            Some((place, mismatch))
        });
        match found {
            Some((place, EntryMismatch::AddressInList)) => {
                let help = "read both from one entry with `choose`; or ask whether a list of proven addresses holds this one: `emailVerified: { at: $.verified, contains: \"${email}\" }`";
                reader.complain(place, ENTRY_BESIDE, help);
            }
            Some((place, EntryMismatch::Itself)) => {
                let help =
                    "compare with a list that holds proven addresses only: `emailVerified: { at: $.verified, contains: \"${email}\" }`";
                reader.complain(place, "this compares the address with itself, which proves nothing", help);
            }
            Some((place, EntryMismatch::OtherEntry(choice))) => {
                let help = match choice {
                    Some(choice) => format!("read both from one entry: `{choice}`"),
                    None => "read both from one entry with `choose`, which names the list and the entry that is wanted".to_owned(),
                };
                reader.complain(place, "`emailVerified` may come from another entry of the list than the address", help);
            }
            Some((place, EntryMismatch::BesideTheList)) => {
                let help = "read both from one entry with `choose`; or ask whether the list holds the address: `emailVerified: { at: \"$.verified[*]\", is: \"${email}\" }`";
                reader.complain(place, "`emailVerified` is read from an entry of a list, and the address stands elsewhere", help);
            }
            None => {}
        }
    }

    /// The expressions that give the claim, each with the document that it reads.
    fn claim_readings(&self) -> Vec<(&FactExpression, FactOrigin)> {
        PossibleOrigins::new(self.file.steps(), self.file.identity, Vec::new()).readings(self.file.known.email_verified)
    }

    /// Complains about a claim that may hold by what is known without an answer.
    pub(crate) fn check_claim_demands_an_answer(&self, reader: &mut Reader) {
        let answers: Vec<Slot> = self.file.steps().flat_map(facts_from_answer).collect();
        let rests_on_answer = |condition: &Condition| {
            let used = condition.uses().into_iter().map(|used| used.fact);
            let said: Vec<Slot> = used.filter(|fact| self.facts_behind(*fact).iter().any(|behind| answers.contains(behind))).collect();
            condition.demands_answer(&said)
        };
        for one in self.claim_readings().into_iter().flat_map(|(reading, _)| reading.alternatives()) {
            let holds_anyway = match one {
                FactExpression::Condition(condition) => !rests_on_answer(condition),
                FactExpression::Conditions(conditions, _) => !conditions.0.iter().any(rests_on_answer),
                FactExpression::Path(_) | FactExpression::Text(_) | FactExpression::FirstOf(..) => false,
            };
            if holds_anyway {
                let help = "let each part of `any` ask what the answer says: `{ at: $.verified, is: true }`";
                reader.complain(one.place(), "this may hold whatever the answer says, so every address would count as proven", help);
            }
        }
    }

    /// Warns about several addresses that one claim of the same answer would prove.
    pub(crate) fn check_claim_is_about_one_address(&self, reader: &mut Reader) {
        let possible = PossibleOrigins::new(self.file.steps(), self.file.identity, Vec::new());
        let compares = |reading: &FactExpression| reading.uses().iter().any(|used| used.fact == self.file.known.email);
        if !self.file.trusts_claim() || self.claim_readings().iter().any(|(reading, _)| compares(reading)) {
            return;
        }
        for (reading, document) in possible.readings(self.file.known.email) {
            let second = reading.alternatives().into_iter().filter(|one| one.reads_answer()).nth(1);
            if let Some(second) = second.filter(|_| self.claim_readings().iter().any(|(_, claim)| *claim == document)) {
                let help = "read the address of which `emailVerified` speaks, and no other";
                reader.warn(second.place(), "`emailVerified` would prove this address too, although it may speak of the other one", help);
            }
        }
    }

    /// Complains about a claim that the file itself writes and that `trustEmail` never looks at.
    pub(crate) fn check_claim_is_asked(&self, reader: &mut Reader) {
        let claim = self.file.known.email_verified;
        let Some(trust) = self.file.trust else { return };
        let calls = self.file.steps().flat_map(|step| [step.uses_in_when(), step.uses_in_request(), step.uses_in_answer()]).flatten();
        let require = self.file.require.iter().flat_map(|require| &require.0).flat_map(Condition::uses);
        if calls.chain(require).chain(self.file.identity.uses()).any(|used| used.fact == claim) {
            return;
        }
        let composed = self.file.identity.composed().find(|(_, fact, ..)| *fact == claim).map(|(_, _, place, _)| place);
        let chosen: Vec<&EntryChoice> = self.file.steps().flat_map(Step::all_choices).collect();
        let is_in_verified_entry = |read: &ReadRule| {
            let mut choice = chosen.iter().filter(|choice| choice.reads.iter().any(|other| other.place == read.place));
            choice.any(|choice| choice.is_chosen_by(&read.reading))
                || read.reading.paths().iter().any(|path| path.filters_by_its_last_key())
        };
        let mut reads = self.file.steps().flat_map(Step::all_reads).filter(|read| read.written && read.fact == claim);
        let read = reads.find(|read| !is_in_verified_entry(read)).map(|read| read.place);
        let Some(place) = composed.or(read) else { return };
        let help = "take this line out, or write `trustEmail: claim`, so that only a verified address counts as proven";
        match &trust.value {
            EmailTrustPolicy::Claim => {}
            EmailTrustPolicy::Always => {
                reader.complain(place, "with `trustEmail: always` every address counts as proven, whatever this claim says", help);
            }
            EmailTrustPolicy::Domains(_) => {
                reader.complain(place, "with a list of domains the domain alone proves an address, whatever this claim says", help);
            }
            EmailTrustPolicy::Never => {
                reader.warn(place, "with `trustEmail: never` no claim proves an address, so this line has no effect", help);
            }
        }
    }
}

/// One of the expressions that may give a fact.
struct AlternativeOrigin<'a> {
    reading: &'a FactExpression,
    /// The origin of what its paths find.
    document: FactOrigin,
    /// The origin of the value.
    origin: FactOrigin,
}

/// What is said of an address in a list whose claim is not read from its entry.
const ENTRY_BESIDE: &str = "this address comes from an entry of a list, and `emailVerified` is not read from that entry";
/// What is said of an address whose claim stands in another entry of a list.
const OTHER_ENTRY: &str = "this address comes from another entry than `emailVerified`";

/// The first claim that does not come from a single exchange, if there is one.
fn claim_without_exchange(claims: &[(Place, FactOrigin)]) -> Option<(Place, &'static str)> {
    claims.iter().find_map(|(place, origin)| match origin {
        FactOrigin::Several => Some((*place, "`emailVerified` is made of several answers or tokens, so it proves no address")),
        FactOrigin::Broker | FactOrigin::Shopper => Some((*place, "no answer of the provider has a part in `emailVerified`")),
        FactOrigin::Answer(_) | FactOrigin::SignedToken(_) | FactOrigin::AnswerEntry(..) | FactOrigin::SignedTokenEntry(..) => None,
    })
}

/// The first address that no claim of the file can prove, if there is one.
fn address_without_claim(addresses: &[(Place, FactOrigin)], claims: &[(Place, FactOrigin)]) -> Option<(Place, &'static str)> {
    addresses.iter().find_map(|(place, origin)| match origin {
        FactOrigin::Several => Some((*place, "this address is made of several answers or tokens, so no claim proves it")),
        // Another check complains about an address that is typed or the same for every person.
        FactOrigin::Broker | FactOrigin::Shopper => None,
        FactOrigin::Answer(_) | FactOrigin::SignedToken(_) | FactOrigin::AnswerEntry(..) | FactOrigin::SignedTokenEntry(..) => {
            let is_alone = !claims.iter().any(|(_, claim)| claim.vouches_for(*origin));
            let shares_document = claims.iter().any(|(_, claim)| claim.document() == origin.document());
            let is_beside = claims.iter().any(|(_, claim)| *claim == origin.document());
            match (is_alone, shares_document) {
                (true, true) if is_beside => Some((*place, ENTRY_BESIDE)),
                (true, true) => Some((*place, OTHER_ENTRY)),
                (true, false) => Some((*place, "this address comes from another answer or token than `emailVerified`")),
                (false, _) => None,
            }
        }
    })
}

/// The first claim that comes with no address of the file, if there is one.
fn claim_without_address(claims: &[(Place, FactOrigin)], addresses: &[(Place, FactOrigin)]) -> Option<(Place, &'static str)> {
    let lonely = claims.iter().find(|(_, claim)| !addresses.iter().any(|(_, address)| claim.vouches_for(*address)));
    lonely.map(|(place, _)| (*place, "`emailVerified` comes from another answer or token than the address"))
}
