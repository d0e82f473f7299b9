//! What belongs to which store of an installation: variables that begin with its name, its provider files and the folders of its values.
//! The policies of all its folders share this, so that each of a thousand stores takes one entry and not a thousand.

use crate::provider::declared_values::variable_beginning;
use crate::provider::value_reference::FileId;
use crate::stores::other_files::ListedFiles;
use crate::stores::read_policy::{BrokerValues, judge_look_up, without_dots};
use crate::stores::read_refusal::ReadRefusalKind;
use crate::stores::settings::Settings;
use crate::stores::variable_pattern::VariablePattern;
use crate::stores::{MAIN, Store, Stores};
use crate::world::slow_disk::read_all_in_time;
use crate::world::{clock, files};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

/// The stores that use the same folder of provider files under the same settings. What one of them sends, a file could send from there
/// anyway.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct StoreGroup {
    pub(crate) stores: Vec<Box<str>>,
    /// The same, as variables begin with them.
    pub(crate) beginnings: Vec<String>,
    /// The variables that its files may read.
    pub(crate) variables: Vec<VariablePattern>,
    /// The folders whose files they may read.
    pub(crate) folders: Vec<Box<str>>,
    /// The number of the folder of its provider files.
    pub(crate) providers: usize,
}

impl StoreGroup {
    pub(crate) fn is_main(&self) -> bool {
        self.stores.iter().any(|store| **store == *MAIN)
    }
}

/// The stores of the settings, in groups.
#[derive(Debug)]
pub(crate) struct StoreBoundaries {
    pub(crate) broker: BrokerValues,
    groups: Vec<StoreGroup>,
    group_of: HashMap<Box<str>, usize>,
    /// The folders of provider files, each once.
    providers: Arc<[PathBuf]>,
    /// Which groups have a store with whose name variables begin.
    variables: HashMap<String, Vec<usize>>,
    /// Which groups may read a folder.
    folders: BTreeMap<PathBuf, Vec<usize>>,
    last: Mutex<Option<Arc<LookedUpFiles>>>,
}

/// They are equal if the settings say the same.
impl PartialEq for StoreBoundaries {
    fn eq(&self, other: &Self) -> bool {
        self.broker == other.broker && self.providers == other.providers && self.groups == other.groups
    }
}

/// What was found on the disk at one time: the provider files of all stores, and where their folders of values lie.
#[derive(Debug)]
pub(crate) struct LookedUpFiles {
    began: Instant,
    pub(crate) listed: ListedFiles,
    /// Looked up for the first file that names a file.
    places: OnceLock<RealPlaces>,
}

/// A folder, or what could not be found out about it.
pub(crate) type LookedUpFolder = Result<Option<PathBuf>, ReadRefusalKind>;

/// Where the folders of values and the files of the broker really lie.
#[derive(Debug)]
pub(crate) struct RealPlaces {
    /// By the folder as written.
    folders: HashMap<PathBuf, LookedUpFolder>,
    /// Which groups may read a folder, by its path without links.
    groups: HashMap<PathBuf, Vec<usize>>,
    /// The first folder of each of two groups about which nothing is known.
    unknown: Vec<(usize, ReadRefusalKind)>,
    /// In the order of the broker's files.
    pub(crate) broker: Vec<Result<Option<FileId>, ReadRefusalKind>>,
}

impl StoreBoundaries {
    pub(crate) fn new(settings: &Settings, stores: &Stores) -> Self {
        let (mut groups, mut group_of) = (Vec::<StoreGroup>::new(), HashMap::new());
        let (mut providers, mut number_of, mut by_settings) = (Vec::new(), HashMap::new(), HashMap::new());
        for store in stores.all() {
            let folder = *number_of.entry(&store.providers).or_insert_with(|| {
                providers.push(store.providers.clone());
                providers.len().saturating_sub(1)
            });
            let group = *by_settings.entry((folder, store.readable.shared_settings())).or_insert_with(|| {
                let variables = store.readable.variables().to_vec();
                groups.push(StoreGroup { stores: Vec::new(), beginnings: Vec::new(), variables, folders: Vec::new(), providers: folder });
                groups.len().saturating_sub(1)
            });
            if let Some(of_group) = groups.get_mut(group) {
                of_group.stores.push(store.name.clone());
                of_group.beginnings.push(variable_beginning(&store.name));
                of_group.folders.extend(store.readable.folders_of(&store.name));
            }
            group_of.insert(store.name.clone(), group);
        }
        let (mut variables, mut folders) = (HashMap::<String, Vec<usize>>::new(), BTreeMap::<PathBuf, Vec<usize>>::new());
        for (number, group) in groups.iter().enumerate() {
            group.beginnings.iter().for_each(|name| variables.entry(name.clone()).or_default().push(number));
            group.folders.iter().for_each(|folder| folders.entry(without_dots(Path::new(&**folder))).or_default().push(number));
        }
        let broker = BrokerValues::of(settings);
        Self { broker, groups, group_of, providers: providers.into(), variables, folders, last: Mutex::default() }
    }

    pub(crate) fn number_of_group(&self, store: &Store) -> usize {
        self.group_of.get(&store.name).copied().unwrap_or_default()
    }

    pub(crate) fn group(&self, number: usize) -> &StoreGroup {
        self.groups.get(number).expect("a policy is of a group")
    }

    /// The length of the longest store name with which a variable begins, of a group and of the others.
    pub(crate) fn longest_names(&self, group: usize, variable: &str) -> (Option<usize>, Option<usize>) {
        let longest = |is_meant: &dyn Fn(usize) -> bool| {
            let names = beginnings(variable).filter(|name| self.variables.get(*name).is_some_and(|owners| any(owners, is_meant)));
            names.map(str::len).max()
        };
        (longest(&|owner| owner == group), longest(&|owner| owner != group))
    }

    /// The deepest folder of a group, and of the others, below which a path is written.
    pub(crate) fn deepest_folders(&self, group: usize, path: &Path) -> (Option<&Path>, Option<&Path>) {
        let path = without_dots(path);
        let deepest = |is_meant: &dyn Fn(usize) -> bool| {
            let mut above = path.ancestors().skip(1).chain([Path::new("")]).filter(|folder| **folder != *path);
            let folder = above.find_map(|folder| self.folders.get_key_value(folder).filter(|(_, owners)| any(owners, is_meant)))?;
            Some(folder.0.as_path())
        };
        (deepest(&|owner| owner == group), deepest(&|owner| owner != group))
    }

    /// What lies on the disk, looked up since `asked`. A round over many folders of provider files looks once.
    pub(crate) fn look_up(&self, asked: Instant) -> Arc<LookedUpFiles> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = last.as_ref().filter(|last| last.began >= asked) {
            return Arc::clone(last);
        }
        let began = clock::instant();
        let found = Arc::new(LookedUpFiles { began, listed: ListedFiles::list(&self.providers), places: OnceLock::new() });
        *last = Some(Arc::clone(&found));
        found
    }

    fn find_places(&self) -> RealPlaces {
        let written: Vec<&PathBuf> = self.folders.keys().collect();
        let paths: Arc<[PathBuf]> = written.iter().map(|folder| self.broker.folder.join(folder)).collect();
        let found = paths.iter().zip(read_all_in_time(&paths, files::real_path)).map(|(path, read)| judge_look_up(path, read));
        let (mut folders, mut groups, mut unknown) = (HashMap::new(), HashMap::<PathBuf, Vec<usize>>::new(), Vec::<(usize, _)>::new());
        for (written, found) in written.into_iter().zip(found) {
            let owners = self.folders.get(written).into_iter().flatten();
            match &found {
                Ok(Some(real)) => groups.entry(real.clone()).or_default().extend(owners),
                Ok(None) => {}
                Err(why) => {
                    for owner in owners {
                        if unknown.len() < 2 && unknown.iter().all(|(known, _)| known != owner) {
                            unknown.push((*owner, why.clone()));
                        }
                    }
                }
            }
            folders.insert(written.clone(), found);
        }
        let own: Arc<[PathBuf]> = self.broker.files.as_slice().into();
        let broker = own.iter().zip(read_all_in_time(&own, files::file_id)).map(|(path, read)| judge_look_up(path, read)).collect();
        RealPlaces { folders, groups, unknown, broker }
    }
}

impl LookedUpFiles {
    pub(crate) fn places(&self, boundaries: &StoreBoundaries) -> &RealPlaces {
        self.places.get_or_init(|| boundaries.find_places())
    }
}

impl RealPlaces {
    /// Where a folder as written lies.
    pub(crate) fn real(&self, folder: &Path) -> LookedUpFolder {
        self.folders.get(folder).cloned().unwrap_or(Ok(None))
    }

    /// The deepest folder of other groups above a path without links.
    pub(crate) fn deepest_of_others<'p>(&self, group: usize, path: &'p Path) -> Result<Option<&'p Path>, ReadRefusalKind> {
        if let Some((_, why)) = self.unknown.iter().find(|(owner, _)| *owner != group) {
            return Err(why.clone());
        }
        Ok(path.ancestors().find(|folder| self.groups.get(*folder).is_some_and(|owners| any(owners, &|owner| owner != group))))
    }
}

fn any(owners: &[usize], is_meant: &dyn Fn(usize) -> bool) -> bool {
    owners.iter().any(|owner| is_meant(*owner))
}

/// The texts before each `_` of a variable: the names of stores and files to which it may belong.
pub(crate) fn beginnings(variable: &str) -> impl Iterator<Item = &str> {
    variable.match_indices('_').filter_map(|(at, _)| variable.get(..at))
}
