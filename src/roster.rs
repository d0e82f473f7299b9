//! The providers of a folder as they serve right now. What changes on the disk is read again, and only that; a file that is
//! broken leaves its last good version in service; a login that is under way ends with the version it began with.

use crate::catalogue::{self, State};
use crate::diagnostic::Report;
use crate::examples;
use crate::login::attempt::{GOOD_FOR, Installation};
use crate::names::Slot;
use crate::provider::documents::Documents;
use crate::provider::reference::Reference;
use crate::provider::{Ground, Provider};
use crate::text::Text;
use crate::workbench::simulate::{Simulation, values};
use crate::world::files::{self, Stamp};
use crate::world::secrets;
use arc_swap::{ArcSwap, Guard};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Calls to one provider at the same time.
const AT_ONCE: usize = 20;
/// Logins that ask for the issuer's document at the same time; the others wait for what they get.
const ASKING: usize = 4;

/// A provider that serves.
pub struct Offer {
    /// The provider.
    pub provider: Provider,
    /// Which version of the file this is.
    pub version: Box<str>,
    /// How many logins may talk to it at once.
    pub gate: Arc<Semaphore>,
    /// How many may ask for the issuer's document at once.
    pub asking: Arc<Semaphore>,
    /// Who plays the provider, where it is not the real one.
    pub simulated: Option<Simulated>,
    values: Vec<(Slot, Text)>,
}

/// A provider that is played here: nothing is ever sent to the real one.
pub struct Simulated {
    /// Who plays it.
    pub simulation: Simulation,
    /// What it publishes, apart from what real issuers do.
    pub documents: Documents,
}

impl fmt::Debug for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offer").field("provider", &self.provider.name).field("version", &self.version).finish_non_exhaustive()
    }
}

impl Offer {
    /// What is set on this installation for the provider.
    pub fn installation(&self, public_url: &str) -> Installation {
        Installation { public_url: public_url.into(), values: self.values.clone() }
    }
}

/// What there is to know about one file.
#[derive(Clone, Debug)]
pub struct Standing {
    /// What its button says; nothing for a file that is broken.
    pub title: Option<Box<str>>,
    /// The word for its state.
    pub state: &'static str,
    /// What it waits for.
    pub missing: Vec<String>,
    /// Whether an older version serves because this one is broken.
    pub stale: bool,
    /// What there is to complain about.
    pub report: Report,
}

/// The providers at one moment.
#[derive(Debug, Default)]
pub struct Listing {
    offers: HashMap<Box<str>, Arc<Offer>>,
    buttons: Vec<Arc<Offer>>,
    retired: Vec<(Arc<Offer>, i64)>,
    standings: BTreeMap<PathBuf, Arc<Standing>>,
}

impl Listing {
    /// A provider by its file's name.
    pub fn offer(&self, name: &str) -> Option<&Arc<Offer>> {
        self.offers.get(name)
    }

    /// The version of a provider with which a login began, as long as the provider still serves.
    pub fn version(&self, name: &str, version: &str) -> Option<&Arc<Offer>> {
        let current = self.offers.get(name)?;
        if *current.version == *version {
            return Some(current);
        }
        self.retired.iter().map(|(offer, _)| offer).find(|offer| *offer.provider.name == *name && *offer.version == *version)
    }

    /// A provider and its earlier versions with which logins may still be under way, the present one first.
    pub fn versions<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Arc<Offer>> {
        let retired = self.retired.iter().map(|(offer, _)| offer).filter(move |offer| *offer.provider.name == *name);
        self.offers.get(name).into_iter().chain(retired)
    }

    /// The providers that have a button, in order.
    pub fn buttons(&self) -> &[Arc<Offer>] {
        &self.buttons
    }

    /// What there is to know about each file.
    pub fn standings(&self) -> &BTreeMap<PathBuf, Arc<Standing>> {
        &self.standings
    }
}

/// The providers of a folder.
#[derive(Debug)]
pub struct Roster {
    folder: PathBuf,
    ground: Ground,
    simulated: Vec<Box<str>>,
    listing: ArcSwap<Listing>,
    /// What was last seen of each file; held while the folder is looked over.
    seen: Mutex<HashMap<PathBuf, Seen>>,
}

#[derive(Debug)]
struct Seen {
    stamps: Vec<(PathBuf, Option<Stamp>)>,
}

impl Roster {
    /// Reads a folder; the providers of these names are played here.
    pub fn open(folder: &Path, ground: Ground, simulated: &[Box<str>], now: i64) -> Self {
        let simulated = simulated.to_vec();
        let roster = Self { folder: folder.to_owned(), ground, simulated, listing: ArcSwap::default(), seen: Mutex::default() };
        roster.look_again(now);
        roster
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What its files are compiled with.
    pub fn ground(&self) -> Ground {
        self.ground
    }

    /// The providers right now.
    pub fn now(&self) -> Guard<Arc<Listing>> {
        self.listing.load()
    }

    /// Looks the folder over and reads what has changed; answers with the files that have.
    pub fn look_again(&self, now: i64) -> Vec<PathBuf> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // A folder that cannot be listed for a moment keeps what it had.
        let paths = match catalogue::provider_files(&self.folder) {
            Ok(paths) => paths,
            // Without a folder there are no providers.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(_) => return Vec::new(),
        };
        let changed: Vec<PathBuf> = paths
            .iter()
            .filter(|path| seen.get(*path).is_none_or(|seen| seen.stamps.iter().any(|(path, stamp)| files::stamp(path) != *stamp)))
            .cloned()
            .collect();
        let before = self.listing.load();
        let gone: Vec<PathBuf> = before.standings.keys().filter(|path| paths.binary_search(path).is_err()).cloned().collect();
        if changed.is_empty() && gone.is_empty() {
            return changed;
        }
        // Stamped before they are read: what changes in between is read again.
        let stamps: Vec<Option<Stamp>> = changed.iter().map(|path| files::stamp(path)).collect();
        let mut offers = before.offers.clone();
        let mut standings = before.standings.clone();
        let mut retired: Vec<(Arc<Offer>, i64)> = before.retired.iter().filter(|(_, until)| *until > now).cloned().collect();
        for path in &gone {
            standings.remove(path);
            seen.remove(path);
            if let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) {
                offers.remove(name);
            }
        }
        for ((path, stamp), entry) in changed.iter().zip(stamps).zip(catalogue::load_all(&changed, self.ground)) {
            let name = entry.report.source.stem().to_owned();
            let mut stamps = vec![(path.clone(), stamp)];
            let is_simulated = self.simulated.iter().any(|simulated| **simulated == *name);
            if is_simulated {
                let examples = catalogue::examples_of(path);
                stamps.push((examples.clone(), files::stamp(&examples)));
            }
            stamps.extend(entry.state.provider().into_iter().flat_map(files_of).map(|path| (path.clone(), files::stamp(&path))));
            seen.insert(path.clone(), Seen { stamps });
            let (state, missing) = match &entry.state {
                State::Offered(_) | State::Dormant(..) if is_simulated => ("offered", Vec::new()),
                State::Dormant(_, missing) => ("dormant", missing.clone()),
                other => (other.word(), Vec::new()),
            };
            let title = entry.state.provider().map(|provider| provider.title.clone());
            let stale = matches!(entry.state, State::Broken) && offers.contains_key(name.as_str());
            let old = offers.get(name.as_str());
            let new = match entry.state {
                State::Offered(provider) | State::Dormant(provider, _) if is_simulated => Some(played(*provider, path, old)),
                State::Offered(provider) => Some(offer(*provider, old)),
                State::Off(_) | State::Dormant(..) => {
                    drop(offers.remove(name.as_str()));
                    None
                }
                State::Broken => None,
            };
            if let Some(old) = new.and_then(|new| offers.insert(name.into(), Arc::new(new))) {
                retired.push((old, now.saturating_add(GOOD_FOR)));
            }
            standings.insert(path.clone(), Arc::new(Standing { title, state, missing, stale, report: entry.report }));
        }
        let mut buttons: Vec<Arc<Offer>> = offers.values().filter(|offer| !offer.provider.hidden).cloned().collect();
        buttons.sort_by(|a, b| {
            (a.provider.order, &a.provider.title, &a.provider.name).cmp(&(b.provider.order, &b.provider.title, &b.provider.name))
        });
        self.listing.store(Arc::new(Listing { offers, buttons, retired, standings }));
        changed.into_iter().chain(gone).collect()
    }
}

/// The version of a file, from its text.
pub fn version(text: &str) -> Box<str> {
    URL_SAFE_NO_PAD.encode(&digest(&SHA256, text.as_bytes()).as_ref()[..12]).into()
}

fn offer(provider: Provider, old: Option<&Arc<Offer>>) -> Offer {
    let values = secrets::installation(&provider, "").values;
    let version = version(&provider.source.text);
    let gate = old.map_or_else(|| Arc::new(Semaphore::new(AT_ONCE)), |old| Arc::clone(&old.gate));
    let asking = old.map_or_else(|| Arc::new(Semaphore::new(ASKING)), |old| Arc::clone(&old.asking));
    Offer { provider, version, gate, asking, simulated: None, values }
}

/// A provider that is played here, with the stories beside its file; what is not set is made up.
fn played(provider: Provider, path: &Path, old: Option<&Arc<Offer>>) -> Offer {
    let mut offer = offer(provider, old);
    let read = files::source(&catalogue::examples_of(path)).ok().map(|source| examples::read(&source));
    let stories = match read {
        Some(Ok(stories)) => stories,
        Some(Err(report)) => {
            tracing::warn!(
                provider = &*offer.provider.name,
                "its examples cannot be read, so nothing can be chosen: {}",
                report.draw(false)
            );
            Vec::new()
        }
        None => Vec::new(),
    };
    let (values, _) = values(&offer.provider, &stories, std::mem::take(&mut offer.values));
    let simulation = Simulation::new(offer.provider.clone(), stories, values.clone());
    Offer { simulated: Some(Simulated { simulation, documents: Documents::default() }), values, ..offer }
}

/// The files in which a provider's secrets are kept.
fn files_of(provider: &Provider) -> impl Iterator<Item = PathBuf> {
    provider.needed.iter().filter_map(|needed| match &needed.reference {
        Reference::File(path) => Some(PathBuf::from(&**path)),
        Reference::Variable(_) | Reference::Literal(_) => None,
    })
}
