//! A provider's file as the lab shows it: its lines, the complaints under them, and its secrets masked.
//!
//! Every byte of the file is hidden until the walk over its parsed tree decides that it may be shown, so what the walk does not
//! understand stays hidden. Of a file that is not YAML only the lines that are complained about are shown, without their values.

use crate::provider::declared_values::{OFTEN_SECRETS, SECRETS};
use crate::vocabulary::diagnostic::{Complaint, Report, Severity, printable};
use crate::vocabulary::yaml::{self, YamlError, YamlKind, YamlNode};
use std::ops::Range;

/// What stands in place of a secret.
pub(crate) const DOTS: &str = "••••••";
/// The longest file that is shown, in lines; the lines after these are only counted.
const MOST_LINES: usize = 4000;
/// A known secret that is shorter than this is not searched for: it would be found in ordinary words.
const SHORTEST_SECRET: usize = 5;

/// A stretch of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MaskedSpan {
    /// A key with its colon.
    Key(String),
    Plain(String),
    Comment(String),
    /// A stretch that is not shown.
    Hidden,
}

impl MaskedSpan {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Key(text) | Self::Plain(text) | Self::Comment(text) => text,
            Self::Hidden => DOTS,
        }
    }
}

/// A line of the file with the complaints about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MaskedLine {
    pub(crate) number: usize,
    pub(crate) spans: Vec<MaskedSpan>,
    pub(crate) complaints: Vec<LineComplaint>,
}

impl MaskedLine {
    /// Whether an error in this line keeps the file from being used.
    pub(crate) fn has_error(&self) -> bool {
        self.complaints.iter().any(|complaint| complaint.is_error)
    }

    /// The line as it is shown, with dots for what is hidden.
    pub(crate) fn text(&self) -> String {
        self.spans.iter().map(MaskedSpan::text).collect()
    }
}

/// A complaint as it is drawn under its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LineComplaint {
    /// The line; 0 for a complaint about the file as a whole.
    pub(crate) line: usize,
    /// The carets that point at the word above them, with the blanks in front.
    pub(crate) caret: String,
    /// Whether it keeps the file from being used.
    pub(crate) is_error: bool,
    pub(crate) message: String,
    pub(crate) help: String,
}

/// A file as it is shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct MaskedFile {
    pub(crate) lines: Vec<MaskedLine>,
    /// The complaints about the file as a whole.
    pub(crate) file_complaints: Vec<LineComplaint>,
    /// How many lines of a long file are not shown.
    pub(crate) lines_left_out: usize,
    /// Whether the file is not YAML, so that only the lines complained about are shown.
    pub(crate) is_unparsed: bool,
}

impl MaskedFile {
    /// The file of a report with its complaints. The given secrets are masked wherever they stand.
    pub(crate) fn from_report(report: &Report, secrets: &[String]) -> Self {
        let text = &*report.source.text;
        let mut masker = FileMasker::new(text, secrets);
        let parsed = yaml::parse(&report.source);
        match &parsed {
            Ok((root, repeated_keys)) => masker.show_tree(root, repeated_keys),
            Err(_) => masker.show_leading_keys(),
        }
        masker.hide_known_secrets();

        let is_shown = |number: usize| parsed.is_ok() || report.complaints.iter().any(|complaint| line_of(complaint) == number);
        let mut file = Self { is_unparsed: parsed.is_err(), ..Self::default() };
        for (line, number) in line_ranges(text).into_iter().zip(1..) {
            if number > MOST_LINES {
                file.lines_left_out += 1;
            } else if is_shown(number) {
                masker.remember_hidden(line.clone());
                file.lines.push(MaskedLine { number, spans: masker.spans(line), complaints: Vec::new() });
            }
        }
        for complaint in &report.complaints {
            let drawn = LineComplaint {
                line: line_of(complaint),
                caret: masker.caret(complaint),
                is_error: complaint.severity == Severity::Error,
                message: masker.mask_sentence(&complaint.message),
                help: masker.mask_sentence(&complaint.help),
            };
            match file.lines.iter_mut().find(|line| line.number == drawn.line) {
                Some(line) => line.complaints.push(drawn),
                None => file.file_complaints.push(drawn),
            }
        }
        file
    }

    /// The complaints about the file as a whole, and then those about its lines.
    pub(crate) fn complaints(&self) -> impl Iterator<Item = &LineComplaint> {
        self.file_complaints.iter().chain(self.lines.iter().flat_map(|line| &line.complaints))
    }
}

/// The text of a message with the secrets in it masked, for messages that are not about a provider's file.
pub(crate) fn mask_text(text: &str) -> String {
    let mask_line = |line: &str| secret_in_prose(line).map_or_else(|| line.to_owned(), |from| format!("{}{DOTS}", &line[..from]));
    text.lines().map(mask_line).collect::<Vec<_>>().join("\n")
}

/// Carets under a line from this column on.
pub(crate) fn caret_line(column: usize, width: usize) -> String {
    format!("{}{}", " ".repeat(column.saturating_sub(1).min(400)), "^".repeat(width.clamp(1, 200)))
}

fn line_of(complaint: &Complaint) -> usize {
    complaint.place.map_or(0, |place| place.line as usize)
}

/// The bytes of each line, without the line break.
fn line_ranges(text: &str) -> Vec<Range<usize>> {
    let start_of = |line: &str| line.as_ptr() as usize - text.as_ptr() as usize;
    text.lines().map(|line| start_of(line)..start_of(line) + line.len()).collect()
}

/// How a byte of the file is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ink {
    Hidden,
    Key,
    Plain,
    Comment,
}

/// A scalar or a key that the parser found.
struct FoundToken {
    bytes: Range<usize>,
    /// Whether the value after it is not in the tree, as after a key that stands twice.
    is_value_unknown: bool,
}

/// Decides for every byte of a file how it is shown.
struct FileMasker<'a> {
    text: &'a str,
    secrets: Vec<&'a str>,
    ink: Vec<Ink>,
    found: Vec<FoundToken>,
    /// Texts that are hidden, so that complaints do not repeat them.
    hidden: Vec<String>,
}

impl<'a> FileMasker<'a> {
    fn new(text: &'a str, secrets: &'a [String]) -> Self {
        let secrets = secrets.iter().flat_map(|secret| secret.lines()).filter(|secret| secret.len() >= SHORTEST_SECRET).collect();
        Self { text, secrets, ink: vec![Ink::Hidden; text.len()], found: Vec::new(), hidden: Vec::new() }
    }

    fn paint(&mut self, bytes: Range<usize>, ink: Ink) {
        if let Some(part) = self.ink.get_mut(bytes) {
            part.fill(ink);
        }
    }

    /// Shows a parsed file.
    fn show_tree(&mut self, root: &YamlNode, repeated_keys: &[YamlError]) {
        self.show_node(root, false);
        for place in repeated_keys.iter().filter_map(|repeated| repeated.place) {
            self.show_key(place.start as usize..place.end as usize, true, true);
        }
        self.found.sort_by_key(|token| token.bytes.start);
        let (mut from, mut is_unknown) = (0, false);
        for token in std::mem::take(&mut self.found) {
            if !is_unknown {
                self.show_between(from..token.bytes.start);
            }
            (from, is_unknown) = (token.bytes.end, token.is_value_unknown);
        }
        if !is_unknown {
            self.show_between(from..self.text.len());
        }
    }

    fn show_node(&mut self, node: &YamlNode, is_secret: bool) {
        match &node.kind {
            // What is not written has the place of its key.
            YamlKind::Scalar { .. } if node.is_null() => {}
            YamlKind::Scalar { text, verbatim, .. } => {
                let bytes = node.place.start as usize..node.place.end as usize;
                let is_escaped_secret = !verbatim && self.secrets.iter().any(|secret| text.contains(secret));
                if is_secret && !refers_to_secret(text.trim()) || text.contains("-----BEGIN") || is_escaped_secret {
                    self.remember(text);
                } else {
                    self.show_words(bytes.clone(), Ink::Plain);
                }
                self.found.push(FoundToken { bytes, is_value_unknown: false });
            }
            YamlKind::List(nodes) => nodes.iter().for_each(|node| self.show_node(node, is_secret)),
            YamlKind::Map(entries) => {
                for entry in entries {
                    let key = entry.key.place;
                    self.show_key(key.start as usize..key.end as usize, is_secret, false);
                    let is_block = matches!(entry.value.kind, YamlKind::Map(_));
                    let names_secret = names_secret(&entry.key.value) || !is_block && often_names_secret(&entry.key.value);
                    self.show_node(&entry.value, is_secret || names_secret);
                }
            }
        }
    }

    /// Shows a key with its colon; where only names are shown, any other key stays hidden.
    fn show_key(&mut self, mut bytes: Range<usize>, only_names: bool, is_value_unknown: bool) {
        if self.text.get(bytes.end..).is_some_and(|rest| rest.starts_with(':')) {
            bytes.end += 1;
        }
        let key = self.text.get(bytes.clone()).unwrap_or_default().trim_matches([':', '"', '\'']);
        if !only_names || is_name(key) {
            self.show_words(bytes.clone(), Ink::Key);
        }
        self.found.push(FoundToken { bytes, is_value_unknown });
    }

    /// Shows a text, but not what stands after the name of a secret in it.
    fn show_words(&mut self, bytes: Range<usize>, ink: Ink) {
        let words = self.text.get(bytes.clone()).unwrap_or_default();
        let shown = secret_in_prose(words).map_or(bytes.end, |secret| bytes.start + secret);
        self.paint(bytes.start..shown, ink);
    }

    /// Shows what stands between two scalars: blanks, brackets and comments. From anything else on, all of it stays hidden.
    fn show_between(&mut self, bytes: Range<usize>) {
        let mut hides_comments = false;
        let mut at = bytes.start;
        while let Some(rest) = self.text.get(at..bytes.end).filter(|rest| !rest.is_empty()) {
            let is_after_blank = self.text[..at].chars().next_back().is_none_or(char::is_whitespace);
            let length = |is_in: fn(char) -> bool| rest.find(|letter| !is_in(letter)).unwrap_or(rest.len());
            let word = &rest[..rest.find([' ', '\n', '\r', '\t', ',', ']', '}']).unwrap_or(rest.len())];
            let end = if rest.starts_with('#') && is_after_blank {
                let line = rest.lines().next().unwrap_or_default();
                // A comment may go on with the key or the value that the line before announces.
                hides_comments |= line.contains("-----BEGIN");
                if !hides_comments {
                    self.show_words(at..at + line.len(), Ink::Comment);
                }
                hides_comments |= line.trim_end().ends_with([':', '=']) && SECRETS.iter().any(|name| normalized_name(line).ends_with(name));
                at += line.len();
                continue;
            } else if rest.starts_with(['|', '>']) {
                at + 1 + rest[1..].find(|letter: char| !matches!(letter, '0'..='9' | '+' | '-')).unwrap_or(rest.len() - 1)
            } else if matches!(word, "~" | "null" | "Null" | "NULL") {
                at + word.len()
            } else {
                at + length(|letter| letter.is_whitespace() || matches!(letter, '-' | ':' | ',' | '{' | '}' | '[' | ']' | '?' | '\u{feff}'))
            };
            if end == at {
                return;
            }
            self.paint(at..end, Ink::Plain);
            at = end;
        }
    }

    /// Shows of each line the key with which it begins.
    fn show_leading_keys(&mut self) {
        for line in line_ranges(self.text) {
            let words = &self.text[line.clone()];
            let begin = words.len() - words.trim_start_matches([' ', '-']).len();
            if let Some((key, _)) = words[begin..].split_once(':')
                && is_name(key)
                && key.bytes().all(|byte| !byte.is_ascii_digit())
            {
                self.paint(line.start..line.start + begin, Ink::Plain);
                self.paint(line.start + begin..line.start + begin + key.len() + 1, Ink::Key);
            }
        }
    }

    fn hide_known_secrets(&mut self) {
        for secret in self.secrets.clone() {
            for (at, _) in self.text.match_indices(secret) {
                self.paint(at..at + secret.len(), Ink::Hidden);
            }
        }
    }

    /// The runs of bytes that are shown alike. Blanks are shown everywhere.
    fn runs(&self, bytes: Range<usize>) -> Vec<(&'a str, Ink)> {
        let mut runs = Vec::new();
        let mut from = bytes.start;
        for same in self.ink.get(bytes).unwrap_or_default().chunk_by(|one, other| one == other) {
            let words = self.text.get(from..from + same.len()).unwrap_or_default();
            let begin = words.len() - words.trim_start().len();
            match same[0] {
                Ink::Hidden if begin > 0 => {
                    runs.push((&words[..begin], Ink::Plain));
                    runs.push((&words[begin..], Ink::Hidden));
                }
                ink => runs.push((words, ink)),
            }
            from += same.len();
        }
        runs.retain(|(words, _)| !words.is_empty());
        runs
    }

    fn spans(&self, bytes: Range<usize>) -> Vec<MaskedSpan> {
        let span = |(words, ink): (&str, Ink)| match ink {
            Ink::Hidden => MaskedSpan::Hidden,
            Ink::Key => MaskedSpan::Key(printable(words)),
            Ink::Plain => MaskedSpan::Plain(printable(words)),
            Ink::Comment => MaskedSpan::Comment(printable(words)),
        };
        self.runs(bytes).into_iter().map(span).collect()
    }

    /// The carets under a complaint's word, where the word stands in the line as it is shown.
    fn caret(&self, complaint: &Complaint) -> String {
        let Some(place) = complaint.place.filter(|place| place.line > 0) else { return caret_line(1, 1) };
        let lines = line_ranges(self.text);
        let Some(line) = lines.get(place.line as usize - 1) else { return caret_line(1, 1) };
        let mut start = (place.start as usize).clamp(line.start, line.end);
        let end = (place.end as usize).clamp(start, line.end);
        while start > line.start && self.ink.get(start - 1..=start).is_some_and(|both| both == [Ink::Hidden, Ink::Hidden]) {
            start -= 1;
        }
        start += self.text.get(start..end).map_or(0, |words| words.len() - words.trim_start().len());
        let width = |bytes: Range<usize>| self.spans(bytes).iter().map(|span| span.text().chars().count()).sum::<usize>();
        caret_line(width(line.start..start) + 1, width(start..end))
    }

    fn remember_hidden(&mut self, line: Range<usize>) {
        for (words, ink) in self.runs(line) {
            if ink == Ink::Hidden {
                self.remember(words);
            }
        }
    }

    fn remember(&mut self, text: &str) {
        let bare = text.trim().trim_matches(['"', '\'']);
        // A complaint may quote what stands after `env:` where a secret stands instead of the name of a variable.
        let rest = bare.split_once([':', '.']).map(|(_, rest)| rest.trim());
        self.hidden.extend([text.trim(), bare].into_iter().chain(rest).filter(|text| text.chars().count() >= 3).map(str::to_owned));
    }

    /// A sentence about the file with dots for what is hidden in the file. The longest text goes first, so that no rest of it is left.
    fn mask_sentence(&self, sentence: &str) -> String {
        let mut longest: Vec<&str> = self.hidden.iter().map(String::as_str).chain(self.secrets.iter().copied()).collect();
        longest.sort_by_key(|text| std::cmp::Reverse(text.len()));
        printable(&longest.into_iter().fold(sentence.to_owned(), |masked, text| masked.replace(text, DOTS)))
    }
}

/// A name in small letters, without its signs.
fn normalized_name(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

fn names_secret(name: &str) -> bool {
    let name = normalized_name(name);
    SECRETS.iter().any(|word| name.contains(word))
}

fn often_names_secret(name: &str) -> bool {
    let name = normalized_name(name);
    OFTEN_SECRETS.iter().any(|word| name.ends_with(word))
}

/// Whether a key looks like a name of the language or of a parameter, and not like a value.
fn is_name(key: &str) -> bool {
    !key.is_empty() && key.len() <= 40 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Where a secret begins that is written out in a text after its name: `clientSecret: x`, `client_secret=x`.
fn secret_in_prose(text: &str) -> Option<usize> {
    if let Some(key) = text.find("-----BEGIN") {
        return Some(key);
    }
    text.char_indices().filter(|(_, letter)| matches!(letter, ':' | '=')).find_map(|(at, _)| {
        let before = text[..at].trim_end_matches(['"', '\'', ' ']);
        let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        let name = &before[before.trim_end_matches(is_of_name).len()..];
        let value = text[at + 1..].trim_start();
        let is_reference = refers_to_secret(value.trim_end().trim_matches(['"', '\'']));
        ((names_secret(name) || often_names_secret(name)) && !is_reference).then(|| text.len() - value.len())
    })
}

/// Whether a value says where a secret is kept, or that there is none, rather than being one.
fn refers_to_secret(value: &str) -> bool {
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match value {
        "" | "none" | "null" | "~" | "|" | ">" | "|-" | ">-" | "-" => true,
        _ if value.starts_with("$.") || value.starts_with("$[") || is_parameter_name(value) => true,
        _ => {
            value.strip_prefix("env:").is_some_and(|name| is_name(name.trim()))
                || value.strip_prefix("file:").is_some_and(|path| !path.trim().contains(' '))
                || without_placeholders(value).is_some_and(|rest| {
                    let is_scheme = value.contains("${") && matches!(rest.trim(), "Bearer" | "Basic" | "Token" | "OAuth");
                    rest.trim().is_empty() || is_scheme
                })
        }
    }
}

/// Whether it is what a provider calls a parameter, as in `rename`.
fn is_parameter_name(value: &str) -> bool {
    let usual = ["secret", "clientSecret", "appSecret", "key", "password", "token"];
    let of_a_client = ["client_", "app_", "api_"].iter().any(|first| value.starts_with(first));
    usual.contains(&value) || of_a_client && value.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// What is left of a text without its holes, if they are all closed.
fn without_placeholders(text: &str) -> Option<String> {
    let mut left = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        left.push_str(before);
        rest = after.split_once('}')?.1;
    }
    left.push_str(rest);
    Some(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::place::{Place, Source};

    fn masked(text: &str, complaints: Vec<Complaint>, secrets: &[&str]) -> MaskedFile {
        let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        MaskedFile::from_report(&Report::new(Source::new("acme.yaml", text), complaints), &secrets)
    }

    fn shown(text: &str) -> String {
        let file = masked(text, Vec::new(), &[]);
        file.lines.iter().map(MaskedLine::text).collect::<Vec<_>>().join("\n")
    }

    fn complaint(message: &str, place: Option<Place>) -> Complaint {
        Complaint { severity: Severity::Error, place, message: message.to_owned(), help: "h".into() }
    }

    #[test]
    fn what_says_where_a_secret_is_kept_is_shown() {
        for text in [
            "clientSecret: env:ACME_SECRET",
            "clientSecret: \"file:/run/secrets/acme\"   # kept there",
            "clientSecret: none",
            "clientSecret: ~\nname: null",
            "secrets: { privateKey: env:ACME_KEY, other: file:/x }",
            "secrets:\n  privateKey: env:ACME_KEY\nname: Acme",
            "  form: { client_secret: \"${clientSecret}\", grant_type: password, x: y }",
            "read:\n  secretQuestion: $.q[0]\n  name: $.n",
            "  read: { accessToken: $.access_token, tokenType: $.token_type }",
            "  headers: { Authorization: \"Bearer ${accessToken}\" }",
            "\u{feff}---\n# Acme\nname: \"Acme\" # \"here\"\n'text': |2-\n    a # b\n\n\n",
        ] {
            assert_eq!(shown(text), printable_lines(text));
        }
    }

    fn printable_lines(text: &str) -> String {
        text.lines().map(printable).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_is_a_secret_is_never_shown_however_it_is_written() {
        for text in [
            "clientSecret: hunter2",
            "client_secret: 'hunter2'",
            "\"clientSecret\": \"a, b: hunter2\"",
            "clientSecret:hunter2\nclientSecret: hunter2",
            "{ name: Acme, clientSecret: hunter2, hosts: x }",
            "secrets: { a: hunter2, b: env:B }",
            "secrets:\n  a: hunter2\n  b:\n    hunter2\nname: x",
            "secrets: [ hunter2 ]",
            "secrets: {\na: hunter2\n}",
            "secrets: { 'hunter2 !': x }",
            "clientSecret: |\n  hunter2\n  hunter2\nname: x",
            "clientSecret: |\n  x\n  # hunter2\nname: x",
            "clientSecret:\n  hunter2",
            "clientSecret: \"one\n  hunter2\n  two\"\nname: x",
            "clientSecret: env:hunter2!",
            "clientSecret: ${x}hunter2",
            "clientSecret: ${hunter2",
            "# clientSecret: hunter2",
            "# clientSecret:\n#  hunter2\nname: x",
            "a: y # token = hunter2\nname: x",
            "  clientSecret : hunter2",
            "mail: { password: hunter2 }",
            "mail:\n  - password:\n      - [ { a: hunter2 } ]",
            "clientSecret:hunter2supersecret",
            "? clientSecret\n: hunter2",
            "clientSecret = hunter2",
            "settings: { token: hunter2 }",
            "settings:\n  token: |\n    hunter2\nname: x",
            "headers: { Authorization: \"Bearer hunter2\" }",
            "settings:\n  signingKey: hunter2",
            "headers: { X-Api-Token: hunter2, x: y }",
            "key: |\n  -----BEGIN PRIVATE KEY-----\n  hunter2\n  -----END PRIVATE KEY-----\nname: x",
            // Of a key that stands twice, the second value is not in the tree.
            "a: x\na: hunter2\nname: x",
            "a: x\na: { b: \"c\", d: [ hunter2 ] } # hunter2\nname: x",
            "--: x\n--: |\n  # hunter2\nname: x",
        ] {
            let shown = shown(text);
            let last = shown.lines().last().unwrap_or_default();
            assert!(!shown.contains("hunter2"), "{shown}");
            assert!(!text.ends_with("name: x") || last == "name: x", "{text}: {shown}");
        }
        assert_eq!(shown("{ name: Acme, clientSecret: hunter2, hosts: x }"), "{ name: Acme, clientSecret: ••••••, hosts: x }");
        assert_eq!(shown("# a\nb: x\nb: { c: y }"), "# a\nb: x\nb: ••••••");
        assert_eq!(mask_text("the `clientSecret: hunter2` of acme\nname: x"), "the `clientSecret: ••••••\nname: x");
    }

    #[test]
    fn of_a_file_that_is_not_yaml_only_the_lines_complained_about_are_shown() {
        let text = "name: Acme hunter2\nclientSecret: \"hunter2\n  read: { a: ${hunter2} }\nhunter2: x\n";
        let at = |line: u32, start: u32| Some(Place { start, end: start + 2, line, column: 1 });
        let complaints = vec![complaint("x", at(3, 52)), complaint("`{ a: ${hunter2} }` is wrong", at(4, 66)), complaint("whole", None)];

        let file = masked(text, complaints, &[]);

        assert!(file.is_unparsed);
        let lines: Vec<(usize, String)> = file.lines.iter().map(|line| (line.number, line.text())).collect();
        assert_eq!(lines, [(3, "  read: ••••••".to_owned()), (4, "••••••".to_owned())]);
        assert_eq!(file.lines[0].complaints[0].caret, "        ^^^^^^");
        assert_eq!(file.complaints().map(|said| &*said.message).collect::<Vec<_>>(), ["whole", "x", "`••••••` is wrong"]);
        assert!(masked(text, Vec::new(), &[]).lines.is_empty());
    }

    #[test]
    fn a_value_that_is_kept_elsewhere_is_masked_wherever_it_stands_and_in_complaints() {
        let place = Place { start: 33, end: 41, line: 2, column: 15 };
        let complaints = vec![complaint("`secret-3` and hunter2", Some(place)), complaint("whole", None)];

        let file = masked("name: Acme hunter2\nclientSecret: secret-3\nread: {}\nx: \"hunter\\x32\"", complaints, &["hunter2"]);

        assert_eq!(file.lines[0].spans, [MaskedSpan::Key("name:".into()), MaskedSpan::Plain(" Acme ".into()), MaskedSpan::Hidden]);
        assert_eq!(file.lines[1].complaints[0].message, "`••••••` and ••••••");
        assert_eq!(file.lines[1].complaints[0].caret, "              ^^^^^^");
        assert_eq!(file.lines[3].text(), "x: ••••••");
        assert!(file.lines[1].has_error() && !file.lines[2].has_error());
        assert_eq!((file.file_complaints.len(), file.complaints().count(), file.lines_left_out), (1, 2, 0));
    }

    #[test]
    fn carets_stand_where_the_word_is_shown() {
        let place = Place { start: 37, end: 39, line: 1, column: 38 };
        let file = masked("{ clientSecret: a-long-secret, name: ab }", vec![complaint("x", Some(place))], &[]);

        assert_eq!(file.lines[0].text(), "{ clientSecret: ••••••, name: ab }");
        assert_eq!(file.lines[0].complaints[0].caret, "                              ^^");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the files are read as they stand beside the code")]
    fn nothing_is_masked_in_the_catalogue_but_sentences_in_comments() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/providers.d");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.ends_with(".yaml") || name.ends_with(".examples.yaml") {
                continue;
            }
            seen += 1;
            let text = std::fs::read_to_string(entry.path()).unwrap();
            for (line, shown) in text.lines().zip(shown(&text).lines()) {
                assert!(shown == line || line.trim_start().starts_with('#'), "{name}: {line}\n{shown}");
            }
        }
        assert!(seen > 40, "{seen}");
    }

    #[test]
    fn of_two_known_secrets_the_longer_one_is_masked_whole() {
        let file = masked("name: hunter2-and-more\n", Vec::new(), &["hunter2", "hunter2-and-more"]);

        assert_eq!(file.lines[0].spans, [MaskedSpan::Key("name:".into()), MaskedSpan::Plain(" ".into()), MaskedSpan::Hidden]);
    }

    #[test]
    fn keys_and_comments_stand_apart() {
        let file = masked("- get: https://a.example/x#y # why\n# all\n- x\u{202e}", Vec::new(), &[]);

        let plain = |text: &str| MaskedSpan::Plain(text.into());
        let comment = |text: &str| MaskedSpan::Comment(text.into());
        assert_eq!(file.lines[0].spans, [plain("- "), MaskedSpan::Key("get:".into()), plain(" https://a.example/x#y "), comment("# why")]);
        assert_eq!(file.lines[1].spans, [comment("# all")]);
        assert_eq!(file.lines[2].spans, [plain("- x\\u{202e}")]);
    }
}
