//! The names of facts with their numbers, so that a login finds every fact by its number.

use std::sync::Arc;

/// The number of a fact within one provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub(crate) u16);

/// The names of one provider's facts.
#[derive(Clone, Debug, Default)]
pub struct FactNames {
    names: Vec<Arc<str>>,
    too_many: bool,
}

impl FactNames {
    /// How many facts a file may name at most, including those of the program itself.
    pub(crate) const MOST: usize = 540;

    /// The number of a name, given out at its first use; names beyond [`FactNames::MOST`] share the last number, and
    /// [`FactNames::is_over_limit`] lets the file be refused.
    pub(crate) fn intern(&mut self, name: &str) -> Slot {
        if let Some(slot) = self.find(name) {
            return slot;
        }
        if self.names.len() < Self::MOST {
            self.names.push(Arc::from(name));
        } else {
            self.too_many = true;
        }
        Slot(u16::try_from(self.names.len().saturating_sub(1)).unwrap_or(u16::MAX))
    }

    /// The number of a name that is in use.
    pub fn find(&self, name: &str) -> Option<Slot> {
        let at = self.names.iter().position(|known| &**known == name)?;
        u16::try_from(at).ok().map(Slot)
    }

    /// The name behind a number.
    pub fn name(&self, slot: Slot) -> &Arc<str> {
        self.names.get(usize::from(slot.0)).expect("a slot is a number that this list gave out")
    }
    /// Whether there were more names than numbers.
    pub(crate) fn is_over_limit(&self) -> bool {
        self.too_many
    }
    /// All names in the order of their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Slot, &Arc<str>)> {
        self.names.iter().enumerate().map(|(at, name)| (Slot(u16::try_from(at).unwrap_or(u16::MAX)), name))
    }
}
