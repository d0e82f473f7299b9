//! `portaria schema`: writes the generated schemas and the reference, and in a checkout the broker's paths in the files of proxies and the
//! pages about the providers of the catalogue.

use crate::commands::outcome::{CommandFailure, CommandOutcome, print_line};
use crate::commands::proxy_files::{PROXY_FILES, TWO_BROKERS_FILE, for_two_brokers, routes_json};
use crate::workbench::catalogue::gallery::{FOLDERS, gallery_pages};
use crate::workbench::reference::generated_files;
use crate::world::files;
use clap::Args;
use std::path::{Path, PathBuf};

/// The proxies' files of a checkout.
const PROXIES: &str = "docker/proxies";

/// The source of the pages about providers, which only a checkout has: the pages of another folder are not touched.
const SOURCE_OF_PAGES: &str = "src/workbench/catalogue/gallery.rs";

/// Write the schemas.
#[derive(Debug, Args)]
pub(crate) struct SchemaCommand {
    /// The folder to write into
    #[arg(default_value = "schemas")]
    folder: PathBuf,
    /// Write nothing; exit with 1 if a file is out of date
    #[arg(long)]
    check: bool,
}

impl SchemaCommand {
    pub(crate) fn run(&self) -> Result<CommandOutcome, CommandFailure> {
        let mut stale = Vec::new();
        let schemas = generated_files().into_iter().map(|(name, text)| (self.folder.join(name), text));
        let gallery = gallery_files();
        for path in lost_pages(&gallery) {
            stale.push(path.display().to_string());
            if !self.check {
                files::remove(&path).map_err(|error| CommandFailure::file_error(&path, &error))?;
            }
        }
        for (path, text) in schemas.chain(proxy_files()?).chain(gallery) {
            if is_stale(&path, &text) {
                stale.push(path.display().to_string());
                if !self.check {
                    files::write(&path, &text).map_err(|error| CommandFailure::file_error(&path, &error))?;
                }
            }
        }
        match (self.check, stale.as_slice()) {
            (_, []) => print_line("schemas are up to date"),
            (true, stale) => {
                print_line(&format!("out of date: {}; run `cargo run -- schema`", stale.join(", ")));
                return Ok(CommandOutcome::No);
            }
            (false, written) => print_line(&format!("written: {}", written.join(", "))),
        }
        Ok(CommandOutcome::Fine)
    }
}

/// The proxies' files with the present paths, where this is a checkout.
fn proxy_files() -> Result<Vec<(PathBuf, String)>, CommandFailure> {
    let folder = Path::new(PROXIES);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut all = vec![(folder.join("routes.json"), routes_json())];
    for file in &PROXY_FILES {
        let path = folder.join(file.name);
        let source = files::read_source(&path).map_err(|error| CommandFailure::file_error(&path, &error))?;
        all.extend(file.with_present_paths(&source.text).map(|text| (path, text)));
    }
    let nginx = all.iter().find(|(path, _)| path.starts_with(folder.join("nginx"))).map(|(_, text)| for_two_brokers(text));
    all.extend(nginx.map(|text| (Path::new("docker").join(TWO_BROKERS_FILE), text)));
    Ok(all)
}

/// The pages about the providers, where this is a checkout.
fn gallery_files() -> Vec<(PathBuf, String)> {
    if !Path::new(SOURCE_OF_PAGES).is_file() {
        return Vec::new();
    }
    gallery_pages().into_iter().map(|(path, text)| (PathBuf::from(path), text)).collect()
}

/// The pages about providers that the catalogue has no more.
fn lost_pages(gallery: &[(PathBuf, String)]) -> Vec<PathBuf> {
    let folders = FOLDERS.iter().filter(|_| !gallery.is_empty());
    let pages = folders.flat_map(|(folder, _)| files::files_ending_in(Path::new(folder), ".md").unwrap_or_default());
    pages.filter(|page| !gallery.iter().any(|(path, _)| path == page)).collect()
}

fn is_stale(path: &Path, text: &str) -> bool {
    !files::read_bytes(path, text.len() + 1).is_ok_and(|bytes| bytes == text.as_bytes())
}
