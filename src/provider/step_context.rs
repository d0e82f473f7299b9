//! What a step is compiled with: the parts of the file that matter to all steps, and the checks that all steps share.

use crate::provider::address::AddressContext;
use crate::provider::declared_values::DeclaredValues;
use crate::provider::fact_expression::FactExpression;
use crate::provider::facts::{FROM_DISCOVERY, FROM_THE_START, INTERNAL, WellKnownFacts};
use crate::provider::hole::is_fact_name;
use crate::provider::json_path::JsonPath;
use crate::provider::pkce::Pkce;
use crate::provider::refusal::RefusalRule;
use crate::provider::standard::{self, TokenGrant};
use crate::provider::step::ReadRule;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::{NamedValues, Reader};
use std::sync::Arc;

/// The parts of the file that matter to all its steps.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each says one independent thing of the file")]
pub(crate) struct StepContext<'a> {
    /// The facts that the program itself uses.
    pub(crate) known: WellKnownFacts,
    /// How addresses are compiled.
    pub(crate) addresses: AddressContext<'a>,
    pub(crate) pkce: Pkce,
    /// What the standard token request redeems.
    pub(crate) grant: TokenGrant,
    /// The client id, where the file itself says it.
    pub(crate) client_id: Option<&'a str>,
    /// Whether the client has a secret.
    pub(crate) has_secret: bool,
    /// Whether the file has `discovery`.
    pub(crate) discovery: bool,
    /// Whether the authorization request sends the nonce.
    pub(crate) nonce_is_sent: bool,
    /// The facts that the callback gives, also under the names that getAccessCode gives them.
    pub(crate) callback_facts: Vec<Slot>,
    /// Whether getUserInfo is a list of several calls.
    pub(crate) person_is_listed: bool,
    /// Whether the standard authorization request has a scope.
    pub(crate) has_scope: bool,
    /// Whether the standard authorization request sends the state.
    pub(crate) sends_state: bool,
    /// The file's own `refused`.
    pub(crate) refused: &'a [RefusalRule],
    /// The file's own `accepted`.
    pub(crate) accepted: &'a [RefusalRule],
    /// The facts that the file itself reads or composes anywhere.
    pub(crate) written: &'a [Slot],
}

impl<'a> StepContext<'a> {
    /// What is known of the file before its first step is compiled.
    pub(crate) fn new(
        known: WellKnownFacts,
        installed: &'a DeclaredValues,
        addresses: AddressContext<'a>,
        (pkce, discovery): (Pkce, bool),
        (refused, accepted, written): (&'a [RefusalRule], &'a [RefusalRule], &'a [Slot]),
    ) -> Self {
        let client_id = installed.literals.iter().find(|(fact, ..)| *fact == known.client_id);
        Self {
            known,
            addresses,
            pkce,
            grant: TokenGrant::AuthorizationCode,
            client_id: client_id.map(|(_, text, _)| &**text),
            has_secret: installed.has_secret,
            discovery,
            nonce_is_sent: false,
            callback_facts: Vec::new(),
            person_is_listed: false,
            has_scope: false,
            sends_state: true,
            refused,
            accepted,
            written,
        }
    }
}

impl StepContext<'_> {
    /// The standard places, except those of facts that the file names, and those that the file reads under another name.
    pub(crate) fn standard_reads(&self, places: &[(&str, &str)], own: &[ReadRule], place: Place, reader: &mut Reader) -> Vec<ReadRule> {
        let mut list = Vec::new();
        for (fact, key) in places {
            let slot = reader.names.intern(fact);
            let taken = own.iter().any(|read| matches!(&read.reading, FactExpression::Path(path) if path.is_key(key)));
            // When the file itself reads the address, a standard claim could be about another document's address.
            let is_split = *fact == "emailVerified" && reader.names.find("email").is_some_and(|email| self.written.contains(&email));
            if !self.written.contains(&slot) && !taken && !is_split {
                list.push(ReadRule { fact: slot, reading: standard_path(key, place), place, written: false });
            }
        }
        list
    }
}

/// The path to a key at the top of an answer.
pub(crate) fn standard_path(key: &str, place: Place) -> FactExpression {
    FactExpression::Path(JsonPath::builtin(&format!("$.{key}"), place))
}

/// Compiles the `read` of a step.
pub(crate) fn compile_reads(named: NamedValues<FactExpression>, reader: &mut Reader) -> Vec<ReadRule> {
    named
        .0
        .into_iter()
        .map(|(name, reading): (Located<String>, FactExpression)| ReadRule {
            fact: reader.names.intern(&name),
            reading,
            place: name.place,
            written: true,
        })
        .collect()
}

/// Complains about names that no fact may have.
pub(crate) fn check_read_name(read: &ReadRule, reader: &mut Reader) {
    let name = Arc::clone(reader.names.name(read.fact));
    check_fact_name(&name, read.place, reader);
}

/// Complains about a name that a setting, a secret or an input must not have, because answers may give a fact of that name.
pub(crate) fn check_own_name(name: &str, place: Place, reader: &mut Reader) {
    let places = standard::CALLBACK.iter().chain(standard::TOKEN).chain(standard::PERSON);
    if places.clone().any(|(fact, _)| *fact == name) {
        reader.complain(place, format!("`{name}` is the name of a fact that answers teach"), "give it another name");
    } else {
        check_fact_name(name, place, reader);
    }
}

/// Complains about a name that no fact may have.
pub(crate) fn check_fact_name(name: &str, place: Place, reader: &mut Reader) {
    let known_from_the_start = FROM_THE_START.iter().any(|(known, _)| *known == name);
    let from_document = FROM_DISCOVERY.iter().any(|(known, _)| *known == name);
    if known_from_the_start || from_document || INTERNAL.contains(&name) {
        reader.complain(place, format!("`{name}` is a fact that every login has already"), "use another name for what is read here");
    } else if !is_fact_name(name) {
        reader.complain(
            place,
            format!("`{name}` cannot be the name of a fact"),
            "write a letter first, then letters, digits, `-`, `_` and `.`",
        );
    }
}
