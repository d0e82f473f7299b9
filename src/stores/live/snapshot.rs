//! The live providers of a folder at one moment.

use crate::login::attempt::GOOD_FOR;
use crate::stores::catalogue::{self, ProviderFileReport, ProviderStatus};
use crate::stores::live::LiveProvider;
use crate::stores::next_version::{self, NextVersion, complaints_beside, with_complaints};
use crate::vocabulary::diagnostic::{Report, Severity};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The live providers of a folder at one moment.
#[derive(Debug, Default)]
pub struct LiveProvidersSnapshot {
    /// The providers whose files can be used, by the name of the file.
    pub(super) usable: HashMap<Box<str>, Arc<LiveProvider>>,
    /// Those of them that are live: of two files with one key only one is.
    pub(super) by_name: HashMap<Box<str>, Arc<LiveProvider>>,
    pub(super) buttons: Vec<Arc<LiveProvider>>,
    pub(super) retired: Vec<(Arc<LiveProvider>, i64)>,
    /// The report on each file by itself.
    pub(super) own_reports: BTreeMap<PathBuf, Arc<ProviderFileReport>>,
    /// The same, and which files have the key of another.
    pub(super) file_reports: BTreeMap<PathBuf, Arc<ProviderFileReport>>,
    /// The next versions of files, by the name of the file.
    pub(super) next_versions: BTreeMap<Box<str>, NextVersion>,
    /// The files that look like provider files and are not read.
    pub(crate) unread: Vec<Report>,
}

impl LiveProvidersSnapshot {
    /// The provider of this file name.
    pub fn provider(&self, name: &str) -> Option<&Arc<LiveProvider>> {
        self.by_name.get(name)
    }

    /// The provider under whose key an identity is kept.
    pub(crate) fn provider_by_key(&self, key: &str) -> Option<&Arc<LiveProvider>> {
        // Most keys are the name of a file.
        let named = self.by_name.get(key).filter(|live_provider| *live_provider.listed.key == *key);
        named.or_else(|| self.by_name.values().find(|live_provider| *live_provider.listed.key == *key))
    }

    /// All live providers.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<LiveProvider>> {
        self.by_name.values()
    }

    /// The version of a provider with which a login began, while the provider is live.
    pub(crate) fn provider_version(&self, name: &str, version: &str) -> Option<&Arc<LiveProvider>> {
        let current = self.by_name.get(name)?;
        if *current.version == *version {
            return Some(current);
        }
        if let Some(next) = self.next_version(name).and_then(|next| next.live_provider.as_ref()).filter(|next| *next.version == *version) {
            return Some(next);
        }
        self.retired
            .iter()
            .map(|(live_provider, _)| live_provider)
            .find(|live_provider| *live_provider.listed.name == *name && *live_provider.version == *version)
    }

    /// The next version of a provider's file, if there is one beside it.
    pub fn next_version(&self, name: &str) -> Option<&NextVersion> {
        self.next_versions.get(name)
    }

    /// The next versions of all files, by the name of the file.
    pub(crate) fn all_next_versions(&self) -> impl Iterator<Item = (&str, &NextVersion)> {
        self.next_versions.iter().map(|(name, next)| (&**name, next))
    }

    /// The report on a file of the folder: of a provider file, or of the next version of one.
    pub(crate) fn report_on(&self, path: &Path) -> Option<&Arc<ProviderFileReport>> {
        let next =
            || self.next_versions.values().map(|next| &next.file_report).find(|report| Path::new(&*report.report.source.name) == path);
        self.file_reports.get(path).or_else(next)
    }

    /// The paths of all files that were read.
    pub(super) fn paths(&self) -> impl Iterator<Item = PathBuf> {
        let next = self.next_versions.values().map(|next| PathBuf::from(&*next.file_report.report.source.name));
        self.file_reports.keys().cloned().chain(next)
    }

    /// The current version of a provider, then earlier versions with which logins may still be under way.
    pub(crate) fn provider_versions<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Arc<LiveProvider>> {
        let retired =
            self.retired.iter().map(|(live_provider, _)| live_provider).filter(move |live_provider| *live_provider.listed.name == *name);
        self.by_name.get(name).into_iter().chain(retired)
    }

    /// The providers with a button, in order.
    pub(crate) fn buttons(&self) -> &[Arc<LiveProvider>] {
        &self.buttons
    }

    pub(crate) fn file_reports(&self) -> &BTreeMap<PathBuf, Arc<ProviderFileReport>> {
        &self.file_reports
    }

    /// Removes a file. Logins that have begun with a next version end with it.
    pub(super) fn remove_file(&mut self, path: &Path, now: i64) {
        if next_version::is_next_version(path) {
            let name = next_version::present_path(path).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let gone = self.next_versions.remove(&*name).and_then(|next| next.live_provider);
            self.retired.extend(gone.map(|gone| (gone, now.saturating_add(GOOD_FOR))));
            return;
        }
        self.own_reports.remove(path);
        if let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) {
            self.usable.remove(name);
        }
    }

    /// Makes the usable providers live, except those whose key another one has.
    pub(super) fn settle_keys(&mut self) {
        self.by_name.clone_from(&self.usable);
        self.file_reports.clone_from(&self.own_reports);
        let providers = self.usable.values().map(|live_provider| &live_provider.listed);
        for (name, complaint) in catalogue::shared_keys(providers) {
            self.by_name.remove(&name);
            for (_, file_report) in self.file_reports.iter_mut().filter(|(path, _)| path.file_stem().is_some_and(|stem| stem == &*name)) {
                let mut own = ProviderFileReport::clone(file_report);
                own.report.complaints.push(complaint.clone());
                *file_report = Arc::new(ProviderFileReport {
                    status: ProviderStatus::Broken,
                    report: Report::new(own.report.source, own.report.complaints),
                    ..own
                });
            }
        }
    }

    /// Puts what is to be said of the next versions beside their files into their reports.
    pub(super) fn compare_next_versions(&mut self) {
        for (name, next) in &mut self.next_versions {
            let present = self.by_name.get(name);
            let complaints =
                next.live_provider.iter().flat_map(|next| complaints_beside(present.map(|live| &*live.provider), &next.provider));
            let mut own = ProviderFileReport::clone(&next.file_report);
            own.report.complaints.retain(|complaint| complaint.place.is_some() || complaint.severity == Severity::Error);
            own.report = with_complaints(own.report, complaints.collect());
            next.file_report = Arc::new(own);
        }
    }

    pub(super) fn collect_buttons(&mut self) {
        self.buttons = self.by_name.values().filter(|live_provider| !live_provider.listed.hidden).cloned().collect();
        self.buttons
            .sort_by(|a, b| (a.listed.order, &a.listed.title, &a.listed.name).cmp(&(b.listed.order, &b.listed.title, &b.listed.name)));
    }
}
