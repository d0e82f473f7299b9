//! The members of a HAR 1.2, as serde reads and writes them.

use crate::workbench::recorded_exchange::{LONGEST_BODY, MOST};
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Takes `null` as an absent member.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Har {
    pub(crate) log: HarLog,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct HarLog {
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) version: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) creator: HarCreator,
    #[serde(deserialize_with = "entries")]
    pub(crate) entries: Vec<HarEntry>,
}

#[derive(Default, Deserialize, Serialize)]
pub(crate) struct HarCreator {
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) name: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) version: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HarEntry {
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) started_date_time: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) time: f64,
    pub(crate) request: HarRequest,
    #[serde(default)]
    pub(crate) response: Option<HarResponse>,
    #[serde(skip_deserializing)]
    pub(crate) cache: HarEmptyObject,
    #[serde(skip_deserializing)]
    pub(crate) timings: HarTimings,
}

#[derive(Default, Serialize)]
pub(crate) struct HarEmptyObject {}

#[derive(Default, Serialize)]
pub(crate) struct HarTimings {
    pub(crate) send: u8,
    pub(crate) wait: u8,
    pub(crate) receive: u8,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HarRequest {
    pub(crate) method: String,
    pub(crate) url: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) http_version: String,
    #[serde(skip_deserializing)]
    pub(crate) cookies: [u8; 0],
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) headers: Vec<HarNameValue>,
    #[serde(skip_deserializing)]
    pub(crate) query_string: [u8; 0],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) post_data: Option<HarPostData>,
    #[serde(skip_deserializing)]
    pub(crate) headers_size: i32,
    #[serde(skip_deserializing)]
    pub(crate) body_size: i32,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct HarNameValue {
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) name: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) value: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HarPostData {
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) mime_type: String,
    #[serde(default)]
    pub(crate) text: Option<String>,
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub(crate) params: Vec<HarNameValue>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HarResponse {
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) status: f64,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) status_text: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) http_version: String,
    #[serde(skip_deserializing)]
    pub(crate) cookies: [u8; 0],
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) headers: Vec<HarNameValue>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) content: HarContent,
    #[serde(default, deserialize_with = "or_default", rename = "redirectURL")]
    pub(crate) redirect_url: String,
    #[serde(skip_deserializing)]
    pub(crate) headers_size: i32,
    #[serde(skip_deserializing)]
    pub(crate) body_size: i32,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HarContent {
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) size: f64,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) mime_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) encoding: Option<String>,
}

/// Reads the entries one after another, and drops what no login needs before the next is read.
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
                if let Some(content) = entry.response.as_mut().map(|response| &mut response.content)
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

/// Whether the answer is an image, a font and the like, by its header or else by what the browser found.
fn is_media(entry: &HarEntry) -> bool {
    let Some(response) = &entry.response else { return false };
    let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-type"));
    let kind = header.map_or(&response.content.mime_type, |header| &header.value);
    ["image/", "font/", "text/css", "video/", "audio/"].iter().any(|media| kind.starts_with(media))
}
