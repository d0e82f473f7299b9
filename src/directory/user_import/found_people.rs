//! What is there for the lines of a batch, and what each line does with it.

use crate::directory::user_import::{ImportOutcome, ImportRefusal, ImportedPerson};
use crate::vocabulary::hash::sha256;
use std::collections::{HashMap, HashSet};

/// A person who is there.
#[derive(Clone, Debug)]
pub(crate) struct AddressHolder {
    pub(crate) uid: Box<str>,
    pub(crate) verified: bool,
}

/// What is there, for the lines of a batch.
#[derive(Debug, Default)]
pub(crate) struct FoundPeople {
    pub(crate) by_address: HashMap<Box<str>, AddressHolder>,
    /// By provider and id.
    pub(crate) by_identity: HashMap<(Box<str>, Box<str>), Box<str>>,
    pub(crate) removed: HashSet<(Box<str>, Box<str>, Box<str>)>,
    /// By provider and id, what anyone has removed.
    pub(crate) removed_by_anyone: HashSet<(Box<str>, Box<str>)>,
    /// The holders of addresses, each with a provider at which they have an id.
    pub(crate) providers: HashSet<(Box<str>, Box<str>)>,
    /// Who has an identity of an entry already, by the entry: the other identities of it belong to that person or to no one.
    entry_owners: HashMap<Box<str>, Box<str>>,
}

/// A number in place of texts that say who a person is.
pub(crate) fn hash(parts: &[&str]) -> u64 {
    u64::from_be_bytes(sha256::<8>(parts.join("\0").as_bytes()))
}

impl FoundPeople {
    /// Names the people by hashes, as a plan does.
    pub(crate) fn hash_people(&mut self) {
        let hashed = |uid: &str| -> Box<str> { hash(&[uid]).to_string().into() };
        self.by_address.values_mut().for_each(|holder| holder.uid = hashed(&holder.uid));
        self.by_identity.values_mut().for_each(|uid| *uid = hashed(uid));
        self.removed = self.removed.drain().map(|(uid, provider, id)| (hashed(&uid), provider, id)).collect();
        self.providers = self.providers.drain().map(|(uid, provider)| (hashed(&uid), provider)).collect();
    }

    /// Notes who has an identity of each entry already, by the id of the entry.
    pub(crate) fn note_owners<'a>(&mut self, people: impl Iterator<Item = (Box<str>, &'a ImportedPerson)>) {
        for (entry, person) in people {
            let key = person.identity.as_ref().map(|identity| (Box::<str>::from(&*identity.provider), identity.id.clone()));
            if let Some(owner) = key.and_then(|key| self.by_identity.get(&key)) {
                self.entry_owners.entry(entry).or_insert_with(|| owner.clone());
            }
        }
    }

    /// Decides about a line, and counts with it from then on. The second is the person whom it is about.
    pub(crate) fn take_in(&mut self, person: &ImportedPerson) -> (ImportOutcome, Box<str>) {
        let holder = self.by_address.get(person.email.key());
        let key = person.identity.as_ref().map(|identity| (Box::<str>::from(&*identity.provider), identity.id.clone()));
        let owner = key.as_ref().and_then(|key| self.by_identity.get(key));
        let is_removed = match (holder, &key) {
            // The same entry has made the person, so who removed it may be known here by another address.
            (Some(holder), Some(key)) if holder.uid == person.uid => self.removed_by_anyone.contains(key),
            (Some(holder), Some((provider, id))) => self.removed.contains(&(holder.uid.clone(), provider.clone(), id.clone())),
            (None, Some(key)) => self.removed_by_anyone.contains(key),
            (Some(_) | None, None) => false,
        };
        let is_of_other_entry = self.entry_owners.get(&person.uid).is_some_and(|owner| holder.is_none_or(|holder| holder.uid != *owner));
        let has_other_id = match (holder, &key, owner) {
            (Some(holder), Some((provider, _)), None) => {
                holder.uid != person.uid && self.providers.contains(&(holder.uid.clone(), provider.clone()))
            }
            (Some(_) | None, _, _) => false,
        };
        let outcome = match decide(person, holder, owner.map(|uid| &**uid), is_removed) {
            ImportOutcome::Linked | ImportOutcome::NewPerson if is_of_other_entry => ImportOutcome::Refused(ImportRefusal::LinkedElsewhere),
            ImportOutcome::Linked if has_other_id => ImportOutcome::Refused(ImportRefusal::AddressReassigned),
            outcome => outcome,
        };
        let uid = match outcome {
            ImportOutcome::NewPerson => person.uid.clone(),
            ImportOutcome::Linked | ImportOutcome::Unchanged | ImportOutcome::Refused(_) => {
                holder.map_or_else(Box::default, |holder| holder.uid.clone())
            }
        };
        if matches!(outcome, ImportOutcome::NewPerson | ImportOutcome::Linked) {
            if outcome == ImportOutcome::NewPerson {
                let holder = AddressHolder { uid: uid.clone(), verified: person.verified };
                self.by_address.insert(person.email.key().into(), holder);
            }
            self.providers.extend(key.as_ref().map(|(provider, _)| (uid.clone(), provider.clone())));
            self.by_identity.extend(key.map(|key| (key, uid.clone())));
        }
        (outcome, uid)
    }
}

/// What a line does, by who has the address, to whom the identity is linked, and whether the holder has removed it.
fn decide(person: &ImportedPerson, holder: Option<&AddressHolder>, owner: Option<&str>, is_removed: bool) -> ImportOutcome {
    match (owner, holder, &person.identity) {
        // The identity says who the person is; the address may have changed since.
        (Some(owner), Some(holder), _) if *owner != *holder.uid => ImportOutcome::Refused(ImportRefusal::LinkedElsewhere),
        (Some(_), ..) | (None, Some(_), None) => ImportOutcome::Unchanged,
        (None, Some(_) | None, Some(_)) if is_removed => ImportOutcome::Refused(ImportRefusal::RemovedByPerson),
        // The same entry has made the person.
        (None, Some(holder), Some(_)) if holder.uid == person.uid => ImportOutcome::Linked,
        (None, Some(_), Some(_)) if !person.verified => ImportOutcome::Refused(ImportRefusal::AddressNotProven),
        (None, Some(holder), Some(_)) if !holder.verified => ImportOutcome::Refused(ImportRefusal::HolderNotProven),
        (None, Some(_), Some(_)) => ImportOutcome::Linked,
        (None, None, None) if !person.verified => ImportOutcome::Refused(ImportRefusal::NothingSignsIn),
        (None, None, _) => ImportOutcome::NewPerson,
    }
}
