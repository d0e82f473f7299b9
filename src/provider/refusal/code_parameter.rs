//! Which parameter of a callback carries the authorization code, which is never shown as a reason.

use crate::provider::fact_expression::FactExpression;
use crate::provider::hole::Hole;
use crate::provider::json_path::JsonPath;

/// Whether a path finds the authorization code in a callback, or the parameter in which it usually is.
pub(crate) fn is_code_parameter(path: &JsonPath, code_paths: &[&JsonPath]) -> bool {
    path.is_key("code") || is_read_as_code(path, code_paths)
}

fn is_read_as_code(path: &JsonPath, code_paths: &[&JsonPath]) -> bool {
    code_paths.iter().any(|code| code.source == path.source || (path.sole_key().is_some() && code.sole_key() == path.sole_key()))
}

/// Whether a written path, or the hole in which it stands, would show the authorization code. A parameter `code` is something else where the
/// file reads the authorization code from other parameters, and so is another part of a parameter that holds both.
pub(crate) fn shows_code(path: &JsonPath, hole: Option<&Hole>, code_readings: &[&FactExpression]) -> bool {
    let code_paths: Vec<&JsonPath> = code_readings.iter().flat_map(|reading| reading.paths()).collect();
    if !is_read_as_code(path, &code_paths) {
        return path.is_key("code") && !is_read_elsewhere(&code_paths);
    }
    let mut carriers = code_readings.iter().flat_map(|reading| reading.alternatives());
    carriers.any(|reading| match reading {
        FactExpression::Text(text) => {
            let mut codes = text.holes().filter(|code| code.path().is_some_and(|code| is_read_as_code(path, &[code])));
            codes.any(|code| !hole.is_some_and(|hole| hole.takes_another_part_than(code)))
        }
        FactExpression::Path(code) => is_read_as_code(path, &[code]),
        FactExpression::Condition(_) | FactExpression::Conditions(..) | FactExpression::FirstOf(..) => true,
    })
}

/// Whether the authorization code is read from other parameters than `code`.
pub(crate) fn is_read_elsewhere(code_paths: &[&JsonPath]) -> bool {
    !code_paths.is_empty() && code_paths.iter().all(|path| path.sole_key().is_some_and(|key| key != "code"))
}
