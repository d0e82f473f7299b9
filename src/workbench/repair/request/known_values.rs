//! Values that the file itself shows for a parameter that a request lacks: a fact that an earlier request reads under this name, or one that
//! nothing uses.

use crate::provider::json_path::JsonPath;
use crate::provider::step::{ReadRule, Step};
use crate::vocabulary::site::are_of_same_site;
use crate::workbench::answers::keys::spelling_similarity;
use crate::workbench::answers::meaning::{FactMeaning, meaning_of_key};
use crate::workbench::answers::path::{last_key, parse_path};
use crate::workbench::repair::request::RequestRefusal;

/// How alike the name of a fact and that of a parameter are if they mean the same.
const ALIKE: f32 = 0.8;

/// The fact that an earlier request reads and that this parameter was probably filled with, with how likely that is.
pub(crate) fn fact_for_parameter(refused: &RequestRefusal<'_>, name: &str) -> Option<(String, f32)> {
    let provider = refused.provider;
    let used = provider.used_facts();
    let own = refused.call.address()?;
    let before = refused.provider.steps().take_while(|step| step.place != refused.call.place);
    let earlier = before.filter(|step| {
        let call = refused.others.iter().find(|other| other.place == step.place);
        // What one host says of a person is not sent to another.
        call.and_then(|call| call.address()).is_some_and(|address| are_of_same_site(address, own))
    });
    let reads: Vec<&ReadRule> = earlier.flat_map(Step::all_reads).filter(|read| read.written).collect();
    let fact_of = |read: &ReadRule| provider.names.name(read.fact).to_string();
    let is_token = |fact: &str| matches!(meaning_of_key(fact), FactMeaning::Access | FactMeaning::Refresh | FactMeaning::Identity);
    let reads: Vec<&ReadRule> = reads.into_iter().filter(|read| !is_token(&fact_of(read))).collect();
    let reads_key = |path: &JsonPath| {
        let key = parse_path(&path.source).and_then(|path| last_key(&path).map(str::to_owned));
        key.is_some_and(|key| spelling_similarity(&key, name) >= ALIKE)
    };
    if let Some(read) = reads.iter().find(|read| read.reading.paths().into_iter().any(reads_key)) {
        return Some((fact_of(read), 0.0));
    }
    if let Some(read) = reads.iter().find(|read| spelling_similarity(&fact_of(read), name) >= ALIKE) {
        return Some((fact_of(read), 1.0));
    }
    let mut idle = reads.iter().filter(|read| !used.contains(&read.fact));
    let only = idle.next().filter(|_| idle.next().is_none())?;
    Some((fact_of(only), 3.0))
}
