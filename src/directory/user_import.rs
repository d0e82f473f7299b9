//! People and linked identities from another system.
//!
//! The operator says who they are, so a line may make a person and link an identity. It never opens what a person has already by an address
//! that the line does not call proven, and never undoes what a person has done.

mod found_people; // what is there, and what a line does with it

use crate::directory::audit::{AuditActor, AuditEvent, AuditEventKind, record_event};
use crate::directory::sql::{SqlTransaction, SqlValue, StorageFault, Verb, with};
use crate::directory::user_import::found_people::{AddressHolder, FoundPeople, hash};
use crate::vocabulary::email::Email;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// How many lines one transaction holds at most. They reach pages all over the tables, and each page is written once for all of them.
pub(crate) const LINES: usize = 4000;
/// How many lines are looked up at once.
const BATCH: usize = 500;
/// How many rows one statement inserts at most.
const ROWS: usize = 100;

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
    /// At most [`LINES`].
    pub(crate) people: Vec<ImportedPerson>,
    /// What is planned, in a dry run, which writes nothing.
    pub(crate) dry_run: Option<Arc<Mutex<PlannedPeople>>>,
    /// Whether the import has stored nothing before. Then what it stores is recorded with it, so that an import that is killed has left a line.
    pub(crate) is_first: bool,
    pub(crate) now: i64,
}

impl Verb for ImportPeople {
    /// The outcome of each line.
    type Answer = Vec<ImportOutcome>;

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<Vec<ImportOutcome>, StorageFault> {
        let (mut outcomes, mut rest, mut is_first) = (Vec::with_capacity(self.people.len()), &*self.people, self.is_first);
        while !rest.is_empty() {
            let (batch, behind) = rest.split_at(end_of_batch(rest, BATCH, |person| &person.uid));
            let of_batch = self.import(batch, is_first, sql).await?;
            is_first = is_first && of_batch.iter().all(|outcome| !matches!(outcome, ImportOutcome::NewPerson | ImportOutcome::Linked));
            outcomes.extend(of_batch);
            rest = behind;
        }
        Ok(outcomes)
    }
}

/// Where the first batch ends: the identities of one entry stay together, because they are judged together.
pub(crate) fn end_of_batch<T>(lines: &[T], most: usize, entry: impl Fn(&T) -> &str) -> usize {
    let is_inside = |end: usize| match (lines.get(end.saturating_sub(1)), lines.get(end)) {
        (Some(before), Some(behind)) => entry(before) == entry(behind),
        (Some(_) | None, _) => false,
    };
    let most = most.min(lines.len());
    (1..=most).rev().find(|end| !is_inside(*end)).unwrap_or(most)
}

impl ImportPeople {
    /// Imports a batch.
    async fn import<S: SqlTransaction>(
        &self,
        batch: &[ImportedPerson],
        is_first: bool,
        sql: &mut S,
    ) -> Result<Vec<ImportOutcome>, StorageFault> {
        let mut found = self.find(batch, sql).await?;
        if let Some(planned) = &self.dry_run {
            return Ok(self.plan(batch, &mut found, &mut planned.lock().unwrap_or_else(PoisonError::into_inner)));
        }
        found.note_owners(batch.iter().map(|person| (person.uid.clone(), person)));
        let decided: Vec<(ImportOutcome, Box<str>)> = batch.iter().map(|person| found.take_in(person)).collect();
        let (mut people, mut identities, mut linked) = (Vec::new(), Vec::new(), Vec::new());
        for (person, (outcome, uid)) in batch.iter().zip(&decided) {
            match outcome {
                ImportOutcome::NewPerson => {
                    people.push(self.values_of_person(person));
                    identities.extend(self.values_of_identity(person, uid));
                }
                ImportOutcome::Linked => {
                    identities.extend(self.values_of_identity(person, uid));
                    // A person whom the same entry has made is new, and has no history before.
                    linked.extend(person.identity.as_ref().filter(|_| *uid != person.uid).map(|identity| (uid, identity)));
                }
                ImportOutcome::Unchanged | ImportOutcome::Refused(_) => {}
            }
        }
        let is_begun = is_first && !(people.is_empty() && identities.is_empty());
        if is_begun {
            RecordImport { store: self.store.clone(), progress: ImportProgress::Begun, people: 0, identities: 0, now: self.now }
                .execute(sql)
                .await?;
        }
        insert_rows(sql, &INSERT_PEOPLE, &people).await?;
        insert_rows(sql, &INSERT_IDENTITIES, &identities).await?;
        if is_begun {
            sql.analyze_user_tables().await?;
        }
        for (uid, identity) in linked {
            let event = AuditEvent::new(self.now, &self.store, AuditEventKind::Linked).for_user(uid).of_identity(&identity.id);
            record_event(sql, &event.via_provider(&identity.file).with_reason(IMPORTED)).await?;
        }
        Ok(decided.into_iter().map(|(outcome, _)| outcome).collect())
    }
}

/// The values of a row: of a person, and of an identity.
type RowValues<'a> = [SqlValue<'a>; 8];

/// A statement that inserts as many rows as one does at most. Rows whose first value is `NULL` are none.
fn insert_statement(begin: &str, behind: &str) -> String {
    let mut sql = begin.to_owned();
    let mut number: usize = 0;
    for row in 0..ROWS {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..8 {
            number = number.saturating_add(1);
            let _ = write!(sql, "{}${number}", if column == 0 { "" } else { ", " });
        }
        sql.push(')');
    }
    sql.push_str(behind);
    sql
}

static INSERT_PEOPLE: LazyLock<String> = LazyLock::new(|| {
    insert_statement(
        "INSERT INTO users (uid, store, email, email_verified, name, picture, locale, first_seen, last_seen) \
         SELECT column1, column2, column3, column4, column5, column6, column7, column8, column8 FROM (VALUES ",
        ") AS rows WHERE column1 IS NOT NULL",
    )
});
// What proves the address is not known to come from this provider, so the identity names none until a login does.
static INSERT_IDENTITIES: LazyLock<String> = LazyLock::new(|| {
    insert_statement(
        "INSERT INTO identities (store, provider, provider_id, uid, linked, because, fingerprint, file) \
         SELECT column1, column2, column3, column4, column5, column6, column7, column8 FROM (VALUES ",
        ") AS rows WHERE column1 IS NOT NULL",
    )
});

async fn insert_rows<S: SqlTransaction>(
    sql: &mut S,
    insert: &'static LazyLock<String>,
    rows: &[RowValues<'_>],
) -> Result<(), StorageFault> {
    for rows in rows.chunks(ROWS) {
        let mut values = rows.concat();
        let Some(first) = rows.first() else { continue };
        // Each column keeps its type in a row that is none.
        let none = first.map(|value| match value {
            SqlValue::Text(_) => SqlValue::Text(None),
            SqlValue::Number(_) => SqlValue::Number(0),
        });
        for _ in rows.len()..ROWS {
            values.extend(none);
        }
        sql.queue(insert.as_str(), &values).await?;
    }
    Ok(())
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
static REMOVED_BY_ANYONE: LazyLock<String> = LazyLock::new(|| {
    with_list(
        "SELECT d.provider_id FROM detached d JOIN users u ON u.uid = d.uid WHERE u.store = $1 AND d.provider = $2 AND d.provider_id IN ",
        2,
    )
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
    async fn find<S: SqlTransaction>(&self, batch: &[ImportedPerson], sql: &mut S) -> Result<FoundPeople, StorageFault> {
        let mut found = FoundPeople::default();
        let addresses = filled(with![&self.store], batch.iter().map(|person| person.email.key()));
        for row in sql.fetch(BY_ADDRESS.as_str(), &addresses).await? {
            found.by_address.insert(row.text(0)?.into(), AddressHolder { uid: row.text(1)?.into(), verified: row.flag(2)? });
        }
        let identities = || batch.iter().filter_map(|person| person.identity.as_ref());
        let providers: HashSet<(&str, &str)> = identities().map(|identity| (&*identity.provider, &*identity.fingerprint)).collect();
        for (provider, fingerprint) in providers {
            let ids = identities().filter(|identity| *identity.provider == *provider).map(|identity| &*identity.id);
            for row in sql.fetch(BY_IDENTITY.as_str(), &filled(with![&self.store, provider, fingerprint], ids.clone())).await? {
                found.by_identity.insert((provider.into(), row.text(0)?.into()), row.text(1)?.into());
            }
            for row in sql.fetch(REMOVED_BY_ANYONE.as_str(), &filled(with![&self.store, provider], ids)).await? {
                found.removed_by_anyone.insert((provider.into(), row.text(0)?.into()));
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

    fn values_of_person<'a>(&'a self, person: &'a ImportedPerson) -> RowValues<'a> {
        let ImportedPerson { uid, email, verified, name, picture, locale, .. } = person;
        let [name, picture, locale] = [name, picture, locale].map(|text| SqlValue::from(text.as_deref()));
        [uid.into(), (&self.store).into(), email.key().into(), (*verified).into(), name, picture, locale, self.now.into()]
    }

    fn values_of_identity<'a>(&'a self, person: &'a ImportedPerson, uid: &'a str) -> Option<RowValues<'a>> {
        let ImportedIdentity { provider, file, fingerprint, id } = person.identity.as_ref()?;
        let [provider, file, fingerprint] = [provider, file, fingerprint].map(|text| SqlValue::from(&**text));
        Some([(&self.store).into(), provider, id.into(), uid.into(), self.now.into(), IMPORTED.into(), fingerprint, file])
    }

    /// The outcomes of a dry run, which knows what earlier batches would have made.
    fn plan(&self, batch: &[ImportedPerson], found: &mut FoundPeople, planned: &mut PlannedPeople) -> Vec<ImportOutcome> {
        found.hash_people();
        let identity_of = |person: &'_ ImportedPerson| person.identity.as_ref().map(|one| hash(&[&self.store, &one.provider, &one.id]));
        let address_of = |person: &ImportedPerson| hash(&[&self.store, person.email.key()]);
        for person in batch {
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
        found.note_owners(batch.iter().map(|person| (hash(&[&person.uid]).to_string().into(), person)));
        let mut outcomes = Vec::with_capacity(batch.len());
        for person in batch {
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

/// How far an import has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImportProgress {
    /// The first people are stored.
    Begun,
    /// All lines were read.
    Done,
    /// It broke off, and what was stored stays.
    BrokenOff,
}

/// What stands behind the numbers of an import that broke off.
pub(crate) const BROKEN_OFF: &str = "brokenOff";

/// Records an import.
#[derive(Debug)]
pub(crate) struct RecordImport {
    pub(crate) store: Box<str>,
    pub(crate) progress: ImportProgress,
    pub(crate) people: u64,
    pub(crate) identities: u64,
    pub(crate) now: i64,
}

impl Verb for RecordImport {
    type Answer = ();

    async fn execute<S: SqlTransaction>(&self, sql: &mut S) -> Result<(), StorageFault> {
        let event = AuditEvent::new(self.now, &self.store, AuditEventKind::Imported).with_reason(AuditActor::Support.word());
        let evidence = match self.progress {
            ImportProgress::Begun => None,
            ImportProgress::Done => Some(format!("{} {}", self.people, self.identities)),
            ImportProgress::BrokenOff => Some(format!("{} {} {BROKEN_OFF}", self.people, self.identities)),
        };
        record_event(sql, &AuditEvent { evidence: evidence.map(Into::into), ..event }).await
    }
}

#[cfg(test)]
mod tests;
