//! What the file compares stays comparable: constant texts are kept, and moments that have to be recent are those of the story.

use crate::provider::condition::Condition;
use crate::provider::json_path::scalar_text;
use crate::provider::moment::parse_moment;
use crate::provider::template::Template;
use crate::workbench::examples::stand_ins::NOW;
use crate::workbench::record::LoginToRecord;
use crate::workbench::record::pseudonymizer::Pseudonymizer;

/// Keeps the texts with which the file compares, and moves the moments that it asks to be recent to the time of the story.
pub(super) fn keep_compared_values(recorded: LoginToRecord<'_>, pseudonyms: &mut Pseudonymizer) {
    let LoginToRecord { provider, trace, end, .. } = recorded;
    let callback = trace.callback.document();
    let answered = trace.exchanges.iter().filter_map(|exchange| {
        let step = &provider.calls[exchange.call];
        Some((step, step.document(exchange.answer.as_ref().ok()?)?))
    });
    let mut moments: Vec<(String, i64)> = Vec::new();
    for (step, document) in answered.chain([(&provider.authorization, callback)]) {
        for check in step.conditions().into_iter().flat_map(Condition::checks) {
            let compared = check.is.iter().chain(&check.is_not).chain(&check.contains).flatten();
            compared.filter_map(Template::as_literal).for_each(|text| pseudonyms.keep_as_is(&text));
            // The moment that was refused stays another one.
            let is_refused = end.is_err_and(|error| error.place == Some(check.place()));
            if check.within.is_some() && !is_refused {
                let texts = check.paths().into_iter().flat_map(|path| path.all(&document)).filter_map(scalar_text);
                moments.extend(texts.filter_map(|text| Some((text.to_string(), parse_moment(&text)?.timestamp()))));
            }
        }
    }
    let latest = moments.iter().map(|(_, moment)| *moment).max().unwrap_or_default();
    for (text, moment) in moments {
        pseudonyms.move_moment(&text, NOW - (latest - moment));
    }
}
