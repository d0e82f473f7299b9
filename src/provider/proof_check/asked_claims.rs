//! Checks that what the redirect asks of the login is looked at in the answer: the visitor can take it out of the address, and the provider
//! may not have done it.

use crate::provider::condition::Condition;
use crate::provider::json_path::RouteStep;
use crate::provider::parameters::Parameter;
use crate::provider::proof_check::ProofCheck;
use crate::provider::step::{Step, StepBody};
use crate::vocabulary::words::Reader;

impl ProofCheck<'_> {
    /// Warns about a parameter that asks for a claim of the ID token which nothing looks at (OpenID Connect Core 3.1.2.1, 3.1.3.7).
    pub(crate) fn check_asked_claims(&self, reader: &mut Reader) {
        if self.file.steps().all(|step| step.signed.is_none()) {
            return;
        }
        for (parameter, claim) in [("max_age", "auth_time"), ("acr_values", "acr")] {
            let mut sent = self.file.prepare.iter().chain([&self.file.authorization.step]).flat_map(parameters_of);
            let Some(sent) = sent.find(|sent| *sent.name == *parameter).and_then(|sent| sent.values.first()) else { continue };
            if self.file.steps().any(|step| looks_at(step, claim)) {
                continue;
            }
            let condition = match (claim, sent.as_literal()) {
                ("auth_time", Some(seconds)) if seconds.parse::<u32>().is_ok_and(|seconds| seconds > 0) => format!("within: {seconds}s"),
                ("auth_time", _) => "within: 5m".to_owned(),
                (_, Some(values)) => format!("is: [ {} ]", values.split_whitespace().collect::<Vec<_>>().join(", ")),
                (_, None) => format!("is: \"{}\"", sent.source),
            };
            let help = format!("write it where the ID token is read: `signed: {{ require: {{ at: $.{claim}, {condition} }} }}`");
            reader.warn(sent.place, format!("this asks for `{claim}`, and nothing looks at what the provider says of it"), help);
        }
    }
}

fn parameters_of(step: &Step) -> impl Iterator<Item = &Parameter> {
    let form = if let StepBody::Form(form) = &step.body { form.as_slice() } else { &[] };
    step.query.iter().chain(form)
}

/// Whether something reads this claim, or asks about it.
fn looks_at(step: &Step, claim: &str) -> bool {
    let required = step.signed.iter().flat_map(|signed| &signed.require);
    let asked = step.conditions().into_iter().chain(required).flat_map(Condition::paths);
    let mut paths = asked.chain(step.all_reads().flat_map(|read| read.reading.paths()));
    paths.any(|path| matches!(path.route().last(), Some(RouteStep::Key(key)) if **key == *claim))
}
