//! Finds the value of an answer that reports success, so that any other value means refused.

use crate::provider::refusal::is_meaningful;
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::path::PathSegment;
use crate::workbench::answers::vocabulary::is_outcome_key;
use crate::workbench::learn::document::leaves_of;
use serde_json::Value;

fn is_one_of(text: &str, words: &[&str]) -> bool {
    words.contains(&text)
}

/// The `accepted` of these answers of one call, all of which succeeded. Where the call redeems the code, a member `error` of a
/// yes has to be allowed.
pub(crate) fn find_success_flag(answers: &[&Value], redeems_code: bool) -> Option<YamlLine> {
    let (first, others) = answers.split_first()?;
    let fits = leaves_of(first)
        .into_iter()
        .filter(|leaf| leaf.keys.len() <= 2 && leaf.keys.iter().all(|key| matches!(key, PathSegment::Key(_))))
        .filter(|leaf| {
            let name = normalize_key(leaf.name());
            let text = leaf.text.to_ascii_lowercase();
            let is_state = || is_outcome_key(&name) || name.ends_with("status") || name.ends_with("code");
            match name.as_str() {
                "ok" | "success" | "successful" | "succeeded" | "issuccess" | "accepted" => is_one_of(&text, &["true", "1", "yes", "ok"]),
                "code" | "errcode" | "errno" | "err" | "ret" | "error" | "errorcode" | "resultcode" | "retcode" | "returncode" => {
                    is_one_of(&text, &["0", "ok", "10000", "success", "200", "00", "0000", "000000"])
                }
                "message" | "msg" => is_one_of(&text, &["ok", "success"]),
                _ if is_state() => is_one_of(&text, &["ok", "success", "succeeded", "successful", "1", "200", "true", "yes", "done"]),
                _ => false,
            }
        });
    let found = fits.min_by_key(|leaf| {
        let is_code = !matches!(normalize_key(leaf.name()).as_str(), "message" | "msg");
        (leaf.keys.len(), !is_code)
    })?;
    let everywhere = others.iter().all(|value| leaves_of(value).iter().any(|leaf| leaf.keys == found.keys && leaf.text == found.text));
    everywhere.then(|| {
        let mut words = vec![YamlLine::new("at", YamlValue::Text(found.path())), YamlLine::new("is", YamlValue::Text(found.text.clone()))];
        if redeems_code && answers.iter().filter_map(|answer| answer.get("error")).any(is_meaningful) {
            words.push(YamlLine::new("errorMember", YamlValue::text("allowed")));
        }
        YamlLine::with_comment("accepted", YamlValue::Block(words), "every answer had this value; any other means refused")
    })
}
