//! The last check of a learned file: it holds no secret and no personal value of the recording.
//!
//! A value may stand in the file only if it is demonstrably a constant: an address that was called, the name of a
//! parameter or member, a word of a protocol, or what the shop sent in every login without having received it. Everything
//! else that was recorded counts as personal.

use crate::vocabulary::place::Source;
use crate::vocabulary::yaml::{self, YamlKind, YamlNode};
use crate::workbench::answers::keys::normalize_key;
use crate::workbench::answers::looks::{looks_generated, looks_like_email, looks_random};
use crate::workbench::answers::vocabulary::means_yes;
use crate::workbench::learn::LearnError;
use crate::workbench::learn::client::named_values;
use crate::workbench::learn::document::{RecordedDocument, leaves_of};
use crate::workbench::learn::jwt::RecordedJwt;
use crate::workbench::learn::names::{is_oauth_word, names_a_secret};
use crate::workbench::learn::nested_documents::named_lists;
use crate::workbench::learn::recorded_login::RecordedLogin;
use crate::workbench::learn::request_places::{decode_segment, path_segments};
use crate::workbench::recorded_exchange::RecordedExchange;
use serde_json::Value;
use std::collections::HashSet;

/// The values of a recording, by what they may be.
#[derive(Default)]
pub(crate) struct LeakCheck {
    /// Values that the file must not contain.
    secrets: HashSet<String>,
    /// These are personal unless they are constants.
    personal: HashSet<String>,
    constants: HashSet<String>,
    /// The addresses that were called.
    addresses: Vec<String>,
    /// Segments of these addresses that may be the id of a person: another login has another one there, or there is no other login.
    doubtful_segments: HashSet<String>,
    /// The name of the provider, in the spelling of keys.
    name: String,
}

/// A place at which a file holds a secret or a personal value.
pub(crate) struct Leak {
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// The value; never shown.
    pub(crate) value: String,
}

/// The most values that are remembered.
const MOST: usize = 200_000;
/// The most answers beside those of the logins that are examined.
const MOST_ANSWERS: usize = 1000;
/// From this length on, a value is searched inside of other texts too.
const LONG: usize = 8;

/// Words of protocols and of the provider language, which are never personal.
const WORDS: &str = "
    true false null none success succeeded error bearer basic basicEncoded form query json jsonp text auto post either path cookie never
    always claim refuse plain hexUpper base64 base64url email mail name primary user users code token profile openid offline_access
    confirmed verified checked active done yes successful 0000 000000 application/json RS256 ES256 HS256 sha256 sha1 hmacSha256 rsaSha256 10000";

impl LeakCheck {
    /// Sorts the values of a recording.
    pub(crate) fn new(name: &str, exchanges: &[RecordedExchange], logins: &[RecordedLogin<'_>]) -> Self {
        let mut check = Self { name: normalize_key(name), ..Self::default() };
        // The answers of the logins come first, because the number of values is limited.
        for document in logins.iter().flat_map(|login| &login.calls).filter_map(|call| call.document.as_ref()) {
            check.add_answer(&document.value, 0);
            check.add_member_names(&document.value, 0);
            // In a list of names and values the names are those of members.
            for named in named_lists(&document.value).iter().filter_map(|list| list.document(&document.value)) {
                check.add_member_names(&named, 0);
            }
        }
        for exchange in exchanges {
            check.add_browser_traffic(exchange);
        }
        let answers = exchanges.iter().filter_map(|exchange| exchange.answer.as_ref()).filter(|answer| answer.body.len() < 64 * 1024);
        for document in answers.filter_map(RecordedDocument::read).take(MOST_ANSWERS) {
            // What an issuer publishes about itself is public.
            if document.value.get("authorization_endpoint").is_none() && document.value.get("keys").is_none() {
                check.add_answer(&document.value, 0);
            }
            check.add_member_names(&document.value, 0);
        }
        for login in logins {
            check.add_login(login, logins);
            check.add_segments(login, logins);
        }
        check.add_shared_values(logins);
        check
    }

    fn add_secret(&mut self, text: &str) {
        if text.len() >= 4 && !is_oauth_word(text) && !is_protocol_word(text) {
            self.secrets.insert(text.to_owned());
        }
    }

    fn add_personal(&mut self, text: &str) {
        if text.len() >= 3 && text.len() <= 16 * 1024 && self.personal.len() < MOST {
            self.personal.insert(text.to_owned());
        }
    }

    fn add_constant(&mut self, text: &str) {
        if !looks_random(text) && !looks_like_email(text) {
            self.constants.insert(text.to_owned());
        }
    }

    /// What the browser sent: cookies, and what was typed.
    fn add_browser_traffic(&mut self, exchange: &RecordedExchange) {
        let answered = exchange.answer.iter().flat_map(|answer| &answer.headers);
        for (name, value) in exchange.headers.iter().chain(answered) {
            if name.to_ascii_lowercase().ends_with("cookie") {
                // Of `Set-Cookie`, only the first pair is the cookie; the others are its attributes.
                let pairs = value.split(';').take(if name.to_ascii_lowercase().starts_with("set") { 1 } else { usize::MAX });
                let values = pairs.filter_map(|pair| pair.split_once('=')).map(|(_, value)| value.trim());
                values.filter(|value| value.len() >= 6).for_each(|value| self.add_secret(value));
            } else if name.eq_ignore_ascii_case("authorization") {
                self.add_secret(value.split_once(' ').map_or(value, |(_, credentials)| credentials));
            }
        }
        for (name, value) in exchange.query().into_iter().chain(exchange.form().unwrap_or_default()) {
            self.add_personal(&value);
            if names_a_secret(&name) {
                self.add_secret(&value);
            }
            if !value.is_empty() {
                self.add_constant(&name);
            }
        }
    }

    fn add_answer(&mut self, value: &Value, depth: usize) {
        for leaf in leaves_of(value) {
            // The type of a token is the scheme of a header.
            if leaf.name() == "token_type" && leaf.text.len() <= 20 && leaf.text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                self.add_constant(&leaf.text);
                continue;
            }
            self.add_personal(&leaf.text);
            if names_a_secret(leaf.name()) || looks_like_email(&leaf.text) {
                self.add_secret(&leaf.text);
            }
            if let Some(token) = RecordedJwt::read(&leaf.text).filter(|_| depth < 2) {
                let mut claims = token.claims.clone();
                if let Some(claims) = claims.as_object_mut() {
                    claims.remove("iss");
                    claims.remove("aud");
                }
                self.add_answer(&claims, depth + 1);
                self.add_member_names(&token.claims, 0);
            }
        }
    }

    /// Names of members are constants, except where a person's id is used as one.
    fn add_member_names(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Object(members) if depth < 32 => {
                for (name, value) in members {
                    if !looks_generated(name) && !name.bytes().all(|byte| byte.is_ascii_digit()) {
                        self.add_constant(name);
                    }
                    self.add_member_names(value, depth + 1);
                }
            }
            Value::Array(list) if depth < 32 => list.iter().for_each(|value| self.add_member_names(value, depth + 1)),
            _ => {}
        }
    }

    /// Adds the values of one login; those that every login sends are constants.
    fn add_login(&mut self, login: &RecordedLogin<'_>, all: &[RecordedLogin<'_>]) {
        login.state.iter().for_each(|state| self.add_secret(state));
        for (name, value) in &login.callback_parameters {
            self.add_personal(value);
            if *name == login.code_parameter || names_a_secret(name) {
                self.add_secret(value);
            }
        }
        self.addresses.push(login.redirect.base().to_owned());
        self.addresses.extend(login.calls.iter().map(|call| call.exchange.base().to_owned()));
        let everywhere = |name: &str, value: &str, of: &dyn Fn(&RecordedLogin<'_>) -> Vec<(String, String)>| {
            all.iter().all(|other| of(other).iter().any(|(known, sent)| known == name && sent == value))
        };
        for (name, value) in login.redirect.query() {
            if everywhere(&name, &value, &|other| other.redirect.query()) && Some(&value) != login.state.as_ref() {
                self.add_constant(&value);
            }
        }
        for (number, call) in login.calls.iter().enumerate() {
            for (name, value) in named_values(call) {
                let answers = login.calls[..number].iter().filter_map(|earlier| earlier.document.as_ref());
                let is_from_answer = answers.flat_map(RecordedDocument::leaves).any(|leaf| leaf.text == value);
                let everywhere = everywhere(&name, &value, &|other| other.calls.get(number).map_or_else(Vec::new, named_values));
                let returned = login.callback_parameters.iter().any(|(_, returned)| *returned == value);
                if everywhere && !is_from_answer && !returned && !names_a_secret(&name) && !looks_generated(&value) {
                    self.add_constant(&value);
                }
                self.constants.insert(name);
            }
        }
    }

    /// Sorts the segments of the addresses of one login.
    fn add_segments(&mut self, login: &RecordedLogin<'_>, all: &[RecordedLogin<'_>]) {
        for (number, call) in login.calls.iter().enumerate() {
            for (at, segment) in path_segments(call.exchange.base()).enumerate() {
                let others = all.iter().filter(|other| !std::ptr::eq(*other, login) && other.calls.len() == login.calls.len());
                let mut others = others.filter_map(|other| path_segments(other.calls.get(number)?.exchange.base()).nth(at)).peekable();
                let is_alone = others.peek().is_none();
                let is_version = segment.trim_start_matches('v').split('.').all(|part| part.len() <= 2);
                let may_be_id = is_alone && segment.bytes().any(|byte| byte.is_ascii_digit()) && !is_version;
                if may_be_id || others.any(|other| other != segment) {
                    self.doubtful_segments.insert(decode_segment(segment));
                }
            }
        }
    }

    /// What the answers of different people have in common at one place is a constant.
    fn add_shared_values(&mut self, logins: &[RecordedLogin<'_>]) {
        let Some((first, others)) = logins.split_first().filter(|(_, others)| !others.is_empty()) else { return };
        let others: Vec<&RecordedLogin<'_>> = others.iter().filter(|other| other.calls.len() == first.calls.len()).collect();
        let leaves = |login: &RecordedLogin<'_>, number: usize| {
            login.calls.get(number).and_then(|call| call.document.as_ref()).map_or_else(Vec::new, RecordedDocument::leaves)
        };
        let (mut shared, mut are_different) = (Vec::new(), false);
        for number in 0..first.calls.len() {
            let theirs: Vec<_> = others.iter().map(|other| leaves(other, number)).collect();
            for leaf in leaves(first, number) {
                let same: Vec<Option<bool>> = theirs
                    .iter()
                    .map(|all| all.iter().find(|other| other.keys == leaf.keys).map(|other| other.text == leaf.text))
                    .collect();
                are_different |= looks_like_email(&leaf.text) && same.contains(&Some(false));
                if !same.is_empty() && same.iter().all(|same| *same == Some(true)) && !names_a_secret(leaf.name()) {
                    shared.push(leaf.text);
                }
            }
        }
        if are_different {
            shared.iter().for_each(|text| self.add_constant(text));
        }
    }

    /// Adds values of the installation, to which a file only refers.
    pub(crate) fn add_installation_values(&mut self, values: &[(String, String)]) {
        for (_, value) in values {
            self.add_secret(value);
        }
    }

    /// The secrets and personal values that a file contains.
    pub(crate) fn find_leaks(&self, text: &str) -> Vec<Leak> {
        // The search comes before the judgement, because very few values of a recording stand in the file.
        let mut leaks = Vec::new();
        for value in self.secrets.iter().filter(|value| value.len() >= LONG && !is_lowercase_word(value)) {
            if let Some(at) = text.find(value.as_str())
                && self.is_personal(value)
            {
                leaks.push(Leak { line: text[..at].matches('\n').count() + 1, value: value.clone() });
            }
        }
        let Ok((node, _)) = yaml::parse(&Source::new("learned", text)) else { return leaks };
        let mut all = Vec::new();
        collect_scalars(&node, 0, &mut all);
        let long: Vec<&String> = self.personal.iter().filter(|value| value.len() >= LONG && !is_lowercase_word(value)).collect();
        for (scalar, line) in all {
            let in_path = scalar.split(['.', '[', ']', '\'', '"', '$', '{', '}', ' ', '/', '|', '?', '=', '&', ',']);
            let part = std::iter::once(scalar).chain(in_path.filter(|_| scalar.contains(['$', '/']))).find(|part| self.is_personal(part));
            let inside =
                || long.iter().find(|value| scalar.contains(value.as_str()) && self.is_personal(value)).map(|value| value.as_str());
            leaks.extend(part.or_else(inside).map(|value| Leak { line, value: value.to_owned() }));
        }
        leaks
    }

    fn is_personal(&self, value: &str) -> bool {
        if self.is_name_of_provider(value) {
            return false;
        }
        let in_address = || !looks_generated(value) && !looks_random(value) && self.is_part_of_address(value);
        self.secrets.contains(value) && !in_address() || self.personal.contains(value) && !self.is_constant(value)
    }

    /// Whether this is what the provider is called, which answers may say too.
    fn is_name_of_provider(&self, value: &str) -> bool {
        let value = normalize_key(value);
        value.len() >= 3 && (value == self.name || value.len() >= 5 && self.name.contains(&value))
    }

    /// Whether this stands in an address that was called, and not where the id of a person may stand.
    fn is_part_of_address(&self, value: &str) -> bool {
        self.addresses.iter().any(|address| address.contains(value)) && !self.doubtful_segments.contains(value)
    }

    fn is_constant(&self, value: &str) -> bool {
        let is_small_number = value.len() < 4 && value.bytes().all(|byte| byte.is_ascii_digit());
        self.constants.contains(value)
            || is_protocol_word(value)
            || is_oauth_word(value)
            || is_small_number && !self.doubtful_segments.contains(value)
            || self.is_part_of_address(value)
            // A part of a constant list of words, such as the scopes.
            || value.len() >= LONG && self.constants.iter().any(|known| known.len() >= value.len() && known.contains(value) && !looks_generated(value))
    }

    /// The reason why a file with this leak is not written.
    pub(crate) fn leak_error(leak: &Leak, text: &str) -> LearnError {
        let line = text.lines().nth(leak.line.saturating_sub(1)).unwrap_or_default();
        let word = line.trim().trim_start_matches("- ").split(':').next().unwrap_or_default();
        let is_word = word.len() <= 40 && !word.contains(&leak.value) && word.chars().all(|letter| letter.is_ascii_alphabetic());
        let shown = if is_word { format!(", `{word}`,") } else { String::new() };
        LearnError::new(
            &format!(
                "line {}{shown} of what was learned holds a value of the recording that may be personal, so nothing is written",
                leak.line
            ),
            "record the same login again with another account, and import both recordings: values that differ are then known not to be constants",
        )
    }
}

fn is_protocol_word(text: &str) -> bool {
    means_yes(text) || WORDS.split_whitespace().any(|word| word.eq_ignore_ascii_case(text))
}

/// Whether this is a word in lower case, which may be in a comment by coincidence.
fn is_lowercase_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Every text of a file with its line, except the name of the provider, which does not come from the recording.
fn collect_scalars<'n>(node: &'n YamlNode, depth: usize, all: &mut Vec<(&'n str, usize)>) {
    match &node.kind {
        YamlKind::Scalar { text, .. } => all.push((text, node.place.line as usize)),
        YamlKind::List(list) => list.iter().for_each(|node| collect_scalars(node, depth + 1, all)),
        YamlKind::Map(entries) => {
            for entry in entries.iter().filter(|entry| depth > 0 || entry.key.value != "name") {
                // A key of letters alone is a word of the language, or the name of a parameter or fact.
                if !entry.key.value.chars().all(|letter| letter.is_ascii_alphabetic()) {
                    all.push((&entry.key.value, entry.key.place.line as usize));
                }
                collect_scalars(&entry.value, depth + 1, all);
            }
        }
    }
}
