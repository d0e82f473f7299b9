//! A refused access token: the few places in which providers expect one, in order of likelihood.

use crate::story::repair_rule::RepairRule;
use crate::vocabulary::yaml::writer::flow_scalar;
use crate::workbench::answers::parameters::{names_in_text, standard_name};
use crate::workbench::answers::refusals::RefusalCause;
use crate::workbench::repair::edit::{EntryChange, FileEdit};
use crate::workbench::repair::request::file_request::{FileRequest, WrittenAs, WrittenParameter};
use crate::workbench::repair::request::{RequestDraft, RequestRefusal};

/// Words of a sentence that asks for a token.
const ASKS: &[&str] = &[
    "token",
    "sign in",
    "signed in",
    "log in",
    "login",
    "session",
    "authenticat",
    "unauthori",
    "authoriz",
    "credentials",
    "no user",
    "logged in",
];

const TOKEN: &str = "${accessToken}";

/// How a request carries the token now.
enum TokenPlace {
    /// As `Authorization: Bearer`.
    Bearer,
    /// `bearer` is written.
    BearerWord,
    Header(String, String),
    Parameter(WrittenParameter),
}

fn token_place(call: &FileRequest<'_>) -> TokenPlace {
    let header = call.entries("headers").into_iter().find(|(_, value)| value.is_some_and(|value| value.contains("accessToken")));
    if let Some((name, Some(value))) = header {
        return TokenPlace::Header(name.to_owned(), value.to_owned());
    }
    if let Some(parameter) = call.parameters().into_iter().find(|parameter| parameter.value.contains("accessToken")) {
        return TokenPlace::Parameter(parameter);
    }
    if call.has("bearer") { TokenPlace::BearerWord } else { TokenPlace::Bearer }
}

/// The changes of where the token is sent.
pub(crate) fn drafts(refused: &RequestRefusal<'_>) -> Vec<RequestDraft> {
    if refused.shows_client() || refused.is_redirect() || matches!(refused.status, 404 | 405 | 410 | 415) {
        return Vec::new();
    }
    let said = refused.said.to_lowercase();
    let score = match () {
        // An answer that says much is none that only says no.
        () if refused.status < 300 && refused.said.len() > 200 => return Vec::new(),
        () if refused.has_cause(RefusalCause::TokenRefused, 2) => 33.0,
        () if refused.status == 401 || ASKS.iter().any(|word| said.contains(word)) => 32.0,
        () if refused.status == 403 => 24.0,
        () if refused.causes.iter().any(|(_, weight)| *weight > 1) => return Vec::new(),
        () => 12.0,
    };
    let mut edits = edits(refused);
    edits.dedup_by(|one, other| one.0 == other.0);
    let drafts = edits.into_iter().enumerate().map(|(at, (place, edits))| {
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let behind = 1.5 * at as f32;
        let rule = RepairRule::TokenElsewhere { step: refused.step_name(), place: place.clone() };
        RequestDraft { title: place, rule, edits, score: score - behind }
    });
    drafts.collect()
}

/// A place, as a title, and the changes that bring the token there.
type PlaceEdits = (String, Vec<FileEdit>);

/// The changes that bring the token from where it is to another place.
struct TokenMove<'a, 'r> {
    refused: &'a RequestRefusal<'r>,
    now: TokenPlace,
    /// What takes the token from where it is.
    away: Vec<FileEdit>,
}

impl TokenMove<'_, '_> {
    fn to_header_with_scheme(&self, scheme: &str) -> PlaceEdits {
        let value = format!("{scheme} {TOKEN}");
        let edits = match &self.now {
            TokenPlace::Header(name, _) if name.eq_ignore_ascii_case("authorization") => {
                vec![self.refused.entry("headers", EntryChange::Set { key: name.clone(), value: flow_scalar(&value) })]
            }
            TokenPlace::Header(..) | TokenPlace::Parameter(_) | TokenPlace::Bearer | TokenPlace::BearerWord => {
                let set = EntryChange::Set { key: "Authorization".to_owned(), value: flow_scalar(&value) };
                with(&self.away, self.refused.entry("headers", set))
            }
        };
        (format!("headers: {{ Authorization: \"{value}\" }}"), edits)
    }

    fn to_own_header(&self, name: &str) -> PlaceEdits {
        let edits = match &self.now {
            TokenPlace::Header(old, value) if value == TOKEN => {
                vec![self.refused.entry("headers", EntryChange::Rename { from: old.clone(), to: name.to_owned() })]
            }
            TokenPlace::Header(..) | TokenPlace::Parameter(_) | TokenPlace::Bearer | TokenPlace::BearerWord => {
                let set = EntryChange::Set { key: name.to_owned(), value: flow_scalar(TOKEN) };
                with(&self.away, self.refused.entry("headers", set))
            }
        };
        (format!("headers: {{ {name}: \"{TOKEN}\" }}"), edits)
    }

    fn to_parameter(&self, name: &str) -> PlaceEdits {
        let word = self.refused.call.word_for_more();
        let edits = match &self.now {
            TokenPlace::Parameter(WrittenParameter { name: old, written: WrittenAs::Entry(word), .. }) => {
                vec![self.refused.entry(word, EntryChange::Rename { from: old.clone(), to: name.to_owned() })]
            }
            TokenPlace::Header(..) | TokenPlace::Parameter(_) | TokenPlace::Bearer | TokenPlace::BearerWord => {
                with(&self.away, self.refused.entry(word, EntryChange::Set { key: name.to_owned(), value: flow_scalar(TOKEN) }))
            }
        };
        (format!("{word}: {{ {name}: \"{TOKEN}\" }}"), edits)
    }

    fn to_bearer(&self) -> PlaceEdits {
        (format!("bearer: {TOKEN}"), self.away.clone())
    }

    /// As the other calls about the person have it, which were answered.
    fn as_in_other_calls(&self) -> Vec<PlaceEdits> {
        let others = self.refused.others.iter().filter(|other| other.is_about_person());
        let places = others.filter_map(|other| match token_place(other) {
            TokenPlace::Header(name, value) => match value.split_once(' ') {
                Some((scheme, _)) if name.eq_ignore_ascii_case("authorization") => {
                    is_scheme(scheme).then(|| self.to_header_with_scheme(scheme))
                }
                _ => Some(self.to_own_header(&name)),
            },
            TokenPlace::Parameter(found) => Some(self.to_parameter(&found.name)),
            TokenPlace::Bearer if !matches!(self.now, TokenPlace::Bearer) => Some(self.to_bearer()),
            TokenPlace::Bearer | TokenPlace::BearerWord => None,
        });
        places.collect()
    }

    /// Whether the token is there already.
    fn is_now(&self, title: &str) -> bool {
        match &self.now {
            TokenPlace::Header(name, value) => title == format!("headers: {{ {name}: \"{value}\" }}"),
            TokenPlace::Parameter(found) => title.contains(&format!("{{ {}: ", found.name)),
            TokenPlace::Bearer | TokenPlace::BearerWord => false,
        }
    }
}

fn edits(refused: &RequestRefusal<'_>) -> Vec<PlaceEdits> {
    let now = token_place(&refused.call);
    let away: Vec<FileEdit> = match &now {
        TokenPlace::Bearer => Vec::new(),
        TokenPlace::BearerWord => vec![FileEdit::Drop { step: refused.call.place, key: "bearer".to_owned() }],
        TokenPlace::Header(name, _) => vec![refused.entry("headers", EntryChange::Drop { key: name.clone() })],
        TokenPlace::Parameter(parameter) => match parameter.written {
            WrittenAs::Entry(word) => vec![refused.entry(word, EntryChange::Drop { key: parameter.name.clone() })],
            WrittenAs::Standard | WrittenAs::Renamed => return Vec::new(),
        },
    };
    let moved = TokenMove { refused, now, away };
    let mut list = moved.as_in_other_calls();
    let scheme = refused.challenge.and_then(|challenge| challenge.split_whitespace().next()).filter(|scheme| is_scheme(scheme));
    let scheme = scheme.filter(|scheme| !matches!(scheme.to_ascii_lowercase().as_str(), "bearer" | "basic"));
    list.extend(scheme.map(|scheme| moved.to_header_with_scheme(scheme)));
    // A header that the provider names.
    let named = names_in_text(refused.said, &[]);
    let is_for_token =
        |name: &str| name.contains('-') && ["token", "auth", "session", "access"].iter().any(|word| name.to_lowercase().contains(word));
    list.extend(named.iter().map(|found| &*found.name).filter(|name| is_for_token(name)).take(1).map(|name| moved.to_own_header(name)));
    let says_bearer = refused.challenge.is_some_and(|challenge| challenge.to_ascii_lowercase().starts_with("bearer"));
    match &moved.now {
        TokenPlace::Bearer => {}
        TokenPlace::BearerWord | TokenPlace::Header(..) => list.push(moved.to_bearer()),
        TokenPlace::Parameter(found) if says_bearer || standard_name(&found.name).is_none() => {
            list.extend([moved.to_bearer(), moved.to_parameter("access_token")]);
        }
        TokenPlace::Parameter(found) if found.name != "access_token" => {
            list.extend([moved.to_parameter("access_token"), moved.to_bearer()]);
        }
        TokenPlace::Parameter(_) => list.extend([moved.to_bearer(), moved.to_parameter("token")]),
    }
    if !says_bearer {
        list.push(moved.to_parameter("access_token"));
        list.extend(["token", "OAuth"].iter().map(|scheme| moved.to_header_with_scheme(scheme)));
    }
    let mut seen: Vec<String> = Vec::new();
    list.retain(|(title, edits)| {
        let is_new = !edits.is_empty() && !moved.is_now(title) && !seen.contains(title);
        seen.push(title.clone());
        is_new
    });
    list
}

/// Whether a word is written as a scheme is. Anything else, such as a hole of a file, is no name that a proposal writes.
fn is_scheme(word: &str) -> bool {
    word.len() < 20 && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn with(edits: &[FileEdit], more: FileEdit) -> Vec<FileEdit> {
    edits.iter().cloned().chain([more]).collect()
}
