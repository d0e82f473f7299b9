//! `portaria check`: every problem in every file.

use crate::commands::GlobalOptions;
use crate::commands::greeting::ON_LOOPBACK_ALONE;
use crate::commands::outcome::{Colours, CommandFailure, CommandOutcome, print_line, uses_colour};
use crate::commands::progress::ProgressLine;
use crate::commands::redirect_paths::complain_about_taken_paths;
use crate::commands::{settings_complaints, token_agreement, upgrade_report};
use crate::provider::listing::{Evidence, Listing};
use crate::stores::Stores;
use crate::stores::catalogue::{self, CatalogueEntry, ProviderFileState, ProviderStatus};
use crate::stores::compiled_on_demand::ListedProvider;
use crate::stores::next_version::{complaints_beside, present_path, with_complaints};
use crate::stores::read_policy::ReadPolicy;
use crate::stores::settings::Settings;
use crate::vocabulary::diagnostic::{Complaint, Report, Severity, printable};
use crate::vocabulary::place::Source;
use crate::web::live_config::PLAYGROUND;
use crate::workbench::examples;
use crate::world::files;
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Show every complaint.
#[derive(Debug, Args)]
pub(crate) struct CheckCommand {
    /// Files or folders [default: the folder of the provider files]
    paths: Vec<PathBuf>,
    /// Print problems only, not the other files
    #[arg(long, short)]
    quiet: bool,
    /// List every file that waits for a variable, however many there are
    #[arg(long, conflicts_with = "quiet")]
    all: bool,
    /// Show instead the lines that are fine and mean something else than in an earlier version
    #[arg(long)]
    upgrade: bool,
}

/// How many files that wait for a variable are listed without being asked for.
const MOST_DORMANT: usize = 5;

/// How many files are loaded before the line that says how far the command is, is written again.
const FILES_AT_ONCE: usize = 256;

/// What kind of file was checked, and how it fares.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CheckedFileState {
    /// The settings, which can be used.
    Settings,
    Provider(ProviderStatus),
    /// The next version of a provider file, which can be used.
    NextVersion,
    /// The playground in the folder of stores with real users, which never offer it.
    OnLoopbackAlone,
}

impl CheckedFileState {
    fn word(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Provider(status) => status.word(),
            Self::NextVersion => "next",
            Self::OnLoopbackAlone => "onLoopbackAlone",
        }
    }
}

/// A file and its complaints.
struct CheckedFile {
    file: String,
    /// The title of a provider.
    title: String,
    state: CheckedFileState,
    missing: Vec<String>,
    /// What the file says for the catalogue.
    listing: Option<Box<Listing>>,
    report: Report,
}

impl CheckCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let mut lines = Vec::new();
        let settings = check_settings(global, &mut lines)?;
        let mut paths = Vec::new();
        let given = if self.paths.is_empty() { vec![PathBuf::from(&settings.providers)] } else { self.paths.clone() };
        let mut examples = Vec::new();
        for path in given {
            if files::is_folder(&path) {
                let all = files::yaml_files(&path).map_err(|error| CommandFailure::file_error(&path, &error))?;
                lines.extend(catalogue::unread_file_reports(&path, &all).into_iter().map(overlooked_file));
                examples.extend(all.iter().filter(|path| catalogue::is_examples_file(path)).cloned());
                paths.extend(all.into_iter().filter(|path| catalogue::is_read(path)));
            } else if catalogue::is_examples_file(&path) {
                examples.push(path);
            } else if files::is_file(&path) {
                paths.push(path);
            } else {
                return Err(CommandFailure::Usage(
                    format!("{}: there is no such file or folder", path.display()),
                    "give provider files, or the folder that holds them; `portaria catalogue add NAME` puts one of the catalogue there"
                        .to_owned(),
                ));
            }
        }
        if self.upgrade {
            return upgrade_report::print(&paths, global.json);
        }
        let mut entries = Vec::new();
        let mut progress = ProgressLine::new(global.json);
        for in_one_folder in paths.chunk_by(|one, other| one.parent() == other.parent()) {
            let policy = in_one_folder.first().map(|path| ReadPolicy::for_file(&settings, path)).unwrap_or_default();
            for part in in_one_folder.chunks(FILES_AT_ONCE) {
                progress.say(&format!("checking, {} of {} files", entries.len(), paths.len()));
                entries.extend(catalogue::load_all(part, settings.installation_context(), &policy));
            }
        }
        drop(progress);
        let (next_versions, mut entries): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.report.source.is_next_version());
        complain_about_shared_keys(&mut entries);
        complain_about_taken_paths(&mut entries);
        token_agreement::warn_without_apps(&mut entries, &settings);
        lines.extend(next_versions.into_iter().map(|next| checked_next_version(next, &settings)));
        let stores = Stores::new(&settings);
        for entry in entries {
            lines.push(checked_file(warn_without_mail(entry, &settings), &stores));
        }
        lines.extend(broken_examples(&examples)?);
        let broken = lines.iter().any(|line| line.report.is_broken());
        if global.json {
            print_line(&as_json(&lines).to_string());
        } else {
            self.print(&lines);
        }
        Ok(if broken { CommandOutcome::No } else { CommandOutcome::Fine })
    }

    fn print(&self, lines: &[CheckedFile]) {
        for line in lines {
            if !line.report.complaints.is_empty() {
                print_line(line.report.draw(uses_colour()).trim_end());
                print_line("");
            }
        }
        if !self.quiet {
            print_files(lines, self.all || !self.paths.is_empty());
        }
        let count = |status: ProviderStatus| lines.iter().filter(|line| line.state == CheckedFileState::Provider(status)).count();
        let complaints: usize = lines.iter().map(|line| line.report.complaints.len()).sum();
        print_line(&format!(
            "{} offered, {} dormant, {} broken; {complaints} complaint{}",
            count(ProviderStatus::Offered),
            count(ProviderStatus::Dormant),
            count(ProviderStatus::Broken),
            if complaints == 1 { "" } else { "s" }
        ));
    }
}

/// The files of examples that are broken.
fn broken_examples(paths: &[PathBuf]) -> Result<Vec<CheckedFile>, CommandFailure> {
    let mut broken = Vec::new();
    for path in paths {
        let source = files::read_source(path).map_err(|error| CommandFailure::file_error(path, &error))?;
        if let Err(report) = examples::read(&source) {
            let state = CheckedFileState::Provider(ProviderStatus::Broken);
            broken.push(CheckedFile {
                file: source.name.to_string(),
                title: String::new(),
                state,
                missing: Vec::new(),
                listing: None,
                report,
            });
        }
    }
    Ok(broken)
}

/// Prints the files that are offered, and then those that wait for a variable: a few in full, many in one line.
fn print_files(lines: &[CheckedFile], all: bool) {
    let colours = Colours::of_terminal();
    let in_state = |status| lines.iter().filter(move |line| line.state == CheckedFileState::Provider(status));
    let dormant = in_state(ProviderStatus::Dormant).count();
    let lists_dormant = all || dormant <= MOST_DORMANT;
    let next_versions = || lines.iter().filter(|line| line.state == CheckedFileState::NextVersion);
    let dormant_lines = || in_state(ProviderStatus::Dormant).filter(|_| lists_dormant);
    let on_loopback = || lines.iter().filter(|line| line.state == CheckedFileState::OnLoopbackAlone);
    let listed = || in_state(ProviderStatus::Offered).chain(next_versions()).chain(on_loopback()).chain(dormant_lines());
    let width = listed().map(|line| line.file.chars().count()).max().unwrap_or_default();
    for line in listed() {
        let file = format!("{:<width$}", line.file);
        let listing = line.listing.as_deref().filter(|_| all);
        let sure = listing.map_or_else(String::new, |listing| format!("  ({})", in_brackets(listing)));
        if line.state == CheckedFileState::NextVersion {
            print_line(&format!("{}     {file}  {}", colours.word("next"), line.title));
        } else if line.state == CheckedFileState::OnLoopbackAlone {
            print_line(&format!("{}   {file}  {ON_LOOPBACK_ALONE}", colours.word("aside")));
        } else if line.missing.is_empty() {
            print_line(&format!("{}  {file}  {}{sure}", colours.good("offered"), printable(&line.title)));
        } else {
            print_line(&format!("{}  {file}  waits for {}{sure}", colours.word("dormant"), line.missing.join(", ")));
        }
    }
    if !lists_dormant {
        print_line(&format!("{}  {dormant} files wait for variables; `portaria check --all` lists them", colours.word("dormant")));
    }
}

/// How sure a file is, and what takes its place.
fn in_brackets(listing: &Listing) -> String {
    let Evidence { grade, confirmed, .. } = &listing.evidence;
    let superseded = listing.superseded_by.as_ref().map(|name| format!(", superseded by {}", printable(name))).unwrap_or_default();
    format!("grade {}, confirmed {confirmed}{superseded}", grade.word())
}

fn check_settings(global: &GlobalOptions, lines: &mut Vec<CheckedFile>) -> Result<Settings, CommandFailure> {
    if let Some(path) = global.settings_file() {
        let source: Source = files::read_source(&path).map_err(|error| CommandFailure::file_error(&path, &error))?;
        let (settings, report) = settings_complaints::read(&source, global.providers.as_deref());
        let state = if settings.is_some() { CheckedFileState::Settings } else { CheckedFileState::Provider(ProviderStatus::Broken) };
        let is_readable = settings.is_some();
        lines.push(CheckedFile { file: source.name.to_string(), state, title: String::new(), missing: Vec::new(), listing: None, report });
        if !is_readable {
            let mut defaults = Settings::default();
            if let Some(folder) = &global.providers {
                defaults.providers = folder.display().to_string();
            }
            return Ok(defaults);
        }
    }
    global.settings()
}

/// Complains about files of one folder that have the same key. A file that waits for a variable counts as well.
fn complain_about_shared_keys(entries: &mut [CatalogueEntry]) {
    let folder = |entry: &CatalogueEntry| Path::new(&*entry.report.source.name).parent().map(Path::to_owned);
    let usable = |entry: &CatalogueEntry| matches!(entry.state, ProviderFileState::Offered(_) | ProviderFileState::Dormant(..));
    let folders: BTreeSet<Option<PathBuf>> = entries.iter().map(folder).collect();
    for one in folders {
        let providers = entries.iter().filter(|entry| usable(entry) && folder(entry) == one).filter_map(|entry| entry.state.provider());
        let listed: Vec<_> = providers.map(ListedProvider::from).collect();
        for (name, complaint) in catalogue::shared_keys(listed.iter()) {
            for entry in entries.iter_mut().filter(|entry| folder(entry) == one && entry.report.source.stem() == &*name) {
                entry.report.complaints.push(complaint.clone());
                entry.report = Report::new(entry.report.source.clone(), std::mem::take(&mut entry.report.complaints));
                entry.state = ProviderFileState::Broken;
            }
        }
    }
}

/// Warns of a file that asks shoppers for their address, while the settings hold no `mail`.
fn warn_without_mail(mut entry: CatalogueEntry, settings: &Settings) -> CatalogueEntry {
    let has_mail = settings.spec.as_ref().is_some_and(|spec| spec.mail.is_some());
    if let ProviderFileState::Offered(provider) = &entry.state
        && let Some(place) = provider.asks_for_email.filter(|_| !has_mail)
    {
        let message =
            "shoppers are asked for their address, but no mail can be sent to prove it, so shoppers without a proven address are refused"
                .to_owned();
        let help = "set `mail: { smtp: …, from: … }` in portaria.yaml".to_owned();
        entry.report.complaints.push(Complaint::new(Severity::Warning, Some(place), message, help));
    }
    entry
}

/// A file that is not read.
fn overlooked_file(report: Report) -> CheckedFile {
    let (file, state) = (report.source.name.to_string(), CheckedFileState::Provider(ProviderStatus::Overlooked));
    CheckedFile { file, state, title: String::new(), missing: Vec::new(), listing: None, report }
}

/// The next version of a file, with what is to be said of it beside the present one.
fn checked_next_version(next: CatalogueEntry, settings: &Settings) -> CheckedFile {
    let path = present_path(Path::new(&*next.report.source.name));
    let context = settings.installation_context();
    let present = files::is_file(&path).then(|| catalogue::load(&path, context, &ReadPolicy::for_file(settings, &path)));
    let complaints =
        next.state.provider().map(|provider| complaints_beside(present.as_ref().and_then(|one| one.state.provider()), provider));
    let of_what = format!("the next version of {}", path.display());
    let title = match next.state.provider().map(|provider| provider.rollout.share).filter(|share| !share.is_none()) {
        Some(share) => format!("{of_what}, for {share} of the new logins"),
        None => format!("{of_what}, which only reads along"),
    };
    let mut checked = checked_file(next, &Stores::new(settings));
    checked.report = with_complaints(checked.report, complaints.unwrap_or_default());
    if matches!(checked.state, CheckedFileState::Provider(ProviderStatus::Offered)) {
        (checked.state, checked.title) = (CheckedFileState::NextVersion, title);
    }
    checked
}

fn checked_file(entry: CatalogueEntry, stores: &Stores) -> CheckedFile {
    let is_offered = matches!(entry.state, ProviderFileState::Offered(_));
    let state = if is_offered && is_on_loopback_alone(Path::new(&*entry.report.source.name), stores) {
        CheckedFileState::OnLoopbackAlone
    } else {
        CheckedFileState::Provider(entry.state.status())
    };
    let listing = entry.state.provider().and_then(|provider| provider.listing.as_ref());
    let missing = if let ProviderFileState::Dormant(_, missing) = &entry.state { missing.clone() } else { Vec::new() };
    CheckedFile {
        file: entry.report.source.name.to_string(),
        title: entry.state.provider().map_or_else(String::new, |provider| provider.title.to_string()),
        state,
        missing,
        listing: listing.cloned(),
        report: entry.report,
    }
}

/// Whether a file is the playground, in a folder of which no store is on loopback.
fn is_on_loopback_alone(path: &Path, stores: &Stores) -> bool {
    let mut of_folder = stores.all().iter().filter(|store| Some(&*store.providers) == path.parent()).peekable();
    path.file_stem().is_some_and(|stem| stem == PLAYGROUND) && of_folder.peek().is_some() && of_folder.all(|store| !store.loopback)
}

fn as_json(lines: &[CheckedFile]) -> Value {
    let complaint_json = |source: &Source, complaint: &Complaint| {
        let place = complaint.place;
        json!({
            "severity": complaint.severity.word(),
            "line": place.map(|place| place.line),
            "column": place.map(|place| place.column),
            "endColumn": place.map(|place| source.end_column(place)),
            "message": complaint.message,
            "help": complaint.help,
        })
    };
    let files = lines.iter().map(|line| {
        json!({
            "file": line.file,
            "state": line.state.word(),
            "missing": line.missing,
            "evidence": line.listing.as_ref().map(|listing| {
                json!({ "grade": listing.evidence.grade.word(), "confirmed": listing.evidence.confirmed.to_string() })
            }),
            "supersededBy": line.listing.as_ref().and_then(|listing| listing.superseded_by.as_deref()),
            "complaints": line.report.complaints.iter().map(|complaint| complaint_json(&line.report.source, complaint)).collect::<Vec<_>>(),
        })
    });
    json!({ "files": files.collect::<Vec<_>>() })
}
