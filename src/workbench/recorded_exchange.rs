//! A recording: the requests of a browser and a shop, and their answers, as plain values. It is full of secrets, so none
//! of its types can be printed.

use crate::vocabulary::text::form_encode;
use crate::vocabulary::wire::Request;
use percent_encoding::percent_decode_str;

/// One request and, where it was kept, its answer.
#[derive(Clone, Default)]
pub struct RecordedExchange {
    /// `GET`, `POST` or another method of the browser.
    pub method: String,
    /// The address with its query.
    pub address: String,
    /// Header names and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body as text; `None` if there was none or it was longer than what is kept.
    pub body: Option<String>,
    /// When it was sent, in seconds since 1970.
    pub at: Option<i64>,
    /// The provider's response; `None` if the recording holds none.
    pub answer: Option<RecordedResponse>,
}

/// The answer to a recorded request.
#[derive(Clone, Default)]
pub struct RecordedResponse {
    /// The HTTP status as it was recorded.
    pub status: u16,
    /// Header names and values.
    pub headers: Vec<(String, String)>,
    /// The body as text; empty if there was none or it was no text.
    pub body: String,
}

/// The longest body that is kept.
pub(crate) const LONGEST_BODY: usize = 256 * 1024;
/// The most exchanges that are kept.
pub(crate) const MOST: usize = 20_000;

impl RecordedExchange {
    /// A request that the engine makes, without an answer.
    pub(crate) fn of_request(request: &Request, at: Option<i64>) -> Self {
        let sent = request.as_sent();
        Self {
            method: request.method.to_string(),
            address: sent.address.to_owned(),
            headers: sent.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: request.body.as_ref().map(|_| sent.body.to_owned()),
            at,
            answer: None,
        }
    }

    /// The value of a header, whose name is compared without regard to case.
    pub fn header(&self, name: &str) -> Option<&str> {
        find_header(&self.headers, name)
    }

    /// The address without query and fragment.
    pub(crate) fn base(&self) -> &str {
        self.address.split(['?', '#']).next().unwrap_or_default()
    }

    /// The host with its port.
    pub(crate) fn host(&self) -> &str {
        host_of(&self.address)
    }

    /// The parameters of the address.
    pub fn query(&self) -> Vec<(String, String)> {
        let address = self.address.split('#').next().unwrap_or_default();
        address.split_once('?').map_or_else(Vec::new, |(_, query)| parse_pairs(query))
    }

    /// The fragment, without its `#`.
    pub(crate) fn fragment(&self) -> Option<&str> {
        self.address.split_once('#').map(|(_, fragment)| fragment)
    }

    /// The parameters of a body that is a form.
    pub fn form(&self) -> Option<Vec<(String, String)>> {
        let body = self.body.as_deref()?.trim();
        let kind = self.header("content-type").unwrap_or_default();
        let says_form = kind.starts_with("application/x-www-form-urlencoded");
        let looks_like_form = !body.starts_with(['{', '[', '<', '"']) && body.contains('=') && !body.contains(['\n', ' ']);
        (!body.is_empty() && (says_form && !body.starts_with('{') || kind.is_empty() && looks_like_form)).then(|| parse_pairs(body))
    }
}

impl RecordedResponse {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        find_header(&self.headers, name)
    }
}

fn find_header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The host of an address, with its port.
pub(crate) fn host_of(address: &str) -> &str {
    address.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default())
}

/// The pairs of a query or a form, decoded. A mask (`‹…›`) is one text, whatever stands in it.
pub(crate) fn parse_pairs(text: &str) -> Vec<(String, String)> {
    let outside_masks = |mark: char| {
        let mut is_masked = false;
        move |letter: char| {
            is_masked = letter == '‹' || is_masked && letter != '›';
            letter == mark && !is_masked
        }
    };
    let decoded = |text: &str| if text.starts_with('‹') && text.ends_with('›') { text.to_owned() } else { decode_form_text(text) };
    let parts = text.split(outside_masks('&')).filter(|pair| !pair.is_empty());
    parts
        .map(|pair| pair.split_once(outside_masks('=')).unwrap_or((pair, "")))
        .map(|(name, value)| (decode_form_text(name), decoded(value)))
        .collect()
}

/// A text of a query or a form, decoded.
pub(crate) fn decode_form_text(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// Pairs as a form.
pub(crate) fn encode_form(pairs: &[(String, String)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        form_encode(name, &mut text);
        text.push('=');
        form_encode(value, &mut text);
    }
    text
}
