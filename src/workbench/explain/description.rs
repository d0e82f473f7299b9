//! The description of a file: every word that it writes, and what holds where it is silent. The terminal, the JSON and
//! the lab show these same rows.

use crate::provider::Provider;
use crate::provider::authorization::AuthorizationSpec;
use crate::provider::call::CallSpec;
use crate::provider::provider_spec::ProviderSpec;
use crate::provider::step::{Step, StepKind};
use crate::vocabulary::text::Text;
use crate::vocabulary::yaml::{self, YamlKind, YamlNode};
use crate::workbench::explain::defaults::Section;
use crate::world::secrets;

/// One statement about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescriptionRow {
    /// The file's own word, behind the words around it in its section: `signed.issuer`.
    pub word: String,
    /// What the file writes, or what holds without it.
    pub value: String,
    /// The line that says so; `None` when it holds by default.
    pub line: Option<u32>,
}

/// What a file says and what holds by default: for the whole file, and for each step in the order of the steps.
#[derive(Clone, Debug, Default)]
pub struct FileDescription {
    /// The words at the top of the file.
    pub file: Vec<DescriptionRow>,
    /// The words of each step: the first step, then the calls. Behind them come those of `refresh`, if tokens are refreshed.
    pub steps: Vec<Vec<DescriptionRow>>,
}

/// Describes a provider by its file. `signed_texts` holds the text that each step signs.
pub(crate) fn describe(provider: &Provider, signed_texts: &[Option<String>]) -> FileDescription {
    let node = yaml::parse(&provider.source).ok().map(|(node, _)| node);
    let top = Section { provider, step: None, node: node.as_ref(), file: node.as_ref(), signed_text: None };
    let mut description = FileDescription { file: top.rows(ProviderSpec::block(), ""), steps: Vec::new() };
    for (at, step) in provider.steps().enumerate() {
        let own = node.as_ref().and_then(|node| step_node(node, provider, at, step));
        let signed_text = signed_texts.get(at).and_then(Option::as_deref);
        let section = Section { provider, step: Some(step), node: own, file: node.as_ref(), signed_text };
        let block = if step.call.is_none() { AuthorizationSpec::block() } else { CallSpec::block() };
        description.steps.push(section.rows(block, ""));
    }
    if let Some(step) = provider.call(provider.refresh_position()) {
        let own = node.as_ref().and_then(|node| node.get("refresh"));
        let signed_text = signed_texts.last().and_then(Option::as_deref);
        let section = Section { provider, step: Some(step), node: own, file: node.as_ref(), signed_text };
        description.steps.push(own.map_or_else(Vec::new, |_| section.rows(CallSpec::block(), "")));
    }
    let secrets = secrets::secret_values(provider);
    for row in description.file.iter_mut().chain(description.steps.iter_mut().flatten()) {
        row.value = Text::mask_all(&secrets, &row.value, "••••••");
    }
    description
}

/// Where the file writes a step, unless the step is there by default.
fn step_node<'n>(file: &'n YamlNode, provider: &Provider, at: usize, step: &Step) -> Option<&'n YamlNode> {
    let is_before_redirect = |step: &Step| step.call.is_some_and(|call| usize::from(call) < provider.prepared);
    let (node, earlier) = if is_before_redirect(step) {
        (file.get(step.kind.word())?.get("prepare")?, usize::from(step.call?))
    } else {
        let earlier = provider.steps().take(at).filter(|earlier| earlier.kind == step.kind && !is_before_redirect(earlier));
        (file.get(step.kind.word())?, earlier.count())
    };
    match &node.kind {
        YamlKind::List(items) => items.get(earlier),
        YamlKind::Map(_) | YamlKind::Scalar { .. } => Some(node).filter(|_| earlier == 0),
    }
}

/// Whether a word at the top of a file is a step, which has a section of its own.
pub(crate) fn is_step(word: &str) -> bool {
    StepKind::named(word).is_some()
}
