//! Reads and writes HAR 1.2, the format in which browsers export their traffic. Only the members that a login needs are
//! read.

pub(crate) mod fields;

use crate::workbench::har::fields::{
    Har, HarContent, HarCreator, HarEmptyObject, HarEntry, HarLog, HarNameValue, HarPostData, HarRequest, HarResponse, HarTimings,
};
use crate::workbench::recorded_exchange::{LONGEST_BODY, RecordedExchange, RecordedResponse, encode_form};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat};

/// Reads a HAR. An error message quotes none of its values.
pub fn read(bytes: &[u8]) -> Result<Vec<RecordedExchange>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let har: Har = serde_json::from_slice(bytes).map_err(|error| {
        let why = match error.classify() {
            serde_json::error::Category::Eof => "it ends too early".to_owned(),
            serde_json::error::Category::Data => {
                "it lacks `log`, `entries`, `request` or `url`, or one of them is something else".to_owned()
            }
            serde_json::error::Category::Io | serde_json::error::Category::Syntax => {
                format!("it breaks off at line {}, column {}", error.line(), error.column())
            }
        };
        format!("this is no HAR: {why}")
    })?;
    Ok(har.log.entries.into_iter().map(exchange_from_entry).collect())
}

fn exchange_from_entry(entry: HarEntry) -> RecordedExchange {
    let list = |pairs: Vec<HarNameValue>| pairs.into_iter().map(|pair| (pair.name, pair.value)).collect::<Vec<_>>();
    let mut headers = list(entry.request.headers);
    let body = entry.request.post_data.and_then(|posted| {
        if !posted.mime_type.is_empty() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            headers.push(("Content-Type".to_owned(), posted.mime_type));
        }
        let text = posted.text.filter(|text| !text.is_empty());
        text.or_else(|| (!posted.params.is_empty()).then(|| encode_form(&list(posted.params))))
    });
    let answer = entry.response.filter(|response| response.status >= 100.0).map(|response| {
        let mut headers = list(response.headers);
        if !response.redirect_url.is_empty() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("location")) {
            headers.push(("Location".to_owned(), response.redirect_url));
        }
        if !response.content.mime_type.is_empty() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            headers.push(("Content-Type".to_owned(), response.content.mime_type));
        }
        let text = response.content.text.unwrap_or_default();
        let body = match response.content.encoding.as_deref() {
            Some("base64") => String::from_utf8(STANDARD.decode(&text).unwrap_or_default()).unwrap_or_default(),
            _ => text,
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a status from 100 to 599")]
        RecordedResponse { status: response.status.min(999.0) as u16, headers, body }
    });
    let at = DateTime::parse_from_rfc3339(&entry.started_date_time).ok().map(|at| at.timestamp());
    RecordedExchange {
        method: entry.request.method.to_ascii_uppercase(),
        address: entry.request.url,
        headers,
        body: body.filter(|body| body.len() <= LONGEST_BODY),
        at,
        answer,
    }
}

/// Writes exchanges as HAR 1.2.
pub fn write(exchanges: &[RecordedExchange]) -> String {
    let list = |pairs: &[(String, String)]| -> Vec<HarNameValue> {
        pairs.iter().map(|(name, value)| HarNameValue { name: name.clone(), value: value.clone() }).collect()
    };
    let entries = exchanges.iter().map(|exchange| {
        let started = DateTime::from_timestamp(exchange.at.unwrap_or(0), 0).unwrap_or_default();
        let kind = |headers: &[(String, String)]| {
            headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type")).map_or_else(String::new, |(_, kind)| kind.clone())
        };
        HarEntry {
            started_date_time: started.to_rfc3339_opts(SecondsFormat::Millis, true),
            time: 0.0,
            request: HarRequest {
                method: exchange.method.clone(),
                url: exchange.address.clone(),
                http_version: "HTTP/1.1".to_owned(),
                cookies: [],
                headers: list(&exchange.headers),
                query_string: [],
                post_data: exchange.body.as_ref().map(|body| HarPostData {
                    mime_type: kind(&exchange.headers),
                    text: Some(body.clone()),
                    params: Vec::new(),
                }),
                headers_size: -1,
                body_size: -1,
            },
            response: Some(exchange.answer.as_ref().map_or_else(empty_response, |answer| HarResponse {
                status: f64::from(answer.status),
                status_text: String::new(),
                http_version: "HTTP/1.1".to_owned(),
                cookies: [],
                headers: list(&answer.headers),
                redirect_url: answer.header("location").unwrap_or_default().to_owned(),
                #[expect(clippy::cast_precision_loss, reason = "a body is never that long")]
                content: HarContent {
                    size: answer.body.len() as f64,
                    mime_type: kind(&answer.headers),
                    text: Some(answer.body.clone()),
                    encoding: None,
                },
                headers_size: -1,
                body_size: -1,
            })),
            cache: HarEmptyObject {},
            timings: HarTimings::default(),
        }
    });
    let creator = HarCreator { name: "portaria".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let har = Har { log: HarLog { version: "1.2".to_owned(), creator, entries: entries.collect() } };
    serde_json::to_string_pretty(&har).unwrap_or_default()
}

fn empty_response() -> HarResponse {
    HarResponse {
        status: 0.0,
        status_text: String::new(),
        http_version: String::new(),
        cookies: [],
        headers: Vec::new(),
        content: HarContent::default(),
        redirect_url: String::new(),
        headers_size: -1,
        body_size: -1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let exchange = RecordedExchange {
            method: "POST".to_owned(),
            address: "https://idp.example/token".to_owned(),
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: Some("{\"a\":\"é\"}".to_owned()),
            at: Some(1_767_323_045),
            answer: Some(RecordedResponse { status: 200, headers: vec![("X-A".to_owned(), "b".to_owned())], body: "{}".to_owned() }),
        };

        let read = read(write(std::slice::from_ref(&exchange)).as_bytes()).expect("a HAR");

        assert_eq!(read.len(), 1);
        assert!(read[0].address == exchange.address && read[0].body == exchange.body && read[0].at == exchange.at);
        assert!(read[0].answer.as_ref().is_some_and(|answer| answer.status == 200 && answer.body == "{}"));
    }

    #[test]
    fn what_is_null_is_as_good_as_left_out() {
        let text = r#"{"log":{"version":null,"creator":null,"entries":[{"startedDateTime":null,"time":null,
            "request":{"method":"POST","url":"https://idp.example/token","httpVersion":null,"headers":null,"postData":{"mimeType":null,"text":"a=b","params":null}},
            "response":{"status":200,"statusText":null,"headers":null,"content":{"size":null,"mimeType":null,"text":"{}","encoding":null},"redirectURL":null}}]}}"#;

        let read = read(text.as_bytes()).expect("a HAR");

        assert!(read.len() == 1 && read[0].body.as_deref() == Some("a=b"));
        assert!(read[0].answer.as_ref().is_some_and(|answer| answer.body == "{}"));
    }

    #[test]
    fn an_image_is_left_out_whether_its_header_or_the_browser_says_that_it_is_one() {
        for (header, mime_type, is_kept) in [
            ("image/png", "application/json", false),
            ("image/png", "", false),
            ("", "image/png", false),
            ("application/json", "image/png", true),
        ] {
            let headers = if header.is_empty() { String::new() } else { format!(r#"{{"name":"content-type","value":"{header}"}}"#) };
            let text = format!(
                r#"{{"log":{{"entries":[{{"request":{{"method":"GET","url":"https://a.example/"}},
                "response":{{"status":200,"headers":[{headers}],"content":{{"mimeType":"{mime_type}"}}}}}}]}}}}"#
            );

            assert_eq!(read(text.as_bytes()).expect("a HAR").len(), usize::from(is_kept), "{header} {mime_type}");
        }
    }

    #[test]
    fn what_is_no_har_is_said_without_its_values() {
        let deep = format!("{{\"log\":{{\"entries\":[{}", "[".repeat(100_000));
        for text in ["", "hush", "{\"log\":\"hush\"}", "{\"log\":{\"entries\":[{\"request\":\"hush\"}]}}", &deep, "\u{0}"] {
            let why = read(text.as_bytes()).err().expect("no HAR");
            assert!(!why.contains("hush"), "{why}");
        }
    }

    #[test]
    fn bodies_in_base64_and_parameters_without_a_text_are_read() {
        let text = r#"{"log":{"entries":[{"request":{"method":"post","url":"https://a.example/","postData":{"mimeType":"application/x-www-form-urlencoded",
            "params":[{"name":"a","value":"b c"}]}},"response":{"status":200,"content":{"mimeType":"application/json","encoding":"base64","text":"e30="}}}]}}"#;

        let read = read(text.as_bytes()).expect("a HAR");

        assert_eq!(read[0].body.as_deref(), Some("a=b+c"));
        assert_eq!(read[0].answer.as_ref().map(|answer| answer.body.as_str()), Some("{}"));
    }
}
