//! An answer in another format than the file says: the format in which it can be read, found as for a recording.

use crate::provider::answer::AnswerFormat;
use crate::provider::step::Step;
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::wire::Response;
use crate::workbench::learn::document::RecordedDocument;
use crate::workbench::recorded_exchange::RecordedResponse;
use crate::workbench::repair::draft::RepairDraft;
use crate::workbench::repair::edit::FileEdit;

/// Words of JavaScript that stop a browser from running an answer. Any other word in front of it may be a value.
const GUARDS: &[&str] = &["for", "while", "if", "throw", "return", "void", "break", "debugger"];

/// The drafts that would make an answer readable.
pub(crate) fn format_drafts(step: &Step, answer: &Response) -> Vec<RepairDraft> {
    let Ok(text) = std::str::from_utf8(&answer.body) else { return Vec::new() };
    let recorded = RecordedResponse { status: answer.status, body: text.to_owned(), ..RecordedResponse::default() };
    let Some(document) = RecordedDocument::read(&recorded) else { return Vec::new() };
    let says_something = document.value.as_object().is_some_and(|members| !members.is_empty()) || document.value.is_array();
    if !says_something {
        return Vec::new();
    }
    let step_word = || step.kind.word().to_owned();
    let Some(prefix) = document.prefix else {
        let is_json = text.trim_start().starts_with(['{', '[']);
        let format = document.format.unwrap_or(if is_json { AnswerFormat::Json } else { AnswerFormat::Form }).word().to_owned();
        let rule = RepairRule::FormatOther { step: step_word(), format: format.clone() };
        return vec![format_draft(step, "answer", format, rule, 70.0)];
    };
    if !is_guard(&prefix) {
        return Vec::new();
    }
    let value = format!("\"{}\"", prefix.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "\\r"));
    let rule = RepairRule::PrefixInFront { step: step_word(), prefix: value.clone() };
    vec![format_draft(step, "skipPrefix", value, rule, 80.0)]
}

/// Whether a text in front of an answer only keeps a browser from running it.
fn is_guard(prefix: &str) -> bool {
    let mut words = prefix.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.all(|word| GUARDS.contains(&word) || word.len() == 1 && word.bytes().all(|byte| byte.is_ascii_digit()))
}

fn format_draft(step: &Step, key: &'static str, value: String, rule: RepairRule, score: f32) -> RepairDraft {
    let title = format!("{key}: {value}");
    RepairDraft::new(title, rule, vec![FileEdit::Word { step: step.place, word: step.kind.word(), key, value }], score)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_protects_an_answer_may_stand_in_front_of_it() {
        for prefix in [")]}',\n", "for(;;);", "while (1);", "{}&&", "throw 1;", "/*-secure-"] {
            assert_eq!(is_guard(prefix), prefix != "/*-secure-", "{prefix}");
        }
        assert!(!is_guard("ana@loja.example ") && !is_guard("tok_7f3a "));
    }
}
