//! The fields of a HAR.

use crate::workbench::recorded_exchange::{LONGEST_BODY, MOST};
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is null is as good as left out.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The whole.
#[derive(Deserialize, Serialize)]
pub struct Har {
    /// `log`, as the format has it.
    pub log: HarLog,
}

/// What was kept.
#[derive(Deserialize, Serialize)]
pub struct HarLog {
    /// `version`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub version: String,
    /// `creator`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub creator: HarCreator,
    /// `entries`, as the format has it.
    #[serde(deserialize_with = "entries")]
    pub entries: Vec<HarEntry>,
}

/// Who wrote it.
#[derive(Default, Deserialize, Serialize)]
pub struct HarCreator {
    /// `name`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// `version`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub version: String,
}

/// A request and its answer.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HarEntry {
    /// `started_date_time`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub started_date_time: String,
    /// `time`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub time: f64,
    /// `request`, as the format has it.
    pub request: HarRequest,
    /// `response`, as the format has it.
    #[serde(default)]
    pub response: Option<HarResponse>,
    /// `cache`, as the format has it.
    #[serde(skip_deserializing)]
    pub cache: HarEmptyObject,
    /// `timings`, as the format has it.
    #[serde(skip_deserializing)]
    pub timings: HarTimings,
}

/// An object without members.
#[derive(Default, Serialize)]
pub struct HarEmptyObject {}

/// How long it took.
#[derive(Default, Serialize)]
pub struct HarTimings {
    /// `send`, as the format has it.
    pub send: u8,
    /// `wait`, as the format has it.
    pub wait: u8,
    /// `receive`, as the format has it.
    pub receive: u8,
}

/// What was sent.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HarRequest {
    /// `method`, as the format has it.
    pub method: String,
    /// `url`, as the format has it.
    pub url: String,
    /// `http_version`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub http_version: String,
    /// `cookies`, as the format has it.
    #[serde(skip_deserializing)]
    pub cookies: [u8; 0],
    /// `headers`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub headers: Vec<HarNameValue>,
    /// `query_string`, as the format has it.
    #[serde(skip_deserializing)]
    pub query_string: [u8; 0],
    /// `post_data`, as the format has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_data: Option<HarPostData>,
    /// `headers_size`, as the format has it.
    #[serde(skip_deserializing)]
    pub headers_size: i32,
    /// `body_size`, as the format has it.
    #[serde(skip_deserializing)]
    pub body_size: i32,
}

/// A name and a value.
#[derive(Deserialize, Serialize)]
pub struct HarNameValue {
    /// `name`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// `value`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub value: String,
}

/// A body.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HarPostData {
    /// `mime_type`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub mime_type: String,
    /// `text`, as the format has it.
    #[serde(default)]
    pub text: Option<String>,
    /// `params`, as the format has it.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<HarNameValue>,
}

/// What came back.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HarResponse {
    /// `status`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub status: f64,
    /// `status_text`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub status_text: String,
    /// `http_version`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub http_version: String,
    /// `cookies`, as the format has it.
    #[serde(skip_deserializing)]
    pub cookies: [u8; 0],
    /// `headers`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub headers: Vec<HarNameValue>,
    /// `content`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub content: HarContent,
    /// `redirect_url`, as the format has it.
    #[serde(default, deserialize_with = "or_default", rename = "redirectURL")]
    pub redirect_url: String,
    /// `headers_size`, as the format has it.
    #[serde(skip_deserializing)]
    pub headers_size: i32,
    /// `body_size`, as the format has it.
    #[serde(skip_deserializing)]
    pub body_size: i32,
}

/// An answer's body.
#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HarContent {
    /// `size`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub size: f64,
    /// `mime_type`, as the format has it.
    #[serde(default, deserialize_with = "or_default")]
    pub mime_type: String,
    /// `text`, as the format has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `encoding`, as the format has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
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
