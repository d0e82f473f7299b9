//! The fields of a call: a form in either of its encodings, or a JSON object. Pages send all three.

use crate::pages::ErrorCause;
use crate::web::handed_in::{HandedIn, HandedInFields, json_fields, kind_of};
use crate::web::request_context::RequestContext;
use crate::web::user_facing_error::UserFacingError;
use actix_web::http::header::CONTENT_TYPE;

/// How many fields a form may have.
const MOST_FIELDS: usize = 20;
/// The longest text between the parts of a form (RFC 2046, section 5.1.1).
const LONGEST_BOUNDARY: usize = 70;

/// The fields of the body. An empty body has none, whatever its type is.
pub(crate) fn of_body(context: &RequestContext) -> Result<HandedInFields, UserFacingError> {
    if context.body().is_empty() {
        return Ok(Vec::new());
    }
    let fields = match &*kind_of(context) {
        "application/x-www-form-urlencoded" => HandedIn::form_fields(context),
        "application/json" => json_fields(context),
        "multipart/form-data" => context.header(CONTENT_TYPE).and_then(boundary).and_then(|boundary| parts(boundary, context.body())),
        _ => None,
    };
    fields.ok_or_else(|| ErrorCause::Malformed.into())
}

/// Whether one of these fields stands in the address, where it would be logged.
pub(crate) fn has_secret_in_address(context: &RequestContext, secrets: &[[&str; 2]]) -> bool {
    context.query_parameters().any(|(name, _)| secrets.iter().flatten().any(|secret| secret.eq_ignore_ascii_case(&name)))
}

/// The text between the parts, as the type of the body names it.
fn boundary(kind: &str) -> Option<&str> {
    let mut named = kind.split(';').skip(1).filter_map(|parameter| parameter.split_once('=')).filter(|(name, _)| name.trim() == "boundary");
    let (_, value) = named.next().filter(|_| named.next().is_none())?;
    let value = value.trim();
    let value = value.strip_prefix('"').map_or(Some(value), |quoted| quoted.strip_suffix('"'))?;
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"';
    ((1..=LONGEST_BOUNDARY).contains(&value.len()) && value.bytes().all(is_plain)).then_some(value)
}

/// The parts of a form (RFC 7578), all of which have to be texts.
fn parts(boundary: &str, body: &[u8]) -> Option<HandedInFields> {
    let text = std::str::from_utf8(body).ok()?;
    let delimiter = format!("\r\n--{boundary}");
    let mut rest = text.strip_prefix("--")?.strip_prefix(boundary)?;
    let mut fields = Vec::new();
    loop {
        if matches!(rest, "--" | "--\r\n") {
            return Some(fields);
        }
        let (part, after) = rest.strip_prefix("\r\n")?.split_once(&*delimiter)?;
        let (head, value) = part.split_once("\r\n\r\n")?;
        fields.push((name_of_part(head)?, value.to_owned()));
        if fields.len() > MOST_FIELDS {
            return None;
        }
        rest = after;
    }
}

/// The name of a part; `None` for a file.
fn name_of_part(head: &str) -> Option<String> {
    let mut dispositions =
        head.split("\r\n").filter_map(|line| line.split_once(':')).filter(|(name, _)| name.eq_ignore_ascii_case("content-disposition"));
    let (_, disposition) = dispositions.next().filter(|_| dispositions.next().is_none())?;
    let name = disposition.trim().strip_prefix("form-data; name=\"")?.strip_suffix('"')?;
    (!name.contains('"')).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_is_a_short_plain_text_that_stands_there_once() {
        for (kind, expected) in [
            ("multipart/form-data; boundary=x1", Some("x1")),
            ("multipart/form-data; charset=utf-8; boundary=\"x1\"", Some("x1")),
            ("multipart/form-data; boundary=\"x1", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data; boundary=x 1", None),
            ("multipart/form-data; boundary=x; boundary=y", None),
            ("multipart/form-data", None),
        ] {
            assert_eq!(boundary(kind), expected, "{kind}");
        }
        assert_eq!(boundary(&format!("multipart/form-data; boundary={}", "x".repeat(LONGEST_BOUNDARY + 1))), None);
    }

    #[test]
    fn a_form_of_texts_is_read_and_nothing_else() {
        let field = |name: &str, value: &str| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        let (login, code) = (field("login", "ana@loja.example"), field("accesskey", "12--x\r\n3"));
        let both = [("login".to_owned(), "ana@loja.example".to_owned()), ("accesskey".to_owned(), "12--x\r\n3".to_owned())];

        assert_eq!(parts("x", format!("{login}{code}--x--\r\n").as_bytes()).as_deref(), Some(&both[..]));
        assert_eq!(parts("x", format!("{login}--x--").as_bytes()).as_deref(), Some(&both[..1]));
        assert_eq!(parts("x", b"--x--\r\n").as_deref(), Some(&[][..]));
        for broken in [
            login.clone(),
            format!("before\r\n{login}--x--"),
            format!("{login}--x--after"),
            format!("{login}--xy--"),
            login.replace("form-data", "attachment") + "--x--",
            login.replace("name=\"login\"", "name=\"login\"; filename=\"a\"") + "--x--",
            login.replace("name=\"login\"", "name=login") + "--x--",
            login.replace("\r\n", "\n") + "--x--",
            "--x\r\nContent-Type: text/plain\r\n\r\nana\r\n--x--".to_owned(),
            login.repeat(MOST_FIELDS + 1) + "--x--",
        ] {
            assert_eq!(parts("x", broken.as_bytes()), None, "{broken}");
        }
        assert_eq!(parts("x", b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\xff\r\n--x--"), None);
    }
}
