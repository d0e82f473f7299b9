//! The fields of a HAR.

use crate::workbench::recorded_exchange::{LONGEST_BODY, MOST};
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is null is as good as left out.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Har {
    /// `log`, as the format has it.
    pub(crate) log: HarLog,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct HarLog {
    /// `version`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) version: String,
    /// `creator`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) creator: HarCreator,
    /// `entries`, as the format has it.
    #[serde(deserialize_with = "entries")]
    pub(crate) entries: Vec<HarEntry>,
}

#[derive(Default, Deserialize, Serialize)]
pub(crate) struct HarCreator {
    /// `name`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) name: String,
    /// `version`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) version: String,
}

/// A request and its answer.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HarEntry {
    /// `started_date_time`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) started_date_time: String,
    /// `time`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) time: f64,
    /// `request`, as the format has it.
    pub(crate) request: HarRequest,
    /// `response`, as the format has it.
    #[serde(default)]
    pub(crate) response: Option<HarResponse>,
    /// `cache`, as the format has it.
    #[serde(skip_deserializing)]
    pub(crate) cache: HarEmptyObject,
    /// `timings`, as the format has it.
    #[serde(skip_deserializing)]
    pub(crate) timings: HarTimings,
}

/// An object without members.
#[derive(Default, Serialize)]
pub(crate) struct HarEmptyObject {}

/// How long it took.
#[derive(Default, Serialize)]
pub(crate) struct HarTimings {
    /// `send`, as the format has it.
    pub(crate) send: u8,
    /// `wait`, as the format has it.
    pub(crate) wait: u8,
    /// `receive`, as the format has it.
    pub(crate) receive: u8,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HarRequest {
    /// `method`, as the format has it.
    pub(crate) method: String,
    /// `url`, as the format has it.
    pub(crate) url: String,
    /// `http_version`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) http_version: String,
    /// `cookies`, as the format has it.
    #[serde(skip_deserializing)]
    pub(crate) cookies: [u8; 0],
    /// `headers`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) headers: Vec<HarNameValue>,
    /// `query_string`, as the format has it.
    #[serde(skip_deserializing)]
    pub(crate) query_string: [u8; 0],
    /// `post_data`, as the format has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) post_data: Option<HarPostData>,
    /// `headers_size`, as the format has it.
    #[serde(skip_deserializing)]
    pub(crate) headers_size: i32,
    /// `body_size`, as the format has it.
    #[serde(skip_deserializing)]
    pub(crate) body_size: i32,
}

/// A name and a value.
#[derive(Deserialize, Serialize)]
pub(crate) struct HarNameValue {
    /// `name`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) name: String,
    /// `value`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) value: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HarPostData {
    /// `mime_type`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) mime_type: String,
    /// `text`, as the format has it.
    #[serde(default)]
    pub(crate) text: Option<String>,
    /// `params`, as the format has it.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub(crate) params: Vec<HarNameValue>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HarResponse {
    /// `status`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) status: f64,
    /// `status_text`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) status_text: String,
    /// `http_version`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) http_version: String,
    /// `cookies`, as the format has it.
    #[serde(skip_deserializing)]
    pub(crate) cookies: [u8; 0],
    /// `headers`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) headers: Vec<HarNameValue>,
    /// `content`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) content: HarContent,
    /// `redirect_url`, as the format has it.
    #[serde(default, deserialize_with = "or_default", rename = "redirectURL")]
    pub(crate) redirect_url: String,
    /// `headers_size`, as the format has it.
    #[serde(skip_deserializing)]
    pub(crate) headers_size: i32,
    /// `body_size`, as the format has it.
    #[serde(skip_deserializing)]
    pub(crate) body_size: i32,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HarContent {
    /// `size`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) size: f64,
    /// `mime_type`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) mime_type: String,
    /// `text`, as the format has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    /// `encoding`, as the format has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) encoding: Option<String>,
}

/// Entries one after another: what no login needs is let go before the next is read.
fn entries<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<HarEntry>, D::Error> {
    struct Entries;
    impl<'de> Visitor<'de> for Entries {
        type Value = Vec<HarEntry>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of entries")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<HarEntry>, A::Error> {
            let mut kept = Vec::new();
            while kept.len() < MOST {
                let Some(mut entry) = list.next_element::<HarEntry>()? else { return Ok(kept) };
                if is_media(&entry) {
                    continue;
                }
                if let Some(content) = entry.response.as_mut().map(|came| &mut came.content)
                    && content.text.as_ref().is_some_and(|text| text.len() > LONGEST_BODY)
                {
                    content.text = None;
                }
                kept.push(entry);
            }
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(kept)
        }
    }
    deserializer.deserialize_seq(Entries)
}

fn is_media(entry: &HarEntry) -> bool {
    let kind = entry.response.as_ref().map_or("", |came| came.content.mime_type.as_str());
    ["image/", "font/", "text/css", "video/", "audio/"].iter().any(|media| kind.starts_with(media))
}
