//! The values of the installation that a simulation expects: those that are set, and invented ones for the rest.

use crate::provider::Provider;
use crate::simulated::simulation::choices::first_login;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Source;
use crate::vocabulary::text::Text;
use crate::workbench::examples;
use crate::workbench::examples::example::ExampleSpec;
use crate::workbench::examples::invented::invent_stories;
use crate::workbench::examples::stand_ins::key_for;

/// A value that was invented because it is not set.
#[derive(Clone, Debug)]
pub struct InventedValue {
    /// Where it would be set: the name of a variable, or a file.
    pub(crate) location: String,
    pub(crate) value: String,
}

/// All values that a provider needs: those that are set, and for the rest the value of an example, a fresh key, or a visible stand-in.
pub fn installation_values(
    provider: &Provider,
    recorded: &[ExampleSpec],
    set: Vec<(Slot, Text)>,
) -> (Vec<(Slot, Text)>, Vec<InventedValue>) {
    let mut values = set;
    let mut invented = Vec::new();
    for needed in &provider.needed {
        if values.iter().any(|(slot, _)| *slot == needed.fact) {
            continue;
        }
        let name = provider.names.name(needed.fact);
        let given = recorded.iter().flat_map(|example| &example.facts).flat_map(|facts| &facts.0).find(|(known, _)| *known.value == **name);
        let value = given
            .map(|(_, value)| value.value.clone())
            .or_else(|| key_for(provider, needed.fact))
            .unwrap_or_else(|| format!("simulated-{name}-for-{}", provider.name));
        invented.push(InventedValue { location: needed.reference.location(), value: value.clone() });
        values.push((needed.fact, if needed.secret { Text::secret(value, name) } else { Text::plain(value) }));
    }
    (values, invented)
}

/// The examples, and invented ones where none of them holds a login; or why none can be invented.
pub(crate) fn with_invented_logins(provider: &Provider, mut recorded: Vec<ExampleSpec>) -> (Vec<ExampleSpec>, Option<String>) {
    if first_login(&recorded).is_some() {
        return (recorded, None);
    }
    match invent_stories(provider) {
        Ok(invented) => {
            recorded.extend(invented);
            (recorded, None)
        }
        Err(why) => (recorded, Some(why)),
    }
}

/// An example without any values.
pub(super) fn empty_example() -> ExampleSpec {
    let source = Source::new("example", "- what: nothing\n  refused: { code: nothing }\n");
    examples::read(&source).ok().and_then(|mut examples| examples.pop()).expect("the constant text is a valid example")
}
