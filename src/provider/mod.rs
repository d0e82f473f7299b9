//! The language: one file describes one provider. Read, checked and compiled here; nothing that is compiled can be
//! wrong, and nothing here touches a clock, a variable, a file or a socket.
//!
//! One word is one file: its meaning for operators, its written form, its behaviour and its tests.

pub(crate) mod address;
pub mod answer;
pub(crate) mod assertion;
pub(crate) mod authorization;
pub(crate) mod call;
pub mod callback;
pub(crate) mod request_payload;
pub mod compile;
pub(crate) mod compiled_file;
pub(crate) mod condition;
pub(crate) mod credentials;
pub(crate) mod discovery;
pub mod document_cache;
pub mod fact_origin;
pub mod facts;
pub(crate) mod step_error;
pub mod provider_spec;
pub(crate) mod fact_flow_check;
pub(crate) mod functions;
pub(crate) mod hole;
pub(crate) mod hosts;
pub mod identity;
pub(crate) mod inputs;
pub(crate) mod declared_values;
pub(crate) mod json;
pub mod keys;
pub(crate) mod moment;
pub(crate) mod parameters;
pub mod pkce;
pub(crate) mod proof_check;
pub(crate) mod fact_expression;
pub(crate) mod value_reference;
pub(crate) mod refusal;
pub mod json_path;
pub(crate) mod signature;
pub(crate) mod signed_token;
pub(crate) mod standard;
pub mod step;
pub(crate) mod step_context;
pub(crate) mod template;
pub mod trust;
mod xml;

pub use crate::provider::compile::{compile, compile_node};

use crate::provider::address::Address;
use crate::provider::callback::{CallbackMethod, StateLocation};
use crate::provider::condition::{Condition, Conditions};
use crate::provider::declared_values::RequiredSetting;
use crate::provider::discovery::Discovery;
use crate::provider::fact_expression::FactExpression;
use crate::provider::facts::{Facts, WellKnownFacts};
use crate::provider::identity::IdentityMapping;
use crate::provider::inputs::Input;
use crate::provider::pkce::Pkce;
use crate::provider::step::Step;
use crate::vocabulary::names::{FactNames, Slot};
use crate::vocabulary::place::{Place, Source};
use crate::vocabulary::text::Text;
use std::sync::Arc;

/// What a compilation has to know about the installation.
#[derive(Clone, Copy, Debug)]
pub struct InstallationContext {
    /// Whether the installation's own address is on loopback.
    pub loopback: bool,
}

/// A provider, checked and compiled.
#[derive(Clone, Debug)]
pub struct Provider {
    /// The file.
    pub source: Source,
    /// The file's name: what the provider is called everywhere.
    pub name: Box<str>,
    /// What the button says.
    pub title: Box<str>,
    /// The first step.
    pub authorization: Step,
    /// The calls, in order.
    pub calls: Vec<Step>,
    /// How the browser comes back.
    pub(crate) callback: CallbackMethod,
    /// How the state comes back.
    pub(crate) state_in: StateLocation,
    /// Where the state stands in a callback.
    pub(crate) state: FactExpression,
    /// PKCE.
    pub pkce: Pkce,
    /// What is asked for.
    pub(crate) scope: Option<Box<str>>,
    pub(crate) discovery: Option<Discovery>,
    /// What is asked of the shopper.
    pub(crate) inputs: Vec<Input>,
    /// The values of the installation that are needed.
    pub needed: Vec<RequiredSetting>,
    literals: Vec<(Slot, Box<str>)>,
    /// How the identity is made.
    pub identity: IdentityMapping,
    /// Where it says that the shopper is asked for an address, if it does.
    pub(crate) asks_for_email: Option<Place>,
    /// Who may sign in.
    pub(crate) require: Option<Conditions>,
    /// A picture for the button.
    pub(crate) logo: Option<Box<str>>,
    /// Where the button stands.
    pub(crate) order: i32,
    /// Whether there is no button.
    pub(crate) hidden: bool,
    /// Whether it is switched on.
    pub(crate) enabled: bool,
    /// Where the provider's own session ends.
    pub(crate) logout: Option<Address>,
    /// The names of the facts.
    pub names: FactNames,
    /// The same, as facts carry them.
    pub(crate) labels: Arc<[Arc<str>]>,
    /// The facts that the program itself uses.
    pub known: WellKnownFacts,
}

impl Provider {
    /// Facts with nothing known, with room for all of this provider's.
    pub fn empty_facts(&self) -> Facts {
        Facts::with_labels(Arc::clone(&self.labels))
    }

    /// The values of the installation that stand in the file itself.
    pub fn literals(&self) -> impl Iterator<Item = (Slot, Text)> {
        self.literals.iter().map(|(fact, text)| (*fact, Text::plain(&**text)))
    }

    /// All steps, in order.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &Step> {
        std::iter::once(&self.authorization).chain(&self.calls)
    }

    /// The facts that a request, a condition or the identity uses.
    pub(crate) fn used_facts(&self) -> Vec<Slot> {
        let in_steps =
            self.steps().flat_map(|step| step.uses_in_request().into_iter().chain(step.uses_in_answer()).chain(step.uses_in_when()));
        let in_require = self.require.iter().flat_map(|require| &require.0).flat_map(Condition::uses);
        let used = in_steps.chain(in_require).chain(self.identity.uses()).map(|used| used.fact);
        used.chain(self.identity.facts()).collect()
    }
}
