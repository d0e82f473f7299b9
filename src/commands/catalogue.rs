//! `portaria catalogue`: the provider files that the program holds: listed, found, shown, and put into the folder of the provider files.

use crate::commands::outcome::{Colours, CommandFailure, CommandOutcome, count_in_words, print_json, print_line};
use crate::commands::{GlobalOptions, new_provider_file};
use crate::provider::listing::{Country, Listing, ProviderKind};
use crate::stores::settings::Settings;
use crate::stores::{MAIN, Stores};
use crate::vocabulary::diagnostic::{did_you_mean, printable};
use crate::workbench::catalogue::gallery_page::GalleryPage;
use crate::workbench::catalogue::gallery_phrases::gallery_language;
use crate::workbench::catalogue::page_block::as_terminal_text;
use crate::workbench::catalogue::sheet::CatalogueSheet;
use crate::workbench::catalogue::summary::{CatalogueFilter, CatalogueSummary, catalogue_summaries, search};
use crate::world::files;
use clap::builder::TypedValueParser as _;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// The provider files that the program holds.
#[derive(Debug, Args)]
pub(crate) struct CatalogueCommand {
    #[command(subcommand)]
    what: CatalogueSubcommand,
}

#[derive(Debug, Subcommand)]
enum CatalogueSubcommand {
    /// List the files by kind
    #[command(after_help = "Example: portaria catalogue list
         portaria catalogue list --country BR")]
    List(ListArguments),
    /// Find files by the provider's name, its kind, a country or a host
    #[command(after_help = "Example: portaria catalogue search git
         portaria catalogue search brazil government")]
    Search {
        /// The words; a file fits all of them
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Show what a file needs, what it sends, what comes out, and how sure it is
    #[command(after_help = "Example: portaria catalogue show github")]
    Show {
        /// The name of the file
        name: String,
    },
    /// Put a file and its examples into the folder of the provider files, and say what to set
    #[command(after_help = "Example: portaria catalogue add github

For a second file of the same provider, such as another tenant, use `portaria new NAME --from github`.")]
    Add(AddArguments),
}

#[derive(Debug, Args)]
struct ListArguments {
    /// Only files of this kind
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(ProviderKind::WORDS).map(|word| ProviderKind::named(&word).expect("only these words are taken")))]
    kind: Option<ProviderKind>,
    /// Only files that are for people of this country: two letters, such as BR
    #[arg(long, value_name = "CODE", value_parser = country)]
    country: Option<Country>,
}

#[derive(Debug, Args)]
struct AddArguments {
    /// The name of the file
    name: String,
    /// Overwrite existing files
    #[arg(long)]
    force: bool,
}

/// The width of a terminal in which the pages fit.
const COLUMNS: usize = 80;

/// The country of a code, in small or capital letters.
fn country(code: &str) -> Result<Country, String> {
    Country::parse(&code.to_ascii_uppercase()).ok_or_else(|| "write the two letters of the country, such as BR".to_owned())
}

impl CatalogueCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        match &self.what {
            CatalogueSubcommand::List(arguments) => Ok(arguments.run(global.json)),
            CatalogueSubcommand::Search { words } => Ok(print_found(&words.join(" "), global.json)),
            CatalogueSubcommand::Show { name } => Ok(show(&find_sheet(name)?, global)),
            CatalogueSubcommand::Add(arguments) => arguments.run(global),
        }
    }
}

impl ListArguments {
    fn run(&self, json: bool) -> CommandOutcome {
        let filter = CatalogueFilter { kind: self.kind, country: self.country };
        let found: Vec<&CatalogueSummary> = catalogue_summaries().iter().filter(|summary| filter.fits(summary)).collect();
        if json {
            print_json(&Value::Array(found.iter().map(|summary| summary_as_json(summary)).collect()).to_string());
        } else {
            let colours = Colours::of_terminal();
            let mut text = String::new();
            for kind in ProviderKind::ALL.iter().copied() {
                let of_kind: Vec<&CatalogueSummary> = found.iter().copied().filter(|summary| summary.kind == kind).collect();
                if !of_kind.is_empty() {
                    let _ = writeln!(text, "{}", colours.heading(gallery_language("en").phrases.kind(kind)));
                    text.push_str(&lines(&of_kind, colours));
                    text.push('\n');
                }
            }
            print_line(&format!("{text}{}", self.last_line(found.len())));
        }
        if found.is_empty() { CommandOutcome::No } else { CommandOutcome::Fine }
    }
}

impl ListArguments {
    /// How many files there are, and what to do next.
    fn last_line(&self, found: usize) -> String {
        let in_words = |count: usize| count_in_words(u64::try_from(count).unwrap_or(u64::MAX), "file", "files");
        let of_kind = CatalogueFilter { kind: self.kind, country: None };
        let everywhere = catalogue_summaries().iter().filter(|summary| summary.countries.is_empty() && of_kind.fits(summary)).count();
        let others = self.country.map(|_| format!(", and {} for people of any country", in_words(everywhere))).unwrap_or_default();
        let next = if found == 0 { "" } else { "; `portaria catalogue show NAME` says what one needs" };
        format!("{}{others}{next}", in_words(found))
    }
}

/// A line for each file: its name, its title, its countries and its grade.
fn lines(summaries: &[&CatalogueSummary], colours: Colours) -> String {
    let widest = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text.chars().count()).max().unwrap_or_default();
    let names = widest(&mut catalogue_summaries().iter().map(|summary| summary.name));
    let titles = widest(&mut catalogue_summaries().iter().map(|summary| &*summary.title));
    let mut text = String::new();
    for summary in summaries {
        let countries: Vec<&str> = summary.countries.iter().map(Country::code).collect();
        let name = colours.word(&format!("{:<names$}", summary.name));
        let superseded = summary.superseded_by.as_ref().map(|name| format!("  superseded by {name}")).unwrap_or_default();
        let line = format!("  {name}  {:<titles$}  {}  {}{superseded}", summary.title, summary.grade.word(), countries.join(" "));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn print_found(words: &str, json: bool) -> CommandOutcome {
    let found = search(words);
    if json {
        print_json(&Value::Array(found.iter().map(|summary| summary_as_json(summary)).collect()).to_string());
    } else if found.is_empty() {
        let near = did_you_mean(words.trim(), catalogue_summaries().iter().map(|summary| summary.name));
        let near = near.map_or_else(String::new, |near| format!("\n  did you mean `{near}`?"));
        print_line(&format!(
            "no file fits `{}`{near}\n  a provider that is not listed is added with `portaria new NAME`, or from a recorded login with `portaria import`",
            printable(words)
        ));
    } else {
        print_line(lines(&found, Colours::of_terminal()).trim_end());
    }
    if found.is_empty() { CommandOutcome::No } else { CommandOutcome::Fine }
}

/// The file of this name, or what to write instead.
fn find_sheet(name: &str) -> Result<CatalogueSheet, CommandFailure> {
    CatalogueSheet::open(name).ok_or_else(|| {
        let help = match did_you_mean(name, catalogue_summaries().iter().map(|summary| summary.name)).filter(|_| !name.is_empty()) {
            Some(near) => format!("did you mean `{near}`? `portaria catalogue list` shows all files"),
            None => "`portaria catalogue list` shows all files; another provider is added with `portaria new`".to_owned(),
        };
        CommandFailure::Usage(format!("the catalogue has no file `{}`", printable(name)), help)
    })
}

fn show(sheet: &CatalogueSheet, global: &GlobalOptions) -> CommandOutcome {
    // A mistake in the settings hides no page.
    let settings = global.settings().unwrap_or_default();
    let page = GalleryPage { sheet, language: gallery_language("en"), public_url: &settings.public_url, in_use: None };
    if global.json {
        print_json(&sheet_as_json(&page).to_string());
        return CommandOutcome::Fine;
    }
    let colours = Colours::of_terminal();
    let title = colours.heading(&printable(&format!("{} ({})", sheet.provider.title, sheet.file.name)));
    print_line(&format!("{title}\n{}", as_terminal_text(&page.blocks(), COLUMNS, |text| colours.heading(text)).trim_end()));
    CommandOutcome::Fine
}

impl AddArguments {
    fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let sheet = find_sheet(&self.name)?;
        let settings = of_store_with_folder(global.settings()?);
        let path = new_provider_file::provider_path(&settings, sheet.file.name);
        let examples = path.with_extension("examples.yaml");
        let remedy = format!("overwrite it with `--force`, or begin a second file: `portaria new NAME --from {}`", self.name);
        new_provider_file::check_are_free(&[&path, &examples], self.force, &remedy)?;
        write_both(&sheet, &path, &examples)?;
        let page = GalleryPage { sheet: &sheet, language: gallery_language("en"), public_url: &settings.public_url, in_use: None };
        let next = new_provider_file::next_steps(&path, &settings)?;
        if let Some(successor) = &sheet.listing.superseded_by {
            eprintln!(
                "warning: `{}` is for applications that are registered already\n  help: for a new one, `portaria catalogue add {successor}`",
                sheet.file.name
            );
        }
        if global.json {
            let mut report = sheet_as_json(&page);
            report["file"] = path.display().to_string().into();
            report["examples"] = examples.display().to_string().into();
            print_json(&report.to_string());
            return Ok(CommandOutcome::Fine);
        }
        let set_up = as_terminal_text(&page.set_up_at_provider(), COLUMNS, str::to_owned);
        let (path, name) = (path.display(), sheet.file.name);
        print_line(&format!("{path} and its examples are written.\n\nAt the provider:\n{}\n\n{}", set_up.trim_end(), next.trim_end()));
        if sheet.provider.asks_for_email.is_some() && settings.spec.as_ref().is_none_or(|spec| spec.mail.is_none()) {
            print_line("  set `mail` in the settings: people without a proven address get a code by it");
        }
        print_line(&format!("Before anything is registered, `portaria serve --simulate {name}` shows how a login goes."));
        Ok(CommandOutcome::Fine)
    }
}

/// The settings with the address of the store that has the folder, if that is another one than the main store's.
fn of_store_with_folder(mut settings: Settings) -> Settings {
    let stores = Stores::new(&settings);
    let folder = Path::new(&settings.providers);
    if let Some(store) = stores.all().iter().find(|store| *store.name != *MAIN && store.providers == folder) {
        settings.public_url = store.public_url.to_string();
    }
    settings
}

/// Writes the examples and then the file, which goes live with that. If it cannot be written, new examples do not stay alone.
fn write_both(sheet: &CatalogueSheet, path: &Path, examples: &Path) -> Result<(), CommandFailure> {
    let write = |path: &Path, text: &str| {
        files::write(path, &new_provider_file::without_lost_schema(text, path)).map_err(|error| CommandFailure::file_error(path, &error))
    };
    let were_there = files::is_file(examples);
    write(examples, sheet.file.examples)?;
    write(path, sheet.file.text).inspect_err(|_| {
        if !were_there {
            let _ = files::remove(examples);
        }
    })
}

fn summary_as_json(summary: &CatalogueSummary) -> Value {
    let countries: Vec<&str> = summary.countries.iter().map(Country::code).collect();
    json!({
        "name": summary.name,
        "title": &*summary.title,
        "kind": summary.kind.word(),
        "countries": countries,
        "grade": summary.grade.word(),
        "confirmed": summary.confirmed.to_string(),
        "supersededBy": summary.superseded_by,
    })
}

fn sheet_as_json(page: &GalleryPage<'_>) -> Value {
    let sheet = page.sheet;
    let Listing { kind, countries, manual, register, notes, superseded_by, evidence, .. } = &sheet.listing;
    let needed = sheet.needed_values();
    json!({
        "name": sheet.file.name,
        "title": &*sheet.provider.title,
        "kind": kind.word(),
        "countries": countries.iter().map(|country| country.code().to_owned()).collect::<Vec<_>>(),
        "manual": &**manual,
        "register": register.as_deref(),
        "setUp": page.filled(&sheet.listing.set_up),
        "notes": notes.iter().map(|note| page.filled(note)).collect::<Vec<_>>(),
        "supersededBy": superseded_by,
        "redirectUri": page.redirect_address(),
        "variables": needed.iter().map(|value| json!({ "name": value.location, "fact": value.fact, "secret": value.is_secret })).collect::<Vec<_>>(),
        "scope": sheet.provider.scope.as_deref(),
        "identity": sheet.identity_sources().iter().map(|source| json!({ "fact": source.part, "from": source.from })).collect::<Vec<_>>(),
        "evidence": {
            "grade": evidence.grade.word(),
            "confirmed": evidence.confirmed.to_string(),
            "doubts": evidence.doubts.as_ref().map(|doubts| page.filled(doubts)),
            "witnesses": evidence.witnesses.iter().map(|witness| witness.word()).collect::<Vec<_>>(),
        },
    })
}
