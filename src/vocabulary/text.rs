//! A text that may be secret, wholly or in parts, and that remembers which fact each secret part came from.
//!
//! What is made from a secret is secret. A mask shows `‹fact›` in place of a secret, so a request can be shown exactly as
//! it would be sent without giving anything away. Most modules compare, mask and transform a text by its methods; the
//! few files that call [`Text::expose`] are listed in `tests/architecture.rs`.

use aws_lc_rs::constant_time;
use smallvec::SmallVec;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use zeroize::Zeroize;

/// Shorter values are words of any document; they are not masked where they occur in one.
const SHORTEST_MASKED: usize = 5;

/// Text with marked secret parts.
#[derive(Clone, Default)]
pub struct Text {
    value: String,
    marks: SmallVec<[SecretRange; 1]>,
}

/// All runs of some length of a secret.
pub(crate) struct SecretRuns<'t> {
    length: usize,
    runs: HashSet<&'t [u8]>,
}

impl SecretRuns<'_> {
    /// The pieces of a text that are pieces of the secret as well, in order; none holds a part of a character.
    pub(crate) fn pieces_in(&self, text: &str) -> Vec<Range<usize>> {
        let mut pieces: Vec<Range<usize>> = Vec::new();
        for (start, run) in text.as_bytes().windows(self.length).enumerate() {
            if !self.runs.contains(run) {
                continue;
            }
            let piece = text.floor_char_boundary(start)..text.ceil_char_boundary(start.saturating_add(self.length));
            match pieces.last_mut() {
                Some(last) if piece.start <= last.end => last.end = piece.end,
                _ => pieces.push(piece),
            }
        }
        pieces
    }

    /// Whether bytes hold a piece of the secret.
    pub(crate) fn are_in(&self, bytes: &[u8]) -> bool {
        bytes.windows(self.length).any(|run| self.runs.contains(run))
    }
}

#[derive(Clone)]
struct SecretRange {
    start: usize,
    end: usize,
    label: Arc<str>,
    /// Whether the mask stands in quotes, so that a JSON document with a masked number stays one.
    is_quoted: bool,
}

impl Text {
    /// Text that may be shown.
    pub fn plain(value: impl Into<String>) -> Self {
        Self { value: value.into(), marks: SmallVec::new() }
    }

    /// Text that is never shown; a mask shows `‹label›` in its place.
    pub fn secret(value: impl Into<String>, label: &Arc<str>) -> Self {
        let value = value.into();
        let marks = SmallVec::from_buf([SecretRange { start: 0, end: value.len(), label: Arc::clone(label), is_quoted: false }]);
        Self { value, marks }
    }

    /// The whole value, secret parts included. `tests/architecture.rs` lists the files that may call this, each with its reason.
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// What may be shown: secret parts as `‹label›`.
    pub fn masked(&self) -> String {
        let mut shown = String::with_capacity(self.value.len());
        let mut at = 0;
        for mark in &self.marks {
            shown.push_str(&self.value[at..mark.start]);
            let quote = if mark.is_quoted { "\"" } else { "" };
            shown.push_str(quote);
            shown.push('‹');
            shown.push_str(&mark.label);
            shown.push('›');
            shown.push_str(quote);
            at = mark.end;
        }
        shown.push_str(&self.value[at..]);
        shown
    }

    /// Whether any part is secret.
    pub fn is_secret(&self) -> bool {
        !self.marks.is_empty()
    }

    /// Whether this is the same value, compared in constant time.
    pub(crate) fn equals(&self, other: &str) -> bool {
        constant_time::verify_slices_are_equal(self.value.as_bytes(), other.as_bytes()).is_ok()
    }

    /// Whether another text has the same value, compared in constant time.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.equals(&other.value)
    }

    /// Whether another text has the same value but for the secret parts with this label, such as a signature that is another one each time.
    pub(crate) fn is_same_but_for(&self, other: &Self, label: &str) -> bool {
        self.is_same_as(other) || self.without(label).is_same_as(&other.without(label))
    }

    fn without(&self, label: &str) -> Self {
        let mut rest = Self::default();
        let mut at = 0;
        for mark in self.marks.iter().filter(|mark| *mark.label == *label) {
            rest.push_str(&self.value[at..mark.start]);
            // No text of a request holds this character.
            rest.push_str("\u{0}");
            at = mark.end;
        }
        rest.push_str(&self.value[at..]);
        rest
    }

    /// Tests the value. The function captures nothing and its result cannot hold the text, so the value stays here.
    pub(crate) fn judged<T: Copy + 'static>(&self, judge: fn(&str) -> T) -> T {
        judge(&self.value)
    }

    /// Whether the value passes a test. The test sees the value and may capture; `tests/architecture.rs` lists who calls this.
    pub(crate) fn satisfies(&self, test: impl Fn(&str) -> bool) -> bool {
        test(&self.value)
    }

    /// The value as a number.
    pub(crate) fn as_number(&self) -> Option<i64> {
        self.judged(|text| text.parse().ok())
    }

    /// The value in another form, secret as a whole: a header, a signature, a token. `tests/architecture.rs` lists who calls this.
    #[must_use]
    pub(crate) fn made_into(&self, label: &Arc<str>, make: impl FnOnce(&str) -> String) -> Self {
        Self::secret(make(&self.value), label)
    }

    /// The same value, secret as a whole.
    #[must_use]
    pub(crate) fn made_secret(&self, label: &Arc<str>) -> Self {
        Self::secret(self.value.clone(), label)
    }

    /// Where the value begins in another text.
    pub(crate) fn find_in(&self, text: &str) -> Option<usize> {
        text.find(&self.value)
    }

    /// The rest of a text that begins with the value.
    pub(crate) fn strip_from<'a>(&self, text: &'a str) -> Option<&'a str> {
        text.strip_prefix(&self.value)
    }

    /// Another text with this value replaced wherever it occurs.
    pub(crate) fn replaced_in(&self, text: &str, replacement: &str) -> String {
        if self.value.is_empty() { text.to_owned() } else { text.replace(&self.value, replacement) }
    }

    /// Whether bytes hold the value.
    pub(crate) fn is_within(&self, bytes: &[u8]) -> bool {
        !self.is_empty() && bytes.windows(self.len()).any(|part| part == self.value.as_bytes())
    }

    /// The runs of this many bytes of the secret parts, by which a piece of a secret is found.
    pub(crate) fn secret_runs(&self, length: usize) -> SecretRuns<'_> {
        let parts = self.marks.iter().filter_map(|mark| self.value.as_bytes().get(mark.start..mark.end));
        SecretRuns { length, runs: parts.flat_map(|part| part.windows(length)).collect() }
    }

    /// A document with every occurrence of several secrets replaced.
    pub(crate) fn mask_all(secrets: &[Self], document: &str, replacement: &str) -> String {
        let Some(found) = Self::longest_in(secrets, document) else { return document.to_owned() };
        let (before, after) = (&document[..found.start], &document[found.end..]);
        Self::mask_all(secrets, before, replacement) + replacement + &Self::mask_all(secrets, after, replacement)
    }

    /// The longest of several secrets that occurs in a text: its bytes. The longest is taken first, so that no rest of it is left
    /// where a shorter one is a part of it.
    pub(crate) fn longest_in(secrets: &[Self], text: &str) -> Option<Range<usize>> {
        let long_enough = secrets.iter().filter(|secret| secret.len() >= SHORTEST_MASKED);
        let found = long_enough.filter_map(|secret| secret.find_in(text).map(|start| start..start + secret.len()));
        found.max_by_key(ExactSizeIterator::len)
    }

    /// Whether there is no character at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.value.is_empty()
    }

    /// The length in bytes.
    pub(crate) fn len(&self) -> usize {
        self.value.len()
    }

    /// Reserves space for more bytes.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.value.reserve(bytes);
    }

    /// Adds plain text at the end.
    pub(crate) fn push_str(&mut self, more: &str) {
        self.value.push_str(more);
    }

    /// Adds plain text at the end, written in an encoding.
    pub(crate) fn push_plain_encoded(&mut self, more: &str, encode: impl Fn(&str, &mut String)) {
        encode(more, &mut self.value);
    }

    /// Adds another text at the end, with its marks.
    pub(crate) fn push(&mut self, more: &Self) {
        let at = self.value.len();
        self.value.push_str(&more.value);
        self.marks.extend(more.marks.iter().map(|mark| SecretRange {
            start: mark.start + at,
            end: mark.end + at,
            label: Arc::clone(&mark.label),
            is_quoted: mark.is_quoted,
        }));
    }

    /// Adds a number, `true` or `false` of a JSON document at the end; where it is secret, its mask stands in quotes.
    pub(crate) fn push_json_literal(&mut self, more: &Self) {
        let start = self.value.len();
        self.value.push_str(&more.value);
        let label = more.marks.first().map(|mark| Arc::clone(&mark.label));
        self.marks.extend(label.map(|label| SecretRange { start, end: self.value.len(), label, is_quoted: true }));
    }

    /// Adds another text at the end, written in an encoding; secret parts stay secret.
    pub fn push_encoded(&mut self, more: &Self, encode: impl Fn(&str, &mut String)) {
        let mut at = 0;
        for mark in &more.marks {
            encode(&more.value[at..mark.start], &mut self.value);
            let start = self.value.len();
            encode(&more.value[mark.start..mark.end], &mut self.value);
            self.marks.push(SecretRange { start, end: self.value.len(), label: Arc::clone(&mark.label), is_quoted: false });
            at = mark.end;
        }
        encode(&more.value[at..], &mut self.value);
    }

    /// Both sides of a byte that begins a character; what is secret stays so.
    pub(crate) fn split_at(&self, at: usize) -> (Self, Self) {
        let part = |from: usize, to: usize| {
            let inside = self.marks.iter().filter(|mark| mark.end > from && mark.start < to);
            let marks = inside.map(|mark| SecretRange {
                start: mark.start.max(from) - from,
                end: mark.end.min(to) - from,
                label: Arc::clone(&mark.label),
                is_quoted: mark.is_quoted,
            });
            Self { value: self.value[from..to].to_owned(), marks: marks.collect() }
        };
        (part(0, at), part(at, self.value.len()))
    }

    /// The text without its first byte, which must be a character of one byte.
    #[must_use]
    pub(crate) fn without_first_byte(&self) -> Self {
        self.split_at(1).1
    }

    /// The value, no longer secret. Only what becomes a part of an identity is revealed.
    #[must_use]
    pub(crate) fn revealed(mut self) -> String {
        self.marks.clear();
        std::mem::take(&mut self.value)
    }

    /// Without blanks at both ends.
    #[must_use]
    pub(crate) fn trimmed(self) -> Self {
        if self.value.trim().len() == self.value.len() {
            return self;
        }
        let start = self.value.len() - self.value.trim_start().len();
        let end = start + self.value.trim().len();
        let clip = |at: usize| at.clamp(start, end) - start;
        let marks = self.marks.iter().map(|m| SecretRange {
            start: clip(m.start),
            end: clip(m.end),
            label: Arc::clone(&m.label),
            is_quoted: m.is_quoted,
        });
        Self { value: self.value[start..end].to_owned(), marks: marks.collect() }
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        if !self.marks.is_empty() {
            self.value.zeroize();
        }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.masked())
    }
}

/// Adds `text` to `out` so that it can be any part of an address: only letters, digits and `-._~` stay.
pub fn percent_encode(text: &str, out: &mut String) {
    const KEPT: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    out.extend(percent_encoding::utf8_percent_encode(text, KEPT));
}

/// Adds `text` to `out` as forms write it: like [`percent_encode`], with `+` for a blank.
pub fn form_encode(text: &str, out: &mut String) {
    for (at, part) in text.split(' ').enumerate() {
        if at > 0 {
            out.push('+');
        }
        percent_encode(part, out);
    }
}

/// Adds `text` to `out` as the content of a JSON string.
pub(crate) fn json_escape(text: &str, out: &mut String) {
    let quoted = serde_json::to_string(text).expect("a text is always JSON");
    out.push_str(quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&quoted));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_from_a_secret_is_masked_and_its_surroundings_are_not() {
        let secret = Text::secret("p w", &Arc::from("clientSecret"));
        let mut line = Text::plain("a=");

        line.push_encoded(&secret, form_encode);
        line.push_str("&b=1");

        assert_eq!(line.expose(), "a=p+w&b=1");
        assert_eq!(line.masked(), "a=‹clientSecret›&b=1");
        assert_eq!(format!("{line:?}"), "\"a=‹clientSecret›&b=1\"");
    }

    #[test]
    fn a_document_is_masked_by_secrets_that_stay_unseen() {
        let secret = |value: &str| Text::secret(value, &Arc::from("s"));
        let secrets = [secret("hunter2"), secret("hunter2-and-more"), secret("abc"), secret("")];

        for (document, masked) in
            [("a hunter2, b hunter2-and-more, c abc", "a •, b •, c abc"), ("hunter2hunter2", "••"), ("hunter", "hunter"), ("", "")]
        {
            assert_eq!(Text::mask_all(&secrets, document, "•"), masked);
        }
    }

    #[test]
    fn texts_are_compared_by_value_alone() {
        let secret = Text::secret("p w", &Arc::from("s"));

        assert!(secret.equals("p w") && secret.is_same_as(&Text::plain("p w")));
        assert!(!secret.equals("p") && !secret.equals("p w ") && !secret.equals(""));
        assert_eq!(Text::plain("17").as_number(), Some(17));
        assert_eq!(secret.as_number(), None);
    }

    #[test]
    fn trimming_moves_the_marks_along() {
        let mut text = Text::plain("  ");
        text.push(&Text::secret("ana ", &Arc::from("name")));

        let trimmed = text.trimmed();

        assert_eq!(trimmed.expose(), "ana");
        assert_eq!(trimmed.masked(), "‹name›");
    }
}
