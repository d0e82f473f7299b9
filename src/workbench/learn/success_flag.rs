//! Finds the value of an answer that reports success, so that any other value means refused.

use crate::provider::refusal::is_meaningful;
use crate::vocabulary::yaml::writer::{YamlLine, YamlValue};
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::path::PathSegment;
use crate::workbench::learn::document::leaves_of;
use serde_json::Value;

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
            match name.as_str() {
                "ok" | "success" | "succeeded" | "issuccess" => text == "true" || text == "1",
                "status" | "result" | "message" | "msg" | "outcome" => text == "ok" || text == "success",
                "code" | "errcode" | "errno" | "ret" | "error" | "errorcode" | "resultcode" | "retcode" => {
                    matches!(text.as_str(), "0" | "ok" | "10000" | "success")
                }
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
