//! An answer in another format than the file says: the format in which it can be read.

use crate::provider::answer::{AnswerFormat, AnswerParser};
use crate::provider::step::Step;
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::wire::Response;
use crate::vocabulary::words::OneOrMany;
use crate::workbench::repair::draft::RepairDraft;
use crate::workbench::repair::edit::FileEdit;

/// Prefixes that some providers put in front of JSON, so that a browser does not run it.
const PREFIXES: &[&str] = &[")]}',\n", ")]}'\n", ")]}'", "for(;;);", "for (;;);", "while(1);", "while (1);", "{}&&", "throw 1;"];

/// The drafts that would make an answer readable.
pub(crate) fn format_drafts(step: &Step, answer: &Response) -> Vec<RepairDraft> {
    let Ok(text) = std::str::from_utf8(&answer.body) else { return Vec::new() };
    let step_word = || step.kind.word().to_owned();
    let mut drafts = Vec::new();
    for prefix in PREFIXES.iter().filter(|prefix| text.starts_with(**prefix)) {
        let rest = text[prefix.len()..].trim_start();
        if rest.starts_with(['{', '[']) {
            let value = format!("\"{}\"", prefix.replace('\n', "\\n"));
            let rule = RepairRule::PrefixInFront { step: step_word(), prefix: value.clone() };
            drafts.push(format_draft(step, "skipPrefix", value, rule, 80.0));
            break;
        }
    }
    for format in [AnswerFormat::Json, AnswerFormat::Jsonp, AnswerFormat::Xml, AnswerFormat::Form] {
        let answers = AnswerParser { formats: Some(OneOrMany(vec![format])), skip_prefix: None };
        let is_xml = text.trim_start().starts_with('<');
        let said_something =
            answers.read(answer).is_ok_and(|value| value.as_object().is_some_and(|members| !members.is_empty()) || value.is_array());
        if said_something && is_xml == (format == AnswerFormat::Xml) {
            let format = format.word().to_owned();
            let rule = RepairRule::FormatOther { step: step_word(), format: format.clone() };
            drafts.push(format_draft(step, "answer", format, rule, 70.0));
        }
    }
    drafts
}

fn format_draft(step: &Step, key: &'static str, value: String, rule: RepairRule, score: f32) -> RepairDraft {
    let title = format!("{key}: {value}");
    RepairDraft::new(title, rule, vec![FileEdit::Word { step: step.place, word: step.kind.word(), key, value }], score)
}
