//! Complaints about `redirectUri`: a path that a page of the broker or another file of the folder has already.

use crate::commands::broker::routes;
use crate::stores::catalogue::{CatalogueEntry, ProviderFileState};
use crate::vocabulary::diagnostic::{Complaint, Report, Severity};
use crate::vocabulary::place::Place;
use crate::web::route_table::has_path;
use std::path::{Path, PathBuf};

/// Breaks the files whose callback would never arrive.
pub(crate) fn complain_about_taken_paths(entries: &mut [CatalogueEntry]) {
    let rows = routes();
    let folder = |entry: &CatalogueEntry| Path::new(&*entry.report.source.name).parent().map(Path::to_owned);
    let all: Vec<Option<(Option<PathBuf>, String, Place)>> = entries
        .iter()
        .map(|entry| {
            let (path, place) = entry.state.provider()?.redirect_address.own_path()?;
            Some((folder(entry), path.to_owned(), place))
        })
        .collect();
    for (at, entry) in entries.iter_mut().enumerate() {
        let Some(Some((folder, path, place))) = all.get(at) else { continue };
        let is_shared = all.iter().enumerate().any(|(other, known)| {
            other != at && known.as_ref().is_some_and(|(other_folder, other_path, _)| other_folder == folder && other_path == path)
        });
        let message = if has_path(&rows, path) {
            format!("`{path}` is a path of the broker itself")
        } else if is_shared {
            format!("`{path}` leads to the callback of another file as well")
        } else {
            continue;
        };
        let help = "give each provider a path of its own, which the broker does not have: `/oauth/` and the name of the file".to_owned();
        entry.report.complaints.push(Complaint::new(Severity::Error, Some(*place), message, help));
        entry.report = Report::new(entry.report.source.clone(), std::mem::take(&mut entry.report.complaints));
        entry.state = ProviderFileState::Broken;
    }
}
