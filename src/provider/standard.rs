//! What OAuth 2 and `OpenID` Connect say when the file says nothing: the standard requests, under other names
//! (`rename`) and with more or less in them (`extra`), and the standard places of what is read.

use crate::diagnostic::{did_you_mean, one_of};
use crate::place::{At, Place};
use crate::provider::credentials::Credentials;
use crate::provider::parameters::{Parameter, Values, look_over};
use crate::provider::pkce::Pkce;
use crate::provider::template::Template;
use crate::words::{Desk, Named};

/// Where the token answer's facts stand unless `read` names them.
pub const TOKEN: &[(&str, &str)] = &[
    ("accessToken", "access_token"),
    ("expiresIn", "expires_in"),
    ("refreshToken", "refresh_token"),
    ("idToken", "id_token"),
    ("tokenType", "token_type"),
    ("grantedScope", "scope"),
];

/// Where `OpenID` Connect puts a person.
pub const PERSON: &[(&str, &str)] = &[
    ("id", "sub"),
    ("email", "email"),
    ("emailVerified", "email_verified"),
    ("name", "name"),
    ("picture", "picture"),
    ("locale", "locale"),
];

/// What a callback carries unless `read` names it.
pub const CALLBACK: &[(&str, &str)] =
    &[("code", "code"), ("state", "state"), ("error", "error"), ("errorDescription", "error_description"), ("iss", "iss")];

/// What shapes a standard request.
pub struct Shaping<'a> {
    /// `rename`.
    pub rename: &'a Named<At<String>>,
    /// `extra`.
    pub extra: &'a Named<Values>,
    /// Where the step stands.
    pub place: Place,
}

/// The parameters of the standard authorization request.
pub fn authorization(
    pkce: Pkce,
    has_scope: bool,
    sends_state: bool,
    nonce: bool,
    shaping: &Shaping<'_>,
    desk: &mut Desk,
) -> Vec<Parameter> {
    let mut list =
        vec![("response_type", Text::Literal("code")), ("client_id", Text::Fact("clientId")), ("redirect_uri", Text::Fact("redirectUri"))];
    if has_scope {
        list.push(("scope", Text::Fact("scope")));
    }
    if sends_state {
        list.push(("state", Text::Fact("state")));
    }
    if nonce {
        list.push(("nonce", Text::Fact("nonce")));
    }
    match pkce {
        Pkce::Off => {}
        Pkce::S256 | Pkce::Plain => {
            list.push(("code_challenge", Text::Fact("codeChallenge")));
            list.push(("code_challenge_method", Text::Literal(pkce.word())));
        }
    }
    shape(&list, shaping, desk)
}

/// The parameters of the standard token request, credentials apart.
pub fn token(pkce: Pkce, shaping: &Shaping<'_>, desk: &mut Desk, credentials: &[(&'static str, Text)]) -> Vec<Parameter> {
    let mut list = vec![
        ("grant_type", Text::Literal("authorization_code")),
        ("code", Text::Fact("code")),
        ("redirect_uri", Text::Fact("redirectUri")),
    ];
    match pkce {
        Pkce::Off => {}
        Pkce::S256 | Pkce::Plain => list.push(("code_verifier", Text::Fact("codeVerifier"))),
    }
    list.extend_from_slice(credentials);
    shape(&list, shaping, desk)
}

/// The parameters of the standard user request: only what `extra` adds.
pub fn user(shaping: &Shaping<'_>, desk: &mut Desk) -> Vec<Parameter> {
    shape(&[], shaping, desk)
}

/// The parameters that carry the client's credentials.
pub fn credentials(credentials: Credentials, has_secret: bool, assertion: bool) -> Vec<(&'static str, Text)> {
    match credentials {
        Credentials::None | Credentials::Basic | Credentials::BasicEncoded => Vec::new(),
        Credentials::Form | Credentials::Query if assertion => vec![
            ("client_id", Text::Fact("clientId")),
            ("client_assertion_type", Text::Literal("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")),
            ("client_assertion", Text::Fact("clientAssertion")),
        ],
        Credentials::Form | Credentials::Query if has_secret => {
            vec![("client_id", Text::Fact("clientId")), ("client_secret", Text::Fact("clientSecret"))]
        }
        Credentials::Form | Credentials::Query => vec![("client_id", Text::Fact("clientId"))],
    }
}

/// A value of a standard request.
#[derive(Clone, Copy)]
pub enum Text {
    /// As it stands.
    Literal(&'static str),
    /// A fact.
    Fact(&'static str),
}

impl Text {
    /// As a text with holes.
    pub fn template(self, place: Place, desk: &mut Desk) -> Template {
        match self {
            Self::Literal(text) => Template::literal(text, place),
            Self::Fact(name) => Template::of_fact(name, place, desk),
        }
    }
}

/// Names that may be renamed or taken out although this request does not carry them, such as the secret under `basic`.
const SOMETIMES: &[&str] =
    &["client_id", "client_secret", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "code_verifier", "redirect_uri"];

fn shape(standard: &[(&'static str, Text)], shaping: &Shaping<'_>, desk: &mut Desk) -> Vec<Parameter> {
    let known: Vec<&str> = standard.iter().map(|(name, _)| *name).collect();
    for (name, new) in &shaping.rename.0 {
        if new.value.is_empty() || new.value.contains("${") {
            desk.complain(
                new.place,
                format!("`{}` is not the name of a parameter", new.value),
                "write the name as the provider's manual has it",
            );
        }
        if !known.contains(&name.as_str()) {
            let help = if SOMETIMES.contains(&name.as_str()) {
                "this request does not carry it as it stands; take the line out".to_owned()
            } else {
                match did_you_mean(name, known.iter().copied()) {
                    Some(word) => format!("did you mean `{word}`? The standard name stands first: `{word}: {}`", new.value),
                    None if known.contains(&new.value.as_str()) => {
                        format!("the standard name stands first: `{}: {}`", new.value, name.value)
                    }
                    None if known.is_empty() => "the standard request to this address has no parameters; add some with `extra`".to_owned(),
                    None => format!("the standard names here are {}", one_of(known.iter().copied())),
                }
            };
            desk.complain(name.place, format!("`{}` is no parameter of this standard request", name.value), help);
        }
    }
    let mut list: Vec<Parameter> = Vec::new();
    for (name, value) in standard {
        let over = shaping.extra.0.iter().find(|(extra, _)| extra.value == *name);
        let new_name = shaping.rename.0.iter().find(|(old, _)| old.value == *name).map_or(*name, |(_, new)| new.value.as_str());
        match over {
            Some((_, Values { texts: None, .. })) => {}
            Some((_, Values { texts: Some(texts), .. })) => list.push(Parameter { name: new_name.into(), values: texts.clone() }),
            None => list.push(Parameter::new(new_name, value.template(shaping.place, desk))),
        }
    }
    for (name, values) in &shaping.extra.0 {
        look_over(name, values, desk);
        match &values.texts {
            _ if known.contains(&name.value.as_str()) => {}
            Some(_) if list.iter().any(|parameter| *parameter.name == *name.value) => {
                desk.complain(
                    name.place,
                    format!("`{}` is sent already, under a name that `rename` gave", name.value),
                    "use another name, or take one of the two out",
                );
            }
            Some(texts) => list.push(Parameter { name: name.value.as_str().into(), values: texts.clone() }),
            None if SOMETIMES.contains(&name.value.as_str()) => {}
            None => desk.complain(
                name.place,
                format!("`{}` is no standard parameter, so there is nothing to take out", name.value),
                "`null` takes a standard parameter out; for an empty value write `\"\"`",
            ),
        }
    }
    list
}
