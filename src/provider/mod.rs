//! The language: one file describes one provider. Read, checked and compiled here; nothing that is compiled can be
//! wrong, and nothing here touches a clock, a variable, a file or a socket.
//!
//! One word is one file: its meaning for operators, its written form, its behaviour and its tests.

pub mod address;
pub mod answer;
pub mod assertion;
pub mod authorization;
pub mod call;
pub mod callback;
pub mod carried;
pub mod compile;
pub mod condition;
pub mod credentials;
pub mod discovery;
pub mod documents;
pub mod facts;
pub mod failure;
pub mod file;
pub mod flow;
pub mod functions;
pub mod hosts;
pub mod identity;
pub mod inputs;
pub mod installed;
pub mod json;
pub mod keys;
pub mod moment;
pub mod parameters;
pub mod pkce;
pub mod proof;
pub mod reading;
pub mod reference;
pub mod refusal;
pub mod selector;
pub mod signature;
pub mod signed;
pub mod standard;
pub mod step;
pub mod surroundings;
pub mod template;
pub mod trust;
mod xml;

pub use crate::provider::compile::{compile, compile_node};

use crate::names::{Names, Slot};
use crate::place::{Place, Source};
use crate::provider::address::Address;
use crate::provider::callback::{CallbackBy, StateIn};
use crate::provider::condition::Conditions;
use crate::provider::discovery::Discovery;
use crate::provider::facts::{Facts, Known};
use crate::provider::identity::Composition;
use crate::provider::inputs::Input;
use crate::provider::installed::Needed;
use crate::provider::pkce::Pkce;
use crate::provider::reading::Reading;
use crate::provider::step::Step;
use crate::text::Text;
use std::sync::Arc;

/// What a compilation has to know about the installation.
#[derive(Clone, Copy, Debug)]
pub struct Ground {
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
    pub callback: CallbackBy,
    /// How the state comes back.
    pub state_in: StateIn,
    /// Where the state stands in a callback.
    pub state: Reading,
    /// PKCE.
    pub pkce: Pkce,
    /// What is asked for.
    pub scope: Option<Box<str>>,
    /// The issuer's document.
    pub discovery: Option<Discovery>,
    /// What is asked of the shopper.
    pub inputs: Vec<Input>,
    /// The values of the installation that are needed.
    pub needed: Vec<Needed>,
    literals: Vec<(Slot, Box<str>)>,
    /// How the identity is made.
    pub identity: Composition,
    /// Where it says that the shopper is asked for an address, if it does.
    pub asks_for_email: Option<Place>,
    /// Who may come in.
    pub require: Option<Conditions>,
    /// A picture for the button.
    pub logo: Option<Box<str>>,
    /// Where the button stands.
    pub order: i32,
    /// Whether there is no button.
    pub hidden: bool,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Where the provider's own session ends.
    pub logout: Option<Address>,
    /// The names of the facts.
    pub names: Names,
    /// The same, as facts carry them.
    pub labels: Arc<[Arc<str>]>,
    /// The facts that the program speaks of.
    pub known: Known,
}

impl Provider {
    /// Facts with nothing known, with room for all of this provider's.
    pub fn no_facts(&self) -> Facts {
        Facts::with_labels(Arc::clone(&self.labels))
    }

    /// The values of the installation that stand in the file itself.
    pub fn literals(&self) -> impl Iterator<Item = (Slot, Text)> {
        self.literals.iter().map(|(fact, text)| (*fact, Text::plain(&**text)))
    }

    /// All steps, in order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        std::iter::once(&self.authorization).chain(&self.calls)
    }
}
