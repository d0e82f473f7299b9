//! `portaria users import`: people and linked identities from another system.

use crate::commands::outcome::{CommandFailure, CommandOutcome, count_in_words, print_json, print_line};
use crate::commands::storage;
use crate::commands::users::import_lines::{ImportLayout, ReadLine, layout_of, read};
use crate::commands::users::imported_person::LineReader;
use crate::directory::sql::Verb;
use crate::directory::user_import::{
    ImportOutcome, ImportPeople, ImportProgress, ImportedPerson, LINES, PlannedPeople, RecordImport, end_of_batch,
};
use crate::directory::{Directory, StorageLocation};
use crate::stores::Stores;
use crate::stores::settings::Settings;
use crate::vocabulary::diagnostic::printable;
use crate::world::{clock, files};
use clap::Args;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

/// How many lines are read at once.
const READ_AT_ONCE: usize = 500;

/// Import people.
#[derive(Debug, Args)]
pub(crate) struct ImportUsersArguments {
    /// The file: CSV with a head, one JSON object a line, or one JSON list; `-` for the standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write nothing, and say what would be done and why not
    #[arg(long)]
    dry_run: bool,
    /// Write nothing at all if a line is refused
    #[arg(long)]
    strict: bool,
    /// The most refused lines that are named
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    most: u64,
}

/// Where an import goes.
pub(crate) struct ImportTarget<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) stores: &'a Stores,
    /// The store of lines that name none.
    pub(crate) store: &'a str,
    pub(crate) place: &'a StorageLocation,
    pub(crate) directory: &'a Directory,
}

/// What came of the lines.
#[derive(Debug, Default)]
struct ImportReport {
    lines: u64,
    people: u64,
    linked: u64,
    unchanged: u64,
    refused: u64,
    /// The first refused lines, each with its reason.
    reasons: Vec<(u64, String)>,
    most: u64,
    /// The people and identities of each store.
    of_stores: BTreeMap<Box<str>, (u64, u64)>,
}

/// Lines of a store that wait for their transaction, each with its number.
type WaitingLines = BTreeMap<Box<str>, Vec<(u64, ImportedPerson)>>;

impl ImportUsersArguments {
    pub(crate) async fn run(&self, target: &ImportTarget<'_>, as_json: bool) -> Result<CommandOutcome, CommandFailure> {
        if self.strict && !self.dry_run && self.is_input() {
            let help = "import with `--dry-run` first, and then without `--strict`; or write the lines into a file";
            return Err(CommandFailure::Usage(
                "`--strict` reads twice, and the standard input can be read once".to_owned(),
                help.to_owned(),
            ));
        }
        if self.dry_run || self.strict {
            let mut report = ImportReport { most: self.most, ..ImportReport::default() };
            self.pass(target, Some(Arc::default()), &mut report).await?;
            if self.dry_run || report.refused > 0 {
                return Ok(report.print(as_json, true));
            }
        }
        let mut report = ImportReport { most: self.most, ..ImportReport::default() };
        let passed = self.pass(target, None, &mut report).await;
        let progress = if passed.is_ok() { ImportProgress::Done } else { ImportProgress::BrokenOff };
        for (store, (people, identities)) in report.of_stores.iter().filter(|(_, made)| **made != (0, 0)) {
            let (store, now) = (store.clone(), clock::now());
            let recorded = target.write(RecordImport { store, progress, people: *people, identities: *identities, now }).await;
            // Why it broke off says more than that the storage is away.
            if passed.is_ok() {
                recorded?;
            }
        }
        passed?;
        Ok(report.print(as_json, false))
    }

    /// Goes through the file once.
    async fn pass(
        &self,
        target: &ImportTarget<'_>,
        dry_run: Option<Arc<Mutex<PlannedPeople>>>,
        report: &mut ImportReport,
    ) -> Result<(), CommandFailure> {
        let mut file = BufReader::with_capacity(1 << 16, self.open().map_err(|error| self.unreadable(&error))?);
        let layout = layout_of(&mut file).map_err(|error| self.unreadable(&error))?;
        let (sender, mut lines) = mpsc::channel(4);
        let reading = tokio::task::spawn_blocking(move || send_lines(file, layout, &sender));
        let mut reader = LineReader::new(target.settings, target.stores, target.store);
        let mut waiting = WaitingLines::new();
        while let Some(some) = lines.recv().await {
            for (number, line) in some {
                report.lines += 1;
                match line.and_then(|fields| reader.people_of(&fields)) {
                    Err(why) => report.refuse(number, why),
                    Ok((store, people)) => {
                        let batch = waiting.entry(store.clone()).or_default();
                        batch.extend(people.into_iter().map(|person| (number, person)));
                        while batch.len() > LINES {
                            let full = batch.drain(..end_of_batch(batch, LINES, |(_, person)| &person.uid)).collect();
                            report.store(target, &store, full, dry_run.clone()).await?;
                        }
                    }
                }
            }
        }
        for (store, batch) in waiting {
            report.store(target, &store, batch, dry_run.clone()).await?;
        }
        report.reasons.sort();
        match reading.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => Err(self.broken(&why, report)),
            Err(_) => Err(self.broken("the reading was interrupted", report)),
        }
    }

    fn is_input(&self) -> bool {
        self.file.as_os_str() == "-"
    }

    fn open(&self) -> io::Result<Box<dyn io::Read + Send>> {
        Ok(if self.is_input() { Box::new(io::stdin()) } else { Box::new(files::open_to_read(&self.file)?) })
    }

    fn unreadable(&self, error: &std::io::Error) -> CommandFailure {
        CommandFailure::file_error(&self.file, error)
    }

    fn broken(&self, why: &str, report: &ImportReport) -> CommandFailure {
        let message = format!("{}: {}", self.file.display(), printable(why));
        let lines = count_in_words(report.lines, "line before it was read", "lines before it were read");
        CommandFailure::Environment(message, format!("{lines}; mend the file and import it again: what was imported stays as it is"))
    }
}

fn send_lines(file: impl BufRead, layout: ImportLayout, to: &mpsc::Sender<Vec<ReadLine>>) -> Result<(), String> {
    let mut some = Vec::with_capacity(READ_AT_ONCE);
    let read = read(file, layout, &mut |line| {
        some.push(line);
        some.len() < READ_AT_ONCE || to.blocking_send(std::mem::take(&mut some)).is_ok()
    });
    let _ = to.blocking_send(some);
    read
}

impl ImportTarget<'_> {
    async fn write<V: Verb>(&self, verb: V) -> Result<V::Answer, CommandFailure> {
        self.directory.write(verb).await.map_err(|_| storage::unavailable(self.place))
    }
}

impl ImportReport {
    fn refuse(&mut self, line: u64, why: String) {
        self.refused += 1;
        if (self.reasons.len() as u64) < self.most {
            self.reasons.push((line, why));
        }
    }

    async fn store(
        &mut self,
        target: &ImportTarget<'_>,
        store: &str,
        batch: Vec<(u64, ImportedPerson)>,
        dry_run: Option<Arc<Mutex<PlannedPeople>>>,
    ) -> Result<(), CommandFailure> {
        let is_dry = dry_run.is_some();
        let has_identity: Vec<bool> = batch.iter().map(|(_, person)| person.identity.is_some()).collect();
        let (numbers, people): (Vec<u64>, Vec<ImportedPerson>) = batch.into_iter().unzip();
        let is_first = self.of_stores.get(store).is_none_or(|made| *made == (0, 0));
        let verb = ImportPeople { store: store.into(), people, dry_run, is_first, now: clock::now() };
        let outcomes = if is_dry {
            target.directory.read(verb).await.map_err(|_| storage::unavailable(target.place))?
        } else {
            target.write(verb).await?
        };
        let counted = self.of_stores.entry(store.into()).or_default();
        let mut refused = Vec::new();
        for ((number, outcome), has_identity) in numbers.into_iter().zip(outcomes).zip(has_identity) {
            match outcome {
                ImportOutcome::NewPerson => {
                    self.people += 1;
                    counted.0 += 1;
                    counted.1 += u64::from(has_identity);
                }
                ImportOutcome::Linked => {
                    self.linked += 1;
                    counted.1 += 1;
                }
                ImportOutcome::Unchanged => self.unchanged += 1,
                ImportOutcome::Refused(why) => refused.push((number, why.to_string())),
            }
        }
        refused.into_iter().for_each(|(number, why)| self.refuse(number, why));
        Ok(())
    }

    fn print(&self, as_json: bool, is_dry: bool) -> CommandOutcome {
        let Self { lines, people, linked, unchanged, refused, reasons, .. } = self;
        if as_json {
            let reasons: Vec<_> = reasons.iter().map(|(line, reason)| json!({ "line": line, "reason": reason })).collect();
            let report = json!({
                "dryRun": is_dry, "lines": lines, "people": people, "linked": linked, "unchanged": unchanged, "refused": refused, "reasons": reasons,
            });
            print_json(&report.to_string());
        } else {
            reasons.iter().for_each(|(line, reason)| print_line(&format!("line {line}: {}", printable(reason))));
            let unnamed = refused.saturating_sub(reasons.len() as u64);
            if unnamed > 0 {
                print_line(&format!("{unnamed} more lines are refused: `--most` names more of them"));
            }
            let done = if is_dry { "would be" } else { "are" };
            let lines = count_in_words(*lines, "line", "lines");
            print_line(&format!(
                "{lines}: {people} new people {done} imported, {linked} identities {done} linked to people who are there, \
                 {unchanged} unchanged, {refused} refused"
            ));
        }
        if *refused == 0 { CommandOutcome::Fine } else { CommandOutcome::No }
    }
}
