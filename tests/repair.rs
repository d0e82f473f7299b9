//! How often the first proposal mends a file: every path of the catalogue is damaged in turn, by rule, and every answer
//! changed; and how often the cause of a provider's no is named first.

mod answers;
mod damage;
mod dialects;
mod hostile;
mod judge;
mod odd_answers;
mod quiet;
mod refusals;
mod request_damages;
mod requests;
mod strangers;
mod tokens;
mod tree;
mod two_logins;

use crate::support::{STRICT, catalogue, on_threads, root, text};
use portaria::provider::identity::Identity;
use portaria::provider::{InstallationContext, Provider, compile};
use portaria::stores::catalogue::{ProviderFileState, examples_path, load};
use portaria::stores::read_policy::ReadPolicy;
use portaria::story::proposal::Proposal;
use portaria::vocabulary::place::Source;
use portaria::workbench::examples;
use portaria::workbench::examples::example::ExampleSpec;
use portaria::workbench::examples::replay::replay;
use portaria::workbench::repair::propose;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A provider with the stories in which a person comes in, and who, and those that are refused.
pub struct Known {
    pub provider: Provider,
    pub stories: Vec<(ExampleSpec, Identity)>,
    pub refusals: Vec<ExampleSpec>,
}

/// The stories beside a file.
pub fn stories(path: &Path) -> Vec<ExampleSpec> {
    examples::read(&Source::new(path.display().to_string(), text(path))).unwrap_or_else(|report| panic!("{}", report.draw(false)))
}

/// All of the catalogue.
pub fn all() -> Vec<Known> {
    let list = known(catalogue());
    assert!(list.len() >= 178, "the catalogue is there");
    list
}

/// The files whose damages cannot be judged, each with the reason.
const NOT_HELD: &[(&str, &str)] = &[];

/// All of the catalogue but the files of [`NOT_HELD`].
pub fn held() -> Vec<Known> {
    let list = all();
    assert!(NOT_HELD.iter().all(|(name, _)| list.iter().any(|known| &*known.provider.name == *name)), "each of the files is there");
    list.into_iter().filter(|known| NOT_HELD.iter().all(|(name, _)| *name != &*known.provider.name)).collect()
}

/// One of how many damages of a kind is tried on the files of the catalogue.
pub const ONE_OF: usize = 4;

/// An even choice among the damages of one file: of each kind every fourth, where each file begins with the next one. So each kind of damage
/// and each file has its share, however many files the catalogue has.
pub struct Sample {
    one_of: usize,
    seen: BTreeMap<&'static str, usize>,
    file: usize,
}

impl Sample {
    /// The choice for a file with this number; `one_of` is 1 where everything is tried.
    pub fn new(file: usize, one_of: usize) -> Self {
        Self { one_of, seen: BTreeMap::new(), file }
    }

    /// Whether the next damage of a kind is tried.
    pub fn takes(&mut self, kind: &'static str) -> bool {
        let seen = self.seen.entry(kind).or_default();
        *seen += 1;
        (self.file + *seen).is_multiple_of(self.one_of)
    }
}

/// Invented providers, each with another oddity and with two people.
pub fn odd_providers() -> Vec<Known> {
    let paths = portaria::stores::catalogue::provider_files(&root().join("tests/repair/odd_providers")).expect("they are there");
    let list = known(paths);
    assert!(list.len() >= 30 && list.iter().all(|known| known.stories.len() == 2), "each has two people");
    list
}

fn known(paths: Vec<PathBuf>) -> Vec<Known> {
    on_threads(paths, |path| {
        let (ProviderFileState::Offered(provider) | ProviderFileState::Off(provider) | ProviderFileState::Dormant(provider, _)) =
            load(&path, STRICT, &ReadPolicy::default()).state
        else {
            panic!("{}", path.display())
        };
        let stories = stories(&examples_path(&path));
        let mut known = Known { provider: *provider, stories: Vec::new(), refusals: Vec::new() };
        for story in stories.into_iter().filter(ExampleSpec::has_redirect) {
            match replay(&known.provider, &story).end {
                Ok(identity) => known.stories.push((story, identity)),
                Err(_) => known.refusals.push(story),
            }
        }
        known
    })
}

/// A provider from a changed text.
pub fn compiled(provider: &Provider, text: &str) -> Option<Provider> {
    compile(&Source::new(provider.source.name.clone(), text), InstallationContext { loopback: true }).0
}

/// The rules whose proposals change how answers are read.
pub const READING: &[&str] =
    &["pathMoved", "placeNotStandard", "conditionMoved", "answerMoved", "severalMoved", "headerRenamed", "idMoved", "idStays", "idDiffers"];

/// What became of one damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The login came out the same all the same.
    Unnoticed,
    /// The first proposal brings the same identity back.
    First,
    /// The second or the third does.
    Later,
    /// None does.
    Missed,
}

/// Proposes after a story that went wrong, and tries the proposals on the same story, and on all stories of `others`.
pub fn outcome(provider: &Provider, story: &ExampleSpec, right: &Identity, others: Option<&Known>) -> (Outcome, Vec<Proposal>) {
    let played = replay(provider, story);
    if played.end.as_ref().is_ok_and(|identity| identity == right) {
        return (Outcome::Unnoticed, Vec::new());
    }
    let proposals = propose(provider, played.end.as_ref(), &played.trace);
    let mends = |proposal: &Proposal| {
        let text = proposal.change.as_ref().and_then(|change| change.apply(&provider.source.text));
        let mended = text.map(|text| compiled(provider, &text).expect("what is proposed compiles"));
        mended.is_some_and(|mended| {
            let ends_so = |story: &ExampleSpec, right: &Identity| replay(&mended, story).end.is_ok_and(|identity| identity == *right);
            ends_so(story, right)
                && others.is_none_or(|known| {
                    known.stories.iter().all(|(story, right)| ends_so(story, right))
                        && known.refusals.iter().all(|story| replay(&mended, story).end.is_err())
                })
        })
    };
    let outcome = match proposals.iter().position(mends) {
        Some(0) => Outcome::First,
        Some(_) => Outcome::Later,
        None => Outcome::Missed,
    };
    (outcome, proposals)
}

/// The proposals with which one of these people gets another id than the own one.
pub fn strange_ids(provider: &Provider, stories: &[(ExampleSpec, Identity)], proposals: &[Proposal]) -> Vec<String> {
    let mut list = Vec::new();
    for proposal in proposals {
        let text = proposal.change.as_ref().and_then(|change| change.apply(&provider.source.text));
        let Some(mended) = text.and_then(|text| compiled(provider, &text)) else { continue };
        for (story, right) in stories {
            let end = replay(&mended, story).end;
            if let Some(identity) = end.ok().filter(|identity| !is_of(identity, right)) {
                list.push(format!("{}: {} → {}", provider.name, proposal.title, identity.id));
            }
        }
    }
    list
}

/// Whether an identity is of this person.
pub fn is_of(identity: &Identity, right: &Identity) -> bool {
    identity.id.to_string().contains(&right.id.to_string())
}

/// The figures, per kind of damage.
#[derive(Default)]
pub struct Table {
    rows: BTreeMap<&'static str, [usize; 4]>,
    missed: Vec<String>,
    /// How often the first proposal changes what is read, and does not mend.
    wrong: usize,
}

impl Table {
    /// Counts one.
    pub fn count(&mut self, kind: &'static str, outcome: Outcome, proposals: &[Proposal], what: impl FnOnce(&[&str]) -> String) {
        let row = self.rows.entry(kind).or_default();
        row[outcome as usize] += 1;
        if matches!(outcome, Outcome::Missed | Outcome::Later) {
            let said: Vec<&str> = proposals.iter().map(|proposal| proposal.title.as_str()).collect();
            self.missed.push(format!("{outcome:?} {kind}: {}", what(&said)));
            self.wrong += usize::from(proposals.first().is_some_and(|first| READING.contains(&first.because.as_str())));
        }
    }

    /// Takes over what another one has counted.
    pub fn add(&mut self, other: Self) {
        for (kind, counts) in other.rows {
            let row = self.rows.entry(kind).or_default();
            (0..4).for_each(|at| row[at] += counts[at]);
        }
        self.missed.extend(other.missed);
        self.wrong += other.wrong;
    }

    /// Prints them: first, among three, of how many; and gives the shares of the whole.
    pub fn print(&self, title: &str) -> (f64, f64) {
        println!("\n{title}\n{:<34}{:>8}{:>8}{:>8}{:>12}", "damage", "cases", "first", "of 3", "unnoticed");
        let mut sum = [0; 4];
        let line = |kind: &str, row: &[usize; 4]| {
            let cases = row[1] + row[2] + row[3];
            let share = |part: usize| {
                if cases == 0 {
                    100.0
                } else {
                    100.0 * f64::from(u32::try_from(part).expect("a count")) / f64::from(u32::try_from(cases).expect("a count"))
                }
            };
            println!("{kind:<34}{cases:>8}{:>7.1}%{:>7.1}%{:>12}", share(row[1]), share(row[1] + row[2]), row[0]);
            (share(row[1]), share(row[1] + row[2]))
        };
        for (kind, row) in &self.rows {
            line(kind, row);
            (0..4).for_each(|at| sum[at] += row[at]);
        }
        let shares = line("all", &sum);
        println!("{} first proposals change what is read, and do not mend", self.wrong);
        for missed in &self.missed {
            println!("  {missed}");
        }
        shares
    }
}
