//! Writes the address of a request: a part of it that an answer gave becomes a hole.

use crate::workbench::answers::looks::looks_like_url;
use crate::workbench::learn::linking::RequestOf;
use crate::workbench::learn::login_learner::LoginLearner;
use crate::workbench::learn::request_places::{RequestPlace, decode_segment, path_segments};
use crate::workbench::recorded_exchange::host_of;
use std::fmt::Write as _;

/// An address with holes in place of known values. A host with a hole is remembered for `hosts`. `of` is the request.
pub(crate) fn address_template(learner: &mut LoginLearner<'_>, of: RequestOf, base: &str) -> String {
    if let Some((fact, rest)) = given_beginning(learner, base) {
        learner.hosts_add(host_of(base));
        let skipped = path_segments(base).count() - rest.split('/').skip(1).count();
        return format!("${{{fact}}}{}", written_path(learner, of, rest, skipped));
    }
    let host = host_of(base);
    let beginning = base.find(host).map_or(0, |at| at + host.len());
    let (before, rest) = base.split_at(beginning);
    let written = written_host(learner, of, host);
    if written.contains("${") {
        learner.hosts_add(host);
    }
    format!("{}{written}{}", before.strip_suffix(host).unwrap_or_default(), written_path(learner, of, rest, 0))
}

/// The fact that holds the beginning of this address, and the rest of the address.
fn given_beginning<'b>(learner: &mut LoginLearner<'_>, base: &'b str) -> Option<(String, &'b str)> {
    let rest_behind = |value: &str| {
        let rest = base.strip_prefix(value)?;
        (looks_like_url(value) && (rest.is_empty() || rest.starts_with('/'))).then_some(rest)
    };
    let given = learner.answer_values.iter().filter(|known| rest_behind(&known.value).is_some()).map(|known| known.value.clone());
    if let Some(value) = given.max_by_key(String::len) {
        let sent = learner.sent(RequestOf::Redirect, RequestPlace::Body, "", &value);
        learner.resolve_facts(&sent);
    }
    let facts = learner.known.facts().iter().filter_map(|(fact, value)| Some((fact.clone(), rest_behind(value)?)));
    facts.filter(|(fact, _)| fact != "redirectUri" && fact != "publicUrl").min_by_key(|(_, rest)| rest.len())
}

/// A host with holes: a label that an answer gave.
fn written_host(learner: &mut LoginLearner<'_>, of: RequestOf, host: &str) -> String {
    let whole = learner.sent(of, RequestPlace::Host, "", host);
    learner.resolve_facts(&whole);
    if learner.known.expression_for(host).is_some() && learner.accepts_exactly(&whole) {
        return learner.known.template_for(host).unwrap_or_else(|| host.to_owned());
    }
    let labels = host.split('.').enumerate().map(|(at, label)| {
        let sent = learner.sent(of, RequestPlace::Label(at), "", label);
        if !LoginLearner::differs(&sent) {
            return label.to_owned();
        }
        learner.template_for(&sent).unwrap_or_else(|| label.to_owned())
    });
    labels.collect::<Vec<_>>().join(".")
}

/// A path with holes: a segment that a fact gives, or a part of one. `skipped` segments precede it.
fn written_path(learner: &mut LoginLearner<'_>, of: RequestOf, path: &str, skipped: usize) -> String {
    let mut written = String::new();
    let mut before = "";
    let (first, segments) = path.split_once('/').map_or((path, None), |(first, rest)| (first, Some(rest)));
    written.push_str(&first.replace("${", "$${"));
    for (at, segment) in segments.into_iter().flat_map(|rest| rest.split('/')).enumerate() {
        written.push('/');
        let text = decode_segment(segment);
        let sent = learner.sent(of, RequestPlace::Segment(at + skipped), before, &text);
        match learner.template_for(&sent) {
            Some(template) => written.push_str(&template),
            None if LoginLearner::differs(&sent) => {
                let fact = learner.refer_to(before, false, &text, "differs between the logins, and nothing before it gave it");
                let _ = write!(written, "${{{fact}}}");
            }
            None => written.push_str(&segment.replace("${", "$${")),
        }
        before = segment;
    }
    written
}
