//! Recognises the time of a call in many formats.

use chrono::{DateTime, FixedOffset};

/// The template that writes the time of the call in the form of this text; `None` where the text is no such time.
pub(crate) fn timestamp_template(text: &str, at: i64) -> Option<String> {
    if text.parse::<i64>().is_ok_and(|seconds| seconds.abs_diff(at) < 300) {
        return Some("${now}".to_owned());
    }
    let formats = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y%m%d%H%M%S", "%Y/%m/%d %H:%M:%S"];
    if !(14..=20).contains(&text.len()) {
        return None;
    }
    let quarters = (-48..=56).map(|quarter| quarter * 900);
    let mut zones: Vec<i32> = quarters.collect();
    zones.sort_by_key(|zone| (zone % 3600 != 0, zone.abs()));
    for format in formats {
        let Ok(local) = chrono::NaiveDateTime::parse_from_str(text, format) else { continue };
        for zone in &zones {
            let offset = FixedOffset::east_opt(*zone)?;
            let there: DateTime<FixedOffset> = DateTime::from_timestamp(at, 0)?.with_timezone(&offset);
            if (there.naive_local() - local).num_seconds().abs() < 300 {
                let sign = if *zone < 0 { '-' } else { '+' };
                let zone = format!("{sign}{:02}:{:02}", zone.abs() / 3600, zone.abs() % 3600 / 60);
                return Some(format!("${{now | date \"{format}\" \"{zone}\"}}"));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_far_from_the_time_of_the_call_is_not_taken_for_it() {
        assert_eq!(timestamp_template("-9223372036854775808", 1_767_323_045), None);
        assert_eq!(timestamp_template("1767323046", 1_767_323_045).as_deref(), Some("${now}"));
    }
}
