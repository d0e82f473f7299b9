//! Reads and writes `curl` lines, as manuals and browsers give them. Each may be followed by its answer: a body, or what
//! `curl -i` prints.

pub(crate) mod shell_words;

use crate::vocabulary::text::form_encode;
use crate::workbench::curl::shell_words::{shell_quoted, shell_words};
use crate::workbench::recorded_exchange::{LONGEST_BODY, MOST, RecordedExchange, RecordedResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use std::fmt::Write as _;

/// Reads a text of curl lines and answers.
pub fn read(text: &str) -> Result<Vec<RecordedExchange>, String> {
    let mut all: Vec<RecordedExchange> = Vec::new();
    let mut answer = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let line_end = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let line = &rest[..line_end];
        let command = line.trim_start().trim_start_matches("$ ").trim_start();
        if command.starts_with("curl ") || command.starts_with("curl.exe ") {
            attach_answer(all.last_mut(), &answer);
            answer.clear();
            if all.len() >= MOST {
                return Ok(all);
            }
            let offset = rest.len() - rest[line.len() - line.trim_start().len()..].trim_start_matches("$ ").len();
            let (words, used) = shell_words(&rest[offset..]).map_err(|why| format!("curl line {}: {why}", all.len() + 1))?;
            let recorded = parse_command(&words).map_err(|why| format!("curl line {}: {why}", all.len() + 1))?;
            all.push(recorded);
            rest = &rest[offset + used..];
        } else {
            // A comment before the first line of an answer does not belong to the answer.
            if !(answer.is_empty() && line.starts_with('#')) && answer.len() <= LONGEST_BODY {
                answer.push_str(line);
            }
            rest = &rest[line_end..];
        }
    }
    attach_answer(all.last_mut(), &answer);
    if all.is_empty() { Err("there is no line that begins with `curl`".to_owned()) } else { Ok(all) }
}

/// Takes the text between one command and the next as the answer of the first.
fn attach_answer(last: Option<&mut RecordedExchange>, text: &str) {
    let Some(last) = last else { return };
    let text = text.trim_matches(['\r', '\n']);
    if text.trim().is_empty() || text.len() > LONGEST_BODY {
        return;
    }
    let answer = recorded_answer(text);
    if let Some(at) = answer.header("date").and_then(|date| DateTime::parse_from_rfc2822(date).ok()) {
        last.at = Some(at.timestamp());
    }
    last.answer = Some(answer);
}

/// An answer as `curl -i` prints it: the status line and the headers, or the body alone.
pub(crate) fn recorded_answer(text: &str) -> RecordedResponse {
    let mut answer = RecordedResponse { status: 200, ..RecordedResponse::default() };
    let mut body = text;
    // Interim answers and those of a proxy precede the answer of the server.
    while body.starts_with("HTTP/") {
        let (head, after) = split_head(body);
        answer = RecordedResponse { status: 200, ..RecordedResponse::default() };
        for (at, line) in head.lines().enumerate() {
            if at == 0 {
                answer.status = line.split_whitespace().nth(1).and_then(|status| status.parse().ok()).unwrap_or(200);
            } else if let Some((name, value)) = line.split_once(':') {
                answer.headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
        body = after;
    }
    body.trim_end().clone_into(&mut answer.body);
    answer
}

fn split_head(text: &str) -> (&str, &str) {
    let ends = [text.find("\r\n\r\n").map(|at| (at, 4)), text.find("\n\n").map(|at| (at, 2))];
    let first = ends.into_iter().flatten().min();
    first.map_or((text, ""), |(at, wide)| (&text[..at], &text[at + wide..]))
}

/// Options of curl that take a value and do not change the request as we need it.
const IGNORED_WITH_VALUE: &str = "-o --output -m --max-time --connect-timeout --retry -x --proxy --cacert -E --cert --key -w --write-out --resolve -c --cookie-jar -D --dump-header --interface --limit-rate --max-redirs \
    --ciphers -T --upload-file -F --form";

#[derive(Default)]
struct CurlCommand {
    method: Option<String>,
    address: Option<String>,
    headers: Vec<(String, String)>,
    data: Vec<String>,
    json: bool,
    into_query: bool,
    head: bool,
}

fn parse_command(words: &[String]) -> Result<RecordedExchange, String> {
    let mut line = CurlCommand::default();
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        let (name, mut inline) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
            _ => (word.clone(), None),
        };
        let mut name = name;
        // The value may follow without a blank: `-XPOST`, `-uid:secret`.
        if name.starts_with('-')
            && !name.starts_with("--")
            && name.len() > 2
            && name.is_char_boundary(2)
            && "XHdubAeomxwcDET".contains(&name[1..2])
        {
            inline = Some(name[2..].to_owned());
            name.truncate(2);
        }
        let mut value =
            || inline.take().or_else(|| words.next().cloned()).ok_or_else(|| format!("`{}` needs a value", shortened_option(&name)));
        match name.as_str() {
            "-X" | "--request" => line.method = Some(value()?),
            "--url" => line.address = Some(value()?),
            "-H" | "--header" => {
                let header = value()?;
                if let Some((name, value)) = header.split_once(':') {
                    line.headers.push((name.trim().to_owned(), value.trim().to_owned()));
                }
            }
            "-d" | "--data" | "--data-raw" | "--data-ascii" | "--data-binary" => line.data.push(value()?),
            "--data-urlencode" => line.data.push(url_encoded_value(&value()?)),
            "--json" => {
                line.json = true;
                line.data.push(value()?);
            }
            "-u" | "--user" => {
                let basic = STANDARD.encode(value()?);
                line.headers.push(("Authorization".to_owned(), format!("Basic {basic}")));
            }
            "-A" | "--user-agent" => line.headers.push(("User-Agent".to_owned(), value()?)),
            "-e" | "--referer" => line.headers.push(("Referer".to_owned(), value()?)),
            "-b" | "--cookie" => line.headers.push(("Cookie".to_owned(), value()?)),
            "--oauth2-bearer" => line.headers.push(("Authorization".to_owned(), format!("Bearer {}", value()?))),
            "-G" | "--get" => line.into_query = true,
            "-I" | "--head" => line.head = true,
            name if IGNORED_WITH_VALUE.split(' ').any(|known| known == name) => {
                value()?;
            }
            name if name.starts_with('-') && name.len() > 1 => {}
            _ => line.address = Some(word.clone()),
        }
    }
    line.into_exchange()
}

/// The beginning of an option's name, for a message.
fn shortened_option(text: &str) -> String {
    text.chars().take(24).collect()
}

/// A value of `--data-urlencode`: `content`, `=content` or `name=content`.
fn url_encoded_value(text: &str) -> String {
    let mut out = String::new();
    match text.split_once('=') {
        Some(("", content)) => form_encode(content, &mut out),
        Some((name, content)) => {
            out.push_str(name);
            out.push('=');
            form_encode(content, &mut out);
        }
        None => form_encode(text, &mut out),
    }
    out
}

impl CurlCommand {
    fn into_exchange(self) -> Result<RecordedExchange, String> {
        let mut address = self.address.ok_or("it names no address")?;
        if !address.contains("://") {
            address = format!("https://{address}");
        }
        let mut headers = self.headers;
        let mut body = (!self.data.is_empty()).then(|| self.data.join(if self.json { "" } else { "&" }));
        if self.into_query
            && let Some(data) = body.take()
        {
            address.push(if address.contains('?') { '&' } else { '?' });
            address.push_str(&data);
        }
        let has = |headers: &[(String, String)], name: &str| headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if body.is_some() && !has(&headers, "content-type") {
            let kind = if self.json { "application/json" } else { "application/x-www-form-urlencoded" };
            headers.push(("Content-Type".to_owned(), kind.to_owned()));
        }
        if self.json && !has(&headers, "accept") {
            headers.push(("Accept".to_owned(), "application/json".to_owned()));
        }
        let usual = if self.head {
            "HEAD"
        } else if body.is_some() {
            "POST"
        } else {
            "GET"
        };
        let method = self.method.map_or_else(|| usual.to_owned(), |method| method.to_ascii_uppercase());
        Ok(RecordedExchange { method, address, headers, body, at: None, answer: None })
    }
}

/// Writes exchanges as curl lines with their answers.
pub fn write(exchanges: &[RecordedExchange]) -> String {
    let mut text = String::new();
    for exchange in exchanges {
        let _ = write!(text, "curl -i {}", shell_quoted(&exchange.address));
        let usual = if exchange.body.is_some() { "POST" } else { "GET" };
        if exchange.method != usual {
            let _ = write!(text, " \\\n  -X {}", exchange.method);
        }
        for (name, value) in &exchange.headers {
            let _ = write!(text, " \\\n  -H {}", shell_quoted(&format!("{name}: {value}")));
        }
        if let Some(body) = &exchange.body {
            let _ = write!(text, " \\\n  --data-raw {}", shell_quoted(body));
        }
        text.push_str("\n\n");
        if let Some(answer) = &exchange.answer {
            let _ = writeln!(text, "HTTP/1.1 {}", answer.status);
            if let Some(at) = exchange.at.and_then(|at| DateTime::from_timestamp(at, 0))
                && answer.header("date").is_none()
            {
                let _ = writeln!(text, "Date: {}", at.to_rfc2822());
            }
            for (name, value) in &answer.headers {
                let _ = writeln!(text, "{name}: {value}");
            }
            let _ = write!(text, "\n{}\n\n", answer.body);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_line_is_read() {
        let text = "# the token\n$ curl -s -XPOST https://idp.example/token \\\n  -u 'id:p w' -H 'X-A: b' \\\n  -d grant_type=authorization_code --data-urlencode 'code=a b'\n\
            HTTP/1.1 100 Continue\n\nHTTP/1.1 201 Created\nDate: Fri, 02 Jan 2026 03:04:05 GMT\nX-B: c\n\n{\"a\":1}\n\n\
            curl -G --get \"https://idp.example/me?x=1\" -d y=2 --compressed\n{\"b\":2}\n\
            curl 'https://idp.example/j' --json $'{\"n\":\"it\\'s\\u0041\"}'\n\
            curl idp.example/k --data-raw '{}' --request=PUT -H 'content-type: application/json'\n";

        let read = read(text).expect("curl lines");

        let short = |at: usize| (read[at].method.as_str(), read[at].address.as_str(), read[at].body.as_deref());
        assert_eq!(short(0), ("POST", "https://idp.example/token", Some("grant_type=authorization_code&code=a+b")));
        assert_eq!(read[0].header("authorization"), Some("Basic aWQ6cCB3"));
        assert!(
            read[0]
                .answer
                .as_ref()
                .is_some_and(|answer| answer.status == 201 && answer.body == "{\"a\":1}" && answer.header("x-b") == Some("c"))
        );
        assert_eq!(read[0].at, Some(1_767_323_045));
        assert_eq!(short(1), ("GET", "https://idp.example/me?x=1&y=2", None));
        assert_eq!(short(2), ("POST", "https://idp.example/j", Some("{\"n\":\"it'sA\"}")));
        assert_eq!(short(3), ("PUT", "https://idp.example/k", Some("{}")));
    }

    #[test]
    fn an_error_quotes_no_value_of_the_line() {
        for text in ["", "wget hush", "curl", "curl -H", "curl 'https://hush.example", "curl \"hush", "curl $'hush"] {
            let why = read(text).err();
            assert!(why.as_ref().is_none_or(|why| !why.contains("hush")), "{why:?}");
        }
        assert!(read("curl\n").is_err() && read("curl 'https://a").is_err());
    }

    #[test]
    fn a_recording_is_read_as_it_was_written() {
        let exchange = RecordedExchange {
            method: "POST".to_owned(),
            address: "https://idp.example/token".to_owned(),
            headers: vec![("Content-Type".to_owned(), "text/plain".to_owned())],
            body: Some("it's\ntwo lines".to_owned()),
            at: Some(1_767_323_045),
            answer: Some(RecordedResponse { status: 200, headers: Vec::new(), body: "{\"a\":\n1}".to_owned() }),
        };

        let read = read(&write(std::slice::from_ref(&exchange))).expect("curl lines");

        assert!(read[0].body == exchange.body && read[0].at == exchange.at && read[0].address == exchange.address);
        assert!(read[0].answer.as_ref().is_some_and(|answer| answer.body == "{\"a\":\n1}"));
    }
}
