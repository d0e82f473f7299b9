//! The last look over what was learnt: nothing in it is a value of the recording that belongs to somebody.
//!
//! A value may stand in a file only if it is demonstrably a constant: an address that was called, the name of a parameter or of a member, a word of a
//! protocol, or what the shop sent in every login without anybody having told it. Everything else that was recorded is somebody's.

use crate::vocabulary::place::Source;
use crate::vocabulary::yaml::{self, YamlKind, YamlNode};
use crate::workbench::answers::looks::{looks_generated, looks_like_email, looks_random};
use crate::workbench::answers::vocabulary::means_yes;
use crate::workbench::learn::LearnError;
use crate::workbench::learn::client::named_values;
use crate::workbench::learn::document::{RecordedDocument, leaves_of};
use crate::workbench::learn::heuristics::{is_oauth_word, names_a_secret};
use crate::workbench::learn::jwt::RecordedJwt;
use crate::workbench::learn::recorded_login::RecordedLogin;
use crate::workbench::recorded_exchange::RecordedExchange;
use serde_json::Value;
use std::collections::HashSet;

/// What was recorded, told apart.
#[derive(Default)]
pub(crate) struct LeakCheck {
    /// Nobody may read these, wherever they stand.
    secret: HashSet<String>,
    /// These are somebody's unless they are constants.
    own: HashSet<String>,
    constant: HashSet<String>,
    /// Addresses that were called.
    addresses: Vec<String>,
}

/// Where a file holds what is somebody's.
pub(crate) struct Leak {
    /// The line, from one.
    pub(crate) line: usize,
    /// The value; never shown.
    pub(crate) value: String,
}

/// The most values that are remembered.
const MOST: usize = 200_000;
/// The most other answers that are looked into.
const MOST_ANSWERS: usize = 1000;
/// From this length on, a value is looked for inside of other texts, and not only as the whole of one.
const LONG: usize = 8;

/// Words of protocols and of the language, which are nobody's, whoever says them.
const WORDS: &str = "
    true false null none success succeeded error bearer basic basicEncoded form query json jsonp text auto post either path cookie never
    always claim refuse plain hexUpper base64 base64url email mail name primary user users code token profile openid offline_access
    confirmed verified checked active application/json RS256 ES256 HS256 sha256 sha1 hmacSha256 rsaSha256 10000";

impl LeakCheck {
    /// Tells apart what was recorded.
    pub(crate) fn new(exchanges: &[RecordedExchange], journeys: &[RecordedLogin<'_>]) -> Self {
        let mut sweep = Self::default();
        // What the login itself says comes before everything beside it.
        for document in journeys.iter().flat_map(|journey| &journey.calls).filter_map(|call| call.document.as_ref()) {
            sweep.add_answer(&document.value, 0);
            sweep.add_member_names(&document.value, 0);
        }
        for exchange in exchanges {
            sweep.add_browser_traffic(exchange);
        }
        let answers = exchanges.iter().filter_map(|exchange| exchange.answer.as_ref()).filter(|answer| answer.body.len() < 64 * 1024);
        for document in answers.filter_map(RecordedDocument::read).take(MOST_ANSWERS) {
            // What an issuer publishes about itself is said to everybody.
            if document.value.get("authorization_endpoint").is_none() && document.value.get("keys").is_none() {
                sweep.add_answer(&document.value, 0);
            }
            sweep.add_member_names(&document.value, 0);
        }
        for journey in journeys {
            sweep.add_login(journey, journeys);
        }
        sweep
    }

    fn add_secret(&mut self, text: &str) {
        if text.len() >= 4 && !is_oauth_word(text) && !is_protocol_word(text) {
            self.secret.insert(text.to_owned());
        }
    }

    fn add_personal(&mut self, text: &str) {
        if text.len() >= 3 && text.len() <= 16 * 1024 && self.own.len() < MOST {
            self.own.insert(text.to_owned());
        }
    }

    fn add_constant(&mut self, text: &str) {
        if !looks_random(text) && !looks_like_email(text) {
            self.constant.insert(text.to_owned());
        }
    }

    /// What a browser says on its way: cookies, and what was typed.
    fn add_browser_traffic(&mut self, exchange: &RecordedExchange) {
        let answered = exchange.answer.iter().flat_map(|answer| &answer.headers);
        for (name, value) in exchange.headers.iter().chain(answered) {
            if name.to_ascii_lowercase().ends_with("cookie") {
                // Of what is set, only the first pair is a cookie; the others say where it goes.
                let pairs = value.split(';').take(if name.to_ascii_lowercase().starts_with("set") { 1 } else { usize::MAX });
                let values = pairs.filter_map(|pair| pair.split_once('=')).map(|(_, value)| value.trim());
                values.filter(|value| value.len() >= 6).for_each(|value| self.add_secret(value));
            } else if name.eq_ignore_ascii_case("authorization") {
                self.add_secret(value.split_once(' ').map_or(value, |(_, shown)| shown));
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

    /// What an answer says.
    fn add_answer(&mut self, value: &Value, depth: usize) {
        for leaf in leaves_of(value) {
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

    /// Names of members are nobody's, unless somebody's id is used as one.
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

    /// What one login says, and which of it every login says.
    fn add_login(&mut self, journey: &RecordedLogin<'_>, all: &[RecordedLogin<'_>]) {
        journey.state.iter().for_each(|state| self.add_secret(state));
        for (name, value) in &journey.brought {
            self.add_personal(value);
            if *name == journey.code || names_a_secret(name) {
                self.add_secret(value);
            }
        }
        self.addresses.push(journey.redirect.base().to_owned());
        self.addresses.extend(journey.calls.iter().map(|call| call.sent.base().to_owned()));
        let everywhere = |name: &str, value: &str, of: &dyn Fn(&RecordedLogin<'_>) -> Vec<(String, String)>| {
            all.iter().all(|other| of(other).iter().any(|(known, said)| known == name && said == value))
        };
        for (name, value) in journey.redirect.query() {
            if everywhere(&name, &value, &|other| other.redirect.query()) && Some(&value) != journey.state.as_ref() {
                self.add_constant(&value);
            }
        }
        for (number, call) in journey.calls.iter().enumerate() {
            for (name, value) in named_values(call) {
                let told = journey.calls[..number].iter().filter_map(|earlier| earlier.document.as_ref());
                let is_told = told.flat_map(RecordedDocument::leaves).any(|leaf| leaf.text == value);
                let everywhere = everywhere(&name, &value, &|other| other.calls.get(number).map_or_else(Vec::new, named_values));
                let brought = journey.brought.iter().any(|(_, brought)| *brought == value);
                if everywhere && !is_told && !brought && !names_a_secret(&name) && !looks_generated(&value) {
                    self.add_constant(&value);
                }
                self.constant.insert(name);
            }
        }
    }

    /// Values of the installation, which a file only refers to.
    pub(crate) fn add_installation_values(&mut self, values: &[(String, String)]) {
        for (_, value) in values {
            self.add_secret(value);
        }
    }

    /// What stands in this file and belongs to somebody.
    pub(crate) fn find_leaks(&self, text: &str) -> Vec<Leak> {
        // Looked for first and judged after: of all that a recording says, next to nothing stands in the file.
        let mut stains = Vec::new();
        for value in self.secret.iter().chain(&self.own).filter(|value| value.len() >= LONG && !is_lowercase_word(value)) {
            if let Some(at) = text.find(value.as_str())
                && self.is_personal(value)
            {
                stains.push(Leak { line: text[..at].matches('\n').count() + 1, value: value.clone() });
            }
        }
        if let Ok((node, _)) = yaml::parse(&Source::new("learnt", text)) {
            let mut all = Vec::new();
            collect_scalars(&node, 0, &mut all);
            for (scalar, line) in all {
                let in_path = scalar.split(['.', '[', ']', '\'', '"', '$', '{', '}', ' ', '/', '|', '?', '=', '&', ',']);
                let found =
                    std::iter::once(scalar).chain(in_path.filter(|_| scalar.contains(['$', '/']))).find(|part| self.is_personal(part));
                stains.extend(found.map(|value| Leak { line, value: value.to_owned() }));
            }
        }
        stains
    }

    fn is_personal(&self, value: &str) -> bool {
        let in_address = || !looks_generated(value) && !looks_random(value) && self.addresses.iter().any(|address| address.contains(value));
        self.secret.contains(value) && !in_address() || self.own.contains(value) && !self.is_constant(value)
    }

    fn is_constant(&self, value: &str) -> bool {
        self.constant.contains(value)
            || is_protocol_word(value)
            || is_oauth_word(value)
            || value.len() < 4 && value.bytes().all(|byte| byte.is_ascii_digit())
            || self.addresses.iter().any(|address| address.contains(value))
            // A list of words that were sent, such as the scopes that were granted.
            || value.len() >= LONG && self.constant.iter().any(|known| known.len() >= value.len() && known.contains(value) && !looks_generated(value))
    }

    /// Why a file with such a line is not written.
    pub(crate) fn leak_error(stain: &Leak, text: &str) -> LearnError {
        let line = text.lines().nth(stain.line.saturating_sub(1)).unwrap_or_default();
        let word = line.trim().trim_start_matches("- ").split(':').next().unwrap_or_default();
        let is_word = word.len() <= 40 && !word.contains(&stain.value) && word.chars().all(|letter| letter.is_ascii_alphabetic());
        let shown = if is_word { format!(", `{word}`,") } else { String::new() };
        LearnError::new(
            &format!(
                "line {}{shown} of what was learnt holds a value of the recording that may be somebody's, so nothing is written",
                stain.line
            ),
            "record the same login once more with another account, and give both recordings: what differs is then known to be no constant",
        )
    }
}

fn is_protocol_word(text: &str) -> bool {
    means_yes(text) || WORDS.split_whitespace().any(|word| word.eq_ignore_ascii_case(text))
}

/// Whether this is a word in small letters, which may stand in a reason by chance.
fn is_lowercase_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Every text of a file with its line; what the provider is called here is not out of the recording.
fn collect_scalars<'n>(node: &'n YamlNode, depth: usize, all: &mut Vec<(&'n str, usize)>) {
    match &node.kind {
        YamlKind::Scalar { text, .. } => all.push((text, node.place.line as usize)),
        YamlKind::List(list) => list.iter().for_each(|node| collect_scalars(node, depth + 1, all)),
        YamlKind::Map(entries) => {
            for entry in entries.iter().filter(|entry| depth > 0 || entry.key.value != "name") {
                // Letters alone are the language's own words, or names of parameters and facts.
                if !entry.key.value.chars().all(|letter| letter.is_ascii_alphabetic()) {
                    all.push((&entry.key.value, entry.key.place.line as usize));
                }
                collect_scalars(&entry.value, depth + 1, all);
            }
        }
    }
}
