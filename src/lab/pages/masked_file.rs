//! A provider's file as the lab shows it: its lines, the complaints under them, and its secrets masked.
//!
//! Of a file that is not YAML only the lines that are complained about are shown, without their values.

use crate::lab::pages::file_masker::{FileMasker, line_ranges, secret_in_prose};
use crate::story::file_changes::MASKED;
use crate::vocabulary::diagnostic::{Complaint, Report, Severity};
use crate::vocabulary::place::Source;
use crate::vocabulary::text::Text;
use crate::vocabulary::yaml;

/// The text that is shown in place of a secret.
pub(crate) const DOTS: &str = MASKED;
/// The longest file that is shown, in lines; the lines after these are only counted.
const MOST_LINES: usize = 4000;

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
    /// The file of a report with its complaints. The given secrets are masked everywhere.
    pub(crate) fn from_report(report: &Report, secrets: &[Text]) -> Self {
        let text = &*report.source.text;
        let (mut masker, is_parsed) = masker_of(&report.source, secrets);
        let is_shown = |number: usize| is_parsed || report.complaints.iter().any(|complaint| line_of(complaint) == number);
        let mut file = Self { is_unparsed: !is_parsed, ..Self::default() };
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

/// A file as it can be edited: its text with dots in place of what is hidden.
pub(crate) struct EditableText {
    pub(crate) text: String,
    /// Whether it is not YAML, so that no value is shown.
    pub(crate) is_unparsed: bool,
}

impl EditableText {
    pub(crate) fn from_source(source: &Source, secrets: &[Text]) -> Self {
        let (masker, is_parsed) = masker_of(source, secrets);
        Self { text: masker.text_with_dots(), is_unparsed: !is_parsed }
    }
}

/// What is shown of a file, and whether it is YAML.
fn masker_of<'a>(source: &'a Source, secrets: &'a [Text]) -> (FileMasker<'a>, bool) {
    let mut masker = FileMasker::new(&source.text, secrets);
    let parsed = yaml::parse(source);
    match &parsed {
        Ok((root, repeated_keys)) => masker.show_tree(root, repeated_keys),
        Err(_) => masker.show_leading_keys(),
    }
    masker.hide_known_secrets(0..source.text.len());
    (masker, parsed.is_ok())
}

/// The text of a message up to the first secret in it, for messages that are not about a provider's file. A secret may go on
/// in the lines below, so nothing after it is shown.
pub(crate) fn mask_text(text: &str) -> String {
    secret_in_prose(text).map_or_else(|| text.to_owned(), |from| format!("{}{DOTS}", &text[..from]))
}

/// The text of a file with dots for what is not shown.
pub(crate) fn masked_text(source: &Source, secrets: &[Text]) -> String {
    let file = MaskedFile::from_report(&Report::new(source.clone(), Vec::new()), secrets);
    file.lines.iter().map(|line| line.text() + "\n").collect()
}

/// Carets under a line from this column on.
pub(crate) fn caret_line(column: usize, width: usize) -> String {
    format!("{}{}", " ".repeat(column.saturating_sub(1).min(400)), "^".repeat(width.clamp(1, 200)))
}

fn line_of(complaint: &Complaint) -> usize {
    complaint.place.map_or(0, |place| place.line as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::diagnostic::printable;
    use crate::vocabulary::place::Place;

    fn masked(text: &str, complaints: Vec<Complaint>, secrets: &[&str]) -> MaskedFile {
        let secrets: Vec<Text> = secrets.iter().map(|secret| Text::secret(*secret, &std::sync::Arc::from("clientSecret"))).collect();
        MaskedFile::from_report(&Report::new(Source::new("acme.yaml", text), complaints), &secrets)
    }

    fn shown(text: &str) -> String {
        let file = masked(text, Vec::new(), &[]);
        file.lines.iter().map(MaskedLine::text).collect::<Vec<_>>().join("\n")
    }

    fn complaint(message: &str, place: Option<Place>) -> Complaint {
        Complaint::new(Severity::Error, place, message, "h")
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
        assert_eq!(mask_text("the `clientSecret: hunter2` of acme\nname: x"), "the `clientSecret: ••••••");
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
        assert!(seen > 170, "{seen}");
    }

    #[test]
    fn a_line_that_a_sentence_quotes_is_judged_by_the_quotation() {
        let quoted = "notes: [ \"Where there is none, write `clientSecret: none` into the file.\" ]";
        assert_eq!(shown(quoted).trim_end(), quoted);
        for secret in
            ["write `clientSecret: hunter2` here", "`a` clientSecret: none hunter2 `b`", "`clientSecret: none` or clientSecret: hunter2"]
        {
            assert!(!shown(&format!("notes: \"{secret}\"")).contains("hunter2"), "{secret}");
        }
    }

    /// Attack P-15
    #[test]
    fn a_text_with_dots_stays_yaml_and_holds_no_secret() {
        for text in [
            "clientSecret: hunter2\nname: x\n",
            "get: \"https://a.example/?api_key=hunter2&x=1\" # why\nname: x\n",
            "get: 'https://a.example/?token=hunter2'\nname: x\n",
            "form: { client_secret: \"hunter2\", a: b }\n",
            "clientSecret: |\n  hunter2\nname: x\n",
        ] {
            let EditableText { text: shown, is_unparsed } = EditableText::from_source(&Source::new("acme.yaml", text), &[]);
            assert!(!is_unparsed && !shown.contains("hunter2") && shown.contains(DOTS), "{shown}");
            assert!(yaml::parse(&Source::new("acme.yaml", shown.as_str())).is_ok(), "{shown}");
        }
        let plain = "name: Acme   # \"here\"\n";
        assert_eq!(EditableText::from_source(&Source::new("acme.yaml", plain), &[]).text, plain);
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
