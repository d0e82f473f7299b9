//! One file of the catalogue, compiled, with the titles of its examples.

use crate::provider::listing::Listing;
use crate::provider::{InstallationContext, Provider, compile};
use crate::vocabulary::place::Source;
use crate::vocabulary::site::host_of_address;
use crate::workbench::catalogue::{CatalogueFile, catalogue_file};
use crate::workbench::examples;
use crate::workbench::explain::{ExplainedStep, describe, explain};

/// A file of the catalogue.
#[derive(Debug)]
pub(crate) struct CatalogueSheet {
    pub(crate) file: &'static CatalogueFile,
    pub(crate) provider: Provider,
    pub(crate) listing: Listing,
}

/// A story of the examples: its title, and the code with which it ends if it is a refusal.
#[derive(Debug)]
pub(crate) struct ExampleTitle {
    pub(crate) what: String,
    pub(crate) refused: Option<String>,
}

/// A variable or a file that has to be set.
#[derive(Clone, Debug)]
pub(crate) struct NeededValue {
    pub(crate) location: String,
    /// The fact that it becomes.
    pub(crate) fact: String,
    pub(crate) is_secret: bool,
}

/// A part of the identity, and from where it is read.
#[derive(Clone, Debug)]
pub(crate) struct IdentityPartSource {
    pub(crate) part: String,
    /// Each place, in the order in which the answers arrive.
    pub(crate) from: Vec<String>,
}

/// The facts that make an identity.
const IDENTITY_FACTS: [&str; 6] = ["id", "email", "emailVerified", "name", "picture", "locale"];

impl CatalogueSheet {
    /// The file of this name, if it stands in the catalogue. A file without the block `catalogue` does not: it is inside the program.
    pub(crate) fn open(name: &str) -> Option<Self> {
        let file = catalogue_file(name)?;
        let provider = compile(&Source::new(format!("{name}.yaml"), file.text), InstallationContext { loopback: false }).0?;
        let listing = (**provider.listing.as_ref()?).clone();
        Some(Self { file, provider, listing })
    }

    /// The requests of a login, with masks.
    pub(crate) fn steps(&self) -> Vec<ExplainedStep> {
        explain(&self.provider, &[]).expect("a test explains every file of the catalogue")
    }

    /// The hosts that the requests of a login go to, in which masks may stand.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let mut hosts: Vec<String> = Vec::new();
        for step in self.steps() {
            let host = host_of_address(&step.request.address.masked()).to_owned();
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        hosts
    }

    pub(crate) fn needed_values(&self) -> Vec<NeededValue> {
        needed_values(&self.provider)
    }

    /// What comes out of a login, and from where it is read.
    pub(crate) fn identity_sources(&self) -> Vec<IdentityPartSource> {
        let steps = self.steps();
        let composed = describe(&self.provider, &steps).file;
        let composed: Vec<(String, String)> =
            composed.into_iter().filter_map(|row| Some((row.word.strip_prefix("identity.")?.to_owned(), row.value))).collect();
        let is_composed = |fact: &str| composed.iter().any(|(part, _)| part == fact);
        // Facts beside those that every login has, such as a level.
        let more = composed.iter().filter(|(part, _)| part == "more").flat_map(|(_, names)| names.split(", ")).collect::<Vec<_>>();
        let is_part = |part: &str| IDENTITY_FACTS.contains(&part) || more.contains(&part);
        let read =
            steps.iter().flat_map(|step| &step.reads).map(|(fact, from, _)| (self.provider.names.name(*fact).to_string(), from.clone()));
        let read = read.filter(|(part, _)| is_part(part) && !is_composed(part));
        let composed = composed.iter().filter(|(part, _)| is_part(part)).cloned();
        let mut sources: Vec<IdentityPartSource> = Vec::new();
        for (part, from) in read.chain(composed) {
            match sources.iter_mut().find(|known| known.part == part) {
                Some(known) if !known.from.contains(&from) => known.from.push(from),
                Some(_) => {}
                None => sources.push(IdentityPartSource { part, from: vec![from] }),
            }
        }
        sources.sort_by_key(|source| IDENTITY_FACTS.iter().position(|fact| **fact == *source.part).unwrap_or(IDENTITY_FACTS.len()));
        sources
    }

    /// The titles of its examples.
    pub(crate) fn examples(&self) -> Vec<ExampleTitle> {
        let stories = examples::read(&Source::new(format!("{}.examples.yaml", self.file.name), self.file.examples)).unwrap_or_default();
        let title = |story: examples::example::ExampleSpec| ExampleTitle {
            what: story.what.value,
            refused: story.refused.map(|refused| refused.code.value),
        };
        stories.into_iter().map(title).collect()
    }
}

/// The variables and files that a provider reads, each once.
pub(crate) fn needed_values(provider: &Provider) -> Vec<NeededValue> {
    let mut values: Vec<NeededValue> = Vec::new();
    for needed in &provider.needed {
        let (location, fact) = (needed.reference.location(), provider.names.name(needed.fact).to_string());
        if !values.iter().any(|value| value.location == location) {
            values.push(NeededValue { location, fact, is_secret: needed.secret });
        }
    }
    values
}
