//! People and linked identities from another system.
//!
//! The operator says who they are, so a line may make a person and link an identity. It never opens what a person has already by an address
//! that the line does not call proven, and never undoes what a person has done.

use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, record_event};
use crate::directory::sql::{SqlTransaction, SqlValue, StorageFault, Verb, with};
use crate::vocabulary::email::Email;
use crate::vocabulary::hash::sha256;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// How many lines one transaction holds at most.
pub(crate) const BATCH: usize = 200;

/// Why an identity is linked that was imported, as the identity stores it.
pub(crate) const IMPORTED: &str = "imported";

/// A person of a line.
#[derive(Clone, Debug)]
pub(crate) struct ImportedPerson {
    /// The id of the person, if the line makes one. An entry with several identities has one for all of them.
    pub(crate) uid: Box<str>,
    pub(crate) email: Email,
    /// Whether the operator says that the address is proven.
    pub(crate) verified: bool,
    pub(crate) name: Option<Box<str>>,
    pub(crate) picture: Option<Box<str>>,
    pub(crate) locale: Option<Box<str>>,
    pub(crate) identity: Option<ImportedIdentity>,
}

/// An identity that is to sign the person in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImportedIdentity {
    /// The key of the provider.
    pub(crate) provider: Arc<str>,
    /// The name of its file.
    pub(crate) file: Arc<str>,
    /// Where the file points.
    pub(crate) fingerprint: Arc<str>,
    pub(crate) id: Box<str>,
}

/// What a line did, or would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImportOutcome {
    /// The person is new, with the identity if there is one.
    NewPerson,
    /// The identity is linked to a person who was there.
    Linked,
    /// All of it was there.
    Unchanged,
    Refused(ImportRefusal),
}

/// Why a line is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImportRefusal {
    AddressNotProven,
    HolderNotProven,
    LinkedElsewhere,
    RemovedByPerson,
    AddressReassigned,
    NothingSignsIn,
}

impl fmt::Display for ImportRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AddressNotProven => {
                "a person has this address already, and the line does not say that it is proven, so nothing is linked"
            }
            Self::HolderNotProven => "a person has this address already without having proven it, so nothing is linked",
            Self::LinkedElsewhere => "this id at the provider is linked to a person with another address",
            Self::RemovedByPerson => "the person has removed this identity",
            Self::AddressReassigned => {
                "the person who has this address has another id at this provider, and an address may pass to another person"
            }
            Self::NothingSignsIn => "there is neither an identity nor a proven address, so nothing could sign the person in",
        })
    }
}

/// A person who is there.
#[derive(Clone, Debug)]
struct AddressHolder {
    uid: Box<str>,
    verified: bool,
}

/// What a dry run has found would be made, by hashes: a million lines are to fit in memory.
#[derive(Debug, Default)]
pub(crate) struct PlannedPeople {
    addresses: HashMap<u64, (u64, bool)>,
    identities: HashMap<u64, u64>,
}

/// Imports lines of a store, in one transaction. A line that was imported before changes nothing.
#[derive(Debug)]
pub(crate) struct ImportPeople {
    pub(crate) store: Box<str>,
    /// At most [`BATCH`].
    pub(crate) people: Vec<ImportedPerson>,
    /// What is planned, in a dry run, which writes nothing.
    pub(crate) dry_run: Option<Arc<Mutex<PlannedPeople>>>,
    pub(crate) now: i64,
}

/// What is there, for the lines of a batch.
#[derive(Debug, Default)]
struct FoundPeople {
    by_address: HashMap<Box<str>, AddressHolder>,
    /// By provider and id.
    by_identity: HashMap<(Box<str>, Box<str>), Box<str>>,
    removed: HashSet<(Box<str>, Box<str>, Box<str>)>,
    /// The holders of addresses, each with a provider at which they have an id.
    providers: HashSet<(Box<str>, Box<str>)>,
    /// Who has an identity of an entry already, by the entry: the other identities of it belong to that person or to no one.
    entry_owners: HashMap<Box<str>, Box<str>>,
}

impl Verb for ImportPeople {
    /// The outcome of each line.
    type Answer = Vec<ImportOutcome>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<ImportOutcome>, StorageFault> {
        let mut found = self.find(sql).await?;
        if let Some(planned) = &self.dry_run {
            return Ok(self.plan(&mut found, &mut planned.lock().unwrap_or_else(PoisonError::into_inner)));
        }
        found.note_owners(self.people.iter().map(|person| (person.uid.clone(), person)));
        let mut outcomes = Vec::with_capacity(self.people.len());
        for person in &self.people {
            let (outcome, uid) = found.take_in(person);
            match outcome {
                ImportOutcome::NewPerson => {
                    self.insert_person(sql, person).await?;
                    self.insert_identity(sql, person, &uid).await?;
                }
                ImportOutcome::Linked => self.insert_identity(sql, person, &uid).await?,
                ImportOutcome::Unchanged | ImportOutcome::Refused(_) => {}
            }
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }
}

/// A statement with a list of as many texts as a batch has, behind the values before it.
fn with_list(begin: &str, before: usize) -> String {
    let mut sql = begin.to_owned();
    for number in 1..=BATCH {
        let _ = write!(sql, "{}${}", if number == 1 { "(" } else { ", " }, before.saturating_add(number));
    }
    sql.push(')');
    sql
}

static BY_ADDRESS: LazyLock<String> =
    LazyLock::new(|| with_list("SELECT email, uid, email_verified FROM users WHERE store = $1 AND email IN ", 1));
static BY_IDENTITY: LazyLock<String> = LazyLock::new(|| {
    with_list("SELECT provider_id, uid FROM identities WHERE store = $1 AND provider = $2 AND fingerprint = $3 AND provider_id IN ", 3)
});
static PROVIDERS: LazyLock<String> = LazyLock::new(|| with_list("SELECT uid, provider FROM identities WHERE uid IN ", 0));
static REMOVED: LazyLock<String> = LazyLock::new(|| with_list("SELECT uid, provider, provider_id FROM detached WHERE uid IN ", 0));

/// Values, filled up with `NULL`, which is in no list.
fn filled<'a>(before: &[SqlValue<'a>], list: impl Iterator<Item = &'a str>) -> Vec<SqlValue<'a>> {
    let mut values = before.to_vec();
    values.extend(list.map(SqlValue::from));
    values.resize(before.len().saturating_add(BATCH), SqlValue::Text(None));
    values
}

impl ImportPeople {
    async fn find<S: SqlTransaction>(&self, sql: &mut S) -> Result<FoundPeople, StorageFault> {
        let mut found = FoundPeople::default();
        let addresses = filled(with![&self.store], self.people.iter().map(|person| person.email.key()));
        for row in sql.fetch(BY_ADDRESS.as_str(), &addresses).await? {
            found.by_address.insert(row.text(0)?.into(), AddressHolder { uid: row.text(1)?.into(), verified: row.flag(2)? });
        }
        let identities = || self.people.iter().filter_map(|person| person.identity.as_ref());
        let providers: HashSet<(&str, &str)> = identities().map(|identity| (&*identity.provider, &*identity.fingerprint)).collect();
        for (provider, fingerprint) in providers {
            let ids = identities().filter(|identity| *identity.provider == *provider).map(|identity| &*identity.id);
            for row in sql.fetch(BY_IDENTITY.as_str(), &filled(with![&self.store, provider, fingerprint], ids)).await? {
                found.by_identity.insert((provider.into(), row.text(0)?.into()), row.text(1)?.into());
            }
        }
        let holders: Vec<Box<str>> = found.by_address.values().map(|holder| holder.uid.clone()).collect();
        if !holders.is_empty() {
            for row in sql.fetch(REMOVED.as_str(), &filled(&[], holders.iter().map(|uid| &**uid))).await? {
                found.removed.insert((row.text(0)?.into(), row.text(1)?.into(), row.text(2)?.into()));
            }
            for row in sql.fetch(PROVIDERS.as_str(), &filled(&[], holders.iter().map(|uid| &**uid))).await? {
                found.providers.insert((row.text(0)?.into(), row.text(1)?.into()));
            }
        }
        Ok(found)
    }

    async fn insert_person<S: SqlTransaction>(&self, sql: &mut S, person: &ImportedPerson) -> Result<(), StorageFault> {
        let insert = "INSERT INTO users (uid, store, email, email_verified, name, picture, locale, first_seen, last_seen) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
        let ImportedPerson { uid, email, verified, name, picture, locale, .. } = person;
        let [name, picture, locale] = [name, picture, locale].map(|text| SqlValue::from(text.as_deref()));
        let values = [uid.into(), (&self.store).into(), email.key().into(), (*verified).into(), name, picture, locale, self.now.into()];
        sql.queue(insert, &values).await
    }

    async fn insert_identity<S: SqlTransaction>(&self, sql: &mut S, person: &ImportedPerson, uid: &str) -> Result<(), StorageFault> {
        let Some(ImportedIdentity { provider, file, fingerprint, id }) = &person.identity else { return Ok(()) };
        // What proves the address is not known to come from this provider, so the identity names none until a login does.
        let insert = "INSERT INTO identities (store, provider, provider_id, uid, linked, because, fingerprint, file) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        sql.queue(insert, with![&self.store, &**provider, id, uid, self.now, IMPORTED, &**fingerprint, &**file]).await
    }

    /// The outcomes of a dry run, which knows what earlier batches would have made.
    fn plan(&self, found: &mut FoundPeople, planned: &mut PlannedPeople) -> Vec<ImportOutcome> {
        found.hash_people();
        let identity_of = |person: &'_ ImportedPerson| person.identity.as_ref().map(|one| hash(&[&self.store, &one.provider, &one.id]));
        let address_of = |person: &ImportedPerson| hash(&[&self.store, person.email.key()]);
        for person in &self.people {
            if let Some((uid, verified)) = planned.addresses.get(&address_of(person)) {
                let holder = AddressHolder { uid: uid.to_string().into(), verified: *verified };
                found.by_address.entry(person.email.key().into()).or_insert(holder);
            }
            if let Some(one) = &person.identity
                && let Some(uid) = identity_of(person).and_then(|hashed| planned.identities.get(&hashed))
            {
                found.providers.insert((uid.to_string().into(), (&*one.provider).into()));
                found.by_identity.entry(((&*one.provider).into(), one.id.clone())).or_insert_with(|| uid.to_string().into());
            }
        }
        found.note_owners(self.people.iter().map(|person| (hash(&[&person.uid]).to_string().into(), person)));
        let mut outcomes = Vec::with_capacity(self.people.len());
        for person in &self.people {
            let (address, identity) = (address_of(person), identity_of(person));
            let (outcome, uid) = found.take_in(&ImportedPerson { uid: hash(&[&person.uid]).to_string().into(), ..person.clone() });
            let uid = uid.parse().unwrap_or_default();
            match outcome {
                ImportOutcome::NewPerson => {
                    planned.addresses.insert(address, (uid, person.verified));
                    planned.identities.extend(identity.map(|hashed| (hashed, uid)));
                }
                ImportOutcome::Linked => planned.identities.extend(identity.map(|hashed| (hashed, uid))),
                ImportOutcome::Unchanged | ImportOutcome::Refused(_) => {}
            }
            outcomes.push(outcome);
        }
        outcomes
    }
}

fn hash(parts: &[&str]) -> u64 {
    u64::from_be_bytes(sha256::<8>(parts.join("\0").as_bytes()))
}

impl FoundPeople {
    /// Names the people by hashes, as a plan does.
    fn hash_people(&mut self) {
        let hashed = |uid: &str| -> Box<str> { hash(&[uid]).to_string().into() };
        self.by_address.values_mut().for_each(|holder| holder.uid = hashed(&holder.uid));
        self.by_identity.values_mut().for_each(|uid| *uid = hashed(uid));
        self.removed = self.removed.drain().map(|(uid, provider, id)| (hashed(&uid), provider, id)).collect();
        self.providers = self.providers.drain().map(|(uid, provider)| (hashed(&uid), provider)).collect();
    }

    /// Notes who has an identity of each entry already, by the id of the entry.
    fn note_owners<'a>(&mut self, people: impl Iterator<Item = (Box<str>, &'a ImportedPerson)>) {
        for (entry, person) in people {
            let key = person.identity.as_ref().map(|identity| (Box::<str>::from(&*identity.provider), identity.id.clone()));
            if let Some(owner) = key.and_then(|key| self.by_identity.get(&key)) {
                self.entry_owners.entry(entry).or_insert_with(|| owner.clone());
            }
        }
    }

    /// Decides about a line, and counts with it from then on. The second is the person whom it is about.
    fn take_in(&mut self, person: &ImportedPerson) -> (ImportOutcome, Box<str>) {
        let holder = self.by_address.get(person.email.key());
        let key = person.identity.as_ref().map(|identity| (Box::<str>::from(&*identity.provider), identity.id.clone()));
        let owner = key.as_ref().and_then(|key| self.by_identity.get(key));
        let is_removed = match (holder, &key) {
            (Some(holder), Some((provider, id))) => self.removed.contains(&(holder.uid.clone(), provider.clone(), id.clone())),
            (Some(_) | None, _) => false,
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
        (None, Some(_), Some(_)) if is_removed => ImportOutcome::Refused(ImportRefusal::RemovedByPerson),
        // The same entry has made the person.
        (None, Some(holder), Some(_)) if holder.uid == person.uid => ImportOutcome::Linked,
        (None, Some(_), Some(_)) if !person.verified => ImportOutcome::Refused(ImportRefusal::AddressNotProven),
        (None, Some(holder), Some(_)) if !holder.verified => ImportOutcome::Refused(ImportRefusal::HolderNotProven),
        (None, Some(_), Some(_)) => ImportOutcome::Linked,
        (None, None, None) if !person.verified => ImportOutcome::Refused(ImportRefusal::NothingSignsIn),
        (None, None, _) => ImportOutcome::NewPerson,
    }
}

/// Records an import.
#[derive(Debug)]
pub(crate) struct RecordImport {
    pub(crate) store: Box<str>,
    pub(crate) people: u64,
    pub(crate) identities: u64,
    pub(crate) now: i64,
}

impl Verb for RecordImport {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let event = AuditEvent::new(self.now, &self.store, AuditEventKind::Imported).with_reason(AuditActor::Support.word());
        let evidence = format!("{} {}", self.people, self.identities);
        record_event(sql, &AuditEvent { evidence: Some(evidence.into()), ..event }).await
    }
}

#[cfg(test)]
mod tests;
