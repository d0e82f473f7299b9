//! A provider's file as it is shown: every line, keys apart from the rest, and what is secret masked.
//!
//! A file that works holds no secrets, but one that is broken may; so what stands behind a word that names a secret is shown
//! only where it says where the secret is kept.

use crate::provider::declared_values::{OFTEN_SECRETS, SECRETS};
use crate::vocabulary::diagnostic::{Report, Severity, printable};
use crate::vocabulary::text::Text;

/// What stands in place of a secret.
pub(crate) const DOTS: &str = "••••••";
/// More lines than these are counted, not shown.
pub(crate) const MOST: usize = 4000;

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MaskedSpan {
    /// A key with its colon.
    Key(String),
    Plain(String),
    Comment(String),
    /// Something that is not shown.
    Hidden,
}

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MaskedLine {
    pub(crate) number: usize,
    pub(crate) pieces: Vec<MaskedSpan>,
    /// What is said about it.
    pub(crate) said: Vec<LineComplaint>,
}

impl MaskedLine {
    /// Whether something in it keeps the file from being used.
    pub(crate) fn is_wrong(&self) -> bool {
        self.said.iter().any(|said| said.error)
    }
}

/// A complaint, as it is drawn under its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LineComplaint {
    /// The line; 0 for the file as a whole.
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// The mark under the line, with the blanks in front of it.
    pub(crate) caret: String,
    /// Whether it keeps the file from being used.
    pub(crate) error: bool,
    pub(crate) message: String,
    pub(crate) help: String,
}

/// A file as it is shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct MaskedFile {
    pub(crate) lines: Vec<MaskedLine>,
    /// What is said of the file as a whole.
    pub(crate) whole: Vec<LineComplaint>,
    /// How many lines are not shown.
    pub(crate) cut: usize,
}

impl MaskedFile {
    /// The file of a report, with its complaints; `secrets` are values that are not shown wherever they stand.
    pub(crate) fn from_report(report: &Report, secrets: &[Text]) -> Self {
        let text = &*report.source.text;
        let mut keeper = SecretMasker { secrets, ..SecretMasker::default() };
        let mut lines: Vec<MaskedLine> = Vec::new();
        let mut cut = 0;
        for (at, line) in text.lines().enumerate() {
            if at < MOST {
                lines.push(MaskedLine { number: at + 1, pieces: keeper.mask_line(line), said: Vec::new() });
            } else {
                cut += 1;
            }
        }
        let mut whole = Vec::new();
        for complaint in &report.complaints {
            let place = complaint.place.filter(|place| place.line > 0);
            let column = place.map_or(0, |place| place.column as usize);
            let width = place.map_or(1, |place| (report.source.end_column(place).saturating_sub(place.column)).max(1) as usize);
            let error = complaint.severity == Severity::Error;
            let (message, help) = (keeper.mask_sentence(&complaint.message), keeper.mask_sentence(&complaint.help));
            let line = place.map_or(0, |place| place.line as usize);
            let hides = lines.get(line.wrapping_sub(1)).is_some_and(|line| line.pieces.contains(&MaskedSpan::Hidden));
            let caret = caret_line(column, if hides { width.min(DOTS.chars().count()) } else { width });
            let said = LineComplaint { line, column, caret, error, message, help };
            match lines.get_mut(line.wrapping_sub(1)) {
                Some(line) => line.said.push(said),
                None => whole.push(said),
            }
        }
        Self { lines, whole, cut }
    }

    /// All that is said, in order.
    pub(crate) fn said(&self) -> impl Iterator<Item = &LineComplaint> {
        self.whole.iter().chain(self.lines.iter().flat_map(|line| &line.said))
    }
}

/// A mark under a line, from this column on.
pub(crate) fn caret_line(column: usize, width: usize) -> String {
    format!("{}{}", " ".repeat(column.saturating_sub(1).min(400)), "^".repeat(width.clamp(1, 200)))
}

/// The same text with its secrets masked, for what is no provider's file.
pub(crate) fn mask_text(text: &str) -> String {
    let mut keeper = SecretMasker::default();
    let show = |pieces: Vec<MaskedSpan>| -> String { pieces.iter().map(MaskedSpan::text).collect() };
    text.lines().map(|line| show(keeper.mask_line(line))).collect::<Vec<_>>().join("\n")
}

impl MaskedSpan {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Key(text) | Self::Plain(text) | Self::Comment(text) => text,
            Self::Hidden => DOTS,
        }
    }
}

/// Walks down a file and knows whether it stands behind the name of a secret.
#[derive(Default)]
struct SecretMasker<'a> {
    secrets: &'a [Text],
    /// The indentation of the line whose secret goes on below it.
    under: Option<usize>,
    /// Whether it is a block of names and values, as `secrets` is, rather than one value.
    block: bool,
    /// Brackets that are open since then.
    open: usize,
    /// The quote that is open since then.
    quote: Option<char>,
    /// Whether a key in PEM goes on.
    pem: bool,
    /// What was masked, for the sentences that repeat it.
    masked: Vec<String>,
}

impl SecretMasker<'_> {
    fn mask_line(&mut self, line: &str) -> Vec<MaskedSpan> {
        let indent = line.chars().take_while(|letter| *letter == ' ').count();
        let trimmed = line.trim();
        if self.pem || trimmed.contains("-----BEGIN") {
            self.pem = !trimmed.contains("-----END");
            self.remember_masked(trimmed);
            return vec![MaskedSpan::Plain(" ".repeat(indent)), MaskedSpan::Hidden];
        }
        if let Some(quote) = self.quote {
            self.remember_masked(trimmed);
            if trimmed.contains(quote) {
                self.quote = None;
            }
            return vec![MaskedSpan::Plain(" ".repeat(indent)), MaskedSpan::Hidden];
        }
        if let Some(above) = self.under {
            let belongs = self.open > 0 || indent > above || (indent == above && trimmed.starts_with(['-', ':'])) || trimmed.is_empty();
            if belongs && !self.block && self.open == 0 && !trimmed.is_empty() {
                self.remember_masked(trimmed);
                return vec![MaskedSpan::Plain(" ".repeat(indent)), MaskedSpan::Hidden];
            }
            if belongs {
                return self.mask_after_key(line, true);
            }
            self.under = None;
        }
        if let Some(key) = trimmed.strip_prefix("? ")
            && SECRETS.iter().chain(OFTEN_SECRETS).any(|word| normalized_name(key).contains(word))
        {
            (self.under, self.block) = (Some(indent), false);
            return self.mask_known_secrets(spans_without_secret(line));
        }
        let Some(end) = secret_value_start(line) else { return self.mask_known_secrets(spans_without_secret(line)) };
        let (key, rest) = line.split_at(end);
        let is_first = !key.contains(['{', ',', '#']);
        let mut pieces = self.mask_known_secrets(spans_without_secret(key));
        let hidden_before = self.masked.len();
        pieces.extend(self.mask_after_key(rest, false));
        if is_first || self.masked.len() > hidden_before {
            self.under = Some(indent);
            self.block = key.trim_end_matches([' ', ':', '"', '\'']).to_lowercase().ends_with("secrets");
        }
        pieces
    }

    /// What stands behind the name of a secret: shown is only what says where the secret is kept.
    fn mask_after_key(&mut self, text: &str, inside: bool) -> Vec<MaskedSpan> {
        let (mut pieces, mut depth) = (Vec::new(), usize::from(inside));
        let mut is_value = true;
        for token in tokens(text) {
            match token {
                MaskingToken::Mark(mark) => {
                    match mark {
                        '{' | '[' => (depth, self.open) = (depth + 1, self.open + 1),
                        '}' | ']' => (depth, self.open) = (depth.saturating_sub(1), self.open.saturating_sub(1)),
                        _ => is_value &= depth > 0,
                    }
                    pieces.push(MaskedSpan::Plain(mark.to_string()));
                }
                MaskingToken::Comment(text) => pieces.push(MaskedSpan::Comment(text.to_owned())),
                MaskingToken::Text(text) => {
                    let end = if is_value && depth == 0 { 0 } else { leading_key_end(text).unwrap_or(0) };
                    let (key, value) = text.split_at(end);
                    if end > 0 && !is_value && depth == 0 && secret_value_start(key).is_none() {
                        pieces.extend(spans_without_secret(text));
                        continue;
                    }
                    if !key.is_empty() {
                        pieces.push(MaskedSpan::Key(key.to_owned()));
                    }
                    self.mask_value(value, &mut pieces);
                }
            }
        }
        self.mask_known_secrets(pieces)
    }

    fn mask_value(&mut self, text: &str, pieces: &mut Vec<MaskedSpan>) {
        let value = text.trim();
        if refers_to_secret(value.trim_start_matches("- ").trim_matches(['"', '\''])) {
            pieces.push(MaskedSpan::Plain(text.to_owned()));
            return;
        }
        self.quote = value.chars().next().filter(|first| matches!(first, '"' | '\'') && (value.len() == 1 || !value.ends_with(*first)));
        self.remember_masked(value);
        let (before, after) = (text.len() - text.trim_start().len(), text.len() - text.trim_end().len());
        pieces.push(MaskedSpan::Plain(text[..before].to_owned()));
        pieces.push(MaskedSpan::Hidden);
        pieces.push(MaskedSpan::Plain(text[text.len() - after..].to_owned()));
    }

    fn remember_masked(&mut self, text: &str) {
        for part in [text, text.trim_matches(['"', '\'', '-', ' '])] {
            if part.chars().count() >= 3 && self.masked.len() < 500 {
                self.masked.push(part.to_owned());
            }
        }
        // A sentence may speak of what stands behind a word that was to say where: `env.X`, `ENV:X`, `env:a-b`.
        if let Some((_, rest)) = text.trim_matches(['"', '\'']).split_once([':', '.'])
            && rest.trim().chars().count() >= 3
        {
            self.masked.push(rest.trim().to_owned());
        }
    }

    /// Masks the values that are known to be secret, and what a terminal or a browser would obey.
    fn mask_known_secrets(&self, pieces: Vec<MaskedSpan>) -> Vec<MaskedSpan> {
        let mut shown = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                MaskedSpan::Key(text) => self.mask_known_in_text(&text, MaskedSpan::Key, &mut shown),
                MaskedSpan::Plain(text) => self.mask_known_in_text(&text, MaskedSpan::Plain, &mut shown),
                MaskedSpan::Comment(text) => self.mask_known_in_text(&text, MaskedSpan::Comment, &mut shown),
                MaskedSpan::Hidden => shown.push(MaskedSpan::Hidden),
            }
        }
        shown
    }

    fn mask_known_in_text(&self, text: &str, kind: fn(String) -> MaskedSpan, shown: &mut Vec<MaskedSpan>) {
        match Text::longest_in(self.secrets, text) {
            Some(found) => {
                self.mask_known_in_text(&text[..found.start], kind, shown);
                shown.push(MaskedSpan::Hidden);
                self.mask_known_in_text(&text[found.end..], kind, shown);
            }
            None if text.is_empty() => {}
            None => shown.push(kind(printable(text))),
        }
    }

    /// A sentence about the file, without what is masked in it.
    fn mask_sentence(&self, sentence: &str) -> String {
        let mut longest: Vec<&String> = self.masked.iter().collect();
        longest.sort_by_key(|text| std::cmp::Reverse(text.len()));
        let sentence = Text::mask_all(self.secrets, sentence, DOTS);
        let told = longest.into_iter().fold(sentence, |told, masked| told.replace(masked.as_str(), DOTS));
        printable(&told)
    }
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

/// Where the value of a key that names a secret begins, in a line.
fn secret_value_start(line: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(end) = next_key_end(&line[from..]).map(|end| from + end) {
        let key = normalized_name(&line[from..end]);
        let is_written_out = || !line[end..].trim_start().trim_start_matches(['"', '\'']).starts_with(['{', '[', '$', '#', '|', '>']);
        let is_often = !line[end..].trim().is_empty() && OFTEN_SECRETS.iter().any(|word| key.ends_with(word)) && is_written_out();
        if is_often || SECRETS.iter().any(|word| key.contains(word)) {
            return Some(glued_secret_value_start(line).map_or(end, |glued| glued.min(end)));
        }
        from = end;
    }
    glued_secret_value_start(line)
}

/// Behind a name that holds the word of a secret and the sign after it, whatever comes next: `clientSecret:x`, `clientSecret = x`.
fn glued_secret_value_start(line: &str) -> Option<usize> {
    line.char_indices().filter(|(_, letter)| matches!(letter, ':' | '=')).map(|(at, _)| at).find_map(|at| {
        let before = line[..at].trim_end_matches(['"', '\'', ' ']);
        let from = before
            .rfind(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '_' | '-'))
            .map_or(0, |sign| sign + before[sign..].chars().next().map_or(1, char::len_utf8));
        let name = normalized_name(&before[from..]);
        SECRETS.iter().any(|word| name.contains(word)).then_some(at + 1)
    })
}

/// A name in small letters, without its signs.
fn normalized_name(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Behind the next key: a word, a colon, and a blank, a quote or the end.
fn next_key_end(text: &str) -> Option<usize> {
    text.char_indices().filter(|(_, letter)| *letter == ':').map(|(at, _)| at).find_map(|at| {
        let word = text[..at].trim_end_matches(['"', '\'', ' ']);
        let is_word = word.ends_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-');
        let after = text[at + 1..].chars().next();
        (is_word && after.is_none_or(|letter| letter.is_whitespace() || matches!(letter, '"' | '\'' | '{' | '['))).then_some(at + 1)
    })
}

/// The same where the text begins with a name that a program would give.
fn leading_key_end(text: &str) -> Option<usize> {
    let end = next_key_end(text)?;
    let name = text[..end - 1].trim().trim_start_matches("- ").trim_matches(['"', '\'']);
    let is_name = name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    is_name.then_some(end)
}

enum MaskingToken<'a> {
    Mark(char),
    Text(&'a str),
    Comment(&'a str),
}

/// Brackets and commas, and what stands between them; quotes are kept together.
fn tokens(text: &str) -> Vec<MaskingToken<'_>> {
    let (mut tokens, mut from, mut quote) = (Vec::new(), 0, None);
    let (mut before, mut hole, mut within) = (' ', false, 0_usize);
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None, '"' | '\'') if matches!(before, ' ' | '{' | '[' | ',' | ':') => quote = Some(letter),
            (None, '{') if before == '$' => hole = true,
            (None, '}') if hole => hole = false,
            // A bracket within a word, as in a path, is a part of it.
            (None, '[') if !matches!(before, ' ' | '{' | '[' | ',' | ':') => within += 1,
            (None, ']') if within > 0 => within -= 1,
            (None, '{' | '}' | '[' | ']' | ',') if !hole => {
                tokens.push(MaskingToken::Text(&text[from..at]));
                tokens.push(MaskingToken::Mark(letter));
                from = at + 1;
            }
            (None, '#') if before == ' ' => {
                tokens.push(MaskingToken::Text(&text[from..at]));
                tokens.push(MaskingToken::Comment(&text[at..]));
                return tokens;
            }
            _ => {}
        }
        before = letter;
    }
    tokens.push(MaskingToken::Text(&text[from..]));
    tokens
}

/// A line that names no secret: its first key, and its comment.
fn spans_without_secret(line: &str) -> Vec<MaskedSpan> {
    let start = line.len() - line.trim_start().len();
    if line[start..].starts_with('#') {
        return vec![MaskedSpan::Comment(line.to_owned())];
    }
    let comment = comment_start(line);
    let (code, comment) = line.split_at(comment.unwrap_or(line.len()));
    let mut pieces = Vec::new();
    let mut rest = code;
    if let Some(end) = next_key_end(code).filter(|end| !code[..*end].trim_start_matches([' ', '-']).contains(['{', '[', ','])) {
        pieces.push(MaskedSpan::Key(code[..end].to_owned()));
        rest = &code[end..];
    }
    pieces.push(MaskedSpan::Plain(rest.to_owned()));
    if !comment.is_empty() {
        pieces.push(MaskedSpan::Comment(comment.to_owned()));
    }
    pieces
}

/// Where a comment begins.
fn comment_start(line: &str) -> Option<usize> {
    let (mut quote, mut before) = (None, ' ');
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None, '"' | '\'') if matches!(before, ' ' | '{' | '[' | ',' | ':') => quote = Some(letter),
            (None, '#') if before == ' ' => return Some(at),
            _ => {}
        }
        before = letter;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(value: &str) -> Text {
        Text::secret(value, &std::sync::Arc::from("clientSecret"))
    }
    use crate::vocabulary::diagnostic::Complaint;
    use crate::vocabulary::place::{Place, Source};

    fn shown(text: &str) -> String {
        mask_text(text)
    }

    #[test]
    fn what_says_where_a_secret_is_kept_is_shown() {
        for text in [
            "clientSecret: env:ACME_SECRET",
            "clientSecret: \"file:/run/secrets/acme\"   # kept there",
            "clientSecret: none",
            "secrets: { privateKey: env:ACME_KEY, other: file:/x }",
            "secrets:\n  privateKey: env:ACME_KEY\nname: Acme",
            "  form: { client_secret: \"${clientSecret}\", grant_type: password, x: y }",
            "  read: { secretQuestion: $.q[0], name: $.n }",
            "  read: { accessToken: $.access_token, tokenType: $.token_type }",
            "  headers: { Authorization: \"Bearer ${accessToken}\" }",
        ] {
            assert_eq!(shown(text), text);
        }
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
            "clientSecret: |\n  hunter2\n  hunter2\nname: x",
            "clientSecret:\n  hunter2",
            "clientSecret: \"one\nhunter2\ntwo\"\nname: x",
            "clientSecret: env:hunter2!",
            "clientSecret: ${x}hunter2",
            "clientSecret: ${hunter2",
            "# clientSecret: hunter2",
            "  clientSecret : hunter2",
            "mail: { password: hunter2 }",
            "clientSecret:hunter2supersecret",
            "? clientSecret\n: hunter2",
            "clientSecret = hunter2",
            "settings: { token: hunter2 }",
            "headers: { Authorization: \"Bearer hunter2\" }",
            "settings:\n  signingKey: hunter2",
            "headers: { X-Api-Token: hunter2, x: y }",
            "key: x\n-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\nname: x",
        ] {
            let shown = shown(text);
            let last = shown.lines().last().unwrap_or_default();
            assert!(!shown.contains("hunter2"), "{shown}");
            assert!(!text.ends_with("name: x") || last == "name: x", "{shown}");
        }
        assert_eq!(shown("{ name: Acme, clientSecret: hunter2, hosts: x }"), "{ name: Acme, clientSecret: ••••••, hosts: x }");
    }

    #[test]
    fn a_value_that_is_kept_elsewhere_is_masked_wherever_it_stands_and_in_what_is_said() {
        let source = Source::new("acme.yaml", "name: Acme hunter2\nclientSecret: secret-3\nread: {}\n");
        let place = Place { start: 33, end: 41, line: 2, column: 15 };
        let complaint =
            |message: &str, place| Complaint { severity: Severity::Error, place, message: message.to_owned(), help: "h".into() };
        let report = Report::new(source, vec![complaint("`secret-3` and hunter2", Some(place)), complaint("whole", None)]);

        let code = MaskedFile::from_report(&report, &[secret("hunter2")]);

        assert_eq!(code.lines[0].pieces, [MaskedSpan::Key("name:".into()), MaskedSpan::Plain(" Acme ".into()), MaskedSpan::Hidden]);
        assert_eq!(code.lines[1].said[0].message, "`••••••` and ••••••");
        assert_eq!(code.lines[1].said[0].caret, "              ^^^^^^");
        assert!(code.lines[1].is_wrong() && !code.lines[2].is_wrong());
        assert_eq!((code.whole.len(), code.said().count(), code.cut), (1, 2, 0));
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
            for line in
                std::fs::read_to_string(entry.path()).unwrap().lines().zip(shown(&std::fs::read_to_string(entry.path()).unwrap()).lines())
            {
                assert!(line.1 == line.0 || line.0.trim_start().starts_with('#'), "{name}: {}", line.0);
            }
        }
        assert!(seen > 40, "{seen}");
    }

    #[test]
    fn of_two_known_secrets_the_longer_one_is_masked_whole() {
        let report = Report::new(Source::new("acme.yaml", "name: hunter2-and-more\n"), Vec::new());
        let code = MaskedFile::from_report(&report, &[secret("hunter2"), secret("hunter2-and-more")]);
        assert_eq!(code.lines[0].pieces, [MaskedSpan::Key("name:".into()), MaskedSpan::Plain(" ".into()), MaskedSpan::Hidden]);
    }

    #[test]
    fn keys_and_comments_stand_apart() {
        assert_eq!(
            spans_without_secret("  - get: https://a.example/x#y # why"),
            [MaskedSpan::Key("  - get:".into()), MaskedSpan::Plain(" https://a.example/x#y ".into()), MaskedSpan::Comment("# why".into())]
        );
        assert_eq!(spans_without_secret("# all"), [MaskedSpan::Comment("# all".into())]);
        assert_eq!(spans_without_secret("x\u{202e}"), [MaskedSpan::Plain("x\u{202e}".into())]);
    }
}
