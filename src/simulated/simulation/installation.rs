//! The values of the installation that a simulation expects: those that are set, and made-up ones for the rest.

use crate::provider::Provider;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Source;
use crate::vocabulary::text::Text;
use crate::workbench::examples;
use crate::workbench::examples::example::ExampleSpec;
use crate::workbench::examples::stand_ins::key_for;

/// A value that was made up because it is not set.
#[derive(Clone, Debug)]
pub struct InventedValue {
    /// Where it would be set: a variable's name, or a file.
    pub(crate) wanted: String,
    pub(crate) value: String,
}

/// All values that a provider waits for: those that are set, and for the rest what the stories say, a fresh key, or a visible stand-in.
pub fn installation_values(
    provider: &Provider,
    stories: &[ExampleSpec],
    set: Vec<(Slot, Text)>,
) -> (Vec<(Slot, Text)>, Vec<InventedValue>) {
    let mut values = set;
    let mut made = Vec::new();
    for needed in &provider.needed {
        if values.iter().any(|(slot, _)| *slot == needed.fact) {
            continue;
        }
        let name = provider.names.name(needed.fact);
        let given = stories.iter().flat_map(|story| &story.facts).flat_map(|facts| &facts.0).find(|(known, _)| *known.value == **name);
        let value = given
            .map(|(_, value)| value.value.clone())
            .or_else(|| key_for(provider, needed.fact))
            .unwrap_or_else(|| format!("simulated-{name}-for-{}", provider.name));
        made.push(InventedValue { wanted: needed.reference.location(), value: value.clone() });
        values.push((needed.fact, if needed.secret { Text::secret(value, name) } else { Text::plain(value) }));
    }
    (values, made)
}

/// A story in which nothing is said.
pub(super) fn empty_story() -> ExampleSpec {
    let source = Source::new("story", "- what: nothing\n  refused: { code: nothing }\n");
    examples::read(&source).ok().and_then(|mut stories| stories.pop()).expect("a story that is written here can be read")
}
